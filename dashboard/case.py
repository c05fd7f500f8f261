"""One case: where it stands, what can be done with it, and all that happened to it."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from compound_coverage.casework import people
from compound_coverage.casework.access import MATRIX, Action, Actor
from compound_coverage.casework.appeals import Decision, next_requests
from compound_coverage.casework.cases import CaseView, Paper, Signed, Step, VersionNote
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
    whose_move,
)
from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.engine import determine
from compound_coverage.language import number, say, to_say
from compound_coverage.letters.assemble import case_of
from compound_coverage.letters.casefile import load_case
from compound_coverage.letters.choose import proposals
from compound_coverage.letters.packet import (
    LARGEST_PACKET,
    MOST_FILES,
    MOST_PAGES,
    Attachment,
)
from compound_coverage.letters.pages import LARGEST_FILE
from compound_coverage.letters.templates import (
    LetterType,
    UnknownLetterError,
    letter_type_named,
    letter_types,
    words_of,
)
from dashboard.cards import empty, show
from dashboard.downloads import offer
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.letter_fields import label_of
from dashboard.office_parts import (
    CASE,
    OUTCOMES,
    STEPS,
    case_shown,
    in_words,
    letter_name,
    may_do,
    moment,
    state_words,
)
from dashboard.open_case import open_case
from dashboard.parts import SCANS, ask_line, dataset_or_stop, drug_lists, note, plain

SHOWN = "case-view"
REFRESH = "case-refresh"
DONE = "case-done"
DAY_HELP = to_say("Year, month and day, such as 2026-03-09.")
PAPERS: dict[PaperKind, str] = {
    "fax_report": to_say("Fax report"),
    "plan_answer": to_say("The plan's answer"),
    "chart": to_say("From the chart"),
    "other": to_say("Another paper"),
}
KINDS: dict[str, str] = {
    **{str(kind): words for kind, words in PAPERS.items()},
    "signed": to_say("Signed letter"),
    "packet": to_say("Packet with the signed letter"),
    "signed_by_hand": to_say("Copy signed on paper"),
}
PAPER = to_say("Paper")
VERSIONS = {
    "saved": to_say("saved"),
    "merged": to_say("two people's changes brought together"),
    "aside": to_say("kept beside, because somebody else had written in the same place"),
}
DECIDED = {
    Outcome.APPROVED: to_say("Approved"),
    Outcome.DENIED: to_say("Denied"),
    Outcome.PARTLY: to_say("Approved in part"),
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

    def key(self, name: str) -> str:
        """The key of a question about this case: another case begins with it empty."""
        return f"{name}:{self.view.case_id}"

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
        st.title(say("Case"))
        st.info(say("Pick a case in the list first."))
        _list_button()
        return
    try:
        shown = _read(office, actor, case_id)
    except ValueError as error:
        st.title(say("Case"))
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
    if st.button(say("All cases"), key="all-cases"):
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
    name = summary.patient or say("No name yet")
    st.title(plain(f"{name}: {letter_name(summary.letter_type)}"), anchor=False)
    told = st.session_state.pop(DONE, "")
    if told:
        st.success(plain(told))
    medication = dataset.medications.get(summary.medication)
    st.markdown(
        say(
            "Medicine: {medicine}. Plan: {plan}.",
            medicine=plain(say(medication.name) if medication else say("none yet")),
            plan=plain(summary.plan or say("none yet")),
        )
    )
    who = _by(shown, view.assigned_id) if view.assigned_id else say("nobody yet")
    st.markdown(
        say(
            "**{state}**, version {version}. With: {who}.",
            state=state_words(view.state, view.outcome),
            version=view.version,
            who=who,
        )
    )
    if summary.decision:
        _show_decision(summary.decision)
    with st.container(horizontal=True):
        _list_button()
        st.button(say("Read the case anew"), key=REFRESH, on_click=_forget)
        if view.follows and st.button(
            say("Open the case before this appeal"), key=shown.key("open-before")
        ):
            _show_case(view.follows)
        if shown.followed_by and st.button(say("Open the appeal"), key=shown.key("open-appeal")):
            _show_case(shown.followed_by)


def _show_decision(decision: Decision) -> None:
    told = [
        say(
            "The plan's answer of {day}: {outcome}.",
            day=in_words(decision.decided_on),
            outcome=say(OUTCOMES[decision.outcome]),
        )
    ]
    if decision.approved_from:
        told.append(say("Approved from {day}.", day=in_words(decision.approved_from)))
    if decision.approved_until:
        told.append(say("Approved until {day}.", day=in_words(decision.approved_until)))
    if decision.reference:
        told.append(say("Reference: {reference}.", reference=decision.reference))
    if decision.reason:
        told.append(say("The reason it gives: {reason}", reason=decision.reason))
    st.markdown(plain(" ".join(told)))


def _show_days(office: Office, shown: Shown) -> None:
    st.header(say("Days to act"), divider="gray")
    today = office.desk.now().date()
    for due in shown.view.summary.dues:
        told = say(
            "{day}, **{left}**: {what}. Whose move: {who}.",
            day=in_words(due.day),
            left=left_in_words(days_left(due.day, today)),
            what=plain(say(due.title)),
            who=say(whose_move(due)),
        )
        st.markdown(f"- {told}")
    if not shown.view.summary.dues:
        st.markdown(say("No day to act by is known."))


# -- what can be done --------------------------------------------------------------------------


def _show_deeds(office: Office, shown: Shown, dataset: Dataset) -> None:
    st.header(say("What you can do"), divider="gray")
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
        st.info(say("The patient signs this on paper. Put the signed copy in here."))
    elif not shown.may(Action.CASE_SIGN):
        name = str(shown.view.content.at("prescriber.name") or say("the prescriber it names"))
        st.info(
            say(
                "It waits for {name} to review and sign it. The letter and the member must "
                "have the same NPI.",
                name=plain(name),
            )
        )


def _edit(office: Office, shown: Shown, dataset: Dataset) -> None:
    if st.button(say("Edit the letter"), type="primary", key=shown.key("edit")):
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
    label = say("Review and sign") if signs else say("See the letter beside its facts")
    if st.button(label, type="primary" if signs else "secondary", key=shown.key("look")):
        st.switch_page("dashboard/review.py")


def _submit(office: Office, shown: Shown) -> None:
    with st.expander(say("Send to review")), st.form("submit"):
        why = st.text_area(
            say("Words for the prescriber, if you like"),
            max_chars=2_000,
            key=shown.key("submit-why"),
        )
        if st.form_submit_button(say("Send it to review"), type="primary"):
            _do(
                lambda: office.cases.submit(shown.actor, shown.view.case_id, why or ""),
                say("The letter is in review now. The prescriber it names can sign it."),
            )


def _ask_for_changes(office: Office, shown: Shown) -> None:
    with st.expander(say("Ask for changes")), st.form("return"):
        why = st.text_area(say("What should change?"), max_chars=2_000, key=shown.key("return-why"))
        if st.form_submit_button(say("Send it back"), type="primary"):
            _do(
                lambda: office.cases.ask_for_changes(shown.actor, shown.view.case_id, why or ""),
                say("The letter went back to the office with your words."),
            )


def _keep_signed_by_hand(office: Office, shown: Shown) -> None:
    with st.expander(say("Put in a copy signed on paper")), st.form("by-hand"):
        st.markdown(say("For a letter that the patient signs. The case then counts as signed."))
        upload = st.file_uploader(
            say("Scan or photo of the signed paper"),
            SCANS,
            max_upload_size=25,
            key=shown.key("by-hand-file"),
        )
        if not st.form_submit_button(say("Keep the signed copy"), type="primary"):
            return
        if upload is None:
            st.error(say("Pick the file with the signed copy first."))
            return
        name, content = upload.name, upload.getvalue()
        _do(
            lambda: office.papers.keep_signed_by_hand(
                shown.actor, shown.view.case_id, name, content
            ),
            say("The signed copy is kept. The case is signed now."),
        )


def _packet(office: Office, shown: Shown) -> None:
    with st.expander(say("Make the packet for the plan")), st.form("packet"):
        st.markdown(say("One sealed PDF: cover sheet, the letter as it was signed, and the proof."))
        cover = st.checkbox(say("A cover sheet first"), value=True, key=shown.key("packet-cover"))
        evidence = st.checkbox(
            say("The list of studies"), value=True, key=shown.key("packet-studies")
        )
        uploads = st.file_uploader(
            say("Papers that prove the facts"),
            SCANS,
            accept_multiple_files=True,
            max_upload_size=25,
            key=shown.key("packet-papers"),
        )
        note(_packet_limits())
        if st.form_submit_button(say("Make the packet"), type="primary"):
            attachments = [Attachment(one.name, one.getvalue()) for one in uploads]
            _do(
                lambda: office.packets.put_together(
                    shown.actor,
                    shown.view.case_id,
                    cover=cover,
                    evidence=evidence,
                    attachments=attachments,
                ),
                say("The packet is made. It is among the papers below."),
            )


def _packet_limits() -> str:
    return say(
        "Up to {files} attachments with {pages} pages in all, each file up to {each} MB, the whole "
        "packet up to {whole} MB. Send only what the plan needs to decide.",
        files=MOST_FILES,
        pages=MOST_PAGES,
        each=LARGEST_FILE // 1_000_000,
        whole=LARGEST_PACKET // 1_000_000,
    )


def _send(office: Office, shown: Shown) -> None:
    with st.expander(say("Mark as sent")), st.form("send"):
        today = office.desk.now().date().isoformat()
        day = ask_line(
            say("Day it was sent"),
            value=today,
            max_chars=10,
            help=say(DAY_HELP),
            key=shown.key(f"sent-on-{today}"),
        )
        how = ask_line(
            say("How it was sent"),
            max_chars=500,
            placeholder=say("Fax to 000-555-0100"),
            key=shown.key("sent-how"),
        )
        if st.form_submit_button(say("Mark it as sent"), type="primary"):
            _do(
                lambda: office.cases.send(
                    shown.actor, shown.view.case_id, (day or "").strip(), how or ""
                ),
                say("The letter is marked as sent. The plan's time to answer runs now."),
            )


def _decide(office: Office, shown: Shown) -> None:
    with st.expander(say("Enter the plan's answer")), st.form("decide"):
        outcome = st.radio(
            say("The plan's answer"),
            list(DECIDED),
            index=None,
            format_func=lambda one: say(DECIDED[one]),
            key=shown.key("decided"),
        )
        day = _ask_day(shown, say("Day of the notice"), "decided-on")
        reference = ask_line(
            say("The plan's reference number"), max_chars=200, key=shown.key("decided-reference")
        )
        first = _ask_day(shown, say("Approved from"), "approved-from")
        last = _ask_day(shown, say("Approved until"), "approved-until")
        reason = st.text_area(
            say("The plan's reason, in its own words"),
            max_chars=20_000,
            key=shown.key("decided-reason"),
        )
        if not st.form_submit_button(say("Keep the answer"), type="primary"):
            return
        if outcome is None:
            st.error(say("Say first what the plan decided."))
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
            say("The plan's answer is kept: {outcome}.", outcome=say(OUTCOMES[decision.outcome])),
        )


def _ask_day(shown: Shown, label: str, name: str) -> str:
    return ask_line(label, max_chars=10, help=say(DAY_HELP), key=shown.key(name))


def _appeal(office: Office, shown: Shown, dataset: Dataset) -> None:
    with st.expander(say("Appeal")), st.form("appeal"):
        letters = {one.letter_type: say(one.title) for one in _appeals(office, shown, dataset)}
        letter_type = st.selectbox(
            say("Which letter?"),
            list(letters),
            format_func=letters.__getitem__,
            help=say("The first ones fit this plan best."),
            key=shown.key("appeal-letter"),
        )
        why = st.text_area(
            say("Why you appeal, for the office"), max_chars=2_000, key=shown.key("appeal-why")
        )
        if not st.form_submit_button(say("Begin the appeal"), type="primary"):
            return

        def begin() -> None:
            st.session_state[CASE] = office.cases.appeal(
                shown.actor, shown.view.case_id, letter_type or "", why or ""
            )

        _do(
            begin,
            say("The appeal has begun. This is its own case, with the facts of the one before."),
        )


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
    with st.expander(say("Assign to somebody")), st.form("assign"):
        member_id = st.selectbox(
            say("Who should have it?"),
            ids,
            index=ids.index(now) if now in ids else None,
            format_func=working.__getitem__,
            placeholder=say("Pick a person"),
            key=shown.key(f"assign-to-{now}"),
        )
        if not st.form_submit_button(say("Assign it"), type="primary"):
            return
        if member_id is None:
            st.error(say("Pick a person first."))
            return
        _do(
            lambda: office.cases.assign(shown.actor, shown.view.case_id, member_id),
            say("The case is with {name} now.", name=working[member_id]),
        )


# -- what happened -----------------------------------------------------------------------------


def _show_road(shown: Shown) -> None:
    st.header(say("The road so far"), divider="gray")
    steps = enumerate(shown.view.steps, 1)
    st.markdown("\n".join(f"{count}. {_step_in_words(shown, step)}" for count, step in steps))


def _step_in_words(shown: Shown, step: Step) -> str:
    who = _by(shown, step.member_id)
    why = f" “{plain(step.why)}”" if step.why else ""
    told = say(
        "**{step}**, {time}, by {who}.",
        step=say(STEPS.get(step.action, step.action)),
        time=moment(step.at),
        who=who,
    )
    return told + why


def _by(shown: Shown, member_id: str) -> str:
    return plain(shown.names.get(member_id) or say("somebody who left"))


def _show_calls(office: Office, shown: Shown) -> None:
    st.header(say("Calls"), divider="gray")
    for call in shown.view.calls:
        told = say(
            "**{whom}**, {time}, by {who}: {said}",
            whom=plain(call.with_whom),
            time=moment(call.at),
            who=_by(shown, call.member_id),
            said=plain(call.said),
        )
        if call.reference:
            told += " " + say("Reference: {reference}.", reference=plain(call.reference))
        st.markdown(f"- {told}")
    if not shown.view.calls:
        show(empty(say("No call is noted.")))
    if shown.may(Action.CASE_CALL):
        _note_call(office, shown)


def _note_call(office: Office, shown: Shown) -> None:
    # a new key after each call empties the form
    with st.expander(say("Note a call")), st.form(f"call:{len(shown.view.calls)}"):
        name = f"call-{len(shown.view.calls)}"
        with_whom = ask_line(
            say("Who was on the phone?"), max_chars=200, key=shown.key(f"{name}-whom")
        )
        said = st.text_area(say("What was said?"), max_chars=2_000, key=shown.key(f"{name}-said"))
        reference = ask_line(
            say("Reference number of the call"), max_chars=200, key=shown.key(f"{name}-reference")
        )
        if st.form_submit_button(say("Keep the call"), type="primary"):
            _do(
                lambda: office.cases.note_call(
                    shown.actor, shown.view.case_id, with_whom or "", said or "", reference or ""
                ),
                say("The call is noted."),
            )


def _show_papers(office: Office, shown: Shown) -> None:
    st.header(say("Papers"), divider="gray")
    for count, paper in enumerate(shown.view.papers, 1):
        _show_paper(office, shown, count, paper)
    if not shown.view.papers:
        show(empty(say("No paper is kept.")))
    if shown.may(Action.CASE_FILE):
        _add_paper(office, shown)


def _show_paper(office: Office, shown: Shown, count: int, paper: Paper) -> None:
    with st.container(border=True):
        st.markdown(
            say(
                "Paper {count}. **{kind}**: {name}, {time}, by {who}.",
                count=count,
                kind=say(KINDS.get(paper.kind, PAPER)),
                name=plain(paper.name),
                time=moment(paper.at),
                who=_by(shown, paper.member_id),
            )
        )
        if shown.may(Action.DOCUMENT_READ):
            offer(
                say("Save paper {count}", count=count),
                lambda: office.papers.read(shown.actor, paper.document_id)[1],
                paper.name,
                mimetypes.guess_type(paper.name)[0] or "application/octet-stream",
            )


def _add_paper(office: Office, shown: Shown) -> None:
    # a new key after each paper empties the form
    with st.expander(say("Add a paper")), st.form(f"paper:{len(shown.view.papers)}"):
        name = f"paper-{len(shown.view.papers)}"
        kind = st.selectbox(
            say("What is it?"),
            list(PAPERS),
            format_func=lambda one: say(PAPERS[one]),
            key=shown.key(f"{name}-kind"),
        )
        upload = st.file_uploader(
            say("The paper"), SCANS, max_upload_size=25, key=shown.key(f"{name}-file")
        )
        if not st.form_submit_button(say("Keep the paper"), type="primary"):
            return
        if upload is None:
            st.error(say("Pick the file first."))
            return
        name, content = upload.name, upload.getvalue()
        _do(
            lambda: office.papers.keep(
                shown.actor, shown.view.case_id, kind or "other", name, content
            ),
            say("The paper {name} is kept.", name=name),
        )


def _show_signatures(office: Office, shown: Shown) -> None:
    if not shown.view.signatures:
        return
    st.header(say("Signatures"), divider="gray")
    for signed in shown.view.signatures:
        told = [
            say(
                "Version {version}: **{name}**, NPI {npi}, {time}.",
                version=signed.version,
                name=plain(signed.name),
                npi=plain(signed.npi),
                time=moment(signed.at),
            )
        ]
        if signed.version != shown.view.version:
            told.append(say("The letter was changed since."))
        told.append(_seal_in_words(office, signed))
        st.markdown(f"- {' '.join(filter(None, told))}")


def _seal_in_words(office: Office, signed: Signed) -> str:
    try:
        certificate = office.sealer.certificate
    except ValueError:
        return ""
    if not certificate.trial or certificate.fingerprint != signed.certificate:
        return ""
    return say(
        "It is sealed with a trial certificate: that shows whether the file was changed, but "
        "others can't see from it who your practice is."
    )


# -- versions ----------------------------------------------------------------------------------


def _show_versions(office: Office, shown: Shown) -> None:
    st.header(say("Facts and versions"), divider="gray")
    with st.expander(say("The facts of the letter")):
        lines = [
            f"- {plain(label_of(fact.place))}: {plain(fact.value)}"
            for fact in stated(shown.view.content)
        ]
        st.markdown("\n".join(lines) or say("Nothing is filled in yet."))
    versions = shown.view.versions
    with st.expander(say("All versions ({count})", count=number(len(versions)))):
        st.markdown("\n".join(f"- {_version_line(shown, one)}" for one in reversed(versions)))
    if len(shown.view.versions) > 1:
        _compare(office, shown)


def _version_line(shown: Shown, one: VersionNote) -> str:
    return say(
        "Version {version}: {kind}, {time}, by {who}",
        version=one.number,
        kind=say(VERSIONS.get(one.kind, one.kind)),
        time=moment(one.at),
        who=_by(shown, one.member_id),
    )


def _compare(office: Office, shown: Shown) -> None:
    numbers = [one.number for one in shown.view.versions]
    with st.expander(say("Compare two versions")), st.form("compare"):
        old = st.selectbox(
            say("The older version"),
            numbers,
            index=len(numbers) - 2,
            key=shown.key(f"older-{len(numbers)}"),
        )
        new = st.selectbox(
            say("The newer version"),
            numbers,
            index=len(numbers) - 1,
            key=shown.key(f"newer-{len(numbers)}"),
        )
        if not st.form_submit_button(say("Compare")):
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
    lines = [_changed(label_of(place), was.get(place), now.get(place)) for place in places]
    if before.letter_type != after.letter_type:
        old, new = letter_name(before.letter_type), letter_name(after.letter_type)
        lines.insert(0, _changed(say("The letter"), old, new))
    st.markdown("\n".join(lines) or say("The facts are the same in both."))
    if before.text != after.text:
        _show_changed_text(before.text, after.text)


def _changed(what: str, was: str | None, now: str | None) -> str:
    nothing = say("nothing")
    told = say(
        "{what}: was “{was}”, is “{now}”",
        what=plain(what),
        was=plain(nothing if was is None else was),
        now=plain(nothing if now is None else now),
    )
    return f"- {told}"


def _show_changed_text(before: str, after: str) -> None:
    if not before or not after:
        st.markdown(
            say("Only the older one has a text edited by hand; the other is as made.")
            if before
            else say("Only the newer one has a text edited by hand; the other is as made.")
        )
        return
    for part in passages(before, after):
        if part.kind != "same" and part.text.strip():
            taken = part.kind == "only_theirs"
            text = plain(part.text)
            told = (
                say("Taken out: “{text}”", text=text)
                if taken
                else say("Put in: “{text}”", text=text)
            )
            st.markdown(f"- {told}")


page()
