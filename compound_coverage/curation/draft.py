"""A rule as the form holds it, in words of the trade, and the changes to the tables it comes to.

A draft is plain text throughout, as typed; what is missing or wrong in it is for ``problems``.
A rule that stands in the dataset becomes a draft and comes back without any loss.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TypeVar

from compound_coverage.curation.proposals import laid_upon
from compound_coverage.dataset import schema
from compound_coverage.dataset.changes import Cells, Change, ChangeError, cells_of
from compound_coverage.dataset.load import Dataset, from_tables
from compound_coverage.dataset.search import STATES
from compound_coverage.dataset.tables import Fault, Tables, columns_of
from compound_coverage.dataset.validate import rows_of
from compound_coverage.language import say, to_say
from compound_coverage.vocabulary import (
    Basis,
    Comparison,
    Effect,
    Fact,
    Grade,
    Level,
    LineOfBusiness,
    Quantifier,
)

LONGEST_ID = 60
_TELLING_WORDS = 5
_LITTLE_WORDS = frozenset(
    {"a", "an", "and", "by", "for", "from", "in", "is", "it", "of", "on", "or", "the", "to", "with"}
)
_LINES = tuple(LineOfBusiness)

# What a rule does, as the end of its id.
_ENDINGS: dict[str, str] = {
    Effect.COVERS: "paid",
    Effect.COVERS_QUALIFYING_INGREDIENTS: "qualifying-paid",
    Effect.REQUIRES_PRIOR_AUTHORIZATION: "prior-authorization",
    Effect.REQUIRES: "required",
    Effect.EXCLUDES_WITH_EXCEPTION: "exception-only",
    Effect.EXCLUDES: "not-paid",
    Effect.LIMITS: "limit",
    Effect.OPENS_EXCEPTION: "exception-route",
    Effect.SETS_DEADLINE: "clock",
    Effect.INFORMS: "note",
}


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """The document: one the dataset has (``source_id``), or a new one.

    ``no_date``: the document gives itself none. ``last_checked`` is the day a person read it;
    ``sha256`` the fingerprint of the copy that was kept.
    """

    source_id: str = ""
    title: str = ""
    publisher: str = ""
    url: str = ""
    grade: str = ""
    document_date: str = ""
    no_date: bool = False
    last_checked: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class PayerDraft:
    """Who speaks: a payer the dataset has (``payer_id``), or a new one."""

    payer_id: str = ""
    name: str = ""
    kind: str = ""
    other_names: str = ""

    @property
    def is_new(self) -> bool:
        return not self.payer_id and bool(self.name.strip())


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan entry that people can pick from now on; it belongs to the draft's payer."""

    name: str = ""
    line: str = ""
    states: tuple[str, ...] = ()
    note: str = ""
    other_names: str = ""
    pbm_id: str = ""


@dataclass(frozen=True, slots=True)
class TestDraft:
    """One thing the rule looks at. ``values``: alternatives, one match is enough."""

    who: str = Quantifier.ANY.value
    fact: str = Fact.INGREDIENT_SOURCE.value
    comparison: str = Comparison.IS.value
    values: tuple[str, ...] = ()

    __test__ = False  # keeps pytest from collecting a class of this name


@dataclass(frozen=True, slots=True)
class LimitDraft:
    kind: str = ""
    amount: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class DeadlineDraft:
    stage: str = ""
    actor: str = "plan"
    urgency: str = "standard"
    amount: str = ""
    unit: str = "calendar_days"
    counted_from: str = ""
    anchor: str = "request_received"
    receipt_presumed_days: str = ""
    ceiling: str = ""


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """All that the form holds. ``rule_id``: the rule that is changed; empty for a new one.

    At plan level the rule is about ``plan_id``, or about the first of ``plans`` if that is empty.
    """

    rule_id: str = ""
    source: SourceDraft = SourceDraft()
    section: str = ""
    page: str = ""
    passage: str = ""
    level: str = ""
    payer: PayerDraft = PayerDraft()
    plan_id: str = ""
    plans: tuple[PlanDraft, ...] = ()
    lines: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    effective_from: str = ""
    effective_to: str = ""
    effect: str = ""
    binding: bool = False
    basis: str = Basis.STATED.value
    tests: tuple[TestDraft, ...] = ()
    limits: tuple[LimitDraft, ...] = ()
    deadlines: tuple[DeadlineDraft, ...] = ()
    summary: str = ""
    condition: str = ""
    reference: str = ""


