"""The practice: who works here, how the work stands, what was done, and a patient's data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, cast

import streamlit as st

from compound_coverage.casework import erasure, people, trail
from compound_coverage.casework.access import Action, Actor, Resource, Role, may
from compound_coverage.casework.cases import CaseView, Row
from compound_coverage.casework.erasure import DueCase, Proof
from compound_coverage.casework.office import Office
from compound_coverage.casework.people import Member
from compound_coverage.casework.states import Outcome, State
from compound_coverage.casework.trail import Counts, TrailEntry
from compound_coverage.letters.sheet import to_csv
from dashboard.downloads import offer
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.office_parts import OUTCOMES, ROLES, STATES, in_words, moment, state_words
from dashboard.parts import ask_line, note, plain

HELD = "practice-held:"
SAID = "practice-said"
ROUND = "practice-round"
REFRESH = "practice-refresh"
PAGE = "practice-page"
PROOF = "practice-proof"
PROOF_FILE = "proof-of-erasure.json"
WORD = "ERASE"
ENTRIES_A_PAGE = 50
SHORT = 6
IS_ID = re.compile("[0-9a-f]{24,}")
DEEDS: dict[str, str] = {
    Action.CASE_LIST: "See the worklist",
    Action.CASE_CREATE: "Begin a case",
    Action.CASE_READ: "Open a case",
    Action.CASE_EDIT: "Change a draft",
    Action.CASE_ASSIGN: "Give a case to somebody",
    Action.CASE_SUBMIT: "Send a draft to review",
    Action.CASE_RETURN: "Ask for changes",
    Action.CASE_CONFIRM: "Vouch for facts",
    Action.CASE_SIGN: "Sign a letter",
    Action.CASE_SEND: "Note that a letter went out",
    Action.CASE_DECIDE: "Note what the plan decided",
    Action.CASE_APPEAL: "Begin an appeal",
    Action.CASE_CALL: "Note a call",
    Action.CASE_FILE: "Put a document into a case",
    Action.CASE_EXPORT: "Copy everything about a patient",
    Action.CASE_ERASE: "Erase a patient",
    Action.DOCUMENT_READ: "Open a document",
    Action.DOCUMENT_VERIFY: "Check whether a document is as signed",
    Action.COUNTS_READ: "See how the work stands",
    Action.MEMBER_LIST: "See who works here",
    Action.MEMBER_CHANGE: "Add or change a member",
    Action.AUDIT_READ: "Read this trail",
    Action.RETENTION_RUN: "Look for or erase what is past its time",
    Action.DATASET_READ: "Look at proposals to the coverage data",
    Action.DATASET_PROPOSE: "Propose a change to the coverage data",
    Action.DATASET_DISCUSS: "Say something about a proposal",
    Action.DATASET_DECIDE: "Decide on a proposal",
    Action.DATASET_PUBLISH: "Publish the coverage data",
    Action.DATASET_LEADS: "Work through what people reported",
    "organisation.make": "Make this practice",
    "organisation.dataset": "Let this practice keep the coverage data, or no longer",
    "member.sign_in": "Sign in",
    "member.sign_out": "Sign out",
    "member.sign_out_idle": "Be signed out, because nothing was done for a while",
    "member.sign_out_whole": "Be signed out, because the day's sign-in was over",
    "keys.rotate": "Change the key that seals the data",
    "keys.retire": "Take an old key away",
}
T = TypeVar("T")


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title("Practice")
    # the button's state goes when another page is opened: whoever comes back sees it all anew
    if REFRESH not in st.session_state:
        _read_anew()
        st.session_state.pop(PROOF, None)
    mine = Resource(actor.organisation_id)
    sections = [draw for action, draw in SECTIONS.items() if may(actor, action, mine)]
    if not sections:
        st.info("Your part in this practice has nothing on this page.")
        return
    st.button("Refresh", key=REFRESH, on_click=_read_anew)
    for draw in sections:
        try:
            draw(office, actor)
        except ValueError as error:
            st.error(plain(str(error)))


# -- what was read is held, because each reading is an entry in the trail ----------------------


def _held(name: str, actor: Actor, read: Callable[[], T]) -> T:
    key = HELD + name
    by, value = st.session_state.get(key, (None, None))
    if by != actor:
        value = read()
        st.session_state[key] = actor, value
    return cast(T, value)


def _read_anew() -> None:
    for key in [str(key) for key in st.session_state if str(key).startswith(HELD)]:
        del st.session_state[key]


def _members(office: Office, actor: Actor) -> list[Member]:
    return _held("members", actor, lambda: people.members(office.desk, actor))


def _names(office: Office, actor: Actor) -> dict[str, str]:
    return {one.member_id: one.name for one in _members(office, actor)}


# -- deeds -------------------------------------------------------------------------------------


def _do(section: str, deed: Callable[[], object], said: str) -> None:
    """Does it and draws the page anew, with ``said`` in the section; or says why it can't be."""
    try:
        deed()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    _read_anew()
    st.session_state[SAID] = section, said
    st.session_state[ROUND] = _round() + 1
    st.rerun()


