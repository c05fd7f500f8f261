"""Why they said no: the sentences that give the reasons, and what kinds of reasons those are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compound_coverage.letters.denial.coded import hedged, said_in
from compound_coverage.letters.denial.found import Finding, finding, words_at
from compound_coverage.letters.denial.labelled import value_after
from compound_coverage.letters.denial.patterns import patterns
from compound_coverage.letters.denial.sheet import Sheet

_MOST_UNITS = 14
_MOST_FIRST_WORDS = 1
_BECAUSE = re.compile(r"\bbecause\b(?! of (?:this|that)\b)")
_COLON_SOON = {
    "reason": re.compile(r"[^.?!\n:]{0,60}:"),
    "criterion": re.compile(r"[^.?!\n:]{0,60}:"),
    "information_needed": re.compile(r"[^.?!\n:]{0,12}:"),
}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Words that may be one reason: a sentence, or a whole item of a list."""

    start: int
    end: int

    def mark(self, told: bytearray) -> None:
        told[self.start : self.end] = b"\1" * (self.end - self.start)

    def is_marked(self, told: bytearray) -> bool:
        return any(told[self.start : self.end])


def reason_findings(sheet: Sheet) -> Iterator[Finding]:
    """The reasons, word for word, and the kind of each. A reason may have no known kind."""
    told = bytearray(len(sheet.text))  # marks the words that have been told already
    for section in _sections(sheet, "reason"):
        yield from _in_section(sheet, section, told)
    for field in ("criterion", "information_needed"):
        for section in _sections(sheet, field):
            for stretch in section:
                stretch.mark(told)
    yield from _elsewhere(sheet, told)


def list_findings(sheet: Sheet, field: str) -> Iterator[Finding]:
    """The items under a heading: rules not met, or what they ask for."""
    for section in _sections(sheet, field):
        for stretch in section:
            span = (stretch.start, stretch.end)
            yield finding(sheet, field, words_at(sheet.page, *span).rstrip(".;"), span)


def _in_section(sheet: Sheet, section: Sequence[_Stretch], told: bytearray) -> Iterator[Finding]:
    """The reasons of a section: those of a known kind, or else its first words."""
    known = [stretch for stretch in section if _kinds(sheet, stretch)]
    for stretch in known or _first_words(sheet, section):
        if not stretch.is_marked(told):
            stretch.mark(told)
            yield from _reason(sheet, stretch, sure=True)


def _first_words(sheet: Sheet, section: Sequence[_Stretch]) -> list[_Stretch]:
    """The first sentences that are no advice; only those with *because* if there are any."""
    advice = patterns().words["advice"]
    said = [
        stretch
        for stretch in section
        if not sheet.text[stretch.start : stretch.end].endswith((":", "?"))
        and not advice.match(sheet.flat, stretch.start)
    ]
    causes = [s for s in said if _BECAUSE.search(sheet.flat, s.start, s.end)]
    return (causes or said)[:_MOST_FIRST_WORDS]


def _elsewhere(sheet: Sheet, told: bytearray) -> Iterator[Finding]:
    """Reasons given in passing: sure if the sentence says *denied* and *because*."""
    for sentence in sheet.sentences:
        stretch = _stretch_of(sheet, sentence.start, sentence.end, sentence.unit)
        if stretch.is_marked(told) or sheet.units[sentence.unit].unticked:
            continue
        because = _gives_cause(sheet, sentence.start, sentence.end)
        if because or _is_likely(sheet, stretch, sentence.unit):
            stretch.mark(told)
            yield from _reason(sheet, stretch, sure=because)


def _is_likely(sheet: Sheet, stretch: _Stretch, unit: int) -> bool:
    return (
        bool(_kinds(sheet, stretch, plainly=True))
        and not patterns().words["no_reason"].search(sheet.flat, stretch.start, stretch.end)
        and not _is_about_what_to_do(sheet, unit)
    )


def _stretch_of(sheet: Sheet, start: int, end: int, unit: int) -> _Stretch:
    whole = sheet.units[unit]
    return _Stretch(whole.start, whole.end) if whole.item else _Stretch(start, end)


