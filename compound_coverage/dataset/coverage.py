"""How much the dataset itself knows: for each payer, each state's Medicaid, each kind of insurance;
and what is wanted most next, by the number of people concerned.

Pure: the tables and the day in, dataclasses out. Only rules in force count. A rule decides if its
effect can decide an answer and it has been confirmed; silence is shown as silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf
from operator import attrgetter
from typing import Any

from compound_coverage.dataset import schema
from compound_coverage.dataset.freshness import DECIDING, Freshness, has_ended, of_rules
from compound_coverage.dataset.search import LINE_NAMES, STATES
from compound_coverage.dataset.tables import Tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import say, say_many
from compound_coverage.vocabulary import Basis, Grade, Level, LineOfBusiness

# Medicaid is run by the states and D.C.; the territories' numbers are not in the tables read here.
MEDICAID_STATES: dict[str, str] = {code: name for code, name in STATES.items() if code != "PR"}

# Ages in months: each group reaches up to, not including, its number.
AGES: dict[str, float] = {"under_6": 6, "under_12": 12, "under_24": 24, "older": inf, "unknown": 0}


def age_group(months: int | None) -> str:
    """Which of ``AGES`` an age in whole months belongs to; None: not known."""
    if months is None:
        return "unknown"
    return next(name for name, limit in AGES.items() if months < limit)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the dataset holds on something. Days are ISO texts, empty where there is none.

    ``stale`` counts last-known rules, ``unconfirmed`` those nobody has confirmed; ``firm`` those
    that decide and are neither. ``next_due`` is the earliest day a document is to be read again.
    """

    rules: int = 0
    deciding: int = 0
    firm: int = 0
    stale: int = 0
    unconfirmed: int = 0
    due: int = 0
    best_grade: Grade | None = None
    newest_check: str = ""
    oldest_check: str = ""
    next_due: date | None = None

    @property
    def share_stale(self) -> float:
        """Between 0 and 1; 0 where there is no rule."""
        return self.stale / self.rules if self.rules else 0.0

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "rules": self.rules,
            "deciding": self.deciding,
            "firm": self.firm,
            "stale": self.stale,
            "unconfirmed": self.unconfirmed,
            "due": self.due,
            "best_grade": self.best_grade.value if self.best_grade else None,
            "newest_check": self.newest_check,
            "oldest_check": self.oldest_check,
            "next_due": self.next_due.isoformat() if self.next_due else None,
        }


@dataclass(frozen=True, slots=True)
class OfPayer:
    payer_id: str
    name: str
    kind: str
    holding: Holding


@dataclass(frozen=True, slots=True)
class OfState:
    """What is known of one state's Medicaid: rules that name the state.

    ``program`` counts only rules for everybody in it; the rest belong to one payer there.
    """

    state: str
    name: str
    holding: Holding
    program: Holding

    @property
    def amount(self) -> str:
        """``decides``, ``some`` or ``none``."""
        if self.program.deciding:
            return "decides"
        return "some" if self.holding.rules else "none"


@dataclass(frozen=True, slots=True)
class OfLine:
    line: LineOfBusiness
    name: str
    holding: Holding
    lives: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something many people have, of which the dataset knows too little.

    ``lives`` is None, and ``source`` too, where no number is published.
    """

    name: str
    line: str
    state: str
    payer_id: str
    why: str
    lives: int | None = None
    as_of: str = ""
    section: str = ""
    source: schema.SourceRow | None = None

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        source = self.source
        return {
            "name": self.name,
            "line_of_business": self.line,
            "state": self.state,
            "payer_id": self.payer_id,
            "why": self.why,
            "lives": self.lives,
            "as_of": self.as_of,
            "section": self.section,
            "source_id": source.source_id if source else None,
            "url": source.url if source else None,
            "grade": source.grade.value if source else None,
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the dataset knows, on one day. ``ended`` counts rules whose last day is past.

    ``by_check`` and ``by_document`` count the rules by the age of the last reading and of the
    document: one number for each of ``AGES``.
    """

    whole: Holding
    ended: int
    payers: tuple[OfPayer, ...]
    states: tuple[OfState, ...]
    lines: tuple[OfLine, ...]
    wanted: tuple[Wanted, ...]
    by_check: Mapping[str, int]
    by_document: Mapping[str, int]

    @property
    def states_without(self) -> tuple[str, ...]:
        """States of whose Medicaid no rule is known, as two letters."""
        return tuple(one.state for one in self.states if not one.holding.rules)

    @property
    def states_known(self) -> int:
        """In how many states some Medicaid rule is known."""
        return len(self.states) - len(self.states_without)

    @property
    def payers_known(self) -> int:
        """Of how many payers some rule is known."""
        return sum(one.holding.rules > 0 for one in self.payers)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "whole": self.whole.as_json() | {"ended": self.ended},
            "payers": [
                {"payer_id": one.payer_id, "name": one.name, "kind": one.kind}
                | one.holding.as_json()
                for one in self.payers
            ],
            "medicaid": [
                {"state": one.state, "amount": one.amount, "program_rules": one.program.rules}
                | one.holding.as_json()
                for one in self.states
            ],
            "medicaid_unknown": list(self.states_without),
            "lines_of_business": [
                {"line_of_business": one.line.value, "lives": one.lives} | one.holding.as_json()
                for one in self.lines
            ],
            "wanted": [one.as_json() for one in self.wanted],
            "rules_by_age_of_reading": dict(self.by_check),
            "rules_by_age_of_document": dict(self.by_document),
        }


