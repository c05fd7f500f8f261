"""The dataset through a spreadsheet and back: nothing is lost, nothing is guessed."""

import csv
import io
import os
import random
import re
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import MergedCell
from openpyxl.chart import BarChart

from compound_coverage.curation.proposals import with_changes
from compound_coverage.dataset.changes import MODELS
from compound_coverage.dataset.load import BUNDLED
from compound_coverage.dataset.maintain import dataset_files
from compound_coverage.dataset.schema import TABLES, ConditionRow
from compound_coverage.dataset.sheets import (
    MOST_FAULTS,
    MOST_ROWS,
    README,
    SheetFaults,
    changes_in,
    read_csv_sheet,
    read_upload,
    read_workbook,
    to_csv_sheet,
    to_workbook,
)
from compound_coverage.dataset.tables import Tables, read_tables, table_bytes
from compound_coverage.dataset.validate import check_tables
from compound_coverage.spreadsheet import LARGEST_FILE, SheetError
from tests.small_dataset import ROWS

TODAY = date(2026, 11, 28)
UPLOADS = int(os.environ.get("COMPOUND_COVERAGE_UPLOADS", "150"))


@pytest.fixture(scope="module")
def published():
    tables, faults = read_tables(BUNDLED)
    assert faults == []
    return tables


@pytest.fixture(scope="module")
def tables():
    """The small made-up dataset."""
    return {
        model.FILE: sorted(
            (model.model_validate(row) for row in ROWS.get(model.FILE, [])),
            key=lambda row: tuple(getattr(row, name) for name in row.KEY),
        )
        for model in TABLES
    }


@pytest.fixture(scope="module")
def workbook(tables):
    return to_workbook(tables)


# -- there and back ----------------------------------------------------------------------------


def test_the_published_dataset_comes_back_from_a_workbook_byte_for_byte(published):
    back = read_workbook(to_workbook(published), published, TODAY)
    assert dataset_files(back) == dataset_files(published)


@pytest.mark.parametrize("file", MODELS)
def test_each_published_table_comes_back_from_csv_byte_for_byte(published, file):
    made = to_csv_sheet(published, file)
    as_it_lies = table_bytes(MODELS[file], published[file])
    for data, name in ((made, file), (made, "export.csv"), (as_it_lies, file)):
        back = read_csv_sheet(data, name, published, TODAY)
        assert table_bytes(MODELS[file], back[file]) == as_it_lies
        assert back == published


def test_the_workbook_is_text_throughout_and_stays_text_below_the_last_row(tables, workbook):
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    assert book.sheetnames == [README, *(model.FILE.removesuffix(".csv") for model in TABLES)]
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
        assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
        assert sheet.column_dimensions["A"].number_format == "@"


def test_the_first_sheet_says_how_to_edit_and_what_each_column_holds(workbook):
    sheet = openpyxl.load_workbook(io.BytesIO(workbook))[README]
    told = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    assert "An empty cell means: not known." in told
    assert "Never take a rule out." in told
    for model in TABLES:
        for name, field in model.model_fields.items():
            assert name in told
            assert str(field.description) in told


def test_a_workbook_of_one_table_and_a_table_nobody_knows(tables):
    book = openpyxl.load_workbook(io.BytesIO(to_workbook(tables, "payers.csv")))
    assert book.sheetnames == [README, "payers"]
    for make in (to_workbook, to_csv_sheet):
        with pytest.raises(SheetError, match="no table 'patients'; choose one of sources, payers"):
            make(tables, "patients.csv")


def test_a_text_longer_than_a_spreadsheets_cell_is_not_cut_off(tables):
    long = tables["payers.csv"][0].model_copy(update={"name": "x" * 32_768})
    with pytest.raises(SheetError, match="32,767 characters"):
        to_workbook(tables | {"payers.csv": [long]})


