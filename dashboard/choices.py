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
from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import IngredientSource, Plan
from dashboard.parts import ask_line, note, plain, plan_index

SOURCES = {
    "": to_say("I do not know"),
    IngredientSource.APPROVED_PRODUCT.value: to_say("An FDA-approved product, such as tablets"),
    IngredientSource.BULK_POWDER.value: to_say("Bulk powder"),
}
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
    return pick_one(label, STATES, key, say("Pick your state")) or ""


def pick_medication(dataset: Dataset) -> str | None:
    """The id of the medicine picked, or None."""
    names = by_label({m.medication_id: say(m.name) for m in dataset.medications.values()})
    return pick_one(
        say("Which medicine?"), names, "medication", say("Type a name, such as naltrexone")
    )


def ask_plan(dataset: Dataset) -> str:
    """The id of the plan picked, or of the stand-in for one not listed; empty if none yet."""
    names = {UNLISTED: say("My plan is not listed")}
    names |= by_label({plan.plan_id: plan.name for plan in dataset.plans.values()})
    plan_id = pick_one(
        say("Which plan do you have?"), names, "plan", say("Type your insurer's name")
    )
    if plan_id == UNLISTED:
        return _ask_imported(dataset) or _ask_unlisted()
    if plan_id and dataset.plans[plan_id].note:
        note(plain(say(dataset.plans[plan_id].note)))
    return plan_id or ""


def _ask_imported(dataset: Dataset) -> str:
    """Searches the plans of the imported drug lists; empty if there are none, or none is picked."""
    index = plan_index(dataset)
    if len(index.plans) == len(dataset.plans):
        return ""
    text = ask_line(
        say("Search all published plans"),
        placeholder=say("Plan name, company, county, or plan number"),
        key="plan_search",
        persist_state="session",
    )
    if not text:
        return ""
    found = [plan for plan in index.find(text) if plan.plan_id not in dataset.plans][:MOST_FOUND]
    if not found:
        st.markdown(say("No published plan has such a name."))
        return ""
    labels = {plan.plan_id: f"{plan.name} ({plan.plan_id})" for plan in found}
    labels[""] = say("None of these")
    return (
        st.radio(
            say("Which one?"),
            list(labels),
            format_func=labels.__getitem__,
            key="plan_found",
            persist_state="session",
        )
        or ""
    )


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
    kinds = {line: say(name) for line, name in LINE_NAMES.items()}
    line = pick_one(say("What kind of plan is it?"), kinds, "line", say("Pick one"))
    state = pick_state(say("Which state?"), "state")
    return unlisted_plan_id(line, state) if line else ""
