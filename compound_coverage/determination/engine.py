"""The engine: a case and published rules in, a reasoned and cited determination out.

Pure and deterministic: no I/O, no clock, no payer by name. It works in no language; only the
questions it asks and its summary are said in the one spoken just now. How it decides:

1. Rules are gathered whose line of business, state, payer, plan and dates contain the case.
   Each rule's tests answer yes (it applies), no (it is dropped) or not known (it *may* apply).
2. Among applying rules a binding exclusion decides first, the strictest one from the top down.
   Otherwise the most particular voice wins: plan over pharmacy benefit manager over payer over
   program over law; then the narrower scope; then the newer date; then the stricter effect.
3. A rule that may apply matters only if the verdict would change if it did; then the verdict
   hangs on it, and what is missing is asked. A rule that may apply only because the state is
   not known can take a yes away, but never makes one: the state is asked instead.
4. Unverified rules decide nothing; they are shown as leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from compound_coverage.dataset.dates import first_day, is_last_known, last_day
from compound_coverage.determination.clocks import deadline_text
from compound_coverage.determination.facts import Listed, all_of, open_tests, tests_hold
from compound_coverage.determination.formulary_reasons import formulary_rules
from compound_coverage.determination.words import (
    CONFIRM_OUR_READING,
    WHICH_STATE,
    plan_questions,
    question_about,
    questions_of,
    summary_of,
)
from compound_coverage.language import say
from compound_coverage.vocabulary import (
    LEVEL_ORDER,
    Basis,
    Case,
    Determination,
    Effect,
    Fact,
    IngredientSource,
    Level,
    LineOfBusiness,
    MetCondition,
    NextStep,
    Reason,
    Rule,
    Step,
    Unknown,
    Verdict,
)

# Strictness of what a coverage rule says; the higher, the less is paid.
VERDICT_OF: dict[Effect, Verdict] = {
    Effect.COVERS: Verdict.COVERED,
    Effect.COVERS_QUALIFYING_INGREDIENTS: Verdict.COVERED,
    Effect.EXCLUDES_WITH_EXCEPTION: Verdict.EXCEPTION_ONLY,
    Effect.EXCLUDES: Verdict.NOT_COVERED,
}
STRICTNESS: dict[Verdict, int] = {
    Verdict.COVERED: 0,
    Verdict.CONDITIONAL: 1,
    Verdict.EXCEPTION_ONLY: 2,
    Verdict.NOT_COVERED: 3,
}
ASKS = frozenset({Effect.REQUIRES_PRIOR_AUTHORIZATION, Effect.REQUIRES})
EXCLUSIONS = frozenset({Effect.EXCLUDES, Effect.EXCLUDES_WITH_EXCEPTION})


class RuleBook(Protocol):
    """What the engine needs of a dataset."""

    @property
    def rules_by_reach(self) -> dict[tuple[LineOfBusiness, str], tuple[Rule, ...]]: ...
    @property
    def rules_by_id(self) -> dict[str, Rule]: ...
    @property
    def listed(self) -> dict[tuple[str, str, str], bool]: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...


@dataclass(frozen=True, slots=True)
class _Decision:
    """The verdict for one case and the rules behind it."""

    verdict: Verdict
    decisive: Rule | None
    applying: tuple[Rule, ...]
    hanging: tuple[Rule, ...]
    context: tuple[tuple[Rule, bool | None], ...]
    state_matters: bool


def determine(case: Case, book: RuleBook) -> Determination:
    """Works out what published rules say of ``case``, and why.

    The verdict is never other than ``unknown`` without a decisive, cited rule.
    """
    scoped = _scoped(case, book)
    decision = _decide(case, scoped, book.listed)
    weighing = [(rule, scope) for rule, scope in scoped if _weighs(rule)]
    by_source = tuple(
        (source, _decide(with_source(case, source), weighing, book.listed).verdict)
        for source in IngredientSource
    )
    conditions = _conditions(decision)
    unknowns = _unknowns(decision, case, book.listed)
    draft = Determination(
        verdict=decision.verdict,
        summary="",
        case=case,
        reasons=tuple(_reasons(decision, case.on)),
        conditions=conditions,
        unknowns=unknowns,
        next_steps=(),
        context=tuple(
            Reason(rule, applies, False, is_stale(rule, case.on))
            for rule, applies in decision.context
        ),
        by_source=by_source,
        clocks=_clocks(decision),
    )
    return replace(draft, summary=summary_of(draft), next_steps=tuple(_next_steps(draft, book)))


def with_source(case: Case, source: IngredientSource) -> Case:
    """The same case with every active ingredient taken from ``source``."""
    actives = case.medication.active_ingredients
    return replace(case, sources=tuple((i.ingredient_id, source) for i in actives))


def is_stale(rule: Rule, on: date) -> bool:
    """Is the rule last known policy only: dated or checked more than 24 months before ``on``?"""
    return is_last_known(on, rule.citation.last_checked, rule.citation.document_date)


# -- gathering ---------------------------------------------------------------------------------


def in_scope(rule: Rule, case: Case) -> bool | None:
    """Does the rule's scope contain the case on its date? Not known if only the state is not."""
    plan = case.plan
    if plan.line_of_business not in rule.lines_of_business or not in_force(rule, case.on):
        return False
    if rule.level == Level.PLAN and rule.plan_id != plan.plan_id:
        return False
    if rule.level == Level.PBM and rule.payer_id != plan.pbm_id:
        return False
    if rule.level in (Level.PAYER, Level.PLAN) and rule.payer_id not in ("", plan.payer_id):
        return False
    return _in_states(rule, case)


