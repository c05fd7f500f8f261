"""Curated and imported plans side by side, and what drug lists say in an answer."""

from dataclasses import replace

import pytest

from compound_coverage.dataset.load import load
from compound_coverage.dataset.search import NotFound
from compound_coverage.determination.engine import determine
from compound_coverage.determination.formulary_diff import compare_releases, release_pairs
from compound_coverage.determination.published import PlanIndex, find_plan, sweep
from compound_coverage.determination.question import make_case
from compound_coverage.formulary.importer import import_paths
from compound_coverage.formulary.lookup import reading
from compound_coverage.formulary.sources import sources
from compound_coverage.formulary.store import open_store
from compound_coverage.vocabulary import Level
from tests.builders import APPROVED, TODAY, listed
from tests.formulary.small_release import ON_SECOND, OTHER, OTHER_ON_FIRST, PLANS, write_release

JOB, OWN = "made-up-health-employer-insured", "made-up-health-marketplace"


@pytest.fixture
def dataset(small):
    return load(small)


@pytest.mark.parametrize(
    ("text", "state", "found"),
    [
        ("", "", [JOB, OWN]),
        ("", "NY", [OWN]),
        ("", "CA", []),
        ("Made-up Health job", "", [JOB, OWN]),
        ("mdae up helth marketplace", "", [OWN, JOB]),
        ("invented insurance", "", [JOB, OWN]),
        ("MUH Gold", "", [JOB]),
        ("12345TX0010001", "", [JOB]),
        ("h0000-001", "", [JOB]),
        (OWN, "", [OWN]),
        ("zzzz qqqq", "", []),
        ("?!", "", []),
    ],
)
def test_plans_are_found_best_first(dataset, text, state, found):
    assert [plan.plan_id for plan in PlanIndex(dataset).find(text, state=state)] == found


def test_a_limit_cuts_the_list(dataset):
    assert len(PlanIndex(dataset).find(limit=1)) == 1


