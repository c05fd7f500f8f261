"""A plan's own PDF form: matched to the case without a guess, filled so that everybody sees it."""

import io
import re
import tomllib
from dataclasses import replace

import pikepdf
import pypdf
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, String
from pydantic import TypeAdapter

from compound_coverage.letters import acroform
from compound_coverage.letters.acroform import (
    ANOTHER,
    BESIDE,
    BUTTON,
    BY_HAND,
    DIFFERS,
    DROPS_RIGHTS,
    DROPS_XFA,
    FILLED,
    FORM_NAMES,
    HIDDEN,
    LIKELY,
    NO_FIELDS,
    NOT_HELD,
    READ_ONLY,
    SIGNED,
    SPLIT,
    TOO_LONG,
    TOO_MANY_FIELDS,
    TOO_MANY_PAGES,
    TWO_FACTS,
    UNKNOWN,
    XFA_ONLY,
    Field,
    Form,
    FormError,
    Option,
    Place,
    fill,
    match,
    preview,
    read_form,
    sure_values,
)
from compound_coverage.letters.pages import DAMAGED, LOCKED, NOT_A_PDF
from compound_coverage.letters.templates import letter_types
from tests.letters.conftest import LDN, PLAN, empty_case, made_case
from tests.letters.forms import (
    COMB,
    COMBO,
    MULTILINE,
    RADIO,
    Box,
    Print,
    changed,
    examples,
    labelled,
    made_of,
    make_form,
    saved,
    ticked,
)
from tests.letters.test_pages import asked, opened


@pytest.fixture(autouse=True)
def soon(request):
    """Only the tests that ask for ``a_child`` have forms read in a process of its own."""
    if "a_child" not in request.fixturenames:
        request.getfixturevalue("without_a_child")


@pytest.fixture
def a_child():
    """The real one."""


READ, WRITE = (f"compound_coverage.letters.acroform:{work}" for work in ("read", "write"))
CASE = made_case(
    request={"urgency": "expedited", "urgent_reason": "Waiting may harm (made-up example)"},
    plan={"secondary_name": "Example Second Plan", "secondary_id": "EXAMPLE-2"},
    prescriber={"email": "office@example.org", "license": "EXAMPLE-LICENSE"},
    diagnosis={"words": "Depression", "other": "Example other diagnosis"},
)
BIG = Place(1, (0, 0, 500, 60))
PLACE = Place(1, (0, 0, 300, 16))


def text(name, tooltip="", **more):
    return Field(name, tooltip, "text", (more.pop("place", BIG),), **more)


def box(name, tooltip="", states=("Yes",), kind="checkbox", label="", **more):
    places = tuple(replace(PLACE, state=state, label=label) for state in states)
    options = tuple(Option(state, state) for state in states)
    return Field(name, tooltip, kind, places, options, **more)


def laid_out(field, words):
    """How the words stand in the first box of the field; they must fit."""
    layout = acroform._layout(field, field.places[0], words)
    assert layout is not None
    return layout


def matched(field, case=CASE, plan=PLAN):
    [found] = match(Form((field,), 1), case, LDN, plan)
    return found


def by_name(matches):
    return {found.field_name: found for found in matches}


# -- which fact belongs to which name ----------------------------------------------------------

