"""Finding a case in the worklist, and being told in time."""

from datetime import date

import pytest

from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.cases import DueDay, Row, Summary
from compound_coverage.casework.states import Outcome, State
from compound_coverage.casework.worklist import (
    NOBODY,
    Wanted,
    days_left,
    ending_soon,
    is_late,
    left_in_words,
    letter_title,
    matching,
    next_due,
    whose_move,
)

TODAY = date(2026, 11, 24)


def row(name, state=State.DRAFT, day="", who="", plan="Example Health Plan", decision=None):
    dues = (DueDay("2027-06-01", "Later", "plan"), DueDay(day, "Act", "member")) if day else ()
    summary = Summary(patient=name, plan=plan, dues=dues, decision=decision)
    return Row(name, state, None, 1, summary, who, "", "2026-11-24")


ROWS = [
    row("Example Ann", State.DRAFT, "2026-11-22", "m1"),
    row("Example Bob", State.SENT, "2026-11-24"),
    row("Example Cem", State.IN_REVIEW, "2026-12-01", "m2", plan="Made-up Mutual"),
    row("", State.DRAFT),
]
EVERYBODY = ["Example Ann", "Example Bob", "Example Cem", ""]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), EVERYBODY),
        (Wanted(text="ann"), ["Example Ann"]),
        (Wanted(text=" ANN  example "), ["Example Ann"]),
        (Wanted(text="mutual"), ["Example Cem"]),
        (Wanted(text="ann mutual"), []),
        (Wanted(states=frozenset({State.DRAFT})), ["Example Ann", ""]),
        (Wanted(states=frozenset({State.SENT, State.IN_REVIEW})), ["Example Bob", "Example Cem"]),
        (Wanted(assigned="m1"), ["Example Ann"]),
        (Wanted(assigned=NOBODY), ["Example Bob", ""]),
        (Wanted(late_only=True), ["Example Ann"]),
        (Wanted(within=0), ["Example Ann", "Example Bob"]),
        (Wanted(within=6), ["Example Ann", "Example Bob"]),
        (Wanted(within=7), ["Example Ann", "Example Bob", "Example Cem"]),
        (Wanted(text="example", assigned="m2", within=7), ["Example Cem"]),
    ],
)
def test_what_is_looked_for_is_found(wanted, found):
    assert [one.summary.patient for one in matching(ROWS, wanted, TODAY)] == found


def test_the_nearest_day_counts_whatever_its_place():
    due = next_due(ROWS[0].summary.dues)
    assert due is not None
    assert due.title == "Act"
    assert next_due(()) is None


def test_a_case_is_late_from_the_day_after_its_day():
    assert [is_late(one, TODAY) for one in ROWS] == [True, False, False, False]


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-22", "2 days late"),
        ("2026-11-23", "1 day late"),
        ("2026-11-24", "today"),
        ("2026-11-25", "in 1 day"),
        ("2026-11-27", "in 3 days"),
    ],
)
def test_the_days_left_are_told_in_words(day, words):
    assert left_in_words(days_left(day, TODAY)) == words


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        ("member", "your office"),
        ("office", "your office"),
        ("plan", "the plan"),
        ("reviewer", "the outside reviewer"),
    ],
)
def test_whose_move_it_is(whose, words):
    assert whose_move(DueDay("2026-11-24", "Act", whose)) == words


def test_a_letter_that_no_longer_exists_still_has_a_name():
    assert letter_title("internal_appeal") == "First Appeal to the Plan"
    assert letter_title("letter_of_old") == "letter of old"


def test_approvals_that_end_soon_are_told_the_first_to_end_first():
    def ends(name, until, outcome=Outcome.APPROVED):
        answer = Decision(outcome, "2026-06-01", approved_until=until)
        return row(name, State.DECIDED, decision=answer)

    rows = [
        ends("in 45 days", "2027-01-08"),
        ends("in 46 days", "2027-01-09"),
        ends("today", "2026-11-24"),
        ends("yesterday", "2026-11-23"),
        ends("in part", "2026-12-24", Outcome.PARTLY),
        ends("denied", "2026-12-24", Outcome.DENIED),
        ends("no end", ""),
        row("no answer"),
    ]
    found = [one.summary.patient for one in ending_soon(rows, TODAY)]
    assert found == ["today", "in part", "in 45 days"]
