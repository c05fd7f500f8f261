"""The claims of a whole letter, each with why it can't stand and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.claims.approval import approval_claims
from compound_coverage.letters.claims.found import SURE, Found
from compound_coverage.letters.claims.reading import pages
from compound_coverage.letters.claims.sentences import (
    Reader,
    number_claims,
    numbers_in,
    phrase_claims,
    signature_claims,
)
from compound_coverage.letters.claims.subject import (
    plans_words,
    prescribers_words,
    subject_of,
    texts_in,
)
from compound_coverage.letters.claims.trials import Trials
from compound_coverage.letters.claims.words import Kind, abbreviations, bank_of
from compound_coverage.letters.evidence import Evidence, named
from compound_coverage.letters.templates import UnknownLetterError, languages
from compound_coverage.vocabulary import Medication


@dataclass(frozen=True, slots=True)
class Claim:
    """Words a letter may not say: the line of the Markdown they begin on, counted from 1, the
    words themselves, why they can't stand, and what to write instead.

    ``sure`` is false where only a person can tell whether the sentence claims it.
    """

    kind: str
    line: int
    quote: str
    why: str
    mend: str
    sure: bool = True

    @property
    def told(self) -> str:
        """The claim in one line: its words, why they can't stand, and the mend."""
        return f"“{self.quote}” {self.why} {self.mend}"


def lint(
    markdown: str,
    language: str,
    evidence: Evidence,
    case: CaseFile,
    medication: Medication,
    quoted: Sequence[str] = (),
) -> list[Claim]:
    """Every claim in ``markdown`` that a letter may not make, by line.

    ``evidence`` is what the letter must print. ``quoted`` are the plan's own words, such as the
    texts of its rule, which a letter may repeat; the plan's words in the case count as quoted.
    Claims are looked for in the words of every language, for people type what they speak, and are
    explained in ``language``.

    Raises UnknownLetterError for a language without letters.
    """
    if language not in languages():
        raise UnknownLetterError(
            f"There are no letters in '{language[:20]}'; choose one of {', '.join(languages())}."
        )
    studies = (*evidence.low_dose, *evidence.standard_dose)
    fair = [study.fair_sentence for study in studies]
    not_its_own = [*quoted, *plans_words(case), *fair]
    facts = [*texts_in(case), *quoted, *fair, *(study.primary_result for study in studies)]
    banks = [bank_of(name) for name in languages()]
    subject = subject_of(medication, case)
    known = numbers_in([*facts, *subject.texts], banks)
    first, *others = pages(markdown, abbreviations())
    found: list[Found] = []
    for page in (first, *others):
        own = page.without(not_its_own)
        without_risk = own.without(prescribers_words(case))
        for bank in banks:
            reader = Reader(own, bank, subject)
            found += phrase_claims(reader, Reader(without_risk, bank, subject))
            found += approval_claims(reader)
        found += number_claims(own, banks, known)
    for bank in banks:
        found += signature_claims(first.layout.written, bank)
    trials = Trials(first, first.without(not_its_own), studies, banks)
    found += [*trials.changed(), *trials.untold(), *trials.secondary()]
    found += trials.hidden(found, case.diagnosis.condition_id)
    return _in_words(found, bank_of(language).kinds)


def _in_words(found: Iterable[Found], kinds: Mapping[str, Kind]) -> list[Claim]:
    """Each claim once; where the same words were found twice, the surer finding."""
    told: dict[tuple[int, str, str, str], Claim] = {}
    for claim in sorted(found, key=lambda claim: (-claim.weight, claim.line, claim.quote)):
        kind = kinds[claim.kind]
        gaps = _gaps(claim, kind)
        letters = "".join(filter(str.isalnum, claim.quote.lower()))
        told.setdefault(
            (claim.line, claim.kind, letters, gaps.get("study", "")),
            Claim(
                kind=claim.kind,
                line=claim.line,
                quote=claim.quote,
                why=kind.why.format(**gaps),
                mend=kind.mend.format(**gaps),
                sure=claim.weight == SURE,
            ),
        )
    return sorted(told.values(), key=lambda claim: (claim.line, claim.kind, claim.quote))


def _gaps(claim: Found, kind: Kind) -> dict[str, str]:
    if claim.study is None:
        return {}
    change = kind.texts.get(claim.change, "").format(gone=claim.gone, new=claim.new)
    return {
        "study": named(claim.study),
        "sentence": claim.study.fair_sentence,
        "change": change,
    }