# name, tooltip, and what is expected: a fact that is filled; "?" and a fact that is only offered;
# "hand" for the signer's own hand; "split" for part of a name; "" for nothing
NAMES = [
    # whose it is, is said
    ("Patient Name", "", "patient.name"),
    ("PatientName", "", "patient.name"),
    ("patient_full_name", "", "patient.name"),
    ("Enrollee's Name", "", "patient.name"),
    ("Enrollees Name", "", "patient.name"),
    ("NAME OF MEMBER", "", "patient.name"),
    ("Beneficiary name (please print)", "", "patient.name"),
    ("8 PATIENT NAME", "", "patient.name"),
    ("Patient Name_2", "", "patient.name"),
    ("Patient phone number", "", "patient.phone"),
    ("MemberTelephone", "", "patient.phone"),
    ("Patient_Address", "", "patient.address"),
    ("Enrollee's street address", "", "patient.street"),
    ("Patient address, city, state, zip", "", "patient.whole_address"),
    ("Patient City", "", "patient.city"),
    ("Patient State", "", "patient.state"),
    ("PatientZipCode", "", "patient.zip"),
    ("Patient City/State/Zip", "", "patient.city_state_zip"),
    ("Physician Phone", "", "prescriber.phone"),
    ("Prescriber's Name", "", "prescriber.name"),
    ("Prescribing Physician Name", "", "prescriber.name"),
    ("Requesting provider's fax #", "", "prescriber.fax"),
    ("ProviderNPI", "", "prescriber.npi"),
    ("NPI of prescriber", "", "prescriber.npi"),
    ("Prescriber Office Phone", "", "prescriber.phone"),
    ("Physician's Specialty", "", "prescriber.specialty"),
    ("Prescriber E-mail", "", "prescriber.email"),
    ("Prescriber license #", "", "prescriber.license"),
    ("Practice name", "", "prescriber.practice"),
    ("Office Contact Person", "", "prescriber.contact"),
    ("Pharmacy Name", "", "pharmacy.name"),
    ("Pharmacy Phone", "", "pharmacy.phone"),
    ("Dispensing pharmacy NPI", "", "pharmacy.npi"),
    ("NCPDP number", "", "pharmacy.ncpdp"),
    ("Representative name", "", "representative.name"),
    ("Requestor's Relationship to Enrollee", "", "representative.relationship"),
    ("Plan Name", "", "plan.plan_name"),
    ("Health plan phone", "", "plan.phone"),
    ("Name of insurance company", "", "plan.insurer"),
    ("Secondary insurance name", "", "plan.secondary_name"),
    ("Secondary Insurance ID", "", "plan.secondary_id"),
    # there is only one of it
    ("Date of birth", "", "patient.date_of_birth"),
    ("DOB", "", "patient.date_of_birth"),
    ("Birth date (mm/dd/yyyy)", "", "patient.date_of_birth"),
    ("PtDOB", "", "patient.date_of_birth"),
    ("Member ID #", "", "plan.member_id"),
    ("Enrollee Member ID", "", "plan.member_id"),
    ("Insurance ID number", "", "plan.member_id"),
    ("Group #", "", "plan.group"),
    ("RxBIN", "", "plan.bin"),
    ("Rx PCN", "", "plan.pcn"),
    ("Medicare number", "", "plan.medicare_number"),
    ("Subscriber name", "", "plan.policyholder"),
    ("Drug name", "", "medication.name"),
    ("Name of prescription drug", "", "medication.name"),
    ("Medication requested", "", "medication.name"),
    ("Strength", "", "medication.strength"),
    ("Strength/route", "", "medication.strength_and_route"),
    ("Route of administration", "", "medication.route"),
    ("Dosage Form", "", "medication.form"),
    ("Directions for use", "", "medication.directions"),
    ("Quantity Requested Per Month", "", "medication.quantity_in_30_days"),
    ("Days Supply", "", "medication.days_supply"),
    ("# of refills", "", "medication.refills"),
    ("Expected length of therapy", "", "request.months"),
    ("Diagnosis", "", "diagnosis.words"),
    ("ICD-10", "", "diagnosis.icd10"),
    ("ICD10Code", "", "diagnosis.icd10"),
    ("Diagnosis code(s)", "", "diagnosis.icd10"),
    ("Diagnosis and ICD-10 code", "", "diagnosis.words_and_icd10"),
    ("Other relevant diagnoses", "", "diagnosis.other"),
    ("Drug allergies", "", "patient.allergies"),
    ("Height/Weight", "", "patient.height_and_weight"),
    ("Gender", "", "patient.sex"),
    ("Reason for expedited request", "", "request.urgent_reason"),
    ("Date of denial", "", "request.denied_on"),
    ("Submission date", "", "date"),
    # rows of a table
    ("Ingredient Name 2", "", "ingredients[1].name"),
    ("NDC_1", "", "ingredients[0].ndc"),
    ("Drug Tried 1", "", "tried[0].drug"),
    ("Drug Tried 2 Result", "", "tried[1].result"),
    # parts of a longer name, and tooltips
    ("form1[0].Page1[0].Patient[0].DOB[0]", "", "patient.date_of_birth"),
    ("form1.page1.PrescriberInfo.Phone", "", "prescriber.phone"),
    ("topmostSubform[0].#subform[2].Member_ID[0]", "", "plan.member_id"),
    ("Part II.Prescriber.Fax", "", "prescriber.fax"),
    ("Text12", "Enter the patient's phone number", "patient.phone"),
    ("undefined_3", "Prescriber NPI #", "prescriber.npi"),
    ("Phone_2", "Prescriber phone", "prescriber.phone"),
    ("Patient.Phone", "Phone number", "patient.phone"),
    ("PatientPhone", "Enrollee's telephone no.", "patient.phone"),
    ("Patient DOB", "Date of birth (mm/dd/yyyy)", "patient.date_of_birth"),
    # likely, and only offered
    ("NPI", "", "?prescriber.npi"),
    ("Specialty", "", "?prescriber.specialty"),
    ("Patient ID", "", "?plan.member_id"),
    ("Patient", "", "?patient.name"),
    ("Quantity", "", "?medication.quantity"),
    ("Office Phone", "", "?prescriber.phone"),
    ("Frequency", "", "?medication.directions"),
    # its name says one thing and its tooltip something more
    ("Patient Phone", "Emergency contact phone", "?patient.phone"),
    ("Patient Name", "Patient or guardian", "?patient.name"),
    ("Pharmacy_phone_2", "Patient phone", "?patient.phone"),
    # traps
    ("Phone", "", ""),
    ("Phone Number", "", ""),
    ("Fax", "", ""),
    ("Name", "", ""),
    ("Address", "", ""),
    ("City", "", ""),
    ("State", "", ""),
    ("Date", "", ""),
    ("Today's date", "", ""),
    ("ID", "", ""),
    ("Text1", "", ""),
    ("undefined_12", "", ""),
    ("", "", ""),
    ("Name of person completing form", "", ""),
    ("Name of party", "", ""),
    ("Medicare number or NPI", "", ""),
    ("DEA", "", ""),
    ("Prescriber DEA number", "", ""),
    ("Pharmacy type", "", ""),
    ("Prescriber type", "", ""),
    ("Primary care physician name", "", ""),
    ("Referring physician phone", "", ""),
    ("Emergency contact phone", "", ""),
    ("Patient phone 2", "", ""),
    ("Patient address line 2", "", ""),
    ("Caregiver name", "", ""),
    ("Parent name", "", ""),
    ("Previous drug name", "", ""),
    ("Drug name 2", "", ""),
    ("Diagnosis 2", "", ""),
    ("Plan ID", "", ""),
    ("Plan contract number", "", ""),
    ("Patient or prescriber phone", "", ""),
    ("Prescriber.PatientPhone", "", ""),
    ("Physician phone", "Patient phone", ""),
    ("Pharmacy", "Patient phone", ""),
    ("Patient Name", "Plan Name", ""),
    ("Additional information", "", ""),
    ("Rationale for request", "", ""),
    # parts of a name are not guessed
    ("Patient First Name", "", "split"),
    ("LastName", "", "split"),
    ("Patient MI", "", "split"),
    ("Prescriber Last Name", "", "split"),
    ("Text4", "Patient name (Last, First)", "split"),
    # the signer's own hand
    ("Signature of prescriber", "", "hand"),
    ("PrescriberSignature", "", "hand"),
    ("Prescriber name", "Sign here", "hand"),
    ("Date Signed", "", "hand"),
    ("Signature Date", "", "hand"),
    ("Date of signature", "", "hand"),
    ("Sig", "", "hand"),
    ("Patient initials", "", "hand"),
    ("Text9", "I certify that this is true. Name of prescriber", "hand"),
    ("Prescriber attestation", "", "hand"),
]


@pytest.mark.parametrize(
    ("name", "tooltip", "expected"), NAMES, ids=[f"{name}|{tip}" for name, tip, _ in NAMES]
)
def test_what_a_name_and_a_tooltip_stand_for(name, tooltip, expected):
    found = matched(text(name, tooltip))
    if expected in ("", "hand", "split"):
        assert (found.fact, found.value, found.sure, found.how) == (None, None, False, "none")
        reasons = {"": (UNKNOWN, TWO_FACTS), "hand": (BY_HAND,), "split": (SPLIT,)}
        assert found.why in reasons[expected]
        return
    assert found.fact == expected.lstrip("?")
    assert found.value
    assert found.sure is not expected.startswith("?")
    if not found.sure:
        assert found.why in (LIKELY, DIFFERS)


def test_every_phrase_stands_for_one_thing():
    names = acroform._names()
    for phrases in (names.sure, names.ask, names.boxes):
        for words, meanings in (*phrases._in_order.items(), *phrases._in_any_order.items()):
            assert words, f"a phrase of {meanings} has no word of weight"
            assert len(meanings) == 1, f"{words} stands for {meanings}"


