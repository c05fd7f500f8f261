"""Which studies a letter prints: those selected, and every negative trial beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.templates import Situation
from compound_coverage.vocabulary import Medication, Study


@dataclass(frozen=True, slots=True)
class Evidence:
    """The studies of a letter, oldest first, and what the person should know of the choice."""

    low_dose: tuple[Study, ...]
    standard_dose: tuple[Study, ...]
    warnings: tuple[str, ...]


def gather(
    case: CaseFile, medication: Medication, studies: Sequence[Study], holding: Sequence[Situation]
) -> Evidence:
    """The selected studies of the medication's ingredients plus all negative low-dose ones.

    A negative trial of the same condition can't be left out. Where nobody selected any study,
    every finished low-dose one of the condition is taken. ``holding`` are the situations that
    hold; the conditions they name count as the case's own.
    """
    by_id = {study.study_id: study for study in studies}
    selected, warnings = _selected(case, medication, by_id)
    conditions = {study.condition_id for study in selected if study.low_dose}
    conditions |= {name for situation in holding for name in situation.conditions}
    if case.diagnosis.condition_id:
        conditions.add(case.diagnosis.condition_id)
    of_condition = [
        study
        for study in studies
        if study.low_dose
        and study.direction != "pending"
        and study.condition_id in conditions
        and _same_ingredient(study, medication)
    ]
    if not case.evidence.studies:
        selected = of_condition
    added = [
        study for study in of_condition if study.direction == "negative" and study not in selected
    ]
    warnings += [
        f"{_named(study)} found no benefit and belongs to the same condition; it was added, "
        "because a letter must not leave out a negative trial."
        for study in added
    ]
    warnings += _standard_dose_warnings(selected)
    printed = sorted([*selected, *added], key=lambda study: (study.year, study.study_id))
    return Evidence(
        low_dose=tuple(study for study in printed if study.low_dose),
        standard_dose=tuple(study for study in printed if not study.low_dose),
        warnings=tuple(warnings),
    )


def _selected(
    case: CaseFile, medication: Medication, by_id: dict[str, Study]
) -> tuple[list[Study], list[str]]:
    selected, warnings = [], []
    for study_id in dict.fromkeys(case.evidence.studies):
        study = by_id.get(study_id)
        if study is None:
            warnings.append(f"There is no study '{study_id}'; it was left out. Check its id.")
        elif not _same_ingredient(study, medication):
            warnings.append(
                f"{_named(study)} is about another ingredient than this medication's; "
                "it was left out."
            )
        else:
            selected.append(study)
            warnings += _other_condition(study, case)
    return selected, warnings


def _other_condition(study: Study, case: CaseFile) -> list[str]:
    condition = case.diagnosis.condition_id
    if condition is None or condition == study.condition_id:
        return []
    return [
        f"{_named(study)} is about {study.condition_id.replace('-', ' ')}, not about "
        f"{condition.replace('-', ' ')}; say why it bears on this patient, or take it out."
    ]


def _standard_dose_warnings(selected: Sequence[Study]) -> list[str]:
    return [
        f"{_named(study)} used the standard dose; the letter says that it is no evidence for a "
        "low dose."
        for study in selected
        if not study.low_dose
    ]


def _same_ingredient(study: Study, medication: Medication) -> bool:
    ingredients = {ingredient.ingredient_id for ingredient in medication.ingredients}
    return study.ingredient_id in ingredients


def _named(study: Study) -> str:
    return f"The study {study.authors.split(',')[0]} {study.year} ({study.study_id})"
