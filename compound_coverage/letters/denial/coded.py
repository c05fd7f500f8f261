"""What a letter says in so many words: the decision, the kind of letter, of plan, of appeal."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from compound_coverage.letters.denial.found import Finding, finding
from compound_coverage.letters.denial.patterns import Coded, patterns
from compound_coverage.letters.denial.sheet import Sheet

_BY_DECISION = {
    "approved": "approval",
    "more_information": "information_request",
    "dismissed": "dismissal",
}


Group = Literal["decisions", "kinds", "plan_types", "levels", "reasons", "routes", "counted_from"]


@dataclass(frozen=True, slots=True)
class Said:
    """A value, how much its words weigh, and where they stand."""

    sheet: Sheet
    value: str
    rank: int
    start: int
    end: int


def decisions(sheets: Sequence[Sheet]) -> list[Said]:
    """The decision: what the weightiest words say, first mention first. Two mean unclear."""
    said: list[Said] = []
    for sheet in sheets:
        said += _labelled_decisions(sheet)
        said += (one for one in said_on(sheet, "decisions") if not hedged(sheet, one.start))
    top = max((one.rank for one in said), default=0)
    first: dict[str, Said] = {}
    for one in said:
        if one.rank == top:
            first.setdefault(one.value, one)
    return list(first.values())


def decision_findings(said: Sequence[Said]) -> Iterator[Finding]:
    for one in said:
        yield _finding("decision", one.value, one)


def kind_findings(sheets: Sequence[Sheet], decision: str) -> Iterator[Finding]:
    """The kind of letter, named after the decision: ``appeal_denial``, ``approval``."""
    if decision in _BY_DECISION:
        yield from _kind_of_decision(sheets, decision)
        return
    said = [one for sheet in sheets for one in said_on(sheet, "kinds")]
    if not said or decision == "unclear":
        return
    best = max(said, key=lambda one: one.rank)
    value = best.value if best.value == "pharmacy_reject" else f"{best.value}_denial"
    yield _finding("kind_of_notice", value, best)


def _kind_of_decision(sheets: Sequence[Sheet], decision: str) -> Iterator[Finding]:
    for one in decisions(sheets):
        yield _finding("kind_of_notice", _BY_DECISION[decision], one)


def plan_type_findings(sheets: Sequence[Sheet]) -> Iterator[Finding]:
    for sheet in sheets:
        for one in said_on(sheet, "plan_types"):
            yield _finding("plan_type", one.value, one)


def level_findings(sheets: Sequence[Sheet]) -> Iterator[Finding]:
    """What may be asked for now; a way that opens only after the next decision is left out."""
    not_yet = patterns().words["not_yet"]
    for sheet in sheets:
        for one in said_on(sheet, "levels"):
            sentence = sheet.sentence_at(one.start)
            if not not_yet.search(sheet.flat, sentence.start, one.start):
                yield _finding("appeal_level", one.value, one)


def said_on(sheet: Sheet, group: Group) -> list[Said]:
    """Everything the page says of one group, in order."""
    if group not in sheet.said:
        coded: tuple[Coded, ...] = getattr(patterns(), group)
        said = [
            Said(sheet, one.value, one.rank, found.start(), found.end())
            for one in coded
            for phrase in one.phrases
            for found in sheet.places_of(phrase)
        ]
        sheet.said[group] = sorted(said, key=lambda one: one.start)
    return sheet.said[group]


def said_in(sheet: Sheet, group: Group, start: int, end: int) -> list[Said]:
    """What the words between two places say."""
    said = said_on(sheet, group)
    first = bisect_left(said, start, key=lambda one: one.start)
    last = bisect_left(said, end, key=lambda one: one.start)
    return [one for one in said[first:last] if one.end <= end]


def hedged(sheet: Sheet, place: int) -> bool:
    """Do the words at ``place`` tell what would or may be, and not what is?"""
    words = patterns().words
    start = sheet.sentence_at(place).start
    if words["hedge_start"].match(sheet.flat, start):
        return True
    clause = max(start, *(sheet.flat.rfind(mark, start, place) + 1 for mark in ",;:"))
    return bool(words["hedge_before"].search(sheet.flat, clause, place))


def _labelled_decisions(sheet: Sheet) -> Iterator[Said]:
    """``Decision: DENIED``, which outweighs most of what is said in sentences."""
    for label in patterns().labels["decision"].finditer(sheet.flat):
        place = re.compile(r"[ \n]*").match(sheet.flat, label.end())
        assert place is not None
        for coded in patterns().decisions:
            for phrase in coded.labelled:
                found = phrase.pattern.match(sheet.flat, place.end())
                if found:
                    yield Said(sheet, coded.value, max(coded.rank, 5), label.start(), found.end())


def _finding(field: str, value: str, one: Said) -> Finding:
    """A finding whose words are the whole sentence, where the phrase stands in one."""
    sentence = one.sheet.sentence_at(one.start)
    start = min(one.start, sentence.start)
    return finding(one.sheet, field, value, (start, max(one.end, sentence.end)))
