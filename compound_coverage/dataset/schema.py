"""The tables of ``coverage_data/``: one row model per CSV file.

These models are the single description of the dataset. They validate each row, and
``datapackage.json`` is written from them (``data describe``), so the published descriptor can
not drift from what is checked. A cell is text; several values in one cell are separated by one
blank; an empty cell means *not known*. A column with a default came later than the first release:
a folder of an older release may lack it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from compound_coverage.vocabulary import (
    INGREDIENT_FACTS,
    Basis,
    Comparison,
    Effect,
    Fact,
    Grade,
    Level,
    LineOfBusiness,
    Quantifier,
    Verdict,
)

_LINES = frozenset(line.value for line in LineOfBusiness)
_VERDICTS = frozenset(verdict.value for verdict in Verdict)
ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _on_the_calendar(text: str) -> str:
    """Refuses 2026-02-30 and 2026-13; takes an empty text, a year, a month or a day."""
    if text:
        date.fromisoformat((text + "-01-01")[:10] if len(text) == 4 else (text + "-01")[:10])
    return text


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
OptionalId = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$")]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2})?$"),
    AfterValidator(_on_the_calendar),
]
LooseDate = Annotated[
    str,
    StringConstraints(pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$"),
    AfterValidator(_on_the_calendar),
]
Text = Annotated[str, StringConstraints(min_length=1)]
Url = Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")]
YesNo = Literal["yes", "no"]
YesNoUnknown = Literal["yes", "no", ""]
States = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}( [A-Z]{2})*)?$")]
Words = Annotated[str, StringConstraints(pattern=r"^(\S+( \S+)*)?$")]
Number = Annotated[str, StringConstraints(pattern=r"^(\d+(\.\d+)?)?$")]
Whole = Annotated[str, StringConstraints(pattern=r"^([1-9]\d{0,9})?$")]
Release = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}(\.\d{2})?$")]


class Row(BaseModel):
    """Common to all tables: ``FILE`` is the file name, ``KEY`` the columns that identify a row.

    ``LATER``: the table came after the first release, so a folder may lack it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    FILE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    TITLE: ClassVar[str]
    REFERENCES: ClassVar[dict[str, tuple[str, str]]] = {}
    LATER: ClassVar[bool] = False


