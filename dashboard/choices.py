"""The two choices both pages ask for: the plan and the medicine."""

from __future__ import annotations

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import LINE_NAMES, STATES, unlisted_plan_id
from compound_coverage.vocabulary import LineOfBusiness, Plan
from dashboard.parts import plain

UNLISTED = "my-plan-is-not-listed"


def pick_medication(dataset: Dataset) -> str | None:
    """The id of the medicine picked, or None."""
    return st.selectbox(
        "Which medicine?",
        sorted(dataset.medications, key=lambda key: dataset.medications[key].name),
        index=None,
        format_func=lambda key: dataset.medications[key].name,
        placeholder="Type a name, such as naltrexone",
        key="medication",
        persist_state="session",
    )


def ask_plan(dataset: Dataset) -> str:
    """The id of the plan picked, or of the stand-in for one not listed; empty if none yet."""

    def label(key: str) -> str:
        return "My plan is not listed" if key == UNLISTED else dataset.plans[key].name

    plan_id = st.selectbox(
        "Which plan do you have?",
        [UNLISTED, *sorted(dataset.plans, key=label)],
        index=None,
        format_func=label,
        placeholder="Type your insurer's name",
        key="plan",
        persist_state="session",
    )
    if plan_id == UNLISTED:
        return _ask_unlisted()
    if plan_id and dataset.plans[plan_id].note:
        st.caption(plain(dataset.plans[plan_id].note))
    return plan_id or ""


def remember_plan(dataset: Dataset, plan: Plan) -> None:
    """Sets the plan question to ``plan``, before it is drawn."""
    if plan.plan_id in dataset.plans:
        st.session_state["plan"] = plan.plan_id
        return
    st.session_state["plan"] = UNLISTED
    st.session_state["line"] = plan.line_of_business
    st.session_state["state"] = next(iter(plan.states), None)


def _ask_unlisted() -> str:
    line = st.selectbox(
        "What kind of plan is it?",
        list(LineOfBusiness),
        index=None,
        format_func=lambda key: LINE_NAMES[key],
        placeholder="Pick one",
        key="line",
        persist_state="session",
    )
    state = st.selectbox(
        "Which state?",
        list(STATES),
        index=None,
        format_func=lambda key: STATES[key],
        placeholder="Pick your state",
        key="state",
        persist_state="session",
    )
    return unlisted_plan_id(line, state or "") if line else ""
