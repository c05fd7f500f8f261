"""What a plan's published drug list says, as reasons of their own.

A compound is never on a formulary: lists hold marketed products. So a listed tablet says
something of the tablet, and a missing one says nothing of the compound.
"""

from __future__ import annotations

from collections.abc import Iterator

from compound_coverage.determination.facts import source_of
from compound_coverage.language import Said, say, to_say
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
    """A statement for each ingredient looked up, and what the list asks for the product.

    Their words are in the language spoken just now.
    """
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
        text = say(
            "For {product} itself the plan must say yes first (prior authorization).",
            product=product,
        )
        yield _rule(case, fact, "prior-authorization", Effect.REQUIRES, text)
    if fact.step_therapy:
        text = say(
            "Before {product} itself the plan wants other drugs tried first (step therapy).",
            product=product,
        )
        yield _rule(case, fact, "step-therapy", Effect.REQUIRES, text)
    if fact.indications:
        uses = "; ".join(use.capitalize() for use in fact.indications)
        text = say(
            "The plan lists {product} only for some uses: {uses}.", product=product, uses=uses
        )
        yield _rule(case, fact, "indications", Effect.REQUIRES, text)


def _statement(fact: FormularyFact) -> str:
    if not fact.on_list:
        return say(
            "We did not find {product} on this plan's drug list. That proves nothing "
            "about the mix: drug lists hold only drugs that are sold ready-made.",
            product=fact.product,
        )
    held = (
        say("The plan's drug list holds {product} as an extra benefit.", product=fact.product)
        if fact.supplement
        else say("The plan's drug list holds {product}.", product=fact.product)
    )
    parts = [held, say("Its tier is {tier}.", tier=fact.tier)]
    parts.append(say(_NEEDS_APPROVAL[fact.prior_authorization]))
    parts.append(say(_NEEDS_STEPS[fact.step_therapy]))
    if fact.quantity_limit:
        parts.append(say("Quantity limit: {limit}.", limit=fact.quantity_limit))
    parts += [
        say("Cost of {product} itself: {share}.", product=fact.product, share=share)
        for share in fact.cost_sharing[:2]
    ]
    parts.append(say("This is about that drug, not about the mix made from it."))
    return " ".join(parts)


_NEEDS_APPROVAL = {
    True: to_say("It needs prior authorization."),
    False: to_say("It needs no prior authorization."),
    None: to_say("The list does not say if it needs prior authorization."),
}
_NEEDS_STEPS = {
    True: to_say("It needs step therapy."),
    False: to_say("It needs no step therapy."),
    None: to_say("The list does not say if it needs step therapy."),
}


def _rule(case: Case, fact: FormularyFact, what: str, effect: Effect, text: str) -> Rule:
    return Rule(
        rule_id=f"formulary-{fact.ingredient_id}-{what}",
        level=Level.FORMULARY,
        lines_of_business=frozenset({case.plan.line_of_business}),
        effect=effect,
        binding=False,
        basis=Basis.STATED,
        summary=Said(text),
        citation=fact.citation,
        condition="" if effect == Effect.INFORMS else Said(text),
    )
