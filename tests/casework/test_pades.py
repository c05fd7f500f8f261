"""The practice's seal on a letter: made, carried unharmed, and every meddling found."""

import asyncio
import io
import json
import logging
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pikepdf
import pypdf
import pytest
from asn1crypto import pkcs12 as asn1_pkcs12  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf

from compound_coverage.casework import pades
from compound_coverage.casework.pades import (
    ADDED,
    BAD_TRUSTED,
    CHANGED,
    IS_TRIAL,
    MORE_THAN_ONE,
    NO_SEAL,
    NOT_TRUSTED,
    OUT_OF_DATE,
    TOO_WEAK,
    UNREADABLE,
    SealError,
    check,
    load_certificate,
    make_trial_certificate,
    seal,
)
from compound_coverage.letters.documents import to_pdf
from compound_coverage.letters.pages import DAMAGED, LOCKED, NOT_A_PDF, TOO_LARGE, PageError, serve
from tests.casework.conftest import open_certificates_at_once
from tests.conftest import need

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
PRACTICE = "Example Family Practice"
PASSPHRASE = "a made-up passphrase"
WORDS = {
    "signer_name": "Dr. Zoë Example",
    "npi": "1000000004",
    "reason": "I read this letter and signed it.",
}


def made_p12(key=None, *, issuer=None, usage=True, days=(-1, 365), kept_key=True, name=PRACTICE):
    """A PKCS#12 file of a practice, and its certificate; self-signed without an issuer."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuing_key, issuing_name = issuer or (key, _name(name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuing_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    if usage is not None:
        builder = builder.add_extension(
            x509.KeyUsage(usage, False, not usage, False, False, False, False, False, False), True
        )
    digest = None if isinstance(issuing_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    certificate = builder.sign(issuing_key, digest)
    p12 = pkcs12.serialize_key_and_certificates(
        b"seal",
        key if kept_key else None,
        certificate,
        None,
        BestAvailableEncryption(PASSPHRASE.encode()),
    )
    return p12, certificate


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def checked(pdf, trusted=()):
    """``check`` with its child's work done in this process: as strict, and quick."""

    def here(work, data, **options):
        answers = io.BytesIO()
        request = json.dumps({"work": work, "options": options}).encode() + b"\n"
        serve(io.BytesIO(request + data), answers)
        answer = json.loads(answers.getvalue())
        if "fault" in answer:
            raise PageError(answer["fault"])
        return answer["result"]

    with patch.object(pades, "apart", here):
        return check(pdf, trusted)


def holds(told):
    return told.found and told.intact and told.whole


@pytest.fixture(scope="module")
def letter():
    text = "# Letter\n\nExample Patient needs it.\n\n- one\n- two\n\n/s/ Zoë Example"
    pdf, warnings = to_pdf(text, "Letter of need", "es", "")
    assert warnings == []
    return pdf


@pytest.fixture(scope="module")
def trial_file():
    return make_trial_certificate(PRACTICE, PASSPHRASE, NOW)


@pytest.fixture(scope="module")
def trial(trial_file):
    return load_certificate(trial_file, PASSPHRASE)


@pytest.fixture(scope="module")
def sealed(letter, trial):
    return seal(letter, trial, **WORDS, at=NOW)


