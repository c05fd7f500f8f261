"""What changed between two releases of a published drug list, and which answers move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.engine import determine, with_source
from compound_coverage.determination.published import as_plan, formulary_facts
from compound_coverage.formulary.lookup import DrugFacts, Formularies, Release
from compound_coverage.vocabulary import (
    Case,
    Ingredient,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Verdict,
)

WATCHED = (
    "tier",
    "prior_authorization",
    "step_therapy",
    "quantity_limit",
    "quantity_amount",
    "quantity_days",
)


def release_pairs(connection: Connection) -> list[tuple[Release, Release]]:
    """(older, newer) of each series that has two releases."""
    history = Formularies(connection).history()
    pairs = []
    for _, same in groupby(history, key=lambda release: release.series):
        newest_first = list(same)
        if len(newest_first) > 1:
            pairs.append((newest_first[1], newest_first[0]))
    return pairs


def compare_releases(
    connection: Connection, older: Release, newer: Release, dataset: Dataset, on: date
) -> dict[str, Any]:
    """Plans gained and lost, list rows gained, lost and changed, and answers that move.

    Only the approved products of the dataset's ingredients are compared: those are what a
    compounding pharmacy would start from.
    """
    before, after = Formularies(connection, [older]), Formularies(connection, [newer])
    plans = {plan.plan_key: plan for plan in (*before.plans(), *after.plans())}
    old_keys = {plan.plan_key for plan in before.plans()}
    new_keys = {plan.plan_key for plan in after.plans()}
    changes = []
    for plan_key in sorted(old_keys & new_keys):
        for ingredient in _looked_up(dataset):
            rxcui = ingredient.approved_product_rxcui
            change = _change(before.drug(plan_key, rxcui), after.drug(plan_key, rxcui))
            if change:
                changes.append({"plan_id": plan_key, "rxcui": rxcui} | change)
    touched = sorted({change["plan_id"] for change in changes})
    return {
        "series": newer.series,
        "from": older.label,
        "to": newer.label,
        "plans_gained": sorted(new_keys - old_keys),
        "plans_lost": sorted(old_keys - new_keys),
        "changes": changes,
        "determinations": [
            moved
            for plan_key in touched
            if plans[plan_key].line_of_business in set(LineOfBusiness)
            for moved in _moved(plan_key, before, after, dataset, on)
        ],
    }


def _looked_up(dataset: Dataset) -> list[Ingredient]:
    return [i for i in dataset.ingredients.values() if i.approved_product_rxcui]


def _change(old: DrugFacts | None, new: DrugFacts | None) -> dict[str, Any]:
    if old is None or new is None or not (old.on_list or new.on_list):
        return {}
    if old.on_list != new.on_list:
        return {"kind": _kind(old, new), "before": {}, "after": {}}
    differing = [name for name in WATCHED if getattr(old, name) != getattr(new, name)]
    if not differing:
        return {}
    return {
        "kind": "changed",
        "before": {name: getattr(old, name) for name in differing},
        "after": {name: getattr(new, name) for name in differing},
    }


def _kind(old: DrugFacts, new: DrugFacts) -> str:
    if new.on_list is None:
        return "list_missing"
    if old.on_list is None:
        return "list_back"
    return "gained" if new.on_list else "lost"


def _moved(
    plan_key: str, before: Formularies, after: Formularies, dataset: Dataset, on: date
) -> Iterator[dict[str, str]]:
    for medication in dataset.medications.values():
        was, now = (
            _verdict(formularies, plan_key, medication, dataset, on)
            for formularies in (before, after)
        )
        if was != now:
            yield {
                "plan_id": plan_key,
                "medication_id": medication.medication_id,
                "source": IngredientSource.APPROVED_PRODUCT.value,
                "verdict_before": was.value,
                "verdict_after": now.value,
            }


def _verdict(
    formularies: Formularies, plan_key: str, medication: Medication, dataset: Dataset, on: date
) -> Verdict:
    imported = formularies.plan(plan_key)
    assert imported is not None
    plan = as_plan(imported, formularies.areas_of(plan_key))
    facts = tuple(formulary_facts(formularies, plan, medication))
    case = Case(plan=plan, medication=medication, on=on, formulary=facts)
    return determine(with_source(case, IngredientSource.APPROVED_PRODUCT), dataset).verdict
