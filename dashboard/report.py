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
from compound_coverage.language import say, say_many, to_say
from compound_coverage.vocabulary import Case, Reason, Verdict
from dashboard.curation import leads
from dashboard.parts import ask_line, plain

WRONG = to_say("This is wrong or out of date")
ANSWERED = to_say("My plan answered this")
TOLD = {
    Verdict.COVERED: to_say("It is covered"),
    Verdict.CONDITIONAL: to_say("Maybe, if some things are met"),
    Verdict.EXCEPTION_ONLY: to_say("Not covered, but you can ask for an exception"),
    Verdict.NOT_COVERED: to_say("It is not covered"),
    Verdict.UNKNOWN: to_say("It could not say"),
}
HOW = {
    How.PHONE: to_say("By phone"),
    How.LETTER: to_say("In a letter"),
    How.PORTAL: to_say("On its website"),
}
SECONDS_COUNTED = 60


def report_reason(reason: Reason, case: Case) -> None:
    """The control beside one reason of an answer."""
    rule_id = reason.rule.rule_id
    if st.button(say(WRONG), key=f"wrong:{rule_id}", type="tertiary", icon=":material/flag:"):
        _wrong(case, [reason])


def report_one_of(reasons: Sequence[Reason], case: Case) -> None:
    """One control for a list of reasons: which of them is meant is asked when it is open."""
    label = say("One of these is wrong or out of date")
    if st.button(label, key="wrong-one-of", icon=":material/flag:"):
        _wrong(case, reasons)


def report_answer(case: Case) -> None:
    """The control to tell what the plan itself said; once for each answer."""
    st.markdown(say("Did your plan tell you something else, or the same? It helps others to know."))
    if st.button(say(ANSWERED), key="plan-answered", icon=":material/support_agent:"):
        _answered(case)


def show_told(case: Case) -> None:
    """What people were told, apart from what is published; nothing below three reports."""
    told = _told(case.plan.plan_id, case.medication.medication_id)
    if not told:
        return
    st.header(say("What people told us"))
    apart = say("This is not a published rule, and it did not count for the answer above.")
    heard = say(
        "People told us what this plan said to them about this medicine. We can't check what was "
        "said."
    )
    st.markdown(f"**{apart}** {heard}")
    for verdict, count in told.items():
        who = say_many("1 person was told:", "{count} people were told:", count)
        st.markdown(f"- {who} {say(TOLD[verdict])}")


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


def _wrong(case: Case, reasons: Sequence[Reason]) -> None:
    # made here and not by a decorator: the title is in the language of the visit
    st.dialog(say(WRONG))(_ask)("wrong", lambda: _ask_wrong(case, reasons))


def _answered(case: Case) -> None:
    st.dialog(say(ANSWERED))(_ask)("answered", lambda: _ask_answered(case))


def _ask(name: str, ask: Callable[[], Report]) -> None:
    """Asks in a form, sends what is told, and says what comes next."""
    try:
        kept = leads()
    except (StoreError, KeyRingError) as error:
        sorry = say("We can't take a report right now.")
        st.error(f"{sorry} {plain(str(error))}")
        return
    place = st.empty()
    with place.container():
        never = say("Do not write names, dates of birth, member numbers or phone numbers.")
        st.markdown(f"**{never}** {say('We keep nothing about you.')}")
        with st.form(f"report-{name}", border=False):
            try:
                report, fault = ask(), ""
            except ValueError as error:
                report, fault = None, str(error)
            sent = st.form_submit_button(say("Send it"), key=f"send-{name}", type="primary")
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
    st.success(say("Thank you. We have it."))
    st.markdown(
        say(
            "What comes next: somebody who keeps this data reads it and looks it up in the plan's "
            "own papers. If a paper says so, a second person checks the change. Then the answer "
            "here changes. We can't write back, for we do not know who you are."
        )
    )
    if st.button(say("Close"), key="close-report"):
        st.rerun()


def _ask_wrong(case: Case, reasons: Sequence[Reason]) -> Report:
    said = {reason.rule.rule_id: reason.rule.summary for reason in reasons}
    rule_id = next(iter(said))
    if len(said) > 1:
        rule_id = st.selectbox(
            say("Which one?"),
            list(said),
            format_func=lambda one: say(said[one]),
            key="wrong-rule",
        )
    else:
        st.markdown(say("We say: {rule}", rule=plain(say(said[rule_id]))))
    words = st.text_area(say("What is wrong?"), key="wrong-words", max_chars=LONGEST_WORDS)
    title, address = _ask_paper(say("Where can we read what is right?"), "wrong")
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
    st.markdown(f"{plain(say(case.medication.name))}, {plain(case.plan.name)}")
    told = st.radio(
        say("What did the plan say?"),
        list(TOLD),
        index=None,
        format_func=lambda one: say(TOLD[one]),
        key="answered-told",
    )
    how = st.radio(
        say("How did it tell you?"),
        list(HOW),
        index=None,
        format_func=lambda one: say(HOW[one]),
        key="answered-how",
    )
    day = ask_line(
        say("Which day was it? Write it like 2026-01-31"), key="answered-day", max_chars=10
    )
    reference = ask_line(
        say("Number of the call, if you have one"),
        key="answered-reference",
        max_chars=LONGEST_REFERENCE,
    )
    words = st.text_area(
        say("What else did it say?"), key="answered-words", max_chars=LONGEST_WORDS
    )
    title, address = _ask_paper(say("Did it name a paper that all can read?"), "answered")
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


def _ask_paper(question: str, form: str) -> tuple[str, str]:
    """Title and address of a public document. A file is not asked for: letters name a patient."""
    st.markdown(f"**{question}** {say('Do not send us your own letter: your name is on it.')}")
    title = ask_line(say("Title of the paper"), key=f"{form}-title", max_chars=LONGEST_LINE)
    address = ask_line(say("Its web address"), key=f"{form}-address", max_chars=LONGEST_LINE)
    return title, address


def _day(text: str) -> date | None:
    return parse_day(text.strip()) if text.strip() else None
