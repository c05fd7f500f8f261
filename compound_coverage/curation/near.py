"""The rules a draft touches: the same one again, one that says the opposite, one that outranks it.

It all rests on what can be shown: two rules meet if some plan lies within both; they exclude each
other only if their tests can't hold for one and the same case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, utils

from compound_coverage.dataset.dates import first_day, last_day
from compound_coverage.dataset.load import Dataset
from compound_coverage.language import say
from compound_coverage.vocabulary import (
    LEVEL_ORDER,
    Comparison,
    Effect,
    Fact,
    Level,
    Plan,
    Quantifier,
    Rule,
    Test,
)

ALIKE = 90.0  # likeness of two summaries, 0 to 100, from which they say the same

PAYS = frozenset({Effect.COVERS, Effect.COVERS_QUALIFYING_INGREDIENTS})
DOES_NOT_PAY = frozenset({Effect.EXCLUDES, Effect.EXCLUDES_WITH_EXCEPTION})
# An ingredient may be on several lists, and a use have several kinds of support.
_SEVERAL_AT_ONCE = frozenset({Fact.ON_LIST, Fact.INDICATION})
_ALL_VALUES: dict[Fact, frozenset[str]] = {
    Fact.INGREDIENT_SOURCE: frozenset({"bulk_powder", "approved_product"}),
    Fact.ON_FORMULARY: frozenset({"yes", "no"}),
    Fact.HAS_REBATE: frozenset({"yes", "no"}),
    Fact.WITHDRAWN_FOR_SAFETY: frozenset({"yes", "no"}),
    Fact.APPROVED_INGREDIENT: frozenset({"yes", "no"}),
    Fact.PRESCRIPTION_INGREDIENT: frozenset({"yes", "no"}),
    Fact.MARKETED_IN_STRENGTH_OR_FORM: frozenset({"yes", "no"}),
    Fact.PHARMACY_CREDENTIALED: frozenset({"yes", "no"}),
    Fact.PHARMACY_NETWORK: frozenset({"in_network", "out_of_network"}),
    Fact.PHARMACY_KIND: frozenset({"503A", "503B"}),
    Fact.DAILY_AMOUNT: frozenset({"below_range", "in_range", "above_range"}),
}
# A bulk powder is on no drug list and in no rebate program (see ``determination.facts``).
_NEVER_POWDER = frozenset({Fact.ON_FORMULARY, Fact.HAS_REBATE})


class Nearness(StrEnum):
    """How an existing rule stands to the draft."""

    SAME = "same"
    CONTRADICTS = "contradicts"
    OUTRANKS = "outranks"
    OUTRANKED = "outranked"


@dataclass(frozen=True, slots=True)
class Near:
    """One existing rule that the draft touches, and what of it, in one or two sentences."""

    kind: Nearness
    rule: Rule
    sentence: str


def near_rules(rule: Rule, dataset: Dataset) -> list[Near]:
    """Rules of ``dataset`` that ``rule`` repeats, contradicts, outranks or is outranked by.

    ``dataset`` has ``rule`` in it, with its plans and payer; the rule itself is passed over. The
    most pressing kind comes first.
    """
    found = [
        near
        for other in dataset.rules
        if other.rule_id != rule.rule_id
        for near in _near(rule, other, dataset)
    ]
    order = list(Nearness)
    return sorted(found, key=lambda near: (order.index(near.kind), near.rule.rule_id))


def _near(rule: Rule, other: Rule, dataset: Dataset) -> Iterator[Near]:
    if not _reach_meets(rule, other) or not _in_force_together(rule, other):
        return
    if same_voice(rule, other) and _says_the_same(rule, other):
        told = say(
            "This looks like a rule that is there already: “{rule}” ({rule_id})", **_named(other)
        )
        yield Near(Nearness.SAME, other, told)
    elif _opposite(rule, other) and not exclusive(rule.tests, other.tests):
        if same_voice(rule, other) and rule.binding == other.binding:
            yield Near(Nearness.CONTRADICTS, other, _contradiction(other))
        else:
            yield from _rank(rule, other, dataset)


def _named(other: Rule) -> dict[str, str]:
    return {"rule": say(other.summary), "rule_id": other.rule_id}


def _contradiction(other: Rule) -> str:
    if other.effect in PAYS:
        return say(
            "The same voice says elsewhere that it pays, and both can hold at once. End that rule, "
            "or let one of them reach less or look at more: “{rule}” ({rule_id})",
            **_named(other),
        )
    return say(
        "The same voice says elsewhere that it does not pay, and both can hold at once. End that "
        "rule, or let one of them reach less or look at more: “{rule}” ({rule_id})",
        **_named(other),
    )


# -- the same, or the opposite -----------------------------------------------------------------


def same_voice(rule: Rule, other: Rule) -> bool:
    """Do both speak at one level, for one owner?"""
    return (rule.level, rule.payer_id, rule.plan_id) == (other.level, other.payer_id, other.plan_id)


def _says_the_same(rule: Rule, other: Rule) -> bool:
    # several conditions or notes may look at the same things and still say different ones
    tells_by_tests = rule.effect in PAYS | DOES_NOT_PAY | {Effect.REQUIRES_PRIOR_AUTHORIZATION}
    if tells_by_tests and rule.effect == other.effect:
        return _spoken(rule.tests) == _spoken(other.tests) or _alike(rule, other)
    return _alike(rule, other)


def _spoken(tests: Iterable[Test]) -> set[tuple[Quantifier, Fact, Comparison, frozenset[str]]]:
    return {(test.who, test.fact, test.comparison, frozenset(test.values)) for test in tests}


def _alike(rule: Rule, other: Rule) -> bool:
    score = fuzz.token_sort_ratio(rule.summary, other.summary, processor=utils.default_process)
    return score >= ALIKE


def _opposite(rule: Rule, other: Rule) -> bool:
    effects = (rule.effect, other.effect)
    return any(effect in PAYS for effect in effects) and any(
        effect in DOES_NOT_PAY for effect in effects
    )


# -- who is above whom -------------------------------------------------------------------------


def _rank(rule: Rule, other: Rule, dataset: Dataset) -> Iterator[Near]:
    if not _owners_meet(rule, other, dataset):
        return
    if _binds(other, rule):
        told = say(
            "A binding rule stands above yours, which can't loosen it: “{rule}” ({rule_id})",
            **_named(other),
        )
        yield Near(Nearness.OUTRANKS, other, told)
    elif _binds(rule, other):
        told = say(
            "Your rule binds, and this one below it says otherwise: “{rule}” ({rule_id})",
            **_named(other),
        )
        yield Near(Nearness.OUTRANKED, other, told)
    elif LEVEL_ORDER[other.level] > LEVEL_ORDER[rule.level]:
        told = say(
            "A more particular rule says otherwise and wins where it holds: “{rule}” ({rule_id})",
            **_named(other),
        )
        yield Near(Nearness.OUTRANKS, other, told)
    elif LEVEL_ORDER[other.level] < LEVEL_ORDER[rule.level]:
        told = say(
            "Yours is more particular, and wins over this one where it holds: “{rule}” ({rule_id})",
            **_named(other),
        )
        yield Near(Nearness.OUTRANKED, other, told)


def _binds(rule: Rule, other: Rule) -> bool:
    """Is ``rule`` a binding exclusion that ``other`` can't loosen?"""
    above = LEVEL_ORDER[rule.level] < LEVEL_ORDER[other.level]
    beside = rule.level == other.level and not other.binding
    return rule.binding and rule.effect in DOES_NOT_PAY and (above or beside)


