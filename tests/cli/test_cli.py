"""The command line as others rely on it: names, keys, exit codes, one clear sentence."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compound_coverage.cli import main
from compound_coverage.dataset.load import BUNDLED

PLAN, MEDICATION = "made-up-health-employer-insured", "ldn-capsule"
REASON_KEYS = {
    "rule_id", "level", "effect", "statement", "citation",
    "effective_from", "effective_to", "stale", "decisive",
}  # fmt: skip
CITATION_KEYS = {"title", "section", "url", "grade", "last_checked", "document_date"}


@pytest.fixture
def run(small, capsys):
    """Runs one command on the small dataset; returns exit code, output and error text."""

    def command(*words, data=small):
        code = main(["--data", str(data), *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def parsed(result):
    code, out, err = result
    assert err == ""
    return code, json.loads(out)


def test_plans(run):
    code, plans = parsed(run("plans", "made up", "--state", "tx", "--limit", 1, "--json"))
    assert code == 0
    [plan] = plans
    assert plan["plan_id"] == PLAN
    assert plan["payer"] == "Made-up Health"
    assert plan["states"] == ["TX", "OK"]
    assert plan["identifiers"][0] == {"kind": "hios", "value": "12345TX0010001"}
    assert set(plan) >= {"plan_id", "name", "payer", "line_of_business", "states", "identifiers"}


def test_medications(run):
    _, [medication] = parsed(run("medications", "naltrexne", "--json"))
    assert medication["strengths"] == ["1.5 mg", "4.5 mg"]
    assert [i["role"] for i in medication["ingredients"]] == ["active", "inactive"]
    assert set(medication["ingredients"][0]) >= {"name", "rxcui", "role"}


def test_words_for_people(run):
    assert run("plans")[1].splitlines()[0].startswith(PLAN)
    assert run("plans", "zzz")[1] == "No plan found.\n"
    assert run("medications")[1].startswith(MEDICATION)
    assert run("medications", "zzz")[1] == "No medication found.\n"
    code, out, _ = run("check", "--plan", PLAN, "--medication", MEDICATION)
    assert code == 0
    assert out.startswith("conditional: ")
    assert "ask the pharmacy: " in out


def check(run, *more):
    return parsed(run("check", "--plan", PLAN, "--medication", MEDICATION, *more, "--json"))


def test_a_determination_has_the_keys_of_the_contract(run):
    code, answer = check(run, "--source", "bulk_powder", "--on", "2026-11-24")
    assert code == 0
    assert answer["verdict"] == "not_covered"
    assert answer["on"] == "2026-11-24"
    assert answer["by_source"] == {
        "approved_product": "conditional",
        "bulk_powder": "not_covered",
    }
    [reason] = [reason for reason in answer["reasons"] if reason["decisive"]]
    assert set(reason) >= REASON_KEYS
    assert set(reason["citation"]) == CITATION_KEYS
    assert reason["rule_id"] == "powder-not-paid"
    assert reason["level"] == "payer"
    steps = [step["action"] for step in answer["next_steps"]]
    assert steps == ["Ask if it can be made from the tablet.", "Appeal in time."]
    assert "180 calendar days" in answer["next_steps"][1]["deadline"]
    assert [note["basis"] for note in answer["context"]] == ["unverified"]
    assert answer["phone_script"]["plan"]


def test_the_date_of_a_rule_counts(run):
    assert (
        check(run, "--source", "bulk_powder", "--on", "2026-01-01")[1]["verdict"] == "not_covered"
    )
    assert check(run, "--source", "bulk_powder", "--on", "2025-12-31")[1]["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("ndc", "verdict"),
    [
        ("51927-5086-0", "not_covered"),
        ("51927508600", "not_covered"),
        ("51927-5086", "not_covered"),
        ("50090-6820-0", "conditional"),
        ("12345-678-90", "conditional"),
    ],
)
def test_an_ndc_tells_powder_from_tablet(run, ndc, verdict):
    assert check(run, "--ndc", ndc)[1]["verdict"] == verdict


def test_an_unknown_ndc_leaves_the_source_open(run):
    _, answer = check(run, "--ndc", "12345-678-90")
    assert any("bulk powder" in unknown["question"] for unknown in answer["unknowns"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "--plan", "made-up", "--medication", MEDICATION], "Nearest: made-up-health"),
        (["check", "--plan", PLAN, "--medication", "ldn"], "Nearest: ldn-capsule"),
        (["check", "--plan", PLAN], "arguments are required: --medication"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--on", "2026-02-30"], "calendar"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--on", "24/11/2026"], "calendar"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--source", "x"], "invalid choice"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--ndc", "123"], "is not an NDC"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--ndc", "5192750860"], "NDC"),
        (
            ["check", "--plan", PLAN, "--medication", MEDICATION, "--ndc", "51927-5086-0",
             "--source", "approved_product"],
            "is listed as bulk powder",
        ),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--diagnosis", "G35"], "G35.A"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--diagnosis", "M79.77"], "Nearest"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--monthly-cost", "-1"], "from 0"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--monthly-cost", "nan"], "from 0"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--age", "131"], "from 0 to 130"),
        (["check", "--plan", PLAN, "--medication", MEDICATION, "--state", "XX"], "not a state"),
        (["plans", "--state", "Texas"], "is not a state"),
        (["plans", "--limit", "0"], "must be 1 or more"),
        (["plams"], "invalid choice"),
        ([], "are required"),
        (["letter", "--type", "x"], "--case is missing"),
        (["letter", "--case", "nowhere.json", "--type", "x", "--out", "x.txt"], "must end in"),
        (["letter", "--case", "nowhere.json", "--type", "x", "--out", "x.md"], "nowhere.json"),
        (["data", "diff", "nowhere", "nowhere"], "no such dataset folder"),
        (["data", "format", "nowhere"], "no such dataset folder"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_code_2(run, words, says):
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_a_broken_dataset_is_one_sentence(run, small):
    path = small / "sources.csv"
    path.write_text(path.read_text().replace(",A,", ",D,"))
    code, out, err = run("plans", "--json")
    assert (code, out) == (2, "")
    assert "sources.csv, row 3, column grade: 'D' is not one of" in err
    code, faults = parsed(run("data", "validate", "--json"))
    assert code == 1
    assert faults[0] == {
        "file": "sources.csv",
        "row": 3,
        "column": "grade",
        "message": "'D' is not one of 'A', 'B' or 'C'",
    }
    code, out, _ = run("data", "validate", small)
    assert code == 1
    assert out.startswith("sources.csv, row 3, column grade: ")


def test_validate_a_clean_dataset(run):
    assert run("data", "validate") == (0, "The dataset is clean.\n", "")
    assert parsed(run("data", "validate", "--json")) == (0, [])


def test_format_mends_the_order(run, small):
    path = small / "plans.csv"
    clean = path.read_bytes()
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n")
    assert run("data", "validate")[0] == 1
    assert run("data", "format")[0] == 0
    assert path.read_bytes() == clean


@pytest.fixture
def example(tmp_path, capsys):
    main(["case", "--example"])
    document = json.loads(capsys.readouterr().out)
    document["plan"]["plan_id"] = PLAN
    document["medication"]["medication_id"] = MEDICATION
    path = tmp_path / "case.json"
    path.write_text(json.dumps(document))
    return path


def test_the_schema_describes_the_example(capsys):
    main(["case", "--schema"])
    schema = json.loads(capsys.readouterr().out)
    main(["case", "--example"])
    document = json.loads(capsys.readouterr().out)
    assert set(document) <= set(schema["properties"])


@pytest.mark.parametrize(("ending", "magic"), [("md", b"# "), ("docx", b"PK"), ("pdf", b"%PDF-1.")])
def test_a_letter_is_written(run, example, tmp_path, ending, magic):
    out = tmp_path / f"letter.{ending}"
    code, document = parsed(
        run("letter", "--case", example, "--type", "letter_of_medical_necessity", "--out", out,
            "--json")
    )  # fmt: skip
    assert code == 0
    assert document["complete"] is True
    assert document["missing"] == []
    assert document["files"] == [str(out)]
    assert "own notice" in document["deadline"]
    assert out.read_bytes().startswith(magic)


def test_an_incomplete_letter_is_written_with_code_1(run, tmp_path):
    path, out = tmp_path / "case.json", tmp_path / "letter.md"
    path.write_text(
        json.dumps({"plan": {"plan_id": PLAN}, "medication": {"medication_id": MEDICATION}})
    )
    code, document = parsed(
        run("letter", "--case", path, "--type", "letter_of_medical_necessity", "--out", out,
            "--language", "es", "--json")
    )  # fmt: skip
    assert code == 1
    assert document["complete"] is False
    assert {"field", "why", "who"} <= set(document["missing"][0])
    assert out.exists()
    words = run("letter", "--case", path, "--type", "letter_of_medical_necessity", "--out", out)
    assert "not complete yet" in words[1]


def test_a_letter_of_no_type_writes_nothing(run, example, tmp_path):
    out = tmp_path / "letter.md"
    code, _, err = run("letter", "--case", example, "--type", "love_letter", "--out", out)
    assert code == 2
    assert "letter_of_medical_necessity" in err
    assert not out.exists()


def test_a_letter_for_nowhere_says_so(run, example, tmp_path):
    out = tmp_path / "no-such-folder" / "letter.md"
    code, _, err = run(
        "letter", "--case", example, "--type", "letter_of_medical_necessity", "--out", out
    )
    assert code == 2
    assert err.count("\n") == 1


def test_letter_types(run):
    _, kinds = parsed(run("letter", "--types", "--json"))
    assert kinds[0]["type"] == "letter_of_medical_necessity"
    assert all(kind["law"] and kind["deadline"] for kind in kinds)
    assert "letter_of_medical_necessity" in run("letter", "--types")[1]


def test_diff_names_rules_and_moved_determinations(run, small, tmp_path):
    new = tmp_path / "new"
    shutil.copytree(small, new)
    path = new / "rules.csv"
    lines = path.read_text().splitlines()
    ended = [
        line.replace("2026-01-01,,excludes", "2026-01-01,2026-06-30,excludes")
        if line.startswith("powder-not-paid")
        else line
        for line in lines
        if not line.startswith("hearsay")
    ]
    changed = [line.replace("Made-up rule appeal.", "Appeal soon.") for line in ended]
    path.write_text("\n".join(changed) + "\n")
    code, document = parsed(run("data", "diff", small, new, "--on", "2026-11-24", "--json"))
    assert code == 0
    assert document["rules"] == {
        "added": [],
        "changed": ["appeal"],
        "ended": ["powder-not-paid"],
        "removed": ["hearsay"],
    }
    assert {(d["plan_id"], d["source"]) for d in document["determinations"]} == {
        ("made-up-health-employer-insured", "bulk_powder"),
        ("made-up-health-marketplace", "bulk_powder"),
    }
    assert document["determinations"][0]["verdict_before"] == "not_covered"
    assert document["determinations"][0]["verdict_after"] == "unknown"
    words = run("data", "diff", small, new)[1]
    assert "ended: powder-not-paid" in words


def test_diff_of_the_same_dataset_is_empty(run, small):
    _, document = parsed(run("data", "diff", small, small, "--json"))
    assert not any(document["rules"].values())
    assert document["determinations"] == []


def test_the_module_runs_as_a_program_with_its_dataset_from_the_environment(small):
    result = subprocess.run(
        [sys.executable, "-m", "compound_coverage", "plans", "--json"],
        capture_output=True,
        text=True,
        cwd=BUNDLED.parent,
        env={**os.environ, "COVERAGE_DATA": str(small)},
        check=True,
    )
    assert len(json.loads(result.stdout)) == 2
    assert result.stderr == ""


def test_help_tells_each_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "check" in capsys.readouterr().out


def test_the_bundled_dataset_is_found():
    assert Path(BUNDLED, "rules.csv").is_file()
