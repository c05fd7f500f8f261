"""The road of a case, two people on one draft, and who vouches for what."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from compound_coverage.casework import people
from compound_coverage.casework.access import Action, Forbidden, Role
from compound_coverage.casework.appeals import NEXT, Decision, facts_of_appeal
from compound_coverage.casework.cases import (
    CaseError,
    Cases,
    DueDay,
    keep_document,
    next_day,
    take_step,
)
from compound_coverage.casework.content import LARGEST, Content, ContentError, Tick, stated
from compound_coverage.casework.people import PeopleError
from compound_coverage.casework.states import NotNow, Outcome, State, after
from compound_coverage.casework.tables import CASE, METADATA, SEALED_COLUMNS
from compound_coverage.letters.casefile import load_case
from tests.casework.conftest import OTHER_NPI

DENIAL = Decision(Outcome.DENIED, "2026-11-25", reference="EXAMPLE-77", reason="Not on the list.")


def changed(content, path, value):
    facts = {**content.facts}
    part, name = path.split(".")
    facts[part] = {**facts[part], name: value}
    return content.model_copy(update={"facts": facts})


def sign(desk, practice, case_id):
    """The step alone, as ``signing`` takes it."""
    with desk.act(practice.prescriber, Action.CASE_SIGN, case_id) as work:
        to = after(work.case_row["state"], Action.CASE_SIGN)
        take_step(work, Action.CASE_SIGN, to, "Signed.")


def steps(cases, practice, case_id):
    return [str(step.to_state) for step in cases.read(practice.staff, case_id).steps]


@pytest.fixture
def signed(desk, cases, practice, case_id):
    cases.submit(practice.staff, case_id)
    sign(desk, practice, case_id)
    return case_id


@pytest.fixture
def denied(cases, practice, signed):
    cases.send(practice.staff, signed, "2026-11-24", "fax")
    cases.decide(practice.staff, signed, DENIAL)
    return signed


# -- saving ------------------------------------------------------------------------------------


def test_a_saved_draft_comes_back_as_it_was(cases, practice, case_id, content):
    view = cases.read(practice.staff, case_id)
    assert (view.content, view.version, view.state) == (content, 1, State.DRAFT)
    assert view.assigned_id == practice.staff.member_id
    assert view.summary.patient == "Example Patient"


def test_each_save_is_a_version_and_none_goes_away(cases, practice, case_id, content):
    texts = ["One.", "Two.", "Three."]
    for base, text in enumerate(texts, 1):
        saved = cases.save(practice.staff, case_id, base, content.model_copy(update={"text": text}))
        assert (saved.version, saved.merged, saved.aside) == (base + 1, False, 0)
    kept = [cases.version_at(practice.staff, case_id, number).text for number in (1, 2, 3, 4)]
    assert kept == ["", *texts]
    notes = cases.read(practice.staff, case_id).versions
    assert [(note.number, note.base, note.kind) for note in notes] == [
        (1, 0, "saved"), (2, 1, "saved"), (3, 2, "saved"), (4, 3, "saved"),
    ]  # fmt: skip


def test_saving_what_stands_there_already_makes_no_version(cases, practice, case_id, content):
    assert cases.save(practice.staff, case_id, 1, content).version == 1
    assert len(cases.read(practice.staff, case_id).versions) == 1


def test_two_people_who_change_different_facts_both_keep_theirs(cases, practice, case_id, content):
    cases.save(practice.staff, case_id, 1, changed(content, "patient.phone", "000-555-0111"))
    saved = cases.save(
        practice.prescriber, case_id, 1, changed(content, "diagnosis.words", "Fibromyalgia")
    )
    assert saved.merged
    assert not saved.conflicts
    held = cases.read(practice.staff, case_id).content
    assert held.at("patient.phone") == "000-555-0111"
    assert held.at("diagnosis.words") == "Fibromyalgia"


def test_the_same_fact_changed_by_two_keeps_both_texts(cases, practice, case_id, content):
    cases.save(practice.staff, case_id, 1, changed(content, "patient.phone", "000-555-0111"))
    saved = cases.save(
        practice.prescriber, case_id, 1, changed(content, "patient.phone", "000-555-0222")
    )
    assert [conflict.place for conflict in saved.conflicts] == ["facts.patient.phone"]
    assert saved.content.at("patient.phone") == "000-555-0111"
    kept = cases.version_at(practice.staff, case_id, saved.aside)
    assert kept.at("patient.phone") == "000-555-0222"
    (note,) = [one for one in cases.read(practice.staff, case_id).versions if one.kind == "aside"]
    assert (note.base, note.member_id) == (1, practice.prescriber.member_id)
    assert saved.version == 2, "the draft itself stayed as it was"
    again = cases.save(
        practice.staff, case_id, 2, changed(content, "patient.phone", "000-555-0333")
    )
    assert again.version == 4, "the number of an aside is never given again"


def test_part_of_a_save_is_taken_in_and_the_whole_of_it_kept(cases, practice, case_id, content):
    cases.save(practice.staff, case_id, 1, changed(content, "patient.phone", "000-555-0111"))
    mine = changed(changed(content, "patient.phone", "000-555-0222"), "patient.zip", "00001")
    saved = cases.save(practice.prescriber, case_id, 1, mine)
    assert saved.content.at("patient.zip") == "00001"
    assert saved.content.at("patient.phone") == "000-555-0111"
    assert cases.version_at(practice.staff, case_id, saved.aside) == mine
    kinds = [note.kind for note in cases.read(practice.staff, case_id).versions]
    assert kinds == ["saved", "saved", "aside", "merged"]


def test_the_same_change_by_two_is_one_change(cases, practice, case_id, content):
    mine = changed(content, "patient.phone", "000-555-0111")
    cases.save(practice.staff, case_id, 1, mine)
    saved = cases.save(practice.prescriber, case_id, 1, mine)
    assert (saved.version, saved.conflicts, saved.aside) == (2, (), 0)


def test_two_texts_that_are_too_long_together_both_stay(cases, practice, case_id, content):
    base = content.model_copy(update={"text": "First\n\nMiddle\n\nLast\n"})
    cases.save(practice.staff, case_id, 1, base)
    long = "word " * 24_000
    theirs = base.model_copy(update={"text": f"First {long}\n\nMiddle\n\nLast\n"})
    mine = base.model_copy(update={"text": f"First\n\nMiddle\n\nLast {long}\n"})
    cases.save(practice.staff, case_id, 2, theirs)
    saved = cases.save(practice.prescriber, case_id, 2, mine)
    assert saved.merged
    assert saved.content == theirs
    assert cases.version_at(practice.staff, case_id, saved.aside) == mine
    assert cases.read(practice.staff, case_id).content == theirs


@pytest.mark.parametrize("facts", [{"a": "x" * LARGEST}, {"a": "\ud800"}])
def test_what_could_not_be_read_again_is_not_kept(cases, practice, case_id, facts):
    with pytest.raises(ContentError):
        cases.create(practice.staff, Content(facts=facts))
    with pytest.raises(ContentError):
        cases.save(practice.staff, case_id, 1, Content(facts=facts))
    assert [row.version for row in cases.worklist(practice.staff)] == [1]


@pytest.mark.parametrize("number", [0, -1, 2, 99, 10**30])
def test_a_version_that_never_was(cases, practice, case_id, content, number):
    with pytest.raises(CaseError, match=f"has no version {number}; open it again"):
        cases.version_at(practice.staff, case_id, number)
    with pytest.raises(CaseError, match="has no version"):
        cases.save(practice.staff, case_id, number, content.model_copy(update={"text": "x"}))


def test_an_empty_draft_is_a_draft(cases, practice):
    case_id = cases.create(practice.staff, Content())
    view = cases.read(practice.staff, case_id)
    assert (view.content, view.summary.patient) == (Content(), "")


# -- vouching ----------------------------------------------------------------------------------

PLACE = "diagnosis.words"


def digests(content, *places):
    return {fact.place: fact.digest for fact in stated(content) if fact.place in places}


def in_chart(content):
    return {fact.place for fact in stated(content) if fact.standing == "chart_confirmed"}


def vouched(content):
    """The facts whose confirmation still counts."""
    return {
        fact.place
        for fact in stated(content)
        if fact.place in content.confirmed and content.confirmed[fact.place].of == fact.digest
    }


def test_what_was_found_in_the_chart_is_marked_and_unmarked(cases, practice, case_id, content):
    mine = digests(content, PLACE, "patient.name")
    saved = cases.mark_chart(practice.staff, case_id, 1, mine)
    assert in_chart(saved.content) == {PLACE, "patient.name"}
    assert saved.content.chart[PLACE].by == practice.staff.member_id
    less = cases.mark_chart(practice.staff, case_id, 2, digests(content, PLACE), found=False)
    assert in_chart(less.content) == {"patient.name"}


def test_a_value_that_changed_loses_its_tick(cases, practice, case_id, content):
    saved = cases.mark_chart(practice.staff, case_id, 1, digests(content, PLACE, "patient.name"))
    saved = cases.save(practice.staff, case_id, 2, changed(saved.content, PLACE, "Fibromyalgia"))
    assert in_chart(saved.content) == {"patient.name"}


def test_what_changed_since_it_was_looked_at_is_not_marked(cases, practice, case_id, content):
    old = digests(content, PLACE)
    cases.save(practice.staff, case_id, 1, changed(content, PLACE, "Fibromyalgia"))
    assert in_chart(cases.mark_chart(practice.staff, case_id, 2, old).content) == set()


def test_marking_from_an_older_version_is_refused(cases, practice, case_id, content):
    cases.save(practice.staff, case_id, 1, changed(content, PLACE, "Fibromyalgia"))
    with pytest.raises(CaseError, match="Somebody changed this draft just now"):
        cases.mark_chart(practice.staff, case_id, 1, digests(content, "patient.name"))
    cases.submit(practice.staff, case_id)
    with pytest.raises(CaseError, match="Somebody changed this draft just now"):
        cases.confirm(practice.prescriber, case_id, 1, digests(content, "patient.name"))


def test_the_prescriber_vouches_and_the_fact_counts_as_in_the_chart(
    cases, practice, case_id, content
):
    cases.submit(practice.staff, case_id)
    words = {"sentence:abc": "its digest"}
    saved = cases.confirm(practice.prescriber, case_id, 1, digests(content, PLACE) | words)
    assert vouched(saved.content) == in_chart(saved.content) == {PLACE}
    assert saved.content.confirmed["sentence:abc"].of == "its digest"
    assert "sentence:abc" not in saved.content.chart
    saved = cases.save(practice.staff, case_id, 2, changed(saved.content, PLACE, "Fibromyalgia"))
    assert vouched(saved.content) == set(), "what was confirmed is not there any more"


def test_a_prescriber_the_letter_does_not_name_vouches_for_nothing(
    desk, cases, practice, case_id, content
):
    mail = "second@north.example"
    people.add_member(desk, practice.manager, "Second", mail, [Role.PRESCRIBER], OTHER_NPI)
    second = practice.sign_in(mail)
    cases.submit(practice.staff, case_id)
    with pytest.raises(Forbidden):
        cases.confirm(second, case_id, 1, digests(content, PLACE))
    cases.save(practice.staff, case_id, 1, changed(content, "prescriber.npi", OTHER_NPI))
    with pytest.raises(Forbidden):
        cases.confirm(practice.prescriber, case_id, 2, digests(content, PLACE))
    assert vouched(cases.confirm(second, case_id, 2, digests(content, PLACE)).content) == {PLACE}


def test_a_save_vouches_for_nothing_whatever_it_says(cases, practice, case_id, content):
    """A tick that somebody writes into a file or a request is not a tick."""
    forged = {
        place: Tick(by=practice.prescriber.member_id, at="2026-11-24", of=digest)
        for place, digest in digests(content, PLACE, "patient.name").items()
    }
    claimed = content.model_copy(update={"confirmed": forged, "chart": forged, "text": "x"})
    for case in (case_id, cases.create(practice.staff, claimed)):
        saved = cases.save(practice.staff, case, 1, claimed)
        assert (saved.content.confirmed, saved.content.chart) == ({}, {})
    merged = cases.save(practice.staff, case_id, 1, claimed.model_copy(update={"text": "y"}))
    assert (merged.content.confirmed, merged.content.chart) == ({}, {})
    aside = cases.version_at(practice.staff, case_id, merged.aside)
    assert (aside.confirmed, aside.chart) == ({}, {})


def test_a_save_from_a_page_opened_earlier_takes_no_tick_away(cases, practice, case_id, content):
    cases.mark_chart(practice.staff, case_id, 1, digests(content, PLACE))
    late = changed(content, "patient.phone", "000-555-0111")
    saved = cases.save(practice.prescriber, case_id, 1, late)
    assert in_chart(saved.content) == {PLACE}
    assert not saved.conflicts


def test_nothing_to_mark_leaves_a_signed_letter_signed(cases, practice, signed):
    assert cases.mark_chart(practice.staff, signed, 1, {}).version == 1
    assert cases.mark_chart(practice.staff, signed, 1, {PLACE: "another"}).version == 1
    assert cases.read(practice.staff, signed).state == State.SIGNED


# -- the road ----------------------------------------------------------------------------------


def test_the_road_from_draft_to_appeal(desk, cases, practice, case_id):
    cases.submit(practice.staff, case_id)
    cases.ask_for_changes(practice.prescriber, case_id, "Name the dose tried.")
    cases.submit(practice.staff, case_id, "Done.")
    with pytest.raises(NotNow, match="in review and can't be marked as sent"):
        cases.send(practice.staff, case_id, "2026-11-24", "fax")
    sign(desk, practice, case_id)
    cases.send(practice.staff, case_id, "2026-11-24", "Fax to the plan")
    cases.decide(practice.staff, case_id, DENIAL)
    cases.appeal(practice.staff, case_id, "internal_appeal", "The list says otherwise.")
    assert steps(cases, practice, case_id) == [
        "draft", "in_review", "changes_requested", "in_review", "signed", "sent", "decided",
        "appealed",
    ]  # fmt: skip
    told = [step.why for step in cases.read(practice.staff, case_id).steps]
    assert told == [
        "", "", "Name the dose tried.", "Done.", "Signed.", "Fax to the plan", "Not on the list.",
        "The list says otherwise.",
    ]  # fmt: skip


def test_decision_is_only_for_what_was_sent(cases, practice, case_id):
    with pytest.raises(NotNow):
        cases.decide(practice.staff, case_id, Decision(Outcome.DENIED, "2026-11-24"))


def test_changing_a_signed_letter_makes_it_a_draft_and_says_so(cases, practice, signed, content):
    cases.save(practice.staff, signed, 1, changed(content, PLACE, "Fibromyalgia"))
    view = cases.read(practice.staff, signed)
    assert view.state == State.DRAFT
    last = view.steps[-1]
    assert (last.action, last.from_state, last.to_state) == ("case.edit", "signed", "draft")
    assert last.why == "Changed after it was signed; it must be signed again."
    assert last.version == 2
    with pytest.raises(NotNow):
        cases.send(practice.staff, signed, "2026-11-24", "fax")


def test_saving_a_signed_letter_unchanged_leaves_it_signed(cases, practice, signed, content):
    cases.save(practice.staff, signed, 1, content)
    assert cases.read(practice.staff, signed).state == State.SIGNED


def test_what_was_sent_does_not_change(cases, practice, denied, content):
    with pytest.raises(NotNow, match="is decided and can't be changed"):
        cases.save(practice.staff, denied, 1, changed(content, PLACE, "Fibromyalgia"))


def test_asking_for_changes_needs_words(cases, practice, case_id):
    cases.submit(practice.staff, case_id)
    with pytest.raises(CaseError, match="Say what should change"):
        cases.ask_for_changes(practice.prescriber, case_id, " ")


def test_words_that_are_too_long_are_refused_and_not_cut(cases, practice, case_id):
    with pytest.raises(CaseError, match="The reason may have 2000 characters"):
        cases.submit(practice.staff, case_id, "x" * 2_001)
    assert cases.read(practice.staff, case_id).state == State.DRAFT
    cases.submit(practice.staff, case_id, "x" * 2_000)


@pytest.mark.parametrize("day", ["", "24.11.2026", "2026-02-30", "tomorrow", "2026-11-24T09:00"])
def test_a_day_that_is_none_is_refused(cases, practice, signed, day):
    with pytest.raises(CaseError, match="The day it was sent must be a day such as 2026-03-09"):
        cases.send(practice.staff, signed, day, "fax")
    assert cases.read(practice.staff, signed).state == State.SIGNED


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (Decision(Outcome.DENIED, ""), "The day of the decision must be a day"),
        (Decision(Outcome.APPROVED, "2026-11-24", approved_from="soon"), "The first day approved"),
        (Decision(Outcome.APPROVED, "2026-11-24", approved_until="x"), "The last day approved"),
        (
            Decision(
                Outcome.APPROVED, "2026-11-24",
                approved_from="2026-12-01", approved_until="2026-11-30",
            ),
            "ends before it begins",
        ),
    ],
)  # fmt: skip
def test_a_decision_with_days_that_can_not_be_is_refused(cases, practice, signed, decision, told):
    cases.send(practice.staff, signed, "2026-11-24", "fax")
    with pytest.raises(CaseError, match=told):
        cases.decide(practice.staff, signed, decision)
    assert cases.read(practice.staff, signed).state == State.SENT


def test_a_decision_is_kept_whole_with_its_days_written_one_way(cases, practice, signed):
    cases.send(practice.staff, signed, "20261124", "fax")
    reason = "Because. " * 1_000
    decision = Decision(Outcome.PARTLY, "20261125", "REF", "20261201", "20270531", reason)
    cases.decide(practice.staff, signed, decision)
    view = cases.read(practice.staff, signed)
    assert view.outcome == Outcome.PARTLY
    assert view.summary.sent_on == "2026-11-24"
    assert view.summary.decision == Decision(
        Outcome.PARTLY, "2026-11-25", "REF", "2026-12-01", "2027-05-31", reason
    )


def test_an_appeal_carries_the_facts_and_the_denial(cases, practice, denied, content):
    appeal_id = cases.appeal(practice.staff, denied, "internal_appeal", "Wrong.")
    appeal = cases.read(practice.staff, appeal_id)
    assert (appeal.state, appeal.follows) == (State.DRAFT, denied)
    assert appeal.content.letter_type == "internal_appeal"
    request = appeal.content.facts["request"]
    assert request["stage"] == "appeal"
    assert request["denied_on"] == "2026-11-25"
    assert request["denial_reference"] == "EXAMPLE-77"
    assert request["denial_reason"] == "Not on the list."
    for part in content.facts.keys() - {"request", "decisions"}:
        assert appeal.content.facts[part] == content.facts[part]
    assert appeal.summary.decision is None
    assert cases.read(practice.staff, denied).state == State.APPEALED
    load_case(appeal.content.facts)


def test_an_appeal_tells_nothing_of_an_earlier_denial(cases, desk, practice, content):
    """The example was denied before, by a notice that came on a day before this denial."""
    assert content.at("request.received_on") == "2026-11-12"
    case_id = cases.create(practice.staff, content)
    cases.submit(practice.staff, case_id)
    sign(desk, practice, case_id)
    cases.send(practice.staff, case_id, "2026-11-24", "fax")
    cases.decide(practice.staff, case_id, Decision(Outcome.DENIED, "2026-11-25"))
    appeal = cases.read(practice.staff, cases.appeal(practice.staff, case_id, "internal_appeal"))
    left = {name for name in appeal.content.facts["request"] if "deni" in name or "rece" in name}
    assert left == {"denied_on"}


def test_an_appeal_asks_again_what_was_vouched_for_but_keeps_the_chart(
    cases, desk, practice, case_id, content
):
    cases.submit(practice.staff, case_id)
    cases.confirm(practice.prescriber, case_id, 1, digests(content, PLACE))
    sign(desk, practice, case_id)
    cases.send(practice.staff, case_id, "2026-11-24", "fax")
    cases.decide(practice.staff, case_id, DENIAL)
    appeal = cases.read(practice.staff, cases.appeal(practice.staff, case_id, "internal_appeal"))
    assert appeal.content.confirmed == {}
    assert in_chart(appeal.content) == {PLACE}


@pytest.mark.parametrize("request_part", [None, "words", []])
def test_an_appeal_of_a_case_whose_request_is_not_filled_in(
    cases, desk, practice, content, request_part
):
    odd = Content(facts={**content.facts, "request": request_part})
    case_id = cases.create(practice.staff, odd)
    cases.submit(practice.staff, case_id)
    sign(desk, practice, case_id)
    cases.send(practice.staff, case_id, "2026-11-24", "fax")
    cases.decide(practice.staff, case_id, DENIAL)
    appeal = cases.read(practice.staff, cases.appeal(practice.staff, case_id, "internal_appeal"))
    assert appeal.content.at("request.stage") == "appeal"


def test_what_was_approved_is_not_appealed(cases, practice, signed):
    cases.send(practice.staff, signed, "2026-11-24", "fax")
    cases.decide(practice.staff, signed, Decision(Outcome.APPROVED, "2026-11-24"))
    with pytest.raises(CaseError, match="The plan approved this"):
        cases.appeal(practice.staff, signed, "internal_appeal")
    assert len(cases.worklist(practice.staff)) == 1


def test_a_case_is_appealed_once(cases, practice, denied):
    cases.appeal(practice.staff, denied, "internal_appeal")
    with pytest.raises(NotNow):
        cases.appeal(practice.staff, denied, "internal_appeal")


# -- around it -----------------------------------------------------------------------------------


def test_a_case_is_given_to_somebody_who_works_here(desk, cases, practice, case_id):
    cases.assign(practice.manager, case_id, practice.prescriber.member_id)
    assert cases.read(practice.staff, case_id).assigned_id == practice.prescriber.member_id
    staff = practice.staff.member_id
    people.change_member(desk, practice.manager, staff, name="X", roles=[Role.STAFF], ended=True)
    with pytest.raises(PeopleError, match="has left the practice; choose somebody else"):
        cases.assign(practice.manager, case_id, staff)
    for unknown in ("0" * 24, "", "nobody"):
        with pytest.raises(Forbidden):
            cases.assign(practice.manager, case_id, unknown)


def test_calls_are_kept_in_their_order(cases, practice, case_id, clock):
    cases.note_call(practice.staff, case_id, " Plan ", " Wait a week. ", " REF-1 ")
    clock.turn(minutes=5)
    cases.note_call(practice.prescriber, case_id, "Pharmacy", "Ready.")
    calls = cases.read(practice.staff, case_id).calls
    assert [(one.with_whom, one.said, one.reference) for one in calls] == [
        ("Plan", "Wait a week.", "REF-1"), ("Pharmacy", "Ready.", ""),
    ]  # fmt: skip
    assert [one.member_id for one in calls] == [
        practice.staff.member_id, practice.prescriber.member_id,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("with_whom", "said", "reference", "told"),
    [
        ("", "Wait.", "", "Say who was on the phone"),
        ("Plan", " ", "", "Say who was on the phone"),
        ("x" * 201, "Wait.", "", "Who was on the phone may have 200 characters"),
        ("Plan", "x" * 2_001, "", "What was said may have 2000 characters"),
        ("Plan", "Wait.", "x" * 201, "The reference may have 200 characters"),
    ],
)
def test_a_call_that_says_nothing_or_too_much(
    cases, practice, case_id, with_whom, said, reference, told
):
    with pytest.raises(CaseError, match=told):
        cases.note_call(practice.staff, case_id, with_whom, said, reference)
    assert cases.read(practice.staff, case_id).calls == ()


def test_the_nearest_day_comes_first_and_no_day_last(desk, practice, content, clock):
    days = {
        "A": ("2026-12-24", "2027-01-01"), "B": (), "C": ("2026-12-01",), "D": (),
        "E": ("2027-06-01", "2026-11-30"),
    }  # fmt: skip

    def dues(draft, summary, state):
        return tuple(DueDay(day, "Act", "plan") for day in days[draft.at("patient.name")])

    cases = Cases(desk, dues)
    for name in days:
        cases.create(practice.staff, changed(content, "patient.name", name))
        clock.turn(seconds=1)
    rows = cases.worklist(practice.staff)
    assert [row.summary.patient for row in rows] == ["E", "C", "A", "B", "D"]
    assert [next_day(row) for row in rows] == ["2026-11-30", "2026-12-01", "2026-12-24", "", ""]


def test_the_worklist_says_how_each_case_stands(cases, practice, denied):
    appeal_id = cases.appeal(practice.staff, denied, "internal_appeal")
    rows = {row.case_id: row for row in cases.worklist(practice.manager)}
    assert (rows[denied].state, rows[denied].outcome) == (State.APPEALED, Outcome.DENIED)
    assert rows[denied].summary.dues == ()
    assert (rows[appeal_id].state, rows[appeal_id].follows) == (State.DRAFT, denied)
    assert rows[appeal_id].summary.plan == "Example Health Plan"


def test_cases_of_one_patient_share_an_index_however_the_name_is_typed(
    desk, cases, practice, other_practice, content
):
    def index(draft):
        case_id = cases.create(practice.staff, draft)
        with desk.operating() as connection:
            query = select(CASE.c.patient_index).where(CASE.c.case_id == case_id)
            return connection.execute(query).scalar_one()

    one = index(content)
    assert index(changed(content, "patient.name", "  example   PATIENT ")) == one
    assert index(changed(content, "patient.name", "Example Patients")) != one
    assert index(changed(content, "patient.date_of_birth", "1980-01-02")) != one
    assert index(Content()) is None


# -- nothing readable ------------------------------------------------------------------------------

MARKER = "Zebulon Quagmire"
WORD = re.compile(rb"zebulon|quagmire", re.IGNORECASE)


@pytest.fixture
def marked(desk, practice, cases, content):
    """A case with the marker in every place words can be put, through its whole road."""
    staff, prescriber = practice.staff, practice.prescriber
    facts = json.loads(json.dumps(content.facts).replace("Example Patient", MARKER))
    facts["plan"]["plan_name"] = facts["risk_if_untreated"] = MARKER
    draft = content.model_copy(update={"facts": facts, "text": f"{MARKER}\n"})
    people.add_member(desk, practice.manager, MARKER, "Zebulon@Quagmire.example", [Role.STAFF])
    case_id = cases.create(staff, draft, MARKER)
    cases.save(staff, case_id, 1, draft.model_copy(update={"text": f"{MARKER} a\n"}))
    cases.save(prescriber, case_id, 1, draft.model_copy(update={"text": f"{MARKER} b\n"}))
    cases.note_call(staff, case_id, MARKER, MARKER, MARKER)
    with desk.act(staff, Action.CASE_FILE, case_id) as work:
        keep_document(work, "packet", f"{MARKER}.pdf", MARKER.encode() * 9, "digest")
    cases.submit(staff, case_id, MARKER)
    version = cases.read(staff, case_id).version
    cases.confirm(prescriber, case_id, version, digests(draft, "patient.name"))
    sign(desk, practice, case_id)
    cases.send(staff, case_id, "2026-11-24", MARKER)
    cases.decide(
        staff, case_id, Decision(Outcome.DENIED, "2026-11-25", reference=MARKER, reason=MARKER)
    )
    cases.appeal(staff, case_id, "internal_appeal", MARKER)
    return case_id


def test_no_row_of_the_database_shows_a_name(desk, practice, cases, marked):
    assert MARKER in str(cases.read(practice.staff, marked)), "it is all there for who may read"
    with desk.operating() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for name, value in row.items():
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    assert not WORD.search(raw), f"{table.name}.{name}"


def test_no_byte_of_the_file_shows_a_name(sqlite_url, desk, marked):
    if desk.engine.dialect.name != "sqlite":
        return
    files = list(Path(sqlite_url.removeprefix("sqlite:///")).parent.glob("store.sqlite*"))
    assert len(files) == 3, "the database, its journal and its index"
    for file in files:
        assert not WORD.search(file.read_bytes()), file.name


def test_the_keys_are_not_in_the_database(sqlite_url, desk, ring, marked):
    if desk.engine.dialect.name != "sqlite":
        return
    keys = json.loads(ring.path.read_text())
    texts = [*keys["sealing"].values(), keys["audit"], keys["index"]]
    dump = "\n".join(sqlite3.connect(sqlite_url.removeprefix("sqlite:///")).iterdump())
    assert not [text for text in texts if text in dump]


def test_every_column_of_bytes_is_sealed_and_known_to_the_key_ring(desk, marked):
    sealed = {(one.table.name, one.column) for one in SEALED_COLUMNS}
    of_bytes = {
        (table.name, column.name)
        for table in METADATA.sorted_tables
        for column in table.columns
        if column.type.python_type is bytes
    }
    # one is sealed under the patient's own code, the other holds papers anybody may read
    assert of_bytes - sealed == {("handoff", "content"), ("source_document", "content")}
    with desk.operating() as connection:
        for one in SEALED_COLUMNS:
            for row in connection.execute(select(one.table)).mappings():
                desk.ring.open(row[one.column], one.place_of(row))


@pytest.mark.parametrize(
    ("stage", "letter", "becomes"),
    [
        ("initial", "internal_appeal", "appeal"),
        ("exception", "redetermination_request", "appeal"),
        ("appeal", "second_internal_appeal", "second_appeal"),
        ("appeal", "external_review_request", "external_review"),
        ("appeal", "peer_to_peer_call_sheet", "second_appeal"),
        ("second_appeal", "letter_of_medical_necessity", "external_review"),
    ],
)
def test_an_appeal_stands_one_step_further_on_the_road(content, stage, letter, becomes):
    before = changed(content, "request.stage", stage)
    denied = Decision(Outcome.DENIED, "2026-11-30", "R-1", reason="Not on the list.")
    facts = facts_of_appeal(before, denied, letter)
    assert facts["request"]["stage"] == becomes
    assert facts["decisions"][-1] == {
        "level": stage if stage in NEXT else "initial",
        "decided_on": "2026-11-30",
        "reference": "R-1",
        "reason": "Not on the list.",
    }
