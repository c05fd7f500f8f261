"""Signing a letter, and telling afterwards whether a document is as it was signed.

A signature is an intent, an identity, a time and a hash: the prescriber of record types ``/s/`` and
their name, the text that was vouched for becomes a PDF, the practice's certificate seals the PDF,
and the digests of both are kept. Any change after that is a new version without a signature.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from PIL import Image, ImageOps
from sqlalchemy import RowMapping, insert, select

from compound_coverage.casework import pades
from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.cases import (
    CaseError,
    Dues,
    Signed,
    current_content,
    keep_document,
    move,
    signed_of,
)
from compound_coverage.casework.content import Content, digest_of
from compound_coverage.casework.desk import Desk, Work, new_id
from compound_coverage.casework.review import Review
from compound_coverage.casework.states import after
from compound_coverage.casework.tables import CASE, DOCUMENT, SIGNATURE, SIGNATURE_SEALED
from compound_coverage.language import to_say
from compound_coverage.letters.documents import Layout, typeset
from compound_coverage.letters.markdown import day_in_words, escape
from compound_coverage.letters.templates import words_of
from compound_coverage.letters.text import clean, one_line

INTENT = to_say(
    "I have checked every statement of this letter against the chart, and I sign it as my own."
)
PACKET = "packet"
LARGEST_DRAWING = 5_000_000
MOST_PIXELS = 50_000_000  # the largest photo of a phone; a small file may claim far more
_DRAWING_PIXELS = (900, 300)

_BLANK_SIGNATURE = re.compile(r"^Signature: [\\_ ]+$")
_BLANK_DATE = re.compile(r"^Date signed: [\\_ ]+$")
_DRAFT_NOTE = re.compile(r"^\*Prepared as a draft from what was typed; .*\*$")
# the form of Texas has two more places for the same signature, one only for urgent requests
_REQUIRED = re.compile(r"^(Signature, if required: )[\\_ ]+ Date: [\\_ ]+$")
_IF_URGENT = re.compile(r"^(Prescriber's signature, if expedited: )[\\_ ]+$")
_URGENT = re.compile(r"^\\\[x\\\] Expedited", re.MULTILINE)

# the signature stands on one page, whole
_TOGETHER, _END = Layout("#block(breakable: false)["), Layout("]")
_DRAWN = Layout(
    '#image(bytes(json(bytes(sys.inputs.drawn))), format: "png", height: 0.5in, '
    "alt: sys.inputs.drawn_alt)"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """What the prescriber gives: the typed name, and a picture of a drawn one if they like.

    ``seen`` is the digest (``digest_of``) of the text the prescriber looked at.
    """

    typed: str
    drawn: bytes = b""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """Is a document as it was signed here? ``told`` says it in one sentence."""

    as_signed: bool
    told: str
    seal: pades.SealCheck
    signed: Signed | None = None


@dataclass(frozen=True, slots=True)
class SignedLetter:
    """The words that were signed, as they were typeset: before the signature, it, and behind it."""

    parts: tuple[str, str, str]
    drawn: bytes
    name: str

    @property
    def typeset(self) -> list[str]:
        """The parts for ``typeset``."""
        before, block, rest = self.parts
        signature = [_TOGETHER, *([_DRAWN] if self.drawn else []), block, _END]
        return [part for part in (before, *signature, rest) if part]

    @property
    def inputs(self) -> dict[str, str]:
        """What the parts look up."""
        return {
            "drawn": json.dumps(list(self.drawn)),
            "drawn_alt": f"Drawn signature of {self.name}",
        }


class Signing:
    """Signs letters with the practice's seal, and checks what was signed."""

    def __init__(
        self,
        desk: Desk,
        reviewed: Callable[[Content], Review],
        dues: Dues,
        sealer: Callable[[], pades.Sealer],
    ) -> None:
        """``reviewed`` looks at a draft by today's rules; ``sealer`` opens the certificate."""
        self._desk = desk
        self._reviewed = reviewed
        self._dues = dues
        self._sealer = sealer

    def sign(self, actor: Actor, case_id: str, base: int, signature: Signature) -> Signed:
        """Signs version ``base`` of a case in review, which must be the newest.

        Raises Forbidden for anybody but the prescriber the letter names; CaseError where something
        is not vouched for, is still blank, may not be claimed, or was changed meanwhile; NotNow
        where the case is not in review; SealError for the practice's certificate.
        """
        with self._desk.act(actor, Action.CASE_SIGN, case_id) as work:
            sealer = self._sealer()
            to = after(work.case_row["state"], Action.CASE_SIGN)
            if base != work.case_row["version"]:
                raise CaseError("Somebody changed this draft just now; look at it again first.")
            content = current_content(work)
            looked_at = self._reviewed(content)
            _check(content, looked_at, actor)
            # the facts may be as they were, and still the day or the coverage data new
            if signature.seen and signature.seen != digest_of(looked_at.text):
                raise CaseError("The letter reads otherwise than you saw it; look at it again.")
            name = _signer(content, signature.typed)
            at = datetime.fromisoformat(work.at)
            # each part is read by itself: nothing left open in the text can swallow the signature
            letter = SignedLetter(
                signed_parts(looked_at.text, name, content.npi_of_record, at),
                _picture(signature.drawn) if signature.drawn else b"",
                name,
            )
            pdf = _document(letter, looked_at)
            sealed = pades.seal(
                pdf, sealer, signer_name=name, npi=content.npi_of_record, reason=INTENT, at=at
            )
            signed = _keep(work, content, sealed, letter, sealer.certificate)
            move(work, Action.CASE_SIGN, to, "", self._dues)
            return signed

    def verify(self, actor: Actor, pdf: bytes) -> Verification:
        """Whether a file is a document of the actor's organisation just as it was signed.

        A packet put together here counts by the letter in it.
        """
        digest = hashlib.sha256(pdf).hexdigest()
        with self._desk.act(actor, Action.DOCUMENT_VERIFY) as work:
            row = _signature_of(work, digest)
            signed = signed_of(work, row) if row else None
            work.note(found=int(signed is not None))
        return verification(pades.check(pdf, self._trusted()), signed, digest)

    def _trusted(self) -> list[bytes]:
        try:
            certificate = self._sealer().signer.signing_cert
        except ValueError:
            return []  # a file can be checked where nothing can be signed
        return [certificate.dump()] if certificate else []


