"""Where one medication stands over all plans: the engine's answers, each plan counted once."""

from dataclasses import replace

import pytest

from compound_coverage.dataset.search import STATES, unlisted_plan
from compound_coverage.determination.engine import determine, with_source
from compound_coverage.determination.survey import survey
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Effect,
    Grade,
    IngredientSource,
    Level,
    LineOfBusiness,
    Verdict,
)
from tests import pace
from tests.builders import (
    APPROVED,
    BULK,
    CITATION,
    FROM_APPROVED,
    FROM_POWDER,
    LDN,
    PLAN,
    TODAY,
    rule,
)

INSURED, MEDICAID = LineOfBusiness.EMPLOYER_INSURED, LineOfBusiness.MEDICAID
YES, MAYBE, NO, OPEN = (
    Verdict.COVERED,
    Verdict.CONDITIONAL,
    Verdict.NOT_COVERED,
    Verdict.UNKNOWN,
)


def plan(plan_id, *states, payer="made-up-payer", line=INSURED):
    return replace(PLAN, plan_id=plan_id, states=states, payer_id=payer, line_of_business=line)


PLANS = (
    plan("texas", "TX"),
    plan("texas-too", "TX", payer="somebody-else"),
    plan("two-states", "OK", "KS"),
    plan("everywhere"),
    plan("everywhere-too", payer="somebody-else"),
)
RULES = (
    rule("no-powder", Effect.EXCLUDES, FROM_POWDER),
    rule(
        "pays",
        Effect.COVERS,
        FROM_APPROVED,
        citation=replace(CITATION, grade=Grade.B, last_checked="2026-03"),
    ),
)


@pytest.fixture
def over(bundled):
    """The survey of made-up plans and rules."""

    def made(rules=RULES, plans=PLANS):
        dataset = replace(bundled, plans={p.plan_id: p for p in plans}, rules=tuple(rules))
        return survey(dataset, LDN, TODAY)

    return made


def place(found, state, source, line=INSURED):
    return next(one for one in found.states(line, source) if one.state == state)


@pytest.mark.parametrize(
    ("state", "source", "counts", "listed"),
    [
        # two payers in one state: one of them has a rule
        ("TX", BULK, {NO: 1, OPEN: 1}, True),
        ("TX", APPROVED, {YES: 1, OPEN: 1}, True),
        # one plan in two states stands in both
        ("OK", BULK, {NO: 1}, True),
        ("KS", BULK, {NO: 1}, True),
        # no plan is listed there, and no rule speaks for the state: not known
        ("CA", BULK, {OPEN: 1}, False),
    ],
)
def test_a_state_has_the_answers_of_the_plans_that_name_it(over, state, source, counts, listed):
    told = place(over(), state, source)
    assert (dict(told.counts), told.listed) == (counts, listed)


def test_a_plan_without_states_is_counted_once_and_in_no_state(over):
    found = over()
    assert dict(found.national(INSURED, BULK).counts) == {NO: 1, OPEN: 1}
    national = {one.plan.plan_id for one in found.national(INSURED, BULK).standings}
    assert national == {"everywhere", "everywhere-too"}
    shown = [one for p in found.states(INSURED, BULK) for one in p.standings]
    assert national.isdisjoint(one.plan.plan_id for one in shown)
    assert found.national(MEDICAID, BULK).standings == ()


def test_each_state_is_there_once_for_each_kind_of_insurance(over):
    for line in LineOfBusiness:
        assert [one.state for one in over().states(line, BULK)] == list(STATES)


def test_powder_and_approved_product_part_ways(over):
    split = over().split()
    assert split.plans == len(PLANS)
    assert split.counts == {APPROVED: {YES: 3, OPEN: 2}, BULK: {NO: 3, OPEN: 2}}
    assert split.changed == 3
    assert over().split(INSURED) == split
    nothing = over().split(MEDICAID)
    assert (nothing.plans, nothing.changed) == (0, 0)
    assert nothing.counts == {APPROVED: {}, BULK: {}}


def test_the_rule_that_decides_comes_with_its_grade_and_age(over):
    told = {(one.plan.plan_id, one.source): one for one in over().plans}
    powder, tablet = told["texas", BULK], told["texas", APPROVED]
    assert (powder.rule.rule_id, powder.grade, powder.months) == ("no-powder", Grade.A, 0)
    assert (tablet.rule.rule_id, tablet.grade, tablet.months) == ("pays", Grade.B, 7)
    assert tablet.last_checked == "2026-03"
    unknown = told["texas-too", BULK]
    assert (unknown.rule, unknown.grade, unknown.months) == (None, None, None)
    assert (unknown.last_checked, unknown.last_known) == ("", False)
    here = place(over(), "TX", APPROVED)
    assert (here.best_grade, here.oldest_check, here.last_known) == (Grade.B, "2026-03", False)
    there = place(over(), "CA", APPROVED)
    assert (there.best_grade, there.oldest_check, there.last_known) == (None, "", False)


def test_an_old_policy_is_told_as_last_known(over):
    old = rule("old", Effect.EXCLUDES, citation=replace(CITATION, document_date="2019"))
    assert place(over([old]), "OK", BULK).last_known


@pytest.mark.parametrize(
    ("changes", "here", "elsewhere"),
    [
        ({"states": frozenset({"CA"})}, NO, OPEN),
        ({}, NO, NO),
        # nobody has confirmed it, it has ended, or has not begun: it decides nothing
        ({"basis": Basis.UNVERIFIED}, OPEN, OPEN),
        ({"effective_to": "2020"}, OPEN, OPEN),
        ({"effective_from": "2030"}, OPEN, OPEN),
    ],
)
def test_where_no_plan_is_listed_the_rules_of_the_kind_speak(over, changes, here, elsewhere):
    program = rule(
        "program",
        Effect.EXCLUDES,
        level=Level.PROGRAM,
        lines_of_business=frozenset({MEDICAID}),
        **changes,
    )
    found = over([program])
    assert dict(place(found, "CA", BULK, MEDICAID).counts) == {here: 1}
    assert dict(place(found, "NY", BULK, MEDICAID).counts) == {elsewhere: 1}
    assert not place(found, "CA", BULK, MEDICAID).listed
    assert found.split().plans == len(PLANS)  # a stand-in is no plan


def test_over_the_published_plans_it_says_what_the_engine_says(bundled):
    medication = bundled.medications["ldn-capsule"]
    found = survey(bundled, medication, TODAY)
    assert len(found.plans) == len(bundled.plans) * len(IngredientSource)
    for one in (*found.plans, *found.stand_ins[::7]):
        case = with_source(Case(plan=one.plan, medication=medication, on=TODAY), one.source)
        answer = determine(case, bundled)
        decisive = [reason.rule for reason in answer.reasons if reason.decisive]
        assert (one.verdict, [one.rule] if one.rule else []) == (answer.verdict, decisive), (
            one.plan.plan_id
        )
    for one in found.stand_ins:
        [state] = one.plan.states
        assert one.plan == unlisted_plan(one.plan.line_of_business, state)


def test_a_survey_takes_less_than_a_third_of_a_second(bundled):
    medication = bundled.medications["ldn-capsule"]
    assert pace.seconds(lambda: survey(bundled, medication, TODAY), tries=2) < 0.3
