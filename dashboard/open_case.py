"""A case that is open on the letter page: filled in, saved by itself, merged with others' work."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
from compound_coverage.language import say, say_many, to_say
from compound_coverage.letters.render import Draft, letter_types
from dashboard.choices import UNLISTED, remember_plan
from dashboard.letter_facts import STAGE, case_data, forget_facts, key_of
from dashboard.letter_fields import ROWS, SECTIONS, STAGES, WORD_LISTS, Field, label_of
from dashboard.office_parts import STATES, letter_name
from dashboard.parts import drug_lists, note, plain

OPEN = "open-case"
_NOT_SAVED = to_say("What you typed last is not saved; leave once more to drop it.")
EDITABLE = (State.DRAFT, State.CHANGES_REQUESTED, State.IN_REVIEW)
CHOICES: dict[Choice, str] = {
    "theirs": to_say("Keep what is saved"),
    "mine": to_say("Use mine"),
    "both": to_say("Keep both"),
}
# what the page asks about plan and medicine, with nothing in it. A question on the page shows
# what it did until something else is put in: taking its key away would leave the words there.
_NOWHERE = {"plan": None, "plan_search": "", "line": None, "state": None, "medication": None}

Page = dict[str, Any]


@dataclass
class Open:
    """The case on the page, and what its saves have to tell.

    ``content`` is what the questions hold, made from ``version``; ``page`` is how ``case_data``
    writes it down, so that what differs from it was typed since. ``newest`` is what came of a save
    that others' work is in, until the questions show it.
    """

    case_id: str
    version: int
    content: Content
    saved_at: str
    state: State
    editable: bool
    page: Page = field(default_factory=dict)
    newest: Saved | None = None
    unsaved: bool = False
    merged: bool = False
    conflicts: tuple[Conflict, ...] = ()


def opened() -> Open | None:
    """The case that is open in this session, if one is."""
    found = st.session_state.get(OPEN)
    return found if isinstance(found, Open) else None


def open_case(office: Office, actor: Actor, case_id: str, dataset: Dataset) -> None:
    """Opens a case for the letter page; what was typed before is put away.

    A case that was open until now is saved first. Where two texts of this case wait to be chosen
    from, they still do. Raises Forbidden, and what a save raises.
    """
    held = opened()
    if held:
        _save_last(office, actor, held)
    view = office.cases.read(actor, case_id)
    if held and held.case_id == case_id and (held.conflicts or held.newest):
        return
    editable = view.state in EDITABLE
    close_case()
    held = Open(case_id, view.version, view.content, view.changed_at, view.state, editable)
    st.session_state[OPEN] = held
    _fill(held, dataset)


def close_case() -> None:
    """Takes the case and all its facts out of this session."""
    st.session_state.pop(OPEN, None)
    forget_facts()
    st.session_state.update(_NOWHERE)


# -- from the case to the questions ------------------------------------------------------------


def _fill(held: Open, dataset: Dataset) -> None:
    """Puts the content into the questions, before they are drawn.

    Only what differs is put in: a question that is set anew drops what is being typed in it.
    """
    content = held.content
    answers = _answers(content, dataset)
    for name in [str(name) for name in st.session_state]:
        if name.startswith("answer:"):
            answers.setdefault(name, "")
        elif name.startswith("case:") and name not in answers:
            del st.session_state[name]
    for name, value in answers.items():
        _put(name, value)
    made = _draft_shown(content.letter_type, content.language)
    if made:
        _put("markdown", content.text or made.markdown)
    plan_id = _fill_place(held, dataset)
    medication = str(st.session_state.get("medication") or "")
    held.page = _page(held, case_data(plan_id, medication), answers["letter-type"])


def _put(name: str, value: Any) -> None:
    if st.session_state.get(name) != value:
        st.session_state[name] = value


def _fill_place(held: Open, dataset: Dataset) -> str:
    """Puts plan and medicine in; returns the plan's id, nothing if it is no longer in the data."""
    medication = str(held.content.at("medication.medication_id") or "")
    if medication in dataset.medications:
        _put("medication", medication)
        _put("ingredients-of", medication)
    plan_id = str(held.content.at("plan.plan_id") or "")
    if not plan_id or plan_id == _part_of(held.page, "plan").get("plan_id"):
        return plan_id
    try:
        with drug_lists() as lists:
            remember_plan(dataset, find_plan(dataset, lists, plan_id))
    except ValueError:
        # a plan that is no longer in the data: the person picks one anew
        st.session_state["plan"] = None
        return ""
    return plan_id