SIGNS = st.characters(exclude_categories=["Cc", "Cf", "Co", "Cs", "Zs", "Zl", "Zp"])
NASTY = st.one_of(
    st.sampled_from(
        [
            "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''@x", "'quoted'", '"', 'a "b", c;d', "007",
            "00378-1234-01", "2016-01", "2026-01-02", "1-2", "1E5", "TRUE", "#N/A", "_x000D_",
            "_x005F_x000D_", "été ñ 中文 🙂", "two\nlines", "a,b\n\n;c", "<b>&amp;</b>", "{=1}",
        ]
    ),
    st.lists(st.text(SIGNS, min_size=1, max_size=12), min_size=1, max_size=4).map(" ".join),
    st.text(SIGNS | st.just("\n"), min_size=1, max_size=30).filter(lambda text: text.strip()),
).map(str.strip)  # fmt: skip


@settings(max_examples=30)
@given(texts=st.lists(NASTY, min_size=1, max_size=8))
def test_nasty_texts_come_back_as_they_were(texts):
    rows = [
        ConditionRow(condition_id=f"c-{n}", name=text, patient_words=text, icd10_codes="")
        for n, text in enumerate(texts)
    ]
    held: Tables = {model.FILE: [] for model in TABLES}
    held[ConditionRow.FILE] = [*rows]
    made = to_workbook(held, ConditionRow.FILE)
    assert read_workbook(made, held, TODAY)[ConditionRow.FILE] == rows
    made = to_csv_sheet(held, ConditionRow.FILE)
    assert read_csv_sheet(made, "conditions.csv", held, TODAY)[ConditionRow.FILE] == rows


def test_what_is_written_can_hold_any_sign_even_one_that_is_refused_later(tables):
    odd = tables["payers.csv"][0].model_copy(update={"name": "a\x01b\rc\ufffe"})
    made = to_workbook(tables | {"payers.csv": [odd]}, "payers.csv")
    assert "U+0001" in faults_in(made, "a.xlsx", tables)[0]


# -- edits -------------------------------------------------------------------------------------


def opened(workbook):
    return openpyxl.load_workbook(io.BytesIO(workbook))


def book_for(tables, place):
    """The workbook of the one table that ``rules!6.summary`` is in."""
    return opened(to_workbook(tables, f"{place.partition('!')[0]}.csv"))


