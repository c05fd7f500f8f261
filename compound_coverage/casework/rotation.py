"""Changing the keys of casework while everybody works.

In this order: ``keyring.add_key``, ``rotate``, wait until every server has the key file as it is
now (a minute), ``retire``. All servers must read one and the same key file: a ring looks at it
again before it seals (see ``KeyRing.seal``), so from the moment a key was added nothing new is
sealed by the one before. A backup needs the keys it was made under: keep a copy of the key file
with it, or make a new backup after ``retire`` and delete the older ones. The copy also opens what
was erased since, wherever its bytes may still lie.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    and_,
    func,
    select,
    text,
    tuple_,
    update,
)

from compound_coverage.casework import audit
from compound_coverage.casework.desk import Desk
from compound_coverage.casework.keyring import drop_keys, key_id_of
from compound_coverage.casework.people import OPERATOR
from compound_coverage.casework.tables import ORGANISATION, SEALED_COLUMNS, SealedColumn

# Longer than a server with the file on a network drive may go on seeing the one before.
SETTLED = 60.0
_KEY_ID_BYTES = 8
_MOST_BYTES = 8_000_000
_LEAST_PAUSE = 0.01

Key = tuple[str | int, ...]


class RotationError(ValueError):
    """Keys that can't be retired yet. The message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a rotation did: how many fields it sealed again, and the key all are under now."""

    resealed: int
    key_id: str


# -- sealing again -----------------------------------------------------------------------------


def rotate(desk: Desk, batch: int = 200, progress: Callable[[int], None] | None = None) -> Report:
    """Seals every field again that another key than the newest sealed.

    In short transactions of ``batch`` rows, and it leaves half of the time to others. Cut short,
    it goes on where it was when it is run again. ``progress`` is told how many are done so far.

    Raises KeyRingError for a field that does not open, StoreError if the database does not answer.
    """
    desk.ring.reload()
    resealed = 0

    def tell(count: int) -> None:
        nonlocal resealed
        resealed += count
        if progress and count:
            progress(resealed)

    while _pass(desk, batch, tell):
        pass
    key_id = desk.ring.current
    with desk.operating() as connection:
        record(desk, connection, "keys.rotate", key_id, {"resealed": resealed})
    return Report(resealed, key_id)


def _pass(desk: Desk, batch: int, tell: Callable[[int], None]) -> bool:
    """Goes once through every sealed column; was there anything under another key?"""
    met = 0
    for column in SEALED_COLUMNS:
        last: Key = ()
        while True:
            began = time.monotonic()
            last, resealed, others = _reseal_batch(desk, column, last, batch)
            met += others
            tell(resealed)
            if not last:
                break
            # others who want to write would otherwise find the database busy at each try
            time.sleep(max(_LEAST_PAUSE, time.monotonic() - began))
    return met > 0


def _reseal_batch(desk: Desk, column: SealedColumn, after: Key, batch: int) -> tuple[Key, int, int]:
    """One transaction: the primary key it came to (none at the end of the table), how many fields
    it sealed again, and how many it met under another key.
    """
    keys = list(column.table.primary_key)
    query = select(*keys, _key_id(column)).order_by(*keys).limit(batch)
    if after:
        query = query.where(tuple_(*keys) > tuple_(*after))
    with desk.reading() as connection:
        rows = connection.execute(query).all()
    last: Key = tuple(rows[-1][:-1]) if len(rows) == batch else ()
    current = bytes.fromhex(desk.ring.current)
    todo: list[Key] = [tuple(key) for *key, key_id in rows if key_id != current]
    if not todo:
        return last, 0, 0
    resealed = size = 0
    with desk.operating() as connection:
        for key in todo:
            written = _reseal(desk, connection, column, key)
            resealed += written > 0
            size += written
            if size > _MOST_BYTES:
                return key, resealed, len(todo)
    return last, resealed, len(todo)


