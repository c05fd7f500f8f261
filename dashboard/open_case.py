"""A case that is open on the letter page: filled in, saved by itself, merged with others' work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from compound_coverage.casework.access import Actor
from compound_coverage.casework.cases import Saved
from compound_coverage.casework.content import Content, content_of
from compound_coverage.casework.merge import (
    ABSENT,
    Choice,
    Conflict,
    Side,
    merge,
    passages,
    resolve,
)
from compound_coverage.casework.office import Office
from compound_coverage.casework.states import State
from compound_coverage.dataset.load import Dataset
from compound_coverage.determination.published import find_plan
from dashboard.choices import remember_plan
from dashboard.letter_facts import forget_facts, remember_fields
from dashboard.letter_fields import label_of
from dashboard.parts import drug_lists, note, plain

OPEN = "open-case"
EDITABLE = (State.DRAFT, State.CHANGES_REQUESTED, State.IN_REVIEW)
CHOICES: dict[Choice, str] = {
    "theirs": "Keep what is saved",
    "mine": "Use mine",
    "both": "Keep both",
}


@dataclass
class Open:
    """The case on the page: the version it shows, and what a save has to tell."""

    case_id: str
    version: int
    content: Content
    saved_at: str
    state: State
    editable: bool
    page: dict[str, Any] | None = None
    refresh: bool = False
    merged: bool = False
    conflicts: tuple[Conflict, ...] = ()


def opened() -> Open | None:
    """The case that is open in this session, if one is."""
    found = st.session_state.get(OPEN)
    return found if isinstance(found, Open) else None


def open_case(office: Office, actor: Actor, case_id: str, dataset: Dataset) -> None:
    """Opens a case for the letter page; what was typed before is put away. Raises Forbidden."""
    view = office.cases.read(actor, case_id)
    editable = view.state in EDITABLE
    st.session_state[OPEN] = Open(
        case_id, view.version, view.content, view.changed_at, view.state, editable
    )
    _fill(view.content, dataset)


def close_case() -> None:
    """Takes the case and all its facts out of this session."""
    st.session_state.pop(OPEN, None)
    forget_facts()


def _fill(content: Content, dataset: Dataset) -> None:
    forget_facts()
    remember_fields(content.facts)
    st.session_state["studies"] = list(content.at("evidence.studies") or ())
    for answer in content.facts.get("answers", ()):
        st.session_state[f"answer:{answer['rule_id']}"] = answer["answer"]
    st.session_state["letter-type"] = content.letter_type
    st.session_state["markdown"] = content.text
    medication = str(content.at("medication.medication_id") or "")
    if medication in dataset.medications:
        st.session_state["medication"] = medication
        st.session_state["ingredients-of"] = medication
    try:
        with drug_lists() as lists:
            remember_plan(dataset, find_plan(dataset, lists, str(content.at("plan.plan_id"))))
    except ValueError:
        # a plan that is no longer in the data: the person picks one anew
        st.session_state.pop("plan", None)


def case_bar(office: Office, actor: Actor, dataset: Dataset) -> Callable[[], None]:
    """What case is open, whether all is saved, and what others did meanwhile.

    Returns what tells it anew, for after a save further down the page.
    """
    held = opened()
    assert held is not None, "the bar is for an open case"
    if held.refresh:
        _fill(held.content, dataset)
        held.refresh, held.page = False, None
    with st.container(border=True):
        line = st.empty()

        def tell() -> None:
            line.markdown(_standing(held))

        tell()
        if held.merged:
            st.info("Somebody else changed this draft, too. Both changes are in it now.")
        left, right = st.columns(2)
        if left.button("Back to the case"):
            st.switch_page("dashboard/case.py")
        if right.button("Close the case"):
            close_case()
            st.rerun()
        if held.state == State.SIGNED and not held.editable:
            st.info("This letter is signed. A change makes a new version, to be signed again.")
            if st.button("Change it all the same"):
                held.editable = True
                st.rerun()
        if held.conflicts:
            _settle(office, actor, held)
    return tell


def _standing(held: Open) -> str:
    name = plain(str(held.content.at("patient.name") or "a patient without a name yet"))
    if not held.editable:
        state = held.state.replace("_", " ")
        return f"**Case: {name}.** It is {state}; nothing here changes it."
    at = datetime.fromisoformat(held.saved_at)
    return (
        f"**Case: {name}.** Saved as version {held.version} at {at:%H:%M} UTC. "
        "Each change is saved by itself."
    )


def autosave(
    office: Office, actor: Actor, facts: dict[str, Any], letter_type: str, text: str | None
) -> None:
    """Saves what was changed on the page since it was drawn from the case.

    ``text`` is the letter as edited; empty if it is as the facts make it, None if none is shown.
    Raises Forbidden, NotNow.
    """
    held = opened()
    if held is None or held.conflicts or not held.editable:
        return
    text = held.content.text if text is None else text
    page: dict[str, Any] = {"facts": facts, "letter_type": letter_type, "text": text}
    if held.page is None:
        held.page = page
        return
    if page == held.page:
        return
    # the page does not show every fact a case may hold: only what was changed on it is taken over
    before = held.content.model_dump(mode="json")
    changed = merge(held.page, page, {name: before[name] for name in page}).value
    assert isinstance(changed, dict)
    content = content_of({**before, **changed})
    held.page = page
    if content != held.content:
        _take(office.cases.save(actor, held.case_id, held.version, content), office, content)


def _take(saved: Saved, office: Office, mine: Content) -> None:
    held = st.session_state[OPEN]
    if held.state == State.SIGNED:
        held.state = State.DRAFT
    held.version, held.content = saved.version, saved.content
    held.saved_at = office.desk.stamp()
    held.merged, held.conflicts = saved.merged, saved.conflicts
    if saved.content != mine:
        held.refresh = True
    if saved.merged:
        st.rerun()


# -- two texts in one place --------------------------------------------------------------------


def _settle(office: Office, actor: Actor, held: Open) -> None:
    """Shows both texts of each place and lets the person choose; nothing is saved before."""
    st.warning(
        f"You and somebody else wrote in the same {len(held.conflicts)} places. Choose for each. "
        "Yours is kept among the versions, whatever you choose."
    )
    choices: dict[str, Choice] = {}
    for conflict in held.conflicts:
        st.markdown(f"**{plain(_named(conflict.place))}**")
        st.markdown(f"Saved: {_shown(conflict.theirs)}")
        st.markdown(f"Yours: {_shown(conflict.mine)}")
        if isinstance(conflict.mine, str) and isinstance(conflict.theirs, str):
            note(_difference(conflict.theirs, conflict.mine))
        offered: Sequence[Choice] = ["theirs", "mine"]
        if conflict.can_keep_both:
            offered = [*offered, "both"]
        choices[conflict.place] = (
            st.radio(
                f"What should stand for {_named(conflict.place)}?",
                offered,
                format_func=CHOICES.__getitem__,
                key=f"settle:{held.version}:{conflict.place}",
            )
            or "theirs"
        )
    if st.button("Save these choices", type="primary"):
        value: Any = resolve(held.content.model_dump(mode="json"), held.conflicts, choices)
        content = content_of(value)
        held.conflicts, held.merged = (), False
        saved = office.cases.save(actor, held.case_id, held.version, content)
        _take(saved, office, content)
        st.session_state[OPEN].refresh = True
        st.rerun()


def _named(place: str) -> str:
    path = place.removeprefix("facts.")
    if path.startswith("text"):
        return "the letter's text"
    return label_of(path)


def _shown(side: Side) -> str:
    if side is ABSENT or side in (None, "", []):
        return "(nothing)"
    if isinstance(side, list):
        return plain("; ".join(map(str, side)))
    return plain(str(side))


def _difference(theirs: str, mine: str) -> str:
    marks = {"same": "{}", "only_theirs": "~~{}~~", "only_mine": "**{}**"}
    return "".join(
        marks[part.kind].format(plain(part.text)) if part.text.strip() else part.text
        for part in passages(theirs, mine)
    )
