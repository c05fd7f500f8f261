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
from compound_coverage.casework.content import digest_of
from compound_coverage.casework.erasure import DueCase, Proof
from compound_coverage.casework.office import Office
from compound_coverage.casework.people import Member
from compound_coverage.casework.states import Outcome, State
from compound_coverage.casework.trail import Counts, TrailEntry
from compound_coverage.language import ENGLISH, number, say, say_many, speaking, to_say
from compound_coverage.letters.sheet import to_csv
from dashboard.cards import empty, show
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
    Action.CASE_LIST: to_say("See the worklist"),
    Action.CASE_CREATE: to_say("Begin a case"),
    Action.CASE_READ: to_say("Open a case"),
    Action.CASE_EDIT: to_say("Change a draft"),
    Action.CASE_ASSIGN: to_say("Give a case to somebody"),
    Action.CASE_SUBMIT: to_say("Send a draft to review"),
    Action.CASE_RETURN: to_say("Ask for changes"),
    Action.CASE_CONFIRM: to_say("Vouch for facts"),
    Action.CASE_SIGN: to_say("Sign a letter"),
    Action.CASE_SEND: to_say("Note that a letter went out"),
    Action.CASE_DECIDE: to_say("Note what the plan decided"),
    Action.CASE_APPEAL: to_say("Begin an appeal"),
    Action.CASE_CALL: to_say("Note a call"),
    Action.CASE_FILE: to_say("Put a document into a case"),
    Action.CASE_EXPORT: to_say("Copy everything about a patient"),
    Action.CASE_ERASE: to_say("Erase a patient"),
    Action.DOCUMENT_READ: to_say("Open a document"),
    Action.DOCUMENT_VERIFY: to_say("Check whether a document is as signed"),
    Action.COUNTS_READ: to_say("See how the work stands"),
    Action.MEMBER_LIST: to_say("See who works here"),
    Action.MEMBER_CHANGE: to_say("Add or change a member"),
    Action.AUDIT_READ: to_say("Read this trail"),
    Action.RETENTION_RUN: to_say("Look for or erase what is past its time"),
    Action.DATASET_READ: to_say("Look at proposals to the coverage data"),
    Action.DATASET_PROPOSE: to_say("Propose a change to the coverage data"),
    Action.DATASET_DISCUSS: to_say("Say something about a proposal"),
    Action.DATASET_DECIDE: to_say("Decide on a proposal"),
    Action.DATASET_PUBLISH: to_say("Publish the coverage data"),
    Action.DATASET_LEADS: to_say("Work through what people reported"),
    "organisation.make": to_say("Make this practice"),
    "organisation.dataset": to_say("Let this practice keep the coverage data, or no longer"),
    "member.sign_in": to_say("Sign in"),
    "member.sign_out": to_say("Sign out"),
    "member.sign_out_idle": to_say("Be signed out, because nothing was done for a while"),
    "member.sign_out_whole": to_say("Be signed out, because the day's sign-in was over"),
    "keys.rotate": to_say("Change the key that seals the data"),
    "keys.retire": to_say("Take an old key away"),
}
ENDINGS = {"done": to_say("done"), "refused": to_say("refused")}
T = TypeVar("T")


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title(say("Practice"))
    # the button's state goes when another page is opened: whoever comes back sees it all anew
    if REFRESH not in st.session_state:
        _read_anew()
        st.session_state.pop(PROOF, None)
    mine = Resource(actor.organisation_id)
    sections = [draw for action, draw in SECTIONS.items() if may(actor, action, mine)]
    if not sections:
        st.info(say("Your part in this practice has nothing on this page."))
        return
    st.button(say("Refresh"), key=REFRESH, on_click=_read_anew)
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


def _key(name: str, stored: object = "") -> str:
    """The key of a question; another one once what it shows at first, ``stored``, has changed."""
    return f"{name}:{_round()}:{digest_of(stored)[:12]}"


