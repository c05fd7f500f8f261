"""An import that is killed leaves the release before it whole and in use."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.generate_part_d import generate
from compound_coverage.formulary.importer import import_paths
from compound_coverage.formulary.lookup import reading
from compound_coverage.formulary.sources import sources
from compound_coverage.formulary.store import open_store
from tests.formulary.small_release import NALTREXONE, write_release

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("COMPOUND_COVERAGE_KILLS", "3"))


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """A release large enough to be killed in the middle of."""
    folder = tmp_path_factory.mktemp("large")
    generate(folder, 0.2, 1)
    return folder


def start(url, folder):
    return subprocess.Popen(
        [sys.executable, "-m", "compound_coverage", "formulary", "import", str(folder)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def answers(url):
    engine = open_store(url)
    with reading(engine) as lists:
        found = (
            [release.label for release in lists.history()],
            len(lists.plans()),
            lists.drug("H0001-001-000", NALTREXONE),
        )
    engine.dispose()
    return found


def test_kill_at_random_moments(url, tmp_path, large):
    engine = open_store(url)
    import_paths(engine, [write_release(tmp_path / "old", "2025Q4")], sources("part-d"))
    engine.dispose()
    before = answers(url)
    rng, killed, latest = random.Random(KILLS), 0, 0.8 * seconds_for(large, tmp_path)
    while killed < KILLS:
        process = start(url, large)
        time.sleep(rng.uniform(0.1 * latest, latest))
        process.kill()
        assert process.wait() != 0, "it was done before the signal came"
        killed += 1
        assert answers(url) == before
    assert start(url, large).wait() == 0
    assert answers(url)[0][0] == "2026Q1"


def seconds_for(folder, tmp_path):
    """How long the import takes here, start of the program included."""
    started = time.monotonic()
    assert start(f"sqlite:///{tmp_path / 'measured.sqlite'}", folder).wait() == 0
    return time.monotonic() - started
