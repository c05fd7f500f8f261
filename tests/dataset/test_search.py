"""People mistype, use old names, or know only a number on a card."""

import pytest

from compound_coverage.dataset.load import load
from compound_coverage.dataset.search import (
    NotFound,
    find_medications,
    medication_by_id,
    plan_by_id,
    unlisted_plan_id,
)
from compound_coverage.vocabulary import LineOfBusiness


@pytest.fixture
def dataset(small):
    return load(small)


@pytest.mark.parametrize("text", ["", "naltrexone", "low dose", "naltrexon", "ldn-capsule"])
def test_medications_are_found(dataset, text):
    assert [m.medication_id for m in find_medications(dataset, text)] == ["ldn-capsule"]


def test_other_medications_are_not_found(dataset):
    assert find_medications(dataset, "insulin") == []


@pytest.mark.parametrize("line", list(LineOfBusiness))
@pytest.mark.parametrize("state", ["", "TX"])
def test_a_plan_not_listed_stands_for_its_kind_and_state(dataset, line, state):
    plan = plan_by_id(dataset, unlisted_plan_id(line, state))
    assert plan.line_of_business == line
    assert plan.states == ((state,) if state else ())


def test_a_state_in_small_letters_is_understood(dataset):
    assert plan_by_id(dataset, "unlisted-medicaid-tx").states == ("TX",)


@pytest.mark.parametrize("wrong", ["made-up-helth", "unlisted-medicaid-XX", "unlisted-nothing"])
def test_a_wrong_plan_id_names_the_nearest(dataset, wrong):
    with pytest.raises(NotFound, match=rf"There is no plan '{wrong}'\. Nearest: made-up-health"):
        plan_by_id(dataset, wrong)


def test_a_wrong_medication_id_names_the_nearest(dataset):
    with pytest.raises(NotFound, match=r"There is no medication 'ldn'\. Nearest: ldn-capsule"):
        medication_by_id(dataset, "ldn")
