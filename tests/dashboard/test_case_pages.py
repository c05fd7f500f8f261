"""The office's list of cases, and the page of one case, as each role sees them."""

import copy
from contextlib import nullcontext
from pathlib import Path

import pytest
import streamlit as st

from compound_coverage.casework import audit, handoffs, people
from compound_coverage.casework.access import Action, Role
from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.cases import take_step
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import Signature
from compound_coverage.casework.states import Outcome, State
from compound_coverage.database import StoreError
from compound_coverage.letters.casefile import example_case
from compound_coverage.vocabulary import LineOfBusiness
from dashboard import identity
from dashboard.downloads import TICKETS
from dashboard.office_parts import CASE
from tests.casework.conftest import (
    NPI,
    Clock,
    open_certificates_at_once,
    own_keys,
    own_practice,
    own_store,
)
from tests.dashboard.conftest import ran, words

PAGES = Path(__file__).resolve().parents[2] / "dashboard"
PHRASE = "four made up words here"
PDF = ("answer.pdf", b"%PDF-1.7 made-up answer", "application/pdf")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def office(tmp_path, monkeypatch, bundled, clock):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    open_certificates_at_once(monkeypatch)
    engine = open_casework(own_store(f"sqlite:///{tmp_path / 'store.sqlite'}"))
    ring = own_keys(tmp_path / "keys" / "keys.json")
    made = Office(Desk(engine, ring, clock), lambda: bundled, lambda: nullcontext(None), Settings())
    monkeypatch.setattr(identity, "office", lambda: made)
    yield made
    engine.dispose()


@pytest.fixture
def practice(office):
    return own_practice(office.desk)


@pytest.fixture
def went(monkeypatch):
    """The pages somebody was sent to."""
    pages = []

    def go(page):
        pages.append(page)
        st.stop()

    monkeypatch.setattr(st, "switch_page", go)
    return pages


def button(page, label):
    found = [one for one in page.button if one.label == label]
    assert found, f"no button {label!r} among {[one.label for one in page.button]}"
    return found[0]


def press(page, label):
    button(page, label).click()
    return ran(page)


def fill(page, label, value):
    kinds = ("text_input", "text_area", "selectbox", "multiselect", "radio", "checkbox")
    found = [one for kind in kinds for one in getattr(page, kind) if one.label == label]
    assert found, f"no field {label!r}"
    found[0].set_value(value)
    return page


def find(page, label, value):
    return ran(fill(page, label, value))


def upload(page, label, file):
    [found] = [one for one in page.file_uploader if one.label == label]
    found.set_value(file)


def draft(patient="Example Patient", supply_ends="", plan="Example Health Plan", **more):
    facts = copy.deepcopy(example_case())
    facts["prescriber"]["npi"] = NPI
    facts["patient"]["name"] = patient
    facts["plan"]["plan_name"] = plan
    facts["request"].pop("received_on")
    facts["request"].pop("denied_on")
    facts.pop("continuity", None)
    if supply_ends:
        facts["continuity"] = {"supply_ends": supply_ends}
    return Content(facts=facts, **more)


def put_in(office, actor, case_id, state, outcome=None):
    """Moves a case by hand, where a test is not about the road."""
    with office.desk.act(actor, Action.CASE_READ, case_id) as work:
        take_step(work, Action.CASE_EDIT, state, "", outcome=outcome)


# -- the list ----------------------------------------------------------------------------------


@pytest.fixture
def several(office, practice):
    """Cases by the name of their patient."""
    staff = practice.staff
    made = {
        name: office.cases.create(staff, draft(name, ends, plan))
        for name, ends, plan in [
            ("Example Bob", "2026-11-27", "Example Health Plan"),
            ("Example Ann", "2026-11-22", "Example Health Plan"),
            ("Example Cem", "2026-12-30", "Made-up Mutual"),
            ("Example Dot", "", "Made-up Mutual"),
        ]
    }
    office.cases.assign(staff, made["Example Cem"], practice.prescriber.member_id)
    office.cases.submit(staff, made["Example Cem"])
    return made


def listed(page):
    return [one.value for one in page.subheader]


def test_the_list_begins_with_the_nearest_day_and_says_what_is_to_do(several, practice, visit):
    page = visit("cases", practice.staff)
    assert listed(page) == ["Example Ann", "Example Bob", "Example Cem", "Example Dot"]
    told = words(page)
    assert "Letter of Medical Necessity" in told
    assert "Example Health Plan" in told
    assert "naltrexone (LDN) capsule" in told
    assert "By November 22, 2026, **2 days late**. Whose move: your office." in told
    assert "By November 27, 2026, **in 3 days**." in told
    assert "**In review**. With: Made-up prescriber." in told
    assert "**Draft**. With: Made-up staff." in told
    assert "No day to act by is known." in told


