"""The practice's digital seal on a finished letter: a PAdES signature, made and checked offline.

The prescriber's own ``/s/ Name`` is printed in the letter. The seal is made with the certificate
of the practice; it shows that the file is unchanged since, and names the prescriber it was sealed
for. No time server and no revocation list is asked, so the time of a seal is the word of the
program that made it. Source of the format: ETSI EN 319 142-1, baseline level B-B, and
ISO 32000-2, 12.8.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import cms, keys  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.fields import (
    InvisSigSettings,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    enumerate_sig_fields,
)
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from compound_coverage.language import to_say
from compound_coverage.letters.codes import check_npi
from compound_coverage.letters.pages import LARGEST_FILE, LOCKED, PageError, apart
from compound_coverage.letters.text import clean, one_line

# what they log holds names of signers and parts of letters
for _logger in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_logger).setLevel(logging.CRITICAL + 1)

TRIAL = "TRIAL certificate, identity not checked: "
ROUNDS = 600_000  # PBKDF2 with SHA-256, as OWASP's password storage cheat sheet advises
LONGEST_NAME = 64  # of a certificate's name part, RFC 5280 appendix A.1
LONGEST_LINE = 300
FIELD = "Seal"
WEAK = (
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
)

NO_SEAL = to_say("The PDF has no digital seal.")
UNREADABLE = to_say(
    "The PDF has a digital seal that can't be read; ask for the file as it was sealed."
)
CHANGED = to_say(
    "The file was changed after it was sealed, or its seal is damaged; don't rely on it."
)
ADDED = to_say(
    "The seal does not cover the whole file: something was added or altered after sealing; ask "
    "for the file as it was sealed."
)
MORE_THAN_ONE = to_say("The PDF holds more than one signature; only the first is described here.")
IS_TRIAL = to_say(
    "The seal was made with a TRIAL certificate, identity not checked: it proves no sender."
)
NOT_TRUSTED = to_say(
    "The certificate of the seal is none that you trust, identity not checked: the name in it may "
    "be anybody's."
)
OUT_OF_DATE = to_say("The certificate was not valid on the day the seal says it was made.")
TOO_WEAK = to_say("The seal uses a method that is too weak today; don't rely on it.")
BAD_TRUSTED = to_say(
    "A certificate on the list of trusted ones can't be read; put it on the list again."
)


class SealError(ValueError):
    """A certificate or a file that can't be used to seal. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whose seal it is, in the words of the certificate itself."""

    subject: str
    issuer: str
    fingerprint: str  # SHA-256 in hexadecimal
    not_before: datetime
    not_after: datetime
    trial: bool


@dataclass(frozen=True, slots=True)
class Sealer:
    """A practice's certificate with its opened private key, which is kept in memory only."""

    certificate: Certificate
    signer: SimpleSigner = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealCheck:
    """What a file's seal says, and whether it may be believed.

    ``intact``: what was sealed is unchanged. ``whole``: the seal covers every byte of the file.
    ``trusted``: the certificate leads to one of those the caller trusts; a trial one never does.
    The names, the time and the certificate are worth no more than these three.
    """

    found: bool
    intact: bool = False
    whole: bool = False
    signer_name: str = ""
    npi: str = ""
    reason: str = ""
    at: datetime | None = None
    certificate: Certificate | None = None
    trusted: bool = False
    problems: tuple[str, ...] = ()


# -- the certificate ---------------------------------------------------------------------------


def make_trial_certificate(practice: str, passphrase: str, now: datetime) -> bytes:
    """A PKCS#12 file with a self-signed certificate for trying out, valid for a year.

    Its name says that it is a trial. Raises SealError if the practice or the passphrase is empty,
    or ``now`` has no time zone.
    """
    name = _line(practice, "name of the practice")
    if not passphrase:
        raise SealError("The passphrase of the certificate is empty; choose one.")
    begins = _utc(now).replace(microsecond=0)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COMMON_NAME, _shortened(TRIAL + name)),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, _shortened(name)),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signs_documents(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    locked = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, locked)