def in_force(rule: Rule, on: date) -> bool:
    """Is the rule in force on this day? An unknown start or end does not exclude it."""
    if rule.effective_from and on < first_day(rule.effective_from):
        return False
    return not rule.effective_to or on <= last_day(rule.effective_to)


def _in_states(rule: Rule, case: Case) -> bool | None:
    if not rule.states:
        return True
    states = {case.state} if case.state else set(case.plan.states)
    if not states:
        return None
    if states <= rule.states:
        return True
    return None if states & rule.states else False


Scoped = list[tuple[Rule, bool | None]]


def _scoped(case: Case, book: RuleBook) -> Scoped:
    """Rules whose scope holds the case, or may hold it, whatever the ingredients' source."""
    line, reach = case.plan.line_of_business, book.rules_by_reach
    owners = {"", case.plan.payer_id, case.plan.pbm_id}
    near = (rule for owner in owners for rule in reach.get((line, owner), ()))
    answers = ((rule, in_scope(rule, case)) for rule in near)
    return [(rule, scope) for rule, scope in answers if scope is not False]


def _weighs(rule: Rule) -> bool:
    """Can the rule have a part in the verdict itself?"""
    weighty = rule.effect in VERDICT_OF or rule.effect in ASKS
    return (weighty or rule.effect == Effect.OPENS_EXCEPTION) and _can_decide(rule)


def _decide(case: Case, scoped: Scoped, listed: Listed) -> _Decision:
    answers = [(rule, all_of((scope, tests_hold(rule, case, listed)))) for rule, scope in scoped]
    answers += [(rule, True) for rule in formulary_rules(case)]
    standing = [(rule, answer) for rule, answer in answers if answer is not False]
    context = [pair for pair in standing if not _can_decide(pair[0])]
    firm = [pair for pair in standing if _can_decide(pair[0])]
    applying = tuple(rule for rule, answer in firm if answer)
    verdict, decisive = _weigh(applying)
    possible = [rule for rule, answer in firm if answer is None]
    matter = [rule for rule in possible if _would_change(rule, applying, verdict)]
    state_open = {rule.rule_id for rule, scope in scoped if scope is None}
    takes_away = verdict in (Verdict.COVERED, Verdict.CONDITIONAL)
    hanging = tuple(
        rule
        for rule in matter
        if rule.rule_id not in state_open or (takes_away and rule.effect in EXCLUSIONS)
    )
    return _hang_on(
        _Decision(
            verdict,
            decisive,
            applying,
            hanging,
            tuple(_ordered_pairs(context)),
            state_matters=any(rule.rule_id in state_open for rule in matter),
        )
    )


def _can_decide(rule: Rule) -> bool:
    if rule.level == Level.FORMULARY:
        return (
            True  # a fact about this very plan stands among the reasons, though it decides nothing
        )
    return rule.basis != Basis.UNVERIFIED and rule.effect != Effect.INFORMS


# -- deciding ----------------------------------------------------------------------------------


