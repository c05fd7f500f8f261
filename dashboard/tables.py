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
from compound_coverage.language import number, say, say_many, to_say
from compound_coverage.spreadsheet import LARGEST_FILE, to_csv
from dashboard.curation import dataset_tables, proposals
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
    st.title(say("Edit in a spreadsheet"))
    if not may(actor, Action.DATASET_PROPOSE, Resource(actor.organisation_id)):
        st.info(plain(str(Forbidden())))
        return
    try:
        tables = dataset_tables()
    except DatasetError as error:
        st.error(plain(str(error)))
        return
    st.markdown(
        say(
            "For many changes at once. Download the tables, edit them in a spreadsheet program, "
            "and upload the file. Every cell is checked. Nothing changes until another advocate "
            "has accepted your proposal."
        )
    )
    if SAID in st.session_state:
        st.success(plain(st.session_state.pop(SAID)))
        st.page_link("dashboard/proposals.py", label=say("See it in the list of proposals"))
    _out(tables)
    _in(actor, tables)


# -- out ---------------------------------------------------------------------------------------


def _out(tables: Tables) -> None:
    st.header(say("1. The tables"), divider="gray")
    offer(say("Make the workbook"), lambda: to_workbook(tables), "coverage-data.xlsx", XLSX)
    note(say("A sheet for each table. The first sheet says how to edit them."))
    with st.expander(say("Only one table, as CSV")):
        name = st.selectbox(
            say("Table"),
            list(TITLES),
            format_func=lambda one: f"{one}: {say(TITLES.get(one, ''))}",
            key="tables-table",
        )
        offer(
            say("Make the CSV file"),
            lambda: to_csv_sheet(tables, f"{name}.csv"),
            f"{name}.csv",
            "text/csv",
        )
        note(
            say(
                "When you open it, tell the program that all columns are text. A workbook is safer."
            )
        )


# -- in ----------------------------------------------------------------------------------------


def _in(actor: Actor, tables: Tables) -> None:
    st.header(say("2. Your edited file"), divider="gray")
    again = int(st.session_state.get(ROUND, 0))
    upload = st.file_uploader(
        say("Your workbook or CSV file"),
        type=["xlsx", "csv", "tsv", "txt"],
        key=f"tables-upload:{again}",
        max_upload_size=LARGEST_FILE // 1_000_000,
    )
    note(
        say(
            "Excel or CSV, up to {megabytes} MB and {rows} rows in a table. A sheet you take out "
            "leaves its table as it is.",
            megabytes=LARGEST_FILE // 1_000_000,
            rows=number(MOST_ROWS),
        )
    )
    if upload is None:
        st.session_state.pop(FOUND, None)
        return
    found = _found(upload.file_id, upload.getvalue(), upload.name, tables)
    if isinstance(found, SheetFaults):
        _show_faults(found)
    elif not found:
        st.info(say("The file says just what the tables say now. There is nothing to propose."))
    else:
        _show_changes(found)
        _propose(actor, found)


def _found(file_id: str, data: bytes, name: str, tables: Tables) -> Found:
    """What is in the file, read once for each file and each state of the dataset."""
    key: tuple[str, Stamp] = file_id, stamp(dataset_folder())
    held = st.session_state.get(FOUND)
    if held is None or held[0] != key:
        with st.spinner(say("Checking every cell ...")):
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
    told = say_many(
        "Nothing was changed. Mend one thing in your file, then upload it again.",
        "Nothing was changed. Mend {count} things in your file, then upload it again.",
        count,
    )
    st.error(told)
    st.markdown(_fault_list(error.faults[:FAULTS_SHOWN]))
    rest = error.faults[FAULTS_SHOWN:]
    if rest:
        with st.expander(say("{count} more", count=number(len(rest)))):
            st.markdown(_fault_list(rest))
    if error.more:
        note(say("Not listed here: {count} more. Mend these first.", count=number(error.more)))
    if len(error.faults) > 1:
        offer(
            say("Make a list of them to save"),
            lambda: _fault_csv(error.faults),
            "mend.csv",
            "text/csv",
        )


