"""What the person confirmed of a denial letter, as a part of a case file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compound_coverage.letters.denial.patterns import field_labels
from compound_coverage.letters.text import one_line

# Which road the next request takes is told by where the letter says to send it.
_ROADS = ("appeal", "external_review", "hearing", "exception", "information")
_LEVELS = {
    "initial_denial": "initial",
    "claim_denial": "initial",
    "appeal_denial": "appeal",
    "external_review_denial": "external_review",
}
_PLAIN = {
    "notice_date": ("request", "denied_on"),
    "received_on": ("request", "received_on"),
    "member_id": ("plan", "member_id"),
    "medicare_number": ("plan", "medicare_number"),
    "prescription_number": ("reimbursement", "prescription_number"),
}


class ConfirmedError(ValueError):
    """A confirmed value that can't be used. The message is one sentence."""


def to_case_fields(confirmed: Mapping[str, object]) -> dict[str, Any]:
    """The confirmed findings as nested case-file data, ready to be merged and loaded.

    ``confirmed`` maps a field of ``field_labels`` to its value, or to a list of values where the
    letter gives several. What is absent or blank stays absent: nothing is filled in. Each reason
    and each rule not met becomes a point to answer, its ``answer`` open. Raises ConfirmedError
    for a field that does not exist or a value that is no text.
    """
    told = {field: _values(field, value) for field, value in confirmed.items()}
    case: dict[str, dict[str, Any]] = {}
    for field, (section, name) in _PLAIN.items():
        if told.get(field):
            case.setdefault(section, {})[name] = told[field][0]
    case.setdefault("request", {}).update(_request(told))
    _add_fill(case, told)
    parts: dict[str, Any] = {section: fields for section, fields in case.items() if fields}
    said = [*told.get("reason", ()), *told.get("criterion", ())]
    if said:
        parts["denial_points"] = [{"said": point, "answer": None} for point in said]
    decision = _decision(told)
    if decision:
        parts["decisions"] = [decision]
    return parts


def _values(field: str, value: object) -> list[str]:
    if field not in field_labels():
        raise ConfirmedError(f"There is no finding called '{field[:60]}'; leave it out.")
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    texts = [item for item in items if item is not None]
    if not all(isinstance(item, str) for item in texts):
        raise ConfirmedError(f"What was confirmed for '{field}' must be text, or a list of texts.")
    return [text for item in texts if (text := one_line(str(item)))]


def _request(told: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    policy = [*told.get("policy", ()), *(f"dated {day}" for day in told.get("policy_date", ()))]
    found = {
        "denial_reference": "; ".join(told.get("reference", ())),
        "denial_reason": "\n".join(told.get("reason", ())),
        "denial_policy": ", ".join(policy) if told.get("policy") else "",
        "reject_codes": list(told.get("reject_code", ())),
        "send_to": _send_to(told),
    }
    return {name: value for name, value in found.items() if value}


def _send_to(told: Mapping[str, Sequence[str]]) -> str:
    """Address, fax and web address of the first road that has any."""
    for road in _ROADS:
        lines = [
            *told.get(f"{road}_address", ()),
            *(f"Fax: {number}" for number in told.get(f"{road}_fax", ())),
            *(f"Online: {address}" for address in told.get(f"{road}_portal", ())),
        ]
        if lines:
            return "\n".join(lines)
    return ""


def _add_fill(case: dict[str, dict[str, Any]], told: Mapping[str, Sequence[str]]) -> None:
    """The day of the fill, where it is a claim that was denied."""
    claim = {"claim_denial", "pharmacy_reject"} & set(told.get("kind_of_notice", ()))
    if claim and told.get("service_date"):
        case.setdefault("reimbursement", {})["filled_on"] = told["service_date"][0]


def _decision(told: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """This decision as one of the earlier decisions that a further request has to list."""
    kinds = [_LEVELS[kind] for kind in told.get("kind_of_notice", ()) if kind in _LEVELS]
    if not kinds:
        return {}
    level = kinds[0]
    if level == "appeal" and "medicare_part_d" in told.get("plan_type", ()):
        level = "redetermination"
    found = {
        "level": level,
        "decided_on": "".join(told.get("notice_date", ())[:1]),
        "reference": "; ".join(told.get("reference", ())),
        "reason": " ".join(told.get("reason", ())),
    }
    return {name: value for name, value in found.items() if value}