def _round() -> int:
    """Part of the key of each form, so that what was done is no longer typed in it."""
    return int(st.session_state.get(ROUND, 0))


def _say(section: str) -> None:
    if st.session_state.get(SAID, ("", ""))[0] == section:
        st.success(plain(st.session_state.pop(SAID)[1]))


# -- who works here ----------------------------------------------------------------------------


def _people(office: Office, actor: Actor) -> None:
    st.header("Who works here", divider="gray")
    members = _members(office, actor)
    st.markdown("\n".join(f"- {_member_line(member)}" for member in members))
    _say("people")
    if not may(actor, Action.MEMBER_CHANGE, Resource(actor.organisation_id)):
        return
    if office.settings.office:
        _change_member(office, actor, members)
        _add_member(office, actor)
    else:
        _change_owner(office, actor, members)


def _member_line(member: Member) -> str:
    told = [
        f"**{plain(member.name)}**: {_in_words(member.roles)}",
        f"NPI {plain(member.npi)}" if member.npi else "no NPI",
    ]
    return ", ".join(told) + (". **Has left.**" if member.ended else ".")


def _in_words(roles: Iterable[Role]) -> str:
    return ", ".join(words for role, words in ROLES.items() if role in set(roles))


def _change_owner(office: Office, actor: Actor, members: Sequence[Member]) -> None:
    owner = next(member for member in members if member.member_id == actor.member_id)
    st.subheader("Your name and NPI")
    st.markdown("To sign, your NPI must be the one in the letter.")
    with st.form(f"owner:{_round()}"):
        name = ask_line("Your name", owner.name, max_chars=200)
        npi = _npi_field("Your NPI", owner.npi)
        pressed = st.form_submit_button("Save", type="primary")
    if pressed:
        _do(
            "people",
            lambda: people.change_member(
                office.desk, actor, owner.member_id, name=name, roles=owner.roles, npi=npi.strip()
            ),
            "Saved.",
        )


def _npi_field(label: str, npi: str = "") -> str:
    return ask_line(label, npi, max_chars=20, help="Ten digits. Leave it empty for none.")


def _roles_field(chosen: Iterable[Role] = ()) -> list[Role]:
    default = [role for role in ROLES if role in set(chosen)]
    return st.multiselect("Roles", list(ROLES), default, format_func=ROLES.__getitem__)


