"""What a draft holds, what it may hold, and when a tick still counts."""

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.casework.content import (
    CLINICAL,
    LARGEST,
    Content,
    ContentError,
    Tick,
    content_of,
    digest_of,
    is_clinical,
    stated,
)
from compound_coverage.letters.casefile import CaseFile, example_case

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEAF = WORDS | st.integers() | st.none() | st.booleans()
FACTS = st.dictionaries(
    WORDS,
    st.recursive(LEAF, lambda part: st.lists(part) | st.dictionaries(WORDS, part), max_leaves=8),
)


def ticked(content, *places):
    """``content`` with these facts found in the chart."""
    ticks = {
        fact.place: Tick(by="a-member", at="2026-11-24", of=fact.digest)
        for fact in stated(content)
        if fact.place in places
    }
    assert set(ticks) == set(places)
    return content.model_copy(update={"chart": ticks})


def in_chart(content):
    return {fact.place for fact in stated(content) if fact.standing == "chart_confirmed"}


def nested(times):
    facts: dict[str, Any] = {}
    for _ in range(times):
        facts = {"a": facts}
    return facts


def with_facts(content, **facts):
    return content.model_copy(update={"facts": {**content.facts, **facts}})


@given(FACTS)
def test_any_draft_comes_back_as_it_was(facts):
    content = Content(facts=facts)
    assert content_of(json.loads(json.dumps(content.model_dump(mode="json")))) == content


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"a": 4.5, "b": 30, "c": True}, {"a": "4.5", "b": "30", "c": "True"}),
        ({"a": datetime.date(2026, 11, 24)}, {"a": "2026-11-24"}),
        ({"a": None, "b": "", "c": [], "d": {}}, {}),
        ({"a": {"b": {"c": ""}}}, {}),
        ({"a": [{"b": ""}, {"b": "x", "c": None}]}, {"a": [{"b": "x"}]}),
        ({"a": ("x", "")}, {"a": ["x"]}),
        ({"a": " x "}, {"a": " x "}),
    ],
)
def test_each_fact_is_written_one_way_however_it_came(typed, kept):
    assert Content(facts=typed).facts == kept


@given(FACTS)
def test_every_value_that_is_there_is_stated_in_its_order(facts):
    def count(value):
        if isinstance(value, dict | list):
            return sum(map(count, value.values() if isinstance(value, dict) else value))
        return value not in (None, "")

    content = Content(facts=facts)
    assert len(stated(content)) == count(content.facts)


@pytest.mark.parametrize(
    ("what", "data", "told"),
    [
        ("nothing", None, "the draft: Input should be a valid dictionary"),
        ("a list", [], "the draft: Input should be a valid dictionary"),
        ("facts that are a list", {"facts": []}, "facts: Input should be a valid dictionary"),
        ("a part nobody knows", {"notes": ""}, "notes: Extra inputs are not permitted"),
        ("a language we lack", {"language": "fr"}, "language: Input should be 'en' or 'es'"),
        ("half a tick", {"chart": {"a": {"by": "x"}}}, "chart.a.at: Field required"),
        ("too long a text", {"text": "x" * 200_001}, "text: String should have at most 200000"),
        ("facts too large", {"facts": {"a": "x" * LARGEST}}, "larger than 5 MB"),
        ("many small letters of many bytes", {"facts": {"a": "€" * 1_700_000}}, "larger than 5 MB"),
        ("half a character", {"facts": {"a": "\ud800"}}, "characters that no letter can print"),
        ("tables in tables without end", {"facts": nested(5_000)}, "put in each other too often"),
    ],
)
def test_what_can_not_be_kept_is_refused_in_one_sentence(what, data, told):
    with pytest.raises(ContentError) as no:
        content_of(data)
    assert told in str(no.value)
    assert "\n" not in str(no.value)
    assert len(str(no.value)) < 200


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("patient.name", "Example Patient"),
        ("patient", {"name": "Example Patient"}),
        ("patient.name.first", None),
        ("plan.bin", None),
        ("", None),
    ],
)
def test_a_fact_is_found_by_its_place(path, found):
    assert Content(facts={"patient": {"name": "Example Patient"}}).at(path) == found


@pytest.mark.parametrize(
    "facts", [{}, {"prescriber": None}, {"prescriber": []}, {"prescriber": {}}]
)
def test_a_draft_that_names_no_prescriber_has_no_npi(facts):
    assert Content(facts=facts).npi_of_record == ""


@pytest.mark.parametrize(
    ("place", "clinical"),
    [
        ("diagnosis.words", True),
        ("tried.0.dose", True),
        ("patient.weight", True),
        ("request.urgency", True),
        ("patient.name", False),
        ("patient.weight_note", False),
        ("plan.member_id", False),
        ("request.send_to", False),
        ("tried_before", False),
    ],
)
def test_what_a_prescriber_must_vouch_for(place, clinical):
    assert is_clinical(place) is clinical


def test_every_clinical_part_is_a_part_of_a_case_file():
    parts = set(CaseFile.model_fields)
    assert {part.partition(".")[0] for part in CLINICAL} <= parts


def test_each_part_of_a_case_file_was_thought_of():
    office = {
        "date", "plan", "request", "patient", "prescriber", "pharmacy", "reimbursement",
        "decisions", "representative", "patient_words", "attachments",
    }  # fmt: skip
    clinical = {part for part in CLINICAL if "." not in part}
    assert set(CaseFile.model_fields) == office | clinical


def test_ids_that_no_letter_prints_are_not_stated():
    places = {fact.place for fact in stated(Content(facts=example_case()))}
    assert not places & {"plan.plan_id", "medication.medication_id", "request.letter_type"}
    assert {"patient.name", "tried.1.drug", "ingredients.0.cost"} <= places


# -- ticks -------------------------------------------------------------------------------------


def test_a_tick_counts_until_the_value_changes():
    content = ticked(Content(facts={"diagnosis": {"words": "Example illness"}}), "diagnosis.words")
    assert in_chart(content) == {"diagnosis.words"}
    other = with_facts(content, diagnosis={"words": "Another illness"})
    assert in_chart(other) == set()
    assert in_chart(with_facts(other, diagnosis={"words": "Example illness"})) == {
        "diagnosis.words"
    }


@given(LEAF, LEAF)
def test_another_value_has_another_digest(one, other):
    same = repr(one) == repr(other)
    assert (digest_of(one) == digest_of(other)) is same


TWO = [
    {"drug": "Example drug A", "outcome": "failed"},
    {"drug": "Example drug B", "outcome": "failed"},
]


@pytest.mark.parametrize(
    ("what", "rows", "left"),
    [
        ("nothing happened", TWO, {"tried.0.drug", "tried.0.outcome"}),
        ("a row was put in before it", [{"drug": "New", "outcome": "failed"}, *TWO], set()),
        ("the rows changed places", TWO[::-1], set()),
        ("the row was taken out", TWO[1:], set()),
        ("the drug is another", [{"drug": "Other", "outcome": "failed"}, TWO[1]], set()),
        (
            "the outcome is another",
            [{"drug": "Example drug A", "outcome": "not_tolerated"}, TWO[1]],
            {"tried.0.drug"},
        ),
        ("a row was added after it", [*TWO, {"drug": "New"}], {"tried.0.drug", "tried.0.outcome"}),
    ],
)
def test_a_tick_in_a_table_counts_for_its_row_only(what, rows, left):
    """ "Failed" found in the chart for one drug must not vouch for another's."""
    content = ticked(Content(facts={"tried": TWO}), "tried.0.drug", "tried.0.outcome")
    assert in_chart(with_facts(content, tried=rows)) == left
