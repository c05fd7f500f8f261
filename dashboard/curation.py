"""What the pages of those who keep the dataset share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import streamlit as st

from compound_coverage.casework.access import Actor
from compound_coverage.curation.documents import (
    Documents,
    KeptDocument,
    page_picture,
    pages_of,
)
from compound_coverage.curation.draft import RuleDraft, trial_dataset
from compound_coverage.curation.leads import Leads
from compound_coverage.curation.near import Near, near_rules
from compound_coverage.curation.preview import PatientView, Shown, patient_view, shown
from compound_coverage.curation.problems import Problem, problems
from compound_coverage.curation.proposals import Proposals
from compound_coverage.curation.publishing import Publisher
from compound_coverage.dataset import schema
from compound_coverage.dataset.folder import Stamp, stamp
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.tables import DatasetError, Tables, read_tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import is_translated, say, spoken
from dashboard.choices import by_label
from dashboard.identity import office
from dashboard.parts import dataset_folder, plain


@st.cache_resource(max_entries=1, show_spinner=False)
def proposals() -> Proposals:
    """The proposals to the dataset of this server, made once. Raises StoreError, KeyRingError."""
    return Proposals(office().desk, dataset_folder)


@st.cache_resource(max_entries=1, show_spinner=False)
def publisher() -> Publisher:
    """What publishes into the dataset of this server. Raises StoreError, KeyRingError."""
    return Publisher(office().desk, dataset_folder)


@st.cache_resource(max_entries=1, show_spinner=False)
def leads() -> Leads:
    """What people report to this server, made once. Raises StoreError, KeyRingError."""
    return Leads(office().desk)


def dataset_tables() -> Tables:
    """The rows of the dataset, read anew when a table changed; nobody changes what is returned.

    Raises DatasetError if it is broken.
    """
    directory = dataset_folder()
    return _tables(directory, stamp(directory))


# not a cache of Streamlit: to make a hash of what names the state of the data takes it longer than
# all that is asked for here
@lru_cache(maxsize=2)
def _tables(directory: Path, at: Stamp) -> Tables:  # noqa: ARG001 (a key of the cache)
    tables, faults = read_tables(directory)
    if faults:
        raise DatasetError(faults)
    return tables


def rule_names() -> dict[str, str]:
    """Every rule of the dataset by its id, as it is called in a list. Raises DatasetError."""
    directory = dataset_folder()
    return _rule_names(directory, stamp(directory), spoken())


@lru_cache(maxsize=4)
def _rule_names(directory: Path, at: Stamp, language: str) -> dict[str, str]:  # noqa: ARG001
    tables = _tables(directory, at)
    payers = {row.payer_id: row.name for row in rows_of(tables, schema.PayerRow)}
    plans = {row.plan_id: row.name for row in rows_of(tables, schema.PlanRow)}

    def name(row: schema.RuleRow) -> str:
        owner = payers.get(row.payer_id) or plans.get(row.plan_id) or row.level.value
        return f"{owner}: {say(row.summary)} [{row.rule_id}]"

    found = {row.rule_id: name(row) for row in rows_of(tables, schema.RuleRow)}
    return dict(sorted(found.items(), key=lambda pair: pair[1].casefold()))


def document_names() -> dict[str, str]:
    """Every document of the dataset by its id, as it is called in a list. Raises DatasetError."""
    directory = dataset_folder()
    return _document_names(directory, stamp(directory))


@lru_cache(maxsize=2)
def _document_names(directory: Path, at: Stamp) -> dict[str, str]:
    rows = rows_of(_tables(directory, at), schema.SourceRow)
    return by_label({row.source_id: _document_name(row) for row in rows})


def _document_name(row: schema.SourceRow) -> str:
    dated = f", {row.document_date}" if row.document_date else ""
    return f"{row.title} ({row.publisher}{dated})"


# What is kept never changes and is public; who is not let in comes to none of it.


@st.cache_data(max_entries=8, show_spinner=False)
def kept_text(sha256: str, _actor: Actor, _documents: Documents) -> list[str]:
    """The text of a kept paper, page by page. Raises DocumentError, Forbidden, StoreError."""
    return pages_of(_documents.read(_actor, sha256)[1])


@st.cache_data(max_entries=32, show_spinner=False)
def kept_document(sha256: str, _actor: Actor, _documents: Documents) -> KeptDocument:
    """A kept paper without its bytes. Raises DocumentError, Forbidden, StoreError."""
    return _documents.read(_actor, sha256)[0]


@st.cache_data(max_entries=8, show_spinner=False)
def kept_picture(
    sha256: str, number: int, passage: str, _actor: Actor, _documents: Documents
) -> bytes:
    """A page of a kept paper as a PNG, the passage marked. Raises as above, and PageError."""
    return page_picture(_documents.read(_actor, sha256)[1], number, passage)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a draft would do, as far as it can be tried."""

    view: PatientView
    near: Sequence[Near]
    cases: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What a draft would do (None while it can't be tried), and what is wrong with it."""

    tried: Tried | None
    problems: Sequence[Problem]


def work_out(
    draft: RuleDraft, old: Dataset, tables: Tables, today: date, text: Sequence[str]
) -> WorkedOut:
    """What a draft would do to the dataset ``old``, which is what ``tables`` come to.

    ``text`` is the text of the attached paper, page by page, if there is one.
    """
    found = trial_dataset(draft, old, tables, today)
    wrong = problems(draft, tables, today, text)
    if found is None:
        return WorkedOut(None, wrong)
    rule_id, new = found
    rule = new.rules_by_id[rule_id]
    tried = Tried(patient_view(rule, today), near_rules(rule, new), shown(rule, old, new, today))
    return WorkedOut(tried, wrong)


def from_data(text: str) -> str:
    """Words of the coverage data as Markdown: translated, or marked as only in English."""
    if is_translated(text):
        return plain(say(text))
    return f"{plain(text)} ({plain(say('only in English'))})"
