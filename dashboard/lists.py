"""Drug lists: which published releases are loaded, and importing more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from compound_coverage.database import database_url
from compound_coverage.formulary.importer import Report, import_paths
from compound_coverage.formulary.lookup import Release
from compound_coverage.formulary.sources import NAMES, sources
from compound_coverage.language import loose_day, number, say, say_many, to_say
from dashboard.identity import chosen_settings
from dashboard.parts import ask_line, drug_lists, plain, store

SOURCES = {
    "": to_say("Find out by itself"),
    "part-d": to_say("Medicare Part D public use files"),
    "marketplace": to_say("Marketplace drug lists (JSON)"),
    "fhir": to_say("HL7 Da Vinci drug lists (NDJSON, Bundle)"),
    "ndc": to_say("FDA drug code directory"),
}
ON_A_SERVER = to_say(
    "Lists are loaded by whoever runs this server, with the command "
    "`python -m compound_coverage formulary import`."
)


def page() -> None:
    st.title(say("Published drug lists"))
    st.markdown(
        say(
            "Plans must publish their drug lists. Once a list is loaded, each answer says if the "
            "tablet is on your own plan's list. A mix is never on such a list."
        )
    )
    _show_loaded()
    if chosen_settings().office:
        st.info(say(ON_A_SERVER))
    else:
        _import()


def _show_loaded() -> None:
    st.header(say("What is loaded"), divider="gray")
    with drug_lists() as lists:
        releases = lists.releases() if lists else []
    if not releases:
        st.info(say("Nothing is loaded yet."))
    for release in releases:
        with st.container(border=True):
            _show_release(release)


def _show_release(release: Release) -> None:
    st.subheader(f"{say(SOURCES[release.source])}, {plain(release.label)}")
    st.markdown(
        say(
            "{kept} rows are in use. {aside} of {read} could not be understood. Loaded {day}.",
            kept=number(release.rows_kept),
            aside=number(release.rows_set_aside),
            read=number(release.rows_read),
            day=loose_day(release.imported_at[:10]),
        )
    )


def _import() -> None:
    st.header(say("Load more"), divider="gray")
    st.markdown(
        say(
            "Give a file or folder on this computer. Zip files can stay as they are. All of it "
            "is loaded, or nothing."
        )
    )
    with st.form("import"):
        text = ask_line(
            say("File or folder"),
            key="import-path",
            placeholder="/home/you/Downloads/SPUF_2026.zip",
        )
        kind = st.selectbox(
            say("What is it?"),
            ["", *NAMES],
            format_func=lambda name: say(SOURCES[name]),
            key="import-kind",
        )
        pressed = st.form_submit_button(say("Load it"), key="import-load", type="primary")
    if not pressed:
        return
    if not text.strip():
        st.error(say("Say which file or folder to load."))
        return
    _run(Path(text.strip()).expanduser(), kind or "")


def _run(path: Path, kind: str) -> None:
    # any path of this computer's disk would be read: its owner may ask that, a visitor never
    if chosen_settings().office:
        st.error(say(ON_A_SERVER))
        return
    bar = st.progress(0.0, text=say("Reading ..."))
    written = 0

    def progress(_: str, rows: int) -> None:
        nonlocal written
        written += rows
        # the size of a stream is not known beforehand, so the bar nears its end by halves
        told = say_many("1 row written", "{count} rows written", written)
        bar.progress(1 - 0.5 ** (written / 400_000), text=told)

    try:
        reports = import_paths(store(database_url()), [path], sources(kind), progress=progress)
    except ValueError as error:
        bar.empty()
        st.error(plain(str(error)))
        return
    bar.progress(1.0, text=say("Done"))
    _show_reports(reports)


def _show_reports(reports: Sequence[Report]) -> None:
    for report in reports:
        st.success(
            say(
                "{list}: {kept} of {read} rows are loaded.",
                list=f"{say(SOURCES[report.source])}, {plain(report.release)}",
                kept=number(report.rows_kept),
                read=number(report.rows_read),
            )
        )
        if report.reasons:
            title = say_many(
                "1 row was set aside", "{count} rows were set aside", report.rows_set_aside
            )
            with st.expander(title, key=f"aside:{report.source}:{report.release}"):
                lines = sorted(report.reasons.items(), key=lambda pair: -pair[1])
                told = [f"- {number(count)}: {plain(say(why))}" for why, count in lines]
                st.markdown("\n".join(told))


page()
