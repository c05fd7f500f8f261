"""Reports: what people told us is wrong, and what their plans answered; the advocates' queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.errors import StreamlitAPIException

from compound_coverage.casework.access import Actor
from compound_coverage.curation.leads import (
    Kind,
    Lead,
    Leads,
    LeadState,
    Line,
    Tally,
    Why,
)
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import NotFound
from compound_coverage.determination.published import find_plan
from dashboard.curation import leads, proposals
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.office_parts import in_words
from dashboard.parts import cite, dataset_or_stop, drug_lists, note, plain
from dashboard.report import HOW, TOLD

LISTED = "leads-listed"
READ = "lead-read"
TO_CHANGE = "rule_to_change"
PER_PAGE = 20
STATES = {LeadState.NEW: "New", LeadState.TAKEN: "Taken", LeadState.CLOSED: "Closed"}
KINDS = {Kind.WRONG: "Wrong or out of date", Kind.ANSWERED: "A plan answered"}
WHY = {
    Why.PROPOSED: "A change is proposed",
    Why.RIGHT: "We looked: our data is right",
    Why.NOTED: "Noted, nothing to change",
    Why.TWICE: "Somebody sent it twice (not counted)",
    Why.UNUSABLE: "Of no use (not counted)",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """The queue as it was read for somebody; each reading is an entry of the audit trail."""

    actor: Actor
    state: LeadState
    lines: list[Line]
    counts: list[Tally]


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    dataset = dataset_or_stop()
    st.title("Reports from people")
    st.markdown(
        "What people told us from beside an answer. Each is a lead, not a fact: look it up in the "
        "plan's own papers. Nothing here counts for an answer."
    )
    kept = leads()
    state = st.radio(
        "Which ones?",
        list(STATES),
        format_func=STATES.__getitem__,
        horizontal=True,
        key="leads-state",
    )
    anew = st.button("Read the list anew")
    try:
        listed = _listed(kept, actor, state or LeadState.NEW, anew)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    names = _plan_names(dataset, listed)
    _show_queue(kept, listed, dataset, names)
    _show_counts(listed.counts, dataset, names)


def _listed(kept: Leads, actor: Actor, state: LeadState, anew: bool) -> Listed:
    """The queue, read anew when it is asked for, for another state, or for somebody else."""
    held: Listed | None = st.session_state.get(LISTED)
    if held and (held.actor, held.state) == (actor, state) and not anew:
        return held
    listed = Listed(actor, state, kept.lines(actor, frozenset({state})), kept.counts(actor))
    st.session_state[LISTED] = listed
    st.session_state.pop(READ, None)
    return listed


def _plan_names(dataset: Dataset, listed: Listed) -> dict[str, str]:
    """The names of all plans on the page; the id where a plan is no longer known."""
    ids = {one.plan_id for one in listed.lines} | {one.plan_id for one in listed.counts}
    names = {}
    with drug_lists() as formularies:
        for plan_id in ids:
            try:
                names[plan_id] = find_plan(dataset, formularies, plan_id).name
            except NotFound:
                names[plan_id] = plan_id
    return names


# -- the queue ---------------------------------------------------------------------------------


def _show_queue(kept: Leads, listed: Listed, dataset: Dataset, names: dict[str, str]) -> None:
    st.header(f"{STATES[listed.state]}: {len(listed.lines)}", divider="gray")
    if not listed.lines:
        st.info("There is none.")
        return
    cards = st.container()  # the cards stand above the page numbers that choose among them
    pages = -(-len(listed.lines) // PER_PAGE)
    number = st.pagination(pages, key="leads-page") if pages > 1 else 1
    first = (number - 1) * PER_PAGE
    with cards:
        for line in listed.lines[first : first + PER_PAGE]:
            with st.container(border=True):
                _show_line(line, dataset, names)
                _show_lead(kept, listed, line)


def _show_line(line: Line, dataset: Dataset, names: dict[str, str]) -> None:
    st.subheader(f"{KINDS[line.kind]}: {plain(names[line.plan_id])}", anchor=False)
    told = f" It said: **{TOLD[line.told]}**." if line.told else ""
    st.markdown(f"{_medicine(dataset, line.medication_id)}. Came on {in_words(line.at)}.{told}")
    if line.why:
        st.markdown(f"Closed on {in_words(line.closed_at)}: {WHY[line.why]}.")
    if not line.rule_id:
        return
    rule = dataset.rules_by_id.get(line.rule_id)
    if rule is None:
        st.markdown(f"About {plain(line.rule_id)}, which is not in the coverage data.")
        return
    st.markdown(f"About: {plain(rule.summary)}")
    st.markdown(cite(rule.citation))


def _medicine(dataset: Dataset, medication_id: str) -> str:
    medication = dataset.medications.get(medication_id)
    return plain(medication.name if medication else medication_id)


def _show_lead(kept: Leads, listed: Listed, line: Line) -> None:
    """What was written, once it is asked for, and what can be done with it."""
    lead: Lead | None = st.session_state.get(READ)
    if lead is None or lead.line != line:
        if line.state is not LeadState.CLOSED and st.button("Read it", key=f"read:{line.lead_id}"):
            _do(lambda: _keep_read(kept.read(listed.actor, line.lead_id)))
        return
    _show_report(lead)
    if line.state is LeadState.NEW and st.button("I look into it", key=f"take:{line.lead_id}"):
        _do(lambda: kept.take(listed.actor, line.lead_id), and_list=True)
    if line.rule_id and st.button("Make a proposal of it", key=f"propose:{line.lead_id}"):
        st.session_state[TO_CHANGE] = line.rule_id
        _go_to_rule()
    _ask_close(kept, listed.actor, line)


def _keep_read(lead: Lead) -> None:
    st.session_state[READ] = lead


def _show_report(lead: Lead) -> None:
    report = lead.report
    note("Somebody wrote this whom we do not know. Open an address with care.")
    facts = {
        "On": in_words(report.day.isoformat()) if report.day else "",
        "How": HOW[report.how] if report.how else "",
        "Number of the call": report.reference,
        "They wrote": report.words,
        "Paper": report.title,
    }
    for name, told in facts.items():
        if told:
            st.markdown(f"**{name}:** {plain(told)}")
    if report.address:
        # not a link: anybody may have typed it
        st.code(report.address, language=None, wrap_lines=True)


def _go_to_rule() -> None:
    try:
        st.switch_page("dashboard/rule.py")
    except StreamlitAPIException:
        st.info("Go to the page where a rule is changed; it opens with this one.")


# -- closing -----------------------------------------------------------------------------------


def _ask_close(kept: Leads, actor: Actor, line: Line) -> None:
    key = line.lead_id
    fits = [why for why in WHY if line.kind is Kind.WRONG or why is not Why.RIGHT]
    why = st.selectbox(
        "How does it end?",
        fits,
        index=None,
        format_func=WHY.__getitem__,
        key=f"why:{key}",
        placeholder="Pick one to close it",
    )
    if why is None:
        return
    proposal_id = _ask_proposal(actor, key) if why is Why.PROPOSED else ""
    note("When it is closed, what was written is wiped. The plan and what it said stay.")
    if st.button("Close it", key=f"close:{key}", type="primary"):
        _do(lambda: kept.close(actor, key, why, proposal_id), and_list=True)


def _ask_proposal(actor: Actor, key: str) -> str:
    titles = {line.proposal_id: line.title for line in reversed(proposals().lines(actor))}
    chosen = st.selectbox(
        "Which proposal?",
        list(titles),
        index=None,
        format_func=titles.__getitem__,
        key=f"which:{key}",
        placeholder="Leave it empty if it is none of these",
    )
    return chosen or ""


def _do(deed: Callable[[], None], *, and_list: bool = False) -> None:
    """Does it and draws the page anew; says in one sentence why it can't be done."""
    try:
        deed()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    if and_list:
        st.session_state.pop(LISTED, None)
        st.session_state.pop(READ, None)
    st.rerun()


# -- what people were told ---------------------------------------------------------------------


def _show_counts(counts: list[Tally], dataset: Dataset, names: dict[str, str]) -> None:
    st.header("What people were told", divider="gray")
    st.markdown(
        "Counted from the reports that were taken or closed. This is not published policy. People "
        "see it below an answer, apart, from three reports on."
    )
    if not counts:
        st.info("Nothing is counted yet.")
    about = ""
    for one in counts:
        plan = f"{plain(names[one.plan_id])}, {_medicine(dataset, one.medication_id)}"
        if plan != about:
            st.markdown(f"**{plan}**")
            about = plan
        st.markdown(f"- {TOLD[one.told]}: {one.count}")


page()