def _signature_of(work: Work, digest: str) -> RowMapping | None:
    """The signature that a document of the actor's organisation stands under."""
    query = (
        select(SIGNATURE)
        .join(CASE, CASE.c.case_id == SIGNATURE.c.case_id)
        .join(DOCUMENT, DOCUMENT.c.case_id == CASE.c.case_id)
        .where(
            CASE.c.organisation_id == work.actor.organisation_id,
            DOCUMENT.c.digest == digest,
            (DOCUMENT.c.document_id == SIGNATURE.c.document_id)
            | (DOCUMENT.c.kind == PACKET) & (SIGNATURE.c.at <= DOCUMENT.c.at),
        )
        .order_by(SIGNATURE.c.at.desc())
    )
    found: RowMapping | None = work.connection.execute(query).mappings().first()
    return found


def _document(letter: SignedLetter, looked_at: Review) -> bytes:
    draft = looked_at.draft
    pdf, warnings = typeset(letter.typeset, draft.title, draft.language, "", letter.inputs)
    if warnings:
        # what a reader would see must be what was signed
        raise CaseError(f"{warnings[0]} Write those words in other letters, then sign.")
    return pdf


def verification(seal: pades.SealCheck, signed: Signed | None, digest: str = "") -> Verification:
    """What a seal, and the record of a signature if there is one, say together.

    ``digest`` is the file's own: a packet differs from the letter that was signed.
    """
    sound = seal.found and seal.intact and seal.whole
    if signed and sound:
        is_packet = digest not in ("", signed.document_digest)
        what = "The letter in this packet" if is_packet else "This document"
        told = (
            f"{what} is as signed by {signed.name} (NPI {signed.npi}) "
            f"on {_moment(datetime.fromisoformat(signed.at))}."
        )
        return Verification(True, told, seal, signed)
    if signed:
        told = to_say("This document was signed here, but its seal is broken.")
    elif sound:
        told = to_say(
            "This practice has no record of this document. It is unchanged since it was sealed, "
            "but that alone does not show who signed it."
        )
    elif seal.found:
        told = to_say("This document was changed after it was sealed. Do not rely on it.")
    else:
        told = to_say("This document holds no seal: nothing shows that anybody signed it here.")
    return Verification(False, told, seal, signed)


def signed_parts(text: str, name: str, npi: str, at: datetime) -> tuple[str, str, str]:
    """The letter with the typed signature in the place of the blank one, or at its end.

    Returns what stands before the signature, the signature, and what stands behind it.
    """
    block = "\n\n".join(
        (
            f"Signature: **/s/ {escape(name)}**",
            f"Signed electronically by {escape(name)}, NPI {escape(npi)}, on {_moment(at)}.",
            f"*{INTENT}*",
        )
    )
    lines = [_pointed(line, text) for line in text.splitlines() if not _DRAFT_NOTE.match(line)]
    places = [number for number, line in enumerate(lines) if _BLANK_SIGNATURE.match(line)]
    if not places:
        return "\n".join([*lines, "", "## Signature"]).strip(), block, ""
    before, rest = lines[: places[-1]], lines[places[-1] + 1 :]
    dates = [number for number, line in enumerate(rest) if _BLANK_DATE.match(line)]
    if dates:
        del rest[dates[0]]
    return "\n".join(before).strip(), block, "\n".join(rest).strip()


