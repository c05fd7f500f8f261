"""Claims that are phrases or numbers: found, then weighed by the sentence they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from compound_coverage.letters.claims.found import (
    CHECK,
    LONGEST_QUOTE,
    NONE,
    SURE,
    Found,
    found_at,
)
from compound_coverage.letters.claims.reading import Page, Place, folded, pages
from compound_coverage.letters.claims.subject import Subject
from compound_coverage.letters.claims.words import PHRASE_KINDS, Bank

# By the list of claims.toml a phrase stands in, and what its sentence is about.
WEIGHTS = {
    ("always", "compound"): SURE,
    ("always", "unclear"): SURE,
    ("always", "other"): CHECK,
    ("of_compound", "compound"): SURE,
    ("of_compound", "unclear"): CHECK,
    ("of_compound", "other"): NONE,
    ("check", "compound"): CHECK,
    ("check", "unclear"): CHECK,
    ("check", "other"): NONE,
}
# Praise of another drug is not the letter's claim; the other kinds stand whatever they are about.
ABOUT_A_DRUG = frozenset({"proven", "mechanism"})

# How far a negation reaches, and how far behind a claim its denial may stand, in characters.
NEGATION_REACH = 90
DENIAL_REACH = 60

_CITATION = re.compile(
    r"pmid\W{0,3}[0-9]|\b10\.[0-9]{4,9}/|https?://|\bwww\."
    r"|\((?:[^()\n]{0,80}\W)?(?:19|20)[0-9]{2}[a-z]?\)"
)
_SLASH_S = re.compile(r"(?<![\w/.])/e?s/\s*[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one page in the words of one language. ``subject`` holds the case's own words."""

    page: Page
    bank: Bank
    subject: Subject

    def says(self, words: str, place: Place) -> bool:
        """Is one of these words used there? ``words`` names a word list."""
        own = self.subject.patterns.get(words)
        return self.page.marks(self.bank.grammar[words]).any_in(*place) or (
            own is not None and self.page.marks(own).any_in(*place)
        )

    def most(self, kind: str, start: int, end: int) -> int:
        """The most that can be held against these words: nothing if they are asked or denied."""
        first, last = self.page.layout.sentence(start, end)
        words = self.bank.kinds[kind]
        negation = words.negation or self.bank.grammar["negation"]
        if self.page.marks(words.innocent).any_in(start, end):
            return NONE
        if self._is_question(first, last) and not self.says("rhetorical", (first, last)):
            return NONE
        return min(self._denied_before(negation, first, start), self._denied_after(end, last))

    def _is_question(self, first: int, last: int) -> bool:
        end = self.page.layout.shown[max(first, last - 20) : last]
        return end.rstrip(" |\n\"')\u201d").endswith("?")

    def _denied_before(self, negation: re.Pattern[str], first: int, start: int) -> int:
        negations = self.page.marks(negation)
        number = negations.last_by(start)
        if number < 0 or negations.starts[number] < first:
            return SURE
        denied = negations.ends[number]
        clause = self.page.marks(self.bank.grammar["clause"]).first_from(denied)
        if clause is not None and clause < start:
            return SURE
        return NONE if start - denied <= NEGATION_REACH else CHECK

    def _denied_after(self, end: int, last: int) -> int:
        denial = self.page.marks(self.bank.grammar["denied_after"]).first_from(end)
        if denial is None or denial >= min(last, end + DENIAL_REACH):
            return SURE
        clause = self.page.marks(self.bank.grammar["clause"]).first_from(end)
        return SURE if clause is not None and clause < denial else CHECK


# -- phrases -----------------------------------------------------------------------------------


def phrase_claims(reader: Reader, prescriber: Reader) -> Iterator[Found]:
    """The claims that are phrases of claims.toml.

    ``prescriber`` reads the page without what the prescriber wrote of the risk, which may speak
    of harm.
    """
    for kind in PHRASE_KINDS:
        here = prescriber if kind == "denial_harm" else reader
        hits = [
            (found.start(), found.end(), weight)
            for level in ("always", "of_compound", "check")
            for found in here.page.find(here.bank.kinds[kind].phrases.get(level, ()))
            if (weight := _weight(here, kind, level, *found.span()))
        ]
        for start, end, weight in strongest(hits):
            yield found_at(here.page.layout, (start, end), kind, weight)