# -- from the dataset --------------------------------------------------------------------------


def draft_of(rule_id: str, tables: Tables) -> RuleDraft:
    """A rule of the dataset as a draft. Raises KeyError if there is none."""
    rule = next((r for r in rows_of(tables, schema.RuleRow) if r.rule_id == rule_id), None)
    if rule is None:
        raise KeyError(rule_id)
    return RuleDraft(
        rule_id=rule_id,
        source=SourceDraft(source_id=rule.source_id),
        section=rule.section,
        page=rule.page,
        passage=rule.passage,
        level=rule.level.value,
        payer=PayerDraft(payer_id=rule.payer_id),
        plan_id=rule.plan_id,
        lines=tuple(rule.lines_of_business.split()),
        states=tuple(rule.states.split()),
        effective_from=rule.effective_from,
        effective_to=rule.effective_to,
        effect=rule.effect.value,
        binding=rule.binding == "yes",
        basis=rule.basis.value,
        tests=tuple(
            TestDraft(t.who.value, t.fact.value, t.comparison.value, tuple(t.values.split()))
            for t in _of_rule(tables, schema.RuleTestRow, rule_id)
        ),
        limits=tuple(
            LimitDraft(limit.kind, limit.amount, limit.unit)
            for limit in _of_rule(tables, schema.LimitRow, rule_id)
        ),
        deadlines=tuple(
            DeadlineDraft(**{f.name: getattr(clock, f.name) for f in fields(DeadlineDraft)})
            for clock in _of_rule(tables, schema.DeadlineRow, rule_id)
        ),
        summary=rule.summary,
        condition=rule.condition,
        reference=rule.reference,
    )


def draft_from(changes: Sequence[Change], tables: Tables) -> RuleDraft:
    """The draft that came to ``changes`` when it was proposed, to be worked on again.

    Raises ChangeError if they can't be laid upon ``tables``, or are not about exactly one rule.
    """
    rules = {change.key[0] for change in changes if change.file in _OF_A_RULE}
    if len(rules) != 1:
        told = say("it is not about exactly one rule")
        raise ChangeError([Fault(say("The proposal"), None, "", told)])
    changed = laid_upon(tables, changes)
    draft = draft_of(rules.pop(), changed)
    if _row(tables, schema.RuleRow, draft.rule_id) is None:
        draft = replace(draft, rule_id="")
    plans = tuple(
        PlanDraft(
            name=change.after["name"],
            line=change.after["line_of_business"],
            states=tuple(change.after["states"].split()),
            note=change.after["note"],
            other_names=change.after["other_names"],
            pbm_id=change.after["pbm_id"],
        )
        for change in changes
        if change.file == schema.PlanRow.FILE and change.after
    )
    owners = {c.after["payer_id"] for c in changes if c.file == schema.PlanRow.FILE and c.after}
    payer_id = draft.payer.payer_id or next(iter(owners), "")
    new_plan = _row(tables, schema.PlanRow, draft.plan_id) is None
    return replace(
        draft,
        source=_source_again(draft.source.source_id, tables, changed),
        payer=_payer_again(payer_id, tables, changed),
        plans=plans,
        plan_id="" if new_plan else draft.plan_id,
    )


_OF_A_RULE = frozenset(
    {schema.RuleRow.FILE, schema.RuleTestRow.FILE, schema.LimitRow.FILE, schema.DeadlineRow.FILE}
)


def _source_again(source_id: str, tables: Tables, changed: Tables) -> SourceDraft:
    was, now = (_row(rows, schema.SourceRow, source_id) for rows in (tables, changed))
    assert now is not None, "a rule laid upon the tables has its document"
    if was is not None:
        told = {name: getattr(now, name) for name in ("last_checked", "sha256")}
        return SourceDraft(source_id, **{k: v for k, v in told.items() if v != getattr(was, k)})
    return SourceDraft(
        title=now.title,
        publisher=now.publisher,
        url=now.url,
        grade=now.grade.value,
        document_date=now.document_date,
        no_date=not now.document_date,
        last_checked=now.last_checked,
        sha256=now.sha256,
    )


