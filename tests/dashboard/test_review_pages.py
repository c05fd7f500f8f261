"""The review page and the page that checks a signature, as each person sees them."""

import copy
from contextlib import nullcontext
from pathlib import Path

import pytest

from compound_coverage.casework import people
from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import INTENT, Signature
from compound_coverage.casework.states import State
from compound_coverage.letters.casefile import example_case
from dashboard import identity
from dashboard.downloads import TICKETS
from tests.casework.conftest import (
    NPI,
    OTHER_NPI,
    Clock,
    open_certificates_at_once,
    own_keys,
    own_practice,
    own_store,
)
from tests.dashboard.conftest import ran, words
from tests.dashboard.quick import draw_letters_once
from tests.in_process import look_here

PAGES = Path(__file__).resolve().parents[2] / "dashboard"
TYPED = "/s/ Example Prescriber"
STRENGTH, NAME = "Strength", "Patient's name"
STRENGTH_BOX = f"I confirm: {STRENGTH}"


@pytest.fixture
def office(tmp_path, monkeypatch, bundled):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    open_certificates_at_once(monkeypatch)
    look_here(monkeypatch)
    draw_letters_once(monkeypatch)
    engine = open_casework(own_store(f"sqlite:///{tmp_path / 'store.sqlite'}"))
    ring = own_keys(tmp_path / "keys" / "keys.json")
    made = Office(
        Desk(engine, ring, Clock()), lambda: bundled, lambda: nullcontext(None), Settings()
    )
    monkeypatch.setattr(identity, "office", lambda: made)
    yield made
    engine.dispose()


@pytest.fixture
def practice(office):
    return own_practice(office.desk)


@pytest.fixture
def facts():
    made = example_case()
    made["prescriber"]["npi"] = NPI
    return made


@pytest.fixture
def begun(office, practice):
    """A case in review."""

    def make(facts, **more):
        case_id = office.cases.create(practice.staff, Content(facts=facts, **more))
        office.cases.submit(practice.staff, case_id)
        return case_id

    return make


def one(page, kind, label):
    found = [one for one in getattr(page, kind) if one.label.replace("\\", "") == label]
    assert len(found) == 1, (label, [one.label for one in getattr(page, kind)][:40])
    return found[0]


def press(page, label):
    one(page, "button", label).click()
    return ran(page)


def tick(page, label):
    one(page, "checkbox", label).check()
    return ran(page)


def labels(page, kind):
    return [one.label.replace("\\", "") for one in getattr(page, kind)]


def change(page, place):
    page.button(key=f"change:{place}").click()
    return ran(page)


def version_of(office, practice, case_id):
    return office.cases.read(practice.staff, case_id).version


def confirm_all(office, actor: Actor, case_id, *, leave=()):
    view = office.cases.read(actor, case_id)
    digests = {item.place: item.digest for item in office.review(view.content).items}
    digests = {place: digest for place, digest in digests.items() if place not in leave}
    return office.cases.confirm(actor, case_id, view.version, digests).version


def save_fact(office, practice, case_id, section, name, value):
    view = office.cases.read(practice.staff, case_id)
    facts = copy.deepcopy(view.content.facts)
    facts[section][name] = value
    content = view.content.model_copy(update={"facts": facts})
    return office.cases.save(practice.staff, case_id, view.version, content)


# -- reading -------------------------------------------------------------------------------------


def test_without_a_case_the_page_says_where_to_find_one(practice, visit):
    assert "No case is open." in words(visit("review", practice.prescriber))


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADVOCATE])
def test_who_may_not_read_a_case_sees_nothing_of_it(practice, begun, facts, visit, role):
    page = visit("review", practice.actor(role), begun(facts))
    assert "You can't do this here" in words(page)
    assert "Example Patient" not in words(page)
    assert not page.checkbox


def test_the_letter_stands_beside_its_facts_each_with_its_mark_in_words(
    office, practice, begun, facts, visit
):
    del facts["monitoring"]["stop_rule"]
    case_id = begun(facts)
    view = office.cases.read(practice.staff, case_id)
    digests = {
        f.place: f.digest for f in office.review(view.content).facts if f.place == "patient.name"
    }
    office.cases.mark_chart(practice.staff, case_id, view.version, digests)
    page = visit("review", practice.prescriber, case_id)
    told = words(page)
    assert "**Strength:** 4.5 mg :small[(Patient said)]" in told
    assert "**Patient's name:** Example Patient :small[(Found in the chart)]" in told
    assert "Blank. " in told
    assert "Who can supply it: the prescriber." in told
    assert "**What happened (1):** It did not help" in told
    assert "**Does the patient take opioids?** No" in told
    pictures = [str(one.proto.body) for one in page.get("html")]
    assert len(pictures) == 3
    assert all(
        'alt="Page ' in picture and "data:image/png;base64," in picture for picture in pictures
    )