def _owners_meet(rule: Rule, other: Rule, dataset: Dataset) -> bool:
    """Is there a plan that both may speak to, as far as whose plan it is?"""
    owned = [one for one in (rule, other) if one.level not in (Level.LAW, Level.PROGRAM)]
    if len(owned) < 2:
        return True
    lines = rule.lines_of_business & other.lines_of_business
    return any(
        plan.line_of_business in lines and all(_is_of(plan, one) for one in owned)
        for plan in dataset.plans.values()
    )


def _is_of(plan: Plan, rule: Rule) -> bool:
    match rule.level:
        case Level.PLAN:
            return plan.plan_id == rule.plan_id
        case Level.PBM:
            return plan.pbm_id == rule.payer_id
        case _:
            return plan.payer_id == rule.payer_id


def _reach_meets(rule: Rule, other: Rule) -> bool:
    states = not rule.states or not other.states or bool(rule.states & other.states)
    return states and bool(rule.lines_of_business & other.lines_of_business)


def _in_force_together(rule: Rule, other: Rule) -> bool:
    return _starts_before_end(rule, other) and _starts_before_end(other, rule)


def _starts_before_end(rule: Rule, other: Rule) -> bool:
    if not rule.effective_from or not other.effective_to:
        return True
    return first_day(rule.effective_from) <= last_day(other.effective_to)


