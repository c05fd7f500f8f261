"""Each task of each person, done with the keyboard alone: nothing here is clicked or reached for.

What is on the page is only read. Whatever is pressed has first been reached with the Tab key.
"""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from compound_coverage.letters.casefile import example_case
from tools.browser import serving, settle
from tools.walk import DENIAL, DESK, PATIENT_OF_THE_CASE, office_at, with_a_case

MOST_TABS = 250
LEFT_OPEN = 2  # claims that the walk confirms itself, of the many in the made-up case
HAS_FOCUS = "nodes => nodes.includes(document.activeElement)"
GROUP_HAS_FOCUS = "nodes => nodes.some(node => node.contains(document.activeElement))"


def tab_to(page, target, has_focus=HAS_FOCUS):
    """Presses Tab until ``target`` has the focus; says what was sought where it never gets it."""
    expect(target.first, f"not on the page: {target}").to_be_visible()
    for _ in range(MOST_TABS):
        if target.evaluate_all(has_focus):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {target}")


def press(page, name, role="button", key="Enter"):
    """Reaches a button, a link or a box by its name and presses it."""
    settle(page)
    tab_to(page, page.get_by_role(role, name=name, exact=isinstance(name, str)))
    page.keyboard.press(key)
    settle(page)


def follow(page, name, path):
    """Follows a link to another page."""
    press(page, name, "link")
    page.wait_for_url(f"**/{path}")
    settle(page)


def unfold(page, title):
    """Opens a folded section."""
    settle(page)
    fold = page.locator("summary").filter(has_text=title)
    tab_to(page, fold)
    page.keyboard.press("Enter")
    settle(page)
    expect(page.locator("details[open] > summary").filter(has_text=title)).to_be_visible()


def write(page, label, text):
    """Writes a text in place of what a box holds, and leaves the box."""
    settle(page)
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Tab")
    settle(page)


def pick(page, label, text):
    """Types into a drop-down and takes the first match."""
    settle(page)
    tab_to(page, page.get_by_role("combobox", name=label, exact=True))
    page.keyboard.type(text)
    page.get_by_role("option", name=text).first.wait_for()
    page.keyboard.press("Enter")
    settle(page)


def choose(page, question, answer):
    """Goes to a question with round buttons, and with the arrows to one of its answers."""
    settle(page)
    group = page.get_by_role("radiogroup", name=question)
    wanted = group.get_by_role("radio", name=answer)
    tab_to(page, group, GROUP_HAS_FOCUS)
    page.keyboard.press("Space")
    for _ in range(group.get_by_role("radio").count()):
        settle(page)
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows do not reach {answer!r} of {question!r}")


def saved(page, name):
    """Has a file made, and saves it by its link."""
    press(page, name)
    link = page.get_by_role("link", name=re.compile("^Save "))
    tab_to(page, link)
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    return Path(waiting.value.path()).read_bytes()


# -- a patient -----------------------------------------------------------------------------------


def ask(page):
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    choose(page, "What does the pharmacy make it from?", "Bulk powder")
    press(page, "Show me the answer")
    page.wait_for_url("**/result")
    settle(page)


def top_heading(page):
    return page.get_by_role("heading", level=1)


@pytest.fixture
def questions(server, open_page):
    return open_page(server, width=DESK)


@pytest.fixture
def answer(questions):
    ask(questions)
    return questions


@pytest.fixture
def letter(answer):
    follow(answer, "Draft a letter for your doctor to sign", "letter")
    return answer


def test_past_the_menu_three_questions_lead_to_the_answer_and_back(questions):
    questions.keyboard.press("Tab")
    expect(questions.get_by_role("link", name="Skip to main content")).to_be_focused()
    questions.keyboard.press("Enter")
    expect(questions.locator("#stMain")).to_be_focused()
    ask(questions)
    card = questions.locator(".cc-card").first
    expect(card.get_by_role("heading")).to_contain_text("Not covered")

    follow(questions, "Change my answers", "")
    plan = questions.get_by_role("combobox", name="Which plan do you have?")
    expect(plan).to_have_value(re.compile("Humana"))


