"""What a proposal does to answers, worked out before anybody decides on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from compound_coverage.curation.proposals import with_changes
from compound_coverage.dataset.changes import Change
from compound_coverage.dataset.load import Dataset, from_tables
from compound_coverage.dataset.tables import Tables
from compound_coverage.determination.compare import Differences, differences


@dataclass(frozen=True, slots=True)
class Effects:
    """The answers that a proposal changes; ``before`` and ``after`` give ids their names."""

    before: Dataset
    after: Dataset
    differences: Differences

    @property
    def verdicts(self) -> Counter[tuple[str, str]]:
        """(verdict before, verdict after) -> how many answers; an empty verdict: no such case."""
        return Counter((one.verdict_before, one.verdict_after) for one in self.differences.moved)

    def plan_name(self, plan_id: str) -> str:
        """A plan's name; its id for the stand-in of a kind of insurance."""
        plan = self.after.plans.get(plan_id) or self.before.plans.get(plan_id)
        return plan.name if plan else plan_id

    def medication_name(self, medication_id: str) -> str:
        """A medication's name."""
        found = self.after.medications.get(medication_id)
        found = found or self.before.medications.get(medication_id)
        return found.name if found else medication_id


def effects_of(tables: Tables, changes: Sequence[Change], on: date) -> Effects:
    """What ``changes`` would do to all answers on ``on``.

    Raises ChangeError if they can't be laid upon the tables.
    """
    before, after = from_tables(tables), from_tables(with_changes(tables, changes, on))
    return Effects(before, after, differences(before, after, on))