def _say(section: str) -> None:
    if st.session_state.get(SAID, ("", ""))[0] == section:
        st.success(plain(st.session_state.pop(SAID)[1]))


# -- who works here ----------------------------------------------------------------------------


def _people(office: Office, actor: Actor) -> None:
    st.header(say("Who works here"), divider="gray")
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
    who = {"name": plain(member.name), "roles": _in_words(member.roles)}
    told = (
        say("**{name}**: {roles}, NPI {npi}.", **who, npi=plain(member.npi))
        if member.npi
        else say("**{name}**: {roles}, no NPI.", **who)
    )
    return f"{told} {say('**Has left.**')}" if member.ended else told


def _in_words(roles: Iterable[Role]) -> str:
    return ", ".join(say(words) for role, words in ROLES.items() if role in set(roles))


def _change_owner(office: Office, actor: Actor, members: Sequence[Member]) -> None:
    owner = next(member for member in members if member.member_id == actor.member_id)
    st.subheader(say("Your name and NPI"))
    st.markdown(say("To sign, your NPI must be the one in the letter."))
    with st.form(f"owner:{_round()}"):
        name = ask_line(
            say("Your name"), owner.name, max_chars=200, key=_key("owner-name", owner.name)
        )
        npi = _npi_field(say("Your NPI"), "owner", owner.npi)
        pressed = st.form_submit_button(say("Save"), type="primary")
    if pressed:
        _do(
            "people",
            lambda: people.change_member(
                office.desk, actor, owner.member_id, name=name, roles=owner.roles, npi=npi.strip()
            ),
            say("Saved."),
        )


def _npi_field(label: str, of: str, npi: str = "") -> str:
    return ask_line(
        label,
        npi,
        max_chars=20,
        help=say("Ten digits. Leave it empty for none."),
        key=_key(f"{of}-npi", npi),
    )


def _roles_field(of: str, chosen: Iterable[Role] = ()) -> list[Role]:
    default = [role for role in ROLES if role in set(chosen)]
    return st.multiselect(
        say("Roles"),
        list(ROLES),
        default,
        format_func=lambda role: say(ROLES[role]),
        key=_key(f"{of}-roles", default),
    )


def _change_member(office: Office, actor: Actor, members: Sequence[Member]) -> None:
    st.subheader(say("Change a member"))
    by_id = {member.member_id: member for member in members}
    # of two labels that are the same, the browser would mean the first
    labels = {one: f"{member.name} ({member.email})" for one, member in by_id.items()}
    picked = st.selectbox(
        say("Member"),
        list(labels),
        index=None,
        format_func=lambda one: labels.get(one, one),
        placeholder=say("Choose somebody"),
        key=f"practice-member:{_round()}",
    )
    if picked is None:
        return
    member = by_id[picked]
    with st.form(f"change:{_round()}:{picked}"):
        st.markdown(say("Signs in as {email}", email=plain(member.email)))
        of = f"member-{picked}"
        name = ask_line(
            say("Name"), member.name, max_chars=200, key=_key(f"{of}-name", member.name)
        )
        roles = _roles_field(of, member.roles)
        npi = _npi_field(say("NPI"), of, member.npi)
        ended = st.checkbox(
            say("Has left the practice, and can't sign in"),
            member.ended,
            key=_key(f"{of}-ended", bool(member.ended)),
        )
        new_account = st.checkbox(
            say("Has a new sign-in account"),
            help=say("Their next sign-in is known by the e-mail once more."),
            key=_key(f"{of}-account"),
        )
        pressed = st.form_submit_button(say("Save the change"), type="primary")
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
            say("{name} is changed.", name=name.strip()),
        )


def _add_member(office: Office, actor: Actor) -> None:
    st.subheader(say("Add a member"))
    with st.form(f"add:{_round()}"):
        name = ask_line(say("Name"), max_chars=200, key=_key("new-name"))
        email = ask_line(
            say("E-mail address"),
            max_chars=200,
            help=say("The one they sign in by. It can't change later."),
            key=_key("new-email"),
        )
        roles = _roles_field("new")
        npi = _npi_field(say("NPI"), "new")
        pressed = st.form_submit_button(say("Add"), type="primary")
    if pressed:
        _do(
            "people",
            lambda: people.add_member(office.desk, actor, name, email, roles, npi.strip()),
            say("{name} can sign in now.", name=name.strip()),
        )


