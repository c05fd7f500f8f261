"""Two advocates of one organisation, a third of another, and a small dataset they keep."""

import subprocess

import pytest

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


@pytest.fixture
def ring(tmp_path):
    return make_key_file(tmp_path / "keys" / "keys.json")


@pytest.fixture
def desk(url, ring, clock):
    engine = open_casework(url)
    yield Desk(engine, ring, clock)
    engine.dispose()


@pytest.fixture
def practice(desk):
    return Practice(desk, "north", NPI)


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
