"""What a patient may ask for, a copy of everything or its end, and cases kept long enough.

Erasing deletes every row of a case. The audit trail stays: it holds ids, no names. What lies
outside this database is not reached; ``Proof`` says what the operator must still delete.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, func, select, update

from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.desk import Desk, Work, new_id
from compound_coverage.casework.tables import (
    AUDIT,
    CASE,
    CASE_SUMMARY,
    DOCUMENT,
    DOCUMENT_CONTENT,
    METADATA,
    ORGANISATION,
    SEALED_COLUMNS,
    SealedColumn,
)
from compound_coverage.language import to_say

# children before parents
CASE_TABLES = tuple(table for table in reversed(METADATA.sorted_tables) if "case_id" in table.c)
_SEALED = tuple(column for column in SEALED_COLUMNS if column.table in CASE_TABLES)
# A larger SQLite file, mostly published formularies, is not written anew: free pages are zeroed.
_CHEAP_BYTES = 50_000_000
_PATIENCE_MS = 5_000

_NOT_REACHED = to_say(
    "This proof covers the database only. Backups made before the time above still hold these "
    "cases: delete them, or after a restore erase the cases again. Files that were downloaded, "
    "printed or sent are not reached either."
)
_POSTGRESQL = to_say(
    "PostgreSQL keeps deleted rows, sealed as they were, in its files and its log until it reuses "
    "the space; change the keys and retire the old ones to make them unreadable."
)
_EMPTIED = to_say(
    "The database file and its log were cleaned; the deleted bytes are no longer in them."
)
_NOT_EMPTIED = to_say(
    "Another program was reading or writing, so the log of the database could not be emptied yet "
    "and may hold deleted rows, sealed as they were; end all programs on this database once."
)


class ErasureError(ValueError):
    """Something asked for that lacks a part. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class PatientCase:
    """One case of a patient."""

    case_id: str
    patient: str
    state: str
    made_at: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class DueCase:
    """A case kept as long as the practice keeps them: when it last changed, until when kept."""

    case_id: str
    changed_at: str
    kept_until: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That cases were erased, for the practice's records. Holds no name but what ``why`` says.

    ``digests`` has the SHA-256 of each sealed field as it was deleted, by its place; they are of
    what a backup made before holds. ``entry`` and ``mark`` name the entry in the audit trail.
    """

    at: str
    by: str
    why: str
    case_ids: tuple[str, ...]
    rows_before: dict[str, int]
    rows_after: int
    digests: dict[str, str]
    entry: int
    mark: str
    notes: tuple[str, ...]

    def as_json(self) -> str:
        """The proof as a file to keep."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Retention:
    """What ``run_retention`` found, and the proof if it erased anything."""

    due: tuple[DueCase, ...]
    proof: Proof | None


# -- a patient's cases -------------------------------------------------------------------------


def patient_cases(desk: Desk, actor: Actor, case_id: str) -> list[PatientCase]:
    """Every case of this case's patient in the actor's organisation, oldest first.

    The same patient is the same name and date of birth. Raises Forbidden.
    """
    with desk.act(actor, Action.CASE_EXPORT, case_id) as work:
        rows = _patient_rows(work)
        work.note(cases=len(rows))
        return [
            PatientCase(
                case_id=row["case_id"],
                patient=work.open(CASE_SUMMARY, row)["patient"],
                state=row["state"],
                made_at=row["made_at"],
                changed_at=row["changed_at"],
            )
            for row in rows
        ]


def _patient_rows(work: Work) -> list[RowMapping]:
    row = work.case_row
    if row["patient_index"] is None:
        return [row]  # nobody is named yet: it belongs to no other
    query = (
        select(CASE)
        .where(
            CASE.c.organisation_id == row["organisation_id"],
            CASE.c.patient_index == row["patient_index"],
        )
        .order_by(CASE.c.made_at, CASE.c.case_id)
        .with_for_update()
    )
    return list(work.connection.execute(query).mappings())


# -- a copy of everything ----------------------------------------------------------------------

_README = """\
This is a copy of all that this practice's casework program holds about you.

cases.json    Each letter or request that was prepared for you: every version of its text and
              facts, each step it went through, notes of phone calls, and signatures. It is a
              plain text file; any text editor opens it.
documents     Each paper that was kept, as it was signed or put together.

Where the file names who did something, you see a number such as 3f0c9a... Ask the practice
who that is. Times are in UTC. Made: {at}.
"""


