"""The audit trail and the counts, for those who oversee and read no patient's words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import RowMapping, select

from compound_coverage.casework import audit
from compound_coverage.casework.access import Action, Actor
from compound_coverage.casework.cases import next_day, row_of
from compound_coverage.casework.desk import Desk
from compound_coverage.casework.states import State
from compound_coverage.casework.tables import CASE, STEP

MOST_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One entry of the trail as an auditor reads it."""

    number: int
    at: str
    actor: str
    action: str
    resource: str
    outcome: str
    detail: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Counts:
    """How the work stands. Days are medians over all cases that came so far."""

    cases: int
    by_state: Mapping[str, int]
    by_outcome: Mapping[str, int]
    by_member: Mapping[str, int]
    overdue: int
    days_to_signature: float | None
    days_to_decision: float | None


def entries(
    desk: Desk, actor: Actor, before: int = 0, most: int = MOST_ENTRIES
) -> list[TrailEntry]:
    """The newest entries of the organisation's trail, newest first; older than ``before`` if given.

    Raises Forbidden.
    """
    with desk.act(actor, Action.AUDIT_READ) as work:
        most = max(0, min(most, MOST_ENTRIES))
        rows = audit.newest(work.connection, actor.organisation_id, before, most)
    return [
        TrailEntry(
            row["number"],
            row["at"],
            row["actor"],
            row["action"],
            row["resource"],
            row["outcome"],
            json.loads(row["detail"]),
        )
        for row in rows
    ]


def faults(desk: Desk, actor: Actor, number: int = 0, mark: str = "") -> list[str]:
    """What is wrong with the trail; ``number`` and ``mark`` are a head written down before.

    Raises Forbidden.
    """
    known = audit.Head(number, mark) if number else None
    with desk.act(actor, Action.AUDIT_READ) as work:
        return audit.faults(work.connection, desk.ring, actor.organisation_id, known)


def counts(desk: Desk, actor: Actor) -> Counts:
    """The counts of the organisation. Raises Forbidden."""
    with desk.act(actor, Action.COUNTS_READ) as work:
        mine = CASE.c.organisation_id == actor.organisation_id
        cases = list(work.connection.execute(select(CASE).where(mine)).mappings())
        steps = list(
            work.connection.execute(
                select(STEP.c.case_id, STEP.c.to_state, STEP.c.at)
                .join(CASE, CASE.c.case_id == STEP.c.case_id)
                .where(mine)
                .order_by(STEP.c.at)
            ).mappings()
        )
        today = desk.now().date().isoformat()
        rows = [row_of(work, case) for case in cases]
    made = {case["case_id"]: case["made_at"] for case in cases}
    return Counts(
        cases=len(cases),
        by_state=Counter(row.state.value for row in rows),
        by_outcome=Counter(row.outcome.value for row in rows if row.outcome),
        by_member=Counter(row.assigned_id for row in rows if row.assigned_id),
        overdue=sum(1 for row in rows if "" < next_day(row) < today),
        days_to_signature=_days(made, steps, State.SIGNED),
        days_to_decision=_days(made, steps, State.DECIDED),
    )


def _days(made: Mapping[str, str], steps: Iterable[RowMapping], state: State) -> float | None:
    """The median days from the making of a case to its first step into ``state``."""
    first: dict[str, str] = {}
    for step in steps:
        if step["to_state"] == state:
            first.setdefault(step["case_id"], step["at"])
    taken = [
        datetime.fromisoformat(at) - datetime.fromisoformat(made[case_id])
        for case_id, at in first.items()
    ]
    return round(median(span.total_seconds() for span in taken) / 86_400, 1) if taken else None
