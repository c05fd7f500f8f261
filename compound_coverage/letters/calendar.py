"""Deadlines as a calendar file (RFC 5545) that any calendar program reads.

Calendars are copied to other people's machines, so nothing here names a person, a plan, a payer
or a medicine: an event says what is to be done, how the day was counted, and the law.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import TRANSP, Alarm, Calendar, Event

from compound_coverage.letters.deadlines import DeadlineError, Due

_REMINDERS = (timedelta(days=-7), timedelta(days=-2))


def to_ics(dues: Iterable[Due], now: datetime, title_prefix: str = "") -> bytes:
    """The calendar file with one all-day event for each deadline.

    An event stands on the day to act: a member's on the safe day, with reminders 7 and 2 days
    before; a plan's or reviewer's on the first working day after its time has run out. ``now``
    stamps the events. Whoever keeps several cases in one calendar tells them apart by
    ``title_prefix``, which is part of each event's id.

    Raises DeadlineError if there is no deadline: an empty calendar file is not valid.
    """
    events = [_event(due, now, title_prefix) for due in dues]
    if not events:
        raise DeadlineError(
            "No deadline has a date yet; type the date on the notice and the day it came."
        )
    calendar = Calendar()
    calendar.prodid = "-//compound-coverage//deadlines//EN"
    calendar.version = "2.0"
    calendar.subcomponents.extend(events)
    return bytes(calendar.to_ical())


def _event(due: Due, now: datetime, title_prefix: str) -> Event:
    own = due.actor == "member"
    title = title_prefix + due.title
    event = Event.new(
        uid=_uid(due, title_prefix),
        stamp=now.astimezone(UTC),
        start=due.day,
        summary=title,
        description="\n".join(filter(None, (due.how, *due.notes, due.open_law, due.notice))),
        transparency=TRANSP.TRANSPARENT,
    )
    if own:
        event.subcomponents.extend(_reminder(title, before) for before in _REMINDERS)
    return event


def _reminder(title: str, before: timedelta) -> Alarm:
    alarm = Alarm.new(description=title)
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", before)
    return alarm


def _uid(due: Due, title_prefix: str) -> str:
    """The same deadline keeps its id, so that a second export mends the first."""
    days = f"{due.start_day}|{due.last_day}"
    text = "|".join((title_prefix, due.stage, due.actor, due.urgency, days))
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return f"{digest[:32]}@compound-coverage"
