"""An office's sheet of cases: what is read, what is refused and why, and cells that never run."""

import contextlib
import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compound_coverage.letters.casefile import example_case, load_case
from compound_coverage.letters.sheet import (
    LARGEST_FILE,
    MOST_ROWS,
    SheetError,
    column_of,
    columns_of,
    known_columns,
    read_sheet,
    safe_cell,
    to_csv,
    to_xlsx,
)

CELLS = columns_of(example_case())
HEADER = [name for name, _ in CELLS]
EXAMPLE = [value for _, value in CELLS]


def xlsx(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_example_comes_back_whole_from_csv_and_xlsx():
    for made, name in (
        (to_csv(HEADER, [EXAMPLE]), "a.csv"),
        (to_xlsx(HEADER, [EXAMPLE]), "a.XLSX"),
    ):
        (row,) = read_sheet(made, name)
        assert (row.number, row.fault) == (2, "")
        assert load_case(row.data) == load_case(example_case())


def test_every_field_of_the_case_file_has_a_column():
    columns = known_columns()
    assert {"patient.name", "tried.*.drug", "attachments", "label"} <= set(columns)
    assert len(columns) == len(set(columns))
    assert {name.replace(".1.", ".*.").replace(".2.", ".*.") for name in HEADER} <= set(columns)


def test_a_missing_fact_is_named_by_its_column():
    assert column_of("tried[0].start") == "tried.1.start"
    assert column_of("patient.name") == "patient.name"


def test_numbered_entries_may_leave_numbers_out_and_words_are_parted_by_semicolons():
    header = ["plan.plan_id", "tried.3.drug", "tried.1.drug", "attachments"]
    (row,) = read_sheet(to_csv(header, [["p", "third", "first", "chart; receipt ;"]]), "a.csv")
    assert row.data["tried"] == [{"drug": "first"}, {"drug": "third"}]
    assert row.data["attachments"] == ["chart", "receipt"]


def test_empty_rows_are_passed_over_and_keep_their_numbers():
    text = to_csv(["label", "plan.plan_id"], [["a", "p"], ["", ""], ["b", "q"]])
    assert [(row.number, row.label) for row in read_sheet(text, "a.csv")] == [(2, "a"), (4, "b")]


@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_the_sign_between_cells_may_be_the_programs_own(comma):
    text = f"label{comma}plan.plan_id\nx{comma}p\n".encode()
    assert read_sheet(text, "a.csv")[0].data == {"plan": {"plan_id": "p"}}


def test_a_label_becomes_a_file_name_and_nothing_more():
    labels = ["../../etc/x", "Renewal 7", "", "***"]
    rows = read_sheet(to_csv(["label", "plan.plan_id"], [[text, "p"] for text in labels]), "a.csv")
    assert [row.label for row in rows] == ["etc-x", "Renewal-7", "row-0004", "row-0005"]


def test_numbers_and_dates_of_a_spreadsheet_read_as_people_write_them():
    data = xlsx(
        ["medication.days_supply", "pharmacy.price_per_month", "date", "request.denied_on"],
        [30.0, 45.5, datetime(2026, 11, 24, 13, 5), date(2026, 11, 9)],
    )
    (row,) = read_sheet(data, "a.xlsx")
    assert row.data["medication"] == {"days_supply": "30"}
    assert row.data["pharmacy"] == {"price_per_month": "45.5"}
    assert row.data["date"] == "2026-11-24"
    assert row.data["request"] == {"denied_on": "2026-11-09"}


def test_a_formula_spoils_its_own_row_only():
    rows = read_sheet(xlsx(["plan.plan_id", "patient.name"], ["p", "=1+1"], ["q", "B"]), "a.xlsx")
    assert rows[0].fault == "column patient.name holds a formula; paste its value instead"
    assert rows[1].fault == ""


def test_a_cell_that_only_looks_like_a_formula_stays_the_text_it_is():
    header, row = ["plan.plan_id", "patient.name", "patient.phone"], ["p", "=cmd|'x'!A0", "+1 000"]
    for made, name in ((to_csv(header, [row]), "a.csv"), (to_xlsx(header, [row]), "a.xlsx")):
        (read,) = read_sheet(made, name)
        assert read.data["patient"] == {"name": "=cmd|'x'!A0", "phone": "+1 000"}


def test_no_cell_we_write_is_a_formula():
    for sign in ("=", "+", "-", "@", "\t", "\r"):
        assert safe_cell(f"{sign}1").startswith("'")
    assert safe_cell("1-2") == "1-2"
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(["a"], [["=1+1"]])))
    assert [cell.data_type for (cell,) in book.active.iter_rows()] == ["s", "s"]