def _reason(sheet: Sheet, stretch: _Stretch, *, sure: bool) -> Iterator[Finding]:
    span = (stretch.start, stretch.end)
    yield finding(sheet, "reason", words_at(sheet.page, *span), span, sure=sure)
    for kind in _kinds(sheet, stretch):
        yield finding(sheet, "reason_kind", kind, span, sure=sure)


def _kinds(sheet: Sheet, stretch: _Stretch, *, plainly: bool = False) -> list[str]:
    """The kinds of reasons these words speak of; ``plainly``: not as something that may be."""
    said = said_in(sheet, "reasons", stretch.start, stretch.end)
    kinds = [one.value for one in said if not (plainly and hedged(sheet, one.start))]
    return list(dict.fromkeys(kinds))


def _gives_cause(sheet: Sheet, start: int, end: int) -> bool:
    if not _BECAUSE.search(sheet.flat, start, end) or sheet.text[start:end].endswith(":"):
        return False
    said = said_in(sheet, "decisions", start, end)
    return any(
        one.value in ("denied", "partly_denied", "dismissed") and not hedged(sheet, one.start)
        for one in said
    )


def _is_about_what_to_do(sheet: Sheet, unit: int) -> bool:
    """Does this stand under a heading such as: How to appeal?"""
    to_do = patterns().words["to_do"]
    for number in range(unit - 1, max(-1, unit - _MOST_UNITS), -1):
        above = sheet.units[number]
        if above.heading:
            return bool(to_do.match(sheet.flat, above.start))
    return False


# -- sections ----------------------------------------------------------------------------------


def _sections(sheet: Sheet, name: str) -> Iterator[list[_Stretch]]:
    """What follows each heading, opening or label of this kind."""
    opened: set[int] = set()
    if name in patterns().labels:
        for label in patterns().labels[name].finditer(sheet.flat):
            span = value_after(sheet, label)
            if span:
                opened.add(sheet.unit_at(label.start()))
                yield _stretches(sheet, *span)
    for number, ends in sorted(_announced(sheet, name).items()):
        if number in opened:
            continue
        for end in ends:
            body = _body_after(sheet, name, number, end)
            if body is not None:
                yield body
                break


def _announced(sheet: Sheet, name: str) -> dict[int, list[int]]:
    """For each unit that holds a phrase of this kind, the places where such phrases end."""
    ends: dict[int, list[int]] = {}
    for phrase in patterns().headings[name]:
        for found in sheet.places_of(phrase):
            unit = sheet.unit_at(found.start())
            if found.end() <= sheet.units[unit].end:
                ends.setdefault(unit, []).append(found.end())
    return ends


def _body_after(sheet: Sheet, name: str, number: int, end: int) -> list[_Stretch] | None:
    """The words that a heading or an opening announces, or None if it announces nothing."""
    unit = sheet.units[number]
    if unit.heading:
        return _below(sheet, number)
    colon = _COLON_SOON[name].match(sheet.flow, end, unit.end)
    if not colon:
        return None
    rest = (
        colon.end()
        + len(sheet.flow[colon.end() : unit.end])
        - len(sheet.flow[colon.end() : unit.end].lstrip())
    )
    return _stretches(sheet, rest, unit.end) if rest < unit.end else _below(sheet, number)


def _below(sheet: Sheet, number: int) -> list[_Stretch]:
    """The items of the list below, or else the sentences down to the next heading."""
    below = sheet.units[number + 1 : number + 1 + _MOST_UNITS]
    if below and below[0].item:
        items: list[_Stretch] = []
        for unit in below:
            if not unit.item:
                break
            if not unit.unticked:
                items.append(_Stretch(unit.start, unit.end))
        return items
    found: list[_Stretch] = []
    for unit in below:
        if unit.heading:
            break
        found += _stretches(sheet, unit.start, unit.end)
    return found


def _stretches(sheet: Sheet, start: int, end: int) -> list[_Stretch]:
    unit = sheet.unit_at(start)
    if sheet.units[unit].item:
        return [_Stretch(start, end)]
    return [
        _Stretch(max(start, sentence.start), min(end, sentence.end))
        for sentence in sheet.sentences_of(unit)
        if sentence.end > start and sentence.start < end
    ]
