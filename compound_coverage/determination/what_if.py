"""What would change an answer: the source, a reference book, the price, or another plan.

Work is capped. A fact is only varied where a rule in reach of the case looks at it; of the prices
named in rules the ``MOST_PRICES`` lowest are tried; of the other plans the first ``MOST_PLANS``
by name. Each comparison is the answer of the same engine to the same case with one thing changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, false, func, or_, select

from compound_coverage.dataset.search import STATES
from compound_coverage.determination.engine import (
    STRICTNESS,
    RuleBook,
    determine,
    in_scope,
    with_source,
)
from compound_coverage.determination.facts import source_of
from compound_coverage.determination.published import formulary_facts
from compound_coverage.formulary.lookup import Formularies
from compound_coverage.formulary.tables import COUNTY, PLAN_AREA
from compound_coverage.language import Said, money, say, to_say
from compound_coverage.vocabulary import (
    Case,
    Comparison,
    Determination,
    Fact,
    IngredientSource,
    Plan,
    Rule,
    Test,
    Verdict,
)

MOST_PRICES = 3
MOST_PLANS = 150
_CENT = 0.01


class Shift(StrEnum):
    """How an answer compares with the one that holds now. Not known is neither."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer if one thing were so. ``words`` are in the language spoken when it was made.

    ``rule`` decides it, if any does; ``now``: it is so today, as far as the case says.
    """

    words: str
    verdict: Verdict
    rule: Rule | None
    shift: Shift
    now: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One comparison: ``about`` is "source", "compendium" or "price".

    Without outcomes no published rule in reach looks at it.
    """

    about: str
    outcomes: tuple[Outcome, ...]

    @property
    def matters(self) -> bool:
        """Do the answers differ?"""
        return len({outcome.verdict for outcome in self.outcomes}) > 1


@dataclass(frozen=True, slots=True)
class OtherPlan:
    """What the same question would be answered for another plan, and the rule that decides."""

    plan: Plan
    verdict: Verdict
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class OtherPlans:
    """Other plans by verdict, the best first and those not known last.

    ``left_out`` counts the plans that were not looked at, because there are too many.
    """

    groups: tuple[tuple[Verdict, tuple[OtherPlan, ...]], ...]
    left_out: int


def shift(now: Verdict, then: Verdict) -> Shift:
    """Is ``then`` better or worse than ``now``? Where either is not known, that is not known."""
    if now == then:
        return Shift.SAME
    if Verdict.UNKNOWN in (now, then):
        return Shift.NOT_KNOWN
    return Shift.BETTER if STRICTNESS[then] < STRICTNESS[now] else Shift.WORSE


def what_if(answer: Determination, book: RuleBook) -> tuple[WhatIf, ...]:
    """What the source, a reference book and the price would change, in this order."""
    case = answer.case
    looked_at = list(_tests_in_reach(case, book))
    return (
        WhatIf("source", tuple(_by_source(answer, book))),
        WhatIf("compendium", tuple(_by_compendium(answer, book, looked_at))),
        WhatIf("price", tuple(_by_price(answer, book, looked_at))),
    )


def _tests_in_reach(case: Case, book: RuleBook) -> Iterator[Test]:
    """What the rules look at whose scope holds the case, or may hold it."""
    owners = {"", case.plan.payer_id, case.plan.pbm_id}
    for owner in owners:
        for rule in book.rules_by_reach.get((case.plan.line_of_business, owner), ()):
            if rule.tests and in_scope(rule, case) is not False:
                yield from rule.tests


def _outcome(words: str, case: Case, answer: Determination, book: RuleBook, now: bool) -> Outcome:
    then = answer if case == answer.case else determine(case, book)
    return Outcome(
        Said(words), then.verdict, deciding(then), shift(answer.verdict, then.verdict), now
    )


def deciding(answer: Determination) -> Rule | None:
    """The rule that decides an answer, if one does."""
    return next((reason.rule for reason in answer.reasons if reason.decisive), None)


def _by_source(answer: Determination, book: RuleBook) -> Iterator[Outcome]:
    case = answer.case
    known = {source_of(case, one) for one in case.medication.active_ingredients}
    for source, words in _SOURCES.items():
        yield _outcome(say(words), with_source(case, source), answer, book, known == {source})


_SOURCES = {
    IngredientSource.APPROVED_PRODUCT: to_say("Made from an FDA-approved product"),
    IngredientSource.BULK_POWDER: to_say("Made from bulk powder"),
}
_COMPENDIUM = {
    True: to_say("A drug reference book supports the use"),
    False: to_say("No drug reference book supports the use"),
}


def _by_compendium(
    answer: Determination, book: RuleBook, looked_at: Iterable[Test]
) -> Iterator[Outcome]:
    if not any(t.fact == Fact.INDICATION and "compendium" in t.values for t in looked_at):
        return
    for supported, words in _COMPENDIUM.items():
        case = replace(answer.case, compendium=supported)
        yield _outcome(say(words), case, answer, book, answer.case.compendium is supported)


# -- price -------------------------------------------------------------------------------------

# a price at which a rule changes its mind, and whether that very price still belongs below
Cut = tuple[float, bool]


def _by_price(
    answer: Determination, book: RuleBook, looked_at: Iterable[Test]
) -> Iterator[Outcome]:
    cost = answer.case.monthly_cost
    cuts = sorted({_cut(test) for test in looked_at if test.fact == Fact.MONTHLY_COST})
    cuts = cuts[:MOST_PRICES]
    if not cuts:
        return
    for low, high in zip([None, *cuts], [*cuts, None], strict=True):
        case = replace(answer.case, monthly_cost=_price_between(low, high))
        now = cost is not None and _is_between(cost, low, high)
        if now:
            case = answer.case
        yield _outcome(_price_words(low, high), case, answer, book, now)