def _weight(reader: Reader, kind: str, level: str, start: int, end: int) -> int:
    most = reader.most(kind, start, end)
    if most == NONE or (kind == "guideline" and _is_cited(reader.page, start, end)):
        return NONE
    sentence = reader.page.layout.sentence(start, end)
    if kind == "no_side_effects" and reader.says("personal", sentence):
        most = CHECK
    about = _about(reader, sentence) if kind in ABOUT_A_DRUG else "unclear"
    return min(most, WEIGHTS[level, about])


def _about(reader: Reader, sentence: Place) -> str:
    if reader.says("compound", sentence) or reader.says("ingredient", sentence):
        return "compound"
    return "other" if reader.says("others", sentence) else "unclear"


def _is_cited(page: Page, start: int, end: int) -> bool:
    first, last = page.layout.block(start, end)
    if first not in page.layout.items:
        first, last = page.layout.sentence(start, end)
    return page.marks(_CITATION).any_in(first, last)


def strongest(hits: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Of hits (start, end, weight) that lie over each other, the strongest, then the longest."""
    best: tuple[int, int, int] | None = None
    for hit in sorted(hits):
        if best is not None and hit[0] < best[1]:
            best = max(best, hit, key=lambda one: (one[2], one[1] - one[0]))
            continue
        if best is not None:
            yield best
        best = hit
    if best is not None:
        yield best


# -- signatures --------------------------------------------------------------------------------


def signature_claims(lines: Sequence[str], bank: Bank) -> Iterator[Found]:
    """Signature lines that somebody filled in, and the sign ``/s/`` before a name."""
    for number, line in enumerate(lines, start=1):
        low = folded(line)
        label = bank.grammar["signature"].match(low)
        value = label.group(1) if label else ""
        filled = re.search(r"[^\W_]", value) and not bank.grammar["blank"].match(value)
        if filled or _SLASH_S.search(low):
            yield Found("signed_voice", SURE, number, " ".join(line.split())[:LONGEST_QUOTE])


# -- numbers -----------------------------------------------------------------------------------


def number_claims(page: Page, banks: Sequence[Bank], known: frozenset[str]) -> Iterator[Found]:
    """Percentages and shares of patients that are not among the known ones."""
    for found, numbers in _numbers_on(page, banks, ("percent", "share")):
        if not known.issuperset(numbers):
            yield found_at(page.layout, found.span(), "percentage", SURE)


def numbers_in(texts: Iterable[str], banks: Sequence[Bank]) -> frozenset[str]:
    """The percentages (``88%``) and shares (``9/20``) that the texts give."""
    [page, *_] = pages("\n\n".join(texts))
    found = _numbers_on(page, banks, ("percent", "any_share"))
    return frozenset(number for _, numbers in found for number in numbers)


def _numbers_on(
    page: Page, banks: Sequence[Bank], patterns: Sequence[str]
) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Each number with its values, but for those that measure something else, such as a range."""
    innocent = [page.marks(bank.kinds["percentage"].innocent) for bank in banks]
    for bank in banks:
        for pattern in patterns:
            for found in bank.grammar[pattern].finditer(page.low):
                if not any(marks.any_in(*found.span()) for marks in innocent):
                    yield found, _values(found, pattern, bank.numbers)


def _values(found: re.Match[str], pattern: str, words: Mapping[str, int]) -> list[str]:
    values = [_value(number, words) for number in found.groups() if number]
    return [f"{value}%" for value in values] if pattern == "percent" else ["/".join(values)]


def _value(number: str, words: Mapping[str, int]) -> str:
    """One way to write a number: ``28,80`` and ``28.8`` are the same, and so are ten and 10."""
    if not number[0].isdigit():
        return str(sum(words[word] for word in re.split(r"[ -]", number)))
    whole, _, rest = number.replace(",", ".").partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole
