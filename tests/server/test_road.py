"""The whole road in real browsers: patient, sealed file, staff, prescriber, packet, check."""

import json
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from compound_coverage.letters.casefile import example_case
from tests.server.practice import NPI, sign_in, visit
from tools.browser import downloaded, pick, settle, unfold

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("servers")]

PATIENT = "Robin Example"
PHRASE = "k7qf 3m0z 9xwd hh2p 61te"
TICKED_BY_HAND = 3


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def upload(page, where, name, kind, data):
    where.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": data}]
    )
    settle(page)


def signed_in(chromium, practice, who):
    page = visit(chromium, practice)
    sign_in(page, who)
    return page


def patient_makes_a_locked_file(chromium, practice):
    """A patient without an account goes on with what they saved, and locks it for the office."""
    page = visit(chromium, practice)
    page.goto("/letter")
    page.get_by_role("heading", level=1).wait_for()
    facts = example_case()
    facts["prescriber"]["npi"] = NPI
    facts["patient"]["name"] = PATIENT
    unfold(page, "Go on with a case you saved")
    upload(page, page, "case.json", "application/json", json.dumps(facts).encode())
    press(page, "Open it")
    pick(page, "Which letter or form?", "Letter of Medical Necessity")
    unfold(page, "Send what you filled in to the office")
    page.get_by_role("textbox", name="Pass phrase").fill(PHRASE)
    page.get_by_role("textbox", name="Pass phrase").press("Tab")
    settle(page)
    sealed = downloaded(page, "Make the locked file")
    page.context.close()
    return sealed


def staff_makes_a_case_of_it(page, sealed):
    unfold(page, "New case")
    page.get_by_text("From a locked file that a patient sent").click()
    settle(page)
    upload(page, page.get_by_test_id("stForm"), "for-the-office.sealed", "", sealed)
    page.get_by_role("textbox", name="Pass phrase").fill(PHRASE)
    press(page, "Open it and make a case")
    page.get_by_role("heading", name=re.compile(PATIENT)).wait_for()
    unfold(page, "Send to review")
    press(page, "Send it to review")
    expect(page.get_by_text("The letter is in review now.")).to_be_visible()


def prescriber_signs(page, practice):
    page.get_by_role("button", name=re.compile(f"^Open.*{PATIENT}")).click()
    settle(page)
    confirm_most(practice)
    press(page, "Review and sign")
    boxes = page.get_by_test_id("stCheckbox").filter(has_text="I confirm")
    for left in range(TICKED_BY_HAND, 0, -1):
        expect(boxes).to_have_count(left)
        boxes.first.locator("label").click()
        settle(page)
    page.get_by_role("textbox", name="Your signature").fill("/s/ Example Prescriber")
    press(page, "Sign this letter")
    expect(page.get_by_text("The letter is signed.")).to_be_visible()
    return downloaded(page, "Get the signed letter")


def the_row(office, actor):
    """The patient's case on the list."""
    [row] = [one for one in office.cases.worklist(actor) if one.summary.patient == PATIENT]
    return row


def confirm_most(practice):
    """The prescriber's other confirmations, by the same service that the boxes call."""
    office, actor = practice.office, replace(practice.actor("prescriber"), npi=NPI)
    row = the_row(office, actor)
    view = office.cases.read(actor, row.case_id)
    items = office.review(view.content).items[TICKED_BY_HAND:]
    digests = {item.place: item.digest for item in items}
    office.cases.confirm(actor, row.case_id, view.version, digests)


def test_from_the_patient_to_a_letter_that_can_be_checked(chromium, practice):
    sealed = patient_makes_a_locked_file(chromium, practice)
    assert PATIENT.encode() not in sealed
    staff = signed_in(chromium, practice, "staff")
    staff_makes_a_case_of_it(staff, sealed)
    prescriber = signed_in(chromium, practice, "prescriber")
    letter = prescriber_signs(prescriber, practice)
    prescriber.context.close()
    press(staff, "Read the case anew")
    unfold(staff, "Make the packet for the plan")
    press(staff, "Make the packet")
    expect(staff.get_by_text("The packet is made.")).to_be_visible()
    unfold(staff, "Mark as sent")
    staff.get_by_role("textbox", name="How it was sent").fill("Fax to 000-555-0100")
    press(staff, "Mark it as sent")
    office, actor = practice.office, practice.actor("staff")
    row = the_row(office, actor)
    papers = office.cases.read(actor, row.case_id).papers
    [packet] = [office.papers.read(actor, p.document_id)[1] for p in papers if p.kind == "packet"]
    for pdf, words in (
        (letter, "This document is as signed by Example Prescriber, MD"),
        (packet, "The letter in this packet is as signed by Example Prescriber, MD"),
        (letter.replace(b"/Type", b"/Tipe", 1), "Do not rely on it"),
    ):
        staff.goto("/verify")
        staff.get_by_role("heading", level=1).wait_for()
        upload(staff, staff, "letter.pdf", "application/pdf", pdf)
        expect(staff.get_by_text(words)).to_be_visible()
    staff.context.close()
