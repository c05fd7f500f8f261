"""``data due`` and ``data coverage``."""

import json

import pytest

from compound_coverage.cli import main

ON = ("--on", "2026-11-28")


@pytest.fixture
def run(small, capsys):
    def command(*words, code=0):
        assert main(["--data", str(small), "data", *words]) == code
        captured = capsys.readouterr()
        return captured.err if code else captured.out

    return command


def test_due_names_the_document_why_and_what_hangs_on_it(run):
    told = run("due", *ON)
    assert "Documents due: 1." in told
    assert "made-up-hearsay: Nobody has read it yet." in told
    assert "rules that rest on it: 1, of which decide: 1" in told
    assert "no address known" in told


def test_due_later_and_only_the_first(run):
    told = json.loads(run("due", "--on", "2028-01-01", "--limit", "1", "--json"))
    assert told["count"] == 2
    assert [one["source_id"] for one in told["due"]] == ["made-up-hearsay"]


@pytest.mark.parametrize("limit", ["0", "-1", "two", ""])
def test_a_wrong_limit_is_one_sentence(run, limit):
    assert "is not a whole number from 1 on" in run("due", f"--limit={limit}", code=2)


def test_coverage_in_words_and_as_json(run):
    told = run("coverage", *ON)
    assert "5 rules in force: 2 decide" in told
    assert "Medicaid in 0 of 51 states" in told
    assert "Medicaid, Wyoming: number not known. We know no rule." in told
    found = json.loads(run("coverage", "--json", *ON))
    assert found["whole"]["unconfirmed"] == 1


def test_a_broken_dataset_is_one_sentence(run, small):
    (small / "rules.csv").write_text("nonsense\n", encoding="utf-8")
    for command in ("due", "coverage"):
        assert "rules.csv" in run(command, code=2)
