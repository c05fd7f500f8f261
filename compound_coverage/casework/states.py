"""The road of a case, from draft to decision."""

from __future__ import annotations

from enum import StrEnum

from compound_coverage.casework.access import Action


class State(StrEnum):
    """Where a case stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    SIGNED = "signed"
    SENT = "sent"
    DECIDED = "decided"
    APPEALED = "appealed"


class Outcome(StrEnum):
    """How the plan decided."""

    APPROVED = "approved"
    DENIED = "denied"
    PARTLY = "partly"


class NotNow(ValueError):
    """A step a case can't take from where it stands. The message is one sentence."""


# What was signed or sent does not change: an edit of a signed letter is a new, unsigned version.
ROAD: dict[tuple[State, Action], State] = {
    (State.DRAFT, Action.CASE_EDIT): State.DRAFT,
    (State.CHANGES_REQUESTED, Action.CASE_EDIT): State.CHANGES_REQUESTED,
    (State.IN_REVIEW, Action.CASE_EDIT): State.IN_REVIEW,
    (State.SIGNED, Action.CASE_EDIT): State.DRAFT,
    (State.DRAFT, Action.CASE_SUBMIT): State.IN_REVIEW,
    (State.CHANGES_REQUESTED, Action.CASE_SUBMIT): State.IN_REVIEW,
    (State.IN_REVIEW, Action.CASE_RETURN): State.CHANGES_REQUESTED,
    (State.IN_REVIEW, Action.CASE_CONFIRM): State.IN_REVIEW,
    (State.IN_REVIEW, Action.CASE_SIGN): State.SIGNED,
    (State.DRAFT, Action.CASE_FILE): State.SIGNED,
    (State.IN_REVIEW, Action.CASE_FILE): State.SIGNED,
    (State.SIGNED, Action.CASE_SEND): State.SENT,
    (State.SENT, Action.CASE_DECIDE): State.DECIDED,
    (State.DECIDED, Action.CASE_APPEAL): State.APPEALED,
}

_WORDS = {
    Action.CASE_EDIT: "be changed",
    Action.CASE_SUBMIT: "go to review",
    Action.CASE_RETURN: "go back for changes",
    Action.CASE_CONFIRM: "have its facts confirmed",
    Action.CASE_SIGN: "be signed",
    Action.CASE_FILE: "take a copy signed on paper",
    Action.CASE_SEND: "be marked as sent",
    Action.CASE_DECIDE: "take the plan's decision",
    Action.CASE_APPEAL: "be appealed",
}


def after(state: str, action: Action) -> State:
    """Where ``action`` leads from ``state``. Raises NotNow if it leads nowhere."""
    to = ROAD.get((State(state), action))
    if to is None:
        froms = [place.replace("_", " ") for place, step in ROAD if step is action]
        raise NotNow(
            f"This case is {state.replace('_', ' ')} and can't {_WORDS[action]} now; that is for "
            f"cases that are: {', '.join(froms)}."
        )
    return to


def steps_from(state: str) -> tuple[Action, ...]:
    """What a case can do next."""
    return tuple(action for (place, action) in ROAD if place == state)
