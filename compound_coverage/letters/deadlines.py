"""Deadlines as dates: counted from the days a case file holds, by the clocks of the dataset.

A date is counted only where the day its clock starts is known. No rule of the dataset moves a
deadline for a weekend or a holiday, so none is moved: the last working day before is named.
"""

from __future__ import annotations

import calendar
import math
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays

from compound_coverage.determination.clocks import (
    ENGLISH,
    Clock,
    ClockWords,
    clocks_by_step,
    deadline_by_stage,
)
from compound_coverage.letters.casefile import CaseFile, DecisionPart
from compound_coverage.letters.markdown import day_in_words
from compound_coverage.letters.templates import TEMPLATES, languages, words_of
from compound_coverage.vocabulary import Basis, Citation, Deadline, Level, Rule

# read in ahead: on first use the library marks a year as known before it has filled it, so that
# another thread could see it without its holidays
_FEDERAL = holidays.country_holidays("US", years=range(2015, 2051))
_WEEKEND = {5: "saturday", 6: "sunday"}
_PLAN_DECISIONS = frozenset({"appeal", "second_appeal", "redetermination"})
_REVIEWER_DECISIONS = frozenset({"external_review"})


class DeadlineError(ValueError):
    """A deadline that can't be told. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline as a date, with how it was counted and by what law.

    ``start_day`` is where the count starts and ``start`` what that day is, in words.
    ``last_day`` is the law's count; ``safe_day`` the last working day that is not after it.
    ``how`` tells the count in one sentence; ``notes`` are further sentences: why the safe day is
    earlier, what another rule counts, that the day has passed. ``passed``: it has, by every rule
    told here. ``open_law`` names the law without naming a payer, for what leaves this machine;
    ``law`` is the whole citation.
    """

    stage: str
    actor: str
    urgency: str
    title: str
    start_day: date
    start: str
    last_day: date
    safe_day: date
    how: str
    notes: tuple[str, ...]
    law: Citation
    open_law: str
    unconfirmed: bool
    passed: bool
    notice: str

    @property
    def day(self) -> date:
        """The day to act: the safe day, or the working day after somebody else's time ran out."""
        return self.safe_day if self.actor == "member" else _working_day_after(self.last_day)


def dues(
    case_file: CaseFile,
    clocks: Sequence[Rule],
    stages: Collection[str],
    on: date,
    language: str = "en",
    known_days: Mapping[str, date] | None = None,
) -> list[Due]:
    """The deadlines of the steps a request takes now, as dates; the member's own first.

    ``clocks`` are the rules of a determination that set clocks, ``stages`` those of
    ``deadlines.csv`` that the letter's request is at. ``known_days`` adds days a case file has
    no place for, by anchor: ``{"appeal_received": ...}`` once a fax report shows it. A clock
    whose first day is not known gets no date. Where confirmed rules count the member's time
    differently, the earlier day is shown and both are told.

    Raises DeadlineError for a language or an anchor that does not exist.
    """
    words = _words(language)
    days = _days_held(case_file, stages) | dict(known_days or {})
    strangers = sorted(set(days) - set(words.start))
    if strangers:
        raise DeadlineError(
            f"No deadline is counted from '{strangers[0][:60]}'; use one of "
            f"{', '.join(words.start)}."
        )
    found = [
        _due(counts, on, words)
        for (_, actor, urgency), pairs in clocks_by_step(clocks, stages).items()
        if urgency in _tracks(case_file, actor)
        and (counts := _ranked(_counts(pairs, days, words), actor))
    ]
    return sorted(found, key=lambda due: (due.actor != "member", due.last_day, due.stage))


def clock_words(language: str) -> ClockWords:
    """How a language says a clock without a date, for ``deadline_by_stage``.

    Raises DeadlineError for a language that does not exist.
    """
    return _words(language).clock


def deadline_line(clocks: Sequence[Rule], stages: Collection[str], language: str = "en") -> str:
    """The clocks of these stages in a letter's language, with their law; the notice controls.

    Where no clock is known it says to ask the plan.
    """
    words = words_of(language)
    told = deadline_by_stage(clocks, stages, clock_words(language))
    return f"{told or words.no_clock} {words.notice}"


# -- the days a case file holds ----------------------------------------------------------------


