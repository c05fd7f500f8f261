"""The practice page as each role sees it, and the drug lists of a server."""

import csv
import io
import json
import re
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from compound_coverage.casework import audit, people, trail
from compound_coverage.casework.access import Action, Role
from compound_coverage.casework.cases import Cases, DueDay
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import make_key_file
from compound_coverage.casework.office import Office
from compound_coverage.casework.papers import Papers
from compound_coverage.casework.people import ALL_ROLES
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.tables import AUDIT
from compound_coverage.letters.casefile import example_case
from dashboard import downloads, identity
from tests.casework.conftest import NPI, OTHER_NPI, Clock, Practice, claims_of

PAGES = Path(__file__).resolve().parents[2] / "dashboard"
SECTIONS = {
    Role.STAFF: ["Who works here"],
    Role.PRESCRIBER: ["Who works here"],
    Role.ADVOCATE: [],
    Role.MANAGER: [
        "Who works here",
        "How the work stands",
        "A patient's data",
        "What is past its time",
    ],
    Role.AUDITOR: ["Who works here", "How the work stands", "What was done"],
}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def office(sqlite_url, tmp_path, clock):
    engine = open_casework(sqlite_url)
    ring = make_key_file(tmp_path / "keys" / "keys.json")
    yield Office(
        Desk(engine, ring, clock),
        lambda: pytest.fail("not asked"),
        lambda: nullcontext(None),
        Settings(mode="office"),
    )
    engine.dispose()


@pytest.fixture(autouse=True)
def practice(office):
    return Practice(office.desk, "north", NPI)


@pytest.fixture
def open_page(office, monkeypatch):
    """Opens the page as whoever signed in by this e-mail; on a laptop, nobody did."""

    def opened(who=None):
        monkeypatch.setattr(identity, "office", lambda: office)
        page = AppTest.from_file(str(PAGES / "practice.py"), default_timeout=30)
        if who:
            claims = claims_of(f"{who}@north.example", office.desk.now())
            page.user = {**claims, "is_logged_in": True}
        page.run()
        assert not page.exception
        return page

    return opened


@pytest.fixture
def saved(monkeypatch):
    """The files that were offered, by name."""
    files = {}

    def put(content, name, mime, browser):
        files[name] = content
        return "ticket"

    monkeypatch.setattr(downloads.TICKETS, "put", put)
    return files


def text_of(page):
    return "\n".join(
        element.value
        for kind in ("markdown", "success", "error", "info")
        for element in page.get(kind)
    )


def press(page, label):
    (button,) = [one for one in page.button if one.label == label]
    page = button.click().run()
    assert not page.exception
    return page


def field(page, label, kind="text_input"):
    return next(one for one in page.get(kind) if one.label == label)


def labels(page):
    return {one.label for one in page.button}


# -- who sees what -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_its_own_sections_and_no_others(role, open_page):
    page = open_page(role)
    assert [one.value for one in page.header] == SECTIONS[role]


def test_somebody_without_a_part_in_casework_is_told_so(open_page):
    page = open_page("advocate")
    assert page.info[0].value == "Your part in this practice has nothing on this page."


@pytest.mark.parametrize("role", [Role.STAFF, Role.PRESCRIBER])
def test_no_trail_no_erasure_and_no_change_of_members_for_who_writes_letters(role, open_page):
    page = open_page(role)
    assert labels(page) == {"Refresh", "Sign out"}
    assert not page.text_input


# -- members -----------------------------------------------------------------------------------


def test_members_are_told_with_their_roles_in_words_and_their_npi(open_page):
    told = text_of(open_page("staff"))
    assert f"**Made\\-up prescriber**: Prescriber, NPI {NPI}." in told
    assert "**Made\\-up Manager**: Manager, no NPI." in told


