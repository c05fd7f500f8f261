"""What a draft is made of: the facts, the letter's text as edited, and who vouches for what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

LARGEST = 5_000_000
_PROSE = 200_000
_DEEPEST = 20

# The parts of a case file that speak of the illness and its treatment: a prescriber signs for
# each. Names, numbers of cards and addresses are for the office to get right.
CLINICAL = (
    "diagnosis",
    "medication",
    "ingredients",
    "tried",
    "alternatives",
    "step_therapy",
    "continuity",
    "why_no_marketed_product",
    "evidence",
    "safety",
    "monitoring",
    "risk_if_untreated",
    "current_medicines",
    "prior_response",
    "denial_points",
    "answers",
    "patient.height",
    "patient.weight",
    "patient.allergies",
    "request.urgent_reason",
    "request.urgency",
)
# ids that only this program reads; no letter prints them
_NOT_STATED = ("plan.plan_id", "medication.medication_id", "request.letter_type")

Standing = Literal["patient_said", "chart_confirmed"]


class ContentError(ValueError):
    """A draft that can't be kept. The message is one sentence with the mend."""


class Tick(BaseModel):
    """Somebody vouched for a value: ``of`` is its digest, so a later change takes the tick away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str
    at: str
    of: str


class Content(BaseModel):
    """One version of a draft.

    ``facts`` is a case file as typed, perhaps not yet valid. ``text`` is the letter as edited by
    hand; empty means as the facts make it. ``chart`` says which facts somebody found in the chart,
    ``confirmed`` what the prescriber vouches for, both by place (see ``stated``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    letter_type: str = Field("letter_of_medical_necessity", max_length=100)
    language: Literal["en", "es"] = "en"
    facts: dict[str, Any] = {}
    text: str = Field("", max_length=_PROSE)
    chart: dict[str, Tick] = {}
    confirmed: dict[str, Tick] = {}

    @field_validator("facts", mode="before")
    @classmethod
    def _as_typed(cls, facts: object) -> object:
        """One way to write each fact, as a page gives it: text, and nothing where nothing is."""
        return _typed(facts) if isinstance(facts, dict) else facts

    @property
    def npi_of_record(self) -> str:
        """The NPI of the prescriber the letter names, as typed."""
        return str(self.at("prescriber.npi") or "")

    @property
    def request(self) -> dict[str, Any]:
        """A copy of what the draft asks for; empty where something else was typed there."""
        typed = self.at("request")
        return dict(typed) if isinstance(typed, dict) else {}

    def at(self, path: str) -> Any:
        """The fact at a dotted path, or None."""
        value: Any = self.facts
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, slots=True)
class Fact:
    """One value a draft holds: its dotted place, what is written there, and who vouches for it.

    ``digest`` is what a tick is bound to: the value and, in a table, the name of its row.
    """

    place: str
    value: str
    digest: str
    clinical: bool
    standing: Standing


def content_of(data: Any) -> Content:
    """Checks what came from a page or a file. Raises ContentError with one sentence."""
    try:
        content = Content.model_validate(data)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the draft"
        raise ContentError(f"The draft can't be kept: {place}: {fault['msg']}.") from None
    check_size(content)
    return content


def check_size(content: Content) -> None:
    """Raises ContentError for a draft that is too large, or holds what can't be written down."""
    try:
        size = len(json.dumps(content.model_dump(mode="json"), ensure_ascii=False).encode("utf-8"))
    except ValueError:
        raise ContentError(
            "The draft holds characters that no letter can print; type those words again."
        ) from None
    if size > LARGEST:
        raise ContentError("The draft is larger than 5 MB; take out long texts or attachments.")


def _typed(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise ValueError("tables are put in each other too often")
    if isinstance(value, dict):
        parts = {str(name): _typed(part, depth + 1) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in ("", [], {})}
    if isinstance(value, (list, tuple)):
        rows = (_typed(part, depth + 1) for part in value)
        return [part for part in rows if part not in ("", [], {})]
    return "" if value is None else str(value)


def digest_of(value: Any) -> str:
    """Stands for a value: another value has another digest."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def stated(content: Content) -> list[Fact]:
    """Every fact of the draft, in the order of its file."""
    return [
        Fact(
            place=place,
            value=str(value),
            digest=digest,
            clinical=is_clinical(place),
            standing="chart_confirmed" if _ticked(content.chart, place, digest) else "patient_said",
        )
        for place, value, digest in _leaves(content.facts)
        if value not in (None, "") and place not in _NOT_STATED
    ]


def is_clinical(place: str) -> bool:
    """Does the fact at this place speak of the illness or its treatment?"""
    return any(place == part or place.startswith(f"{part}.") for part in CLINICAL)


def _ticked(ticks: dict[str, Tick], place: str, digest: str) -> bool:
    return place in ticks and ticks[place].of == digest


def _leaves(
    value: Any, place: str = "", rows: tuple[Any, ...] = ()
) -> Iterator[tuple[str, Any, str]]:
    """Each value with its place and its digest, which tells the rows it stands in by their names.

    When a row is put in before it, "failed" in row 0 must not vouch for another drug's "failed".
    """
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}" if place else str(name), rows)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}.{number}", (*rows, _row_name(part)))
    else:
        yield place, value, digest_of([*rows, value] if rows else value)


def _row_name(row: Any) -> Any:
    return next(iter(row.values()), None) if isinstance(row, dict) else None
