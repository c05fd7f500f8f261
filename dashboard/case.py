"""One case: where it stands, what can be done with it, and all that happened to it."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from compound_coverage.casework import people
from compound_coverage.casework.access import MATRIX, Action, Actor
from compound_coverage.casework.appeals import Decision, next_requests
from compound_coverage.casework.cases import CaseView, Paper, Signed, Step
from compound_coverage.casework.content import Content, stated
from compound_coverage.casework.merge import passages
from compound_coverage.casework.office import Office
from compound_coverage.casework.packets import STATES as PACKET_STATES
from compound_coverage.casework.papers import PaperKind
from compound_coverage.casework.people import Member
from compound_coverage.casework.states import Outcome, State, steps_from
from compound_coverage.casework.worklist import (
    days_left,
    left_in_words,
    letter_title,
    whose_move,
)
from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.engine import determine
from compound_coverage.letters.assemble import case_of
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.choose import proposals
from compound_coverage.letters.packet import LIMITS, Attachment
from compound_coverage.letters.templates import (
    LetterType,
    UnknownLetterError,
    letter_type_named,
    letter_types,
    words_of,
)
from dashboard.downloads import offer
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.letter_fields import label_of
from dashboard.office_parts import (
    CASE,
    OUTCOMES,
    STEPS,
    case_shown,
    in_words,
    may_do,
    moment,
    state_words,
)
from dashboard.open_case import open_case
from dashboard.parts import SCANS, ask_line, dataset_or_stop, drug_lists, note, plain

SHOWN = "case-view"
REFRESH = "case-refresh"
DONE = "case-done"
DAY_HELP = "Year, month and day, such as 2026-03-09."
PAPERS: dict[PaperKind, str] = {
    "fax_report": "Fax report",
    "plan_answer": "The plan's answer",
    "chart": "From the chart",
    "other": "Another paper",
}
KINDS: dict[str, str] = {
    **{str(kind): words for kind, words in PAPERS.items()},
    "signed": "Signed letter",
    "packet": "Packet with the signed letter",
    "signed_by_hand": "Copy signed on paper",
}
VERSIONS = {
    "saved": "saved",
    "merged": "two people's changes brought together",
    "aside": "kept beside, because somebody else had written in the same place",
}
DECIDED = {
    Outcome.APPROVED: "Approved",
    Outcome.DENIED: "Denied",
    Outcome.PARTLY: "Approved in part",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as it was read for somebody; each reading is an entry of the audit trail."""

    actor: Actor
    view: CaseView
    members: list[Member]
    followed_by: str

    @property
    def names(self) -> Mapping[str, str]:
        """What the members are called, by id."""
        return {one.member_id: one.name for one in self.members}

    def may(self, action: Action) -> bool:
        """May the one it was read for do this to the case?"""
        return may_do(self.actor, self.view, action)

    def can(self, action: Action) -> bool:
        """May they, and is it the time for it?"""
        return action in steps_from(self.view.state) and self.may(action)


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    dataset = dataset_or_stop()
    case_id = case_shown()
    if not case_id:
        st.title("Case")
        st.info("Pick a case in the list first.")
        _list_button()
        return
    try:
        shown = _read(office, actor, case_id)
    except ValueError as error:
        st.title("Case")
        st.error(plain(str(error)))
        _list_button()
        return
    _show_heading(shown, dataset)
    _show_days(office, shown)
    _show_deeds(office, shown, dataset)
    _show_road(shown)
    _show_calls(office, shown)
    _show_papers(office, shown)
    _show_signatures(office, shown)
    _show_versions(office, shown)


def _list_button() -> None:
    if st.button("All cases"):
        st.switch_page("dashboard/cases.py")