def test_a_manager_adds_a_member_who_can_then_sign_in(open_page, practice):
    page = open_page("manager")
    field(page, "Name").set_value(" Example Newcomer ")
    field(page, "E-mail address").set_value("new@north.example")
    field(page, "Roles", "multiselect").set_value([Role.STAFF, Role.PRESCRIBER])
    field(page, "NPI").set_value(OTHER_NPI)
    page = press(page, "Add")
    assert page.success[0].value == "Example Newcomer can sign in now\\."
    assert f"**Example Newcomer**: Staff, Prescriber, NPI {OTHER_NPI}." in text_of(page)
    assert field(page, "Name").value == ""
    assert practice.sign_in("new@north.example").roles == {Role.STAFF, Role.PRESCRIBER}


@pytest.mark.parametrize(
    ("label", "value", "sentence"),
    [
        ("Name", " ", "A member needs a name"),
        ("E-mail address", "somebody", "is not an e\\-mail address"),
        ("E-mail address", "staff@north.example", "already belongs to a member"),
        ("NPI", "1234567890", "The NPI can't be right"),
    ],
)
def test_a_member_who_can_not_be_is_refused_in_one_sentence(open_page, label, value, sentence):
    page = open_page("manager")
    field(page, "Name").set_value("Example Newcomer")
    field(page, "E-mail address").set_value("new@north.example")
    field(page, "Roles", "multiselect").set_value([Role.STAFF])
    field(page, label).set_value(value)
    page = press(page, "Add")
    assert sentence in page.error[0].value
    assert field(page, label).value == value
    assert "Newcomer" not in text_of(page)


def change(page, name):
    picked = field(page, "Member", "selectbox")
    return picked.select(next(one for one in picked.options if one.startswith(name))).run()


def test_a_manager_marks_somebody_as_gone(open_page, practice):
    page = change(open_page("manager"), "Made-up staff")
    assert "Signs in as staff@north\\.example" in text_of(page)
    page.checkbox[0].check()
    page = press(page, "Save the change")
    assert "**Made\\-up staff**: Staff, no NPI. **Has left.**" in text_of(page)
    with pytest.raises(people.SignedOutError):
        practice.sign_in("staff@north.example")


def test_the_last_manager_can_not_leave(open_page, practice):
    page = change(open_page("manager"), "Made-up Manager")
    page.checkbox[0].check()
    page = press(page, "Save the change")
    assert page.error[0].value.startswith("This is the last manager; make somebody else a manager")
    assert practice.sign_in("manager@north.example").roles == {Role.MANAGER}


def test_who_gives_the_managers_role_away_loses_the_forms_at_once(open_page, office, practice):
    people.add_member(
        office.desk, practice.manager, "Example Second", "second@north.example", [Role.MANAGER]
    )
    page = change(open_page("manager"), "Made-up Manager")
    next(one for one in page.multiselect if one.value == ["manager"]).set_value([Role.STAFF])
    page = press(page, "Save the change")
    assert [one.value for one in page.header] == SECTIONS[Role.STAFF]
    assert labels(page) == {"Refresh", "Sign out"}


def test_the_owner_of_a_laptop_sets_a_name_and_an_npi_and_nothing_else(open_page, office):
    office.settings = Settings()
    page = open_page()
    assert "To sign, your NPI must be the one in the letter." in text_of(page)
    assert not {"Add", "Save the change"} & labels(page)
    field(page, "Your name").set_value("Example Prescriber")
    field(page, "Your NPI").set_value(NPI)
    page = press(page, "Save")
    assert page.success[0].value == "Saved\\."
    owner = people.laptop_owner(office.desk)
    assert owner.npi == NPI
    assert owner.roles == ALL_ROLES


# -- counts ------------------------------------------------------------------------------------


def _case(office, practice, patient):
    facts = example_case()
    facts["patient"]["name"] = patient
    late = DueDay("2026-11-20", "Act", "member")
    return Cases(office.desk, lambda *_: (late,)).create(practice.staff, Content(facts=facts))


@pytest.fixture
def case_id(office, practice):
    return _case(office, practice, "Example Patient")


def test_counts_speak_of_no_patient(open_page, case_id):
    told = text_of(open_page("auditor"))
    assert "| Cases | 1 |" in told
    assert "| Late: a day to act has passed | 1 |" in told.replace("\\", "")
    assert "| Half are signed within | none yet |" in told
    assert "| Draft | 1 |" in told
    assert "| Made\\-up staff | 1 |" in told
    assert "Example Patient" not in told


