"""What a reader of an answer can tell us: that a line is wrong, or what their plan said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from compound_coverage.casework.keyring import KeyRingError
from compound_coverage.curation.leads import (
    LONGEST_LINE,
    LONGEST_REFERENCE,
    LONGEST_WORDS,
    How,
    Kind,
    Leads,
    Report,
)
from compound_coverage.database import StoreError, is_empty
from compound_coverage.determination.question import parse_day
from compound_coverage.vocabulary import Case, Reason, Verdict
from dashboard.curation import leads
from dashboard.parts import ask_line, plain

WRONG = "This is wrong or out of date"
ANSWERED = "My plan answered this"
TOLD = {
    Verdict.COVERED: "It is covered",
    Verdict.CONDITIONAL: "Maybe, if some things are met",
    Verdict.EXCEPTION_ONLY: "Not covered, but you can ask for an exception",
    Verdict.NOT_COVERED: "It is not covered",
    Verdict.UNKNOWN: "It could not say",
}
HOW = {How.PHONE: "By phone", How.LETTER: "In a letter", How.PORTAL: "On its website"}
SECONDS_COUNTED = 60


def report_reason(reason: Reason, case: Case) -> None:
    """The control beside one reason of an answer."""
    rule_id = reason.rule.rule_id
    if st.button(WRONG, key=f"wrong:{rule_id}", type="tertiary", icon=":material/flag:"):
        _wrong(case, [reason])


def report_one_of(reasons: Sequence[Reason], case: Case) -> None:
    """One control for a list of reasons: which of them is meant is asked when it is open."""
    if st.button("One of these is wrong or out of date", icon=":material/flag:"):
        _wrong(case, reasons)


def report_answer(case: Case) -> None:
    """The control to tell what the plan itself said; once for each answer."""
    st.markdown("Did your plan tell you something else, or the same? It helps others to know.")
    if st.button(ANSWERED, icon=":material/support_agent:"):
        _answered(case)


def show_told(case: Case) -> None:
    """What people were told, apart from what is published; nothing below three reports."""
    told = _told(case.plan.plan_id, case.medication.medication_id)
    if not told:
        return
    st.header("What people told us")
    st.markdown(
        "**This is not a published rule, and it did not count for the answer above.** People told "
        "us what this plan said to them about this medicine. We can't check what was said."
    )
    for verdict, count in told.items():
        who = "1 person was told" if count == 1 else f"{count} people were told"
        st.markdown(f"- {who}: {TOLD[verdict]}")


@st.cache_data(ttl=SECONDS_COUNTED, max_entries=1_000, show_spinner=False)
def _told(plan_id: str, medication_id: str) -> dict[Verdict, int]:
    # where nobody has reported anything, looking at an answer makes no database
    if is_empty():
        return {}
    try:
        return leads().told(plan_id, medication_id)
    except (StoreError, KeyRingError):
        return {}


# -- the two forms, made only when they are open -----------------------------------------------


@st.dialog(WRONG)
def _wrong(case: Case, reasons: Sequence[Reason]) -> None:
    _ask("wrong", lambda: _ask_wrong(case, reasons))


@st.dialog(ANSWERED)
def _answered(case: Case) -> None:
    _ask("answered", lambda: _ask_answered(case))


def _ask(name: str, ask: Callable[[], Report]) -> None:
    """Asks in a form, sends what is told, and says what comes next."""
    try:
        kept = leads()
    except (StoreError, KeyRingError) as error:
        st.error(f"We can't take a report right now. {plain(str(error))}")
        return
    place = st.empty()
    with place.container():
        st.markdown(
            "**Do not write names, dates of birth, member numbers or phone numbers.** "
            "We keep nothing about you."
        )
        with st.form(f"report-{name}", border=False):
            try:
                report, fault = ask(), ""
            except ValueError as error:
                report, fault = None, str(error)
            sent = st.form_submit_button("Send it", type="primary")
        if not sent:
            return
        fault = fault or _send(kept, report)
        if fault:
            st.error(plain(fault))
            return
    with place.container():
        _thank()


def _send(kept: Leads, report: Report | None) -> str:
    """Keeps the report; what hinders, in one sentence, or nothing."""
    try:
        if report:
            kept.report(report)
    except ValueError as error:
        return str(error)
    return ""


def _thank() -> None:
    st.success("Thank you. We have it.")
    st.markdown(
        "What comes next: somebody who keeps this data reads it and looks it up in the plan's own "
        "papers. If a paper says so, a second person checks the change. Then the answer here "
        "changes. We can't write back, for we do not know who you are."
    )
    if st.button("Close"):
        st.rerun()


def _ask_wrong(case: Case, reasons: Sequence[Reason]) -> Report:
    said = {reason.rule.rule_id: reason.rule.summary for reason in reasons}
    rule_id = next(iter(said))
    if len(said) > 1:
        rule_id = st.selectbox("Which one?", list(said), format_func=said.__getitem__)
    else:
        st.markdown(f"We say: {plain(said[rule_id])}")
    words = st.text_area("What is wrong?", max_chars=LONGEST_WORDS)
    title, address = _ask_paper("Where can we read what is right?")
    return Report(
        Kind.WRONG,
        case.plan.plan_id,
        case.medication.medication_id,
        rule_id=rule_id,
        words=words,
        title=title,
        address=address,
    )


def _ask_answered(case: Case) -> Report:
    st.markdown(f"{plain(case.medication.name)}, {plain(case.plan.name)}")
    told = st.radio("What did the plan say?", list(TOLD), index=None, format_func=TOLD.__getitem__)
    how = st.radio("How did it tell you?", list(HOW), index=None, format_func=HOW.__getitem__)
    day = ask_line("Which day was it? Write it like 2026-01-31", max_chars=10)
    reference = ask_line("Number of the call, if you have one", max_chars=LONGEST_REFERENCE)
    words = st.text_area("What else did it say?", max_chars=LONGEST_WORDS)
    title, address = _ask_paper("Did it name a paper that all can read?")
    return Report(
        Kind.ANSWERED,
        case.plan.plan_id,
        case.medication.medication_id,
        words=words,
        title=title,
        address=address,
        told=told,
        day=_day(day),
        how=how,
        reference=reference,
    )


def _ask_paper(question: str) -> tuple[str, str]:
    """Title and address of a public document. A file is not asked for: letters name a patient."""
    st.markdown(f"**{question}** Do not send us your own letter: your name is on it.")
    title = ask_line("Title of the paper", max_chars=LONGEST_LINE)
    address = ask_line("Its web address", max_chars=LONGEST_LINE)
    return title, address


def _day(text: str) -> date | None:
    return parse_day(text.strip()) if text.strip() else None
