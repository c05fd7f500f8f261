"""``formulary`` and ``ndc``: keys, exit codes, one clear sentence."""

import json

import pytest

from compound_coverage.cli import main
from tests.formulary.conftest import SAMPLES
from tests.formulary.small_release import NALTREXONE, ON_SECOND, OTHER, write_release


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs one command with a store of its own."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("COMPOUND_COVERAGE_HOME", str(tmp_path / "home"))

    def command(*words):
        code = main([*map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def parsed(result):
    code, out, err = result
    assert (code, err) == (0, "")
    return json.loads(out)


def test_import_status_lookup(run, tmp_path):
    folder = write_release(tmp_path / "release", drugs=[ON_SECOND, OTHER, "00000001|bad"])
    aside = tmp_path / "aside.csv"
    [report] = parsed(run("formulary", "import", folder, "--set-aside", aside, "--json"))
    assert (report["source"], report["release"]) == ("part-d", "2026Q1")
    assert report["rows_read"] == report["rows_kept"] + report["rows_set_aside"]
    assert report["rows_set_aside"] == 1
    assert len(report["reasons"]) == 1
    assert "00000001|bad" in aside.read_text()

    [release] = parsed(run("formulary", "status", "--json"))
    assert release["release"] == "2026Q1"
    assert release["rows"] == report["rows_kept"]
    assert release["imported_at"].startswith("20")

    document = parsed(
        run("formulary", "lookup", "--plan", "S0002-007", "--rxcui", NALTREXONE, "--json")
    )
    assert document["tier"] == "1"
    assert document["prior_authorization"] is False
    assert document["release"] == "2026Q1"
    assert "tier" in run("formulary", "lookup", "--plan", "S0002-007", "--rxcui", NALTREXONE)[1]
    off = run("formulary", "lookup", "--plan", "S0002-007", "--rxcui", "1")[1]
    assert "is not on the list of Invented Rx Saver" in off
    empty = run("formulary", "lookup", "--plan", "H0001-001", "--rxcui", "1")[1]
    assert "is not in the release" in empty
    words = run("formulary", "import", folder)[1]
    assert "1 set aside" in words
    assert "part-d 2026Q1" in run("formulary", "status")[1]


def test_imported_plans_are_found_and_checked(run, tmp_path):
    run("formulary", "import", write_release(tmp_path / "release"))
    [plan] = parsed(run("plans", "h0001-001", "--json"))
    assert plan["plan_id"] == "H0001-001-000"
    answer = parsed(
        run("check", "--plan", "H0001-001-000", "--medication", "ldn-capsule",
            "--source", "approved_product", "--compendium", "supported", "--json")
    )  # fmt: skip
    facts = [reason for reason in answer["reasons"] if reason["level"] == "formulary"]
    assert len(facts) == 3
    assert "release 2026Q1" in facts[0]["citation"]["title"]


def test_diff_of_two_releases(run, tmp_path):
    assert "No drug list has two releases" in run("formulary", "diff")[1]
    run("formulary", "import", write_release(tmp_path / "a"))
    run("formulary", "import", write_release(tmp_path / "b", "2026Q2", [ON_SECOND, OTHER]))
    [document] = parsed(run("formulary", "diff", "--json"))
    assert document["from"] == "2026Q1"
    [change] = document["changes"]
    assert (change["plan_id"], change["kind"]) == ("H0001-001-000", "list_missing")
    run("formulary", "import", write_release(tmp_path / "c", "2026Q3"))
    [document] = parsed(run("formulary", "diff", "--json"))
    assert document["to"] == "2026Q3"
    assert "part-d" in run("formulary", "diff")[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["formulary", "import", "nowhere"], "There is no file or folder 'nowhere'."),
        (["formulary", "import", SAMPLES / "cms-part-d-spuf" / "README.md"], "of a known kind"),
        (["formulary", "lookup", "--plan", "H1", "--rxcui", "1"], "No drug list is imported yet"),
        (["formulary", "lookup", "--plan", "H1", "--rxcui", "x"], "is not an RxCUI"),
        (["ndc", "123"], "is not an NDC"),
    ],
)
def test_bad_input_is_one_sentence(run, words, says):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_wrong_plan_names_the_nearest(run, tmp_path):
    run("formulary", "import", write_release(tmp_path / "release"))
    code, _, err = run("formulary", "lookup", "--plan", "H0001-009", "--rxcui", "1")
    assert code == 2
    assert "H0001-001-000" in err


def test_nothing_is_made_just_to_look(run, tmp_path):
    assert run("formulary", "status")[1] == "Nothing is imported yet.\n"
    assert parsed(run("formulary", "status", "--json")) == []
    assert list((tmp_path / "home").glob("*")) == []


def test_a_database_that_can_not_be_opened_is_one_sentence(run, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}")
    code, _, err = run("formulary", "status")
    assert code == 2
    assert "database can't be opened" in err


@pytest.mark.parametrize(
    ("ndc", "kind"),
    [
        ("0406-1170-03", "approved_product"),
        ("00406117003", "approved_product"),
        ("69364-3143", "unapproved"),
        ("51927-5086-0", "bulk_powder"),
        ("99999-9999-99", "unknown"),
    ],
)
def test_ndc(run, ndc, kind):
    run("formulary", "import", SAMPLES / "ndc-directory", "--source", "ndc")
    document = parsed(run("ndc", ndc, "--json"))
    assert document["kind"] == kind
    assert set(document) == {
        "ndc11", "name", "kind", "marketing_category", "product_type", "release",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ndc", "told"), [("16729-081-01", True), ("69364-3143-01", False), ("0406-1170-03", True)]
)
def test_the_imported_directory_tells_the_engine_what_a_code_is(run, ndc, told):
    run("formulary", "import", SAMPLES / "ndc-directory", "--source", "ndc")
    answer = parsed(
        run("check", "--plan", "unlisted-medicare-part-d-TX", "--medication", "ldn-capsule",
            "--ndc", ndc, "--json")
    )  # fmt: skip
    asked = any("from bulk powder" in unknown["question"] for unknown in answer["unknowns"])
    assert asked is not told


def test_without_any_import_the_curated_codes_answer(run):
    assert "bulk_powder" in run("ndc", "51927-5086-0")[1]
    assert parsed(run("ndc", "99999-9999-99", "--json"))["kind"] == "unknown"
