"""What must hold of any determination, whatever the rules say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.determination.engine import STRICTNESS, determine, with_source
from compound_coverage.vocabulary import (
    Basis,
    Comparison,
    Effect,
    Fact,
    IngredientSource,
    Level,
    LineOfBusiness,
    Quantifier,
    Test,
    Verdict,
)
from tests.builders import APPROVED, BULK, TODAY, Book, case, rule

LEVELS = [Level.LAW, Level.PROGRAM, Level.PAYER, Level.PBM, Level.PLAN]
TESTS = [
    Test(Quantifier.ANY, Fact.INGREDIENT_SOURCE, Comparison.IS, ("bulk_powder",)),
    Test(Quantifier.ALL, Fact.INGREDIENT_SOURCE, Comparison.IS, ("approved_product",)),
    Test(Quantifier.NONE, Fact.INGREDIENT_SOURCE, Comparison.IS, ("approved_product",)),
    Test(Quantifier.CASE, Fact.INDICATION, Comparison.IS, ("label", "compendium")),
    Test(Quantifier.CASE, Fact.INDICATION, Comparison.IS_NOT, ("label", "compendium")),
    Test(Quantifier.CASE, Fact.MONTHLY_COST, Comparison.AT_MOST, ("200",)),
    Test(Quantifier.CASE, Fact.MONTHLY_COST, Comparison.ABOVE, ("200",)),
    Test(Quantifier.ANY, Fact.ON_LIST, Comparison.IS, ("some-list",)),
    Test(Quantifier.ALL, Fact.HAS_REBATE, Comparison.IS, ("yes",)),
    Test(Quantifier.CASE, Fact.ROUTE, Comparison.IS, ("topical",)),
]
cases = st.builds(
    case,
    st.sampled_from([None, BULK, APPROVED]),
    compendium=st.sampled_from([None, True, False]),
    monthly_cost=st.sampled_from([None, 199.0, 200.0, 201.0]),
    diagnosis=st.sampled_from(["", "M79.7", "F10.20"]),
    state=st.sampled_from(["", "TX"]),
)


@st.composite
def rules(draw, name="rule", effects=tuple(Effect), basis=tuple(Basis)):
    level = draw(st.sampled_from(LEVELS))
    chosen = draw(st.sampled_from(basis))
    binds = level in (Level.LAW, Level.PROGRAM) and chosen != Basis.UNVERIFIED
    return rule(
        f"{name}-{draw(st.integers(0, 10**6))}",
        draw(st.sampled_from(effects)),
        *draw(st.lists(st.sampled_from(TESTS), max_size=2)),
        level=level,
        basis=chosen,
        binding=binds and draw(st.booleans()),
        states=draw(st.sampled_from([frozenset(), frozenset({"TX"}), frozenset({"TX", "OK"})])),
        effective_from=draw(st.sampled_from(["", "2015", "2020-06-01"])),
    )


rule_sets = st.lists(rules(), max_size=8, unique_by=lambda made: made.rule_id)


def decisive(answer):
    return [reason.rule for reason in answer.reasons if reason.decisive]


@given(cases)
def test_no_rules_means_unknown(asked):
    assert determine(asked, Book()).verdict == Verdict.UNKNOWN


@given(rule_sets, cases)
def test_an_answer_has_one_decisive_cited_reason(made, asked):
    answer = determine(asked, Book(made))
    if answer.verdict == Verdict.UNKNOWN:
        assert decisive(answer) == []
    else:
        [reason] = decisive(answer)
        assert reason.citation.title
        assert reason.citation.url


@given(rule_sets, cases, st.randoms())
def test_row_order_never_matters(made, asked, random):
    shuffled = list(made)
    random.shuffle(shuffled)
    assert determine(asked, Book(made)) == determine(asked, Book(shuffled))


OUT_OF_SCOPE = [
    {"lines_of_business": frozenset({LineOfBusiness.VA})},
    {"states": frozenset({"NY"})},
    {"effective_to": "2020-01-01", "effective_from": ""},
    {"effective_from": "2027-01-01"},
    {"level": Level.PAYER, "payer_id": "another-payer", "binding": False},
    {"level": Level.PBM, "payer_id": "another-pbm", "binding": False},
    {"level": Level.PLAN, "plan_id": "another-plan", "binding": False},
    {"tests": (Test(Quantifier.CASE, Fact.ROUTE, Comparison.IS, ("topical",)),)},
]


@given(rule_sets, cases, rules(name="stray"), st.sampled_from(OUT_OF_SCOPE))
def test_an_irrelevant_rule_changes_nothing(made, asked, stray, elsewhere):
    before = determine(asked, Book(made))
    after = determine(asked, Book([*made, replace(stray, **elsewhere)]))
    assert after == before


@given(rule_sets, cases, rules(name="lead", basis=(Basis.UNVERIFIED,)))
def test_an_unverified_rule_decides_nothing(made, asked, lead):
    before = determine(asked, Book(made))
    after = determine(asked, Book([*made, replace(lead, binding=False)]))
    assert (after.verdict, after.conditions, after.reasons) == (
        before.verdict,
        before.conditions,
        before.reasons,
    )


@given(rule_sets, cases, st.sampled_from([Level.LAW, Level.PROGRAM]))
def test_a_binding_exclusion_is_never_loosened_from_below(made, asked, level):
    ban = rule("ban", Effect.EXCLUDES, level=level, binding=True)
    below = [made_rule for made_rule in made if LEVELS.index(made_rule.level) > LEVELS.index(level)]
    answer = determine(asked, Book([*below, ban]))
    assert answer.verdict == Verdict.NOT_COVERED
    assert decisive(answer) == [ban]


@given(rule_sets, cases, rules(name="ban", effects=(Effect.EXCLUDES,), basis=(Basis.STATED,)))
def test_a_binding_exclusion_never_makes_the_answer_better(made, asked, ban):
    ban = replace(ban, level=Level.LAW, binding=True, payer_id="", plan_id="")
    before = determine(asked, Book(made)).verdict
    after = determine(asked, Book([*made, ban])).verdict
    if before != Verdict.UNKNOWN:
        assert after != Verdict.UNKNOWN
        assert STRICTNESS[after] >= STRICTNESS[before]


@given(rule_sets, cases)
def test_covered_means_no_condition_and_nothing_hanging(made, asked):
    answer = determine(asked, Book(made))
    if answer.verdict == Verdict.COVERED:
        assert answer.conditions == ()
        assert all(reason.applies for reason in answer.reasons)
    if answer.verdict == Verdict.CONDITIONAL:
        assert answer.conditions


@given(rule_sets, cases)
def test_by_source_is_what_asking_for_that_source_answers(made, asked):
    answer = determine(asked, Book(made))
    for source in IngredientSource:
        direct = determine(with_source(asked, source), Book(made))
        assert dict(answer.by_source)[source] == direct.verdict


@given(rule_sets, cases)
def test_ending_a_rule_is_the_same_as_not_having_it(made, asked):
    ended = [replace(r, effective_from="", effective_to="2026-11-23") for r in made]
    assert determine(asked, Book(ended)) == determine(asked, Book())


@pytest.mark.parametrize("day", ["2026-11-24", "2026-11", "2026"])
def test_a_rule_holds_on_its_last_day(day):
    ban = rule("ban", Effect.EXCLUDES, effective_to=day)
    assert determine(case(on=TODAY), Book([ban])).verdict == Verdict.NOT_COVERED
