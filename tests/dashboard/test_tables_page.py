"""Edit in a spreadsheet: the workbook out, an edited one in as one proposal or as its faults."""

import io

import openpyxl
import pytest

from compound_coverage.casework.access import Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.curation.proposals import Proposals, State
from compound_coverage.dataset.maintain import dataset_files
from compound_coverage.dataset.sheets import MOST_FAULTS, read_workbook, to_csv_sheet, to_workbook
from compound_coverage.dataset.tables import read_tables
from dashboard import curation, downloads, identity
from tests.casework.conftest import Clock
from tests.curation.conftest import made_in_sqlite
from tests.dashboard.conftest import ran, words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An office made once; each test works on a copy."""
    return made_in_sqlite(tmp_path_factory)


@pytest.fixture
def desk(made, tmp_path):
    engine = open_casework(made.sqlite_copy(tmp_path))
    yield Desk(engine, made.ring, Clock())
    engine.dispose()


@pytest.fixture
def practice(made, desk):
    return made.practice_of(desk)


@pytest.fixture(autouse=True)
def proposals(desk, small, monkeypatch):
    monkeypatch.setenv("COVERAGE_DATA", str(small))
    monkeypatch.setattr(identity, "office", lambda: None)
    made = Proposals(desk, lambda: small)
    monkeypatch.setattr(curation, "proposals", lambda: made)
    # one page by itself knows no others to lead to
    monkeypatch.setattr("streamlit.page_link", lambda *_, **__: None)
    return made


@pytest.fixture
def page(visit, practice):
    return visit("tables", practice.advocate)


@pytest.fixture
def tables(small):
    return read_tables(small)[0]


@pytest.fixture
def saved(monkeypatch):
    """The files that were offered, by name."""
    files = {}
    monkeypatch.setattr(
        downloads.TICKETS, "put", lambda content, name, *_: files.update({name: content}) or "t"
    )
    return files


def press(page, label):
    [button] = [one for one in page.button if one.label == label]
    button.click()
    return ran(page)


def upload(page, data, name="edited.xlsx"):
    page.file_uploader[0].set_value((name, data, XLSX))
    return ran(page)


def edited(tables, edit, only=""):
    book = openpyxl.load_workbook(io.BytesIO(to_workbook(tables, only)))
    edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def three_edits(book):
    book["payers"]["B2"] = "Made-up $Health$ *Plan*"
    book["payers"].append(["another", "Another", "insurer"])
    book["medication_ingredients"].delete_rows(2)


def propose(page, title, why):
    page.text_input[0].set_value(title)
    page.text_area[0].set_value(why)
    return press(page, "Propose these changes")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADVOCATE])
def test_only_an_advocate_has_this_page(visit, practice, role):
    page = visit("tables", practice.actor(role))
    assert "You can't do this here" in page.info[0].value
    assert not page.file_uploader
    assert not page.button


def test_the_workbook_holds_the_tables(page, saved, tables):
    press(page, "Make the workbook")
    back = read_workbook(saved["coverage-data.xlsx"], tables, Clock()().date())
    assert dataset_files(back) == dataset_files(tables)


def test_one_table_comes_as_csv(page, saved, tables):
    [box] = [one for one in page.selectbox if one.label == "Table"]
    box.set_value("payers")
    press(ran(page), "Make the CSV file")
    assert saved == {"payers.csv": to_csv_sheet(tables, "payers.csv")}


def test_a_file_nobody_edited_leaves_nothing_to_propose(page, tables):
    page = upload(page, to_workbook(tables))
    assert "There is nothing to propose" in words(page)
    assert not page.text_area


def test_faults_are_told_by_sheet_row_and_column(page, tables, proposals, practice, saved):
    def spoil(book):
        book["payers"]["C2"] = "insurance"
        book["rules"]["F3"] = "=1+1"

    page = upload(page, edited(tables, spoil))
    told = words(page)
    assert "Nothing was changed. Mend 2 things in your file" in told
    assert "- **payers, row 2, column kind:** 'insurance' is not one of 'insurer'" in told
    assert "- **rules, row 3, column states:** the cell holds a formula" in told
    press(page, "Make a list of them to save")
    assert b"rules.csv,3,states,the cell holds a formula" in saved["mend.csv"]
    assert not page.text_area
    assert proposals.lines(practice.advocate) == []


def test_one_fault_and_faults_without_end(page):
    page = upload(page, b"a", "a.csv")
    assert "Mend one thing" in words(page)
    assert "Make a list of them to save" not in {one.label for one in page.button}
    rows = "".join(f"id-{n},,insurer,\n" for n in range(MOST_FAULTS + 1))
    page = upload(page, f"payer_id,name,kind,other_names\n{rows}".encode(), "payers.csv")
    told = words(page)
    assert "Mend 501 things" in told
    assert [fold.label for fold in page.expander][-1] == "450 more"
    assert "Not listed here: 1 more" in told


def test_a_clean_file_is_shown_and_becomes_one_proposal(page, tables, proposals, practice, small):
    before = {path.name: path.read_bytes() for path in small.glob("*.csv")}
    page = upload(page, edited(tables, three_edits))
    told = words(page)
    assert "**payers:** 1 row added, 1 row changed." in told
    assert "**medication_ingredients:** 1 row taken out." in told
    assert "- payers **made-up-health**: changed" in told
    assert "    - name: Made-up Health → Made-up $Health$ *Plan*" in told
    page = propose(page, "Payers renamed", "Their own page says so.")
    assert "It now waits for another advocate" in words(page)
    assert not page.text_area
    [line] = proposals.lines(practice.advocate)
    assert (line.title, line.state, line.mine) == ("Payers renamed", State.WAITING, True)
    [revision] = proposals.read(practice.advocate, line.proposal_id).revisions
    assert revision.why == "Their own page says so."
    assert [change.name for change in revision.changes] == [
        "payers.csv another",
        "payers.csv made-up-health",
        "medication_ingredients.csv ldn-capsule cellulose",
    ]
    assert {path.name: path.read_bytes() for path in small.glob("*.csv")} == before
    assert "It now waits" not in words(ran(page))


@pytest.mark.parametrize(
    ("title", "why", "sentence"),
    [("", "Read it.", "The title is empty"), ("Renamed", " ", "The reason is empty")],
)
def test_a_proposal_needs_a_title_and_a_reason(
    page, tables, proposals, practice, title, why, sentence
):
    page = propose(upload(page, edited(tables, three_edits)), title, why)
    assert sentence in page.error[0].value
    assert page.text_input[0].value == title
    assert proposals.lines(practice.advocate) == []


def test_what_changed_in_the_meantime_is_told(page, tables, proposals, monkeypatch, practice):
    page = upload(page, edited(tables, three_edits, ""))
    moved = tables["payers.csv"][0].model_copy(update={"name": "Moved on"})
    newer = tables | {"payers.csv": [moved, *tables["payers.csv"][1:]]}
    # it changes between the look at the file and the press of the button
    monkeypatch.setattr(proposals, "tables", lambda: newer)
    page = propose(page, "Renamed", "Read it.")
    assert "do not fit the tables any more" in page.error[0].value
    assert "**payers:** 'made-up-health' was changed by somebody else" in words(page)
    assert proposals.lines(practice.advocate) == []


def test_many_changes_are_cut_short_and_long_cells_too(page, tables):
    def many(book):
        for number in range(60):
            book["payers"].append([f"payer-{number}", f"Payer {number}", "insurer"])
        book["payers"]["D2"] = "x" * 300

    told = words(upload(page, edited(tables, many, "payers.csv")))
    assert "**payers:** 60 rows added, 1 row changed." in told
    assert "And 11 more. The proposal will show all of them." in told
    assert "other_names: MUH; Invented Insurance → " + "x" * 200 + " ..." in told


def test_a_broken_dataset_is_named(visit, practice, small):
    (small / "payers.csv").write_text("payer_id\n", encoding="utf-8")
    page = visit("tables", practice.advocate)
    assert "payers.csv, row 1" in words(page)
    assert not page.file_uploader
