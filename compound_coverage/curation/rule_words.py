"""A rule in the words of the trade: what the form offers, and what a test says as a sentence.

All of it is English here, and said where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compound_coverage.dataset import schema
from compound_coverage.dataset.tables import Tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import (
    INGREDIENT_FACTS,
    Basis,
    Comparison,
    Effect,
    Fact,
    Grade,
    Level,
    Quantifier,
)

EFFECTS: dict[Effect, str] = {
    Effect.COVERS: to_say("Pays for it"),
    Effect.COVERS_QUALIFYING_INGREDIENTS: to_say("Pays only for the ingredients that qualify"),
    Effect.REQUIRES_PRIOR_AUTHORIZATION: to_say("Needs prior authorization"),
    Effect.REQUIRES: to_say("Asks for something"),
    Effect.EXCLUDES_WITH_EXCEPTION: to_say("Does not pay, but has an exception route"),
    Effect.EXCLUDES: to_say("Does not pay"),
    Effect.LIMITS: to_say("Limits an amount"),
    Effect.OPENS_EXCEPTION: to_say("Opens an exception route"),
    Effect.SETS_DEADLINE: to_say("Sets a deadline"),
    Effect.INFORMS: to_say("Is only worth knowing"),
}
LEVELS: dict[Level, str] = {
    Level.PAYER: to_say("An insurer or other payer, for its plans"),
    Level.PLAN: to_say("One plan alone, such as an employer's booklet"),
    Level.PBM: to_say("A pharmacy benefit manager"),
    Level.PROGRAM: to_say("A public program, such as a state's Medicaid"),
    Level.LAW: to_say("A law or regulation"),
}
BASES: dict[Basis, str] = {
    Basis.STATED: to_say("The document says so in its own words"),
    Basis.INFERRED: to_say("It is how we read the document"),
    Basis.UNVERIFIED: to_say("It is not confirmed yet, so it decides nothing"),
}
GRADES: dict[Grade, str] = {
    Grade.A: to_say("The issuer's own page or paper"),
    Grade.B: to_say("A copy of the original text, somewhere else"),
    Grade.C: to_say("A summary by somebody else"),
}
PAYER_KINDS: dict[str, str] = {
    "insurer": to_say("Insurer"),
    "pbm": to_say("Pharmacy benefit manager"),
    "government_program": to_say("Public program"),
    "employer_plan": to_say("Employer with a plan of its own"),
}
LIMIT_KINDS: dict[str, str] = {
    "plan_pays_up_to": to_say("The plan pays up to"),
    "out_of_pocket_cap": to_say("You pay at most"),
    "tier": to_say("Tier"),
    "approval": to_say("How long an approval lasts"),
    "renewal": to_say("How long a renewal lasts"),
    "days_supply": to_say("Longest supply"),
    "emergency_supply": to_say("Emergency supply"),
}
LIMIT_UNITS: dict[str, str] = {
    "": to_say("no unit"),
    "usd": to_say("dollars"),
    "hours": to_say("hours"),
    "days": to_say("days"),
    "months": to_say("months"),
}
STAGES: dict[str, str] = {
    "prior_authorization": to_say("Prior authorization"),
    "coverage_determination": to_say("Coverage determination"),
    "exception_request": to_say("Request for an exception"),
    "step_therapy_exception": to_say("Exception from step therapy"),
    "initial_claim": to_say("First claim"),
    "internal_appeal": to_say("Appeal to the plan"),
    "second_internal_appeal": to_say("Second appeal to the plan"),
    "redetermination": to_say("Redetermination"),
    "reconsideration": to_say("Reconsideration"),
    "hearing": to_say("Hearing"),
    "council_review": to_say("Review by the council"),
    "court_review": to_say("Review by a court"),
    "external_review": to_say("Outside review"),
    "external_exception_review": to_say("Outside review of an exception"),
    "fair_hearing": to_say("State fair hearing"),
    "keep_benefits": to_say("Keeping benefits meanwhile"),
    "transition_fill": to_say("Transition fill"),
    "emergency_supply": to_say("Emergency supply"),
}
ACTORS: dict[str, str] = {
    "member": to_say("The member's clock"),
    "plan": to_say("The plan's clock"),
    "reviewer": to_say("An outside reviewer's, hearing officer's or court's clock"),
}
URGENCIES: dict[str, str] = {
    "standard": to_say("Standard"),
    "expedited": to_say("Fast"),
    "payment": to_say("Payment"),
}
DEADLINE_UNITS: dict[str, str] = {
    "hours": to_say("hours"),
    "calendar_days": to_say("days"),
    "working_days": to_say("working days"),
    "months": to_say("months"),
}
ANCHORS: dict[str, str] = {
    "notice_dated": to_say("The date on the notice"),
    "notice_mailed": to_say("The day the notice was mailed"),
    "notice_received": to_say("The day the notice was received"),
    "final_notice_received": to_say("The day the last notice was received"),
    "plan_decision_dated": to_say("The date of the plan's decision"),
    "reviewer_decision_dated": to_say("The date of the reviewer's decision"),
    "judge_decision_dated": to_say("The date of the judge's decision"),
    "council_decision_dated": to_say("The date of the council's decision"),
    "request_received": to_say("The time the request was received"),
    "statement_received": to_say("The time the prescriber's statement was received"),
    "appeal_received": to_say("The time the appeal was received"),
    "claim_received": to_say("The time the claim was received"),
    "review_requested": to_say("The time the review was asked for"),
    "file_received": to_say("The time the file was received"),
    "missing_facts_asked": to_say("The time missing facts were asked for"),
    "coverage_started": to_say("The day coverage started"),
    "fill": to_say("The fill itself (how long a supply lasts)"),
    "other": to_say("Not one event, so no date is counted"),
}

WHO: dict[Quantifier, str] = {
    Quantifier.ANY: to_say("At least one active ingredient"),
    Quantifier.ALL: to_say("Every active ingredient"),
    Quantifier.NONE: to_say("No active ingredient"),
}
NUMBER_WORDS: dict[Comparison, str] = {
    Comparison.BELOW: to_say("below"),
    Comparison.AT_MOST: to_say("at most"),
    Comparison.ABOVE: to_say("above"),
    Comparison.AT_LEAST: to_say("at least"),
}
TEXT_WORDS: dict[Comparison, str] = {
    Comparison.IS: to_say("is"),
    Comparison.IS_NOT: to_say("is not"),
}
_NUMBER_SENTENCES: dict[Comparison, str] = {
    Comparison.BELOW: to_say("{subject} is below {bound}"),
    Comparison.AT_MOST: to_say("{subject} is at most {bound}"),
    Comparison.ABOVE: to_say("{subject} is above {bound}"),
    Comparison.AT_LEAST: to_say("{subject} is at least {bound}"),
}
_IS = to_say("{subject} is {values}")
_IS_NOT = to_say("{subject} is not {values}")
_OPEN = to_say("{subject} ...")
_REST = to_say("{subject} {values}")


@dataclass(frozen=True, slots=True)
class FactWords:
    """How one fact is spoken of; all of it English, to be said.

    ``label`` stands in the list of facts; ``subject`` begins the sentence, unless the ingredients
    do; ``yes`` and ``no`` are the sentence for a value that is looked for and one that is not;
    ``values`` puts a value into words.
    """

    label: str
    subject: str
    yes: str = _IS
    no: str = _IS_NOT
    values: Mapping[str, str] = field(default_factory=dict)


def _yes_no(label: str, subject: str, yes: str, no: str) -> FactWords:
    """A fact whose values are the rest of the sentence."""
    return FactWords(label, subject, _REST, _REST, {"yes": yes, "no": no})


FACTS: dict[Fact, FactWords] = {
    Fact.INGREDIENT_SOURCE: FactWords(
        to_say("Where the ingredients come from"),
        "",
        to_say("{subject} comes from {values}"),
        to_say("{subject} does not come from {values}"),
        {
            "bulk_powder": to_say("bulk powder"),
            "approved_product": to_say("an FDA-approved product"),
        },
    ),
    Fact.INGREDIENT: FactWords(to_say("Which ingredient it is"), ""),
    Fact.ON_LIST: FactWords(
        to_say("Whether an ingredient is on a named list"),
        "",
        to_say("{subject} is on the list {values}"),
        to_say("{subject} is not on the list {values}"),
    ),
    Fact.ON_FORMULARY: _yes_no(
        to_say("Whether the approved product is on the plan's drug list"),
        "",
        to_say("is on the plan's drug list"),
        to_say("is not on the plan's drug list"),
    ),
    Fact.HAS_REBATE: _yes_no(
        to_say("Whether its maker is in the Medicaid rebate program"),
        "",
        to_say("is from a maker in the Medicaid rebate program"),
        to_say("is not from a maker in the Medicaid rebate program"),
    ),
    Fact.WITHDRAWN_FOR_SAFETY: _yes_no(
        to_say("Whether it was taken off the market as unsafe"),
        "",
        to_say("was taken off the market as unsafe"),
        to_say("was not taken off the market as unsafe"),
    ),
    Fact.APPROVED_INGREDIENT: _yes_no(
        to_say("Whether any FDA-approved drug holds it"),
        "",
        to_say("is in an FDA-approved drug"),
        to_say("is in no FDA-approved drug"),
    ),
    Fact.PRESCRIPTION_INGREDIENT: _yes_no(
        to_say("Whether it needs a prescription"),
        "",
        to_say("needs a prescription"),
        to_say("needs no prescription"),
    ),
    Fact.MEDICATION: FactWords(to_say("Which medicine it is"), to_say("The medicine")),
    Fact.DOSAGE_FORM: FactWords(to_say("The dosage form"), to_say("The dosage form")),
    Fact.ROUTE: FactWords(to_say("The route"), to_say("The route")),
    Fact.ACTIVE_INGREDIENT_COUNT: FactWords(
        to_say("How many active ingredients it has"), to_say("The number of active ingredients")
    ),
    Fact.MONTHLY_COST: FactWords(
        to_say("The price of one month"), to_say("The price of one month")
    ),
    Fact.AGE: FactWords(to_say("The age of the patient"), to_say("The age")),
    Fact.DIAGNOSIS: FactWords(
        to_say("The diagnosis"),
        to_say("The diagnosis code"),
        to_say("{subject} starts with {values}"),
        to_say("{subject} does not start with {values}"),
    ),
    Fact.INDICATION: FactWords(
        to_say("What supports the use"),
        to_say("The use"),
        to_say("The use is {values}"),
        to_say("The use is not {values}"),
        {
            "label": to_say("on the label"),
            "compendium": to_say("in a drug reference book (compendium)"),
            "literature": to_say("in published studies"),
        },
    ),
    Fact.USE_CATEGORY: FactWords(
        to_say("The kind of use"),
        to_say("The kind of use"),
        _IS,
        _IS_NOT,
        {
            "cosmetic": to_say("cosmetic"),
            "hormone_therapy": to_say("hormone therapy"),
            "sexual_dysfunction": to_say("sexual dysfunction"),
            "weight_loss": to_say("weight loss"),
            "topical_pain": to_say("pain, on the skin"),
            "vitamin": to_say("a vitamin"),
            "infusion_pump": to_say("an infusion pump"),
            "other": to_say("another one"),
        },
    ),
    Fact.MARKETED_IN_STRENGTH_OR_FORM: _yes_no(
        to_say("Whether it is sold ready-made"),
        to_say("It"),
        to_say("is sold ready-made in this strength or form"),
        to_say("is not sold ready-made in this strength or form"),
    ),
    Fact.DAILY_AMOUNT: FactWords(
        to_say("The daily amount, against the label"),
        to_say("The daily amount"),
        to_say("The daily amount is {values}"),
        to_say("The daily amount is not {values}"),
        {
            "below_range": to_say("below the range on the label"),
            "in_range": to_say("in the range on the label"),
            "above_range": to_say("above the range on the label"),
        },
    ),
    Fact.PHARMACY_NETWORK: FactWords(
        to_say("Whether the pharmacy is in the plan's network"),
        to_say("The pharmacy"),
        _IS,
        _IS_NOT,
        {
            "in_network": to_say("in the plan's network"),
            "out_of_network": to_say("outside the plan's network"),
        },
    ),
    Fact.PHARMACY_KIND: FactWords(
        to_say("What kind of pharmacy it is"),
        to_say("The pharmacy"),
        _IS,
        _IS_NOT,
        {
            "503A": to_say("a state-licensed one (503A)"),
            "503B": to_say("an outsourcing facility (503B)"),
        },
    ),
    Fact.PHARMACY_CREDENTIALED: _yes_no(
        to_say("Whether the plan lets this pharmacy make compounds"),
        to_say("The pharmacy"),
        to_say("has the plan's leave to make compounds"),
        to_say("has no leave of the plan to make compounds"),
    ),
}


def value_names(fact: Fact, tables: Tables) -> dict[str, str]:
    """Every value the dataset knows for ``fact``, and its words; empty for numbers and codes."""
    told = {value: say(words) for value, words in FACTS[fact].values.items()}
    match fact:
        case Fact.INGREDIENT:
            names = {r.ingredient_id: say(r.name) for r in rows_of(tables, schema.IngredientRow)}
        case Fact.MEDICATION:
            names = {r.medication_id: say(r.name) for r in rows_of(tables, schema.MedicationRow)}
        case Fact.DOSAGE_FORM:
            names = _spaced(row.form for row in rows_of(tables, schema.MedicationRow))
        case Fact.ROUTE:
            names = _spaced(row.route for row in rows_of(tables, schema.MedicationRow))
        case Fact.ON_LIST:
            names = _spaced(row.list_id for row in rows_of(tables, schema.IngredientListRow))
        case _:
            return told
    return dict(sorted(names.items(), key=lambda pair: pair[1].casefold()))


def _spaced(values: Iterable[str]) -> dict[str, str]:
    return {value: value.replace("-", " ") for value in values}


def sentence_of(
    who: Quantifier, fact: Fact, comparison: Comparison, values: str, tables: Tables
) -> str:
    """One test as a sentence without its full stop: ``Every active ingredient comes from ...``."""
    words = FACTS[fact]
    subject = say(WHO[who] if fact in INGREDIENT_FACTS and who in WHO else words.subject)
    if fact in schema.NUMERIC_FACTS:
        unit = "$" if fact is Fact.MONTHLY_COST else ""
        sentence = _NUMBER_SENTENCES.get(comparison, _OPEN)
        return say(sentence, subject=subject, bound=f"{unit}{values or '...'}")
    negative = comparison is Comparison.IS_NOT
    listed = values.split()
    if negative and set(listed) <= {"yes", "no"} <= set(words.values):
        listed = [_OTHER_WAY[value] for value in listed]
    names = value_names(fact, tables)
    told = _any_of([names.get(value, value.replace("-", " ")) for value in listed])
    return say(words.no if negative else words.yes, subject=subject, values=told or "...")


_OTHER_WAY = {"yes": "no", "no": "yes"}


def _any_of(names: Sequence[str]) -> str:
    told = "".join(names[:1])
    for name in names[1:]:
        told = say("{one} or {other}", one=told, other=name)
    return told
