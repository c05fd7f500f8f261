"""Who may do what: the matrix beside a table a manager can read, and the services beside both."""

import csv
import importlib
import inspect
import json
import pkgutil
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import compound_coverage.casework
from compound_coverage.casework import desk as desk_module
from compound_coverage.casework import erasure, handoffs, people, trail
from compound_coverage.casework.access import (
    Action,
    Actor,
    Forbidden,
    Resource,
    Role,
    may,
)
from compound_coverage.casework.appeals import Decision
from compound_coverage.casework.cases import Cases, keep_document
from compound_coverage.casework.content import Content
from compound_coverage.casework.office import Office
from compound_coverage.casework.packets import Packets
from compound_coverage.casework.papers import Papers
from compound_coverage.casework.sealed import new_code
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.signing import Signature, Signing
from compound_coverage.casework.states import Outcome
from compound_coverage.casework.tables import AUDIT
from tests.casework.conftest import NPI, OTHER_NPI

ROOT = Path(__file__).resolve().parents[2]
OF_RECORD = {"case.confirm", "case.sign"}

with Path(__file__).with_name("matrix.csv").open(encoding="utf-8", newline="") as table:
    ALLOWED = {
        row["action"]: {role for role in Role if row[role] == "x"} for row in csv.DictReader(table)
    }


@pytest.fixture
def url(sqlite_url):
    """Who may do what is not a matter of the database."""
    return sqlite_url


# -- the question ------------------------------------------------------------------------------


def test_the_table_speaks_of_every_action():
    assert set(ALLOWED) == {action.value for action in Action}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_the_matrix_is_as_the_table_says(action, role):
    actor = Actor("a-member", "north", frozenset({role}), NPI)
    assert may(actor, action, Resource("north", NPI)) is (role in ALLOWED[action])
    assert not may(actor, action, Resource("south", NPI)), "in another practice"


@pytest.mark.parametrize("action", Action)
def test_with_two_roles_one_may_do_what_either_may(action):
    both = frozenset({Role.STAFF, Role.AUDITOR})
    actor = Actor("a-member", "north", both, NPI)
    assert may(actor, action, Resource("north", NPI)) is bool(both & ALLOWED[action])


@pytest.mark.parametrize("action", [*Action, "case.burn", "", "CASE.READ", None])
def test_nobody_and_somebody_without_a_role_may_nothing(action):
    assert not may(None, action, Resource("north", NPI))
    assert not may(Actor("a-member", "north", frozenset(), NPI), action, Resource("north", NPI))


@pytest.mark.parametrize("action", ["case.burn", "", "case", "CASE.READ", None, 7])
def test_an_action_nobody_wrote_down_is_allowed_to_nobody(action):
    everything = Actor("a-member", "north", frozenset(Role), NPI)
    assert not may(everything, action, Resource("north", NPI))


@pytest.mark.parametrize("action", sorted(OF_RECORD))
@pytest.mark.parametrize(
    ("what", "own", "named", "answer"),
    [
        ("the prescriber the letter names", NPI, NPI, True),
        ("typed with blanks and hyphens", NPI, " 123-456 7893", True),
        ("another prescriber", OTHER_NPI, NPI, False),
        ("a letter that names nobody", NPI, "", False),
        ("a prescriber without an NPI", "", NPI, False),
        ("neither has one", "", "", False),
        ("both have the same wrong check digit", "1234567890", "1234567890", False),
        ("the letter has a wrong check digit", NPI, "1234567894", False),
        ("words for a number", "Example Prescriber", "Example Prescriber", False),
        ("digits of another script", NPI, "١٢٣٤٥٦٧٨٩٣", False),
    ],
)
def test_only_the_prescriber_of_record_vouches_and_signs(action, what, own, named, answer):
    prescriber = Actor("a-member", "north", frozenset({Role.PRESCRIBER}), own)
    assert may(prescriber, Action(action), Resource("north", named)) is answer


@pytest.mark.parametrize("action", sorted(OF_RECORD))
def test_the_right_npi_alone_opens_nothing(action):
    elsewhere = Actor("a-member", "south", frozenset({Role.PRESCRIBER}), NPI)
    office = Actor("a-member", "north", frozenset(Role) - {Role.PRESCRIBER}, NPI)
    assert not may(elsewhere, Action(action), Resource("north", NPI))
    assert not may(office, Action(action), Resource("north", NPI))