def coverage(tables: Tables, on: date) -> Coverage:
    """How much the dataset knows on a day. ``tables`` holds checked rows."""
    known = _Known(tables, on)
    return Coverage(
        whole=known.holding(known.rules),
        ended=len(rows_of(tables, schema.RuleRow)) - len(known.rules),
        payers=tuple(
            OfPayer(row.payer_id, row.name, row.kind, known.holding(known.of_payer(row.payer_id)))
            for row in sorted(known.payers.values(), key=lambda row: (row.name, row.payer_id))
        ),
        states=tuple(map(known.state, MEDICAID_STATES)),
        lines=tuple(map(known.line, LineOfBusiness)),
        wanted=tuple(known.wanted()),
        by_check=known.ages(attrgetter("months_since_checked")),
        by_document=known.ages(attrgetter("months_since_dated")),
    )


def wanted(tables: Tables, on: date) -> list[Wanted]:
    """What is wanted most: no rule that decides, or only last-known ones; most people first.

    Things of which no number of people is published stand last, by name, without one.
    """
    return list(_Known(tables, on).wanted())


class _Known:
    """The rules in force on a day, looked at from each side."""

    def __init__(self, tables: Tables, on: date) -> None:
        self._fresh = of_rules(tables, on)
        self.rules = [r for r in rows_of(tables, schema.RuleRow) if not has_ended(r, on)]
        self.payers = {row.payer_id: row for row in rows_of(tables, schema.PayerRow)}
        self._plans = rows_of(tables, schema.PlanRow)
        self._payer_of_plan = {plan.plan_id: plan.payer_id for plan in self._plans}
        self._sources = {row.source_id: row for row in rows_of(tables, schema.SourceRow)}
        self._lives = rows_of(tables, schema.CoveredLivesRow)

    def holding(self, rules: Sequence[schema.RuleRow]) -> Holding:
        """What these rules amount to."""
        fresh = [self._fresh[rule.rule_id] for rule in rules]
        checks = sorted(one.last_checked for one in fresh if one.last_checked)
        return Holding(
            rules=len(rules),
            deciding=sum(map(_decides, rules)),
            firm=sum(_decides(rule) and not self._is_stale(rule) for rule in rules),
            stale=sum(one.last_known for one in fresh),
            unconfirmed=sum(rule.basis == Basis.UNVERIFIED for rule in rules),
            due=sum(one.due for one in fresh),
            best_grade=min((one.grade for one in fresh if one.last_checked), default=None),
            newest_check=checks[-1] if checks else "",
            oldest_check=checks[0] if checks else "",
            next_due=_earliest(fresh),
        )

    def _is_stale(self, rule: schema.RuleRow) -> bool:
        return self._fresh[rule.rule_id].last_known

    def ages(self, months_of: Callable[[Freshness], int | None]) -> dict[str, int]:
        """How many rules are of each age, by what ``months_of`` says of one."""
        counts = dict.fromkeys(AGES, 0)
        for rule in self.rules:
            counts[age_group(months_of(self._fresh[rule.rule_id]))] += 1
        return counts

    # -- from each side ------------------------------------------------------------------------

    def of_payer(self, payer_id: str) -> list[schema.RuleRow]:
        """The payer's own rules; a government program's are those for its kind and states."""
        own = [rule for rule in self.rules if self._owner(rule) == payer_id]
        if self.payers[payer_id].kind != "government_program":
            return own
        plans = [plan for plan in self._plans if plan.payer_id == payer_id]
        return own + [
            rule for rule in self.rules if any(_is_program_rule(rule, plan) for plan in plans)
        ]

    def _owner(self, rule: schema.RuleRow) -> str:
        return rule.payer_id or self._payer_of_plan.get(rule.plan_id, "")

    def state(self, state: str) -> OfState:
        """What is known of one state's Medicaid."""
        rules = self._in_state(LineOfBusiness.MEDICAID, state)
        program = [rule for rule in rules if not self._owner(rule)]
        name = MEDICAID_STATES[state]
        return OfState(state, name, self.holding(rules), self.holding(program))

    def line(self, line: LineOfBusiness) -> OfLine:
        """What is known of one kind of insurance."""
        holding = self.holding(self._in_line(line))
        whole = next((r for r in self._lives if _scope(r) == (line.value, "", "")), None)
        return OfLine(line, LINE_NAMES[line], holding, int(whole.lives) if whole else None)

    def _in_line(self, line: str) -> list[schema.RuleRow]:
        return [rule for rule in self.rules if line in rule.lines_of_business.split()]

    # -- what is wanted ------------------------------------------------------------------------

    def wanted(self) -> list[Wanted]:
        """See ``wanted`` above."""
        numbered = {_scope(row): row for row in self._lives}
        unnumbered = [scope for scope in self._worth_asking() if scope not in numbered]
        found = [self._want(scope, numbered.get(scope)) for scope in (*numbered, *unnumbered)]
        return sorted(filter(None, found), key=_most_people_first)

    def _worth_asking(self) -> Iterable[tuple[str, str, str]]:
        """Kinds of insurance, states and payers one would like a number for."""
        yield from ((line.value, "", "") for line in LineOfBusiness)
        yield from ((LineOfBusiness.MEDICAID.value, state, "") for state in MEDICAID_STATES)
        counted = {row.payer_id for row in self._lives}
        for payer in self.payers.values():
            # a program's people are those of its kind of insurance and state
            if payer.kind != "government_program" and payer.payer_id not in counted:
                yield "", "", payer.payer_id

    def _want(
        self, scope: tuple[str, str, str], row: schema.CoveredLivesRow | None
    ) -> Wanted | None:
        line, state, payer_id = scope
        holding = self.holding(self._reaching(line, state, payer_id))
        why = _why_wanted(holding, partly=bool(state and self._in_state(line, state)))
        if not why:
            return None
        found = Wanted(self._name(line, state, payer_id), line, state, payer_id, why)
        if row is None:
            return found
        source = self._sources[row.source_id]
        return Wanted(
            found.name, line, state, payer_id, why, int(row.lives), row.as_of, row.section, source
        )

    def _reaching(self, line: str, state: str, payer_id: str) -> list[schema.RuleRow]:
        if payer_id:
            rules = self.of_payer(payer_id)
            rules = [rule for rule in rules if not line or line in rule.lines_of_business.split()]
            return [rule for rule in rules if not state or _names(rule, state)]
        if state:
            # one payer's rules do not speak for the whole state
            return [rule for rule in self._in_state(line, state) if not self._owner(rule)]
        return self._in_line(line) if line else self.rules

    def _in_state(self, line: str, state: str) -> list[schema.RuleRow]:
        rules = self._in_line(line) if line else self.rules
        return [rule for rule in rules if _names(rule, state)]

    def _name(self, line: str, state: str, payer_id: str) -> str:
        parts = [self.payers[payer_id].name if payer_id else ""]
        parts += [say(LINE_NAMES[LineOfBusiness(line)]) if line else ""]
        parts += [STATES.get(state, state)]
        return ", ".join(filter(None, parts))


