"""Add or change a rule: the document first, then what it says, tried out while it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from compound_coverage.casework.access import Action, Actor, Forbidden, Resource, may
from compound_coverage.curation import rule_words as words
from compound_coverage.curation.documents import (
    LARGEST,
    DocumentError,
    Documents,
    KeptDocument,
    find_passage,
)
from compound_coverage.curation.draft import (
    RuleDraft,
    changes_of,
    draft_from,
    draft_of,
    end_of,
)
from compound_coverage.curation.near import Near, Nearness
from compound_coverage.curation.preview import Answer, PatientView, Shown
from compound_coverage.curation.problems import Problem, end_problems, hints
from compound_coverage.curation.proposals import ProposalError
from compound_coverage.database import StoreError
from compound_coverage.dataset import schema
from compound_coverage.dataset.changes import Change, ChangeError
from compound_coverage.dataset.folder import stamp
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.tables import DatasetError, Tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import say, spoken, to_say
from compound_coverage.letters.pages import PageError
from compound_coverage.vocabulary import Effect, LineOfBusiness
from dashboard import rule_fields as form
from dashboard.curation import (
    WorkedOut,
    dataset_tables,
    from_data,
    kept_document,
    kept_picture,
    kept_text,
    proposals,
    rule_names,
    work_out,
)
from dashboard.downloads import offer
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.parts import (
    VERDICTS,
    cite,
    dataset_folder,
    dataset_or_stop,
    note,
    plain,
    show_picture,
)

KINDS = ["pdf", "html", "htm", "txt", "png", "jpg", "jpeg"]
REVISED = "rule-proposal"  # the proposal that another page asks to be worked on again
REPORTED = "rule_to_change"  # the rule that somebody said is wrong
MOST_NEAR = 8
MOST_SHOWN = 4_000  # characters of a page of text
WORKED_OUT = "rule-worked-out"
MOST_WORKED_OUT = 4  # drafts whose effects a session keeps
DOCUMENT = to_say("1. The document")
VOICE = to_say("2. Who says it")
DEED = to_say("3. What it does")
TESTS = to_say("4. What it looks at")
WORDS = to_say("5. In plain words")
RULE = to_say("The rule")
SECTIONS = {
    DOCUMENT: ("source", "section", "page", "passage"),
    VOICE: ("level", "payer", "plan", "plans", "lines", "states", "effective"),
    DEED: ("effect", "basis", "binding", "limits", "deadlines"),
    TESTS: ("tests",),
    WORDS: ("summary", "condition"),
    RULE: ("rule",),
}
NEARNESS = {
    Nearness.SAME: to_say(":material/content_copy: **The same?**"),
    Nearness.CONTRADICTS: to_say(":material/compare_arrows: **Contradicts**"),
    Nearness.OUTRANKS: to_say(":material/arrow_upward: **Stands above**"),
    Nearness.OUTRANKED: to_say(":material/arrow_downward: **Stands below**"),
}
KEPT_FOR_NEXT = (
    "source",
    "source.title",
    "source.publisher",
    "source.url",
    "source.document_date",
    "source.no_date",
    "source.grade",
    "source.last_checked",
    "source.sha256",
    "again",
    "kept",
    "section",
    "level",
    "payer",
    "pbm",
    "payer.name",
    "payer.kind",
    "payer.other_names",
    "plan",
    "plan_lines",
    "plan_note",
    *(f"plan_name:{one.value}" for one in LineOfBusiness),
    "lines",
    "states",
    "effective_from",
    "effective_to",
    "basis",
)


def page() -> None:
    desk = office_or_stop()
    actor = actor_or_stop(desk)
    st.title(say("Add or change a rule"))
    if not may(actor, Action.DATASET_PROPOSE, Resource(actor.organisation_id)):
        st.error(plain(str(Forbidden())))
        st.stop()
    old = dataset_or_stop()
    tables = _tables_or_stop()
    today = desk.desk.now().date()  # the day proposals are checked by
    _show_done()
    _open_reported(tables)
    _open_proposal(actor, tables)
    _offer_existing(actor, tables)
    draft, text = _ask(actor, Documents(desk.desk), tables, today)
    worked = _worked_out(draft, old, tables, today, text)
    _show_worked_out(worked)
    _propose(actor, draft, tables, today, worked.problems)


def _tables_or_stop() -> Tables:
    try:
        return dataset_tables()
    except DatasetError as error:
        st.error(plain(str(error)))
        st.stop()


# -- a rule that is there, a proposal that was asked about -------------------------------------


def _offer_existing(actor: Actor, tables: Tables) -> None:
    rule_id = form.held("rule_id")
    if not rule_id:
        _offer_to_change(tables)
        return
    st.info(say("You are changing the rule {rule_id}.", rule_id=plain(rule_id)))
    st.button(say("Start with a new rule instead"), key="rule-start-anew", on_click=form.forget)
    rules = {row.rule_id: row for row in rows_of(tables, schema.RuleRow)}
    if rule_id in rules and not _revised():
        _offer_end(actor, rules[rule_id], tables)


def _offer_to_change(tables: Tables) -> None:
    with st.expander(say("Change a rule that is there")):
        names = rule_names()
        rule_id = st.selectbox(
            say("Which rule?"),
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder=say("Type a payer or a word of the rule"),
            key=form.key("which"),
        )
        st.button(
            say("Open this rule"),
            key="rule-open",
            on_click=_open_rule,
            args=(rule_id, tables),
        )


def _open_rule(rule_id: str | None, tables: Tables) -> None:
    if rule_id:
        form.remember(draft_of(rule_id, tables))


def _open_reported(tables: Tables) -> None:
    """Puts the rule that somebody reported into the form, once."""
    rule_id = st.session_state.pop(REPORTED, "")
    if rule_id in {row.rule_id for row in rows_of(tables, schema.RuleRow)}:
        form.remember(draft_of(rule_id, tables))


def _offer_end(actor: Actor, row: schema.RuleRow, tables: Tables) -> None:
    with st.expander(say("This rule has ended")):
        last = form.line(say("Its last day"), "end", placeholder="2026-11-28")
        why = form.line(say("How do you know?"), "end_why")
        if not st.button(say("Propose the end of this rule"), key="rule-end"):
            return
        wrong = end_problems(last, row)
        if wrong:
            st.error(plain(wrong[0].sentence))
        else:
            title = f"End of {row.rule_id}"  # kept, in English, for all
            _send(actor, title, why, end_of(row.rule_id, last, tables))


def _open_proposal(actor: Actor, tables: Tables) -> None:
    """Puts the newest revision of the proposal that was asked about into the form, once."""
    proposal_id = st.session_state.pop(REVISED, "")
    if not proposal_id:
        return
    try:
        found = proposals().read(actor, proposal_id)
        form.remember(draft_from(found.newest.changes, tables))
    except (ProposalError, ChangeError, Forbidden, StoreError) as error:
        st.error(plain(str(error)))
        return
    st.session_state[form.key("proposal")] = (proposal_id, found.newest.number)
    st.session_state[form.key("title")] = found.line.title


def _revised() -> tuple[str, int] | None:
    found: tuple[str, int] | None = form.held("proposal", None)
    return found


# -- the form ----------------------------------------------------------------------------------


def _ask(
    actor: Actor, documents: Documents, tables: Tables, today: date
) -> tuple[RuleDraft, Sequence[str]]:
    """The draft as it stands in the form, and the text of the attached paper."""
    st.header(say(DOCUMENT), divider="gray")
    st.markdown(say("No source, no rule. Say first where it is written."))
    kept = _attach(actor, documents)
    source = form.ask_source(tables, today, kept.sha256 if kept else form.held("source.sha256"))
    text = _ask_place(actor, documents, source.sha256 or _kept_sha(source.source_id, tables))
    st.header(say(VOICE), divider="gray")
    voice = form.ask_voice(tables)
    st.header(say(DEED), divider="gray")
    deed = form.ask_deed(voice.level)
    st.header(say(TESTS), divider="gray")
    st.markdown(say("All lines must hold. Without a line, it holds for each compound."))
    tests = form.ask_tests(tables)
    st.header(say(WORDS), divider="gray")
    st.markdown(say("Short words, short sentences. Do not copy the document."))
    summary, condition = form.ask_words()
    draft = form.put_together(source, voice, deed)
    draft = replace(draft, tests=tests, summary=summary, condition=condition)
    for hint in hints(draft):
        note(f":material/lightbulb: {plain(hint.sentence)}")
    return draft, text


def _kept_sha(source_id: str, tables: Tables) -> str:
    rows = rows_of(tables, schema.SourceRow)
    return next((row.sha256 for row in rows if row.source_id == source_id), "")


def _attach(actor: Actor, documents: Documents) -> KeptDocument | None:
    upload = st.file_uploader(
        say("Attach the document"),
        type=KINDS,
        key=form.key("upload"),
        max_upload_size=LARGEST // 1_000_000,
        on_change=_forget_paper,
    )
    note(say("Only papers that are public. Never one that names a patient."))
    known: tuple[str, KeptDocument] | None = form.held("kept", None)
    if upload is None:
        return known[1] if known else None
    if known is None or known[0] != upload.file_id:
        try:
            known = (upload.file_id, documents.keep(actor, upload.name, upload.getvalue()))
        except (DocumentError, Forbidden, StoreError) as error:
            st.error(plain(str(error)))
            return None
        st.session_state[form.key("kept")] = known
    told = say("Kept: {name}, {pages} page(s).", name=plain(known[1].name), pages=known[1].pages)
    st.success(told)
    return known[1]


def _forget_paper() -> None:
    st.session_state.pop(form.key("kept"), None)
    st.session_state.pop(form.key("source.sha256"), None)


def _ask_place(actor: Actor, documents: Documents, sha256: str) -> Sequence[str]:
    """Section, page and passage; returns the text of the kept paper, if there is one."""
    left, right = st.columns(2)
    with left:
        form.line(say("Section or heading"), "section")
    with right:
        number = form.line(say("Page, counted from 1"), "page")
    passage = form.line(say("First words of the passage"), "passage", max_chars=120)
    if not sha256:
        return ()
    try:
        with st.spinner(say("Reading the document ...")):
            text = kept_text(sha256, actor, documents)
    except (DocumentError, Forbidden, StoreError) as error:
        st.warning(plain(str(error)))
        return ()
    if passage.strip():
        _show_found(find_passage(text, passage), number)
    if number.isdigit() and st.checkbox(say("Show me this page"), key=form.key("look")):
        _show_page(sha256, int(number), passage, text, actor, documents)
    kept = kept_document(sha256, actor, documents)
    offer(
        say("Save the kept document"),
        lambda: documents.read(actor, sha256)[1],
        kept.name,
        kept.media_type,
    )
    return text


def _show_found(found: Sequence[int], number: str) -> None:
    if not found:
        st.warning(say("These words are not in the document. Check them."))
    elif number.isdigit() and int(number) in found:
        st.success(say("Found on page {pages}.", pages=number))
    else:
        st.warning(say("Found on page {pages}.", pages=", ".join(map(str, found))))
        first = str(found[0])
        label = say("Take page {number}", number=first)
        st.button(label, key="rule-take-page", on_click=_take_page, args=(first,))


def _take_page(number: str) -> None:
    st.session_state[form.key("page")] = number


def _show_page(
    sha256: str,
    number: int,
    passage: str,
    text: Sequence[str],
    actor: Actor,
    documents: Documents,
) -> None:
    try:
        picture = kept_picture(sha256, number, passage, actor, documents)
        show_picture(picture, say("Page {number} of the document", number=number))
    except PageError as error:
        st.markdown(plain(str(error)))
        if 0 < number <= len(text):
            st.text(text[number - 1][:MOST_SHOWN])


# -- what it would do --------------------------------------------------------------------------


def _worked_out(
    draft: RuleDraft, old: Dataset, tables: Tables, today: date, text: Sequence[str]
) -> WorkedOut:
    """Worked out once for each draft: much that is pressed on this page changes nothing in it."""
    # the draft names the paper, and what is kept never changes
    key = (draft, bool(text), stamp(dataset_folder()), today, spoken())
    held: dict[object, WorkedOut] = st.session_state.setdefault(WORKED_OUT, {})
    if key not in held:
        held[key] = work_out(draft, old, tables, today, text)
    for oldest in [*held][:-MOST_WORKED_OUT]:
        del held[oldest]
    return held[key]


def _show_worked_out(worked: WorkedOut) -> None:
    st.header(say("What it would do"), divider="gray")
    if worked.tried is None:
        st.markdown(say("Say who speaks, whom it reaches and what it does. Then you see it here."))
        return
    _show_patient(worked.tried.view)
    _show_near(worked.tried.near)
    _show_cases(worked.tried.cases)


def _show_patient(view: PatientView) -> None:
    st.subheader(say("What the patient reads"))
    told = [from_data(view.summary), *(f"**{plain(say(mark))}**" for mark in view.marks)]
    if view.condition:
        told.append(
            say("**What has to be true:** {condition}", condition=from_data(view.condition))
        )
    with st.container(border=True):
        st.markdown("\n\n".join([*told, cite(view.citation)]))


def _show_near(found: Sequence[Near]) -> None:
    if not found:
        return
    st.subheader(say("Rules it touches"))
    lines = [f"- {say(NEARNESS[near.kind])}: {plain(near.sentence)}" for near in found[:MOST_NEAR]]
    st.markdown("\n".join(lines))
    if len(found) > MOST_NEAR:
        note(say("And {count} more.", count=len(found) - MOST_NEAR))


def _show_cases(cases: Sequence[Shown]) -> None:
    st.subheader(say("Some typical cases"))
    changed = [one for one in cases if one.changed]
    if not changed:
        st.markdown(say("It changes the answer of none of these."))
    ordered = [*changed, *(one for one in cases if not one.changed)]
    # one message for all of them: each costs the page its own
    st.markdown("\n".join(map(_case_lines, ordered)))


def _case_lines(one: Shown) -> str:
    told = f"{plain(say(one.medication))}, {plain(one.facts)}. {plain(one.plan)}."
    if not one.changed:
        same = say("**No change: {verdict}.**", verdict=say(VERDICTS[one.after.verdict]))
        return f"- {told} {same}"
    lines = [
        f"- {told}",
        f"    - {say('Before: {answer}', answer=_answer(one.before))}",
        f"    - {say('After: {answer}', answer=_answer(one.after))}",
    ]
    added = [what for what in one.after.conditions if what not in one.before.conditions]
    lines += [
        f"    - {say('New condition: {condition}', condition=from_data(what))}" for what in added
    ]
    return "\n".join(lines)


def _answer(answer: Answer) -> str:
    why = from_data(answer.why) if answer.why else say("No rule decides it.")
    return f"**{say(VERDICTS[answer.verdict])}.** {why}"


# -- the proposal ------------------------------------------------------------------------------


def _propose(
    actor: Actor, draft: RuleDraft, tables: Tables, today: date, found: Sequence[Problem]
) -> None:
    st.header(say("Propose it"), divider="gray")
    if found:
        st.markdown(say("**Before you can propose it:**"))
        _list_problems(found)
    _suggest_title(draft, tables)
    title = form.line(say("Title of the proposal"), "title", max_chars=200)
    why = st.text_area(say("Why? What did you find?"), key=form.key("why"), persist_state="session")
    st.markdown(say("Another advocate looks at it before it counts."))
    if st.button(say("Propose"), key="rule-propose", type="primary", disabled=bool(found)):
        _send(actor, title, why or "", changes_of(draft, tables, today))


def _list_problems(found: Sequence[Problem]) -> None:
    lines = [
        f"- {plain(say(section))}: {plain(one.sentence)}"
        for section, names in SECTIONS.items()
        for one in found
        if one.field.split(".")[0].split("_")[0] in names
    ]
    if lines:
        st.markdown("\n".join(lines))


def _suggest_title(draft: RuleDraft, tables: Tables) -> None:
    """Fills in a title, and keeps it up with the draft until somebody writes their own.

    It is kept with the data, so it is English whatever is spoken here.
    """
    payers = {row.payer_id: row.name for row in rows_of(tables, schema.PayerRow)}
    plans = {row.plan_id: row.name for row in rows_of(tables, schema.PlanRow)}
    owner = draft.payer.name.strip() or payers.get(draft.payer.payer_id) or plans.get(draft.plan_id)
    deed = words.EFFECTS[Effect(draft.effect)] if draft.effect else ""
    title = ": ".join(filter(None, [owner or form.held("source.title"), deed]))[:200]
    if form.held("title") in ("", form.held("suggested")):
        st.session_state[form.key("title")] = title
    st.session_state[form.key("suggested")] = title


def _send(actor: Actor, title: str, why: str, changes: Sequence[Change]) -> None:
    revised = _revised()
    try:
        if revised is None:
            proposals().propose(actor, title, why, changes)
        else:
            proposals().revise(actor, *revised, why, changes)
    except (ProposalError, ChangeError, DatasetError, Forbidden, StoreError) as error:
        st.error(plain(str(error)))
        return
    st.session_state[form.key("done")] = title
    st.rerun()


def _show_done() -> None:
    title = form.held("done")
    if not title:
        return
    told = say("Proposed: {title}. Another advocate must accept it now.", title=plain(title))
    st.success(told)
    st.button(say("Add another rule of this document"), key="rule-another", on_click=_next_rule)
    st.button(say("Start with an empty form"), key="rule-empty", on_click=form.forget)
    st.stop()


def _next_rule() -> None:
    form.forget(keep=KEPT_FOR_NEXT)


page()
