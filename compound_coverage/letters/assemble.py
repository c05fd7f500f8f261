"""From a case file and a dataset to a draft: checks coverage first, then writes the letter."""

from __future__ import annotations

from datetime import date

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import LINE_NAMES
from compound_coverage.determination.clocks import deadline_by_stage
from compound_coverage.determination.engine import determine
from compound_coverage.determination.question import make_case
from compound_coverage.formulary.lookup import Formularies
from compound_coverage.language import speaking
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.render import Draft, draft
from compound_coverage.letters.templates import law_behind, letter_types, words_of
from compound_coverage.vocabulary import Case, IngredientSource, LineOfBusiness


def draft_for(
    case_file: CaseFile,
    dataset: Dataset,
    letter_type: str,
    language: str,
    on: date,
    formularies: Formularies | None = None,
) -> Draft:
    """The draft letter for a case file, by the rules in force on ``on``.

    ``formularies`` brings in imported plans and their drug lists.

    Raises ValueError with one sentence for an unknown plan, medication or letter type, or for a
    product code that contradicts the source the file gives.
    """
    # a letter has a language of its own, whatever is spoken where it is made
    with speaking(language):
        answer = determine(case_of(case_file, dataset, on, formularies), dataset)
        case_file = _with_condition(case_file, dataset)
        medication = answer.case.medication
        return draft(case_file, answer, medication, dataset.studies, letter_type, language)


def letter_table(dataset: Dataset, language: str) -> list[dict[str, str]]:
    """Each letter type with its title, who signs it, and the law and deadline behind it.

    Law and deadline come from the dataset's own clocks, for each kind of insurance that has one.
    """
    table = []
    no_law = words_of(language).no_law
    for kind in letter_types(language):
        stages = {stage for named in kind.clocks.values() for stage in named}
        rules = [
            rule
            for rule in dataset.rules
            if any(clock.stage in stages for clock in rule.deadlines) and not rule.states
        ]
        told = {
            line: deadline_by_stage([r for r in rules if line in r.lines_of_business], stages)
            for line in LineOfBusiness
        }
        table.append(
            {
                "type": kind.letter_type,
                "title": kind.title,
                "kind": kind.kind,
                "signer": kind.signer,
                "use": kind.use,
                "law": law_behind(rules, stages) or no_law,
                "deadline": " ".join(
                    f"{LINE_NAMES[line]}: {text}" for line, text in told.items() if text
                )
                or no_law,
            }
        )
    return table


def case_of(
    case_file: CaseFile, dataset: Dataset, on: date, formularies: Formularies | None = None
) -> Case:
    """The question a case file puts to the engine."""
    sources = {part.source for part in case_file.ingredients if part.role == "active"}
    [source] = sources if len(sources) == 1 else [None]
    ndcs = [part.ndc for part in case_file.ingredients if part.role == "active" and part.ndc]
    return make_case(
        dataset,
        case_file.plan.plan_id,
        case_file.medication.medication_id,
        on=on,
        source=IngredientSource(source).value if source else "",
        ndcs=ndcs,
        diagnosis=case_file.diagnosis.icd10 or "",
        compendium=case_file.evidence.compendium or "",
        monthly_cost=case_file.pharmacy.price_per_month,
        age=_age(case_file.patient.date_of_birth, on),
        pharmacy_network={"yes": "in_network", "no": "out_of_network"}.get(
            case_file.pharmacy.in_network or "", ""
        ),
        formularies=formularies,
    )


def _with_condition(case_file: CaseFile, dataset: Dataset) -> CaseFile:
    """Names the condition where the diagnosis code says it, so that its trials are found.

    The code is what the letter prints: a condition that it contradicts is from an older diagnosis.
    """
    found = dataset.conditions_with(case_file.diagnosis.icd10 or "")
    if case_file.diagnosis.condition_id in found or len(found) != 1:
        return case_file
    diagnosis = case_file.diagnosis.model_copy(update={"condition_id": found.pop()})
    return case_file.model_copy(update={"diagnosis": diagnosis})


def _age(born: date | None, on: date) -> float | None:
    if born is None or born > on:
        return None
    return float(on.year - born.year - ((on.month, on.day) < (born.month, born.day)))
