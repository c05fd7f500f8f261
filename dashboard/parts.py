"""Pieces that both pages share: the dataset, safe text, and how a source is shown."""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from sqlalchemy import Engine

from compound_coverage.database import database_url, is_empty
from compound_coverage.dataset.folder import Stamp, stamp
from compound_coverage.dataset.load import BUNDLED, Dataset, load
from compound_coverage.dataset.tables import DatasetError
from compound_coverage.determination.published import PlanIndex
from compound_coverage.formulary.lookup import Formularies, reading
from compound_coverage.formulary.store import open_store
from compound_coverage.language import loose_day, say, to_say
from compound_coverage.vocabulary import Citation, Grade, Verdict

# the kinds of file a paper may come as
SCANS = ["pdf", "png", "jpg", "jpeg", "tif", "tiff", "webp"]
VERDICTS = {
    Verdict.COVERED: to_say("covered"),
    Verdict.CONDITIONAL: to_say("maybe, if some things are met"),
    Verdict.EXCEPTION_ONLY: to_say("only by exception"),
    Verdict.NOT_COVERED: to_say("not covered"),
    Verdict.UNKNOWN: to_say("not known"),
}
GRADES = {
    Grade.A: to_say("the issuer's own page"),
    Grade.B: to_say("a copy of the original text"),
    Grade.C: to_say("somebody else's summary"),
}

# Everything Streamlit's Markdown gives a meaning to: emphasis, links, math, colours, HTML.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|$:<>~^=&])")


def plain(text: str) -> str:
    """``text`` so that Streamlit's Markdown shows it letter for letter."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def dataset_folder() -> Path:
    """Where the dataset lies: ``COVERAGE_DATA``, or the bundled one."""
    return Path(os.environ.get("COVERAGE_DATA") or BUNDLED)


def dataset() -> Dataset:
    """The dataset, read anew when a table changed. Raises DatasetError if it is broken."""
    directory = dataset_folder()
    return _dataset(directory, stamp(directory))


def dataset_or_stop() -> Dataset:
    """The dataset; if it is broken, says which file and row, and ends the page."""
    try:
        return dataset()
    except DatasetError as error:
        st.title(say("The coverage data can't be used right now"))
        st.error(say("We would rather show nothing than a wrong answer. To mend:"))
        for fault in error.faults[:10]:
            st.markdown(f"- {plain(str(fault))}")
        st.stop()


@st.cache_resource(max_entries=2, show_spinner=False)
def _dataset(directory: Path, stamp: Stamp) -> Dataset:  # noqa: ARG001
    return load(directory)


@st.cache_resource(max_entries=1, show_spinner=False)
def store(url: str) -> Engine:
    """The database of published drug lists, opened once."""
    return open_store(url)


@contextmanager
def drug_lists() -> Iterator[Formularies | None]:
    """The imported drug lists, or None where nothing has been imported."""
    if is_empty():
        yield None
        return
    with reading(store(database_url())) as formularies:
        yield formularies


def plan_index(dataset: Dataset) -> PlanIndex:
    """All plans to search among, built anew only when an import has changed them."""
    with drug_lists() as formularies:
        releases = formularies.releases() if formularies else []
        newest = max((release.release_id for release in releases), default=0)
        return _plan_index(id(dataset), newest, dataset, formularies)


@st.cache_resource(max_entries=2, show_spinner=False)
def _plan_index(
    dataset_id: int,  # noqa: ARG001 (keys of the cache)
    newest: int,  # noqa: ARG001
    _dataset: Dataset,
    _formularies: Formularies | None,
) -> PlanIndex:
    return PlanIndex(_dataset, _formularies)


def ask_line(label: str, value: str = "", **options: Any) -> str:
    """A line of text that the browser does not keep in its own store to offer again.

    Takes what ``st.text_input`` takes.
    """
    return st.text_input(label, value, autocomplete="off", **options) or ""


def note(text: str) -> None:
    """Small print. Not ``st.caption``: its grey is too pale to read (3.9 to 1 on white)."""
    st.markdown(f":small[{text}]")


def show_foot() -> None:
    """What stands at the foot of every page: help, and where to turn in a crisis."""
    note(
        say(
            "Thinking about suicide? Call or text 988 at any time. This site is no medical or "
            "legal advice."
        )
    )
    with st.container(horizontal=True):
        help_link("what", say("What this is"))
        help_link("privacy", say("Your privacy"))
        help_link("crisis", say("Help in a crisis"))


def help_link(topic: str, label: str) -> None:
    """A link to one short page of help, where the question arises."""
    st.page_link(
        "dashboard/help.py", label=label, icon=":material/help:", query_params={"topic": topic}
    )


def show_picture(png: bytes, alt: str) -> None:
    """A picture inside the page itself: it has no address that others could fetch it from."""
    data = base64.b64encode(png).decode()
    st.html(
        f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" '
        'style="width:100%;border:1px solid #999">'
    )


def cite(citation: Citation) -> str:
    """One small line of Markdown: where a statement comes from, how firm it is, how old."""
    title = plain(" ".join(filter(None, [citation.title, citation.section])))
    linked = f"[{title}]({_address(citation.url)})" if citation.url else title
    return f":small[{source_words(citation, linked)}]"


def source_words(citation: Citation, title: str) -> str:
    """A citation in a sentence around ``title``, in the language of the visit."""
    if not citation.last_checked:
        return say("Source: {title}. Nobody has checked it yet.", title=title)
    read = {"copy": say(GRADES[citation.grade]), "day": loose_day(citation.last_checked)}
    if not citation.document_date:
        return say("Source: {title}. We read {copy} on {day}.", title=title, **read)
    return say(
        "Source: {title}, dated {document_date}. We read {copy} on {day}.",
        title=title,
        document_date=loose_day(citation.document_date),
        **read,
    )


def _address(url: str) -> str:
    """An address that can't break out of a Markdown link."""
    return url.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
