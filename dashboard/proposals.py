"""Proposals to the coverage data: look at what would change, talk it over, decide, publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from compound_coverage.casework.access import Action, Actor, Forbidden, Resource, may
from compound_coverage.curation.documents import DocumentError, Documents, page_picture
from compound_coverage.curation.effects import Effects, effects_of
from compound_coverage.curation.proposals import (
    OPEN,
    Decision,
    Line,
    Proposal,
    ProposalError,
    Revision,
    State,
)
from compound_coverage.database import StoreError
from compound_coverage.dataset.changes import MODELS, Change, ChangeError
from compound_coverage.dataset.folder import FolderError, Stamp, stamp
from compound_coverage.dataset.schema import SourceRow
from compound_coverage.dataset.search import unlisted_plan
from compound_coverage.dataset.tables import DatasetError
from compound_coverage.dataset.validate import rows_of
from compound_coverage.determination.compare import Moved
from compound_coverage.language import say
from compound_coverage.letters.pages import PageError
from compound_coverage.spreadsheet import to_csv
from compound_coverage.vocabulary import IngredientSource, LineOfBusiness, Verdict
from dashboard.curation import proposals, publisher
from dashboard.downloads import offer
from dashboard.html_parts import table
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.office_parts import in_words, moment
from dashboard.parts import VERDICTS, dataset_folder, note, plain, show_picture

SHOWN = "proposal-shown"
REVISED = "rule-proposal"  # what the rule form opens, once
SAID = "proposals-said"
FEW = 5
MOST_CLOSED = 30
STATES: dict[State, str] = {
    State.WAITING: "Waiting for a decision",
    State.ASKED: "A question was asked",
    State.ACCEPTED: "Accepted, not published yet",
    State.DECLINED: "Declined",
    State.WITHDRAWN: "Taken back",
    State.PUBLISHED: "Published",
}
KINDS: dict[str, str] = {
    "said": "said",
    "revised": "changed the proposal",
    State.ASKED: "asked for a change",
    State.ACCEPTED: "accepted it",
    State.DECLINED: "declined it",
    State.WITHDRAWN: "took it back",
    State.PUBLISHED: "published it",
}
DECISIONS: dict[Decision, str] = {
    Decision.ACCEPT: "Accept: I read the source, and it says this",
    Decision.ASK: "Ask: something must be cleared up or changed first",
    Decision.DECLINE: "Decline: this should not go in",
}
NOT_THERE = "not there"
SOURCES: dict[str, str] = {
    IngredientSource.APPROVED_PRODUCT: "approved product",
    IngredientSource.BULK_POWDER: "bulk powder",
}
STAND_INS = {plan.plan_id: plan.name for plan in map(unlisted_plan, LineOfBusiness)}


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title("Proposals")
    if not may(actor, Action.DATASET_READ, Resource(actor.organisation_id)):
        st.info(plain(str(Forbidden())))
        st.stop()
    if SAID in st.session_state:
        st.success(plain(st.session_state.pop(SAID)))
    try:
        shown = st.session_state.get(SHOWN)
        if shown:
            _show_one(actor, shown)
        else:
            _show_all(actor)
    except (ProposalError, DatasetError, StoreError, Forbidden) as error:
        st.error(plain(str(error)))
        if st.session_state.pop(SHOWN, None):
            st.button("Back to the list")


# -- the list ----------------------------------------------------------------------------------


def _show_all(actor: Actor) -> None:
    lines = proposals().lines(actor)
    st.markdown(
        "A change to the coverage data is proposed by one advocate and decided on by another. "
        "What is accepted is then published."
    )
    with st.container(horizontal=True):
        st.page_link("dashboard/rule.py", label="Add or change a rule", icon=":material/add:")
        st.page_link("dashboard/tables.py", label="Edit in a spreadsheet", icon=":material/table:")
        st.page_link("dashboard/leads.py", label="Reports from people", icon=":material/inbox:")
    waiting = [line for line in lines if line.state in OPEN]
    _list("To decide on", [line for line in waiting if not line.mine], "Nothing waits for you.")
    _list("Yours", [line for line in waiting if line.mine], "You have no open proposal.")
    _show_accepted(actor, [line for line in lines if line.state is State.ACCEPTED])
    closed = [line for line in lines if line.state not in OPEN | {State.ACCEPTED}]
    with st.expander(f"Closed ({len(closed)})"):
        _rows(closed[: -MOST_CLOSED - 1 : -1])


def _list(heading: str, lines: Sequence[Line], empty: str) -> None:
    st.header(heading)
    _rows(lines)
    if not lines:
        st.markdown(empty)


def _rows(lines: Sequence[Line]) -> None:
    for line in lines:
        with st.container(border=True):
            release = f" in release {line.release}" if line.release else ""
            st.button(
                f"**{plain(line.title)}**",
                key=f"open-{line.proposal_id}",
                type="tertiary",
                icon=":material/arrow_forward:",
                on_click=_open,
                args=(line.proposal_id,),
            )
            note(
                f"{STATES[line.state]}{release}. By {plain(line.author)}, "
                f"{in_words(line.changed_at)}."
            )


def _open(proposal_id: str) -> None:
    st.session_state[SHOWN] = proposal_id


def _close() -> None:
    st.session_state.pop(SHOWN, None)


def _show_accepted(actor: Actor, lines: Sequence[Line]) -> None:
    st.header("Accepted")
    _rows(lines)
    if not lines:
        st.markdown("Everything that was accepted is published.")
        return
    how_many = "it" if len(lines) == 1 else f"all {len(lines)}"
    if st.button(f"Publish {how_many}", type="primary"):
        _publish(actor)


def _publish(actor: Actor) -> None:
    try:
        with st.spinner("Publishing ..."):
            done = publisher().publish(actor)
    except FolderError as error:
        st.error(plain(str(error)))
        return
    except OSError as error:
        st.error(
            f"The data can't be written: {plain(error.strerror or 'no reason is given')}. "
            "What was published before that stays; ask whoever runs this server."
        )
        return
    for title, why in done.set_back:
        st.warning(f"{plain(title)} went back to its author: {plain(why)}")
    for told in done.notes:
        st.warning(plain(told))
    if done.set_back or done.notes:
        st.success(f"{len(done.titles)} published.")
        return
    st.session_state[SAID] = f"Published as release {done.release}: {', '.join(done.titles)}."
    st.rerun()


# -- one proposal ------------------------------------------------------------------------------


def _show_one(actor: Actor, proposal_id: str) -> None:
    found = proposals().read(actor, proposal_id)
    st.button("Back to the list", on_click=_close, icon=":material/arrow_back:")
    st.header(plain(found.line.title))
    release = f" in release {found.line.release}" if found.line.release else ""
    by = f" by {plain(found.decided_by)}" if found.decided_by else ""
    st.markdown(f"**{STATES[found.line.state]}{by}{release}**")
    note(f"Proposed by {plain(found.line.author)}, {moment(found.line.made_at)}.")
    st.markdown(f"**Why:** {plain(found.newest.why)}")
    _show_changes(found.newest)
    _show_papers(actor, found.newest)
    if found.line.state is not State.PUBLISHED:
        _show_effects(found)
    _show_discussion(actor, found)
    _show_deeds(actor, found)


def _show_changes(revision: Revision) -> None:
    st.subheader("What changes")
    if revision.number > 1:
        note(f"This is revision {revision.number}, made {moment(revision.at)}.")
    for change in revision.changes:
        table(
            f"{_deed(change)}: {change.name}",
            ["Column", "Now", "Proposed"],
            [
                (
                    name.replace("_", " "),
                    (change.before or {}).get(name, "") or "—",
                    (change.after or {}).get(name, "") or "—",
                )
                for name in change.columns
            ],
        )


def _show_papers(actor: Actor, revision: Revision) -> None:
    """The kept documents that the changed rules rest on, opened at the page they name."""
    rows = rows_of(proposals().tables(), SourceRow)
    kept = {row.source_id: row.sha256 for row in rows}
    named = [change.after for change in revision.changes if change.after]
    kept |= {one["source_id"]: one["sha256"] for one in named if "sha256" in one}
    for one in named:
        sha256 = kept.get(one.get("source_id", ""), "")
        if sha256 and "rule_id" in one:
            with st.expander(f"The document behind {plain(one['rule_id'])}"):
                _show_paper(actor, sha256, one.get("page", ""), one.get("passage", ""))


def _show_paper(actor: Actor, sha256: str, page_number: str, passage: str) -> None:
    documents = Documents(office_or_stop().desk)
    try:
        paper, content = documents.read(actor, sha256)
    except (DocumentError, Forbidden) as error:
        st.markdown(plain(str(error)))
        return
    where = f", page {page_number}" if page_number else ""
    begins = f", from “{plain(passage)}”" if passage else ""
    st.markdown(f"{plain(paper.name)}{where}{begins}")
    try:
        png = page_picture(content, int(page_number or 1), passage)
        show_picture(png, f"The document{where}")
    except PageError as error:
        note(plain(str(error)))
    offer("Save the document", lambda: content, paper.name, paper.media_type)


def _deed(change: Change) -> str:
    title = MODELS[change.file].TITLE
    if change.before is None:
        return f"New row ({title})"
    return f"{'Row taken out' if change.after is None else 'Changed row'} ({title})"


def _show_effects(found: Proposal) -> None:
    st.subheader("Which answers change")
    folder = dataset_folder()
    try:
        effects = _effects(
            stamp(folder), found.line.proposal_id, found.newest.number, date.today(), found.newest
        )
    except ChangeError as error:
        st.warning(
            "It does not fit the data as it stands now: "
            + "; ".join(plain(str(fault)) for fault in error.faults[:10])
        )
        return
    st.markdown(_told(effects))
    if effects.differences.moved:
        table(
            "Answers with another verdict, or another rule that decides",
            ["Plan", "Made from", "Now", "Then", "Medicines", "What decides then"],
            _rows_of(effects),
        )
        offer(
            "Each of these answers as a table",
            lambda: to_csv(_CSV, (_line_of(effects, one) for one in effects.differences.moved)),
            "answers-that-change.csv",
            "text/csv",
        )


# what a proposal does hangs on the data, the revision and the day
@st.cache_resource(max_entries=20, show_spinner="Working out which answers change ...")
def _effects(
    stamp: Stamp,  # noqa: ARG001 (keys of the cache)
    proposal_id: str,  # noqa: ARG001
    number: int,  # noqa: ARG001
    on: date,
    _revision: Revision,
) -> Effects:
    return effects_of(proposals().tables(), _revision.changes, on)


def _told(effects: Effects) -> str:
    found = effects.differences
    lines = []
    if not found.moved:
        lines.append("No verdict changes for any plan, medicine or source.")
    for (before, after), count in effects.verdicts.most_common():
        if before == after:
            lines.append(f"{count:,} stay “{_verdict(after)}”, but another rule decides.")
        else:
            lines.append(f"{count:,} from “{_verdict(before)}” to **“{_verdict(after)}”**.")
    if found.reworded:
        lines.append(f"{len(found.reworded):,} keep their verdict, but say something else.")
    return "\n".join(f"- {line}" for line in lines)


def _verdict(told: str) -> str:
    """A verdict in words; no verdict where there is no such case."""
    return say(VERDICTS[Verdict(told)]) if told else NOT_THERE


_CSV = ["plan", "medicine", "made from", "now", "then", "what decided", "what decides then"]


def _line_of(effects: Effects, one: Moved) -> tuple[str, ...]:
    return (
        _plan_name(effects, one),
        effects.medication_name(one.medication_id),
        SOURCES[one.source],
        _verdict(one.verdict_before),
        _verdict(one.verdict_after),
        one.decisive_before,
        one.decisive_after,
    )


def _rows_of(effects: Effects) -> list[tuple[str, ...]]:
    """A row for all medicines of a plan that move alike."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in effects.differences.moved:
        rule = effects.after.rules_by_id.get(one.decisive_after)
        plan, medicine, source, before, after, _, _ = _line_of(effects, one)
        key = (plan, source, before, after, rule.summary if rule else "Nothing")
        alike.setdefault(key, []).append(medicine)
    every = len(dict(effects.before.medications) | dict(effects.after.medications))
    return [(*key[:4], _medicines(names, every), key[4]) for key, names in alike.items()]


