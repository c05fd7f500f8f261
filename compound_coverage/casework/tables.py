"""The tables of casework. What could name a patient or a person is sealed (see ``keyring``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    Table,
    Text,
)

METADATA = MetaData()


def _text(name: str, *more: Any, optional: bool = False, primary: bool = False) -> Column[str]:
    return Column(name, Text, *more, nullable=optional, primary_key=primary)


def _number(name: str, *, primary: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=False, primary_key=primary, autoincrement=False)


def _sealed(name: str = "sealed") -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _organisation() -> Column[str]:
    return _text("organisation_id", ForeignKey("organisation.organisation_id"))


def _case(*, primary: bool = False) -> Column[str]:
    return _text("case_id", ForeignKey("casework.case_id"), primary=primary)


ORGANISATION = Table(
    "organisation",
    METADATA,
    _text("organisation_id", primary=True),
    _text("made_at"),
    Column("retain_years", Integer, nullable=False),
    Column("keeps_dataset", Boolean, nullable=False),  # may its members be advocates?
    _sealed(),  # name
)

MEMBER = Table(
    "member",
    METADATA,
    _text("member_id", primary=True),
    _organisation(),
    _text("email_index"),
    _text("subject_index", optional=True),  # set at the first sign-in: issuer and subject
    _text("roles"),  # words with blanks between
    _text("made_at"),
    _text("ended_at", optional=True),
    _sealed(),  # name, email, credentials, npi
    Index("member_email", "email_index", unique=True),
    Index("member_subject", "subject_index", unique=True),
)

LOGIN = Table(
    "login",
    METADATA,
    _text("login_index", primary=True),
    _text("member_id", ForeignKey("member.member_id")),
    _text("started_at"),
    _text("seen_at"),
    _text("expires_at"),
    _text("ended_why", optional=True),
)

CASE = Table(
    "casework",
    METADATA,
    _text("case_id", primary=True),
    _organisation(),
    _text("state"),
    _text("outcome", optional=True),
    _number("version"),  # the one everybody sees
    _number("last_number"),  # the newest kept, asides included
    _text("assigned_id", optional=True),
    _text("follows", optional=True),
    _text("made_at"),
    _text("changed_at"),
    _text("patient_index", optional=True),  # the same for each case of one patient
    _sealed("npi_of_record"),
    _sealed("summary"),
    Index("casework_organisation", "organisation_id", "state"),
    Index("casework_patient", "organisation_id", "patient_index"),
)

VERSION = Table(
    "version",
    METADATA,
    _case(primary=True),
    _number("number", primary=True),
    _number("base"),
    _text("kind"),  # saved, merged, aside
    _text("member_id"),
    _text("at"),
    _sealed(),
)

STEP = Table(
    "step",
    METADATA,
    _case(primary=True),
    _number("number", primary=True),
    _text("at"),
    _text("member_id"),
    _text("action"),
    _text("from_state"),
    _text("to_state"),
    _number("version"),
    _sealed(),  # why, and what else belongs to the step
)

CALL = Table(
    "call",
    METADATA,
    _text("call_id", primary=True),
    _case(),
    _text("at"),
    _text("member_id"),
    _sealed(),
)

DOCUMENT = Table(
    "document",
    METADATA,
    _text("document_id", primary=True),
    _case(),
    _text("kind"),  # signed, packet
    _text("digest"),
    _text("at"),
    _text("member_id"),
    _sealed("name"),
    _sealed("content"),
)

SIGNATURE = Table(
    "signature",
    METADATA,
    _text("signature_id", primary=True),
    _case(),
    _number("version"),
    _text("document_id", ForeignKey("document.document_id")),
    _text("member_id"),
    _text("at"),
    _text("content_digest"),
    _text("document_digest"),
    _sealed(),  # typed name, NPI, intent, certificate
)

HANDOFF = Table(
    "handoff",
    METADATA,
    _text("code_index", primary=True),
    _text("at"),
    _text("expires_at"),
    Column("content", LargeBinary, nullable=False),  # sealed under the patient's code, not by us
)

PROPOSAL = Table(
    "proposal",
    METADATA,
    _text("proposal_id", primary=True),
    _text("state"),
    _text("title"),
    _text("author_id", ForeignKey("member.member_id")),
    _number("revision"),  # the newest
    _number("last_remark"),
    _text("made_at"),
    _text("changed_at"),
    _text("decided_by", ForeignKey("member.member_id"), optional=True),
    _text("release", optional=True),  # set once it is published
    Index("proposal_state", "state"),
)

REVISION = Table(
    "proposal_revision",
    METADATA,
    _text("proposal_id", ForeignKey("proposal.proposal_id"), primary=True),
    _number("number", primary=True),
    _text("at"),
    _text("why"),
    _text("base"),  # the release it was made from
    _text("changes"),  # JSON, see dataset.changes
)

REMARK = Table(
    "proposal_remark",
    METADATA,
    _text("proposal_id", ForeignKey("proposal.proposal_id"), primary=True),
    _number("number", primary=True),
    _text("at"),
    _text("member_id", ForeignKey("member.member_id")),
    _text("kind"),  # said, or what was decided
    _number("revision"),  # the one it is about
    _text("words"),
)

SOURCE_DOCUMENT = Table(
    "source_document",
    METADATA,
    _text("sha256", primary=True),
    _text("name"),
    _text("media_type"),
    _number("bytes"),
    _text("kept_at"),
    _text("member_id", ForeignKey("member.member_id")),
    Column("content", LargeBinary, nullable=False),  # a public document
)

LEAD = Table(
    "lead",
    METADATA,
    _text("lead_id", primary=True),
    _text("kind"),  # wrong, answered
    _text("state"),  # new, taken, closed
    _text("at"),
    _text("plan_id"),
    _text("medication_id"),
    _text("rule_id"),
    _text("verdict_told", optional=True),  # what the plan said, by our words for it
    _text("proposal_id", ForeignKey("proposal.proposal_id"), optional=True),
    _text("closed_at", optional=True),
    _text("closed_why", optional=True),
    _sealed(),  # what the person wrote
    Index("lead_state", "state"),
)

AUDIT = Table(
    "audit",
    METADATA,
    _text("organisation_id", primary=True),
    _number("number", primary=True),
    _text("at"),
    _text("actor"),
    _text("action"),
    _text("resource"),
    _text("outcome"),
    _text("detail"),
    _text("mark"),
)

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    _text("organisation_id", primary=True),
    _number("number"),
    _text("mark"),
)


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that the key ring seals."""

    table: Table
    column: str

    def place(self, *key: str | int) -> str:
        """Where a field of this column stands: it opens nowhere else."""
        return f"{self.table.name}.{self.column}:{'/'.join(map(str, key))}"

    def place_of(self, row: RowMapping) -> str:
        """The place of this column's field in ``row``."""
        return self.place(*(row[column.name] for column in self.table.primary_key))


ORGANISATION_SEALED = SealedColumn(ORGANISATION, "sealed")
MEMBER_SEALED = SealedColumn(MEMBER, "sealed")
CASE_NPI = SealedColumn(CASE, "npi_of_record")
CASE_SUMMARY = SealedColumn(CASE, "summary")
VERSION_SEALED = SealedColumn(VERSION, "sealed")
STEP_SEALED = SealedColumn(STEP, "sealed")
CALL_SEALED = SealedColumn(CALL, "sealed")
DOCUMENT_NAME = SealedColumn(DOCUMENT, "name")
DOCUMENT_CONTENT = SealedColumn(DOCUMENT, "content")
SIGNATURE_SEALED = SealedColumn(SIGNATURE, "sealed")
LEAD_SEALED = SealedColumn(LEAD, "sealed")

SEALED_COLUMNS = (
    ORGANISATION_SEALED,
    MEMBER_SEALED,
    CASE_NPI,
    CASE_SUMMARY,
    VERSION_SEALED,
    STEP_SEALED,
    CALL_SEALED,
    DOCUMENT_NAME,
    DOCUMENT_CONTENT,
    SIGNATURE_SEALED,
    LEAD_SEALED,
)
