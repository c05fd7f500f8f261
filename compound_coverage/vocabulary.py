"""The nouns of the trade, shared by every other module.

Everything here is plain, immutable data: no I/O, no rules of any payer. Where a value may be
unknown it is ``None``; *unknown* is an answer and is never read as yes or no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Level(StrEnum):
    """Who speaks, from the most binding voice to the most particular one."""

    LAW = "law"
    PROGRAM = "program"
    PAYER = "payer"
    PBM = "pbm"
    PLAN = "plan"
    FORMULARY = "formulary"


LEVEL_ORDER: dict[Level, int] = {level: rank for rank, level in enumerate(Level)}


class LineOfBusiness(StrEnum):
    """The kind of insurance. Which law and which clocks apply hangs on it."""

    MEDICARE_PART_D = "medicare_part_d"
    MEDICAID = "medicaid"
    MARKETPLACE = "marketplace"
    EMPLOYER_INSURED = "employer_insured"
    EMPLOYER_SELF_FUNDED = "employer_self_funded"
    FEHB = "fehb"
    TRICARE = "tricare"
    VA = "va"
    WORKERS_COMP = "workers_comp"


class Verdict(StrEnum):
    """The answer for one plan and one compounded medication."""

    COVERED = "covered"
    CONDITIONAL = "conditional"
    EXCEPTION_ONLY = "exception_only"
    NOT_COVERED = "not_covered"
    UNKNOWN = "unknown"


class Effect(StrEnum):
    """What a rule does when its scope and tests hold."""

    COVERS = "covers"
    COVERS_QUALIFYING_INGREDIENTS = "covers_qualifying_ingredients"
    REQUIRES_PRIOR_AUTHORIZATION = "requires_prior_authorization"
    REQUIRES = "requires"
    EXCLUDES_WITH_EXCEPTION = "excludes_with_exception"
    EXCLUDES = "excludes"
    LIMITS = "limits"
    OPENS_EXCEPTION = "opens_exception"
    SETS_DEADLINE = "sets_deadline"
    INFORMS = "informs"


class Basis(StrEnum):
    """How firmly a rule stands: the source's words, our reading of them, or not confirmed yet."""

    STATED = "stated"
    INFERRED = "inferred"
    UNVERIFIED = "unverified"


class Grade(StrEnum):
    """Evidence grade: A issuer's own page, B republished primary text, C somebody's summary."""

    A = "A"
    B = "B"
    C = "C"


class IngredientSource(StrEnum):
    """Where the pharmacy takes an active ingredient from."""

    APPROVED_PRODUCT = "approved_product"
    BULK_POWDER = "bulk_powder"


class Quantifier(StrEnum):
    """Over which active ingredients a test must hold; ``CASE`` looks at the case as a whole."""

    ANY = "any"
    ALL = "all"
    NONE = "none"
    CASE = "case"