@pytest.fixture
def lists(tmp_path):
    """Two made-up Medicare plans: the tablet is on both lists, with other strings attached."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    import_paths(engine, [write_release(tmp_path / "release")], sources("part-d"))
    with reading(engine) as formularies:
        yield formularies
    engine.dispose()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("H0001-001-000", ["H0001-001-000"]),
        ("h0001-001", ["H0001-001-000"]),
        ("made up advantge", ["H0001-001-000"]),
        ("Travis", ["H0001-001-000", "S0002-007-000"]),
        ("invented saver", ["S0002-007-000"]),
    ],
)
def test_imported_plans_are_found_beside_the_curated_ones(dataset, lists, text, found):
    imported = [
        plan.plan_id
        for plan in PlanIndex(dataset, lists).find(text)
        if plan.plan_id not in dataset.plans
    ]
    assert sorted(imported) == found
    assert PlanIndex(dataset, lists).find("H0001-001", state="NY") == []


def test_a_wrong_id_names_imported_plans_too(dataset, lists):
    assert "H0001-001-000" in str(PlanIndex(dataset, lists).wrong_id("H0001-001-00"))
    with pytest.raises(NotFound):
        find_plan(dataset, lists, "H9999-999")
    with pytest.raises(NotFound):
        find_plan(dataset, None, "H0001-001")


def answer(bundled, lists, plan_id, **more):
    asked = make_case(bundled, plan_id, "ldn-capsule", on=TODAY, formularies=lists, **more)
    return determine(asked, bundled)


def told(result):
    return [r.rule.summary for r in result.reasons if r.rule.level == Level.FORMULARY]


def test_the_list_speaks_of_the_tablet_and_never_of_the_mix(bundled, lists):
    result = answer(
        bundled, lists, "H0001-001-000", source="approved_product", compendium="supported"
    )
    assert result.case.plan.states == ("TX",)
    assert result.verdict == "conditional"
    statement = told(result)[0]
    assert "Its tier is 2" in statement
    assert "$5.00 for 30 days, a preferred pharmacy" in statement
    assert "Quantity limit: 30 in 30 days" in statement
    assert "not about the mix" in statement
    assert not any(r.decisive for r in result.reasons if r.rule.level == Level.FORMULARY)
    asked = " ".join(met.what for met in result.conditions)
    assert "(prior authorization)" in asked
    assert "(step therapy)" in asked
    cited = result.reasons[-1].rule.citation
    assert "release 2026Q1" in cited.title


def test_powder_needs_no_approval_of_the_tablet(bundled, lists):
    result = answer(bundled, lists, "H0001-001-000", source="bulk_powder")
    assert result.verdict == "not_covered"
    assert len(told(result)) == 1


def test_a_list_without_strings_asks_for_nothing(bundled, lists):
    result = answer(
        bundled, lists, "S0002-007-000", source="approved_product", compendium="supported"
    )
    assert "It needs no prior authorization." in told(result)[0]
    assert len(told(result)) == 1


def test_absence_from_a_list_proves_nothing_of_the_mix(bundled, tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    import_paths(
        engine, [write_release(tmp_path / "release", drugs=[OTHER_ON_FIRST])], sources("part-d")
    )
    with reading(engine) as lists:
        result = answer(
            bundled, lists, "H0001-001-000", source="approved_product", compendium="supported"
        )
    engine.dispose()
    assert "proves nothing about the mix" in told(result)[0]
    assert result.verdict == "exception_only"


def test_silence_of_a_list_is_said(bundled):
    fact = listed(prior_authorization=None, indications=("CROHN DISEASE",), quantity_limit="yes")
    asked = replace(
        make_case(bundled, "unlisted-medicare-part-d-TX", "ldn-capsule", on=TODAY),
        formulary=(fact,),
    )
    texts = " ".join(told(determine(asked, bundled)))
    assert "does not say if it needs prior authorization" in texts
    assert "only for some uses: Crohn disease" in texts
    elsewhere = replace(fact, ingredient_id="another")
    assert told(determine(replace(asked, formulary=(elsewhere,)), bundled))


def test_a_sweep_answers_for_every_plan_as_asking_one_by_one_does(bundled, lists):
    medication = bundled.medications["ldn-capsule"]
    swept = list(sweep(bundled, lists, medication, APPROVED, TODAY))
    assert [result.case.plan.plan_id for result in swept] == ["H0001-001-000", "S0002-007-000"]
    for result in swept:
        single = answer(bundled, lists, result.case.plan.plan_id, source="approved_product")
        assert (result.verdict, told(result)) == (single.verdict, told(single))


def test_what_changed_between_two_releases_and_what_moves(bundled, tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    second = ON_SECOND.replace("|1|N| | |N|", "|3|N| | |Y|")
    plans = PLANS + PLANS.splitlines()[3].replace("S0002|007", "S0002|008") + "\n"
    import_paths(engine, [write_release(tmp_path / "a")], sources("part-d"))
    import_paths(
        engine,
        [write_release(tmp_path / "b", "2026Q2", [second, OTHER, OTHER_ON_FIRST], plans)],
        sources("part-d"),
    )
    with engine.connect() as connection:
        [(older, newer)] = release_pairs(connection)
        document = compare_releases(connection, older, newer, bundled, TODAY)
    engine.dispose()
    assert (document["from"], document["to"]) == ("2026Q1", "2026Q2")
    assert document["plans_gained"] == ["S0002-008-000"]
    assert document["plans_lost"] == []
    kinds = {(c["plan_id"], c["kind"]) for c in document["changes"]}
    assert kinds == {("H0001-001-000", "lost"), ("S0002-007-000", "changed")}
    changed = next(c for c in document["changes"] if c["kind"] == "changed")
    assert changed["before"] == {"tier": "1", "prior_authorization": False}
    assert changed["after"] == {"tier": "3", "prior_authorization": True}
    moved = {(d["plan_id"], d["medication_id"]) for d in document["determinations"]}
    assert ("H0001-001-000", "ldn-capsule") in moved
    assert not any(plan_id == "S0002-007-000" for plan_id, _ in moved)
