"""Brings imported formularies to the engine: their plans, and their facts about a case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import (
    STATES,
    NotFound,
    WordIndex,
    not_found,
    plan_by_id,
)
from compound_coverage.determination.engine import determine, with_source
from compound_coverage.determination.formulary_reasons import CATALOG
from compound_coverage.formulary.lookup import DrugFacts, Formularies, ImportedPlan, Share
from compound_coverage.vocabulary import (
    Case,
    Citation,
    Determination,
    FormularyFact,
    Grade,
    Ingredient,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Plan,
)

_MEDICARE_ID = re.compile(r"[a-z]\d{4}-\d{3}-\d{3}")
_STATE_CODES = {name.casefold(): code for code, name in STATES.items()} | {"washington d.c.": "DC"}


def find_plan(dataset: Dataset, formularies: Formularies | None, plan_id: str) -> Plan:
    """The plan with this id: curated, imported, or the stand-in for one not listed.

    Raises NotFound, naming the nearest ids.
    """
    try:
        return plan_by_id(dataset, plan_id)
    except NotFound:
        imported = formularies.plan(plan_id) if formularies else None
        if imported is None or formularies is None:
            raise
        places = formularies.areas_of(imported.plan_key)
        return as_plan(imported, places)


def as_plan(imported: ImportedPlan, places: set[str]) -> Plan:
    """An imported plan as the engine knows plans. ``places`` are names as published."""
    return Plan(
        plan_id=imported.plan_key,
        name=imported.name,
        payer_id="",
        payer=imported.payer,
        line_of_business=LineOfBusiness(imported.line_of_business),
        states=state_codes(places),
        identifiers=(("plan", imported.plan_key),),
        note=f"From the drug list published as {imported.release.label}.",
    )


def state_codes(places: set[str]) -> tuple[str, ...]:
    """The states among names and codes of places, as two letters."""
    found = {_STATE_CODES.get(place.casefold(), place) for place in places}
    return tuple(sorted(found & STATES.keys()))


class PlanIndex:
    """All plans a person can pick, curated and imported, to be searched by name and place."""

    def __init__(self, dataset: Dataset, formularies: Formularies | None = None) -> None:
        self._plans: dict[str, Plan] = dict(dataset.plans)
        names: dict[str, tuple[str, ...]] = {
            plan.plan_id: (plan.name, plan.payer, *plan.other_names)
            for plan in dataset.plans.values()
        }
        areas = formularies.areas() if formularies else {}
        for imported in formularies.plans() if formularies else ():
            if imported.line_of_business not in set(LineOfBusiness):
                continue
            places = areas.get(imported.plan_key, set())
            plan = as_plan(imported, places)
            self._plans[plan.plan_id] = plan
            named = " ".join(STATES.get(place, place) for place in sorted(places))
            names[plan.plan_id] = (f"{plan.name} {plan.payer} {plan.plan_id} {named}",)
        self._index = WordIndex(names)
        self._by_name = sorted(self._plans, key=lambda key: (self._plans[key].name, key))
        self._called: dict[str, list[str]] = {}
        for plan in self._plans.values():
            for called in _ids_of(plan):
                self._called.setdefault(called, []).append(plan.plan_id)

    @property
    def plans(self) -> Mapping[str, Plan]:
        return self._plans

    def find(self, text: str = "", *, state: str = "", limit: int | None = None) -> list[Plan]:
        """Plans that match, best first. Empty text lists all by name."""
        wanted = text.strip().casefold()
        found_by_text = self._index.best if wanted else lambda _: self._by_name
        keys = self._called.get(wanted) or found_by_text(text)
        plans = (self._plans[key] for key in keys)
        found = [plan for plan in plans if not state or not plan.states or state in plan.states]
        return found[:limit]

    def wrong_id(self, plan_id: str) -> NotFound:
        """The error for an id that is not there."""
        return NotFound(not_found("plan", plan_id, self._plans))


def _ids_of(plan: Plan) -> set[str]:
    """What a plan may be asked for by: its ids, and a Medicare id without its segment."""
    ids = {plan.plan_id.casefold(), *(value.casefold() for _, value in plan.identifiers)}
    return ids | {one.rpartition("-")[0] for one in ids if _MEDICARE_ID.fullmatch(one)}


def formulary_facts(
    formularies: Formularies, plan: Plan, medication: Medication
) -> Iterator[FormularyFact]:
    """What the plan's imported list says of each active ingredient's approved product."""
    for ingredient in medication.active_ingredients:
        if ingredient.approved_product_rxcui:
            found = formularies.drug(plan.plan_id, ingredient.approved_product_rxcui)
            if found and found.on_list is not None:
                yield _fact(ingredient, found)


def sweep(
    dataset: Dataset,
    formularies: Formularies,
    medication: Medication,
    source: IngredientSource,
    on: date,
) -> Iterator[Determination]:
    """One full determination for every imported plan, in the order of their ids."""
    areas = formularies.areas()
    looked_up = {
        ingredient: formularies.drug_on_every_plan(ingredient.approved_product_rxcui)
        for ingredient in medication.active_ingredients
        if ingredient.approved_product_rxcui
    }
    for imported in formularies.plans():
        if imported.line_of_business not in set(LineOfBusiness):
            continue
        facts = tuple(
            _fact(ingredient, found[imported.plan_key]) for ingredient, found in looked_up.items()
        )
        plan = as_plan(imported, areas.get(imported.plan_key, set()))
        case = Case(plan=plan, medication=medication, on=on, formulary=facts)
        yield determine(with_source(case, source), dataset)


def _fact(ingredient: Ingredient, found: DrugFacts) -> FormularyFact:
    release = found.plan.release
    title, url = CATALOG[release.source]
    limit = ""
    if found.quantity_limit:
        amount, days = found.quantity_amount, found.quantity_days
        limit = f"{amount} in {days} days" if amount and days else "yes, amount not published"
    return FormularyFact(
        ingredient_id=ingredient.ingredient_id,
        product=ingredient.approved_product or ingredient.name,
        rxcui=found.rxcui,
        on_list=bool(found.on_list),
        supplement=found.supplement,
        tier=found.tier,
        prior_authorization=found.prior_authorization,
        step_therapy=found.step_therapy,
        quantity_limit=limit,
        indications=found.indications,
        cost_sharing=tuple(map(_share_words, found.cost_sharing)),
        citation=Citation(
            title=f"{title}, release {release.label}",
            section=f"{found.plan.plan_key}, RxCUI {found.rxcui}",
            url=url,
            grade=Grade.A,
            last_checked=release.imported_at[:10],
            document_date="",
        ),
    )


def _share_words(share: Share) -> str:
    amounts = []
    if share.dollars is not None:
        amounts.append(f"${share.dollars:,.2f}")
    if share.fraction is not None:
        amounts.append(f"{share.fraction:.0%} of the price")
    days = f" for {share.days} days" if share.days else ""
    note = f" ({share.note})" if share.note else ""
    return f"{' or '.join(amounts) or 'not published'}{days}, {share.where}{note}"
