"""Which existing rules a draft repeats, contradicts, or stands above or below."""

from dataclasses import replace

import pytest

from compound_coverage.curation.near import exclusive, near_rules
from compound_coverage.dataset.load import load
from compound_coverage.vocabulary import (
    Comparison,
    Effect,
    Fact,
    Level,
    LineOfBusiness,
    Quantifier,
    Test,
)
from tests.builders import TODAY


def looks(who, fact, comparison, *values):
    return Test(Quantifier(who), Fact(fact), Comparison(comparison), values)


POWDER = looks("any", "ingredient_source", "is", "bulk_powder")
ALL_POWDER = looks("all", "ingredient_source", "is", "bulk_powder")
TABLETS = looks("all", "ingredient_source", "is", "approved_product")
SUMMARY = "The plan does not pay for a mix made from powder."


@pytest.fixture
def book(small):
    return load(small, today=TODAY)


@pytest.fixture
def existing(book):
    """The made-up rule: the payer does not pay if an ingredient comes from powder."""
    return replace(book.rules_by_id["powder-not-paid"], summary=SUMMARY, states=frozenset({"TX"}))


def beside(book, existing, model=None, **cells):
    """What is near a new rule like ``model`` (else like ``existing``) but for ``cells``."""
    other_words = {"summary": "Quite other words here."}
    new = replace(model or existing, rule_id="new", **(other_words | cells))
    found = near_rules(new, replace(book, rules=(existing, new)))
    assert all(near.rule is existing and existing.summary in near.sentence for near in found)
    return [str(near.kind) for near in found]


LAW = {"level": Level.LAW, "payer_id": ""}
PLAN = {"level": Level.PLAN, "payer_id": "", "plan_id": "made-up-health-employer-insured"}


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({}, ["same"]),
        ({"effect": Effect.EXCLUDES_WITH_EXCEPTION}, []),
        ({"tests": (TABLETS,)}, []),
        ({"tests": (TABLETS,), "summary": "The plan does not pay for a mix made of powder."},
         ["same"]),
        ({"effect": Effect.INFORMS, "summary": SUMMARY}, ["same"]),
        ({"effect": Effect.INFORMS}, []),
        # who speaks, whom it reaches, and when
        ({"states": frozenset({"NY"})}, []),
        ({"states": frozenset({"NY", "TX"})}, ["same"]),
        ({"states": frozenset()}, ["same"]),
        ({"lines_of_business": frozenset({LineOfBusiness.MEDICAID})}, []),
        ({"effective_from": "2024", "effective_to": "2025"}, []),
        ({"effective_from": "2024", "effective_to": "2026-01"}, ["same"]),
        ({"payer_id": "somebody-else"}, []),
        # the opposite, by the same voice
        ({"effect": Effect.COVERS}, ["contradicts"]),
        ({"effect": Effect.COVERS_QUALIFYING_INGREDIENTS}, ["contradicts"]),
        ({"effect": Effect.COVERS, "tests": ()}, ["contradicts"]),
        ({"effect": Effect.COVERS, "tests": (TABLETS,)}, []),
        ({"effect": Effect.COVERS, "tests": (ALL_POWDER,)}, ["contradicts"]),
        ({"effect": Effect.COVERS, "tests": (looks("all", "on_formulary", "is", "yes"),)}, []),
        ({"effect": Effect.COVERS, "tests": (looks("any", "on_formulary", "is", "yes"),)},
         ["contradicts"]),
        ({"effect": Effect.COVERS, "states": frozenset({"NY"})}, []),
        ({"effect": Effect.REQUIRES_PRIOR_AUTHORIZATION}, []),
        # the opposite, by another voice
        ({**LAW, "effect": Effect.COVERS}, ["outranks"]),
        ({**LAW, "effect": Effect.EXCLUDES, "tests": ()}, []),
        ({**PLAN, "effect": Effect.COVERS}, ["outranked"]),
        ({**PLAN, "effect": Effect.COVERS, "plan_id": "of-somebody-else"}, []),
        ({"level": Level.PBM, "payer_id": "made-up-pbm", "effect": Effect.COVERS}, ["outranked"]),
        ({"level": Level.PBM, "payer_id": "other-pbm", "effect": Effect.COVERS}, []),
        ({"payer_id": "somebody-else", "effect": Effect.COVERS}, []),
    ],
)  # fmt: skip
def test_a_new_rule_beside_the_made_up_exclusion(book, existing, cells, found):
    assert beside(book, existing, **cells) == found


@pytest.mark.parametrize(
    ("existing_cells", "cells", "found"),
    [
        # a binding exclusion stands above whoever is more generous, at its own level too
        ({**LAW, "binding": True}, {"effect": Effect.COVERS}, ["outranks"]),
        ({**LAW, "binding": True}, {**LAW, "binding": False, "effect": Effect.COVERS},
         ["outranks"]),
        ({**LAW, "binding": True}, {**LAW, "binding": True, "effect": Effect.COVERS},
         ["contradicts"]),
        ({"effect": Effect.COVERS}, {**LAW, "binding": True, "effect": Effect.EXCLUDES},
         ["outranked"]),
        # a law that pays, but does not exclude, binds nobody to say no
        ({**LAW, "binding": True, "effect": Effect.COVERS}, {"effect": Effect.EXCLUDES},
         ["outranked"]),
        ({**LAW, "level": Level.PROGRAM}, {**LAW, "effect": Effect.COVERS}, ["outranks"]),
    ],
)  # fmt: skip
def test_who_stands_above_whom(book, existing, existing_cells, cells, found):
    assert beside(book, replace(existing, **existing_cells), existing, **cells) == found


