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
from compound_coverage.language import loose_day, number, say, say_many, to_say
from compound_coverage.letters.pages import PageError
from compound_coverage.spreadsheet import to_csv
from compound_coverage.vocabulary import IngredientSource, LineOfBusiness, Verdict
from dashboard.curation import dataset_tables, proposals, publisher
from dashboard.downloads import offer
from dashboard.html_parts import table
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.office_parts import moment
from dashboard.parts import VERDICTS, dataset_folder, note, plain, show_picture

SHOWN = "proposal-shown"
REVISED = "rule-proposal"  # what the rule form opens, once
SAID = "proposals-said"
FEW = 5
MOST_CLOSED = 30
STATES: dict[State, str] = {
    State.WAITING: to_say("Waiting for a decision"),
    State.ASKED: to_say("A question was asked"),
    State.ACCEPTED: to_say("Accepted, not published yet"),
    State.DECLINED: to_say("Declined"),
    State.WITHDRAWN: to_say("Taken back"),
    State.PUBLISHED: to_say("Published"),
}
KINDS: dict[str, str] = {
    "said": to_say("**{who}** said, {moment}"),
    "revised": to_say("**{who}** changed the proposal, {moment}"),
    State.ASKED: to_say("**{who}** asked for a change, {moment}"),
    State.ACCEPTED: to_say("**{who}** accepted it, {moment}"),
    State.DECLINED: to_say("**{who}** declined it, {moment}"),
    State.WITHDRAWN: to_say("**{who}** took it back, {moment}"),
    State.PUBLISHED: to_say("**{who}** published it, {moment}"),
}
DECISIONS: dict[Decision, str] = {
    Decision.ACCEPT: to_say("Accept: I read the source, and it says this"),
    Decision.ASK: to_say("Ask: something must be cleared up or changed first"),
    Decision.DECLINE: to_say("Decline: this should not go in"),
}
NOT_THERE = to_say("not there")
SOURCES: dict[str, str] = {
    IngredientSource.APPROVED_PRODUCT: to_say("approved product"),
    IngredientSource.BULK_POWDER: to_say("bulk powder"),
}


def page() -> None:
    office = office_or_stop()
    actor = actor_or_stop(office)
    st.title(say("Proposals"))
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
            st.button(say("Back to the list"), key="proposals-list")


# -- the list ----------------------------------------------------------------------------------


def _show_all(actor: Actor) -> None:
    lines = proposals().lines(actor)
    st.markdown(
        say(
            "A change to the coverage data is proposed by one advocate and decided on by another. "
            "What is accepted is then published."
        )
    )
    with st.container(horizontal=True):
        _link("rule", say("Add or change a rule"), ":material/add:")
        _link("tables", say("Edit in a spreadsheet"), ":material/table:")
        _link("leads", say("Reports from people"), ":material/inbox:")
    waiting = [line for line in lines if line.state in OPEN]
    others = [line for line in waiting if not line.mine]
    mine = [line for line in waiting if line.mine]
    _list(say("To decide on"), others, say("Nothing waits for you."))
    _list(say("Yours"), mine, say("You have no open proposal."))
    _show_accepted(actor, [line for line in lines if line.state is State.ACCEPTED])
    closed = [line for line in lines if line.state not in OPEN | {State.ACCEPTED}]
    with st.expander(say("Closed ({count})", count=len(closed))):
        _rows(closed[: -MOST_CLOSED - 1 : -1])


def _link(page: str, label: str, icon: str) -> None:
    st.page_link(f"dashboard/{page}.py", label=label, icon=icon)


def _list(heading: str, lines: Sequence[Line], empty: str) -> None:
    st.header(heading)
    _rows(lines)
    if not lines:
        st.markdown(empty)


def _rows(lines: Sequence[Line]) -> None:
    for line in lines:
        with st.container(border=True):
            st.button(
                f"**{plain(line.title)}**",
                key=f"open-{line.proposal_id}",
                type="tertiary",
                icon=":material/arrow_forward:",
                on_click=_open,
                args=(line.proposal_id,),
            )
            note(_standing(line))


def _standing(line: Line) -> str:
    told = {
        "state": say(STATES[line.state]),
        "author": plain(line.author),
        "day": loose_day(line.changed_at[:10]),
    }
    if not line.release:
        return say("{state}. By {author}, {day}.", **told)
    return say("{state} in release {release}. By {author}, {day}.", release=line.release, **told)


def _open(proposal_id: str) -> None:
    st.session_state[SHOWN] = proposal_id


def _close() -> None:
    st.session_state.pop(SHOWN, None)


def _show_accepted(actor: Actor, lines: Sequence[Line]) -> None:
    st.header(say("Accepted"))
    _rows(lines)
    if not lines:
        st.markdown(say("Everything that was accepted is published."))
        return
    label = say_many("Publish it", "Publish all {count}", len(lines))
    if st.button(label, key="proposals-publish", type="primary"):
        _publish(actor)