def load_certificate(p12: bytes, passphrase: str) -> Sealer:
    """The certificate and private key of a PKCS#12 file, ready to seal.

    Raises SealError if the file is no PKCS#12 file, the passphrase is wrong, there is no private
    key or no certificate to it, or the certificate is not for signing documents.
    """
    held = _opened_p12(p12, passphrase)
    if held.key is None or held.cert is None:
        raise SealError(
            "The certificate file holds no private key; export the certificate with its key."
        )
    if not isinstance(held.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SealError("The certificate's key is neither RSA nor EC; ask for one of these.")
    certificate = held.cert.certificate
    if held.key.public_key() != certificate.public_key():
        raise SealError("The private key doesn't belong to the certificate; export both again.")
    _need_signing_use(certificate)
    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    chain.register_multiple([_as_asn1(other.certificate) for other in held.additional_certs])
    private = held.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = SimpleSigner(_as_asn1(certificate), keys.PrivateKeyInfo.load(private), chain)
    return Sealer(_certificate(certificate), signer)


def _opened_p12(p12: bytes, passphrase: str) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(p12, passphrase.encode())
    except Exception as error:  # a damaged file may fail in many ways
        if "password" in str(error):
            raise SealError("The passphrase of the certificate is wrong; type it again.") from None
        raise SealError(
            "The certificate is not a PKCS#12 file (.p12 or .pfx); choose that file."
        ) from None


def _need_signing_use(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise SealError("The certificate is not for signing; ask for one that may sign documents.")


def _signs_documents() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(certificate: x509.Certificate) -> Certificate:
    subject = _called(certificate.subject)
    return Certificate(
        subject=subject,
        issuer=_called(certificate.issuer),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        trial=subject.startswith(TRIAL.strip()),
    )


def _called(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return _shown(str(common[0].value) if common else name.rfc4514_string())


def _as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


# -- sealing -----------------------------------------------------------------------------------


class _Signer(PdfSigner):
    """pyHanko's signer, with the time of the caller, that leaves the file a PDF 1.7."""

    def __init__(
        self, meta: PdfSignatureMetadata, signer: SimpleSigner, spec: SigFieldSpec, at: datetime
    ) -> None:
        super().__init__(meta, signer, new_field_spec=spec)
        self.at = at

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session

    def register_extensions(
        self,
        pdf_out: BasePdfFileWriter,
        *,
        md_algorithm: str,  # noqa: ARG002
    ) -> None:
        # for an EC key pyHanko would call the file a PDF 2.0, which PDF/UA-1 doesn't know
        pdf_out.register_extension(ESIC_EXTENSION_1)


def seal(
    pdf: bytes, sealer: Sealer, *, signer_name: str, npi: str, reason: str, at: datetime
) -> bytes:
    """The PDF with an invisible seal that allows no later change, added behind its own bytes.

    ``signer_name`` and ``npi`` are the prescriber's, whose printed signature is in the letter.
    Raises SealError if the certificate is not valid at ``at``, a text is empty or too long, the
    NPI is wrong, or the file is no PDF, too large, locked, damaged or signed already.
    """
    at = _utc(at)
    _need_valid(sealer.certificate, at)
    meta = PdfSignatureMetadata(
        field_name=FIELD,
        name=_line(signer_name, "name of the signer"),
        reason=_line(reason, "reason for signing"),
        contact_info=f"NPI {_checked_npi(npi)}",
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
    )
    spec = SigFieldSpec(
        FIELD,
        # PDF/UA-1, 7.18.1: an annotation outside the tags must be hidden
        invis_sig_settings=InvisSigSettings(set_hidden_flag=True),
        readable_field_name="Digital seal of the practice",
    )
    if len(pdf) > LARGEST_FILE:
        raise SealError("The PDF is larger than 25 MB; seal a smaller one.")
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signed = any(True for _ in enumerate_sig_fields(writer.prev, filled_status=True))
        if not signed and not writer.prev.encrypted:
            made = _in_a_thread(_Signer(meta, sealer.signer, spec, at).sign_pdf, writer)
            return bytes(made.getvalue())
    except Exception:  # whatever a damaged file does to a parser, it is the file's fault
        raise SealError("The PDF can't be sealed: it is damaged; make it again.") from None
    if signed:
        raise SealError("The PDF is signed already; seal the file as it was before.")
    raise SealError(LOCKED)


def _in_a_thread(work: Callable[..., Any], *values: Any) -> Any:
    """Does ``work`` in a thread: pyHanko runs an event loop, and a thread may have only one."""
    with ThreadPoolExecutor(max_workers=1) as elsewhere:
        return elsewhere.submit(work, *values).result()


def _need_valid(certificate: Certificate, at: datetime) -> None:
    if at > certificate.not_after:
        raise SealError(
            f"The certificate '{certificate.subject}' expired on {certificate.not_after:%Y-%m-%d}; "
            "get a new one."
        )
    if at < certificate.not_before:
        raise SealError(
            f"The certificate '{certificate.subject}' is not valid before "
            f"{certificate.not_before:%Y-%m-%d}; check the clock of this machine."
        )


def _checked_npi(npi: str) -> str:
    try:
        return check_npi(npi)
    except ValueError as error:
        raise SealError(f"The letter can't be sealed: {error}.") from None


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise SealError("The time of the seal has no time zone; give it in UTC.")
    return moment.astimezone(UTC)


def _line(text: str, what: str) -> str:
    line = one_line(clean(text))
    if not line:
        raise SealError(f"The {what} is empty; fill it in.")
    if len(line) > LONGEST_LINE:
        raise SealError(f"The {what} is longer than {LONGEST_LINE} characters; shorten it.")
    return line


def _shortened(text: str) -> str:
    return text.encode()[:LONGEST_NAME].decode(errors="ignore").strip()


# -- checking ----------------------------------------------------------------------------------


def check(pdf: bytes, trusted: Sequence[bytes] = ()) -> SealCheck:
    """What the first signature of any file says; ``problems`` are sentences for the reader.

    ``trusted`` are certificates (DER or PEM) of those whose seal is believed. The certificate is
    judged at the time the seal names. Raises nothing: a file that can't be read has no seal
    found, and a problem that says why. The file is read in a process of its own.
    """
    roots = [_der(one) for one in trusted]
    try:
        told = apart(
            "compound_coverage.casework.pades:examine",
            pdf,
            trusted=[base64.b64encode(root).decode() for root in roots if root],
        )
    except PageError as error:
        told = {"found": False, "problems": [str(error)]}
    if None in roots:
        told["problems"].append(BAD_TRUSTED)
    return _seal_check(told)


def _der(certificate: bytes) -> bytes | None:
    pem = b"-----BEGIN" in certificate
    try:
        read = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(
            certificate
        )
    except ValueError:
        return None
    return read.public_bytes(serialization.Encoding.DER)


def _seal_check(told: dict[str, Any]) -> SealCheck:
    values = {**told, "problems": tuple(told["problems"])}
    if told.get("at"):
        values["at"] = datetime.fromisoformat(told["at"])
    if told.get("certificate"):
        held = told["certificate"]
        days = {day: datetime.fromisoformat(held[day]) for day in ("not_before", "not_after")}
        values["certificate"] = Certificate(**{**held, **days})
    return SealCheck(**values)


# -- checking, in the child --------------------------------------------------------------------


def examine(data: bytes, trusted: Sequence[str]) -> dict[str, Any]:
    """The fields of ``SealCheck`` as JSON takes them. Raises PageError for a locked file.

    A damaged file may raise anything; ``pages.serve`` catches it.
    """
    reader = PdfFileReader(io.BytesIO(data))
    if reader.encrypted:
        raise PageError(LOCKED)
    if not any(True for _ in enumerate_sig_fields(reader, filled_status=True)):
        return {"found": False, "problems": [NO_SEAL]}
    roots = [asn1_x509.Certificate.load(base64.b64decode(root)) for root in trusted]
    try:
        signatures = reader.embedded_regular_signatures
        told: dict[str, Any] = _in_a_thread(_told, data, signatures[0], roots)
    except Exception:  # the file can be read, its signature can't
        return {"found": True, "problems": [UNREADABLE]}
    if len(signatures) > 1:
        told["problems"].append(MORE_THAN_ONE)
    return told


def _told(
    data: bytes, signature: EmbeddedPdfSignature, roots: list[asn1_x509.Certificate]
) -> dict[str, Any]:
    at = _time_of(signature)
    status = validate_pdf_signature(
        signature,
        ValidationContext(trust_roots=roots, moment=at, allow_fetching=False),
        key_usage_settings=KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}),
        skip_diff=True,  # only a seal over the whole file counts
    )
    der = signature.signer_cert.dump()
    certificate = _certificate(x509.load_der_x509_certificate(der))
    weak = status.trust_problem_indic in WEAK
    intact = status.intact and status.valid and not weak
    whole = _is_whole(data, signature)
    valid_then = at is None or certificate.not_before <= at <= certificate.not_after
    trusted_now = intact and status.trusted and valid_then and not certificate.trial
    found = [
        (TOO_WEAK, weak),
        (CHANGED, not intact and not weak),
        (ADDED, not whole),
        (IS_TRIAL, certificate.trial),
        (NOT_TRUSTED, not trusted_now and not certificate.trial),
        (OUT_OF_DATE, not valid_then),
    ]
    values = signature.sig_object
    contact = re.search(r"\bNPI (\d{10})\b", _text(values.get("/ContactInfo")))
    return {
        "found": True,
        "intact": intact,
        "whole": whole,
        "signer_name": _text(values.get("/Name")),
        "npi": contact[1] if contact else "",
        "reason": _text(values.get("/Reason")),
        "at": at.isoformat() if at else None,
        "certificate": {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(certificate).items()
        },
        "trusted": trusted_now,
        "problems": [problem for problem, holds in found if holds],
    }


def _time_of(signature: EmbeddedPdfSignature) -> datetime | None:
    told = signature.self_reported_timestamp
    if told is None:
        return None
    return told.replace(tzinfo=UTC) if told.utcoffset() is None else told.astimezone(UTC)


def _is_whole(data: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether every byte is signed but those of the signature itself, and these are as made.

    The gap in the signed range is where a forger may write, so it may hold nothing but one
    hexadecimal string with the signature and zeros behind it.
    """
    start, before, after, length = (int(place) for place in signature.byte_range)
    gap = data[before:after]
    message: bytes = signature.pkcs7_content
    return (
        start == 0
        and after + length == len(data)
        and re.fullmatch(b"<(?:[0-9a-f]+|[0-9A-F]+)>", gap) is not None
        and bytes.fromhex(gap[1:-1].decode()) == message
        and _is_as_made(message)
    )


def _is_as_made(message: bytes) -> bool:
    """Whether the few bytes of a signature that nothing signs are what they must be.

    Source: RFC 5652, 5.1 and 5.3, for the versions and the digest; ISO 32000-2, 12.8.3.3, for
    the zeros that fill the string.
    """
    read = cms.ContentInfo.load(message)
    signed = read["content"]
    (signer,) = signed["signer_infos"]
    by_serial = signer["sid"].name == "issuer_and_serial_number"
    version = b"\x02\x01\x01" if by_serial else b"\x02\x01\x03"
    digests = b"".join(digest.dump() for digest in signed["digest_algorithms"])
    padding = message[len(read.dump()) :]
    return (
        len(read.contents) == len(read["content_type"].dump()) + len(signed.dump())
        and signed["version"].dump() == signer["version"].dump() == version
        and digests == signer["digest_algorithm"].dump()
        and not padding.strip(b"\0")
    )


def _text(value: object) -> str:
    return _shown(str(value)) if isinstance(value, str) else ""


def _shown(text: str) -> str:
    return one_line(clean(text))[:LONGEST_LINE]