def test_a_no_does_not_tell_whether_the_thing_exists(cases, practice, other_practice, case_id):
    told = set()
    for asked in (case_id, "0" * 24, "", "Example Patient", "\0", "x" * 10_000):
        with pytest.raises(Forbidden) as no:
            cases.read(other_practice.staff, asked)
        told.add(str(no.value))
    assert len(told) == 1


# -- the services ------------------------------------------------------------------------------
# For each public service: the action of the table it stands under, what it acts on, and a call of
# it with something sensible. A new service needs its line here, or the last tests fail.

DECISION = Decision(Outcome.DENIED, "2026-11-24")
A_CASE, A_DOCUMENT, A_MEMBER, NOTHING = "case", "document", "member", ""

SERVICES: dict[tuple[Any, str], tuple[str, str, Any]] = {
    (Cases, "create"): ("case.create", NOTHING, lambda on, who, _: on.create(who, Content())),
    (Cases, "worklist"): ("case.list", NOTHING, lambda on, who, _: on.worklist(who)),
    (Cases, "read"): ("case.read", A_CASE, lambda on, who, it: on.read(who, it)),
    (Cases, "version_at"): ("case.read", A_CASE, lambda on, who, it: on.version_at(who, it, 1)),
    (Cases, "save"): ("case.edit", A_CASE, lambda on, who, it: on.save(who, it, 1, Content())),
    (Cases, "mark_chart"): ("case.edit", A_CASE, lambda on, who, it: on.mark_chart(who, it, 1, {})),
    (Cases, "confirm"): ("case.confirm", A_CASE, lambda on, who, it: on.confirm(who, it, 1, {})),
    (Cases, "assign"): (
        "case.assign", A_CASE, lambda on, who, it: on.assign(who, it, who and who.member_id),
    ),
    (Cases, "submit"): ("case.submit", A_CASE, lambda on, who, it: on.submit(who, it)),
    (Cases, "ask_for_changes"): (
        "case.return", A_CASE, lambda on, who, it: on.ask_for_changes(who, it, "The dose."),
    ),
    (Cases, "send"): ("case.send", A_CASE, lambda on, who, it: on.send(who, it, "2026-11-24", "")),
    (Cases, "decide"): ("case.decide", A_CASE, lambda on, who, it: on.decide(who, it, DECISION)),
    (Cases, "appeal"): ("case.appeal", A_CASE, lambda on, who, it: on.appeal(who, it, "appeal")),
    (Cases, "note_call"): (
        "case.call", A_CASE, lambda on, who, it: on.note_call(who, it, "Plan", "Wait."),
    ),
    (Packets, "put_together"): (
        "case.file", A_CASE, lambda on, who, it: on.put_together(who, it),
    ),
    (Papers, "read"): ("document.read", A_DOCUMENT, lambda on, who, it: on.read(who, it)),
    (Papers, "keep"): (
        "case.file", A_CASE, lambda on, who, it: on.keep(who, it, "chart", "a.pdf", b"%PDF"),
    ),
    (Papers, "keep_signed_by_hand"): (
        "case.file", A_CASE, lambda on, who, it: on.keep_signed_by_hand(who, it, "a.pdf", b"%PDF"),
    ),
    (Signing, "sign"): (
        "case.sign", A_CASE, lambda on, who, it: on.sign(who, it, 1, Signature("/s/ Example")),
    ),
    (Signing, "verify"): ("document.verify", NOTHING, lambda on, who, _: on.verify(who, b"%PDF")),
    (people, "organisation_name"): (
        "member.list", NOTHING, lambda on, who, _: people.organisation_name(on, who),
    ),
    (people, "members"): ("member.list", NOTHING, lambda on, who, _: people.members(on, who)),
    (people, "add_member"): (
        "member.change", NOTHING,
        lambda on, who, _: people.add_member(on, who, "New", "new@x.example", [Role.STAFF]),
    ),
    (people, "change_member"): (
        "member.change", A_MEMBER,
        lambda on, who, it: people.change_member(on, who, it, name="Same", roles=[Role.STAFF]),
    ),
    (handoffs, "take"): (
        "case.create", NOTHING, lambda on, who, _: handoffs.take(on, who, new_code()),
    ),
    (erasure, "patient_cases"): (
        "case.export", A_CASE, lambda on, who, it: erasure.patient_cases(on, who, it),
    ),
    (erasure, "export_patient"): (
        "case.export", A_CASE, lambda on, who, it: erasure.export_patient(on, who, it),
    ),
    (erasure, "erase_patient"): (
        "case.erase", A_CASE, lambda on, who, it: erasure.erase_patient(on, who, it, "Asked for."),
    ),
    (erasure, "due_for_erasure"): (
        "retention.run", NOTHING, lambda on, who, _: erasure.due_for_erasure(on, who),
    ),
    (erasure, "run_retention"): (
        "retention.run", NOTHING, lambda on, who, _: erasure.run_retention(on, who, dry_run=True),
    ),
    (trail, "entries"): ("audit.read", NOTHING, lambda on, who, _: trail.entries(on, who)),
    (trail, "faults"): ("audit.read", NOTHING, lambda on, who, _: trail.faults(on, who)),
    (trail, "counts"): ("counts.read", NOTHING, lambda on, who, _: trail.counts(on, who)),
}  # fmt: skip


