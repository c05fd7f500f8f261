"""Call your plan: one question at a time, then both answers side by side. Kept for the visit."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date
from typing import TypedDict

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.call_questions import (
    LONGEST_REFERENCE,
    Answer,
    Question,
    check_reference,
    questions_for,
    still_to_ask,
)
from compound_coverage.determination.engine import determine
from compound_coverage.determination.phone import HAVE_READY
from compound_coverage.determination.question import parse_day
from compound_coverage.determination.told import SideBySide, is_told, side_by_side
from compound_coverage.language import day, money, say, to_say
from compound_coverage.vocabulary import Case, Determination, Rule
from dashboard import cards
from dashboard.answer import case_of_visit, lead_to_the_questions
from dashboard.languages import in_english
from dashboard.parts import ask_line, dataset_or_stop, note, plain
from dashboard.report import report_answer

KEY = "call"
READY, THE_END = -1, 1_000
MOST_WORDS = 300
MOST_TO_TAP = 10
WHOM = {
    "plan": to_say("Ask your plan"),
    "pharmacy": to_say("Ask your pharmacy"),
}


class Given(TypedDict):
    """What was filled in for one question."""

    code: str
    words: str
    amount: float | None


class Call(TypedDict):
    """A call that goes on: what it is about, which question is shown, and what was answered."""

    about: tuple[str, str]
    at: int
    given: dict[str, Given]


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("Call your plan"))
    case = case_of_visit(dataset)
    if case is None:
        lead_to_the_questions(
            say("First check your plan. Then we know what to ask."), say("Check your plan")
        )
        return
    call = _call_about(case)
    answer = determine(case, dataset)
    questions = still_to_ask(questions_for(answer), _answers(call, date.today()))
    if call["at"] == READY:
        _show_ready(call, case)
    elif call["at"] < len(questions):
        _ask(call, questions, call["at"])
    else:
        _show_end(call, questions, case, dataset)


def _call_about(case: Case) -> Call:
    """The call of this visit; a new one once the plan or the medicine is another."""
    about = (case.plan.plan_id, case.medication.medication_id)
    call: Call | None = st.session_state.get(KEY)
    if call is None or call["about"] != about:
        call = {"about": about, "at": READY, "given": {}}
        st.session_state[KEY] = call
    return call


def _answers(call: Call, when: date, reference: str = "") -> tuple[Answer, ...]:
    return tuple(
        Answer(question_id, one["code"], when, one["words"], one["amount"], reference)
        for question_id, one in call["given"].items()
        if one["code"]
    )


def _go(call: Call, to: int) -> None:
    call["at"] = to


# -- before the call ---------------------------------------------------------------------------


def _show_ready(call: Call, case: Case) -> None:
    st.markdown(
        say(
            "We ask the questions one by one. You read them out and tap what you hear. What you "
            "tap and type stays in this visit. We do not store it."
        )
    )
    cards.show(_about(case))
    st.header(say("Have this ready"))
    items = "".join(f"<li>{html.escape(say(line))}</li>" for line in HAVE_READY)
    cards.show(f'<ul class="cc-conditions">{items}</ul>')
    st.markdown(say("The number to call is on the back of your member card."))
    st.button(
        say("Start the call"),
        key="call-start",
        type="primary",
        width="stretch",
        on_click=_go,
        args=(call, 0),
    )


def _about(case: Case) -> str:
    """What the call is about, in one line of HTML."""
    told = f"{in_english(case.medication.name)} · {html.escape(case.plan.name)}"
    return f'<p class="cc-quiet">{told}</p>'


# -- one question ------------------------------------------------------------------------------


def _ask(call: Call, questions: Sequence[Question], at: int) -> None:
    question = questions[at]
    given = call["given"].get(question.question_id)
    st.progress(
        (at + 1) / len(questions),
        text=say("Question {number} of {count}", number=at + 1, count=len(questions)),
    )
    cards.show(
        cards.paragraph(say(WHOM[question.whom]), "cc-quiet"),
        cards.heading(question.text),
    )
    note(say("Why ask this? {why}", why=plain(question.why)))
    name = _name(question)
    code = _pick(question, given["code"] if given else "", name)
    if code in question.amounts:
        st.number_input(
            say("Price for one month, in dollars"),
            min_value=0.0,
            max_value=100_000.0,
            value=given["amount"] if given else None,
            step=10.0,
            key=f"{name}:amount",
        )
    ask_line(
        say("Notes, if you like. No names."),
        given["words"] if given else "",
        key=f"{name}:words",
        max_chars=MOST_WORDS,
    )
    if question.question_id == "in_writing":
        _ask_reference()
    _buttons(call, question, at)


def _name(question: Question) -> str:
    return f"call:{question.question_id}"


def _pick(question: Question, before: str, key: str) -> str:
    """The code of what was heard; empty if nothing was tapped yet."""
    words = dict(question.options)
    codes = list(words)
    index = codes.index(before) if before in codes else None
    label = say("What did they say?")
    if len(codes) > MOST_TO_TAP:
        picked = st.selectbox(label, codes, index=index, format_func=words.__getitem__, key=key)
    else:
        picked = st.radio(label, codes, index=index, format_func=words.__getitem__, key=key)
    return picked or ""


def _buttons(call: Call, question: Question, at: int) -> None:
    with st.container(horizontal=True, key="call-buttons"):
        st.button(
            say("Back"),
            key="call-back",
            icon=":material/arrow_back:",
            on_click=_keep_and_go,
            args=(call, question, at - 1),
        )
        st.button(
            say("Next"),
            key="call-next",
            type="primary",
            on_click=_keep_and_go,
            args=(call, question, at + 1),
        )
        st.button(
            say("End the call"),
            key="call-end",
            type="tertiary",
            on_click=_keep_and_go,
            args=(call, question, THE_END),
        )


def _keep_and_go(call: Call, question: Question, to: int) -> None:
    """Keeps what stands in the widgets now: a note may be sent with the very same press."""
    name = _name(question)
    code = st.session_state.get(name) or ""
    words = (st.session_state.get(f"{name}:words") or "").strip()
    amount = st.session_state.get(f"{name}:amount") if code in question.amounts else None
    if code or words:
        call["given"][question.question_id] = {"code": code, "words": words, "amount": amount}
    else:
        call["given"].pop(question.question_id, None)
    call["at"] = to


def _ask_reference() -> str:
    """The number of the call, checked; empty where there is none, or it may be a name."""
    text = ask_line(
        say("Number of the call, if you got one"),
        key="call-reference",
        max_chars=LONGEST_REFERENCE,
        persist_state="session",
    )
    try:
        return check_reference(text)
    except ValueError as error:
        st.error(plain(str(error)))
        return ""


# -- after the call ----------------------------------------------------------------------------


def _show_end(call: Call, questions: Sequence[Question], case: Case, dataset: Dataset) -> None:
    st.button(
        say("Back to the questions"),
        key="call-again",
        icon=":material/arrow_back:",
        on_click=_go,
        args=(call, len(questions) - 1),
    )
    when, reference = _ask_day(), _ask_reference()
    answers = _answers(call, when, reference)
    if not answers:
        cards.show(
            cards.empty(say("You have not tapped an answer yet. So nothing has changed.")),
        )
        return
    both = side_by_side(case, answers, dataset)
    st.header(say("Both answers, side by side"))
    cards.show(_cards(both, 3))
    _show_clash(both)
    st.header(say("What was said"))
    lines = _lines(call, questions)
    cards.show(_list(lines))
    with st.expander(say("Copy it as text"), key="call-copy"):
        st.code(_as_text(case, when, reference, lines), language=None, wrap_lines=True)
    cards.show(
        cards.print_button(say("Print this answer")), _sheet(case, both, when, reference, lines)
    )
    st.header(say("What to do now"))
    st.page_link(
        "dashboard/letter.py",
        label=say("Draft a letter for your doctor to sign"),
        icon=":material/edit_document:",
    )
    report_answer(case)


def _ask_day() -> date:
    """The day of the call: today, unless somebody types another that has come."""
    today = date.today()
    text = ask_line(
        say("Day of the call, written like {example}", example=today.isoformat()),
        today.isoformat(),
        key="call-day",
        max_chars=10,
        persist_state="session",
    )
    try:
        when = parse_day(text.strip())
    except ValueError:
        when = date.max
    if when > today:
        st.error(say("Type a day that has come, such as {example}.", example=today.isoformat()))
        return today
    return when


def _cards(both: SideBySide, level: int) -> str:
    """Both answers, beside each other where there is room."""
    published = _card(say("By the published rules"), both.published, level)
    told = _card(say("With what your plan told you"), both.told, level)
    columns = "repeat(auto-fit,minmax(min(100%,17rem),1fr))"
    look = f"display:grid;gap:1rem;grid-template-columns:{columns}"
    return f'<div style="{look}">{published}{told}</div>'


def _card(title: str, answer: Determination, level: int) -> str:
    """One of the two answers: whose it is, its verdict, why, and what has to be true."""
    decisive = next((reason.rule for reason in answer.reasons if reason.decisive), None)
    needs = cards.condition_list(answer.conditions)
    if needs:
        needs = cards.paragraph(say("What has to be true:")) + needs
    return (
        f'<div class="cc-card cc-{answer.verdict.value}">'
        f"<h{level}>{html.escape(title)}</h{level}>"
        f"<p>{cards.word_of(answer.verdict)}</p>"
        f"{cards.paragraph(answer.summary)}{_why(decisive)}{needs}{_also_told(answer)}</div>"
    )


def _why(rule: Rule | None) -> str:
    """The rule that decides, with its source; what was only told has its mark in its words."""
    if rule is None:
        return ""
    why = f"<p><strong>{html.escape(say('Why:'))}</strong> {in_english(rule.summary)}</p>"
    if is_told(rule):
        return why
    return why + cards.source_line(rule.citation)


def _also_told(answer: Determination) -> str:
    """What else the plan said that counts in this answer."""
    said = [r.rule.summary for r in answer.reasons if is_told(r.rule) and not r.decisive]
    return "".join(cards.paragraph(text) for text in said)


def _show_clash(both: SideBySide) -> None:
    if both.clash:
        st.header(say("The two do not agree"))
        for sentence in both.clash:
            st.markdown(f"**{plain(sentence)}**")
        cards.show(cards.gap(say("Say this to your plan:"), both.asks))
    for sentence in both.notes:
        st.markdown(plain(sentence))


def _lines(call: Call, questions: Sequence[Question]) -> list[tuple[str, str]]:
    """Each question that got an answer or a note, and what was said."""
    told = []
    for question in questions:
        given = call["given"].get(question.question_id)
        if given:
            price = money(given["amount"]) if given["amount"] is not None else ""
            said = [dict(question.options).get(given["code"], ""), price, given["words"]]
            told.append((question.text, ". ".join(filter(None, said))))
    return told


def _list(lines: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f"<li>{html.escape(asked)}<br><strong>{html.escape(said)}</strong></li>"
        for asked, said in lines
    )
    return f'<ul class="cc-conditions">{items}</ul>'


def _heads(case: Case, when: date, reference: str) -> list[str]:
    """What the notes of the call begin with."""
    heads = [f"{say(case.medication.name)}, {case.plan.name}"]
    heads.append(say("Day of the call: {day}", day=day(when)))
    if reference:
        heads.append(say("Call number {number}", number=reference))
    return heads


def _as_text(case: Case, when: date, reference: str, lines: Sequence[tuple[str, str]]) -> str:
    return "\n".join(
        [*_heads(case, when, reference), "", *(f"- {asked} {said}" for asked, said in lines)]
    )


def _sheet(
    case: Case, both: SideBySide, when: date, reference: str, lines: Sequence[tuple[str, str]]
) -> str:
    """The sheet for paper: both answers, the clash, and what was said."""
    return cards.paper(
        f"<h1>{html.escape(say('Notes of my call'))}</h1>",
        *(cards.paragraph(head) for head in _heads(case, when, reference)),
        _cards(both, 2),
        *(cards.paragraph(sentence) for sentence in (*both.clash, *both.notes)),
        cards.gap(say("Say this to your plan:"), both.asks),
        cards.heading(say("What was said")),
        _list(lines),
    )


page()
