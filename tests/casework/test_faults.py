"""A program that is killed while it saves loses nothing it had acknowledged."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from compound_coverage.casework import audit
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from tests.casework.writer import Acknowledged, cases_at, rows_of

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("COMPOUND_COVERAGE_KILLS", "5"))


def start(url, ring, practice, draft, name):
    program: Any = subprocess.Popen(
        [sys.executable, "-m", "tests.casework.writer"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    asked = {
        "url": url,
        "keys": str(ring.path),
        "member": practice.staff.member_id,
        "organisation": practice.organisation_id,
        "case": draft,
        "names": [name],
        "seconds": 0,
    }
    program.stdin.write(json.dumps(asked) + "\n")
    program.stdin.flush()
    assert program.stdout.readline() == "ready\n"
    return program


def acknowledged(output):
    """The whole lines that were printed; the last may have been cut off by the kill."""
    lines = output.split("\n")[:-1]
    return [Acknowledged(**json.loads(line)) for line in lines]


def test_kill_at_random_moments(url, ring, desk, practice):
    draft = cases_at(desk).create(practice.staff, Content(text="First line\n\nLast line\n"))
    rng, told = random.Random(KILLS), []
    for number in range(KILLS):
        program = start(url, ring, practice, draft, f"writer{number}")
        time.sleep(rng.uniform(0.02, 0.5))
        program.kill()
        output, _ = program.communicate(timeout=60)
        assert program.returncode == -9, "it ended before the signal came"
        told += acknowledged(output)
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