def _weigh(applying: Sequence[Rule]) -> tuple[Verdict, Rule | None]:
    """The verdict of the rules that surely apply, and the one that decides."""
    coverage = [rule for rule in applying if rule.effect in VERDICT_OF]
    bound = [rule for rule in coverage if rule.binding and rule.effect in EXCLUSIONS]
    free = [rule for rule in coverage if rule not in bound]
    candidates = [
        min(group, key=key) for group, key in ((bound, _top_down), (free, _force)) if group
    ]
    if not candidates:
        return _reviewable(applying)
    decisive = max(candidates, key=lambda rule: STRICTNESS[VERDICT_OF[rule.effect]])
    verdict = VERDICT_OF[decisive.effect]
    if verdict == Verdict.NOT_COVERED and _route_around(decisive, applying):
        verdict = Verdict.EXCEPTION_ONLY
    return verdict, decisive


def _reviewable(applying: Sequence[Rule]) -> tuple[Verdict, Rule | None]:
    """A plan that publishes how it reviews a compound may pay for it; that is all it says."""
    reviews = [r for r in applying if r.effect == Effect.REQUIRES_PRIOR_AUTHORIZATION]
    if not reviews:
        return Verdict.UNKNOWN, None
    return Verdict.CONDITIONAL, min(reviews, key=_force)


def _route_around(exclusion: Rule, applying: Sequence[Rule]) -> bool:
    """Does an applying rule open an exception route that this exclusion can't close?"""
    return any(
        not exclusion.binding or LEVEL_ORDER[rule.level] < LEVEL_ORDER[exclusion.level]
        for rule in applying
        if rule.effect == Effect.OPENS_EXCEPTION
    )


SortKey = tuple[int, ...]


def _top_down(rule: Rule) -> tuple[int, int, SortKey, str]:
    """Binding exclusions: the strictest first, then from law downwards."""
    strict = -STRICTNESS[VERDICT_OF[rule.effect]]
    return strict, LEVEL_ORDER[rule.level], _narrowness(rule), rule.rule_id


def _force(rule: Rule) -> tuple[int, int, SortKey, int, int, str]:
    """Mandates from the top down first; then the more particular, newer, stricter rule."""
    rank = LEVEL_ORDER[rule.level]
    newer = -first_day(rule.effective_from).toordinal() if rule.effective_from else 0
    strict = -STRICTNESS[VERDICT_OF.get(rule.effect, Verdict.CONDITIONAL)]
    return (
        0 if rule.binding else 1,
        rank if rule.binding else -rank,
        _narrowness(rule),
        newer,
        strict,
        rule.rule_id,
    )


def _narrowness(rule: Rule) -> SortKey:
    """Sorts the narrower scope first: fewer states, then fewer kinds of insurance."""
    return (len(rule.states) or 99, len(rule.lines_of_business))


def _would_change(rule: Rule, applying: tuple[Rule, ...], verdict: Verdict) -> bool:
    """Would the verdict be another, or need more, if this rule applied?"""
    if rule.effect in ASKS:
        return verdict not in (Verdict.NOT_COVERED, Verdict.EXCEPTION_ONLY)
    if rule.effect in VERDICT_OF or rule.effect == Effect.OPENS_EXCEPTION:
        return _weigh((*applying, rule))[0] != verdict
    return False


def _hang_on(decision: _Decision) -> _Decision:
    """Lets the rules that may apply, and those that ask for something, soften a verdict."""
    hanging = [rule for rule in decision.hanging if rule.effect in VERDICT_OF]
    ways_in = [rule for rule in hanging if rule.effect not in EXCLUSIONS]
    match decision.verdict:
        case Verdict.COVERED:
            asked = any(rule.effect in ASKS for rule in (*decision.applying, *decision.hanging))
            partly = (
                decision.decisive is not None
                and decision.decisive.effect == Effect.COVERS_QUALIFYING_INGREDIENTS
            )
            reading = decision.decisive is not None and decision.decisive.basis == Basis.INFERRED
            if asked or partly or reading or hanging:
                return replace(decision, verdict=Verdict.CONDITIONAL)
        case Verdict.UNKNOWN | Verdict.EXCEPTION_ONLY | Verdict.NOT_COVERED if ways_in:
            return replace(decision, verdict=Verdict.CONDITIONAL, decisive=min(ways_in, key=_force))
        case _:
            pass
    return decision


# -- explaining --------------------------------------------------------------------------------