def test_what_blocks_stands_first_with_its_mend(practice, begun, facts, visit):
    del facts["monitoring"]["stop_rule"]
    page = visit("review", practice.prescriber, begun(facts))
    assert next(one.value for one in page.header) == "Mend this first"
    assert "still shows 1 gap" in page.error[0].value
    assert one(page, "button", "Sign this letter").disabled


def test_facts_that_make_no_letter_say_what_to_mend(practice, begun, facts, visit):
    facts["medication"]["start"] = "next week"
    page = visit("review", practice.prescriber, begun(facts))
    assert "a date is written YYYY-MM-DD" in words(page)
    assert not page.checkbox


def test_a_page_that_is_drawn_again_does_not_read_the_case_again(
    office, practice, begun, facts, visit, monkeypatch
):
    page = visit("review", practice.prescriber, begun(facts))
    reads = []
    real = office.cases.read
    monkeypatch.setattr(office.cases, "read", lambda *a: reads.append(a) or real(*a))
    ran(page)
    assert not reads
    press(page, "Refresh")
    assert len(reads) == 1


# -- confirming ----------------------------------------------------------------------------------


def test_each_tick_is_saved_at_once_and_counted(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = visit("review", practice.prescriber, case_id)
    assert "0 of 83 confirmed" in page.get("progress")[0].proto.text
    page = tick(page, STRENGTH_BOX)
    assert "1 of 83 confirmed" in page.get("progress")[0].proto.text
    assert STRENGTH_BOX not in labels(page, "checkbox")
    assert "✓ Confirmed by you" in words(page)
    kept = office.cases.read(practice.staff, case_id).content.confirmed
    assert list(kept) == ["medication.strength"]


def test_clinical_facts_are_confirmed_one_by_one_only(practice, begun, facts, visit):
    page = visit("review", practice.prescriber, begun(facts))
    boxes = [label for label in labels(page, "checkbox") if label.startswith("I confirm: ")]
    assert len(boxes) == 83
    assert not [label for label in labels(page, "button") if "all" in label.casefold()]


def test_a_tick_on_what_somebody_changed_meanwhile_is_not_saved_and_the_page_is_new(
    office, practice, begun, facts, visit
):
    case_id = begun(facts)
    page = visit("review", practice.prescriber, case_id)
    save_fact(office, practice, case_id, "medication", "strength", "3 mg")
    page = tick(page, STRENGTH_BOX)
    assert "Somebody changed this draft just now" in words(page)
    assert "**Strength:** 3 mg" in words(page)
    assert office.cases.read(practice.staff, case_id).content.confirmed == {}
    page = tick(page, STRENGTH_BOX)
    assert "✓ Confirmed by you" in words(page)


def test_sentences_written_by_hand_are_confirmed_too(office, practice, begun, facts, visit):
    text = office.review(Content(facts=facts)).text
    own = "Experts agree on this course (made-up example)."
    case_id = begun(facts, text=text.replace("Signature: ", f"{own}\n\nSignature: "))
    page = visit("review", practice.prescriber, case_id)
    assert own in words(page)
    sections = [one.label for one in page.expander]
    assert "Sentences written by hand: 0 of 1 confirmed" in sections
    assert "Claims only a person can judge: 0 of 1 confirmed" in sections


def test_staff_mark_facts_as_found_in_the_chart_and_take_it_back(
    office, practice, begun, facts, visit
):
    case_id = begun(facts)
    page = visit("review", practice.staff, case_id)
    assert not [label for label in labels(page, "checkbox") if label.startswith("I confirm")]
    page = tick(page, f"In the chart: {STRENGTH}")
    chart = office.cases.read(practice.staff, case_id).content.chart
    assert list(chart) == ["medication.strength"]
    assert "4.5 mg :small[(Found in the chart)]" in words(page)
    one(page, "checkbox", f"In the chart: {STRENGTH}").uncheck()
    page = ran(page)
    assert office.cases.read(practice.staff, case_id).content.chart == {}


def test_a_manager_sees_the_page_and_changes_nothing(practice, begun, facts, visit):
    page = visit("review", practice.manager, begun(facts))
    assert "**Strength:** 4.5 mg" in words(page)
    assert not page.checkbox
    assert set(labels(page, "button")) <= {"Back to the case", "Refresh", "Save these words"}
    assert one(page, "button", "Save these words").disabled


# -- changing in place ---------------------------------------------------------------------------


def test_a_fact_is_changed_in_place_and_asks_again(office, practice, begun, facts, visit):
    case_id = begun(facts)
    confirm_all(office, practice.prescriber, case_id)
    page = change(visit("review", practice.prescriber, case_id), "medication.strength")
    one(page, "text_input", f"{STRENGTH}: what it should say").set_value("3 mg")
    page = press(page, "Save")
    # at the head of the page, and where the button was pressed
    assert words(page).count("Strength is saved.") == 2
    assert "**Strength:** 3 mg" in words(page)
    assert STRENGTH_BOX in labels(page, "checkbox")
    assert "1 still to confirm" in words(page)
    assert office.cases.read(practice.staff, case_id).content.at("medication.strength") == "3 mg"


def test_a_choice_is_changed_by_choosing(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = change(visit("review", practice.prescriber, case_id), "tried.0.outcome")
    box = one(page, "selectbox", "What happened (1): what it should say")
    box.select("Side effects")
    press(page, "Save")
    kept = office.cases.read(practice.staff, case_id).content.facts["tried"][0]["outcome"]
    assert kept == "not_tolerated"


def test_a_value_that_makes_no_letter_is_not_saved(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = change(visit("review", practice.prescriber, case_id), "medication.start")
    one(page, "text_input", "Start date: what it should say").set_value("soon")
    page = press(page, "Save")
    assert "a date is written YYYY-MM-DD" in words(page)
    assert version_of(office, practice, case_id) == 1


def test_a_change_may_be_left(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = change(visit("review", practice.prescriber, case_id), "medication.strength")
    page = press(page, "Leave it as it is")
    assert "Save" not in labels(page, "button")
    assert version_of(office, practice, case_id) == 1


def test_a_blank_is_filled_in_and_no_longer_blocks(office, practice, begun, facts, visit):
    del facts["monitoring"]["stop_rule"]
    case_id = begun(facts)
    page = press(visit("review", practice.prescriber, case_id), "Fill in")
    (box,) = [one for one in page.text_area if one.label.endswith("what it should say")]
    box.set_value("Stop at week 12 without a response (made-up example)")
    page = press(page, "Save")
    assert not page.error
    assert next(one.value for one in page.header) != "Mend this first"


def test_a_blank_row_is_left_to_the_letter_page(practice, begun, facts, visit):
    del facts["tried"]
    page = visit("review", practice.prescriber, begun(facts))
    assert "Fill it in on the letter page." in words(page)


def test_the_words_are_changed_by_hand_and_made_from_the_facts_again(
    office, practice, begun, facts, visit
):
    case_id = begun(facts)
    page = visit("review", practice.prescriber, case_id)
    box = one(page, "text_area", "The letter's words")
    box.set_value(box.value.replace("Signature: ", "A sentence of mine.\n\nSignature: "))
    page = press(page, "Save these words")
    assert "Sentences written by hand: 0 of 1 confirmed" in [one.label for one in page.expander]
    assert "a fact that you change does not change these words" in words(page)
    page = press(page, "Make the letter from the facts again")
    assert office.cases.read(practice.staff, case_id).content.text == ""
    assert "Sentences written by hand: 0 of 1 confirmed" not in [one.label for one in page.expander]


def test_two_who_change_the_same_fact_lose_nothing(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = change(visit("review", practice.prescriber, case_id), "medication.strength")
    save_fact(office, practice, case_id, "medication", "strength", "3 mg")
    one(page, "text_input", f"{STRENGTH}: what it should say").set_value("6 mg")
    page = press(page, "Save")
    told = words(page)
    assert "Somebody else wrote in the same place" in told
    assert "**Strength:** 3 mg" in told
    aside = office.cases.read(practice.staff, case_id).versions[-1]
    assert aside.kind == "aside"
    kept = office.cases.version_at(practice.staff, case_id, aside.number)
    assert kept.at("medication.strength") == "6 mg"


def test_two_who_change_different_facts_are_both_heard(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = change(visit("review", practice.prescriber, case_id), "medication.strength")
    save_fact(office, practice, case_id, "patient", "phone", "000-555-0199")
    one(page, "text_input", f"{STRENGTH}: what it should say").set_value("6 mg")
    page = press(page, "Save")
    assert "Both changes are in it now." in words(page)
    content = office.cases.read(practice.staff, case_id).content
    assert content.at("medication.strength") == "6 mg"
    assert content.at("patient.phone") == "000-555-0199"


# -- who signs -----------------------------------------------------------------------------------


def test_staff_are_told_who_signs(practice, begun, facts, visit):
    page = visit("review", practice.staff, begun(facts))
    told = words(page)
    assert (
        f"Only Example Prescriber (the prescriber named in the letter, NPI {NPI}) can sign." in told
    )
    assert "Here that is Made-up prescriber." in told
    assert "Sign this letter" not in labels(page, "button")
    assert "Ask for changes" not in labels(page, "button")


@pytest.mark.parametrize(
    ("npi", "told"),
    [
        (OTHER_NPI, "Nobody in this practice has this NPI yet: a manager sets it on the page"),
        ("", "the letter does not name its prescriber's NPI, or it has a mistake"),
    ],
)
def test_a_letter_nobody_here_can_sign_says_what_to_do(practice, begun, facts, visit, npi, told):
    facts["prescriber"]["npi"] = npi
    page = visit("review", practice.prescriber, begun(facts))
    assert told in words(page)
    assert "Sign this letter" not in labels(page, "button")


def test_a_member_with_the_npi_but_not_the_part_is_named(office, practice, begun, facts, visit):
    member = next(one for one in people.members(office.desk, practice.manager) if one.npi == NPI)
    people.change_member(
        office.desk,
        practice.manager,
        member.member_id,
        name=member.name,
        roles=[Role.STAFF],
        npi=NPI,
    )
    page = visit("review", practice.staff, begun(facts))
    assert "not the part of a prescriber" in words(page)


def test_the_prescriber_asks_for_changes_in_words(office, practice, begun, facts, visit):
    case_id = begun(facts)
    page = press(visit("review", practice.prescriber, case_id), "Ask for changes")
    assert "Say what should change" in words(page)
    one(page, "text_area", "What should change?").set_value("Mend the dose, please.")
    page = press(page, "Ask for changes")
    view = office.cases.read(practice.staff, case_id)
    assert (view.state, view.steps[-1].why) == (State.CHANGES_REQUESTED, "Mend the dose, please.")
    assert "not in review yet" in words(page)


def test_a_draft_is_sent_to_review_from_here(office, practice, facts, visit):
    case_id = office.cases.create(practice.staff, Content(facts=facts))
    page = visit("review", practice.prescriber, case_id)
    assert not [label for label in labels(page, "checkbox") if label.startswith("I confirm")]
    page = press(page, "Send it to review")
    assert office.cases.read(practice.staff, case_id).state == State.IN_REVIEW
    assert STRENGTH_BOX in labels(page, "checkbox")


# -- signing -------------------------------------------------------------------------------------


def test_the_button_waits_until_nothing_is_open(office, practice, begun, facts, visit):
    case_id = begun(facts)
    confirm_all(office, practice.prescriber, case_id, leave=["medication.strength"])
    page = visit("review", practice.prescriber, case_id)
    assert "You can sign once nothing is open: 1 still to confirm." in words(page)
    assert one(page, "button", "Sign this letter").disabled
    page = tick(page, STRENGTH_BOX)
    assert not one(page, "button", "Sign this letter").disabled


def test_the_intent_the_words_to_type_and_the_kind_of_certificate_are_said(
    practice, begun, facts, visit
):
    page = visit("review", practice.prescriber, begun(facts))
    told = words(page)
    assert INTENT in told
    assert TYPED in [one.value for one in page.code]
    assert "TRIAL certificate, identity not checked: this computer" in told
    assert "it proves nothing about who signed it" in told


@pytest.fixture
def ready(office, practice, begun, facts, visit):
    case_id = begun(facts)
    confirm_all(office, practice.prescriber, case_id)
    return case_id, visit("review", practice.prescriber, case_id)


def test_a_letter_is_signed_and_saved(office, practice, ready, monkeypatch):
    case_id, page = ready
    one(page, "text_input", "Your signature").set_value(TYPED)
    page = press(page, "Sign this letter")
    told = words(page)
    assert "The letter is signed." in told
    (signed,) = office.cases.read(practice.staff, case_id).signatures
    assert signed.document_digest[:12] in told
    assert (
        "Signed by Example Prescriber, MD (NPI 1234567893) on November 24, 2026, 09:00 UTC" in told
    )
    assert "Sign this letter" not in labels(page, "button")
    files = []
    monkeypatch.setattr(TICKETS, "put", lambda *file: files.append(file) or "ticket")
    press(page, "Get the signed letter")
    assert office.signing.verify(practice.staff, files[0][0]).as_signed


def test_a_name_typed_wrong_is_told_and_stays(office, practice, ready):
    case_id, page = ready
    one(page, "text_input", "Your signature").set_value("Example Prescriber")
    page = press(page, "Sign this letter")
    assert "To sign, type exactly: /s/ Example Prescriber" in words(page)
    assert one(page, "text_input", "Your signature").value == "Example Prescriber"
    assert office.cases.read(practice.staff, case_id).state == State.IN_REVIEW


def test_a_letter_changed_meanwhile_is_shown_anew_and_not_signed_by_pressing_twice(
    office, practice, ready
):
    case_id, page = ready
    save_fact(office, practice, case_id, "patient", "phone", "000-555-0199")
    one(page, "text_input", "Your signature").set_value(TYPED)
    page = press(page, "Sign this letter")
    assert "Somebody changed this draft just now" in words(page)
    assert "000-555-0199" in words(page)
    assert office.cases.read(practice.staff, case_id).state == State.IN_REVIEW


def test_a_certificate_that_can_not_be_read_is_told(
    office, practice, begun, facts, visit, tmp_path
):
    office.settings = Settings(signing_certificate=tmp_path / "none.p12")
    page = visit("review", practice.prescriber, begun(facts))
    assert "The practice's certificate can't be read" in words(page)
    assert "Sign this letter" not in labels(page, "button")


def test_a_letter_signed_on_paper_says_where_it_is(office, practice, begun, facts, visit):
    case_id = begun(facts, letter_type="external_review_request")
    office.papers.keep_signed_by_hand(practice.staff, case_id, "scan.pdf", b"%PDF-1.7 made-up")
    assert "signed on paper" in words(visit("review", practice.staff, case_id))


# -- checking a signature ------------------------------------------------------------------------


@pytest.fixture
def signed_pdf(office, practice, begun, facts):
    case_id = begun(facts)
    version = confirm_all(office, practice.prescriber, case_id)
    signed = office.signing.sign(practice.prescriber, case_id, version, Signature(TYPED))
    return office.papers.read(practice.staff, signed.document_id)[1]


def checked(page, pdf):
    page.file_uploader[0].set_value(("letter.pdf", pdf, "application/pdf"))
    return ran(page)


@pytest.mark.parametrize("role", [Role.STAFF, Role.PRESCRIBER, Role.MANAGER, Role.AUDITOR])
def test_a_signed_letter_is_as_signed(practice, signed_pdf, visit, role):
    page = checked(visit("verify", practice.actor(role)), signed_pdf)
    told = words(page)
    assert "This document is as signed by Example Prescriber, MD (NPI 1234567893)" in told
    assert page.success
    assert "a trial certificate, it proves nothing about who signed" in told
    assert "Version of the letter: 2" in told
    assert len(page.get("html")) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda pdf: pdf + b"\n",
        lambda pdf: pdf.replace(b"/Title", b"/Tittl", 1),
        lambda pdf: pdf[:-200],
        lambda _: b"%PDF-1.7 made-up",
        lambda _: b"no PDF at all",
    ],
    ids=["longer", "another title", "cut off", "damaged", "text"],
)
def test_a_changed_document_is_never_called_fine(practice, signed_pdf, visit, change):
    page = checked(visit("verify", practice.staff), change(signed_pdf))
    assert not page.success
    assert "as signed by" not in words(page)
    assert page.error or page.warning


def test_an_advocate_checks_nothing(practice, signed_pdf, visit):
    page = checked(visit("verify", practice.advocate), signed_pdf)
    assert "You can't do this here" in words(page)
    assert not page.success


def test_another_file_is_another_answer(practice, signed_pdf, visit):
    page = checked(visit("verify", practice.staff), signed_pdf)
    assert page.success
    page = checked(page, signed_pdf + b"\n")
    assert not page.success