def _fault_list(faults: Sequence[Fault]) -> str:
    return "\n".join(
        f"- **{plain(_place(fault))}:** {plain(say(fault.message))}" for fault in faults
    )


def _place(fault: Fault) -> str:
    told = [fault.file.removesuffix(".csv")] if fault.file.endswith(".csv") else [fault.file]
    if fault.row is not None:
        told.append(say("row {row}", row=fault.row))
    if fault.column:
        told.append(say("column {column}", column=fault.column))
    return ", ".join(told)


def _fault_csv(faults: Sequence[Fault]) -> bytes:
    rows = [[one.file, str(one.row or ""), one.column, say(one.message)] for one in faults]
    return to_csv([say("file"), say("row"), say("column"), say("message")], rows)


# -- changes -----------------------------------------------------------------------------------


def _show_changes(changes: Sequence[Change]) -> None:
    st.header(say("3. What changes"), divider="gray")
    for file, of_one in groupby(changes, key=lambda change: change.file):
        counts = Counter(_kind(change) for change in of_one)
        told = ", ".join(
            _counted(kind, counts[kind]) for kind in (ADDED, CHANGED, TAKEN_OUT) if counts[kind]
        )
        st.markdown(f"**{plain(sheet_name(file))}:** {told}.")
    st.markdown("\n".join(_change_lines(change) for change in changes[:CHANGES_SHOWN]))
    if len(changes) > CHANGES_SHOWN:
        rest = number(len(changes) - CHANGES_SHOWN)
        note(say("And {count} more. The proposal will show all of them.", count=rest))


ADDED, CHANGED, TAKEN_OUT = "added", "changed", "taken out"


def _counted(kind: str, count: int) -> str:
    if kind == ADDED:
        return say_many("{count} row added", "{count} rows added", count)
    if kind == CHANGED:
        return say_many("{count} row changed", "{count} rows changed", count)
    return say_many("{count} row taken out", "{count} rows taken out", count)


DEEDS = {
    ADDED: to_say("{sheet} **{row}**: added"),
    CHANGED: to_say("{sheet} **{row}**: changed"),
    TAKEN_OUT: to_say("{sheet} **{row}**: taken out"),
}


def _kind(change: Change) -> str:
    if change.before is None:
        return ADDED
    return TAKEN_OUT if change.after is None else CHANGED


def _change_lines(change: Change) -> str:
    key = " ".join(filter(None, change.key)) or say("the row for all")
    told = say(DEEDS[_kind(change)], sheet=plain(sheet_name(change.file)), row=plain(key))
    line = f"- {told}"
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
        return say("(empty)")
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} ..."
    return plain(cut)


def _propose(actor: Actor, changes: Sequence[Change]) -> None:
    st.header(say("4. Your proposal"), divider="gray")
    again = int(st.session_state.get(ROUND, 0))
    with st.form("tables-proposal"):
        title = ask_line(
            say("Title"),
            max_chars=LONGEST_TITLE,
            help=say("What a reader of the list sees."),
            key=f"tables-title:{again}",
        )
        why = st.text_area(
            say("Why, and where you read it"), max_chars=LONGEST_WORDS, key=f"tables-why:{again}"
        )
        pressed = st.form_submit_button(
            say("Propose these changes"), type="primary", key="tables-propose"
        )
    if not pressed:
        return
    try:
        proposals().propose(actor, title, why, changes)
    except ChangeError as error:
        st.error(say("The changes do not fit the tables any more:"))
        st.markdown(_fault_list(error.faults[:FAULTS_SHOWN]))
        return
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.session_state[SAID] = say("Proposed. It now waits for another advocate to look at it.")
    st.session_state[ROUND] = again + 1
    st.session_state.pop(FOUND, None)
    st.rerun()


page()
