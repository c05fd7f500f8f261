"""The day to act on a case, as a nurse reads it: where it stands, what is known, which day shows.

Every day here was counted by hand from the clocks of the dataset as it is published.
"""

from contextlib import nullcontext

import pytest

from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.cases import Summary
from compound_coverage.casework.content import Content
from compound_coverage.casework.dues import DueDays
from compound_coverage.casework.states import Outcome, State
from compound_coverage.letters.casefile import example_case

COMMERCIAL, PART_D, MEDICAID = (
    "unlisted-employer-insured-TX",
    "unlisted-medicare-part-d-TX",
    "unlisted-medicaid-TX",
)
LMN, INTERNAL = "letter_of_medical_necessity", "internal_appeal"
REDETERMINATION, OUTSIDE = "redetermination_request", "external_review_request"
HEARING, RECONSIDERATION = "fair_hearing_request", "reconsideration_request"
RENEW = "Ask for renewal: the approval ends soon"
RUNS_OUT = "The medicine in hand runs out"


@pytest.fixture
def due_days(bundled):
    """The days of a case; facts are the complete example's without earlier decisions."""
    days = DueDays(lambda: bundled, lambda: nullcontext(None))

    def told(plan_id, letter_type, state, summary=None, supply=False, **request):
        facts = example_case(plan_id)
        del facts["decisions"]
        facts["request"] |= request
        if not supply:
            del facts["continuity"]["supply_ends"]
        content = Content(letter_type=letter_type, facts=facts)
        found = days(content, summary or Summary(), state)
        return [(due.day, due.whose, due.title) for due in found]

    return told


def decided(outcome, on="2026-12-01", until=""):
    return Summary(sent_on="2026-11-24", decision=Decision(outcome, on, approved_until=until))


# -- before it is sent: the member's own clock -------------------------------------------------

# The notice of the example is of Monday, November 9, and came on November 12.
BEFORE = [
    ("a first request has no clock", COMMERCIAL, LMN, "initial", []),
    ("Part D, a first request has none", PART_D, LMN, "initial", []),
    (
        "180 days from when the notice came",
        COMMERCIAL, INTERNAL, "appeal",
        [("2027-05-11", "member", "Appeal to the plan")],
    ),
    (
        "Part D: 65 days from its date or 60 from when it came, the earlier",
        PART_D, REDETERMINATION, "appeal",
        [("2027-01-11", "member", "Ask the plan to decide again")],
    ),
    (
        "Medicaid: 60 days from its mailing, January 8",
        MEDICAID, INTERNAL, "appeal",
        [("2027-01-08", "member", "Appeal to the plan")],
    ),
    (
        "4 months from when the last denial came",
        COMMERCIAL, OUTSIDE, "external_review",
        [("2027-03-12", "member", "Ask for an outside review")],
    ),
]  # fmt: skip


@pytest.mark.parametrize("state", [State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED])
@pytest.mark.parametrize(
    ("what", "plan_id", "letter", "stage", "days"), BEFORE, ids=[row[0] for row in BEFORE]
)
def test_before_it_is_sent_the_members_own_clock_shows(
    due_days, what, plan_id, letter, stage, days, state
):
    assert due_days(plan_id, letter, state, stage=stage) == days


def test_what_is_signed_still_has_to_go_out_in_time(due_days):
    days = due_days(COMMERCIAL, INTERNAL, State.SIGNED, stage="appeal")
    assert days == [("2027-05-11", "member", "Appeal to the plan")]


def test_the_day_the_medicine_runs_out_comes_first_when_it_is_sooner(due_days):
    days = due_days(COMMERCIAL, INTERNAL, State.DRAFT, supply=True, stage="appeal")
    assert days == [
        ("2026-12-01", "office", RUNS_OUT),
        ("2027-05-11", "member", "Appeal to the plan"),
    ]


def test_without_a_notice_no_clock_runs(due_days):
    assert due_days(COMMERCIAL, INTERNAL, State.DRAFT, denied_on=None, received_on=None) == []


# -- once it is sent: the plan's answer --------------------------------------------------------

ASK = "Ask the plan for its decision"
SENT = [
    ("15 days, then the next working day", COMMERCIAL, LMN, "initial", "2026-12-10", "plan", ASK),
    ("an appeal: 30 days", COMMERCIAL, INTERNAL, "appeal", "2026-12-28", "plan", ASK),
    ("Part D: 72 hours, past Thanksgiving", PART_D, LMN, "initial", "2026-11-30", "plan", ASK),
    ("Part D, again: 7 days", PART_D, REDETERMINATION, "appeal", "2026-12-02", "plan", ASK),
    ("Medicaid: 24 hours, past Thanksgiving", MEDICAID, LMN, "initial", "2026-11-27", "plan", ASK),
    (
        "the outside reviewer: 45 days",
        COMMERCIAL, OUTSIDE, "external_review",
        "2027-01-11", "reviewer", "Ask the reviewer for the decision",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "plan_id", "letter", "stage", "day", "whose", "title"),
    SENT,
    ids=[row[0] for row in SENT],
)
def test_once_sent_the_day_to_ask_for_the_answer_shows(
    due_days, what, plan_id, letter, stage, day, whose, title
):
    sent = Summary(sent_on="2026-11-24")
    days = due_days(plan_id, letter, State.SENT, sent, supply=True, stage=stage)
    assert days == [(day, whose, title)]


