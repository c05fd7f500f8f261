"""What people do with the dashboard, in a real browser, on a phone."""

import io
import json
import re
import shutil
from urllib.parse import urlsplit

from docx import Document
from pikepdf import Pdf
from playwright.sync_api import expect
from pypdf import PdfReader

from compound_coverage.dataset.load import BUNDLED
from tests.formulary.small_release import write_release
from tools.browser import barriers, downloaded, fill, ours, pick, serving, settle, unfold

NARROW = 320


def ask(page, source="Bulk powder", plan="Humana"):
    pick(page, "Which plan do you have?", plan)
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    page.get_by_text(source, exact=True).first.click()
    settle(page)
    show_answer(page)


def show_answer(page):
    page.get_by_role("button", name="Show me the answer").click()
    page.wait_for_url("**/result")
    page.get_by_role("heading", name="What to do next").first.wait_for()
    settle(page)


def verdict(page):
    """The card at the top; the second one is on the sheet for paper."""
    return page.locator(".cc-card").first


def test_from_patient_to_verdict_to_letter_to_both_files(server, open_page):
    page = open_page(server)
    ask(page)
    expect(verdict(page).get_by_role("heading")).to_contain_text("Not covered")
    expect(verdict(page)).to_contain_text("bulk powder")
    why = page.get_by_text("This decides the answer.", exact=True).locator("visible=true")
    expect(why).to_have_count(1)
    assert page.get_by_role("link", name="42 CFR").count() >= 1

    page.get_by_role("link", name="Change my answers").click()
    settle(page)
    expect(page.get_by_role("combobox", name="Which plan do you have?")).to_have_value(
        re.compile("Humana")
    )
    page.get_by_text("An FDA-approved product, such as tablets", exact=True).first.click()
    settle(page)
    show_answer(page)
    expect(verdict(page).get_by_role("heading")).to_contain_text("Maybe")

    page.get_by_role("link", name="Draft a letter for your doctor to sign").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Draft a letter")
    settle(page)
    unfold(page, "Patient and insurance card")
    fill(page, "Patient's name", "Example <b>Patient</b> {{ 7*7 }} $x$ =1+1")
    page.get_by_role("button", name="Make the draft").click()
    settle(page)
    expect(page.get_by_text("facts are missing. The draft shows each gap.")).to_be_visible()
    control = "The date and address on your own notice control."
    expect(page.get_by_text(control).first).to_be_visible()
    draft = page.get_by_role("textbox", name="The draft.")
    expect(draft).to_have_value(re.compile("MISSING"))
    edited = draft.input_value() + "\n\nA sentence the office added.\n"
    draft.fill(edited)
    draft.press("Control+Enter")
    settle(page)

    word = Document(io.BytesIO(downloaded(page, "Download for Word (DOCX)")))
    text = "\n".join(
        [p.text for p in word.paragraphs]
        + [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    )
    assert "Example <b>Patient</b> {{ 7*7 }} $x$ =1+1" in text
    assert "A sentence the office added." in text
    assert "MISSING" in text
    assert "DRAFT" in word.sections[0].header.paragraphs[0].text

    data = downloaded(page, "Download to print or fax (PDF)")
    pdf = PdfReader(io.BytesIO(data))
    assert "A sentence the office added." in pdf.pages[-1].extract_text()
    assert all("DRAFT - not reviewed by a prescriber" in p.extract_text() for p in pdf.pages)
    assert Pdf.open(io.BytesIO(data)).Root.MarkInfo.Marked


def test_nothing_leaves_for_another_server(server, open_page):
    page = open_page(server)
    ask(page)
    page.get_by_role("link", name="Draft a letter for your doctor to sign").click()
    settle(page)
    page.get_by_role("button", name="Make the draft").click()
    settle(page)
    hosts = {urlsplit(address).hostname for address in page.asked if "://" in address}
    assert hosts <= {"127.0.0.1", None}, hosts
    assert len(page.asked) > 10


def test_each_state_stands_once_on_the_map(server, open_page):
    page = open_page(f"{server}/known", width=NARROW)
    settle(page)
    assert len(page.get_by_role("listitem").filter(has_text="Ohio: ").all()) == 1


def test_a_plan_that_is_not_listed_leads_to_the_rules_of_its_kind(server, open_page):
    page = open_page(server)
    pick(page, "Which plan do you have?", "not listed")
    pick(page, "What kind of plan is it?", "Medicare")
    pick(page, "Which state?", "Texas")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    page.get_by_text("Bulk powder", exact=True).first.click()
    settle(page)
    show_answer(page)
    expect(verdict(page).get_by_role("heading")).to_contain_text("Not covered")


def test_help_in_a_crisis_is_there_for_depression(server, open_page):
    page = open_page(server)
    pick(page, "What is it for?", "depression")
    expect(page.get_by_text("If you think about suicide, call or text 988")).to_be_visible()


def test_a_saved_case_comes_back_and_wrong_files_are_one_sentence(server, open_page, tmp_path):
    page = open_page(f"{server}/letter")
    pick(page, "Which plan do you have?", "not listed")
    pick(page, "What kind of plan is it?", "Medicaid")
    pick(page, "Which state?", "Ohio")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    unfold(page, "Patient and insurance card")
    fill(page, "Patient's name", "Example Patient")
    saved = tmp_path / "case.json"
    saved.write_bytes(downloaded(page, "Save the case on your device"))
    assert json.loads(saved.read_text())["patient"]["name"] == "Example Patient"

    fresh = open_page(f"{server}/letter")
    unfold(fresh, "Go on with a case you saved")
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"plan": {"plan_id": "nowhere"}, "medication": {"medication_id": "x"}}')
    fresh.locator("input[type=file]").set_input_files(wrong)
    settle(fresh)
    fresh.get_by_role("button", name="Open it").click()
    settle(fresh)
    expect(fresh.get_by_role("alert")).to_contain_text("There is no plan 'nowhere'.")

    fresh.locator("input[type=file]").set_input_files(saved)
    settle(fresh)
    fresh.get_by_role("button", name="Open it").click()
    settle(fresh)
    expect(fresh.get_by_role("combobox", name="What kind of plan is it?")).to_have_value("Medicaid")
    unfold(fresh, "Patient and insurance card")
    name = fresh.get_by_role("textbox", name="Patient's name", exact=True)
    expect(name).to_have_value("Example Patient")


