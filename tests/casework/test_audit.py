"""The audit trail: every change to it is found, and it holds no words of anybody."""

import json
import logging
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from compound_coverage.casework import audit, people
from compound_coverage.casework.access import Forbidden, Role
from compound_coverage.casework.cases import CaseError
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import make_key_file
from compound_coverage.casework.states import NotNow
from compound_coverage.casework.tables import AUDIT, AUDIT_HEAD, METADATA
from compound_coverage.database import StoreError

HOME = "a-practice"
TRAIL = 12


def entry(number):
    return audit.Entry(
        f"2026-11-24T09:00:{number:02d}.000000+00:00",
        f"member-{number % 3}", "case.edit", f"case-{number % 4}", "done", {"version": number},
    )  # fmt: skip


@pytest.fixture
def trail(desk):
    """A trail of twelve entries; returns the twelve heads it had."""
    with desk.operating() as connection:
        audit.start(connection, desk.ring, HOME)
        return [audit.append(connection, desk.ring, HOME, entry(n)) for n in range(1, TRAIL + 1)]


def told(desk, known=None):
    with desk.operating() as connection:
        return audit.faults(connection, desk.ring, HOME, known)


def rows_of(desk, table):
    with desk.operating() as connection:
        query = select(table).where(table.c.organisation_id == HOME)
        return [dict(row) for row in connection.execute(query).mappings()]


def put_back(desk, entries, head):
    with desk.operating() as connection:
        for table, rows in ((AUDIT, entries), (AUDIT_HEAD, head)):
            connection.execute(delete(table).where(table.c.organisation_id == HOME))
            if rows:
                connection.execute(insert(table), rows)


def test_a_whole_trail_has_no_fault(desk, trail):
    assert told(desk) == []
    assert [told(desk, known) for known in trail] == [[]] * TRAIL


def test_an_empty_trail_has_no_fault(desk):
    with desk.operating() as connection:
        audit.start(connection, desk.ring, HOME)
        head = audit.head_of(connection, HOME)
    assert head == audit.Head(0, "")
    assert told(desk) == told(desk, head) == []


def changed(column, value):
    def meddle(entries, head):
        entries[4][column] = value
        return entries, head

    return meddle


def without(*numbers):
    def meddle(entries, head):
        return [row for row in entries if row["number"] not in numbers], head

    return meddle


def renumbered_without(number):
    def meddle(entries, head):
        left = [row for row in entries if row["number"] != number]
        return [{**row, "number": place} for place, row in enumerate(left, 1)], head

    return meddle


def swapped(entries, head):
    entries[4]["number"], entries[5]["number"] = entries[5]["number"], entries[4]["number"]
    return entries, head


def swapped_contents(entries, head):
    for name in ("at", "actor", "action", "resource", "outcome", "detail"):
        entries[4][name], entries[5][name] = entries[5][name], entries[4][name]
    return entries, head


def copied_to_the_end(entries, head):
    return [*entries, {**entries[-1], "number": TRAIL + 1}], head


def with_head(**values):
    def meddle(entries, head):
        return entries, [{**head[0], **values}]

    return meddle


MEDDLING = {
    "the time was changed": (changed("at", "2026-11-24T09:00:59.000000+00:00"), "Entry 5 was"),
    "the person was changed": (changed("actor", "somebody-else"), "Entry 5 was"),
    "the action was changed": (changed("action", "case.read"), "Entry 5 was"),
    "the case was changed": (changed("resource", "another-case"), "Entry 5 was"),
    "a refusal became a deed": (changed("outcome", "refused"), "Entry 5 was"),
    "a number in it was changed": (changed("detail", '{"version": 6}'), "Entry 5 was"),
    "a blank was put in": (changed("detail", '{"version":  5}'), "Entry 5 was"),
    "its mark was changed": (changed("mark", "0" * 64), "Entry 5 was"),
    "the first was deleted": (without(1), "Entries 1 to 1 are missing"),
    "one was deleted": (without(7), "Entries 7 to 7 are missing"),
    "three were deleted": (without(3, 4, 5), "Entries 3 to 5 are missing"),
    "the last was cut off": (without(12), "The trail ends at entry 11; its head says 12"),
    "all were deleted": (without(*range(1, 13)), "The trail ends at entry 0; its head says 12"),
    "one was deleted and the rest moved up": (renumbered_without(7), "Entry 7 was"),
    "the first was deleted and the rest moved up": (renumbered_without(1), "Entry 1 was"),
    "two changed places": (swapped, "Entry 5 was"),
    "two changed what they say": (swapped_contents, "Entry 5 was"),
    "the last was written twice": (copied_to_the_end, "Entry 13 was"),
    "the head was deleted": (lambda entries, head: (entries, []), "The head of the trail is mis"),
    "the head has another mark": (with_head(mark="0" * 64), "The head of the trail was changed"),
    "the head has a lower number": (with_head(number=5), "The head of the trail was changed"),
    "the head has a higher number": (with_head(number=13), "ends at entry 12; its head says 13"),
}  # fmt: skip


