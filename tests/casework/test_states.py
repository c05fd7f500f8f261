"""The road of a case, as a table a nurse can read: what may follow what."""

import pytest

from compound_coverage.casework.access import MATRIX, Action
from compound_coverage.casework.states import ROAD, NotNow, State, after, steps_from

# Down: where the case stands. Across: what somebody wants to do. Inside: where that leads;
# a dot means not now.
TABLE = """
                  | edit              submit    return            confirm   sign   file   send decide  appeal
draft             | draft             in_review .                 .         .      signed .    .       .
in_review         | in_review         .         changes_requested in_review signed signed .    .       .
changes_requested | changes_requested in_review .                 .         .      .      .    .       .
signed            | draft             .         .                 .         .      .      sent .       .
sent              | .                 .         .                 .         .      .      .    decided .
decided           | .                 .         .                 .         .      .      .    .       appealed
appealed          | .                 .         .                 .         .      .      .    .       .
"""  # noqa: E501


def cells():
    head, *lines = TABLE.strip("\n").splitlines()
    words = head.split("|")[1].split()
    for line in lines:
        state, leads = line.split("|")
        for word, to in zip(words, leads.split(), strict=True):
            yield State(state.strip()), Action(f"case.{word}"), "" if to == "." else to


CELLS = list(cells())


def test_the_table_holds_every_state_and_every_step():
    assert {state for state, _, _ in CELLS} == set(State)
    assert {action for _, action, _ in CELLS} == {action for _, action in ROAD}


@pytest.mark.parametrize(("state", "action", "to"), CELLS)
def test_each_step_leads_where_the_table_says(state, action, to):
    if to:
        assert after(state, action) == to
        return
    with pytest.raises(NotNow, match=f"This case is {state.replace('_', ' ')} and can't") as no:
        after(state, action)
    allowed = {place.replace("_", " ") for place, one, to in CELLS if one is action and to}
    assert set(str(no.value).rpartition(": ")[2].rstrip(".").split(", ")) == allowed


@pytest.mark.parametrize("state", State)
def test_what_a_page_offers_is_what_the_table_allows(state):
    assert set(steps_from(state)) == {one for place, one, to in CELLS if place is state and to}


def test_a_signed_letter_is_reached_by_signing_alone():
    ways = {action for _, action, to in CELLS if to == State.SIGNED}
    assert ways == {Action.CASE_SIGN, Action.CASE_FILE}


def test_from_every_state_but_the_last_the_road_goes_on():
    assert [state for state in State if not steps_from(state)] == [State.APPEALED]


def test_every_step_is_in_the_matrix_of_who_may_do_it():
    assert {action for _, action in ROAD} <= set(MATRIX)
