"""Signing and verifying: only the prescriber of record, only what was vouched for."""

import copy
import difflib
import io
import re
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import update

from compound_coverage.casework import pades, people
from compound_coverage.casework.access import Forbidden, Role
from compound_coverage.casework.cases import CaseError
from compound_coverage.casework.content import Content, digest_of
from compound_coverage.casework.keyring import KeyRingError
from compound_coverage.casework.pades import SealCheck, SealError
from compound_coverage.casework.review import review
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import (
    INTENT,
    LARGEST_DRAWING,
    Signature,
    _picture,
    signed_parts,
    verification,
)
from compound_coverage.casework.states import NotNow, State
from compound_coverage.casework.tables import DOCUMENT, DOCUMENT_CONTENT
from compound_coverage.letters.casefile import example_case
from compound_coverage.letters.documents import to_pdf
from compound_coverage.letters.templates import letter_type_named, letter_types, words_of
from tests.casework.conftest import NPI, OTHER_NPI, claims_of
from tests.in_process import look_here


def signed_text(text, name, npi, at):
    return "\n\n".join(part for part in signed_parts(text, name, npi, at) if part) + "\n"


@pytest.fixture
def url(sqlite_url):
    """SQLite alone: what PostgreSQL could do otherwise is tried in test_packets and test_cases."""
    return sqlite_url


@pytest.fixture(autouse=True)
def here(monkeypatch):
    look_here(monkeypatch)


TYPED = Signature("/s/ Example Prescriber")
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DRAFT_MARK = words_of("en").marks["prescriber"]


@pytest.fixture
def begun(office, practice, content):
    """Makes a case, in review, perhaps with another content."""

    def make(**change):
        case_id = office.cases.create(practice.staff, content.model_copy(update=change))
        office.cases.submit(practice.staff, case_id)
        return case_id

    return make


@pytest.fixture
def in_review(begun):
    return begun()


def confirm_all(office, actor, case_id, *, leave=()):
    view = office.cases.read(actor, case_id)
    digests = {item.place: item.digest for item in office.review(view.content).items}
    digests = {place: digest for place, digest in digests.items() if place not in leave}
    return office.cases.confirm(actor, case_id, view.version, digests).version


@pytest.fixture
def sign(office, practice):
    """Confirms everything, and signs."""

    def signed(case_id, signature=TYPED):
        version = confirm_all(office, practice.prescriber, case_id)
        return office.signing.sign(practice.prescriber, case_id, version, signature)

    return signed


@pytest.fixture
def pdf_of(office, practice):
    return lambda signed: office.papers.read(practice.staff, signed.document_id)[1]


def text_of(pdf):
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.split())


def edited(office, content, old, new):
    text = office.review(content).text
    assert old in text
    return text.replace(old, new, 1)


# -- signing -------------------------------------------------------------------------------------


def test_a_letter_is_signed_sealed_and_verified(office, practice, in_review, sign, pdf_of):
    signed = sign(in_review)
    assert office.cases.read(practice.staff, in_review).state == State.SIGNED
    pdf = pdf_of(signed)
    text = text_of(pdf)
    assert "/s/ Example Prescriber, MD" in text
    assert INTENT in text
    assert "DRAFT" not in text
    found = office.signing.verify(practice.auditor, pdf)
    assert found.as_signed
    assert found.told == (
        "This document is as signed by Example Prescriber, MD (NPI 1234567893) "
        "on November 24, 2026 at 09:00 UTC."
    )


def test_a_signature_is_an_intent_an_identity_a_time_and_a_hash(
    office, practice, in_review, sign, clock
):
    signed = sign(in_review)
    (kept,) = office.cases.read(practice.staff, in_review).signatures
    assert kept == signed
    assert (signed.intent, signed.npi) == (INTENT, NPI)
    assert signed.member_id == practice.prescriber.member_id
    assert datetime.fromisoformat(signed.at) == clock.time
    content = office.cases.version_at(practice.staff, in_review, signed.version)
    assert signed.content_digest == digest_of(content.model_dump(mode="json"))
    assert signed.certificate == office.sealer.certificate.fingerprint


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PRESCRIBER])
def test_nobody_but_a_prescriber_signs(office, practice, in_review, role):
    version = confirm_all(office, practice.prescriber, in_review)
    with pytest.raises(Forbidden):
        office.signing.sign(practice.actor(role), in_review, version, TYPED)


