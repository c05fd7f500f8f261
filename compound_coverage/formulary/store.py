"""Opens the database of published formularies, and writes to it in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table

from compound_coverage.database import open_database

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str | None = None) -> Engine:
    """The database at ``url`` (default: ``database_url()``), its formularies' schema up to date.

    Raises StoreError if it can't be reached or is not ours.
    """
    return open_database(url, MIGRATIONS, "alembic_version")


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts ``rows``, each with a value for every column of ``table``, in column order."""
    if not rows:
        return
    names = ", ".join(column.name for column in table.columns)
    cursor = connection.connection.cursor()
    try:
        if connection.dialect.name == "postgresql":
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(table.columns))
            cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608
    finally:
        cursor.close()