def test_an_urgent_request_is_asked_after_sooner(due_days):
    sent = Summary(sent_on="2026-11-30")
    days = due_days(PART_D, LMN, State.SENT, sent, urgency="expedited")
    assert days == [("2026-12-02", "plan", f"{ASK} (fast)")]


# -- once it is decided ------------------------------------------------------------------------

AGAIN, REVIEW = "Ask the plan to decide again", "Ask for an outside review"
DENIED = [
    ("180 days from its date", COMMERCIAL, LMN, "initial", "2027-05-28", "Appeal to the plan"),
    ("Part D: 65 days", PART_D, LMN, "initial", "2027-02-04", AGAIN),
    ("Medicaid: 60 days", MEDICAID, LMN, "initial", "2027-01-29", "Appeal to the plan"),
    ("an appeal denied: 4 months", COMMERCIAL, INTERNAL, "appeal", "2027-04-01", REVIEW),
    (
        "Part D, denied again: 65 days from that",
        PART_D, REDETERMINATION, "appeal", "2027-02-04", "Ask for the outside review",
    ),
    (
        "Medicaid, an appeal denied: 120 days from that",
        MEDICAID, INTERNAL, "appeal", "2027-03-31", "Ask the state for a fair hearing",
    ),
    ("a second appeal denied: 4 months", COMMERCIAL, LMN, "second_appeal", "2027-04-01", REVIEW),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "plan_id", "letter", "stage", "day", "title"), DENIED, ids=[row[0] for row in DENIED]
)
def test_a_denial_starts_the_clock_of_what_can_follow(
    due_days, what, plan_id, letter, stage, day, title
):
    summary = decided(Outcome.DENIED)
    days = due_days(plan_id, letter, State.DECIDED, summary, supply=True, stage=stage)
    assert days == [(day, "member", title)]


def test_the_letter_tells_where_it_stands_if_the_facts_do_not(due_days):
    days = due_days(COMMERCIAL, INTERNAL, State.DECIDED, decided(Outcome.DENIED), stage="initial")
    assert days == [("2027-04-01", "member", REVIEW)]


@pytest.mark.parametrize(
    ("plan_id", "letter"),
    [(COMMERCIAL, OUTSIDE), (PART_D, RECONSIDERATION), (MEDICAID, HEARING)],
)
def test_what_was_just_decided_is_not_asked_for_again(due_days, plan_id, letter):
    stage = "external_review" if letter == OUTSIDE else "second_appeal"
    assert due_days(plan_id, letter, State.DECIDED, decided(Outcome.DENIED), stage=stage) == []


def test_an_old_denial_in_the_facts_does_not_start_the_clock_of_the_new_one(due_days):
    summary = decided(Outcome.DENIED, on="2026-12-21")
    days = due_days(PART_D, LMN, State.DECIDED, summary, denied_on="2026-10-01")
    assert days == [("2027-02-24", "member", AGAIN)]


def test_partly_approved_there_are_both_the_appeal_and_the_renewal(due_days):
    days = due_days(COMMERCIAL, LMN, State.DECIDED, decided(Outcome.PARTLY, until="2027-06-01"))
    assert days == [
        ("2027-05-02", "office", RENEW),
        ("2027-05-28", "member", "Appeal to the plan"),
    ]


@pytest.mark.parametrize("plan_id", [COMMERCIAL, PART_D, MEDICAID])
@pytest.mark.parametrize(
    ("until", "day"), [("2027-06-01", "2027-05-02"), ("2027-03-01", "2027-01-30"), ("", None)]
)
def test_renewal_is_asked_for_30_days_before_an_approval_ends(due_days, plan_id, until, day):
    days = due_days(plan_id, LMN, State.DECIDED, decided(Outcome.APPROVED, until=until))
    assert days == ([(day, "office", RENEW)] if day else [])


# -- no day ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.APPEALED])
def test_a_case_that_went_on_as_an_appeal_has_no_day(due_days, state):
    assert due_days(COMMERCIAL, LMN, state, decided(Outcome.DENIED), supply=True) == []


def test_decided_without_a_decision_there_is_no_day(due_days):
    assert due_days(COMMERCIAL, LMN, State.DECIDED) == []


IN_THE_MIDDLE = [
    {},
    {"plan": {"plan_id": "no-such-plan"}, "medication": {"medication_id": "ldn-capsule"}},
    {"plan": {"plan_id": COMMERCIAL}},
    {"plan": "typed"},
    {"request": "typed"},
    {"request": {"denied_on": "yesterday"}},
    {"date": "2026-02-30"},
]


@pytest.mark.parametrize("facts", IN_THE_MIDDLE)
@pytest.mark.parametrize("state", State)
def test_facts_in_the_middle_of_being_typed_have_no_day_and_no_fault(bundled, facts, state):
    days = DueDays(lambda: bundled, lambda: nullcontext(None))
    summary = decided(Outcome.DENIED)
    assert days(Content(facts=facts), summary, state) == ()


def test_a_letter_nobody_knows_has_no_day(bundled):
    days = DueDays(lambda: bundled, lambda: nullcontext(None))
    content = Content(letter_type="no_such_letter", facts=example_case())
    for state in State:
        assert days(content, decided(Outcome.DENIED), state) == ()


def test_empty_rows_of_a_page_are_no_facts(bundled):
    days = DueDays(lambda: bundled, lambda: nullcontext(None))
    facts = example_case() | {"tried": [], "answers": {}, "risk_if_untreated": ""}
    found = days(Content(facts=facts), Summary(), State.DRAFT)
    assert [due.title for due in found] == [RUNS_OUT]