WHOLE_FAULTS = [
    ("a.csv", b"", "has no header"),
    ("a.csv", b"label\n", "has no case"),
    ("a.csv", b"label,,plan.plan_id\na,b,c\n", "Column 2 has no name"),
    ("a.csv", b"label,label\na,b\n", "'label' is there twice"),
    ("a.csv", b"patient.nmae\nx\n", "no column 'patient.nmae'; perhaps 'patient.name'"),
    ("a.csv", b"qqqqqqqqqqqq\nx\n", "batch --template"),
    ("a.csv", "label\nné\n".encode("utf-16"), "UTF-8"),
    ("a.csv", b"label\n\x00\n", "not a CSV file"),
    ("a.csv", b'label\n"open\n', "can't be read"),
    ("a.csv", b"x" * (LARGEST_FILE + 1), "larger than 10 MB"),
    ("a.csv", b"label\n" + b"x\n" * (MOST_ROWS + 1), "more than 5,000 cases"),
    ("a.xlsx", b"not a zip", "not an XLSX file"),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("name", "data", "told"), WHOLE_FAULTS, ids=[row[2] for row in WHOLE_FAULTS]
)
def test_a_sheet_that_cannot_be_used_is_refused_in_one_sentence(name, data, told):
    with pytest.raises(SheetError, match=told) as caught:
        read_sheet(data, name)
    assert str(caught.value).count("\n") == 0


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_an_archive_that_swells_or_is_no_workbook_is_refused():
    with pytest.raises(SheetError, match="unpacks to more than 200 MB"):
        read_sheet(zipped(big=b"0" * 200_000_001), "a.xlsx")
    with pytest.raises(SheetError, match="save it again"):
        read_sheet(zipped(other=b"hello"), "a.xlsx")


@given(st.integers(0, 6000), st.integers(0, 255))
def test_a_damaged_workbook_is_read_or_refused_never_a_traceback(place, byte):
    data = bytearray(xlsx(["plan.plan_id"], ["p"]))
    data[place % len(data)] = byte
    with contextlib.suppress(SheetError):  # anything else fails the test
        read_sheet(bytes(data), "a.xlsx")


def test_too_long_a_cell_and_a_cell_without_a_column_are_the_rows_own_fault():
    rows = read_sheet(to_csv(["patient.name"], [["x" * 20_001], ["a", "stray"], ["b"]]), "a.csv")
    assert "more than 20,000 characters" in rows[0].fault
    assert "right of the last named column" in rows[1].fault
    assert rows[2].fault == ""


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(str.strip)


@given(st.lists(cells, min_size=1, max_size=5))
def test_text_survives_the_round_trip_through_csv_and_xlsx(names):
    kept = [name for name in names if name]
    header = ["plan.plan_id", *(f"tried.{n}.drug" for n in range(1, len(kept) + 1))]
    for made, file in (
        (to_csv(header, [["p", *kept]]), "a.csv"),
        (to_xlsx(header, [["p", *kept]]), "a.xlsx"),
    ):
        (row,) = read_sheet(made, file)
        assert [entry["drug"] for entry in row.data.get("tried", [])] == kept
