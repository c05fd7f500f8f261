"""Keys change while everybody works, and nothing is lost, whatever is killed when."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from compound_coverage.casework import audit, rotation
from compound_coverage.casework.cases import Cases
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import (
    KeyRing,
    KeyRingError,
    add_key,
    drop_keys,
    key_id_of,
    make_key_file,
)
from compound_coverage.casework.rotation import RotationError, keys_in_use, retire, rotate
from compound_coverage.casework.tables import CASE, SEALED_COLUMNS, VERSION
from compound_coverage.database import StoreError
from tests.casework.conftest import NPI, Practice
from tests.casework.test_cases import changed

REPOSITORY = Path(__file__).parents[2]


def no_dues(content, summary, state):
    return ()


def open_every_field(desk):
    """Opens all that is sealed; returns how many fields that were."""
    count = 0
    with desk.operating() as connection:
        for column in SEALED_COLUMNS:
            for row in connection.execute(select(column.table)).mappings():
                desk.ring.open(row[column.column], column.place_of(row))
                count += 1
    return count


@pytest.fixture
def postgres_practice(postgres_url, ring, clock):
    """A desk on PostgreSQL and a practice, for what only PostgreSQL can do."""
    engine = open_casework(postgres_url)
    desk = Desk(engine, ring, clock)
    yield desk, Practice(desk, "north", NPI)
    engine.dispose()


class Writer(threading.Thread):
    """A server of its own: saves one case again and again, and reads what it saved."""

    def __init__(self, url, ring_path, actor, case_id, content):
        super().__init__()
        self.engine = open_casework(url)
        self.cases = Cases(Desk(self.engine, KeyRing(ring_path)), no_dues)
        self.actor, self.case_id, self.content = actor, case_id, content
        self.stop, self.error, self.saved = threading.Event(), None, []

    def run(self):
        try:
            while not self.stop.is_set():
                self.save(f"000-555-{len(self.saved):04}")
                time.sleep(0.06)
        except Exception as error:
            self.error = error
        finally:
            self.engine.dispose()

    def save(self, phone):
        base = self.cases.read(self.actor, self.case_id).version
        self.cases.save(
            self.actor, self.case_id, base, changed(self.content, "patient.phone", phone)
        )
        self.saved.append(phone)
        held = self.cases.read(self.actor, self.case_id).content
        assert held.at("patient.phone") == phone


def retire_when_others_let(desk):
    while True:
        try:
            return retire(desk, settled=0)
        except RotationError:
            rotate(desk)


@pytest.mark.no_cover
def test_keys_change_under_load_and_nothing_fails_or_is_lost(
    url, desk, ring, cases, practice, content
):
    ids = [cases.create(practice.staff, content) for _ in range(3)]
    writers = [Writer(url, ring.path, practice.staff, each, content) for each in ids]
    for writer in writers:
        writer.start()
    old = [ring.current]
    try:
        for _ in range(2):
            time.sleep(0.7)
            newest = add_key(ring.path)
            rotate(desk, batch=20)
            assert retire_when_others_let(desk) == tuple(old)
            old = [newest]
        time.sleep(0.7)
    finally:
        for writer in writers:
            writer.stop.set()
            writer.join()

    assert [writer.error for writer in writers] == [None] * 3
    assert KeyRing(ring.path).key_ids == (newest,)
    assert keys_in_use(desk) == {newest: open_every_field(desk)}
    for writer in writers:
        assert len(writer.saved) > 2
        kept = [
            cases.version_at(practice.staff, writer.case_id, number + 2).at("patient.phone")
            for number in range(len(writer.saved))
        ]
        assert kept == writer.saved


ROTATE = """
import sys
from pathlib import Path
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing
from compound_coverage.casework.rotation import rotate
desk = Desk(open_casework(sys.argv[1]), KeyRing(Path(sys.argv[2])))
rotate(desk, batch=3, progress=lambda done: print(done, flush=True))
"""


def test_a_rotation_killed_half_way_goes_on_when_it_is_run_again(
    url, desk, ring, cases, practice, content
):
    for _ in range(10):
        cases.create(practice.staff, content)
    old, newest = ring.current, add_key(ring.path)
    words = [sys.executable, "-c", ROTATE, url, str(ring.path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=REPOSITORY) as rotating:
        assert rotating.stdout is not None
        for _ in range(3):
            assert rotating.stdout.readline()
        rotating.send_signal(signal.SIGKILL)
    assert rotating.returncode == -signal.SIGKILL

    half = keys_in_use(desk)
    assert half[old] > 0
    assert half[newest] > 0
    assert open_every_field(desk) == sum(half.values())
    assert rotate(desk) == rotation.Report(half[old], newest)
    assert keys_in_use(desk) == {newest: open_every_field(desk)}
    assert rotate(desk).resealed == 0


def test_large_fields_are_sealed_again_in_more_than_one_transaction(
    desk, ring, cases, practice, content, monkeypatch
):
    for _ in range(3):
        cases.create(practice.staff, content)
    monkeypatch.setattr(rotation, "_MOST_BYTES", 10)
    told: list[int] = []
    add_key(ring.path)
    done = rotate(desk, progress=told.append).resealed
    assert told == list(range(1, done + 1))
    assert set(keys_in_use(desk)) == {ring.current}


def test_a_row_that_somebody_works_on_is_sealed_again_later(ring, postgres_practice, content):
    desk, practice = postgres_practice
    case_id = Cases(desk, no_dues).create(practice.staff, content)
    newest = add_key(ring.path)
    rotating = threading.Thread(target=rotate, args=(desk,))
    with desk.operating() as connection:
        connection.execute(select(CASE).where(CASE.c.case_id == case_id).with_for_update())
        rotating.start()
        rotating.join(0.7)
        assert rotating.is_alive()
    rotating.join()
    assert set(keys_in_use(desk)) == {newest}


def test_a_key_that_still_seals_a_field_is_not_retired(desk, ring, practice):
    old = ring.current
    add_key(ring.path)
    with pytest.raises(RotationError, match="still sealed by an old key; run 'casework keys rot"):
        retire(desk, settled=0)
    assert old in KeyRing(ring.path).key_ids


def test_a_key_is_not_retired_before_every_server_has_the_newest(desk, ring, practice):
    add_key(ring.path)
    rotate(desk)
    with pytest.raises(RotationError, match="wait until every server has it, 60 seconds"):
        retire(desk)
    assert len(KeyRing(ring.path).key_ids) == 2


def test_a_key_is_not_retired_under_a_transaction_that_began_before(ring, postgres_practice):
    desk, _ = postgres_practice
    add_key(ring.path)
    rotate(desk)
    with desk.operating() as connection:
        connection.execute(select(VERSION)).all()
        with pytest.raises(RotationError, match="A transaction in the database does not end"):
            retire(desk, settled=0, patience=0.3)
    assert len(KeyRing(ring.path).key_ids) == 2
    assert len(retire(desk, settled=0)) == 1


def test_with_one_key_there_is_nothing_to_retire(desk, ring, practice):
    assert retire(desk) == ()
    assert KeyRing(ring.path).key_ids == (ring.current,)


def test_the_trail_of_every_practice_tells_of_the_change_of_keys(
    desk, ring, practice, other_practice
):
    old, newest = ring.current, add_key(ring.path)
    report = rotate(desk)
    retire(desk, settled=0)
    with desk.operating() as connection:
        for one in (practice, other_practice):
            rows = list(audit.entries(connection, one.organisation_id))[-2:]
            assert [(row["actor"], row["action"], row["resource"]) for row in rows] == [
                ("operator", "keys.rotate", newest),
                ("operator", "keys.retire", newest),
            ]
            assert rows[0]["detail"] == f'{{"resealed": {report.resealed}}}'
            assert rows[1]["detail"] == f'{{"retired": "{old}"}}'
            assert audit.faults(connection, ring, one.organisation_id) == []


# -- the key file ------------------------------------------------------------------------------


def test_a_ring_seals_with_a_key_that_was_added_after_it_was_read(ring):
    newest = add_key(ring.path)
    assert ring.current != newest
    assert key_id_of(ring.seal(b"text", "place")) == newest


def test_nothing_is_sealed_when_the_key_file_is_gone(ring):
    ring.path.unlink()
    with pytest.raises(KeyRingError, match="can't be read"):
        ring.seal(b"text", "place")


@pytest.mark.parametrize(
    "change", [add_key, lambda path: drop_keys(path, frozenset())], ids=["add", "drop"]
)
def test_two_changes_of_the_key_file_never_overwrite_each_other(ring, change):
    lock = ring.path.with_name("keys.json.lock")
    lock.touch()
    before = ring.path.read_bytes()
    with pytest.raises(KeyRingError, match="under way; if none is, delete"):
        change(ring.path)
    assert ring.path.read_bytes() == before
    lock.unlink()
    change(ring.path)
    assert not lock.exists()


def test_a_key_can_not_be_added_where_there_is_no_folder(tmp_path):
    with pytest.raises(KeyRingError, match="can't be changed: No such file"):
        add_key(tmp_path / "nowhere" / "keys.json")


def test_the_key_that_seals_is_never_dropped(tmp_path):
    ring = make_key_file(tmp_path / "keys.json")
    with pytest.raises(KeyRingError, match="add another key first"):
        drop_keys(ring.path, frozenset({ring.current}))


def test_a_database_that_does_not_answer_is_said_in_one_sentence(desk, practice):
    with (
        pytest.raises(StoreError, match="did not answer; try again in a minute"),
        desk.reading(),
    ):
        raise OperationalError("SELECT 1", {}, Exception("gone"))
