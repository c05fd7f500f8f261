"""What an edited text does to the studies it must print: hides them, changes them, bends them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from compound_coverage.letters.claims.found import CHECK, SURE, Found, found_at
from compound_coverage.letters.claims.reading import Page, Phrase, Place, folded, one_line, phrase
from compound_coverage.letters.claims.words import Bank
from compound_coverage.letters.evidence import belongs_beside
from compound_coverage.vocabulary import Study

# A sentence with half the words of a study's own sentence is that sentence, edited.
SAME_SENTENCE = 0.5
PRAISE = frozenset({"proven", "percentage", "guideline", "mechanism"})

_P_VALUE = re.compile(r"\bp\W{0,3}(?:value)?\W{0,3}(?:of )?\W{0,3}?0?[.,]([0-9]+)")
_FIGURE = re.compile(r"(?<![\w.,)])-?[0-9]+(?:[.,][0-9]+)*%?")
_SCALE = re.compile(r"\b[A-Z]{2,}(?:-[A-Z]\b)?")
_WORD = re.compile(r"[^\W\d_]{3,}")
_SENTENCE_ENDS = re.compile(r"\.\s+(?=[A-Z])")


class Trials:
    """The studies of a letter and where its text names them.

    ``around`` is the page without the studies' own sentences and without the plan's words.
    """

    def __init__(
        self, page: Page, around: Page, studies: Sequence[Study], banks: Sequence[Bank]
    ) -> None:
        self._page = page
        self._around = around
        self._studies = studies
        self._banks = banks
        self._edited = self._edited_sentences()
        self._named = {study.study_id: self._places_of(study) for study in studies}

    # -- hidden ----------------------------------------------------------------------------------

    def hidden(self, found: Sequence[Found], condition: str | None) -> Iterator[Found]:
        """The studies that are gone from the text though it still speaks for the same use.

        ``found`` are the other claims; ``condition`` is the case's own, if it is known.
        """
        for study in self._studies:
            if self._named[study.study_id]:
                continue
            beside = [
                self._named[other.study_id][0]
                for other in self._studies
                if self._named[other.study_id] and belongs_beside(study, other)
            ]
            of_case = study.low_dose and condition in (None, study.condition_id)
            if beside:
                yield self._at("hidden_trial", SURE, min(beside), study)
            elif study.direction == "negative" and of_case:
                yield from self._praise(found, study)

    def _praise(self, found: Sequence[Found], study: Study) -> Iterator[Found]:
        """Words that say all negative trials are there, or else that the evidence is good."""
        for words, weight in (("honest", SURE), ("positive", CHECK)):
            for bank in self._banks:
                for place in self._around.find(bank.kinds["hidden_trial"].phrases[words]):
                    yield self._at("hidden_trial", weight, place.span(), study)
                    return
        for claim in found:
            if claim.kind in PRAISE:
                yield replace(claim, kind="hidden_trial", weight=CHECK, study=study)
                return

    def _places_of(self, study: Study) -> list[Place]:
        """Where the text names the study: by its sentence, DOI, PMID, or author and year."""
        low = self._page.low
        texts = [one_line(study.fair_sentence), folded(study.doi)]
        places = [(at, at + len(text)) for text in texts if text and (at := low.find(text)) >= 0]
        places += [place for place, edited in self._edited if edited == study]
        if study.pmid:
            number = re.compile(rf"(?<![0-9]){study.pmid}(?![0-9])")
            places += [found.span() for found in number.finditer(low)]
        author = re.split(r" et al| and |\(|,", study.authors)[0]
        if not author.startswith("Authors"):
            places += self._author_and_year(phrase(author), study.year)
        return sorted(places)

    def _author_and_year(self, author: Phrase, year: str) -> list[Place]:
        """The first place in each block where the author stands, if the year does too."""
        layout = self._page.layout
        first_in: dict[Place, Place] = {}
        for found in self._page.find([author]):
            first_in.setdefault(layout.block(*found.span()), found.span())
        stands = re.compile(rf"(?<![0-9]){year}(?![0-9])")
        return [place for block, place in first_in.items() if stands.search(self._page.low, *block)]

    # -- changed ---------------------------------------------------------------------------------

    def changed(self) -> Iterator[Found]:
        """The studies' sentences that were edited until they say something else."""
        for place, study in self._edited:
            told = self._around.low[place[0] : place[1]]
            fair = one_line(study.fair_sentence)
            gone = _figures(fair) - _figures(told)
            new = _figures(told) - _figures(one_line(" ".join(_all_of(study))))
            figures = {"gone": ", ".join(sorted(gone)), "new": ", ".join(sorted(new))}
            if gone and new:
                yield self._at("changed_trial", SURE, place, study, change="numbers", **figures)
            elif self._negations(told) < self._negations(fair):
                yield self._at("changed_trial", SURE, place, study, change="turned")
            elif gone & _results(fair):
                yield self._at("changed_trial", CHECK, place, study, change="left_out", **figures)

    def untold(self) -> Iterator[Found]:
        """Negative trials that are named, with no word on how they came out."""
        for study in self._studies:
            places = self._named[study.study_id]
            blocks = {self._page.layout.block(*place) for place in places}
            told = any(self._says_null(self._page.low[a:b]) for a, b in blocks)
            if places and study.direction == "negative" and not told:
                yield self._at("changed_trial", CHECK, places[0], study, change="untold")

    def _says_null(self, text: str) -> bool:
        null = (bank.grammar["null_result"] for bank in self._banks)
        return bool(self._negations(text)) or any(words.search(text) for words in null)

    def _edited_sentences(self) -> list[tuple[Place, Study]]:
        """Each sentence that is most of a study's own sentence, but not all of it."""
        own = [(study, _words(one_line(study.fair_sentence))) for study in self._studies]
        found = []
        for first, last in pairwise((*self._around.layout.sentences, len(self._around.low))):
            words = _words(self._around.low[first:last])
            shares = [(len(words & fair) / len(fair), study) for study, fair in own if fair]
            share, study = max(shares, key=lambda pair: pair[0], default=(0.0, None))
            if study is not None and share >= SAME_SENTENCE:
                found.append(((first, last), study))
        return found

    def _negations(self, text: str) -> int:
        return sum(
            found.group("real") is not None
            for bank in self._banks
            for found in bank.grammar["negation"].finditer(text)
        )

    # -- secondary -------------------------------------------------------------------------------

    def secondary(self) -> Iterator[Found]:
        """Secondary results given without the primary one in the same paragraph or item.

        The first sentence of a study's ``primary_result`` holds the primary outcome, the rest the
        others.
        """
        given: dict[Place, list[re.Match[str]]] = {}
        for found in _P_VALUE.finditer(self._page.low):
            given.setdefault(self._page.layout.block(*found.span()), []).append(found)
        for study in self._studies:
            first, rest = _primary_and_rest(study)
            primary = set(_P_VALUE.findall(one_line(first)))
            others = set(_P_VALUE.findall(one_line(rest))) - primary
            for values in given.values():
                told = {value.group(1) for value in values}
                if primary and told & others and not told & primary:
                    place = next(value.span() for value in values if value.group(1) in others)
                    yield self._at("secondary_as_result", SURE, place, study)
            yield from self._secondary_scale(study, given)

    def _secondary_scale(
        self, study: Study, given: Mapping[Place, Sequence[re.Match[str]]]
    ) -> Iterator[Found]:
        """A block that names the study and one of its other scales, but not its primary one."""
        first, rest = _primary_and_rest(study)
        primary = set(_SCALE.findall(f"{first} {study.primary_outcome}"))
        others = set(_SCALE.findall(rest)) - primary
        blocks = {self._page.layout.block(*place) for place in self._named[study.study_id]}
        for block in sorted(blocks - given.keys()):
            told = set(_SCALE.findall(self._page.layout.shown[block[0] : block[1]]))
            if primary and told & others and not told & primary:
                yield self._at("secondary_as_result", CHECK, block, study)

    def _at(self, kind: str, weight: int, place: Place, study: Study, **change: str) -> Found:
        return found_at(self._page.layout, place, kind, weight, study, **change)


def _all_of(study: Study) -> list[str]:
    told = [study.fair_sentence, study.primary_result, study.participants, study.dose]
    where = [study.authors, study.year, study.journal, study.pmid, study.doi]
    return [*told, study.duration, study.limits, *where]


def _primary_and_rest(study: Study) -> tuple[str, str]:
    cut = _SENTENCE_ENDS.search(study.primary_result)
    at = cut.end() if cut else len(study.primary_result)
    return study.primary_result[:at], study.primary_result[at:]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def _figures(text: str) -> set[str]:
    return {found.replace(",", ".") for found in _FIGURE.findall(text)}


def _results(text: str) -> set[str]:
    """The figures of a sentence that are its result: p values and percentages."""
    shares = {figure for figure in _figures(text) if figure.endswith("%")}
    return shares | {f"0.{digits}" for digits in _P_VALUE.findall(text)}
