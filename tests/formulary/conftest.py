"""A store of published formularies, empty, on either database."""

from pathlib import Path

import pytest
from sqlalchemy import select

from compound_coverage.formulary.store import open_store

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.fixture
def engine(url):
    opened = open_store(url)
    yield opened
    opened.dispose()


@pytest.fixture
def rows(engine):
    """What the store holds in these columns, in their order."""

    def all_of(*columns):
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]

    return all_of
