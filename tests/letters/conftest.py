"""Small made-up determinations, medications and studies for tests of letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from compound_coverage.letters.casefile import CaseFile, example_case, load_case
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Comparison,
    Determination,
    Effect,
    Fact,
    IngredientSource,
    Level,
    LineOfBusiness,
    MetCondition,
    Quantifier,
    Reason,
    Rule,
    Study,
    Test,
    Verdict,
)
from tests.builders import CITATION, LDN, NALTREXONE, PLAN, TODAY
from tests.in_process import look_here

__all__ = ["CITATION", "LDN", "NALTREXONE", "PLAN"]


def make_rule(rule_id: str, effect: Effect, *facts: Fact, **changes: Any) -> Rule:
    tests = tuple(Test(Quantifier.CASE, fact, Comparison.IS, ("x",)) for fact in facts)
    rule = Rule(
        rule_id=rule_id,
        level=Level.PAYER,
        lines_of_business=frozenset(LineOfBusiness),
        effect=effect,
        binding=False,
        basis=Basis.STATED,
        summary=f"Summary of {rule_id}.",
        citation=CITATION,
        condition=f"Condition of {rule_id}.",
        tests=tests,
    )
    return replace(rule, **changes)


SOURCE_RULE = make_rule("source-rule", Effect.COVERS, Fact.INGREDIENT_SOURCE)
REVIEW_RULE = make_rule("review-rule", Effect.REQUIRES_PRIOR_AUTHORIZATION)


def make_determination(
    *rules: Rule, verdict: Verdict = Verdict.CONDITIONAL, **changes: Any
) -> Determination:
    rules = rules or (SOURCE_RULE, REVIEW_RULE)
    answer = Determination(
        verdict=verdict,
        summary="Made-up answer.",
        case=Case(plan=PLAN, medication=LDN, on=TODAY),
        reasons=tuple(Reason(rule, True, place == 0, False) for place, rule in enumerate(rules)),
        conditions=tuple(MetCondition(rule.condition, rule.citation) for rule in rules),
        unknowns=(),
        next_steps=(),
        context=(),
        by_source=(
            (IngredientSource.BULK_POWDER, Verdict.NOT_COVERED),
            (IngredientSource.APPROVED_PRODUCT, Verdict.CONDITIONAL),
        ),
    )
    return replace(answer, **changes)


def make_study(study_id: str, direction: str, **changes: Any) -> Study:
    study = Study(
        study_id=study_id,
        condition_id="recurrent-depression",
        ingredient_id="naltrexone",
        authors=f"Author-{study_id} A, Other B",
        year="2020",
        journal="Made-up Journal",
        pmid="",
        doi="10.0/made-up",
        design="randomised",
        participants="12",
        dose="up to 4.5 mg",
        duration="12 weeks",
        primary_outcome="scale",
        primary_result="p=0.5",
        direction=direction,
        low_dose=True,
        limits="small",
        fair_sentence=f"Fair sentence of {study_id} (p=0.5).",
        citation=CITATION,
    )
    return replace(study, **changes)


STUDIES = (
    make_study("pilot", "mixed", year="2017"),
    make_study("null-trial", "negative", year="2026"),
    make_study("pain-trial", "negative", condition_id="fibromyalgia"),
    make_study("big-dose", "supports", low_dose=False, year="2002"),
    make_study("other-drug", "negative", ingredient_id="ketotifen"),
)


def made_case(**changes: Any) -> CaseFile:
    """The complete example with sections changed: ``safety={"opioids": "taking"}``."""
    data = example_case("made-up-plan", "ldn-capsule")
    data["evidence"]["studies"] = ["pilot"]
    for name, value in changes.items():
        data[name] = {**data.get(name, {}), **value} if isinstance(value, dict) else value
    return load_case(data)


def empty_case() -> CaseFile:
    return load_case(
        {"plan": {"plan_id": "made-up-plan"}, "medication": {"medication_id": "ldn-capsule"}}
    )


@pytest.fixture
def without_a_child(monkeypatch):
    """Looks into PDFs in this process."""
    look_here(monkeypatch)


@pytest.fixture(scope="session")
def determination() -> Determination:
    return make_determination()
