"""What the plan decided, and the facts with which an appeal against it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compound_coverage.casework.content import Content
from compound_coverage.casework.states import Outcome
from compound_coverage.letters.templates import letter_type_named

# After a decision on the one, these are the requests that can follow; else a first appeal.
NEXT: dict[str, tuple[str, ...]] = {
    "appeal": ("second_appeal", "external_review"),
    "second_appeal": ("external_review",),
    "external_review": (),
}
_OF_A_DENIAL = ("denied_on", "received_on", "denial_reference", "denial_reason", "denial_policy")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the plan decided. Days are ISO dates; empty where the notice says nothing."""

    outcome: Outcome
    decided_on: str
    reference: str = ""
    approved_from: str = ""
    approved_until: str = ""
    reason: str = ""


def next_requests(stage: str) -> tuple[str, ...]:
    """What can follow a decision on a request at ``stage``."""
    return NEXT.get(stage, ("appeal",))


def facts_of_appeal(
    content: Content, decision: Decision | None, letter_type: str
) -> dict[str, Any]:
    """The facts of a case with the plan's denial where an appeal looks for it.

    The request stands where the appeal's letter stands on the road. Raises UnknownLetterError.
    """
    request = content.request
    before = str(request.get("stage") or "initial")
    if decision is not None and request.get("denied_on") != decision.decided_on:
        # what an earlier denial said must not pass for this one
        request = {name: part for name, part in request.items() if name not in _OF_A_DENIAL}
    request["stage"] = _stage(before, letter_type)
    facts = {**content.facts, "request": request}
    if decision is None:
        return facts
    request |= _given(
        denied_on=decision.decided_on,
        denial_reference=decision.reference,
        denial_reason=decision.reason,
    )
    told = _given(
        level=before if before in NEXT else "initial",
        decided_on=decision.decided_on,
        reference=decision.reference,
        reason=decision.reason,
    )
    earlier = content.facts.get("decisions")
    return {**facts, "decisions": [*(earlier if isinstance(earlier, list) else []), told]}


def _given(**facts: str) -> dict[str, str]:
    return {name: fact for name, fact in facts.items() if fact}


def _stage(before: str, letter_type: str) -> str:
    letter = letter_type_named(letter_type, "en")
    if letter.stage:
        return letter.stage
    following = next_requests(before) or (before,)
    return next((stage for stage in following if stage in letter.calls.stages), following[0])
