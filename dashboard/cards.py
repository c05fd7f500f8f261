"""The pieces an answer is made of, as HTML: verdict, reason with its source, condition, step, gap.

Each function returns HTML, already escaped and in the language of the visit; ``show`` draws any
number of them at once, which costs a page one message instead of many. A verdict always has its
word and its sign beside its colour. The look of the pieces is in ``assets/page.css``.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

import streamlit as st

from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import (
    Basis,
    Citation,
    Determination,
    MetCondition,
    NextStep,
    Reason,
    Unknown,
    Verdict,
)
from dashboard.languages import in_english
from dashboard.parts import VERDICTS, source_words

SIGNS = {
    Verdict.COVERED: "✓",
    Verdict.CONDITIONAL: "◐",
    Verdict.EXCEPTION_ONLY: "↪",
    Verdict.NOT_COVERED: "✕",
    Verdict.UNKNOWN: "?",
}
HEADINGS = {
    Verdict.COVERED: to_say("Covered"),
    Verdict.CONDITIONAL: to_say("Maybe, if some things are met"),
    Verdict.EXCEPTION_ONLY: to_say("Not covered, but you can ask for an exception"),
    Verdict.NOT_COVERED: to_say("Not covered"),
    Verdict.UNKNOWN: to_say("We could not find out"),
}
ASKS = {
    "plan": to_say("Ask your plan"),
    "pharmacy": to_say("Ask your pharmacy"),
    "prescriber": to_say("Ask your doctor"),
}
DECIDES = to_say("This decides the answer.")
DEPENDS = to_say("It depends on something we do not know.")
LAST_KNOWN = to_say("Last known policy. Confirm it with the plan.")
OUR_READING = to_say("This is our reading of the rule.")
NOT_CONFIRMED = to_say("Not confirmed yet. It did not count.")


_TITLE = "\N{NULL}"  # stands for the title until the sentence is escaped


def show(*parts: str) -> None:
    """Draws pieces one below the other, in one go; empty ones leave no trace."""
    whole = "".join(parts)
    if whole:
        st.html(whole)


def heading(text: str, level: int = 2) -> str:
    """A heading of the page's outline; ``text`` is already in the language of the visit."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def paragraph(text: str, look: str = "") -> str:
    """A paragraph of text that is already in the language of the visit."""
    marked = f' class="{look}"' if look else ""
    return f"<p{marked}>{html.escape(text)}</p>"


def word_of(verdict: Verdict) -> str:
    """A verdict inside a line: its sign and its word, in its colour."""
    sign = f'<span aria-hidden="true">{SIGNS[verdict]}</span>'
    word = html.escape(say(VERDICTS[verdict]))
    return f'<span class="cc-word cc-{verdict.value}">{sign} {word}</span>'


def verdict_card(answer: Determination) -> str:
    """The answer at one glance: verdict, the one decisive reason, the one next step."""
    decisive = next((reason for reason in answer.reasons if reason.decisive), None)
    lines = [f'<p class="cc-lead">{html.escape(answer.summary)}</p>']
    if decisive:
        why = html.escape(say("Why:"))
        lines.append(f"<p><strong>{why}</strong> {in_english(decisive.rule.summary)}</p>")
        lines.append(source_line(decisive.rule.citation))
    if answer.next_steps:
        then = html.escape(say("Do this next:"))
        lines.append(f"<p><strong>{then}</strong> {in_english(answer.next_steps[0].action)}</p>")
    sign = f'<span class="cc-sign" aria-hidden="true">{SIGNS[answer.verdict]}</span>'
    return (
        f'<div class="cc-card cc-{answer.verdict.value}"><h2>{sign}'
        f"{html.escape(say(HEADINGS[answer.verdict]))}</h2>{''.join(lines)}</div>"
    )


def source_line(citation: Citation) -> str:
    """Where a statement comes from, how firm it is, and how old."""
    title = html.escape(" ".join(filter(None, [citation.title, citation.section])))
    if citation.url:
        # the schema lets only http and https in
        title = (
            f'<a href="{html.escape(citation.url, quote=True)}" target="_blank" '
            f'rel="noopener noreferrer">{title}</a>'
        )
    told = html.escape(source_words(citation, _TITLE))
    return f'<p class="cc-source">{told.replace(_TITLE, title)}</p>'


def marks(reason: Reason) -> Iterator[str]:
    """What a reader must know of a reason beyond its words; English, to be said."""
    if reason.decisive:
        yield DECIDES
    if reason.applies is None:
        yield DEPENDS
    if reason.stale:
        yield LAST_KNOWN
    if reason.rule.basis == Basis.INFERRED:
        yield OUR_READING
    if reason.rule.basis == Basis.UNVERIFIED:
        yield NOT_CONFIRMED


def reason_card(reason: Reason) -> str:
    """One reason with its marks and its source."""
    told = "".join(f"<li>{html.escape(say(mark))}</li>" for mark in marks(reason))
    listed = f'<ul class="cc-marks">{told}</ul>' if told else ""
    look = " cc-decisive" if reason.decisive else ""
    return (
        f'<div class="cc-reason{look}"><p>{in_english(reason.rule.summary)}</p>{listed}'
        f"{source_line(reason.rule.citation)}</div>"
    )


def condition_list(conditions: Iterable[MetCondition]) -> str:
    """What has to be true or done for the plan to pay."""
    items = "".join(f"<li>{in_english(met.what)}</li>" for met in conditions)
    return f'<ul class="cc-conditions">{items}</ul>' if items else ""


def step_list(steps: Sequence[NextStep]) -> str:
    """What to do next, in order, each with its deadline and its source."""
    items = "".join(
        f"<li>{in_english(step.action)}{deadline(step.deadline)}"
        f"{source_line(step.citation) if step.citation else ''}</li>"
        for step in steps
    )
    return f'<ol class="cc-steps">{items}</ol>' if items else ""


def deadline(text: str) -> str:
    """A clock that runs, already in the language of the visit; nothing for none."""
    label = html.escape(say("Time limit:"))
    return f'<span class="cc-deadline">{label} {html.escape(text)}</span>' if text else ""


def gap(title: str, lines: Iterable[str]) -> str:
    """What is missing, as a visible gap; nothing where nothing is."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    if not items:
        return ""
    return f'<div class="cc-gap"><h3>{html.escape(title)}</h3><ul>{items}</ul></div>'


def unknown_gaps(unknowns: Sequence[Unknown]) -> str:
    """The open questions of an answer, by who can answer them."""
    return "".join(
        gap(say(title), (unknown.question for unknown in unknowns if unknown.ask == whom))
        for whom, title in ASKS.items()
    )


def empty(text: str) -> str:
    """What is said where a list has nothing in it; already in the language of the visit."""
    return f'<p class="cc-quiet">{html.escape(text)}</p>'


def print_button(words: str) -> str:
    """A button that prints; the sheet made by ``paper`` is what comes out."""
    label = html.escape(words)
    return f'<button type="button" class="cc-print" data-print="yes">{label}</button>'


def paper(*parts: str) -> str:
    """A sheet that is seen only on paper, in place of the page."""
    return f'<div class="cc-paper">{"".join(parts)}</div>'