def _publish(actor: Actor) -> None:
    try:
        with st.spinner(say("Publishing ...")):
            done = publisher().publish(actor)
    except FolderError as error:
        st.error(plain(str(error)))
        return
    except OSError as error:
        st.error(
            say(
                "The data can't be written: {reason}. What was published before that stays; ask "
                "whoever runs this server.",
                reason=plain(error.strerror or say("no reason is given")),
            )
        )
        return
    for title, why in done.set_back:
        went = say("{title} went back to its author: {why}", title=plain(title), why=plain(why))
        st.warning(went)
    for told in done.notes:
        st.warning(plain(told))
    if done.set_back or done.notes:
        st.success(say("{count} published.", count=len(done.titles)))
        return
    st.session_state[SAID] = say(
        "Published as release {release}: {titles}.",
        release=done.release,
        titles=", ".join(done.titles),
    )
    st.rerun()


# -- one proposal ------------------------------------------------------------------------------


def _show_one(actor: Actor, proposal_id: str) -> None:
    found = proposals().read(actor, proposal_id)
    st.button(
        say("Back to the list"),
        key="proposals-back",
        on_click=_close,
        icon=":material/arrow_back:",
    )
    st.header(plain(found.line.title))
    st.markdown(f"**{_state_of(found)}**")
    by, at = plain(found.line.author), moment(found.line.made_at)
    note(say("Proposed by {author}, {moment}.", author=by, moment=at))
    st.markdown(say("**Why:** {why}", why=plain(found.newest.why)))
    _show_changes(found.newest)
    _show_papers(actor, found.newest)
    if found.line.state is not State.PUBLISHED:
        _show_effects(found)
    _show_discussion(actor, found)
    _show_deeds(actor, found)


def _state_of(found: Proposal) -> str:
    told = {"state": say(STATES[found.line.state]), "who": plain(found.decided_by)}
    if not found.decided_by:
        return told["state"]
    if not found.line.release:
        return say("{state} by {who}", **told)
    return say("{state} by {who} in release {release}", release=found.line.release, **told)