def test_the_answer_becomes_a_letter_that_is_saved(letter):
    unfold(letter, "Patient and insurance card")
    write(letter, "Patient's name", "Example Patient")
    press(letter, "Make the draft")
    draft = letter.get_by_role("textbox", name="The draft.")
    expect(draft).to_have_value(re.compile("Example Patient"))
    tab_to(letter, draft)
    letter.keyboard.press("Control+End")
    letter.keyboard.type(" A sentence the office added.")
    letter.keyboard.press("Control+Enter")
    assert saved(letter, "Download to print or fax (PDF)").startswith(b"%PDF")
    expect(draft).to_have_value(re.compile("A sentence the office added"))


def test_a_denial_is_read_and_what_is_right_of_it_used_in_a_letter(server, open_page):
    page = open_page(f"{server}/denial", width=DESK)
    write(page, "Or paste its words here", DENIAL)
    press(page, "Read it")
    day = page.get_by_role("checkbox", name="March 9, 2026")
    expect(day).to_be_checked()
    press(page, "March 9, 2026", "checkbox", "Space")
    expect(day).not_to_be_checked()
    press(page, "Use these in a letter")

    expect(top_heading(page)).to_contain_text("Draft a letter")
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    stage = page.get_by_role("combobox", name="Where do you stand?")
    expect(stage).to_have_value("An appeal: the plan said no")
    unfold(page, "The denial notice")
    notice = page.get_by_role("textbox", name="Date on the notice", exact=True)
    expect(notice).to_have_value("")


def test_what_a_plan_says_on_the_phone_counts_in_the_answer(answer):
    follow(answer, "Call your plan, step by step", "call")
    press(answer, "Start the call")
    choose(answer, "What did they say?", "Yes, it pays for mine")
    write(answer, "Notes, if you like. No names.", "It stands on page 12.")
    press(answer, "Next")
    choose(answer, "What did they say?", "It pays for both")
    press(answer, "End the call")
    told = answer.locator(".cc-card", has_text="With what your plan told you").first
    expect(told).to_contain_text("Your plan said it pays for this compound.")
    expect(told).to_contain_text("Ask for it in writing.")
    expect(answer.get_by_text("It stands on page 12.").first).to_be_visible()
    expect(answer.get_by_role("heading", name="The two do not agree")).to_be_visible()


def test_other_plans_and_then_prices_in_cash_are_compared(answer):
    follow(answer, "What would change this answer?", "compare")
    pick(answer, "State you live in", "Texas")
    press(answer, "Compare other plans")
    plans = answer.get_by_role("table", name="Plans, and the rule that decides for each")
    expect(plans.first).to_contain_text("Wellcare Medicare drug plan")

    follow(answer, "Check coverage", "")
    press(answer, "Show me the answer")
    follow(answer, "If you pay cash", "cash")
    choose(answer, "What is it made from?", "Bulk powder")
    write(answer, "Price for 30 days, in dollars", "45")
    write(answer, "Price for 90 days, in dollars", "99")
    expect(answer.get_by_text("The lowest price for a month is $33")).to_be_visible()
    prices = answer.get_by_role("table", name="The price of one month, from what you typed")
    expect(prices).to_contain_text("Bulk powder")


def test_the_page_is_read_in_spanish(questions):
    press(questions, "Leer esto en español")
    expect(top_heading(questions)).to_contain_text("¿Pagará mi plan")
    press(questions, "Read this in English")
    expect(top_heading(questions)).to_contain_text("Will my plan pay")


def test_a_saved_case_is_opened_through_the_chooser_of_files(server, open_page):
    page = open_page(f"{server}/letter", width=DESK)
    page.on("filechooser", lambda _: None)  # caught from here on: a press may come too soon
    unfold(page, "Go on with a case you saved")
    tab_to(page, page.get_by_role("button", name="Upload", exact=True))
    with page.expect_file_chooser() as waiting:
        page.keyboard.press("Enter")
    case = json.dumps(example_case()).encode()
    waiting.value.set_files({"name": "case.json", "mimeType": "application/json", "buffer": case})
    press(page, "Open it")
    unfold(page, "Patient and insurance card")
    name = page.get_by_role("textbox", name="Patient's name", exact=True)
    expect(name).to_have_value("Example Patient")


