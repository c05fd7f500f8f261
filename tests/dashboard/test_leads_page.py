"""Reports: sent from beside an answer by anybody, and worked on by advocates on their page."""

from contextlib import nullcontext
from datetime import date

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from compound_coverage.casework.access import Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRingError
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.curation.leads import How, Kind, Leads, LeadState, Report, Why
from compound_coverage.curation.proposals import Proposals
from compound_coverage.database import StoreError
from compound_coverage.vocabulary import Verdict
from dashboard import curation, identity
from dashboard import report as report_parts
from dashboard.answer import Asked
from tests.casework.conftest import Clock
from tests.curation.conftest import made_in_sqlite, reworded
from tests.dashboard.conftest import ran, words
from tools.browser import ROOT

PLAN, MEDICINE, RULE = "made-up-health-marketplace", "ldn-capsule", "powder-not-paid"
WRITTEN = "The policy was replaced in May 2026."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An office made once; each test works on a copy."""
    return made_in_sqlite(tmp_path_factory)


@pytest.fixture
def office(made, tmp_path, monkeypatch, bundled, small):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COVERAGE_DATA", str(small))
    engine = open_casework(made.sqlite_copy(tmp_path))
    made = Office(
        Desk(engine, made.ring, Clock()), lambda: bundled, lambda: nullcontext(None), Settings()
    )
    monkeypatch.setattr(identity, "office", lambda: made)
    yield made
    engine.dispose()


@pytest.fixture
def practice(made, office):
    return made.practice_of(office.desk)


@pytest.fixture
def leads(office, small, monkeypatch):
    made = Leads(office.desk)
    monkeypatch.setattr(curation, "leads", lambda: made)
    monkeypatch.setattr(report_parts, "leads", lambda: made)
    monkeypatch.setattr(report_parts, "is_empty", lambda: False)
    kept = Proposals(office.desk, lambda: small)
    monkeypatch.setattr(curation, "proposals", lambda: kept)
    st.cache_data.clear()
    return made


def wrong(**more):
    given = {"rule_id": RULE, "words": WRITTEN, "address": "https://example.org/new"}
    return Report(Kind.WRONG, PLAN, MEDICINE, **given | more)


def answered(told=Verdict.NOT_COVERED):
    return Report(
        Kind.ANSWERED, PLAN, MEDICINE, words="No powder, they said.", told=told,
        day=date(2026, 11, 20), how=How.PHONE, reference="REF-7734",
    )  # fmt: skip


def labels(page):
    return [button.label for button in page.button]


def press(page, label):
    next(one for one in page.button if one.label == label).click()
    return ran(page)


def choose(page, label, option):
    next(one for one in page.selectbox if one.label == label).select(option)
    return ran(page)


# -- the advocates' page -----------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADVOCATE}))
def test_who_is_no_advocate_sees_nothing(practice, leads, visit, role):
    leads.report(wrong())
    page = visit("leads", practice.actor(role))
    assert "You can't do this here" in words(page)
    assert "Made-up rule" not in words(page)


def test_an_empty_queue_says_so(practice, leads, visit):
    assert "There is none." in words(visit("leads", practice.advocate))


def test_a_report_is_read_taken_and_closed(practice, leads, visit):
    leads.report(wrong())
    page = visit("leads", practice.advocate)
    told = words(page)
    assert "Wrong or out of date: Made-up Health (marketplace)" in told
    assert "About: Made-up rule powder-not-paid." in told
    assert "Made-up compound policy" in told, "its citation"
    assert WRITTEN not in told
    press(page, "Read it")
    assert WRITTEN in words(page)
    assert [code.value for code in page.code] == ["https://example.org/new"]
    press(page, "I look into it")
    assert "There is none." in words(page)
    page.radio(key="leads-state").set_value(LeadState.TAKEN)
    ran(page)
    assert WRITTEN not in words(page), "read anew, it is in the trail again"
    press(page, "Read it")
    assert "Close it" not in labels(page)
    choose(page, "How does it end?", Why.RIGHT)
    press(page, "Close it")
    page.radio(key="leads-state").set_value(LeadState.CLOSED)
    told = words(ran(page))
    assert "Closed on November 24, 2026: We looked: our data is right." in told
    assert "Read it" not in labels(page)
    (line,) = leads.lines(practice.advocate)
    assert leads.read(practice.advocate, line.lead_id).report.words == ""


def test_a_page_that_is_drawn_again_reads_nothing_again(practice, leads, visit, monkeypatch):
    leads.report(wrong())
    page = visit("leads", practice.advocate)
    press(page, "Read it")
    reads = []
    for name in ("lines", "read", "counts"):
        monkeypatch.setattr(leads, name, lambda *a: reads.append(a) or [])
    ran(page)
    assert reads == []
    press(page, "Read the list anew")
    assert len(reads) == 2


def test_a_proposal_is_made_of_a_report(practice, leads, visit, monkeypatch):
    leads.report(wrong())
    page = visit("leads", practice.advocate)
    press(page, "Read it")
    press(page, "Make a proposal of it")
    assert page.session_state["rule_to_change"] == RULE
    went = []
    monkeypatch.setattr(st, "switch_page", lambda path: (went.append(path), st.stop()))
    press(page, "Make a proposal of it")
    assert went == ["dashboard/rule.py"]


def test_a_report_is_closed_with_the_proposal_it_led_to(practice, leads, visit, small):
    made = curation.proposals().propose(practice.advocate, "New words", "Told", [reworded(small)])
    leads.report(wrong())
    page = visit("leads", practice.advocate)
    press(page, "Read it")
    choose(page, "How does it end?", Why.PROPOSED)
    choose(page, "Which proposal?", made)
    press(page, "Close it")
    (line,) = leads.lines(practice.advocate)
    assert (line.proposal_id, line.why) == (made, Why.PROPOSED)


def test_what_another_did_meanwhile_is_told(practice, leads, visit):
    lead_id = leads.report(wrong())
    page = visit("leads", practice.advocate)
    press(page, "Read it")
    leads.take(practice.advocate, lead_id)
    press(page, "I look into it")
    assert "This report is taken already; look at the list again." in words(page)


def test_an_answer_is_shown_with_what_was_told_and_counted_apart(practice, leads, visit):
    leads.take(practice.advocate, leads.report(answered()))
    leads.report(answered(Verdict.COVERED))
    page = visit("leads", practice.advocate)
    told = words(page)
    assert "It said: **It is covered**." in told
    assert "- It is not covered: 1" in told, "the one that was read"
    assert "- It is covered: 1" not in told
    press(page, "Read it")
    told = words(page)
    assert "**On:** November 20, 2026" in told
    assert "**How:** By phone" in told
    assert "**Number of the call:** REF-7734" in told
    choices = next(one for one in page.selectbox if one.label == "How does it end?").options
    assert "We looked: our data is right" not in choices


def test_what_is_no_longer_known_is_shown_by_its_id(practice, leads, visit):
    leads.report(Report(Kind.WRONG, "H0001-001-000", "gone", rule_id="gone-rule", words=WRITTEN))
    told = words(visit("leads", practice.advocate))
    assert "Wrong or out of date: H0001-001-000" in told
    assert "About gone-rule, which is not in the coverage data." in told


def test_a_long_queue_has_pages(practice, leads, visit):
    for _ in range(21):
        leads.report(wrong())
    page = visit("leads", practice.advocate)
    assert labels(page).count("Read it") == 20


# -- beside an answer --------------------------------------------------------------------------


@pytest.fixture
def answer(leads, monkeypatch):
    """The patient's page with an answer on it."""
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)  # there is no other page here
    page = AppTest.from_file(str(ROOT / "dashboard" / "result.py"), default_timeout=60)
    page.session_state["asked"] = Asked(
        plan_id=PLAN,
        medication_id=MEDICINE,
        source="bulk_powder",
        condition_id="",
        monthly_cost=None,
        age=None,
        state="",
        compendium="",
    )
    return ran(page)