def _part_of(page: Page, name: str) -> dict[str, Any]:
    part = page.get("facts", {}).get(name)
    return part if isinstance(part, dict) else {}


def _answers(content: Content, dataset: Dataset) -> dict[str, Any]:
    """What each question shows, by its key in the session; empty ones, too."""
    letters = {letter.letter_type for letter in letter_types("en")}
    letter_type = content.letter_type if content.letter_type in letters else Content().letter_type
    answers: dict[str, Any] = {"letter-type": letter_type}
    for _, fields in SECTIONS:
        for one in fields:
            answers[key_of(one.path)] = _shown_in(one, content.at(one.path))
    stage = content.at("request.stage")
    answers[STAGE] = stage if stage in STAGES else next(iter(STAGES))
    for _, part, _, fields in ROWS:
        rows = content.at(part) or [{}]
        answers[f"rows:{part}"] = len(rows)
        for number, row in enumerate(rows):
            for one in fields:
                name = one.path.rpartition(".")[2]
                key = key_of(one.path.replace("*", str(number)))
                answers[key] = _shown_in(one, row.get(name))
    for path, _ in WORD_LISTS:
        answers[f"words:{path}"] = "\n".join(content.at(path) or ())
    known = {study.study_id for study in dataset.studies}
    answers["studies"] = [one for one in content.at("evidence.studies") or () if one in known]
    for answer in content.at("answers") or ():
        answers[f"answer:{answer.get('rule_id')}"] = answer.get("answer", "")
    return answers


def _shown_in(question: Field, value: Any) -> str:
    """A value as its question shows it; a choice it does not offer shows as its first."""
    if question.kind != "choice":
        return str(value or "")
    offered = [choice for choice, _ in question.choices]
    return str(value) if value in offered else offered[0]


# -- from the questions to the case ------------------------------------------------------------


def _page(held: Open, facts: dict[str, Any], letter_type: str) -> Page:
    """What the questions hold, so that it is the same whenever nobody typed.

    The day is left out: it is the day the page was drawn.
    """
    facts = {name: part for name, part in facts.items() if name != "date"}
    for name, part in held.content.facts.items():
        if isinstance(part, dict):
            # an emptied part: facts the page does not ask for stay in it
            facts.setdefault(name, {})
    known = [answer.get("rule_id") for answer in held.content.at("answers") or ()]
    order = {rule_id: number for number, rule_id in enumerate(known)}
    facts["answers"] = sorted(
        facts["answers"],
        key=lambda answer: (order.get(answer["rule_id"], len(order)), answer["rule_id"]),
    )
    return {"facts": facts, "letter_type": letter_type, "text": edited_text(held, letter_type)}


def edited_text(held: Open, letter_type: str) -> str:
    """The letter's text if it was edited by hand; nothing if it is as the facts make it."""
    made = _draft_shown(letter_type, held.content.language)
    if not made:
        # the words of one letter are never those of another
        return held.content.text if letter_type == held.content.letter_type else ""
    text = str(st.session_state.get("markdown") or "")
    return "" if text.strip() == made.markdown.strip() else text


def _draft_shown(letter_type: str, language: str) -> Draft | None:
    """The draft on the page, if it is of this letter and not a copy in another language."""
    made = st.session_state.get("draft")
    if not isinstance(made, Draft):
        return None
    return made if (made.letter_type, made.language) == (letter_type, language) else None


def _typed(held: Open) -> Page:
    """What the questions hold now, before they are drawn."""
    chosen = st.session_state.get("plan")
    before = _part_of(held.page, "plan").get("plan_id") or ""
    plan_id = chosen if chosen and chosen != UNLISTED else before
    medication = st.session_state.get("medication") or held.content.at("medication.medication_id")
    letter_type = st.session_state.get("letter-type") or held.content.letter_type
    return _page(held, case_data(plan_id, medication or ""), letter_type)


def autosave(office: Office, actor: Actor, facts: dict[str, Any], letter_type: str) -> None:
    """Saves what was changed on the page since it was filled from the case.

    Nothing is saved while two texts wait to be chosen from, or where the case can't be changed.
    Raises Forbidden, NotNow, StoreError, ContentError: what was typed stays on the page, and the
    next run tries again.
    """
    held = opened()
    if held is None:
        return
    before = held.newest, held.editable
    _save(office, actor, held, _page(held, facts, letter_type))
    if (held.newest, held.editable) != before:
        st.rerun()


