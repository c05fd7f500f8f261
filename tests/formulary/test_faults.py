"""An import that is killed leaves the release before it whole and in use."""

import itertools
import os
import random
import signal
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from bench.generate_part_d import generate
from compound_coverage import cli_formulary
from compound_coverage.cli import main
from compound_coverage.formulary.importer import import_paths
from compound_coverage.formulary.lookup import reading
from compound_coverage.formulary.sources import sources
from compound_coverage.formulary.store import open_store
from tests.formulary.small_release import NALTREXONE, write_release
from tests.killed import FORKS

pytestmark = pytest.mark.no_cover

LONG = 600  # seconds; it is killed before
KILLS = int(os.environ.get("COMPOUND_COVERAGE_KILLS", "5"))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A release large enough to be killed in the middle of."""
    folder = tmp_path_factory.mktemp("large")
    generate(folder, 0.05, 1)
    return folder


@pytest.fixture(scope="module")
def steps(large, tmp_path_factory):
    """How many batches of rows the import writes."""
    url = f"sqlite:///{tmp_path_factory.mktemp('measured') / 'store.sqlite'}"
    process, told = start(url, large)
    count = len(list(iter(told.recv, 0)))
    assert ended(process) == 0
    return count


def start(url, folder, hold=0):
    """The command in a process of its own, and where it tells of each batch that it wrote.

    Just before its commit number ``hold`` it tells "commit" and does not go on.
    """
    told, tells = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=bring_in, args=(url, str(folder), hold, tells))
    process.start()
    tells.close()
    return process, told


def bring_in(url, folder, hold, tells):
    commits = itertools.count(1)

    def before_a_commit(_):
        if next(commits) == hold:
            tells.send("commit")
            time.sleep(LONG)

    event.listen(Engine, "commit", before_a_commit)
    os.environ["DATABASE_URL"] = url
    cli_formulary._progress = lambda: lambda _, rows: tells.send(rows)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        code = main(["formulary", "import", folder])
    tells.send(0)
    sys.exit(code)


def ended(process):
    process.join()
    return process.exitcode


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


@pytest.fixture
def old(url, tmp_path):
    """A store with last quarter's release; what it answers."""
    engine = open_store(url)
    import_paths(engine, [write_release(tmp_path / "old", "2025Q4")], sources("part-d"))
    engine.dispose()
    return answers(url)


def test_kill_at_random_moments(url, large, steps, old):
    rng, killed = random.Random(KILLS), 0
    while killed < KILLS:
        process, told = start(url, large)
        # the moment is told by what it has done, which a busy hour does not change
        for _ in range(rng.randint(0, int(0.8 * steps))):
            told.recv()
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        assert ended(process) == -signal.SIGKILL, "it was done before the signal came"
        killed += 1
        assert answers(url) == old
    process, _ = start(url, large)
    assert ended(process) == 0
    assert answers(url)[0][0] == "2026Q1"


def test_kill_before_each_commit(url, large, old):
    for hold in itertools.count(1):
        process, told = start(url, large, hold)
        said = 1
        while said not in ("commit", 0):
            said = told.recv()
        if said == 0:
            assert ended(process) == 0
            break
        process.kill()
        assert ended(process) == -signal.SIGKILL
        assert answers(url) == old
    assert hold > 1, "it committed nothing"
    assert answers(url)[0][0] == "2026Q1"
