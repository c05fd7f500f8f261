"""What was accepted is published: rows, a dated release, a commit; and nothing is ever lost."""

import io
import json
import os
import random
import subprocess
import time
import zipfile
from datetime import date
from hashlib import sha256

import pytest
from sqlalchemy import update

from compound_coverage.casework import people
from compound_coverage.casework.access import Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import make_key_file
from compound_coverage.casework.people import laptop_owner
from compound_coverage.casework.tables import PROPOSAL
from compound_coverage.curation import publishing, repository
from compound_coverage.curation.proposals import Decision, Proposals, State
from compound_coverage.curation.repository import RepositoryError
from compound_coverage.dataset.changes import Change
from compound_coverage.dataset.folder import FolderError, one_writer
from compound_coverage.dataset.load import load
from compound_coverage.dataset.releases import release_zip
from compound_coverage.dataset.schema import ChangeRow
from compound_coverage.dataset.tables import DatasetError, read_tables
from compound_coverage.dataset.validate import rows_of, validate
from compound_coverage.language import speaking
from tests.casework.conftest import NPI, Practice
from tests.curation.conftest import changed, reworded, row
from tests.curation.publisher_program import Program

KILLS = int(os.environ.get("COMPOUND_COVERAGE_KILLS", "4"))
TODAY = date(2026, 11, 24)
# what is about the folder and its history alone does not hang on the database
ON_ONE = pytest.mark.parametrize("office_made", ["sqlite"], indirect=True)


@pytest.fixture
def accept(proposals, author, reviewer, clock):
    """Proposes a change and has it accepted; returns the proposal's id."""

    def deed(title, *changes):
        proposal_id = proposals.propose(author, title, "The newsletter words it so.", changes)
        proposals.decide(reviewer, proposal_id, 1, Decision.ACCEPT)
        clock.turn(seconds=1)
        return proposal_id

    return deed


def log_of(directory):
    tables, faults = read_tables(directory)
    assert not faults
    return [(row.release, row.number, row.change) for row in rows_of(tables, ChangeRow)]


def git(folder, *words):
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- what is published -------------------------------------------------------------------------


def test_what_was_accepted_stands_in_the_dataset_with_a_release(
    proposals, publisher, author, reviewer, accept, small
):
    proposal_id = accept("Powder in plainer words", reworded(small))
    done = publisher.publish(reviewer)
    assert (done.release, done.titles) == ("2026-11-24", ("Powder in plainer words",))
    assert row(small, "rules.csv", "powder-not-paid")["summary"] == (
        "The plan does not pay for powder."
    )
    line = row(small, "changes.csv", "2026-11-24")
    assert line == {
        "release": "2026-11-24",
        "number": "001",
        "change": "Powder in plainer words",
        "rows": "rules.csv powder-not-paid",
        "proposal_id": proposal_id,
        "proposed_by": "Made-up advocate",
        "accepted_by": "Made-up Reviewer",
    }
    found = proposals.read(author, proposal_id)
    assert (found.line.state, found.line.release) == (State.PUBLISHED, "2026-11-24")
    assert validate(small, today=TODAY) == []
    assert load(small, today=TODAY).release == "2026-11-24"
    assert json.loads((small / "datapackage.json").read_text())["version"] == "2026.11.24"
    assert (small / "CHANGELOG.md").read_text() == (
        "# What changed in the coverage data\n\n## 2026-11-24\n\n- Powder in plainer words "
        "(proposed by Made-up advocate, accepted by Made-up Reviewer)\n"
    )


def test_what_waits_or_was_declined_is_not_published(proposals, publisher, author, reviewer, small):
    before = {path.name: path.read_bytes() for path in small.glob("[!.]*")}
    proposals.propose(author, "Waits", "Why.", [reworded(small)])
    declined = proposals.propose(author, "Declined", "Why.", [reworded(small, summary="No.")])
    proposals.decide(reviewer, declined, 1, Decision.DECLINE, "Not so.")
    assert publisher.publish(reviewer).release == ""
    assert {path.name: path.read_bytes() for path in small.glob("[!.]*")} == before