def _read(office: Office, actor: Actor, case_id: str) -> Shown:
    """The case, read anew when the page is entered, after a deed, and for somebody else."""
    held: Shown | None = st.session_state.get(SHOWN)
    # the button's own place in the session is gone after a visit to another page
    entered = REFRESH not in st.session_state
    if held and held.actor == actor and held.view.case_id == case_id and not entered:
        return held
    view = office.cases.read(actor, case_id)
    followed_by = ""
    if view.state == State.APPEALED:
        rows = office.cases.worklist(actor)
        followed_by = next((row.case_id for row in rows if row.follows == case_id), "")
    shown = Shown(actor, view, people.members(office.desk, actor), followed_by)
    st.session_state[SHOWN] = shown
    return shown


def _forget() -> None:
    st.session_state.pop(SHOWN, None)


def _do(deed: Callable[[], object], told: str) -> None:
    """Does something to the case and says so; where it can't be done, says why."""
    _forget()
    try:
        deed()
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.session_state[DONE] = told
    st.rerun()


def _show_case(case_id: str) -> None:
    st.session_state[CASE] = case_id
    _forget()
    st.rerun()


# -- where it stands ---------------------------------------------------------------------------


def _show_heading(shown: Shown, dataset: Dataset) -> None:
    view, summary = shown.view, shown.view.summary
    # without an anchor: a patient's name has no place in an address
    name, letter = summary.patient or "No name yet", letter_title(summary.letter_type)
    st.title(plain(f"{name}: {letter}"), anchor=False)
    told = st.session_state.pop(DONE, "")
    if told:
        st.success(plain(told))
    medication = dataset.medications.get(summary.medication)
    st.markdown(
        f"Medicine: {plain(medication.name if medication else 'none yet')}. "
        f"Plan: {plain(summary.plan or 'none yet')}."
    )
    who = shown.names.get(view.assigned_id, "somebody who left")
    st.markdown(
        f"**{state_words(view.state, view.outcome)}**, version {view.version}. "
        f"With: {plain(who if view.assigned_id else 'nobody yet')}."
    )
    if summary.decision:
        _show_decision(summary.decision)
    with st.container(horizontal=True):
        _list_button()
        st.button("Read the case anew", key=REFRESH, on_click=_forget)
        if view.follows and st.button("Open the case before this appeal"):
            _show_case(view.follows)
        if shown.followed_by and st.button("Open the appeal"):
            _show_case(shown.followed_by)


def _show_decision(decision: Decision) -> None:
    told = [f"The plan's answer of {in_words(decision.decided_on)}: {OUTCOMES[decision.outcome]}."]
    if decision.approved_from:
        told.append(f"Approved from {in_words(decision.approved_from)}.")
    if decision.approved_until:
        told.append(f"Approved until {in_words(decision.approved_until)}.")
    if decision.reference:
        told.append(f"Reference: {decision.reference}.")
    if decision.reason:
        told.append(f"The reason it gives: {decision.reason}")
    st.markdown(plain(" ".join(told)))


def _show_days(office: Office, shown: Shown) -> None:
    st.header("Days to act", divider="gray")
    today = office.desk.now().date()
    for due in shown.view.summary.dues:
        left = left_in_words(days_left(due.day, today))
        st.markdown(
            f"- {in_words(due.day)}, **{left}**: {plain(due.title)}. Whose move: {whose_move(due)}."
        )
    if not shown.view.summary.dues:
        st.markdown("No day to act by is known.")


# -- what can be done --------------------------------------------------------------------------


def _show_deeds(office: Office, shown: Shown, dataset: Dataset) -> None:
    st.header("What you can do", divider="gray")
    by_prescriber = _prescriber_signs(shown.view.content)
    if shown.can(Action.CASE_EDIT):
        _edit(office, shown, dataset)
    if by_prescriber:
        _look_at_the_letter(shown)
    _say_who_signs(shown, by_prescriber)
    if shown.can(Action.CASE_SUBMIT):
        _submit(office, shown)
    if shown.can(Action.CASE_RETURN):
        _ask_for_changes(office, shown)
    if shown.can(Action.CASE_FILE) and not by_prescriber:
        _keep_signed_by_hand(office, shown)
    _show_deeds_with_the_plan(office, shown)
    if shown.can(Action.CASE_APPEAL) and shown.view.outcome != Outcome.APPROVED:
        _appeal(office, shown, dataset)
    if shown.may(Action.CASE_ASSIGN):
        _assign(office, shown)