def _show_changes(revision: Revision) -> None:
    st.subheader(say("What changes"))
    if revision.number > 1:
        told = say(
            "This is revision {number}, made {moment}.",
            number=revision.number,
            moment=moment(revision.at),
        )
        note(told)
    for change in revision.changes:
        table(
            _deed(change),
            [say("Column"), say("Now"), say("Proposed")],
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
    rows = rows_of(dataset_tables(), SourceRow)
    kept = {row.source_id: row.sha256 for row in rows}
    named = [change.after for change in revision.changes if change.after]
    kept |= {one["source_id"]: one["sha256"] for one in named if "sha256" in one}
    for one in named:
        sha256 = kept.get(one.get("source_id", ""), "")
        if sha256 and "rule_id" in one:
            label = say("The document behind {rule_id}", rule_id=plain(one["rule_id"]))
            with st.expander(label):
                _show_paper(actor, sha256, one.get("page", ""), one.get("passage", ""))


def _show_paper(actor: Actor, sha256: str, page_number: str, passage: str) -> None:
    documents = Documents(office_or_stop().desk)
    try:
        paper, content = documents.read(actor, sha256)
    except (DocumentError, Forbidden) as error:
        st.markdown(plain(str(error)))
        return
    told = [plain(paper.name)]
    if page_number:
        told.append(say("page {number}", number=page_number))
    if passage:
        told.append(say("from “{passage}”", passage=plain(passage)))
    st.markdown(", ".join(told))
    try:
        png = page_picture(content, int(page_number or 1), passage)
        show_picture(png, say("The document, page {number}", number=page_number or 1))
    except PageError as error:
        note(plain(str(error)))
    offer(say("Save the document"), lambda: content, paper.name, paper.media_type)


def _deed(change: Change) -> str:
    told = {"table": say(MODELS[change.file].TITLE), "row": change.name}
    if change.before is None:
        return say("New row ({table}): {row}", **told)
    if change.after is None:
        return say("Row taken out ({table}): {row}", **told)
    return say("Changed row ({table}): {row}", **told)


def _show_effects(found: Proposal) -> None:
    st.subheader(say("Which answers change"))
    folder = dataset_folder()
    try:
        with st.spinner(say("Working out which answers change ...")):
            effects = _effects(
                stamp(folder),
                found.line.proposal_id,
                found.newest.number,
                date.today(),
                found.newest,
            )
    except ChangeError as error:
        st.warning(
            say(
                "It does not fit the data as it stands now: {faults}",
                faults="; ".join(plain(str(fault)) for fault in error.faults[:10]),
            )
        )
        return
    st.markdown(_told(effects))
    if effects.differences.moved:
        table(
            say("Answers with another verdict, or another rule that decides"),
            [say(name) for name in _COLUMNS],
            _rows_of(effects),
        )
        offer(
            say("Each of these answers as a table"),
            lambda: to_csv(
                [say(name) for name in _CSV],
                (_line_of(effects, one) for one in effects.differences.moved),
            ),
            "answers-that-change.csv",
            "text/csv",
        )


# what a proposal does hangs on the data, the revision and the day
@st.cache_resource(max_entries=20, show_spinner=False)
def _effects(
    stamp: Stamp,  # noqa: ARG001 (keys of the cache)
    proposal_id: str,  # noqa: ARG001
    number: int,  # noqa: ARG001
    on: date,
    _revision: Revision,
) -> Effects:
    return effects_of(dataset_tables(), _revision.changes, on)


def _told(effects: Effects) -> str:
    found = effects.differences
    lines = []
    if not found.moved:
        lines.append(say("No verdict changes for any plan, medicine or source."))
    for (before, after), count in effects.verdicts.most_common():
        told = {"count": number(count), "before": _verdict(before), "after": _verdict(after)}
        if before == after:
            lines.append(say("{count} stay “{after}”, but another rule decides.", **told))
        else:
            lines.append(say("{count} from “{before}” to **“{after}”**.", **told))
    if found.reworded:
        count_of = number(len(found.reworded))
        lines.append(say("{count} keep their verdict, but say something else.", count=count_of))
    return "\n".join(f"- {line}" for line in lines)


def _verdict(told: str) -> str:
    """A verdict in words; no verdict where there is no such case."""
    return say(VERDICTS[Verdict(told)]) if told else say(NOT_THERE)


_COLUMNS = [
    to_say("Plan"),
    to_say("Made from"),
    to_say("Now"),
    to_say("Then"),
    to_say("Medicines"),
    to_say("What decides then"),
]
_CSV = [
    to_say("plan"),
    to_say("medicine"),
    to_say("made from"),
    to_say("now"),
    to_say("then"),
    to_say("what decided"),
    to_say("what decides then"),
]


def _line_of(effects: Effects, one: Moved) -> tuple[str, ...]:
    return (
        _plan_name(effects, one),
        say(effects.medication_name(one.medication_id)),
        say(SOURCES[one.source]),
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
        key = (plan, source, before, after, say(rule.summary) if rule else say("Nothing"))
        alike.setdefault(key, []).append(medicine)
    every = len(dict(effects.before.medications) | dict(effects.after.medications))
    return [(*key[:4], _medicines(names, every), key[4]) for key, names in alike.items()]


def _medicines(names: Sequence[str], every: int) -> str:
    if len(names) == every > FEW:
        return say("all {count}", count=every)
    return "; ".join(names) if len(names) <= FEW else _some_of(len(names), every)


def _some_of(count: int, every: int) -> str:
    return say("{count} of {every}", count=count, every=every)


def _plan_name(effects: Effects, one: Moved) -> str:
    stand_ins = {plan.plan_id: plan.name for plan in map(unlisted_plan, LineOfBusiness)}
    return stand_ins.get(one.plan_id) or effects.plan_name(one.plan_id)


# -- talking and deciding ----------------------------------------------------------------------


def _show_discussion(actor: Actor, found: Proposal) -> None:
    st.subheader(say("Discussion"))
    if not found.remarks:
        st.markdown(say("Nobody has said anything yet."))
    for remark in found.remarks:
        told = say(KINDS[remark.kind], who=plain(remark.who), moment=moment(remark.at))
        st.markdown(told)
        if remark.words:
            st.markdown(f"> {plain(remark.words)}")
    with st.form("say", clear_on_submit=True, border=False):
        words = st.text_area(say("Say something"), max_chars=4_000, key="proposals-say")
        if st.form_submit_button(say("Add to the discussion"), key="proposals-add"):
            told = say("It is added.")
            _do(lambda: proposals().say(actor, found.line.proposal_id, words), told)


def _show_deeds(actor: Actor, found: Proposal) -> None:
    line = found.line
    if line.mine and line.state in OPEN | {State.ACCEPTED}:
        _show_own(actor, found)
    elif line.state in OPEN:
        _show_decision(actor, found)


def _show_own(actor: Actor, found: Proposal) -> None:
    st.subheader(say("Your proposal"))
    st.markdown(say("Another advocate decides on it. Until it is published you can change it."))
    if st.button(say("Change it in the form"), key="proposals-change"):
        st.session_state[REVISED] = found.line.proposal_id
        st.switch_page("dashboard/rule.py")
    with st.form("withdraw", border=False):
        why = st.text_area(
            say("Why do you take it back?"), max_chars=4_000, key="proposals-back-why"
        )
        if st.form_submit_button(say("Take it back"), key="proposals-take-back"):
            _do(
                lambda: proposals().withdraw(actor, found.line.proposal_id, why),
                say("You took it back."),
            )


def _show_decision(actor: Actor, found: Proposal) -> None:
    st.subheader(say("Your decision"))
    with st.form("decide", border=False):
        decision = st.radio(
            say("What do you say?"),
            list(DECISIONS),
            index=None,
            format_func=lambda one: say(DECISIONS[one]),
            key="proposals-decision",
        )
        words = st.text_area(
            say("In your words (needed to ask or decline)"),
            max_chars=4_000,
            key="proposals-decision-words",
        )
        if st.form_submit_button(say("Decide"), type="primary", key="proposals-decide"):
            if decision is None:
                st.error(say("Choose what you say."))
                return
            chosen = Decision(decision)
            _do(
                lambda: proposals().decide(
                    actor, found.line.proposal_id, found.newest.number, chosen, words
                ),
                say("Your decision is noted."),
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
