"""Check coverage: three questions, one answer, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.engine import determine
from compound_coverage.determination.phone import HAVE_READY, ask_the_pharmacy, ask_the_plan
from compound_coverage.determination.question import make_case
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Determination,
    IngredientSource,
    Medication,
    Reason,
    Verdict,
)
from dashboard.choices import ask_plan, by_label, pick_medication, pick_one, pick_state
from dashboard.parts import VERDICTS, cite, dataset_or_stop, drug_lists, note, plain
from dashboard.report import report_answer, report_one_of, report_reason, show_told

ICONS = {
    Verdict.COVERED: ":green[:material/check_circle:]",
    Verdict.CONDITIONAL: ":orange[:material/rule:]",
    Verdict.EXCEPTION_ONLY: ":orange[:material/gavel:]",
    Verdict.NOT_COVERED: ":red[:material/block:]",
    Verdict.UNKNOWN: ":blue[:material/question_mark:]",
}
HEADINGS = {
    Verdict.COVERED: "Covered",
    Verdict.CONDITIONAL: "Maybe, if some things are met",
    Verdict.EXCEPTION_ONLY: "Not covered, but you can ask for an exception",
    Verdict.NOT_COVERED: "Not covered",
    Verdict.UNKNOWN: "We could not find out",
}
SOURCES = {
    "": "I do not know",
    IngredientSource.APPROVED_PRODUCT.value: "An FDA-approved product, such as tablets",
    IngredientSource.BULK_POWDER.value: "Bulk powder",
}
SUPPORT = {
    "": "Nobody has looked yet",
    "supported": "Yes, a book supports this use",
    "not_supported": "No, we looked and found none",
}
NOT_CONFIRMED = ":material/pending: **Not confirmed yet. It did not count.**"
ASKS = {"plan": "Ask your plan", "pharmacy": "Ask your pharmacy", "prescriber": "Ask your doctor"}


class _More(NamedTuple):
    """What some people know beyond the three questions."""

    monthly_cost: float | None
    age: float | None
    state: str
    compendium: str


def page() -> None:
    dataset = dataset_or_stop()
    st.title("Will my plan pay for my compounded medicine?")
    st.markdown(
        "Answer three questions. We show what your plan's published rules say, and where "
        "they say it. This is not medical or legal advice. Nothing you pick here is stored."
    )
    case = _ask(dataset)
    if case is None:
        st.info("Pick your plan and your medicine to see the answer.")
        return
    _show(determine(case, dataset))


# -- the three questions -----------------------------------------------------------------------


def _ask(dataset: Dataset) -> Case | None:
    st.header("1. Your plan", divider="gray")
    plan_id = ask_plan(dataset)
    st.header("2. Your medicine", divider="gray")
    medication_id = pick_medication(dataset)
    source = st.radio(
        "What does the pharmacy make it from?",
        list(SOURCES),
        format_func=lambda key: SOURCES[key],
        key="source",
        persist_state="session",
        help="Your pharmacy can tell you. It often decides the answer.",
    )
    st.header("3. Your condition", divider="gray")
    condition_id = pick_one(
        "What is it for?", _conditions(dataset), "condition", "Pick one, or leave it empty"
    )
    more = _ask_more()
    _show_crisis_line(condition_id)
    if not plan_id or not medication_id:
        return None
    condition = dataset.conditions[condition_id] if condition_id else None
    with drug_lists() as formularies:
        return make_case(
            dataset,
            plan_id,
            medication_id,
            on=date.today(),
            source=source or "",
            diagnosis=next(iter(condition.icd10_codes), "") if condition else "",
            monthly_cost=more.monthly_cost,
            age=more.age,
            state=more.state,
            compendium=more.compendium,
            formularies=formularies,
        )


def _conditions(dataset: Dataset) -> dict[str, str]:
    """Conditions a person can have; an entry without any code only gathers general studies."""
    pickable = [c for c in dataset.conditions.values() if c.icd10_codes]
    return by_label({c.condition_id: c.patient_words for c in pickable})


def _ask_more() -> _More:
    with st.expander("Do you know more? It can sharpen the answer."):
        cost = st.number_input(
            "Price for one month, in dollars",
            min_value=0.0,
            max_value=100_000.0,
            value=None,
            step=10.0,
            key="monthly_cost",
            persist_state="session",
        )
        age = st.number_input(
            "Age of the patient, in years",
            min_value=0,
            max_value=130,
            value=None,
            key="age",
            persist_state="session",
        )
        state = pick_state("State you live in", "home_state")
        compendium = st.radio(
            "Does a drug reference book support this use? A pharmacist can look it up.",
            list(SUPPORT),
            format_func=lambda key: SUPPORT[key],
            key="compendium",
            persist_state="session",
        )
    return _More(cost, age, state, compendium or "")


def _show_crisis_line(condition_id: str | None) -> None:
    if condition_id and "depression" in condition_id:
        note("If you think about suicide, call or text 988 at any time. It is free.")


# -- the answer --------------------------------------------------------------------------------


def _show(answer: Determination) -> None:
    _show_verdict(answer)
    _show_conditions(answer)
    _show_sources(answer)
    _show_reasons(answer)
    _show_unknowns(answer)
    _show_steps(answer)
    _show_phone_script(answer)
    _show_medicine(answer.case.medication)
    _show_context(answer)


def _show_verdict(answer: Determination) -> None:
    decisive = next((reason for reason in answer.reasons if reason.decisive), None)
    with st.container(border=True, key="verdict"):
        st.header(f"{ICONS[answer.verdict]} {HEADINGS[answer.verdict]}", anchor="answer")
        note(f"{plain(answer.case.medication.name)}, {plain(answer.case.plan.name)}")
        st.markdown(plain(answer.summary))
        if decisive:
            st.markdown(f"**Why:** {plain(decisive.rule.summary)}")
        if answer.next_steps:
            st.markdown(f"**Do this next:** {plain(answer.next_steps[0].action)}")
        st.page_link(
            "dashboard/letter.py",
            label="Draft a letter for your doctor to sign",
            icon=":material/edit_document:",
        )


def _show_conditions(answer: Determination) -> None:
    if not answer.conditions:
        return
    st.header("What has to be true")
    for met in answer.conditions:
        st.markdown(f"- {plain(met.what)}")


def _show_sources(answer: Determination) -> None:
    st.header("Powder or approved product?")
    st.markdown("What the pharmacy starts from can change the answer:")
    for source, verdict in answer.by_source:
        st.markdown(f"- {SOURCES[source.value]}: {ICONS[verdict]} **{VERDICTS[verdict]}**")
    note(
        "The FDA does not approve compounded medicines. An approved product in the mix does not "
        "make the mix approved."
    )


def _show_reasons(answer: Determination) -> None:
    st.header("Why")
    if not answer.reasons:
        st.markdown("No published rule that we know of speaks to this.")
    for reason in answer.reasons:
        _show_reason(reason, answer.case)
    report_answer(answer.case)
    show_told(answer.case)


def _show_reason(reason: Reason, case: Case) -> None:
    with st.container(border=True):
        st.markdown(plain(reason.rule.summary))
        for mark in _marks(reason):
            st.markdown(mark)
        st.markdown(cite(reason.rule.citation))
        report_reason(reason, case)


def _marks(reason: Reason) -> Iterator[str]:
    if reason.decisive:
        yield ":material/flag: **This decides the answer.**"
    if reason.applies is None:
        yield ":material/call_split: **It depends on something we do not know.**"
    if reason.stale:
        yield ":material/history: **Last known policy. Confirm it with the plan.**"
    if reason.rule.basis == Basis.INFERRED:
        yield ":material/visibility: **This is our reading of the rule.**"
    if reason.rule.basis == Basis.UNVERIFIED:
        yield NOT_CONFIRMED


def _show_unknowns(answer: Determination) -> None:
    if not answer.unknowns:
        return
    st.header("What we do not know")
    for whom, heading in ASKS.items():
        questions = [unknown.question for unknown in answer.unknowns if unknown.ask == whom]
        if questions:
            st.subheader(heading)
            st.markdown("\n".join(f"- {plain(question)}" for question in questions))


def _show_steps(answer: Determination) -> None:
    st.header("What to do next")
    for number, step in enumerate(answer.next_steps, start=1):
        clock = f"\n\n   :material/schedule: {plain(step.deadline)}" if step.deadline else ""
        cited = f"\n\n   {cite(step.citation)}" if step.citation else ""
        st.markdown(f"{number}. {plain(step.action)}{clock}{cited}")
    if any(step.deadline for step in answer.next_steps):
        st.markdown("**The date and address on your own notice control.**")


def _show_phone_script(answer: Determination) -> None:
    with st.expander("What to say on the phone"):
        for heading, lines in (
            ("Have this ready", list(HAVE_READY)),
            ("Ask your plan", ask_the_plan(answer)),
            ("Ask your pharmacy", ask_the_pharmacy(answer)),
        ):
            st.subheader(heading)
            st.markdown("\n".join(f"1. {plain(line)}" for line in lines))


def _show_medicine(medication: Medication) -> None:
    with st.expander("About this medicine"):
        st.markdown(f"**Why it is compounded:** {plain(medication.why_compounded)}")
        st.markdown(f"**What a plan may offer instead:** {plain(medication.marketed_alternative)}")
        if medication.basis == Basis.UNVERIFIED:
            st.markdown(NOT_CONFIRMED)
        if medication.citation:
            st.markdown(cite(medication.citation))


def _show_context(answer: Determination) -> None:
    if not answer.context:
        return
    with st.expander("Also worth knowing. None of this decides the answer."):
        for reason in answer.context:
            marks = " ".join(_marks(reason))
            st.markdown(f"- {plain(reason.rule.summary)} {marks} {cite(reason.rule.citation)}")
        report_one_of(answer.context, answer.case)


page()
