"""A page taken apart: lines, units (what belongs together), sentences.

Text from a PDF or a picture breaks lines wherever the page was full. A *soft* break is such a one;
a *hard* break is one the writer meant. A *unit* is what stands between two hard breaks: a
paragraph, a heading, an item of a list, a row of a table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from compound_coverage.letters.denial.document import Page
from compound_coverage.letters.denial.patterns import Phrase

_LONGEST_SENTENCE = 1_500
_WINDOW = 6
_FULL = 0.85
_NARROWEST = 40
_PROSE = 60

# The last group of signs is what a picture's reader makes of a round bullet.
BULLET = re.compile(
    r" *(?:[•·▪■□☐☒☑✓✔✗◦»*+\u2013\u2014-]|\[[ xX✓]?\]|\( ?\)|\([xX]\)|_{2,4}"
    r"|\(?[0-9]{1,2}[.)]|\(?[a-hA-H][.)]|[«¢°e©@o](?= [A-Z\"])) +(?=\S)"
)
# Nobody ends a line with one of these on purpose.
_UNFINISHED = re.compile(
    r"(?: [-\u2013&]|\b(?:and|or|of|the|to|for|a|an|in|with|by|is|are|that|your|our|because))$",
    re.IGNORECASE,
)
_EMPTY_BOX = re.compile(r"[□☐]|\[ ?\]|\( ?\)|__")
_LABEL_AHEAD = re.compile(r"[A-Z][\w ()#/.'\u2019]{1,40}:(?: |$)")
_SENTENCE_END = re.compile(r"[.?!][\"')\]]* +(?=[A-Z0-9\"'(\[$])|: +(?=[A-Z0-9\"(])| {3,}")
_SHORT_FORM = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|inc|co|st|ave|dept|vs|sec|approx|ltd|admin|rev|ext|p\.o|e\.g|i\.e|u\.s|[a-z]))$",
    re.IGNORECASE,
)
_NUMBER_SIGN = re.compile(r"\bno$", re.IGNORECASE)
_PLAIN_SIGNS = str.maketrans(
    "\u2018\u2019\u201c\u201d\u2010\u2011\u2012\u2013\u2014\u00d8", "''\"\"-----0"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of the page. ``start`` leaves out the bullet of an item."""

    start: int
    end: int
    item: bool
    heading: bool
    unticked: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    start: int
    end: int
    unit: int