def _change_member(office: Office, actor: Actor, members: Sequence[Member]) -> None:
    st.subheader("Change a member")
    by_id = {member.member_id: member for member in members}
    # of two labels that are the same, the browser would mean the first
    labels = {one: f"{member.name} ({member.email})" for one, member in by_id.items()}
    picked = st.selectbox(
        "Member",
        list(labels),
        index=None,
        format_func=lambda one: labels.get(one, one),
        placeholder="Choose somebody",
        key=f"practice-member:{_round()}",
    )
    if picked is None:
        return
    member = by_id[picked]
    with st.form(f"change:{_round()}:{picked}"):
        st.markdown(f"Signs in as {plain(member.email)}")
        name = ask_line("Name", member.name, max_chars=200)
        roles = _roles_field(member.roles)
        npi = _npi_field("NPI", member.npi)
        ended = st.checkbox("Has left the practice, and can't sign in", member.ended)
        new_account = st.checkbox(
            "Has a new sign-in account",
            help="Their next sign-in is known by the e-mail once more.",
        )
        pressed = st.form_submit_button("Save the change", type="primary")
    if pressed:
        _do(
            "people",
            lambda: people.change_member(
                office.desk,
                actor,
                picked,
                name=name,
                roles=roles,
                npi=npi.strip(),
                ended=ended,
                new_account=new_account,
            ),
            f"{name.strip()} is changed.",
        )


def _add_member(office: Office, actor: Actor) -> None:
    st.subheader("Add a member")
    with st.form(f"add:{_round()}"):
        name = ask_line("Name", max_chars=200)
        email = ask_line(
            "E-mail address", max_chars=200, help="The one they sign in by. It can't change later."
        )
        roles = _roles_field()
        npi = _npi_field("NPI")
        pressed = st.form_submit_button("Add", type="primary")
    if pressed:
        _do(
            "people",
            lambda: people.add_member(office.desk, actor, name, email, roles, npi.strip()),
            f"{name.strip()} can sign in now.",
        )


# -- how the work stands -----------------------------------------------------------------------


def _counts(office: Office, actor: Actor) -> None:
    st.header("How the work stands", divider="gray")
    counts = _held("counts", actor, lambda: trail.counts(office.desk, actor))
    if not counts.cases:
        st.info("There are no cases yet.")
        return
    st.markdown(_table("In all", _whole(counts)))
    st.markdown(_table("Where cases stand", _named(counts.by_state, _state_names())))
    st.markdown(_table("What plans decided", _named(counts.by_outcome, _outcome_names())))
    st.markdown(_table("Who has the case", _named(counts.by_member, _names(office, actor))))


def _whole(counts: Counts) -> list[tuple[str, str]]:
    return [
        ("Cases", str(counts.cases)),
        ("Late: a day to act has passed", str(counts.overdue)),
        ("Half are signed within", _days(counts.days_to_signature)),
        ("Half are decided within", _days(counts.days_to_decision)),
    ]


def _days(days: float | None) -> str:
    return "none yet" if days is None else f"{days:g} days"


def _state_names() -> dict[str, str]:
    return {state.value: STATES[state] for state in State}


def _outcome_names() -> dict[str, str]:
    return {outcome.value: OUTCOMES[outcome].capitalize() for outcome in Outcome}