# -- an office and an advocate, with a home of their own -----------------------------------------


def confirm_most(home):
    """Confirms, as the prescriber, all but the last few claims of the made-up case."""
    with office_at(home) as (office, prescriber):
        [row] = office.cases.worklist(prescriber)
        view = office.cases.read(prescriber, row.case_id)
        digests = {one.place: one.digest for one in office.review(view.content).items}
        for place in [*digests][-LEFT_OPEN:]:
            del digests[place]
        office.cases.confirm(prescriber, row.case_id, view.version, digests)


@pytest.fixture(scope="module")
def own_server(chromium, tmp_path_factory):
    """A laptop's server that these walks may change: one case in review, nearly confirmed."""
    home = tmp_path_factory.mktemp("keyboard")
    with_a_case(home)
    confirm_most(home)
    with serving(COMPOUND_COVERAGE_HOME=str(home)) as address:
        yield address


def open_case(page):
    press(page, re.compile(f"Open: {PATIENT_OF_THE_CASE}"))
    page.wait_for_url("**/case")


def test_a_case_is_found_its_claims_confirmed_and_its_letter_signed(own_server, open_page):
    page = open_page(f"{own_server}/cases", width=DESK)
    open_case(page)
    press(page, "Review and sign")
    page.wait_for_url("**/review")
    settle(page)
    for left in range(LEFT_OPEN, 0, -1):
        expect(page.get_by_text(f"{left} still to confirm")).to_be_visible()
        # without a backslash: what a box is called is read out, and said by who dictates
        press(page, re.compile(r"^I confirm: [^\\]+$"), "checkbox", "Space")
    write(page, "Your signature", "/s/ Example Prescriber")
    press(page, "Sign this letter")
    expect(page.get_by_text("The letter is signed.")).to_be_visible()
    expect(page.get_by_text(re.compile("Signed by .*NPI 1000000004"))).to_be_visible()


def test_a_call_is_noted_on_the_page_of_its_case(own_server, open_page):
    page = open_page(f"{own_server}/cases", width=DESK)
    open_case(page)
    unfold(page, "Note a call")
    write(page, "Who was on the phone?", "Example plan, member services")
    write(page, "What was said?", "The letter is there and waits for a reviewer.")
    write(page, "Reference number of the call", "EXAMPLE-CALL-1")
    press(page, "Keep the call")
    expect(page.get_by_text("The call is noted.")).to_be_visible()
    expect(page.get_by_text("waits for a reviewer. Reference: EXAMPLE-CALL-1.")).to_be_visible()


def test_a_rule_is_proposed_to_the_other_advocates(own_server, open_page):
    page = open_page(f"{own_server}/rule", width=DESK)
    expect(page.get_by_role("button", name="Propose", exact=True)).to_be_disabled()
    write(page, "Title of the document", "Example policy on compounded drugs")
    write(page, "Who published it", "Example Health Plan")
    write(page, "Address (https://...)", "https://policy.example/compounds")
    press(page, "The document gives no date.", "checkbox", "Space")
    write(page, "The day you read it", "2026-11-28")
    pick(page, "What kind of copy is it?", "The issuer's own page")
    write(page, "Section or heading", "Compounded drugs")
    pick(page, "Who speaks?", "An insurer or other payer")
    pick(page, "Kinds of insurance it reaches", "Marketplace or own plan")
    page.keyboard.press("Escape")
    write(page, "Its name", "Example Health Plan")
    pick(page, "What is it?", "Insurer")
    pick(page, "What does it do?", "Needs prior authorization")
    pick(page, "What does it look at?", "The ingredient comes from bulk powder")
    press(page, "Add this line")
    write(page, "What the patient reads", "Your plan must agree first.")
    write(page, "What must be true or done for the plan to pay", "The plan agrees first.")
    write(page, "Why? What did you find?", "It stands on the page of the plan.")
    press(page, "Propose")
    expect(page.get_by_text("Another advocate must accept it now.")).to_be_visible()
