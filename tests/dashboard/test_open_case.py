"""A case open on the letter page: filled in, saved by itself, merged, settled, and put away."""

import copy

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from compound_coverage.casework import people
from compound_coverage.casework.access import Role
from compound_coverage.casework.content import Content
from compound_coverage.casework.states import State
from compound_coverage.database import StoreError
from compound_coverage.letters.casefile import example_case
from dashboard import identity
from dashboard.choices import UNLISTED
from tests.casework.conftest import NPI
from tests.dashboard import test_case_pages
from tests.dashboard.test_case_pages import button, fill, find, press, put_in, ran, words

clock, office, practice = test_case_pages.clock, test_case_pages.office, test_case_pages.practice

# opens what a test asks for, as "Edit the letter" does on the page of a case
SCRIPT = """
import runpy
import streamlit as st
from dashboard import identity, open_case, parts
asked = st.session_state.pop("to-open", None)
if asked:
    office = identity.office()
    actor = identity.actor_or_stop(office)
    try:
        open_case.open_case(office, actor, asked, parts.dataset())
    except ValueError as error:
        st.error(str(error))
runpy.run_path("dashboard/letter.py")
"""


@pytest.fixture
def sit_down(monkeypatch):
    """Somebody at the letter page; other people's deeds go by the services."""

    def sits(actor):
        monkeypatch.setattr(identity, "actor_of", lambda *_: actor)
        return AppTest.from_string(SCRIPT, default_timeout=60)

    return sits


@pytest.fixture
def at_letter(sit_down, practice):
    def opens(case_id, actor=None, **session):
        page = sit_down(actor or practice.staff)
        for key, value in session.items():
            page.session_state[key] = value
        return reopen(page, case_id)

    return opens


def reopen(page, case_id):
    page.session_state["to-open"] = case_id
    return ran(page)


def facts(**parts):
    told = copy.deepcopy(example_case())
    told["prescriber"]["npi"] = NPI
    told.update(parts)
    return told


@pytest.fixture
def make(office, practice):
    def makes(told=None, **more):
        return office.cases.create(practice.staff, Content(facts=told or facts(), **more))

    return makes


@pytest.fixture
def kept(office, practice):
    """What is saved of a case: its version and content."""

    def reads(case_id):
        view = office.cases.read(practice.staff, case_id)
        return view.version, view.content

    return reads


@pytest.fixture
def other(office, practice):
    """Another person saves a change of facts, given as path=value with __ for dots."""

    def saves(case_id, text=None, **changes):
        view = office.cases.read(practice.prescriber, case_id)
        data = view.content.model_dump(mode="json")
        for path, value in changes.items():
            *parts, name = path.split("__")
            place = data["facts"]
            for part in parts:
                place = place.setdefault(part, {})
            place[name] = value
        if text is not None:
            data["text"] = text
        return office.cases.save(practice.prescriber, case_id, view.version, Content(**data))

    return saves


def shown(page, label):
    kinds = ("text_input", "text_area", "selectbox", "multiselect")
    found = [one for kind in kinds for one in getattr(page, kind) if one.label == label]
    assert found, f"no field {label!r}"
    return found[0].value


def changes(before, after):
    """The facts that differ, by dotted place."""
    one, two = flat(before.facts), flat(after.facts)
    return {
        place: (one.get(place), two.get(place))
        for place in one.keys() | two.keys()
        if one.get(place) != two.get(place)
    }


def flat(value, place=""):
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return {place: value}
    found: dict[str, object] = {}
    for name, part in parts:
        found |= flat(part, f"{place}.{name}" if place else str(name))
    return found


NAME, PHONE, BORN = "Patient's name", "Patient's phone", "Date of birth"
TEXT = "The draft. You can change it here before you download it."


# -- opening and closing -----------------------------------------------------------------------


