"""What the person confirmed becomes a case file, and nothing else does."""

import pytest

from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.denial import (
    ConfirmedError,
    read_denial,
    read_pasted,
    to_case_fields,
)
from tests.letters.denial import making

NAMED = {"plan": {"plan_id": "made-up"}, "medication": {"medication_id": "ldn-capsule"}}


def confirmed(name):
    """Everything found in a letter, confirmed as it stands."""
    found: dict[str, list[str]] = {}
    for one in read_denial(read_pasted(making.text_of(name)), {}).findings:
        found.setdefault(one.field, []).append(one.value)
    return found


def merged(parts):
    case = {section: dict(fields) for section, fields in NAMED.items()}
    for name, part in parts.items():
        case[name] = {**case.get(name, {}), **part} if isinstance(part, dict) else part
    return load_case(case)


def test_a_denial_fills_the_request_and_leaves_every_point_to_answer():
    parts = to_case_fields(confirmed("step_therapy_denial"))
    assert parts["request"] == {
        "denied_on": "2026-07-08",
        "denial_reference": "C-1187204",
        "denial_reason": (
            "Step therapy has not been met.\nYour plan requires that you try other drugs first."
        ),
        "denial_policy": "Fibromyalgia Step Therapy, version 3, dated 2026-03",
        "send_to": (
            "Example Lakes Insurance Company, Grievance and Appeals, 12 Lakeside Plaza, "
            "Laketown, MN 00000\nFax: 000-555-0181\nOnline: appeals.example.org"
        ),
    }
    assert parts["plan"] == {"member_id": "ELI 902 114"}
    assert [point["said"] for point in parts["denial_points"]] == [
        "Step therapy has not been met.",
        "Your plan requires that you try other drugs first.",
        "Trial of duloxetine for at least 8 weeks",
        "Trial of pregabalin for at least 8 weeks",
        "Documentation of an intolerance or contraindication to both",
    ]
    assert {point["answer"] for point in parts["denial_points"]} == {None}
    assert parts["decisions"][0]["level"] == "initial"


@pytest.mark.parametrize("name", [name for name in making.NAMES if name != "two_dates"])
def test_every_confirmed_letter_makes_a_case_file_that_loads(name):
    case = merged(to_case_fields(confirmed(name)))
    assert case.plan.plan_id == "made-up"


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("part_d_redetermination", "redetermination"),
        ("commercial_appeal_upheld", "appeal"),
        ("external_review_upheld", "external_review"),
        ("part_d_denial", "initial"),
    ],
)
def test_the_decision_is_kept_for_the_next_level(name, level):
    (decision,) = merged(to_case_fields(confirmed(name))).decisions
    assert decision.level == level
    assert decision.decided_on is not None


def test_a_pharmacys_reject_gives_codes_and_the_day_of_the_fill():
    parts = to_case_fields(confirmed("pharmacy_reject"))
    assert parts["request"]["reject_codes"] == ["70", "75"]
    assert parts["reimbursement"] == {
        "prescription_number": "7001442",
        "filled_on": "2026-10-06",
    }
    assert "decisions" not in parts


def test_nothing_confirmed_fills_nothing():
    assert to_case_fields({}) == {}
    assert to_case_fields({"reason": [], "notice_date": None, "member_id": "  "}) == {}


def test_where_to_send_falls_back_to_the_road_the_letter_names():
    assert to_case_fields({"hearing_fax": "000-555-0171"}) == {
        "request": {"send_to": "Fax: 000-555-0171"}
    }
    assert to_case_fields({"policy_date": "2026-01"}) == {}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"nonsense": "x"}, "There is no finding called 'nonsense'; leave it out."),
        (
            {"reason": [3]},
            "What was confirmed for 'reason' must be text, or a list of texts.",
        ),
        (
            {"reason": 3},
            "What was confirmed for 'reason' must be text, or a list of texts.",
        ),
    ],
)
def test_what_can_not_be_used_is_refused_in_one_sentence(values, sentence):
    with pytest.raises(ConfirmedError) as refusal:
        to_case_fields(values)
    assert str(refusal.value) == sentence