def _reseal(desk: Desk, connection: Connection, column: SealedColumn, key: Key) -> int:
    """Seals one field again; returns its size, or 0 if somebody else is at the row just now."""
    field = column.table.c[column.column]
    where = and_(
        *(part == value for part, value in zip(column.table.primary_key, key, strict=True))
    )
    # a row that somebody holds is left for the next pass: waiting here could lock both for good
    token = connection.execute(
        select(field).where(where).with_for_update(skip_locked=True, key_share=True)
    ).scalar()
    if token is None:
        return 0
    place = column.place(*key)
    sealed = desk.ring.seal(desk.ring.open(token, place), place)
    changed = connection.execute(
        update(column.table).where(where, field == token).values({column.column: sealed})
    )
    return len(sealed) if changed.rowcount else 0


# -- what is in use ----------------------------------------------------------------------------


def keys_in_use(desk: Desk) -> dict[str, int]:
    """How many fields each key seals, by its id. Raises StoreError."""
    with desk.reading() as connection:
        return _in_use(connection)


def _in_use(connection: Connection) -> dict[str, int]:
    found: Counter[str] = Counter()
    for column in SEALED_COLUMNS:
        query = select(_key_id(column).label("key_id"), func.count()).group_by("key_id")
        for token, count in connection.execute(query):
            found[key_id_of(token)] += count
    return dict(found)


def _key_id(column: SealedColumn) -> ColumnElement[bytes]:
    return func.substr(column.table.c[column.column], 1, _KEY_ID_BYTES, type_=LargeBinary)


# -- taking keys out ---------------------------------------------------------------------------


def retire(desk: Desk, settled: float = SETTLED, patience: float = 30.0) -> tuple[str, ...]:
    """Takes every key but the newest out of the key file; returns their ids, oldest first.

    A field sealed by a key that is gone is lost for good. So it waits until every transaction
    that began before is over (``patience`` seconds at most), as it may hold a field sealed by an
    old key, and looks once more. What begins later seals with the newest.

    Raises RotationError if a field still uses an old key, if the newest key is younger than
    ``settled`` seconds, or if a transaction does not end. Raises StoreError, KeyRingError.
    """
    desk.ring.reload()
    old = tuple(key_id for key_id in desk.ring.key_ids if key_id != desk.ring.current)
    if not old:
        return ()
    _refuse_young(desk, settled)
    _refuse_used(keys_in_use(desk), old)
    _wait_for_older(desk, patience)
    with desk.operating() as connection:
        _refuse_used(_in_use(connection), old)
        record(desk, connection, "keys.retire", desk.ring.current, {"retired": " ".join(old)})
        drop_keys(desk.ring.path, frozenset(old))
    desk.ring.reload()
    return old


def _refuse_young(desk: Desk, settled: float) -> None:
    age = time.time() - desk.ring.path.stat().st_mtime
    if age < settled:
        raise RotationError(
            f"The newest key is {age:.0f} seconds old; wait until every server has it, "
            f"{settled:.0f} seconds, and try again."
        )


def _refuse_used(used: dict[str, int], old: tuple[str, ...]) -> None:
    left = sum(used.get(key_id, 0) for key_id in old)
    if left:
        raise RotationError(
            f"{left} fields are still sealed by an old key; run 'casework keys rotate' and try "
            "again."
        )


_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start <= :began"
)


def _wait_for_older(desk: Desk, patience: float) -> None:
    if desk.engine.dialect.name != "postgresql":
        return  # SQLite has one writer: whoever may write has waited for all before
    until = time.monotonic() + patience
    with desk.operating() as connection:
        began = connection.execute(select(func.clock_timestamp())).scalar_one()
    while True:
        with desk.operating() as connection:
            older = connection.execute(_OLDER, {"began": began}).scalar_one()
        if not older:
            return
        if time.monotonic() > until:
            raise RotationError(
                "A transaction in the database does not end; end the program that holds it, such "
                "as a backup, and try again."
            )
        time.sleep(0.1)


# -- for the operator's commands ---------------------------------------------------------------


def record(
    desk: Desk, connection: Connection, action: str, resource: str, told: dict[str, str | int]
) -> None:
    """Notes what the operator did in the audit trail of every organisation."""
    ids = select(ORGANISATION.c.organisation_id).order_by(ORGANISATION.c.organisation_id)
    for organisation_id in connection.execute(ids).scalars().all():
        entry = audit.Entry(desk.stamp(), OPERATOR, action, resource, "done", told)
        audit.append(connection, desk.ring, organisation_id, entry)