def _payer_again(payer_id: str, tables: Tables, changed: Tables) -> PayerDraft:
    now = _row(changed, schema.PayerRow, payer_id)
    if now is None or _row(tables, schema.PayerRow, payer_id) is not None:
        return PayerDraft(payer_id)
    return PayerDraft(name=now.name, kind=now.kind, other_names=now.other_names)


OfRule = TypeVar("OfRule", schema.RuleTestRow, schema.LimitRow, schema.DeadlineRow)


def _of_rule(tables: Tables, model: type[OfRule], rule_id: str) -> list[OfRule]:
    return [row for row in rows_of(tables, model) if row.rule_id == rule_id]


# -- to changes --------------------------------------------------------------------------------


def changes_of(draft: RuleDraft, tables: Tables, today: date) -> list[Change]:
    """The rows that the draft puts in, changes or takes out; empty if it changes nothing.

    New rows get ids made from names. A new document without a day of reading was read ``today``
    unless the rule is not confirmed.
    """
    named = _Names(draft, tables)
    rule_id = draft.rule_id or named.rule_id
    rule = _row(tables, schema.RuleRow, rule_id)
    changes = [
        *_source_changes(draft, tables, named, today),
        *_payer_changes(draft, named),
        *_plan_changes(named),
        *_changed(schema.RuleRow, [rule] if rule else [], [_rule_cells(draft, rule, named)]),
        *_row_changes(schema.RuleTestRow, draft.tests, rule_id, tables, _test_cells),
        *_row_changes(schema.DeadlineRow, draft.deadlines, rule_id, tables, _plain_cells),
        *_row_changes(schema.LimitRow, draft.limits, rule_id, tables, _plain_cells),
    ]
    order = [model.FILE for model in schema.TABLES]
    return sorted(changes, key=lambda change: (order.index(change.file), change.key))


def end_of(rule_id: str, last_day: str, tables: Tables) -> list[Change]:
    """The change that ends a rule on ``last_day``, a year, month or day. Raises KeyError."""
    row = _row(tables, schema.RuleRow, rule_id)
    if row is None:
        raise KeyError(rule_id)
    before = cells_of(row)
    return [Change(schema.RuleRow.FILE, before, before | {"effective_to": last_day.strip()})]


def new_rule_id(draft: RuleDraft, tables: Tables) -> str:
    """The id the draft's rule has, or will get."""
    return draft.rule_id or _Names(draft, tables).rule_id


def _source_changes(
    draft: RuleDraft, tables: Tables, named: _Names, today: date
) -> Iterator[Change]:
    source = draft.source
    row = _row(tables, schema.SourceRow, source.source_id) if source.source_id else None
    if row is not None:
        before = cells_of(row)
        told = {"last_checked": source.last_checked, "sha256": source.sha256}
        # what the form does not say stays as it is
        yield from _change(schema.SourceRow, before, before | {k: v for k, v in told.items() if v})
    elif not source.source_id:
        unread = draft.basis == Basis.UNVERIFIED.value
        cells = {
            "source_id": named.source_id,
            "title": tidy(source.title),
            "publisher": tidy(source.publisher),
            "url": source.url.strip(),
            "grade": source.grade,
            "document_date": "" if source.no_date else source.document_date.strip(),
            "last_checked": source.last_checked or ("" if unread else today.isoformat()),
            "sha256": source.sha256,
        }
        yield from _change(schema.SourceRow, None, cells)


def _payer_changes(draft: RuleDraft, named: _Names) -> Iterator[Change]:
    if draft.payer.is_new and speaks_for_payer(draft.level):
        cells = {
            "payer_id": named.payer_id,
            "name": tidy(draft.payer.name),
            "kind": draft.payer.kind,
            "other_names": tidy(draft.payer.other_names),
        }
        yield from _change(schema.PayerRow, None, cells)


def _plan_changes(named: _Names) -> Iterator[Change]:
    for plan_id, plan in named.plans:
        cells = {
            "plan_id": plan_id,
            "name": tidy(plan.name),
            "payer_id": named.payer_id,
            "pbm_id": plan.pbm_id,
            "line_of_business": plan.line,
            "states": " ".join(sorted(plan.states)),
            "other_names": tidy(plan.other_names),
            "note": tidy(plan.note),
        }
        yield from _change(schema.PlanRow, None, cells)


