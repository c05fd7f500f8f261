"""Many letters at once: a sheet of cases in, a folder of drafts and a summary out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.letters.assemble import draft_for
from compound_coverage.letters.batch import Outcome, run_batch, template_sheet
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.letters.render import Draft
from compound_coverage.letters.sheet import MOST_ROWS, SheetError, read_sheet
from dashboard.downloads import offer
from dashboard.parts import dataset_or_stop, drug_lists, note, plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def page() -> None:
    dataset = dataset_or_stop()
    st.title("Many letters at once")
    st.markdown(
        "Put one case in each row of a sheet. You get a draft letter for each row, for Word and "
        "as a PDF, and a list of what is still missing. Nothing is stored on our side."
    )
    st.header("1. The sheet", divider="gray")
    offer("Download a sheet to start from", lambda: template_sheet(".xlsx"), "cases.xlsx", XLSX)
    note(
        "Row 2 is a made-up example: write over it. Leave a cell empty if the fact is not known. "
        "Columns you do not need can go."
    )
    upload = st.file_uploader("Your sheet", type=["csv", "xlsx"], key="sheet", max_upload_size=10)
    note(f"CSV or Excel, up to 10 MB and {MOST_ROWS:,} rows. File names never hold a name.")
    if st.button("Make the letters", type="primary", disabled=upload is None) and upload:
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
    bar = st.progress(0.0, text="Making the letters ...")
    held = io.BytesIO()
    today = date.today()

    def draft(case: CaseFile) -> Draft:
        return draft_for(case, dataset, case.request.letter_type, "en", today, lists)

    def told(done: int, of: int) -> None:
        bar.progress(done / of, text=f"{done} of {of} letters made")

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
    st.header("2. The letters", divider="gray")
    whole = sum(outcome.complete for outcome in outcomes)
    failed = [outcome for outcome in outcomes if outcome.problem]
    st.success(
        f"{len(outcomes) - len(failed)} of {len(outcomes)} letters are made; {whole} hold every "
        "fact they need."
    )
    offer("Download the letters", lambda: zipped, "letters.zip", "application/zip")
    if failed:
        st.error(f"{len(failed)} rows could not be used:")
        st.markdown("\n".join(f"- {plain(outcome.problem)}" for outcome in failed[:50]))
    gaps = [outcome for outcome in outcomes if outcome.missing]
    if gaps:
        with st.expander(f"What is missing ({len(gaps)} letters)"):
            st.markdown("\n".join(_gap_line(outcome) for outcome in gaps[:100]))
            note("The full list is in summary.csv.")


def _gap_line(outcome: Outcome) -> str:
    first = ", ".join(outcome.missing[:5])
    more = f" and {len(outcome.missing) - 5} more" if len(outcome.missing) > 5 else ""
    return f"- Row {outcome.number} ({plain(outcome.label)}): {plain(first)}{more}"


page()
