"""A program that is killed while it saves loses nothing it had acknowledged."""

import json
import os
import random
import signal
import time

import pytest

from compound_coverage.casework import audit
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from tests.casework.writer import cases_at, rows_of, write_until_killed
from tests.killed import FORKS

pytestmark = pytest.mark.no_cover

KILLS = int(os.environ.get("COMPOUND_COVERAGE_KILLS", "5"))


def start(url, ring, practice, draft, name):
    """A program that writes, and where it tells of each save the service acknowledged."""
    told, tells = FORKS.Pipe(duplex=False)
    asked = (url, ring.path, practice.staff, draft, name, tells)
    program = FORKS.Process(target=write_until_killed, args=asked)
    program.start()
    tells.close()
    assert told.recv() == "ready"
    return program, told


def acknowledged(told):
    """What was told whole; the last may have been cut off by the kill."""
    while True:
        try:
            yield told.recv()
        except (EOFError, OSError):
            return


def test_kill_at_random_moments(url, ring, desk, practice):
    draft = cases_at(desk).create(practice.staff, Content(text="First line\n\nLast line\n"))
    rng, told = random.Random(KILLS), []
    for number in range(KILLS):
        program, tells = start(url, ring, practice, draft, f"writer{number}")
        time.sleep(rng.uniform(0.02, 0.5))
        program.kill()
        program.join(timeout=60)
        assert program.exitcode == -signal.SIGKILL, "it ended before the signal came"
        told += acknowledged(tells)
        engine = open_casework(url)
        mine = Desk(engine, ring)
        version = check(mine, practice, draft, told)
        # a kill may come between a save and the line that tells of it, once each
        untold = version - 1 - len(told) - number
        assert 0 <= untold <= number + 1
        # and the work goes on
        cases = cases_at(mine)
        seen = cases.read(practice.staff, draft)
        cases.save(practice.staff, draft, seen.version, Content(text=f"After kill {number}\n"))
        engine.dispose()
    assert len(told) > KILLS, "the kills came before anything was saved"


def check(desk, practice, draft, told):
    cases = cases_at(desk)
    view = cases.read(practice.staff, draft)
    assert [note.number for note in view.versions] == list(range(1, len(view.versions) + 1))
    for note in view.versions:
        cases.version_at(practice.staff, draft, note.number)
    for one in told:
        assert one.row in rows_of(cases.version_at(practice.staff, draft, one.version))
        assert not one.aside
    with desk.operating() as connection:
        assert audit.faults(connection, desk.ring, practice.organisation_id) == []
        found = [
            json.loads(row["detail"]).get("version")
            for row in audit.entries(connection, practice.organisation_id)
            if row["action"] == "case.edit"
        ]
    assert found == list(range(2, view.version + 1)), "each version has its entry, and no other"
    return view.version
