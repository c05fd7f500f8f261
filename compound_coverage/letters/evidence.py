"""Which studies a letter prints: those selected, and those that may not be left out beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compound_coverage.language import say
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
    """The selected studies of the medication's ingredients plus all that belong beside them.

    A negative low-dose trial of the condition can't be left out, nor can what
    ``belongs_beside`` a selected study. Where nobody selected any study, every finished low-dose
    one of the condition is taken. ``holding`` are the situations that hold; the conditions they
    name count as the case's own.
    """
    selected, warnings = _selected(case, medication, studies)
    finished = [
        study
        for study in studies
        if study.direction != "pending" and _same_ingredient(study, medication)
    ]
    conditions = {name for situation in holding for name in situation.conditions}
    if case.diagnosis.condition_id:
        conditions.add(case.diagnosis.condition_id)
    of_condition = [s for s in finished if s.low_dose and s.condition_id in conditions]
    if not case.evidence.studies:
        selected = of_condition
    added = [
        study
        for study in finished
        if study not in selected
        and (
            (study in of_condition and study.direction == "negative")
            or any(belongs_beside(study, other) for other in selected)
        )
    ]
    warnings += [_why_added(study) for study in added]
    warnings += _standard_dose_warnings(selected)
    printed = sorted([*selected, *added], key=lambda study: (study.year, study.study_id))
    return Evidence(
        low_dose=tuple(study for study in printed if study.low_dose),
        standard_dose=tuple(study for study in printed if not study.low_dose),
        warnings=tuple(warnings),
    )


def belongs_beside(study: Study, other: Study) -> bool:
    """May ``study`` not be left out of a letter that names ``other``, on the same condition?

    A negative trial may not; nor may a mixed one, such as one that missed its primary outcome,
    beside a trial that leans the other way. A standard-dose study says nothing of a low dose, so
    it belongs only beside its like.
    """
    if study.condition_id != other.condition_id or study.study_id == other.study_id:
        return False
    if other.low_dose and not study.low_dose:
        return False
    leans = other.direction in ("supports", "preliminary", "mixed")
    return study.direction == "negative" or (study.direction == "mixed" and leans)


def named(study: Study) -> str:
    """How a person calls a study: its first author or group, and the year."""
    return f"{study.authors.split(',')[0]} {study.year}"


def _selected(
    case: CaseFile, medication: Medication, studies: Sequence[Study]
) -> tuple[list[Study], list[str]]:
    by_id = {study.study_id: study for study in studies}
    selected, warnings = [], []
    for study_id in dict.fromkeys(case.evidence.studies):
        study = by_id.get(study_id)
        if study is None:
            warnings.append(
                say("There is no study '{study}'; it was left out. Check its id.", study=study_id)
            )
        elif not _same_ingredient(study, medication):
            warnings.append(
                say(
                    "{study} is about another ingredient than this medication's; it was left out.",
                    study=_called(study),
                )
            )
        else:
            selected.append(study)
            warnings += _other_condition(study, case)
    return selected, warnings


def _why_added(study: Study) -> str:
    if study.direction == "negative":
        return say(
            "{study} found no benefit and belongs to the same condition; it was added, "
            "because a letter must not leave out a negative trial.",
            study=_called(study),
        )
    return say(
        "{study} is of the same condition and less favorable than what was chosen; it "
        "was added, because a letter must not show only the favorable trials.",
        study=_called(study),
    )


def _other_condition(study: Study, case: CaseFile) -> list[str]:
    condition = case.diagnosis.condition_id
    if condition is None or condition == study.condition_id:
        return []
    return [
        say(
            "{study} is about {other}, not about {condition}; say why it bears on this patient, "
            "or take it out.",
            study=_called(study),
            other=study.condition_id.replace("-", " "),
            condition=condition.replace("-", " "),
        )
    ]


def _standard_dose_warnings(selected: Sequence[Study]) -> list[str]:
    return [
        say(
            "{study} used the standard dose; the letter says that it is no evidence for a low "
            "dose.",
            study=_called(study),
        )
        for study in selected
        if not study.low_dose
    ]


def _same_ingredient(study: Study, medication: Medication) -> bool:
    ingredients = {ingredient.ingredient_id for ingredient in medication.ingredients}
    return study.ingredient_id in ingredients


def _called(study: Study) -> str:
    return say("The study {name} ({id})", name=named(study), id=study.study_id)
