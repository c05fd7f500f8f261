"""The worklist: which cases somebody looks for, how late they are, which approvals end soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from compound_coverage.casework.cases import DueDay, Row
from compound_coverage.casework.states import Outcome, State
from compound_coverage.language import say, say_many, to_say
from compound_coverage.letters.templates import UnknownLetterError, letter_type_named

ENDS_SOON_DAYS = 45
NOBODY = "nobody"
_WHOSE = {"plan": to_say("the plan"), "reviewer": to_say("the outside reviewer")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; what is left empty matches every case.

    ``text`` is looked for in the names of patient and plan. ``assigned`` is a member's id, or
    ``NOBODY``. ``within`` is a number of days from today: late ones are due within any.
    """

    text: str = ""
    states: frozenset[State] = frozenset()
    assigned: str = ""
    late_only: bool = False
    within: int | None = None


def matching(rows: Sequence[Row], wanted: Wanted, today: date) -> list[Row]:
    """The cases somebody looks for, in the order given."""
    return [row for row in rows if _matches(row, wanted, today)]


def _matches(row: Row, wanted: Wanted, today: date) -> bool:
    held = f"{row.summary.patient}\n{row.summary.plan}".casefold()
    words = wanted.text.casefold().split()
    return (
        all(word in held for word in words)
        and (not wanted.states or row.state in wanted.states)
        and wanted.assigned in ("", row.assigned_id or NOBODY)
        and (not wanted.late_only or is_late(row, today))
        and (wanted.within is None or _is_due(row, today, wanted.within))
    )


def _is_due(row: Row, today: date, within: int) -> bool:
    due = next_due(row.summary.dues)
    return due is not None and days_left(due.day, today) <= within


def is_late(row: Row, today: date) -> bool:
    """Has the nearest day of a case gone by?"""
    due = next_due(row.summary.dues)
    return due is not None and days_left(due.day, today) < 0


def next_due(dues: Sequence[DueDay]) -> DueDay | None:
    """The nearest of the days to act by, if there is one."""
    return min(dues, key=lambda due: due.day, default=None)


def days_left(day: str, today: date) -> int:
    """How many days are left to an ISO day; less than none when it has gone by."""
    return (date.fromisoformat(day) - today).days


def left_in_words(days: int) -> str:
    """How many days are left, as people say it; less than none is how late it is."""
    if days == 0:
        return say("today")
    if days > 0:
        return say_many("in 1 day", "in {count} days", days)
    return say_many("1 day late", "{count} days late", -days)


def whose_move(due: DueDay) -> str:
    """Who must act by a day: the plan, the reviewer outside it, or your own office."""
    return _WHOSE.get(due.whose, to_say("your office"))


def letter_title(letter_type: str) -> str:
    """What a letter is called; a type that no longer exists keeps its own name."""
    try:
        return letter_type_named(letter_type, "en").title
    except UnknownLetterError:
        return letter_type.replace("_", " ")


def ending_soon(rows: Sequence[Row], today: date, within: int = ENDS_SOON_DAYS) -> list[Row]:
    """The cases whose approval ends within so many days from today, the first to end first.

    An approval that has ended is not among them: there is nothing left to renew in time.
    """
    found = [
        (until, row)
        for row in rows
        if (until := _approved_until(row)) and 0 <= days_left(until, today) <= within
    ]
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def _approved_until(row: Row) -> str:
    decision = row.summary.decision
    if decision is None or decision.outcome == Outcome.DENIED:
        return ""
    return decision.approved_until
