"""Small made-up plans, medications and rules for tests of the engine."""

from dataclasses import dataclass, field, replace
from datetime import date

from compound_coverage.dataset.load import rules_by_reach
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Citation,
    Comparison,
    Effect,
    Fact,
    FormularyFact,
    Grade,
    Ingredient,
    IngredientSource,
    Level,
    LineOfBusiness,
    Medication,
    Plan,
    Quantifier,
    Rule,
    Step,
    Test,
)

TODAY = date(2026, 11, 24)
CITATION = Citation(
    title="Made-up policy",
    section="page 1",
    url="https://example.org/policy",
    grade=Grade.A,
    last_checked="2026-11-01",
    document_date="2026-01-01",
)
NALTREXONE = Ingredient(
    ingredient_id="naltrexone",
    name="naltrexone",
    approved_product="naltrexone 50 mg tablet",
    approved=True,
    prescription_only=True,
    withdrawn_for_safety=False,
    label_uses=("F10", "F11"),
    label_daily_mg=(50.0, 50.0),
)
LDN = Medication(
    medication_id="ldn-capsule",
    name="Low dose naltrexone capsule",
    form="capsule",
    route="oral",
    strengths=("4.5 mg",),
    ingredients=(NALTREXONE,),
    why_compounded="The tablet is sold at 50 mg only.",
    marketed_alternative="naltrexone 50 mg tablet",
    marketed_in_strength_or_form=False,
    daily_amount_mg=(0.5, 4.5),
)
TWO_ACTIVES = replace(
    LDN,
    medication_id="made-up-pair",
    ingredients=(NALTREXONE, replace(NALTREXONE, ingredient_id="ketotifen", label_uses=())),
)
PLAN = Plan(
    plan_id="made-up-plan",
    name="Made-up plan",
    payer_id="made-up-payer",
    payer="Made-up payer",
    line_of_business=LineOfBusiness.EMPLOYER_INSURED,
    states=("TX",),
    pbm_id="made-up-pbm",
)
BULK, APPROVED = IngredientSource.BULK_POWDER, IngredientSource.APPROVED_PRODUCT


def case(source: IngredientSource | None = None, **changes) -> Case:
    sources = tuple((name, source) for name in ["naltrexone"] if source)
    return replace(Case(plan=PLAN, medication=LDN, on=TODAY, sources=sources), **changes)


def looks_at(fact: Fact, *values: str, who=Quantifier.CASE, how=Comparison.IS) -> Test:
    return Test(who, fact, how, values)


FROM_POWDER = looks_at(Fact.INGREDIENT_SOURCE, "bulk_powder", who=Quantifier.ANY)
FROM_APPROVED = looks_at(Fact.INGREDIENT_SOURCE, "approved_product", who=Quantifier.ALL)


def rule(rule_id: str, effect: Effect, *tests: Test, **changes) -> Rule:
    made = Rule(
        rule_id=rule_id,
        level=Level.PAYER,
        lines_of_business=frozenset({LineOfBusiness.EMPLOYER_INSURED}),
        effect=effect,
        binding=False,
        basis=Basis.STATED,
        summary=f"What {rule_id} says.",
        citation=CITATION,
        payer_id="made-up-payer",
        condition=f"What {rule_id} needs.",
        tests=tests,
    )
    made = replace(made, **changes)
    if made.level in (Level.LAW, Level.PROGRAM):
        made = replace(made, payer_id="")
    if made.level == Level.PBM:
        made = replace(made, payer_id="made-up-pbm")
    if made.level == Level.PLAN:
        made = replace(made, plan_id="made-up-plan")
    return made


def listed(**changes) -> FormularyFact:
    """The tablet of naltrexone on a plan's list."""
    made = FormularyFact(
        ingredient_id="naltrexone",
        product="naltrexone 50 mg tablet",
        rxcui="1483744",
        on_list=True,
        supplement=False,
        tier="2",
        prior_authorization=False,
        step_therapy=False,
        quantity_limit="",
        indications=(),
        cost_sharing=(),
        citation=CITATION,
    )
    return replace(made, **changes)


@dataclass
class Book:
    """The least a rule book can be."""

    rules: list[Rule] = field(default_factory=list)
    steps: tuple[Step, ...] = ()
    listed: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    @property
    def rules_by_reach(self) -> dict[tuple[LineOfBusiness, str], tuple[Rule, ...]]:
        return rules_by_reach(self.rules)

    @property
    def rules_by_id(self) -> dict[str, Rule]:
        return {rule.rule_id: rule for rule in self.rules}
