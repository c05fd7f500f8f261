"""Yes, no, or not known: every fact a rule can look at, on both sides."""

from dataclasses import replace

import pytest

from compound_coverage.determination.facts import all_of, any_of, holds, not_
from compound_coverage.vocabulary import Comparison, Fact, Quantifier, Test
from tests.builders import APPROVED, BULK, LDN, NALTREXONE, TWO_ACTIVES, case, listed

ANY, ALL, NONE = Quantifier.ANY, Quantifier.ALL, Quantifier.NONE
MIXED = case(medication=TWO_ACTIVES, sources=(("ketotifen", BULK), ("naltrexone", APPROVED)))
HALF_KNOWN = case(medication=TWO_ACTIVES, sources=(("naltrexone", APPROVED),))


def ask(asked, fact, *values, who=Quantifier.CASE, how=Comparison.IS, listed=()):
    return holds(Test(who, fact, how, values), asked, dict(listed))


@pytest.mark.parametrize(
    ("asked", "who", "value", "answer"),
    [
        (case(BULK), ANY, "bulk_powder", True),
        (case(APPROVED), ANY, "bulk_powder", False),
        (case(), ANY, "bulk_powder", None),
        (MIXED, ANY, "bulk_powder", True),
        (MIXED, ALL, "bulk_powder", False),
        (MIXED, NONE, "bulk_powder", False),
        (case(APPROVED), NONE, "bulk_powder", True),
        (HALF_KNOWN, ANY, "approved_product", True),
        (HALF_KNOWN, ALL, "approved_product", None),
        (HALF_KNOWN, ANY, "bulk_powder", None),
    ],
)
def test_where_the_ingredients_come_from(asked, who, value, answer):
    assert ask(asked, Fact.INGREDIENT_SOURCE, value, who=who) is answer


@pytest.mark.parametrize(
    ("asked", "fact", "values", "answer"),
    [
        (case(), Fact.INGREDIENT, ["naltrexone"], True),
        (case(), Fact.INGREDIENT, ["progesterone", "estradiol"], False),
        (case(), Fact.ON_LIST, ["list"], None),
        (case(BULK), Fact.ON_FORMULARY, ["yes"], False),
        (case(APPROVED), Fact.ON_FORMULARY, ["yes"], None),
        (case(APPROVED, formulary=(listed(),)), Fact.ON_FORMULARY, ["yes"], True),
        (case(BULK), Fact.HAS_REBATE, ["no"], True),
        (case(APPROVED, has_rebate=(("naltrexone", True),)), Fact.HAS_REBATE, ["no"], False),
        (case(), Fact.WITHDRAWN_FOR_SAFETY, ["yes"], False),
        (case(), Fact.APPROVED_INGREDIENT, ["yes"], True),
        (case(), Fact.PRESCRIPTION_INGREDIENT, ["yes"], True),
    ],
)
def test_what_is_known_of_an_ingredient(asked, fact, values, answer):
    assert ask(asked, fact, *values, who=ANY) is answer


def test_a_list_speaks_for_any_source_or_for_one():
    any_source = {("list", "naltrexone", "any"): True}
    powder = {("list", "naltrexone", "bulk_powder"): True}
    assert ask(case(), Fact.ON_LIST, "list", who=ANY, listed=any_source) is True
    assert ask(case(BULK), Fact.ON_LIST, "list", who=ANY, listed=powder) is True
    assert ask(case(APPROVED), Fact.ON_LIST, "list", who=ANY, listed=powder) is None
    assert ask(case(), Fact.ON_LIST, "list", who=ANY, listed=powder) is None


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        (Comparison.BELOW, True, False, False),
        (Comparison.AT_MOST, True, True, False),
        (Comparison.ABOVE, False, False, True),
        (Comparison.AT_LEAST, False, True, True),
    ],
)
def test_both_sides_of_a_threshold(comparison, below, at, above):
    for cost, answer in ((199.99, below), (200.0, at), (200.01, above), (None, None)):
        asked = case(monthly_cost=cost)
        assert ask(asked, Fact.MONTHLY_COST, "200", how=comparison) is answer
        assert ask(case(age=cost), Fact.AGE, "200", how=comparison) is answer