def test_every_fact_and_choice_of_the_name_list_is_one_that_a_case_can_hold():
    spec = tomllib.loads(FORM_NAMES.read_text(encoding="utf-8"))
    paths = {path.replace("[]", "[0]") for path in (*spec["facts"], *spec["ask"])}
    assert paths <= set(acroform._facts(CASE, LDN, PLAN, ()))
    assert {choice["fact"] for choice in spec["choices"]} <= set(acroform._codes(CASE, LDN))
    kinds = {kind.letter_type for kind in letter_types()}
    asked_for = next(c for c in spec["choices"] if c["fact"] == "request.kind")["values"]
    assert {kind for kind in asked_for if kind.endswith("_exception")} <= kinds


def test_one_fact_may_fill_two_fields():
    form = Form((text("Patient Name"), text("Patient Name_2")), 2)
    assert sure_values(match(form, CASE, LDN, PLAN)) == {
        "Patient Name": "Example Patient",
        "Patient Name_2": "Example Patient",
    }


def test_a_fact_the_case_does_not_hold_leaves_its_field_blank_and_says_so():
    found = matched(text("Patient Name"), empty_case())
    assert (found.fact, found.value, found.why) == ("patient.name", None, NOT_HELD)
    assert matched(box("Expedited"), empty_case()).why == NOT_HELD
    assert matched(box("Urgency", states=("a", "b"), kind="radio"), empty_case()).why == NOT_HELD
    yes_or_no = box("Expedited", states=("Yes", "No"), kind="radio")
    assert matched(yes_or_no, empty_case()).why == NOT_HELD


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "signature"}, BY_HAND),
        ({"kind": "button"}, BUTTON),
        ({"read_only": True}, READ_ONLY),
        ({"hidden": True}, HIDDEN),
        ({"value": "typed before"}, FILLED),
    ],
)
def test_some_fields_are_left_alone_whatever_their_name(change, why):
    found = matched(replace(text("Patient Name"), **change))
    assert (found.fact, found.value, found.sure, found.why) == (None, None, False, why)


def test_print_that_contradicts_a_name_makes_it_a_question():
    name = text("Patient Phone", place=replace(BIG, label="Prescriber phone"))
    assert (matched(name).sure, matched(name).why) == (False, DIFFERS)
    same = text("Patient Phone", place=replace(BIG, label="Enrollee's phone"))
    assert matched(same).sure


def test_print_alone_is_only_offered():
    found = matched(text("Text1", place=replace(BIG, label="Enrollee's phone")))
    assert (found.fact, found.how, found.sure, found.why) == (
        "patient.phone",
        "label",
        False,
        BESIDE,
    )
    assert found.value == "000-555-0106"
    assert found.label_shown == "Enrollee's phone"


# -- how a fact is written ---------------------------------------------------------------------

WRITTEN = [
    ("Patient DOB", "01/01/1980"),
    ("Prescriber NPI", "1000000004"),
    ("Patient Sex", "Female"),
    ("Prescriber name and credentials", "Example Prescriber, MD"),
    ("Patient street address", "2 Example Street"),
    ("Patient City/State/Zip", "Example City, TX 00000"),
    ("Patient address", "2 Example Street, Example City, TX 00000"),
    ("Name of insurance company", "Made-up payer"),
    ("Drug name and strength", "Low dose naltrexone capsule, 4.5 mg"),
    ("Strength and dosage form", "4.5 mg, capsule"),
    ("Expected length of therapy", "6 months"),
    ("Diagnosis and ICD-10", "Depression, F33.1"),
    ("Date of diagnosis", "05/2020"),
    ("Date therapy started", "06/2026"),
    ("Drug Tried 1 dates", "03/2021 to 09/2021"),
    ("NDC 1", "00000000001"),
]


@pytest.mark.parametrize(("name", "value"), WRITTEN)
def test_how_a_fact_is_written(name, value):
    assert matched(text(name)).value == value


def test_the_street_stands_alone_where_the_form_asks_for_the_city_elsewhere():
    form = Form((text("Patient Address"), text("Patient City")), 1)
    assert sure_values(match(form, CASE, LDN, PLAN)) == {
        "Patient Address": "2 Example Street",
        "Patient City": "Example City",
    }


def test_an_address_typed_whole_is_never_cut_into_parts():
    case = made_case(
        patient={"address": "2 Example Street\nExample City TX", "city": "", "state": "", "zip": ""}
    )
    assert matched(text("Patient Address"), case).value == "2 Example Street, Example City TX"
    for part in ("Patient Street", "Patient City", "Patient City/State/Zip"):
        assert matched(text(part), case).why == NOT_HELD


@pytest.mark.parametrize(
    ("tried", "name", "value"),
    [
        ({"start": "2024", "stop": "ongoing"}, "dates", "2024, ongoing"),
        ({"start": "2024-03-09"}, "dates", "03/09/2024 to ?"),
        ({"stop": "2024-03"}, "dates", "? to 03/2024"),
        ({"stop": "ongoing"}, "dates", "ongoing"),
        ({"drug": "Example"}, "dates", None),
        ({"outcome": "failed"}, "result", "Failed"),
        ({"outcome": "other", "reason": "Cost"}, "result", "Cost"),
        ({"outcome": "not_tolerated", "reason": "Rash"}, "result", "Not tolerated: Rash"),
    ],
)
def test_how_a_drug_that_was_tried_is_written(tried, name, value):
    assert matched(text(f"Drug Tried 1 {name}"), made_case(tried=[tried])).value == value


def test_a_months_quantity_is_only_written_where_the_supply_is_a_month():
    case = made_case(medication={"days_supply": 90})
    assert matched(text("Quantity per 30 days"), case).why == NOT_HELD
    assert matched(text("Quantity requested"), case).value == "30 capsules"


def test_one_month_is_not_one_months():
    case = made_case(request={"months": 1})
    assert matched(text("Length of therapy"), case).value == "1 month"


def test_a_table_too_short_for_the_case_says_that_rows_are_missing():
    rows = [{"drug": f"Example drug {row}"} for row in range(1, 6)]
    form = Form(tuple(text(f"Drug Tried {row}") for row in (1, 2)), 1)
    first, second = match(form, made_case(tried=rows), LDN, PLAN)
    assert (first.value, first.why) == ("Example drug 1", "")
    assert second.value == "Example drug 2"
    assert second.why == "The form has room for 2 of 5: see the attached letter for the rest."
    assert second.sure
    form = Form(tuple(text(f"Drug Tried {row}") for row in range(1, 7)), 1)
    *full, over = match(form, made_case(tried=rows), LDN, PLAN)
    assert [found.why for found in full] == [""] * 5
    assert over.why == NOT_HELD


# -- does it fit? ------------------------------------------------------------------------------