def test_opening_fills_every_kind_of_question_and_puts_away_what_was_typed(
    make, at_letter, bundled
):
    study = next(s.study_id for s in bundled.studies if s.ingredient_id == "naltrexone")
    rule = next(iter(bundled.rules)).rule_id
    told = facts(answers=[{"rule_id": rule, "answer": "An answer"}])
    told["evidence"]["studies"] = [study]
    case_id = make(told, letter_type="formulary_exception", text="Words of mine")
    typed = {
        "case:patient.name": "Somebody Else",
        "case:plan.secondary_name": "Typed before",
        "case:tried.2.drug": "Typed before",
        "rows:tried": 3,
        "words:attachments": "Typed before",
        "answer:another-rule": "Typed before",
        "plan": UNLISTED,
        "plan_search": "Typed before",
        "medication": "none-such",
    }
    page = at_letter(case_id, **typed)
    assert shown(page, NAME) == "Example Patient"
    assert shown(page, "Second insurance, if there is one") == ""
    assert shown(page, "Which medicine?") == "ldn-capsule"
    assert shown(page, "Which plan do you have?") == UNLISTED
    assert shown(page, "Which state?") == "TX"
    assert shown(page, "Which letter or form?") == "formulary_exception"
    assert shown(page, "Medicine tried (2)") == "Example antidepressant B"
    assert shown(page, "What happened (1)") == "failed"
    session = page.session_state
    assert session["rows:tried"] == 2
    assert session["studies"] == [study]
    assert session["words:attachments"].splitlines() == told["attachments"]
    assert session[f"answer:{rule}"] == "An answer"
    assert "Typed before" not in str(session.to_dict())


def test_closing_leaves_nothing_of_the_case(make, at_letter):
    page = press(at_letter(make(text="Words of Example Patient")), "Make the draft")
    press(page, "Close the case")
    left = {k: v for k, v in page.session_state.items() if v not in (None, "", [])}
    assert "Example" not in str(left)
    assert not any(name.startswith("case:") for name in left if name != "case:request.stage")
    assert shown(page, "Which plan do you have?") is None
    assert shown(page, "Which medicine?") is None


LOOKED_AT = {
    "a whole case": {},
    "numbers as numbers": {"request": {"months": 3, "stage": "appeal"}},
    "an older day": {"date": "2024-02-29"},
    "a fact the page does not ask for": {
        "diagnosis": {"words": "A made-up illness", "condition_id": "recurrent-depression"}
    },
    "no ingredients, so that the page could name them": {"ingredients": []},
    "an ingredient without its role": {"ingredients": [{"ndc": "1", "name": "Made-up powder"}]},
    "a plan no longer in the data": {"plan": {"plan_id": "gone", "member_id": "EXAMPLE"}},
    "a medicine no longer in the data": {"medication": {"medication_id": "gone"}},
    "neither plan nor medicine": {"plan": {}, "medication": {}},
    "a choice the page does not offer": {
        "patient": {"sex": "unknown"},
        "safety": {"opioids": "x"},
        "request": {"stage": "y"},
    },
    "a study no longer in the data": {"evidence": {"studies": ["gone", "gone-too"]}},
    "an answer left empty": {"answers": [{"rule_id": "z", "answer": ""}]},
    "answers in another order": {
        "answers": [{"rule_id": name, "answer": "Words"} for name in ("z", "a", "m", "b")]
    },
    "a date that is none": {"patient": {"date_of_birth": "1980-1"}},
    "lines in a single line": {"patient": {"name": "Example\nPatient"}},
}


@pytest.mark.parametrize("told", LOOKED_AT.values(), ids=LOOKED_AT)
def test_looking_saves_nothing(make, at_letter, kept, told):
    case_id = make(facts(**told))
    before = kept(case_id)
    page = at_letter(case_id)
    ran(ran(page))
    if "Make the draft" in [one.label for one in page.button]:
        press(page, "Make the draft")
        ran(page)
    assert kept(case_id) == before
    reopen(page, case_id)
    press(page, "Close the case")
    assert kept(case_id) == before


def test_a_letter_that_no_longer_exists_is_not_changed_by_looking(make, at_letter, kept):
    case_id = make(letter_type="gone_letter")
    before = kept(case_id)
    ran(at_letter(case_id))
    assert kept(case_id) == before


def test_an_empty_case_is_filled_from_its_first_question_on(make, at_letter, kept):
    case_id = make({"plan": {}})
    page = at_letter(case_id, medication="ldn-capsule", plan=UNLISTED, state="TX")
    assert shown(page, "Which medicine?") is None
    find(page, "Which medicine?", "ldn-capsule")
    find(page, "Which plan do you have?", UNLISTED)
    fill(page, "Which state?", "TX")
    page.selectbox(key="line").select_index(0)
    ran(ran(page))
    version, content = kept(case_id)
    assert version == 3, "the plan, and then what the medicine is known to hold"
    assert content.at("medication.medication_id") == "ldn-capsule"
    assert content.at("plan.plan_id").startswith("unlisted-")
    assert content.at("ingredients")