def _save(office: Office, actor: Actor, held: Open, page: Page) -> None:
    if held.conflicts or not held.editable:
        return
    content = _changed(held, page) if page != held.page else held.content
    if content != held.content:
        held.unsaved = True
        if not _still_editable(office, actor, held):
            return
        _take(held, office.cases.save(actor, held.case_id, held.version, content), content)
        held.saved_at = office.desk.stamp()
    held.page, held.unsaved = page, False


def _changed(held: Open, page: Page) -> Content:
    """The content with what was changed on the page; the page does not show all a case holds."""
    before = held.content.model_dump(mode="json")
    asked = merge(held.page, page, {name: before[name] for name in page})
    mine: dict[str, Choice] = {conflict.place: "mine" for conflict in asked.conflicts}
    value: Any = resolve(asked.value, asked.conflicts, mine)
    return content_of({**before, **value})


def _still_editable(office: Office, actor: Actor, held: Open) -> bool:
    """Looks where the case stands: nobody's signature is undone by somebody who did not see it."""
    state = office.cases.read(actor, held.case_id).state
    if state != held.state:
        held.state, held.editable = state, state in EDITABLE
    return held.editable


def _take(held: Open, saved: Saved, mine: Content) -> None:
    if held.state == State.SIGNED:
        held.state = State.DRAFT
    held.content, held.merged = mine, saved.merged
    if saved.content == mine:
        held.version = saved.version
    else:
        # the version stays the one that mine was made from, until the questions show the newest
        held.newest = saved


def _save_last(office: Office, actor: Actor, held: Open) -> bool:
    """Saves what was typed right before somebody leaves the page.

    Returns whether to leave: not before a text that can't be saved, or must be chosen from, was
    told. Raises what a save raises, once.
    """
    told = held.unsaved
    try:
        _save(office, actor, held, _typed(held))
    except ValueError:
        if not told:
            raise
    asked = held.newest and held.newest.conflicts
    return not asked and (told or not held.unsaved)


# -- what is told ------------------------------------------------------------------------------


def case_bar(office: Office, actor: Actor, dataset: Dataset) -> Callable[[], None]:
    """What case is open, whether all is saved, and what others did meanwhile.

    Returns what tells it anew, for after a save further down the page.
    """
    held = opened()
    assert held is not None, "the bar is for an open case"
    if held.newest and _typed(held) == held.page:
        _show_newest(held, held.newest, dataset)
    with st.container(border=True):
        line, news = st.empty(), st.empty()

        def tell() -> None:
            line.markdown(_standing(held))
            news.empty()
            if held.merged and not held.conflicts:
                news.info(say("Somebody else changed this draft, too. Both changes are in it now."))

        tell()
        _ask_to_leave(office, actor, held)
        if held.state == State.SIGNED and not held.editable:
            st.info(say("This letter is signed. A change makes a new version, to be signed again."))
            if st.button(say("Change it all the same"), key="open-case-change"):
                held.editable = True
                st.rerun()
        if held.conflicts and held.editable:
            _settle(office, actor, held)
    return tell


def _show_newest(held: Open, saved: Saved, dataset: Dataset) -> None:
    held.version, held.content, held.conflicts = saved.version, saved.content, saved.conflicts
    held.newest = None
    _fill(held, dataset)


def _ask_to_leave(office: Office, actor: Actor, held: Open) -> None:
    left, right = st.columns(2)
    back = left.button(say("Back to the case"), key="open-case-back")
    # what was typed can't be saved before the choice
    waits = held.editable and bool(held.conflicts)
    close = right.button(say("Close the case"), disabled=waits, key="open-case-close")
    if not back and not close:
        return
    try:
        leaves = _save_last(office, actor, held)
    except ValueError as error:
        st.error(f"{plain(str(error))} {say(_NOT_SAVED)}")
        return
    if not leaves:
        st.rerun()
    if back:
        st.switch_page("dashboard/case.py")
    close_case()
    st.rerun()