def _show_deeds_with_the_plan(office: Office, shown: Shown) -> None:
    signed = shown.view.state in PACKET_STATES and shown.view.signatures
    if signed and shown.may(Action.CASE_FILE):
        _packet(office, shown)
    if shown.can(Action.CASE_SEND):
        _send(office, shown)
    if shown.can(Action.CASE_DECIDE):
        _decide(office, shown)


def _prescriber_signs(content: Content) -> bool:
    try:
        letter = letter_type_named(content.letter_type, "en")
    except UnknownLetterError:
        return False
    return letter.mark == words_of("en").marks["prescriber"]


def _say_who_signs(shown: Shown, by_prescriber: bool) -> None:
    if shown.view.state != State.IN_REVIEW:
        return
    if not by_prescriber:
        st.info("The patient signs this on paper. Put the signed copy in here.")
    elif not shown.may(Action.CASE_SIGN):
        name = str(shown.view.content.at("prescriber.name") or "the prescriber it names")
        st.info(
            f"It waits for {plain(name)} to review and sign it. The letter and the member must "
            "have the same NPI."
        )


def _edit(office: Office, shown: Shown, dataset: Dataset) -> None:
    if st.button("Edit the letter", type="primary"):
        _forget()
        try:
            open_case(office, shown.actor, shown.view.case_id, dataset)
        except ValueError as error:
            st.error(plain(str(error)))
            return
        st.switch_page("dashboard/letter.py")


def _look_at_the_letter(shown: Shown) -> None:
    """The way to the letter beside its facts; for the prescriber it is the way to sign."""
    signs = shown.can(Action.CASE_SIGN)
    label = "Review and sign" if signs else "See the letter beside its facts"
    if st.button(label, type="primary" if signs else "secondary"):
        st.switch_page("dashboard/review.py")


def _submit(office: Office, shown: Shown) -> None:
    with st.expander("Send to review"), st.form("submit"):
        why = st.text_area("Words for the prescriber, if you like", max_chars=2_000)
        if st.form_submit_button("Send it to review", type="primary"):
            _do(
                lambda: office.cases.submit(shown.actor, shown.view.case_id, why or ""),
                "The letter is in review now. The prescriber it names can sign it.",
            )


def _ask_for_changes(office: Office, shown: Shown) -> None:
    with st.expander("Ask for changes"), st.form("return"):
        why = st.text_area("What should change?", max_chars=2_000)
        if st.form_submit_button("Send it back", type="primary"):
            _do(
                lambda: office.cases.ask_for_changes(shown.actor, shown.view.case_id, why or ""),
                "The letter went back to the office with your words.",
            )


def _keep_signed_by_hand(office: Office, shown: Shown) -> None:
    with st.expander("Put in a copy signed on paper"), st.form("by-hand"):
        st.markdown("For a letter that the patient signs. The case then counts as signed.")
        upload = st.file_uploader("Scan or photo of the signed paper", SCANS, max_upload_size=25)
        if not st.form_submit_button("Keep the signed copy", type="primary"):
            return
        if upload is None:
            st.error("Pick the file with the signed copy first.")
            return
        name, content = upload.name, upload.getvalue()
        _do(
            lambda: office.papers.keep_signed_by_hand(
                shown.actor, shown.view.case_id, name, content
            ),
            "The signed copy is kept. The case is signed now.",
        )


