"""What a patient would read of a rule, and what it would do to typical cases, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, product
from typing import Any

from compound_coverage.dataset import schema
from compound_coverage.dataset.dates import first_day
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.search import unlisted_plan
from compound_coverage.determination.engine import determine, is_stale, with_source
from compound_coverage.determination.facts import holds
from compound_coverage.language import money, say, to_say
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Citation,
    Comparison,
    Fact,
    IngredientSource,
    Level,
    LineOfBusiness,
    Medication,
    Plan,
    Rule,
    Test,
    Verdict,
)

MOST_CASES = 12
MOST_MEDICATIONS = 3
# The medicine most people ask about; where the dataset lacks it, its first one.
USUAL_MEDICATION = "ldn-capsule"

STALE = to_say("Last known policy. Confirm it with the plan.")
OUR_READING = to_say("This is our reading of the rule.")
NOT_CONFIRMED = to_say("Not confirmed yet. It did not count.")

# What a rule looks at that a medicine brings along, and what each case says for itself.
_OF_MEDICATION = frozenset(
    {
        Fact.INGREDIENT,
        Fact.ON_LIST,
        Fact.WITHDRAWN_FOR_SAFETY,
        Fact.APPROVED_INGREDIENT,
        Fact.PRESCRIPTION_INGREDIENT,
        Fact.MEDICATION,
        Fact.DOSAGE_FORM,
        Fact.ROUTE,
        Fact.ACTIVE_INGREDIENT_COUNT,
        Fact.USE_CATEGORY,
        Fact.MARKETED_IN_STRENGTH_OR_FORM,
        Fact.DAILY_AMOUNT,
    }
)
_SOURCES = (IngredientSource.APPROVED_PRODUCT, IngredientSource.BULK_POWDER, None)
_SOURCE_WORDS = {
    IngredientSource.APPROVED_PRODUCT: to_say("from an FDA-approved product"),
    IngredientSource.BULK_POWDER: to_say("from bulk powder"),
    None: to_say("source not known"),
}


@dataclass(frozen=True, slots=True)
class PatientView:
    """The rule as the check page shows it; summary, condition and marks are English, to be said."""

    summary: str
    condition: str
    marks: tuple[str, ...]
    citation: Citation


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, the rule that decides it, if one does, and what has to be true or done."""

    verdict: Verdict
    rule_id: str
    why: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """One typical case: in words, and its answer before and after.

    ``facts`` says what is known beyond plan and medicine, in the language spoken just now.
    """

    plan: str
    medication: str
    facts: str
    before: Answer
    after: Answer

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class TypicalCase:
    """A case and what is known in it beyond plan and medicine, in words."""

    case: Case
    facts: str


def patient_view(rule: Rule, on: date) -> PatientView:
    """How the rule reads on the check page on the day ``on``."""
    return PatientView(rule.summary, rule.condition, tuple(_marks(rule, on)), rule.citation)


def _marks(rule: Rule, on: date) -> Iterator[str]:
    if is_stale(rule, on):
        yield STALE
    if rule.basis == Basis.INFERRED:
        yield OUR_READING
    if rule.basis == Basis.UNVERIFIED:
        yield NOT_CONFIRMED


def shown(rule: Rule, old: Dataset, new: Dataset, today: date) -> list[Shown]:
    """What ``rule``, which is in ``new``, does to typical cases in its reach.

    A rule that begins later is tried on its first day.
    """
    on = max(today, first_day(rule.effective_from)) if rule.effective_from else today
    return [
        Shown(
            plan=typical.case.plan.name,
            medication=typical.case.medication.name,
            facts=typical.facts,
            before=_answer(typical.case, old),
            after=_answer(typical.case, new),
        )
        for typical in typical_cases(rule, new, on)
    ]


def _answer(case: Case, dataset: Dataset) -> Answer:
    answer = determine(case, dataset)
    decisive = next((reason.rule for reason in answer.reasons if reason.decisive), None)
    conditions = tuple(met.what for met in answer.conditions)
    if decisive is None:
        return Answer(answer.verdict, "", "", conditions)
    return Answer(answer.verdict, decisive.rule_id, decisive.summary, conditions)


# -- typical cases -----------------------------------------------------------------------------