def _standing(held: Open) -> str:
    name = str(held.content.at("patient.name") or say("a patient without a name yet"))
    told = [say("**Case: {patient}.**", patient=plain(name))]
    if not held.editable:
        told.append(
            say("It is {state}; nothing here changes it.", state=say(STATES[held.state]).lower())
        )
        if held.unsaved:
            told.append(say("What you typed last is not saved."))
        return " ".join(told)
    at = f"{datetime.fromisoformat(held.saved_at):%H:%M}"
    told.append(say("Saved as version {version} at {time} UTC.", version=held.version, time=at))
    told.append(
        say("Choose below to save the rest.")
        if held.conflicts
        else say("Each change is saved by itself.")
    )
    return " ".join(told)


# -- two texts in one place --------------------------------------------------------------------


def _settle(office: Office, actor: Actor, held: Open) -> None:
    """Shows both texts of each place and lets the person choose; nothing is saved before."""
    st.warning(
        say_many(
            "You and somebody else wrote different things in one place. Choose what should stand. "
            "What you wrote is kept among the versions, whatever you choose. Until you choose, "
            "nothing more is saved.",
            "You and somebody else wrote different things in {count} places. Choose what should "
            "stand. What you wrote is kept among the versions, whatever you choose. Until you "
            "choose, nothing more is saved.",
            len(held.conflicts),
        )
    )
    choices = {conflict.place: _choice_for(held, conflict) for conflict in held.conflicts}
    if not st.button(say("Save these choices"), type="primary", key="open-case-settle"):
        return
    value: Any = resolve(held.content.model_dump(mode="json"), held.conflicts, choices)
    try:
        if not _still_editable(office, actor, held):
            st.rerun()
        saved = office.cases.save(actor, held.case_id, held.version, content_of(value))
    except ValueError as error:
        st.error(plain(str(error)))
        return
    # what was typed meanwhile was made from the version shown: it is saved before this is filled in
    held.newest, held.conflicts, held.merged = saved, (), saved.merged
    held.saved_at = office.desk.stamp()
    st.rerun()


def _choice_for(held: Open, conflict: Conflict) -> Choice:
    name = _named(conflict.place)
    st.markdown(f"**{plain(name)}**")
    st.markdown(say("Saved: {text}", text=_shown(conflict, conflict.theirs)))
    st.markdown(say("Yours: {text}", text=_shown(conflict, conflict.mine)))
    theirs, mine = _as_text(conflict.theirs), _as_text(conflict.mine)
    if theirs and mine:
        note(
            say(
                "What differs, the saved words struck out, yours bold: {text}",
                text=_difference(theirs, mine),
            )
        )
    offered: Sequence[Choice] = ["theirs", "mine"]
    if conflict.can_keep_both:
        offered = [*offered, "both"]
    picked = st.radio(
        say("What should stand for {fact}?", fact=plain(name)),
        offered,
        format_func=lambda one: say(CHOICES[one]),
        key=f"settle:{held.version}:{conflict.place}",
    )
    return picked or "theirs"


def _named(place: str) -> str:
    path = place.removeprefix("facts.")
    if path == place and path.startswith("text"):
        lines = re.search(r"\[(\d+):", path)
        if lines:
            return say("the letter's text, line {line}", line=int(lines[1]) + 1)
        return say("the letter's text")
    return label_of(path)


def _as_text(side: Side) -> str:
    """A text, or lines of one; nothing for what is not text."""
    if isinstance(side, list) and all(isinstance(line, str) for line in side):
        return "\n".join(map(str, side))
    return side if isinstance(side, str) else ""


def _shown(conflict: Conflict, side: Side) -> str:
    if side is ABSENT or side in (None, "", []):
        return say("(nothing)")
    if conflict.place == "letter_type":
        return plain(letter_name(str(side)))
    return plain(_in_words(side))


def _in_words(side: Any) -> str:
    """A value for a person: the values of a row, the rows of a table."""
    if isinstance(side, dict):
        return ", ".join(map(_in_words, side.values()))
    if isinstance(side, list):
        return "; ".join(map(_in_words, side))
    return str(side)


def _difference(theirs: str, mine: str) -> str:
    marks = {"same": "{}", "only_theirs": "~~{}~~", "only_mine": "**{}**"}
    # spaces stay outside of the marks, where Markdown wants them
    return " ".join(
        marks[part.kind].format(plain(part.text))
        for part in passages(theirs, mine)
        if part.text.strip()
    )