def _packet(office: Office, shown: Shown) -> None:
    with st.expander("Make the packet for the plan"), st.form("packet"):
        st.markdown("One sealed PDF: cover sheet, the letter as it was signed, and the proof.")
        cover = st.checkbox("A cover sheet first", value=True)
        evidence = st.checkbox("The list of studies", value=True)
        uploads = st.file_uploader(
            "Papers that prove the facts", SCANS, accept_multiple_files=True, max_upload_size=25
        )
        note(plain(LIMITS) + " Send only what the plan needs to decide.")
        if st.form_submit_button("Make the packet", type="primary"):
            attachments = [Attachment(one.name, one.getvalue()) for one in uploads]
            _do(
                lambda: office.packets.put_together(
                    shown.actor,
                    shown.view.case_id,
                    cover=cover,
                    evidence=evidence,
                    attachments=attachments,
                ),
                "The packet is made. It is among the papers below.",
            )


def _send(office: Office, shown: Shown) -> None:
    with st.expander("Mark as sent"), st.form("send"):
        today = office.desk.now().date().isoformat()
        day = ask_line("Day it was sent", value=today, max_chars=10, help=DAY_HELP)
        how = ask_line("How it was sent", max_chars=500, placeholder="Fax to 000-555-0100")
        if st.form_submit_button("Mark it as sent", type="primary"):
            _do(
                lambda: office.cases.send(
                    shown.actor, shown.view.case_id, (day or "").strip(), how or ""
                ),
                "The letter is marked as sent. The plan's time to answer runs now.",
            )


def _decide(office: Office, shown: Shown) -> None:
    with st.expander("Enter the plan's answer"), st.form("decide"):
        outcome = st.radio(
            "The plan's answer", list(DECIDED), index=None, format_func=DECIDED.__getitem__
        )
        day = ask_line("Day of the notice", max_chars=10, help=DAY_HELP)
        reference = ask_line("The plan's reference number", max_chars=200)
        first = ask_line("Approved from", max_chars=10, help=DAY_HELP)
        last = ask_line("Approved until", max_chars=10, help=DAY_HELP)
        reason = st.text_area("The plan's reason, in its own words", max_chars=20_000)
        if not st.form_submit_button("Keep the answer", type="primary"):
            return
        if outcome is None:
            st.error("Say first what the plan decided.")
            return
        decision = Decision(
            outcome,
            (day or "").strip(),
            (reference or "").strip(),
            (first or "").strip(),
            (last or "").strip(),
            (reason or "").strip(),
        )
        _do(
            lambda: office.cases.decide(shown.actor, shown.view.case_id, decision),
            f"The plan's answer is kept: {OUTCOMES[decision.outcome]}.",
        )


def _appeal(office: Office, shown: Shown, dataset: Dataset) -> None:
    with st.expander("Appeal"), st.form("appeal"):
        letters = {one.letter_type: one.title for one in _appeals(office, shown, dataset)}
        letter_type = st.selectbox(
            "Which letter?",
            list(letters),
            format_func=letters.__getitem__,
            help="The first ones fit this plan best.",
        )
        why = st.text_area("Why you appeal, for the office", max_chars=2_000)
        if not st.form_submit_button("Begin the appeal", type="primary"):
            return

        def begin() -> None:
            st.session_state[CASE] = office.cases.appeal(
                shown.actor, shown.view.case_id, letter_type or "", why or ""
            )

        _do(begin, "The appeal has begun. This is its own case, with the facts of the one before.")


def _appeals(office: Office, shown: Shown, dataset: Dataset) -> list[LetterType]:
    """The letters that can answer the denial, those that fit the plan best first."""
    content = shown.view.content
    request = content.request
    stage = next(iter(next_requests(str(request.get("stage")))), "appeal")
    try:
        case = load_case({**content.facts, "request": {**request, "stage": stage}})
        with drug_lists() as lists:
            asked = case_of(case, dataset, office.desk.now().date(), lists)
        fitting = [one.letter for one in proposals(case, determine(asked, dataset))]
    except ValueError:
        # facts that make no case yet: the letter can still be chosen by hand
        fitting = []
    fitting = [one for one in fitting if _is_appeal(one, stage)]
    return fitting or [one for one in letter_types("en") if _is_appeal(one, stage)]


def _is_appeal(letter: LetterType, stage: str) -> bool:
    return letter.kind in ("letter", "form") and stage in letter.calls.stages