def helvetica(char):
    with pdfium.PdfDocument.new() as pdf:
        font = pdfium_c.FPDFText_LoadStandardFont(pdf, b"Helvetica")
        width = pdfium_c.c_float()
        assert pdfium_c.FPDFFont_GetGlyphWidth(font, ord(char), 1000.0, width)
        return round(width.value)


def test_widths_are_those_of_the_font_and_never_too_small():
    plain = [chr(code) for code in range(32, 127)]
    assert [round(acroform._width(char, 1000)) for char in plain] == [helvetica(c) for c in plain]
    for code in range(0xA0, 0x100):
        assert acroform._width(chr(code), 1000) >= helvetica(chr(code)), chr(code)


def test_a_value_longer_than_its_box_is_left_out_and_never_cut():
    for place, more in ((replace(PLACE, rectangle=(0, 0, 30, 16)), {}), (BIG, {"max_length": 14})):
        found = matched(text("Patient Name", place=place, **more))
        assert (found.fact, found.value, found.why) == ("patient.name", None, TOO_LONG)
    assert matched(text("Patient Name", max_length=15)).value == "Example Patient"


def test_letters_shrink_before_a_value_is_given_up_but_stay_readable():
    wide = text("Patient Name", place=replace(PLACE, rectangle=(0, 0, 70, 16)))
    narrow = text("Patient Name", place=replace(PLACE, rectangle=(0, 0, 60, 16)))
    assert acroform.LARGEST > laid_out(wide, "Example Patient").size > acroform.SMALLEST
    assert laid_out(narrow, "Example Patient").size >= acroform.SMALLEST
    assert acroform._layout(narrow, narrow.places[0], "Example Patient, Junior") is None


def test_a_date_or_a_phone_number_may_lose_its_marks_to_fit_a_comb_and_nothing_else_may():
    comb = {"comb": True, "place": replace(BIG, rectangle=(0, 0, 200, 16))}
    assert matched(text("Patient DOB", max_length=8, **comb)).value == "01011980"
    assert matched(text("Patient DOB", max_length=10, **comb)).value == "01/01/1980"
    assert matched(text("Patient Phone", max_length=10, **comb)).value == "0005550106"
    assert matched(text("Patient DOB", max_length=6, **comb)).why == TOO_LONG
    assert matched(text("Patient Phone", max_length=7, **comb)).why == TOO_LONG
    case = made_case(plan={"member_id": "123-456-7890"})
    assert matched(text("Member ID", max_length=10, **comb), case).why == TOO_LONG


def test_a_value_must_fit_every_box_of_its_field():
    field = replace(text("Patient Name"), places=(BIG, replace(BIG, rectangle=(0, 0, 20, 16))))
    assert matched(field).why == TOO_LONG


def test_lines_wrap_in_a_tall_box_and_long_text_does_not_spill_over():
    tall = replace(PLACE, rectangle=(0, 0, 120, 40))
    field = text("Reason for denial", multiline=True, place=tall)
    found = matched(field)
    assert str(found.value).startswith("Compounded drugs")
    lines = laid_out(field, found.value).lines
    assert len(lines) > 1
    assert " ".join(lines) == found.value
    case = made_case(request={"denial_reason": "Word " * 400})
    assert matched(field, case).why == TOO_LONG
    case = made_case(request={"denial_reason": "W" * 40})
    assert matched(field, case).why == TOO_LONG


def test_line_ends_are_kept_in_a_tall_box_and_become_spaces_in_a_line():
    case = made_case(request={"denial_reason": "One\n\nTwo"})
    tall = text("Reason for denial", multiline=True)
    assert matched(tall, case).value == "One\n\nTwo"
    assert laid_out(tall, "One\n\nTwo").lines == ("One", "", "Two")
    assert matched(text("Reason for denial"), case).value == "One Two"


@pytest.mark.parametrize("name", ["José Núñez", "Zoë O\u2019Brien", "Łukasz", "李", "Ελένη", "🙂"])
def test_letters_the_print_can_show_are_filled_and_others_are_told(name):
    found = matched(text("Patient Name"), made_case(patient={"name": name}))
    if name in ("José Núñez", "Zoë O\u2019Brien"):
        assert (found.value, found.why) == (name, "")
    else:
        assert found.value is None
        assert re.fullmatch("The form's print can't show these characters: .+[.]", found.why)


# -- boxes, buttons and lists ------------------------------------------------------------------


def ticks(field, **case):
    found = matched(field, made_case(**case) if case else CASE)
    return found.value, found.sure, found.why


@pytest.mark.parametrize(
    ("name", "tooltip", "value"),
    [
        ("Expedited", "", True),
        ("Check Box3", "Request for expedited review", True),
        ("Urgent", "", True),
        ("Exigent Circumstances", "", True),
        ("Expedited/Urgent Review Requested", "", True),
        ("Prior Authorization", "", True),
        ("Sex.Female", "", True),
        ("Compounded medication?", "", True),
        ("Pharmacy in network", "", True),
    ],
)
def test_boxes_that_the_case_ticks(name, tooltip, value):
    assert ticks(box(name, tooltip)) == (value, True, "")


@pytest.mark.parametrize(
    "name",
    [
        "Standard",
        "Non-Urgent",
        "Tiering exception",
        "Exception to step therapy",
        "Renewal",
        "Sex.Male",
    ],
)
def test_boxes_that_the_case_leaves_empty_with_the_reason(name):
    value, _, why = ticks(box(name))
    assert value is None
    assert why.startswith(ANOTHER.split("'")[0])


@pytest.mark.parametrize(
    ("name", "tooltip"),
    [
        ("Check Box1", ""),
        ("Male", ""),
        ("Yes", ""),
        ("New therapy", ""),
        ("Alternate drugs contraindicated or tried and failed", ""),
        ("Stable on current drug", ""),
        ("Expedited", "Standard"),
        ("Patient Name", ""),
    ],
)
def test_boxes_that_nobody_may_guess(name, tooltip):
    value, sure, why = ticks(box(name, tooltip))
    assert (value, sure) == (None, False)
    assert why in (UNKNOWN, TWO_FACTS)


@pytest.mark.parametrize(
    "where",
    [
        {"name": "Expedited", "tooltip": "I certify that waiting may harm the enrollee"},
        {"name": "Expedited", "label": "By signing below, the prescriber attests to the urgency"},
        {"name": "Prescriber attests expedited"},
        {"name": "Agree", "tooltip": "I understand the penalty for a false statement"},
    ],
)
def test_what_a_signer_attests_to_is_never_ticked(where):
    assert ticks(box(**where)) == (None, False, BY_HAND)


