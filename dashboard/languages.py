"""The language of a visit: what the browser prefers, until somebody presses the other one."""

from __future__ import annotations

import html

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from compound_coverage.language import (
    ENGLISH,
    LANGUAGES,
    ask_with,
    is_translated,
    say,
    speak,
    spoken,
    to_say,
)

KEY = "language"
QUERY = "lang"  # a link can name it: ?lang=es
# shown in the language it leads to
READ_IN = {"en": "Read this in English", "es": "Leer esto en español"}
CUT = to_say(
    "The connection is lost. You can still read this page. What you type now is not sent until "
    "the connection is back."
)


def choose_language() -> None:
    """Speaks the language of this visit from here on, and tells the page which it is."""
    if KEY not in st.session_state:
        st.session_state[KEY] = _wished()
    speak(st.session_state[KEY])
    st.html(
        f'<div id="cc-page" data-language="{spoken()}" '
        f'data-offline="{html.escape(say(CUT), quote=True)}"></div>'
    )


def offer_other_language() -> None:
    """The button to the other language."""
    for code, words in READ_IN.items():
        if code != spoken():
            st.button(
                words,
                key="other-language",
                type="tertiary",
                icon=":material/translate:",
                on_click=_change,
                args=(code,),
            )


def in_english(text: str) -> str:
    """``text`` as HTML: translated, or else in English and marked as English."""
    if is_translated(text):
        return html.escape(say(text))
    # what a screen reader needs to say it right, and what a reader needs to know
    return f'<span lang="en">{html.escape(text)}</span> ({html.escape(say("only in English"))})'


def _wished() -> str:
    asked = st.query_params.get(QUERY, "")
    wished = asked or (st.context.locale or "").partition("-")[0].casefold()
    return wished if wished in LANGUAGES else ENGLISH


def _change(code: str) -> None:
    # A list keeps what was picked by the words it was picked in. Put back by hand, it is shown in
    # the new ones; what can't be put back (a press, a file) has other kinds of value.
    for key, value in st.session_state.items():
        if isinstance(value, str | list | tuple):
            st.session_state[key] = value
    st.session_state[KEY] = code
    speak(code)


def _of_the_visit() -> str:
    # a part of a page that is drawn alone runs in a thread where nobody has spoken
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    return str(st.session_state.get(KEY, ENGLISH))


ask_with(_of_the_visit)
