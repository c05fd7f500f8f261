"""Signing and verifying: only the prescriber of record, only what was vouched for."""

import io
from contextlib import nullcontext

import pytest
from pypdf import PdfReader

from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import Signature
from compound_coverage.casework.states import State


@pytest.fixture
def office(desk, bundled, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    return Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())


@pytest.fixture
def in_review(office, practice, content):
    case_id = office.cases.create(practice.staff, content)
    office.cases.submit(practice.staff, case_id)
    return case_id


def confirm_all(office, actor, case_id):
    view = office.cases.read(actor, case_id)
    items = office.review(view.content).items
    saved = office.cases.confirm(
        actor, case_id, view.version, {item.place: item.digest for item in items}
    )
    return saved.version


TYPED = Signature("/s/ Example Prescriber")


def test_a_letter_is_signed_sealed_and_verified(office, practice, in_review):
    version = confirm_all(office, practice.prescriber, in_review)
    signed = office.signing.sign(practice.prescriber, in_review, version, TYPED)
    assert office.cases.read(practice.staff, in_review).state == State.SIGNED
    _, pdf = office.papers.read(practice.staff, signed.document_id)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert "/s/ Example Prescriber, MD" in text
    assert "DRAFT" not in text
    found = office.signing.verify(practice.auditor, pdf)
    assert found.as_signed
    assert found.told == (
        "This document is as signed by Example Prescriber, MD (NPI 1234567893) "
        "on November 24, 2026 at 09:00 UTC."
    )
