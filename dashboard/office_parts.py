"""Words and small pieces that the office's pages share."""

from __future__ import annotations

from datetime import date, datetime

import streamlit as st

from compound_coverage.casework.access import Action, Actor, Resource, Role, may
from compound_coverage.casework.cases import CaseView
from compound_coverage.casework.states import Outcome, State
from compound_coverage.casework.worklist import letter_title
from compound_coverage.language import day as day_in_words
from compound_coverage.language import say, to_say

CASE = "case-shown"
STATES: dict[State, str] = {
    State.DRAFT: to_say("Draft"),
    State.IN_REVIEW: to_say("In review"),
    State.CHANGES_REQUESTED: to_say("Changes asked for"),
    State.SIGNED: to_say("Signed"),
    State.SENT: to_say("Sent"),
    State.DECIDED: to_say("Decided"),
    State.APPEALED: to_say("Appealed"),
}
OUTCOMES: dict[Outcome, str] = {
    Outcome.APPROVED: to_say("approved"),
    Outcome.DENIED: to_say("denied"),
    Outcome.PARTLY: to_say("approved in part"),
}
ROLES: dict[Role, str] = {
    Role.STAFF: to_say("Staff"),
    Role.PRESCRIBER: to_say("Prescriber"),
    Role.ADVOCATE: to_say("Advocate (keeps the coverage data)"),
    Role.MANAGER: to_say("Manager"),
    Role.AUDITOR: to_say("Auditor"),
}
STEPS: dict[str, str] = {
    "case.create": to_say("Made"),
    Action.CASE_EDIT: to_say("Changed after it was signed"),
    Action.CASE_SUBMIT: to_say("Sent to review"),
    Action.CASE_RETURN: to_say("Changes asked for"),
    Action.CASE_SIGN: to_say("Signed"),
    Action.CASE_FILE: to_say("Signed on paper"),
    Action.CASE_SEND: to_say("Sent to the plan"),
    Action.CASE_DECIDE: to_say("Decided by the plan"),
    Action.CASE_APPEAL: to_say("Appealed"),
    "break_glass": to_say("Read by the operator in an emergency"),
}


def may_do(actor: Actor, view: CaseView, action: Action) -> bool:
    """May ``actor`` do this to the case they read?"""
    return may(actor, action, Resource(actor.organisation_id, view.content.npi_of_record))


def state_words(state: State, outcome: Outcome | None) -> str:
    """Where a case stands, in words."""
    stands = say(STATES[state])
    return f"{stands}: {say(OUTCOMES[outcome])}" if outcome else stands


def in_words(day: str) -> str:
    """An ISO day or time as people write the day; nothing for nothing."""
    if not day:
        return ""
    return day_in_words(date.fromisoformat(day[:10]))


def moment(at: str) -> str:
    """An ISO time (UTC) as people write it."""
    return f"{in_words(at)}, {datetime.fromisoformat(at):%H:%M} UTC"


def letter_name(letter_type: str) -> str:
    """What a letter is called; one that is not translated by its English title."""
    return say(letter_title(letter_type))


def case_shown() -> str:
    """The id of the case this session looks at. It never stands in an address."""
    return str(st.session_state.get(CASE) or "")