def _assign(office: Office, shown: Shown) -> None:
    working = {
        one.member_id: one.name
        for one in shown.members
        if not one.ended and one.roles & MATRIX[Action.CASE_READ]
    }
    ids = list(working)
    now = shown.view.assigned_id
    with st.expander("Assign to somebody"), st.form("assign"):
        member_id = st.selectbox(
            "Who should have it?",
            ids,
            index=ids.index(now) if now in ids else None,
            format_func=working.__getitem__,
            placeholder="Pick a person",
        )
        if not st.form_submit_button("Assign it", type="primary"):
            return
        if member_id is None:
            st.error("Pick a person first.")
            return
        _do(
            lambda: office.cases.assign(shown.actor, shown.view.case_id, member_id),
            f"The case is with {working[member_id]} now.",
        )


# -- what happened -----------------------------------------------------------------------------


def _show_road(shown: Shown) -> None:
    st.header("The road so far", divider="gray")
    steps = enumerate(shown.view.steps, 1)
    st.markdown("\n".join(f"{number}. {_step_in_words(shown, step)}" for number, step in steps))


def _step_in_words(shown: Shown, step: Step) -> str:
    who = _by(shown, step.member_id)
    why = f" “{plain(step.why)}”" if step.why else ""
    return f"**{STEPS.get(step.action, step.action)}**, {moment(step.at)}, by {who}.{why}"


def _by(shown: Shown, member_id: str) -> str:
    return plain(shown.names.get(member_id, "somebody who left"))


def _show_calls(office: Office, shown: Shown) -> None:
    st.header("Calls", divider="gray")
    for call in shown.view.calls:
        reference = f" Reference: {call.reference}." if call.reference else ""
        st.markdown(
            f"- **{plain(call.with_whom)}**, {moment(call.at)}, by {_by(shown, call.member_id)}: "
            f"{plain(call.said + reference)}"
        )
    if not shown.view.calls:
        st.markdown("No call is noted.")
    if shown.may(Action.CASE_CALL):
        _note_call(office, shown)


def _note_call(office: Office, shown: Shown) -> None:
    # a new key after each call empties the form
    with st.expander("Note a call"), st.form(f"call:{len(shown.view.calls)}"):
        with_whom = ask_line("Who was on the phone?", max_chars=200)
        said = st.text_area("What was said?", max_chars=2_000)
        reference = ask_line("Reference number of the call", max_chars=200)
        if st.form_submit_button("Keep the call", type="primary"):
            _do(
                lambda: office.cases.note_call(
                    shown.actor, shown.view.case_id, with_whom or "", said or "", reference or ""
                ),
                "The call is noted.",
            )


def _show_papers(office: Office, shown: Shown) -> None:
    st.header("Papers", divider="gray")
    for number, paper in enumerate(shown.view.papers, 1):
        _show_paper(office, shown, number, paper)
    if not shown.view.papers:
        st.markdown("No paper is kept.")
    if shown.may(Action.CASE_FILE):
        _add_paper(office, shown)


def _show_paper(office: Office, shown: Shown, number: int, paper: Paper) -> None:
    with st.container(border=True):
        st.markdown(
            f"Paper {number}. **{KINDS.get(paper.kind, 'Paper')}**: {plain(paper.name)}, "
            f"{moment(paper.at)}, by {_by(shown, paper.member_id)}."
        )
        if shown.may(Action.DOCUMENT_READ):
            offer(
                f"Save paper {number}",
                lambda: office.papers.read(shown.actor, paper.document_id)[1],
                paper.name,
                mimetypes.guess_type(paper.name)[0] or "application/octet-stream",
            )