def test_releases_of_one_day_are_numbered_and_never_go_back(
    publisher, reviewer, accept, small, clock
):
    accept("First", reworded(small))
    accept("With the first", reworded(small, "appeal", "Appeal within 60 days."))
    assert publisher.publish(reviewer).release == "2026-11-24"
    accept("Second", reworded(small, summary="No powder."))
    assert publisher.publish(reviewer).release == "2026-11-24.02"
    clock.turn(days=-3)
    accept("A clock that is behind", reworded(small, summary="Powder is not paid."))
    assert publisher.publish(reviewer).release == "2026-11-24.03"
    assert log_of(small) == [
        ("2026-11-24", "001", "First"),
        ("2026-11-24", "002", "With the first"),
        ("2026-11-24.02", "001", "Second"),
        ("2026-11-24.03", "001", "A clock that is behind"),
    ]


def test_a_proposal_that_no_longer_fits_goes_back_with_the_reason(
    proposals, publisher, author, reviewer, accept, small
):
    first = accept("First", reworded(small))
    second = accept("Second", reworded(small, summary="No powder."))
    done = publisher.publish(reviewer)
    assert done.titles == ("First",)
    ((title, why),) = done.set_back
    assert title == "Second"
    assert "changed by somebody else in the meantime" in why
    assert proposals.read(author, first).line.state == State.PUBLISHED
    found = proposals.read(author, second)
    assert found.line.state == State.ASKED
    assert found.remarks[-1].words.startswith("It does not fit any more: rules.csv")


@ON_ONE
def test_what_is_kept_is_english_whatever_the_reader_speaks(
    proposals, publisher, author, reviewer, accept, small
):
    accept("First", reworded(small))
    second = accept("Second", reworded(small, summary="No powder."))
    third = proposals.propose(author, "Third", "Why.", [reworded(small, "appeal", "Appeal soon.")])
    with speaking("es"):
        proposals.decide(reviewer, third, 1, Decision.ACCEPT)
        publisher.publish(reviewer)
    remarks = [one.words for one in proposals.read(author, second).remarks]
    assert remarks[-1].startswith("It does not fit any more: rules.csv")
    assert proposals.read(author, third).remarks[-1].words == "Release 2026-11-24."


@ON_ONE
def test_the_zip_holds_tables_checksums_and_licence(publisher, reviewer, accept, small):
    accept("Powder", reworded(small))
    publisher.publish(reviewer)
    data = release_zip(read_tables(small)[0])
    assert data == release_zip(read_tables(small)[0])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        described = json.loads(archive.read("datapackage.json"))
        assert described["version"] == "2026.11.24"
        for resource in described["resources"]:
            content = archive.read(resource["path"])
            assert resource["hash"] == f"sha256:{sha256(content).hexdigest()}"
            assert resource["bytes"] == len(content)
        assert b"Attribution 4.0" in archive.read("LICENSE.txt")
        assert archive.read("CHANGELOG.md") == (small / "CHANGELOG.md").read_bytes()
        assert "2026-11-24" in archive.read("README.txt").decode()


# -- git ---------------------------------------------------------------------------------------


@ON_ONE
def test_each_proposal_is_one_commit_with_author_and_reviewer(
    publisher, author, reviewer, accept, checkout
):
    first = accept("First", reworded(checkout))
    accept("Second", reworded(checkout, "appeal", "Appeal within 60 days."))
    assert publisher.publish(reviewer).notes == ()
    told = git(checkout, "log", "--format=%an <%ae>%n%cn%n%s%n%b%x00", "--reverse").split("\0")
    assert len(told) == 4  # the first one, two of ours, the end
    assert told[1].strip() == (
        f"Made-up advocate <{author.member_id}@advocates.invalid>\n"
        "Compound Coverage\n"
        "Coverage data: First\n"
        "The newsletter words it so.\n\n"
        f"Release: 2026-11-24\nProposal: {first}\n\n"
        f"Reviewed-by: Made-up Reviewer <{reviewer.member_id}@advocates.invalid>"
    )
    assert "Coverage data: Second" in told[2]
    changed_files = git(checkout, "show", "--format=", "--name-only", "HEAD").split()
    assert changed_files == [
        "coverage/CHANGELOG.md", "coverage/changes.csv", "coverage/rules.csv",
    ]  # fmt: skip