def test_a_case_of_which_nothing_is_known_has_its_card(office, practice, visit):
    office.cases.create(practice.staff, Content())
    page = visit("cases", practice.staff)
    assert listed(page) == ["No name yet"]
    assert "no medicine yet; no plan yet" in words(page)


ALL = ["Ann", "Bob", "Cem", "Dot"]


@pytest.mark.parametrize(
    ("label", "value", "found"),
    [
        ("Find a patient or plan", "ann", ["Ann"]),
        ("Find a patient or plan", "MUTUAL", ["Cem", "Dot"]),
        ("Find a patient or plan", "nobody here", []),
        ("Where it stands", [State.IN_REVIEW], ["Cem"]),
        ("Where it stands", [State.DRAFT, State.IN_REVIEW], ALL),
        ("Who has it", "nobody", []),
        ("Who has it", "me", ["Ann", "Bob", "Dot"]),
        ("Who has it", "prescriber", ["Cem"]),
        ("Due within", 3, ["Ann", "Bob"]),
        ("Due within", 60, ["Ann", "Bob", "Cem"]),
        ("Only what is late", True, ["Ann"]),
    ],
)
def test_what_one_looks_for_is_shown_and_then_all_again(
    several, practice, visit, label, value, found
):
    people_meant = {"me": practice.staff.member_id, "prescriber": practice.prescriber.member_id}
    page = visit("cases", practice.staff)
    if isinstance(value, str):
        value = people_meant.get(value, value)
    find(page, label, value)
    assert listed(page) == [f"Example {name}" for name in found]
    if not found:
        assert "No case fits" in words(page)
    press(page, "Show all again")
    assert listed(page) == [f"Example {name}" for name in ALL]


def test_approvals_that_end_soon_stand_on_top(office, practice, several, visit):
    for name, until in [("Example Dot", "2026-12-24"), ("Example Ann", "2027-06-01")]:
        case_id = several[name]
        put_in(office, practice.staff, case_id, State.SENT)
        answer = Decision(Outcome.APPROVED, "2026-11-20", approved_until=until)
        office.cases.decide(practice.staff, case_id, answer)
    page = visit("cases", practice.staff)
    assert [one.value for one in page.header] == ["Approvals that end soon", "The list"]
    assert "**Example Dot**, Made-up Mutual: ends December 24, 2026, **in 30 days**." in words(page)
    assert sum(one.label == "Open: Example Dot" for one in page.button) == 2
    assert sum(one.label == "Open: Example Ann" for one in page.button) == 1


@pytest.mark.parametrize(("role", "told"), [("manager", True), ("staff", False)])
def test_counts_are_for_those_who_oversee(several, practice, visit, role, told):
    page = visit("cases", practice.actor(role))
    line = "**4 cases**: 3 draft, 1 in review. **1 late.**"
    assert (line in words(page)) is told


def test_many_cases_come_in_pages(office, practice, visit):
    for number in range(27):
        office.cases.create(practice.staff, draft(f"Example {number}"))
    page = visit("cases", practice.staff)
    assert len(listed(page)) == 25
    assert "27 cases; you see 1 to 25" in words(page)
    page.pagination[0].set_value(2)
    ran(page)
    assert len(listed(page)) == 2
    assert "27 cases; you see 26 to 27" in words(page)
    find(page, "Find a patient or plan", "26")
    assert listed(page) == ["Example 26"]


def test_open_leads_to_the_case(several, practice, visit, went):
    page = press(visit("cases", practice.staff), "Open: Example Bob")
    assert went == ["dashboard/case.py"]
    assert page.session_state[CASE] == several["Example Bob"]


def test_a_name_is_shown_letter_for_letter_and_makes_no_address(office, practice, visit):
    case_id = office.cases.create(practice.staff, draft("**Ex** [a](b) $x$"))
    for name in ("cases", "case"):
        page = visit(name, practice.staff, case_id)
        heading = (page.subheader or page.title)[0]
        assert heading.value.startswith(r"\*\*Ex\*\* \[a\]\(b\) \$x\$")
        assert heading.proto.hide_anchor