def test_a_practice_without_cases_is_told_so(open_page):
    assert "There are no cases yet." in text_of(open_page("auditor"))


# -- the trail ---------------------------------------------------------------------------------


def entry_lines(page):
    listed = [one.value for one in page.markdown if re.match(r"- \d+: ", one.value)]
    return listed[0].splitlines() if listed else []


def write(office, practice, *actions, outcome="done", **detail):
    with office.desk.operating() as connection:
        for action in actions:
            entry = audit.Entry(
                office.desk.stamp(), practice.staff.member_id, action, "", outcome, detail
            )
            audit.append(connection, office.desk.ring, practice.organisation_id, entry)


def test_every_action_is_told_in_words(open_page, office, practice):
    write(office, practice, *Action)
    told = entry_lines(open_page("auditor"))
    assert len(told) > len(Action)
    assert not [line for line in told if re.search(r"[a-z]+\\?\.[a-z]+", line)]


def test_an_entry_names_its_member_and_shortens_ids(open_page, office, practice, case_id):
    write(office, practice, Action.CASE_ASSIGN, member=practice.manager.member_id)
    told = "\n".join(entry_lines(open_page("auditor"))).replace("\\", "")
    assert f"Made-up staff: Begin a case ({case_id[:6]}): done." in told
    assert case_id not in told
    assert "Give a case to somebody: done. member Made-up Manager." in told
    assert "Whoever runs this server: Make this practice (Made-up Manager): done." in told


def test_the_trail_comes_newest_first_in_pages_of_fifty(open_page, office, practice):
    write(office, practice, *[Action.CASE_LIST] * 70)
    page = open_page("auditor")
    first = entry_lines(page)
    assert len(first) == 50
    page = press(page, "Older entries")
    second = entry_lines(page)
    numbers = [int(line.removeprefix("- ").partition(":")[0]) for line in [*first, *second]]
    assert numbers == list(range(numbers[0], 0, -1))
    assert "Older entries" not in labels(page)
    assert entry_lines(press(page, "Newer entries")) == first


def test_entries_beyond_the_first_reading_are_read_when_asked_for(
    open_page, office, practice, monkeypatch
):
    monkeypatch.setattr(trail, "MOST_ENTRIES", 10)
    write(office, practice, *[Action.CASE_LIST] * 15)
    page = open_page("auditor")
    assert len(entry_lines(page)) == 10
    page = press(page, "Read further back")
    assert len(entry_lines(page)) == 20


@pytest.mark.parametrize(
    ("label", "chosen", "kept"),
    [
        ("Who", "Made-up staff", ["Sign a letter"]),
        ("What", "Sign a letter", ["Sign a letter"]),
        ("How it ended", "refused", ["Sign a letter"]),
        ("Who", "Whoever runs this server", ["Make this practice"]),
    ],
)
def test_the_trail_is_narrowed(open_page, office, practice, label, chosen, kept):
    write(office, practice, Action.CASE_SIGN, outcome="refused")
    page = open_page("auditor")
    page = field(page, label, "selectbox").select(chosen).run()
    told = [line for line in entry_lines(page) if "Sign in" not in line]
    assert len(told) == len(kept)
    assert all(words in line for words, line in zip(kept, told, strict=True))


def test_drawing_the_page_again_reads_nothing_again(open_page, office, practice):
    page = open_page("auditor")
    before = len(trail.entries(office.desk, practice.auditor))
    page = field(page, "How it ended", "selectbox").select("done").run()
    assert len(trail.entries(office.desk, practice.auditor)) == before + 1
    shown = entry_lines(page)
    assert len(entry_lines(press(page, "Refresh"))) > len(shown)


def test_the_whole_trail_is_saved_with_cells_no_program_runs(
    open_page, office, practice, saved, monkeypatch
):
    monkeypatch.setattr(trail, "MOST_ENTRIES", 7)
    people.add_member(office.desk, practice.manager, "=1+1", "formula@north.example", [Role.STAFF])
    practice.sign_in("formula@north.example")
    write(office, practice, *[Action.CASE_LIST] * 20)
    press(open_page("auditor"), "Make a file of the whole trail")
    rows = list(csv.DictReader(io.StringIO(saved["trail.csv"].decode("utf-8-sig"))))
    numbers = [int(row["number"]) for row in rows]
    assert numbers == list(range(numbers[0], 0, -1))
    assert "'=1+1" in {row["member"] for row in rows}


