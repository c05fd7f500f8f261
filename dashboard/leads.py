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
from compound_coverage.language import day, loose_day, say, to_say
from dashboard.curation import from_data, leads, proposals
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.parts import cite, dataset_or_stop, drug_lists, note, plain
from dashboard.report import HOW, TOLD

LISTED = "leads-listed"
READ = "lead-read"
TO_CHANGE = "rule_to_change"
PER_PAGE = 20
STATES = {
    LeadState.NEW: to_say("New"),
    LeadState.TAKEN: to_say("Taken"),
    LeadState.CLOSED: to_say("Closed"),
}
KINDS = {
    Kind.WRONG: to_say("Wrong or out of date: {plan}"),
    Kind.ANSWERED: to_say("A plan answered: {plan}"),
}
WHY = {
    Why.PROPOSED: to_say("A change is proposed"),
    Why.RIGHT: to_say("We looked: our data is right"),
    Why.NOTED: to_say("Noted, nothing to change"),
    Why.TWICE: to_say("Somebody sent it twice (not counted)"),
    Why.UNUSABLE: to_say("Of no use (not counted)"),
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
    st.title(say("Reports from people"))
    st.markdown(
        say(
            "What people told us from beside an answer. Each is a lead, not a fact: look it up in "
            "the plan's own papers. Nothing here counts for an answer."
        )
    )
    kept = leads()
    state = st.radio(
        say("Which ones?"),
        list(STATES),
        format_func=lambda one: say(STATES[one]),
        horizontal=True,
        key="leads-state",
    )
    anew = st.button(say("Read the list anew"), key="leads-anew")
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
    told = say("{state}: {count}", state=say(STATES[listed.state]), count=len(listed.lines))
    st.header(told, divider="gray")
    if not listed.lines:
        st.info(say("There is none."))
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
    st.subheader(say(KINDS[line.kind], plan=plain(names[line.plan_id])), anchor=False)
    told = [f"{_medicine(dataset, line.medication_id)}."]
    told.append(say("Came on {day}.", day=_day(line.at)))
    if line.told:
        told.append(say("It said: **{answer}**.", answer=say(TOLD[line.told])))
    st.markdown(" ".join(told))
    if line.why:
        why = say(WHY[line.why])
        st.markdown(say("Closed on {day}: {why}.", day=_day(line.closed_at), why=why))
    if not line.rule_id:
        return
    rule = dataset.rules_by_id.get(line.rule_id)
    if rule is None:
        unknown = say(
            "About {rule_id}, which is not in the coverage data.", rule_id=plain(line.rule_id)
        )
        st.markdown(unknown)
        return
    st.markdown(say("About: {rule}", rule=from_data(rule.summary)))
    st.markdown(cite(rule.citation))


def _medicine(dataset: Dataset, medication_id: str) -> str:
    medication = dataset.medications.get(medication_id)
    return plain(say(medication.name) if medication else medication_id)


def _day(at: str) -> str:
    """The day of an ISO time, in words."""
    return loose_day(at[:10])


def _show_lead(kept: Leads, listed: Listed, line: Line) -> None:
    """What was written, once it is asked for, and what can be done with it."""
    lead: Lead | None = st.session_state.get(READ)
    if lead is None or lead.line != line:
        open_still = line.state is not LeadState.CLOSED
        if open_still and st.button(say("Read it"), key=f"read:{line.lead_id}"):
            _do(lambda: _keep_read(kept.read(listed.actor, line.lead_id)))
        return
    _show_report(lead)
    new = line.state is LeadState.NEW
    if new and st.button(say("I look into it"), key=f"take:{line.lead_id}"):
        _do(lambda: kept.take(listed.actor, line.lead_id), and_list=True)
    if line.rule_id and st.button(say("Make a proposal of it"), key=f"propose:{line.lead_id}"):
        st.session_state[TO_CHANGE] = line.rule_id
        _go_to_rule()
    _ask_close(kept, listed.actor, line)


def _keep_read(lead: Lead) -> None:
    st.session_state[READ] = lead


def _show_report(lead: Lead) -> None:
    report = lead.report
    note(say("Somebody wrote this whom we do not know. Open an address with care."))
    facts = {
        to_say("**On:** {told}"): day(report.day) if report.day else "",
        to_say("**How:** {told}"): say(HOW[report.how]) if report.how else "",
        to_say("**Number of the call:** {told}"): report.reference,
        to_say("**They wrote:** {told}"): report.words,
        to_say("**Paper:** {told}"): report.title,
    }
    for sentence, told in facts.items():
        if told:
            st.markdown(say(sentence, told=plain(told)))
    if report.address:
        # not a link: anybody may have typed it
        st.code(report.address, language=None, wrap_lines=True)


def _go_to_rule() -> None:
    try:
        st.switch_page("dashboard/rule.py")
    except StreamlitAPIException:
        st.info(say("Go to the page where a rule is changed; it opens with this one."))


# -- closing -----------------------------------------------------------------------------------


def _ask_close(kept: Leads, actor: Actor, line: Line) -> None:
    key = line.lead_id
    fits = [why for why in WHY if line.kind is Kind.WRONG or why is not Why.RIGHT]
    why = st.selectbox(
        say("How does it end?"),
        fits,
        index=None,
        format_func=lambda one: say(WHY[one]),
        key=f"why:{key}",
        placeholder=say("Pick one to close it"),
    )
    if why is None:
        return
    proposal_id = _ask_proposal(actor, key) if why is Why.PROPOSED else ""
    note(say("When it is closed, what was written is wiped. The plan and what it said stay."))
    if st.button(say("Close it"), key=f"close:{key}", type="primary"):
        _do(lambda: kept.close(actor, key, why, proposal_id), and_list=True)


def _ask_proposal(actor: Actor, key: str) -> str:
    titles = {line.proposal_id: line.title for line in reversed(proposals().lines(actor))}
    chosen = st.selectbox(
        say("Which proposal?"),
        list(titles),
        index=None,
        format_func=titles.__getitem__,
        key=f"which:{key}",
        placeholder=say("Leave it empty if it is none of these"),
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
    st.header(say("What people were told"), divider="gray")
    st.markdown(
        say(
            "Counted from the reports that were taken or closed. This is not published policy. "
            "People see it below an answer, apart, from three reports on."
        )
    )
    if not counts:
        st.info(say("Nothing is counted yet."))
    about = ""
    for one in counts:
        plan = f"{plain(names[one.plan_id])}, {_medicine(dataset, one.medication_id)}"
        if plan != about:
            st.markdown(f"**{plan}**")
            about = plan
        st.markdown(say("- {answer}: {count}", answer=say(TOLD[one.told]), count=one.count))


page()