class Sheet:
    """A page with its parts. All places are places in ``page.text``.

    ``flow`` is the text with a blank for each soft break and with plain quotation marks and
    dashes, ``flat`` the same in small letters; both are as long as the text.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.text = page.text
        self.flow = _flow(page.text).translate(_PLAIN_SIGNS)
        self.flat = _small(self.flow)
        self.said: dict[str, list[Any]] = {}  # what has been looked for on this page already

    @cached_property
    def units(self) -> list[Unit]:
        """The units in order."""
        spans = [found.span() for found in re.finditer(r"[^\n]+", self.flow)]
        return [self._unit(*span) for span in spans if self.flow[slice(*span)].strip()]

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences in order. The label of a row, and each of its cells, is one of its own."""
        return [
            Sentence(start, end, number)
            for number, unit in enumerate(self.units)
            for start, end in self._split(unit)
        ]

    def places_of(self, phrase: Phrase) -> Iterator[re.Match[str]]:
        """Where a phrase stands, looked for only in the units that hold its hint."""
        if not phrase.hint:
            yield from phrase.pattern.finditer(self.flat)
            return
        place = self.flat.find(phrase.hint)
        while place >= 0:
            unit = self.units[self.unit_at(place)]
            yield from phrase.pattern.finditer(self.flat, unit.start, unit.end)
            place = self.flat.find(phrase.hint, max(unit.end, place + 1))

    def unit_at(self, place: int) -> int:
        """The number of the unit that holds ``place``, or of the last one before it."""
        return max(0, bisect_right(self._unit_starts, place) - 1)

    def sentence_at(self, place: int) -> Sentence:
        """The sentence that holds ``place``, or the last one before it."""
        return self.sentences[max(0, bisect_right(self._sentence_starts, place) - 1)]

    def sentences_of(self, unit: int) -> list[Sentence]:
        first = bisect_right(self._sentence_starts, self.units[unit].start - 1)
        found = []
        while first < len(self.sentences) and self.sentences[first].unit == unit:
            found.append(self.sentences[first])
            first += 1
        return found

    @cached_property
    def _unit_starts(self) -> list[int]:
        return [unit.start for unit in self.units]

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [sentence.start for sentence in self.sentences]

    def _unit(self, start: int, end: int) -> Unit:
        text = self.flow[start:end]
        start += len(text) - len(text.lstrip())
        end -= len(text) - len(text.rstrip())
        bullet = BULLET.match(self.flow, start, end)
        if bullet:
            start = bullet.end()
            return Unit(start, end, True, False, bool(_EMPTY_BOX.search(bullet[0])))
        return Unit(start, end, False, is_heading(self.flow[start:end]))

    def _split(self, unit: Unit) -> list[tuple[int, int]]:
        cuts = [unit.start]
        for found in _SENTENCE_END.finditer(self.flow, unit.start, unit.end):
            if not self._is_short_form(unit.start, found):
                cuts.append(found.end())
        cuts.append(unit.end)
        spans: list[tuple[int, int]] = []
        for start, end in pairwise(cuts):
            for piece in range(start, end, _LONGEST_SENTENCE):
                stop = min(end, piece + _LONGEST_SENTENCE)
                spans.append((piece, piece + len(self.flow[piece:stop].rstrip())))
        return spans

    def _is_short_form(self, start: int, found: re.Match[str]) -> bool:
        """Is this full stop the end of a short form, such as Dr. or No. 4?"""
        if found[0][0] != ".":
            return False
        before = self.flow[max(start, found.start() - 12) : found.start()]
        if _NUMBER_SIGN.search(before):
            return self.flow[found.end() : found.end() + 1].isdigit()
        return bool(_SHORT_FORM.search(before))


def is_heading(text: str) -> bool:
    """Does this look like a heading: a few words, no full stop, and no label with its value?"""
    return (
        len(text) <= 100
        and len(text.split()) <= 13
        and text[:1].isupper()
        and not text.endswith((".", ",", ";", ":"))
        and not re.search(r": |:$| {3,}|[0-9]{4}", text)
    )


def _small(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _flow(text: str) -> str:
    """The text with a blank for each line end inside a unit."""
    lines = text.split("\n")
    lengths = [len(line) for line in lines]
    widest = max(lengths)
    pieces = [lines[0]]
    above = 0
    for number, line in enumerate(lines[1:], start=1):
        if line.strip():
            near = max(lengths[max(0, number - _WINDOW) : number + _WINDOW])
            width = max(near, widest // 2, _NARROWEST)
            soft = _is_soft(lines[above], line, width, blank=number - above > 1)
            glue = " " if soft else "\n"
            pieces += [glue * (number - above), line]
            above = number
        elif line:
            pieces.append(("\n" * (number - above)) + " " * len(line))
            above = number
    pieces.append("\n" * (len(lines) - 1 - above))
    return "".join(pieces)


def _is_soft(before: str, line: str, width: int, *, blank: bool) -> bool:
    """Did the line ``before`` end only because it was full? ``blank``: an empty line follows it."""
    after = line.lstrip()
    if _LABEL_AHEAD.match(after) or _starts_item(before, line):
        return False
    if after[0].islower() and not before.endswith((".", "!", "?", ":")):
        return True
    if blank or "   " in after:
        return False
    if _UNFINISHED.search(before):
        return True
    if _LABEL_AHEAD.match(before) and width < _PROSE:
        return False
    return len(before) + 1 + len(after.split(" ", 1)[0]) > _FULL * width


def _starts_item(before: str, line: str) -> bool:
    """Is the line an item of a list? A dash may also stand in the middle of a sentence."""
    if not BULLET.match(line):
        return False
    dash = line.lstrip().startswith("- ")
    return not dash or before.endswith((".", ":", ";", ",")) or bool(BULLET.match(before))
