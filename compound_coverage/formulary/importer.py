"""Imports published files: recognise, stream rows, normalise, report. All or nothing.

A *source* knows one publisher's format. It claims the files it recognises and sends rows to a
Sink; the importer owns the transaction, the counts and the release.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from compound_coverage.database import StoreError, writing
from compound_coverage.formulary.archives import DAMAGE, Member, opened
from compound_coverage.formulary.store import insert_rows
from compound_coverage.formulary.tables import (
    DRUG,
    DRUG_LIST,
    OF_RELEASE,
    RELEASE,
    SET_ASIDE,
)

BATCH = 20_000
KEPT_RELEASES = 2
LONGEST_TEXT = 500
Progress = Callable[[str, int], None]


class ImportFault(ValueError):
    """The files as a whole are not what they claim; nothing was imported. One sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to keep of files that are too big to keep whole; empty sets keep everything."""

    ndcs: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()


@dataclass(slots=True)
class FileCount:
    """What became of one file's rows."""

    read: int = 0
    kept: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What one import did. ``reasons`` counts the rows set aside by reason."""

    source: str
    release: str
    files: dict[str, FileCount]
    reasons: dict[str, int]
    unclaimed: tuple[str, ...]
    seconds: float

    @property
    def rows_read(self) -> int:
        return sum(count.read for count in self.files.values())

    @property
    def rows_kept(self) -> int:
        return sum(count.kept for count in self.files.values())

    @property
    def rows_set_aside(self) -> int:
        return sum(count.set_aside for count in self.files.values())


class Source(Protocol):
    """One publisher's format.

    ``name`` is the word on the command line. ``claims`` looks at a file's name and first bytes.
    ``read`` sends every row of the claimed files to the sink and returns (series, release
    label); it raises ImportFault if the files as a whole are not what they claim.
    """

    name: str

    def claims(self, member: Member) -> bool: ...
    def read(self, claimed: Sequence[Member], sink: Sink, options: Options) -> tuple[str, str]: ...


@dataclass(slots=True)
class Sink:
    """Where a source sends its rows. Buffers them and writes them in bulk."""

    connection: Connection
    release_id: int
    next_list_id: int
    progress: Progress
    files: dict[str, FileCount] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    _buffers: dict[Table, list[tuple[Any, ...]]] = field(default_factory=dict)
    _seen: dict[str, set[Any]] = field(default_factory=dict)
    _lists: dict[str, int] = field(default_factory=dict)

    def file(self, name: str) -> FileCount:
        """The counts of a file; the source adds to ``read`` and ``kept`` itself."""
        return self.files.setdefault(name, FileCount())

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        """Takes one row, a value for every column of ``table`` in order, release_id included."""
        rows = self._buffers.get(table)
        if rows is None:
            rows = self._buffers[table] = []
        rows.append(row)
        if len(rows) >= BATCH:
            self._write(table, rows)

    def is_new(self, what: str, key: Any) -> bool:
        """Is this key of ``what`` seen for the first time in this import?"""
        seen = self._seen.setdefault(what, set())
        if key in seen:
            return False
        seen.add(key)
        return True

    def list_id(self, list_key: str) -> int:
        """The number of a drug list, given out on first sight."""
        found = self._lists.get(list_key)
        if found is None:
            found = self._lists[list_key] = self.next_list_id
            self.next_list_id += 1
            self.add(DRUG_LIST, (found, self.release_id, list_key))
        return found

    def set_aside(self, file: str, line: int, reason: str, text: str) -> None:
        """Keeps a row that can't be understood, with where and why."""
        self.file(file).set_aside += 1
        self.reasons[reason] += 1
        shown = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:LONGEST_TEXT]
        self.add(SET_ASIDE, (self.release_id, file, line, reason, shown))

    def flush(self) -> None:
        """Writes what is still buffered."""
        for table, rows in self._buffers.items():
            self._write(table, rows)

    def _write(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        insert_rows(self.connection, table, rows)
        self.progress(table.name, len(rows))
        rows.clear()


def import_paths(
    engine: Engine,
    paths: Sequence[Path],
    sources: Sequence[Source],
    options: Options = Options(),
    progress: Progress = lambda *_: None,
) -> list[Report]:
    """Imports whatever ``sources`` recognise under ``paths``, each source in one transaction.

    Raises ImportFault, leaving every release as it was, if nothing is recognised or a file as a
    whole is not what it claims; ArchiveError for an archive that can't be read safely;
    StoreError if the database fails (a full disk, say).
    """
    with opened(paths) as found:
        claimed: dict[str, list[Member]] = {source.name: [] for source in sources}
        unclaimed: list[Member] = []
        for member in found:
            owner = next((source for source in sources if source.claims(member)), None)
            (claimed[owner.name] if owner else unclaimed).append(member)
        if not any(claimed.values()):
            known = ", ".join(source.name for source in sources)
            raise ImportFault(f"None of the {len(found)} files is of a known kind ({known}).")
        others = tuple(member.name for member in unclaimed)
        return [
            _import(engine, source, claimed[source.name], others, options, progress)
            for source in sources
            if claimed[source.name]
        ]


def _import(
    engine: Engine,
    source: Source,
    claimed: Sequence[Member],
    unclaimed: tuple[str, ...],
    options: Options,
    progress: Progress,
) -> Report:
    started = time.monotonic()
    try:
        with writing(engine) as connection:
            sink = _new_sink(connection, source.name, progress)
            series, label = source.read(claimed, sink, options)
            sink.flush()
            report = Report(
                source=source.name,
                release=label,
                files=sink.files,
                reasons=dict(sink.reasons),
                unclaimed=unclaimed,
                seconds=time.monotonic() - started,
            )
            if not report.rows_kept:
                raise ImportFault(
                    f"No row of {claimed[0].name} could be understood; nothing was imported."
                )
            _close_release(connection, sink.release_id, series, label, report)
    except DAMAGE as error:
        raise ImportFault(f"An archive is damaged: {error}; nothing was imported.") from None
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StoreError(f"The database failed: {cause}; nothing was imported.") from None
    return report


def _new_sink(connection: Connection, source: str, progress: Progress) -> Sink:
    made = connection.execute(
        RELEASE.insert().values(
            source=source,
            series="",
            label="",
            imported_at=datetime.now(UTC).isoformat(timespec="seconds"),
            rows_read=0,
            rows_kept=0,
            rows_set_aside=0,
        )
    )
    [release_id] = made.inserted_primary_key or [0]
    highest = connection.scalar(select(func.max(DRUG_LIST.c.list_id))) or 0
    return Sink(connection, release_id, highest + 1, progress)


def _close_release(
    connection: Connection, release_id: int, series: str, label: str, report: Report
) -> None:
    """Names and counts the release, and lets go of those older than the one before it."""
    connection.execute(
        update(RELEASE)
        .where(RELEASE.c.release_id == release_id)
        .values(
            series=series,
            label=label,
            rows_read=report.rows_read,
            rows_kept=report.rows_kept,
            rows_set_aside=report.rows_set_aside,
        )
    )
    same = select(RELEASE.c.release_id).where(RELEASE.c.series == series)
    newest_first = connection.scalars(same.order_by(RELEASE.c.release_id.desc())).all()
    for old in newest_first[KEPT_RELEASES:]:
        _delete_release(connection, old)


def _delete_release(connection: Connection, release_id: int) -> None:
    lists = select(DRUG_LIST.c.list_id).where(DRUG_LIST.c.release_id == release_id)
    connection.execute(delete(DRUG).where(DRUG.c.list_id.in_(lists)))
    for table in OF_RELEASE:
        connection.execute(delete(table).where(table.c.release_id == release_id))
    connection.execute(delete(DRUG_LIST).where(DRUG_LIST.c.release_id == release_id))
    connection.execute(delete(RELEASE).where(RELEASE.c.release_id == release_id))