def test_the_kind_of_request_follows_the_letter():
    case = {"request": {"letter_type": "step_therapy_exception", "stage": "exception"}}
    assert ticks(box("Step therapy exception"), **case) == (True, True, "")
    assert ticks(box("Prior authorization"), **case)[0] is None
    assert ticks(box("Renewal request"), request={"stage": "renewal"}) == (True, True, "")
    assert ticks(box("Prior authorization"), request={"stage": "appeal"})[2] == NOT_HELD


def test_a_group_whose_buttons_say_what_they_mean():
    field = box("Review Type", states=("Standard", "Expedited"), kind="radio")
    assert ticks(field) == ("Expedited", True, "")
    assert ticks(field, request={"urgency": "standard"}) == ("Standard", True, "")
    sexes = box("Patient Gender", states=("M", "F"), kind="radio")
    assert ticks(sexes) == ("F", True, "")
    case = {"patient": {"sex": "other"}}
    assert ticks(sexes, **case)[::2] == (None, "The form does not offer 'other' here.")


def test_numbered_buttons_are_read_by_the_list_of_their_meanings():
    field = replace(
        box("Sex", states=("0", "1"), kind="radio"), options=(Option("0", "Male"), Option("1", "F"))
    )
    assert ticks(field) == ("1", True, "")


def test_buttons_without_a_meaning_are_offered_by_the_print_beside_them():
    field = box("Sex", states=("Choice1", "Choice2"), kind="radio")
    places = tuple(
        replace(place, label=label)
        for place, label in zip(field.places, ("Male", "Female"), strict=True)
    )
    assert ticks(replace(field, places=places)) == ("Choice2", False, BESIDE)
    assert ticks(field)[0] is None


@pytest.mark.parametrize(
    ("urgency", "value"), [("expedited", "Yes"), ("standard", "No"), (None, None)]
)
def test_yes_and_no_to_a_question(urgency, value):
    field = box("Expedited review requested?", states=("Yes", "No"), kind="radio")
    field = replace(field, name="Request expedited review")
    assert ticks(field, request={"urgency": urgency})[0] == value


def test_no_is_not_ticked_where_it_would_say_more_than_the_case():
    field = box("Prior authorization request", states=("Yes", "No"), kind="checkbox")
    case = {"request": {"letter_type": "tiering_exception"}}
    assert ticks(field, **case)[::2] == (None, ANOTHER.format("tiering exception"))
    maybe = box("Prior authorization request", states=("Yes", "Maybe"))
    assert ticks(maybe)[0] is None


def test_a_list_is_chosen_from_only_where_it_offers_the_very_value():
    states = (Option("TX", "Texas"), Option("CA", "California"))
    field = Field("Patient State", "", "choice", (PLACE,), states)
    assert ticks(field) == ("TX", True, "")
    full = replace(field, options=(Option("44", "tx"),))
    assert ticks(full) == ("44", True, "")
    assert ticks(replace(field, options=(Option("44", "Texas"),)))[2] == (
        "The form does not offer 'TX' here."
    )
    sexes = Field("Gender", "", "choice", (PLACE,), (Option("1", "Male"), Option("2", "Female")))
    assert ticks(sexes) == ("2", True, "")
    assert ticks(replace(sexes, name="Colour"))[2] == UNKNOWN


# -- reading a form ----------------------------------------------------------------------------


def test_a_field_is_read_with_all_that_says_how_to_fill_it():
    data = make_form(
        [
            Box(
                "Notes",
                (40, 600, 300, 60),
                tooltip="Enter  notes",
                flags=MULTILINE | 1 | 2,
                more=(("/MaxLen", 90), ("/V", String("Here")), ("/DA", String("/Helv 9 Tf 0 g"))),
            ),
            Box("Second", (40, 700, 100, 16), page=2),
        ],
        [Print("Notes", (40, 665))],
    )
    notes, second = read_form(data).fields
    assert notes == Field(
        "Notes",
        "Enter notes",
        "text",
        (Place(1, (40, 600, 340, 660), label="Notes"),),
        max_length=90,
        read_only=True,
        required=True,
        multiline=True,
        font_size=9.0,
        value="Here",
    )
    assert (notes.label, notes.rectangle) == ("Enter notes", (40, 600, 340, 660))
    assert (second.page, second.label) == (2, "Second")


def test_fields_come_in_reading_order():
    data = make_form(
        [Box("C", (40, 500, 50, 16)), Box("B", (200, 700, 50, 16)), Box("A", (40, 700, 50, 16))]
    )
    assert [field.name for field in read_form(data).fields] == ["A", "B", "C"]


def kinds_of(data):
    form = TypeAdapter(Form).validate_python(asked(READ, data)["result"])
    return {field.name: field for field in form.fields}


def test_every_kind_of_field_is_told_apart():
    choices = Array([String("One"), Array([String("2"), String("Two")]), Array([]), 7])
    found = kinds_of(
        make_form(
            [
                Box("text"),
                Box("secret", flags=1 << 13),
                Box("file", flags=1 << 20),
                Box("push", kind="Btn", flags=1 << 16),
                Box("tick", kind="Btn", state="On"),
                Box("radio", kind="Btn", flags=RADIO, state="0", more=(("/Opt", Array(["A"])),)),
                Box("radio", kind="Btn", flags=RADIO, state="1"),
                Box("list", kind="Ch", flags=COMBO, more=(("/Opt", choices),)),
                Box("pen", kind="Sig"),
                Box("odd", kind="Odd"),
                Box("comb", flags=COMB),
                Box("teeth", flags=COMB, more=(("/MaxLen", 4),)),
            ]
        )
    )
    assert {name: field.kind for name, field in found.items()} == {
        "text": "text",
        "secret": "button",
        "file": "button",
        "push": "button",
        "tick": "checkbox",
        "radio": "radio",
        "list": "choice",
        "pen": "signature",
        "comb": "text",
        "teeth": "text",
    }
    assert found["tick"].options == (Option("On", "On"),)
    assert found["radio"].options == (Option("0", "A"), Option("1", "1"))
    assert found["list"].options == (Option("One", "One"), Option("2", "Two"))
    assert (found["comb"].comb, found["teeth"].comb) == (False, True)


def test_two_boxes_of_one_name_are_one_field():
    data = make_form([Box("Patient Name"), Box("Patient Name", (100, 600, 200, 16), page=2)])
    [field] = read_form(data).fields
    assert [place.page for place in field.places] == [1, 2]
    filled = fill(data, {"Patient Name": "Example Patient"})
    assert [page_text(filled, page) for page in (0, 1)] == ["Example Patient"] * 2