class SourceRow(Row):
    FILE = "sources.csv"
    KEY = ("source_id",)
    TITLE = "Documents that rules, medications and studies cite"

    source_id: Id = Field(
        description="Short id of the document", examples=["example-health-compounds"]
    )
    title: Text = Field(description="Title a reader can find it by")
    publisher: Text = Field(description="Who published it")
    url: Url = Field(description="Address at which it was read, or (never read) can be confirmed")
    grade: Grade = Field(
        description="A issuer's own page, B republished primary text, C somebody's summary"
    )
    document_date: LooseDate = Field(
        description="Date the document gives itself: year, month or day", examples=["2016-01"]
    )
    last_checked: Day = Field(description="Day a person last read it; empty: nobody has yet")
    check_every_months: Whole = Field(
        default="",
        description="How often to read it again; empty: as usual for its grade",
        examples=["6"],
    )
    status: Literal["", "moved", "gone"] = Field(
        default="",
        description="What the last look found: moved (elsewhere), gone (no longer there); "
        "empty: nothing amiss",
        examples=["gone"],
    )
    status_note: str = Field(
        default="",
        description="Where it went, or what was found instead, and on which day",
        examples=["The address answered 'not found' on 2026-11-28; a copy is kept."],
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(
        default="",
        description="Fingerprint of the very document that was read, if it was kept",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )

    @model_validator(mode="after")
    def _status_says_what_was_found(self) -> SourceRow:
        if bool(self.status) != bool(self.status_note):
            raise ValueError("status_note: a moved or gone source needs a note, and only that one")
        return self


class PayerRow(Row):
    FILE = "payers.csv"
    KEY = ("payer_id",)
    TITLE = "Insurers, pharmacy benefit managers, programs and employer plans"

    payer_id: Id = Field(description="Short id", examples=["example-health"])
    name: Text = Field(description="Name as people know it")
    kind: Literal["insurer", "pbm", "government_program", "employer_plan"] = Field(
        description="What kind of payer it is"
    )
    other_names: str = Field(description="Other names people search by, separated by '; '")


class PlanRow(Row):
    FILE = "plans.csv"
    KEY = ("plan_id",)
    TITLE = "Plans a person can pick by name"
    REFERENCES = {
        "payer_id": ("payers.csv", "payer_id"),
        "pbm_id": ("payers.csv", "payer_id"),
    }

    plan_id: Id = Field(description="Short id", examples=["example-health-employer-insured"])
    name: Text = Field(description="Name a person would pick")
    payer_id: Id = Field(description="Whose plan it is")
    pbm_id: OptionalId = Field(description="Its pharmacy benefit manager, if published")
    line_of_business: LineOfBusiness = Field(description="Kind of insurance")
    states: States = Field(description="Two-letter codes; empty: the whole country")
    identifiers: Words = Field(
        description="kind:value pairs, such as hios:10207VA0380001 or contract:H4461-046-000",
        examples=["contract:H4461-046-000"],
    )
    other_names: str = Field(description="Other names people search by, separated by '; '")
    note: str = Field(description="What a person should know when picking this entry")


class RuleRow(Row):
    FILE = "rules.csv"
    KEY = ("rule_id",)
    TITLE = "What law, programs, payers, pharmacy benefit managers and plans publish"
    REFERENCES = {
        "payer_id": ("payers.csv", "payer_id"),
        "plan_id": ("plans.csv", "plan_id"),
        "source_id": ("sources.csv", "source_id"),
    }

    rule_id: Id = Field(description="Short id", examples=["example-health-powder-not-paid"])
    level: Literal[Level.LAW, Level.PROGRAM, Level.PAYER, Level.PBM, Level.PLAN] = Field(
        description="Who speaks: law, program, payer, pbm or plan"
    )
    payer_id: OptionalId = Field(
        description="Payer or pharmacy benefit manager it belongs to; needed at those levels"
    )
    plan_id: OptionalId = Field(description="Plan it belongs to; needed at plan level")
    lines_of_business: Words = Field(description="Kinds of insurance it reaches; never empty")
    states: States = Field(description="States it reaches; empty: all")
    effective_from: LooseDate = Field(description="First day in force; empty: not known")
    effective_to: LooseDate = Field(description="Last day in force; empty: still in force")
    effect: Effect = Field(description="What it does when all its tests hold")
    binding: YesNo = Field(description="yes: rules below can't loosen it")
    basis: Basis = Field(
        description="stated: the source's words; inferred: our reading; unverified: not confirmed"
    )
    summary: Text = Field(description="The rule in our own plain words, short sentences")
    condition: str = Field(
        description="What must be true or done for the plan to pay, in a patient's words"
    )
    source_id: Id = Field(description="Document it comes from")
    section: str = Field(description="Where in the document", examples=["42 CFR 423.120(d)(1)"])
    reference: Words = Field(
        description="Fact ids in the research notes it was entered from", examples=["M-05"]
    )
    page: Whole = Field(
        default="", description="Page of the document, counted from 1", examples=["2"]
    )
    passage: Annotated[str, StringConstraints(max_length=120)] = Field(
        default="",
        description="First words of the passage it rests on: enough to find it, not to copy it",
        examples=["Compounded prescriptions are covered when"],
    )

    @model_validator(mode="after")
    def _scope_is_whole(self) -> RuleRow:
        lines = self.lines_of_business.split()
        unknown = [line for line in lines if line not in _LINES]
        if not lines or unknown:
            raise ValueError(f"lines_of_business: {' '.join(unknown) or 'empty'} is not a line")
        if self.level in (Level.PAYER, Level.PBM) and not self.payer_id:
            raise ValueError("payer_id: a rule at payer or pbm level needs one")
        if self.level in (Level.LAW, Level.PROGRAM) and self.payer_id:
            raise ValueError("payer_id: a rule at law or program level reaches by line and state")
        if (self.level == Level.PLAN) != bool(self.plan_id):
            raise ValueError("plan_id: a rule at plan level needs one, and only such a rule")
        if self.binding == "yes" and self.level not in (Level.LAW, Level.PROGRAM):
            raise ValueError("binding: only law and programs bind the levels below")
        if self.binding == "yes" and self.basis == Basis.UNVERIFIED:
            raise ValueError("binding: an unverified rule can't bind")
        needs_condition = {
            Effect.REQUIRES,
            Effect.REQUIRES_PRIOR_AUTHORIZATION,
            Effect.COVERS_QUALIFYING_INGREDIENTS,
        }
        if self.effect in needs_condition and not self.condition:
            raise ValueError(f"condition: effect {self.effect.value} needs one")
        return self


class RuleTestRow(Row):
    FILE = "rule_tests.csv"
    KEY = ("rule_id", "who", "fact", "comparison", "values")
    TITLE = "What a rule looks at; all tests of one rule must hold"
    REFERENCES = {"rule_id": ("rules.csv", "rule_id")}

    rule_id: Id = Field(description="The rule this test belongs to")
    who: Quantifier = Field(
        description="any, all or none of the active ingredients; case: the case as a whole"
    )
    fact: Fact = Field(description="What is looked at")
    comparison: Comparison = Field(description="How it is compared")
    values: Annotated[Words, StringConstraints(min_length=1)] = Field(
        description="Value, or alternatives separated by a blank; one match is enough"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> RuleTestRow:
        if (self.fact in INGREDIENT_FACTS) == (self.who == Quantifier.CASE):
            raise ValueError(f"who: {self.fact.value} can't be asked of {self.who.value}")
        allowed = TEST_VALUES.get(self.fact)
        values = self.values.split()
        if allowed is not None:
            wrong = [v for v in values if v not in allowed]
            if wrong:
                raise ValueError(
                    f"values: {' '.join(wrong)} does not fit {self.fact.value} "
                    f"(use {', '.join(sorted(allowed))})"
                )
        numeric = self.fact in NUMERIC_FACTS
        if numeric != (self.comparison not in (Comparison.IS, Comparison.IS_NOT)):
            raise ValueError(f"comparison: {self.comparison.value} does not fit {self.fact.value}")
        if numeric and (len(values) != 1 or not values[0].replace(".", "", 1).isdigit()):
            raise ValueError(f"values: {self.fact.value} takes one number, not {self.values!r}")
        return self


NUMERIC_FACTS = frozenset({Fact.MONTHLY_COST, Fact.AGE, Fact.ACTIVE_INGREDIENT_COUNT})

USE_CATEGORIES = frozenset(
    {
        "cosmetic",
        "hormone_therapy",
        "sexual_dysfunction",
        "weight_loss",
        "topical_pain",
        "vitamin",
        "infusion_pump",
        "other",
    }
)

_YES_NO = frozenset({"yes", "no"})
TEST_VALUES: dict[Fact, frozenset[str]] = {
    Fact.INGREDIENT_SOURCE: frozenset({"approved_product", "bulk_powder"}),
    Fact.ON_FORMULARY: _YES_NO,
    Fact.HAS_REBATE: _YES_NO,
    Fact.WITHDRAWN_FOR_SAFETY: _YES_NO,
    Fact.APPROVED_INGREDIENT: _YES_NO,
    Fact.PRESCRIPTION_INGREDIENT: _YES_NO,
    Fact.INDICATION: frozenset({"label", "compendium", "literature"}),
    Fact.USE_CATEGORY: USE_CATEGORIES,
    Fact.MARKETED_IN_STRENGTH_OR_FORM: _YES_NO,
    Fact.DAILY_AMOUNT: frozenset({"below_range", "in_range", "above_range"}),
    Fact.PHARMACY_NETWORK: frozenset({"in_network", "out_of_network"}),
    Fact.PHARMACY_KIND: frozenset({"503A", "503B"}),
    Fact.PHARMACY_CREDENTIALED: _YES_NO,
}


class DeadlineRow(Row):
    FILE = "deadlines.csv"
    KEY = ("rule_id", "stage", "actor", "urgency")
    TITLE = "Clocks that rules set"
    REFERENCES = {"rule_id": ("rules.csv", "rule_id")}

    rule_id: Id = Field(description="The rule that sets the clock")
    stage: Literal[
        "prior_authorization",
        "coverage_determination",
        "exception_request",
        "step_therapy_exception",
        "initial_claim",
        "internal_appeal",
        "second_internal_appeal",
        "redetermination",
        "reconsideration",
        "hearing",
        "council_review",
        "court_review",
        "external_review",
        "external_exception_review",
        "fair_hearing",
        "keep_benefits",
        "transition_fill",
        "emergency_supply",
    ] = Field(description="Which step of the road")
    actor: Literal["member", "plan", "reviewer"] = Field(
        description="Whose clock it is; reviewer: outside reviewer, hearing officer or court"
    )
    urgency: Literal["standard", "expedited", "payment"] = Field(description="Which track")
    amount: Annotated[Number, StringConstraints(min_length=1)] = Field(description="How many")
    unit: Literal["hours", "calendar_days", "working_days", "months"] = Field(description="Of what")
    counted_from: Text = Field(
        description="The event the clock starts from", examples=["the date on the notice"]
    )
    anchor: Literal[
        "notice_dated",
        "notice_mailed",
        "notice_received",
        "final_notice_received",
        "plan_decision_dated",
        "reviewer_decision_dated",
        "judge_decision_dated",
        "council_decision_dated",
        "request_received",
        "statement_received",
        "appeal_received",
        "claim_received",
        "review_requested",
        "file_received",
        "missing_facts_asked",
        "coverage_started",
        "fill",
        "other",
    ] = Field(
        description="That event as a code, so that a date can be counted; fill: how long an "
        "emergency supply lasts; other: not one event, so no date is ever counted"
    )
    receipt_presumed_days: Annotated[str, StringConstraints(pattern=r"^\d*$")] = Field(
        description="Days after the date on a notice at which the source takes it as received; "
        "empty: it does not say"
    )
    ceiling: Literal["yes", ""] = Field(
        description="yes: the law says at most this; a state or plan may give less"
    )

    @model_validator(mode="after")
    def _receipt_is_presumed_only_where_it_counts(self) -> DeadlineRow:
        if self.receipt_presumed_days and self.anchor != "notice_received":
            raise ValueError(
                "receipt_presumed_days: only a clock with anchor notice_received can have it"
            )
        return self


class LimitRow(Row):
    FILE = "limits.csv"
    KEY = ("rule_id", "kind")
    TITLE = "Amounts that rules set"
    REFERENCES = {"rule_id": ("rules.csv", "rule_id")}

    rule_id: Id = Field(description="The rule that sets the limit")
    kind: Literal[
        "tier",
        "plan_pays_up_to",
        "approval",
        "renewal",
        "emergency_supply",
        "days_supply",
        "out_of_pocket_cap",
    ] = Field(description="What is limited")
    amount: Text = Field(description="Number or tier name")
    unit: Literal["", "usd", "months", "days", "hours"] = Field(description="Unit, if any")


class StepRow(Row):
    FILE = "steps.csv"
    KEY = ("step_id",)
    TITLE = "What a person can do next"
    REFERENCES = {"rule_id": ("rules.csv", "rule_id")}

    step_id: Id = Field(description="Short id")
    order: Annotated[Number, StringConstraints(min_length=1)] = Field(description="Sort order")
    verdicts: Words = Field(description="Verdicts it is offered for; empty: all")
    lines_of_business: Words = Field(description="Kinds of insurance; empty: all")
    only_if: Literal["", "source_helps", "source_unknown", "compendium_unknown"] = Field(
        description="Offered only in this situation"
    )
    action: Text = Field(description="What to do, in a patient's words")
    rule_id: OptionalId = Field(description="Rule whose clock and citation go with it")

    @model_validator(mode="after")
    def _known_words(self) -> StepRow:
        for word in self.verdicts.split():
            if word not in _VERDICTS:
                raise ValueError(f"verdicts: {word} is not a verdict")
        for word in self.lines_of_business.split():
            if word not in _LINES:
                raise ValueError(f"lines_of_business: {word} is not a line")
        return self


class IngredientRow(Row):
    FILE = "ingredients.csv"
    KEY = ("ingredient_id",)
    TITLE = "Active ingredients and fillers"
    REFERENCES = {"source_id": ("sources.csv", "source_id")}

    ingredient_id: Id = Field(description="Short id", examples=["naltrexone"])
    name: Text = Field(description="Generic name")
    rxcui: Annotated[str, StringConstraints(pattern=r"^\d*$")] = Field(
        description="RxNorm id of the ingredient, if confirmed", examples=["1234567"]
    )
    approved_product: str = Field(description="FDA-approved product a pharmacy could start from")
    approved_product_rxcui: Annotated[str, StringConstraints(pattern=r"^\d*$")] = Field(
        description="RxNorm id of that product, if confirmed"
    )
    approved: YesNoUnknown = Field(description="Is the ingredient in an FDA-approved product?")
    prescription_only: YesNoUnknown = Field(description="Does it need a prescription?")
    withdrawn_for_safety: YesNoUnknown = Field(
        description="Withdrawn for safety or effectiveness (21 CFR 216.24 and like actions)?"
    )
    label_uses: Words = Field(description="ICD-10-CM prefixes of the uses on the label")
    label_daily_mg_low: Number = Field(description="Lowest daily amount on the label, mg")
    label_daily_mg_high: Number = Field(description="Highest daily amount on the label, mg")
    source_id: OptionalId = Field(description="Document behind this row")


class MedicationRow(Row):
    FILE = "medications.csv"
    KEY = ("medication_id",)
    TITLE = "Compounded medications"
    REFERENCES = {"source_id": ("sources.csv", "source_id")}

    medication_id: Id = Field(description="Short id", examples=["ldn-capsule"])
    name: Text = Field(description="Name a person would pick")
    form: Id = Field(description="Dosage form", examples=["capsule"])
    route: Id = Field(description="Route", examples=["oral"])
    strengths: Text = Field(description="Usual strengths, separated by '; '")
    daily_mg_low: Number = Field(description="Lowest usual daily amount, mg")
    daily_mg_high: Number = Field(description="Highest usual daily amount, mg")
    why_compounded: Text = Field(description="Why a pharmacy makes it")
    marketed_alternative: Text = Field(description="What a payer will ask about instead")
    marketed_in_strength_or_form: YesNoUnknown = Field(
        description="Is it sold ready-made in this strength or form?"
    )
    use_category: Literal[
        "",
        "cosmetic",
        "hormone_therapy",
        "sexual_dysfunction",
        "weight_loss",
        "topical_pain",
        "vitamin",
        "infusion_pump",
        "other",
    ] = Field(description="Kind of use that benefit exclusions name")
    basis: Basis = Field(description="How firmly the row stands")
    source_id: Id = Field(description="Document behind it")


class MedicationIngredientRow(Row):
    FILE = "medication_ingredients.csv"
    KEY = ("medication_id", "ingredient_id")
    TITLE = "Which ingredient is in which medication"
    REFERENCES = {
        "medication_id": ("medications.csv", "medication_id"),
        "ingredient_id": ("ingredients.csv", "ingredient_id"),
    }

    medication_id: Id = Field(description="The medication")
    ingredient_id: Id = Field(description="The ingredient")
    role: Literal["active", "inactive"] = Field(description="Its role")


class IngredientListRow(Row):
    FILE = "ingredient_lists.csv"
    KEY = ("list_id", "ingredient_id", "source")
    TITLE = "What named ingredient lists say; no row means nobody has looked it up"
    REFERENCES = {
        "ingredient_id": ("ingredients.csv", "ingredient_id"),
        "source_id": ("sources.csv", "source_id"),
    }

    list_id: Id = Field(
        description="Short id of the list", examples=["example-covered-ingredients"]
    )
    ingredient_id: Id = Field(description="The ingredient")
    source: Literal["any", "approved_product", "bulk_powder"] = Field(
        description="From which source"
    )
    listed: YesNo = Field(description="Is it on the list?")
    source_id: Id = Field(description="The list")


class NdcRow(Row):
    FILE = "ndcs.csv"
    KEY = ("ndc11",)
    TITLE = "National Drug Codes of ingredients, as the FDA lists them"
    REFERENCES = {
        "ingredient_id": ("ingredients.csv", "ingredient_id"),
        "source_id": ("sources.csv", "source_id"),
    }

    ndc11: Annotated[str, StringConstraints(pattern=r"^\d{9}(\d{2})?$")] = Field(
        description="11 digits; or the first 9 (labeler and product) for all its packages"
    )
    ingredient_id: Id = Field(description="The ingredient")
    name: Text = Field(description="Name on the listing")
    kind: Literal["approved_product", "bulk_powder", "unapproved"] = Field(description="What it is")
    marketing_category: Text = Field(description="FDA marketing category")
    product_type: Text = Field(description="FDA product type")
    source_id: Id = Field(description="The listing")


class ConditionRow(Row):
    FILE = "conditions.csv"
    KEY = ("condition_id",)
    TITLE = "Conditions a person can pick"

    condition_id: Id = Field(description="Short id", examples=["fibromyalgia"])
    name: Text = Field(description="Clinical name")
    patient_words: Text = Field(description="What people call it")
    icd10_codes: Words = Field(
        description="Candidate ICD-10-CM codes; the prescriber chooses, never this table"
    )


class StudyRow(Row):
    FILE = "studies.csv"
    KEY = ("study_id",)
    TITLE = "Studies per condition, the negative ones included"
    REFERENCES = {
        "condition_id": ("conditions.csv", "condition_id"),
        "ingredient_id": ("ingredients.csv", "ingredient_id"),
        "source_id": ("sources.csv", "source_id"),
    }

    study_id: Id = Field(description="Short id", examples=["e-dep-1"])
    condition_id: Id = Field(description="Condition studied")
    ingredient_id: Id = Field(description="Ingredient studied")
    authors: Text = Field(description="First author or group")
    year: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] = Field(description="Year")
    journal: Text = Field(description="Journal, volume and pages as far as confirmed")
    pmid: Annotated[str, StringConstraints(pattern=r"^\d*$")] = Field(description="If confirmed")
    doi: str = Field(description="If confirmed")
    design: Text = Field(description="Kind of study")
    participants: str = Field(description="How many took part")
    dose: str = Field(description="Dose studied")
    duration: str = Field(description="How long")
    primary_outcome: str = Field(description="What was to be shown")
    primary_result: Text = Field(description="What came out")
    direction: Literal["supports", "mixed", "negative", "preliminary", "pending"] = Field(
        description="Which way it points"
    )
    low_dose: YesNo = Field(description="no: standard-dose study, not evidence for low dose")
    limits: str = Field(description="What weakens it")
    fair_sentence: Text = Field(description="The most a letter may say of it")
    source_id: Id = Field(description="Where it was read")


class RejectCodeRow(Row):
    FILE = "reject_codes.csv"
    KEY = ("code",)
    TITLE = "What a pharmacy's reject codes mean, as far as it could be read in a public source"
    REFERENCES = {"source_id": ("sources.csv", "source_id")}

    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{2,3}$")] = Field(
        description="The code as the pharmacy's screen shows it (field 511-FB)", examples=["75"]
    )
    meaning: Text = Field(description="What it says, in our own words")
    what_to_do: Text = Field(description="What to do next, in a patient's words")
    who_acts: Literal["patient", "pharmacy", "prescriber", "plan"] = Field(
        description="Who can take that step"
    )
    source_id: Id = Field(description="Where the meaning was read")
    section: str = Field(description="Where in the source, if it says")