def test_a_rule_is_not_near_itself_and_the_pressing_comes_first(book, existing):
    twin = replace(existing, rule_id="a-twin")
    pays = replace(existing, rule_id="pays", effect=Effect.COVERS, summary="It pays for powder.")
    law = replace(pays, rule_id="a-law", level=Level.LAW, payer_id="", summary="A law says so.")
    found = near_rules(existing, replace(book, rules=(law, pays, existing, twin)))
    assert [(near.rule.rule_id, str(near.kind)) for near in found] == [
        ("a-twin", "same"),
        ("pays", "contradicts"),
        ("a-law", "outranked"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        # where the ingredients come from
        (POWDER, TABLETS, True),
        (ALL_POWDER, TABLETS, True),
        (POWDER, looks("any", "ingredient_source", "is", "approved_product"), False),
        (POWDER, looks("none", "ingredient_source", "is", "bulk_powder"), True),
        (POWDER, looks("all", "ingredient_source", "is_not", "bulk_powder"), True),
        (TABLETS, looks("none", "ingredient_source", "is", "approved_product"), True),
        (looks("none", "ingredient_source", "is", "bulk_powder"), TABLETS, False),
        (looks("all", "has_rebate", "is", "yes"), POWDER, True),
        (looks("all", "has_rebate", "is", "no"), POWDER, False),
        # which ingredient
        (looks("any", "ingredient", "is", "a"), looks("none", "ingredient", "is", "a", "b"), True),
        (looks("any", "ingredient", "is", "a", "c"), looks("none", "ingredient", "is", "a"), False),
        (looks("all", "ingredient", "is", "a"), looks("any", "ingredient", "is", "b"), True),
        (looks("any", "ingredient", "is", "a"), looks("any", "ingredient", "is", "b"), False),
        (looks("none", "ingredient", "is", "a"), looks("none", "ingredient", "is", "b"), False),
        # an ingredient may be on two lists
        (looks("all", "on_list", "is", "a"), looks("all", "on_list", "is", "b"), False),
        (looks("all", "on_list", "is", "a"), looks("none", "on_list", "is", "a"), True),
        # numbers
        (looks("case", "age", "below", "6"), looks("case", "age", "at_least", "6"), True),
        (looks("case", "age", "at_most", "6"), looks("case", "age", "at_least", "6"), False),
        (looks("case", "age", "at_most", "6"), looks("case", "age", "above", "6"), True),
        (looks("case", "age", "below", "7"), looks("case", "age", "above", "6"), False),
        (looks("case", "age", "above", "6"), looks("case", "age", "above", "7"), False),
        (looks("case", "age", "below", "6"), looks("case", "monthly_cost", "above", "9"), False),
        # forms, uses, codes
        (looks("case", "route", "is", "oral"), looks("case", "route", "is", "topical"), True),
        (looks("case", "route", "is", "oral"), looks("case", "route", "is_not", "oral"), True),
        (looks("case", "route", "is_not", "oral"), looks("case", "route", "is_not", "x"), False),
        (looks("case", "indication", "is", "label"),
         looks("case", "indication", "is", "compendium"), False),
        (looks("case", "indication", "is", "label"),
         looks("case", "indication", "is_not", "label", "compendium"), True),
        (looks("case", "indication", "is", "literature"),
         looks("case", "indication", "is_not", "label", "compendium"), False),
        (looks("case", "diagnosis", "is", "C50"), looks("case", "diagnosis", "is", "C"), False),
        (looks("case", "diagnosis", "is", "C50"), looks("case", "diagnosis", "is", "M"), True),
        (looks("case", "diagnosis", "is", "C50"), looks("case", "diagnosis", "is_not", "C"), True),
        (looks("case", "diagnosis", "is", "C"), looks("case", "diagnosis", "is_not", "C5"), False),
        (looks("case", "pharmacy_network", "is", "in_network"),
         looks("case", "pharmacy_network", "is_not", "out_of_network"), False),
        (looks("case", "route", "is", "oral"), looks("case", "dosage_form", "is", "cream"), False),
    ],
)  # fmt: skip
def test_two_tests_that_no_case_passes_together(one, other, apart):
    assert exclusive([one], [other]) is apart
    assert exclusive([other], [one]) is apart


def test_one_pair_that_excludes_is_enough():
    oral, cream = looks("case", "route", "is", "oral"), looks("case", "route", "is", "topical")
    assert exclusive([POWDER, oral], [POWDER, cream])
    assert not exclusive([], [POWDER])
    # what a rule asks of itself counts too: no case passes both of these
    low, high = looks("case", "age", "below", "2"), looks("case", "age", "above", "6")
    assert exclusive([low, high], [])