def test_a_field_split_in_two_by_a_broken_program_is_filled_in_both_halves():
    def renamed(pdf):
        pdf.Root.AcroForm.Fields[1].T = "Patient Name"

    data = changed(make_form([Box("Patient Name"), Box("x", (100, 600, 200, 16))]), renamed)
    filled = fill(data, {"Patient Name": "Example Patient"})
    with pikepdf.open(io.BytesIO(filled)) as pdf:
        assert [str(field.V) for field in pdf.Root.AcroForm.Fields] == ["Example Patient"] * 2


def test_the_part_of_a_wrong_kind_in_a_field_split_in_two_is_left_out():
    def renamed(pdf):
        pdf.Root.AcroForm.Fields[1].T = "Patient Name"

    data = changed(make_form([Box("Patient Name"), Box("x", kind="Btn", state="Yes")]), renamed)
    [field] = read_form(data).fields
    assert (field.kind, len(field.places)) == ("text", 1)


@pytest.mark.parametrize(
    ("appearance", "look"),
    [
        ("/Helv 0 Tf 0 g", (0.0, "0 g")),
        ("/F1 9.5 Tf 0 0 1 rg", (9.5, "0 0 1 rg")),
        ("0 0 0 1 k /F1 -11 Tf", (11.0, "0 0 0 1 k")),
        ("/F1 99999 Tf", (100.0, "0 g")),
        ("Tf rg g", (0.0, "0 g")),
        ("x Tf ( rg", (0.0, "0 g")),
        ("", (0.0, "0 g")),
    ],
)
def test_size_and_colour_are_taken_from_the_form_and_nothing_else_is(appearance, look):
    assert acroform._look(appearance) == look


# -- forms that can't be filled ----------------------------------------------------------------

GOOD = make_form([Box("Patient Name")])


def refused(data):
    """The sentence a person gets."""
    with pytest.raises(FormError) as raised:
        read_form(data)
    return str(raised.value)


def with_xfa(pdf):
    pdf.Root.AcroForm["/XFA"] = Array([String("template"), pdf.make_stream(b"<template/>")])


def drawn_by_adobe(pdf):
    pdf.Root.NeedsRendering = True


def without_fields(pdf):
    del pdf.pages[0].obj["/Annots"]


def without_a_form(pdf):
    del pdf.Root["/AcroForm"]


@pytest.mark.filterwarnings("ignore:This document has .* form widget")
def test_forms_that_cannot_be_filled_say_why_in_one_sentence():
    for data, sentence in (
        (b"hello", NOT_A_PDF),
        (b"%PDF-1.7 nothing", DAMAGED),
        (changed(GOOD, without_fields), NO_FIELDS),
        (changed(GOOD, without_a_form), NO_FIELDS),
        (changed(changed(GOOD, with_xfa), without_fields), XFA_ONLY),
        (changed(changed(GOOD, with_xfa), drawn_by_adobe), XFA_ONLY),
        (make_form([Box("a", page=101)]), TOO_MANY_PAGES),
        (make_form([Box(f"a{n}") for n in range(2_001)]), TOO_MANY_FIELDS),
    ):
        assert refused(data) == sentence
        assert sentence.endswith((".", "?"))


@pytest.mark.parametrize("user", ["secret", ""])
def test_a_locked_form_says_so_even_where_it_opens_without_a_password(a_child, user):
    with pikepdf.open(io.BytesIO(GOOD)) as pdf:
        assert refused(saved(pdf, encryption=pikepdf.Encryption(owner="o", user=user))) == LOCKED


def test_too_many_boxes_of_one_name_are_too_many(monkeypatch):
    monkeypatch.setattr(acroform, "MOST_WIDGETS", 3)
    data = make_form([Box("a") for _ in range(4)])
    assert asked(READ, data) == {"fault": TOO_MANY_FIELDS}


def test_a_form_that_is_already_signed_is_left_whole():
    signature = Dictionary(Type=Name.Sig)
    pen = Box("Signature", kind="Sig", more=(("/V", signature),))
    assert refused(make_form([Box("Patient Name"), pen])) == SIGNED

    def certified(pdf):
        pdf.Root.Perms = Dictionary(DocMDP=signature)

    assert refused(changed(GOOD, certified)) == SIGNED
    assert read_form(make_form([Box("Patient Name"), replace(pen, more=())])).fields


# -- filling -----------------------------------------------------------------------------------


def seen_letters(data, page=0):
    """What a reader sees on the page, fields drawn into it: each letter with its corners."""
    with pdfium.PdfDocument(data) as pdf:
        pdf.init_forms()
        drawn = pdf[page]
        drawn.flatten()
        drawn.close()
        text = pdf[page].get_textpage()
        letters = text.get_text_range()
        return [(letter, text.get_charbox(place)) for place, letter in enumerate(letters)]


def page_text(data, page=0):
    return "".join(letter for letter, _ in seen_letters(data, page)).strip()


def values_of(data):
    return {
        name: field.get("/V")
        for name, field in (pypdf.PdfReader(io.BytesIO(data)).get_fields() or {}).items()
    }


@pytest.mark.parametrize("make", [examples.good_names, examples.tooltips_only])
def test_a_whole_form_is_filled_from_the_case_and_stays_a_form(make):
    data = make()
    form = read_form(data)
    matches = match(form, CASE, LDN, PLAN)
    values = sure_values(matches)
    assert len(values) == 28
    filled = fill(data, values)
    again = read_form(filled)
    assert {field.name: field.value for field in again.fields if field.value} == {
        name: "Yes" if value is True else value for name, value in values.items()
    }
    seen = page_text(filled)
    for value in values.values():
        assert value is True or value in seen
    left = {found.label_shown for found in matches if found.field_name not in values}
    assert {"Additional information", "Name of person completing form"} <= left
    assert [found.why for found in match(again, CASE, LDN, PLAN)].count(FILLED) == len(values)
    assert preview(filled) != preview(data)
    assert opened(preview(filled)[0]).width == 935


def test_useless_names_are_filled_only_after_a_person_says_yes(a_child):
    data = examples.useless_names()
    matches = match(read_form(data), CASE, LDN, PLAN)
    assert sure_values(matches) == {}
    offered = {found.field_name: found for found in matches if found.value}
    assert {found.how for found in offered.values()} == {"label"}
    assert offered["undefined_0"].fact == "patient.name"
    assert offered["undefined_18"].fact == "prescriber.npi"
    assert "undefined_6" not in offered, "a bare Phone is nobody's"
    assert "undefined_24" not in offered, "a bare Date may be the signer's"
    filled = fill(data, sure_values(matches), accepted={"undefined_0": "Example Patient"})
    assert {name: value for name, value in values_of(filled).items() if value} == {
        "undefined_0": "Example Patient"
    }