@pytest.fixture(scope="module")
def gap(sealed):
    """Where the hexadecimal string of the signature begins and ends."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) ", sealed)
    assert found
    return int(found[1]), int(found[2])


# -- a sealed letter ---------------------------------------------------------------------------


def test_a_sealed_letter_verifies_and_says_whose_it_is(sealed):
    told = check(sealed)
    assert holds(told)
    assert {name: getattr(told, name) for name in WORDS} == WORDS
    assert told.at == NOW
    assert told.certificate
    assert told.certificate.subject == f"TRIAL certificate, identity not checked: {PRACTICE}"


def test_a_trial_certificate_is_named_as_one_and_never_trusted(sealed, trial):
    der = trial.signer.signing_cert.dump()
    for trusted in ((), (der,)):
        told = checked(sealed, trusted)
        assert told.certificate == trial.certificate
        assert told.certificate.trial
        assert not told.trusted
        assert told.problems == (IS_TRIAL,)
    assert "identity not checked" in IS_TRIAL


def test_the_seal_is_pades_certified_without_changes_and_dated_by_the_caller(sealed):
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        held = pdf.Root.AcroForm.Fields[0].V
        assert held.SubFilter == "/ETSI.CAdES.detached"
        assert str(held.M) == "D:20261124170000Z"
        assert str(held.Name) == WORDS["signer_name"]
        assert str(held.ContactInfo) == "NPI 1000000004"
        assert pdf.Root.Perms.DocMDP.objgen == held.objgen
        assert held.Reference[0].TransformParams.P == 1
        assert b"signing_time" not in bytes(held.Contents)


def test_a_time_in_another_zone_is_written_in_utc(letter, trial):
    here = NOW.astimezone(datetime.strptime("-0500", "%z").tzinfo)
    assert checked(seal(letter, trial, **WORDS, at=here)).at == NOW


def test_sealing_only_adds_behind_the_letter_and_leaves_its_text(letter, sealed):
    assert sealed.startswith(letter)

    def text(data):
        return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]

    assert text(sealed) == text(letter)
    assert "/s/ Zoë Example" in text(sealed)[0]


def test_a_sealed_letter_is_still_tagged_titled_and_in_its_language(letter, sealed):
    with pikepdf.open(io.BytesIO(letter)) as before, pikepdf.open(io.BytesIO(sealed)) as after:
        assert after.Root.StructTreeRoot.objgen == before.Root.StructTreeRoot.objgen
        assert str(after.Root.Lang) == str(before.Root.Lang) == "es"
        assert bool(after.Root.MarkInfo.Marked)
        assert bool(after.Root.ViewerPreferences.DisplayDocTitle)
        assert str(after.docinfo.Title) == "Letter of need"
        metadata = after.open_metadata()
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == "Letter of need"
        assert "/Version" not in after.Root  # PDF/UA-1 is a PDF 1.7
        page = after.pages[0].obj
        assert page.Tabs == "/S"
        (widget,) = page.Annots
        assert int(widget.F) & 2  # hidden, so it needs no tag
        assert str(widget.TU)


def test_two_prescribers_seal_two_letters_each_in_their_own_name(letter, sealed, trial):
    other = {"signer_name": "Dr. Other Example", "npi": "1000000012", "reason": "Signed."}
    told = checked(seal(letter, trial, **other, at=NOW))
    assert (told.signer_name, told.npi) == ("Dr. Other Example", "1000000012")
    assert checked(sealed).signer_name == WORDS["signer_name"]


def test_poppler_finds_the_seal_valid(sealed, tmp_path):
    need(shutil.which("pdfsig"), "poppler's pdfsig")
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed)
    out = subprocess.run(["pdfsig", path], capture_output=True, text=True).stdout
    assert "Signature is Valid" in out
    assert "Total document signed" in out


def test_nothing_is_logged_of_a_seal(letter, trial, caplog):
    with caplog.at_level(logging.DEBUG):
        made = seal(letter, trial, **WORDS, at=NOW)
        checked(made.replace(b"/Subtype /Widget", b"/Subtype /Widgex"))
    assert [one for one in caplog.records if one.name.startswith("pyhanko")] == []


# -- meddling ----------------------------------------------------------------------------------


def with_byte(pdf, place, value):
    return pdf[:place] + bytes([value]) + pdf[place + 1 :]


def test_one_changed_byte_is_found_wherever_it_is(sealed, gap):
    before, after = gap
    places = {*range(0, len(sealed), len(sealed) // 40), 0, before - 1, before, after - 1, after}
    for place in sorted(places | {len(sealed) - 1}):
        assert not holds(checked(with_byte(sealed, place, sealed[place] ^ 1))), place


def test_one_changed_byte_of_the_signature_itself_is_found(sealed, gap):
    before, _ = gap
    # its versions and digest are in the first 60 bytes; nothing signs these
    for place in range(before, before + 120):
        for value in b"01fF":
            if sealed[place] != value:
                assert not holds(checked(with_byte(sealed, place, value))), (place, value)


def test_the_child_process_finds_a_changed_letter_too(sealed):
    told = check(with_byte(sealed, 5_000, sealed[5_000] ^ 1))
    assert told.found
    assert not told.intact
    assert told.whole
    assert told.problems == (CHANGED, IS_TRIAL)


@given(data=st.data())
def test_any_changed_byte_is_found(sealed, data):
    place = data.draw(st.integers(0, len(sealed) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != sealed[place]))
    assert not holds(checked(with_byte(sealed, place, value)))


def with_update(pdf):
    """The file with another language, added behind it as PDF allows."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.root["/Lang"] = TextStringObject("en")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "added",
    [
        with_update,
        lambda pdf: pdf + b"\n",
        lambda pdf: pdf + b"\n% a remark\n" + pdf[pdf.rindex(b"startxref") :],
    ],
    ids=["an update", "a line end", "a remark"],
)
def test_what_is_added_behind_the_seal_is_found(sealed, added):
    told = checked(added(sealed))
    assert told.intact
    assert not told.whole
    assert ADDED in told.problems


