"""A backup of casework in one file, which either kind of database takes back.

A zip with ``manifest.json`` and one file of JSON lines for each table. Sealed fields stay sealed,
so a restore needs the keys named in the manifest. The last 64 characters of the file, the zip's
comment, sign all before them with a key of the ring: a backup of which one byte was changed, cut
off or added is refused.

Sign-ins are left out: nobody is signed in after a restore. What patients left for a practice
(``handoff``) is in it; it stays sealed under their own codes, and runs out when it would have.
A restore brings back what was erased after the backup was made: erase it again.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
)

from compound_coverage.casework import audit
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing, key_id_of
from compound_coverage.casework.rotation import record
from compound_coverage.casework.tables import LOGIN, METADATA, ORGANISATION, SEALED_COLUMNS

_MARK = 64
_AT_A_TIME = 20
_MOST_BYTES = 8_000_000
_PIECE = 1 << 20
# parents before children
TABLES = tuple(table for table in METADATA.sorted_tables if table is not LOGIN)
_SEALED = {(column.table.name, column.column) for column in SEALED_COLUMNS}


class BackupError(ValueError):
    """A backup that can't be made or taken back. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class TableNote:
    """One table of a backup: its rows, and the SHA-256 of its lines."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``faults`` is what a restore found wrong with the audit trails in it,
    by organisation id; a backup itself has none written down.
    """

    made_at: str
    schema: str
    keys: tuple[str, ...]
    tables: Mapping[str, TableNote]
    faults: Mapping[str, tuple[str, ...]]


# -- making one --------------------------------------------------------------------------------