def _rule_cells(draft: RuleDraft, row: schema.RuleRow | None, named: _Names) -> dict[str, str]:
    before = cells_of(row) if row else {}
    at_payer = draft.level in (Level.PAYER.value, Level.PBM.value)
    at_plan = draft.level == Level.PLAN.value
    return {
        "rule_id": draft.rule_id or named.rule_id,
        "level": draft.level,
        "payer_id": named.payer_id if at_payer else "",
        "plan_id": named.plan_id if at_plan else "",
        "lines_of_business": _set_cell(before.get("lines_of_business", ""), draft.lines, _place),
        "states": _set_cell(before.get("states", ""), draft.states, str),
        "effective_from": draft.effective_from.strip(),
        "effective_to": draft.effective_to.strip(),
        "effect": draft.effect,
        "binding": "yes" if draft.binding and not speaks_for_payer(draft.level) else "no",
        "basis": draft.basis,
        "summary": tidy(draft.summary),
        "condition": tidy(draft.condition),
        "source_id": named.source_id,
        "section": tidy(draft.section),
        "reference": draft.reference,
        "page": draft.page.strip(),
        "passage": tidy(draft.passage),
    }


def _place(line: str) -> int:
    return [known.value for known in _LINES].index(line) if line in set(_LINES) else len(_LINES)


def _set_cell(before: str, values: Collection[str], order: Callable[[str], object]) -> str:
    """Values in order; a cell that holds the same values already stays letter for letter."""
    if set(before.split()) == set(values):
        return before
    return " ".join(sorted(values, key=order))  # type: ignore[arg-type]


def _test_cells(test: TestDraft, rows: Sequence[schema.Row]) -> dict[str, str]:
    same = [
        str(row.values)
        for row in rows
        if isinstance(row, schema.RuleTestRow)
        and (row.who, row.fact, row.comparison) == (test.who, test.fact, test.comparison)
        and set(row.values.split()) == set(test.values)
    ]
    values = same[0] if same else " ".join(dict.fromkeys(test.values))
    return {"who": test.who, "fact": test.fact, "comparison": test.comparison, "values": values}


def _plain_cells(part: LimitDraft | DeadlineDraft, _: Sequence[schema.Row]) -> dict[str, str]:
    return {field.name: tidy(getattr(part, field.name)) for field in fields(part)}


Part = TypeVar("Part", TestDraft, LimitDraft, DeadlineDraft)


def _row_changes(
    model: type[OfRule],
    parts: Sequence[Part],
    rule_id: str,
    tables: Tables,
    cells: Callable[[Part, Sequence[schema.Row]], dict[str, str]],
) -> Iterator[Change]:
    before = _of_rule(tables, model, rule_id)
    after = [{"rule_id": rule_id} | cells(part, before) for part in parts]
    yield from _changed(model, before, after)


def _changed(
    model: type[schema.Row], before: Sequence[schema.Row], after: Sequence[dict[str, str]]
) -> Iterator[Change]:
    """What differs between the rows there and the cells wanted."""
    old = {key_in(cells_of(row), model): cells_of(row) for row in before}
    new = {key_in(cells, model): cells for cells in after}
    for key in {**old, **new}:
        yield from _change(model, old.get(key), new.get(key))


def _change(model: type[schema.Row], before: Cells | None, after: Cells | None) -> Iterator[Change]:
    whole = None if after is None else {name: after.get(name, "") for name in columns_of(model)}
    if before != whole:
        yield Change(model.FILE, before, whole)


def key_in(cells: Mapping[str, str], model: type[schema.Row]) -> tuple[str, ...]:
    """The cells that name a row of ``model``."""
    return tuple(cells.get(column, "") for column in model.KEY)


R = TypeVar("R", bound=schema.Row)


def _row(tables: Tables, model: type[R], key: str) -> R | None:
    """The row with this id, of a table that one column identifies."""
    return next((r for r in rows_of(tables, model) if getattr(r, model.KEY[0]) == key), None)


def tidy(text: str) -> str:
    """Text as one line without blanks at its ends."""
    return " ".join(text.split())


