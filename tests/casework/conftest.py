"""A practice of made-up people, on either database, with a clock that tests can turn.

Keys, tables and practices are made once, and each test gets a copy of its own.
"""

import copy
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from compound_coverage.casework import pades, people
from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.cases import Cases, DueDay
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing, make_key_file
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
from compound_coverage.casework.tables import METADATA
from compound_coverage.letters.casefile import example_case

NPI, OTHER_NPI = "1234567893", "1245319599"


class Clock:
    """Stands still until a test turns it."""

    def __init__(self):
        self.time = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self):
        return self.time

    def turn(self, **by):
        self.time += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ring(tmp_path):
    return own_keys(tmp_path / "keys" / "keys.json")


@pytest.fixture
def desk(url, ring, clock):
    if url.startswith("sqlite"):
        own_store(url)
    engine = open_casework(url)
    yield Desk(engine, ring, clock)
    engine.dispose()


class Practice:
    """An organisation with one member of each role; ``practice.staff`` is an actor."""

    staff: Actor
    prescriber: Actor
    advocate: Actor
    manager: Actor
    auditor: Actor

    def __init__(self, desk, name, npi):
        self.desk = desk
        email = f"manager@{name}.example"
        self.organisation_id = people.make_organisation(
            desk, name, "Made-up Manager", email, keeps_dataset=True
        )
        self.manager = self.sign_in(email)
        for role in set(Role) - {Role.MANAGER}:
            given = npi if role is Role.PRESCRIBER else ""
            people.add_member(
                desk, self.manager, f"Made-up {role}", f"{role}@{name}.example", [role], given
            )
            setattr(self, role, self.sign_in(f"{role}@{name}.example"))

    def sign_in(self, email) -> Actor:
        return people.sign_in(self.desk, claims_of(email, self.desk.now()), people.Limits())

    def actor(self, role) -> Actor:
        found: Actor = getattr(self, role)
        return found


def claims_of(email, now, **more):
    """What an OpenID provider says of somebody who signed in at ``now``."""
    return {
        "iss": "https://login.example",
        "sub": f"id-of-{email}",
        "email": email,
        "email_verified": True,
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 3600 * 12,
        **more,
    }


class Made:
    """A key file, an empty database that is up to date, and two practices as rows of tables."""

    def __init__(self, folder):
        ring = make_key_file(folder / "keys.json")
        self.keys = ring.path.read_bytes()
        engine = open_casework(f"sqlite:///{folder}/store")
        engine.dispose()
        self.store = (folder / "store").read_bytes()
        desk = Desk(engine, ring, Clock())
        self.practices = {name: self._practice(desk, name) for name in ("north", "south")}
        engine.dispose()

    def _practice(self, desk, name):
        before = rows_of(desk)
        practice = Practice(desk, name, {"north": NPI, "south": OTHER_NPI}[name])
        rows = {
            table: [row for row in rows if row not in before[table]]
            for table, rows in rows_of(desk).items()
        }
        return practice, rows


def rows_of(desk):
    """All that a database holds, table by table in the order in which they can be filled."""
    with desk.operating() as connection:
        return {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in METADATA.sorted_tables
        }


@cache
def made():
    with tempfile.TemporaryDirectory() as folder:
        return Made(Path(folder))


def own_keys(path):
    """A copy of the key file, and its ring."""
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(made().keys)
    return KeyRing(path)


def own_store(url):
    """A copy of the empty database, if there is none yet at this address of a SQLite file."""
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        path.write_bytes(made().store)
    return url


def own_practice(desk, name="north"):
    """A practice, put into the database of a desk that has the keys of ``own_keys``."""
    practice, rows = made().practices[name]
    with desk.operating() as connection:
        for table, added in rows.items():
            if added:
                connection.execute(insert(table), added)
    own = copy.copy(practice)
    own.desk = desk
    return own


@pytest.fixture
def practice(desk):
    return own_practice(desk)


@pytest.fixture
def other_practice(desk, practice):
    return own_practice(desk, "south")


@pytest.fixture
def cases(desk):
    return Cases(desk, lambda content, summary, state: (DueDay("2026-12-01", "Act", "member"),))


@pytest.fixture
def content():
    """A complete made-up case whose prescriber of record is the practice's own."""
    facts = example_case()
    facts["prescriber"]["npi"] = NPI
    return Content(facts=facts)


@pytest.fixture
def case_id(cases, practice, content):
    return cases.create(practice.staff, content)


# -- what takes long by design, where other tests show that it does ------------------------------


def open_certificates_at_once(monkeypatch):
    """Makes certificates that open at once; test_pades shows that they take long."""
    monkeypatch.setattr(pades, "ROUNDS", 1)


@pytest.fixture
def office(desk, bundled, tmp_path, monkeypatch):
    """All services over the published dataset, without imported drug lists."""
    open_certificates_at_once(monkeypatch)
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    return Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())
