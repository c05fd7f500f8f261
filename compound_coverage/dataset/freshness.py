"""How fresh each document and each rule is, and which documents are due to be read again.

Pure: the tables and the day in, dataclasses out. A document is read again every so many months,
by its grade or as its row says; at once if nobody has read it yet, or the last look found it moved
or gone. A rule that has ended needs no more reading.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from compound_coverage.dataset import schema
from compound_coverage.dataset.dates import (
    first_day,
    is_last_known,
    last_day,
    months_after,
    whole_months,
)
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.tables import Tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import say, say_many
from compound_coverage.vocabulary import Effect, Grade

CHECK_EVERY_MONTHS: dict[Grade, int] = {Grade.A: 12, Grade.B: 6, Grade.C: 6}

# What a rule can do that decides an answer; the other effects add to it or inform.
DECIDING = frozenset(
    {
        Effect.COVERS,
        Effect.COVERS_QUALIFYING_INGREDIENTS,
        Effect.EXCLUDES,
        Effect.EXCLUDES_WITH_EXCEPTION,
        Effect.REQUIRES_PRIOR_AUTHORIZATION,
    }
)


class Ending(Protocol):
    """What has, or may have, a last day: a rule, as a row or as the engine knows it."""

    @property
    def effective_to(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old something is, and when its document is to be read again.

    Ages are whole months; None: not known. ``next_due`` is None where no day was set: it is due
    at once (``due``), or, for a rule that has ended, never.
    """

    grade: Grade
    document_date: str
    last_checked: str
    months_since_dated: int | None
    months_since_checked: int | None
    status: str
    next_due: date | None
    due: bool
    last_known: bool
    ended: bool = False

    @property
    def words(self) -> str:
        """When it is to be read next, for a reader."""
        if self.ended:
            return "ended"
        if self.next_due is None:
            return "now"
        return self.next_due.isoformat()

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "grade": self.grade.value,
            "document_date": self.document_date,
            "last_checked": self.last_checked,
            "months_since_dated": self.months_since_dated,
            "months_since_checked": self.months_since_checked,
            "status": self.status,
            "next_due": self.next_due.isoformat() if self.next_due else None,
            "due": self.due,
            "last_known": self.last_known,
            "ended": self.ended,
        }


@dataclass(frozen=True, slots=True)
class Due:
    """A document somebody should read now, and what hangs on it.

    ``rules`` are the ids of the rules in force that rest on it, ``deciding`` how many of them can
    decide an answer, ``others`` how many rows of other tables cite it. ``lives`` is the largest
    published number of people one of its rules reaches; None where none is published.
    """

    source_id: str
    title: str
    publisher: str
    url: str
    freshness: Freshness
    why: str
    rules: tuple[str, ...]
    deciding: int
    others: int
    lives: int | None

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "source_id": self.source_id,
            "title": self.title,
            "publisher": self.publisher,
            "url": self.url,
            "why": self.why,
            "rules": list(self.rules),
            "deciding": self.deciding,
            "others": self.others,
            "lives": self.lives,
            **self.freshness.as_json(),
        }


def interval_of(source: schema.SourceRow) -> int:
    """How many months may pass before this document is read again."""
    return int(source.check_every_months or CHECK_EVERY_MONTHS[source.grade])


def of_source(source: schema.SourceRow, on: date) -> Freshness:
    """How fresh a document is on a day."""
    next_due = None
    if source.last_checked and not source.status:
        next_due = months_after(first_day(source.last_checked), interval_of(source))
    return Freshness(
        grade=source.grade,
        document_date=source.document_date,
        last_checked=source.last_checked,
        months_since_dated=_age(source.document_date, on),
        months_since_checked=_age(source.last_checked, on),
        status=source.status,
        next_due=next_due,
        due=next_due is None or next_due <= on,
        last_known=is_last_known(on, source.last_checked, source.document_date),
    )


def of_rule(rule: Ending, source: schema.SourceRow, on: date) -> Freshness:
    """How fresh a rule is on a day: as its document is, unless it has ended."""
    fresh = of_source(source, on)
    return replace(fresh, next_due=None, due=False, ended=True) if has_ended(rule, on) else fresh


def of_rule_id(dataset: Dataset, rule_id: str, on: date) -> Freshness | None:
    """How fresh the rule with this id is; None if it is no rule of the dataset's own.

    Facts from an imported drug list are such: their release says how old they are.
    """
    rule, source = dataset.rules_by_id.get(rule_id), dataset.documents.get(rule_id)
    return None if rule is None or source is None else of_rule(rule, source, on)


def of_rules(tables: Tables, on: date) -> dict[str, Freshness]:
    """How fresh each rule is, by its id."""
    sources = {row.source_id: row for row in rows_of(tables, schema.SourceRow)}
    return {
        rule.rule_id: of_rule(rule, sources[rule.source_id], on)
        for rule in rows_of(tables, schema.RuleRow)
    }


