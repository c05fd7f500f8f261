"""The packet: what was signed, word for word, in one sealed PDF."""

import io

import pytest
from PIL import Image
from pypdf import PdfReader

from compound_coverage.casework.cases import CaseError
from compound_coverage.casework.signing import Signature
from compound_coverage.letters.packet import Attachment, PacketError


def png(colour="black"):
    held = io.BytesIO()
    Image.new("RGB", (300, 80), colour).save(held, "PNG")
    return held.getvalue()


def confirmed(office, actor, case_id):
    view = office.cases.read(actor, case_id)
    digests = {item.place: item.digest for item in office.review(view.content).items}
    return office.cases.confirm(actor, case_id, view.version, digests).version


@pytest.fixture
def signed_case(office, practice, content):
    case_id = office.cases.create(practice.staff, content)
    office.cases.submit(practice.staff, case_id)
    version = confirmed(office, practice.prescriber, case_id)
    signature = Signature("/s/ Example Prescriber", png())
    office.signing.sign(practice.prescriber, case_id, version, signature)
    return case_id


def text_of(pdf):
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_packet_holds_the_letter_as_it_was_signed(office, practice, signed_case):
    document_id = office.packets.put_together(
        practice.staff, signed_case, attachments=[Attachment("chart.png", png("white"))]
    )
    _, pdf = office.papers.read(practice.staff, document_id)
    told = text_of(pdf)
    assert "/s/ Example Prescriber, MD" in told
    assert "DRAFT" not in told
    found = office.signing.verify(practice.auditor, pdf)
    assert found.as_signed
    assert found.told == (
        "The letter in this packet is as signed by Example Prescriber, MD (NPI 1234567893) "
        "on November 24, 2026 at 09:00 UTC."
    )


def test_a_packet_that_was_changed_is_not_as_signed(office, practice, signed_case):
    document_id = office.packets.put_together(practice.staff, signed_case)
    _, pdf = office.papers.read(practice.staff, document_id)
    assert not office.signing.verify(practice.auditor, pdf + b"\n%").as_signed


def test_a_packet_made_later_still_holds_the_words_that_were_signed(
    office, practice, signed_case, monkeypatch
):
    before = office.packets.put_together(practice.staff, signed_case, cover=False, evidence=False)
    real = office.draft
    changed = lambda content, kind: real(content, "evidence_list")  # noqa: E731
    monkeypatch.setattr(office.packets, "_drafts", changed)
    after = office.packets.put_together(practice.staff, signed_case, cover=False, evidence=False)
    texts = [text_of(office.papers.read(practice.staff, one)[1]) for one in (before, after)]
    assert texts[0] == texts[1]


def test_there_is_no_packet_without_a_signature(office, practice, content):
    case_id = office.cases.create(practice.staff, content)
    with pytest.raises(CaseError, match="sign it first"):
        office.packets.put_together(practice.staff, case_id)


def test_a_letter_changed_after_signing_has_no_packet(office, practice, signed_case):
    view = office.cases.read(practice.staff, signed_case)
    edited = view.content.model_copy(update={"text": "Changed."})
    office.cases.save(practice.staff, signed_case, view.version, edited)
    with pytest.raises(CaseError, match="sign it first"):
        office.packets.put_together(practice.staff, signed_case)


def test_a_paper_that_cannot_be_read_leaves_no_packet(office, practice, signed_case):
    with pytest.raises(PacketError):
        office.packets.put_together(
            practice.staff, signed_case, attachments=[Attachment("a.pdf", b"not a PDF")]
        )
    kinds = {paper.kind for paper in office.cases.read(practice.staff, signed_case).papers}
    assert kinds == {"signed"}