def _named(numbers: Mapping[str, int], names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, str(numbers[one])) for one, name in names.items() if numbers.get(one)]


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Two columns of Markdown; one that is read from top to bottom fits a phone."""
    lines = [f"| {plain(name)} | {plain(value)} |" for name, value in rows or [("None yet", "0")]]
    return "\n".join([f"| {title} | Number |", "| :-- | --: |", *lines])


# -- what was done -----------------------------------------------------------------------------


def _trail(office: Office, actor: Actor) -> None:
    st.header("What was done", divider="gray")
    entries = _held("trail", actor, lambda: trail.entries(office.desk, actor))
    names = _names(office, actor)
    chosen = _chosen(entries, names)
    last_page = max(0, len(chosen) - 1) // ENTRIES_A_PAGE
    at = min(int(st.session_state.get(PAGE, 0)), last_page)
    shown = chosen[at * ENTRIES_A_PAGE : (at + 1) * ENTRIES_A_PAGE]
    if shown:
        note(f"{len(chosen):,} entries, newest first. Page {at + 1} of {last_page + 1}.")
        st.markdown("\n".join(f"- {_entry_line(entry, names)}" for entry in shown))
    else:
        st.info("No entry is like that.")
    _turn_page(office, actor, entries, at, last_page)
    offer(
        "Make a file of the whole trail",
        lambda: _trail_csv(_whole_trail(office, actor), names),
        "trail.csv",
        "text/csv",
    )
    _check_trail(office, actor)


def _chosen(entries: Sequence[TrailEntry], names: Mapping[str, str]) -> list[TrailEntry]:
    """The entries that fit what is chosen in the three lists."""
    left, middle, right = st.columns(3)
    with left:
        who = _filter("Who", {entry.actor: _who(entry.actor, names) for entry in entries})
    with middle:
        what = _filter("What", {entry.action: _deed(entry.action) for entry in entries})
    with right:
        how = _filter("How it ended", {entry.outcome: entry.outcome for entry in entries})
    return [
        entry
        for entry in entries
        if who in (None, entry.actor)
        and what in (None, entry.action)
        and how in (None, entry.outcome)
    ]


def _filter(label: str, names: Mapping[str, str]) -> str | None:
    # of two labels that are the same, the browser would mean the first
    same = Counter(names.values())
    labels = {
        one: f"{name} ({one[:SHORT]})" if same[name] > 1 else name for one, name in names.items()
    }
    return st.selectbox(
        label,
        sorted(labels, key=lambda one: labels[one].casefold()),
        index=None,
        format_func=lambda one: labels.get(one, one),
        placeholder="All",
        key=f"practice-filter:{label}",
        on_change=_turn_to,
        args=(0,),
    )


def _turn_to(number: int) -> None:
    st.session_state[PAGE] = number


def _turn_page(
    office: Office, actor: Actor, entries: list[TrailEntry], at: int, last_page: int
) -> None:
    with st.container(horizontal=True):
        if at > 0:
            st.button("Newer entries", on_click=_turn_to, args=(at - 1,))
        if at < last_page:
            st.button("Older entries", on_click=_turn_to, args=(at + 1,))
        elif entries and entries[-1].number > 1 and st.button("Read further back"):
            older = trail.entries(office.desk, actor, before=entries[-1].number)
            st.session_state[HELD + "trail"] = actor, [*entries, *older]
            st.rerun()


def _whole_trail(office: Office, actor: Actor) -> list[TrailEntry]:
    entries = trail.entries(office.desk, actor)
    # a trail that was emptied in the database has no last entry
    while entries and (older := trail.entries(office.desk, actor, before=entries[-1].number)):
        entries += older
    return entries


def _who(member_id: str, names: Mapping[str, str]) -> str:
    if member_id == people.OPERATOR:
        return "Whoever runs this server"
    return names.get(member_id, member_id[:SHORT])


def _deed(action: str) -> str:
    return DEEDS.get(action, action)


def _entry_line(entry: TrailEntry, names: Mapping[str, str]) -> str:
    about = "" if entry.resource in ("", entry.actor) else f" ({_short(entry.resource, names)})"
    told = ", ".join(f"{name} {_short(str(value), names)}" for name, value in entry.detail.items())
    ended = "done" if entry.outcome == "done" else f"**{plain(entry.outcome)}**"
    line = (
        f"{entry.number}: {moment(entry.at)}. {plain(_who(entry.actor, names))}: "
        f"{plain(_deed(entry.action) + about)}: {ended}."
    )
    return f"{line} {plain(told.replace('_', ' '))}." if told else line


def _short(text: str, names: Mapping[str, str]) -> str:
    """Each id as its member's name, or its first signs; other words as they are."""
    return names.get(text) or IS_ID.sub(lambda found: found[0][:SHORT], text)


def _trail_csv(entries: Iterable[TrailEntry], names: Mapping[str, str]) -> bytes:
    header = ["number", "at", "member_id", "member", "action", "resource", "outcome", "detail"]
    rows = (
        [
            str(entry.number),
            entry.at,
            entry.actor,
            _who(entry.actor, names),
            entry.action,
            entry.resource,
            entry.outcome,
            json.dumps(dict(entry.detail), sort_keys=True),
        ]
        for entry in entries
    )
    return to_csv(header, rows)