def _pointed(line: str, text: str) -> str:
    """The line; where it asks for the same signature once more, with where that stands."""
    there = r"\1see the electronic signature at the end"
    line = _REQUIRED.sub(there, line)
    return _IF_URGENT.sub(there, line) if _URGENT.search(text) else line


def _moment(at: datetime) -> str:
    day = day_in_words(at.date().isoformat(), words_of("en"))
    return f"{day} at {at:%H:%M} UTC"


def _check(content: Content, looked_at: Review, actor: Actor) -> None:
    words = words_of("en")
    if content.language != "en":
        raise CaseError("This is a copy to read; sign the English letter.")
    # a sheet for a call bears the mark of a draft, too, but nobody signs it
    has_place = any(map(_BLANK_SIGNATURE.match, looked_at.draft.markdown.splitlines()))
    if looked_at.draft.mark != words.marks["prescriber"] or not has_place:
        raise CaseError("This document is not one that a prescriber signs.")
    if looked_at.blocked:
        raise CaseError(f"The letter can't be signed yet: {looked_at.blocked[0]}")
    left = looked_at.open_items(actor.member_id)
    if left:
        raise CaseError(f"Not confirmed yet: {len(left)}, the first: {left[0].words[:120]}")


def _signer(content: Content, typed: str) -> str:
    name = one_line(clean(str(content.at("prescriber.name") or "")))
    given = one_line(clean(typed))
    if not name or given.casefold() != f"/s/ {name}".casefold():
        raise CaseError(f"To sign, type exactly: /s/ {name or 'and the name in the letter'}")
    credentials = content.at("prescriber.credentials")
    return f"{name}, {credentials}" if credentials else name


def _picture(drawing: bytes) -> bytes:
    """A drawn signature as a small grey PNG, whatever it came as."""
    if len(drawing) > LARGEST_DRAWING:
        raise CaseError("The picture of the signature is larger than 5 MB; use a smaller one.")
    try:
        with Image.open(io.BytesIO(drawing), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError("too many pixels")
            opened.draft("L", _DRAWING_PIXELS)
            # a phone writes down which way it was held, and turns nothing
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except Exception:  # whatever a damaged picture does to its reader, it is the picture's fault
        raise CaseError(
            "The picture of the signature can't be read; use a PNG or JPEG picture."
        ) from None
    picture.thumbnail(_DRAWING_PIXELS)
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    held = io.BytesIO()
    paper.convert("L").save(held, "PNG")
    return held.getvalue()


def _keep(
    work: Work,
    content: Content,
    pdf: bytes,
    letter: SignedLetter,
    certificate: pades.Certificate,
) -> Signed:
    digest = hashlib.sha256(pdf).hexdigest()
    document_id = keep_document(work, "signed", f"{content.letter_type}.pdf", pdf, digest)
    signature_id = new_id()
    told = {
        "name": letter.name,
        "npi": content.npi_of_record,
        "intent": INTENT,
        "certificate": certificate.fingerprint,
    }
    signed = Signed(
        signature_id=signature_id,
        version=work.case_row["version"],
        document_id=document_id,
        member_id=work.actor.member_id,
        at=work.at,
        content_digest=digest_of(content.model_dump(mode="json")),
        document_digest=digest,
        **told,
    )
    row = {name: value for name, value in asdict(signed).items() if name not in told}
    words = {"parts": letter.parts, "drawn": base64.b64encode(letter.drawn).decode()}
    work.connection.execute(
        insert(SIGNATURE).values(
            **row,
            case_id=work.case_row["case_id"],
            sealed=work.seal(SIGNATURE_SEALED, {**told, "letter": words}, signature_id),
        )
    )
    work.note(signature=signature_id, document=document_id, digest=digest)
    return signed


def letter_signed(work: Work) -> tuple[Signed, SignedLetter] | None:
    """The newest signature of the case of ``work``, with the words it stands under."""
    query = (
        select(SIGNATURE)
        .where(SIGNATURE.c.case_id == work.case_row["case_id"])
        .order_by(SIGNATURE.c.at.desc())
    )
    row = work.connection.execute(query).mappings().first()
    if row is None:
        return None
    signed, words = signed_of(work, row), work.open(SIGNATURE_SEALED, row)["letter"]
    before, block, rest = words["parts"]
    return signed, SignedLetter(
        (before, block, rest), base64.b64decode(words["drawn"]), signed.name
    )
