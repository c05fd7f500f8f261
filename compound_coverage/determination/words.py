"""Plain sentences a determination speaks in. No payer's name, no coverage fact of its own."""

from __future__ import annotations

from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Determination,
    Fact,
    IngredientSource,
    Medication,
    Test,
    Unknown,
    Verdict,
)

CONFIRM_OUR_READING = to_say(
    "This is how we read the rule; it does not say so in plain words. Ask the plan to confirm it."
)

_QUESTIONS: dict[Fact, tuple[str, str]] = {
    Fact.INGREDIENT_SOURCE: (
        to_say("Is it made from an FDA-approved product, or from bulk powder?"),
        "pharmacy",
    ),
    Fact.ON_LIST: (to_say("Is the active ingredient on the plan's ingredient list?"), "plan"),
    Fact.ON_FORMULARY: (to_say("Is {product} on the plan's drug list?"), "plan"),
    Fact.HAS_REBATE: (
        to_say("Which product code (NDC) will you use, and is it on the Medicaid rebate list?"),
        "pharmacy",
    ),
    Fact.WITHDRAWN_FOR_SAFETY: (
        to_say("Was any ingredient taken off the market because it was unsafe?"),
        "pharmacy",
    ),
    Fact.APPROVED_INGREDIENT: (
        to_say("Is each active ingredient in an FDA-approved drug?"),
        "pharmacy",
    ),
    Fact.PRESCRIPTION_INGREDIENT: (to_say("Does any ingredient need a prescription?"), "pharmacy"),
    Fact.MONTHLY_COST: (to_say("What does one month cost?"), "pharmacy"),
    Fact.AGE: (to_say("How old is the patient?"), "prescriber"),
    Fact.DIAGNOSIS: (to_say("What is the exact diagnosis?"), "prescriber"),
    Fact.INDICATION: (
        to_say(
            "Does a drug reference book (a compendium, such as AHFS or DRUGDEX) support this use?"
        ),
        "pharmacy",
    ),
    Fact.USE_CATEGORY: (to_say("What is it used for?"), "prescriber"),
    Fact.MARKETED_IN_STRENGTH_OR_FORM: (
        to_say("Is it sold ready-made in this strength or form?"),
        "pharmacy",
    ),
    Fact.DAILY_AMOUNT: (
        to_say("What is the daily amount, and what does the label say?"),
        "prescriber",
    ),
    Fact.PHARMACY_NETWORK: (to_say("Is the pharmacy in the plan's network?"), "plan"),
    Fact.PHARMACY_KIND: (
        to_say("Is the pharmacy a state-licensed one (503A) or an outsourcing facility (503B)?"),
        "pharmacy",
    ),
    Fact.PHARMACY_CREDENTIALED: (
        to_say("Has the plan approved the pharmacy to make compounds?"),
        "pharmacy",
    ),
}


WHICH_STATE = to_say("Which state is the plan for?")
_LITERATURE = (
    to_say("Do published studies support this use, at this dose and route?"),
    "prescriber",
)


def questions_of(test: Test, case: Case) -> list[Unknown]:
    """The questions that would settle an open test, and who can answer each."""
    if test.fact != Fact.INDICATION:
        return [question_about(test.fact, case)]
    questions = []
    if "literature" in test.values and case.literature is None:
        text, ask = _LITERATURE
        questions.append(Unknown(say(text), ask))
    if "compendium" in test.values and case.compendium is None:
        questions.append(question_about(Fact.INDICATION, case))
    if "label" in test.values and not case.diagnosis:
        questions.append(question_about(Fact.DIAGNOSIS, case))
    return questions


def question_about(fact: Fact, case: Case) -> Unknown:
    """The question that would settle ``fact``, and who can answer it."""
    if fact not in _QUESTIONS:
        return Unknown(say("What is the {fact}?", fact=fact.value.replace("_", " ")), "plan")
    text, ask = _QUESTIONS[fact]
    return Unknown(say(text, product=products_of(case.medication)), ask)


def products_of(medication: Medication) -> str:
    """The approved products, or else the names, of the active ingredients, in one phrase."""
    products = [i.approved_product or say(i.name) for i in medication.active_ingredients]
    return say(" and ").join(products)


def plan_questions(verdict: Verdict, stale: bool) -> list[Unknown]:
    """What to ask the plan itself, given how little its published rules say."""
    questions = []
    if verdict == Verdict.UNKNOWN:
        questions.append(
            Unknown(
                say(
                    "Does my plan pay for compounded medicines? "
                    "Please read me the rule and the page."
                ),
                "plan",
            )
        )
    if stale:
        still = say("Is this still your rule? Please send me the newest one.")
        questions.append(Unknown(still, "plan"))
    return questions


def summary_of(answer: Determination) -> str:
    """One or two plain sentences for a patient."""
    first = say(_FIRST[answer.verdict])
    decisive = next((reason for reason in answer.reasons if reason.decisive), None)
    notes = []
    if decisive is not None and decisive.rule.basis == Basis.INFERRED:
        notes.append(say("This is how we read its rules."))
    elif decisive is not None and decisive.stale:
        notes.append(say("The rule we found is old, so check it."))
    elif _tablet_helps(answer):
        notes.append(say("That may change if it is made from an FDA-approved product."))
    return " ".join([first, *notes])


_FIRST: dict[Verdict, str] = {
    Verdict.COVERED: to_say("The published rules say this plan pays for it."),
    Verdict.CONDITIONAL: to_say("This plan may pay for it, but only if some things are met."),
    Verdict.EXCEPTION_ONLY: to_say(
        "This plan does not pay for it, but you can ask for an exception."
    ),
    Verdict.NOT_COVERED: to_say("This plan does not pay for it. You can still appeal."),
    Verdict.UNKNOWN: to_say(
        "We found no published rule that gives the answer. It is not a yes or a no."
    ),
}


def _tablet_helps(answer: Determination) -> bool:
    verdicts = dict(answer.by_source)
    return answer.verdict in (Verdict.NOT_COVERED, Verdict.EXCEPTION_ONLY) and verdicts[
        IngredientSource.APPROVED_PRODUCT
    ] in (Verdict.COVERED, Verdict.CONDITIONAL)