def _cut(test: Test) -> Cut:
    return float(test.values[0]), test.comparison in (Comparison.AT_MOST, Comparison.ABOVE)


def _price_between(low: Cut | None, high: Cut | None) -> float:
    """A price that lies between two cuts: the highest one below the upper cut, else a cent more."""
    if high is not None:
        return high[0] if high[1] else max(high[0] - _CENT, 0.0)
    price, below = low or (0.0, False)
    return price + _CENT if below else price


def _is_between(cost: float, low: Cut | None, high: Cut | None) -> bool:
    return (low is None or not _is_below(cost, low)) and (high is None or _is_below(cost, high))


def _is_below(cost: float, cut: Cut) -> bool:
    return cost <= cut[0] if cut[1] else cost < cut[0]


def _price_words(low: Cut | None, high: Cut | None) -> str:
    key = (low[1] if low else None, high[1] if high else None)
    values = {"low": money(low[0]) if low else "", "high": money(high[0]) if high else ""}
    return say(_PRICES[key], **values)


# whether each of the two prices belongs to the stretch below it; None: the stretch is open there
_PRICES: dict[tuple[bool | None, bool | None], str] = {
    (None, True): to_say("A month costs {high} or less"),
    (None, False): to_say("A month costs less than {high}"),
    (True, None): to_say("A month costs more than {low}"),
    (False, None): to_say("A month costs {low} or more"),
    (True, True): to_say("A month costs more than {low}, and {high} or less"),
    (True, False): to_say("A month costs more than {low}, but less than {high}"),
    (False, True): to_say("A month costs from {low} to {high}"),
    (False, False): to_say("A month costs {low} or more, but less than {high}"),
}


# -- other plans -------------------------------------------------------------------------------


def state_of(case: Case) -> str:
    """The one state the case is in, as two letters; empty if it is not known."""
    return case.state or (case.plan.states[0] if len(case.plan.states) == 1 else "")


def plans_in_reach(case: Case, plans: Iterable[Plan], state: str) -> list[Plan]:
    """The other plans of the same kind of insurance that reach ``state`` (two letters), by name."""
    found = [
        plan
        for plan in plans
        if plan.plan_id != case.plan.plan_id
        and plan.line_of_business == case.plan.line_of_business
        and (not plan.states or state in plan.states)
    ]
    return sorted(found, key=lambda plan: (plan.name, plan.plan_id))


def other_plans(
    case: Case,
    book: RuleBook,
    plans: Iterable[Plan],
    state: str,
    formularies: Formularies | None = None,
) -> OtherPlans:
    """The same question asked of each of ``plans``, for somebody in ``state``.

    ``formularies`` brings in what the drug lists of imported plans say.
    """
    asked = list(plans)
    answers: dict[Verdict, list[OtherPlan]] = {}
    for plan in asked[:MOST_PLANS]:
        listed = formulary_facts(formularies, plan, case.medication) if formularies else ()
        then = determine(replace(case, plan=plan, state=state, formulary=tuple(listed)), book)
        answers.setdefault(then.verdict, []).append(OtherPlan(plan, then.verdict, deciding(then)))
    order = [*sorted(STRICTNESS, key=STRICTNESS.__getitem__), Verdict.UNKNOWN]
    return OtherPlans(
        groups=tuple((one, tuple(answers[one])) for one in order if one in answers),
        left_out=max(len(asked) - MOST_PLANS, 0),
    )


def counties_of(formularies: Formularies, state: str) -> list[str]:
    """The counties of a state that the imported drug lists name, in their order by name."""
    found = formularies.connection.scalars(
        select(COUNTY.c.county).distinct().where(_in_use(formularies, COUNTY), _of_state(state))
    )
    return sorted(found)


def plans_in_county(formularies: Formularies, state: str, county: str) -> set[str]:
    """Ids of the imported plans that reach this county of this state.

    A plan of which only its state is published reaches all of it.
    """
    read, key = formularies.connection.scalars, PLAN_AREA.c.plan_key
    of_plans = select(key).where(_in_use(formularies, PLAN_AREA))
    by_state = (PLAN_AREA.c.kind == "state") & PLAN_AREA.c.code.in_([state, STATES[state]])
    in_state = of_plans.where(by_state)
    narrower = of_plans.where(PLAN_AREA.c.kind != "state", key.in_(in_state))
    areas = or_(false(), *_areas_with(formularies, state, county))
    return (set(read(in_state)) - set(read(narrower))) | set(read(of_plans.where(areas)))


def _areas_with(formularies: Formularies, state: str, county: str) -> Iterator[ColumnElement[bool]]:
    """The areas this county lies in: itself, and the regions publishers drew around it."""
    here = func.lower(COUNTY.c.county) == county.casefold()
    rows = formularies.connection.execute(
        select(COUNTY).where(_in_use(formularies, COUNTY), _of_state(state), here)
    )
    for row in rows:
        codes = {
            "county": row.county_code,
            "ma_region": row.ma_region_code,
            "pdp_region": row.pdp_region_code,
        }
        of_release = PLAN_AREA.c.release_id == row.release_id
        for kind, code in codes.items():
            yield of_release & (PLAN_AREA.c.kind == kind) & (PLAN_AREA.c.code == code)


def _in_use(formularies: Formularies, table: Table) -> ColumnElement[bool]:
    """Only rows of the newest release of each series."""
    return table.c.release_id.in_([release.release_id for release in formularies.releases()])


def _of_state(state: str) -> ColumnElement[bool]:
    """Counties of this state, which publishers name in full or by its letters."""
    return func.lower(COUNTY.c.state).in_([state.casefold(), STATES[state].casefold()])
