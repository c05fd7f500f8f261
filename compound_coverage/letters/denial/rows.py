"""What Tesseract saw - words in boxes - put back together as lines of text.

Tesseract takes the cells of a table without rules for columns of a newspaper and reads them one
column after the other. Short cells that stand side by side are joined into rows again here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from compound_coverage.letters.denial.document import plain, seam

DOUBTFUL_BELOW = 85.0
GOOD_ENOUGH = 70.0
FEWEST_WORDS = 5

_MOST_WORDS_IN_LABEL = 5
_CELL_WALLS = frozenset({"|", "||", "[", "]", "{", "}", "\u00a6", "_", "__", "_|", "|_"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read off a picture. ``doubtful`` holds places in ``text``."""

    text: str
    confidence: float
    words: int
    doubtful: tuple[tuple[int, int], ...]

    @property
    def good(self) -> bool:
        """Is it likely to be a page read the right way up?"""
        return self.words >= FEWEST_WORDS and self.confidence >= GOOD_ENOUGH


@dataclass(frozen=True, slots=True)
class _Word:
    place: tuple[int, int, int]
    left: int
    right: int
    bottom: int
    height: int
    confidence: float
    text: str


@dataclass(frozen=True, slots=True)
class _Line:
    """Words of one line. ``block`` and ``paragraph`` are Tesseract's own numbers."""

    block: int
    paragraph: int
    words: tuple[_Word, ...]
    level: float
    height: float

    @property
    def left(self) -> int:
        return self.words[0].left

    @property
    def right(self) -> int:
        return self.words[-1].right


def reading_of(table: str) -> Reading:
    """The page in Tesseract's TSV table. Two or more blanks part the cells of a row."""
    words = list(_words(table))
    lines = _in_rows(_lines(words))
    text = ""
    doubtful: list[tuple[int, int]] = []
    before: tuple[_Line, str] | None = None
    for line in lines:
        shown, doubts = _shown(line.words)
        if not shown:
            continue
        cut, glue = _between(before, line, shown)
        text = text[: len(text) - cut] + glue
        doubtful += [(len(text) + start, len(text) + end) for start, end in doubts]
        text += shown
        before = (line, shown)
    letters = sum(len(word.text) for word in words)
    confidence = sum(word.confidence * len(word.text) for word in words) / max(1, letters)
    return Reading(text, confidence, len(words), tuple(doubtful))


def _between(before: tuple[_Line, str] | None, line: _Line, shown: str) -> tuple[int, str]:
    if before is None:
        return 0, ""
    above, text = before
    same = (above.block, above.paragraph) == (line.block, line.paragraph)
    return seam(text, shown) if same else (0, "\n\n")


def _words(table: str) -> Iterator[_Word]:
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = plain(row["text"] or "").strip()
        if row["level"] != "5" or not text:
            continue
        left, height = int(row["left"]), int(row["height"])
        yield _Word(
            place=(int(row["block_num"]), int(row["par_num"]), int(row["line_num"])),
            left=left,
            right=left + int(row["width"]),
            bottom=int(row["top"]) + height,
            height=height,
            confidence=float(row["conf"]),
            text=text,
        )


def _lines(words: Sequence[_Word]) -> list[_Line]:
    groups = [(place, tuple(group)) for place, group in groupby(words, key=lambda word: word.place)]
    slope = _slope([group for _, group in groups])
    return [
        _Line(
            block=place[0],
            paragraph=place[1],
            words=group,
            level=median(word.bottom - slope * word.left for word in group),
            height=median(word.height for word in group),
        )
        for place, group in groups
    ]


def _slope(lines: Sequence[tuple[_Word, ...]]) -> float:
    """How far lines fall for each dot to the right: a photo is seldom quite level."""
    slopes = [
        (line[-1].bottom - line[0].bottom) / (line[-1].left - line[0].left)
        for line in lines
        if len(line) > 4 and line[-1].left > line[0].left
    ]
    return median(slopes) if slopes else 0.0