def test_a_letter_saved_anew_by_another_program_no_longer_holds(sealed):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        pdf.save(out)
    assert not holds(checked(out.getvalue()))


def test_room_won_by_writing_the_signature_in_another_notation_is_found(sealed, gap):
    """A literal string takes half the room, so a reader that only counts may be led astray."""
    before, after = gap
    start = sealed.rindex(b"startxref")
    signature = bytes.fromhex(sealed[before + 1 : after - 1].decode())
    size = after - before - 2
    for length in range(len(signature), size):
        escaped = re.sub(rb"([()\\])", rb"\\\1", signature.ljust(length, b"\0"))
        escaped = escaped.replace(b"\r", b"\\r")
        if len(escaped) == size:
            break
    forged = sealed[:before] + b"(" + escaped + b")" + sealed[after:]
    room = 2 * length + 2 - (after - before)
    tail = b"\n" + sealed[start:]
    forged += b"\n%".ljust(room - len(tail), b" ") + tail
    told = checked(forged)
    assert told.intact
    assert not told.whole


def test_a_cut_off_file_and_a_broken_signature_are_said_to_be_so(sealed, gap):
    before, after = gap
    assert checked(sealed[: len(sealed) // 2]).problems == (DAMAGED,)
    junk = sealed[: before + 1] + b"0" * (after - before - 2) + sealed[after - 1 :]
    told = checked(junk)
    assert told.found
    assert told.problems == (UNREADABLE,)


# -- other people's signatures -----------------------------------------------------------------


def signed_by(pdf, sealer, field, **settings):
    meta = PdfSignatureMetadata(field_name=field, **settings)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    # in a thread: a browser's test may have left an event loop running in this one
    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        return elsewhere.submit(sign_pdf, writer, meta, sealer.signer).result().getvalue()


def test_a_second_signer_is_told_and_the_first_no_longer_covers_the_file(letter, trial):
    other = load_certificate(made_p12(name="Another Practice")[0], PASSPHRASE)
    once = signed_by(letter, other, "First", name="First Example")
    assert holds(checked(once))
    told = checked(signed_by(once, trial, "Second", name="Second Example"))
    assert told.signer_name == "First Example"
    assert told.npi == ""
    assert told.intact
    assert not told.whole
    assert {ADDED, NOT_TRUSTED, MORE_THAN_ONE} <= set(told.problems)


def test_a_signature_by_a_weak_method_is_not_relied_on(letter):
    other = load_certificate(made_p12(rsa.generate_private_key(65537, 2048))[0], PASSPHRASE)
    told = checked(signed_by(letter, other, "Weak", md_algorithm="sha1"))
    assert told.found
    assert not told.intact
    assert TOO_WEAK in told.problems


def test_a_sealed_letter_is_not_sealed_again(sealed, trial):
    with pytest.raises(SealError, match="signed already"):
        seal(sealed, trial, **WORDS, at=NOW)


# -- trust -------------------------------------------------------------------------------------


def test_a_certificate_of_a_trusted_issuer_or_one_trusted_itself_is_believed(letter):
    issuing_key = rsa.generate_private_key(65537, 2048)
    issuer = (
        x509.CertificateBuilder()
        .subject_name(_name("Example Issuer"))
        .issuer_name(_name("Example Issuer"))
        .public_key(issuing_key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(NOW + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(issuing_key, hashes.SHA256())
    )
    key = rsa.generate_private_key(65537, 2048)
    p12, own = made_p12(key, issuer=(issuing_key, issuer.subject))
    made = seal(letter, load_certificate(p12, PASSPHRASE), **WORDS, at=NOW)
    for trusted in (issuer, own):
        for encoding in (Encoding.DER, Encoding.PEM):
            told = checked(made, [trusted.public_bytes(encoding)])
            assert holds(told)
            assert told.trusted
            assert told.problems == ()
            assert not told.certificate.trial
            assert told.certificate.issuer == "Example Issuer"
    stranger = made_p12()[1].public_bytes(Encoding.DER)
    for trusted in ((), (stranger,)):
        told = checked(made, trusted)
        assert holds(told)
        assert not told.trusted
        assert told.problems == (NOT_TRUSTED,)
    changed = checked(with_byte(made, 5_000, made[5_000] ^ 1), [own.public_bytes(Encoding.DER)])
    assert not changed.trusted


def test_a_seal_from_a_day_its_certificate_was_not_valid_is_not_trusted(letter):
    p12, own = made_p12(days=(-30, -10))
    sealer = load_certificate(p12, PASSPHRASE)
    passed = replace(
        sealer, certificate=replace(sealer.certificate, not_after=NOW + timedelta(days=1))
    )
    told = checked(seal(letter, passed, **WORDS, at=NOW), [own.public_bytes(Encoding.DER)])
    assert holds(told)
    assert not told.trusted
    assert OUT_OF_DATE in told.problems


def test_a_trusted_certificate_that_cannot_be_read_is_told(sealed):
    told = checked(sealed, [b"no certificate", b"-----BEGIN nothing"])
    assert holds(told)
    assert told.problems == (IS_TRIAL, BAD_TRUSTED)
    assert check(b"", [b""]).problems == (NOT_A_PDF, BAD_TRUSTED)


# -- certificates ------------------------------------------------------------------------------


def test_a_trial_certificate_says_so_in_its_name_and_lasts_a_year(trial, monkeypatch):
    open_certificates_at_once(monkeypatch)
    long = "Éxample Practice of Very Many Words, Its Partners, Its Heirs, and Its Neighbors"
    sealer = load_certificate(make_trial_certificate(long, "x", NOW), "x")
    for told in (trial.certificate, sealer.certificate):
        assert told.subject.startswith("TRIAL certificate, identity not checked: ")
        assert told.issuer == told.subject
        assert told.not_before == NOW
        assert told.not_after == NOW + timedelta(days=365)
        assert told.trial
    held = sealer.signer.signing_cert
    assert held
    assert held.key_usage_value.native == {"digital_signature", "non_repudiation"}
    assert "SimpleSigner" not in repr(sealer)


def test_the_key_of_a_trial_certificate_takes_long_to_open(trial_file):
    certificates, keys = asn1_pkcs12.Pfx.load(trial_file).authenticated_safe
    (key,) = asn1_pkcs12.SafeContents.load(keys["content"].native)
    locks = (
        certificates["content"]["encrypted_content_info"]["content_encryption_algorithm"],
        key["bag_value"]["encryption_algorithm"],
    )
    assert [lock.kdf_iterations for lock in locks] == [600_000, 600_000]


@pytest.mark.parametrize(
    ("p12", "passphrase", "said"),
    [
        (lambda: made_p12()[0], "wrong", "passphrase of the certificate is wrong"),
        (lambda: made_p12()[0], "", "passphrase of the certificate is wrong"),
        (lambda: b"", PASSPHRASE, "not a PKCS#12 file"),
        (lambda: b"%PDF-1.7", PASSPHRASE, "not a PKCS#12 file"),
        (lambda: made_p12()[0][:-40], PASSPHRASE, "not a PKCS#12 file"),
        (lambda: made_p12(kept_key=False)[0], PASSPHRASE, "holds no private key"),
        (lambda: made_p12(usage=False)[0], PASSPHRASE, "not for signing"),
        (
            lambda: made_p12(ed25519.Ed25519PrivateKey.generate())[0],
            PASSPHRASE,
            "neither RSA nor EC",
        ),
    ],
)
def test_a_certificate_file_that_cannot_seal_is_refused_in_one_sentence(p12, passphrase, said):
    with pytest.raises(SealError, match=re.escape(said)) as refused:
        load_certificate(p12(), passphrase)
    assert PASSPHRASE not in str(refused.value)


def test_a_key_of_another_certificate_is_refused():
    held = pkcs12.load_pkcs12(made_p12()[0], PASSPHRASE.encode())
    mixed = pkcs12.PKCS12KeyAndCertificates(ec.generate_private_key(ec.SECP256R1()), held.cert, [])
    with (
        patch.object(pkcs12, "load_pkcs12", return_value=mixed),
        pytest.raises(SealError, match="doesn't belong"),
    ):
        load_certificate(b"", PASSPHRASE)


def test_a_certificate_without_a_stated_use_may_seal(letter):
    sealer = load_certificate(made_p12(usage=None)[0], PASSPHRASE)
    assert holds(checked(seal(letter, sealer, **WORDS, at=NOW)))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW + timedelta(days=366), "expired on 2027-11-24"),
        (NOW - timedelta(seconds=1), "not valid before 2026-11-24"),
        (NOW.replace(tzinfo=None), "no time zone"),
    ],
)
def test_a_letter_is_not_sealed_at_a_wrong_time(letter, trial, at, said):
    with pytest.raises(SealError, match=said):
        seal(letter, trial, **WORDS, at=at)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"npi": "1000000005"}, "check digit of NPI"),
        ({"npi": ""}, "not an NPI"),
        ({"signer_name": " \u202e "}, "name of the signer is empty"),
        ({"reason": ""}, "reason for signing is empty"),
        ({"reason": "x" * 301}, "longer than 300"),
    ],
)
def test_a_seal_names_a_prescriber_and_a_reason(letter, trial, words, said):
    with pytest.raises(SealError, match=said):
        seal(letter, trial, **{**WORDS, **words}, at=NOW)


