"""The choices people make from a list, and the two that both pages ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import (
    LINE_NAMES,
    STATES,
    UNLISTED_PREFIX,
    unlisted_plan_id,
)
from compound_coverage.vocabulary import Plan
from dashboard.parts import ask_line, note, plain, plan_index

UNLISTED = "my-plan-is-not-listed"
MOST_FOUND = 8
T = TypeVar("T")


def pick_one(label: str, names: Mapping[T, str], key: str, placeholder: str) -> T | None:
    """The key picked from ``names`` (key to label, in the order shown), or None if none yet."""
    return st.selectbox(
        label,
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder=placeholder,
        key=key,
        persist_state="session",
    )


def by_label(names: Mapping[str, str]) -> dict[str, str]:
    """The same choices, sorted by what a person reads."""
    return dict(sorted(names.items(), key=lambda pair: pair[1].casefold()))


def pick_state(label: str, key: str) -> str:
    """Two letters, or nothing."""
    return pick_one(label, STATES, key, "Pick your state") or ""


def pick_medication(dataset: Dataset) -> str | None:
    """The id of the medicine picked, or None."""
    names = by_label({m.medication_id: m.name for m in dataset.medications.values()})
    return pick_one("Which medicine?", names, "medication", "Type a name, such as naltrexone")


def ask_plan(dataset: Dataset) -> str:
    """The id of the plan picked, or of the stand-in for one not listed; empty if none yet."""
    names = {UNLISTED: "My plan is not listed"}
    names |= by_label({plan.plan_id: plan.name for plan in dataset.plans.values()})
    plan_id = pick_one("Which plan do you have?", names, "plan", "Type your insurer's name")
    if plan_id == UNLISTED:
        return _ask_imported(dataset) or _ask_unlisted()
    if plan_id and dataset.plans[plan_id].note:
        note(plain(dataset.plans[plan_id].note))
    return plan_id or ""


def _ask_imported(dataset: Dataset) -> str:
    """Searches the plans of the imported drug lists; empty if there are none, or none is picked."""
    index = plan_index(dataset)
    if len(index.plans) == len(dataset.plans):
        return ""
    text = ask_line(
        "Search all published plans",
        placeholder="Plan name, company, county, or plan number",
        key="plan_search",
        persist_state="session",
    )
    if not text:
        return ""
    found = [plan for plan in index.find(text) if plan.plan_id not in dataset.plans][:MOST_FOUND]
    if not found:
        st.markdown("No published plan has such a name.")
        return ""
    labels = {plan.plan_id: f"{plan.name} ({plan.plan_id})" for plan in found}
    labels[""] = "None of these"
    return st.radio("Which one?", list(labels), format_func=labels.__getitem__) or ""


def remember_plan(dataset: Dataset, plan: Plan) -> None:
    """Sets the plan question to ``plan``, before it is drawn."""
    if plan.plan_id in dataset.plans:
        st.session_state["plan"] = plan.plan_id
        return
    st.session_state["plan"] = UNLISTED
    if not plan.plan_id.startswith(UNLISTED_PREFIX):
        st.session_state["plan_search"] = plan.plan_id
        return
    st.session_state["line"] = plan.line_of_business
    st.session_state["state"] = next(iter(plan.states), None)


def _ask_unlisted() -> str:
    line = pick_one("What kind of plan is it?", LINE_NAMES, "line", "Pick one")
    state = pick_state("Which state?", "state")
    return unlisted_plan_id(line, state) if line else ""