def test_nested_names_buttons_and_combs_are_filled():
    data = examples.nested_names()
    values = sure_values(match(read_form(data), CASE, LDN, PLAN))
    assert [name.removeprefix("form1[0].Page1[0].") for name in values] == [
        "Patient[0].Name[0]",
        "Patient[0].DOB[0]",
        "Patient[0].Phone[0]",
        "Prescriber[0].Name[0]",
        "Prescriber[0].Phone[0]",
        "Plan[0].Name[0]",
        "#subform[3].Physician_Fax[0]",
    ]
    assert page_text(fill(data, values)).count("000-555-0101") == 1

    data = examples.buttons_and_combs()
    values = sure_values(match(read_form(data), CASE, LDN, PLAN))
    assert values == {
        "Review Type": "Expedited",
        "Compounded medication?": "Yes",
        "Route": "Oral/SL",
        "Patient State": "TX",
        "Patient Sex": "2",
        "Prescriber NPI": "1000000004",
        "Patient DOB": "01011980",
        "Prescriber Phone": "0005550101",
        "Directions": "Take one capsule by mouth at bedtime",
    }
    filled = fill(data, values)
    with pikepdf.open(io.BytesIO(filled)) as pdf:
        states = [str(widget.AS) for widget in pdf.pages[0].Annots if "/AS" in widget]
    assert states == ["/Off", "/Expedited", "/Off", "/Off", "/Yes", "/Off", "/Oral/SL", "/Off"]
    seen = page_text(filled).splitlines()
    assert "TX" in seen[2]
    assert "Female" in page_text(filled)


def test_a_table_is_filled_row_by_row():
    data = examples.rows()
    values = sure_values(match(read_form(data), CASE, LDN, PLAN))
    assert len(values) == 12
    assert values["NDC 2"] == "00000000002"
    assert str(values["Drug Tried 2 Result"]).startswith("Not tolerated: Stopped for a rash")


@pytest.mark.parametrize("value", ["Zoë Núñez-O\u2019Brien", "a (b) \\ c", "50 % < 4.5 mg"])
def test_accents_and_marks_are_stored_and_seen(value):
    filled = fill(GOOD, {"Patient Name": value})
    assert values_of(filled) == {"Patient Name": value}
    assert page_text(filled).replace("\u2019", "'") == value.replace("\u2019", "'")


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_turned_box_holds_turned_text_inside_it(turned):
    def turn(pdf):
        pdf.pages[0].Annots[0].MK.R = turned

    at = (100, 300, 200, 20) if turned % 180 == 0 else (100, 300, 20, 200)
    data = changed(make_form([Box("Patient Name", at)]), turn)
    [field] = read_form(data).fields
    assert field.places[0].size == (200, 20)
    boxes = [
        corners for _, corners in seen_letters(fill(data, {"Patient Name": "Example Patient"}))
    ]
    left, bottom = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, top = max(b[2] for b in boxes), max(b[3] for b in boxes)
    x, y, width, height = at
    assert x <= left < right <= x + width
    assert y <= bottom < top <= y + height
    assert (right - left > top - bottom) is (turned % 180 == 0)


@pytest.mark.parametrize(("quadding", "left"), [(0, 102), (1, 190), (2, 280)])
def test_text_stands_left_centred_or_right_as_the_form_asks(quadding, left):
    data = make_form([Box("Patient Name", (100, 700, 200, 16), more=(("/Q", quadding),))])
    found = seen_letters(fill(data, {"Patient Name": "Ill"}))[0][1][0]
    assert found == pytest.approx(left, abs=12)


def test_all_else_in_the_form_stays(a_child):
    script = "app.alert('never run here')"

    def dressed(pdf):
        pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String(script))
        pdf.docinfo["/Title"] = "Example form"
        pdf.Root.AcroForm.Fields[0].RV = String("<p>old</p>")

    data = changed(make_form([Box("Patient Name"), Box("Other", (100, 600, 90, 16))]), dressed)
    filled = fill(data, {"Patient Name": "Example Patient"})
    with pikepdf.open(io.BytesIO(data)) as old, pikepdf.open(io.BytesIO(filled)) as new:
        assert str(new.Root.OpenAction.JS) == script
        assert new.docinfo["/Title"] == old.docinfo["/Title"]
        assert new.Root.AcroForm.DA == old.Root.AcroForm.DA
        assert new.pages[0].Contents.read_bytes() == old.pages[0].Contents.read_bytes()
        first, second = new.Root.AcroForm.Fields
        assert "/RV" not in first
        assert "/V" not in second
        assert "/AP" not in second
        assert b"JavaScript" not in filled.replace(b"/JavaScript", b"", 1)


def test_a_second_copy_in_xfa_and_a_seal_are_left_out_and_told():
    def sealed(pdf):
        with_xfa(pdf)
        pdf.Root.Perms = Dictionary(UR3=Dictionary(Type=Name.Sig))

    data = changed(GOOD, sealed)
    assert read_form(data).notes == (DROPS_XFA, DROPS_RIGHTS)
    filled = fill(data, {"Patient Name": "Example Patient"})
    assert read_form(filled).notes == ()
    with pikepdf.open(io.BytesIO(filled)) as pdf:
        assert "/XFA" not in pdf.Root.AcroForm
        assert "/Perms" not in pdf.Root
    assert read_form(GOOD).notes == ()


def test_a_box_can_be_ticked_and_cleared():
    data = make_form([Box("Expedited", (40, 700, 12, 12), kind="Btn", state="On")])
    ticked_form = fill(data, {"Expedited": True})
    assert values_of(ticked_form) == {"Expedited": "/On"}
    assert values_of(fill(data, {"Expedited": "on"})) == {"Expedited": "/On"}
    assert values_of(fill(ticked_form, {"Expedited": False})) == {"Expedited": "/Off"}
    assert values_of(fill(ticked_form, {"Expedited": ""})) == {"Expedited": "/Off"}


def test_a_field_can_be_cleared():
    filled = fill(GOOD, {"Patient Name": "Example Patient"})
    assert page_text(fill(filled, {"Patient Name": ""})) == ""


