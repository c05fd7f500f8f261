"""Check coverage: three questions. The answer is a page of its own."""

from __future__ import annotations

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import say, to_say
from dashboard.answer import Asked, case_of, remember
from dashboard.cards import gap, show
from dashboard.choices import (
    SOURCES,
    ask_plan,
    by_label,
    pick_medication,
    pick_one,
    pick_state,
)
from dashboard.parts import dataset_or_stop, help_link, note, plain

SUPPORT = {
    "": to_say("Nobody has looked yet"),
    "supported": to_say("Yes, a book supports this use"),
    "not_supported": to_say("No, we looked and found none"),
}


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("Will my plan pay for my compounded medicine?"))
    st.markdown(
        say(
            "Answer three questions. We show what your plan's published rules say, and where "
            "they say it. This is not medical or legal advice. Nothing you pick here is stored."
        )
    )
    asked = _ask(dataset)
    if st.button(say("Show me the answer"), key="show-answer", type="primary", width="stretch"):
        _answer(asked, dataset)
    help_link("verdict", say("How do we find the answer?"))


def _ask(dataset: Dataset) -> Asked:
    st.header(say("1. Your plan"), divider="gray")
    plan_id = ask_plan(dataset)
    st.header(say("2. Your medicine"), divider="gray")
    medication_id = pick_medication(dataset)
    source = st.radio(
        say("What does the pharmacy make it from?"),
        list(SOURCES),
        format_func=lambda key: say(SOURCES[key]),
        key="source",
        persist_state="session",
        help=say("Your pharmacy can tell you. It often decides the answer."),
    )
    st.header(say("3. Your condition"), divider="gray")
    condition_id = pick_one(
        say("What is it for?"),
        _conditions(dataset),
        "condition",
        say("Pick one, or leave it empty"),
    )
    if condition_id and "depression" in condition_id:
        note(say("If you think about suicide, call or text 988 at any time. It is free."))
    asked: Asked = {
        "plan_id": plan_id,
        "medication_id": medication_id or "",
        "source": source or "",
        "condition_id": condition_id or "",
        "monthly_cost": None,
        "age": None,
        "state": "",
        "compendium": "",
    }
    _ask_more(asked)
    return asked


def _conditions(dataset: Dataset) -> dict[str, str]:
    """Conditions a person can have; an entry without any code only gathers general studies."""
    pickable = [c for c in dataset.conditions.values() if c.icd10_codes]
    return by_label({c.condition_id: say(c.patient_words) for c in pickable})


def _ask_more(asked: Asked) -> None:
    """What some people know beyond the three questions; written into what is asked."""
    with st.expander(say("Do you know more? It can sharpen the answer."), key="know-more"):
        asked["monthly_cost"] = st.number_input(
            say("Price for one month, in dollars"),
            min_value=0.0,
            max_value=100_000.0,
            value=None,
            step=10.0,
            key="monthly_cost",
            persist_state="session",
        )
        asked["age"] = st.number_input(
            say("Age of the patient, in years"),
            min_value=0,
            max_value=130,
            value=None,
            key="age",
            persist_state="session",
        )
        asked["state"] = pick_state(say("State you live in"), "home_state")
        asked["compendium"] = (
            st.radio(
                say("Does a drug reference book support this use? A pharmacist can look it up."),
                list(SUPPORT),
                format_func=lambda key: say(SUPPORT[key]),
                key="compendium",
                persist_state="session",
            )
            or ""
        )


def _answer(asked: Asked, dataset: Dataset) -> None:
    """Goes to the answer, or says what is still to be picked."""
    missing = []
    if not asked["plan_id"]:
        missing.append(say("Your plan, in question 1"))
    if not asked["medication_id"]:
        missing.append(say("Your medicine, in question 2"))
    if missing:
        show(gap(say("Please pick these first:"), missing))
        return
    try:
        case_of(asked, dataset)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    remember(asked)
    st.switch_page("dashboard/result.py")


page()
