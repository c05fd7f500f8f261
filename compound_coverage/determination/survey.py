"""Where one medication stands over all plans of the dataset: by kind of insurance, by state, and
by what the pharmacy starts from.

Pure: the dataset and the day in, dataclasses out, no words of any language. Each answer is the
engine's own for a case of which nothing is known but plan, medication and source. A plan without
states reaches the whole country and is counted once, not once for each state. A state in which no
plan of a kind is listed gets the answer for a plan that is not listed: what the rules for that
kind of insurance say there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from compound_coverage.dataset.dates import last_day, whole_months
from compound_coverage.dataset.load import Dataset, rules_by_reach
from compound_coverage.dataset.search import STATES, unlisted_plan
from compound_coverage.determination.engine import (
    ASKS,
    VERDICT_OF,
    determine,
    in_force,
    is_stale,
    with_source,
)
from compound_coverage.vocabulary import (
    Basis,
    Case,
    Effect,
    Grade,
    IngredientSource,
    LineOfBusiness,
    Medication,
    Plan,
    Rule,
    Step,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer for one plan and one source, and the rule that decides it.

    ``rule`` is None where none decides. ``months`` is the age of the last reading of its document
    in whole months; None: there is no rule, or nobody has read it. ``last_known``: the rule is
    last known policy only.
    """

    plan: Plan
    source: IngredientSource
    verdict: Verdict
    rule: Rule | None
    months: int | None
    last_known: bool

    @property
    def grade(self) -> Grade | None:
        """The grade of the decisive rule's document; None where no rule decides."""
        return self.rule.citation.grade if self.rule else None

    @property
    def last_checked(self) -> str:
        """The day that document was last read (ISO); empty where there is none."""
        return self.rule.citation.last_checked if self.rule else ""