@ON_ONE
def test_what_was_changed_by_hand_is_committed_apart(publisher, reviewer, accept, checkout):
    accept("Powder", reworded(checkout))
    path = checkout / "payers.csv"
    path.write_text(path.read_text().replace("Made-up Health", "Made-up Health Plan"))
    publisher.publish(reviewer)
    subjects = git(checkout, "log", "--format=%s").splitlines()
    assert subjects[1] == "Coverage data: changes that stood in the folder without a commit"
    assert git(checkout, "show", "--format=", "--name-only", "HEAD~1").split() == [
        "coverage/payers.csv"
    ]


@ON_ONE
def test_other_work_in_the_checkout_is_left_alone(publisher, reviewer, accept, checkout):
    (checkout.parent / "other.txt").write_text("half done")
    git(checkout.parent, "add", "other.txt")
    accept("Powder", reworded(checkout))
    publisher.publish(reviewer)
    assert len(git(checkout, "log", "--format=%s").splitlines()) == 2
    assert git(checkout.parent, "diff", "--cached", "--name-only").split() == ["other.txt"]


@ON_ONE
def test_without_git_the_dataset_is_published_all_the_same(
    publisher, reviewer, accept, checkout, monkeypatch
):
    accept("Powder", reworded(checkout))
    (checkout.parent / ".git" / "index.lock").write_text("")  # somebody else's git hangs
    done = publisher.publish(reviewer)
    assert done.release == "2026-11-24"
    (note,) = done.notes
    assert note.startswith("Published, but without a commit: Git did not add:")
    assert validate(checkout, today=TODAY) == []


@ON_ONE
def test_a_folder_outside_git_has_no_commits(publisher, reviewer, accept, small):
    accept("Powder", reworded(small))
    assert publisher.publish(reviewer).notes == ()


# -- what may go wrong -------------------------------------------------------------------------


def test_a_publication_that_died_before_the_database_knew_is_taken_up_again(
    proposals, publisher, author, reviewer, accept, small, desk
):
    proposal_id = accept("Powder", reworded(small))
    publisher.publish(reviewer)
    with desk.operating() as connection:
        connection.execute(update(PROPOSAL).values(state=State.ACCEPTED, release=None))
    before = {path.name: path.read_bytes() for path in small.glob("[!.]*")}
    assert publisher.publish(reviewer).release == ""
    assert {path.name: path.read_bytes() for path in small.glob("[!.]*")} == before
    found = proposals.read(author, proposal_id)
    assert (found.line.state, found.line.release) == (State.PUBLISHED, "2026-11-24")


@ON_ONE
def test_a_broken_dataset_is_not_published_into(publisher, reviewer, accept, small):
    accept("Powder", reworded(small))
    (small / "rules.csv").write_text("rule_id\n")
    with pytest.raises(DatasetError, match=r"rules\.csv, row 1"):
        publisher.publish(reviewer)


@ON_ONE
def test_one_who_waits_too_long_for_the_folder_is_told(
    publisher, reviewer, accept, small, monkeypatch
):
    accept("Powder", reworded(small))
    monkeypatch.setattr("compound_coverage.dataset.folder._LONGEST_WAIT", 0.1)
    with one_writer(small), pytest.raises(FolderError, match="does not come to an end"):
        publisher.publish(reviewer)


def test_a_disk_that_is_full_changes_nothing(
    proposals, publisher, author, reviewer, accept, small, monkeypatch
):
    proposal_id = accept("Powder", reworded(small))
    before = {path.name: path.read_bytes() for path in small.glob("[!.]*")}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "write_dataset", full)
    with pytest.raises(OSError, match="No space left"):
        publisher.publish(reviewer)
    assert {path.name: path.read_bytes() for path in small.glob("[!.]*")} == before
    assert proposals.read(author, proposal_id).line.state == State.ACCEPTED


def test_git_that_hangs_or_is_missing_is_said_in_a_sentence(small, monkeypatch):
    monkeypatch.setenv("PATH", str(small))
    assert not repository.is_checkout(small)
    with pytest.raises(RepositoryError, match="Git can't be used here"):
        repository.commit_leftovers(small)


