"""Two advocates of one organisation, a third of another, and a small dataset they keep."""

import copy
import shutil
import subprocess
import uuid

import pytest
from sqlalchemy import create_engine

from compound_coverage.casework import people
from compound_coverage.casework.access import Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import make_key_file
from compound_coverage.curation.proposals import Proposals
from compound_coverage.curation.publishing import Publisher
from compound_coverage.dataset.changes import Change, cells_of
from compound_coverage.dataset.tables import read_tables
from tests.casework.conftest import NPI, OTHER_NPI, Clock, Practice


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def sqlite_office(tmp_path_factory):
    """A database with one practice in it, made once; each test works on a copy."""
    return made_in_sqlite(tmp_path_factory)


def made_in_sqlite(tmp_path_factory):
    """The same for tests of other folders."""
    return OfficeMade(tmp_path_factory.mktemp("office"), lambda folder: f"sqlite:///{folder}/store")


@pytest.fixture(scope="session")
def postgres_office(tmp_path_factory, postgres):
    """The same in PostgreSQL, as a database that others are made after."""
    name = f"office{uuid.uuid4().hex}"
    _ask_postgres(postgres, f"CREATE DATABASE {name}")
    return OfficeMade(tmp_path_factory.mktemp("office"), lambda _: f"{postgres}/{name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def office_made(request):
    """The office that the databases of this test are copies of."""
    kinds = {"sqlite": "sqlite_office", "postgresql": "postgres_office"}
    return request.getfixturevalue(kinds[request.param])


class OfficeMade:
    """A practice, its keys, and the address of the database that holds it."""

    def __init__(self, folder, address):
        self.folder, self.url = folder, address(folder)
        engine = open_casework(self.url)
        self.ring = make_key_file(folder / "keys.json")
        self.practice = Practice(Desk(engine, self.ring, Clock()), "north", NPI)
        engine.dispose()

    def sqlite_copy(self, folder):
        """The address of a copy of the file."""
        store = folder / "store"
        shutil.copyfile(self.folder / "store", store)
        return f"sqlite:///{store}"

    def practice_of(self, desk):
        """The practice, found again in a copy of the database."""
        found = copy.copy(self.practice)
        found.desk = desk
        return found


@pytest.fixture
def url(office_made, tmp_path):
    """The address of a database of its own with the practice in it, once of each kind."""
    if office_made.url.startswith("sqlite"):
        yield office_made.sqlite_copy(tmp_path)
        return
    server, _, made = office_made.url.rpartition("/")
    name = f"t{uuid.uuid4().hex}"
    _ask_postgres(server, f"CREATE DATABASE {name} TEMPLATE {made}")
    yield f"{server}/{name}"
    _ask_postgres(server, f"DROP DATABASE {name} WITH (FORCE)")


def _ask_postgres(server, words):
    admin = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(words)
    admin.dispose()


@pytest.fixture
def ring(office_made):
    return office_made.ring


@pytest.fixture
def desk(url, ring, clock):
    engine = open_casework(url)
    yield Desk(engine, ring, clock)
    engine.dispose()


@pytest.fixture
def practice(desk, office_made):
    """The practice of the copied database."""
    return office_made.practice_of(desk)


@pytest.fixture
def author(practice):
    """The advocate who proposes."""
    return practice.advocate


@pytest.fixture
def reviewer(desk, practice):
    """Another advocate of the same organisation."""
    email = "second@north.example"
    people.add_member(desk, practice.manager, "Made-up Reviewer", email, [Role.ADVOCATE])
    return practice.sign_in(email)


@pytest.fixture
def elsewhere(desk, practice):
    """An advocate of another organisation that keeps the same dataset."""
    return Practice(desk, "south", OTHER_NPI).advocate


@pytest.fixture
def proposals(desk, small):
    return Proposals(desk, lambda: small)


@pytest.fixture
def publisher(desk, small):
    return Publisher(desk, lambda: small)


@pytest.fixture
def checkout(small):
    """The dataset's folder inside a git checkout, everything committed."""
    for words in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", small.name],
        [
            "-c", "user.name=Made-up Person", "-c", "user.email=person@example.org",
            "commit", "--quiet", "--message", "The dataset as it was",
        ],
    ):  # fmt: skip
        subprocess.run(["git", "-C", str(small.parent), *words], check=True, capture_output=True)
    return small


def row(directory, file, key):
    """The cells of one row, by the first column of its key."""
    tables, faults = read_tables(directory)
    assert not faults
    (found,) = [one for one in tables[file] if getattr(one, one.KEY[0]) == key]
    return cells_of(found)


def changed(directory, file, key, **cells):
    """A change of some cells of one row."""
    before = row(directory, file, key)
    return Change(file, before, before | cells)


def reworded(directory, rule_id="powder-not-paid", summary="The plan does not pay for powder."):
    """A small change: the summary of a rule in other words."""
    return changed(directory, "rules.csv", rule_id, summary=summary)