def test_a_wrong_date_is_one_sentence_and_can_be_mended(server, open_page):
    page = open_page(f"{server}/letter")
    pick(page, "Which plan do you have?", "Cigna")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    unfold(page, "Patient and insurance card")
    fill(page, "Date of birth", "2026-02-30")
    expect(page.get_by_role("alert")).to_contain_text("is not a day on the calendar")
    fill(page, "Date of birth", "1980-01-01")
    expect(page.get_by_role("button", name="Make the draft")).to_be_visible()


def test_drug_lists_are_loaded_and_then_speak_in_the_answer(open_page, tmp_path, chromium):
    folder = write_release(tmp_path / "release")
    with serving(COMPOUND_COVERAGE_HOME=str(tmp_path / "home")) as address:
        page = open_page(f"{address}/lists", width=NARROW)
        expect(page.get_by_text("Nothing is loaded yet.")).to_be_visible()
        assert ours(barriers(page)) == []
        fill(page, "File or folder", "/nowhere")
        page.get_by_role("button", name="Load it").click()
        expect(page.get_by_role("alert").last).to_contain_text("There is no file or folder")
        fill(page, "File or folder", str(folder))
        page.get_by_role("button", name="Load it").click()
        expect(page.get_by_text("rows are loaded.")).to_be_visible()
        page.reload()
        heading = page.get_by_role("heading", name="Medicare Part D public use files, 2026Q1")
        expect(heading).to_be_visible()
        assert ours(barriers(page)) == []

        page = open_page(address, width=NARROW)
        pick(page, "Which plan do you have?", "not listed")
        fill(page, "Search all published plans", "made up advantge")
        page.get_by_text("Made-up Advantage (HMO) (H0001-001-000)").click()
        settle(page)
        pick(page, "Which medicine?", "naltrexone (LDN) capsule")
        page.get_by_text("An FDA-approved product, such as tablets", exact=True).first.click()
        settle(page)
        show_answer(page)
        expect(page.get_by_text("This is about that drug, not about the mix").first).to_be_visible()
        assert ours(barriers(page)) == []


def test_a_reason_is_reported_as_wrong_with_the_keyboard_alone(open_page, tmp_path, chromium):
    with serving(COMPOUND_COVERAGE_HOME=str(tmp_path)) as address:
        page = open_page(address, width=NARROW)
        ask(page)
        assert not list(tmp_path.iterdir()), "looking at an answer keeps nothing"
        control = page.get_by_role("button", name="This is wrong or out of date").first
        control.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="This is wrong or out of date")
        dialog.get_by_role("button", name="Send it").wait_for()
        settle(page)
        expect(dialog).to_contain_text("Do not write names")
        assert ours(barriers(page)) == []
        page.keyboard.press("Tab")  # past the button that closes it
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("textbox", name="What is wrong?")).to_be_focused()
        page.keyboard.type("My member number is 12345678.")
        for _ in range(3):
            page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name="Send it")).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("take it out and send it again")
        assert ours(barriers(page)) == []
        for _ in range(3):
            page.keyboard.press("Shift+Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type("The rule was replaced in May 2026.")
        for _ in range(3):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("status")).to_contain_text("Thank you. We have it.")
        settle(page)
        assert ours(barriers(page)) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(control).to_be_focused()


def test_a_broken_dataset_names_file_and_row_and_no_traceback(open_page, tmp_path, chromium):
    broken = tmp_path / "data"
    shutil.copytree(BUNDLED, broken)
    rules = broken / "rules.csv"
    rules.write_text(rules.read_text(encoding="utf-8").replace(",stated,", ",certain,", 1))
    with serving(COVERAGE_DATA=str(broken)) as address:
        page = open_page(address)
        expect(page.get_by_role("heading", level=1)).to_contain_text("can't be used right now")
        expect(page.get_by_text("rules.csv, row")).to_contain_text("'certain' is not one of")
        assert "Traceback" not in page.content()
