"""The road of a case, and two people on one draft."""

import pytest

from compound_coverage.casework.cases import Decision
from compound_coverage.casework.states import NotNow, Outcome, State


def changed(content, path, value):
    facts = {**content.facts}
    part, name = path.split(".")
    facts[part] = {**facts[part], name: value}
    return content.model_copy(update={"facts": facts})


def test_a_saved_draft_comes_back_as_it_was(cases, practice, case_id, content):
    view = cases.read(practice.staff, case_id)
    assert (view.content, view.version, view.state) == (content, 1, State.DRAFT)


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


def test_the_road_from_draft_to_appeal(cases, practice, case_id):
    cases.submit(practice.staff, case_id)
    cases.ask_for_changes(practice.prescriber, case_id, "Name the dose tried.")
    cases.submit(practice.staff, case_id, "Done.")
    with pytest.raises(NotNow, match="in review and can't be marked as sent"):
        cases.send(practice.staff, case_id, "2026-11-24", "fax")
    states = [step.to_state for step in cases.read(practice.staff, case_id).steps]
    assert states == ["draft", "in_review", "changes_requested", "in_review"]


def test_decision_is_only_for_what_was_sent(cases, practice, case_id):
    with pytest.raises(NotNow):
        cases.decide(practice.staff, case_id, Decision(Outcome.DENIED, "2026-11-24"))
