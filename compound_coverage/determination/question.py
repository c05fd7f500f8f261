"""From what a person typed to a Case, with one clear sentence for whatever does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import check_state, medication_by_id
from compound_coverage.determination.diagnosis import check_diagnosis
from compound_coverage.determination.published import find_plan, formulary_facts
from compound_coverage.formulary.lookup import Formularies
from compound_coverage.formulary.ndc import to_ndc11
from compound_coverage.formulary.ndc_lookup import look_up_ndc
from compound_coverage.vocabulary import Case, Ingredient, IngredientSource, KnownNdc, Medication

SUPPORT = {"": None, "supported": True, "not_supported": False}


def make_case(
    dataset: Dataset,
    plan_id: str,
    medication_id: str,
    *,
    on: date,
    source: str = "",
    ndcs: Sequence[str] = (),
    diagnosis: str = "",
    compendium: str = "",
    literature: str = "",
    monthly_cost: float | None = None,
    age: float | None = None,
    state: str = "",
    pharmacy_network: str = "",
    pharmacy_credentialed: bool | None = None,
    formularies: Formularies | None = None,
) -> Case:
    """A case from ids and plain values; empty and None mean not known.

    ``formularies`` brings in imported plans and what their drug lists say.

    Raises ValueError with one sentence that names what does not fit and the mend: an unknown
    id, an NDC that is not one or that contradicts ``source``, a diagnosis that is no billable
    code, a negative cost or age, a state that is none.
    """
    plan = find_plan(dataset, formularies, plan_id)
    medication = medication_by_id(dataset, medication_id)
    _check_number("monthly cost", monthly_cost, "dollars", 1_000_000)
    _check_number("age", age, "years", 130)
    return Case(
        plan=plan,
        medication=medication,
        on=on,
        sources=_sources(dataset, medication, source, ndcs, formularies),
        diagnosis=_diagnosis(dataset, diagnosis.strip()),
        compendium=SUPPORT[compendium],
        literature=SUPPORT[literature],
        monthly_cost=monthly_cost,
        age=age,
        state=check_state(state),
        pharmacy_network=pharmacy_network,
        pharmacy_credentialed=pharmacy_credentialed,
        formulary=tuple(formulary_facts(formularies, plan, medication)) if formularies else (),
    )


def _diagnosis(dataset: Dataset, code: str) -> str:
    # the codes of our own conditions are checked in the tests; the whole list takes seconds to read
    own = any(code in condition.icd10_codes for condition in dataset.conditions.values())
    return code if own or not code else check_diagnosis(code)


def parse_day(text: str) -> date:
    """A date written YYYY-MM-DD. Raises ValueError with one sentence otherwise."""
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"'{text[:20]}' is not a date on the calendar; write it as YYYY-MM-DD."
        ) from None


def find_ndc(dataset: Dataset, ndc11: str) -> KnownNdc | None:
    """What the dataset knows of an NDC, looked up whole and then by labeler and product."""
    return dataset.ndcs.get(ndc11) or dataset.ndcs.get(ndc11[:9])


def _check_number(what: str, value: float | None, unit: str, most: float) -> None:
    if value is not None and not 0 <= value <= most:
        raise ValueError(f"The {what} must be a number of {unit} from 0 to {most:,.0f}.")


def _sources(
    dataset: Dataset,
    medication: Medication,
    source: str,
    ndcs: Sequence[str],
    formularies: Formularies | None,
) -> tuple[tuple[str, IngredientSource], ...]:
    said = IngredientSource(source) if source else None
    actives = medication.active_ingredients
    found = {ingredient.ingredient_id: said for ingredient in actives} if said else {}
    for text in ndcs:
        ndc11 = to_ndc11(text)
        kind, ids = _curated_ndc(dataset, ndc11) or _listed_ndc(formularies, ndc11, actives)
        if kind not in set(IngredientSource):
            continue  # an NDC we know nothing of leaves the source open
        listed = IngredientSource(kind)
        for ingredient_id in ids & {ingredient.ingredient_id for ingredient in actives}:
            if said and listed != said:
                raise ValueError(
                    f"NDC {text} is listed as {_words(listed)}, but the source given is "
                    f"{_words(said)}. Check the code with the pharmacy."
                )
            found[ingredient_id] = listed
    return tuple(sorted(found.items()))


def _curated_ndc(dataset: Dataset, ndc11: str) -> tuple[str, set[str]] | None:
    known = find_ndc(dataset, ndc11)
    return (known.kind, {known.ingredient_id}) if known else None


def _listed_ndc(
    formularies: Formularies | None, ndc11: str, actives: Sequence[Ingredient]
) -> tuple[str, set[str]]:
    """Kind, and which active ingredients the imported FDA directory lists under this code."""
    if formularies is None:
        return "", set()
    answer = look_up_ndc(formularies.connection.engine, ndc11)
    listed = f"{answer.substances} {answer.name}".casefold()
    return answer.kind, {i.ingredient_id for i in actives if i.name.casefold() in listed}


def _words(source: IngredientSource) -> str:
    return {
        IngredientSource.APPROVED_PRODUCT: "an FDA-approved product",
        IngredientSource.BULK_POWDER: "bulk powder",
    }[source]
