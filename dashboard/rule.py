"""Add or change a rule: the document first, then what it says, tried out while it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import streamlit as st

from compound_coverage.casework.access import Action, Actor, Forbidden, Resource, may
from compound_coverage.curation import rule_words as words
from compound_coverage.curation.documents import (
    LARGEST,
    DocumentError,
    Documents,
    KeptDocument,
    find_passage,
    page_picture,
    pages_of,
)
from compound_coverage.curation.draft import (
    RuleDraft,
    changes_of,
    draft_from,
    draft_of,
    end_of,
    trial,
)
from compound_coverage.curation.near import Near, Nearness, near_rules
from compound_coverage.curation.preview import Answer, PatientView, Shown, patient_view, shown
from compound_coverage.curation.problems import Problem, end_problems, hints, problems
from compound_coverage.curation.proposals import ProposalError
from compound_coverage.database import StoreError
from compound_coverage.dataset import schema
from compound_coverage.dataset.changes import Change, ChangeError
from compound_coverage.dataset.folder import Stamp, stamp
from compound_coverage.dataset.load import Dataset, from_tables
from compound_coverage.dataset.tables import DatasetError, Tables, read_tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import say
from compound_coverage.letters.pages import PageError
from compound_coverage.vocabulary import Effect, LineOfBusiness
from dashboard import rule_fields as form
from dashboard.curation import proposals
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
SECTIONS = {
    "1. The document": ("source", "section", "page", "passage"),
    "2. Who says it": ("level", "payer", "plan", "plans", "lines", "states", "effective"),
    "3. What it does": ("effect", "basis", "binding", "limits", "deadlines"),
    "4. What it looks at": ("tests",),
    "5. In plain words": ("summary", "condition"),
    "The rule": ("rule",),
}
NEARNESS = {
    Nearness.SAME: ":material/content_copy: **The same?**",
    Nearness.CONTRADICTS: ":material/compare_arrows: **Contradicts**",
    Nearness.OUTRANKS: ":material/arrow_upward: **Stands above**",
    Nearness.OUTRANKED: ":material/arrow_downward: **Stands below**",
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
    st.title("Add or change a rule")
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
    _try_out(draft, old, tables, today)
    _propose(actor, draft, tables, today, text)


@st.cache_resource(max_entries=2, show_spinner=False)
def _tables(directory: Path, at: Stamp) -> Tables:  # noqa: ARG001
    tables, faults = read_tables(directory)
    if faults:
        raise DatasetError(faults)
    return tables


def _tables_or_stop() -> Tables:
    directory = dataset_folder()
    try:
        return _tables(directory, stamp(directory))
    except DatasetError as error:
        st.error(plain(str(error)))
        st.stop()


# -- a rule that is there, a proposal that was asked about -------------------------------------


def _offer_existing(actor: Actor, tables: Tables) -> None:
    rule_id = form.held("rule_id")
    if not rule_id:
        _offer_to_change(tables)
        return
    st.info(f"You are changing the rule {plain(rule_id)}.")
    st.button("Start with a new rule instead", on_click=form.forget)
    rules = {row.rule_id: row for row in rows_of(tables, schema.RuleRow)}
    if rule_id in rules and not _revised():
        _offer_end(actor, rules[rule_id], tables)


def _offer_to_change(tables: Tables) -> None:
    with st.expander("Change a rule that is there"):
        names = _rule_names(tables)
        rule_id = st.selectbox(
            "Which rule?",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="Type a payer or a word of the rule",
            key=form.key("which"),
        )
        st.button("Open this rule", on_click=_open_rule, args=(rule_id, tables))


def _rule_names(tables: Tables) -> dict[str, str]:
    payers = {row.payer_id: row.name for row in rows_of(tables, schema.PayerRow)}
    plans = {row.plan_id: row.name for row in rows_of(tables, schema.PlanRow)}

    def name(row: schema.RuleRow) -> str:
        owner = payers.get(row.payer_id) or plans.get(row.plan_id) or row.level.value
        return f"{owner}: {row.summary} [{row.rule_id}]"

    found = {row.rule_id: name(row) for row in rows_of(tables, schema.RuleRow)}
    return dict(sorted(found.items(), key=lambda pair: pair[1].casefold()))


def _open_rule(rule_id: str | None, tables: Tables) -> None:
    if rule_id:
        form.remember(draft_of(rule_id, tables))


def _open_reported(tables: Tables) -> None:
    """Puts the rule that somebody reported into the form, once."""
    rule_id = st.session_state.pop(REPORTED, "")
    if rule_id in {row.rule_id for row in rows_of(tables, schema.RuleRow)}:
        form.remember(draft_of(rule_id, tables))


def _offer_end(actor: Actor, row: schema.RuleRow, tables: Tables) -> None:
    with st.expander("This rule has ended"):
        last = form.line("Its last day", "end", placeholder="2026-11-28")
        why = form.line("How do you know?", "end_why")
        if not st.button("Propose the end of this rule"):
            return
        wrong = end_problems(last, row)
        if wrong:
            st.error(plain(wrong[0].sentence))
        else:
            title = f"End of {row.rule_id}"
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
    st.header("1. The document", divider="gray")
    st.markdown("No source, no rule. Say first where it is written.")
    kept = _attach(actor, documents)
    source = form.ask_source(tables, today, kept.sha256 if kept else form.held("source.sha256"))
    text = _ask_place(actor, documents, source.sha256 or _kept_sha(source.source_id, tables))
    st.header("2. Who says it", divider="gray")
    voice = form.ask_voice(tables)
    st.header("3. What it does", divider="gray")
    deed = form.ask_deed(voice.level)
    st.header("4. What it looks at", divider="gray")
    st.markdown("All lines must hold. Without a line, it holds for each compound.")
    tests = form.ask_tests(tables)
    st.header("5. In plain words", divider="gray")
    st.markdown("Short words, short sentences. Do not copy the document.")
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
        "Attach the document",
        type=KINDS,
        key=form.key("upload"),
        max_upload_size=LARGEST // 1_000_000,
        on_change=_forget_paper,
    )
    note("Only papers that are public. Never one that names a patient.")
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
    st.success(f"Kept: {plain(known[1].name)}, {known[1].pages} page(s).")
    return known[1]


def _forget_paper() -> None:
    st.session_state.pop(form.key("kept"), None)
    st.session_state.pop(form.key("source.sha256"), None)


def _ask_place(actor: Actor, documents: Documents, sha256: str) -> Sequence[str]:
    """Section, page and passage; returns the text of the kept paper, if there is one."""
    left, right = st.columns(2)
    with left:
        form.line("Section or heading", "section")
    with right:
        number = form.line("Page, counted from 1", "page")
    passage = form.line("First words of the passage", "passage", max_chars=120)
    if not sha256:
        return ()
    try:
        text = _text_of(sha256, actor, documents)
    except (DocumentError, Forbidden, StoreError) as error:
        st.warning(plain(str(error)))
        return ()
    if passage.strip():
        _show_found(find_passage(text, passage), number)
    if number.isdigit() and st.checkbox("Show me this page", key=form.key("look")):
        _show_page(sha256, int(number), passage, text, actor, documents)
    kept = _kept_of(sha256, actor, documents)
    offer(
        "Save the kept document",
        lambda: documents.read(actor, sha256)[1],
        kept.name,
        kept.media_type,
    )
    return text


# What is kept never changes and is public; who is not let in here comes to none of it.
@st.cache_data(max_entries=8, show_spinner="Reading the document ...")
def _text_of(sha256: str, _actor: Actor, _documents: Documents) -> list[str]:
    return pages_of(_documents.read(_actor, sha256)[1])


@st.cache_data(max_entries=32, show_spinner=False)
def _kept_of(sha256: str, _actor: Actor, _documents: Documents) -> KeptDocument:
    return _documents.read(_actor, sha256)[0]


@st.cache_data(max_entries=8, show_spinner=False)
def _picture(sha256: str, number: int, passage: str, _actor: Actor, _documents: Documents) -> bytes:
    return page_picture(_documents.read(_actor, sha256)[1], number, passage)


def _show_found(found: Sequence[int], number: str) -> None:
    if not found:
        st.warning("These words are not in the document. Check them.")
    elif number.isdigit() and int(number) in found:
        st.success(f"Found on page {number}.")
    else:
        st.warning(f"Found on page {', '.join(map(str, found))}.")
        st.button(f"Take page {found[0]}", on_click=_take_page, args=(str(found[0]),))


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
        picture = _picture(sha256, number, passage, actor, documents)
        show_picture(picture, f"Page {number} of the document")
    except PageError as error:
        st.markdown(plain(str(error)))
        if 0 < number <= len(text):
            st.text(text[number - 1][:MOST_SHOWN])


# -- what it would do --------------------------------------------------------------------------


def _try_out(draft: RuleDraft, old: Dataset, tables: Tables, today: date) -> None:
    st.header("What it would do", divider="gray")
    tried = trial(draft, tables, today)
    if tried is None:
        st.markdown("Say who speaks, whom it reaches and what it does. Then you see it here.")
        return
    rule_id, changed = tried
    new = from_tables(changed)
    rule = new.rules_by_id[rule_id]
    _show_patient(patient_view(rule, today))
    _show_near(near_rules(rule, new))
    _show_cases(shown(rule, old, new, today))


def _show_patient(view: PatientView) -> None:
    st.subheader("What the patient reads")
    with st.container(border=True):
        st.markdown(plain(view.summary))
        for mark in view.marks:
            st.markdown(f"**{plain(mark)}**")
        if view.condition:
            st.markdown(f"**What has to be true:** {plain(view.condition)}")
        st.markdown(cite(view.citation))


def _show_near(found: Sequence[Near]) -> None:
    if not found:
        return
    st.subheader("Rules it touches")
    for near in found[:MOST_NEAR]:
        st.markdown(f"- {NEARNESS[near.kind]}: {plain(near.sentence)}")
    if len(found) > MOST_NEAR:
        note(f"And {len(found) - MOST_NEAR} more.")


def _show_cases(cases: Sequence[Shown]) -> None:
    st.subheader("Some typical cases")
    changed = [one for one in cases if one.changed]
    if not changed:
        st.markdown("It changes the answer of none of these.")
    for one in [*changed, *(one for one in cases if not one.changed)]:
        _show_case(one)


def _show_case(one: Shown) -> None:
    told = f"{plain(one.medication)}, {plain(one.facts)}. {plain(one.plan)}."
    if not one.changed:
        st.markdown(f"- {told} **No change: {say(VERDICTS[one.after.verdict])}.**")
        return
    lines = [
        f"- {told}",
        f"    - Before: {_answer(one.before)}",
        f"    - After: {_answer(one.after)}",
    ]
    added = [what for what in one.after.conditions if what not in one.before.conditions]
    lines += [f"    - New condition: {plain(what)}" for what in added]
    st.markdown("\n".join(lines))


def _answer(answer: Answer) -> str:
    why = f" {plain(answer.why)}" if answer.why else " No rule decides it."
    return f"**{say(VERDICTS[answer.verdict])}.**{why}"


# -- the proposal ------------------------------------------------------------------------------


def _propose(
    actor: Actor, draft: RuleDraft, tables: Tables, today: date, text: Sequence[str]
) -> None:
    st.header("Propose it", divider="gray")
    found = problems(draft, tables, today, text)
    if found:
        st.markdown("**Before you can propose it:**")
        _list_problems(found)
    _suggest_title(draft, tables)
    title = form.line("Title of the proposal", "title", max_chars=200)
    why = st.text_area("Why? What did you find?", key=form.key("why"), persist_state="session")
    st.markdown("Another advocate looks at it before it counts.")
    if st.button("Propose", type="primary", disabled=bool(found)):
        _send(actor, title, why or "", changes_of(draft, tables, today))


def _list_problems(found: Sequence[Problem]) -> None:
    for section, names in SECTIONS.items():
        mine = [one for one in found if one.field.split(".")[0].split("_")[0] in names]
        lines = [f"- {plain(section)}: {plain(one.sentence)}" for one in mine]
        if lines:
            st.markdown("\n".join(lines))


def _suggest_title(draft: RuleDraft, tables: Tables) -> None:
    """Fills in a title, and keeps it up with the draft until somebody writes their own."""
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
    st.success(f"Proposed: {plain(title)}. Another advocate must accept it now.")
    st.button("Add another rule of this document", on_click=_next_rule)
    st.button("Start with an empty form", on_click=form.forget)
    st.stop()


def _next_rule() -> None:
    form.forget(keep=KEPT_FOR_NEXT)


page()
