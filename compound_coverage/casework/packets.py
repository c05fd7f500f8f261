"""The packet of a signed letter: what goes to the plan as one sealed PDF, kept with the case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from compound_coverage.casework import pades
from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.cases import CaseError, current_content, keep_document
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk
from compound_coverage.casework.signing import PACKET, letter_signed
from compound_coverage.casework.states import State
from compound_coverage.letters.packet import COVER, Attachment, packet_pdf
from compound_coverage.letters.render import Draft

EVIDENCE = "evidence_list"
REASON = "Sealed with the letter in it as it was signed."
STATES = (State.SIGNED, State.SENT)


class Packets:
    """Puts packets together from what was signed."""

    def __init__(
        self,
        desk: Desk,
        drafts: Callable[[Content, str], Draft],
        sealer: Callable[[], pades.Sealer],
    ) -> None:
        """``drafts`` makes another document of a case, by its letter type."""
        self._desk = desk
        self._drafts = drafts
        self._sealer = sealer

    def put_together(
        self,
        actor: Actor,
        case_id: str,
        *,
        cover: bool = True,
        evidence: bool = True,
        attachments: Sequence[Attachment] = (),
    ) -> str:
        """Keeps the packet with the case; returns its document's id.

        The letter stands in it word for word as it was signed, whatever was changed since in the
        data. Raises Forbidden; CaseError where nothing was signed electronically; PacketError and
        DocumentError for what goes with it; SealError for the certificate.
        """
        with self._desk.act(actor, Action.CASE_FILE, case_id) as work:
            found = letter_signed(work)
            if work.case_row["state"] not in STATES or found is None:
                raise CaseError("There is no signed letter to put into a packet; sign it first.")
            signed, letter = found
            content = current_content(work)
            pdf, pages, warnings = packet_pdf(
                self._drafts(content, content.letter_type),
                letter.typeset,
                "",
                self._drafts(content, COVER) if cover else None,
                [self._drafts(content, EVIDENCE)] if evidence else [],
                attachments,
                letter.inputs,
            )
            if warnings:
                raise CaseError(f"{warnings[0]} Mend those words in the case first.")
            sealed = pades.seal(
                pdf,
                self._sealer(),
                signer_name=signed.name,
                npi=signed.npi,
                reason=REASON,
                at=datetime.fromisoformat(work.at),
            )
            digest = hashlib.sha256(sealed).hexdigest()
            document_id = keep_document(work, PACKET, "packet.pdf", sealed, digest)
            work.note(document=document_id, pages=pages, digest=digest)
            return document_id