def test_another_plan_for_one_that_is_gone_is_saved(make, at_letter, kept, bundled):
    case_id = make(facts(plan={"plan_id": "gone", "member_id": "EXAMPLE"}))
    page = at_letter(case_id)
    plan_id = next(iter(bundled.plans))
    find(page, "Which plan do you have?", plan_id)
    version, content = kept(case_id)
    assert (version, content.at("plan.plan_id")) == (2, plan_id)
    assert content.at("plan.member_id") == "EXAMPLE"


# -- one change, one version -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "value", "changed"),
    [
        (PHONE, "000-555-0199", {"patient.phone": ("000-555-0106", "000-555-0199")}),
        (PHONE, "", {"patient.phone": ("000-555-0106", None)}),
        ("Diagnosis in words", "Other words", {"diagnosis.words": None}),
        (BORN, "1980-1", {"patient.date_of_birth": ("1980-01-01", "1980-1")}),
        (
            "Medicine tried (2)",
            "Another",
            {"tried.1.drug": ("Example antidepressant B", "Another")},
        ),
        ("What happened (2)", "", {"tried.1.outcome": ("not_tolerated", None)}),
        ("Where do you stand?", "renewal", {"request.stage": ("initial", "renewal")}),
    ],
)
def test_one_changed_field_is_one_version_and_nothing_else(
    make, at_letter, kept, label, value, changed
):
    case_id = make()
    _, before = kept(case_id)
    page = find(at_letter(case_id), label, value)
    version, after = kept(case_id)
    found = changes(before, after)
    assert version == 2
    assert found.keys() == changed.keys()
    assert all(pair is None or found[place] == pair for place, pair in changed.items())
    assert "Saved as version 2" in words(page)
    ran(page)
    assert kept(case_id) == (2, after)


def test_an_ingredient_renamed_keeps_its_new_name(make, at_letter, kept):
    case_id = make(facts(ingredients=[{"ndc": "00000-0000-01", "name": "Made-up powder"}]))
    page = at_letter(case_id)
    find(page, "Ingredient (1)", "Another powder")
    assert kept(case_id)[1].at("ingredients")[0]["name"] == "Another powder"
    assert kept(case_id)[1].at("ingredients")[0]["ndc"] == "00000-0000-01"


def test_an_emptied_part_keeps_what_the_page_does_not_ask_for(make, at_letter, kept):
    told = facts(diagnosis={"words": "A made-up illness", "condition_id": "recurrent-depression"})
    case_id = make(told)
    find(at_letter(case_id), "Diagnosis in words", "")
    assert kept(case_id)[1].at("diagnosis") == {"condition_id": "recurrent-depression"}


def test_a_row_is_added_and_taken_out(make, at_letter, kept):
    case_id = make()
    page = at_letter(case_id)
    press(page, "Add another medicine")
    assert kept(case_id)[0] == 1
    find(page, "Medicine tried (3)", "Example C")
    assert [row["drug"][-1] for row in kept(case_id)[1].at("tried")] == ["A", "B", "C"]
    for label in ("Medicine tried (2)", "Dose (2)", "Started (2)", "Stopped (2)"):
        fill(page, label, "")
    for label in ("What happened (2)", "In more words (2)", "Is this in the chart? (2)"):
        fill(page, label, "")
    ran(page)
    assert [row["drug"][-1] for row in kept(case_id)[1].at("tried")] == ["A", "C"]
    reopen(page, case_id)
    assert shown(page, "Medicine tried (2)") == "Example C"


def test_another_letter_is_saved_without_the_words_of_the_one_before(make, at_letter, kept):
    case_id = make(text="Words for the first letter")
    page = press(at_letter(case_id), "Make the draft")
    find(page, "Which letter or form?", "formulary_exception")
    version, content = kept(case_id)
    assert (version, content.letter_type, content.text) == (2, "formulary_exception", "")
    assert TEXT not in [one.label for one in page.text_area]
    press(page, "Make the draft")
    assert shown(page, TEXT) != "Words for the first letter"
    assert kept(case_id)[0] == 2


# -- the letter's text -------------------------------------------------------------------------