def _days_held(case: CaseFile, stages: Collection[str]) -> dict[str, date]:
    """Days that can start a clock, by the anchor column of ``deadlines.csv``."""
    request = case.request
    by_plan = _last_decision(case.decisions, _PLAN_DECISIONS)
    held = {
        "notice_dated": request.denied_on,
        "notice_received": request.received_on,
        "plan_decision_dated": by_plan,
        "reviewer_decision_dated": _last_decision(case.decisions, _REVIEWER_DECISIONS),
        "coverage_started": case.continuity.plan_started,
    }
    # the notice at hand is the plan's last word, unless the first appeal is still being asked
    # about or the file holds a later decision of the plan
    is_final = "internal_appeal" not in stages
    if is_final and request.received_on and (not by_plan or by_plan <= request.received_on):
        held["final_notice_received"] = request.received_on
    return {anchor: day for anchor, day in held.items() if day}


def _last_decision(decisions: Iterable[DecisionPart], levels: Collection[str]) -> date | None:
    days = (part.decided_on for part in decisions if part.level in levels)
    return max(filter(None, days), default=None)


def _tracks(case: CaseFile, actor: str) -> set[str]:
    """Which clocks fit the request; a member always has the standard time to file."""
    if case.request.stage == "reimbursement":
        fitting = {"payment"}
    else:
        fitting = {case.request.urgency} if case.request.urgency else {"standard", "expedited"}
    return fitting | {"standard"} if actor == "member" else fitting


# -- counting ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Count:
    rule: Rule
    clock: Deadline
    start_day: date
    start: str
    last_day: date


def _counts(pairs: Iterable[Clock], days: Mapping[str, date], words: _DueWords) -> Iterator[_Count]:
    for rule, clock in pairs:
        # of hours that start at an unknown time, no day is safe to promise a member
        in_hours = clock.unit == "hours" and clock.actor == "member"
        started = None if in_hours else _started(clock, days, words)
        if started:
            day, what = started
            yield _Count(rule, clock, day, what, last_day_of(clock, day))


def _started(
    clock: Deadline, days: Mapping[str, date], words: _DueWords
) -> tuple[date, str] | None:
    """The day a clock starts and what that day is, if it is known or the rule presumes it."""
    if clock.anchor in days:
        return days[clock.anchor], words.start[clock.anchor]
    dated = days.get("notice_dated")
    if dated and clock.anchor == "notice_mailed":
        return dated, words.said["mailed"]
    if dated and clock.receipt_presumed_days is not None:
        presumed = words.said["presumed"].format(days=clock.receipt_presumed_days)
        return dated + timedelta(days=clock.receipt_presumed_days), presumed
    unseen = clock.actor == "member" and clock.anchor == "notice_received"
    if dated and unseen and clock.urgency == "standard":
        # nobody gets a notice before its date: a count from it is never too late
        return dated, words.said["at_earliest"]
    return None


def last_day_of(clock: Deadline, start: date) -> date:
    """The last day of a clock that starts on ``start``, by its own unit.

    The first day is not counted, except of coverage: a first day in a plan is itself the first
    of the days. Hours whose start is known by the day only may run to the end of the last day.
    """
    match clock.unit:
        case "hours":
            return start + timedelta(days=math.ceil(clock.amount / 24))
        case "working_days":
            return _FEDERAL.get_nth_working_day(start, clock.amount)
        case "months":
            return _months_later(start, clock.amount)
        case _:
            counted_already = clock.anchor == "coverage_started"
            return start + timedelta(days=clock.amount - counted_already)


def _months_later(start: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last))


def _ranked(counts: Iterable[_Count], actor: str) -> list[_Count]:
    """What to show first, then what else to tell; empty if nothing could be counted."""
    found = list(counts)
    confirmed = [count for count in found if count.rule.basis != Basis.UNVERIFIED]
    found = _of_the_last_decision(confirmed or found)
    if actor != "member":
        return found[:1]
    return sorted(found, key=lambda count: count.last_day)


def _of_the_last_decision(counts: list[_Count]) -> list[_Count]:
    """A clock counted from a later decision replaces one counted from the first notice."""
    later = [count for count in counts if count.clock.anchor.endswith("_decision_dated")]
    return later or counts


# -- telling -----------------------------------------------------------------------------------


