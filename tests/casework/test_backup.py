"""A backup is whole, comes back in either database, and is refused if anything in it changed."""

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from compound_coverage.casework import audit, backup, rotation
from compound_coverage.casework.access import Role
from compound_coverage.casework.backup import BackupError, back_up, restore
from compound_coverage.casework.cases import Cases, keep_document
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import add_key, make_key_file
from compound_coverage.casework.tables import (
    AUDIT,
    AUDIT_HEAD,
    CASE,
    HANDOFF,
    LOGIN,
    METADATA,
    ORGANISATION,
)
from compound_coverage.database import StoreError
from tests.casework.conftest import NPI, Practice
from tests.casework.test_rotation import REPOSITORY, Writer, no_dues, open_every_field


def wipe(desk):
    with desk.operating() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))


def table_hashes(url):
    """The SHA-256 of each table's rows, the trails and sign-ins aside."""
    engine = open_casework(url)
    with engine.connect() as connection:
        hashes = {
            table.name: b"".join(backup._lines(connection, table, set()))
            for table in METADATA.sorted_tables
            if table not in (AUDIT, AUDIT_HEAD, LOGIN)
        }
    engine.dispose()
    return hashes


@pytest.fixture
def full(desk, practice, other_practice, cases, case_id, content):
    """Casework with a document, a patient's deposit, two practices."""
    cases.note_call(practice.staff, case_id, "the plan", "They will call back.")
    with desk.act(practice.staff, "case.file", case_id) as work:
        keep_document(work, "signed", "Létter.pdf", bytes(range(256)) * 100, "0" * 64)
    with desk.operating() as connection:
        connection.execute(
            HANDOFF.insert().values(code_index="c", at="1", expires_at="2", content=b"\0\xff")
        )
    return case_id


@pytest.fixture
def made(desk, full, tmp_path):
    path = tmp_path / "casework.zip"
    return path, back_up(desk, path)


def test_a_backup_comes_back_as_it_was_but_for_sign_ins(url, desk, ring, made):
    path, manifest = made
    before = table_hashes(url)
    wipe(desk)
    back = restore(url, ring, path)
    assert back == manifest
    assert back.faults == {}
    assert table_hashes(url) == before
    assert open_every_field(desk) > 10
    with desk.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(LOGIN)).scalar() == 0
        for organisation_id in connection.execute(select(ORGANISATION.c.organisation_id)).scalars():
            last = list(audit.entries(connection, organisation_id))[-1]
            assert (last["action"], last["actor"]) == ("backup.restore", "operator")
            assert audit.faults(connection, ring, organisation_id) == []


def test_only_its_owner_reads_a_backup_and_nothing_else_is_left_beside_it(made, tmp_path):
    path, _ = made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if "casework.zip" in one.name] == [path.name]


def test_a_backup_goes_from_sqlite_to_postgresql_and_back(
    sqlite_url, postgres_url, ring, tmp_path, fill
):
    engine = open_casework(sqlite_url)
    desk = Desk(engine, ring)
    fill(desk)
    before = table_hashes(sqlite_url)
    first = back_up(desk, tmp_path / "1.zip")
    restore(postgres_url, ring, tmp_path / "1.zip")
    assert table_hashes(postgres_url) == before
    other = open_casework(postgres_url)
    second = back_up(Desk(other, ring), tmp_path / "2.zip")
    other.dispose()
    restore(sqlite_url, ring, tmp_path / "2.zip", replace=True)
    assert table_hashes(sqlite_url) == before
    trails = {"audit", "audit_head"}
    assert {name: note for name, note in first.tables.items() if name not in trails} == {
        name: note for name, note in second.tables.items() if name not in trails
    }
    engine.dispose()


@pytest.fixture
def fill(clock, content):
    """Makes a practice and a case on any desk."""

    def fill_desk(desk):
        desk.now = clock
        practice = Practice(desk, "north", NPI)
        Cases(desk, no_dues).create(practice.actor(Role.STAFF), content)

    return fill_desk


