"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from compound_coverage.dataset.load import load
from compound_coverage.dataset.maintain import write_dataset
from compound_coverage.dataset.schema import TABLES
from tests.small_dataset import ROWS

pytest_plugins = ["tests.databases"]

settings.register_profile("default", deadline=None)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

REQUIRE_ALL = bool(os.environ.get("COMPOUND_COVERAGE_REQUIRE_ALL"))


PAGES = tuple(str(Path(__file__).parent / name) for name in ("browser", "dashboard", "server"))


def pytest_collection_modifyitems(items):
    """Counts no lines in tests that draw pages, or tell one story a hundred times over.

    The tracer makes these three times as slow, and the lines of the library that they reach are
    counted where each stands by itself. Others that race, kill or time carry the mark themselves.
    """
    for item in items:
        hypothesis = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if hypothesis or str(item.path).startswith(PAGES):
            item.add_marker(pytest.mark.no_cover)


def need(present, what):
    """Skips a test whose tool is missing; where everything is required, fails instead."""
    if not present:
        (pytest.fail if REQUIRE_ALL else pytest.skip)(f"{what} is not installed")


@pytest.fixture(scope="session")
def bundled():
    """The dataset as it is published."""
    return load()


@pytest.fixture
def small(tmp_path):
    """A folder with a small, sound, made-up dataset."""
    directory = tmp_path / "coverage"
    directory.mkdir()
    tables = {
        model.FILE: [model.model_validate(row) for row in ROWS.get(model.FILE, [])]
        for model in TABLES
    }
    write_dataset(directory, tables)
    return directory