def test_an_edited_text_is_kept_through_opening_and_making_the_draft_anew(make, at_letter, kept):
    case_id = make()
    page = press(at_letter(case_id), "Make the draft")
    assert kept(case_id)[0] == 1
    text = shown(page, TEXT) + "\nOne more line.\n"
    find(page, TEXT, text)
    assert kept(case_id)[0] == 2
    assert kept(case_id)[1].text == text
    reopen(page, case_id)
    press(page, "Make the draft")
    assert shown(page, TEXT) == text
    press(find(page, PHONE, "000-555-0199"), "Make the draft")
    assert shown(page, TEXT) == text
    assert kept(case_id)[1].text == text
    press(page, "Drop my changes to the text")
    version, content = kept(case_id)
    assert (version, content.text) == (4, "")
    assert content.at("patient.phone") == "000-555-0199"


def test_a_copy_in_spanish_is_not_taken_for_the_letter(make, at_letter, kept):
    case_id = make(text="The letter's own words")
    page = at_letter(case_id)
    page.radio[0].set_value("es")
    press(page, "Make the draft")
    assert shown(page, TEXT) != "The letter's own words"
    find(page, TEXT, "Palabras")
    assert kept(case_id)[0] == 1


# -- somebody else saves meanwhile -------------------------------------------------------------


def test_different_facts_are_both_kept_and_told(make, at_letter, kept, other):
    case_id = make()
    page = at_letter(case_id)
    other(case_id, patient__name="Example Renamed", plan__group="")
    find(page, PHONE, "000-555-0199")
    told = words(page)
    assert "Somebody else changed this draft, too." in told
    assert "Case: Example Renamed. Saved as version 3" in told.replace("*", "")
    assert shown(page, NAME) == "Example Renamed"
    assert shown(page, "Group number") == ""
    content = kept(case_id)[1]
    assert content.at("patient.phone") == "000-555-0199"
    assert content.at("patient.name") == "Example Renamed"
    find(page, "Group number", "NEW")
    assert kept(case_id)[0] == 4
    assert "Somebody else changed" not in words(page)


def test_rows_that_somebody_else_took_out_leave_no_words_behind(make, at_letter, kept, other):
    case_id = make()
    page = at_letter(case_id)
    other(case_id, tried=example_case()["tried"][:1], answers=[])
    find(page, PHONE, "000-555-0199")
    press(page, "Add another medicine")
    assert shown(page, "Medicine tried (2)") == ""
    assert len(kept(case_id)[1].at("tried")) == 1


def broken(*_):
    raise StoreError("The database did not answer; nothing was changed.")


def conflicting(page, other, case_id):
    other(case_id, patient__name="Theirs Example")
    return find(page, NAME, "Mine Example")


@pytest.mark.parametrize(
    ("choice", "name"), [("theirs", "Theirs Example"), ("mine", "Mine Example")]
)
def test_one_fact_written_by_two_is_asked_about(
    office, practice, make, at_letter, kept, other, choice, name
):
    case_id = make()
    page = conflicting(at_letter(case_id), other, case_id)
    told = words(page)
    assert "wrote different things in one place" in told
    assert "Saved: Theirs Example" in told
    assert "Yours: Mine Example" in told
    assert "Both changes are in it" not in told
    assert button(page, "Close the case").disabled
    find(page, PHONE, "000-555-0199")
    assert kept(case_id)[1].at("patient.phone") == "000-555-0106"
    find(page, f"What should stand for {NAME}?", choice)
    press(page, "Save these choices")
    content = kept(case_id)[1]
    assert content.at("patient.name") == name
    assert content.at("patient.phone") == "000-555-0199"
    assert shown(page, NAME) == name
    assert shown(page, PHONE) == "000-555-0199"
    assert "wrote different things" not in words(page)
    versions = office.cases.read(practice.staff, case_id).versions
    [aside] = [one.number for one in versions if one.kind == "aside"]
    aside = office.cases.version_at(practice.staff, case_id, aside)
    assert aside.at("patient.name") == "Mine Example"


def test_a_conflict_waits_through_leaving_and_opening_again(make, at_letter, kept, other):
    case_id = make()
    page = conflicting(at_letter(case_id), other, case_id)
    find(page, PHONE, "000-555-0199")
    reopen(page, case_id)
    assert "Yours: Mine Example" in words(page)
    press(page, "Save these choices")
    assert kept(case_id)[1].at("patient.phone") == "000-555-0199"


def test_a_choice_that_can_not_be_saved_waits_on(make, at_letter, kept, other, office, monkeypatch):
    case_id = make()
    page = conflicting(at_letter(case_id), other, case_id)
    find(page, f"What should stand for {NAME}?", "mine")
    save = office.cases.save
    monkeypatch.setattr(office.cases, "save", broken)
    press(page, "Save these choices")
    assert "The database did not answer" in words(page)
    monkeypatch.setattr(office.cases, "save", save)
    press(page, "Save these choices")
    assert kept(case_id)[1].at("patient.name") == "Mine Example"