# -- how the work stands -----------------------------------------------------------------------


def _counts(office: Office, actor: Actor) -> None:
    st.header(say("How the work stands"), divider="gray")
    counts = _held("counts", actor, lambda: trail.counts(office.desk, actor))
    if not counts.cases:
        st.info(say("There are no cases yet."))
        return
    st.markdown(_table(say("In all"), _whole(counts)))
    st.markdown(_table(say("Where cases stand"), _named(counts.by_state, _state_names())))
    st.markdown(_table(say("What plans decided"), _named(counts.by_outcome, _outcome_names())))
    st.markdown(_table(say("Who has the case"), _named(counts.by_member, _names(office, actor))))


def _whole(counts: Counts) -> list[tuple[str, str]]:
    return [
        (say("Cases"), number(counts.cases)),
        (say("Late: a day to act has passed"), number(counts.overdue)),
        (say("Half are signed within"), _days(counts.days_to_signature)),
        (say("Half are decided within"), _days(counts.days_to_decision)),
    ]


def _days(days: float | None) -> str:
    if days is None:
        return say("none yet")
    return say("1 day") if days == 1 else say("{days} days", days=number(days))


def _state_names() -> dict[str, str]:
    return {state.value: say(STATES[state]) for state in State}


def _outcome_names() -> dict[str, str]:
    return {outcome.value: say(OUTCOMES[outcome]).capitalize() for outcome in Outcome}