@pytest.mark.parametrize("what", MEDDLING)
def test_meddling_with_the_trail_is_found(desk, trail, what):
    meddle, sentence = MEDDLING[what]
    put_back(desk, *meddle(rows_of(desk, AUDIT), rows_of(desk, AUDIT_HEAD)))
    found = told(desk)
    assert any(sentence in fault for fault in found), found


@pytest.mark.parametrize(("what", "meddle"), [("cut off", without(12)), ("deleted", without(7))])
def test_what_was_cut_off_is_still_found_when_the_work_goes_on(desk, trail, what, meddle):
    put_back(desk, *meddle(rows_of(desk, AUDIT), rows_of(desk, AUDIT_HEAD)))
    with desk.operating() as connection:
        for number in range(3):
            audit.append(connection, desk.ring, HOME, entry(20 + number))
    assert any("missing" in fault for fault in told(desk))


def test_an_older_copy_of_the_whole_trail_is_found_by_what_was_written_down(desk, trail):
    newest = trail[-1]
    with desk.operating() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.organisation_id == HOME))
        connection.execute(delete(AUDIT_HEAD).where(AUDIT_HEAD.c.organisation_id == HOME))
        audit.start(connection, desk.ring, HOME)
        for number in range(1, 6):
            audit.append(connection, desk.ring, HOME, entry(number))
    assert told(desk) == [], "alone it looks whole"
    assert told(desk, trail[4]) == [], "it was so once"
    assert told(desk, newest) == ["The trail does not hold entry 12 as it was written down."]
    with desk.operating() as connection:
        for number in range(6, 20):
            audit.append(connection, desk.ring, HOME, entry(number + 1))
    assert told(desk) == []
    assert told(desk, newest) == ["The trail does not hold entry 12 as it was written down."]


def test_a_trail_made_with_another_key_is_found(desk, trail, tmp_path):
    forger = make_key_file(tmp_path / "forger.json")
    with desk.operating() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.organisation_id == HOME))
        connection.execute(delete(AUDIT_HEAD).where(AUDIT_HEAD.c.organisation_id == HOME))
        audit.start(connection, forger, HOME)
        for number in range(1, TRAIL + 1):
            audit.append(connection, forger, HOME, entry(number))
    assert len(told(desk)) == TRAIL + 1


def test_the_trail_of_another_practice_does_not_pass_for_ours(desk, trail):
    entries = [{**row, "organisation_id": "other"} for row in rows_of(desk, AUDIT)]
    head = [{**row, "organisation_id": "other"} for row in rows_of(desk, AUDIT_HEAD)]
    with desk.operating() as connection:
        connection.execute(insert(AUDIT), entries)
        connection.execute(insert(AUDIT_HEAD), head)
        found = audit.faults(connection, desk.ring, "other")
    assert len(found) == TRAIL + 1


def test_without_a_head_nothing_is_done_and_nothing_is_kept(desk, cases, practice):
    with desk.operating() as connection:
        connection.execute(delete(AUDIT_HEAD))
    with pytest.raises(StoreError, match="head of the audit trail is missing"):
        cases.create(practice.staff, Content())
    with desk.operating() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM casework").scalar_one() == 0


COLUMNS = ("at", "actor", "action", "resource", "outcome", "detail", "mark")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(1, TRAIL), column=st.sampled_from(COLUMNS), text=st.text(max_size=5)
)  # fmt: skip
def test_any_change_of_any_column_is_found(sqlite_trail, number, column, text):
    desk, rows = sqlite_trail
    if rows[number - 1][column] == text:
        return
    mine = (AUDIT.c.organisation_id == HOME, AUDIT.c.number == number)
    text = text.encode("utf-8", "replace").decode("utf-8")
    with desk.operating() as connection:
        connection.execute(update(AUDIT).where(*mine).values(**{column: text}))
    assert told(desk) != []
    with desk.operating() as connection:
        old = rows[number - 1][column]
        connection.execute(update(AUDIT).where(*mine).values(**{column: old}))
    assert told(desk) == []