def test_a_trail_nobody_touched_is_found_whole(open_page, office, practice):
    with office.desk.operating() as connection:
        head = audit.head_of(connection, practice.organisation_id)
    page = press(open_page("auditor"), "Check the trail")
    assert page.success[0].value == "No entry was changed, moved or removed."
    field(page, "Number written down before").set_value(str(head.number))
    field(page, "Mark written down before").set_value(head.mark)
    assert press(page, "Check the trail").success
    field(page, "Mark written down before").set_value("of another trail")
    page = press(page, "Check the trail")
    assert f"does not hold entry {head.number} as it was written" in text_of(page)


def test_an_entry_that_was_changed_is_named(open_page, office):
    with office.desk.operating() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.number == 2).values(actor="nobody"))
    page = press(open_page("auditor"), "Check the trail")
    assert not page.success
    assert "Entry 2 was changed or moved\\." in text_of(page)


@pytest.mark.parametrize(("number", "mark"), [("7", ""), ("", "abc"), ("seven", "abc")])
def test_half_of_what_was_written_down_is_asked_for_whole(open_page, number, mark):
    page = open_page("auditor")
    field(page, "Number written down before").set_value(number)
    field(page, "Mark written down before").set_value(mark)
    page = press(page, "Check the trail")
    assert page.error[0].value.startswith("Give both")


# -- a patient's data --------------------------------------------------------------------------


@pytest.fixture
def two_patients(office, practice, case_id):
    """Another case of the same patient with a document, and a case of somebody else."""
    second = _case(office, practice, "Example Patient")
    Papers(office.desk, lambda *_: ()).keep(practice.staff, second, "chart", "note.txt", b"made up")
    return case_id, second, _case(office, practice, "Example Other")


def find(page, name):
    page = press(page, "Find a patient")
    picked = field(page, "One of the patient's cases", "selectbox")
    return picked.select(next(one for one in picked.options if one.startswith(name))).run()


def test_no_patient_is_named_before_a_manager_asks(open_page, two_patients):
    page = open_page("manager")
    assert "Example Patient" not in text_of(page)
    assert "One of the patient's cases" not in {one.label for one in page.selectbox}


def test_what_is_held_about_one_patient_is_counted(open_page, two_patients):
    page = find(open_page("manager"), "Example Patient")
    first, second, other = two_patients
    told = text_of(page).replace("\\", "")
    assert (
        f"Case {first[:6]}: Draft, begun November 24, 2026. It holds 0 documents, 1 saved" in told
    )
    assert f"Case {second[:6]}" in told
    assert f"Case {other[:6]}" not in told
    assert "This erases 2 cases with 1 document" in page.warning[0].value


def test_a_copy_of_everything_about_a_patient_is_saved(open_page, two_patients, saved):
    page = find(open_page("manager"), "Example Patient")
    press(page, "Make a copy of everything about this patient")
    with zipfile.ZipFile(io.BytesIO(saved["patient-copy.zip"])) as copy:
        told = json.loads(copy.read("cases.json"))
    assert {one["case_id"] for one in told} == set(two_patients[:2])


def erase(page, word, why):
    field(page, "Why is it erased?").set_value(why)
    field(page, "Type the word ERASE to go on").set_value(word)
    return press(page, "Erase this patient")


@pytest.mark.parametrize(
    ("word", "why", "sentence"),
    [
        ("", "the patient asked", "Nothing was erased"),
        ("erase", "the patient asked", "Nothing was erased"),
        ("ERASE", " ", "Say why this is erased"),
    ],
)
def test_nothing_is_erased_without_the_word_and_the_reason(
    open_page, office, practice, two_patients, word, why, sentence
):
    page = erase(find(open_page("manager"), "Example Patient"), word, why)
    assert sentence in page.error[0].value
    assert len(office.cases.worklist(practice.staff)) == 3


