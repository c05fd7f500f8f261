"""Plans, medications and determinations as the plain JSON of the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from compound_coverage.determination.phone import HAVE_READY, ask_the_pharmacy, ask_the_plan
from compound_coverage.vocabulary import (
    Citation,
    Determination,
    Ingredient,
    Medication,
    Plan,
    Reason,
)


def plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "name": plan.name,
        "payer": plan.payer,
        "line_of_business": plan.line_of_business.value,
        "states": list(plan.states),
        "identifiers": [{"kind": kind, "value": value} for kind, value in plan.identifiers],
        "note": plan.note,
    }


def medication_json(medication: Medication) -> dict[str, Any]:
    return {
        "medication_id": medication.medication_id,
        "name": medication.name,
        "form": medication.form,
        "route": medication.route,
        "strengths": list(medication.strengths),
        "ingredients": [_ingredient_json(i) for i in medication.ingredients],
        "why_compounded": medication.why_compounded,
        "marketed_alternative": medication.marketed_alternative,
        "basis": medication.basis.value,
        "citation": citation_json(medication.citation),
    }


def _ingredient_json(ingredient: Ingredient) -> dict[str, Any]:
    return {
        "name": ingredient.name,
        "rxcui": ingredient.rxcui,
        "role": ingredient.role,
        "approved_product": ingredient.approved_product,
        "approved_product_rxcui": ingredient.approved_product_rxcui,
    }


def citation_json(citation: Citation | None) -> dict[str, Any]:
    """The keys of a citation; an empty object where there is none."""
    return asdict(citation) if citation else {}


def determination_json(answer: Determination) -> dict[str, Any]:
    """A determination with the keys of the command-line contract."""
    case = answer.case
    return {
        "verdict": answer.verdict.value,
        "summary": answer.summary,
        "plan": plan_json(case.plan),
        "medication": medication_json(case.medication),
        "on": case.on.isoformat(),
        "reasons": [_reason_json(reason) for reason in answer.reasons],
        "conditions": [
            {"what": met.what, "citation": citation_json(met.citation)} for met in answer.conditions
        ],
        "unknowns": [asdict(unknown) for unknown in answer.unknowns],
        "next_steps": [
            {
                "action": step.action,
                "deadline": step.deadline,
                "citation": citation_json(step.citation),
            }
            for step in answer.next_steps
        ],
        "by_source": {source.value: verdict.value for source, verdict in answer.by_source},
        "context": [_reason_json(reason) for reason in answer.context],
        "phone_script": {
            "have_ready": list(HAVE_READY),
            "plan": ask_the_plan(answer),
            "pharmacy": ask_the_pharmacy(answer),
        },
    }


def _reason_json(reason: Reason) -> dict[str, Any]:
    rule = reason.rule
    return {
        "rule_id": rule.rule_id,
        "level": rule.level.value,
        "effect": rule.effect.value,
        "statement": rule.summary,
        "citation": citation_json(rule.citation),
        "effective_from": rule.effective_from,
        "effective_to": rule.effective_to,
        "stale": reason.stale,
        "decisive": reason.decisive,
        "basis": rule.basis.value,
        "applies": {True: "yes", False: "no", None: "depends"}[reason.applies],
        "binding": rule.binding,
    }
