"""A patient gets a copy of everything, or its end; and what was kept long enough goes."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from compound_coverage.casework import audit, erasure
from compound_coverage.casework.access import Action, Forbidden, Role
from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.cases import Cases, keep_document
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.erasure import (
    ErasureError,
    due_for_erasure,
    erase_patient,
    export_patient,
    kept_until,
    patient_cases,
    run_retention,
)
from compound_coverage.casework.states import Outcome, State
from compound_coverage.casework.tables import (
    AUDIT,
    CASE,
    METADATA,
    ORGANISATION,
    SIGNATURE,
    SIGNATURE_SEALED,
)
from tests.casework.conftest import NPI, Practice
from tests.casework.test_cases import changed
from tests.casework.test_rotation import no_dues

MARKER = "Zanzibarine marker of the patient"
PDF = b"%PDF-1.7 made up " * 3000


@pytest.fixture
def story(desk, cases, practice, content):
    """A case with every kind of row: its id."""
    case_id = cases.create(practice.staff, content, MARKER)
    cases.save(practice.staff, case_id, 1, changed(content, "diagnosis.words", MARKER))
    cases.note_call(practice.staff, case_id, "the plan", MARKER)
    with desk.act(practice.staff, Action.CASE_FILE, case_id) as work:
        document_id = keep_document(work, "signed", "Letter of the patient.PDF", PDF, "0" * 64)
        told = {"name": "Made-up Prescriber", "npi": "", "intent": MARKER, "certificate": ""}
        work.connection.execute(
            insert(SIGNATURE).values(
                signature_id="s1",
                case_id=case_id,
                version=2,
                document_id=document_id,
                member_id=practice.prescriber.member_id,
                at=work.at,
                content_digest="1" * 64,
                document_digest="0" * 64,
                sealed=work.seal(SIGNATURE_SEALED, told, "s1"),
            )
        )
    return case_id


@pytest.fixture
def second(cases, practice, content, story):
    """Another case of the same patient, whose name is typed in another way."""
    return cases.create(practice.staff, changed(content, "patient.name", " EXAMPLE  patient "))


@pytest.fixture
def of_others(cases, practice, other_practice, content):
    """A case of another patient, and one of the same patient in another practice."""
    somebody = changed(content, "patient.name", "Other Example")
    return [
        cases.create(practice.staff, somebody),
        cases.create(other_practice.staff, content),
    ]


def rows_of(desk, ids):
    """Every row, in any table and column, that names one of these cases; the trail aside."""
    with desk.operating() as connection:
        return [
            (table.name, dict(row))
            for table in METADATA.sorted_tables
            if table is not AUDIT
            for row in connection.execute(select(table)).mappings()
            if set(ids) & {value for value in row.values() if isinstance(value, str)}
        ]


def sealed_fields(desk, ids):
    return [
        value for _, row in rows_of(desk, ids) for value in row.values() if isinstance(value, bytes)
    ]


def files_of(desk):
    """All that lies on the disk of a SQLite database; nothing of another kind."""
    database = desk.engine.url.database
    if desk.engine.dialect.name != "sqlite":
        return b""
    return b"".join(
        path.read_bytes()
        for path in (Path(database + ending) for ending in ("", "-wal", "-shm"))
        if path.exists()
    )


def trail(desk, practice):
    with desk.operating() as connection:
        assert audit.faults(connection, desk.ring, practice.organisation_id) == []
        return [dict(row) for row in audit.entries(connection, practice.organisation_id)]


# -- finding -----------------------------------------------------------------------------------


def test_the_cases_of_one_patient_are_found_however_the_name_is_typed(
    desk, practice, story, second, of_others
):
    found = patient_cases(desk, practice.manager, second)
    assert {one.case_id for one in found} == {story, second}
    assert {one.patient for one in found} == {"Example Patient", " EXAMPLE  patient "}
    assert {one.state for one in found} == {"draft"}


def test_a_case_that_names_nobody_stands_alone(desk, cases, practice, content, story):
    nameless = changed(content, "patient.name", "")
    ids = [cases.create(practice.staff, nameless) for _ in range(2)]
    assert [one.case_id for one in patient_cases(desk, practice.manager, ids[0])] == [ids[0]]


# -- a copy of everything ----------------------------------------------------------------------


def test_a_patients_copy_holds_every_version_step_call_signature_and_document(
    desk, practice, story, second, of_others
):
    with zipfile.ZipFile(io.BytesIO(export_patient(desk, practice.manager, second))) as packed:
        assert "This is a copy of all" in packed.read("README.txt").decode()
        told = {one["case_id"]: one for one in json.loads(packed.read("cases.json"))}
        case = told[story]
        (document,) = case["documents"]
        assert packed.read(document["file"]) == PDF
        assert sorted(packed.namelist()) == ["README.txt", "cases.json", document["file"]]
    assert set(told) == {story, second}
    assert [one["number"] for one in case["versions"]] == [1, 2]
    assert case["versions"][1]["sealed"]["facts"]["diagnosis"]["words"] == MARKER
    assert case["steps"][0]["sealed"]["why"] == MARKER
    assert case["calls"][0]["sealed"]["said"] == MARKER
    assert case["signatures"][0]["sealed"]["intent"] == MARKER
    assert document["file"] == f"documents/{document['document_id']}.pdf"
    assert case["summary"]["patient"] == "Example Patient"
    last = trail(desk, practice)[-1]
    assert (last["action"], last["outcome"]) == ("case.export", "done")


@pytest.mark.parametrize(
    ("name", "ending"),
    [("../../x", ""), ("a.p/f", ""), ("a.zip\n", ""), ("a.é", ""), ("a.PNG", ".png")],
)
def test_the_name_of_a_document_never_makes_a_path(desk, practice, story, name, ending):
    with desk.act(practice.staff, Action.CASE_FILE, story) as work:
        document_id = keep_document(work, "packet", name, b"made up", "0" * 64)
    with zipfile.ZipFile(io.BytesIO(export_patient(desk, practice.manager, story))) as packed:
        assert packed.read(f"documents/{document_id}{ending}") == b"made up"


# -- its end -----------------------------------------------------------------------------------


def test_after_erasing_no_row_and_no_byte_of_the_patient_is_left(
    desk, practice, story, second, of_others
):
    deleted = sealed_fields(desk, [story, second])
    others = rows_of(desk, of_others)
    assert any(token in files_of(desk) for token in deleted) == bool(files_of(desk))

    proof = erase_patient(desk, practice.manager, second, " The patient asked for it. ")

    assert rows_of(desk, [story, second]) == []
    assert rows_of(desk, of_others) == others
    assert others
    left = files_of(desk)
    assert MARKER.encode() not in left
    assert PDF[:100] not in left
    # any part as long as a page's rest would show, not only the whole of a long field
    assert not [token for token in deleted if token[:48] in left or token[-48:] in left]

    assert set(proof.case_ids) == {story, second}
    assert proof.rows_before == {
        "signature": 1, "document": 1, "call": 1, "step": 2, "version": 3, "casework": 2,
    }  # fmt: skip
    assert proof.rows_after == 0
    assert sorted(proof.digests.values()) == sorted(
        hashlib.sha256(token).hexdigest() for token in deleted
    )
    assert proof.why == "The patient asked for it."


def test_the_proof_names_its_entry_in_the_trail_and_what_is_not_reached(desk, practice, story):
    proof = erase_patient(desk, practice.manager, story, "The patient asked for it.")
    last = trail(desk, practice)[-1]
    assert (last["number"], last["mark"]) == (proof.entry, proof.mark)
    assert (last["action"], last["resource"], last["outcome"]) == ("case.erase", story, "done")
    detail = json.loads(last["detail"])
    assert detail["cases"] == story
    assert detail["version"] == proof.rows_before["version"] == 2
    assert "patient" not in last["detail"].lower()
    told = json.loads(proof.as_json())
    assert told["case_ids"] == [story]
    assert "Backups made before" in told["notes"][1]
    assert told["notes"][0].startswith(("The database file and its log were", "PostgreSQL keeps"))


def test_an_erased_case_can_not_be_erased_or_read_again(desk, cases, practice, story):
    erase_patient(desk, practice.manager, story, "The patient asked for it.")
    for again in (
        lambda: erase_patient(desk, practice.manager, story, "Again."),
        lambda: cases.read(practice.staff, story),
    ):
        with pytest.raises(Forbidden):
            again()


def test_a_case_that_followed_an_erased_one_stays_and_no_longer_names_it(
    desk, cases, practice, content, story
):
    with desk.operating() as connection:
        connection.execute(update(CASE).values(state=State.SENT))
    cases.decide(practice.staff, story, Decision(Outcome.DENIED, "2026-11-24"))
    appeal = cases.appeal(practice.staff, story, "internal_appeal")
    cases.save(practice.staff, appeal, 1, changed(content, "patient.name", "Corrected Example"))
    erase_patient(desk, practice.manager, story, "The patient asked for it.")
    assert cases.read(practice.staff, appeal).follows == ""


def test_erasing_without_a_reason_is_refused(desk, practice, story):
    before = rows_of(desk, [story])
    with pytest.raises(ErasureError, match="Say why"):
        erase_patient(desk, practice.manager, story, "  ")
    assert rows_of(desk, [story]) == before


def test_a_reader_that_holds_the_log_of_sqlite_is_told_of(sqlite_practice, monkeypatch):
    desk, practice, case_id = sqlite_practice
    monkeypatch.setattr(erasure, "_PATIENCE_MS", 100)
    with desk.engine.connect() as reader:
        reader.execute(select(CASE)).all()
        proof = erase_patient(desk, practice.manager, case_id, "The patient asked for it.")
    assert proof.notes[0].startswith("Another program was reading")
    assert proof.rows_after == 0


def test_a_writer_that_holds_the_file_of_sqlite_is_told_of(sqlite_practice, monkeypatch):
    desk, _, _ = sqlite_practice
    monkeypatch.setattr(erasure, "_PATIENCE_MS", 100)
    with desk.operating():
        assert erasure._clean(desk).startswith("Another program was reading or writing")


@pytest.mark.parametrize("whole", [True, False], ids=["vacuumed", "too large to vacuum"])
def test_no_byte_is_left_whether_or_not_the_file_is_written_anew(
    sqlite_practice, monkeypatch, whole
):
    desk, practice, case_id = sqlite_practice
    deleted = sealed_fields(desk, [case_id])
    monkeypatch.setattr(erasure, "_CHEAP_BYTES", 10**9 if whole else 0)
    erase_patient(desk, practice.manager, case_id, "The patient asked for it.")
    left = files_of(desk)
    assert deleted
    assert not [token for token in deleted if token[:48] in left or token[-48:] in left]


# -- cases kept long enough --------------------------------------------------------------------


def test_what_changed_last_more_than_the_years_kept_ago_is_erased_and_nothing_newer(
    desk, practice, other_practice, cases, content, clock, story
):
    elsewhere = cases.create(other_practice.staff, content)
    clock.turn(days=400)
    newer = cases.create(practice.staff, content)
    clock.time = datetime(2032, 11, 24, 9, 0, tzinfo=UTC)
    assert due_for_erasure(desk, practice.manager) == []
    clock.turn(seconds=1)
    (due,) = due_for_erasure(desk, practice.manager)
    assert (due.case_id, due.kept_until[:10]) == (story, "2032-11-24")

    dry = run_retention(desk, practice.manager, dry_run=True)
    assert (dry.due, dry.proof) == ((due,), None)
    assert rows_of(desk, [story])

    kept = rows_of(desk, [newer, elsewhere])
    done = run_retention(desk, practice.manager, dry_run=False)
    assert done.due == (due,)
    assert done.proof is not None
    assert done.proof.case_ids == (story,)
    assert done.proof.rows_after == 0
    assert rows_of(desk, [story]) == []
    assert rows_of(desk, [newer, elsewhere]) == kept
    last = trail(desk, practice)[-1]
    assert (last["number"], last["action"]) == (done.proof.entry, "retention.run")
    assert run_retention(desk, practice.manager, dry_run=False) == erasure.Retention((), None)


def test_a_call_noted_later_keeps_a_case_longer(desk, practice, cases, clock, case_id):
    clock.turn(days=365)
    cases.note_call(practice.staff, case_id, "the plan", "Asked again.")
    clock.time = datetime(2033, 1, 1, tzinfo=UTC)
    assert due_for_erasure(desk, practice.manager) == []
    clock.time = datetime(2034, 1, 1, tzinfo=UTC)
    assert [one.case_id for one in due_for_erasure(desk, practice.manager)] == [case_id]


def test_a_practice_may_keep_its_cases_longer(desk, practice, clock, case_id):
    with desk.operating() as connection:
        connection.execute(update(ORGANISATION).values(retain_years=10))
    clock.time = datetime(2036, 11, 24, tzinfo=UTC)
    assert due_for_erasure(desk, practice.manager) == []
    clock.turn(days=1)
    assert len(due_for_erasure(desk, practice.manager)) == 1


@pytest.mark.parametrize(
    ("changed_on", "years", "until"),
    [
        ("2026-11-24", 6, "2032-11-24"),
        ("2024-02-29", 6, "2030-03-01"),
        ("2024-02-29", 4, "2028-02-29"),
        ("2026-02-28", 2, "2028-02-28"),
        ("2026-12-31", 1, "2027-12-31"),
    ],
)
def test_years_are_kept_by_the_calendar(changed_on, years, until):
    changed_at = datetime.fromisoformat(f"{changed_on}T23:59:59+00:00")
    assert kept_until(changed_at, years) == datetime.fromisoformat(f"{until}T23:59:59+00:00")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(1, 30))
def test_nothing_is_kept_for_less_than_its_years(changed_at, years):
    changed_at = changed_at.replace(tzinfo=UTC)
    until = kept_until(changed_at, years)
    days = (until - changed_at).days
    assert years * 365 <= days <= years * 366
    assert (until.year, until.time()) == (changed_at.year + years, changed_at.time())


# -- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER}))
@pytest.mark.parametrize(
    ("action", "ask"),
    [
        ("case.export", lambda desk, actor, case: patient_cases(desk, actor, case)),
        ("case.export", lambda desk, actor, case: export_patient(desk, actor, case)),
        ("case.erase", lambda desk, actor, case: erase_patient(desk, actor, case, "No.")),
        ("retention.run", lambda desk, actor, case: due_for_erasure(desk, actor)),
        ("retention.run", lambda desk, actor, case: run_retention(desk, actor, False)),
    ],
    ids=["list", "export", "erase", "due", "retention"],
)
def test_only_a_manager_may_and_a_no_is_in_the_trail(sqlite_practice, role, action, ask):
    desk, practice, case_id = sqlite_practice
    before = rows_of(desk, [case_id])
    with pytest.raises(Forbidden):
        ask(desk, practice.actor(role), case_id)
    last = trail(desk, practice)[-1]
    assert (last["action"], last["outcome"]) == (action, "refused")
    assert last["actor"] == practice.actor(role).member_id
    assert rows_of(desk, [case_id]) == before


def test_the_manager_of_another_practice_may_not(desk, practice, other_practice, story):
    before = rows_of(desk, [story])
    manager = other_practice.manager
    with pytest.raises(Forbidden):
        patient_cases(desk, manager, story)
    with pytest.raises(Forbidden):
        export_patient(desk, manager, story)
    with pytest.raises(Forbidden):
        erase_patient(desk, manager, story, "No.")
    assert rows_of(desk, [story]) == before
    assert [row["outcome"] for row in trail(desk, other_practice)[-3:]] == ["refused"] * 3


@pytest.fixture
def sqlite_practice(sqlite_url, ring, clock, content):
    """A desk on SQLite, a practice and its case, where the kind of database does not matter."""
    engine = open_casework(sqlite_url)
    desk = Desk(engine, ring, clock)
    practice = Practice(desk, "north", NPI)
    yield desk, practice, Cases(desk, no_dues).create(practice.actor(Role.STAFF), content)
    engine.dispose()
