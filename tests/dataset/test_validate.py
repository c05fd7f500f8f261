"""Each fault is named by file, row and column, with the mend; nothing else is touched."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.dataset.dates import first_day, last_day, months_before
from compound_coverage.dataset.load import load
from compound_coverage.dataset.maintain import format_dataset
from compound_coverage.dataset.tables import DatasetError
from compound_coverage.dataset.validate import validate

TODAY = date(2026, 11, 24)


def edit(directory, file, row, column, value):
    """Sets one cell, counting rows as a spreadsheet does."""
    path = directory / file
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    rows[row - 1][rows[0].index(column)] = value
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def test_the_small_dataset_is_clean(small):
    assert validate(small, today=TODAY) == []


def test_the_published_dataset_is_clean():
    from compound_coverage.dataset.load import BUNDLED

    assert [str(fault) for fault in validate(BUNDLED)] == []


@pytest.mark.parametrize(
    ("file", "row", "column", "value", "says"),
    [
        ("sources.csv", 2, "grade", "D", "is not one of"),
        ("sources.csv", 3, "last_checked", "2027-01-01", "lies in the future"),
        ("sources.csv", 3, "last_checked", "2026-02-30", "day is out of range"),
        ("sources.csv", 3, "last_checked", "24/11/2026", "does not have the right form"),
        ("sources.csv", 3, "url", "somewhere", "does not have the right form"),
        ("sources.csv", 3, "title", "", "the cell is empty"),
        ("sources.csv", 3, "title", " Policy", "remove the blanks"),
        ("plans.csv", 2, "payer_id", "nobody", "'nobody' is not in payers.csv"),
        ("plans.csv", 2, "states", "Texas", "does not have the right form"),
        ("plans.csv", 3, "plan_id", "made-up-health-employer-insured", "stands in row 2 too"),
        ("rules.csv", 2, "lines_of_business", "", "empty is not a line"),
        ("rules.csv", 2, "lines_of_business", "medicare", "medicare is not a line"),
        ("rules.csv", 2, "effective_to", "2001", "ends before it starts"),
        ("rules.csv", 3, "condition", "", "needs one"),
        ("rules.csv", 3, "binding", "yes", "only law and programs bind"),
        ("rules.csv", 2, "plan_id", "made-up-health-marketplace", "a rule at plan level"),
        ("rules.csv", 3, "level", "pbm", "does not fit Made-up Health"),
        ("rules.csv", 3, "payer_id", "", "needs one"),
        ("rules.csv", 2, "source_id", "made-up-hearsay", "nobody has read its source yet"),
        ("rules.csv", 3, "effect", "sets_deadline", "needs a row in deadlines.csv"),
        ("rules.csv", 3, "effect", "limits", "needs a row in limits.csv"),
        ("rules.csv", 2, "payer_id", "made-up-health", "reaches by line and state"),
        ("rule_tests.csv", 2, "who", "case", "can't be asked of case"),
        ("rule_tests.csv", 2, "values", "tablet", "does not fit ingredient_source"),
        ("rule_tests.csv", 2, "comparison", "above", "does not fit ingredient_source"),
        ("rule_tests.csv", 2, "rule_id", "no-such-rule", "is not in rules.csv"),
        ("medication_ingredients.csv", 3, "role", "filler", "is not one of"),
        ("steps.csv", 2, "verdicts", "denied", "denied is not a verdict"),
        ("steps.csv", 2, "lines_of_business", "medicare", "medicare is not a line"),
        ("ndcs.csv", 2, "ndc11", "12-34", "does not have the right form"),
        ("deadlines.csv", 2, "anchor", "whenever", "is not one of"),
        ("deadlines.csv", 2, "anchor", "", "is not one of"),
        ("deadlines.csv", 2, "receipt_presumed_days", "5", "anchor notice_received"),
        ("deadlines.csv", 2, "receipt_presumed_days", "five", "does not have the right form"),
        ("deadlines.csv", 2, "ceiling", "maybe", "is not one of"),
    ],
)
def test_one_wrong_cell_is_named(small, file, row, column, value, says):
    edit(small, file, row, column, value)
    faults = [str(fault) for fault in validate(small, today=TODAY)]
    assert any(says in fault and fault.startswith(file) for fault in faults), faults


def test_the_row_and_column_are_named_and_loading_refuses(small):
    edit(small, "sources.csv", 2, "grade", "D")
    with pytest.raises(DatasetError, match=r"sources\.csv, row 2, column grade: 'D' is not one"):
        load(small)


def test_a_medication_needs_an_active_ingredient(small):
    edit(small, "medication_ingredients.csv", 3, "role", "inactive")
    [fault] = validate(small, today=TODAY)
    assert str(fault) == (
        "medications.csv, row 2, column medication_id: it has no active ingredient"
    )


def test_numeric_tests_take_one_number(small):
    edit(small, "rule_tests.csv", 2, "fact", "monthly_cost")
    edit(small, "rule_tests.csv", 2, "who", "case")
    edit(small, "rule_tests.csv", 2, "comparison", "above")
    [fault] = validate(small, today=TODAY)
    assert "takes one number" in str(fault)


def test_an_ingredient_a_test_names_must_exist(small):
    edit(small, "rule_tests.csv", 2, "fact", "ingredient")
    edit(small, "rule_tests.csv", 2, "values", "unobtainium")
    [fault] = validate(small, today=TODAY)
    assert "'unobtainium' is no ingredient here" in str(fault)


def test_an_unverified_rule_can_not_bind(small):
    edit(small, "rules.csv", 5, "level", "law")
    edit(small, "rules.csv", 5, "payer_id", "")
    edit(small, "rules.csv", 5, "binding", "yes")
    assert "unverified rule can't bind" in str(validate(small, today=TODAY)[0])


def test_a_source_that_decides_needs_an_address(small):
    edit(small, "sources.csv", 3, "url", "")
    assert "has no address" in str(validate(small, today=TODAY)[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the file is missing"),
        (b"", "the file is empty"),
        (b"payer_id,name\n", "columns missing: kind, other_names"),
        (b"payer_id,name,kind,other_names,more\n", "columns not known: more"),
        (b"name,payer_id,kind,other_names\n", "columns must stand in this order"),
        (b"payer_id,name,kind,other_names\na,b,pbm\n", "row 2: the row has 3 cells; it needs 4"),
        (b"payer_id,name,kind,other_names\na,b,pbm,x,y,z\n", "row 2: the row has 6 cells"),
        (b"payer_id,name,kind,other_names\na,\xff,pbm,x\n", "is not UTF-8"),
        (b'payer_id,name,kind,other_names\na,"b,pbm,x\n', "quotation mark is out of place"),
    ],
)
def test_a_file_that_is_no_table_is_named(small, content, says):
    path = small / "payers.csv"
    path.unlink() if content is None else path.write_bytes(content)
    faults = [str(fault) for fault in validate(small, today=TODAY)]
    assert any(fault.startswith("payers.csv") and says in fault for fault in faults), faults


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert "no such dataset folder" in str(validate(tmp_path / "nowhere")[0])


def test_a_table_that_is_a_folder_is_named(small):
    (small / "payers.csv").unlink()
    (small / "payers.csv").mkdir()
    assert any("can't be read" in str(fault) for fault in validate(small, today=TODAY))


def test_rows_out_of_order_are_named_and_format_mends_them(small):
    path = small / "plans.csv"
    clean = path.read_bytes()
    header, first, second = path.read_text().splitlines()
    path.write_text("\n".join([header, second, first]) + "\n")
    (small / "datapackage.json").unlink()
    faults = [str(fault) for fault in validate(small, today=TODAY)]
    assert faults == [
        "plans.csv, row 3, column plan_id: rows are not in canonical order; run 'data format'",
        "datapackage.json: it does not describe these tables; run 'data format'",
    ]
    format_dataset(small)
    assert path.read_bytes() == clean
    assert validate(small, today=TODAY) == []


def test_format_writes_nothing_when_a_row_is_broken(small):
    edit(small, "sources.csv", 2, "grade", "D")
    before = {path.name: path.read_bytes() for path in small.glob("[!.]*")}
    with pytest.raises(DatasetError):
        format_dataset(small)
    assert {path.name: path.read_bytes() for path in small.glob("[!.]*")} == before


@given(st.dates(min_value=date(1900, 1, 2), max_value=date(2100, 12, 31)))
def test_a_loose_date_holds_its_day(day):
    for loose in (day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]):
        assert first_day(loose) <= day <= last_day(loose)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 24), 24, date(2024, 11, 24)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
    ],
)
def test_months_before(day, months, expected):
    assert months_before(day, months) == expected
