"""A practice of made-up people, on either database, with a clock that tests can turn."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from compound_coverage.casework import people
from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.cases import Cases, DueDay
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import make_key_file
from compound_coverage.casework.office import Office
from compound_coverage.casework.settings import Settings
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
    return make_key_file(tmp_path / "keys" / "keys.json")


@pytest.fixture
def desk(url, ring, clock):
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


@pytest.fixture
def practice(desk):
    return Practice(desk, "north", NPI)


@pytest.fixture
def other_practice(desk, practice):
    return Practice(desk, "south", OTHER_NPI)


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


@pytest.fixture
def office(desk, bundled, tmp_path, monkeypatch):
    """All services over the published dataset, without imported drug lists."""
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))
    return Office(desk, lambda: bundled, lambda: nullcontext(None), Settings())
