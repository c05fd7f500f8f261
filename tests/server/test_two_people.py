"""Two people at two browsers work on one draft: nobody's words are lost."""

import re
import time

import pytest
from playwright.sync_api import expect

from compound_coverage.letters.casefile import example_case
from tests.server.practice import NPI, sign_in, visit
from tools.browser import barriers, fits, ours, settle, unfold

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("servers")]

NARROW = 390
MERGED = "Somebody else changed this draft, too."
ASKED = "wrote different things"


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def at_the_letter(chromium, practice, who):
    """Signs in and opens the made-up patient's case."""
    page = visit(chromium, practice)
    sign_in(page, who)
    page.get_by_role("button", name=re.compile("^Open.*Example Patient")).click()
    page.get_by_role("button", name="Edit the letter", exact=True).click()
    page.get_by_text("Saved as version").wait_for()
    settle(page)
    unfold(page, "Patient and insurance card")
    return page


def field(page, label):
    return page.get_by_role("textbox", name=label, exact=True)


def type_in(page, label, words):
    """Types and goes on to the next field, without waiting for the page."""
    field(page, label).fill(words)
    field(page, label).press("Tab")


def told(page, words):
    return page.get_by_test_id("stMarkdownContainer").filter(has_text=words).first


@pytest.fixture(scope="module")
def case_id(practice):
    facts = example_case()
    facts["prescriber"]["npi"] = NPI
    return practice.make_case(facts)


@pytest.fixture(scope="module")
def two(chromium, practice, case_id):
    pages = [at_the_letter(chromium, practice, who) for who in ("staff", "prescriber")]
    yield pages
    for page in pages:
        page.context.close()


@pytest.fixture
def saved(practice, case_id):
    def reads():
        return practice.office.cases.read(practice.actor("staff"), case_id)

    return reads


def until(true):
    """Waits until something has come to be."""
    for _ in range(200):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to be")


def test_different_fields_at_once_are_both_kept(two, saved):
    one, other = two
    type_in(one, "Patient's phone", "000-555-0199")
    type_in(other, "Member ID", "OTHER-1")
    for page in two:
        expect(told(page, MERGED).or_(told(page, "version 2")).first).to_be_visible()
    content = saved().content
    assert content.at("patient.phone") == "000-555-0199"
    assert content.at("plan.member_id") == "OTHER-1"


def test_what_one_empties_is_empty_for_the_other_and_what_is_being_typed_stays(two, saved):
    one, other = two
    type_in(one, "Group number", "")
    until(lambda: saved().content.at("plan.group") is None)
    type_in(other, "RxPCN", "OTHER-2")
    field(other, "City").fill("Still being typed")
    expect(field(other, "Group number")).to_have_value("")
    expect(field(other, "City")).to_have_value("Still being typed")
    settle(other)
    field(other, "City").press("Tab")
    settle(other)
    content = saved().content
    assert content.at("plan.group") is None
    assert content.at("plan.pcn") == "OTHER-2"
    assert content.at("patient.city") == "Still being typed"


def test_the_same_field_at_once_is_asked_about(two, saved, practice, case_id):
    one, other = two
    type_in(one, "Patient's name", "Zoe Example")
    type_in(other, "Patient's name", "Zoé Example")
    for page in two:
        expect(told(page, ASKED).or_(told(page, "Case: Zo")).first).to_be_visible()
        settle(page)
    asked = [page for page in two if told(page, ASKED).is_visible()]
    assert len(asked) == 1
    [page] = asked
    words = {"Zoe Example", "Zoé Example"}
    mine = "Zoe Example" if page is one else "Zoé Example"
    # typed while the choice waits
    type_in(page, "Street address", "5 Example Street")
    settle(page)
    page.set_viewport_size({"width": NARROW, "height": 800})
    settle(page)
    assert fits(page)
    assert ours(barriers(page)) == []
    page.get_by_text("Use mine", exact=True).click()
    settle(page)
    press(page, "Save these choices")
    expect(told(page, ASKED)).to_have_count(0)
    expect(field(page, "Patient's name")).to_have_value(mine)
    view = saved()
    assert view.content.at("patient.name") == mine
    assert view.content.at("patient.address") == "5 Example Street"
    actor, cases = practice.actor("staff"), practice.office.cases
    kept = [cases.version_at(actor, case_id, one.number) for one in view.versions]
    assert words <= {content.at("patient.name") for content in kept}


def test_a_closed_case_is_gone_from_the_page(two, saved):
    page = two[0]
    field(page, "RxBIN").fill("000001")
    press(page, "Close the case")
    expect(page.get_by_text("Nothing you type is stored")).to_be_visible()
    assert saved().content.at("plan.bin") == "000001"
    for label, value in (("Which plan do you have?", ""), ("Which medicine?", "")):
        expect(page.get_by_role("combobox", name=label)).to_have_value(value)
    assert "Zo" not in page.content()
