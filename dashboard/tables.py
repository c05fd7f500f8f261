"""Edit in a spreadsheet: the tables out as a workbook, an edited one in as a proposal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from compound_coverage.casework.access import Action, Actor, Forbidden, Resource, may
from compound_coverage.curation.proposals import LONGEST_TITLE, LONGEST_WORDS
from compound_coverage.dataset.changes import Change, ChangeError
from compound_coverage.dataset.folder import Stamp, stamp
from compound_coverage.dataset.schema import TABLES
from compound_coverage.dataset.sheets import (
    MOST_ROWS,
    SheetFaults,
    changes_in,
    sheet_name,
    to_csv_sheet,
    to_workbook,
)
from compound_coverage.dataset.tables import DatasetError, Fault, Tables
from compound_coverage.spreadsheet import LARGEST_FILE, to_csv
from dashboard.curation import proposals
from dashboard.downloads import offer
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.parts import ask_line, dataset_folder, note, plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROUND = "tables-round"
SAID = "tables-said"
FOUND = "tables-found"
FAULTS_SHOWN = 50
CHANGES_SHOWN = 50
LONGEST_SHOWN = 200
TITLES = {sheet_name(model.FILE): model.TITLE for model in TABLES}

Found = list[Change] | SheetFaults


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title("Edit in a spreadsheet")
    if not may(actor, Action.DATASET_PROPOSE, Resource(actor.organisation_id)):
        st.info(plain(str(Forbidden())))
        return
    try:
        tables = proposals().tables()
    except DatasetError as error:
        st.error(plain(str(error)))
        return
    st.markdown(
        "For many changes at once. Download the tables, edit them in a spreadsheet program, and "
        "upload the file. Every cell is checked. Nothing changes until another advocate has "
        "accepted your proposal."
    )
    if SAID in st.session_state:
        st.success(plain(st.session_state.pop(SAID)))
        st.page_link("dashboard/proposals.py", label="See it in the list of proposals")
    _out(tables)
    _in(actor, tables)


# -- out ---------------------------------------------------------------------------------------


def _out(tables: Tables) -> None:
    st.header("1. The tables", divider="gray")
    offer("Make the workbook", lambda: to_workbook(tables), "coverage-data.xlsx", XLSX)
    note("A sheet for each table. The first sheet says how to edit them.")
    with st.expander("Only one table, as CSV"):
        name = st.selectbox(
            "Table", list(TITLES), format_func=lambda one: f"{one}: {TITLES.get(one, '')}"
        )
        offer(
            "Make the CSV file",
            lambda: to_csv_sheet(tables, f"{name}.csv"),
            f"{name}.csv",
            "text/csv",
        )
        note("When you open it, tell the program that all columns are text. A workbook is safer.")


# -- in ----------------------------------------------------------------------------------------


def _in(actor: Actor, tables: Tables) -> None:
    st.header("2. Your edited file", divider="gray")
    again = int(st.session_state.get(ROUND, 0))
    upload = st.file_uploader(
        "Your workbook or CSV file",
        type=["xlsx", "csv", "tsv", "txt"],
        key=f"tables-upload:{again}",
        max_upload_size=LARGEST_FILE // 1_000_000,
    )
    note(
        f"Excel or CSV, up to {LARGEST_FILE // 1_000_000} MB and {MOST_ROWS:,} rows in a table. "
        "A sheet you take out leaves its table as it is."
    )
    if upload is None:
        st.session_state.pop(FOUND, None)
        return
    found = _found(upload.file_id, upload.getvalue(), upload.name, tables)
    if isinstance(found, SheetFaults):
        _show_faults(found)
    elif not found:
        st.info("The file says just what the tables say now. There is nothing to propose.")
    else:
        _show_changes(found)
        _propose(actor, found)


def _found(file_id: str, data: bytes, name: str, tables: Tables) -> Found:
    """What is in the file, read once for each file and each state of the dataset."""
    key: tuple[str, Stamp] = file_id, stamp(dataset_folder())
    held = st.session_state.get(FOUND)
    if held is None or held[0] != key:
        with st.spinner("Checking every cell ..."):
            held = key, _read(data, name, tables)
        st.session_state[FOUND] = held
    found: Found = held[1]
    return found


def _read(data: bytes, name: str, tables: Tables) -> Found:
    try:
        return changes_in(data, name, tables, proposals().desk.now().date())
    except SheetFaults as error:
        return error


# -- faults ------------------------------------------------------------------------------------


def _show_faults(error: SheetFaults) -> None:
    count = len(error.faults) + error.more
    things = "one thing" if count == 1 else f"{count:,} things"
    st.error(f"Nothing was changed. Mend {things} in your file, then upload it again.")
    st.markdown(_fault_list(error.faults[:FAULTS_SHOWN]))
    rest = error.faults[FAULTS_SHOWN:]
    if rest:
        with st.expander(f"{len(rest):,} more"):
            st.markdown(_fault_list(rest))
    if error.more:
        note(f"Not listed here: {error.more:,} more. Mend these first.")
    if len(error.faults) > 1:
        offer(
            "Make a list of them to save", lambda: _fault_csv(error.faults), "mend.csv", "text/csv"
        )


def _fault_list(faults: Sequence[Fault]) -> str:
    return "\n".join(f"- **{plain(_place(fault))}:** {plain(fault.message)}" for fault in faults)


def _place(fault: Fault) -> str:
    told = [fault.file.removesuffix(".csv")] if fault.file.endswith(".csv") else [fault.file]
    if fault.row is not None:
        told.append(f"row {fault.row}")
    if fault.column:
        told.append(f"column {fault.column}")
    return ", ".join(told)


def _fault_csv(faults: Sequence[Fault]) -> bytes:
    rows = [[one.file, str(one.row or ""), one.column, one.message] for one in faults]
    return to_csv(["file", "row", "column", "message"], rows)


# -- changes -----------------------------------------------------------------------------------


def _show_changes(changes: Sequence[Change]) -> None:
    st.header("3. What changes", divider="gray")
    for file, of_one in groupby(changes, key=lambda change: change.file):
        counts = Counter(_kind(change) for change in of_one)
        told = ", ".join(f"{_rows(counts[kind])} {kind}" for kind in KINDS if counts[kind])
        st.markdown(f"**{plain(sheet_name(file))}:** {told}.")
    st.markdown("\n".join(_change_lines(change) for change in changes[:CHANGES_SHOWN]))
    if len(changes) > CHANGES_SHOWN:
        note(f"And {len(changes) - CHANGES_SHOWN:,} more. The proposal will show all of them.")


KINDS = ("added", "changed", "taken out")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _kind(change: Change) -> str:
    if change.before is None:
        return "added"
    return "taken out" if change.after is None else "changed"


def _change_lines(change: Change) -> str:
    key = " ".join(filter(None, change.key)) or "the row for all"
    line = f"- {plain(sheet_name(change.file))} **{plain(key)}**: {_kind(change)}"
    if change.before is None or change.after is None:
        return line
    cells = [
        f"    - {plain(column)}: {_cell(change.before.get(column, ''))} → "
        f"{_cell(change.after.get(column, ''))}"
        for column in change.columns
    ]
    return "\n".join([line, *cells])


def _cell(text: str) -> str:
    if not text:
        return "(empty)"
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} ..."
    return plain(cut)


def _propose(actor: Actor, changes: Sequence[Change]) -> None:
    st.header("4. Your proposal", divider="gray")
    with st.form("tables-proposal"):
        title = ask_line("Title", max_chars=LONGEST_TITLE, help="What a reader of the list sees.")
        why = st.text_area("Why, and where you read it", max_chars=LONGEST_WORDS)
        pressed = st.form_submit_button("Propose these changes", type="primary")
    if not pressed:
        return
    try:
        proposals().propose(actor, title, why, changes)
    except ChangeError as error:
        st.error("The changes do not fit the tables any more:")
        st.markdown(_fault_list(error.faults[:FAULTS_SHOWN]))
        return
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.session_state[SAID] = "Proposed. It now waits for another advocate to look at it."
    st.session_state[ROUND] = int(st.session_state.get(ROUND, 0)) + 1
    st.session_state.pop(FOUND, None)
    st.rerun()


page()