@pytest.mark.parametrize(("practice", "passphrase"), [("", "x"), (" ", "x"), (PRACTICE, "")])
def test_a_trial_certificate_needs_a_practice_and_a_passphrase(practice, passphrase):
    with pytest.raises(SealError, match="is empty"):
        make_trial_certificate(practice, passphrase, NOW)


# -- files that are no sealed letters ----------------------------------------------------------


def locked(letter):
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user=""))
    return out.getvalue()


def test_a_file_without_a_readable_seal_says_why(letter):
    cases = {
        NO_SEAL: letter,
        NOT_A_PDF: b"MZ",
        DAMAGED: b"%PDF-1.7\n",
        LOCKED: locked(letter),
        TOO_LARGE: b"%PDF-1.7".ljust(25_000_001),
    }
    for said, pdf in cases.items():
        told = check(pdf)
        assert not told.found
        assert told.problems == (said,)
    for said in (NO_SEAL, LOCKED, DAMAGED):
        assert checked(cases[said]) == check(cases[said])


def test_a_signature_without_a_date_has_none(sealed):
    told = checked(sealed.replace(b"\n/M (D", b"\n/X (D"))
    assert told.found
    assert told.at is None
    assert told.problems == (CHANGED, IS_TRIAL)


def test_a_file_that_cannot_be_sealed_says_why(letter, trial):
    cases = {
        "locked": locked(letter),
        "damaged": b"%PDF-1.7\n",
        "larger than 25 MB": b"%PDF-1.7".ljust(25_000_001),
    }
    for said, pdf in cases.items():
        with pytest.raises(SealError, match=said):
            seal(pdf, trial, **WORDS, at=NOW)