@pytest.mark.parametrize(
    ("role", "sees_list", "makes"),
    [
        ("staff", True, True),
        ("prescriber", True, True),
        ("manager", True, False),
        ("auditor", False, False),
        ("advocate", False, False),
    ],
)
def test_who_sees_the_list_and_who_begins_a_case(several, practice, visit, role, sees_list, makes):
    page = visit("cases", practice.actor(role))
    assert bool(listed(page)) is sees_list
    assert ("New case" in [one.label for one in page.expander]) is makes
    assert bool(page.error) is not sees_list


def reads(office, actor, action):
    """How often somebody's deed stands in the trail."""
    with office.desk.operating() as connection:
        rows = list(audit.entries(connection, actor.organisation_id))
    return sum(row["action"] == action for row in rows)


def test_the_list_is_read_once_until_asked_for(office, several, practice, visit):
    page = visit("cases", practice.staff)
    find(page, "Only what is late", True)
    assert reads(office, practice.staff, "case.list") == 1
    press(page, "Read the list anew")
    assert reads(office, practice.staff, "case.list") == 2


# -- beginning a case --------------------------------------------------------------------------


def begin(page, way):
    return find(page, "How does it begin?", way)


def made(office, practice, page, went):
    """The case that was made; the page then shows it."""
    [row] = office.cases.worklist(practice.staff)
    assert went == ["dashboard/case.py"]
    assert page.session_state[CASE] == row.case_id
    return row


def test_an_empty_case(office, practice, visit, went):
    page = press(visit("cases", practice.staff), "Make an empty case")
    assert made(office, practice, page, went).summary.patient == ""


def test_a_case_from_a_locked_file(office, practice, visit, went):
    page = begin(visit("cases", practice.staff), "file")
    press(page, "Open it and make a case")
    assert "Pick the locked file first." in words(page)
    sealed = handoffs.to_file(draft(), PHRASE)
    upload(page, "The locked file", ("draft.sealed", sealed, "application/octet-stream"))
    fill(page, "Pass phrase", "four other words entirely")
    press(page, "Open it and make a case")
    assert page.error
    assert went == []
    fill(page, "Pass phrase", PHRASE)
    press(page, "Open it and make a case")
    assert made(office, practice, page, went).summary.patient == "Example Patient"


def test_a_case_with_a_patients_code(office, practice, visit, went):
    code = handoffs.leave(office.desk, draft())
    page = begin(visit("cases", practice.staff), "code")
    press(fill(page, "The patient's code", code), "Open it and make a case")
    assert made(office, practice, page, went).summary.patient == "Example Patient"


def test_a_wrong_code_is_told_in_a_sentence(office, practice, visit, went):
    page = begin(visit("cases", practice.staff), "code")
    press(fill(page, "The patient's code", "nonsense"), "Open it and make a case")
    assert page.error
    assert went == []


def test_what_a_code_opened_is_not_lost_when_the_case_can_not_be_made(
    office, practice, visit, went, monkeypatch
):
    code = handoffs.leave(office.desk, draft())
    create = office.cases.create

    def broken(*_):
        raise StoreError("The database did not answer; nothing was changed.")

    monkeypatch.setattr(office.cases, "create", broken)
    page = begin(visit("cases", practice.staff), "code")
    press(fill(page, "The patient's code", code), "Open it and make a case")
    assert "did not answer" in words(page)
    assert "is not in a case yet" in words(page)
    assert office.cases.worklist(practice.staff) == []
    monkeypatch.setattr(office.cases, "create", create)
    press(page, "Make a case of it")
    assert made(office, practice, page, went).summary.patient == "Example Patient"
    assert "draft-taken" not in page.session_state


def test_a_case_from_the_letter_page_of_this_session(office, practice, visit, went):
    typed = {
        "case:patient.name": "Example Typed",
        "plan": "my-plan-is-not-listed",
        "line": LineOfBusiness.EMPLOYER_INSURED,
        "state": "TX",
        "medication": "ldn-capsule",
        "letter-type": "formulary_exception",
    }
    page = press(begin(visit("cases", practice.staff, **typed), "typed"), "Make a case of it")
    summary = made(office, practice, page, went).summary
    assert (summary.patient, summary.medication) == ("Example Typed", "ldn-capsule")
    assert summary.letter_type == "formulary_exception"
    assert summary.plan == "unlisted-employer-insured-TX"


def test_nothing_typed_is_nothing_to_begin_from(practice, visit):
    page = visit("cases", practice.staff)
    [way] = [one for one in page.radio if one.label == "How does it begin?"]
    assert len(way.options) == 3


# -- one case ----------------------------------------------------------------------------------