class Comparison(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    BELOW = "below"
    AT_MOST = "at_most"
    ABOVE = "above"
    AT_LEAST = "at_least"


class Fact(StrEnum):
    """Everything a rule can look at."""

    # asked of each active ingredient
    INGREDIENT = "ingredient"
    INGREDIENT_SOURCE = "ingredient_source"
    ON_LIST = "on_list"
    ON_FORMULARY = "on_formulary"
    HAS_REBATE = "has_rebate"
    WITHDRAWN_FOR_SAFETY = "withdrawn_for_safety"
    APPROVED_INGREDIENT = "approved_ingredient"
    PRESCRIPTION_INGREDIENT = "prescription_ingredient"
    # asked of the case
    MEDICATION = "medication"
    DOSAGE_FORM = "dosage_form"
    ROUTE = "route"
    ACTIVE_INGREDIENT_COUNT = "active_ingredient_count"
    MONTHLY_COST = "monthly_cost"
    AGE = "age"
    DIAGNOSIS = "diagnosis"
    INDICATION = "indication"
    USE_CATEGORY = "use_category"
    MARKETED_IN_STRENGTH_OR_FORM = "marketed_in_strength_or_form"
    DAILY_AMOUNT = "daily_amount"
    PHARMACY_NETWORK = "pharmacy_network"
    PHARMACY_KIND = "pharmacy_kind"
    PHARMACY_CREDENTIALED = "pharmacy_credentialed"


INGREDIENT_FACTS = frozenset(
    {
        Fact.INGREDIENT,
        Fact.INGREDIENT_SOURCE,
        Fact.ON_LIST,
        Fact.ON_FORMULARY,
        Fact.HAS_REBATE,
        Fact.WITHDRAWN_FOR_SAFETY,
        Fact.APPROVED_INGREDIENT,
        Fact.PRESCRIPTION_INGREDIENT,
    }
)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement comes from. ``document_date`` may be a year, a month or a day (ISO)."""

    title: str
    section: str
    url: str
    grade: Grade
    last_checked: str
    document_date: str


@dataclass(frozen=True, slots=True)
class Payer:
    payer_id: str
    name: str
    kind: str
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One entry a person can pick by name. No ``states`` means the whole country."""

    plan_id: str
    name: str
    payer_id: str
    payer: str
    line_of_business: LineOfBusiness
    states: tuple[str, ...] = ()
    pbm_id: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()
    other_names: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An active or inactive ingredient and what is publicly known of it.

    ``label_uses`` holds ICD-10-CM prefixes of uses on the label of the approved product;
    ``label_daily_mg`` is the daily range on that label in milligrams.
    """

    ingredient_id: str
    name: str
    role: str = "active"
    rxcui: str = ""
    approved_product: str = ""
    approved_product_rxcui: str = ""
    approved: bool | None = None
    prescription_only: bool | None = None
    withdrawn_for_safety: bool | None = None
    label_uses: tuple[str, ...] = ()
    label_daily_mg: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Medication:
    """A compounded medication as a pharmacy would make it."""

    medication_id: str
    name: str
    form: str
    route: str
    strengths: tuple[str, ...]
    ingredients: tuple[Ingredient, ...]
    why_compounded: str
    marketed_alternative: str
    marketed_in_strength_or_form: bool | None = None
    use_category: str = ""
    daily_amount_mg: tuple[float, float] | None = None
    citation: Citation | None = None
    basis: Basis = Basis.STATED

    @property
    def active_ingredients(self) -> tuple[Ingredient, ...]:
        return tuple(i for i in self.ingredients if i.role == "active")


@dataclass(frozen=True, slots=True)
class Test:
    """One thing a rule looks at. ``values`` are alternatives: one match is enough."""

    who: Quantifier
    fact: Fact
    comparison: Comparison
    values: tuple[str, ...]

    __test__ = False  # keeps pytest from collecting a class of this name


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock set by law or by a plan's rules.

    ``counted_from`` names the event in words ("the date on the notice") and ``anchor`` as a code;
    ``amount`` counts ``unit`` (hours, calendar_days, working_days, months). A notice counts as
    received ``receipt_presumed_days`` after its date where the source says so. ``ceiling``: the
    law says *at most*, and a state or plan may give less.
    """

    stage: str
    actor: str
    urgency: str
    amount: int
    unit: str
    counted_from: str
    anchor: str = "other"
    receipt_presumed_days: int | None = None
    ceiling: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    kind: str
    amount: str
    unit: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One published statement about coverage, dated and cited.

    All ``tests`` must hold for the rule to apply. ``condition`` says, in a patient's words, what
    has to be true or done for the plan to pay.
    """

    rule_id: str
    level: Level
    lines_of_business: frozenset[LineOfBusiness]
    effect: Effect
    binding: bool
    basis: Basis
    summary: str
    citation: Citation
    payer_id: str = ""
    plan_id: str = ""
    states: frozenset[str] = frozenset()
    effective_from: str = ""
    effective_to: str = ""
    condition: str = ""
    reference: str = ""
    tests: tuple[Test, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next, offered for the verdicts and lines of business it names."""

    step_id: str
    order: int
    verdicts: frozenset[Verdict]
    lines_of_business: frozenset[LineOfBusiness]
    only_if: str
    action: str
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class ListItem:
    """What a named ingredient list says of one ingredient. No row means: not looked up."""

    list_id: str
    ingredient_id: str
    source: str
    listed: bool


@dataclass(frozen=True, slots=True)
class KnownNdc:
    ndc11: str
    ingredient_id: str
    name: str
    kind: str
    marketing_category: str
    product_type: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Study:
    """A study as a letter may quote it; ``fair_sentence`` is the most a letter may claim."""

    study_id: str
    condition_id: str
    ingredient_id: str
    authors: str
    year: str
    journal: str
    pmid: str
    doi: str
    design: str
    participants: str
    dose: str
    duration: str
    primary_outcome: str
    primary_result: str
    direction: str
    low_dose: bool
    limits: str
    fair_sentence: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition a patient can pick; the ICD-10-CM codes are candidates, never a choice."""

    condition_id: str
    name: str
    patient_words: str
    icd10_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormularyFact:
    """What a plan's published drug list says of the approved product of one ingredient.

    It is about that product, never about the compound. ``cost_sharing`` says in words what the
    product itself would cost the member.
    """

    ingredient_id: str
    product: str
    rxcui: str
    on_list: bool
    supplement: bool
    tier: str
    prior_authorization: bool | None
    step_therapy: bool | None
    quantity_limit: str
    indications: tuple[str, ...]
    cost_sharing: tuple[str, ...]
    citation: Citation


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the engine looks at. ``None`` and empty mean: not known.

    ``sources`` maps an ingredient id to where the pharmacy takes it from. ``compendium`` and
    ``literature`` say whether somebody has *looked up* support for this use, and found it.
    ``formulary`` holds what the plan's published drug list says of the ingredients' approved
    products; ``has_rebate`` maps an ingredient id to what the rebate list says.
    """

    plan: Plan
    medication: Medication
    on: date
    sources: tuple[tuple[str, IngredientSource], ...] = ()
    diagnosis: str = ""
    compendium: bool | None = None
    literature: bool | None = None
    monthly_cost: float | None = None
    age: float | None = None
    state: str = ""
    use_category: str = ""
    pharmacy_network: str = ""
    pharmacy_kind: str = ""
    pharmacy_credentialed: bool | None = None
    formulary: tuple[FormularyFact, ...] = ()
    has_rebate: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule as it bears on this case. ``applies`` is ``None`` where a fact is missing."""

    rule: Rule
    applies: bool | None
    decisive: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class MetCondition:
    what: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Unknown:
    question: str
    ask: str


@dataclass(frozen=True, slots=True)
class NextStep:
    action: str
    deadline: str
    citation: Citation | None


@dataclass(frozen=True, slots=True)
class Determination:
    """The reasoned answer.

    ``context`` holds what is worth knowing but decides nothing; ``clocks`` the rules that set
    deadlines for this case.
    """

    verdict: Verdict
    summary: str
    case: Case
    reasons: tuple[Reason, ...]
    conditions: tuple[MetCondition, ...]
    unknowns: tuple[Unknown, ...]
    next_steps: tuple[NextStep, ...]
    context: tuple[Reason, ...]
    by_source: tuple[tuple[IngredientSource, Verdict], ...]
    clocks: tuple[Rule, ...] = ()