def _named(numbers: Mapping[str, int], names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, number(numbers[one])) for one, name in names.items() if numbers.get(one)]


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Two columns of Markdown; one that is read from top to bottom fits a phone."""
    none = [(say("None yet"), "0")]
    lines = [f"| {plain(name)} | {plain(value)} |" for name, value in rows or none]
    return "\n".join([f"| {title} | {say('Number')} |", "| :-- | --: |", *lines])


# -- what was done -----------------------------------------------------------------------------


def _trail(office: Office, actor: Actor) -> None:
    st.header(say("What was done"), divider="gray")
    entries = _held("trail", actor, lambda: trail.entries(office.desk, actor))
    names = _names(office, actor)
    chosen = _chosen(entries, names)
    last_page = max(0, len(chosen) - 1) // ENTRIES_A_PAGE
    at = min(int(st.session_state.get(PAGE, 0)), last_page)
    shown = chosen[at * ENTRIES_A_PAGE : (at + 1) * ENTRIES_A_PAGE]
    if shown:
        note(
            say_many(
                "1 entry, newest first. Page {page} of {pages}.",
                "{count} entries, newest first. Page {page} of {pages}.",
                len(chosen),
                page=number(at + 1),
                pages=number(last_page + 1),
            )
        )
        st.markdown("\n".join(f"- {_entry_line(entry, names)}" for entry in shown))
    else:
        show(empty(say("No entry is like that.")))
    _turn_page(office, actor, entries, at, last_page)
    offer(
        say("Make a file of the whole trail"),
        lambda: _trail_csv(_whole_trail(office, actor), names),
        "trail.csv",
        "text/csv",
    )
    _check_trail(office, actor)


def _chosen(entries: Sequence[TrailEntry], names: Mapping[str, str]) -> list[TrailEntry]:
    """The entries that fit what is chosen in the three lists."""
    left, middle, right = st.columns(3)
    with left:
        who = _filter(
            "who", say("Who"), {entry.actor: _who(entry.actor, names) for entry in entries}
        )
    with middle:
        what = _filter(
            "what", say("What"), {entry.action: _deed(entry.action) for entry in entries}
        )
    with right:
        how = _filter(
            "how", say("How it ended"), {entry.outcome: _ending(entry.outcome) for entry in entries}
        )
    return [
        entry
        for entry in entries
        if who in (None, entry.actor)
        and what in (None, entry.action)
        and how in (None, entry.outcome)
    ]


def _filter(name: str, label: str, names: Mapping[str, str]) -> str | None:
    # of two labels that are the same, the browser would mean the first
    same = Counter(names.values())
    labels = {
        one: f"{words} ({one[:SHORT]})" if same[words] > 1 else words
        for one, words in names.items()
    }
    return st.selectbox(
        label,
        sorted(labels, key=lambda one: labels[one].casefold()),
        index=None,
        format_func=lambda one: labels.get(one, one),
        placeholder=say("All"),
        key=f"practice-filter:{name}",
        on_change=_turn_to,
        args=(0,),
    )


def _turn_to(page: int) -> None:
    st.session_state[PAGE] = page


def _turn_page(
    office: Office, actor: Actor, entries: list[TrailEntry], at: int, last_page: int
) -> None:
    with st.container(horizontal=True):
        if at > 0:
            st.button(say("Newer entries"), key="trail-newer", on_click=_turn_to, args=(at - 1,))
        if at < last_page:
            st.button(say("Older entries"), key="trail-older", on_click=_turn_to, args=(at + 1,))
        elif _goes_further_back(entries) and st.button(say("Read further back"), key="trail-back"):
            older = trail.entries(office.desk, actor, before=entries[-1].number)
            st.session_state[HELD + "trail"] = actor, [*entries, *older]
            st.rerun()


def _goes_further_back(entries: Sequence[TrailEntry]) -> bool:
    return bool(entries) and entries[-1].number > 1


def _whole_trail(office: Office, actor: Actor) -> list[TrailEntry]:
    entries = trail.entries(office.desk, actor)
    # a trail that was emptied in the database has no last entry
    while entries and (older := trail.entries(office.desk, actor, before=entries[-1].number)):
        entries += older
    return entries


def _who(member_id: str, names: Mapping[str, str]) -> str:
    if member_id == people.OPERATOR:
        return say("Whoever runs this server")
    return names.get(member_id, member_id[:SHORT])


def _deed(action: str) -> str:
    return say(DEEDS.get(action, action))


def _ending(outcome: str) -> str:
    return say(ENDINGS.get(outcome, outcome))


def _entry_line(entry: TrailEntry, names: Mapping[str, str]) -> str:
    about = "" if entry.resource in ("", entry.actor) else f" ({_short(entry.resource, names)})"
    told = ", ".join(f"{name} {_short(str(value), names)}" for name, value in entry.detail.items())
    ended = plain(_ending(entry.outcome))
    line = say(
        "{entry}: {time}. {who}: {deed}: {ended}.",
        entry=entry.number,
        time=moment(entry.at),
        who=plain(_who(entry.actor, names)),
        deed=plain(_deed(entry.action) + about),
        ended=ended if entry.outcome == "done" else f"**{ended}**",
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
    # a file reads the same, whoever made it
    with speaking(ENGLISH):
        return to_csv(header, rows)


def _check_trail(office: Office, actor: Actor) -> None:
    st.subheader(say("Check the trail"))
    st.markdown(
        say(
            "Each entry is sealed together with the one before it. The check sees if one was "
            "changed, moved or removed. Its newest number and mark go to the server's log. If you "
            "wrote down such a pair before, give it here: then the check also sees if an older "
            "copy of the whole trail was put in its place."
        )
    )
    with st.form("practice-check"):
        digits = ask_line(
            say("Number written down before"),
            max_chars=12,
            help=say("May be empty."),
            key="check-number",
        )
        mark = ask_line(
            say("Mark written down before"),
            max_chars=200,
            help=say("May be empty."),
            key="check-mark",
        )
        pressed = st.form_submit_button(say("Check the trail"), type="primary")
    if pressed:
        _check(office, actor, digits.strip(), mark.strip())


def _check(office: Office, actor: Actor, digits: str, mark: str) -> None:
    if bool(digits) != bool(mark) or (digits and not digits.isdecimal()):
        st.error(say("Give both, the number as digits and the mark, or leave both empty."))
        return
    found = trail.faults(office.desk, actor, int(digits or 0), mark)
    if not found:
        st.success(say("No entry was changed, moved or removed."))
        return
    st.error(
        say_many(
            "The trail is not as it was written: 1 fault.",
            "The trail is not as it was written: {count} faults.",
            len(found),
        )
    )
    st.markdown("\n".join(f"- {plain(fault)}" for fault in found))


# -- a patient's data --------------------------------------------------------------------------


def _patients(office: Office, actor: Actor) -> None:
    st.header(say("A patient's data"), divider="gray")
    _say("patients")
    _offer_proof("patients")
    st.markdown(
        say(
            "A patient may ask for a copy of all that is held about them, or for its end. Cases "
            "with the same name and date of birth are one patient's."
        )
    )
    if HELD + "patients" not in st.session_state and not st.button(
        say("Find a patient"), key="find-patient"
    ):
        return
    rows = _held("patients", actor, lambda: office.cases.worklist(actor))
    labels = {row.case_id: _case_label(row) for row in sorted(rows, key=_by_patient)}
    case_id = st.selectbox(
        say("One of the patient's cases"),
        list(labels),
        index=None,
        format_func=lambda one: labels.get(one, one),
        placeholder=say("Choose a case"),
        key=f"practice-patient:{_round()}",
    )
    if case_id is not None:
        _patient(office, actor, case_id)


def _by_patient(row: Row) -> tuple[str, str]:
    return row.summary.patient.casefold(), row.changed_at


def _case_label(row: Row) -> str:
    # the id tells two cases apart that look the same
    return say(
        "{patient}: {state}, changed {day} ({id})",
        patient=row.summary.patient or say("No name yet"),
        state=state_words(row.state, row.outcome),
        day=in_words(row.changed_at),
        id=row.case_id[:SHORT],
    )


def _patient(office: Office, actor: Actor, case_id: str) -> None:
    views = _held(f"patient:{case_id}", actor, lambda: _views(office, actor, case_id))
    patient = views[0].summary.patient or say("a patient without a name yet")
    st.subheader(say("What is held about {patient}", patient=plain(patient)))
    st.markdown("\n".join(f"- {_view_line(view)}" for view in views))
    offer(
        say("Make a copy of everything about this patient"),
        lambda: erasure.export_patient(office.desk, actor, case_id),
        "patient-copy.zip",
        "application/zip",
    )
    note(say("The copy can be read by anybody who has it. Give it to nobody but the patient."))
    _erase_patient(office, actor, case_id, views)


def _views(office: Office, actor: Actor, case_id: str) -> list[CaseView]:
    found = erasure.patient_cases(office.desk, actor, case_id)
    return [office.cases.read(actor, one.case_id) for one in found]


def _view_line(view: CaseView) -> str:
    told = ", ".join(
        [
            _documents(len(view.papers)),
            say_many("1 saved version", "{count} saved versions", len(view.versions)),
            say_many("1 call", "{count} calls", len(view.calls)),
            say_many("1 signature", "{count} signatures", len(view.signatures)),
        ]
    )
    return say(
        "Case {id}: {state}, begun {day}. It holds {what}.",
        id=view.case_id[:SHORT],
        state=plain(state_words(view.state, view.outcome)),
        day=in_words(view.made_at),
        what=told,
    )


def _documents(count: int) -> str:
    return say_many("1 document", "{count} documents", count)


def _cases(count: int) -> str:
    return say_many("1 case", "{count} cases", count)


def _erase_patient(office: Office, actor: Actor, case_id: str, views: Sequence[CaseView]) -> None:
    st.subheader(say("Erase this patient"))
    st.warning(
        say(
            "This erases {cases} with {documents}, and all that is listed above. Nobody can bring "
            "it back. The trail stays: it names no patient.",
            cases=_cases(len(views)),
            documents=_documents(sum(len(view.papers) for view in views)),
        )
    )
    with st.form(f"erase:{_round()}:{case_id}"):
        why = ask_line(say("Why is it erased?"), max_chars=500, key=_key(f"erase-why:{case_id}"))
        word = _erase_word(_key(f"erase-word:{case_id}"))
        pressed = st.form_submit_button(say("Erase this patient"), type="primary")
    if pressed and _is_meant(word):
        _do(
            "patients",
            lambda: _keep_proof(
                "patients", erasure.erase_patient(office.desk, actor, case_id, why)
            ),
            say("The patient is erased."),
        )


def _erase_word(key: str) -> str:
    return ask_line(say("Type the word {word} to go on", word=WORD), max_chars=20, key=key)


def _is_meant(word: str) -> bool:
    if word.strip() == WORD:
        return True
    st.error(
        say("Nothing was erased. To erase, type the word {word} in capital letters.", word=WORD)
    )
    return False


# -- the proof, which nobody keeps but who erased ----------------------------------------------


def _keep_proof(section: str, proof: Proof | None) -> None:
    st.session_state[PROOF] = section, proof


def _offer_proof(section: str) -> None:
    of, proof = st.session_state.get(PROOF, ("", None))
    if of != section or proof is None:
        return
    with st.container(border=True):
        st.subheader(say("Proof that it was erased"))
        st.markdown(
            say(
                "Erased {time}: {rows} of {cases} ({ids}). Left: {left}. Why: {why}. It is entry "
                "{entry} of the trail.",
                time=moment(proof.at),
                rows=say_many("1 row", "{count} rows", sum(proof.rows_before.values())),
                cases=_cases(len(proof.case_ids)),
                ids=", ".join(one[:SHORT] for one in proof.case_ids),
                left=proof.rows_after,
                why=plain(proof.why),
                entry=proof.entry,
            )
        )
        for told in proof.notes:
            st.markdown(plain(say(told)))
        offer(say("Make the proof as a file"), proof.as_json, PROOF_FILE, "application/json")
        note(say("Save it now. It is not kept here: it goes when you leave this page."))


# -- retention ---------------------------------------------------------------------------------


def _retention(office: Office, actor: Actor) -> None:
    st.header(say("What is past its time"), divider="gray")
    _say("retention")
    _offer_proof("retention")
    st.markdown(
        say("Cases are kept for some years after their last change, and no longer than needed.")
    )
    if HELD + "due" not in st.session_state and not st.button(
        say("See what is past its time"), key="see-due"
    ):
        return
    due = _held("due", actor, lambda: erasure.run_retention(office.desk, actor, True).due)
    if not due:
        st.info(say("Nothing is past its time."))
        return
    st.markdown("\n".join(f"- {_due_line(one)}" for one in due))
    with st.form(f"retention:{_round()}"):
        st.markdown(say("This erases {cases}. Nobody can bring them back.", cases=_cases(len(due))))
        word = _erase_word(_key("retention-word"))
        pressed = st.form_submit_button(say("Erase what is past its time"), type="primary")
    if pressed and _is_meant(word):
        _do(
            "retention",
            lambda: _run_retention(office, actor),
            say("What was past its time is erased."),
        )


def _run_retention(office: Office, actor: Actor) -> None:
    _keep_proof("retention", erasure.run_retention(office.desk, actor, False).proof)


def _due_line(due: DueCase) -> str:
    return say(
        "Case {id}: last changed {last}, kept until {until}.",
        id=due.case_id[:SHORT],
        last=in_words(due.changed_at),
        until=in_words(due.kept_until),
    )


# The trail is long, so it comes last.
SECTIONS: dict[Action, Callable[[Office, Actor], None]] = {
    Action.MEMBER_LIST: _people,
    Action.COUNTS_READ: _counts,
    Action.CASE_ERASE: _patients,
    Action.RETENTION_RUN: _retention,
    Action.AUDIT_READ: _trail,
}

page()
