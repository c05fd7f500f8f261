"""What changed between two datasets: rules, and the determinations that move because of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import unlisted_plan
from compound_coverage.determination.engine import determine, with_source
from compound_coverage.vocabulary import (
    Case,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Plan,
    Rule,
    Verdict,
)

Answers = dict[tuple[str, str, str], tuple[Verdict, str]]


def compare(old: Dataset, new: Dataset, on: date) -> dict[str, Any]:
    """Rules added, changed, ended and removed, and each determination that differs on ``on``.

    Determinations are worked out over every plan, one unlisted plan per line of business,
    every medication and both ingredient sources, with nothing else known.
    """
    before, after = old.rules_by_id, new.rules_by_id
    shared = before.keys() & after.keys()
    changed = sorted(rule_id for rule_id in shared if before[rule_id] != after[rule_id])
    ended = [rule_id for rule_id in changed if _was_ended(before[rule_id], after[rule_id])]
    return {
        "rules": {
            "added": sorted(after.keys() - before.keys()),
            "changed": [rule_id for rule_id in changed if rule_id not in ended],
            "ended": ended,
            "removed": sorted(before.keys() - after.keys()),
        },
        "determinations": list(_moved(answers(old, on), answers(new, on))),
    }


def _was_ended(before: Rule, after: Rule) -> bool:
    return bool(after.effective_to) and not before.effective_to


def _moved(before: Answers, after: Answers) -> Iterator[dict[str, str]]:
    absent = ("", "")
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key, absent), after.get(key, absent)
        if was != now:
            plan_id, medication_id, source = key
            yield {
                "plan_id": plan_id,
                "medication_id": medication_id,
                "source": source,
                "verdict_before": str(was[0]),
                "verdict_after": str(now[0]),
                "decisive_before": was[1],
                "decisive_after": now[1],
            }


def answers(dataset: Dataset, on: date) -> Answers:
    """(plan, medication, source) -> (verdict, id of the decisive rule)."""
    found: Answers = {}
    for plan in _plans(dataset):
        for medication in dataset.medications.values():
            for source in IngredientSource:
                key = (plan.plan_id, medication.medication_id, source.value)
                found[key] = _answer(plan, medication, source, dataset, on)
    return found


def _plans(dataset: Dataset) -> Iterator[Plan]:
    yield from dataset.plans.values()
    yield from (unlisted_plan(line) for line in LineOfBusiness)


def _answer(
    plan: Plan, medication: Medication, source: IngredientSource, dataset: Dataset, on: date
) -> tuple[Verdict, str]:
    case = with_source(Case(plan=plan, medication=medication, on=on), source)
    answer = determine(case, dataset)
    decisive = next((reason.rule.rule_id for reason in answer.reasons if reason.decisive), "")
    return answer.verdict, decisive
