"""What a change of the dataset does to answers: exactly those that differ, found by walking all."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compound_coverage.dataset.load import load
from compound_coverage.dataset.maintain import write_dataset
from compound_coverage.dataset.schema import TABLES
from compound_coverage.determination.compare import all_keys, answer_to, compare, differences
from compound_coverage.vocabulary import Effect, LineOfBusiness, Step, Verdict
from tests.small_dataset import ROWS

ON = date(2026, 11, 28)


def by_brute_force(old, new):
    """Every (plan, medication, source) whose answer differs in anything at all."""
    keys = {*all_keys(old), *all_keys(new)}
    return {key for key in keys if answer_to(key, old, ON) != answer_to(key, new, ON)}


def listed(found):
    moved = {(one.plan_id, one.medication_id, one.source) for one in found.moved}
    reworded = {(one.plan_id, one.medication_id, one.source) for one in found.reworded}
    assert not moved & reworded
    return moved | reworded


def with_rule(dataset, rule_id, **cells):
    rules = tuple(
        replace(rule, **cells) if rule.rule_id == rule_id else rule for rule in dataset.rules
    )
    return replace(dataset, rules=rules)


@pytest.fixture(scope="module")
def small_dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    rows = {
        model.FILE: [model.model_validate(row) for row in ROWS.get(model.FILE, [])]
        for model in TABLES
    }
    write_dataset(folder, rows)
    return load(folder)


@st.composite
def edited(draw, dataset):
    """The dataset after one to three edits of the kinds an advocate makes."""
    for _ in range(draw(st.integers(1, 3))):
        rule = draw(st.sampled_from(dataset.rules))
        day = draw(st.sampled_from(["", "2020-01-01", "2026-11-28", "2026-11-29", "2031"]))
        edit = draw(st.integers(0, 7))
        match edit:
            case 0:
                dataset = with_rule(dataset, rule.rule_id, effective_to=day)
            case 1:
                dataset = with_rule(dataset, rule.rule_id, effective_from=day)
            case 2:
                effect = draw(st.sampled_from(list(Effect)))
                dataset = with_rule(dataset, rule.rule_id, effect=effect, condition="Ask first.")
            case 3:
                lines = draw(st.frozensets(st.sampled_from(list(LineOfBusiness)), min_size=1))
                dataset = with_rule(dataset, rule.rule_id, lines_of_business=lines)
            case 4:
                dataset = with_rule(dataset, rule.rule_id, summary="In other words.")
            case 5:
                kept = tuple(one for one in dataset.rules if one.rule_id != rule.rule_id)
                dataset = replace(dataset, rules=kept or dataset.rules)
            case 6:
                plan = draw(st.sampled_from(sorted(dataset.plans)))
                states = draw(st.sampled_from([(), ("TX",), ("OH", "TX")]))
                moved = replace(dataset.plans[plan], states=states)
                dataset = replace(dataset, plans={**dataset.plans, plan: moved})
            case 7:
                name = draw(st.sampled_from(sorted(dataset.medications)))
                other = replace(dataset.medications[name], form="cream")
                dataset = replace(dataset, medications={**dataset.medications, name: other})
    return dataset


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_list_is_exactly_what_brute_force_finds(small_dataset, data):
    new = data.draw(edited(small_dataset))
    assert listed(differences(small_dataset, new, ON)) == by_brute_force(small_dataset, new)


@pytest.mark.no_cover
def test_the_list_is_exact_on_the_published_dataset(bundled):
    # one edit of each kind at once: ended, loosened, reworded, a plan gone, a medication changed
    ended, loosened, worded = (
        rule.rule_id
        for rule in bundled.rules
        if rule.rule_id
        in {"aetna-powder-not-paid", "aca-drug-exception", "aetna-supported-use-paid"}
    )
    new = with_rule(bundled, ended, effective_to="2026-11-01")
    new = with_rule(new, loosened, effect=Effect.INFORMS)
    new = with_rule(new, worded, summary="In other words.")
    gone = next(iter(sorted(bundled.plans)))
    new = replace(new, plans={key: plan for key, plan in new.plans.items() if key != gone})
    found = differences(bundled, new, ON)
    # every fifth plan by brute force, and all that are listed
    keys = sorted({*all_keys(bundled), *all_keys(new)})
    plans = sorted({key[0] for key in keys})[::5]
    by_force = {
        key
        for key in keys
        if key[0] in plans and answer_to(key, bundled, ON) != answer_to(key, new, ON)
    }
    assert {key for key in listed(found) if key[0] in plans} == by_force
    assert len(found.moved) > 10
    assert found.ended == (ended,)


def test_a_step_that_changes_is_looked_for_everywhere(small_dataset):
    step = Step(
        "new-step", 1, frozenset({Verdict.NOT_COVERED}), frozenset(), "", "Ask somebody.", ""
    )
    new = replace(small_dataset, steps=(step, *small_dataset.steps))
    assert (
        listed(differences(small_dataset, new, ON)) == by_brute_force(small_dataset, new) != set()
    )


def test_words_alone_move_no_verdict(small_dataset):
    rule_id = "powder-not-paid"
    found = differences(small_dataset, with_rule(small_dataset, rule_id, summary="Other."), ON)
    assert found.changed == (rule_id,)
    assert found.moved == ()
    assert {part for one in found.reworded for part in one.parts} == {"reasons"}


def test_a_plan_that_is_new_moves_from_nothing(small_dataset):
    plan = next(iter(small_dataset.plans.values()))
    new = replace(small_dataset, plans={**small_dataset.plans, "new": replace(plan, plan_id="new")})
    document = compare(small_dataset, new, ON)
    assert {one["plan_id"] for one in document["determinations"]} == {"new"}
    assert {one["verdict_before"] for one in document["determinations"]} == {""}
    assert document["reworded"] == []
