"""A rule in the words of the trade: what the form offers, and what a test says as a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from compound_coverage.dataset import schema
from compound_coverage.dataset.tables import Tables
from compound_coverage.dataset.validate import rows_of
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
    Effect.COVERS: "Pays for it",
    Effect.COVERS_QUALIFYING_INGREDIENTS: "Pays only for the ingredients that qualify",
    Effect.REQUIRES_PRIOR_AUTHORIZATION: "Needs prior authorization",
    Effect.REQUIRES: "Asks for something",
    Effect.EXCLUDES_WITH_EXCEPTION: "Does not pay, but has an exception route",
    Effect.EXCLUDES: "Does not pay",
    Effect.LIMITS: "Limits an amount",
    Effect.OPENS_EXCEPTION: "Opens an exception route",
    Effect.SETS_DEADLINE: "Sets a deadline",
    Effect.INFORMS: "Is only worth knowing",
}
LEVELS: dict[Level, str] = {
    Level.PAYER: "An insurer or other payer, for its plans",
    Level.PLAN: "One plan alone, such as an employer's booklet",
    Level.PBM: "A pharmacy benefit manager",
    Level.PROGRAM: "A public program, such as a state's Medicaid",
    Level.LAW: "A law or regulation",
}
BASES: dict[Basis, str] = {
    Basis.STATED: "The document says so in its own words",
    Basis.INFERRED: "It is how we read the document",
    Basis.UNVERIFIED: "It is not confirmed yet, so it decides nothing",
}
GRADES: dict[Grade, str] = {
    Grade.A: "The issuer's own page or paper",
    Grade.B: "A copy of the original text, somewhere else",
    Grade.C: "A summary by somebody else",
}
PAYER_KINDS: dict[str, str] = {
    "insurer": "Insurer",
    "pbm": "Pharmacy benefit manager",
    "government_program": "Public program",
    "employer_plan": "Employer with a plan of its own",
}
LIMIT_KINDS: dict[str, str] = {
    "plan_pays_up_to": "The plan pays up to",
    "out_of_pocket_cap": "You pay at most",
    "tier": "Tier",
    "approval": "How long an approval lasts",
    "renewal": "How long a renewal lasts",
    "days_supply": "Longest supply",
    "emergency_supply": "Emergency supply",
}
LIMIT_UNITS: dict[str, str] = {
    "": "no unit",
    "usd": "dollars",
    "hours": "hours",
    "days": "days",
    "months": "months",
}
STAGES: dict[str, str] = {
    "prior_authorization": "Prior authorization",
    "coverage_determination": "Coverage determination",
    "exception_request": "Request for an exception",
    "step_therapy_exception": "Exception from step therapy",
    "initial_claim": "First claim",
    "internal_appeal": "Appeal to the plan",
    "second_internal_appeal": "Second appeal to the plan",
    "redetermination": "Redetermination",
    "reconsideration": "Reconsideration",
    "hearing": "Hearing",
    "council_review": "Review by the council",
    "court_review": "Review by a court",
    "external_review": "Outside review",
    "external_exception_review": "Outside review of an exception",
    "fair_hearing": "State fair hearing",
    "keep_benefits": "Keeping benefits meanwhile",
    "transition_fill": "Transition fill",
    "emergency_supply": "Emergency supply",
}
ACTORS: dict[str, str] = {
    "member": "The member's clock",
    "plan": "The plan's clock",
    "reviewer": "An outside reviewer's, hearing officer's or court's clock",
}
URGENCIES: dict[str, str] = {"standard": "Standard", "expedited": "Fast", "payment": "Payment"}
DEADLINE_UNITS: dict[str, str] = {
    "hours": "hours",
    "calendar_days": "days",
    "working_days": "working days",
    "months": "months",
}
ANCHORS: dict[str, str] = {
    "notice_dated": "The date on the notice",
    "notice_mailed": "The day the notice was mailed",
    "notice_received": "The day the notice was received",
    "final_notice_received": "The day the last notice was received",
    "plan_decision_dated": "The date of the plan's decision",
    "reviewer_decision_dated": "The date of the reviewer's decision",
    "judge_decision_dated": "The date of the judge's decision",
    "council_decision_dated": "The date of the council's decision",
    "request_received": "The time the request was received",
    "statement_received": "The time the prescriber's statement was received",
    "appeal_received": "The time the appeal was received",
    "claim_received": "The time the claim was received",
    "review_requested": "The time the review was asked for",
    "file_received": "The time the file was received",
    "missing_facts_asked": "The time missing facts were asked for",
    "coverage_started": "The day coverage started",
    "fill": "The fill itself (how long a supply lasts)",
    "other": "Not one event, so no date is counted",
}

WHO: dict[Quantifier, str] = {
    Quantifier.ANY: "At least one active ingredient",
    Quantifier.ALL: "Every active ingredient",
    Quantifier.NONE: "No active ingredient",
}
NUMBER_WORDS: dict[Comparison, str] = {
    Comparison.BELOW: "below",
    Comparison.AT_MOST: "at most",
    Comparison.ABOVE: "above",
    Comparison.AT_LEAST: "at least",
}
TEXT_WORDS: dict[Comparison, str] = {Comparison.IS: "is", Comparison.IS_NOT: "is not"}


@dataclass(frozen=True, slots=True)
class FactWords:
    """How one fact is spoken of.

    ``label`` stands in the list of facts; ``subject`` begins the sentence, unless the ingredients
    do; ``yes`` and ``no`` join subject and value; ``values`` puts a value into words.
    """

    label: str
    subject: str
    yes: str = "is"
    no: str = "is not"
    values: Mapping[str, str] = field(default_factory=dict)


def _yes_no(label: str, subject: str, yes: str, no: str) -> FactWords:
    return FactWords(label, subject, "", "", {"yes": yes, "no": no})


FACTS: dict[Fact, FactWords] = {
    Fact.INGREDIENT_SOURCE: FactWords(
        "Where the ingredients come from",
        "",
        "comes from",
        "does not come from",
        {"bulk_powder": "bulk powder", "approved_product": "an FDA-approved product"},
    ),
    Fact.INGREDIENT: FactWords("Which ingredient it is", ""),
    Fact.ON_LIST: FactWords(
        "Whether an ingredient is on a named list", "", "is on the list", "is not on the list"
    ),
    Fact.ON_FORMULARY: _yes_no(
        "Whether the approved product is on the plan's drug list",
        "",
        "is on the plan's drug list",
        "is not on the plan's drug list",
    ),
    Fact.HAS_REBATE: _yes_no(
        "Whether its maker is in the Medicaid rebate program",
        "",
        "is from a maker in the Medicaid rebate program",
        "is not from a maker in the Medicaid rebate program",
    ),
    Fact.WITHDRAWN_FOR_SAFETY: _yes_no(
        "Whether it was taken off the market as unsafe",
        "",
        "was taken off the market as unsafe",
        "was not taken off the market as unsafe",
    ),
    Fact.APPROVED_INGREDIENT: _yes_no(
        "Whether any FDA-approved drug holds it",
        "",
        "is in an FDA-approved drug",
        "is in no FDA-approved drug",
    ),
    Fact.PRESCRIPTION_INGREDIENT: _yes_no(
        "Whether it needs a prescription", "", "needs a prescription", "needs no prescription"
    ),
    Fact.MEDICATION: FactWords("Which medicine it is", "The medicine"),
    Fact.DOSAGE_FORM: FactWords("The dosage form", "The dosage form"),
    Fact.ROUTE: FactWords("The route", "The route"),
    Fact.ACTIVE_INGREDIENT_COUNT: FactWords(
        "How many active ingredients it has", "The number of active ingredients"
    ),
    Fact.MONTHLY_COST: FactWords("The price of one month", "The price of one month"),
    Fact.AGE: FactWords("The age of the patient", "The age"),
    Fact.DIAGNOSIS: FactWords(
        "The diagnosis", "The diagnosis code", "starts with", "does not start with"
    ),
    Fact.INDICATION: FactWords(
        "What supports the use",
        "The use",
        "is",
        "is not",
        {
            "label": "on the label",
            "compendium": "in a drug reference book (compendium)",
            "literature": "in published studies",
        },
    ),
    Fact.USE_CATEGORY: FactWords(
        "The kind of use",
        "The kind of use",
        "is",
        "is not",
        {
            "cosmetic": "cosmetic",
            "hormone_therapy": "hormone therapy",
            "sexual_dysfunction": "sexual dysfunction",
            "weight_loss": "weight loss",
            "topical_pain": "pain, on the skin",
            "vitamin": "a vitamin",
            "infusion_pump": "an infusion pump",
            "other": "another one",
        },
    ),
    Fact.MARKETED_IN_STRENGTH_OR_FORM: _yes_no(
        "Whether it is sold ready-made",
        "It",
        "is sold ready-made in this strength or form",
        "is not sold ready-made in this strength or form",
    ),
    Fact.DAILY_AMOUNT: FactWords(
        "The daily amount, against the label",
        "The daily amount",
        "is",
        "is not",
        {
            "below_range": "below the range on the label",
            "in_range": "in the range on the label",
            "above_range": "above the range on the label",
        },
    ),
    Fact.PHARMACY_NETWORK: FactWords(
        "Whether the pharmacy is in the plan's network",
        "The pharmacy",
        "is",
        "is not",
        {"in_network": "in the plan's network", "out_of_network": "outside the plan's network"},
    ),
    Fact.PHARMACY_KIND: FactWords(
        "What kind of pharmacy it is",
        "The pharmacy",
        "is",
        "is not",
        {"503A": "a state-licensed one (503A)", "503B": "an outsourcing facility (503B)"},
    ),
    Fact.PHARMACY_CREDENTIALED: _yes_no(
        "Whether the plan lets this pharmacy make compounds",
        "The pharmacy",
        "has the plan's leave to make compounds",
        "has no leave of the plan to make compounds",
    ),
}


def value_names(fact: Fact, tables: Tables) -> dict[str, str]:
    """Every value the dataset knows for ``fact``, and its words; empty for numbers and codes."""
    spoken = FACTS[fact].values
    match fact:
        case Fact.INGREDIENT:
            names = {r.ingredient_id: r.name for r in rows_of(tables, schema.IngredientRow)}
        case Fact.MEDICATION:
            names = {r.medication_id: r.name for r in rows_of(tables, schema.MedicationRow)}
        case Fact.DOSAGE_FORM:
            names = _spaced(row.form for row in rows_of(tables, schema.MedicationRow))
        case Fact.ROUTE:
            names = _spaced(row.route for row in rows_of(tables, schema.MedicationRow))
        case Fact.ON_LIST:
            names = _spaced(row.list_id for row in rows_of(tables, schema.IngredientListRow))
        case _:
            return dict(spoken)
    return dict(sorted(names.items(), key=lambda pair: pair[1].casefold()))


def _spaced(values: Iterable[str]) -> dict[str, str]:
    return {value: value.replace("-", " ") for value in values}


def sentence_of(
    who: Quantifier, fact: Fact, comparison: Comparison, values: str, tables: Tables
) -> str:
    """One test as a sentence without its full stop: ``Every active ingredient comes from ...``."""
    words = FACTS[fact]
    subject = WHO[who] if fact in INGREDIENT_FACTS and who in WHO else words.subject
    if fact in schema.NUMERIC_FACTS:
        unit = "$" if fact is Fact.MONTHLY_COST else ""
        return f"{subject} is {NUMBER_WORDS.get(comparison, '...')} {unit}{values or '...'}"
    negative = comparison is Comparison.IS_NOT
    listed = values.split()
    if set(listed) <= {"yes", "no"} <= set(words.values):
        flipped = {"yes": "no", "no": "yes"} if negative else {"yes": "yes", "no": "no"}
        told = " or ".join(words.values[flipped[value]] for value in listed)
        return f"{subject} {told or '...'}"
    names = value_names(fact, tables)
    told = " or ".join(names.get(value, value.replace("-", " ")) for value in listed)
    return f"{subject} {words.no if negative else words.yes} {told or '...'}"
