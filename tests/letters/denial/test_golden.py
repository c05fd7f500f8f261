"""Forty made-up letters, each in its own layout, and what a careful reader finds in them."""

import re

import pytest

from compound_coverage.letters.denial import read_denial, read_document, read_pasted
from compound_coverage.letters.denial.pictures import tesseract_program
from tests.conftest import need
from tests.letters.denial import making

pytestmark = pytest.mark.no_cover

FEWEST_OF_A_PICTURE = 0.95

# as scanned, as photographed, and as photographed with the page on its side
PICTURES = {
    "scan": (making.scan_of, ("part_d_denial", "all_caps_fax", "two_columns", "erisa_denial")),
    "photo": (making.photo_of, ("pharmacy_reject", "medicaid_mco_notice", "pbm_fax_table")),
    "photo on its side": (lambda pdf: making.photo_of(pdf, 90), ("step_therapy_denial",)),
    "fax": (making.fax_of, ("hmo_denial",)),
}


def expected(name):
    fields = making.expected_of(name)["fields"]
    return {(field, value) for field, values in fields.items() for value in values}


def found(document, codes, *, sure_only=False):
    denial = read_denial(document, codes)
    return {(one.field, one.value) for one in denial.findings if one.sure or not sure_only}


def squashed(pairs):
    """Without the blanks and signs that a picture's reader may lose."""
    return {(field, re.sub(r"[^a-z0-9]", "", value.lower())) for field, value in pairs}


def pdf_of(name):
    return making.pdf_of(making.text_of(name), making.expected_of(name)["layout"])


def test_there_are_many_letters_in_many_layouts():
    kinds = {
        value
        for name in making.NAMES
        for field, value in expected(name)
        if field == "kind_of_notice"
    }
    layouts = {making.expected_of(name)["layout"] for name in making.NAMES}
    assert len(making.NAMES) >= 14
    assert len(kinds) >= 8
    assert layouts == {"prose", "table", "columns", "fax", "receipt"}


@pytest.mark.parametrize("name", making.NAMES)
def test_a_pasted_letter_is_read_in_full_and_nothing_is_added(name, bundled):
    text = making.text_of(name)
    assert found(read_pasted(text), bundled.reject_codes) == expected(name)


@pytest.mark.parametrize("name", making.NAMES)
def test_line_ends_of_a_mail_program_change_nothing(name, bundled):
    text = making.wrapped(making.text_of(name))
    assert found(read_pasted(text), bundled.reject_codes) == expected(name)


@pytest.mark.usefixtures("without_a_child")
@pytest.mark.parametrize("name", making.NAMES)
def test_a_pdf_with_text_is_read_in_full_and_nothing_is_added(name, bundled):
    document = read_document(pdf_of(name), f"{name}.pdf")
    assert all(page.how == "text" for page in document.pages)
    assert found(document, bundled.reject_codes) == expected(name)


@pytest.mark.usefixtures("without_a_child")
@pytest.mark.parametrize("way", PICTURES)
def test_a_picture_is_read_nearly_in_full_and_never_wrongly_sure(way, bundled):
    need(tesseract_program(), "tesseract")
    spoil, names = PICTURES[way]
    wanted = right = 0
    for name in names:
        document = read_document(spoil(pdf_of(name)), f"{name}.pdf")
        assert all(page.how == "ocr" for page in document.pages)
        want = squashed(expected(name))
        wanted += len(want)
        right += len(want & squashed(found(document, bundled.reject_codes)))
        assert squashed(found(document, bundled.reject_codes, sure_only=True)) <= want, name
    assert right >= FEWEST_OF_A_PICTURE * wanted


def test_two_dates_that_differ_are_both_offered_and_neither_is_sure(bundled):
    denial = read_denial(read_pasted(making.text_of("two_dates")), bundled.reject_codes)
    assert [(one.value, one.sure) for one in denial.all("notice_date")] == [
        ("2026-03-02", False),
        ("2026-03-06", False),
    ]


def test_an_approval_is_not_read_as_a_denial(bundled):
    denial = read_denial(read_pasted(making.text_of("approval")), bundled.reject_codes)
    assert denial.decision == "approved"
    assert not denial.all("reason")
    assert not denial.all("appeal_within")


def test_a_spanish_notice_is_named_and_left_alone(bundled):
    denial = read_denial(read_pasted(making.text_of("spanish_notice")), bundled.reject_codes)
    assert denial.findings == ()
    assert denial.decision == "unclear"
    assert denial.notes == ("Page 1 seems to be in Spanish; only English can be read here.",)


def test_a_code_nobody_can_vouch_for_is_found_and_has_no_meaning(bundled):
    denial = read_denial(read_pasted(making.text_of("text_from_pharmacy")), bundled.reject_codes)
    assert denial.values("reject_code") == ("70", "76", "8Z")
    assert [code.code for code in denial.codes] == ["70", "76"]