@pytest.mark.parametrize("npi", [OTHER_NPI, ""])
def test_another_prescriber_of_the_practice_does_not_sign(office, practice, in_review, npi):
    email = "second@north.example"
    people.add_member(
        office.desk, practice.manager, "Made-up Second", email, [Role.PRESCRIBER], npi
    )
    second = people.sign_in(office.desk, claims_of(email, office.desk.now()), people.Limits())
    version = confirm_all(office, practice.prescriber, in_review)
    with pytest.raises(Forbidden):
        office.signing.sign(second, in_review, version, TYPED)
    assert office.cases.read(practice.staff, in_review).state == State.IN_REVIEW


def test_a_prescriber_with_the_same_npi_in_another_practice_does_not_sign(
    office, practice, other_practice, in_review
):
    twin = replace(other_practice.prescriber, npi=NPI)
    version = confirm_all(office, practice.prescriber, in_review)
    with pytest.raises(Forbidden):
        office.signing.sign(twin, in_review, version, TYPED)


@pytest.mark.parametrize(
    ("typed", "good"),
    [
        ("/s/ Example Prescriber", True),
        ("/S/  example   PRESCRIBER ", True),
        ("/s/\u00a0Example\u00a0Prescriber", True),  # spaces that do not break
        ("Example Prescriber", False),
        ("/s/ Example Prescriber, MD", False),
        ("/s/ Example Patient", False),
        ("/s/", False),
        ("", False),
    ],
)
def test_the_name_is_typed_as_the_letter_has_it(office, practice, in_review, sign, typed, good):
    if good:
        assert sign(in_review, Signature(typed)).name == "Example Prescriber, MD"
        return
    with pytest.raises(CaseError, match="To sign, type exactly: /s/ Example Prescriber"):
        sign(in_review, Signature(typed))
    view = office.cases.read(practice.staff, in_review)
    assert (view.state, view.papers, view.signatures) == (State.IN_REVIEW, (), ())


def test_a_letter_without_a_prescribers_name_is_not_signed(office, begun, content, sign):
    facts = copy.deepcopy(content.facts)
    del facts["prescriber"]["name"]
    gap = re.search(
        r"\*\*\[ MISSING: [^]]*\]\*\*",
        office.review(content.model_copy(update={"facts": facts})).text,
    )
    assert gap is not None
    text = edited(office, content.model_copy(update={"facts": facts}), gap[0], "Somebody")
    case_id = begun(facts=facts, text=text)
    with pytest.raises(CaseError, match="the name in the letter"):
        sign(case_id, Signature("/s/ "))


def test_what_is_not_confirmed_is_named_and_stops_the_signature(office, practice, in_review):
    left = ("medication.strength", "safety.opioids")
    version = confirm_all(office, practice.prescriber, in_review, leave=left)
    with pytest.raises(CaseError, match=r"^Not confirmed yet: 2, the first: 4\.5 mg$"):
        office.signing.sign(practice.prescriber, in_review, version, TYPED)


def test_what_the_staff_found_in_the_chart_is_not_confirmed_by_that(office, practice, in_review):
    view = office.cases.read(practice.staff, in_review)
    digests = {fact.place: fact.digest for fact in office.review(view.content).facts}
    saved = office.cases.mark_chart(practice.staff, in_review, view.version, digests)
    with pytest.raises(CaseError, match=r"^Not confirmed yet: 83"):
        office.signing.sign(practice.prescriber, in_review, saved.version, TYPED)


