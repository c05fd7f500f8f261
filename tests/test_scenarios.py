"""The scenario tables: what a pharmacist would answer, worked out from the reference by hand."""

import csv
from datetime import date
from pathlib import Path

import pytest

from compound_coverage.determination.engine import determine
from compound_coverage.determination.question import make_case

TABLES = sorted((Path(__file__).parent / "scenarios").glob("*.csv"))


def scenarios():
    for table in TABLES:
        with table.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                yield pytest.param(row, id=f"{table.stem}: {row['scenario']}")


def number(cell):
    return float(cell) if cell else None


@pytest.mark.parametrize("row", scenarios())
def test_scenario(row, bundled):
    case = make_case(
        bundled,
        row["plan"],
        row["medication"],
        on=date.fromisoformat(row["on"] or "2026-11-24"),
        source=row["source"],
        diagnosis=row["diagnosis"],
        compendium=row["compendium"],
        literature=row["literature"],
        monthly_cost=number(row["monthly_cost"]),
        age=number(row["age"]),
        state=row["state"],
    )
    answer = determine(case, bundled)
    decisive = [reason.rule.rule_id for reason in answer.reasons if reason.decisive]
    assert (answer.verdict, " ".join(decisive)) == (row["verdict"], row["decisive_rule"])
    mentioned = {reason.rule.rule_id for reason in (*answer.reasons, *answer.context)}
    assert set(row["must_mention"].split()) <= mentioned


def test_there_are_enough_and_each_names_its_facts(bundled):
    rows = [parameter.values[0] for parameter in scenarios()]
    assert len(rows) >= 80
    assert all(row["reference"] for row in rows)
    assert len({row["scenario"] for row in rows}) == len(rows)


def test_both_sides_of_every_threshold_are_shown(bundled):
    """Each money or age threshold of the dataset has a scenario on it or below, and one above."""
    rows = [parameter.values[0] for parameter in scenarios()]
    for rule in bundled.rules:
        for test in rule.tests:
            if test.fact in ("monthly_cost", "age"):
                bound = float(test.values[0])
                on_the_bound_is_low = test.comparison in ("at_most", "above")
                values = [
                    number(row[test.fact])
                    for row in rows
                    if row[test.fact] and _reaches(rule, row, bundled)
                ]
                low = [v for v in values if v < bound or (v == bound and on_the_bound_is_low)]
                assert low, (rule.rule_id, "below")
                assert len(low) < len(values), (rule.rule_id, "above")


def _reaches(rule, row, dataset):
    plan = dataset.plans.get(row["plan"])
    if rule.plan_id:
        return row["plan"] == rule.plan_id
    return plan is not None and rule.payer_id in ("", plan.payer_id, plan.pbm_id)


def test_both_sides_of_every_date_are_shown(bundled):
    """Each rule that can decide and starts or ends on a known day has a scenario on each side."""
    rows = [parameter.values[0] for parameter in scenarios()]
    missing = []
    for rule in bundled.rules:
        if rule.effect in ("informs", "sets_deadline", "limits") or rule.basis == "unverified":
            continue
        days = [row["on"] or "2026-11-24" for row in rows if _reaches(rule, row, bundled)]
        if len(rule.effective_from) == 10:
            if not any(day < rule.effective_from for day in days):
                missing.append((rule.rule_id, "before", rule.effective_from))
            if not any(day >= rule.effective_from for day in days):
                missing.append((rule.rule_id, "from", rule.effective_from))
        if len(rule.effective_to) == 10 and not any(day > rule.effective_to for day in days):
            missing.append((rule.rule_id, "after", rule.effective_to))
    assert missing == []