@pytest.fixture
def case_id(office, practice):
    return office.cases.create(practice.staff, draft())


def test_without_a_case_one_is_sent_to_the_list(practice, visit, went):
    page = visit("case", practice.staff)
    assert "Pick a case in the list first." in words(page)
    press(page, "All cases")
    assert went == ["dashboard/cases.py"]


@pytest.mark.parametrize("role", ["auditor", "advocate"])
def test_those_without_a_part_in_it_see_nothing_of_a_case(practice, case_id, visit, role):
    page = visit("case", practice.actor(role), case_id)
    assert "You can't do this here" in words(page)
    assert "Example" not in words(page)


DEEDS = {
    "edit": "Edit the letter",
    "submit": "Send to review",
    "return": "Ask for changes",
    "sign": "Review and sign",
    "paper": "Put in a copy signed on paper",
    "send": "Mark as sent",
    "decide": "Enter the plan's answer",
    "appeal": "Appeal",
    "assign": "Assign to somebody",
    "call": "Note a call",
    "add": "Add a paper",
}
OFFERED = """
state             | staff                        | prescriber                            | manager
draft             | edit submit assign call add  | edit submit assign call add           | assign
in_review         | edit assign call add         | edit return sign assign call add      | assign
changes_requested | edit submit assign call add  | edit submit assign call add           | assign
signed            | edit send assign call add    | edit send assign call add             | assign
sent              | decide assign call add       | decide assign call add                | assign
denied            | appeal assign call add       | appeal assign call add                | assign
partly            | appeal assign call add       | appeal assign call add                | assign
approved          | assign call add              | assign call add                       | assign
appealed          | assign call add              | assign call add                       | assign
"""


def offered_cells():
    head, *lines = OFFERED.strip().splitlines()
    _, *roles = (part.strip() for part in head.split("|"))
    for line in lines:
        state, *cells = (part.strip() for part in line.split("|"))
        for role, cell in zip(roles, cells, strict=True):
            yield state, role, set(cell.split())


def offered(page):
    labels = {one.label for one in page.button} | {one.label for one in page.expander}
    return {name for name, label in DEEDS.items() if label in labels}


def move_to(office, actor, case_id, stands):
    if stands in set(Outcome):
        put_in(office, actor, case_id, State.DECIDED, Outcome(stands))
    else:
        put_in(office, actor, case_id, State(stands))


@pytest.mark.parametrize(("stands", "role", "deeds"), list(offered_cells()))
def test_exactly_what_can_be_done_is_offered(office, practice, case_id, visit, stands, role, deeds):
    move_to(office, practice.staff, case_id, stands)
    assert offered(visit("case", practice.actor(role), case_id)) == deeds


@pytest.mark.parametrize(
    ("state", "deeds"),
    [
        ("draft", {"edit", "submit", "paper", "assign", "call", "add"}),
        ("in_review", {"edit", "return", "paper", "assign", "call", "add"}),
    ],
)
def test_what_a_patient_signs_is_not_for_the_prescriber(office, practice, visit, state, deeds):
    content = draft(letter_type="form_appointment_of_representative")
    case_id = office.cases.create(practice.staff, content)
    move_to(office, practice.staff, case_id, state)
    assert offered(visit("case", practice.prescriber, case_id)) == deeds


def test_another_prescriber_is_told_for_whom_it_waits(office, practice, case_id, visit):
    other = people.add_member(
        office.desk, practice.manager, "Made-up Other", "other@north.example", [Role.PRESCRIBER]
    )
    assert other
    office.cases.submit(practice.staff, case_id)
    page = visit("case", practice.sign_in("other@north.example"), case_id)
    assert "sign" not in offered(page)
    assert "It waits for Example Prescriber to review and sign it." in words(page)


@pytest.mark.parametrize(
    ("label", "to"),
    [("Edit the letter", "dashboard/letter.py"), ("Review and sign", "dashboard/review.py")],
)
def test_edit_and_review_lead_to_their_pages(office, practice, case_id, visit, went, label, to):
    office.cases.submit(practice.staff, case_id)
    page = press(visit("case", practice.prescriber, case_id), label)
    assert went == [to]
    assert ("open-case" in page.session_state) is (label == "Edit the letter")