class CoveredLivesRow(Row):
    FILE = "covered_lives.csv"
    KEY = ("line_of_business", "state", "payer_id")
    TITLE = "How many people a kind of insurance or a payer covers, to see what is wanted most"
    LATER = True
    REFERENCES = {
        "payer_id": ("payers.csv", "payer_id"),
        "source_id": ("sources.csv", "source_id"),
    }

    line_of_business: Literal[
        "",
        LineOfBusiness.MEDICARE_PART_D,
        LineOfBusiness.MEDICAID,
        LineOfBusiness.MARKETPLACE,
        LineOfBusiness.EMPLOYER_INSURED,
        LineOfBusiness.EMPLOYER_SELF_FUNDED,
        LineOfBusiness.FEHB,
        LineOfBusiness.TRICARE,
        LineOfBusiness.VA,
        LineOfBusiness.WORKERS_COMP,
    ] = Field(description="Kind of insurance; empty: all kinds together")
    state: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = Field(
        description="Two letters; empty: the whole country"
    )
    payer_id: OptionalId = Field(description="Whose members; empty: everybody's")
    lives: Annotated[str, StringConstraints(pattern=r"^[1-9]\d*$")] = Field(
        description="People, as published", examples=["1234567"]
    )
    as_of: LooseDate = Field(description="Year, month or day the number is for")
    source_id: Id = Field(description="Where the number was read")
    section: str = Field(description="Where in the source")