def test_a_choice_does_not_undo_a_signature(make, at_letter, other, office, practice):
    case_id = make()
    page = conflicting(at_letter(case_id), other, case_id)
    put_in(office, practice.staff, case_id, State.SIGNED)
    find(page, f"What should stand for {NAME}?", "mine")
    press(page, "Save these choices")
    assert office.cases.read(practice.staff, case_id).state == State.SIGNED
    press(page, "Change it all the same")
    assert "Yours: Mine Example" in words(page)


@pytest.mark.parametrize("choice", ["theirs", "mine", "both"])
def test_lines_of_the_text_written_by_two(make, at_letter, kept, other, choice):
    case_id = make(text="First line\nSecond line\nThird line")
    page = press(at_letter(case_id), "Make the draft")
    other(case_id, text="First line\nTheir line\nThird line")
    find(page, TEXT, "First line\nMy line\nThird line")
    told = words(page)
    assert "the letter's text, line 2" in told
    assert "Saved: Their line" in told
    assert "~~Their~~ **My** line" in told
    find(page, "What should stand for the letter's text, line 2?", choice)
    press(page, "Save these choices")
    middle = {"theirs": "Their line", "mine": "My line", "both": "Their line\nMy line"}[choice]
    assert kept(case_id)[1].text == f"First line\n{middle}\nThird line"
    assert shown(page, TEXT) == f"First line\n{middle}\nThird line"


def test_rows_are_shown_in_words(make, at_letter, other):
    case_id = make()
    page = at_letter(case_id)
    other(case_id, tried=[])
    find(page, "Dose (1)", "Another dose")
    told = words(page)
    assert "Saved: (nothing)" in told
    assert "Another dose" in told
    assert "{" not in told


@pytest.fixture
def typed_while_saving(office, monkeypatch):
    """Somebody's next words reach the server while it saves the ones before."""
    waiting: dict[str, object] = {}
    save = office.cases.save

    def slow(*args):
        saved = save(*args)
        st.session_state.update(waiting)
        waiting.clear()
        return saved

    monkeypatch.setattr(office.cases, "save", slow)
    return waiting


UNASKED = "case:representative.name"  # the letter has no use for it, so it is not drawn


def test_what_is_typed_while_a_save_is_merged_is_not_lost(
    make, at_letter, kept, other, typed_while_saving
):
    case_id = make()
    page = at_letter(case_id)
    other(case_id, patient__name="Example Renamed")
    typed_while_saving[UNASKED] = "Typed meanwhile"
    find(page, PHONE, "000-555-0199")
    content = kept(case_id)[1]
    assert content.at("representative.name") == "Typed meanwhile"
    assert content.at("patient.phone") == "000-555-0199"
    assert content.at("patient.name") == shown(page, NAME) == "Example Renamed"
    assert page.session_state["open-case"].newest is None


def test_what_is_typed_while_a_save_is_merged_does_not_write_over_others(
    make, at_letter, kept, other, typed_while_saving
):
    case_id = make()
    page = at_letter(case_id)
    other(case_id, representative__name="Theirs Example")
    typed_while_saving[UNASKED] = "Mine Example"
    find(page, PHONE, "000-555-0199")
    told = words(page)
    assert "Saved: Theirs Example" in told
    assert "Yours: Mine Example" in told
    assert kept(case_id)[1].at("patient.phone") == "000-555-0199"


# -- leaving right after the last word ---------------------------------------------------------


def test_the_last_word_is_saved_though_the_page_is_left_at_once(make, at_letter, kept, monkeypatch):
    first, second = make(), make()
    went = []
    monkeypatch.setattr(st, "switch_page", lambda page: (went.append(page), st.stop()))
    page = at_letter(first)
    press(fill(page, PHONE, "1"), "Back to the case")
    assert went == ["dashboard/case.py"]
    assert kept(first)[1].at("patient.phone") == "1"
    reopen(page, first)
    fill(page, PHONE, "2")
    reopen(page, second)
    assert kept(first)[1].at("patient.phone") == "2"
    assert shown(page, PHONE) == "000-555-0106"
    press(fill(page, PHONE, "3"), "Close the case")
    assert kept(second)[1].at("patient.phone") == "3"
    assert "open-case" not in page.session_state