def test_the_whole_road_on_a_laptop(office, visit, bundled):
    owner = people.laptop_owner(office.desk)
    people.change_member(
        office.desk, owner, owner.member_id, name="Made-up Owner", roles=owner.roles, npi=NPI
    )
    owner = people.laptop_owner(office.desk)
    first = office.cases.create(owner, draft())
    page = visit("case", owner, first)
    assert "**Draft**, version 1" in words(page)

    fill(page, "Words for the prescriber, if you like", "Please look at the dose.")
    press(page, "Send it to review")
    assert "The letter is in review now." in words(page)
    assert "**In review**" in words(page)
    press(page, "Send it back")
    assert "Say what should change" in words(page)
    fill(page, "What should change?", "Name the dose tried.")
    press(page, "Send it back")
    assert "**Changes asked for**" in words(page)
    press(page, "Send it to review")

    items = office.review(office.cases.read(owner, first).content).items
    saved = office.cases.confirm(owner, first, 1, {item.place: item.digest for item in items})
    office.signing.sign(owner, first, saved.version, Signature("/s/ Example Prescriber"))
    press(page, "Read the case anew")
    assert "**Signed**" in words(page)
    assert "Version 2: **Example Prescriber, MD**, NPI 1234567893" in words(page)
    assert "sealed with a trial certificate" in words(page)

    fill(page, "Day it was sent", "yesterday")
    press(page, "Mark it as sent")
    assert "must be a day such as" in words(page)
    fill(page, "Day it was sent", "2026-11-24")
    fill(page, "How it was sent", "Fax to 000-555-0100")
    press(page, "Mark it as sent")
    assert "marked as sent" in words(page)
    assert "Whose move: the plan." in words(page)

    press(page, "Keep the answer")
    assert "Say first what the plan decided." in words(page)
    fill(page, "The plan's answer", Outcome.DENIED)
    press(page, "Keep the answer")
    assert "day of the decision must be a day" in words(page)
    fill(page, "Day of the notice", "2026-11-30")
    fill(page, "The plan's reference number", "EXAMPLE-9")
    fill(page, "The plan's reason, in its own words", "Not on the list (made up).")
    press(page, "Keep the answer")
    assert "**Decided: denied**" in words(page)
    assert "The plan's answer of November 30, 2026: denied" in words(page)

    [letters] = [one for one in page.selectbox if one.label == "Which letter?"]
    assert "First Appeal to the Plan" in letters.options
    fill(page, "Which letter?", "internal_appeal")
    press(page, "Begin the appeal")
    assert "The appeal has begun." in words(page)
    assert "Example Patient: First Appeal to the Plan" in words(page)
    appeal = page.session_state[CASE]
    assert appeal != first
    told = office.cases.read(owner, appeal).content.at("request.denial_reference")
    assert told == "EXAMPLE-9"

    press(page, "Open the case before this appeal")
    assert page.session_state[CASE] == first
    assert "**Appealed: denied**" in words(page)
    [road] = [one.value for one in page.markdown if one.value.startswith("1. **Made**")]
    assert [line.split("**")[1] for line in road.splitlines()] == [
        "Made",
        "Sent to review",
        "Changes asked for",
        "Sent to review",
        "Signed",
        "Sent to the plan",
        "Decided by the plan",
        "Appealed",
    ]
    assert "“Name the dose tried.”" in words(page)
    press(page, "Open the appeal")
    assert page.session_state[CASE] == appeal


def test_a_draft_too_poor_to_judge_can_be_appealed_with_any_fitting_letter(office, practice, visit):
    case_id = office.cases.create(practice.staff, Content())
    move_to(office, practice.staff, case_id, "denied")
    page = visit("case", practice.staff, case_id)
    [letters] = [one for one in page.selectbox if one.label == "Which letter?"]
    assert "First Appeal to the Plan" in letters.options
    assert "Letter to Accompany a Formulary Exception" not in letters.options


def test_after_a_denied_appeal_the_next_step_is_offered(office, practice, visit):
    content = draft()
    facts = {**content.facts, "request": {**content.facts["request"], "stage": "appeal"}}
    case_id = office.cases.create(practice.staff, content.model_copy(update={"facts": facts}))
    move_to(office, practice.staff, case_id, "denied")
    page = visit("case", practice.staff, case_id)
    [letters] = [one for one in page.selectbox if one.label == "Which letter?"]
    assert "First Appeal to the Plan" not in letters.options
    assert any("Second" in title for title in letters.options)


def test_a_step_that_somebody_took_meanwhile_is_told(office, practice, case_id, visit):
    page = visit("case", practice.staff, case_id)
    office.cases.submit(practice.staff, case_id)
    press(page, "Send it to review")
    assert "This case is in review and can't go to review now" in words(page)
    ran(page)
    assert "**In review**" in words(page)