def _conditions(decision: _Decision) -> tuple[MetCondition, ...]:
    if decision.verdict != Verdict.CONDITIONAL:
        return ()
    rules = [rule for rule in decision.applying if _asks_something(rule, decision)]
    rules += [rule for rule in decision.hanging if rule.effect != Effect.OPENS_EXCEPTION]
    found: dict[str, MetCondition] = {}
    for rule in _in_order(rules):
        what = rule.condition or rule.summary
        found.setdefault(what, MetCondition(what, rule.citation))
    decisive = decision.decisive
    if decisive is not None and decisive.basis == Basis.INFERRED:
        found[CONFIRM_OUR_READING] = MetCondition(CONFIRM_OUR_READING, decisive.citation)
    return tuple(found.values())


def _asks_something(rule: Rule, decision: _Decision) -> bool:
    if rule.effect in ASKS:
        return True
    return rule.effect == Effect.COVERS_QUALIFYING_INGREDIENTS and rule is decision.decisive


def _reasons(decision: _Decision, on: date) -> list[Reason]:
    answers: list[tuple[Rule, bool | None]] = [(rule, None) for rule in decision.hanging]
    answers += [(rule, True) for rule in decision.applying if _mattered(rule, decision)]
    return [
        Reason(rule, applies, rule is decision.decisive, is_stale(rule, on))
        for rule, applies in _ordered_pairs(answers)
    ]


def _mattered(rule: Rule, decision: _Decision) -> bool:
    paid = decision.verdict in (Verdict.COVERED, Verdict.CONDITIONAL)
    if rule.level == Level.FORMULARY and rule.effect == Effect.INFORMS:
        return True
    if rule.effect in ASKS or rule.effect == Effect.LIMITS:
        return paid
    if rule.effect == Effect.OPENS_EXCEPTION:
        return not paid
    return rule.effect in VERDICT_OF


def _in_order(rules: Sequence[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (LEVEL_ORDER[rule.level], rule.rule_id))


def _ordered_pairs(
    pairs: Sequence[tuple[Rule, bool | None]],
) -> list[tuple[Rule, bool | None]]:
    return sorted(pairs, key=lambda pair: (LEVEL_ORDER[pair[0].level], pair[0].rule_id))


def _unknowns(decision: _Decision, case: Case, listed: Listed) -> tuple[Unknown, ...]:
    questions = []
    if len(case.sources) < len(case.medication.active_ingredients):
        questions.append(question_about(Fact.INGREDIENT_SOURCE, case))
    for rule in _in_order(decision.hanging):
        for test in open_tests(rule, case, listed):
            questions += questions_of(test, case)
    if decision.state_matters:
        questions.append(Unknown(say(WHICH_STATE), "plan"))
    stale = decision.decisive is not None and is_stale(decision.decisive, case.on)
    questions += plan_questions(decision.verdict, stale)
    return tuple(dict.fromkeys(questions))


def _next_steps(draft: Determination, book: RuleBook) -> list[NextStep]:
    case = draft.case
    steps = []
    for step in book.steps:
        if step.verdicts and draft.verdict not in step.verdicts:
            continue
        if step.lines_of_business and case.plan.line_of_business not in step.lines_of_business:
            continue
        if step.only_if and not _situation(step.only_if, draft):
            continue
        rule = book.rules_by_id.get(step.rule_id) if step.rule_id else None
        if step.rule_id and (rule is None or not _may_apply(rule, case, book.listed)):
            continue
        citation = rule.citation if rule else None
        steps.append(NextStep(step.action, deadline_text(rule), citation))
    return steps


def _may_apply(rule: Rule, case: Case, listed: Listed) -> bool:
    return in_scope(rule, case) is not False and tests_hold(rule, case, listed) is not False


def _clocks(decision: _Decision) -> tuple[Rule, ...]:
    """Rules whose clocks run in this case; an unconfirmed one is marked as that when told."""
    leads = [rule for rule, applies in decision.context if applies]
    return tuple(rule for rule in _in_order((*decision.applying, *leads)) if rule.deadlines)


def _situation(only_if: str, draft: Determination) -> bool:
    case = draft.case
    match only_if:
        case "source_helps":
            approved = dict(draft.by_source)[IngredientSource.APPROVED_PRODUCT]
            return _better(approved, draft.verdict)
        case "source_unknown":
            return len(case.sources) < len(case.medication.active_ingredients)
        case _:
            return case.compendium is None


def _better(one: Verdict, other: Verdict) -> bool:
    """Is ``one`` surely the better answer? Not knowing is neither better nor worse."""
    if Verdict.UNKNOWN in (one, other):
        return False
    return STRICTNESS[one] < STRICTNESS[other]
