"""A case and its determination in; a draft letter, and its Word and PDF files, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compound_coverage.letters.answer import decisive, points
from compound_coverage.letters.casefile import CaseFile, IngredientPart
from compound_coverage.letters.completeness import (
    Missing,
    holding_situations,
    missing_facts,
    situation_names,
    warnings_about,
)
from compound_coverage.letters.documents import DocumentError, to_docx, to_pdf, write
from compound_coverage.letters.evidence import gather
from compound_coverage.letters.gaps import Facts, gap_at, is_unknown
from compound_coverage.letters.markdown import render
from compound_coverage.letters.product import arithmetic, label_facts
from compound_coverage.letters.templates import (
    LetterType,
    UnknownLetterError,
    letter_type_named,
    letter_types,
    words_of,
)
from compound_coverage.vocabulary import Determination, Medication, Study

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
    holding = holding_situations(letter, case, medication)
    situation = situation_names(letter, case, determination.case.plan, holding)
    evidence = gather(case, medication, studies, holding)
    plan_points = points(determination, case, medication, words) if letter.answers_rule else []
    needs = {need.field: need for need in letter.needs}
    facts: dict[str, Any] = {
        "letter": letter,
        "case": Facts(case, needs),
        "gap": lambda field: gap_at(field, needs),
        "reasons_given": not is_unknown(case.why_no_marketed_product),
        "plan": determination.case.plan,
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
            *warnings_about(case_file, determination, medication, situation, words),
            *evidence.warnings,
        ),
        deadline=letter.deadline_for(case.request.stage or "initial", determination.clocks),
    )


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