@given(st.binary(max_size=400), st.text(max_size=9))
def test_any_bytes_that_are_no_certificate_file_are_refused_as_such(data, passphrase):
    with pytest.raises(SealError):
        load_certificate(data, passphrase)


@given(st.binary(max_size=400), st.booleans())
def test_checking_never_raises_for_any_bytes(data, headed):
    told = checked(b"%PDF-1.7\n" + data if headed else data)
    assert not told.found
    assert told.problems


@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=30)),
        min_size=1,
        max_size=6,
    ),
    late=st.booleans(),
)
def test_checking_never_raises_for_a_mangled_letter(sealed, letter, edits, late):
    mangled = sealed
    for where, cut, put in edits:
        low = len(letter) if late else 0
        place = low + int(where * max(0, len(mangled) - low))
        mangled = mangled[:place] + put + mangled[place + cut :]
    told = checked(mangled)
    assert mangled == sealed or (told.problems and not holds(told))


@given(
    st.sampled_from(
        [b"/ByteRange", b"/Contents", b"/M ", b"/Name", b"/V 4", b"/Fields", b"/Reason"]
    ),
    st.sampled_from([b"null", b"-1", b"[ ]", b"<< >>", b"(\\377\\376)", b"/X", b"<00>", b"1 0 R"]),
)
def test_checking_never_raises_for_values_of_a_wrong_kind(sealed, key, value):
    place = sealed.rindex(key)
    told = checked(sealed[:place] + key + b" " + value + b" " + sealed[place + len(key) :])
    assert told.problems
    assert not holds(told)


def test_sealing_works_inside_a_running_event_loop(letter, trial):
    async def within():
        return seal(letter, trial, **WORDS, at=NOW)

    # in a thread: another test may have left a loop running in this one
    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        assert check(elsewhere.submit(asyncio.run, within()).result()).intact
