"""The answer: the verdict, the reason that decides and the next step; below it all the rest."""

from __future__ import annotations

import html

import streamlit as st

from compound_coverage.determination.engine import determine
from compound_coverage.language import day, say
from compound_coverage.vocabulary import Basis, Case, Determination, Medication
from dashboard import cards
from dashboard.answer import case_of_visit, condition_of_visit, lead_to_the_questions
from dashboard.choices import SOURCES
from dashboard.languages import in_english
from dashboard.parts import cite, dataset_or_stop, help_link, note, plain
from dashboard.report import report_answer, report_one_of, report_reason, show_told


def page() -> None:
    dataset = dataset_or_stop()
    case = case_of_visit(dataset)
    if case is None:
        _send_back()
        return
    answer = determine(case, dataset)
    condition = condition_of_visit(dataset)
    _show_verdict(answer, condition)
    _show_conditions(answer)
    _show_sources(answer)
    _show_steps(answer)
    _show_reasons(answer)
    _show_unknowns(answer)
    _show_medicine(answer.case.medication)
    _show_context(answer)
    cards.show(_sheet(answer, condition))


def _send_back() -> None:
    st.title(say("There is no answer yet"))
    lead_to_the_questions(
        say("First say which plan and which medicine you have. It takes a minute."),
        say("Go to the three questions"),
    )


def _asked(case: Case, condition: str) -> str:
    """What was asked, in one line of HTML."""
    told = [in_english(case.medication.name), html.escape(case.plan.name)]
    if condition:
        told.append(in_english(condition))
    return " · ".join(told)


def _show_verdict(answer: Determination, condition: str) -> None:
    cards.show(
        f'<h1 class="cc-said">{html.escape(say("Your answer"))}</h1>'
        f'<p class="cc-quiet">{_asked(answer.case, condition)}</p>',
        cards.verdict_card(answer),
    )
    with st.container(horizontal=True, key="what-now"):
        st.page_link(
            "dashboard/letter.py",
            label=say("Draft a letter for your doctor to sign"),
            icon=":material/edit_document:",
        )
        st.page_link(
            "dashboard/call.py", label=say("Call your plan, step by step"), icon=":material/call:"
        )
        st.page_link(
            "dashboard/compare.py",
            label=say("What would change this answer?"),
            icon=":material/compare_arrows:",
        )
        st.page_link("dashboard/cash.py", label=say("If you pay cash"), icon=":material/payments:")
        st.page_link(
            "dashboard/check.py", label=say("Change my answers"), icon=":material/arrow_back:"
        )
    cards.show(cards.print_button(say("Print this answer")))


def _show_conditions(answer: Determination) -> None:
    if answer.conditions:
        st.header(say("What has to be true"))
        cards.show(cards.condition_list(answer.conditions))


def _show_sources(answer: Determination) -> None:
    st.header(say("Powder or approved product?"))
    st.markdown(say("What the pharmacy starts from can change the answer:"))
    cards.show(_by_source(answer))
    note(
        say(
            "The FDA does not approve compounded medicines. An approved product in the mix does "
            "not make the mix approved."
        )
    )


def _by_source(answer: Determination) -> str:
    items = "".join(
        f"<li>{html.escape(say(SOURCES[source.value]))}: {cards.word_of(verdict)}</li>"
        for source, verdict in answer.by_source
    )
    return f'<ul class="cc-conditions">{items}</ul>'


def _show_steps(answer: Determination) -> None:
    st.header(say("What to do next"))
    cards.show(cards.step_list(answer.next_steps))
    if any(step.deadline for step in answer.next_steps):
        st.markdown(f"**{say('The date and address on your own notice control.')}**")


def _show_reasons(answer: Determination) -> None:
    st.header(say("Why"))
    help_link("grades", say("What do the sources mean?"))
    if not answer.reasons:
        cards.show(cards.empty(say("No published rule that we know of speaks to this.")))
    for reason in answer.reasons:
        cards.show(cards.reason_card(reason))
        report_reason(reason, answer.case)
    report_answer(answer.case)
    show_told(answer.case)


def _show_unknowns(answer: Determination) -> None:
    if answer.unknowns:
        st.header(say("What we do not know"))
        cards.show(cards.unknown_gaps(answer.unknowns))


def _show_medicine(medication: Medication) -> None:
    with st.expander(say("About this medicine"), key="about-medicine"):
        st.markdown(f"**{say('Why it is compounded:')}** {plain(say(medication.why_compounded))}")
        st.markdown(
            f"**{say('What a plan may offer instead:')}** "
            f"{plain(say(medication.marketed_alternative))}"
        )
        if medication.basis == Basis.UNVERIFIED:
            st.markdown(f"**{say(cards.NOT_CONFIRMED)}**")
        if medication.citation:
            st.markdown(cite(medication.citation))


def _show_context(answer: Determination) -> None:
    if not answer.context:
        return
    with st.expander(
        say("Also worth knowing. None of this decides the answer."), key="also-worth-knowing"
    ):
        cards.show(*(cards.reason_card(reason) for reason in answer.context))
        report_one_of(answer.context, answer.case)


# -- the sheet to take along -------------------------------------------------------------------


def _sheet(answer: Determination, condition: str) -> str:
    """One sheet for the doctor: the answer, what it hangs on, the next steps, the sources."""
    reasons = [reason for reason in answer.reasons if reason.decisive or reason.applies is None]
    return cards.paper(
        f"<h1>{html.escape(say('Will the plan pay? What its published rules say'))}</h1>",
        f"<p>{_asked(answer.case, condition)}<br>"
        f"{html.escape(say('As of {date}.', date=day(answer.case.on)))}</p>",
        cards.verdict_card(answer),
        _part(say("What has to be true"), cards.condition_list(answer.conditions)),
        _part(say("Powder or approved product?"), _by_source(answer)),
        _part(say("What it rests on"), "".join(map(cards.reason_card, reasons))),
        _part(say("What we do not know"), cards.unknown_gaps(answer.unknowns)),
        _part(say("What to do next"), cards.step_list(answer.next_steps)),
        cards.paragraph(
            say(
                "This is what published rules say. It is not medical or legal advice, and not "
                "a promise to pay. The plan's own papers decide."
            )
        ),
    )


def _part(title: str, body: str) -> str:
    return cards.heading(title) + body if body else ""


page()
