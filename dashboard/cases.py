"""Cases: the worklist of the office, the nearest day first, and the ways to begin a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import streamlit as st

from compound_coverage.casework import people, trail
from compound_coverage.casework.access import Action, Actor, Resource, may
from compound_coverage.casework.cases import Row
from compound_coverage.casework.content import Content, content_of
from compound_coverage.casework.handoffs import from_file, take
from compound_coverage.casework.office import Office
from compound_coverage.casework.people import Member
from compound_coverage.casework.states import State
from compound_coverage.casework.trail import Counts
from compound_coverage.casework.worklist import (
    ENDS_SOON_DAYS,
    NOBODY,
    Wanted,
    days_left,
    ending_soon,
    is_late,
    left_in_words,
    matching,
    next_due,
    whose_move,
)
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import unlisted_plan_id
from compound_coverage.language import number, say, say_many, to_say
from dashboard.cards import empty, show
from dashboard.choices import UNLISTED
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.letter_facts import STAGE, case_data
from dashboard.office_parts import CASE, STATES, in_words, letter_name, state_words
from dashboard.open_case import opened
from dashboard.parts import ask_line, dataset_or_stop, note, plain

LISTED = "cases-listed"
REFRESH = "cases-refresh"
TAKEN = "draft-taken"
PER_PAGE = 25
WITHIN = {
    None: to_say("Any day"),
    3: to_say("3 days"),
    7: to_say("7 days"),
    14: to_say("14 days"),
    30: to_say("30 days"),
    60: to_say("60 days"),
}
EMPTY = {"find-text": "", "find-states": [], "find-who": "", "find-late": False, "find-in": None}
COUNTED: dict[State, str] = {
    State.DRAFT: to_say("{count} draft"),
    State.IN_REVIEW: to_say("{count} in review"),
    State.CHANGES_REQUESTED: to_say("{count} changes asked for"),
    State.SIGNED: to_say("{count} signed"),
    State.SENT: to_say("{count} sent"),
    State.DECIDED: to_say("{count} decided"),
    State.APPEALED: to_say("{count} appealed"),
}
WAYS = {
    "empty": to_say("With an empty letter"),
    "file": to_say("From a locked file that a patient sent"),
    "code": to_say("With a code that a patient told us"),
}
WAY_TYPED = {"typed": to_say("From what is filled in on the letter page now")}


@dataclass(frozen=True, slots=True)
class Listed:
    """The worklist as it was read for somebody; each reading is an entry of the audit trail."""

    actor: Actor
    rows: list[Row]
    members: list[Member]
    counts: Counts | None


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    dataset = dataset_or_stop()
    st.title(say("Cases"))
    try:
        listed = _listed(office, actor)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    today = office.desk.now().date()
    if listed.counts:
        st.markdown(_counts_in_words(listed.counts))
    _new_case(office, actor)
    _show_renewals(ending_soon(listed.rows, today), today)
    st.header(say("The list"), divider="gray")
    if not listed.rows:
        show(empty(say("There are no cases yet.")))
        return
    wanted = _ask_wanted(actor, listed.members)
    _show_list(listed, matching(listed.rows, wanted, today), dataset, today)


def _listed(office: Office, actor: Actor) -> Listed:
    """The worklist, read anew when the page is entered, on the button, or for somebody else."""
    held: Listed | None = st.session_state.get(LISTED)
    # the button's own place in the session is gone after a visit to another page
    entered = REFRESH not in st.session_state
    asked = st.button(say("Read the list anew"), key=REFRESH)
    if held and held.actor == actor and not entered and not asked:
        return held
    sees_counts = may(actor, Action.COUNTS_READ, Resource(actor.organisation_id))
    listed = Listed(
        actor,
        office.cases.worklist(actor),
        people.members(office.desk, actor),
        trail.counts(office.desk, actor) if sees_counts else None,
    )
    st.session_state[LISTED] = listed
    return listed


def _counts_in_words(counts: Counts) -> str:
    states = [
        say(words, count=number(counts.by_state[state]))
        for state, words in COUNTED.items()
        if counts.by_state.get(state)
    ]
    told = {"cases": _cases(counts.cases), "late": number(counts.overdue)}
    if not states:
        return say("**{cases}**. **{late} late.**", **told)
    return say("**{cases}**: {states}. **{late} late.**", **told, states=", ".join(states))


def _cases(count: int) -> str:
    return say_many("1 case", "{count} cases", count)


# -- beginning a case --------------------------------------------------------------------------


def _new_case(office: Office, actor: Actor) -> None:
    if not may(actor, Action.CASE_CREATE, Resource(actor.organisation_id)):
        return
    waiting = st.container()  # always there: a new element here would fold the section below
    with st.expander(say("New case")):
        typed = _something_typed()
        ways = WAYS | WAY_TYPED if typed else WAYS
        way = st.radio(
            say("How does it begin?"),
            list(ways),
            format_func=lambda one: say(ways[one]),
            key="new-case-way",
        )
        try:
            _begin(office, actor, way or "empty")
        except ValueError as error:
            st.error(plain(str(error)))
    with waiting:
        _offer_taken(office, actor)


def _begin(office: Office, actor: Actor, way: str) -> None:
    match way:
        case "file":
            _from_file(office, actor)
        case "code":
            _with_code(office, actor)
        case "typed":
            _from_typed(office, actor)
        case _:
            if st.button(say("Make an empty case"), type="primary", key="new-case-empty"):
                _create(office, actor, Content())


def _create(office: Office, actor: Actor, content: Content) -> None:
    _show_case(office.cases.create(actor, content))


def _show_case(case_id: str) -> None:
    st.session_state[CASE] = case_id
    st.switch_page("dashboard/case.py")


def _from_file(office: Office, actor: Actor) -> None:
    with st.form("from-file"):
        upload = st.file_uploader(
            say("The locked file"), type="sealed", max_upload_size=5, key="locked-file"
        )
        phrase = ask_line(
            say("Pass phrase"),
            max_chars=200,
            help=say("The patient tells it to you, by phone best."),
            key="locked-file-phrase",
        )
        pressed = st.form_submit_button(say("Open it and make a case"), type="primary")
    if not pressed:
        return
    if upload is None:
        st.error(say("Pick the locked file first."))
        return
    _create(office, actor, from_file(upload.getvalue(), phrase or ""))


def _with_code(office: Office, actor: Actor) -> None:
    with st.form("with-code"):
        code = ask_line(say("The patient's code"), max_chars=100, key="patient-code")
        pressed = st.form_submit_button(say("Open it and make a case"), type="primary")
    note(say("A code opens once. What it opens is then kept in your case only."))
    if pressed:
        # taken, it is nowhere else: it stays in this session until a case holds it
        st.session_state[TAKEN] = take(office.desk, actor, code or "")
        _create_from_taken(office, actor)


def _create_from_taken(office: Office, actor: Actor) -> None:
    case_id = office.cases.create(actor, st.session_state[TAKEN])
    del st.session_state[TAKEN]
    _show_case(case_id)


def _offer_taken(office: Office, actor: Actor) -> None:
    if TAKEN not in st.session_state:
        return
    st.warning(
        say(
            "A draft that you opened with a code is not in a case yet. Keep this page open until "
            "it is."
        )
    )
    if st.button(say("Make a case of it"), key="make-of-taken", type="primary"):
        try:
            _create_from_taken(office, actor)
        except ValueError as error:
            st.error(plain(str(error)))


def _something_typed() -> bool:
    """Is there something on the letter page that is not in a case already?"""
    return not opened() and any(
        str(name).startswith("case:") and value and name != STAGE
        for name, value in st.session_state.items()
    )


def _from_typed(office: Office, actor: Actor) -> None:
    st.markdown(
        say(
            "The facts go into the case. Changes to the text of a draft do not; make them again "
            "there."
        )
    )
    if st.button(say("Make a case of it"), key="make-of-typed", type="primary"):
        medication_id = str(st.session_state.get("medication") or "")
        content = {"facts": case_data(_plan_typed(), medication_id)}
        letter_type = st.session_state.get("letter-type")
        if letter_type:
            content["letter_type"] = letter_type
        _create(office, actor, content_of(content))


def _plan_typed() -> str:
    plan_id = str(st.session_state.get("plan") or "")
    if plan_id != UNLISTED:
        return plan_id
    line = st.session_state.get("line")
    return unlisted_plan_id(line, st.session_state.get("state") or "") if line else ""


# -- approvals that end soon -------------------------------------------------------------------


def _show_renewals(rows: list[Row], today: date) -> None:
    if not rows:
        return
    st.header(say("Approvals that end soon"), divider="gray")
    st.markdown(
        say("These end within {days} days. Ask for renewal in time.", days=number(ENDS_SOON_DAYS))
    )
    for row in rows:
        decision = row.summary.decision
        assert decision is not None, "only an approval can end"
        until = decision.approved_until
        with st.container(border=True):
            st.markdown(
                say(
                    "**{patient}**, {plan}: ends {day}, **{left}**.",
                    patient=_patient(row),
                    plan=plain(row.summary.plan),
                    day=in_words(until),
                    left=left_in_words(days_left(until, today)),
                )
            )
            _open_button(row, "renew")


# -- finding -----------------------------------------------------------------------------------


def _ask_wanted(actor: Actor, members: list[Member]) -> Wanted:
    text = ask_line(
        say("Find a patient or plan"), key="find-text", max_chars=200, persist_state="session"
    )
    with st.expander(say("More ways to find")):
        states: list[State] = st.multiselect(
            say("Where it stands"),
            list(STATES),
            format_func=lambda one: say(STATES[one]),
            key="find-states",
            persist_state="session",
        )
        people_named = {
            "": say("Anybody"),
            actor.member_id: say("Me"),
            NOBODY: say("Nobody yet"),
        } | {one.member_id: one.name for one in members if one.member_id != actor.member_id}
        who = st.selectbox(
            say("Who has it"),
            list(people_named),
            format_func=people_named.__getitem__,
            key="find-who",
            persist_state="session",
        )
        within = st.selectbox(
            say("Due within"),
            list(WITHIN),
            format_func=lambda one: say(WITHIN[one]),
            key="find-in",
            persist_state="session",
        )
        late = st.checkbox(say("Only what is late"), key="find-late", persist_state="session")
        st.button(say("Show all again"), key="find-all", on_click=_find_all)
    return Wanted(text or "", frozenset(states), who or "", late, within)


def _find_all() -> None:
    st.session_state.update(EMPTY)


# -- the list ----------------------------------------------------------------------------------


def _show_list(listed: Listed, found: list[Row], dataset: Dataset, today: date) -> None:
    if not found:
        st.info(say("No case fits. Change what you look for, or show all again."))
        return
    names = {one.member_id: one.name for one in listed.members}
    cards = st.container()  # the cards stand above the page numbers that choose among them
    pages = -(-len(found) // PER_PAGE)
    at = st.pagination(pages, key="cases-page") if pages > 1 else 1
    first = (at - 1) * PER_PAGE
    shown = found[first : first + PER_PAGE]
    with cards:
        st.markdown(_how_many(len(listed.rows), len(found), first, len(shown)))
        for row in shown:
            _show_card(row, names, dataset, today)


def _how_many(every: int, found: int, first: int, shown: int) -> str:
    told = _cases(found)
    if found != every:
        told = say("{found} of {cases}", found=number(found), cases=_cases(every))
    if shown == found:
        return told
    seen = {"first": number(first + 1), "last": number(first + shown)}
    return say("{cases}; you see {first} to {last}", cases=told, **seen)


def _show_card(row: Row, names: dict[str, str], dataset: Dataset, today: date) -> None:
    summary = row.summary
    medication = dataset.medications.get(summary.medication)
    with st.container(border=True):
        # without an anchor: a patient's name has no place in an address
        st.subheader(_patient(row), anchor=False)
        about = [
            letter_name(summary.letter_type),
            say(medication.name) if medication else summary.medication or say("no medicine yet"),
            summary.plan or say("no plan yet"),
        ]
        st.markdown(plain("; ".join(about)))
        left = names.get(row.assigned_id) or say("somebody who left")
        st.markdown(
            say(
                "**{state}**. With: {who}.",
                state=state_words(row.state, row.outcome),
                who=plain(left if row.assigned_id else say("nobody yet")),
            )
        )
        st.markdown(_next_in_words(row, today))
        _open_button(row, "open")


def _next_in_words(row: Row, today: date) -> str:
    due = next_due(row.summary.dues)
    if due is None:
        return say("No day to act by is known.")
    told = {
        "what": plain(say(due.title)),
        "day": in_words(due.day),
        "left": left_in_words(days_left(due.day, today)),
        "who": say(whose_move(due)),
    }
    if is_late(row, today):
        return say("Late: {what}. By {day}, **{left}**. Whose move: {who}.", **told)
    return say("Next: {what}. By {day}, **{left}**. Whose move: {who}.", **told)


def _patient(row: Row) -> str:
    return plain(row.summary.patient) or say("No name yet")


def _open_button(row: Row, where: str) -> None:
    if st.button(say("Open: {patient}", patient=_patient(row)), key=f"{where}:{row.case_id}"):
        _show_case(row.case_id)


page()