@pytest.fixture
def sqlite_trail(sqlite_url, ring, clock):
    engine = open_casework(sqlite_url)
    desk = Desk(engine, ring, clock)
    with desk.operating() as connection:
        audit.start(connection, ring, HOME)
        for number in range(1, TRAIL + 1):
            audit.append(connection, ring, HOME, entry(number))
    yield desk, rows_of(desk, AUDIT)
    engine.dispose()


# -- many at once, and with the deeds ------------------------------------------------------------


def test_five_hundred_entries_of_ten_threads_are_one_chain(url, desk, practice, cases):
    def work():
        for _ in range(50):
            cases.worklist(practice.staff)

    with desk.operating() as connection:
        before = audit.head_of(connection, practice.organisation_id).number
    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with desk.operating() as connection:
        found = audit.faults(connection, desk.ring, practice.organisation_id)
        head = audit.head_of(connection, practice.organisation_id)
        numbers = [row["number"] for row in audit.entries(connection, practice.organisation_id)]
    assert found == []
    assert head.number == before + 500
    assert numbers == list(range(1, head.number + 1))


def test_a_deed_that_failed_leaves_no_entry_of_having_been_done(desk, cases, practice, case_id):
    def actions():
        with desk.operating() as connection:
            return [
                (row["action"], row["outcome"])
                for row in audit.entries(connection, practice.organisation_id)
            ]

    before = actions()
    with pytest.raises(NotNow):
        cases.send(practice.staff, case_id, "2026-11-24", "fax")
    with pytest.raises(CaseError):
        cases.save(practice.staff, case_id, 99, Content())
    assert actions() == before
    with pytest.raises(Forbidden):
        cases.read(practice.auditor, case_id)
    assert actions() == [*before, ("case.read", "refused")]


def test_each_head_goes_to_the_log(desk, cases, practice, caplog):
    with caplog.at_level(logging.INFO, "compound_coverage.audit"):
        cases.create(practice.staff, Content())
    with desk.operating() as connection:
        head = audit.head_of(connection, practice.organisation_id)
    assert caplog.messages == [f"audit head {practice.organisation_id} {head.number} {head.mark}"]


MARKER = "Zebulon Quagmire"


def test_no_entry_holds_a_word_of_anybody(desk, cases, practice, other_practice, content, caplog):
    facts = json.loads(json.dumps(content.facts))
    facts["patient"]["name"] = facts["diagnosis"]["words"] = MARKER
    marked = content.model_copy(update={"facts": facts, "text": MARKER})
    staff, prescriber = practice.staff, practice.prescriber
    with caplog.at_level(logging.DEBUG):
        one = people.add_member(
            desk, practice.manager, MARKER, f"{MARKER.replace(' ', '')}@north.example", [Role.STAFF]
        )
        people.change_member(desk, practice.manager, one, name=MARKER, roles=[Role.STAFF])
        case_id = cases.create(staff, marked, MARKER)
        cases.save(staff, case_id, 1, marked.model_copy(update={"text": f"{MARKER}\n"}))
        cases.save(prescriber, case_id, 1, marked.model_copy(update={"text": f"{MARKER}!"}))
        cases.note_call(staff, case_id, MARKER, MARKER, MARKER)
        cases.submit(staff, case_id, MARKER)
        cases.confirm(prescriber, case_id, cases.read(staff, case_id).version, {MARKER: MARKER})
        cases.ask_for_changes(prescriber, case_id, MARKER)
        cases.assign(staff, case_id, one)
        for asked in (case_id, MARKER, MARKER.replace(" ", "")):
            with pytest.raises(Forbidden):
                cases.read(other_practice.staff, asked)
    with desk.operating() as connection:
        held = {
            table.name: [repr(tuple(row)) for row in connection.execute(select(table))]
            for table in METADATA.sorted_tables
        }
    logged = [record for record in caplog.records if record.name.startswith("compound_coverage")]
    assert len(held["audit"]) > 20
    assert logged
    for word in MARKER.split():
        for name, rows in held.items():
            assert not [row for row in rows if word.casefold() in row.casefold()], name
        assert not [one for one in logged if word.casefold() in one.getMessage().casefold()]
