"""Giving a draft to the prescriber's office: a sealed file, or a code for this same server."""

from __future__ import annotations

from typing import Any

import streamlit as st

from compound_coverage.casework.content import content_of
from compound_coverage.casework.handoffs import DAYS_KEPT, leave, to_file
from compound_coverage.casework.sealed import new_phrase
from compound_coverage.language import say, say_many
from dashboard.downloads import offer
from dashboard.identity import chosen_settings, office_or_stop
from dashboard.parts import ask_line, note, plain

PHRASE = "handoff-phrase"
SEALED = "application/octet-stream"


def handoff_section(facts: dict[str, Any], letter_type: str) -> None:
    """Asks how to give the draft to the office, and makes the sealed file or the code."""
    st.header(say("7. Give it to your doctor's office"), divider="gray")
    with st.expander(say("Send what you filled in to the office"), key="handoff"):
        st.markdown(
            say(
                "You can give the office what you typed, so that they need not type it again. It "
                "is locked: only somebody who has the pass phrase can open it."
            )
        )
        phrase = ask_line(
            say("Pass phrase"),
            key=PHRASE,
            max_chars=200,
            help=say(
                "At least 12 letters or digits. Tell it to the office by phone, not in the "
                "same message as the file."
            ),
        )
        st.button(say("Suggest a pass phrase"), key="suggest-phrase", on_click=_suggest)
        if phrase:
            offer(
                say("Make the locked file"),
                lambda: to_file(content_of(_content(facts, letter_type)), phrase),
                "for-the-office.sealed",
                SEALED,
            )
        if chosen_settings().office:
            _leave_here(facts, letter_type)


def _suggest() -> None:
    st.session_state[PHRASE] = new_phrase()


def _leave_here(facts: dict[str, Any], letter_type: str) -> None:
    st.markdown(
        say(
            "Does your doctor's office use this same site? Then you can leave it here and get a "
            "code for them."
        )
    )
    if not st.button(say("Leave it here and get a code"), key="leave-here"):
        return
    try:
        code = leave(office_or_stop().desk, content_of(_content(facts, letter_type)))
    except ValueError as error:
        st.error(plain(str(error)))
        return
    st.success(say("It waits here, locked. Tell the office this code:"))
    st.code(code, language=None)
    note(
        say_many(
            "The code works once, for 1 day. We do not keep it: without the code nobody can open "
            "what you left, not even we.",
            "The code works once, for {count} days. We do not keep it: without the code nobody "
            "can open what you left, not even we.",
            DAYS_KEPT,
        )
    )


def _content(facts: dict[str, Any], letter_type: str) -> dict[str, Any]:
    return {"facts": facts, "letter_type": letter_type}
