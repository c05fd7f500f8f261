"""The one way to casework: say who does what on which resource, and get a transaction, or a no.

Every service works inside ``Desk.act``, so no page, route or command can forget to ask. What was
done, and what was refused, is in the audit trail of the actor's organisation, in the same
transaction as the deed itself.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, event, exc, select

from compound_coverage.casework import audit
from compound_coverage.casework.access import Action, Actor, Forbidden, Resource, may
from compound_coverage.casework.keyring import KeyRing
from compound_coverage.casework.tables import CASE, CASE_NPI, DOCUMENT, SealedColumn
from compound_coverage.database import StoreError, changing, open_database

MIGRATIONS = Path(__file__).parent / "migrations"

_ID = re.compile("[0-9a-f]{24}")
# Every other action on a case or a document is about one.
_ABOUT_NONE = frozenset({Action.CASE_LIST, Action.CASE_CREATE, Action.DOCUMENT_VERIFY})


def open_casework(url: str | None = None) -> Engine:
    """The database at ``url`` (default: ``database_url()``), its casework up to date.

    Raises StoreError if it can't be reached or is not ours.
    """
    engine = open_database(url, MIGRATIONS, "casework_version")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _erase_really)
        engine.dispose()  # the connection that migrated was opened before we listened
    return engine


def _erase_really(connection: Any, _: object) -> None:
    # what is deleted does not stay behind in a free page of the file
    connection.execute("PRAGMA secure_delete = ON")


def new_id() -> str:
    """An id nobody can guess, fit for an address."""
    return secrets.token_hex(12)


@dataclass(slots=True)
class Work:
    """A transaction that was allowed: by whom, when, and on which case, if on one.

    ``note`` puts ids and numbers into the audit entry of this deed.
    """

    connection: Connection
    ring: KeyRing
    actor: Actor
    at: str
    case: RowMapping | None = None
    document: RowMapping | None = None
    resource_id: str = ""
    told: dict[str, str | int] = field(default_factory=dict)

    def note(self, **told: str | int) -> None:
        """Adds to the audit entry. Ids and numbers only."""
        self.told.update(told)

    @property
    def case_row(self) -> RowMapping:
        """The case acted on."""
        assert self.case is not None, "this action is not about a case"
        return self.case

    def seal(self, column: SealedColumn, value: Any, *key: str | int) -> bytes:
        """``value`` sealed for ``column`` in the row with this primary key."""
        return self.ring.seal_json(value, column.place(*key))

    def open(self, column: SealedColumn, row: Mapping[str, Any] | RowMapping) -> Any:
        """What is sealed in ``column`` of ``row``."""
        keys = [row[part.name] for part in column.table.primary_key]
        return self.ring.open_json(row[column.column], column.place(*keys))


class Desk:
    """The database, the keys and the clock that all services of casework share."""

    def __init__(
        self,
        engine: Engine,
        ring: KeyRing,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``engine`` comes from ``open_casework``."""
        self.engine = engine
        self.ring = ring
        self.now = now

    def stamp(self) -> str:
        """The time, as the tables hold it: UTC, ISO 8601, to the microsecond."""
        return self.now().astimezone(UTC).isoformat(timespec="microseconds")

    @contextmanager
    def act(self, actor: Actor | None, action: Action, resource_id: str = "") -> Iterator[Work]:
        """One transaction in which ``actor`` does ``action``; all of it stands, or nothing.

        Raises Forbidden, and leaves an entry of that, if the actor may not do it here.
        """
        # an id comes from the address of a page: anything may be typed there
        if resource_id and not _ID.fullmatch(resource_id):
            resource_id = "no-id"
        try:
            with self.operating() as connection:
                work = self._allowed(connection, actor, action, resource_id)
                yield work
                self.record(connection, work.actor, action, work.resource_id, "done", work.told)
        except Forbidden:
            if actor is not None:
                with self.operating() as connection:
                    self.record(connection, actor, action, resource_id, "refused", {})
            raise

    @contextmanager
    def operating(self) -> Iterator[Connection]:
        """A transaction without an actor: for signing in and for the operator, nobody else.

        Raises StoreError if the database does not answer.
        """
        try:
            with changing(self.engine) as connection:
                yield connection
        except (exc.OperationalError, exc.TimeoutError):
            raise StoreError(
                "The database did not answer; nothing was changed. Try again in a minute."
            ) from None

    @contextmanager
    def reading(self, **options: Any) -> Iterator[Connection]:
        """A transaction that only reads, which makes nobody wait; ``options`` are SQLAlchemy's.

        Like ``operating`` without an actor. Raises StoreError if the database does not answer.
        """
        try:
            fresh = self.engine.connect().execution_options(**options)
            with fresh as connection, connection.begin():
                yield connection
        except (exc.OperationalError, exc.TimeoutError):
            raise StoreError("The database did not answer; try again in a minute.") from None

    def _allowed(
        self, connection: Connection, actor: Actor | None, action: Action, resource_id: str
    ) -> Work:
        if actor is None:
            raise Forbidden
        kind = action.partition(".")[0]
        document = self._row(connection, DOCUMENT, resource_id) if kind == "document" else None
        case_id = document["case_id"] if document else resource_id if kind == "case" else ""
        case = self._row(connection, CASE, case_id) if case_id else None
        if kind in ("case", "document") and action not in _ABOUT_NONE and case is None:
            raise Forbidden
        if not may(actor, action, self._resource(case, actor)):
            raise Forbidden
        return Work(connection, self.ring, actor, self.stamp(), case, document, resource_id)

    def _row(self, connection: Connection, table: Any, row_id: str) -> RowMapping | None:
        key = next(iter(table.primary_key))
        # whoever works on a case holds it until the transaction ends
        query = select(table).where(key == row_id).with_for_update()
        return connection.execute(query).mappings().first()

    def _resource(self, case: RowMapping | None, actor: Actor) -> Resource:
        if case is None:
            return Resource(actor.organisation_id)
        npi = self.ring.open_json(case["npi_of_record"], CASE_NPI.place_of(case))
        return Resource(case["organisation_id"], npi)

    def record(
        self,
        connection: Connection,
        actor: Actor,
        action: str,
        resource_id: str,
        outcome: str,
        told: Mapping[str, str | int],
    ) -> None:
        """Adds an entry of what ``actor`` did to the trail of their organisation."""
        entry = audit.Entry(self.stamp(), actor.member_id, action, resource_id, outcome, told)
        audit.append(connection, self.ring, actor.organisation_id, entry)
