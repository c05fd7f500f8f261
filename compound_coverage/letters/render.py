"""A case and its determination in; a draft letter, and its Word and PDF files, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compound_coverage.letters.answer import decisive, points
from compound_coverage.letters.casefile import CaseFile, IngredientPart
from compound_coverage.letters.claims import Claim, lint
from compound_coverage.letters.completeness import (
    Missing,
    holding_situations,
    missing_facts,
    situation_names,
    stage_of,
    warnings_about,
)
from compound_coverage.letters.deadlines import Due, deadline_line, dues
from compound_coverage.letters.documents import DocumentError, to_docx, to_pdf, write
from compound_coverage.letters.evidence import Evidence, gather
from compound_coverage.letters.gaps import Facts, gap_at, is_unknown
from compound_coverage.letters.markdown import render
from compound_coverage.letters.product import arithmetic, label_facts
from compound_coverage.letters.templates import (
    LetterType,
    UnknownLetterError,
    law_behind,
    letter_type_named,
    letter_types,
    words_of,
)
from compound_coverage.vocabulary import Basis, Determination, Medication, Study

__all__ = [
    "DocumentError",
    "Draft",
    "LetterType",
    "Missing",
    "UnknownLetterError",
    "draft",
    "letter_types",
    "to_docx",
    "to_pdf",
    "write",
]


@dataclass(frozen=True, slots=True)
class ClaimBasis:
    """What an edited letter is held against: the case, its evidence, and words that are others'."""

    case: CaseFile
    medication: Medication
    evidence: Evidence
    quoted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter before a prescriber has seen it. ``mark`` belongs on every page of it."""

    letter_type: str
    language: str
    title: str
    mark: str
    markdown: str
    missing: tuple[Missing, ...]
    warnings: tuple[str, ...]
    deadline: str
    dues: tuple[Due, ...]
    basis: ClaimBasis = field(repr=False)

    def claims(self, text: str) -> list[Claim]:
        """What the letter's ``text``, as edited, says that a letter of this case may not say."""
        basis = self.basis
        return lint(text, self.language, basis.evidence, basis.case, basis.medication, basis.quoted)

    @property
    def complete(self) -> bool:
        """Does the letter hold every fact it needs?"""
        return not self.missing


def draft(
    case_file: CaseFile,
    determination: Determination,
    medication: Medication,
    studies: Sequence[Study],
    letter_type: str,
    language: str = "en",
) -> Draft:
    """The letter for this case, its gaps visible, with what is missing and who can supply it.

    Raises UnknownLetterError for a type or language that does not exist, and ValueError if the
    determination or the medication belongs to another case.
    """
    _check_same_case(case_file, determination, medication)
    letter = letter_type_named(letter_type, language)
    words = words_of(language)
    case = _with_ingredients(case_file, medication)
    holding = holding_situations(case, medication)
    situation = situation_names(letter, case, determination.case.plan, holding)
    evidence = gather(case, medication, studies, holding)
    plan_points = points(determination, case, medication, words) if letter.answers_rule else []
    needs = {need.field: need for need in letter.needs}
    plan = determination.case.plan
    stages = letter.clock_stages(stage_of(letter, case))
    deadline = deadline_line(determination.clocks, stages, language)
    # a law nobody has confirmed is a lead, and not for a letter
    confirmed = [rule for rule in determination.clocks if rule.basis != Basis.UNVERIFIED]
    facts: dict[str, Any] = {
        "letter": letter,
        "case": Facts(case, needs),
        "gap": lambda field: gap_at(field, needs),
        "reasons_given": not is_unknown(case.why_no_marketed_product),
        "plan": plan,
        "payer": plan.payer or case.plan.plan_name or gap_at("plan.plan_name", needs),
        "law": law_behind(confirmed, stages),
        "deadline": deadline,
        "medication": medication,
        "situation": situation,
        "evidence": evidence,
        "rule": decisive(determination),
        "verdict": determination.verdict.value,
        "points": plan_points,
        "labels": label_facts(medication, case, words),
        "arithmetic": arithmetic(medication, case),
    }
    return Draft(
        letter_type=letter_type,
        language=language,
        title=letter.title,
        mark=letter.mark,
        markdown=render(letter, facts),
        missing=tuple(missing_facts(letter.needs, case, situation, plan_points, words)),
        warnings=(
            *warnings_about(case_file, determination, medication, situation),
            *evidence.warnings,
        ),
        deadline=deadline,
        dues=tuple(dues(case, determination.clocks, stages, determination.case.on, language)),
        basis=ClaimBasis(case, medication, evidence, _words_of_others(determination)),
    )


def _words_of_others(determination: Determination) -> tuple[str, ...]:
    """The plan's rules, which a letter may quote without making their claims its own."""
    told = [
        (rule.summary, rule.condition, rule.citation.title, rule.citation.section)
        for rule in (reason.rule for reason in determination.reasons)
    ]
    return tuple(text for texts in told for text in texts if text)


def _check_same_case(case: CaseFile, determination: Determination, medication: Medication) -> None:
    asked = determination.case
    pairs = (
        ("plan", case.plan.plan_id, asked.plan.plan_id),
        ("medication", case.medication.medication_id, asked.medication.medication_id),
        ("medication", case.medication.medication_id, medication.medication_id),
    )
    for what, typed, answered in pairs:
        if typed != answered:
            raise ValueError(
                f"The case file's {what} is '{typed}', but the answer is about '{answered}'; "
                "check the coverage of this case again."
            )


def _with_ingredients(case: CaseFile, medication: Medication) -> CaseFile:
    """The case with a row for each active ingredient where nobody typed any ingredient."""
    if case.ingredients:
        return case
    rows = tuple(IngredientPart(name=i.name) for i in medication.active_ingredients)
    return case.model_copy(update={"ingredients": rows})
