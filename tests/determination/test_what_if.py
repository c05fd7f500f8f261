"""One thing changed at a time: what the same rules say then."""

from dataclasses import replace

import pytest

from compound_coverage.determination import what_if as module
from compound_coverage.determination.engine import determine
from compound_coverage.determination.what_if import (
    Shift,
    counties_of,
    other_plans,
    plans_in_county,
    plans_in_reach,
    shift,
    state_of,
    what_if,
)
from compound_coverage.formulary.importer import import_paths
from compound_coverage.formulary.lookup import reading
from compound_coverage.formulary.sources import sources
from compound_coverage.formulary.store import open_store
from compound_coverage.formulary.tables import PLAN_AREA
from compound_coverage.vocabulary import (
    Comparison,
    Effect,
    Fact,
    LineOfBusiness,
    Quantifier,
    Verdict,
)
from tests.builders import (
    APPROVED,
    BULK,
    FROM_APPROVED,
    FROM_POWDER,
    PLAN,
    Book,
    case,
    looks_at,
    rule,
)
from tests.formulary.small_release import write_release

TABLET = rule("tablet", Effect.COVERS, FROM_APPROVED)
POWDER = rule("powder", Effect.EXCLUDES, FROM_POWDER)
BOOK = looks_at(Fact.INDICATION, "label", "compendium")


def price(how, dollars, effect=Effect.REQUIRES_PRIOR_AUTHORIZATION):
    name = f"{how.value}-{dollars}"
    return rule(name, effect, looks_at(Fact.MONTHLY_COST, dollars, how=how))


def compared(about, rules, now=None):
    book = Book(list(rules))
    found = what_if(determine(now or case(), book), book)
    return {one.about: one for one in found}[about]


def short(one):
    return [(outcome.words, outcome.verdict.value) for outcome in one.outcomes]


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ("not_covered", "covered", "better"),
        ("not_covered", "exception_only", "better"),
        ("covered", "conditional", "worse"),
        ("covered", "covered", "same"),
        ("unknown", "unknown", "same"),
        ("unknown", "covered", "not_known"),
        ("covered", "unknown", "not_known"),
    ],
)
def test_not_known_is_neither_better_nor_worse(now, then, expected):
    assert shift(Verdict(now), Verdict(then)) == expected


def test_the_source_and_the_rule_that_decides():
    one = compared("source", [TABLET, POWDER], case(BULK))
    assert one.matters
    tablet, powder = one.outcomes
    assert (tablet.verdict, tablet.rule, tablet.shift, tablet.now) == (
        Verdict.COVERED,
        TABLET,
        Shift.BETTER,
        False,
    )
    assert (powder.verdict, powder.rule, powder.shift, powder.now) == (
        Verdict.NOT_COVERED,
        POWDER,
        Shift.SAME,
        True,
    )


def test_nothing_published_changes_nothing():
    book = Book()
    found = what_if(determine(case(), book), book)
    assert [one.about for one in found] == ["source", "compendium", "price"]
    assert not any(one.matters for one in found)
    assert all(outcome.rule is None for outcome in found[0].outcomes)
    # no rule looks at a book or a price, so they are not tried
    assert (found[1].outcomes, found[2].outcomes) == ((), ())


def test_a_reference_book_for_the_use():
    one = compared("compendium", [rule("use", Effect.COVERS, BOOK)], case(diagnosis="M79.7"))
    assert short(one) == [
        ("A drug reference book supports the use", "covered"),
        ("No drug reference book supports the use", "unknown"),
    ]
    assert not any(outcome.now for outcome in one.outcomes)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            [price(Comparison.AT_MOST, "200", Effect.COVERS), price(Comparison.ABOVE, "200")],
            [
                ("A month costs $200 or less", "covered"),
                ("A month costs more than $200", "conditional"),
            ],
        ),
        (
            [price(Comparison.BELOW, "200", Effect.COVERS), price(Comparison.AT_LEAST, "200")],
            [
                ("A month costs less than $200", "covered"),
                ("A month costs $200 or more", "conditional"),
            ],
        ),
        (
            [price(Comparison.AT_MOST, "200", Effect.COVERS), price(Comparison.ABOVE, "1000")],
            [
                ("A month costs $200 or less", "covered"),
                ("A month costs more than $200, and $1,000 or less", "unknown"),
                ("A month costs more than $1,000", "conditional"),
            ],
        ),
        (
            [price(Comparison.BELOW, "200", Effect.COVERS), price(Comparison.AT_LEAST, "300")],
            [
                ("A month costs less than $200", "covered"),
                ("A month costs $200 or more, but less than $300", "unknown"),
                ("A month costs $300 or more", "conditional"),
            ],
        ),
        (
            [price(Comparison.ABOVE, "200", Effect.COVERS), price(Comparison.AT_LEAST, "300")],
            [
                ("A month costs $200 or less", "unknown"),
                ("A month costs more than $200, but less than $300", "covered"),
                ("A month costs $300 or more", "conditional"),
            ],
        ),
        (
            [price(Comparison.BELOW, "200", Effect.COVERS), price(Comparison.ABOVE, "300.5")],
            [
                ("A month costs less than $200", "covered"),
                ("A month costs from $200 to $300.50", "unknown"),
                ("A month costs more than $300.50", "conditional"),
            ],
        ),
    ],
)
def test_prices_come_from_the_rules_own_tests(rules, expected):
    assert short(compared("price", rules)) == expected