def back_up(desk: Desk, path: Path) -> Manifest:
    """Writes all of casework to ``path``, as it stands at one moment, while others go on working.

    Only its owner can read the file. The making is noted in the trail of every organisation,
    after that moment. Raises BackupError if the file can't be written, StoreError.
    """
    try:
        with _written_whole(path) as stream:
            manifest = _write(desk, stream)
            _sign(desk.ring, stream)
    except OSError as error:
        raise BackupError(
            f"The backup can't be written to '{path}': {error.strerror}; choose another place."
        ) from None
    with desk.operating() as connection:
        record(desk, connection, "backup.make", manifest.made_at, _counts(manifest))
    return manifest


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[bytes]]:
    """``dataset.tables.write_atomically`` for what is too large to hold in memory; mode 0600."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.")
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _write(desk: Desk, stream: IO[bytes]) -> Manifest:
    options = (
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        if desk.engine.dialect.name == "postgresql"
        else {}
    )
    keys: set[str] = set()
    with (
        desk.reading(**options) as connection,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        packed.comment = bytes(_MARK)
        notes = {}
        for table in TABLES:
            with packed.open(_member(table), "w", force_zip64=True) as member:
                notes[table.name] = _copy(_lines(connection, table, keys), member)
        manifest = Manifest(desk.stamp(), _schema(connection), tuple(sorted(keys)), notes, {})
        packed.writestr("manifest.json", json.dumps(_written(manifest), indent=2))
    return manifest


def _copy(lines: Iterable[bytes], member: IO[bytes]) -> TableNote:
    count, digest = 0, hashlib.sha256()
    for line in lines:
        member.write(line)
        digest.update(line)
        count += 1
    return TableNote(count, digest.hexdigest())


def _lines(connection: Connection, table: Table, keys: set[str]) -> Iterator[bytes]:
    """The rows of a table in the order of their primary key, the same in either database."""
    order = [
        part.collate("C")
        if connection.dialect.name == "postgresql" and isinstance(part.type, Text)
        else part
        for part in table.primary_key
    ]
    rows = connection.execute(
        select(table).order_by(*order),
        execution_options={"stream_results": True, "yield_per": _AT_A_TIME},
    )
    for row in rows.mappings():
        keys |= {key_id_of(row[name]) for name in row if (table.name, name) in _SEALED}
        yield _line(row)


def _line(row: RowMapping) -> bytes:
    values = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    return json.dumps(values).encode() + b"\n"


def _schema(connection: Connection) -> str:
    return str(connection.execute(text("SELECT version_num FROM casework_version")).scalar_one())


def _member(table: Table) -> str:
    return f"{table.name}.jsonl"


def _written(manifest: Manifest) -> dict[str, Any]:
    return {name: value for name, value in asdict(manifest).items() if name != "faults"}


def _counts(manifest: Manifest) -> dict[str, str | int]:
    return {name: note.rows for name, note in manifest.tables.items()}


# -- the mark ----------------------------------------------------------------------------------


def _sign(ring: KeyRing, stream: IO[bytes]) -> None:
    mark = _mark_of(ring, stream)
    stream.seek(-_MARK, os.SEEK_END)
    stream.write(mark.encode())


def _mark_of(ring: KeyRing, stream: IO[bytes]) -> str:
    """Signs all of the file but its last bytes, where the mark stands."""
    left = stream.seek(0, os.SEEK_END) - _MARK
    stream.seek(0)
    digest = hashlib.sha256()
    while left > 0:
        piece = stream.read(min(_PIECE, left))
        digest.update(piece)
        left -= len(piece)
    return ring.mark(f"backup {digest.hexdigest()}")


# -- taking one back ---------------------------------------------------------------------------


def restore(url: str, ring: KeyRing, path: Path, *, replace: bool = False) -> Manifest:
    """Puts a backup into the database at ``url``: all of it, or nothing.

    With ``replace``, what is there of casework goes; without it, the database must hold none.
    The restore is noted in the trail of every organisation. The manifest returned says what is
    wrong with the trails as they came from the backup.

    Raises BackupError if the file was changed, needs a key that is missing or another version of
    the program, or if the database holds casework; StoreError.
    """
    engine = open_casework(url)
    try:
        desk = Desk(engine, ring)
        with _opened(path) as stream:
            _refuse_changed(ring, stream)
            with zipfile.ZipFile(stream) as packed, desk.operating() as connection:
                manifest = _manifest(packed)
                _refuse_unfit(desk, connection, manifest)
                _make_room(connection, replace)
                _fill(connection, packed, manifest)
                faults = _trail_faults(connection, ring)
                record(desk, connection, "backup.restore", manifest.made_at, _counts(manifest))
    finally:
        engine.dispose()
    return dataclasses.replace(manifest, faults=faults)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise BackupError(
            f"The backup '{path}' can't be read: {error.strerror}; look whether it is there."
        ) from None
    with stream:
        yield stream


def _refuse_changed(ring: KeyRing, stream: IO[bytes]) -> None:
    mark = _mark_of(ring, stream)
    if not hmac.compare_digest(stream.read(), mark.encode()):
        raise BackupError(
            "The backup is damaged, was changed, or was made with another key file; take another "
            "copy, or bring back the key file of that time."
        )


def _manifest(packed: zipfile.ZipFile) -> Manifest:
    data = json.loads(packed.read("manifest.json"))
    tables = {name: TableNote(**note) for name, note in data["tables"].items()}
    return Manifest(data["made_at"], data["schema"], tuple(data["keys"]), tables, {})


def _refuse_unfit(desk: Desk, connection: Connection, manifest: Manifest) -> None:
    schema = _schema(connection)
    if manifest.schema != schema:
        raise BackupError(
            f"The backup is of database version {manifest.schema} and this program is of "
            f"{schema}; restore it with the program that made it."
        )
    desk.ring.reload()
    missing = [key_id for key_id in manifest.keys if key_id not in desk.ring.key_ids]
    if missing:
        raise BackupError(
            f"The backup needs the key {missing[0]}, which is not in the key file; bring back the "
            "key file that holds it."
        )


def _make_room(connection: Connection, replace: bool) -> None:
    held = any(
        connection.execute(select(table).limit(1)).first() for table in METADATA.sorted_tables
    )
    if held and not replace:
        raise BackupError(
            "This database holds casework already; restore into an empty one, or say that all of "
            "it is to be replaced."
        )
    for table in reversed(METADATA.sorted_tables):
        connection.execute(delete(table))


def _fill(connection: Connection, packed: zipfile.ZipFile, manifest: Manifest) -> None:
    for table in TABLES:
        with packed.open(_member(table)) as member:
            for rows in _batches(table, member):
                connection.execute(insert(table), rows)
        digest = hashlib.sha256()
        for line in _lines(connection, table, set()):
            digest.update(line)
        if digest.hexdigest() != manifest.tables[table.name].sha256:
            raise BackupError(
                f"The table {table.name} did not come out as it was backed up, so nothing was "
                "restored; end all other programs on this database and try again."
            )


def _batches(table: Table, member: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    binary = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
    rows: list[dict[str, Any]] = []
    size = 0
    for line in member:
        row = json.loads(line)
        rows.append(row | {name: base64.b64decode(row[name]) for name in binary})
        size += len(line)
        if len(rows) == _AT_A_TIME or size > _MOST_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _trail_faults(connection: Connection, ring: KeyRing) -> dict[str, tuple[str, ...]]:
    ids = connection.execute(select(ORGANISATION.c.organisation_id)).scalars().all()
    told = {name: tuple(audit.faults(connection, ring, name)) for name in ids}
    return {name: faults for name, faults in told.items() if faults}
