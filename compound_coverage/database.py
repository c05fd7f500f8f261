"""One database for published formularies and for casework: SQLite by default, or PostgreSQL."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError


class StoreError(ValueError):
    """The database can't be used. The message is one sentence."""


def database_url() -> str:
    """``DATABASE_URL``, or a SQLite file in the user's data folder (see ``home``)."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres://"):
        given = given.replace("postgres://", "postgresql://", 1)
    if given.startswith("postgresql://"):
        given = given.replace("postgresql://", "postgresql+psycopg://", 1)
    return given or f"sqlite:///{home() / 'compound_coverage.sqlite'}"


def home() -> Path:
    """The user's data folder, made if need be; ``COMPOUND_COVERAGE_HOME`` moves it."""
    given = os.environ.get("COMPOUND_COVERAGE_HOME")
    folder = Path(given) if given else Path(platformdirs.user_data_dir("compound-coverage"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def open_database(url: str | None, migrations: Path, version_table: str) -> Engine:
    """The database at ``url`` (default: ``database_url()``), one part of it brought up to date.

    ``migrations`` is an Alembic folder, ``version_table`` where it notes how far it got.
    Raises StoreError if the database can't be reached or is not ours.
    """
    try:
        engine = create_engine(url or database_url())
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _sqlite_settings)
            event.listen(engine, "begin", _sqlite_begin)
        _migrate(engine, migrations, version_table)
    except (ArgumentError, OperationalError, OSError) as error:
        raise StoreError(f"The database can't be opened: {_cause(error)}.") from None
    except SQLAlchemyError as error:
        raise StoreError(f"The database is not usable: {_cause(error)}.") from None
    return engine


def is_empty(engine_url: str | None = None) -> bool:
    """Is there no database yet? Asked before opening one just to find nothing in it."""
    url = make_url(engine_url or database_url())
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _cause(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()).rstrip(".")


def _sqlite_settings(connection: Any, _: object) -> None:
    # SQLAlchemy, not the driver, opens transactions, so that one import is one transaction
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "busy_timeout = 30000",
        "cache_size = -65536",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    # a writer takes its place in the queue at once; a reader never waits
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# Alembic keeps what it is working on in one place of the process
_ONE_AT_A_TIME = threading.Lock()


def _migrate(engine: Engine, migrations: Path, version_table: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    with _ONE_AT_A_TIME, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # two programs may start at once; the second waits for the first
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(628173)")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = version_table
        command.upgrade(config, "head")


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: all of it stands at the end, or none of it."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction for one writer in bulk: all of it stands at the end, or none of it.

    Readers go on with what stood before. A second such writer waits.
    """
    with changing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(628174)")
        yield connection