def test_a_patient_is_erased_and_the_proof_can_be_saved(
    open_page, office, practice, two_patients, saved
):
    page = erase(find(open_page("manager"), "Example Patient"), " ERASE ", "the patient asked")
    assert page.success[0].value == "The patient is erased\\."
    assert [row.case_id for row in office.cases.worklist(practice.staff)] == [two_patients[2]]
    assert "of 2 cases" in text_of(page)
    assert "Why: the patient asked" in text_of(page)
    press(page, "Make the proof as a file")
    proof = json.loads(saved["proof-of-erasure.json"])
    assert set(proof["case_ids"]) == set(two_patients[:2])
    assert proof["rows_after"] == 0
    assert b"Example Patient" not in saved["proof-of-erasure.json"]


def test_somebody_who_lost_the_role_meanwhile_erases_nothing(
    open_page, office, practice, two_patients
):
    page = find(open_page("manager"), "Example Patient")
    people.add_member(
        office.desk, practice.manager, "Example Second", "second@north.example", [Role.MANAGER]
    )
    people.change_member(
        office.desk,
        practice.sign_in("second@north.example"),
        practice.manager.member_id,
        name="Made-up Manager",
        roles=[Role.STAFF],
    )
    page = erase(page, "ERASE", "a grudge")
    assert [one.value for one in page.header] == SECTIONS[Role.STAFF]
    assert len(office.cases.worklist(practice.staff)) == 3


# -- what is past its time ---------------------------------------------------------------------


def test_nothing_is_past_its_time_yet(open_page, case_id):
    page = press(open_page("manager"), "See what is past its time")
    assert "Nothing is past its time." in text_of(page)


def test_what_is_past_its_time_is_listed_first_and_erased_after_the_word(
    open_page, office, practice, case_id, clock, saved
):
    clock.turn(days=365 * 6 + 3)
    fresh = _case(office, practice, "Example Other")
    page = press(open_page("manager"), "See what is past its time")
    assert f"- Case {case_id[:6]}: last changed November 24, 2026" in text_of(page)
    assert fresh[:6] not in text_of(page)
    page = press(page, "Erase what is past its time")
    assert "Nothing was erased" in page.error[0].value
    field(page, "Type the word ERASE to go on").set_value("ERASE")
    page = press(page, "Erase what is past its time")
    assert page.success[0].value == "What was past its time is erased\\."
    assert [row.case_id for row in office.cases.worklist(practice.staff)] == [fresh]
    press(page, "Make the proof as a file")
    assert json.loads(saved["proof-of-erasure.json"])["case_ids"] == [case_id]


# -- the drug lists of a server ----------------------------------------------------------------


@pytest.fixture
def mode(monkeypatch, tmp_path):
    """Sets how this server is set up."""
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def chosen(name):
        monkeypatch.setattr(identity, "chosen_settings", lambda: Settings(mode=name))

    return chosen


def lists_page():
    return AppTest.from_file(str(PAGES / "lists.py"), default_timeout=30).run()


def test_on_a_laptop_lists_are_loaded_from_its_own_disk(mode):
    mode("laptop")
    page = lists_page()
    field(page, "File or folder").set_value("/nowhere-at-all")
    page = press(page, "Load it")
    assert "There is no file or folder" in page.error[0].value


def test_on_a_server_lists_are_shown_and_never_loaded_from_the_page(mode):
    mode("office")
    page = lists_page()
    assert [one.value for one in page.header] == ["What is loaded"]
    assert not page.text_input
    assert not page.button
    assert "`python -m compound_coverage formulary import`" in page.info[-1].value


def test_a_forged_session_loads_nothing_on_a_server(mode, tmp_path):
    mode("office")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    script = (PAGES / "lists.py").read_text(encoding="utf-8")
    forged = AppTest.from_string(f"{script}\n_run(Path({str(secret)!r}), '')", default_timeout=30)
    forged.run()
    assert not forged.exception
    assert "loaded by whoever runs this server" in forged.error[0].value
    assert "secret.txt" not in text_of(forged)