def speaks_for_payer(level: str) -> bool:
    """Does a rule of this level belong to a payer, directly or through its plan?"""
    return level in {Level.PAYER.value, Level.PBM.value, Level.PLAN.value}


# -- names -------------------------------------------------------------------------------------


class _Names:
    """The ids a draft uses: those that are there, and new ones made from names."""

    def __init__(self, draft: RuleDraft, tables: Tables) -> None:
        self.source_id = draft.source.source_id or _unused(
            _source_name(draft.source), (row.source_id for row in rows_of(tables, schema.SourceRow))
        )
        self.payer_id = draft.payer.payer_id
        if draft.payer.is_new:
            taken = (row.payer_id for row in rows_of(tables, schema.PayerRow))
            self.payer_id = _unused(slug(draft.payer.name) or "payer", taken)
        self.plans = self._plans(draft, tables)
        self.plan_id = draft.plan_id or (self.plans[0][0] if self.plans else "")
        self.rule_id = draft.rule_id or _unused(
            self._rule_name(draft), (row.rule_id for row in rows_of(tables, schema.RuleRow))
        )

    def _plans(self, draft: RuleDraft, tables: Tables) -> list[tuple[str, PlanDraft]]:
        if not speaks_for_payer(draft.level):
            return []
        taken = {row.plan_id for row in rows_of(tables, schema.PlanRow)}
        found = []
        for plan in draft.plans:
            where = plan.states[0] if len(plan.states) == 1 else ""
            plan_id = _unused(slug(f"{self.payer_id} {plan.line} {where}"), taken)
            taken.add(plan_id)
            found.append((plan_id, plan))
        return found

    def _rule_name(self, draft: RuleDraft) -> str:
        owner = self.plan_id if draft.level == Level.PLAN.value else self.payer_id
        if not speaks_for_payer(draft.level):
            state = STATES.get(draft.states[0], "") if len(draft.states) == 1 else ""
            line = draft.lines[0] if len(draft.lines) == 1 else ""
            owner = f"{state} {line}".strip() or "federal"
        about = _subject(draft) or "compound"
        ending = _ENDINGS.get(draft.effect, "rule")
        room = LONGEST_ID - len(ending) - 1
        return f"{slug(f'{owner} {about}', room) or 'rule'}-{ending}"


def _subject(draft: RuleDraft) -> str:
    """What the rule is about, in a word or two: the value its first telling test looks for."""
    for test in draft.tests:
        if test.values and not set(test.values) & {"yes", "no"}:
            return " ".join(test.values[:2])
        return test.fact
    return ""


def _source_name(source: SourceDraft) -> str:
    words = [w for w in slug(source.title, 200).split("-") if w and w not in _LITTLE_WORDS]
    year = source.document_date.strip()[:4]
    told = [*words[:_TELLING_WORDS], *([year] if year and year not in words else [])]
    return slug(" ".join(told) or "document")


