"""An office's renewals: a sheet in, letters and a summary out, and no row spoils another."""

import csv
import io

import docx
import pypdf
import pytest

from compound_coverage.letters import batch
from compound_coverage.letters.batch import SUMMARY, run_batch, template_sheet
from compound_coverage.letters.casefile import example_case, load_case
from compound_coverage.letters.render import draft
from compound_coverage.letters.sheet import SheetRow, columns_of, read_sheet, to_csv
from tests.letters.conftest import LDN, STUDIES, make_determination

LMN = "letter_of_medical_necessity"


def make(case):
    return draft(case, make_determination(), LDN, STUDIES, case.request.letter_type)


def row(number, label="", **changes):
    data = example_case("made-up-plan", "ldn-capsule")
    for name, value in changes.items():
        data[name] = {**data[name], **value} if isinstance(value, dict) else value
    return SheetRow(number, label or f"row-{number:04d}", data)


def run(rows, making=make):
    files: dict[str, bytes] = {}
    told: list[tuple[int, ...]] = []
    outcomes = run_batch(rows, making, files.__setitem__, lambda *step: told.append(step))
    return outcomes, files, told


def summary(files):
    return list(csv.DictReader(io.StringIO(files[SUMMARY].decode("utf-8-sig"))))


def test_each_row_becomes_a_word_and_a_pdf_letter_named_after_its_label():
    rows = [row(2, "renewal-a"), row(3, patient={"name": "Second Example"})]
    outcomes, files, told = run(rows)
    assert set(files) == {
        f"renewal-a-{LMN}.docx",
        f"renewal-a-{LMN}.pdf",
        f"row-0003-{LMN}.docx",
        f"row-0003-{LMN}.pdf",
        SUMMARY,
    }
    assert [outcome.complete for outcome in outcomes] == [True, True]
    assert told == [(1, 2), (2, 2)]
    word = docx.Document(io.BytesIO(files[f"row-0003-{LMN}.docx"]))
    cells = [cell.text for table in word.tables for r in table.rows for cell in r.cells]
    assert "Second Example" in cells
    pdf = pypdf.PdfReader(io.BytesIO(files[f"row-0003-{LMN}.pdf"]))
    assert "Second Example" in pdf.pages[0].extract_text()


def test_no_file_name_holds_a_patients_name():
    _, files, _ = run([row(2), row(3)])
    assert not any("Example" in name for name in files)


def test_one_bad_row_stops_no_other():
    rows = [
        SheetRow(2, "row-0002", {}, fault="column patient.name holds a formula; paste its value"),
        row(3, prescriber={"npi": "123"}),
        row(4, request={"letter_type": "love_letter"}),
        row(5),
    ]
    outcomes, files, told = run(rows)
    assert [bool(outcome.problem) for outcome in outcomes] == [True, True, True, False]
    assert outcomes[0].problem.startswith("Row 2: column patient.name holds a formula")
    assert "NPI" in outcomes[1].problem
    assert "love_letter" in outcomes[2].problem
    assert told[-1] == (4, 4)
    assert len(files) == 3
    assert [line["complete"] for line in summary(files)] == ["no", "no", "no", "yes"]


def test_a_fault_of_ours_in_one_row_costs_only_that_row(monkeypatch):
    def broken(case):
        if case.patient.name == "Trouble":
            raise ZeroDivisionError("secret text")
        return make(case)

    outcomes, _, _ = run([row(2, patient={"name": "Trouble"}), row(3)], broken)
    assert outcomes[0].problem == (
        "Row 2: the letter could not be made (ZeroDivisionError); please report this."
    )
    assert outcomes[1].complete

    def cannot(*_):
        raise RuntimeError("no")

    monkeypatch.setattr(batch, "to_both", cannot)
    outcomes, files, _ = run([row(2)])
    assert "RuntimeError" in outcomes[0].problem
    assert set(files) == {SUMMARY}


def test_a_full_disk_is_nobodys_row_and_stops_the_run():
    def full(name, data):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run_batch([row(2), row(3)], make, full, lambda done, of: None)


def test_the_summary_names_what_is_missing_by_column_and_runs_nothing():
    (outcome,), files, _ = run([row(2, "-1+1", tried=[{"drug": "=EVIL()"}])])
    (line,) = summary(files)
    assert "tried.1.start" in outcome.missing
    assert "tried.1.start" in line["missing_columns"]
    assert line["missing"] == str(len(outcome.missing))
    assert line["label"] == "'-1+1"
    assert line["deadline"] == outcome.deadline
    assert line["files"].count(".docx") == 1


def test_a_label_used_twice_gets_the_number_of_its_row():
    _, files, _ = run([row(2, "same"), row(3, "SAME")])
    assert {f"same-0002-{LMN}.pdf", f"SAME-0003-{LMN}.pdf"} <= set(files)


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_the_sheet_to_start_from_holds_the_whole_example(ending):
    (only,) = read_sheet(template_sheet(ending), f"cases{ending}")
    assert only.label == "example"
    assert load_case(only.data) == load_case(example_case())


def test_more_rows_than_the_window_come_out_in_order():
    columns = columns_of(example_case("made-up-plan", "ldn-capsule"))
    header, cells = [name for name, _ in columns], [value for _, value in columns]
    rows = read_sheet(to_csv(header, [cells] * 20), "cases.csv")
    outcomes, files, told = run(rows)
    assert [outcome.number for outcome in outcomes] == list(range(2, 22))
    assert len(files) == 41
    assert told[-1] == (20, 20)