def typical_cases(rule: Rule, dataset: Dataset, on: date) -> list[TypicalCase]:
    """At most twelve cases in the rule's reach that tell what it does, telling ones first.

    The usual medicine and those the rule speaks of; made from tablets, from powder and not known;
    and on both sides of each price, age, use or pharmacy the rule looks at.
    """
    plans = _plans(rule, dataset)
    medications = _medications(rule, dataset)
    sides = _sides(rule, dataset)
    first, rest = medications[0], medications[1:]
    grid: Iterator[tuple[Plan, Medication, _Side, IngredientSource | None]]
    grid = product(plans[:1], [first], sides, _SOURCES)
    if rest:
        # two sources tell enough of the other medicines
        others = product(plans[:1], rest, sides, _SOURCES[:2])
        grid = iter([*islice(grid, MOST_CASES - 2 * len(rest)), *others])
    further = product(plans[1:], [first], sides[:1], _SOURCES[:2])
    state = min(rule.states, default="")
    found: list[TypicalCase] = []
    for plan, medication, side, source in [*grid, *further]:
        typical = _case(plan, medication, side, source, state, on)
        # two tests of one fact may come to the same side of it
        if typical.case not in [one.case for one in found]:
            found.append(typical)
    return found[:MOST_CASES]


def _case(
    plan: Plan,
    medication: Medication,
    side: _Side,
    source: IngredientSource | None,
    state: str,
    on: date,
) -> TypicalCase:
    case = Case(plan=plan, medication=medication, on=on, state="" if plan.states else state)
    case = replace(case, **side.facts)
    if source is not None:
        case = with_source(case, source)
    told = ", ".join(filter(None, [say(_SOURCE_WORDS[source]), side.words]))
    return TypicalCase(case, told)


def _plans(rule: Rule, dataset: Dataset) -> list[Plan]:
    """Up to two plans it reaches, of two kinds of insurance; else stand-ins for such plans."""
    reached = [plan for plan in dataset.plans.values() if _reaches(rule, plan)]
    by_line: dict[LineOfBusiness, Plan] = {}
    if rule.level not in (Level.LAW, Level.PROGRAM):
        for plan in sorted(reached, key=lambda plan: plan.plan_id):
            by_line.setdefault(plan.line_of_business, plan)
    state = min(rule.states, default="")
    for line in LineOfBusiness:
        if not by_line and line in rule.lines_of_business:
            by_line[line] = unlisted_plan(line, state)
    return list(by_line.values())[:2]


def _reaches(rule: Rule, plan: Plan) -> bool:
    if plan.line_of_business not in rule.lines_of_business:
        return False
    if rule.states and plan.states and not rule.states & set(plan.states):
        return False
    match rule.level:
        case Level.PLAN:
            return plan.plan_id == rule.plan_id
        case Level.PBM:
            return plan.pbm_id == rule.payer_id
        case _:
            return rule.payer_id in ("", plan.payer_id)


def _medications(rule: Rule, dataset: Dataset) -> list[Medication]:
    """The usual one, and up to two that the rule's tests speak of."""
    usual = dataset.medications.get(USUAL_MEDICATION) or next(iter(dataset.medications.values()))
    tests = [test for test in rule.tests if test.fact in _OF_MEDICATION]
    others = [one for one in dataset.medications.values() if one is not usual]
    if tests:
        others = [one for one in others if _passes(one, tests, dataset)]
        return [usual, *others[: MOST_MEDICATIONS - 1]]
    return [usual]


def _passes(medication: Medication, tests: Sequence[Test], dataset: Dataset) -> bool:
    line = next(iter(LineOfBusiness))
    case = Case(plan=unlisted_plan(line), medication=medication, on=date.min)
    made = [with_source(case, source) for source in IngredientSource]
    return any(all(holds(test, one, dataset.listed) for test in tests) for one in made)


# -- both sides of what a rule looks at --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Side:
    """Facts of a case, ready for ``replace``, and their words."""

    facts: dict[str, Any]
    words: str