def has_ended(rule: Ending, on: date) -> bool:
    """Is the rule's last day past?"""
    return bool(rule.effective_to) and last_day(rule.effective_to) < on


def why_due(fresh: Freshness, source: schema.SourceRow) -> str:
    """Why this document is to be read now, in the language spoken; empty if it is not."""
    if not fresh.due:
        return ""
    if source.status == "gone":
        return f"{say('It is gone from its address.')} {_sentence(source.status_note)}"
    if source.status == "moved":
        return f"{say('It has moved.')} {_sentence(source.status_note)}"
    if not source.last_checked:
        return say("Nobody has read it yet.")
    return say_many(
        "It was last read on {checked} and is read every month: it has been due since {due}.",
        "It was last read on {checked} and is read every {count} months: "
        "it has been due since {due}.",
        interval_of(source),
        checked=source.last_checked,
        due=fresh.words,
    )


def _sentence(note: str) -> str:
    return note if note.endswith((".", "!", "?")) else f"{note}."


def _age(loose: str, on: date) -> int | None:
    return whole_months(last_day(loose), on) if loose else None


# -- the queue ---------------------------------------------------------------------------------


def due(tables: Tables, today: date) -> list[Due]:
    """The documents to read now, what matters most first.

    Those that are gone, moved or never read come before those whose day has passed; then those
    with more rules that decide, with more rules, with more people; then the longest overdue.
    A document on which nothing in force rests any more is left out, unless it is gone or moved:
    then its row is wrong.
    """
    live = _live_rules(tables, today)
    others = _other_citations(tables)
    reach = Reach(tables)
    queue = []
    for source in rows_of(tables, schema.SourceRow):
        fresh = of_source(source, today)
        rules, cited = live[source.source_id], others[source.source_id]
        if fresh.due and (rules or cited or source.status):
            queue.append(_due(source, fresh, rules, cited, reach))
    return sorted(queue, key=_what_matters)


def _due(
    source: schema.SourceRow,
    fresh: Freshness,
    rules: Sequence[schema.RuleRow],
    others: int,
    reach: Reach,
) -> Due:
    known = [lives for lives in map(reach.lives_of, rules) if lives is not None]
    return Due(
        source_id=source.source_id,
        title=source.title,
        publisher=source.publisher,
        url=source.url,
        freshness=fresh,
        why=why_due(fresh, source),
        rules=tuple(rule.rule_id for rule in rules),
        deciding=sum(rule.effect in DECIDING for rule in rules),
        others=others,
        lives=max(known, default=None),
    )


def _what_matters(one: Due) -> tuple[bool, int, int, int, date, str]:
    return (
        one.freshness.next_due is not None,
        -one.deciding,
        -len(one.rules),
        -(one.lives or 0),
        one.freshness.next_due or date.min,
        one.source_id,
    )


def _live_rules(tables: Tables, today: date) -> Mapping[str, list[schema.RuleRow]]:
    found: defaultdict[str, list[schema.RuleRow]] = defaultdict(list)
    for rule in sorted(rows_of(tables, schema.RuleRow), key=lambda rule: rule.rule_id):
        if not has_ended(rule, today):
            found[rule.source_id].append(rule)
    return found


def _other_citations(tables: Tables) -> Mapping[str, int]:
    """How many rows other than rules cite each document."""
    found: defaultdict[str, int] = defaultdict(int)
    for model in schema.TABLES:
        if "source_id" in model.REFERENCES and model is not schema.RuleRow:
            for row in tables[model.FILE]:
                found[getattr(row, "source_id")] += 1  # noqa: B009 (each of these has one)
    return found


class Reach:
    """How many people a rule reaches, as far as anybody has published it."""

    def __init__(self, tables: Tables) -> None:
        self._rows = {
            (str(row.line_of_business), row.state, row.payer_id): int(row.lives)
            for row in rows_of(tables, schema.CoveredLivesRow)
        }
        self._payer_of_plan = {
            plan.plan_id: plan.payer_id for plan in rows_of(tables, schema.PlanRow)
        }

    def lives_of(self, rule: schema.RuleRow) -> int | None:
        """The largest published number of people in one kind of insurance the rule reaches.

        States of one kind are added up. None: no such number is published.
        """
        payer = rule.payer_id or self._payer_of_plan.get(rule.plan_id, "")
        known = [self._in_line(line, rule, payer) for line in rule.lines_of_business.split()]
        known += [self._rows.get(("", "", payer))] if payer and not rule.states else []
        return max((lives for lives in known if lives is not None), default=None)

    def _in_line(self, line: str, rule: schema.RuleRow, payer: str) -> int | None:
        states: Iterable[str] = rule.states.split() or [""]
        known = [self._rows[key] for s in states if (key := (line, s, payer)) in self._rows]
        return sum(known) if known else None