class ChangeRow(Row):
    FILE = "changes.csv"
    KEY = ("release", "number")
    TITLE = "What each dated release changed, in plain words"
    LATER = True

    release: Release = Field(
        description="Day of the release; .02 is the second of a day", examples=["2026-11-28"]
    )
    number: Annotated[str, StringConstraints(pattern=r"^\d{3}$")] = Field(
        description="Place in the release's list", examples=["001"]
    )
    change: Text = Field(description="What changed, for a reader who never saw the tables")
    rows: str = Field(
        description="Rows touched, separated by '; '", examples=["rules.csv example-rule"]
    )
    proposal_id: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{24})?$")] = Field(
        description="The proposal it was accepted as, if it was one",
        examples=["0f3a5c7e9b1d2f4a6c8e0b1d"],
    )
    proposed_by: str = Field(description="Who proposed it, by name", examples=["A. Advocate"])
    accepted_by: str = Field(description="Who checked and accepted it", examples=["B. Reviewer"])


TABLES: tuple[type[Row], ...] = (
    SourceRow,
    PayerRow,
    PlanRow,
    RuleRow,
    RuleTestRow,
    DeadlineRow,
    LimitRow,
    StepRow,
    IngredientRow,
    MedicationRow,
    MedicationIngredientRow,
    IngredientListRow,
    NdcRow,
    ConditionRow,
    StudyRow,
    RejectCodeRow,
    CoveredLivesRow,
    ChangeRow,
)