def _check_trail(office: Office, actor: Actor) -> None:
    st.subheader("Check the trail")
    st.markdown(
        "Each entry is sealed together with the one before it. The check sees if one was changed, "
        "moved or removed. Its newest number and mark go to the server's log. If you wrote down "
        "such a pair before, give it here: then the check also sees if an older copy of the "
        "whole trail was put in its place."
    )
    with st.form("practice-check"):
        number = ask_line("Number written down before", max_chars=12, help="May be empty.")
        mark = ask_line("Mark written down before", max_chars=200, help="May be empty.")
        pressed = st.form_submit_button("Check the trail", type="primary")
    if pressed:
        _check(office, actor, number.strip(), mark.strip())


def _check(office: Office, actor: Actor, number: str, mark: str) -> None:
    if bool(number) != bool(mark) or (number and not number.isdecimal()):
        st.error("Give both, the number as digits and the mark, or leave both empty.")
        return
    found = trail.faults(office.desk, actor, int(number or 0), mark)
    if not found:
        st.success("No entry was changed, moved or removed.")
        return
    st.error(f"The trail is not as it was written: {len(found)} faults.")
    st.markdown("\n".join(f"- {plain(fault)}" for fault in found))


# -- a patient's data --------------------------------------------------------------------------


def _patients(office: Office, actor: Actor) -> None:
    st.header("A patient's data", divider="gray")
    _say("patients")
    _offer_proof("patients")
    st.markdown(
        "A patient may ask for a copy of all that is held about them, or for its end. Cases with "
        "the same name and date of birth are one patient's."
    )
    if HELD + "patients" not in st.session_state and not st.button("Find a patient"):
        return
    rows = _held("patients", actor, lambda: office.cases.worklist(actor))
    labels = {row.case_id: _case_label(row) for row in sorted(rows, key=_by_patient)}
    case_id = st.selectbox(
        "One of the patient's cases",
        list(labels),
        index=None,
        format_func=lambda one: labels.get(one, one),
        placeholder="Choose a case",
        key=f"practice-patient:{_round()}",
    )
    if case_id is not None:
        _patient(office, actor, case_id)


def _by_patient(row: Row) -> tuple[str, str]:
    return row.summary.patient.casefold(), row.changed_at


def _case_label(row: Row) -> str:
    name = row.summary.patient or "No name yet"
    stands = state_words(row.state, row.outcome)
    # the id tells two cases apart that look the same
    return f"{name}: {stands}, changed {in_words(row.changed_at)} ({row.case_id[:SHORT]})"


def _patient(office: Office, actor: Actor, case_id: str) -> None:
    views = _held(f"patient:{case_id}", actor, lambda: _views(office, actor, case_id))
    patient = views[0].summary.patient or "a patient without a name yet"
    st.subheader(f"What is held about {plain(patient)}")
    st.markdown("\n".join(f"- {_view_line(view)}" for view in views))
    offer(
        "Make a copy of everything about this patient",
        lambda: erasure.export_patient(office.desk, actor, case_id),
        "patient-copy.zip",
        "application/zip",
    )
    note("The copy can be read by anybody who has it. Give it to nobody but the patient.")
    _erase_patient(office, actor, case_id, views)


def _views(office: Office, actor: Actor, case_id: str) -> list[CaseView]:
    found = erasure.patient_cases(office.desk, actor, case_id)
    return [office.cases.read(actor, one.case_id) for one in found]


