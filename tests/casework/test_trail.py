"""What auditors and managers see: the trail, its faults, and counts without a patient's words."""

import json

import pytest
from sqlalchemy import delete, update

from compound_coverage.casework import audit, trail
from compound_coverage.casework.access import Forbidden
from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.cases import Cases, DueDay
from compound_coverage.casework.content import Content
from compound_coverage.casework.papers import Papers
from compound_coverage.casework.states import Outcome
from compound_coverage.casework.tables import AUDIT
from compound_coverage.casework.trail import MOST_ENTRIES, Counts

NAME = "Zyxmarker Qwertson"


def test_the_newest_entry_comes_first(desk, practice, cases, case_id):
    cases.read(practice.prescriber, case_id)
    newest, before, *_ = trail.entries(desk, practice.auditor)
    assert (newest.action, newest.actor, newest.resource, newest.outcome) == (
        "case.read",
        practice.prescriber.member_id,
        case_id,
        "done",
    )
    assert before.action == "case.create"
    assert newest.number == before.number + 1
    assert newest.at == "2026-11-24T09:00:00.000000+00:00"


def test_reading_the_trail_is_in_the_trail(desk, practice):
    trail.entries(desk, practice.auditor)
    assert trail.entries(desk, practice.auditor)[0].action == "audit.read"


def test_the_trail_is_read_page_by_page(desk, practice, cases, case_id):
    for _ in range(6):
        cases.read(practice.staff, case_id)
    first = trail.entries(desk, practice.auditor, most=3)
    second = trail.entries(desk, practice.auditor, before=first[-1].number, most=3)
    numbers = [entry.number for entry in (*first, *second)]
    assert numbers == list(range(numbers[0], numbers[0] - 6, -1))
    assert trail.entries(desk, practice.auditor, before=1) == []


@pytest.mark.parametrize(("most", "got"), [(1, 1), (0, 0), (-5, 0), (10**9, MOST_ENTRIES)])
def test_a_page_is_never_longer_than_asked_nor_than_the_most(desk, practice, most, got):
    with desk.operating() as connection:
        for _ in range(MOST_ENTRIES if got == MOST_ENTRIES else 1):
            entry = audit.Entry(desk.stamp(), "x", "y", "z", "done", {})
            audit.append(connection, desk.ring, practice.organisation_id, entry)
    assert len(trail.entries(desk, practice.auditor, most=most)) == got


def test_an_entry_holds_ids_and_numbers_and_no_words(desk, practice, cases):
    case_id = cases.create(practice.staff, Content(facts={"patient": {"name": NAME}}), NAME)
    cases.note_call(practice.staff, case_id, NAME, NAME, NAME)
    for entry in trail.entries(desk, practice.auditor):
        assert "Zyxmarker" not in json.dumps([entry.resource, dict(entry.detail)])


@pytest.mark.parametrize("role", ["staff", "prescriber", "advocate", "manager"])
def test_only_the_auditor_reads_the_trail(desk, practice, role):
    for read in (trail.entries, trail.faults):
        with pytest.raises(Forbidden):
            read(desk, getattr(practice, role))


def test_the_trail_of_another_practice_is_not_shown(desk, practice, other_practice, case_id):
    numbers = {entry.resource for entry in trail.entries(desk, other_practice.auditor)}
    assert case_id not in numbers


# -- faults ------------------------------------------------------------------------------------


def head(desk, practice):
    with desk.operating() as connection:
        return audit.head_of(connection, practice.organisation_id)


def test_a_sound_trail_has_no_fault_and_still_holds_what_was_written_down(desk, practice, case_id):
    known = head(desk, practice)
    assert trail.faults(desk, practice.auditor) == []
    assert trail.faults(desk, practice.auditor, known.number, known.mark) == []


@pytest.mark.parametrize("number", [1, 3, 10**30, -1])
def test_a_head_that_was_never_there_is_a_fault(desk, practice, case_id, number):
    (fault,) = trail.faults(desk, practice.auditor, number, "0" * 64)
    assert f"does not hold entry {number} as it was written down" in fault


