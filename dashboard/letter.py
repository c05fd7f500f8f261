"""Letters and forms: answers in, a draft with visible gaps out, to review, edit and sign."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import medication_by_id
from compound_coverage.determination.engine import determine
from compound_coverage.determination.published import find_plan
from compound_coverage.language import day, say, say_many, spoken, to_say
from compound_coverage.letters.assemble import case_of, draft_for
from compound_coverage.letters.calendar import to_ics
from compound_coverage.letters.casefile import CaseFile, load_case
from compound_coverage.letters.choose import proposals
from compound_coverage.letters.deadlines import Due
from compound_coverage.letters.render import Draft, letter_types, to_docx, to_pdf
from compound_coverage.letters.templates import LetterType
from compound_coverage.vocabulary import Determination
from dashboard.choices import ask_plan, pick_medication, remember_plan
from dashboard.downloads import offer
from dashboard.handoff import handoff_section
from dashboard.identity import actor_or_stop, office_or_stop
from dashboard.letter_facts import ask_facts, ask_point_by_point, ask_stage, case_data, remember
from dashboard.official_form import official_form_section
from dashboard.open_case import autosave, case_bar, edited_text, opened
from dashboard.packet import packet_section, title_of
from dashboard.parts import dataset_or_stop, drug_lists, note, plain

WHO = {
    "patient": to_say("The patient can supply ({count})"),
    "prescriber": to_say("The prescriber can supply ({count})"),
    "pharmacy": to_say("The pharmacy can supply ({count})"),
    "plan": to_say("The plan can supply ({count})"),
}
LANGUAGES = {
    "en": to_say("English, for the plan"),
    "es": to_say("Spanish, a copy to read"),
}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("Draft a letter or form"))
    told = say("Fill in what you know and leave the rest empty. Gaps stay visible in the draft.")
    if opened():
        office = office_or_stop()
        actor = actor_or_stop(office)
        st.markdown(told)
        tell_saved = case_bar(office, actor, dataset)
    else:
        checked = say(
            "The person who signs must check every fact first. Nothing you type is stored on our "
            "side."
        )
        st.markdown(f"{told} {checked}")
        _open_saved(dataset)
    st.header(say("1. Plan and medicine"), divider="gray")
    plan_id = ask_plan(dataset)
    medication_id = pick_medication(dataset)
    if not plan_id or not medication_id:
        st.info(say("Pick the plan and the medicine to go on."))
        return
    st.header(say("2. What you need"), divider="gray")
    ask_stage()
    mistake = st.container()  # always there: a new element here would fold the questions below
    facts = case_data(plan_id, medication_id)
    try:
        case = load_case(facts)
        with drug_lists() as lists:
            answer = determine(case_of(case, dataset, date.today(), lists), dataset)
    except ValueError as error:
        # the questions stay, so that the mistake can be mended
        mistake.error(plain(str(error)))
        case, answer = None, None
    letter = _pick_letter(case, answer)
    st.header(say("3. The facts"), divider="gray")
    needed = {need.field for need in letter.needs}
    ask_facts(dataset, dataset.medications[medication_id], needed)
    if opened():
        try:
            autosave(office, actor, facts, letter.letter_type)
            tell_saved()
        except ValueError as error:
            mistake.error(f"{say('What you typed last is not saved.')} {plain(str(error))}")
    if case is None or answer is None:
        return
    if letter.answers_rule:
        ask_point_by_point(answer)
    st.header(say("4. The draft"), divider="gray")
    _make_draft(dataset, case, letter)
    if not opened():
        handoff_section(facts, letter.letter_type)


# -- a case saved before -----------------------------------------------------------------------


def _open_saved(dataset: Dataset) -> None:
    with st.expander(say("Go on with a case you saved on your device"), key="open-saved"):
        upload = st.file_uploader(
            say("Saved case file"), type="json", key="saved", max_upload_size=5
        )
        pressed = st.button(say("Open it"), key="open-file", disabled=upload is None)
        if pressed and upload is not None:
            _fill_from(upload.getvalue(), dataset)


def _fill_from(data: bytes, dataset: Dataset) -> None:
    try:
        case = load_case(data.decode("utf-8-sig"))
        with drug_lists() as lists:
            plan = find_plan(dataset, lists, case.plan.plan_id)
        medication = medication_by_id(dataset, case.medication.medication_id)
    except UnicodeDecodeError:
        st.error(say("This file is not text in UTF-8. Pick the case file you saved here."))
        return
    except ValueError as error:
        st.error(plain(str(error)))
        return
    remember(case)
    remember_plan(dataset, plan)
    st.session_state["medication"] = medication.medication_id
    st.session_state["ingredients-of"] = medication.medication_id
    st.rerun()


def _save_button(case: CaseFile) -> None:
    def as_json() -> str:
        return json.dumps(
            case.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=2
        )

    offer(say("Save the case on your device"), as_json, "case.json", "application/json")


# -- which letter ------------------------------------------------------------------------------


def _pick_letter(case: CaseFile | None, answer: Determination | None) -> LetterType:
    """The letter to draft: those the case calls for come first, then all the others."""
    # told about in the language of the page; the letter itself has its own
    every = {letter.letter_type: letter for letter in letter_types(spoken())}
    reasons = st.session_state.get("denial-reasons", ())
    called = proposals(case, answer, reasons) if case and answer else []
    names = [proposal.letter.letter_type for proposal in called]
    names += [name for name in every if name not in names]
    picked = st.selectbox(
        say("Which letter or form?"),
        names,
        format_func=lambda name: title_of(every[name].title),
        key="letter-type",
        help=say("The first ones fit your plan and your step best."),
        persist_state="session",
    )
    letter = every[picked or names[0]]
    signed = say("Signed by: {signer}.", signer=plain(letter.signer.lower()))
    note(f"{plain(letter.use)} {signed}")
    return letter


# -- the draft ---------------------------------------------------------------------------------


def _make_draft(dataset: Dataset, case: CaseFile, letter: LetterType) -> None:
    language = st.radio(
        say("Language of the letter"),
        list(LANGUAGES),
        format_func=lambda code: say(LANGUAGES[code]),
        key="letter-language",
        persist_state="session",
    )
    if st.button(say("Make the draft"), key="make-draft", type="primary"):
        try:
            with drug_lists() as lists:
                draft = draft_for(
                    case, dataset, letter.letter_type, language or "en", date.today(), lists
                )
        except ValueError as error:
            st.error(plain(str(error)))
            return
        held = opened()
        own = held is not None and draft.language == held.content.language
        edited = edited_text(held, draft.letter_type) if held and own else ""
        st.session_state["draft"] = draft
        st.session_state["markdown"] = edited or draft.markdown
    _save_button(case)
    made = st.session_state.get("draft")
    # in a case, what is changed in the text is saved: it must be the text of the letter picked
    if isinstance(made, Draft) and (not opened() or made.letter_type == letter.letter_type):
        text = _show_draft(made, _in_words_of_the_page(dataset, made))
        packet_section(dataset, case, made, text)
        with drug_lists() as lists:
            plan = find_plan(dataset, lists, case.plan.plan_id)
        official_form_section(case, dataset.medications[case.medication.medication_id], plan)


def _in_words_of_the_page(dataset: Dataset, made: Draft) -> Draft:
    """What is to be known of a draft, in the language of the page: the same draft, made in it.

    The letter keeps its own language; its gaps, warnings and dates are for the person here.
    """
    if made.language == spoken():
        return made
    of, told = st.session_state.get("draft-told", (None, None))
    if of is not made or not isinstance(told, Draft) or told.language != spoken():
        with drug_lists() as lists:
            told = draft_for(
                made.basis.case, dataset, made.letter_type, spoken(), date.today(), lists
            )
        st.session_state["draft-told"] = made, told
    return told


def _show_draft(draft: Draft, told: Draft) -> str:
    """Shows the draft and what to know of it; returns the text as it was edited.

    ``told`` is the same draft in the language of the page.
    """
    st.subheader(plain(draft.title if told is draft else title_of(told.title)))
    if told.complete:
        st.success(say("Every fact the document needs is there. The signer must still check it."))
    else:
        _show_missing(told)
    for warning in told.warnings:
        st.warning(plain(warning))
    _show_deadlines(told)
    text = st.text_area(
        say("The draft. You can change it here before you download it."),
        key="markdown",
        height=480,
        persist_state="session",
    )
    note(say("Stars make bold text, and # makes a heading."))
    if (text or "").strip() != draft.markdown.strip():
        st.button(
            say("Drop my changes to the text"),
            key="drop-changes",
            on_click=_drop_changes,
            args=(draft,),
        )
    _show_claims(told, text or "")
    _downloads(draft, text or "")
    return text or ""


def _drop_changes(draft: Draft) -> None:
    st.session_state["markdown"] = draft.markdown


def _show_missing(draft: Draft) -> None:
    st.warning(
        say_many(
            "1 fact is missing. The draft shows the gap.",
            "{count} facts are missing. The draft shows each gap.",
            len(draft.missing),
        )
    )
    for who, heading in WHO.items():
        gaps = [gap for gap in draft.missing if gap.who == who]
        if gaps:
            with st.expander(say(heading, count=len(gaps)), key=f"missing:{who}"):
                st.markdown("\n".join(f"- {plain(gap.why)}" for gap in gaps))


def _show_deadlines(draft: Draft) -> None:
    st.markdown(f"**{say('Time limits.')}** {plain(draft.deadline)}")
    if not draft.dues:
        return
    for due in draft.dues:
        st.markdown(_due_text(due))
    offer(
        say("Save the dates to your calendar"),
        lambda: to_ics(draft.dues, datetime.now(UTC)),
        "deadlines.ics",
        "text/calendar",
    )


def _due_text(due: Due) -> str:
    told = " ".join([due.how, *due.notes, due.notice])
    return f"- **{plain(due.title)}: {plain(day(due.day))}.** {plain(told)}"


def _show_claims(draft: Draft, text: str) -> None:
    """What the text says that a letter may not say, edited words included."""
    found = draft.claims(text)
    if not found:
        return
    title = say_many(
        "Check 1 sentence before anybody signs",
        "Check {count} sentences before anybody signs",
        len(found),
    )
    with st.expander(title, expanded=True, key="claims"):
        for claim in found:
            line = say("Line {line}:", line=claim.line)
            st.markdown(f"- {line} {plain(claim.told)}")


def _downloads(draft: Draft, text: str) -> None:
    # made on the click, never before: what lies ready can be fetched by others (see docs)
    def docx() -> bytes:
        return to_docx(text, draft.title, draft.language, draft.mark)

    def pdf() -> bytes:
        return to_pdf(text, draft.title, draft.language, draft.mark)[0]

    files: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
        (say("Download for Word (DOCX)"), docx, f"{draft.letter_type}.docx", DOCX),
        (
            say("Download to print or fax (PDF)"),
            pdf,
            f"{draft.letter_type}.pdf",
            "application/pdf",
        ),
    )
    for label, make, name, mime in files:
        offer(label, make, name, mime)


page()
