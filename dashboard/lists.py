"""Drug lists: which published releases are loaded, and importing more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from compound_coverage.database import database_url
from compound_coverage.formulary.importer import Report, import_paths
from compound_coverage.formulary.lookup import Release
from compound_coverage.formulary.sources import NAMES, sources
from dashboard.identity import chosen_settings
from dashboard.parts import ask_line, drug_lists, plain, store

SOURCES = {
    "": "Find out by itself",
    "part-d": "Medicare Part D public use files",
    "marketplace": "Marketplace drug lists (JSON)",
    "fhir": "HL7 Da Vinci drug lists (NDJSON, Bundle)",
    "ndc": "FDA drug code directory",
}
ON_A_SERVER = (
    "Lists are loaded by whoever runs this server, with the command "
    "`python -m compound_coverage formulary import`."
)


def page() -> None:
    st.title("Published drug lists")
    st.markdown(
        "Plans must publish their drug lists. Once a list is loaded, each answer says if the "
        "tablet is on your own plan's list. A mix is never on such a list."
    )
    _show_loaded()
    if chosen_settings().office:
        st.info(ON_A_SERVER)
    else:
        _import()


def _show_loaded() -> None:
    st.header("What is loaded", divider="gray")
    with drug_lists() as lists:
        releases = lists.releases() if lists else []
    if not releases:
        st.info("Nothing is loaded yet.")
    for release in releases:
        with st.container(border=True):
            _show_release(release)


def _show_release(release: Release) -> None:
    st.subheader(f"{SOURCES[release.source]}, {plain(release.label)}")
    st.markdown(
        f"{release.rows_kept:,} rows are in use. {release.rows_set_aside:,} of "
        f"{release.rows_read:,} could not be understood. Loaded {release.imported_at[:10]}."
    )


def _import() -> None:
    st.header("Load more", divider="gray")
    st.markdown(
        "Give a file or folder on this computer. Zip files can stay as they are. All of it is "
        "loaded, or nothing."
    )
    with st.form("import"):
        text = ask_line("File or folder", placeholder="/home/you/Downloads/SPUF_2026.zip")
        kind = st.selectbox("What is it?", ["", *NAMES], format_func=SOURCES.__getitem__)
        pressed = st.form_submit_button("Load it", type="primary")
    if not pressed:
        return
    if not text.strip():
        st.error("Say which file or folder to load.")
        return
    _run(Path(text.strip()).expanduser(), kind or "")


def _run(path: Path, kind: str) -> None:
    # any path of this computer's disk would be read: its owner may ask that, a visitor never
    if chosen_settings().office:
        st.error(ON_A_SERVER)
        return
    bar = st.progress(0.0, text="Reading ...")
    written = 0

    def progress(_: str, rows: int) -> None:
        nonlocal written
        written += rows
        # the size of a stream is not known beforehand, so the bar nears its end by halves
        bar.progress(1 - 0.5 ** (written / 400_000), text=f"{written:,} rows written")

    try:
        reports = import_paths(store(database_url()), [path], sources(kind), progress=progress)
    except ValueError as error:
        bar.empty()
        st.error(plain(str(error)))
        return
    bar.progress(1.0, text="Done")
    _show_reports(reports)


def _show_reports(reports: Sequence[Report]) -> None:
    for report in reports:
        st.success(
            f"{SOURCES[report.source]}, {plain(report.release)}: {report.rows_kept:,} of "
            f"{report.rows_read:,} rows are loaded."
        )
        if report.reasons:
            with st.expander(f"{report.rows_set_aside:,} rows were set aside"):
                lines = sorted(report.reasons.items(), key=lambda pair: -pair[1])
                st.markdown("\n".join(f"- {count:,}: {plain(why)}" for why, count in lines))


page()