# -- two at once, and sudden death -------------------------------------------------------------


def at_once(programs):
    for one in programs:
        one.go()
    return [one.told() for one in programs]


def new_plan(directory, number):
    cells = row(directory, "plans.csv", "made-up-health-marketplace")
    return Change("plans.csv", None, cells | {"plan_id": f"made-up-{number:02d}"})


def test_two_publishers_on_one_database_lose_nothing(url, ring, author, reviewer, accept, checkout):
    titles = [f"Plan {number}" for number in range(8)]
    for number, title in enumerate(titles):
        accept(title, new_plan(checkout, number))
    told = at_once([Program(url, ring, who, checkout) for who in (author, reviewer)])
    assert sorted(title for one in told for title in one["titles"]) == titles
    assert sorted(line[2] for line in log_of(checkout)) == titles
    plans = load(checkout, today=date(2027, 1, 1)).plans
    assert {f"made-up-{number:02d}" for number in range(8)} <= plans.keys()
    assert len(git(checkout, "log", "--format=%s").splitlines()) == 1 + len(titles)
    assert validate(checkout) == []


@pytest.mark.parametrize("url", ["sqlite_url"])
def test_publishers_of_two_databases_into_one_folder_lose_nothing(
    request, url, tmp_path, small, clock
):
    # two laptops with the folder on a drive they share: only the folder knows of both

    programs = []
    for name in ("one", "two"):
        its_url = f"sqlite:///{tmp_path / name}.sqlite"
        ring = make_key_file(tmp_path / name / "keys.json")
        desk = Desk(open_casework(its_url), ring, clock)
        practice = Practice(desk, "north", NPI)
        people.add_member(desk, practice.manager, "Made-up", "b@north.example", [Role.ADVOCATE])
        reviewer = practice.sign_in("b@north.example")
        proposals = Proposals(desk, lambda: small)
        for number in range(5):
            change = new_plan(small, number + (50 if name == "two" else 0))
            made = proposals.propose(practice.advocate, f"{name} {number}", "Why.", [change])
            proposals.decide(reviewer, made, 1, Decision.ACCEPT)
        desk.engine.dispose()
        programs.append(Program(its_url, ring, reviewer, small))
    told = at_once(programs)
    assert sum(len(one["titles"]) for one in told) == 10
    assert len({(line[0], line[1]) for line in log_of(small)}) == len(log_of(small)) == 10
    assert validate(small) == []


def test_a_publisher_killed_at_any_moment_leaves_a_whole_dataset(
    url, ring, reviewer, accept, checkout, publisher
):
    draw = random.Random(7)
    for kill in range(KILLS):
        before = len(log_of(checkout))
        for number in range(3):
            accept(f"Kill {kill} plan {number}", new_plan(checkout, 3 * kill + number))
        running = Program(url, ring, reviewer, checkout)
        running.go()
        time.sleep(draw.uniform(0, 0.6))
        running.kill()
        # whoever reads now sees whole proposals: a plan in its table, and its line in the log
        tables, faults = read_tables(checkout)
        assert not faults
        done = len(tables["changes.csv"]) - before
        assert 0 <= done <= 3
        plans = {plan.plan_id for plan in load(checkout, today=date(2027, 1, 1)).plans.values()}
        assert sum(f"made-up-{3 * kill + n:02d}" in plans for n in range(3)) == done
        (checkout.parent / ".git" / "index.lock").unlink(missing_ok=True)
        publisher.publish(reviewer)
        assert len(log_of(checkout)) == before + 3
        assert validate(checkout, today=date(2027, 1, 1)) == []


def test_the_owner_of_a_laptop_publishes_what_others_accepted(publisher, accept, small, desk):
    accept("Powder", reworded(small))
    assert publisher.publish(laptop_owner(desk)).titles == ("Powder",)


@ON_ONE
def test_a_change_of_a_source_is_named_by_its_file(publisher, reviewer, accept, small):
    accept("Read again", changed(small, "sources.csv", "made-up-policy", last_checked="2026-11-20"))
    publisher.publish(reviewer)
    assert row(small, "changes.csv", "2026-11-24")["rows"] == "sources.csv made-up-policy"