def test_a_draft_changed_meanwhile_is_looked_at_again_first(office, practice, in_review):
    version = confirm_all(office, practice.prescriber, in_review)
    view = office.cases.read(practice.staff, in_review)
    facts = copy.deepcopy(view.content.facts)
    facts["patient"]["phone"] = "000-555-0199"
    changed = view.content.model_copy(update={"facts": facts})
    saved = office.cases.save(practice.staff, in_review, version, changed)
    with pytest.raises(CaseError, match="changed this draft just now"):
        office.signing.sign(practice.prescriber, in_review, version, TYPED)
    assert office.signing.sign(practice.prescriber, in_review, saved.version, TYPED)


def test_a_letter_that_reads_otherwise_than_it_was_seen_is_not_signed(office, practice, in_review):
    version = confirm_all(office, practice.prescriber, in_review)
    seen = digest_of("The letter as it read yesterday.")
    with pytest.raises(CaseError, match="otherwise than you saw it"):
        office.signing.sign(practice.prescriber, in_review, version, replace(TYPED, seen=seen))
    text = office.review(office.cases.read(practice.staff, in_review).content).text
    seen = digest_of(text)
    assert office.signing.sign(practice.prescriber, in_review, version, replace(TYPED, seen=seen))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"language": "es"}, "a copy to read; sign the English letter"),
        ({"letter_type": "external_review_request"}, "not one that a prescriber signs"),
        ({"letter_type": "evidence_list"}, "not one that a prescriber signs"),
        ({"letter_type": "peer_to_peer_call_sheet"}, "not one that a prescriber signs"),
    ],
)
def test_what_no_prescriber_signs_is_refused(begun, sign, change, told):
    with pytest.raises(CaseError, match=told):
        sign(begun(**change))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Signature: ", "LDN is FDA-approved.\n\nSignature: ", "can't be signed yet: Line"),
        ("Signature: ", "**[ MISSING: this ]**\n\nSignature: ", "still shows 1 gap"),
        ("Signature: ", "\U0001f600\n\nSignature: ", "Write those words in other letters"),
    ],
)
def test_a_letter_that_can_not_stand_is_not_signed(office, begun, content, sign, old, new, told):
    with pytest.raises(CaseError, match=told):
        sign(begun(text=edited(office, content, old, new)))


@pytest.mark.parametrize("state", [State.DRAFT, State.CHANGES_REQUESTED, State.SIGNED])
def test_only_a_letter_in_review_is_signed(office, practice, begun, content, sign, state):
    case_id = office.cases.create(practice.staff, content) if state == State.DRAFT else begun()
    if state == State.CHANGES_REQUESTED:
        office.cases.ask_for_changes(practice.prescriber, case_id, "Mend the dose.")
    if state == State.SIGNED:
        sign(case_id)
    version = office.cases.read(practice.staff, case_id).version
    with pytest.raises(NotNow):
        office.signing.sign(practice.prescriber, case_id, version, TYPED)


def test_a_certificate_that_can_not_be_read_signs_nothing_and_still_lets_files_be_checked(
    office, practice, in_review, sign, pdf_of, tmp_path
):
    pdf = pdf_of(sign(in_review))
    office.settings = Settings(signing_certificate=tmp_path / "none.p12")
    del office.sealer
    found = office.signing.verify(practice.staff, pdf)
    assert found.as_signed
    with pytest.raises(SealError, match="can't be read"):
        office.sealer  # noqa: B018


@pytest.mark.parametrize("opened", ["<!-- ", "```\n", "> ", "| a |\n|---|\n| "])
def test_nothing_left_open_in_the_text_swallows_the_signature(
    office, begun, content, sign, pdf_of, opened
):
    text = edited(office, content, "Signature: ", f"{opened}(made-up example)\n\nSignature: ")
    text_signed = text_of(pdf_of(sign(begun(text=text))))
    assert "Signature: /s/ Example Prescriber, MD" in text_signed
    assert INTENT in text_signed


# -- a drawn signature ---------------------------------------------------------------------------


def drawing(kind="PNG", mode="RGBA", size=(600, 200), **more):
    held = io.BytesIO()
    picture = Image.new(mode, size, 0)
    picture.save(held, kind, **more)
    return held.getvalue()