def closed(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(book, place, value, number_format=None):
    """Writes into ``rules!6.summary``: the sheet, the row, the column."""
    name, _, rest = place.partition("!")
    row, _, column = rest.partition(".")
    sheet = book[name]
    header = [cell.value for cell in sheet[1]]
    cell = sheet.cell(int(row), header.index(column) + 1)
    cell.value = value
    if number_format:
        cell.number_format = number_format


def told(change):
    return (change.file, change.key, change.columns)


def faults_in(data, name, tables):
    with pytest.raises(SheetFaults) as caught:
        read_upload(data, name, tables, TODAY)
    return [str(fault) for fault in caught.value.faults]


def test_an_untouched_workbook_changes_nothing(tables, workbook):
    assert changes_in(workbook, "a.xlsx", tables, TODAY) == []
    assert changes_in(closed(opened(workbook)), "a.xlsx", tables, TODAY) == []


def test_rows_added_changed_and_taken_out(tables, workbook):
    book = opened(workbook)
    put(book, "rules!6.summary", "Made-up rule, told better.")
    book["payers"].append(["new-health", "New Health", "insurer", ""])
    book["medication_ingredients"].delete_rows(2)
    changes = changes_in(closed(book), "a.xlsx", tables, TODAY)
    assert [told(change) for change in changes] == [
        ("payers.csv", ("new-health",), ["payer_id", "name", "kind"]),
        ("rules.csv", ("powder-not-paid",), ["summary"]),
        (
            "medication_ingredients.csv",
            ("ldn-capsule", "cellulose"),
            ["medication_id", "ingredient_id", "role"],
        ),
    ]
    assert (changes[0].before, changes[2].after) == (None, None)


def test_a_sheet_that_is_not_there_changes_nothing(tables, workbook):
    book = opened(workbook)
    for name in book.sheetnames:
        if name != "payers":
            del book[name]
    put(book, "payers!2.name", "Made-up Health Plan")
    [change] = changes_in(closed(book), "a.xlsx", tables, TODAY)
    assert told(change) == ("payers.csv", ("made-up-health",), ["name"])


def test_sorted_rows_moved_columns_empty_rows_and_scratch_sheets_do_no_harm(tables, workbook):
    book = opened(workbook)
    sheet = book["rules"]
    rows = [[cell.value for cell in reversed(row)] for row in sheet.iter_rows()]
    del book["rules"]
    sheet = book.create_sheet("Rules ")
    for row in [rows[0], [], *reversed(rows[1:]), ["  "], []]:
        sheet.append(row)
    sheet.cell(60, 40, "  ")
    book.create_sheet("Sheet1")
    assert changes_in(closed(book), "a.xlsx", tables, TODAY) == []


HARMLESS = [
    ("a date cell", "sources!3.last_checked", datetime(2026, 11, 2, 13, 5), None, "2026-11-02"),
    ("a day cell", "sources!3.last_checked", date(2026, 11, 2), "dd.mm.yy", "2026-11-02"),
    ("a month cell", "sources!3.document_date", date(2026, 3, 1), "mmm-yy", "2026-03"),
    ("a year cell", "sources!3.document_date", date(2025, 1, 1), "yyyy", "2025"),
    ("a date where a month name is quoted", "rules!6.effective_from", date(2026, 3, 1),
     '[$-409]"d" mmm yyyy', "2026-03"),
    ("a number", "limits!2.amount", 7, None, "7"),
    ("a number with a point", "limits!2.amount", 7.0, None, "7"),
    ("a number of many digits", "ingredients!3.label_daily_mg_low", 0.1 + 0.2, None, "0.3"),
    ("an RxCUI as a number", "ingredients!3.approved_product_rxcui", 1483745, None, "1483745"),
    ("blanks around", "rules!6.summary", "  Told better. ", None, "Told better."),
    ("a blank that does not break", "rules!6.states", "TX\u00a0OK\u00a0", None, "TX OK"),
    ("a Windows line end in a cell", "rules!6.summary", "One._x000D_\nTwo.", None, "One.\nTwo."),
    ("a formula as text", "rules!6.section", "'=1", None, "'=1"),
    ("an emptied cell", "rules!6.section", None, None, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value", "shown", "read"), [row[1:] for row in HARMLESS], ids=[r[0] for r in HARMLESS]
)
def test_what_can_be_read_only_one_way_is_read_so(tables, place, value, shown, read):
    book = book_for(tables, place)
    put(book, place, value, shown)
    [change] = changes_in(closed(book), "a.xlsx", tables, TODAY)
    column = place.partition(".")[2]
    assert change.columns == [column]
    assert change.after
    assert change.after[column] == read


ACCIDENTS = [
    ("rules!6.summary", "=A1&B1",
     "rules.csv, row 6, column summary: the cell holds a formula; put the value there instead"),
    ("rules!6.section", "#N/A",
     "rules.csv, row 6, column section: the cell holds a spreadsheet's error, #N/A; type the "
     "value"),
    ("rules!6.binding", True,
     "rules.csv, row 6, column binding: the cell holds a truth value, TRUE; set it to text and "
     "type what you mean"),
    ("rules!6.section", date(2026, 2, 1),
     "rules.csv, row 6, column section: the cell holds a date, 2026-02-01, and this column is none "
     "of dates; set it to text and type what you mean"),
    ("rules!6.section", time(12, 30),
     "rules.csv, row 6, column section: the cell holds a time of day; set it to text and type what "
     "you mean"),
    ("rules!6.section", 1234567890123456789,
     "rules.csv, row 6, column section: a spreadsheet keeps 15 digits of a number; set the cell to "
     "text and type it anew"),
    ("rules!6.effective_from", "1/2/2026",
     "rules.csv, row 6, column effective_from: '1/2/2026' is no date here; write it as 2026-01-31, "
     "or 2026-01 or 2026"),
    ("sources!3.last_checked", "2026-02-30",
     "sources.csv, row 3, column last_checked: '2026-02-30' is no date here; write it as "
     "2026-01-31"),
    ("ndcs!2.ndc11", 50090682011,
     "ndcs.csv, row 2, column ndc11: the cell holds the number 50090682011, which has no zeros at "
     "its start; set it to text and type the whole code"),
    ("ndcs!2.ndc11", "5009068201",
     "ndcs.csv, row 2, column ndc11: '5009068201' has 10 digits; a spreadsheet drops zeros at the "
     "start, so set the cell to text and type the whole code"),
    ("ndcs!2.ndc11", "5.00907E+10",
     "ndcs.csv, row 2, column ndc11: a spreadsheet shortened a number to '5.00907E+10'; set the "
     "cell to text and type all its digits"),
    ("rules!6.effect", "exclude",
     "rules.csv, row 6, column effect: 'exclude' is not one of"),
    ("rules!6.summary", None,
     "rules.csv, row 6, column summary: the cell is empty (summary is: The rule in our own plain "
     "words, short sentences)"),
    ("rules!6.summary", "Not paid.\u200b",
     "rules.csv, row 6, column summary: the cell holds a character that can't be seen (U+200B); "
     "type it anew"),
    ("rules!6.summary", "x" * 20_001,
     "rules.csv, row 6, column summary: the cell holds more than 20,000 characters; shorten it"),
    ("rules!6.source_id", "nobody-knows",
     "rules.csv, row 6, column source_id: 'nobody-knows' is not in sources.csv"),
    ("rules!6.level", "plan",
     "rules.csv, row 6, column plan_id: a rule at plan level needs one, and only such a rule"),
    ("payers!3.payer_id", "made-up-health",
     "payers.csv, row 3, column payer_id: 'made-up-health' stands in row 2 too; keep one"),
    ("sources!3.last_checked", "2026-11-29",
     "sources.csv, row 3, column last_checked: 2026-11-29 lies in the future"),
    ("rules!6.rule_id", "renamed",
     "rules.csv, column rule_id: 'powder-not-paid' is missing, and a row of this table is never "
     "taken out: put the row back and write its last day into effective_to"),
    ("sources!3.source_id", "renamed",
     "sources.csv, column source_id: 'made-up-policy' is missing, and a row of this table is never "
     "taken out: put the row back; if it is gone, say so in status and status_note"),
    ("rules!1.states", "state",
     "rules.csv, row 1, column F: no column is called 'state'; perhaps 'states' is meant"),
    ("rules!1.states", "qqq",
     "rules.csv, row 1, column F: no column is called 'qqq'; take it out"),
    ("rules!1.states", None,
     "rules.csv, row 1, column F: the column has no name; name it, or take it out"),
    ("rules!1.states", "level",
     "rules.csv, row 1, column F: the column 'level' is there twice; keep one"),
    ("rules!1.passage", None,
     "rules.csv, row 1: columns missing: passage; take them from a fresh copy of the sheet"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "sentence"), ACCIDENTS)
def test_an_accident_of_spreadsheets_is_named(tables, place, value, sentence):
    book = book_for(tables, place)
    put(book, place, value)
    found = faults_in(closed(book), "a.xlsx", tables)
    assert any(fault.startswith(sentence) for fault in found), found
    assert all("\n" not in fault for fault in found)


def test_all_faults_are_named_at_once_by_the_rows_of_the_sheet(tables, workbook):
    book = opened(workbook)
    book["rules"].insert_rows(3)
    put(book, "rules!7.states", "Texas")
    put(book, "rules!7.summary", "=1+1")
    put(book, "rules!4.effective_to", "soon")
    put(book, "payers!3.kind", "insurance")
    assert [fault.split(":")[0] for fault in faults_in(closed(book), "a.xlsx", tables)] == [
        "payers.csv, row 3, column kind",
        "rules.csv, row 4, column effective_to",
        "rules.csv, row 7, column summary",
        "rules.csv, row 7, column states",
    ]


def test_faults_between_rows_name_the_rows_of_the_sheet_too(tables, workbook):
    book = opened(workbook)
    book["rules"].insert_rows(3, 2)
    put(book, "rules!8.effective_to", "2025")
    assert faults_in(closed(book), "a.xlsx", tables) == [
        "rules.csv, row 8, column effective_to: the rule ends before it starts"
    ]


def test_a_fault_in_a_table_that_was_not_uploaded_names_the_row_it_has_now(tables):
    data = to_csv_sheet(tables, "sources.csv").replace(b"2026-11-01", b"")
    found = faults_in(data, "sources.csv", tables)
    assert found[0] == (
        "rules.csv, row 2, column basis: nobody has read its source yet, so it must be unverified"
    )


def test_a_rule_or_a_source_taken_out_is_named(tables, workbook):
    book = opened(workbook)
    book["rules"].delete_rows(6)
    book["sources"].delete_rows(2)
    found = faults_in(closed(book), "a.xlsx", tables)
    assert len(found) == 2
    assert found[0].startswith("sources.csv, column source_id: 'made-up-hearsay' is missing")
    assert found[1].startswith("rules.csv, column rule_id: 'powder-not-paid' is missing")


def test_merged_cells_are_named(tables, workbook):
    book = opened(workbook)
    book["rules"].merge_cells("L5:L6")
    assert (
        "rules.csv, row 5: the cells L5:L6 are merged into one; part them and fill each"
        in faults_in(closed(book), "a.xlsx", tables)
    )


def test_a_cell_beside_the_table_is_named(tables, workbook):
    book = opened(workbook)
    book["payers"].cell(3, 9, "remember this")
    assert faults_in(closed(book), "a.xlsx", tables) == [
        "payers.csv, row 3, column I: a cell stands to the right of the last named column; "
        "take it out"
    ]


def test_sheets_that_are_no_table_or_the_same_table_are_named(tables, workbook):
    book = opened(workbook)
    book.create_sheet("notes").append(["remember this"])
    book.copy_worksheet(book["payers"]).title = "payers (2)"
    book["plans"].title = "my plans"
    assert faults_in(closed(book), "a.xlsx", tables) == [
        "Sheet 'notes': no table is called so or has these columns; name it like its table",
        "payers.csv: sheet 'payers (2)' is this table too; keep one of them",
    ]


def test_a_sheet_emptied_wholly_is_no_way_to_empty_a_table(tables, workbook):
    book = opened(workbook)
    book["payers"].delete_rows(1, 50)
    book["plans"].delete_rows(1)
    book["plans"].insert_rows(1)
    assert faults_in(closed(book), "a.xlsx", tables) == [
        "payers.csv, row 1: the first row must name the columns",
        "plans.csv, row 1: the first row must name the columns",
    ]


def test_the_log_of_releases_is_there_to_be_read(published):
    book = openpyxl.load_workbook(io.BytesIO(to_workbook(published, "changes.csv")))
    assert changes_in(closed(book), "a.xlsx", published, TODAY) == []
    put(book, "changes!2.change", "Something nicer.")
    book["changes"].append([2026, "001", "Mine.", "", "", "", ""])
    found = faults_in(closed(book), "a.xlsx", published)
    only = "only a release writes this table; leave it as it is, or take its sheet out"
    assert f"changes.csv, row 2, column release: {only}" in found
    book["changes"].delete_rows(2, 9)
    missing = faults_in(closed(book), "a.xlsx", published)
    assert len(missing) == len(published["changes.csv"])
    assert all("is missing; put it back, or take the whole sheet out" in told for told in missing)


def test_zeros_lost_on_the_way_through_csv_are_noticed(tables):
    powder, tablet = tables["ndcs.csv"]
    whole = tablet.model_copy(update={"ndc11": "00378123401"})
    held = tables | {"ndcs.csv": [whole, powder]}
    data = to_csv_sheet(held, "ndcs.csv").replace(b"00378123401", b"378123401")
    assert faults_in(data, "ndcs.csv", held) == [
        "ndcs.csv, row 2, column ndc11: '378123401' has lost the zeros at its start: it was "
        "'00378123401'; set the cell to text and type the whole code"
    ]


def test_faults_without_end_are_counted(tables):
    rows = "".join(f"id-{n},,insurer,\r\n" for n in range(MOST_FAULTS + 7))
    with pytest.raises(SheetFaults) as caught:
        read_csv_sheet(f"payer_id,name,kind,other_names\n{rows}".encode(), "", tables, TODAY)
    assert len(caught.value.faults) == MOST_FAULTS
    assert caught.value.more == 7
    assert str(caught.value).endswith("(506 more)")


# -- whole files -------------------------------------------------------------------------------

PAYERS = "payer_id,name,kind,other_names\r\nmade-up-health,Été,insurer,\r\nmade-up-pbm,P,pbm,\r\n"
GOOD_FILES = [
    ("rules (2).csv of another table goes by its name, so by columns", "x.csv", PAYERS.encode()),
    ("named like the table", "payers.csv", PAYERS.encode()),
    ("a browser's second copy", "Payers (2).CSV", PAYERS.encode()),
    ("a file manager's copy", "Copy of payers.csv", PAYERS.encode()),
    ("semicolons", "payers.csv", PAYERS.replace(",", ";").encode()),
    ("tabs", "payers.tsv", PAYERS.replace(",", "\t").encode()),
    ("a mark before the first letter", "payers.csv", ("\ufeff" + PAYERS).encode()),
    ("its own comma told first", "payers.csv", ("sep=;\r\n" + PAYERS.replace(",", ";")).encode()),
    ("plain line ends", "payers.csv", PAYERS.replace("\r\n", "\n").encode()),
    ("empty rows and columns", "payers.csv", PAYERS.replace("\r\n", ",,\r\n,,,\r\n").encode()),
]


@pytest.mark.parametrize(
    ("name", "data"), [row[1:] for row in GOOD_FILES], ids=[row[0] for row in GOOD_FILES]
)
def test_csv_as_programs_write_it_is_read(tables, name, data):
    changes = changes_in(data, name, tables, TODAY)
    assert {change.after["name"] for change in changes if change.after} == {"Été", "P"}


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def no_cells():
    book = openpyxl.Workbook()
    book.create_chartsheet("chart").add_chart(BarChart())
    del book["Sheet"]
    return closed(book)


BAD_FILES = [
    ("a.xls", lambda: b"x", "a.xls: this kind of file can't be read; save it as XLSX or CSV"),
    ("a.xlsx", lambda: b"x",
     "a.xlsx: This is not an XLSX file; save the sheet as XLSX or CSV."),
    ("a.xlsx", lambda: zipped(other=b"x"),
     "a.xlsx: The XLSX file is damaged; open it in a spreadsheet program and save it again."),
    ("a.xlsx", lambda: zipped(big=b"0" * 200_000_001),
     "a.xlsx: The XLSX file unpacks to more than 200 MB; is it the right file?"),
    ("a.xlsx", no_cells,
     "a.xlsx: The XLSX file has no sheet of cells; is it the right file?"),
    ("a.xlsx", lambda: closed(openpyxl.Workbook()),
     "a.xlsx: no sheet in it is a table; is it the right one?"),
    ("a.csv", lambda: b"x" * (LARGEST_FILE + 1),
     "a.csv: The sheet is larger than 10 MB; split it into several."),
    ("payers.csv", lambda: PAYERS.encode("cp1252"),
     "payers.csv: The sheet is not UTF-8 text; save it as 'CSV UTF-8' or as XLSX."),
    ("payers.csv", lambda: PAYERS.encode("utf-16"),
     "payers.csv: The sheet is not UTF-8 text; save it as 'CSV UTF-8' or as XLSX."),
    ("payers.csv", lambda: b"a\0b",
     "payers.csv: The sheet is not a CSV file; save it as 'CSV UTF-8' or as XLSX."),
    ("payers.csv", lambda: b'"open\n',
     "payers.csv: The CSV file can't be read: unexpected end of data; save it again as CSV."),
    ("payers.csv", lambda: b"," * 3_000 + b"x",
     "payers.csv: The sheet has too many cells (row 1); is it the right one?"),
    ("payers.csv", lambda: b"",
     "payers.csv, row 1: the first row must name the columns"),
    ("a.csv", lambda: b"a,b\n1,2\n",
     "a.csv: it is not clear which table this is; call the file like the table: rules.csv"),
    ("payers.csv", lambda: PAYERS.encode() + b"a,b,pbm,\n" * MOST_ROWS,
     "payers.csv: the sheet has more than 20,000 rows; is it the right one?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make", "sentence"), BAD_FILES, ids=[row[2][:60] for row in BAD_FILES]
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(tables, name, make, sentence):
    assert faults_in(make(), name, tables) == [sentence]


def test_a_size_that_a_workbook_gives_itself_cuts_nothing_off(tables, workbook):
    book = opened(workbook)
    put(book, "payers!3.name", "Another name")
    data = parts_changed(
        closed(book),
        lambda _, part: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', part),
    )
    assert len(changes_in(data, "a.xlsx", tables, TODAY)) == 1


# -- thousands of spoilt uploads ---------------------------------------------------------------


def parts_changed(data, change):
    """The archive with each part as ``change(name, bytes)`` has it; None takes it out."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
    return out.getvalue()


def flipped(data, dice):
    spoilt = bytearray(data)
    for _ in range(dice.choice((1, 3, 20, 200))):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt)


def cut_off(data, dice):
    return data[: dice.randrange(len(data))]


def swapped(data, dice):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    one, other = dice.sample(sorted(held), 2)
    held[one], held[other] = held[other], held[one]
    return parts_changed(data, lambda name, _: held[name])


def taken_out(data, dice):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        gone = dice.choice(archive.namelist())
    return parts_changed(data, lambda name, part: None if name == gone else part)


def part_spoilt(data, dice):
    """A workbook whose archive is whole and whose XML is not."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        spoilt = dice.choice(archive.namelist())
    how = dice.choice((flipped, cut_off, digits_changed))
    return parts_changed(data, lambda name, part: how(part, dice) if name == spoilt else part)


def digits_changed(data, dice):
    def other(found):
        new = dice.choice((b"0", b"-1", b"99999999999", b"1e309", b"x", b""))
        return new if dice.random() < 0.02 else found[0]

    return re.sub(rb"\d+", other, data)


VALUES = [
    None, "", " ", "yes", "=1+1", '=HYPERLINK("x")', "#REF!", "#N/A", True, False, 0, -1, 7, 1.5,
    1e300, float("1e-7"), 12345678901234567890, date(2026, 1, 2), datetime(1900, 1, 1), time(1, 2),
    "2026-13-01", "1/2/26", "5.1E+10", "007", "x" * 20_001, "a\nb", "\u00a0", "\u200b", "🙂", "'",
    "made-up-health", "excludes", "powder-not-paid", "rules", "_x0000_", "_xD800_", "<xml/>",
]  # fmt: skip


def overwrite(cell, value):
    if not isinstance(cell, MergedCell):
        cell.value = value


def cells_edited(data, dice):
    book = openpyxl.load_workbook(io.BytesIO(data))
    for _ in range(dice.choice((1, 1, 2, 6))):
        sheet = dice.choice(book.worksheets)
        row, column = dice.randrange(1, 9), dice.randrange(1, sheet.max_column + 2)
        dice.choice(
            (
                lambda s=sheet, r=row, c=column: overwrite(s.cell(r, c), dice.choice(VALUES)),
                lambda s=sheet, r=row, c=column: overwrite(s.cell(r, c), dice.choice(VALUES)),
                lambda s=sheet, r=row: s.delete_rows(r),
                lambda s=sheet, r=row: s.insert_rows(r),
                lambda s=sheet, c=column: s.delete_cols(c),
                lambda s=sheet, r=row, c=column: s.merge_cells(
                    start_row=r, end_row=r + 1, start_column=c, end_column=c
                ),
                lambda s=sheet, r=row: s.append([cell.value for cell in s[r]]),
                lambda s=sheet: setattr(s, "title", dice.choice(("x", "rules", "plans (2)"))),
            )
        )()
    return closed(book)


def csv_edited(data, dice):
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for _ in range(dice.choice((1, 1, 2, 6))):
        row = dice.choice(rows)
        where = dice.randrange(len(row) + 1)
        row[where : where + dice.randrange(2)] = [str(dice.choice(VALUES))]
    if dice.random() < 0.2:
        rows.pop(dice.randrange(len(rows)))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=dice.choice(",;\t")).writerows(rows)
    encoding = dice.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
    return out.getvalue().encode(encoding, "replace")


ON_WORKBOOKS = (flipped, cut_off, swapped, taken_out, part_spoilt, cells_edited, cells_edited)
ON_CSV = (flipped, cut_off, digits_changed, csv_edited, csv_edited)
INSIDE = re.compile(
    r"Traceback|<class|object at 0x|pydantic|openpyxl|site-packages|\w+(Error|Exception)\b"
    r"|\b[A-Z][a-z]+Row\b"
)


def clear(told):
    """One sentence of bearable length, in nobody's programming language."""
    return len(told) < 700 and "\n" not in told and not INSIDE.search(told)


def outcome_of(data, name, tables):
    try:
        return changes_in(data, name, tables, TODAY)
    except SheetFaults as error:
        return error


def test_a_spoilt_upload_is_clean_or_told_clearly_and_touches_nothing(small, tables):
    """Of ``COMPOUND_COVERAGE_UPLOADS`` spoilt files, each one; `make uploads` runs thousands."""
    dice = random.Random(6)
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    held, _ = read_tables(small)
    whole = to_workbook(held)
    single = [to_workbook(held, file) for file in ("rules.csv", "ndcs.csv", "sources.csv")]
    sheets = {file: to_csv_sheet(held, file) for file in MODELS}
    clean = 0
    for number in range(UPLOADS):
        if number % 3 == 0:
            file = dice.choice(sorted(sheets))
            name, data = dice.choice((file, "x.csv")), dice.choice(ON_CSV)(sheets[file], dice)
        else:
            base = whole if number % 15 == 1 else dice.choice(single)
            name, data = "x.xlsx", dice.choice(ON_WORKBOOKS)(base, dice)
        outcome = outcome_of(data, name, held)
        if isinstance(outcome, SheetFaults):
            assert 1 <= len(outcome.faults) <= MOST_FAULTS
            unclear = [told for told in map(str, outcome.faults) if not clear(told)]
            assert unclear == [], number
        else:
            clean += 1
            if outcome:
                assert check_tables(with_changes(held, outcome, TODAY), TODAY) == []
    assert {path.name: path.read_bytes() for path in small.iterdir()} == before
    assert 0 < clean < UPLOADS