# -- can both hold for one case? ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Claim:
    """A test boiled down: of some or all subjects, that they are (not) one of ``values``."""

    fact: Fact
    some: bool
    values: frozenset[str]
    negative: bool


def exclusive(tests: Collection[Test], others: Collection[Test]) -> bool:
    """Can it be shown that no case passes both sets of tests?"""
    numbers = [test for test in (*tests, *others) if test.comparison not in _EQUALITIES]
    if any(_apart(test, other) for test in numbers for other in numbers):
        return True
    mine, theirs = _claims(tests), _claims(others)
    return any(_exclude(claim, other) for claim in mine for other in theirs)


_EQUALITIES = frozenset({Comparison.IS, Comparison.IS_NOT})


def _apart(test: Test, other: Test) -> bool:
    """Do two tests of one number leave no number between them? (``test`` bounds from above.)"""
    upper = {Comparison.BELOW, Comparison.AT_MOST}
    if test.fact != other.fact or test.comparison not in upper or other.comparison in upper:
        return False
    top, bottom = float(test.values[0]), float(other.values[0])
    touching = (test.comparison, other.comparison) == (Comparison.AT_MOST, Comparison.AT_LEAST)
    return top < bottom or (top == bottom and not touching)


def _claims(tests: Iterable[Test]) -> list[_Claim]:
    found = [_claim(test) for test in tests if test.comparison in _EQUALITIES]
    implied = [_without_powder(claim) for claim in found if _is_listed(claim)]
    return found + implied


def _claim(test: Test) -> _Claim:
    negative = test.comparison == Comparison.IS_NOT
    if test.who == Quantifier.NONE:
        negative = not negative
    values = frozenset(test.values)
    known = _ALL_VALUES.get(test.fact)
    if negative and known:
        values, negative = known - values, False
    return _Claim(test.fact, test.who == Quantifier.ANY, values, negative)


def _is_listed(claim: _Claim) -> bool:
    return claim.fact in _NEVER_POWDER and claim.values == {"yes"}


def _without_powder(claim: _Claim) -> _Claim:
    return _Claim(Fact.INGREDIENT_SOURCE, claim.some, frozenset({"approved_product"}), False)


def _exclude(claim: _Claim, other: _Claim) -> bool:
    if claim.fact != other.fact or (claim.some and other.some):
        return False
    if claim.negative and other.negative:
        return False
    if claim.negative or other.negative:
        plain, denied = (other, claim) if claim.negative else (claim, other)
        return all(_within(value, denied.values, claim.fact) for value in plain.values)
    if claim.fact in _SEVERAL_AT_ONCE:
        return False
    return not any(_overlap(a, b, claim.fact) for a in claim.values for b in other.values)


def _within(value: str, values: Iterable[str], fact: Fact) -> bool:
    if fact == Fact.DIAGNOSIS:
        return value.startswith(tuple(values))
    return value in set(values)


def _overlap(a: str, b: str, fact: Fact) -> bool:
    if fact == Fact.DIAGNOSIS:
        return a.startswith(b) or b.startswith(a)
    return a == b