def _add_paper(office: Office, shown: Shown) -> None:
    # a new key after each paper empties the form
    with st.expander("Add a paper"), st.form(f"paper:{len(shown.view.papers)}"):
        kind = st.selectbox("What is it?", list(PAPERS), format_func=PAPERS.__getitem__)
        upload = st.file_uploader("The paper", SCANS, max_upload_size=25)
        if not st.form_submit_button("Keep the paper", type="primary"):
            return
        if upload is None:
            st.error("Pick the file first.")
            return
        name, content = upload.name, upload.getvalue()
        _do(
            lambda: office.papers.keep(
                shown.actor, shown.view.case_id, kind or "other", name, content
            ),
            f"The paper {name} is kept.",
        )


def _show_signatures(office: Office, shown: Shown) -> None:
    if not shown.view.signatures:
        return
    st.header("Signatures", divider="gray")
    for signed in shown.view.signatures:
        newer = " The letter was changed since." if signed.version != shown.view.version else ""
        st.markdown(
            f"- Version {signed.version}: **{plain(signed.name)}**, NPI {plain(signed.npi)}, "
            f"{moment(signed.at)}.{newer} {_seal_in_words(office, signed)}"
        )


def _seal_in_words(office: Office, signed: Signed) -> str:
    try:
        certificate = office.sealer.certificate
    except ValueError:
        return ""
    if not certificate.trial or certificate.fingerprint != signed.certificate:
        return ""
    return (
        "It is sealed with a trial certificate: that shows whether the file was changed, but "
        "others can't see from it who your practice is."
    )


# -- versions ----------------------------------------------------------------------------------


def _show_versions(office: Office, shown: Shown) -> None:
    st.header("Facts and versions", divider="gray")
    with st.expander("The facts of the letter"):
        lines = [
            f"- {plain(label_of(fact.place))}: {plain(fact.value)}"
            for fact in stated(shown.view.content)
        ]
        st.markdown("\n".join(lines) or "Nothing is filled in yet.")
    with st.expander(f"All versions ({len(shown.view.versions)})"):
        lines = [
            f"- Version {one.number}: {VERSIONS.get(one.kind, one.kind)}, {moment(one.at)}, "
            f"by {_by(shown, one.member_id)}"
            for one in reversed(shown.view.versions)
        ]
        st.markdown("\n".join(lines))
    if len(shown.view.versions) > 1:
        _compare(office, shown)


def _compare(office: Office, shown: Shown) -> None:
    numbers = [one.number for one in shown.view.versions]
    with st.expander("Compare two versions"), st.form("compare"):
        old = st.selectbox("The older version", numbers, index=len(numbers) - 2)
        new = st.selectbox("The newer version", numbers, index=len(numbers) - 1)
        if not st.form_submit_button("Compare"):
            return
        actor, case_id = shown.actor, shown.view.case_id
        try:
            before = office.cases.version_at(actor, case_id, old or 0)
            after = office.cases.version_at(actor, case_id, new or 0)
        except ValueError as error:
            st.error(plain(str(error)))
            return
        _show_changes(before, after)


def _show_changes(before: Content, after: Content) -> None:
    was = {fact.place: fact.value for fact in stated(before)}
    now = {fact.place: fact.value for fact in stated(after)}
    places = [place for place in {**was, **now} if was.get(place) != now.get(place)]
    lines = [
        f"- {plain(label_of(place))}: was “{plain(was.get(place, 'nothing'))}”, "
        f"is “{plain(now.get(place, 'nothing'))}”"
        for place in places
    ]
    if before.letter_type != after.letter_type:
        old, new = letter_title(before.letter_type), letter_title(after.letter_type)
        lines.insert(0, f"- The letter: was “{plain(old)}”, is “{plain(new)}”")
    st.markdown("\n".join(lines) or "The facts are the same in both.")
    if before.text != after.text:
        _show_changed_text(before.text, after.text)


def _show_changed_text(before: str, after: str) -> None:
    if not before or not after:
        which = "older" if before else "newer"
        st.markdown(f"Only the {which} one has a text edited by hand; the other is as made.")
        return
    for part in passages(before, after):
        if part.kind != "same" and part.text.strip():
            mark = "Taken out" if part.kind == "only_theirs" else "Put in"
            st.markdown(f"- {mark}: “{plain(part.text)}”")


page()
