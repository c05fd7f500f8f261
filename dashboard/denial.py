"""A denial letter read: what it says, with its own words, for the person to confirm and use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

import streamlit as st

from compound_coverage.dataset.load import Dataset
from compound_coverage.language import ENGLISH, day, say, spoken, to_say
from compound_coverage.letters.denial import (
    Denial,
    DocumentReadError,
    Finding,
    field_labels,
    read_denial,
    read_document,
    read_pasted,
    reason_kinds,
    to_case_fields,
    words_for,
)
from dashboard.letter_facts import STAGE, remember_fields
from dashboard.parts import SCANS, cite, dataset_or_stop, note, plain

KINDS = [*SCANS, "txt"]
# What a request holds of the notice it answers; a new notice replaces all of it.
OF_THE_NOTICE = (
    "denied_on",
    "received_on",
    "denial_reference",
    "denial_reason",
    "denial_policy",
    "send_to",
)
AGAIN = frozenset({"appeal_denial"})
BY_OUTSIDERS = frozenset({"reconsideration_denial", "external_review_denial"})
OUTSIDE = frozenset({"external_review", "reconsideration"})
NO_DENIAL = frozenset({"approval", "information_request"})
UNKNOWN_CODE = to_say("We do not know what this code means; ask the pharmacy.")


def page() -> None:
    dataset = dataset_or_stop()
    st.title(say("Read a denial letter"))
    st.markdown(
        say(
            "Did your plan say no? Give us the letter. We look for the dates, the reasons and "
            "where to send an appeal. You check each one."
        )
    )
    if spoken() != ENGLISH:
        st.markdown(f"**{say('We can only read letters in English.')}**")
    st.info(say("It is read on this machine. Nothing leaves it, and nothing is stored."))
    st.header(say("1. The letter"), divider="gray")
    upload = st.file_uploader(
        say("Your letter, as a file or a photo"),
        type=KINDS,
        key="denial-file",
        max_upload_size=25,
        on_change=_forget,
    )
    pasted = st.text_area(say("Or paste its words here"), key="denial-text", height=160)
    if st.button(say("Read it"), key="read-denial", type="primary"):
        _read(dataset, pasted, (upload.getvalue(), upload.name) if upload else None)
    denial = st.session_state.get("denial")
    if isinstance(denial, Denial):
        _show(denial)


def _forget() -> None:
    st.session_state.pop("denial", None)


def _read(dataset: Dataset, pasted: str, upload: tuple[bytes, str] | None) -> None:
    _forget()
    try:
        with st.spinner(say("Reading. A photo can take a minute ...")):
            document = read_document(*upload) if upload else read_pasted(pasted)
            st.session_state["denial"] = read_denial(document, dataset.reject_codes)
    except DocumentReadError as error:
        st.error(plain(str(error)))


# -- what it says ------------------------------------------------------------------------------


def _show(denial: Denial) -> None:
    st.header(say("2. What it says"), divider="gray")
    for told in denial.notes:
        st.warning(plain(told))
    if not denial.findings:
        st.info(
            say(
                "We found nothing here that we know how to read. Is it the whole letter? You can "
                "type the facts on the letter page."
            )
        )
        return
    st.markdown(
        say(
            "Hold your letter next to this. Leave the tick if a line is right. Take it off if it "
            "is wrong. If there is no tick, look with care first."
        )
    )
    confirmed = _ask_each(denial)
    _show_codes(denial)
    _show_reasons(confirmed)
    st.header(say("Next step"), divider="gray")
    st.markdown(
        say("What you ticked goes into the questions of the letter. You can change it there.")
    )
    if st.button(
        say("Use these in a letter"), key="use-denial", type="primary", disabled=not confirmed
    ):
        _use(confirmed)


def _ask_each(denial: Denial) -> list[Finding]:
    """Shows each finding with the words it came from; returns those that are confirmed."""
    labels = field_labels()
    # the ticks belong to this letter: another one starts with its own
    letter = hash(denial.findings)
    confirmed = []
    numbered = enumerate(denial.findings)
    for field, group in groupby(numbered, key=lambda pair: pair[1].field):
        # a road and a part of it are named together, and said in two
        label = ": ".join(say(part) for part in labels[field].split(": "))
        st.markdown(f"**{plain(label)}**")
        for number, one in group:
            if st.checkbox(plain(_shown(one)), value=one.sure, key=f"confirm:{letter}:{number}"):
                confirmed.append(one)
            check = "" if one.sure else say("Please check.")
            quote = say("Page {page}: “{quote}”", page=one.page, quote=plain(one.quote))
            note(f"{check} {quote}".strip())
    return confirmed


def _shown(one: Finding) -> str:
    """The value in plain words, and a day as people write it."""
    try:
        return day(date.fromisoformat(one.value))
    except ValueError:
        return words_for(one.field, one.value)


def _show_codes(denial: Denial) -> None:
    codes = denial.values("reject_code")
    if not codes:
        return
    known = {code.code: code for code in denial.codes}
    st.subheader(say("What the codes mean"))
    for code in codes:
        if code not in known:
            st.markdown(f"- **{plain(code)}.** {plain(say(UNKNOWN_CODE))}")
            continue
        told = known[code]
        meaning, then = say(told.meaning), say(told.what_to_do)
        st.markdown(f"- **{plain(code)}.** {plain(meaning)} {plain(then)}")
        st.markdown(cite(told.citation))


def _show_reasons(confirmed: Sequence[Finding]) -> None:
    kinds = [reason_kinds()[one.value] for one in confirmed if one.field == "reason_kind"]
    if not kinds:
        return
    st.subheader(say("What you can do about each reason"))
    for kind in kinds:
        st.markdown(f"- **{plain(say(kind.plain))}** {plain(say(kind.ask))}")


# -- into a letter -----------------------------------------------------------------------------


def _use(confirmed: Sequence[Finding]) -> None:
    told: dict[str, list[str]] = {}
    for one in confirmed:
        told.setdefault(one.field, []).append(one.value)
    try:
        fields = to_case_fields(told)
    except ValueError as error:
        st.error(plain(str(error)))
        return
    empty: dict[str, object] = {**dict.fromkeys(OF_THE_NOTICE), "reject_codes": []}
    # this decision and its points, too, take the place of those of a letter read before
    remember_fields(
        {
            "denial_points": [],
            "decisions": [],
            **fields,
            "request": empty | fields.get("request", {}),
        }
    )
    st.session_state["denial-reasons"] = told.get("reason_kind", [])
    stage = _stage(told.get("kind_of_notice", ()), told.get("appeal_level", ()))
    if stage:
        st.session_state[STAGE] = stage
    st.switch_page("dashboard/letter.py")


def _stage(kinds: Sequence[str], levels: Sequence[str]) -> str:
    """Where the next request stands; nothing for a letter that turned nothing down."""
    if NO_DENIAL.intersection(kinds):
        return ""
    if BY_OUTSIDERS.intersection(kinds) or (levels and OUTSIDE.issuperset(levels)):
        return "external_review"
    return "second_appeal" if AGAIN.intersection(kinds) else "appeal"


page()
