"""What changed between two datasets: rules, and the determinations that differ because of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import unlisted_plan
from compound_coverage.determination.engine import determine, in_scope, with_source
from compound_coverage.determination.report import determination_json
from compound_coverage.vocabulary import (
    Case,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Plan,
    Rule,
)

Key = tuple[str, str, str]
# what a determination says of the case, not what the case is
_OF_THE_CASE = frozenset({"plan", "medication", "on"})


@dataclass(frozen=True, slots=True)
class Moved:
    """A determination whose verdict, or the rule that decides it, is another."""

    plan_id: str
    medication_id: str
    source: str
    verdict_before: str
    verdict_after: str
    decisive_before: str
    decisive_after: str


@dataclass(frozen=True, slots=True)
class Reworded:
    """A determination with the same verdict for the same reason, of which ``parts`` differ."""

    plan_id: str
    medication_id: str
    source: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """Rules added, changed, ended and removed, and each determination that differs."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    ended: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Moved, ...]
    reworded: tuple[Reworded, ...]


def compare(old: Dataset, new: Dataset, on: date) -> dict[str, Any]:
    """``differences`` as the JSON of the command line."""
    found = differences(old, new, on)
    return {
        "rules": {
            "added": list(found.added),
            "changed": list(found.changed),
            "ended": list(found.ended),
            "removed": list(found.removed),
        },
        "determinations": [asdict(one) for one in found.moved],
        "reworded": [asdict(one) | {"parts": list(one.parts)} for one in found.reworded],
    }


def differences(old: Dataset, new: Dataset, on: date) -> Differences:
    """What differs on ``on``.

    Determinations are worked out over every plan, one unlisted plan per line of business,
    every medication and both ingredient sources, with nothing else known; only those that a
    changed row can reach are worked out at all.
    """
    before, after = old.rules_by_id, new.rules_by_id
    shared = before.keys() & after.keys()
    changed = sorted(rule_id for rule_id in shared if before[rule_id] != after[rule_id])
    ended = [rule_id for rule_id in changed if _was_ended(before[rule_id], after[rule_id])]
    pairs = [(key, *_both(key, old, new, on)) for key in sorted(_within_reach(old, new, on))]
    return Differences(
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(rule_id for rule_id in changed if rule_id not in ended),
        ended=tuple(ended),
        removed=tuple(sorted(before.keys() - after.keys())),
        moved=tuple(_moved(key, was, now) for key, was, now in pairs if _short(was) != _short(now)),
        reworded=tuple(
            Reworded(*key, _parts(was, now))
            for key, was, now in pairs
            if _short(was) == _short(now) and was != now
        ),
    )


def _was_ended(before: Rule, after: Rule) -> bool:
    return bool(after.effective_to) and not before.effective_to


def _moved(key: Key, was: dict[str, Any], now: dict[str, Any]) -> Moved:
    before, after = _short(was), _short(now)
    return Moved(*key, before[0], after[0], before[1], after[1])


def _short(answer: dict[str, Any]) -> tuple[str, str]:
    """The verdict and the rule that decides it; both empty where there is no such case."""
    decisive = (r["rule_id"] for r in answer.get("reasons", ()) if r["decisive"])
    return answer.get("verdict", ""), next(decisive, "")


def _parts(was: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in now if was[name] != now[name])


def _both(key: Key, old: Dataset, new: Dataset, on: date) -> tuple[dict[str, Any], dict[str, Any]]:
    return answer_to(key, old, on), answer_to(key, new, on)


def answer_to(key: Key, dataset: Dataset, on: date) -> dict[str, Any]:
    """What a determination says of (plan, medication, source); empty if one is not there."""
    plan = _plans(dataset).get(key[0])
    medication = dataset.medications.get(key[1])
    if plan is None or medication is None:
        return {}
    case = with_source(Case(plan=plan, medication=medication, on=on), IngredientSource(key[2]))
    answer = determination_json(determine(case, dataset))
    return {name: part for name, part in answer.items() if name not in _OF_THE_CASE}


def all_keys(dataset: Dataset) -> Iterator[Key]:
    """(plan, medication, source) of every determination that is compared."""
    for plan_id in _plans(dataset):
        for medication_id in dataset.medications:
            for source in IngredientSource:
                yield plan_id, medication_id, source.value


def _plans(dataset: Dataset) -> dict[str, Plan]:
    return _UNLISTED | dict(dataset.plans)


_UNLISTED = {plan.plan_id: plan for plan in map(unlisted_plan, LineOfBusiness)}


# -- what a changed row can reach --------------------------------------------------------------


def _within_reach(old: Dataset, new: Dataset, on: date) -> set[Key]:
    """The determinations that can differ at all."""
    keys = {*all_keys(old), *all_keys(new)}
    if old.steps != new.steps or old.listed != new.listed:
        return keys
    plans = _plans_within_reach(old, new, on)
    medications = {
        medication_id
        for medication_id in old.medications.keys() | new.medications.keys()
        if old.medications.get(medication_id) != new.medications.get(medication_id)
    }
    return {key for key in keys if key[0] in plans or key[1] in medications}


def _plans_within_reach(old: Dataset, new: Dataset, on: date) -> set[str]:
    before, after = _plans(old), _plans(new)
    found = {
        plan_id
        for plan_id in before.keys() | after.keys()
        if before.get(plan_id) != after.get(plan_id)
    }
    rules = [
        rule
        for held, other in ((old.rules_by_id, new.rules_by_id), (new.rules_by_id, old.rules_by_id))
        for rule in held.values()
        if other.get(rule.rule_id) != rule
    ]
    medication = next(iter((dict(old.medications) | dict(new.medications)).values()), None)
    for plan in (*before.values(), *after.values()):
        if plan.plan_id not in found and _any_reaches(rules, plan, medication, on):
            found.add(plan.plan_id)
    return found


def _any_reaches(rules: list[Rule], plan: Plan, medication: Medication | None, on: date) -> bool:
    if medication is None:
        return False
    # the scope of a rule is a matter of the plan and the day alone
    case = Case(plan=plan, medication=medication, on=on)
    return any(in_scope(rule, case) is not False for rule in rules)
