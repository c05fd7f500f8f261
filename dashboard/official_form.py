"""The plan's own fillable form: what this case can fill for sure, and what a person must check."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from compound_coverage.language import say
from compound_coverage.letters.acroform import (
    Form,
    FormError,
    Match,
    Value,
    fill,
    match,
    preview,
    read_form,
    sure_values,
)
from compound_coverage.letters.casefile import CaseFile
from compound_coverage.vocabulary import Medication, Plan
from dashboard.downloads import offer
from dashboard.parts import note, plain, show_picture

MOST_EMPTY = 60
MOST_PICTURES = 4
# the form as it was read, and as it was filled with which values
READ, FILLED = "form-read", "form-filled"


def official_form_section(case: CaseFile, medication: Medication, plan: Plan) -> None:
    """Asks for the plan's fillable PDF, shows what goes where, and offers it filled in."""
    st.header(say("6. Fill the plan's own form"), divider="gray")
    with st.expander(say("Do you have the plan's form as a PDF?"), key="own-form"):
        st.markdown(
            say(
                "Pick the form you got from the plan. We fill in only what we are sure of. The "
                "places to sign stay empty: those are for the person who signs."
            )
        )
        upload = st.file_uploader(
            say("The plan's form"),
            type="pdf",
            key="official-form",
            max_upload_size=25,
            on_change=_forget,
        )
        if upload is None:
            return
        data = upload.getvalue()
        try:
            form = _form(data)
        except FormError as error:
            st.error(plain(str(error)))
            return
        for told in form.notes:
            st.warning(plain(say(told)))
        _fill_section(data, match(form, case, medication, plan))


def _forget() -> None:
    st.session_state.pop(READ, None)
    st.session_state.pop(FILLED, None)


def _form(data: bytes) -> Form:
    """The form, read once for each upload: reading takes a process of its own."""
    held = st.session_state.get(READ)
    if not isinstance(held, Form):
        with st.spinner(say("Reading the form ...")):
            held = read_form(data)
        st.session_state[READ] = held
    return held


def _fill_section(data: bytes, matches: Sequence[Match]) -> None:
    _show_sure([found for found in matches if found.sure and found.value is not None])
    accepted = _ask_unsure(
        [found for found in matches if not found.sure and found.value is not None]
    )
    _show_empty([found for found in matches if found.value is None])
    values = sure_values(matches) | accepted
    if st.button(say("Fill the form"), key="fill-form", disabled=not values):
        try:
            with st.spinner(say("Filling the form ...")):
                st.session_state[FILLED] = values, fill(data, values)
        except FormError as error:
            st.error(plain(str(error)))
    held = st.session_state.get(FILLED)
    # a form filled before the facts were changed is out of date
    if held and held[0] == values:
        _offer(held[1])


def _show_sure(found: Sequence[Match]) -> None:
    st.subheader(say("Filled for sure"))
    if not found:
        st.markdown(say("Nothing yet. Fill in more facts above, or say yes to some below."))
        return
    st.markdown("\n".join(f"- {plain(one.label_shown)}: **{_written(one)}**" for one in found))


def _ask_unsure(found: Sequence[Match]) -> dict[str, Value]:
    """Asks about each likely match; returns what the person said yes to."""
    if not found:
        return {}
    st.subheader(say("Please check"))
    st.markdown(say("Look at the form. Tick each one that is right."))
    accepted: dict[str, Value] = {}
    for one in found:
        label = f"{plain(one.label_shown)}: {_written(one)}"
        # another fact in the same place needs a new yes
        key = f"form-yes:{one.field_name}:{one.value}"
        if st.checkbox(label, key=key) and one.value is not None:
            accepted[one.field_name] = one.value
        note(plain(say(one.why)))
    return accepted


def _written(one: Match) -> str:
    return say("ticked") if one.value is True else plain(str(one.value))


def _show_empty(found: Sequence[Match]) -> None:
    if not found:
        return
    title = say("Left empty ({count})", count=len(found))
    with st.expander(title, key="left-empty"):
        lines = [f"- {plain(one.label_shown)}: {plain(say(one.why))}" for one in found[:MOST_EMPTY]]
        st.markdown("\n".join(lines))
        if len(found) > MOST_EMPTY:
            note(say("And {count} more.", count=len(found) - MOST_EMPTY))


def _offer(filled: bytes) -> None:
    st.success(say("The form is filled. Check each line, then print it and have it signed."))
    offer(say("Download the filled form"), lambda: filled, "form.pdf", "application/pdf")
    if not st.button(say("Show how it looks"), key="show-form"):
        return
    try:
        pictures = preview(filled, MOST_PICTURES)
    except FormError as error:
        st.error(plain(str(error)))
        return
    for number, picture in enumerate(pictures, 1):
        title = say("Page {number} of the filled form", number=number)
        st.markdown(f"{title}:")
        show_picture(picture, title)
