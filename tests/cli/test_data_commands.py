"""``data sheet`` and ``data apply``: the tables out to a spreadsheet, an edited one back in."""

import io
import json

import openpyxl
import pytest

from compound_coverage.cli import main
from compound_coverage.dataset.sheets import README
from compound_coverage.dataset.validate import validate


@pytest.fixture
def run(small, capsys):
    """Runs one ``data`` command on the small dataset; returns exit code, output, error text."""

    def command(*words, data=small):
        code = main(["--data", str(data), "data", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def held(small):
    """The dataset's files as they were, and a way to ask for them anew."""

    def files():
        return {path.name: path.read_bytes() for path in small.glob("*.*") if path.is_file()}

    before = files()
    return lambda: (before, {name: data for name, data in files().items() if name in before})


@pytest.fixture
def workbook(run, tmp_path):
    path = tmp_path / "edited.xlsx"
    assert run("sheet", "--out", path)[0] == 0
    return path


def edit(path, sheet, place, value):
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    book[sheet][place] = value
    book.save(path)


def test_the_tables_are_written_as_a_workbook_or_one_as_csv(run, tmp_path):
    out = tmp_path / "all.xlsx"
    assert run("sheet", "--out", out) == (0, f"{out} written.\n", "")
    assert openpyxl.load_workbook(out, read_only=True).sheetnames[:2] == [README, "sources"]
    code, told, _ = run("sheet", "--out", tmp_path / "one.XLSX", "--table", "payers", "--json")
    assert (code, json.loads(told)) == (0, {"files": [str(tmp_path / "one.XLSX")]})
    assert openpyxl.load_workbook(tmp_path / "one.XLSX").sheetnames == [README, "payers"]
    for name in ("payers", "payers.csv"):
        assert run("sheet", "--out", tmp_path / "payers.csv", "--table", name)[0] == 0
        text = (tmp_path / "payers.csv").read_text(encoding="utf-8-sig")
        assert text.startswith("payer_id,name,kind,other_names\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sheet", "--out", "a.ods"], "'a.ods' must end in .xlsx or .csv, not '.ods'.\n"),
        (["sheet", "--out", "a.csv"],
         "A CSV file holds one table; name it with --table, or write a .xlsx.\n"),
        (["sheet", "--out", "a.csv", "--table", "patients"], "There is no table 'patients'"),
        (["apply", "nowhere.xlsx"], "nowhere.xlsx can't be used: No such file or directory.\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_sentence(run, words, sentence):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith(sentence)
    assert err.count("\n") == 1


def test_a_folder_that_is_no_dataset_is_named(run, workbook, tmp_path):
    code, _, err = run("apply", workbook, tmp_path / "nowhere")
    assert code == 2
    assert "there is no such dataset folder" in err
    assert not (tmp_path / "nowhere").exists()


def test_a_workbook_nobody_edited_changes_nothing(run, workbook, held):
    assert run("apply", workbook) == (0, "Nothing to change.\n", "")
    before, after = held()
    assert after == before


def test_a_dry_run_says_what_would_change_and_writes_nothing(run, workbook, held):
    edit(workbook, "payers", "B2", "Made-up Health Plan")
    told = "changed: payers.csv made-up-health (name)\n"
    assert run("apply", workbook, "--dry-run") == (0, told, "")
    before, after = held()
    assert after == before


def test_an_edited_workbook_is_brought_in_whole(run, workbook, small, tmp_path):
    book = openpyxl.load_workbook(workbook)
    book["payers"]["B2"] = "Made-up Health Plan"
    book["payers"].append(["another", "Another", "insurer"])
    book["medication_ingredients"].delete_rows(2)
    book.save(workbook)
    code, out, err = run("apply", workbook, small, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "changes": [
            {"file": "payers.csv", "key": ["another"], "kind": "added",
             "columns": ["payer_id", "name", "kind"]},
            {"file": "payers.csv", "key": ["made-up-health"], "kind": "changed",
             "columns": ["name"]},
            {"file": "medication_ingredients.csv", "key": ["ldn-capsule", "cellulose"],
             "kind": "removed", "columns": ["medication_id", "ingredient_id", "role"]},
        ]
    }  # fmt: skip
    assert validate(small) == []
    assert run("apply", workbook)[1] == "Nothing to change.\n"


def test_one_table_is_brought_in_from_csv(run, small, tmp_path):
    path = tmp_path / "payers (1).csv"
    run("sheet", "--out", path, "--table", "payers")
    path.write_bytes(path.read_bytes().replace(b"Made-up PBM", b"Made-up Benefits"))
    told = "changed: payers.csv made-up-pbm (name)\n"
    assert run("apply", path) == (0, told, "")
    assert b"Made-up Benefits" in (small / "payers.csv").read_bytes()
    assert validate(small) == []


def test_faults_are_named_and_nothing_is_changed(run, workbook, held):
    edit(workbook, "payers", "C2", "insurance")
    edit(workbook, "payers", "B2", "=A1")
    lines = (
        "payers.csv, row 2, column name: the cell holds a formula; put the value there instead",
        "payers.csv, row 2, column kind: 'insurance' is not one of 'insurer', 'pbm', "
        "'government_program' or 'employer_plan'",
        "Nothing was changed.",
    )
    code, out, err = run("apply", workbook)
    assert (code, out.splitlines(), err) == (1, list(lines), "")
    code, out, err = run("apply", workbook, "--json", "--dry-run")
    assert (code, err) == (1, "")
    document = json.loads(out)
    assert document["more"] == 0
    assert document["faults"][0] == {
        "file": "payers.csv",
        "row": 2,
        "column": "name",
        "message": "the cell holds a formula; put the value there instead",
    }
    before, after = held()
    assert after == before


def test_faults_without_end_are_counted(run, tmp_path, held):
    path = tmp_path / "payers.csv"
    rows = "".join(f"id-{n},,insurer,\n" for n in range(520))
    path.write_text(f"payer_id,name,kind,other_names\n{rows}", encoding="utf-8")
    code, out, _ = run("apply", path)
    assert code == 1
    assert out.splitlines()[-2:] == ["... and 20 more", "Nothing was changed."]
    before, after = held()
    assert after == before


def test_a_dataset_that_is_broken_already_is_named_first(run, workbook, small):
    (small / "payers.csv").write_text("payer_id\n", encoding="utf-8")
    for words in (["apply", workbook], ["sheet", "--out", workbook]):
        code, _, err = run(*words)
        assert code == 2
        assert err.startswith("payers.csv, row 1: columns missing: name, kind, other_names")
