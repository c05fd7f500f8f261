"""Twenty people on one draft: no save that was acknowledged is ever lost."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compound_coverage.casework import audit
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from tests.casework.writer import Acknowledged, cases_at, rows_of, write_in_threads

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("COMPOUND_COVERAGE_WRITERS_SECONDS", "1.5"))
NAMES = [f"writer{number}" for number in range(20)]
LOG = logging.getLogger(__name__)


@pytest.fixture
def draft(desk, practice):
    return cases_at(desk).create(practice.staff, Content(text="First line\n\nLast line\n"))


def in_threads(url, ring, practice, draft):
    desks = [Desk(open_casework(url), ring) for _ in NAMES]
    told, errors = write_in_threads(desks, practice.staff, draft, NAMES, SECONDS)
    for desk in desks:
        desk.engine.dispose()
    return told, errors


def in_processes(url, ring, practice, draft):
    programs = []
    for first in range(0, 20, 5):
        program: Any = subprocess.Popen(
            [sys.executable, "-m", "tests.casework.writer"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        asked = {
            "url": url,
            "keys": str(ring.path),
            "member": practice.staff.member_id,
            "organisation": practice.organisation_id,
            "case": draft,
            "names": NAMES[first : first + 5],
            "seconds": SECONDS,
        }
        program.stdin.write(json.dumps(asked) + "\n")
        program.stdin.flush()
        programs.append(program)
    for program in programs:
        assert program.stdout.readline() == "ready\n", program.stderr.read()
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    told, errors = [], []
    for program in programs:
        lines, error = program.communicate(timeout=SECONDS + 120)
        told += [Acknowledged(**json.loads(line)) for line in lines.splitlines()]
        errors += error.splitlines()
    return told, errors


@pytest.mark.parametrize("writers", [in_threads, in_processes])
def test_no_acknowledged_save_is_lost(url, ring, desk, practice, draft, writers):
    told, errors = writers(url, ring, practice, draft)
    assert errors == []
    assert {one.who for one in told} == set(NAMES), "everybody got through"
    view = cases_at(desk).read(practice.staff, draft)
    kept = {
        note.number: cases_at(desk).version_at(practice.staff, draft, note.number)
        for note in view.versions
    }
    kinds = [note.kind for note in view.versions]
    LOG.info(
        "%s, %s: %d saves in %g s (%.0f a second), %d merged, %d with an aside",
        desk.engine.dialect.name, writers.__name__, len(told), SECONDS, len(told) / SECONDS,
        kinds.count("merged"), kinds.count("aside"),
    )  # fmt: skip

    assert sorted(kept) == list(range(1, len(kept) + 1)), "each number once, and none left out"
    made = [one.version for one in told] + [one.aside for one in told if one.aside]
    for one in told:
        newest = kept[one.version]
        assert (one.row in rows_of(newest)) is one.row_is_in
        if one.aside:
            mine = kept[one.aside]
            assert one.row in rows_of(mine)
            assert one.text in ("", mine.text)
        else:
            assert one.row_is_in
            assert one.text in ("", newest.text), "nobody else wrote the line, or it is an aside"
    assert set(kept) == {1, *made}, "no version came from nowhere"

    dropped = {row for one in told for row in one.dropped}
    expected = {one.row for one in told if one.row_is_in} - dropped
    assert expected <= set(rows_of(view.content)), "a row in the draft stays in the draft"
    with desk.operating() as connection:
        assert audit.faults(connection, ring, practice.organisation_id) == []