def test_a_trail_cut_at_its_end_is_found_by_what_was_written_down(desk, practice, case_id):
    known = head(desk, practice)
    mine = AUDIT.c.organisation_id == practice.organisation_id
    with desk.operating() as connection:
        connection.execute(delete(AUDIT).where(mine, AUDIT.c.number == known.number))
    faults = trail.faults(desk, practice.auditor, known.number, known.mark)
    assert any(f"entry {known.number} as it was written" in fault for fault in faults)


def test_a_changed_entry_is_named(desk, practice, case_id):
    mine = AUDIT.c.organisation_id == practice.organisation_id
    with desk.operating() as connection:
        connection.execute(update(AUDIT).where(mine, AUDIT.c.number == 2).values(actor="nobody"))
    assert trail.faults(desk, practice.auditor)[0] == "Entry 2 was changed or moved."


# -- counts ------------------------------------------------------------------------------------


def test_no_cases_no_counts(desk, practice):
    assert trail.counts(desk, practice.manager) == Counts(0, {}, {}, {}, 0, None, None)


@pytest.mark.parametrize("role", ["staff", "prescriber", "advocate"])
def test_only_who_oversees_sees_counts(desk, practice, role):
    with pytest.raises(Forbidden):
        trail.counts(desk, getattr(practice, role))


def outside_review(cases, practice, content):
    kind = content.model_copy(update={"letter_type": "external_review_request"})
    return cases.create(practice.staff, kind)


def test_the_counts_tell_how_the_work_stands(desk, practice, other_practice, content, clock):
    days = {"draft": "2026-11-23", "signed": "2026-11-24"}
    cases = Cases(
        desk,
        lambda _, summary, state: (DueDay(days[state], "Act", "member"),) if state in days else (),
    )
    papers = Papers(desk, lambda *_: ())
    quick, slow, late, _given = (outside_review(cases, practice, content) for _ in range(4))
    outside_review(cases, other_practice, content)
    cases.assign(practice.manager, late, practice.prescriber.member_id)
    clock.turn(days=1)
    practice.staff = practice.sign_in("staff@north.example")
    papers.keep_signed_by_hand(practice.staff, quick, "a.pdf", b"%PDF")
    cases.send(practice.staff, quick, "2026-11-25", "by fax")
    clock.turn(days=2)
    practice.staff = practice.sign_in("staff@north.example")
    papers.keep_signed_by_hand(practice.staff, slow, "a.pdf", b"%PDF")
    cases.decide(practice.staff, quick, Decision(Outcome.PARTLY, "2026-11-27"))
    for who in (practice.manager, practice.auditor):
        counts = trail.counts(desk, who)
        assert counts.cases == 4
        assert counts.by_state == {"decided": 1, "signed": 1, "draft": 2}
        assert counts.by_outcome == {"partly": 1}
        assert counts.by_member == {
            practice.staff.member_id: 3,
            practice.prescriber.member_id: 1,
        }
        assert counts.overdue == 2, "the two drafts; what was signed has no day here"
        assert (counts.days_to_signature, counts.days_to_decision) == (2.0, 3.0)
    assert trail.counts(desk, other_practice.manager).cases == 1


def test_a_day_of_today_is_not_late(desk, practice, content):
    cases = Cases(desk, lambda *_: (DueDay("2026-11-24", "Act", "member"),))
    outside_review(cases, practice, content)
    assert trail.counts(desk, practice.manager).overdue == 0


def test_a_case_signed_twice_counts_from_its_first_signature(desk, practice, content, clock):
    cases, papers = Cases(desk, lambda *_: ()), Papers(desk, lambda *_: ())
    case_id = outside_review(cases, practice, content)
    clock.turn(hours=12)
    papers.keep_signed_by_hand(practice.sign_in("staff@north.example"), case_id, "a", b"%PDF")
    clock.turn(days=5)
    staff = practice.sign_in("staff@north.example")
    cases.save(
        staff, case_id, 1, cases.read(staff, case_id).content.model_copy(update={"text": "x"})
    )
    papers.keep_signed_by_hand(staff, case_id, "b", b"%PDF")
    assert trail.counts(desk, practice.manager).days_to_signature == 0.5
