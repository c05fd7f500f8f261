"""The guided call: one question at a time, both answers apart, nothing kept past the visit."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from compound_coverage.vocabulary import Effect, Level
from dashboard import answer
from tests.builders import BULK, Book, case, rule
from tests.dashboard.conftest import ran, words
from tools.browser import ROOT

NO = rule("no", Effect.EXCLUDES)
LAW = rule("law", Effect.EXCLUDES, level=Level.LAW, binding=True)


@pytest.fixture
def opened(monkeypatch):
    """Opens the page with a made-up question behind it."""

    def opener(*rules, asked=True):
        now = case(BULK, on=date.today()) if asked else None
        monkeypatch.setattr(answer, "case_of_visit", lambda _: now)
        monkeypatch.setattr("dashboard.parts.dataset_or_stop", lambda: Book(list(rules)))
        monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)  # the page is alone
        return ran(AppTest.from_file(str(ROOT / "dashboard" / "call.py"), default_timeout=30))

    return opener


def press(page, key):
    page.button(key=key).click()
    return ran(page)


def html(page):
    return "\n".join(one.proto.body for one in page.get("html"))


def asked_about(page):
    return page.get("progress")[0].proto.text


def tap(page, code):
    page.radio[0].set_value(code)
    return ran(page)


def test_without_a_question_the_page_leads_back(opened):
    assert "First check your plan" in words(opened(asked=False))


def test_what_to_have_ready_comes_first(opened):
    page = opened(NO)
    assert "member ID card" in html(page)
    assert not page.radio


def test_one_question_at_a_time_forward_and_back(opened):
    page = press(opened(NO), "call-start")
    assert asked_about(page).startswith("Question 1 of")
    assert "Does my plan pay for compounded medicines at all?" in html(page)
    assert "Why ask this?" in words(page)
    page = press(tap(page, "no"), "call-next")
    assert asked_about(page).startswith("Question 2 of")
    page = press(page, "call-back")
    assert page.radio[0].value == "no"
    assert not page.text_input(key="call:pays:words").value


def test_an_answer_makes_later_questions_pointless(opened):
    page = press(opened(NO), "call-start")
    whole = asked_about(page).split()[-1]
    page = press(tap(page, "no"), "call-next")
    assert int(asked_about(page).split()[-1]) == int(whole) - 3


def test_a_note_typed_with_the_very_press_is_kept(opened):
    page = press(opened(NO), "call-start")
    page.radio[0].set_value("yes")
    page.text_input(key="call:pays:words").input("Page 12 <b>")
    page = press(page, "call-end")
    assert "Page 12 &lt;b&gt;" in html(page)


def test_nothing_tapped_changes_nothing(opened):
    page = press(press(opened(NO), "call-start"), "call-end")
    assert "So nothing has changed" in html(page)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (NO, "Both can't be right"),
        (LAW, "What is said on the phone can't change that rule"),
    ],
)
def test_both_answers_stand_apart_and_the_told_one_is_marked(opened, made, told):
    page = press(opened(made), "call-start")
    page = press(tap(page, "yes"), "call-end")
    drawn = html(page)
    published, _, rest = drawn.partition("With what your plan told you")
    assert "By the published rules" in published
    assert "Your plan told you" not in published
    assert "It is not a published rule. Ask for it in writing." in rest
    assert told in words(page)
    assert "Please send me the page of the rule that says you pay." in drawn
    assert "cc-paper" in drawn
    assert "Yes, it pays for mine" in page.code[0].value


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday"])
def test_a_call_that_has_not_been_is_refused(opened, day):
    page = press(tap(press(opened(NO), "call-start"), "yes"), "call-end")
    page.text_input(key="call-day").input(day)
    page.text_input(key="call-reference").input("Maria")
    told = "\n".join(error.value for error in ran(page).error)
    assert "a day that has come" in told
    assert "No names" in told
    assert "Maria" not in html(page)


def test_a_price_is_asked_for_where_the_answer_names_one(opened):
    page = press(opened(NO), "call-start")
    for _ in range(30):
        if "Above what price" in html(page):
            break
        page = press(page, "call-next")
    page = tap(page, "above_amount")
    page.number_input[0].set_value(150.0)
    page = press(ran(page), "call-end")
    assert "Yes, above a price. $150" in html(page)


def test_another_plan_begins_a_new_call(opened):
    page = press(tap(press(opened(NO), "call-start"), "yes"), "call-next")
    page.session_state["call"]["about"] = ("another-plan", "another-medicine")
    assert "member ID card" in html(ran(page))