def claiming(width, height):
    """A PNG of a few bytes that says it is this large."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "picture",
    [
        drawing(),
        drawing(mode="P"),
        drawing(mode="I;16"),
        drawing(mode="1"),
        drawing("JPEG", "RGB"),
        drawing("JPEG", "CMYK"),
        drawing("JPEG", "L", (4000, 3000)),
        drawing(size=(1, 1)),
    ],
    ids=["alpha", "palette", "16 bit", "black and white", "jpeg", "print", "photo", "dot"],
)
def test_a_drawn_signature_becomes_a_small_grey_picture(picture):
    with Image.open(io.BytesIO(_picture(picture))) as made:
        assert made.format == "PNG"
        assert made.mode == "L"
        assert made.width <= 900
        assert made.height <= 300


def test_what_can_be_seen_through_is_paper():
    with Image.open(io.BytesIO(_picture(drawing()))) as made:
        assert made.getextrema() == (255, 255)


def test_a_photo_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # held on its side
    with Image.open(io.BytesIO(_picture(drawing("JPEG", "RGB", (300, 100), exif=exif)))) as made:
        assert (made.width, made.height) == (100, 300)


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (b"not a picture", "can't be read"),
        (b"%PDF-1.7 made-up", "can't be read"),
        (drawing("GIF", "P"), "can't be read"),
        (drawing()[:60], "can't be read"),
        (claiming(7_100, 7_100), "can't be read"),
        (claiming(10_000, 10_000), "can't be read"),
        (claiming(60_000, 60_000), "can't be read"),
        (drawing() + b"\0" * LARGEST_DRAWING, "larger than 5 MB"),
    ],
    ids=["text", "pdf", "gif", "cut off", "50 megapixels", "100", "3600", "6 MB"],
)
def test_what_is_no_fit_picture_is_refused(picture, told):
    with pytest.raises(CaseError, match=told):
        _picture(picture)


@given(st.data())
def test_a_damaged_picture_is_taken_or_refused_and_nothing_else(data):
    good = data.draw(st.sampled_from([drawing(size=(30, 10)), drawing("JPEG", "RGB", (30, 10))]))
    place = data.draw(st.integers(0, len(good) - 1))
    bad = good[:place] + data.draw(st.binary(max_size=8)) + good[place + 1 :]
    try:
        _picture(bad)
    except CaseError:
        return


def test_the_drawing_stands_in_the_document_with_words_for_who_can_not_see_it(
    in_review, sign, pdf_of
):
    pdf = pdf_of(sign(in_review, replace(TYPED, drawn=drawing("JPEG", "RGB"))))
    images = [image for page in PdfReader(io.BytesIO(pdf)).pages for image in page.images]
    assert len(images) == 1
    alternates = [node.get_object().get("/Alt") for node in _structure(PdfReader(io.BytesIO(pdf)))]
    assert "Drawn signature of Example Prescriber, MD" in alternates


def _structure(reader):
    waiting = [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, dict):
            yield node
            kids = node.get("/K", [])
            waiting += kids if isinstance(kids, list) else [kids]


# -- the words that are signed -------------------------------------------------------------------

SIGNED_TYPES = [
    letter.letter_type
    for letter in letter_types("en")
    if letter.mark == DRAFT_MARK and letter.letter_type != "peer_to_peer_call_sheet"
]
TAKEN_OUT = re.compile(
    r"Signature: [\\_]+$|Date signed: [\\_]+$|\*Prepared as a draft |Signature, if required: "
)
PLACE = re.compile(r"^Signature: [\\_]+$", re.MULTILINE)


@pytest.fixture
def written(bundled):
    """The text of a letter, which needs no database."""

    def made(letter_type, facts):
        return review(Content(letter_type=letter_type, facts=facts), bundled, AT.date()).text

    return made


@pytest.fixture(params=SIGNED_TYPES)
def made(request, written):
    """A real letter of each type that a prescriber signs."""
    facts = example_case()
    if request.param == "expedited_appeal":
        facts["request"] |= {"urgency": "expedited", "urgent_reason": "Made-up reason."}
    return written(request.param, facts)


def test_every_letter_that_bears_the_prescribers_mark_is_known_here():
    call_sheet = letter_type_named("peer_to_peer_call_sheet", "en")
    assert call_sheet.signer.startswith("Nobody")
    for name in SIGNED_TYPES:
        assert "rescriber" in letter_type_named(name, "en").signer


def test_the_blank_signature_is_replaced_once_and_all_else_stays_word_for_word(made):
    assert len(PLACE.findall(made)) == 1
    signed = signed_text(made, "Example Prescriber, MD", NPI, AT)
    assert signed.count("/s/ Example Prescriber, MD") == 1
    assert signed.count(INTENT) == 1
    assert not PLACE.search(signed)
    assert "draft" not in signed.casefold()
    before, _, after = signed.partition("Signature: **/s/")
    kept = (before + after.partition(f"*{INTENT}*")[2]).splitlines()
    added, gone = changes(made.splitlines(), kept)
    assert set(added) <= {"Signature, if required: see the electronic signature at the end"}
    assert [line for line in gone if not TAKEN_OUT.match(line)] == []


def changes(old, new):
    """The lines that came and the lines that went, blank ones aside."""
    told = [line for line in difflib.ndiff(old, new) if line[2:].strip()]
    return [[line[2:] for line in told if line.startswith(sign)] for sign in ("+ ", "- ")]


def test_no_blank_of_the_prescribers_signature_is_left(made):
    signed = signed_text(made, "Example Prescriber, MD", NPI, AT)
    left = [line for line in signed.splitlines() if "ignature" in line and r"\_" in line]
    # the patient's own, the one of whoever asks Medicare, and one that is not asked for
    theirs = ("Signature of the patient", "Signature: ", "Prescriber's signature, if expedited")
    assert all(line.startswith(theirs) for line in left)
    alone = [line for line in left if line.startswith("Signature: ")]
    assert all("Date: " in line for line in alone)


def test_the_prescribers_signature_of_an_urgent_texas_request_is_not_left_blank(written):
    facts = example_case()
    facts["request"] |= {"urgency": "expedited", "urgent_reason": "Made-up reason."}
    text = written("form_texas_prior_authorization", facts)
    signed = signed_text(text, "Example Prescriber, MD", NPI, AT)
    where = "see the electronic signature at the end"
    assert f"Prescriber's signature, if expedited: {where}" in signed
    assert f"Signature, if required: {where}" in signed


def test_the_patients_own_places_to_sign_stay(written):
    text = written("internal_appeal", example_case())
    signed = signed_text(text, "Example Prescriber, MD", NPI, AT)
    assert "Signature of the patient or representative: \\_" in signed
    assert signed.count("Date signed: \\_") == 1


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("# Letter\n\nDear plan.\n", "# Letter\n\nDear plan.\n\n## Signature\n\n"),
        ("", "## Signature\n\n"),
        ("*An own remark.*", "*An own remark.*\n\n## Signature\n\n"),
    ],
)
def test_a_letter_whose_place_to_sign_was_taken_out_is_signed_at_its_end(text, before):
    signed = signed_text(text, "Example *Prescriber*", NPI, AT)
    assert signed.startswith(f"{before}Signature: **/s/ Example \\*Prescriber\\***\n")


def test_an_own_remark_behind_the_signature_stays():
    text = "Dear plan.\n\nSignature: \\_\\_\n\nDate signed: \\_\\_\n\n*With a copy to the patient.*"
    signed = signed_text(text, "Example Prescriber", NPI, AT)
    assert signed.endswith(f"*{INTENT}*\n\n*With a copy to the patient.*\n")


# -- verifying -----------------------------------------------------------------------------------


def test_an_edit_makes_an_unsigned_version_and_the_signed_one_still_verifies(
    office, practice, in_review, sign, pdf_of
):
    signed = sign(in_review)
    pdf = pdf_of(signed)
    view = office.cases.read(practice.staff, in_review)
    facts = copy.deepcopy(view.content.facts)
    facts["medication"]["strength"] = "3 mg"
    changed = view.content.model_copy(update={"facts": facts})
    saved = office.cases.save(practice.staff, in_review, view.version, changed)
    after = office.cases.read(practice.staff, in_review)
    assert after.state == State.DRAFT
    assert saved.version > signed.version
    assert [one.version for one in after.signatures] == [signed.version]
    assert office.signing.verify(practice.staff, pdf).as_signed
    office.cases.submit(practice.staff, in_review)
    with pytest.raises(CaseError, match=r"^Not confirmed yet: 1, the first: 3 mg$"):
        office.signing.sign(practice.prescriber, in_review, saved.version, TYPED)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda pdf: pdf + b"\n",
        lambda pdf: pdf + b"\n%%EOF\n",
        lambda pdf: pdf.replace(b"/Title", b"/Tittl", 1),
        lambda pdf: (
            pdf[: len(pdf) // 2] + bytes([pdf[len(pdf) // 2] ^ 1]) + pdf[len(pdf) // 2 + 1 :]
        ),
    ],
    ids=["a byte more", "an end more", "another title", "one bit"],
)
def test_a_changed_document_is_never_fine(office, practice, in_review, sign, pdf_of, tamper):
    pdf = pdf_of(sign(in_review))
    changed = tamper(pdf)
    assert changed != pdf
    found = office.signing.verify(practice.staff, changed)
    assert not found.as_signed
    assert found.signed is None
    assert "changed" in found.told or "no seal" in found.told
    assert found.seal.problems


@pytest.mark.parametrize("pdf", [b"", b"not a PDF", b"%PDF-1.7 made-up"])
def test_a_file_without_a_seal_says_so(office, practice, pdf):
    found = office.signing.verify(practice.staff, pdf)
    assert not found.as_signed
    assert found.told == "This document holds no seal: nothing shows that anybody signed it here."


def test_a_document_of_another_practice_is_not_on_record_here(
    office, practice, other_practice, in_review, sign, pdf_of
):
    pdf = pdf_of(sign(in_review))
    found = office.signing.verify(other_practice.staff, pdf)
    assert not found.as_signed
    assert found.signed is None
    assert found.told.startswith("This practice has no record of this document.")


def test_a_seal_anybody_could_make_never_makes_a_document_as_signed(
    office, practice, in_review, sign, pdf_of
):
    draft = office.review(office.cases.read(practice.staff, in_review).content)
    forger = pades.load_certificate(pades.make_trial_certificate("Forger", "x", AT), "x")
    pdf, _ = to_pdf(draft.text, "Letter", "en", "")
    forged = pades.seal(
        pdf, forger, signer_name="Example Prescriber, MD", npi=NPI, reason=INTENT, at=AT
    )
    found = office.signing.verify(practice.staff, forged)
    assert not found.as_signed
    assert "Example Prescriber" not in found.told
    assert "does not show who signed it" in found.told


@pytest.mark.parametrize("role", [Role.ADVOCATE])
def test_who_has_no_part_in_casework_checks_nothing(office, practice, role):
    with pytest.raises(Forbidden):
        office.signing.verify(practice.actor(role), b"%PDF-1.7")


def test_a_stored_document_changed_in_the_database_is_refused(
    office, practice, in_review, sign, pdf_of, desk
):
    signed = sign(in_review)
    mine = DOCUMENT.c.document_id == signed.document_id
    with desk.operating() as connection:
        other = desk.ring.seal(b"%PDF-1.7 another", DOCUMENT_CONTENT.place("another-document"))
        connection.execute(update(DOCUMENT).where(mine).values(content=other))
    with pytest.raises(KeyRingError):
        pdf_of(signed)


def test_a_record_whose_seal_is_broken_is_not_as_signed(in_review, sign):
    signed = sign(in_review)
    found = verification(SealCheck(found=True, intact=False), signed)
    assert (found.as_signed, found.told) == (
        False,
        "This document was signed here, but its seal is broken.",
    )