def slug(text: str, most: int = LONGEST_ID) -> str:
    """``text`` as an id: small letters, digits and single hyphens, at most ``most`` of them."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.casefold()).strip("-")[:most].strip("-")


def _unused(wanted: str, taken: Iterable[str]) -> str:
    """``wanted``, or with the next free number behind it."""
    used, wanted, number = set(taken), wanted or "unnamed", 1
    name = wanted
    while name in used:
        number += 1
        name = f"{wanted}-{number}"
    return name


# -- trying it out -----------------------------------------------------------------------------


_NO_TITLE = to_say("A document without a title yet")
_NO_PUBLISHER = to_say("not named yet")
_NO_SUMMARY = to_say("The sentence for patients is not written yet.")
_NO_CONDITION = to_say("The condition is not written yet.")


def trial(draft: RuleDraft, tables: Tables, today: date) -> tuple[str, Tables] | None:
    """The rule's id, and the tables as they would be if the draft stood there already.

    What is only words, and not written yet, is filled in, and tests without values are left out,
    so that the rule can be tried while it is typed. None while it is not known who speaks, whom
    it reaches and what it does, or where a cell can't be right.
    """
    found = _tried(draft, tables, today)
    return None if found is None else (found[0], found[2])


def trial_dataset(
    draft: RuleDraft, old: Dataset, tables: Tables, today: date
) -> tuple[str, Dataset] | None:
    """As ``trial``, but linked: the rule's id, and the dataset as it would be.

    ``old`` is what ``tables`` come to; only what the draft changes in it is linked anew.
    """
    found = _tried(draft, tables, today)
    if found is None:
        return None
    rule_id, changes, changed = found
    if any(change.file == schema.SourceRow.FILE and change.before for change in changes):
        return rule_id, from_tables(changed)  # other rules may rest on the same document
    part = from_tables(_of_the_rule(rule_id, changed, changes))
    rules = [rule for rule in old.rules if rule.rule_id != rule_id]
    return rule_id, replace(
        old,
        payers={**old.payers, **part.payers},
        plans={**old.plans, **part.plans},
        rules=tuple(sorted([*rules, *part.rules], key=lambda rule: rule.rule_id)),
        documents={**old.documents, **part.documents},
    )


def _tried(
    draft: RuleDraft, tables: Tables, today: date
) -> tuple[str, list[Change], Tables] | None:
    whole = _filled(draft)
    if unknown_ids(draft, tables):
        return None
    changes = changes_of(whole, tables, today)
    try:
        return new_rule_id(whole, tables), changes, laid_upon(tables, changes)
    except ChangeError:
        return None


def _of_the_rule(rule_id: str, changed: Tables, changes: Sequence[Change]) -> Tables:
    """The rows of one rule, its document, and the payers and plans that came with it."""
    rule = _row(changed, schema.RuleRow, rule_id)
    assert rule is not None, "a draft that was laid upon the tables stands there"
    source = _row(changed, schema.SourceRow, rule.source_id)
    new = {change.key[0] for change in changes if change.file == schema.PlanRow.FILE}
    plans = [row for row in rows_of(changed, schema.PlanRow) if row.plan_id in new]
    owners = {plan.payer_id for plan in plans} | {
        change.key[0] for change in changes if change.file == schema.PayerRow.FILE
    }
    return {model.FILE: [] for model in schema.TABLES} | {
        schema.SourceRow.FILE: [source] if source else [],
        schema.PayerRow.FILE: [
            row for row in rows_of(changed, schema.PayerRow) if row.payer_id in owners
        ],
        schema.PlanRow.FILE: [*plans],
        schema.RuleRow.FILE: [rule],
        schema.RuleTestRow.FILE: [*_of_rule(changed, schema.RuleTestRow, rule_id)],
        schema.DeadlineRow.FILE: [*_of_rule(changed, schema.DeadlineRow, rule_id)],
        schema.LimitRow.FILE: [*_of_rule(changed, schema.LimitRow, rule_id)],
    }


def unknown_ids(draft: RuleDraft, tables: Tables) -> list[str]:
    """Ids of documents, payers and plans that the draft names and the dataset does not have."""
    named: list[tuple[type[schema.Row], str]] = [
        (schema.SourceRow, draft.source.source_id),
        (schema.PayerRow, draft.payer.payer_id),
        (schema.PlanRow, draft.plan_id),
        *((schema.PayerRow, plan.pbm_id) for plan in draft.plans),
    ]
    return [key for model, key in named if key and _row(tables, model, key) is None]


def _filled(draft: RuleDraft) -> RuleDraft:
    source = draft.source
    if not source.source_id:
        source = replace(
            source,
            title=source.title.strip() or _NO_TITLE,
            publisher=source.publisher.strip() or _NO_PUBLISHER,
            grade=source.grade or Grade.C.value,
        )
    return replace(
        draft,
        source=source,
        summary=draft.summary.strip() or _NO_SUMMARY,
        condition=draft.condition.strip() or _placeholder(draft.effect),
        tests=tuple(test for test in draft.tests if test.values),
        limits=tuple(limit for limit in draft.limits if limit.kind and limit.amount.strip()),
        deadlines=tuple(
            clock
            for clock in draft.deadlines
            if clock.stage and clock.amount.strip() and clock.counted_from.strip()
        ),
        plans=tuple(plan for plan in draft.plans if plan.line and plan.name.strip()),
    )


def _placeholder(effect: str) -> str:
    asks = {
        Effect.REQUIRES.value,
        Effect.REQUIRES_PRIOR_AUTHORIZATION.value,
        Effect.COVERS_QUALIFYING_INGREDIENTS.value,
    }
    return _NO_CONDITION if effect in asks else ""
