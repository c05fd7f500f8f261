"""Proposals from a terminal: on a laptop its owner proposes, and somebody else must decide."""

import json
import os

import pytest

from compound_coverage.casework import people
from compound_coverage.casework.office import open_office
from compound_coverage.casework.settings import settings
from compound_coverage.casework.tables import PROPOSAL
from compound_coverage.cli import main
from compound_coverage.cli_common import imported
from compound_coverage.dataset.load import load
from compound_coverage.dataset.sheets import to_csv_sheet
from compound_coverage.dataset.tables import read_tables
from tests.curation.conftest import reworded, row


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A laptop of its own."""
    for name in list(os.environ):
        if name.startswith("COMPOUND_COVERAGE_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))


@pytest.fixture
def run(capsys, small):
    def command(*words, code=0):
        found = main(["--data", str(small), "proposals", *map(str, words)])
        captured = capsys.readouterr()
        assert found == code, captured.err
        assert "Traceback" not in captured.out + captured.err
        if code == 2:
            assert captured.err.count("\n") == 1
            return captured.err
        return captured.out

    return command


@pytest.fixture
def file(tmp_path, small):
    path = tmp_path / "changes.json"
    path.write_text(json.dumps([reworded(small).as_json()]))
    return path


@pytest.fixture
def made(run, file):
    told = run("make", "--title", "Plainer", "--why", "So.", "--changes", file, "--json")
    return json.loads(told)["proposal_id"]


@pytest.fixture
def accepted_by_another(made):
    """As if another advocate had accepted it: on a laptop there is nobody to."""
    office = open_office(load, imported, settings())
    with office.desk.operating() as connection:
        connection.execute(PROPOSAL.update().values(state="accepted", decided_by=people.LAPTOP))
    office.desk.engine.dispose()
    return made


def test_a_proposal_is_made_listed_and_shown(run, made):
    (line,) = json.loads(run("list", "--json"))
    assert (line["proposal_id"], line["state"], line["mine"]) == (made, "waiting", True)
    assert f"{made}  waiting  Plainer" in run("list")
    assert run("list", "--state", "declined") == "There is no proposal.\n"
    document = json.loads(run("show", made, "--json"))
    assert document["changes"][0]["after"]["summary"] == "The plan does not pay for powder."
    assert document["determinations"] == []
    assert document["reworded"] > 0
    words = run("show", made)
    assert "rules.csv powder-not-paid\n  summary: 'Made-up rule powder-not-paid.' ->" in words


def test_an_edited_sheet_becomes_a_proposal(run, small, tmp_path):
    tables, _ = read_tables(small)
    path = tmp_path / "rules.csv"
    text = to_csv_sheet(tables, "rules.csv").decode("utf-8")
    path.write_text(text.replace("Made-up rule appeal.", "Appeal soon."))
    told = run("make", "--title", "Appeal", "--why", "So.", "--sheet", path, "--json")
    document = json.loads(run("show", json.loads(told)["proposal_id"], "--json"))
    assert [change["after"]["rule_id"] for change in document["changes"]] == ["appeal"]


def test_nobody_decides_on_their_own_from_a_terminal_either(run, made):
    said = run("decide", made, "accept", "--revision", 1, code=2)
    assert said == "Nobody decides on their own proposal; ask another advocate.\n"


def test_a_new_revision_a_remark_and_taking_back(run, made, small, tmp_path):
    path = tmp_path / "again.json"
    document = json.loads(run("show", made, "--json"))
    document["changes"] = [reworded(small, summary="No powder.").as_json()]
    path.write_text(json.dumps(document))
    run("make", "--title", "x", "--why", "Shorter.", "--changes", path, "--revise", made)
    run("say", made, "Is page 2 right?")
    run("withdraw", made, "--why", "I misread it.")
    found = json.loads(run("show", made, "--json"))
    assert (found["state"], found["revision"]) == ("withdrawn", 2)
    assert [remark["kind"] for remark in found["remarks"]] == ["revised", "said", "withdrawn"]
    assert "You withdrawn: I misread it." in run("show", made)


def test_what_was_accepted_is_published(run, small, accepted_by_another):
    told = json.loads(run("publish", "--json"))
    assert told["titles"] == ["Plainer"]
    assert row(small, "rules.csv", "powder-not-paid")["summary"] == (
        "The plan does not pay for powder."
    )
    assert run("publish") == "Nothing was accepted.\n"


def test_what_no_longer_fits_is_set_back_and_said(run, small, accepted_by_another):
    path = small / "rules.csv"
    path.write_text(path.read_text().replace("Made-up rule powder-not-paid.", "Other words."))
    assert run("publish", code=1).startswith("Set back: Plainer: rules.csv: 'powder-not-paid' was")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds no list of changes"),
        ('{"changes": 3}', "holds no list of changes"),
        ('[{"file": "nowhere.csv", "before": null, "after": {}}]', "this is no change to a table"),
        ("[]", "it changes nothing"),
        (
            '[{"file": "payers.csv", "before": null, "after": {"nonsense": "x"}}]',
            "has columns nobody knows",
        ),
        (
            '[{"file": "payers.csv", "before": null, "after": {"name": "x"}}]',
            "does not name its row",
        ),
    ],
)
def test_a_file_that_holds_no_changes_is_refused_in_a_sentence(run, tmp_path, text, sentence):
    path = tmp_path / "wrong.json"
    path.write_text(text)
    said = run("make", "--title", "x", "--why", "y", "--changes", path, code=2)
    assert sentence in said


def test_on_an_office_server_the_pages_are_the_way(run, monkeypatch, tmp_path):
    from compound_coverage.casework.keyring import make_key_file

    make_key_file(tmp_path / "keys" / "k.json")
    monkeypatch.setenv("COMPOUND_COVERAGE_MODE", "office")
    monkeypatch.setenv("COMPOUND_COVERAGE_KEYS", str(tmp_path / "keys" / "k.json"))
    assert run("list", code=2).startswith("On an office server use the page")
