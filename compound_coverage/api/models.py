"""What the API takes and gives, as models: its OpenAPI document is written from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from compound_coverage.dataset.search import STATES
from compound_coverage.vocabulary import (
    Basis,
    Comparison,
    Effect,
    Fact,
    Grade,
    IngredientSource,
    Level,
    LineOfBusiness,
    Quantifier,
    Verdict,
)

EXAMPLE_PLAN = "unlisted-medicaid-TX"
EXAMPLE_MEDICATION = "ldn-capsule"
ID_TEXT = r"^[A-Za-z0-9_.:+ -]+$"

Count = Annotated[int, Field(ge=0)]


# -- questions -----------------------------------------------------------------------------------


def _a_state(text: str) -> str:
    if text and text not in STATES:
        raise ValueError(f"'{text[:20]}' is not a state; use two capital letters such as TX")
    return text


Id = Annotated[str, Field(min_length=1, max_length=100, pattern=ID_TEXT)]
State = Annotated[
    str,
    AfterValidator(_a_state),
    Field(
        description="State, as two capital letters; empty: not known, or any",
        examples=["TX"],
        json_schema_extra={"enum": ["", *sorted(STATES)]},
    ),
]


Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Years = Annotated[float, Field(ge=0, le=130, allow_inf_nan=False)]


class Asked(BaseModel):
    """Parameters in the address. One that is not known is refused, not passed over."""

    model_config = ConfigDict(extra="forbid")


class Page(Asked):
    """Which part of a long list."""

    limit: int = Field(50, ge=1, le=200, description="At most so many", examples=[50])
    offset: int = Field(0, ge=0, le=1_000_000, description="Leave out so many", examples=[0])


class PlanQuestion(Page):
    """Which plans."""

    q: str = Field(
        "",
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Name or id, typos forgiven; empty: all plans by name",
        examples=["marketplace gold"],
    )
    state: State = ""


class MedicationQuestion(Page):
    """Which medications."""

    q: str = Field(
        "",
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Name, ingredient or id, typos forgiven; empty: all by name",
        examples=["naltrexone"],
    )


class RuleQuestion(Page):
    """Which rules. What is left out does not narrow the list."""

    payer_id: str = Field(
        "",
        max_length=100,
        pattern=r"^[A-Za-z0-9_.:+ -]*$",
        description="Payer or pharmacy benefit manager; empty: any, and law and programs too",
        examples=["tricare"],
    )
    line_of_business: LineOfBusiness | SkipJsonSchema[None] = Field(
        None, description="Kind of insurance the rule reaches", examples=["medicaid"]
    )
    state: State = Field("", description="State the rule reaches; a rule for all states does")
    effect: Effect | SkipJsonSchema[None] = Field(
        None, description="What the rule does", examples=["excludes"]
    )


class Question(Asked):
    """One plan, one medication, and what else is known. Left out means: not known."""

    plan: Id = Field(description="Id of the plan, from /plans", examples=[EXAMPLE_PLAN])
    medication: Id = Field(
        description="Id of the medication, from /medications", examples=[EXAMPLE_MEDICATION]
    )
    source: IngredientSource | SkipJsonSchema[None] = Field(
        None,
        description="Where the pharmacy takes the active ingredients from",
        examples=["bulk_powder"],
    )
    ndc: list[Annotated[str, Field(json_schema_extra={"pattern": r"^[0-9-]{8,13}$"})]] = Field(
        [],
        max_length=20,
        description="NDC of an ingredient; may be given more than once",
        examples=[["51927-5086-0"]],
    )
    diagnosis: str = Field(
        "",
        description="Billable ICD-10-CM code",
        examples=["M79.7"],
        json_schema_extra={"pattern": r"^([A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?)?$"},
    )
    compendium: Literal["supported", "not_supported"] | SkipJsonSchema[None] = Field(
        None,
        description="Does a compendium support the use? Left out: nobody looked",
        examples=["not_supported"],
    )
    literature: Literal["supported", "not_supported"] | SkipJsonSchema[None] = Field(
        None,
        description="Does the literature support the use? Left out: nobody looked",
        examples=["supported"],
    )
    monthly_cost: Dollars | SkipJsonSchema[None] = Field(
        None, description="Price of a month in US dollars", examples=[60]
    )
    age: Years | SkipJsonSchema[None] = Field(None, description="Age in years", examples=[52])
    state: State = ""
    on: str | SkipJsonSchema[None] = Field(
        None,
        description="The day asked about, from 1900 to 2199; left out: today",
        examples=["2026-11-28"],
        json_schema_extra={"format": "date"},
    )


# -- answers -------------------------------------------------------------------------------------


class Answer(BaseModel):
    """One piece of an answer."""

    model_config = ConfigDict(extra="forbid")


class Envelope(Answer):
    """What every answer names: its release, and the licence of what it holds."""

    release: str = Field(description="Release of the dataset", examples=["2026-11-28"])
    licence: Literal["CC-BY-4.0"] = Field(description="Licence of the data, by its SPDX name")


class Listed(Envelope):
    """A part of a long list."""

    total: Count = Field(description="How many there are in all")
    limit: Count = Field(description="At most so many are here")
    offset: Count = Field(description="So many were left out before the first one here")


class Fault(Answer):
    """Why there is no answer."""

    error: str = Field(
        description="One sentence: what does not fit, and the mend",
        examples=["There is no plan 'x'. Nearest: unlisted-medicaid-TX."],
    )


class Citation(Answer):
    """Where a statement comes from."""

    title: str = Field(description="Title of the document")
    section: str = Field(description="Where in the document; empty: not noted")
    url: str = Field(description="Where it was read; empty: no public address")
    grade: Grade = Field(description="A issuer's own page, B a copy of it, C somebody's summary")
    last_checked: str = Field(description="Day a person last read it; empty: nobody has yet")
    document_date: str = Field(description="Year, month or day the document gives itself")


class NoCitation(Answer):
    """Nothing to cite: practical advice that claims nothing about coverage."""


class Identifier(Answer):
    """An id the plan goes by elsewhere."""

    kind: str
    value: str


class Plan(Answer):
    """A plan."""

    plan_id: str
    name: str
    payer: str = Field(description="Name of the payer; empty: not known")
    line_of_business: LineOfBusiness
    states: list[str] = Field(description="Two-letter codes; empty: the whole country")
    identifiers: list[Identifier]
    note: str = Field(description="What to know when picking this entry")


class PlanEntry(Plan):
    """A plan, with the ids its rules are found by."""

    payer_id: str = Field(description="Rules with this payer_id are its payer's; may be empty")
    pbm_id: str = Field(description="Its pharmacy benefit manager, if published")


class Ingredient(Answer):
    """What a medication is made from."""

    name: str
    rxcui: str = Field(description="RxNorm id; empty: not known")
    role: Literal["active", "inactive"]
    approved_product: str = Field(description="FDA-approved product with it; empty: none known")
    approved_product_rxcui: str


class Medication(Answer):
    """A compounded medication."""

    medication_id: str
    name: str
    form: str
    route: str
    strengths: list[str]
    ingredients: list[Ingredient]
    why_compounded: str
    marketed_alternative: str
    basis: Basis
    citation: Citation


class Reason(Answer):
    """One rule, as it bears on the question."""

    rule_id: str
    level: Level
    effect: Effect
    statement: str = Field(description="The rule in plain words")
    citation: Citation
    effective_from: str
    effective_to: str
    stale: bool = Field(description="Last known policy only, older than 24 months: confirm it")
    decisive: bool = Field(description="Did it decide the verdict?")
    basis: Basis = Field(description="How firm; unverified rules decide nothing")
    applies: Literal["yes", "no", "depends"]
    binding: bool = Field(description="Rules below can't loosen it")


class MetCondition(Answer):
    """What must be true or done for the plan to pay."""

    what: str
    citation: Citation


class Unknown(Answer):
    """What the answer leaves open, and who can say."""

    question: str
    ask: Literal["plan", "pharmacy", "prescriber"]


class NextStep(Answer):
    """What to do next."""

    action: str
    deadline: str = Field(description="In words; empty: none")
    citation: Citation | NoCitation


class PhoneScript(Answer):
    """What to have ready, and what to ask whom."""

    have_ready: list[str]
    plan: list[str]
    pharmacy: list[str]


class Determination(Answer):
    """The reasoned answer for one plan and one medication."""

    verdict: Verdict
    summary: str = Field(description="One or two plain sentences for a patient")
    plan: Plan
    medication: Medication
    on: str = Field(description="The day it is for")
    reasons: list[Reason]
    conditions: list[MetCondition]
    unknowns: list[Unknown]
    next_steps: list[NextStep]
    by_source: dict[IngredientSource, Verdict] = Field(
        description="The verdict for each place the ingredient may come from"
    )
    context: list[Reason] = Field(description="Worth knowing; decides nothing")
    phone_script: PhoneScript


class Test(Answer):
    """One thing a rule looks at; all tests of a rule must hold."""

    __test__ = False  # keeps pytest from collecting a class of this name
    who: Quantifier
    fact: Fact
    comparison: Comparison
    values: list[str] = Field(description="One match is enough")


class Deadline(Answer):
    """A clock a rule sets."""

    stage: str
    actor: str
    urgency: str
    amount: Count
    unit: str
    counted_from: str
    anchor: str
    receipt_presumed_days: Count | None
    ceiling: bool = Field(description="The law says at most this")


class Limit(Answer):
    """An amount a rule limits."""

    kind: str
    amount: str
    unit: str


class Rule(Answer):
    """One published statement about coverage."""

    rule_id: str
    level: Level
    payer_id: str
    plan_id: str
    lines_of_business: list[LineOfBusiness]
    states: list[str] = Field(description="States it reaches; empty: all")
    effective_from: str
    effective_to: str = Field(description="Last day in force; empty: still in force")
    effect: Effect
    binding: bool
    basis: Basis
    statement: str = Field(description="The rule in plain words")
    condition: str
    citation: Citation
    source_id: str = Field(description="The document, to be found at /sources/{source_id}")
    page: str = Field(description="Page of the document; empty: not noted")
    passage: str = Field(description="First words of the passage; empty: not noted")
    stale: bool = Field(description="Last known policy only, older than 24 months: confirm it")
    tests: list[Test]
    deadlines: list[Deadline]
    limits: list[Limit]


class Source(Answer):
    """A document that is cited."""

    source_id: str
    title: str
    publisher: str
    url: str
    grade: Grade
    document_date: str
    last_checked: str
    check_every_months: str
    status: Literal["", "moved", "gone"]
    status_note: str
    sha256: str = Field(description="Fingerprint of the document that was read, if it was kept")
    rules: list[str] = Field(description="Ids of the rules that rest on it")


class Change(Answer):
    """What a release changed."""

    release: str
    number: str
    change: str
    rows: list[str] = Field(description="Rows touched", examples=[["rules.csv example-rule"]])
    proposal_id: str
    proposed_by: str
    accepted_by: str


class Plans(Listed):
    """Plans, best match first."""

    plans: list[PlanEntry]


class OnePlan(Envelope):
    """One plan."""

    plan: PlanEntry


class Medications(Listed):
    """Medications, best match first."""

    medications: list[Medication]


class OneMedication(Envelope):
    """One medication."""

    medication: Medication


class Rules(Listed):
    """Rules by id."""

    rules: list[Rule]


class OneRule(Envelope):
    """One rule."""

    rule: Rule


class OneDetermination(Envelope):
    """One determination."""

    determination: Determination


class OneSource(Envelope):
    """One document."""

    source: Source


class Changes(Listed):
    """Changes, the newest release first."""

    changes: list[Change]


class Release(Envelope):
    """The release this server answers from."""

    name: str = Field(description="Name of the release; empty: none was made yet")
    date: str = Field(description="Its day", examples=["2026-11-28"])
    licence_url: str
    attribution: str = Field(description="Name the data like this wherever you show it")
    counts: dict[str, Count] = Field(description="Rows of each table")
    drug_lists: list[str] = Field(
        description="Published drug lists this server has loaded; they bear on determinations"
    )


def examples() -> dict[str, Any]:
    """Parameter name -> an example of it."""
    kinds: tuple[type[Asked], ...] = (PlanQuestion, MedicationQuestion, RuleQuestion, Question)
    return {
        name: field.examples[0]
        for kind in kinds
        for name, field in kind.model_fields.items()
        if field.examples
    }