@pytest.mark.parametrize(
    ("cost", "now"),
    [(None, []), (0.0, [0]), (200.0, [0]), (200.01, [1]), (1000.0, [1]), (5000.0, [2])],
)
def test_the_price_of_today_is_marked(cost, now):
    rules = [price(Comparison.AT_MOST, "200", Effect.COVERS), price(Comparison.ABOVE, "1000")]
    one = compared("price", rules, case(monthly_cost=cost))
    assert [number for number, outcome in enumerate(one.outcomes) if outcome.now] == now


def test_a_few_prices_are_enough():
    rules = [price(Comparison.ABOVE, str(dollars)) for dollars in range(100, 900, 100)]
    assert len(compared("price", rules).outcomes) == module.MOST_PRICES + 1


def test_a_rule_of_another_state_is_not_looked_at():
    there = replace(price(Comparison.ABOVE, "200"), states=frozenset({"NY"}))
    assert compared("price", [there]).outcomes == ()


# -- other plans -------------------------------------------------------------------------------

ALIKE = replace(PLAN, plan_id="alike", name="Alike", payer_id="alike-payer")
WORSE = replace(PLAN, plan_id="worse", name="Worse", payer_id="worse-payer")
SILENT = replace(PLAN, plan_id="silent", name="Silent", payer_id="silent-payer", states=())
ELSEWHERE = replace(PLAN, plan_id="elsewhere", states=("NY",))
OTHER_KIND = replace(PLAN, plan_id="kind", line_of_business=LineOfBusiness.MEDICAID)
EVERY = [WORSE, SILENT, ALIKE, PLAN, ELSEWHERE, OTHER_KIND]


@pytest.mark.parametrize(
    ("state", "states", "expected"),
    [("TX", ("TX", "OK"), "TX"), ("", ("TX",), "TX"), ("", ("TX", "OK"), ""), ("", (), "")],
)
def test_the_state_of_a_case(state, states, expected):
    assert state_of(case(state=state, plan=replace(PLAN, states=states))) == expected


def test_plans_a_person_could_pick():
    assert plans_in_reach(case(), EVERY, "TX") == [ALIKE, SILENT, WORSE]
    assert plans_in_reach(case(), EVERY, "CA") == [SILENT]


def test_other_plans_stand_by_verdict_the_best_first():
    alike = replace(TABLET, rule_id="alike", payer_id="alike-payer")
    worse = rule("worse", Effect.EXCLUDES, payer_id="worse-payer")
    book = Book([alike, worse])
    found = other_plans(case(APPROVED), book, plans_in_reach(case(), EVERY, "TX"), "TX")
    assert [(verdict.value, [one.plan for one in group]) for verdict, group in found.groups] == [
        ("covered", [ALIKE]),
        ("not_covered", [WORSE]),
        ("unknown", [SILENT]),
    ]
    assert [one.rule for _, group in found.groups for one in group] == [alike, worse, None]
    assert found.left_out == 0


def test_too_many_plans_are_left_out_and_counted(monkeypatch):
    monkeypatch.setattr(module, "MOST_PLANS", 2)
    found = other_plans(case(), Book(), [ALIKE, SILENT, WORSE], "TX")
    assert [one.plan for one in found.groups[0][1]] == [ALIKE, SILENT]
    assert found.left_out == 1


@pytest.fixture
def lists(tmp_path):
    """Two made-up Medicare plans: one in two counties of Texas, one in a region around them."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    import_paths(engine, [write_release(tmp_path / "release")], sources("part-d"))
    with reading(engine) as formularies:
        yield formularies
    engine.dispose()


def test_counties_of_the_imported_plans(lists):
    assert counties_of(lists, "TX") == ["Harris", "Travis"]
    assert counties_of(lists, "NY") == []
    assert plans_in_county(lists, "TX", "travis") == {"H0001-001-000", "S0002-007-000"}
    assert plans_in_county(lists, "TX", "Nowhere") == set()
    lists.connection.execute(PLAN_AREA.delete().where(PLAN_AREA.c.kind == "county"))
    assert plans_in_county(lists, "TX", "Nowhere") == {"H0001-001-000"}
    assert plans_in_county(lists, "NY", "Travis") == set()


def test_an_imported_plan_brings_its_drug_list(lists):
    medicare = replace(
        PLAN, plan_id="H0001-001-000", line_of_business=LineOfBusiness.MEDICARE_PART_D
    )
    on_list = looks_at(Fact.ON_FORMULARY, "yes", who=Quantifier.ALL)
    lines = frozenset({LineOfBusiness.MEDICARE_PART_D})
    made = rule("listed", Effect.COVERS, on_list, lines_of_business=lines, payer_id="")
    rxcui = replace(case().medication.ingredients[0], approved_product_rxcui="1483744")
    now = case(medication=replace(case().medication, ingredients=(rxcui,)))
    [(verdict, _)] = other_plans(now, Book([made]), [medicare], "TX", lists).groups
    # the list itself asks for a yes first
    assert verdict == Verdict.CONDITIONAL


def test_every_comparison_of_the_published_dataset_is_quick(bundled):
    """At most eight determinations each: two sources, a book twice, and four prices."""
    for plan in list(bundled.plans.values())[::8]:
        now = case(plan=plan, medication=bundled.medications["ldn-capsule"])
        found = what_if(determine(now, bundled), bundled)
        assert sum(len(one.outcomes) for one in found) <= 4 + module.MOST_PRICES + 1
        assert all(
            outcome.rule
            for one in found
            for outcome in one.outcomes
            if outcome.verdict != Verdict.UNKNOWN
        )
