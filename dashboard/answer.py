"""What a visitor asked: kept for the visit only, read by every page about the answer."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.question import make_case
from compound_coverage.vocabulary import Case
from dashboard.parts import drug_lists

KEY = "asked"


class Asked(TypedDict):
    """The answers to the three questions, and what somebody knew beyond them.

    Empty and None mean not known. ``compendium`` is "", "supported" or "not_supported".
    """

    plan_id: str
    medication_id: str
    source: str
    condition_id: str
    monthly_cost: float | None
    age: float | None
    state: str
    compendium: str


def remember(asked: Asked) -> None:
    """Keeps the question for this visit."""
    st.session_state[KEY] = asked


def case_of(asked: Asked, dataset: Dataset) -> Case:
    """The case behind a question. Raises ValueError with one sentence for what does not fit."""
    condition = dataset.conditions.get(asked["condition_id"])
    with drug_lists() as formularies:
        return make_case(
            dataset,
            asked["plan_id"],
            asked["medication_id"],
            on=date.today(),
            source=asked["source"],
            diagnosis=next(iter(condition.icd10_codes), "") if condition else "",
            monthly_cost=asked["monthly_cost"],
            age=asked["age"],
            state=asked["state"],
            compendium=asked["compendium"],
            formularies=formularies,
        )


def case_of_visit(dataset: Dataset) -> Case | None:
    """The case this visitor asked about; None if there is none, or its plan is no longer there."""
    asked: Asked | None = st.session_state.get(KEY)
    if asked is None:
        return None
    try:
        return case_of(asked, dataset)
    except ValueError:
        # the dataset or the drug lists changed since
        del st.session_state[KEY]
        return None


def lead_to_the_questions(why: str, label: str) -> None:
    """What a page about the answer says where nothing was asked yet; both already said."""
    st.markdown(why)
    st.page_link("dashboard/check.py", label=label, icon=":material/arrow_back:")


def condition_of_visit(dataset: Dataset) -> str:
    """What the visitor said it is for, in a patient's English words; empty if not said."""
    asked: Asked | None = st.session_state.get(KEY)
    condition = dataset.conditions.get(asked["condition_id"]) if asked else None
    return condition.patient_words if condition else ""
