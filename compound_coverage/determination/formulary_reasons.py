"""What a plan's published drug list says, as reasons of their own.

A compound is never on a formulary: lists hold marketed products. So a listed tablet says
something of the tablet, and a missing one says nothing of the compound.
"""

from __future__ import annotations

from collections.abc import Iterator

from compound_coverage.determination.facts import source_of
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Effect,
    FormularyFact,
    IngredientSource,
    Level,
    Rule,
)

CATALOG = {
    "part-d": ("Medicare Part D formulary files", "https://data.cms.gov/"),
    "marketplace": ("Marketplace machine-readable drug list of the issuer", ""),
    "fhir": ("Drug list in the HL7 Da Vinci format, from the payer", ""),
}


def formulary_rules(case: Case) -> Iterator[Rule]:
    """A statement for each ingredient looked up, and what the list asks for the product."""
    for fact in case.formulary:
        yield _rule(case, fact, "listed", Effect.INFORMS, _statement(fact))
        if _made_from_it(case, fact):
            yield from _asked(case, fact)


def _made_from_it(case: Case, fact: FormularyFact) -> bool:
    for ingredient in case.medication.active_ingredients:
        if ingredient.ingredient_id == fact.ingredient_id:
            return source_of(case, ingredient) != IngredientSource.BULK_POWDER
    return False


def _asked(case: Case, fact: FormularyFact) -> Iterator[Rule]:
    product = fact.product
    if fact.prior_authorization:
        text = f"For {product} itself the plan must say yes first (prior authorization)."
        yield _rule(case, fact, "prior-authorization", Effect.REQUIRES, text)
    if fact.step_therapy:
        text = f"Before {product} itself the plan wants other drugs tried first (step therapy)."
        yield _rule(case, fact, "step-therapy", Effect.REQUIRES, text)
    if fact.indications:
        uses = "; ".join(use.capitalize() for use in fact.indications)
        text = f"The plan lists {product} only for some uses: {uses}."
        yield _rule(case, fact, "indications", Effect.REQUIRES, text)


def _statement(fact: FormularyFact) -> str:
    if not fact.on_list:
        return (
            f"We did not find {fact.product} on this plan's drug list. That proves nothing "
            "about the mix: drug lists hold only drugs that are sold ready-made."
        )
    extra = " as an extra benefit" if fact.supplement else ""
    parts = [f"The plan's drug list holds {fact.product}{extra}. Its tier is {fact.tier}."]
    parts.append(_said("prior authorization", fact.prior_authorization))
    parts.append(_said("step therapy", fact.step_therapy))
    if fact.quantity_limit:
        parts.append(f"Quantity limit: {fact.quantity_limit}.")
    parts += [f"Cost of {fact.product} itself: {share}." for share in fact.cost_sharing[:2]]
    parts.append("This is about that drug, not about the mix made from it.")
    return " ".join(parts)


def _said(what: str, flag: bool | None) -> str:
    if flag is None:
        return f"The list does not say if it needs {what}."
    return f"It needs {what}." if flag else f"It needs no {what}."


def _rule(case: Case, fact: FormularyFact, what: str, effect: Effect, text: str) -> Rule:
    return Rule(
        rule_id=f"formulary-{fact.ingredient_id}-{what}",
        level=Level.FORMULARY,
        lines_of_business=frozenset({case.plan.line_of_business}),
        effect=effect,
        binding=False,
        basis=Basis.STATED,
        summary=text,
        citation=fact.citation,
        condition="" if effect == Effect.INFORMS else text,
    )