def html_of(page):
    """The cards of an answer."""
    return "\n".join(str(one.proto.body) for one in page.get("html"))


def field(page, kind, label):
    return next(one for one in getattr(page, kind) if one.label == label)


def test_each_reason_has_its_control_and_each_answer_one(answer):
    beside = [one.key for one in answer.button if one.label == "This is wrong or out of date"]
    assert beside == [f"wrong:{RULE}"]
    assert labels(answer).count("One of these is wrong or out of date") == 1
    assert labels(answer).count("My plan answered this") == 1
    assert not answer.text_area, "no form is made before it is asked for"


def form():
    """What the open dialog holds; a test in this process can't go on inside a dialog."""
    import inspect
    from datetime import date

    import streamlit as st

    from compound_coverage.determination.engine import determine
    from compound_coverage.determination.question import make_case
    from dashboard import report
    from dashboard.parts import dataset

    rules, about, kind = (st.session_state[name] for name in ("rules", "about", "kind"))
    case = make_case(dataset(), *about, on=date(2026, 11, 24), source="bulk_powder")
    answer = determine(case, dataset())
    if kind == "answered":
        inspect.unwrap(report._answered)(case)
    else:
        reasons = [*answer.reasons, *answer.context]
        inspect.unwrap(report._wrong)(case, [one for one in reasons if one.rule.rule_id in rules])