def _decides(rule: schema.RuleRow) -> bool:
    return rule.effect in DECIDING and rule.basis != Basis.UNVERIFIED


def _names(rule: schema.RuleRow, state: str) -> bool:
    return state in rule.states.split()


def _is_program_rule(rule: schema.RuleRow, plan: schema.PlanRow) -> bool:
    if rule.level != Level.PROGRAM or rule.plan_id:
        return False
    if plan.line_of_business.value not in rule.lines_of_business.split():
        return False
    rule_states, plan_states = set(rule.states.split()), set(plan.states.split())
    return bool(rule_states & plan_states) if plan_states else not rule_states


def _scope(row: schema.CoveredLivesRow) -> tuple[str, str, str]:
    return str(row.line_of_business), row.state, row.payer_id


def _earliest(fresh: Sequence[Freshness]) -> date | None:
    return min((one.next_due for one in fresh if one.next_due), default=None)


def _why_wanted(holding: Holding, *, partly: bool) -> str:
    """Why more is wanted, in the language spoken; empty if a confirmed, fresh rule decides.

    ``partly``: some rules are known there, if only of single payers.
    """
    if not holding.rules:
        if partly:
            return say("We know only rules of single payers there.")
        return say("We know no rule.")
    if not holding.deciding:
        return say_many(
            "We know 1 rule, but none that decides.",
            "We know {count} rules, but none that decides.",
            holding.rules,
        )
    if not holding.firm:
        return say("Each rule that decides is a last known one, more than two years old.")
    return ""


def _most_people_first(one: Wanted) -> tuple[bool, int, str, str, str, str]:
    return one.lives is None, -(one.lives or 0), one.name, one.line, one.state, one.payer_id
