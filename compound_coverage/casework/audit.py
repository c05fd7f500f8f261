"""The audit trail: who did what when, chained so that no change to it goes unseen.

Each entry is signed together with the entry before it, by a key outside the database. Changing,
deleting or reordering entries breaks the chain; cutting off its end disagrees with the signed head.
Putting back an older copy of the whole trail, head included, is seen against a head written down
elsewhere: each new head goes to the log.

Entries hold ids and words of this program, never a name or anything typed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from compound_coverage.casework.keyring import KeyRing
from compound_coverage.casework.tables import AUDIT, AUDIT_HEAD
from compound_coverage.database import StoreError

LOG = logging.getLogger("compound_coverage.audit")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, or refused."""

    at: str
    actor: str
    action: str
    resource: str
    outcome: str
    detail: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a trail: its number, and the mark that signs all up to it."""

    number: int
    mark: str


def start(connection: Connection, ring: KeyRing, organisation_id: str) -> None:
    """Begins an empty trail for an organisation."""
    first = ring.mark(_head_text(organisation_id, Head(0, "")))
    connection.execute(
        insert(AUDIT_HEAD).values(organisation_id=organisation_id, number=0, mark=first)
    )


def append(connection: Connection, ring: KeyRing, organisation_id: str, entry: Entry) -> Head:
    """Adds an entry, in the transaction of what it tells of; writers queue at the head.

    Raises StoreError if the head was taken away.
    """
    mine = AUDIT_HEAD.c.organisation_id == organisation_id
    number = connection.execute(select(AUDIT_HEAD.c.number).where(mine).with_for_update()).scalar()
    if number is None:
        raise StoreError(
            "The head of the audit trail is missing, so nothing can be done; restore the database "
            "from a backup."
        )
    before = _mark_of(connection, organisation_id, number)
    row = {
        "organisation_id": organisation_id,
        "number": number + 1,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "resource": entry.resource,
        "outcome": entry.outcome,
        "detail": json.dumps(dict(entry.detail), sort_keys=True),
    }
    head = Head(number + 1, ring.mark(_entry_text(row, before)))
    connection.execute(insert(AUDIT).values(**row, mark=head.mark))
    connection.execute(
        update(AUDIT_HEAD)
        .where(mine)
        .values(number=head.number, mark=ring.mark(_head_text(organisation_id, head)))
    )
    LOG.info("audit head %s %d %s", organisation_id, head.number, head.mark)
    return head


def _mark_of(connection: Connection, organisation_id: str, number: int) -> str:
    if number == 0:
        return ""
    found = connection.execute(
        select(AUDIT.c.mark).where(
            AUDIT.c.organisation_id == organisation_id, AUDIT.c.number == number
        )
    ).scalar()
    # a trail whose end was cut off goes on, and the check says where it is broken
    return found or ""


def entries(connection: Connection, organisation_id: str) -> Iterator[RowMapping]:
    """The rows of a trail, oldest first."""
    query = select(AUDIT).where(AUDIT.c.organisation_id == organisation_id).order_by(AUDIT.c.number)
    yield from connection.execute(query).mappings()


def newest(
    connection: Connection, organisation_id: str, before: int, most: int
) -> list[RowMapping]:
    """The newest ``most`` rows of a trail, newest first; older than entry ``before`` if not 0."""
    query = select(AUDIT).where(AUDIT.c.organisation_id == organisation_id)
    if before:
        query = query.where(AUDIT.c.number < before)
    query = query.order_by(AUDIT.c.number.desc()).limit(most)
    return list(connection.execute(query).mappings())


def faults(
    connection: Connection, ring: KeyRing, organisation_id: str, known: Head | None = None
) -> list[str]:
    """What is wrong with a trail, one sentence each; empty if nothing is.

    ``known`` is a head that was written down before, from the log: the trail must still hold it.
    """
    found: list[str] = []
    marks = {0: ""}
    last = Head(0, "")
    for row in entries(connection, organisation_id):
        if row["number"] != last.number + 1:
            found.append(f"Entries {last.number + 1} to {row['number'] - 1} are missing.")
        elif row["mark"] != ring.mark(_entry_text(row, last.mark)):
            found.append(f"Entry {row['number']} was changed or moved.")
        last = Head(row["number"], row["mark"])
        marks[last.number] = last.mark
    found += _head_faults(connection, ring, organisation_id, last)
    if known and marks.get(known.number) != known.mark:
        found.append(f"The trail does not hold entry {known.number} as it was written down.")
    return found


def _head_faults(
    connection: Connection, ring: KeyRing, organisation_id: str, last: Head
) -> list[str]:
    row = (
        connection.execute(
            select(AUDIT_HEAD).where(AUDIT_HEAD.c.organisation_id == organisation_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        return ["The head of the trail is missing."]
    if row["number"] > last.number:
        return [f"The trail ends at entry {last.number}; its head says {row['number']}."]
    if (row["number"], row["mark"]) != (
        last.number,
        ring.mark(_head_text(organisation_id, last)),
    ):
        return ["The head of the trail was changed."]
    return []


def head_of(connection: Connection, organisation_id: str) -> Head:
    """The newest entry of a trail, to be written down elsewhere."""
    number = connection.execute(
        select(AUDIT_HEAD.c.number).where(AUDIT_HEAD.c.organisation_id == organisation_id)
    ).scalar_one()
    return Head(number, _mark_of(connection, organisation_id, number))


def _entry_text(row: Mapping[str, object] | RowMapping, before: str) -> str:
    names = ("organisation_id", "number", "at", "actor", "action", "resource", "outcome", "detail")
    return json.dumps([*(row[name] for name in names), before])


def _head_text(organisation_id: str, head: Head) -> str:
    return json.dumps(["head", organisation_id, head.number, head.mark])