def _view_line(view: CaseView) -> str:
    told = ", ".join(
        [
            _number(len(view.papers), "document"),
            _number(len(view.versions), "saved version"),
            _number(len(view.calls), "call"),
            _number(len(view.signatures), "signature"),
        ]
    )
    stands = state_words(view.state, view.outcome)
    begun = f"begun {in_words(view.made_at)}"
    return f"Case {view.case_id[:SHORT]}: {plain(stands)}, {begun}. It holds {told}."


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _erase_patient(office: Office, actor: Actor, case_id: str, views: Sequence[CaseView]) -> None:
    st.subheader("Erase this patient")
    cases = _number(len(views), "case")
    documents = _number(sum(len(view.papers) for view in views), "document")
    st.warning(
        f"This erases {cases} with {documents}, and all that is listed above. Nobody can bring it "
        "back. The trail stays: it names no patient."
    )
    with st.form(f"erase:{_round()}:{case_id}"):
        why = ask_line("Why is it erased?", max_chars=500)
        word = _erase_word()
        pressed = st.form_submit_button("Erase this patient", type="primary")
    if pressed and _is_meant(word):
        _do(
            "patients",
            lambda: _keep_proof(
                "patients", erasure.erase_patient(office.desk, actor, case_id, why)
            ),
            "The patient is erased.",
        )


def _erase_word() -> str:
    return ask_line(f"Type the word {WORD} to go on", max_chars=20)


def _is_meant(word: str) -> bool:
    if word.strip() == WORD:
        return True
    st.error(f"Nothing was erased. To erase, type the word {WORD} in capital letters.")
    return False


# -- the proof, which nobody keeps but who erased ----------------------------------------------


def _keep_proof(section: str, proof: Proof | None) -> None:
    st.session_state[PROOF] = section, proof


def _offer_proof(section: str) -> None:
    of, proof = st.session_state.get(PROOF, ("", None))
    if of != section or proof is None:
        return
    with st.container(border=True):
        st.subheader("Proof that it was erased")
        rows = _number(sum(proof.rows_before.values()), "row")
        ids = ", ".join(one[:SHORT] for one in proof.case_ids)
        st.markdown(
            f"Erased {moment(proof.at)}: {rows} of {_number(len(proof.case_ids), 'case')} "
            f"({ids}). Left: {proof.rows_after}. Why: {plain(proof.why)}. "
            f"It is entry {proof.entry} of the trail."
        )
        for told in proof.notes:
            st.markdown(plain(told))
        offer("Make the proof as a file", proof.as_json, PROOF_FILE, "application/json")
        note("Save it now. It is not kept here: it goes when you leave this page.")


# -- retention ---------------------------------------------------------------------------------


def _retention(office: Office, actor: Actor) -> None:
    st.header("What is past its time", divider="gray")
    _say("retention")
    _offer_proof("retention")
    st.markdown("Cases are kept for some years after their last change, and no longer than needed.")
    if HELD + "due" not in st.session_state and not st.button("See what is past its time"):
        return
    due = _held("due", actor, lambda: erasure.run_retention(office.desk, actor, True).due)
    if not due:
        st.info("Nothing is past its time.")
        return
    st.markdown("\n".join(f"- {_due_line(one)}" for one in due))
    with st.form(f"retention:{_round()}"):
        st.markdown(f"This erases {_number(len(due), 'case')}. Nobody can bring them back.")
        word = _erase_word()
        pressed = st.form_submit_button("Erase what is past its time", type="primary")
    if pressed and _is_meant(word):
        _do("retention", lambda: _run_retention(office, actor), "What was past its time is erased.")


def _run_retention(office: Office, actor: Actor) -> None:
    _keep_proof("retention", erasure.run_retention(office.desk, actor, False).proof)


def _due_line(due: DueCase) -> str:
    last, until = in_words(due.changed_at), in_words(due.kept_until)
    return f"Case {due.case_id[:SHORT]}: last changed {last}, kept until {until}."


# The trail is long, so it comes last.
SECTIONS: dict[Action, Callable[[Office, Actor], None]] = {
    Action.MEMBER_LIST: _people,
    Action.COUNTS_READ: _counts,
    Action.CASE_ERASE: _patients,
    Action.RETENTION_RUN: _retention,
    Action.AUDIT_READ: _trail,
}

page()
