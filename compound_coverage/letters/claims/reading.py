"""Markdown as its reader takes it: words without markup or tricks, in lines and sentences."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from compound_coverage.letters.text import clean

Phrase = tuple[str, ...]
Place = tuple[int, int]

# A text of fewer words is too common to be known again.
FEWEST_WORDS = 3
BLOT = "\ufffc"
LONGEST_LIGATURE = 4

# -- characters --------------------------------------------------------------------------------

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,15}\s{0,3}/?>|<!--|-->")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LINK = re.compile(r"\]\(([^()\s]{0,500})\)(?=([\w-])?)|\]\[[^\]\n]{0,80}\]")
_STAR_ITEM = re.compile(r"^([ >]{0,12})\*(?=\s)", re.MULTILINE)
_LOOSE_UNDERSCORES = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
# F.D.A., F. D. A., e.g.: letters with stops between them
_INITIALS = re.compile(
    r"(?<![^\W_])(?:f[. ]{0,2}d[. ]{0,2}a|[a-z](?:\.[a-z])+)(?![^\W_])\.?", re.IGNORECASE
)
_SENTENCE_BEGINS = re.compile(r"\s+(?!(?i:approv|aprob|f\.?d\.?a))[^a-z\s]|\s*\Z")
# Cyrillic and Greek letters that look like Latin ones
_LOOKALIKES = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0430\u0435\u043e\u0440"
    "\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a7\u03bf\u03bd",
    "ABEKMHOPCTXaeopcyxisjdABEHIKMNOPTXov",
)


class _Shown(dict[int, str | None]):
    """Each character as a reader takes it: nothing invisible, one hyphen, one space, no markup."""

    def __missing__(self, code: int) -> str | None:
        self[code] = made = self._made(chr(code))
        return made

    def _made(self, char: str) -> str | None:
        plainer = unicodedata.normalize("NFKC", char)
        # a few characters stand for whole sentences; no Latin letter hides in them
        if char != plainer and len(plainer) <= LONGEST_LIGATURE:
            return "".join(self[ord(part)] or "" for part in plainer)
        kind = unicodedata.category(char)
        if char in "\\*`~^[]\u115f\u1160\u2800" or kind in ("Cf", "Mn", "Me"):
            return None
        if kind in ("Cc", "Zs", "Zl", "Zp"):
            return "\n" if char == "\n" else " "
        if kind == "Pd" or char == "\u2212":
            return "-"
        return {"\u066a": "%", "\u2018": "'", "\u2019": "'", "\u02bc": "'"}.get(char, char)


class _Folded(dict[int, str]):
    """Each character in lower case and without its accent, one for one."""

    def __missing__(self, code: int) -> str:
        base = unicodedata.normalize("NFD", chr(code).translate(_LOOKALIKES))[0]
        self[code] = made = base.lower() if len(base.lower()) == 1 else base
        return made


_SHOWN, _FOLDED = _Shown(), _Folded()


def plain(markdown: str) -> str:
    """The words of Markdown as they print, on the same lines; markup that hides words undone."""
    text = clean(markdown).replace("\\|", "/")
    text = _ENTITY.sub(_decoded, _TAG.sub("", text))
    text = _LINK.sub(_without_address, unicodedata.normalize("NFC", text))
    text = _STAR_ITEM.sub(r"\1-", text).translate(_SHOWN)
    return _INITIALS.sub(_without_stops, _LOOSE_UNDERSCORES.sub("", text))


def folded(text: str) -> str:
    """``text``, each character in lower case and without its accent; its length stays."""
    return text.translate(_FOLDED)


def one_line(text: str) -> str:
    """A text as ``Page.low`` would hold it on one line."""
    return " ".join(folded(plain(text)).split())


def _decoded(found: re.Match[str]) -> str:
    return html.unescape(found.group()).replace("\n", " ")


def _without_address(found: re.Match[str]) -> str:
    # an address in the middle of a word would hide the word
    return "" if found.group(2) or found.group(1) is None else f" ({found.group(1)}) "


def _without_stops(found: re.Match[str]) -> str:
    letters = re.sub(r"[^A-Za-z]", "", found.group())
    if found.group().endswith(".") and _SENTENCE_BEGINS.match(found.string, found.end()):
        return f"{letters}."
    return letters


# -- phrases -----------------------------------------------------------------------------------

# Between two words of a phrase: a space, a hyphen, a quotation mark, but never a sentence's end.
_BETWEEN = r"(?:[^\w.!?;:|\n]|_){0,6}"
_WORD_BEGINS, _WORD_ENDS = r"(?<![^\W_])", r"(?![^\W_])"


def phrase(text: str) -> Phrase:
    """The words of a phrase, as they are looked for."""
    return tuple(re.findall(r"[0-9]+(?:[.,][0-9]+)+|[^\W_]+", one_line(text)))


@lru_cache(maxsize=2048)
def any_phrase(phrases: tuple[Phrase, ...]) -> str:
    """A pattern for any of the phrases, the longest first."""
    longest_first = sorted(set(phrases), key=lambda words: (-sum(map(len, words)), words))
    joined = "|".join(_BETWEEN.join(map(re.escape, words)) for words in longest_first if words)
    return f"{_WORD_BEGINS}(?:{joined or '(?!)'}){_WORD_ENDS}"


def any_of(texts: Iterable[str]) -> str:
    """A pattern for any of the texts, whatever stands between their words."""
    return any_phrase(tuple(map(phrase, texts)))


# -- a page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a pattern was found: its places in order, none over another."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def any_in(self, first: int, last: int) -> bool:
        """Does one of them lie, if only in part, between the two places?"""
        before = bisect_left(self.starts, last) - 1
        return before >= 0 and self.ends[before] > first

    def last_by(self, place: int) -> int:
        """The number of the last one that ends at or before ``place``; -1 if there is none."""
        return bisect_right(self.ends, place) - 1

    def first_from(self, place: int) -> int | None:
        """Where the first one that starts at or after ``place`` starts."""
        number = bisect_left(self.starts, place)
        return self.starts[number] if number < len(self.starts) else None


@dataclass(frozen=True, slots=True)
class Layout:
    """What a text shows, and where its lines, sentences and blocks begin.

    A block is a paragraph, heading, list item or table row; each is one line of ``shown``.
    """

    shown: str
    written: tuple[str, ...]
    starts: tuple[int, ...]
    lines: tuple[int, ...]
    sentences: tuple[int, ...]
    blocks: tuple[int, ...]
    items: frozenset[int]

    def line_of(self, place: int) -> int:
        """The line of the Markdown, counted from 1, that a place of ``shown`` comes from."""
        return self.lines[bisect_right(self.starts, place) - 1]

    def sentence(self, start: int, end: int) -> Place:
        """The sentence or table cell around a place, or those it runs through."""
        return self._around(self.sentences, start, end)

    def block(self, start: int, end: int) -> Place:
        """The block around a place."""
        return self._around(self.blocks, start, end)

    def _around(self, cuts: Sequence[int], start: int, end: int) -> Place:
        after = bisect_left(cuts, end)
        last = cuts[after] if after < len(cuts) else len(self.shown)
        return cuts[bisect_right(cuts, start) - 1], last


@dataclass(frozen=True, slots=True)
class Page:
    """A text ready to be read: ``low`` is what it shows, in lower case and without accents."""

    layout: Layout
    low: str
    _marks: dict[str, Marks] = field(default_factory=dict)

    def marks(self, pattern: re.Pattern[str]) -> Marks:
        """Where the pattern stands; where it has a group ``real``, only where that was found."""
        # a pattern takes long to hash, its text does not
        marks = self._marks.get(pattern.pattern)
        if marks is None:
            group = "real" if "real" in pattern.groupindex else 0
            places = [
                found.span(group) for found in pattern.finditer(self.low) if found.group(group)
            ]
            marks = Marks(tuple(a for a, _ in places), tuple(b for _, b in places))
            self._marks[pattern.pattern] = marks
        return marks

    def find(self, phrases: Iterable[Phrase]) -> Iterator[re.Match[str]]:
        """Where any of the phrases stands; only those whose words all occur are looked for."""
        present = tuple(words for words in phrases if all(word in self.low for word in words))
        return re.finditer(any_phrase(present), self.low) if present else iter(())

    def without(self, texts: Iterable[str]) -> Page:
        """The page with each line of the texts blotted out where it is repeated whole."""
        low = self.low
        told = "\n".join(texts)
        # a letter escapes the bars of a text that it prints
        told = folded(plain(told) + "\n" + plain(told.replace("|", "\\|")))
        lines = {" ".join(line.split()) for line in told.split("\n")}
        # a line may hold another; the longer one must be met whole
        for line in sorted(lines, key=lambda line: (-len(line), line)):
            if len(re.findall(r"[^\W_]+", line)) >= FEWEST_WORDS:
                low = low.replace(line, re.sub(r"[^\W_]", BLOT, line))
        return Page(self.layout, low)


# -- Markdown to pages -------------------------------------------------------------------------

_QUOTE_MARK = re.compile(r"^[ ]{0,3}>[ >]*")
_ITEM = re.compile(r"^\s*(?:[-+]|([0-9]{1,9})[.)])\s+\S")
_ALONE = re.compile(r"^\s{0,3}(?:#{1,6}\s|\|)")
_LINE_END_HYPHEN = re.compile(r"[^\W_]-$")
_SENTENCE_END = re.compile(r"[.!?][\"')\u201d]*\s+(?=[\"'(\u201c\u00bf\u00a1]*([^\W_]))")

Block = list[tuple[int, str]]


def pages(markdown: str, abbreviations: frozenset[str] = frozenset()) -> list[Page]:
    """The text as it prints; and, where a line ends in a hyphen, once more without it.

    ``abbreviations`` are words whose full stop ends no sentence.
    """
    lines = plain(markdown).split("\n")
    blocks, items = _blocks(lines)
    made = [_page(lines, blocks, items, "-", abbreviations)]
    if any(_LINE_END_HYPHEN.search(text) for block in blocks for _, text in block[:-1]):
        made.append(_page(lines, blocks, items, "", abbreviations))
    return made


def _blocks(lines: Sequence[str]) -> tuple[list[Block], set[int]]:
    """Paragraphs, headings, list items and table rows, and which of them are list items."""
    blocks: list[Block] = []
    items: set[int] = set()
    goes_on = False
    for number, line in enumerate(lines, start=1):
        text = " ".join(_QUOTE_MARK.sub("", line).split())
        alone = bool(_ALONE.match(line))
        item = _begins_item(line, in_paragraph=goes_on and len(blocks) - 1 not in items)
        if text and (item or alone or not goes_on):
            blocks.append([])
            if item:
                items.add(len(blocks) - 1)
        if text:
            blocks[-1].append((number, text))
        goes_on = bool(text) and not alone
    return blocks, items


def _begins_item(line: str, in_paragraph: bool) -> bool:
    found = _ITEM.match(line)
    # in a paragraph a numbered line begins a list only if the number is 1 (CommonMark 5.2)
    return found is not None and not (in_paragraph and found.group(1) not in (None, "1"))


def _page(
    lines: Sequence[str],
    blocks: Sequence[Block],
    items: set[int],
    hyphen: str,
    abbreviations: frozenset[str],
) -> Page:
    """The blocks one under the other, each on one line."""
    pieces: list[str] = []
    length = 0
    starts, numbers, firsts = [0], [1], []
    for block in blocks:
        firsts.append(length)
        for number, piece in _joined(block, hyphen):
            starts.append(length)
            numbers.append(number)
            pieces.append(piece)
            length += len(piece)
    text = "".join(pieces)
    layout = Layout(
        shown=text,
        written=tuple(lines),
        starts=tuple(starts),
        lines=tuple(numbers),
        sentences=tuple(_sentences(text, abbreviations)),
        blocks=tuple(firsts) or (0,),
        items=frozenset(firsts[item] for item in items),
    )
    return Page(layout, folded(text))


def _joined(block: Block, hyphen: str) -> Iterator[tuple[int, str]]:
    """The lines of a block as they run on, and a line end after the last."""
    *others, (last, end) = block
    for number, text in others:
        yield number, f"{text[:-1]}{hyphen}" if _LINE_END_HYPHEN.search(text) else f"{text} "
    yield last, f"{end}\n"


def _sentences(text: str, abbreviations: frozenset[str]) -> list[int]:
    """Where sentences and table cells begin."""
    cuts = {0} | {found.end() for found in re.finditer(r"[\n|]", text)}
    for found in _SENTENCE_END.finditer(text):
        word = re.split(r"[^\w]", text[max(0, found.start() - 12) : found.start()])[-1].lower()
        if word not in abbreviations and not found.group(1).islower():
            cuts.add(found.end())
    return sorted(cuts)