def test_one_changed_byte_anywhere_is_refused(sqlite_url, ring, tmp_path, fill):
    desk = Desk(open_casework(sqlite_url), ring)
    fill(desk)
    path = tmp_path / "whole.zip"
    back_up(desk, path)
    desk.engine.dispose()
    whole = path.read_bytes()
    damaged = tmp_path / "damaged.zip"
    empty = f"sqlite:///{tmp_path / 'empty.sqlite'}"

    @settings(max_examples=40)
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255))
    def refused(place, bits):
        changed = bytearray(whole)
        changed[place] ^= bits
        damaged.write_bytes(changed)
        with pytest.raises(BackupError, match="damaged, was changed"):
            restore(empty, ring, damaged)

    refused()
    for cut in (0, 10, 64, 65, len(whole) // 2, len(whole) - 1):
        damaged.write_bytes(whole[:cut])
        with pytest.raises(BackupError, match="damaged, was changed"):
            restore(empty, ring, damaged)
    damaged.write_bytes(whole + b"0")
    with pytest.raises(BackupError, match="damaged, was changed"):
        restore(empty, ring, damaged)
    assert set(table_hashes(empty).values()) == {b""}


def test_a_backup_of_another_key_file_is_refused(url, made, tmp_path):
    other = make_key_file(tmp_path / "other.json")
    with pytest.raises(BackupError, match="made with another key file"):
        restore(url, other, made[0], replace=True)


def test_a_backup_whose_key_was_retired_is_refused_with_its_id(url, desk, ring, made):
    path, manifest = made
    add_key(ring.path)
    rotation.rotate(desk)
    (gone,) = rotation.retire(desk, settled=0)
    before = table_hashes(url)
    with pytest.raises(BackupError, match=f"needs the key {gone}, which is not in the key file"):
        restore(url, ring, path, replace=True)
    assert manifest.keys == (gone,)
    assert table_hashes(url) == before


def test_a_database_that_holds_casework_is_only_replaced_when_told(url, desk, ring, made):
    path, manifest = made
    with pytest.raises(BackupError, match="holds casework already"):
        restore(url, ring, path)
    with desk.operating() as connection:
        connection.execute(update(CASE).values(state="decided"))
    assert restore(url, ring, path, replace=True) == manifest
    with desk.operating() as connection:
        assert set(connection.execute(select(CASE.c.state)).scalars()) == {"draft"}


def test_a_backup_of_another_version_of_the_program_is_refused(
    url, desk, ring, full, tmp_path, monkeypatch
):
    monkeypatch.setattr(backup, "_schema", lambda connection: "0000")
    back_up(desk, tmp_path / "old.zip")
    monkeypatch.undo()
    with pytest.raises(BackupError, match="is of database version 0000 and this program"):
        restore(url, ring, tmp_path / "old.zip", replace=True)


def test_a_broken_trail_is_restored_and_told_of(url, desk, ring, practice, tmp_path):
    with desk.operating() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.number == 2).values(outcome="refused"))
    back_up(desk, tmp_path / "broken.zip")
    back = restore(url, ring, tmp_path / "broken.zip", replace=True)
    assert back.faults == {practice.organisation_id: ("Entry 2 was changed or moved.",)}


def test_rows_that_do_not_come_out_as_they_went_in_undo_everything(
    url, desk, ring, made, monkeypatch
):
    before = table_hashes(url)
    whole = backup._manifest
    wrong = backup.TableNote(1, "0" * 64)
    monkeypatch.setattr(
        backup,
        "_manifest",
        lambda packed: replace(whole(packed), tables={**whole(packed).tables, "call": wrong}),
    )
    with pytest.raises(BackupError, match="table call did not come out as it was backed up"):
        restore(url, ring, made[0], replace=True)
    assert table_hashes(url) == before