def _medicines(names: Sequence[str], every: int) -> str:
    if len(names) == every > FEW:
        return f"all {every}"
    return "; ".join(names) if len(names) <= FEW else f"{len(names)} of {every}"


def _plan_name(effects: Effects, one: Moved) -> str:
    return STAND_INS.get(one.plan_id) or effects.plan_name(one.plan_id)


# -- talking and deciding ----------------------------------------------------------------------


def _show_discussion(actor: Actor, found: Proposal) -> None:
    st.subheader("Discussion")
    if not found.remarks:
        st.markdown("Nobody has said anything yet.")
    for remark in found.remarks:
        st.markdown(f"**{plain(remark.who)}** {KINDS[remark.kind]}, {moment(remark.at)}")
        if remark.words:
            st.markdown(f"> {plain(remark.words)}")
    with st.form("say", clear_on_submit=True, border=False):
        words = st.text_area("Say something", max_chars=4_000)
        if st.form_submit_button("Add to the discussion"):
            _do(lambda: proposals().say(actor, found.line.proposal_id, words), "It is added.")


def _show_deeds(actor: Actor, found: Proposal) -> None:
    line = found.line
    if line.mine and line.state in OPEN | {State.ACCEPTED}:
        _show_own(actor, found)
    elif line.state in OPEN:
        _show_decision(actor, found)


