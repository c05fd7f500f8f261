"""From a denial to a letter, a packet, a filled form and many letters, in a real browser."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from docx import Document
from pikepdf import Pdf
from PIL import Image
from playwright.sync_api import expect

from compound_coverage.letters.batch import template_sheet
from tests.letters.forms.examples import good_names
from tools.browser import downloaded, fill, pick, settle, unfold

PHONE = 390
GOLDEN = Path(__file__).parents[1] / "letters" / "denial" / "golden"
PART_D = (GOLDEN / "part_d_denial.txt").read_text(encoding="utf-8")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def upload(page, key, *files):
    page.locator(f".st-key-{key} input[type=file]").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
    )
    settle(page)


def read(page, text):
    fill(page, "Or paste its words here", text)
    press(page, "Read it")


@pytest.fixture
def drafted(server, open_page):
    """A draft on the letter page, with one fact typed in."""
    page = open_page(f"{server}/letter", width=PHONE)
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    unfold(page, "Patient and insurance card")
    fill(page, "Patient's name", "Example Patient")
    press(page, "Make the draft")
    return page


def test_a_denial_that_is_read_becomes_an_appeal_with_a_dated_deadline(server, open_page):
    page = open_page(f"{server}/denial", width=PHONE)
    read(page, PART_D)
    expect(page.get_by_role("checkbox", name="March 9, 2026")).to_be_checked()
    expect(page.get_by_text("Page 1: “Date: March 9, 2026”")).to_be_visible()
    expect(page.get_by_text("What you can do about each reason")).to_be_visible()
    press(page, "Use these in a letter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Draft a letter")
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    stage = page.get_by_role("combobox", name="Where do you stand?")
    expect(stage).to_have_value("An appeal: the plan said no")
    letter = page.get_by_role("combobox", name="Which letter or form?")
    expect(letter).to_have_value(re.compile("redetermination", re.IGNORECASE))
    unfold(page, "The denial notice")
    notice = page.get_by_role("textbox", name="Date on the notice", exact=True)
    expect(notice).to_have_value("2026-03-09")
    press(page, "Make the draft")
    expect(page.get_by_text("May 13, 2026").first).to_be_visible()
    dates = downloaded(page, "Save the dates to your calendar")
    assert b"20260513" in dates


def test_a_new_letter_takes_the_place_of_the_one_before(server, open_page):
    page = open_page(f"{server}/denial", width=PHONE)
    read(page, PART_D)
    expect(page.get_by_text("March 9, 2026", exact=True)).to_be_visible()
    read(page, "Dear friend, the weather is fine.")
    expect(page.get_by_text("We found nothing here")).to_be_visible()
    expect(page.get_by_text("March 9, 2026", exact=True)).to_have_count(0)
    read(page, "Claim denied. Reject 75 and Reject 9Z.")
    expect(page.get_by_text("We do not know what this code means")).to_be_visible()
    read(page, "   ")
    expect(page.get_by_role("alert").last).to_contain_text("paste the words of the letter")


def test_what_is_not_confirmed_does_not_reach_the_letter(server, open_page):
    page = open_page(f"{server}/denial", width=PHONE)
    read(page, PART_D)
    page.locator("label").filter(has_text="March 9, 2026").click()
    settle(page)
    press(page, "Use these in a letter")
    pick(page, "Which plan do you have?", "Humana")
    pick(page, "Which medicine?", "naltrexone (LDN) capsule")
    unfold(page, "The denial notice")
    notice = page.get_by_role("textbox", name="Date on the notice", exact=True)
    expect(notice).to_have_value("")


def test_the_packet_holds_letter_and_proof_in_one_pdf(drafted):
    picture = io.BytesIO()
    Image.new("RGB", (200, 100), "white").save(picture, "PNG")
    upload(drafted, "packet-files", ("proof.png", "image/png", picture.getvalue()))
    press(drafted, "Make the packet")
    ready = drafted.get_by_text("The packet is ready:")
    ready.wait_for()
    (told,) = map(int, re.findall(r"(\d+) pages", ready.inner_text()))
    with zipfile.ZipFile(io.BytesIO(downloaded(drafted, "Download the packet"))) as archive:
        pages = Pdf.open(io.BytesIO(archive.read("packet.pdf"))).pages
        word = Document(io.BytesIO(archive.read("letter.docx")))
    assert len(pages) == told >= 3
    assert "Example Patient" in "\n".join(
        [p.text for p in word.paragraphs]
        + [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    )


def test_the_plans_own_form_is_filled_and_its_signature_left_alone(drafted):
    unfold(drafted, "Do you have the plan's form as a PDF?")
    upload(drafted, "official-form", ("broken.pdf", "application/pdf", b"no form"))
    expect(drafted.get_by_role("alert").last).to_be_visible()
    drafted.locator(".st-key-official-form").get_by_role("button").last.click()
    settle(drafted)
    upload(drafted, "official-form", ("form.pdf", "application/pdf", good_names()))
    expect(drafted.get_by_text("Enrollee's name: Example Patient")).to_be_visible()
    press(drafted, "Fill the form")
    data = downloaded(drafted, "Download the filled form")
    with Pdf.open(io.BytesIO(data)) as pdf:
        held = {str(f["/T"]): str(f.get("/V", "")) for f in pdf.Root.AcroForm.Fields}
    assert held["Enrollee Name"] == "Example Patient"
    assert held["Prescribers Signature"] == held["Date Signed"] == ""
    press(drafted, "Show how it looks")
    expect(drafted.get_by_alt_text("Page 1 of the filled form")).to_be_visible()


def test_a_false_claim_typed_into_the_draft_is_pointed_out(drafted):
    draft = drafted.get_by_role("textbox", name="The draft.")
    draft.fill(draft.input_value() + "\n\nThis is FDA-approved low dose naltrexone.\n")
    draft.press("Control+Enter")
    settle(drafted)
    expect(drafted.get_by_text("before anybody signs")).to_be_visible()


def test_a_sheet_of_cases_becomes_a_folder_of_letters(server, open_page):
    page = open_page(f"{server}/batch", width=PHONE)
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    upload(page, "sheet", ("cases.xlsx", sheet, template_sheet(".xlsx")))
    press(page, "Make the letters")
    page.get_by_text("1 of 1 letters are made").wait_for()
    with zipfile.ZipFile(io.BytesIO(downloaded(page, "Download the letters"))) as archive:
        names = archive.namelist()
    assert "summary.csv" in names
    assert {Path(name).suffix for name in names} == {".csv", ".docx", ".pdf"}