def export_patient(desk: Desk, actor: Actor, case_id: str) -> bytes:
    """A zip with all that is held about this case's patient, readable, to hand to the patient.

    Raises Forbidden; KeyRingError if a field does not open.
    """
    with desk.act(actor, Action.CASE_EXPORT, case_id) as work:
        ids = [row["case_id"] for row in _patient_rows(work)]
        work.note(cases=" ".join(ids))
        return copy_of(work, ids)


def copy_of(work: Work, ids: Sequence[str]) -> bytes:
    """A zip with all that is held of these cases, readable. The caller has asked who may."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("README.txt", _README.format(at=work.at))
        told = [_told_case(work, one, members) for one in ids]
        members.writestr("cases.json", json.dumps(told, indent=2, ensure_ascii=False))
    return packed.getvalue()


def _told_case(work: Work, case_id: str, members: zipfile.ZipFile) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for table in reversed(CASE_TABLES):
        rows = _rows_of(work.connection, table, [case_id])
        tellings = [_told_row(work, table, row) for row in rows]
        if table is CASE:
            told |= tellings[0]
            continue
        told[f"{table.name}s"] = tellings
        if table is DOCUMENT:
            for row, telling in zip(rows, tellings, strict=True):
                telling["file"] = _keep_file(work, row, telling["name"], members)
    return told


def _told_row(work: Work, table: Table, row: RowMapping) -> dict[str, Any]:
    sealed = {one.column: one for one in _SEALED if one.table is table}
    return {
        name: work.open(sealed[name], row) if name in sealed else value
        for name, value in row.items()
        if name != "patient_index"
    }


def _keep_file(work: Work, row: RowMapping, name: str, members: zipfile.ZipFile) -> str:
    # the id, not the name: two documents may be called the same, and a name may hold anything
    suffix = PurePosixPath(name).suffix.lower()
    ending = suffix if suffix.isascii() and suffix[1:].isalnum() else ""
    file = f"documents/{row['document_id']}{ending}"
    sealed = _field(work.connection, DOCUMENT_CONTENT, row)
    members.writestr(file, work.ring.open(sealed, DOCUMENT_CONTENT.place_of(row)))
    return file


def _rows_of(connection: Connection, table: Table, ids: Sequence[str]) -> list[RowMapping]:
    """Rows in the order of their keys; a document without its content, which may be large."""
    columns = [column for column in table.columns if column is not DOCUMENT.c.content]
    query = select(*columns).where(table.c.case_id.in_(ids)).order_by(*table.primary_key)
    return list(connection.execute(query).mappings())


def _field(connection: Connection, column: SealedColumn, row: RowMapping) -> bytes:
    """A sealed field of ``row``; read now if the row was read without it."""
    if column.column in row:
        return bytes(row[column.column])
    query = select(DOCUMENT.c.content).where(DOCUMENT.c.document_id == row["document_id"])
    return bytes(connection.execute(query).scalar_one())


# -- its end -----------------------------------------------------------------------------------


def erase_patient(desk: Desk, actor: Actor, case_id: str, why: str) -> Proof:
    """Deletes every case of this case's patient for good.

    ``why`` goes into the proof; the trail, which holds nothing typed, gets only a mark of it.
    Raises Forbidden, and ErasureError without words.
    """
    if not why.strip():
        raise ErasureError("Say why this is erased, such as 'the patient asked for it'.")
    with desk.act(actor, Action.CASE_ERASE, case_id) as work:
        ids = [row["case_id"] for row in _patient_rows(work)]
        erased = _erase(work, ids, why)
    return _proof(desk, work, Action.CASE_ERASE, erased)


@dataclass(frozen=True, slots=True)
class _Erased:
    case_ids: tuple[str, ...]
    why: str
    rows: dict[str, int]
    digests: dict[str, str]


def _erase(work: Work, ids: Sequence[str], why: str) -> _Erased:
    digests = dict(_digests(work, ids))
    # a case that followed one of these stays, and no longer says so
    work.connection.execute(update(CASE).where(CASE.c.follows.in_(ids)).values(follows=None))
    rows = {
        table.name: work.connection.execute(delete(table).where(table.c.case_id.in_(ids))).rowcount
        for table in CASE_TABLES
    }
    work.note(cases=" ".join(ids), why=work.ring.mark(f"why {why.strip()}"), **rows)
    return _Erased(tuple(ids), why.strip(), rows, digests)


def _digests(work: Work, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for table in CASE_TABLES:
        sealed = [one for one in _SEALED if one.table is table]
        for row in _rows_of(work.connection, table, ids):
            for one in sealed:
                yield (
                    one.place_of(row),
                    hashlib.sha256(_field(work.connection, one, row)).hexdigest(),
                )


def _proof(desk: Desk, work: Work, action: Action, erased: _Erased) -> Proof:
    with desk.operating() as connection:
        entry = (
            connection.execute(
                select(AUDIT.c.number, AUDIT.c.mark).where(
                    AUDIT.c.organisation_id == work.actor.organisation_id,
                    AUDIT.c.action == action,
                    AUDIT.c.resource == work.resource_id,
                    AUDIT.c.outcome == "done",
                )
            )
            .mappings()
            .one()
        )
        after = sum(_count(connection, table, erased.case_ids) for table in CASE_TABLES)
    return Proof(
        at=work.at,
        by=work.actor.member_id,
        why=erased.why,
        case_ids=erased.case_ids,
        rows_before=erased.rows,
        rows_after=after,
        digests=erased.digests,
        entry=entry["number"],
        mark=entry["mark"],
        notes=(_clean(desk), _NOT_REACHED),
    )


def _count(connection: Connection, table: Table, ids: Sequence[str]) -> int:
    query = select(func.count()).select_from(table).where(table.c.case_id.in_(ids))
    return int(connection.execute(query).scalar_one())


def _clean(desk: Desk) -> str:
    """Empties what SQLite keeps beside its rows; returns what to say of it."""
    if desk.engine.dialect.name != "sqlite":
        return _POSTGRESQL
    connection = desk.engine.raw_connection()
    connection.detach()  # what is set here must not go back to the pool
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        size = pages * cursor.execute("PRAGMA page_size").fetchone()[0]
        if size <= _CHEAP_BYTES:
            cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        busy = True
    finally:
        connection.close()
    return _NOT_EMPTIED if busy else _EMPTIED


# -- cases kept long enough --------------------------------------------------------------------


def due_for_erasure(desk: Desk, actor: Actor) -> list[DueCase]:
    """The cases whose last change is longer ago than the organisation keeps them, oldest first.

    Each case counts by itself: a newer one of the same patient is not in it. Raises Forbidden.
    """
    with desk.act(actor, Action.RETENTION_RUN) as work:
        due = _due(work)
        work.note(due=len(due))
        return due


def run_retention(desk: Desk, actor: Actor, dry_run: bool) -> Retention:
    """Erases the cases that are due; with ``dry_run`` it only says which. Raises Forbidden."""
    with desk.act(actor, Action.RETENTION_RUN) as work:
        work.resource_id = new_id()
        due = _due(work)
        work.note(due=len(due), dry_run=int(dry_run))
        if dry_run or not due:
            return Retention(tuple(due), None)
        erased = _erase(work, [one.case_id for one in due], "kept as long as it has to be")
    return Retention(tuple(due), _proof(desk, work, Action.RETENTION_RUN, erased))


def _due(work: Work) -> list[DueCase]:
    now = datetime.fromisoformat(work.at)
    mine = work.actor.organisation_id
    years = work.connection.execute(
        select(ORGANISATION.c.retain_years).where(ORGANISATION.c.organisation_id == mine)
    ).scalar_one()
    # whoever notes something on one of these meanwhile comes before or after all of it
    old = (
        select(CASE.c.case_id, CASE.c.changed_at)
        .where(CASE.c.organisation_id == mine, CASE.c.changed_at < str(now.year - years + 1))
        .order_by(CASE.c.case_id)
        .with_for_update()
    )
    due = []
    for case_id, changed_at in work.connection.execute(old).all():
        last = _last_change(work.connection, case_id, changed_at)
        until = kept_until(datetime.fromisoformat(last), years)
        if now > until:
            due.append(DueCase(case_id, last, until.isoformat(timespec="microseconds")))
    return sorted(due, key=lambda one: (one.changed_at, one.case_id))


def _last_change(connection: Connection, case_id: str, changed_at: str) -> str:
    """A call noted or a document kept is a change too, which the case itself does not tell."""
    times = [changed_at]
    for table in CASE_TABLES:
        if table is not CASE:
            query = select(func.max(table.c.at)).where(table.c.case_id == case_id)
            times.append(connection.execute(query).scalar() or "")
    return max(times)


def kept_until(changed: datetime, years: int) -> datetime:
    """The end of the calendar years after a change; of a leap day without one, March 1."""
    changed = changed.astimezone(UTC)
    try:
        return changed.replace(year=changed.year + years)
    except ValueError:
        return changed.replace(year=changed.year + years, month=3, day=1)
