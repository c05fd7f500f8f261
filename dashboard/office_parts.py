"""Words and small pieces that the office's pages share."""

from __future__ import annotations

from datetime import date, datetime

import streamlit as st

from compound_coverage.casework.access import Action, Actor, Resource, Role, may
from compound_coverage.casework.cases import CaseView
from compound_coverage.casework.states import Outcome, State

CASE = "case-shown"
STATES: dict[State, str] = {
    State.DRAFT: "Draft",
    State.IN_REVIEW: "In review",
    State.CHANGES_REQUESTED: "Changes asked for",
    State.SIGNED: "Signed",
    State.SENT: "Sent",
    State.DECIDED: "Decided",
    State.APPEALED: "Appealed",
}
OUTCOMES: dict[Outcome, str] = {
    Outcome.APPROVED: "approved",
    Outcome.DENIED: "denied",
    Outcome.PARTLY: "approved in part",
}
ROLES: dict[Role, str] = {
    Role.STAFF: "Staff",
    Role.PRESCRIBER: "Prescriber",
    Role.ADVOCATE: "Advocate (keeps the coverage data)",
    Role.MANAGER: "Manager",
    Role.AUDITOR: "Auditor",
}
STEPS: dict[str, str] = {
    "case.create": "Made",
    Action.CASE_EDIT: "Changed after it was signed",
    Action.CASE_SUBMIT: "Sent to review",
    Action.CASE_RETURN: "Changes asked for",
    Action.CASE_SIGN: "Signed",
    Action.CASE_FILE: "Signed on paper",
    Action.CASE_SEND: "Sent to the plan",
    Action.CASE_DECIDE: "Decided by the plan",
    Action.CASE_APPEAL: "Appealed",
    "break_glass": "Read by the operator in an emergency",
}


def may_do(actor: Actor, view: CaseView, action: Action) -> bool:
    """May ``actor`` do this to the case they read?"""
    return may(actor, action, Resource(actor.organisation_id, view.content.npi_of_record))


def state_words(state: State, outcome: Outcome | None) -> str:
    """Where a case stands, in words."""
    return f"{STATES[state]}: {OUTCOMES[outcome]}" if outcome else STATES[state]


def in_words(day: str) -> str:
    """An ISO day or time as people write the day; nothing for nothing."""
    if not day:
        return ""
    told = date.fromisoformat(day[:10])
    return f"{told:%B} {told.day}, {told.year}"


def moment(at: str) -> str:
    """An ISO time (UTC) as people write it."""
    return f"{in_words(at)}, {datetime.fromisoformat(at):%H:%M} UTC"


def case_shown() -> str:
    """The id of the case this session looks at. It never stands in an address."""
    return str(st.session_state.get(CASE) or "")