def _show_own(actor: Actor, found: Proposal) -> None:
    st.subheader("Your proposal")
    st.markdown("Another advocate decides on it. Until it is published you can change it.")
    if st.button("Change it in the form"):
        st.session_state[REVISED] = found.line.proposal_id
        st.switch_page("dashboard/rule.py")
    with st.form("withdraw", border=False):
        why = st.text_area("Why do you take it back?", max_chars=4_000)
        if st.form_submit_button("Take it back"):
            _do(
                lambda: proposals().withdraw(actor, found.line.proposal_id, why),
                "You took it back.",
            )


def _show_decision(actor: Actor, found: Proposal) -> None:
    st.subheader("Your decision")
    with st.form("decide", border=False):
        decision = st.radio(
            "What do you say?", list(DECISIONS), index=None, format_func=lambda one: DECISIONS[one]
        )
        words = st.text_area("In your words (needed to ask or decline)", max_chars=4_000)
        if st.form_submit_button("Decide", type="primary"):
            if decision is None:
                st.error("Choose what you say.")
                return
            chosen = Decision(decision)
            _do(
                lambda: proposals().decide(
                    actor, found.line.proposal_id, found.newest.number, chosen, words
                ),
                "Your decision is noted.",
            )


def _do(deed: Callable[[], None], told: str) -> None:
    """Does something, says so on the page as it then is; or says why not."""
    try:
        deed()
    except (ProposalError, ChangeError, DatasetError, Forbidden, StoreError) as error:
        st.error(plain(str(error)))
        return
    st.session_state[SAID] = told
    st.rerun()


page()