def _sides(rule: Rule, dataset: Dataset) -> list[_Side]:
    """All tests of the case itself passed, then each failed in turn; one empty side without."""
    tests = [test for test in rule.tests if test.fact in _OF_CASE]
    passed = [_side(test, dataset, wanted=True) for test in tests]
    sides = [_joined(passed)]
    for number, test in enumerate(tests):
        failed = _side(test, dataset, wanted=False)
        sides.append(_joined([*passed[:number], failed, *passed[number + 1 :]]))
    return sides


def _joined(sides: Sequence[_Side]) -> _Side:
    facts = {name: value for side in sides for name, value in side.facts.items()}
    return _Side(facts, ", ".join(dict.fromkeys(side.words for side in sides)))


_OF_CASE = frozenset(
    {
        Fact.MONTHLY_COST,
        Fact.AGE,
        Fact.INDICATION,
        Fact.DIAGNOSIS,
        Fact.PHARMACY_NETWORK,
        Fact.PHARMACY_KIND,
        Fact.PHARMACY_CREDENTIALED,
    }
)


def _side(test: Test, dataset: Dataset, *, wanted: bool) -> _Side:
    """Facts with which ``test`` holds, or with which it does not."""
    positive = wanted != (test.comparison == Comparison.IS_NOT)
    match test.fact:
        case Fact.MONTHLY_COST:
            price = _number(test, wanted, 1.0)
            return _Side({"monthly_cost": price}, say("{price} a month", price=money(round(price))))
        case Fact.AGE:
            age = _number(test, wanted, 1.0)
            return _Side({"age": age}, say("{age} years old", age=f"{age:.0f}"))
        case Fact.INDICATION:
            return _support(test, dataset, positive)
        case Fact.DIAGNOSIS:
            code = _code(test.values, dataset, positive)
            return _Side({"diagnosis": code}, say("diagnosis {code}", code=code))
        case Fact.PHARMACY_CREDENTIALED:
            leave = positive == ("yes" in test.values)
            return _Side({"pharmacy_credentialed": leave}, say(_LEAVE[leave]))
        case _:
            allowed = sorted(schema.TEST_VALUES[test.fact])
            fit = [value for value in allowed if (value in test.values) == positive]
            value = fit[0] if fit else ""
            return _Side({test.fact.value: value}, say(_PHARMACY.get(value, "")))


_LEAVE = {
    True: to_say("pharmacy approved by the plan"),
    False: to_say("pharmacy not approved by the plan"),
}
_PHARMACY = {
    "in_network": to_say("pharmacy in the network"),
    "out_of_network": to_say("pharmacy outside the network"),
    "503A": to_say("state-licensed pharmacy (503A)"),
    "503B": to_say("outsourcing facility (503B)"),
}


def _number(test: Test, wanted: bool, step: float) -> float:
    """A number on the wanted side of the bound, one step away from it, never below nought."""
    bound = float(test.values[0])
    above = (test.comparison in (Comparison.ABOVE, Comparison.AT_LEAST)) == wanted
    return bound + step if above else max(0.0, bound - step)


def _support(test: Test, dataset: Dataset, positive: bool) -> _Side:
    if not positive:
        code = _code(_label_uses(dataset), dataset, positive=False)
        facts = {"compendium": False, "literature": False, "diagnosis": code}
        return _Side(facts, say("no support for the use"))
    if "compendium" in test.values:
        return _Side({"compendium": True}, say("a reference book supports the use"))
    if "literature" in test.values:
        return _Side({"literature": True}, say("studies support the use"))
    code = next(iter(_label_uses(dataset)), "")
    return _Side({"diagnosis": code}, say("diagnosis {code}, on a label", code=code))


def _label_uses(dataset: Dataset) -> tuple[str, ...]:
    """Codes on the label of what the usual medicine is made from."""
    usual = dataset.medications.get(USUAL_MEDICATION) or next(iter(dataset.medications.values()))
    return tuple(use for one in usual.active_ingredients for use in one.label_uses)


def _code(starts: Sequence[str], dataset: Dataset, positive: bool) -> str:
    """A diagnosis code of the dataset that starts so, or does not."""
    codes = [code for one in dataset.conditions.values() for code in one.icd10_codes]
    fit = [code for code in codes if code.startswith(tuple(starts)) == positive]
    return fit[0] if fit else (starts[0] if positive and starts else "")