ALL_KINDS = make_form(
    [
        Box("Patient Name", more=(("/MaxLen", 15),)),
        Box("Locked", (100, 660, 90, 16), flags=1),
        Box("Tick", (100, 640, 12, 12), kind="Btn", state="Yes"),
        Box("Pair", (100, 620, 12, 12), kind="Btn", state="A"),
        Box("Pair", (130, 620, 12, 12), kind="Btn", state="B"),
        Box("Pen", (100, 580, 90, 16), kind="Sig"),
        Box("Date signed", (100, 560, 90, 16)),
        Box("Send", (100, 540, 90, 16), kind="Btn", flags=1 << 16),
        Box("State", (100, 520, 90, 16), kind="Ch", more=(("/Opt", Array(["TX", "CA"])),)),
    ]
)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Nobody", "x", "no field named 'Nobody'"),
        ("Patient Name", "Example Patient Junior", "longer than the box"),
        ("Patient Name", "李", "can't show these characters: 李"),
        ("Patient Name", True, "a text"),
        ("Locked", "x", "keeps this field locked"),
        ("Tick", "No", "does not offer 'No'"),
        ("Pair", True, "a checkbox"),
        ("Pen", "Example Patient", "the signer's own hand"),
        ("Date signed", "11/24/2026", "the signer's own hand"),
        ("Send", "x", "keeps this field locked"),
        ("State", "Texas", "does not offer 'Texas'"),
        ("State", True, "a choice"),
    ],
)
def test_a_field_that_cannot_take_a_value_is_named(name, value, told):
    sentence = asked(WRITE, ALL_KINDS, values={name: value})["fault"]
    assert name in sentence
    assert told in sentence
    assert sentence.endswith(".")


def test_what_a_person_accepted_is_held_to_the_same_rules():
    with pytest.raises(FormError, match="the signer's own hand"):
        fill(ALL_KINDS, {"Tick": True}, accepted={"Date signed": "11/24/2026"})
    filled = fill(ALL_KINDS, {"Patient Name": "Example"}, accepted={"Patient Name": "Typed"})
    assert values_of(filled)["Patient Name"] == "Typed"


def test_a_value_that_is_not_there_afterwards_is_told(monkeypatch):
    monkeypatch.setattr(acroform, "_put", lambda *_: None)
    answer = asked(WRITE, GOOD, values={"Patient Name": "Example"})
    assert answer["fault"].startswith("The field 'Patient Name' did not keep what was written")


def test_the_preview_of_what_is_no_form_is_a_sentence(a_child):
    with pytest.raises(FormError, match="not a PDF"):
        preview(b"hello")
    assert len(preview(make_form([Box("a", page=3)]), most=2)) == 2


# -- hostile and broken files ------------------------------------------------------------------

SEED = examples.buttons_and_combs()
with pikepdf.open(io.BytesIO(SEED)) as _pdf:
    PLAIN = saved(
        _pdf,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        compress_streams=False,
    )


def holds_up(data):
    """A broken file is read or refused in one sentence, and filled or refused; nothing else."""
    answer = asked(READ, data)
    if "fault" in answer:
        assert answer["fault"].endswith((".", "?"))
        return
    form = TypeAdapter(Form).validate_python(answer["result"])
    values = sure_values(match(form, CASE, LDN, PLAN))
    written = asked(WRITE, data, values=values)
    assert "result" in written or written["fault"].endswith(".")


@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.binary(max_size=3)), max_size=12))
def test_a_form_with_flipped_bytes_never_trips_anybody(changes):
    broken = bytearray(PLAIN)
    for at, put in changes:
        broken[at : at + len(put)] = put
    holds_up(bytes(broken))


@given(st.integers(0, len(SEED)))
@settings(max_examples=30)
def test_a_form_cut_short_never_trips_anybody(length):
    holds_up(SEED[:length])


ODD = st.sampled_from(
    [
        "0",
        "-1",
        "99999999999",
        "1.5",
        "true",
        "(\\377\\376)",
        "(\\357\\273\\277\\377)",
        "<FEFFD800>",
        "/Name",
        "/#ff#fe",
        "[]",
        "[1 2]",
        "[null (x) [] << >>]",
        "<< >>",
        "<< /N << /Yes 1 /Off 2 >> >>",
        "<< /Off null >>",
        "[99999999999999999999999.5 -9999999999999999999999.5 0 0]",
    ]
)
KEYS = [
    "/T",
    "/TU",
    "/FT",
    "/Ff",
    "/V",
    "/DA",
    "/Q",
    "/MaxLen",
    "/Opt",
    "/Kids",
    "/Parent",
    "/AP",
    "/AS",
    "/MK",
    "/BS",
    "/Rect",
    "/F",
    "/RV",
    "/I",
    "/XFA",
    "/Perms",
    "/Fields",
    "/DR",
    "/Annots",
    "/Subtype",
    "/AcroForm",
    "/NeedsRendering",
]


@pytest.mark.filterwarnings("ignore:This document has .* form widget")
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(KEYS), ODD), max_size=8))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_form_with_values_of_the_wrong_kind_never_trips_anybody(changes):
    with pikepdf.open(io.BytesIO(SEED)) as pdf:
        form = pdf.Root.AcroForm
        nodes = [pdf.Root, pdf.pages[0].obj, form, *pdf.pages[0].Annots]
        nodes += [node for node in form.Fields if "/Kids" in node]
        for at, key, odd in changes:
            nodes[at % len(nodes)][key] = pikepdf.Object.parse(odd.encode())
        data = saved(pdf)
    holds_up(data)


def test_parents_that_go_round_in_circles_come_to_an_end():
    def circle(pdf):
        [field] = pdf.Root.AcroForm.Fields
        field.Parent = pdf.make_indirect(Dictionary(Parent=field, T=String("Up")))

    answer = asked(READ, changed(GOOD, circle))
    assert "result" in answer


@pytest.mark.filterwarnings("ignore:This document has .* form widget")
def test_a_field_that_a_broken_form_has_lost_is_listed_again():
    def lose(pdf):
        pdf.Root.AcroForm.Fields = Array()

    filled = fill(changed(GOOD, lose), {"Patient Name": "Example Patient"})
    assert values_of(filled) == {"Patient Name": "Example Patient"}


def test_a_hidden_field_is_not_filled_behind_a_persons_back():
    def hide(pdf):
        pdf.Root.AcroForm.Fields[0].F = 2

    data = changed(GOOD, hide)
    [field] = read_form(data).fields
    assert field.hidden
    with pytest.raises(FormError, match="can't take this"):
        fill(data, {"Patient Name": "Example Patient"})


def test_a_broken_string_says_nothing_and_spoils_nothing():
    def break_it(pdf):
        pdf.Root.AcroForm.Fields[0].TU = String(b"\xef\xbb\xbf\xff")

    data = changed(GOOD, break_it)
    assert asked(READ, data)["result"]["fields"][0]["tooltip"] == ""
    assert read_form(data).fields[0].name == "Patient Name"


def test_labels_are_read_from_the_page():
    data = made_of(
        labelled("Text1", "Enrollee's name", (40, 700)),
        ticked("Box1", "Expedited", (40, 660)),
    )
    assert [field.label for field in read_form(data).fields] == ["Enrollee's name", "Expedited"]