def test_a_case_is_given_to_somebody(office, practice, case_id, visit):
    page = visit("case", practice.staff, case_id)
    [field] = [one for one in page.selectbox if one.label == "Who should have it?"]
    assert field.options == ["Made-up Manager", "Made-up prescriber", "Made-up staff"]
    assert field.value == practice.staff.member_id
    fill(page, "Who should have it?", practice.prescriber.member_id)
    press(page, "Assign it")
    assert "The case is with Made-up prescriber now" in words(page)
    assert "With: Made-up prescriber." in words(page)


def test_a_call_is_noted_and_the_form_is_empty_again(office, practice, case_id, visit):
    page = visit("case", practice.staff, case_id)
    press(page, "Keep the call")
    assert "Say who was on the phone and what was said." in words(page)
    fill(page, "Who was on the phone?", "Example desk of the plan")
    fill(page, "What was said?", "They have it.")
    fill(page, "Reference number of the call", "C-1")
    press(page, "Keep the call")
    assert "The call is noted" in words(page)
    assert "**Example desk of the plan**" in words(page)
    assert "Reference: C-1" in words(page)
    [field] = [one for one in page.text_input if one.label == "Who was on the phone?"]
    assert field.value == ""


def test_a_paper_is_kept_and_can_be_saved_again(office, practice, case_id, visit, monkeypatch):
    offered_files = []

    def put(*file):
        offered_files.append(file)
        return "ticket"

    monkeypatch.setattr(TICKETS, "put", put)
    page = visit("case", practice.staff, case_id)
    press(page, "Keep the paper")
    assert "Pick the file first." in words(page)
    fill(page, "What is it?", "plan_answer")
    upload(page, "The paper", PDF)
    press(page, "Keep the paper")
    assert "Paper 1. **The plan's answer**: answer.pdf" in words(page)
    press(page, "Save paper 1")
    [link] = page.link_button
    assert link.label == "Save answer.pdf"
    [(content, name, mime, _)] = offered_files
    assert (content, name, mime) == (PDF[1], "answer.pdf", "application/pdf")


def test_a_copy_signed_on_paper_makes_the_case_signed(office, practice, visit):
    content = draft(letter_type="form_appointment_of_representative")
    case_id = office.cases.create(practice.staff, content)
    page = visit("case", practice.staff, case_id)
    press(page, "Keep the signed copy")
    assert "Pick the file with the signed copy first." in words(page)
    upload(page, "Scan or photo of the signed paper", PDF)
    press(page, "Keep the signed copy")
    assert "The case is signed now" in words(page)
    assert "**Signed**" in words(page)
    assert "**Copy signed on paper**: answer.pdf" in words(page)


def test_two_versions_are_compared_fact_by_fact(office, practice, case_id, visit):
    content = draft(text="Dear plan,\n\nPlease pay.\n")
    facts = {**content.facts, "diagnosis": {**content.facts["diagnosis"], "words": "Fibromyalgia"}}
    second = content.model_copy(update={"facts": facts, "letter_type": "internal_appeal"})
    office.cases.save(practice.staff, case_id, 1, second)
    third = second.model_copy(update={"text": "Dear plan,\n\nPlease do pay.\n"})
    office.cases.save(practice.staff, case_id, 2, third)
    page = visit("case", practice.staff, case_id)
    assert "All versions (3)" in [one.label for one in page.expander]
    fill(page, "The older version", 1)
    fill(page, "The newer version", 2)
    press(page, "Compare")
    told = words(page)
    assert "is “Fibromyalgia”" in told
    assert "is “First Appeal to the Plan”" in told
    assert "Only the newer one has a text edited by hand" in told
    fill(page, "The older version", 2)
    fill(page, "The newer version", 3)
    press(page, "Compare")
    assert "The facts are the same in both." in words(page)
    assert "Put in: “do”" in words(page)


def test_a_case_is_read_once_until_something_is_done(office, practice, case_id, visit):
    page = visit("case", practice.staff, case_id)
    ran(page)
    fill(page, "What was said?", "Not kept.")
    ran(page)
    assert reads(office, practice.staff, "case.read") == 1
    press(page, "Send it to review")
    assert reads(office, practice.staff, "case.read") == 2


def test_a_case_left_and_entered_again_is_read_anew(office, practice, case_id, visit):
    page = visit("case", practice.staff, case_id)
    del page.session_state["case-refresh"]
    ran(page)
    assert reads(office, practice.staff, "case.read") == 2