def test_a_backup_that_can_not_be_written_or_read_says_so(url, desk, ring, practice, tmp_path):
    with pytest.raises(BackupError, match=r"can't be written to .*: No such file"):
        back_up(desk, tmp_path / "nowhere" / "casework.zip")
    with pytest.raises(BackupError, match="can't be read: No such file"):
        restore(url, ring, tmp_path / "nowhere.zip")


def test_a_backup_cut_short_leaves_the_one_before(desk, made, monkeypatch):
    path, _ = made
    before = path.read_bytes()

    def stop(connection):
        raise StoreError("The database did not answer.")

    monkeypatch.setattr(backup, "_schema", stop)
    with pytest.raises(StoreError):
        back_up(desk, path)
    assert path.read_bytes() == before
    assert [one.suffix for one in path.parent.glob(".casework.zip*")] == []


def test_a_patients_deposit_and_every_byte_of_a_document_are_in_the_file(made):
    with zipfile.ZipFile(made[0]) as packed:
        (deposit,) = packed.read("handoff.jsonl").splitlines()
        assert base64.b64decode(json.loads(deposit)["content"]) == b"\0\xff"
        assert "login.jsonl" not in packed.namelist()
        everything = b"".join(packed.read(name) for name in packed.namelist())
    assert "Létter".encode() not in everything
    assert b"They will call back" not in everything


RESTORE = """
import sys, time
from pathlib import Path
from compound_coverage.casework import backup
from compound_coverage.casework.keyring import KeyRing
def stop(*_):
    print("all is written", flush=True)
    time.sleep(60)
backup._trail_faults = stop
backup.restore(sys.argv[1], KeyRing(Path(sys.argv[2])), Path(sys.argv[3]), replace=True)
"""


def test_a_restore_that_is_killed_leaves_the_database_as_it_was(
    url, desk, ring, cases, practice, made, content
):
    cases.create(practice.staff, content)
    before = table_hashes(url)
    words = [sys.executable, "-c", RESTORE, url, str(ring.path), str(made[0])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=REPOSITORY) as restoring:
        assert restoring.stdout is not None
        assert restoring.stdout.readline()
        os.kill(restoring.pid, signal.SIGKILL)
    assert table_hashes(url) == before
    cases.create(practice.staff, content)


def test_a_backup_while_four_people_save_is_of_one_moment(
    url, desk, ring, cases, practice, content, tmp_path
):
    ids = [cases.create(practice.staff, content) for _ in range(4)]
    writers = [Writer(url, ring.path, practice.staff, each, content) for each in ids]
    for writer in writers:
        writer.start()
    paths = []
    try:
        for number in range(4):
            time.sleep(0.3)
            paths.append(tmp_path / f"{number}.zip")
            back_up(desk, paths[-1])
    finally:
        for writer in writers:
            writer.stop.set()
            writer.join()
    assert [writer.error for writer in writers] == [None] * 4
    newest = [sum(versions_whole(path).values()) for path in paths]
    assert newest == sorted(newest)
    assert newest[-1] > newest[0]
    restore(url, ring, paths[-1], replace=True)
    assert open_every_field(desk) > 0


def versions_whole(path: Path) -> dict[str, int]:
    """The current version of each case in a backup; every version up to it must be there."""
    with zipfile.ZipFile(path) as packed:
        rows = {
            name: [json.loads(line) for line in packed.read(f"{name}.jsonl").splitlines()]
            for name in ("casework", "version", "audit", "audit_head")
        }
    kept = {(row["case_id"], row["number"]) for row in rows["version"]}
    for case in rows["casework"]:
        assert all((case["case_id"], n + 1) in kept for n in range(case["last_number"]))
    for head in rows["audit_head"]:
        mine = [row for row in rows["audit"] if row["organisation_id"] == head["organisation_id"]]
        assert len(mine) == head["number"]
    return {case["case_id"]: case["version"] for case in rows["casework"]}