def test_nobody_leaves_past_a_choice(make, at_letter, other):
    case_id = make()
    page = at_letter(case_id)
    other(case_id, patient__name="Theirs Example")
    press(fill(page, NAME, "Mine Example"), "Close the case")
    assert "Yours: Mine Example" in words(page)


def test_what_can_not_be_saved_is_dropped_only_when_leaving_twice(
    make, at_letter, kept, office, monkeypatch
):
    case_id = make()
    page = at_letter(case_id)

    monkeypatch.setattr(office.cases, "save", broken)
    press(fill(page, PHONE, "000-555-0199"), "Close the case")
    assert "leave once more to drop it" in words(page)
    assert shown(page, PHONE) == "000-555-0199"
    press(page, "Close the case")
    assert "open-case" not in page.session_state


# -- signed, sent, not allowed -----------------------------------------------------------------


def test_a_signed_letter_changes_only_when_asked_for(make, at_letter, kept, office, practice):
    case_id = make()
    put_in(office, practice.staff, case_id, State.SIGNED)
    page = find(at_letter(case_id), PHONE, "000-555-0199")
    assert "This letter is signed." in words(page)
    assert kept(case_id)[0] == 1
    press(page, "Change it all the same")
    view = office.cases.read(practice.staff, case_id)
    assert (view.state, view.version) == (State.DRAFT, 2)
    assert view.content.at("patient.phone") == "000-555-0199"
    assert "Saved as version 2" in words(page)
    find(page, PHONE, "000-555-0198")
    assert kept(case_id)[0] == 3


def test_a_letter_signed_meanwhile_stays_signed(make, at_letter, kept, office, practice):
    case_id = make()
    page = at_letter(case_id)
    put_in(office, practice.staff, case_id, State.SIGNED)
    find(page, PHONE, "000-555-0199")
    assert kept(case_id)[0] == 1
    assert office.cases.read(practice.staff, case_id).state == State.SIGNED
    assert "What you typed last is not saved." in words(page)
    press(page, "Change it all the same")
    assert kept(case_id)[1].at("patient.phone") == "000-555-0199"


def test_nobody_leaves_untold_when_the_last_word_came_too_late(
    make, at_letter, kept, office, practice
):
    case_id = make()
    page = at_letter(case_id)
    put_in(office, practice.staff, case_id, State.SIGNED)
    press(fill(page, PHONE, "000-555-0199"), "Close the case")
    assert "What you typed last is not saved." in words(page)
    assert shown(page, PHONE) == "000-555-0199"
    press(page, "Close the case")
    assert "open-case" not in page.session_state
    assert kept(case_id)[0] == 1


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_letter_that_was_sent_can_not_be_changed(make, at_letter, kept, office, practice, when):
    case_id = make()
    if when == "before":
        put_in(office, practice.staff, case_id, State.SENT)
    page = at_letter(case_id)
    put_in(office, practice.staff, case_id, State.SENT)
    find(page, PHONE, "000-555-0199")
    assert "It is sent; nothing here changes it." in words(page)
    assert kept(case_id)[0] == 1
    press(page, "Close the case")
    assert shown(page, "Which plan do you have?") is None


def end(office, practice, who):
    people.change_member(
        office.desk, practice.manager, who.member_id, name="x", roles=[Role.AUDITOR], npi=""
    )


def test_somebody_who_may_not_any_more_is_told_so(make, at_letter, office, practice, monkeypatch):
    case_id = make()
    page = at_letter(case_id)
    end(office, practice, practice.staff)
    now = practice.sign_in("staff@north.example")
    monkeypatch.setattr(identity, "actor_of", lambda *_: now)
    find(page, PHONE, "000-555-0199")
    assert "What you typed last is not saved. You can't do this here" in words(page)
    assert office.cases.read(practice.prescriber, case_id).version == 1
    press(page, "Close the case")
    assert "open-case" not in page.session_state


def test_a_save_that_failed_is_tried_again(make, at_letter, kept, office, monkeypatch):
    case_id = make()
    page = at_letter(case_id)
    save = office.cases.save

    monkeypatch.setattr(office.cases, "save", broken)
    find(page, PHONE, "000-555-0199")
    assert "What you typed last is not saved. The database did not answer" in words(page)
    monkeypatch.setattr(office.cases, "save", save)
    ran(page)
    assert kept(case_id)[1].at("patient.phone") == "000-555-0199"
    assert "Saved as version 2" in words(page)
    assert not page.error
