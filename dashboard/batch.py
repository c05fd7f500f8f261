"""Many letters at once: a sheet of cases in, a folder of drafts and a summary out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import number, say, say_many
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.batch import Outcome, run_batch, template_sheet
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.render import Draft
from compound_coverage.letters.sheet import MOST_ROWS, SheetError, read_sheet
from dashboard.downloads import offer
from dashboard.parts import dataset_or_stop, drug_lists, note, plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST_MB = 10
FIRST = 5  # of the missing facts of a letter, how many are named on the page


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("Many letters at once"))
    st.markdown(
        say(
            "Put one case in each row of a sheet. You get a draft letter for each row, for Word "
            "and as a PDF, and a list of what is still missing. Nothing is stored on our side."
        )
    )
    st.header(say("1. The sheet"), divider="gray")
    offer(
        say("Download a sheet to start from"), lambda: template_sheet(".xlsx"), "cases.xlsx", XLSX
    )
    note(
        say(
            "Row 2 is a made-up example: write over it. Leave a cell empty if the fact is not "
            "known. Columns you do not need can go."
        )
    )
    upload = st.file_uploader(
        say("Your sheet"), type=["csv", "xlsx"], key="sheet", max_upload_size=LARGEST_MB
    )
    note(
        say(
            "CSV or Excel, up to {megabytes} MB and {rows} rows. File names never hold a name.",
            megabytes=LARGEST_MB,
            rows=number(MOST_ROWS),
        )
    )
    pressed = st.button(
        say("Make the letters"), type="primary", disabled=upload is None, key="batch-make"
    )
    if pressed and upload:
        _make(dataset, upload.getvalue(), upload.name)
    made = st.session_state.get("batch")
    if made:
        _show(*made)


def _make(dataset: Dataset, data: bytes, name: str) -> None:
    try:
        rows = read_sheet(data, name)
    except SheetError as error:
        st.error(plain(str(error)))
        return
    bar = st.progress(0.0, text=say("Making the letters ..."))
    held = io.BytesIO()
    today = date.today()

    def draft(case: CaseFile) -> Draft:
        return draft_for(case, dataset, case.request.letter_type, "en", today, lists)

    def told(done: int, of: int) -> None:
        bar.progress(
            done / of, text=say("{done} of {all} letters made", done=number(done), all=number(of))
        )

    with drug_lists() as lists, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        outcomes = run_batch(
            rows,
            draft,
            archive.writestr,
            told,
        )
    bar.empty()
    st.session_state["batch"] = (outcomes, held.getvalue())


def _show(outcomes: Sequence[Outcome], zipped: bytes) -> None:
    st.header(say("2. The letters"), divider="gray")
    whole = sum(outcome.complete for outcome in outcomes)
    failed = [outcome for outcome in outcomes if outcome.problem]
    st.success(
        say(
            "{made} of {all} letters are made; {whole} hold every fact they need.",
            made=number(len(outcomes) - len(failed)),
            all=number(len(outcomes)),
            whole=number(whole),
        )
    )
    offer(say("Download the letters"), lambda: zipped, "letters.zip", "application/zip")
    if failed:
        st.error(
            say_many("1 row could not be used:", "{count} rows could not be used:", len(failed))
        )
        st.markdown("\n".join(f"- {plain(outcome.problem)}" for outcome in failed[:50]))
    gaps = [outcome for outcome in outcomes if outcome.missing]
    if gaps:
        title = say_many(
            "What is missing (1 letter)", "What is missing ({count} letters)", len(gaps)
        )
        with st.expander(title):
            st.markdown("\n".join(_gap_line(outcome) for outcome in gaps[:100]))
            note(say("The full list is in summary.csv."))


def _gap_line(outcome: Outcome) -> str:
    about = {
        "row": outcome.number,
        "letter": plain(outcome.label),
        "missing": plain(", ".join(outcome.missing[:FIRST])),
    }
    more = len(outcome.missing) - FIRST
    told = (
        say("Row {row} ({letter}): {missing} and {more} more", **about, more=number(more))
        if more > 0
        else say("Row {row} ({letter}): {missing}", **about)
    )
    return f"- {told}"


page()
