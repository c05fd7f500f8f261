"""Which document a case calls for: a table a pharmacist can read."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from compound_coverage.letters.choose import proposals
from compound_coverage.letters.templates import letter_types
from compound_coverage.vocabulary import Case, LineOfBusiness, Verdict
from tests.builders import TODAY
from tests.letters.conftest import LDN, PLAN, made_case, make_determination

with (Path(__file__).parent / "choices.csv").open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))


def asked(line, stage, urgency="standard", verdict="conditional", states=(), reasons=(), home=None):
    plan = replace(PLAN, line_of_business=LineOfBusiness(line), states=tuple(states))
    answer = make_determination(
        case=Case(plan=plan, medication=LDN, on=TODAY), verdict=Verdict(verdict)
    )
    case = made_case(request={"stage": stage, "urgency": urgency}, patient={"state": home or "OH"})
    return [found.letter.letter_type for found in proposals(case, answer, reasons)]


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_the_case_calls_for_this_document_first(row):
    found = asked(
        row["insurance"],
        row["stage"],
        row["urgency"],
        row["verdict"],
        reasons=row["reasons"].split(),
    )
    if row["first"]:
        assert found[0] == row["first"]
    for name in row["also"].split():
        assert name in found
    for name in row["never"].split():
        assert name not in found


def test_a_states_own_form_is_offered_where_the_patient_or_the_plan_is():
    form = "form_california_prior_authorization"
    assert form in asked("marketplace", "initial", states=("CA",))
    assert form in asked("marketplace", "initial", home="CA")
    assert form not in asked("marketplace", "initial", states=("TX",))


def test_every_document_is_called_for_by_some_case():
    seen = set()
    for line in LineOfBusiness:
        for stage in (
            "initial", "exception", "appeal", "second_appeal", "external_review", "renewal",
            "transition", "reimbursement",
        ):  # fmt: skip
            for urgency in ("standard", "expedited"):
                for home in ("CA", "TX"):
                    seen |= set(asked(line, stage, urgency, home=home))
    assert seen == {letter.letter_type for letter in letter_types("en")}