def test_how_many_active_ingredients():
    assert ask(case(), Fact.ACTIVE_INGREDIENT_COUNT, "2", how=Comparison.AT_LEAST) is False
    assert ask(MIXED, Fact.ACTIVE_INGREDIENT_COUNT, "2", how=Comparison.AT_LEAST) is True


@pytest.mark.parametrize(
    ("diagnosis", "compendium", "literature", "values", "answer"),
    [
        ("F10.20", None, None, ["label"], True),
        ("M79.7", None, None, ["label"], False),
        ("", None, None, ["label"], None),
        ("M79.7", True, None, ["label", "compendium"], True),
        ("M79.7", False, None, ["label", "compendium"], False),
        ("M79.7", None, None, ["label", "compendium"], None),
        ("M79.7", False, True, ["label", "compendium", "literature"], True),
        ("M79.7", False, None, ["label", "compendium", "literature"], None),
        ("M79.7", False, False, ["literature"], False),
    ],
)
def test_what_supports_the_use(diagnosis, compendium, literature, values, answer):
    asked = case(diagnosis=diagnosis, compendium=compendium, literature=literature)
    assert ask(asked, Fact.INDICATION, *values) is answer
    assert ask(asked, Fact.INDICATION, *values, how=Comparison.IS_NOT) is not_(answer)


def test_a_second_ingredient_with_no_known_label_leaves_the_use_open():
    assert ask(replace(MIXED, diagnosis="M79.7"), Fact.INDICATION, "label") is None


@pytest.mark.parametrize(
    ("usual", "label", "answer"),
    [
        ((0.5, 4.5), (50.0, 50.0), True),
        ((50.0, 50.0), (50.0, 50.0), False),
        ((75.0, 100.0), (50.0, 50.0), False),
        ((40.0, 60.0), (50.0, 50.0), None),
        (None, (50.0, 50.0), None),
        ((0.5, 4.5), None, None),
    ],
)
def test_a_daily_amount_against_the_label(usual, label, answer):
    made = replace(
        LDN,
        daily_amount_mg=usual,
        ingredients=(replace(NALTREXONE, label_daily_mg=label),),
    )
    assert ask(case(medication=made), Fact.DAILY_AMOUNT, "below_range") is answer


@pytest.mark.parametrize(
    ("asked", "fact", "value", "answer"),
    [
        (case(), Fact.MEDICATION, "ldn-capsule", True),
        (case(), Fact.DOSAGE_FORM, "cream", False),
        (case(), Fact.ROUTE, "oral", True),
        (case(), Fact.USE_CATEGORY, "cosmetic", False),
        (case(use_category="cosmetic"), Fact.USE_CATEGORY, "cosmetic", True),
        (case(), Fact.MARKETED_IN_STRENGTH_OR_FORM, "no", True),
        (case(), Fact.PHARMACY_NETWORK, "in_network", None),
        (case(pharmacy_network="in_network"), Fact.PHARMACY_NETWORK, "in_network", True),
        (case(), Fact.PHARMACY_KIND, "503A", None),
        (case(pharmacy_kind="503B"), Fact.PHARMACY_KIND, "503A", False),
        (case(), Fact.PHARMACY_CREDENTIALED, "yes", None),
        (case(pharmacy_credentialed=True), Fact.PHARMACY_CREDENTIALED, "yes", True),
        (case(), Fact.DIAGNOSIS, "M79", None),
        (case(diagnosis="M79.7"), Fact.DIAGNOSIS, "M79", True),
    ],
)
def test_what_is_known_of_the_case(asked, fact, value, answer):
    assert ask(asked, fact, value) is answer
    assert ask(asked, fact, value, how=Comparison.IS_NOT) is not_(answer)


def test_combining_answers():
    assert all_of([]) is True
    assert any_of([]) is False
    assert all_of([True, None]) is None
    assert all_of([None, False]) is False
    assert any_of([None, True]) is True
    assert any_of([None, False]) is None