@dataclass(frozen=True, slots=True)
class Place:
    """The answers for one kind of insurance and one source in a state; no state: nationwide.

    ``listed``: they are of plans in the dataset, not of the stand-in for one that is not listed.
    """

    state: str
    standings: tuple[Standing, ...]
    listed: bool

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many plans have each answer, in the order of the verdicts; none with 0."""
        return _counted(self.standings)

    @property
    def best_grade(self) -> Grade | None:
        """The best grade among the rules that decide; None where none does."""
        return min((one.grade for one in self.standings if one.grade), default=None)

    @property
    def oldest_check(self) -> str:
        """The oldest day on which a rule that decides was last read (ISO), or empty."""
        return min((one.last_checked for one in self.standings if one.last_checked), default="")

    @property
    def last_known(self) -> bool:
        """Does each answer that a rule gives rest on last known policy only?"""
        decided = [one for one in self.standings if one.rule]
        return bool(decided) and all(one.last_known for one in decided)


@dataclass(frozen=True, slots=True)
class Split:
    """How the answers for ``plans`` plans part between the sources.

    ``counts`` holds how many plans have each answer, by source; ``changed`` how many plans get
    another answer when the source is another.
    """

    plans: int
    counts: Mapping[IngredientSource, Mapping[Verdict, int]]
    changed: int


@dataclass(frozen=True, slots=True)
class Survey:
    """Where one medication stands on a day.

    ``plans`` holds each plan of the dataset once for each source; ``stand_ins`` the plan that is
    not listed, for each kind of insurance and each state that has no plan listed.
    """

    medication_id: str
    on: date
    plans: tuple[Standing, ...]
    stand_ins: tuple[Standing, ...]

    def states(self, line: LineOfBusiness, source: IngredientSource) -> tuple[Place, ...]:
        """Each state with the answers of the plans that name it, or of the stand-in there."""
        return tuple(self._place(state, line, source) for state in STATES)

    def national(self, line: LineOfBusiness, source: IngredientSource) -> Place:
        """The plans that reach the whole country; it holds no standing where there is none."""
        found = [one for one in _of(self.plans, line, source) if not one.plan.states]
        return Place("", tuple(found), listed=True)

    def split(self, line: LineOfBusiness | None = None) -> Split:
        """Powder against approved product, for one kind of insurance or for all."""
        found = [one for one in self.plans if line in (None, one.plan.line_of_business)]
        verdicts: dict[str, set[Verdict]] = {}
        for one in found:
            verdicts.setdefault(one.plan.plan_id, set()).add(one.verdict)
        return Split(
            plans=len(verdicts),
            counts={
                source: _counted(one for one in found if one.source == source)
                for source in IngredientSource
            },
            changed=sum(len(told) > 1 for told in verdicts.values()),
        )

    def _place(self, state: str, line: LineOfBusiness, source: IngredientSource) -> Place:
        named = [one for one in _of(self.plans, line, source) if state in one.plan.states]
        standing = named or [
            one for one in _of(self.stand_ins, line, source) if state in one.plan.states
        ]
        return Place(state, tuple(standing), listed=bool(named))


def survey(dataset: Dataset, medication: Medication, on: date) -> Survey:
    """Works out the answer for every plan of the dataset and both sources on a day."""
    book = _book(dataset, on)
    listed = [
        _standing(plan, medication, source, on, book)
        for plan in dataset.plans.values()
        for source in IngredientSource
    ]
    stand_ins = [
        standing
        for line in LineOfBusiness
        for source in IngredientSource
        for standing in _stand_ins(dataset, medication, line, source, on, book)
    ]
    return Survey(medication.medication_id, on, tuple(listed), tuple(stand_ins))


def _standing(
    plan: Plan, medication: Medication, source: IngredientSource, on: date, book: _Book
) -> Standing:
    answer = determine(with_source(Case(plan=plan, medication=medication, on=on), source), book)
    rule = next((reason.rule for reason in answer.reasons if reason.decisive), None)
    checked = rule.citation.last_checked if rule else ""
    return Standing(
        plan=plan,
        source=source,
        verdict=answer.verdict,
        rule=rule,
        months=whole_months(last_day(checked), on) if checked else None,
        last_known=rule is not None and is_stale(rule, on),
    )


def _stand_ins(
    dataset: Dataset,
    medication: Medication,
    line: LineOfBusiness,
    source: IngredientSource,
    on: date,
    book: _Book,
) -> Iterator[Standing]:
    """The plan that is not listed, in each state of which no plan of this kind is listed."""
    named = {s for p in dataset.plans.values() if p.line_of_business == line for s in p.states}
    rules = book.rules_by_reach.get((line, ""), ())
    told: dict[frozenset[str], Standing] = {}
    for state in STATES:
        if state in named:
            continue
        # states that the same rules name get the same answer: most are named by none
        naming = frozenset(rule.rule_id for rule in rules if state in rule.states)
        plan = unlisted_plan(line, state)
        if naming not in told:
            told[naming] = _standing(plan, medication, source, on, book)
        yield replace(told[naming], plan=plan)


# -- counting ----------------------------------------------------------------------------------


def _of(
    standings: Iterable[Standing], line: LineOfBusiness, source: IngredientSource
) -> list[Standing]:
    return [one for one in standings if one.plan.line_of_business == line and one.source == source]


def _counted(standings: Iterable[Standing]) -> dict[Verdict, int]:
    found = Counter(one.verdict for one in standings)
    return {verdict: found[verdict] for verdict in Verdict if found[verdict]}


# -- the rules that can weigh ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Book:
    """What of the dataset can have a part in a verdict; a survey asks for nothing else."""

    rules_by_reach: dict[tuple[LineOfBusiness, str], tuple[Rule, ...]]
    rules_by_id: dict[str, Rule]
    listed: dict[tuple[str, str, str], bool]
    steps: tuple[Step, ...] = ()


def _book(dataset: Dataset, on: date) -> _Book:
    # steps, clocks and leads are most of an answer's cost and none of its verdict
    weighty = [rule for rule in dataset.rules if _can_weigh(rule) and in_force(rule, on)]
    return _Book(rules_by_reach(weighty), {}, dataset.listed)


def _can_weigh(rule: Rule) -> bool:
    weighty = rule.effect in VERDICT_OF or rule.effect in ASKS
    return (weighty or rule.effect == Effect.OPENS_EXCEPTION) and rule.basis != Basis.UNVERIFIED