# -- rows --------------------------------------------------------------------------------------


def _in_rows(lines: Sequence[_Line]) -> list[_Line]:
    """The lines in reading order, each cell joined to the label it stands beside."""
    partner = _partners(lines)
    taken = set(partner.values())
    placed: set[int] = set()
    rows: list[_Line] = []
    for index in range(len(lines)):
        if index in taken or index in placed:
            continue
        cells = [index]
        while cells[-1] in partner:
            cells.append(partner[cells[-1]])
        if len(cells) > 1:
            cells += _rest_of_cell(cells[-1], lines, partner, taken | placed)
        placed.update(cells)
        rows.append(_joined([lines[cell] for cell in cells]))
    return rows


def _partners(lines: Sequence[_Line]) -> dict[int, int]:
    """For each line the one that stands beside it in its row, if any."""
    narrow = _narrow_blocks(lines)
    partner: dict[int, int] = {}
    for index, line in enumerate(lines):
        beside = _beside(index, lines, line.block in narrow)
        if beside is not None and beside not in partner.values():
            partner[index] = beside
    return partner


def _rest_of_cell(
    last: int, lines: Sequence[_Line], partner: dict[int, int], elsewhere: set[int]
) -> list[int]:
    """The lines below that go on with a cell, close under each other."""
    rest: list[int] = []
    for below in range(last + 1, len(lines)):
        above = lines[below - 1]
        if (
            lines[below].block != lines[last].block
            or below in elsewhere
            or below in partner
            or lines[below].level - above.level > 2 * above.height
        ):
            break
        rest.append(below)
    return rest


def _narrow_blocks(lines: Sequence[_Line]) -> set[int]:
    """The blocks whose lines are as short as labels."""
    lengths: dict[int, list[int]] = {}
    for line in lines:
        lengths.setdefault(line.block, []).append(len(line.words))
    return {block for block, counts in lengths.items() if median(counts) <= _MOST_WORDS_IN_LABEL}


def _beside(index: int, lines: Sequence[_Line], narrow: bool) -> int | None:
    """The nearest line to the right on the same level, if the two make one row."""
    line = lines[index]
    best: int | None = None
    for other, candidate in enumerate(lines):
        if candidate.block == line.block or candidate.left < line.right:
            continue
        if abs(candidate.level - line.level) > 0.5 * max(line.height, candidate.height):
            continue
        if best is None or candidate.left < lines[best].left:
            best = other
    if best is None:
        return None
    torn = lines[best].left - line.right < line.height
    return best if narrow or torn else None


def _joined(cells: Sequence[_Line]) -> _Line:
    first = cells[0]
    words = tuple(word for cell in cells for word in cell.words)
    return _Line(first.block, first.paragraph, words, first.level, first.height)


# -- text --------------------------------------------------------------------------------------


def _shown(words: Sequence[_Word]) -> tuple[str, list[tuple[int, int]]]:
    """A line of words, and the places of the doubtful ones in it."""
    line = ""
    doubtful: list[tuple[int, int]] = []
    for gap, word in _spaced(words):
        line += gap
        if word.confidence < DOUBTFUL_BELOW:
            doubtful.append((len(line), len(line) + len(word.text)))
        line += word.text
    return line, doubtful


def _spaced(line: Sequence[_Word]) -> Iterator[tuple[str, _Word]]:
    """Each word with the blanks before it. The walls of a table's cells are no words."""
    height = median(word.height for word in line)
    right: int | None = None
    walled = False
    for word in line:
        if word.text in _CELL_WALLS:
            walled = True
            continue
        if right is None:
            yield "", word
        elif walled or word.left - right > height * 1.2:
            yield "   ", word
        else:
            torn = 0 <= word.left - right < 0.1 * height
            yield ("" if torn else " "), word
        right, walled = word.right, False