def _due(counts: Sequence[_Count], on: date, words: _DueWords) -> Due:
    first = counts[0]
    rule, clock = first.rule, first.clock
    return Due(
        stage=clock.stage,
        actor=clock.actor,
        urgency=clock.urgency,
        title=words.title(clock),
        start_day=first.start_day,
        start=first.start,
        last_day=first.last_day,
        safe_day=safe_day_before(first.last_day),
        how=words.counted(first),
        notes=tuple(_notes(counts, on, words)),
        law=rule.citation,
        open_law=_open_law(rule),
        unconfirmed=rule.basis == Basis.UNVERIFIED,
        passed=_latest(counts) < on,
        notice=words.notice,
    )


def safe_day_before(day: date) -> date:
    """``day``, or the last working day before a weekend or US federal holiday."""
    return day if _FEDERAL.is_working_day(day) else _FEDERAL.get_nth_working_day(day, -1)


def _working_day_after(day: date) -> date:
    return _FEDERAL.get_nth_working_day(day, 1)


def _open_law(rule: Rule) -> str:
    """The law by section, or by title if it has none; empty where a payer speaks for itself."""
    if rule.level not in (Level.LAW, Level.PROGRAM):
        return ""
    return rule.citation.section or rule.citation.title


def _notes(counts: Sequence[_Count], on: date, words: _DueWords) -> Iterator[str]:
    first, *others = counts
    if first.clock.actor == "member":
        yield from _when_to_act(first.last_day, _latest(counts), on, words)
    else:
        yield _when_to_ask(first.last_day, on, words)
    told = {first.last_day}
    for other in others:
        if other.last_day not in told:
            told.add(other.last_day)
            yield words.also(other)
    if first.clock.ceiling:
        yield words.said["ceiling"]
    if first.rule.basis == Basis.UNVERIFIED:
        yield words.clock.not_confirmed


def _latest(counts: Iterable[_Count]) -> date:
    return max(count.last_day for count in counts)


def _when_to_act(last_day: date, latest: date, on: date, words: _DueWords) -> Iterator[str]:
    safe_day = safe_day_before(last_day)
    if latest < on:
        yield words.said["late"]
    elif safe_day < on:
        yield words.said["tight"].format(last_day=words.day(latest))
    elif safe_day < last_day:
        yield words.said["closed"].format(
            last_day=words.day(last_day),
            why=words.why[_WEEKEND.get(last_day.weekday(), "holiday")],
            safe_day=words.day(safe_day),
        )


def _when_to_ask(last_day: date, on: date, words: _DueWords) -> str:
    if last_day < on:
        return words.said["over"]
    return words.said["ask"].format(ask_day=words.day(_working_day_after(last_day)))


# -- words -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _DueWords:
    """``letter_templates/<language>/clocks.toml``."""

    language: str
    said: dict[str, str]
    why: dict[str, str]
    start: dict[str, str]
    track: dict[str, str]
    member: dict[str, str]
    others: dict[str, str]
    clock: ClockWords

    @property
    def notice(self) -> str:
        return f"{self.said['controls']} {words_of(self.language).notice}"

    def day(self, day: date) -> str:
        return day_in_words(day.isoformat(), words_of(self.language))

    def title(self, clock: Deadline) -> str:
        what = self.member[clock.stage] if clock.actor == "member" else self.others[clock.actor]
        return what + self.track[clock.urgency]

    def counted(self, count: _Count) -> str:
        pattern = "counted_hours" if count.clock.unit == "hours" else "counted"
        return self.said[pattern].format(**self._parts(count))

    def also(self, count: _Count) -> str:
        section = count.rule.citation.section
        law = f" ({section})" if section else ""
        return self.said["also"].format(**self._parts(count), law=law)

    def _parts(self, count: _Count) -> dict[str, str]:
        return {
            "duration": self.clock.duration(count.clock),
            "start_day": self.day(count.start_day),
            "start": count.start,
            "last_day": self.day(count.last_day),
        }


@lru_cache(maxsize=16)
def _words(language: str) -> _DueWords:
    if language not in languages():
        raise DeadlineError(
            f"Deadlines are not told in '{language[:20]}'; choose one of {', '.join(languages())}."
        )
    text = (TEMPLATES / language / "clocks.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    clock = table.pop("clock", None)
    return _DueWords(language=language, clock=ClockWords(**clock) if clock else ENGLISH, **table)