@pytest.fixture
def opened(leads):
    def opener(kind, *rules):
        page = AppTest.from_function(form, default_timeout=60)
        page.session_state["about"] = (PLAN, MEDICINE)
        page.session_state["kind"], page.session_state["rules"] = kind, rules
        return ran(page)

    return opener


def test_something_wrong_is_reported(opened, leads, practice):
    page = opened("wrong", RULE)
    told = words(page)
    assert "We say: Made-up rule powder-not-paid." in told
    assert "Do not write names, dates of birth, member numbers or phone numbers." in told
    field(page, "text_area", "What is wrong?").input("My name is Example.")
    press(page, "Send it")
    assert "looks like a person's name" in words(page)
    assert leads.lines(practice.advocate) == []
    field(page, "text_area", "What is wrong?").input(WRITTEN)
    field(page, "text_input", "Its web address").input("https://example.org/new")
    press(page, "Send it")
    assert "Thank you. We have it." in words(page)
    assert not page.text_area
    (line,) = leads.lines(practice.advocate)
    assert (line.rule_id, line.plan_id) == (RULE, PLAN)
    assert leads.read(practice.advocate, line.lead_id).report.words == WRITTEN


def test_one_of_many_lines_is_named(opened, leads, practice):
    page = opened("wrong", RULE, "hearsay")
    field(page, "selectbox", "Which one?").select("hearsay")
    field(page, "text_area", "What is wrong?").input(WRITTEN)
    press(page, "Send it")
    assert [line.rule_id for line in leads.lines(practice.advocate)] == ["hearsay"]


def test_what_a_plan_answered_is_reported(opened, leads, practice):
    page = opened("answered")
    field(page, "radio", "What did the plan say?").set_value(Verdict.EXCEPTION_ONLY)
    field(page, "radio", "How did it tell you?").set_value(How.LETTER)
    day = "Which day was it? Write it like 2026-01-31"
    field(page, "text_input", day).input("2026-11-31")
    press(page, "Send it")
    assert "not a date on the calendar" in words(page)
    field(page, "text_input", day).input("2026-11-20")
    press(page, "Send it")
    assert "Thank you. We have it." in words(page)
    (line,) = leads.lines(practice.advocate)
    assert (line.told, line.rule_id) == (Verdict.EXCEPTION_ONLY, "")
    assert leads.read(practice.advocate, line.lead_id).report.day == date(2026, 11, 20)


def test_without_a_database_the_control_says_so_in_one_sentence(answer, monkeypatch):
    def none():
        raise StoreError("The database can't be reached.")

    monkeypatch.setattr(report_parts, "leads", none)
    press(answer, "My plan answered this")
    told = answer.error[0].value.replace("\\", "")
    assert told == "We can't take a report right now. The database can't be reached."
    assert not answer.text_area


def test_what_people_were_told_is_shown_apart_from_three_on(answer, leads, practice):
    assert "What people told us" not in words(answer)
    for told in (Verdict.NOT_COVERED, Verdict.NOT_COVERED, Verdict.COVERED):
        leads.take(practice.advocate, leads.report(answered(told)))
    before = html_of(answer)
    st.cache_data.clear()
    told = words(ran(answer))
    assert html_of(answer) == before, "the answer stays what it was"
    assert "What people told us" in told
    assert "it did not count for the answer above" in told
    assert "- 2 people were told: It is not covered" in told
    assert "- 1 person was told: It is covered" in told


@pytest.mark.parametrize("error", [StoreError("gone"), KeyRingError("gone")])
def test_an_answer_stands_when_no_count_can_be_had(answer, monkeypatch, error):
    def none():
        raise error

    st.cache_data.clear()
    monkeypatch.setattr(report_parts, "leads", none)
    assert "What people told us" not in words(ran(answer))
    assert "Not covered" in html_of(answer)


def test_looking_at_an_answer_makes_no_database(answer, monkeypatch):
    opened = []
    st.cache_data.clear()
    monkeypatch.setattr(report_parts, "is_empty", lambda: True)
    monkeypatch.setattr(report_parts, "leads", lambda: opened.append(1))
    ran(answer)
    assert opened == []
