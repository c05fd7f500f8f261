"""The documents of a case: read by those who may, kept as they were."""

from __future__ import annotations

import hashlib
from typing import Literal

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.cases import (
    CaseError,
    Dues,
    Paper,
    current_content,
    keep_document,
    move,
    paper_of,
)
from compound_coverage.casework.desk import Desk
from compound_coverage.casework.states import after
from compound_coverage.casework.tables import DOCUMENT_CONTENT
from compound_coverage.letters.pages import LARGEST_FILE
from compound_coverage.letters.templates import letter_type_named, words_of

# What anybody may put into a case; signed letters and packets are made here alone.
PaperKind = Literal["fax_report", "plan_answer", "chart", "other"]


class Papers:
    """Reads and keeps the documents of cases."""

    def __init__(self, desk: Desk, dues: Dues) -> None:
        self._desk = desk
        self._dues = dues

    def read(self, actor: Actor, document_id: str) -> tuple[Paper, bytes]:
        """A document and its content, which is checked to be what was kept.

        Raises Forbidden; KeyRingError if it was changed in the database.
        """
        with self._desk.act(actor, Action.DOCUMENT_READ, document_id) as work:
            row = work.document
            assert row is not None, "an allowed action on a document has its row"
            content = work.ring.open(row["content"], DOCUMENT_CONTENT.place_of(row))
            work.note(case=row["case_id"], digest=row["digest"])
            return paper_of(work, row), content

    def keep(self, actor: Actor, case_id: str, kind: PaperKind, name: str, content: bytes) -> str:
        """Puts a fax report, a chart note or an answer of the plan into the case; returns its id.

        Raises Forbidden, CaseError if it is empty or too large.
        """
        with self._desk.act(actor, Action.CASE_FILE, case_id) as work:
            document_id = keep_document(work, kind, name, *_checked(content))
            work.note(document=document_id)
            return document_id

    def keep_signed_by_hand(self, actor: Actor, case_id: str, name: str, content: bytes) -> str:
        """Puts the copy that the patient signed on paper into the case, which is then signed.

        For documents the patient signs; a prescriber signs with ``Signing``. Raises Forbidden,
        NotNow, CaseError.
        """
        with self._desk.act(actor, Action.CASE_FILE, case_id) as work:
            to = after(work.case_row["state"], Action.CASE_FILE)
            letter = letter_type_named(current_content(work).letter_type, "en")
            if letter.mark == words_of("en").marks["prescriber"]:
                raise CaseError("The prescriber signs this letter; send it to review.")
            document_id = keep_document(work, "signed_by_hand", name, *_checked(content))
            move(work, Action.CASE_FILE, to, "Signed on paper; a copy is kept.", self._dues)
            work.note(document=document_id)
            return document_id


def _checked(content: bytes) -> tuple[bytes, str]:
    if not content:
        raise CaseError("The file is empty; pick another.")
    if len(content) > LARGEST_FILE:
        raise CaseError("The file is larger than 25 MB; make it smaller.")
    return content, hashlib.sha256(content).hexdigest()
