"""A store of published formularies, empty, on either database."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from compound_coverage.formulary.store import open_store
from compound_coverage.formulary.tables import METADATA

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.sqlite'}")
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def postgresql_store(postgres):
    name = f"store{uuid.uuid4().hex}"
    admin = create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    opened = open_store(f"{postgres}/{name}")
    yield opened
    opened.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request):
    """A store of each kind, made once, and emptied before each test."""
    opened = request.getfixturevalue(f"{request.param}_store")
    with opened.begin() as connection:
        if request.param == "postgresql":
            # one that a test has left open is a fault of that test, not a wait without an end
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            names = ", ".join(table.name for table in METADATA.sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        else:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
    yield opened
    opened.dispose()


@pytest.fixture
def rows(engine):
    """What the store holds in these columns, in their order."""

    def all_of(*columns):
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]

    return all_of