def each(services):
    names = [f"{holder.__name__.rpartition('.')[2]}.{name}" for holder, name in services]
    return pytest.mark.parametrize("service", services, ids=names)


each_service = each(list(SERVICES))
each_on_something = each([service for service, line in SERVICES.items() if line[1]])


@pytest.fixture
def office(desk, bundled, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    return Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())


@pytest.fixture
def call(office, desk, practice, case_id):
    """Calls a service as somebody, on what belongs to ``practice``."""
    with desk.act(practice.staff, Action.CASE_FILE, case_id) as work:
        document_id = keep_document(work, "packet", "a.pdf", b"%PDF", "digest")
    things = {
        A_CASE: case_id,
        A_DOCUMENT: document_id,
        A_MEMBER: practice.staff.member_id,
        NOTHING: "",
    }
    parts = {
        Cases: office.cases,
        Papers: office.papers,
        Packets: office.packets,
        Signing: office.signing,
    }

    def called(service, who):
        _, about, deed = SERVICES[service]
        return deed(parts.get(service[0], desk), who, things[about])

    return called


def answer(call, service, who):
    """May they? An error of another kind comes after the question was asked."""
    try:
        call(service, who)
    except Forbidden:
        return False
    except ValueError:
        return True
    return True


def trail_of(desk, practice):
    query = select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.outcome)
    with desk.operating() as connection:
        rows = connection.execute(query.where(AUDIT.c.organisation_id == practice.organisation_id))
        return [tuple(row) for row in rows]


@each_service
def test_each_service_is_open_to_whom_the_table_says(call, desk, practice, service):
    action = SERVICES[service][0]
    for role in Role:
        who = practice.actor(role)
        allowed = answer(call, service, who)
        assert allowed is (role in ALLOWED[action]), role
        refused = (who.member_id, action, "refused") in trail_of(desk, practice)
        assert refused is not allowed, f"{role}: what the audit trail says"


@each_on_something
def test_no_service_opens_what_belongs_to_another_practice(
    call, desk, practice, other_practice, service
):
    action = SERVICES[service][0]
    before = trail_of(desk, practice)
    for role in Role:
        who = other_practice.actor(role)
        assert not answer(call, service, who), role
        assert (who.member_id, action, "refused") in trail_of(desk, other_practice), role
    assert trail_of(desk, practice) == before, "their trail is theirs"


@each_service
def test_each_service_asks_and_asks_for_the_right_thing(call, practice, service, monkeypatch):
    asked = []

    def no(actor, action, resource):
        asked.append((actor, action.value, resource.organisation_id))
        return False

    monkeypatch.setattr(desk_module, "may", no)
    with pytest.raises(Forbidden):
        call(service, practice.manager)
    assert asked == [(practice.manager, SERVICES[service][0], practice.organisation_id)]


@each_service
def test_each_service_is_closed_to_nobody(call, service):
    with pytest.raises(Forbidden):
        call(service, None)


def test_a_prescriber_elsewhere_with_the_same_npi_is_refused(cases, desk, practice, case_id):
    email = "m@south.example"
    people.make_organisation(desk, "south", "Made-up Manager", email)
    manager = practice.sign_in(email)
    people.add_member(desk, manager, "Same", "same@south.example", [Role.PRESCRIBER], NPI)
    cases.submit(practice.staff, case_id)
    with pytest.raises(Forbidden):
        cases.confirm(practice.sign_in("same@south.example"), case_id, 1, {})
    assert cases.confirm(practice.prescriber, case_id, 1, {}).version == 1


