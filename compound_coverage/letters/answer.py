"""What the plan's published rule asks, and how the case meets it, point by point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.gaps import Gap
from compound_coverage.letters.templates import Words
from compound_coverage.vocabulary import (
    Citation,
    Determination,
    Effect,
    Fact,
    Medication,
    MetCondition,
    Reason,
    Rule,
)

Teller = Callable[[CaseFile, Medication, Words], str | None]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing the plan asks for, with this case's answer or the gap where it should be."""

    rule_id: str
    what: str
    citation: Citation
    answer: str | Gap


def decisive(determination: Determination) -> Reason | None:
    """The published rule that the determination turned on."""
    return next((reason for reason in determination.reasons if reason.decisive), None)


def points(
    determination: Determination, case: CaseFile, medication: Medication, words: Words
) -> list[Point]:
    """Each condition a published rule sets, with how this case meets it.

    Conditions that no rule of the determination states are advice to the patient, not the
    plan's words, and stay out of a letter to the plan.
    """
    found = []
    for condition in determination.conditions:
        rule = _rule_behind(condition, determination)
        if rule is not None:
            answer = _answer(rule, case, medication, words)
            found.append(Point(rule.rule_id, condition.what, condition.citation, answer))
    return found


def _rule_behind(condition: MetCondition, determination: Determination) -> Rule | None:
    for reason in determination.reasons:
        same_words = condition.what in (reason.rule.condition, reason.rule.summary)
        if same_words and condition.citation == reason.rule.citation:
            return reason.rule
    return None


def _answer(rule: Rule, case: CaseFile, medication: Medication, words: Words) -> str | Gap:
    typed = next((a.answer for a in case.answers if a.rule_id == rule.rule_id), None)
    if typed is not None:
        return typed
    if rule.effect == Effect.REQUIRES_PRIOR_AUTHORIZATION:
        return words.answers["prior_authorization"]
    facts = dict.fromkeys(test.fact for test in rule.tests)
    said = [_said(fact, case, medication, words) for fact in facts]
    known = [sentence for sentence in said if sentence is not None]
    if not known or len(known) < len(said):
        return Gap(words.answers["gap"], "prescriber")
    return " ".join(known)


def _said(fact: Fact, case: CaseFile, medication: Medication, words: Words) -> str | None:
    """What the case says of a fact, as a sentence; ``None`` where it says nothing."""
    tell = _TELLERS.get(fact)
    value = tell(case, medication, words) if tell else None
    if value is None:
        return None
    return words.answers[fact.value].format(value=value)


def _source(case: CaseFile, _: Medication, words: Words) -> str | None:
    actives = [part for part in case.ingredients if part.role == "active"]
    if not actives or any(part.source is None or part.name is None for part in actives):
        return None
    return "; ".join(f"{part.name}: {words.said['source'][str(part.source)]}" for part in actives)


def _diagnosis(case: CaseFile, _: Medication, __: Words) -> str | None:
    both = (case.diagnosis.words, case.diagnosis.icd10)
    return " ".join(part for part in both if part) if all(both) else None


def _compendium(case: CaseFile, _: Medication, words: Words) -> str | None:
    result, name = case.evidence.compendium, case.evidence.compendium_name
    return f"{name}: {words.said['compendium'][result]}" if result and name else None


def _age(case: CaseFile, _: Medication, __: Words) -> str | None:
    born, on = case.patient.date_of_birth, case.date
    if born is None or on is None:
        return None
    return str(on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


def _price(case: CaseFile, _: Medication, __: Words) -> str | None:
    price = case.pharmacy.price_per_month
    return None if price is None else f"${price:,.2f}"


def _not_sold(case: CaseFile, _: Medication, words: Words) -> str | None:
    sold = case.why_no_marketed_product.strength_not_sold
    return words.said["strength_not_sold"][sold] if sold else None


def _network(case: CaseFile, _: Medication, words: Words) -> str | None:
    answer = case.pharmacy.in_network
    return words.said["yes_no"][answer] if answer else None


def _public_fact(name: str) -> Teller:
    """Tells what public lists say of each active ingredient, if they say it of all."""

    def tell(_: CaseFile, medication: Medication, words: Words) -> str | None:
        known = {i.name: getattr(i, name) for i in medication.active_ingredients}
        if not known or None in known.values():
            return None
        answers = words.said["yes_no"]
        return "; ".join(f"{i}: {answers['yes' if yes else 'no']}" for i, yes in known.items())

    return tell


# A fact without an entry (a plan's own list, a rebate) is not the case's to answer.
_TELLERS: dict[Fact, Teller] = {
    Fact.INGREDIENT_SOURCE: _source,
    Fact.DIAGNOSIS: _diagnosis,
    Fact.INDICATION: _compendium,
    Fact.AGE: _age,
    Fact.MONTHLY_COST: _price,
    Fact.MARKETED_IN_STRENGTH_OR_FORM: _not_sold,
    Fact.PHARMACY_NETWORK: _network,
    Fact.PHARMACY_KIND: lambda case, _, __: case.pharmacy.kind,
    Fact.WITHDRAWN_FOR_SAFETY: _public_fact("withdrawn_for_safety"),
    Fact.APPROVED_INGREDIENT: _public_fact("approved"),
    Fact.PRESCRIPTION_INGREDIENT: _public_fact("prescription_only"),
    Fact.DOSAGE_FORM: lambda case, _, __: case.medication.form,
    Fact.ROUTE: lambda _, medication, __: medication.route or None,
    Fact.MEDICATION: lambda _, medication, __: medication.name,
    Fact.DAILY_AMOUNT: lambda case, _, __: case.medication.directions,
}