def test_a_case_is_not_given_to_somebody_elsewhere(cases, practice, other_practice, case_id):
    with pytest.raises(Forbidden):
        cases.assign(practice.staff, case_id, other_practice.staff.member_id)
    assert cases.read(practice.staff, case_id).assigned_id == practice.staff.member_id


def test_the_worklist_shows_no_case_of_another_practice(cases, practice, other_practice, case_id):
    assert [row.case_id for row in cases.worklist(practice.staff)] == [case_id]
    assert cases.worklist(other_practice.staff) == []


@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
def test_what_was_typed_for_an_id_is_not_kept(request, url, ring, clock):
    engine = desk_module.open_casework(request.getfixturevalue(url))
    desk = desk_module.Desk(engine, ring, clock)
    owner = people.laptop_owner(desk)
    for typed in ("Zebulon Quagmire", "\0", "x" * 100_000, "../../etc/passwd", "\ud800"):
        with pytest.raises(Forbidden), desk.act(owner, Action.CASE_READ, typed):
            pass
    with desk.operating() as connection:
        kept = connection.execute(select(AUDIT.c.resource)).scalars().all()
    engine.dispose()
    assert kept == ["no-id"] * 5


# -- nobody forgets to ask -----------------------------------------------------------------------


def modules():
    for found in pkgutil.iter_modules(compound_coverage.casework.__path__):
        if found.name != "migrations":
            yield importlib.import_module(f"compound_coverage.casework.{found.name}")


def asks_for_an_actor(thing):
    return inspect.isfunction(thing) and "actor" in inspect.signature(thing).parameters


def public(holder):
    return [
        (name, thing)
        for name, thing in vars(holder).items()
        if not name.startswith("_") and getattr(thing, "__module__", "").startswith("compound")
    ]


def test_every_public_service_has_its_line_in_the_table_above():
    # the question itself, what only hands on to the services, and what only adds to the trail
    not_services = {("Desk", "act"), ("Desk", "record"), ("access", "may"), ("commands", "do")}
    found = set()
    for module in modules():
        short = module.__name__.rpartition(".")[2]
        for name, thing in public(module):
            if asks_for_an_actor(thing) and thing.__module__ == module.__name__:
                found.add((short, name))
            if inspect.isclass(thing) and thing.__module__ == module.__name__:
                found |= {
                    (name, method) for method, code in public(thing) if asks_for_an_actor(code)
                }
    named = {(holder.__name__.rpartition(".")[2], name) for holder, name in SERVICES}
    assert found - not_services == named


def test_every_public_method_of_a_service_asks_for_an_actor():
    for service in (Cases, Packets, Papers, Signing):
        for name, method in public(service):
            assert asks_for_an_actor(method), name


def files_that_hold(pattern):
    folders = (ROOT / "compound_coverage", ROOT / "dashboard")
    files = [ROOT / "app.py", *(file for folder in folders for file in folder.rglob("*.py"))]
    return {file.name for file in files if re.search(pattern, file.read_text(encoding="utf-8"))}


def test_only_the_operator_and_signing_in_work_without_an_actor():
    allowed = {"desk.py", "people.py", "rotation.py", "backup.py", "handoffs.py", "breakglass.py"}
    allowed.add("erasure.py")  # reads the entry of its own deed, once that stands
    allowed.add("leads.py")  # anybody may report, and see what others were told
    users = files_that_hold(r"\boperating\(")
    assert {"desk.py", "people.py"} <= users <= allowed
    readers = files_that_hold(r"\bdesk\.reading\(")
    assert {"people.py", "rotation.py"} <= readers <= {*allowed, "cli_casework.py"}


def test_only_people_make_actors():
    assert files_that_hold(r"\bActor\(") == {"people.py", "breakglass.py"}


def test_an_entry_of_a_refusal_holds_ids_only(cases, desk, other_practice, case_id):
    with pytest.raises(Forbidden):
        cases.save(other_practice.staff, case_id, 1, Content(text="Zebulon Quagmire"))
    with desk.operating() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.outcome == "refused")).mappings()
        (row,) = rows
    assert (row["resource"], json.loads(row["detail"])) == (case_id, {})
