"""Checks that need more than one row: keys, references, order, and the truth rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from compound_coverage.dataset import schema
from compound_coverage.dataset.dates import first_day, last_day
from compound_coverage.dataset.folder import place_of
from compound_coverage.dataset.maintain import derived_files
from compound_coverage.dataset.schema import TABLES, Row
from compound_coverage.dataset.tables import Fault, Tables, key_of, read_tables
from compound_coverage.vocabulary import Basis, Effect, Fact, Level

R = TypeVar("R", bound=Row)


def validate(directory: Path, *, today: date | None = None) -> list[Fault]:
    """Every fault of the dataset in ``directory``, in file order. An empty list means clean."""
    tables, faults = read_tables(directory)
    if not tables:
        return faults
    faults += check_tables(tables, today or date.today())
    # order and descriptor are only worth naming once the rows themselves are sound
    return faults or [*_out_of_order(tables), *_stale(directory, tables)]


def check_tables(tables: Tables, today: date) -> list[Fault]:
    """Faults between rows. ``tables`` holds rows that each passed their own model."""
    return [
        *_duplicates(tables),
        *_broken_references(tables),
        *_source_faults(tables, today),
        *_rule_faults(tables),
        *_test_faults(tables),
        *_medication_faults(tables),
        *_change_faults(tables),
    ]


def rows_of(tables: Tables, model: type[R]) -> list[R]:
    """The rows of one table, typed."""
    return [row for row in tables[model.FILE] if isinstance(row, model)]


def _numbered(tables: Tables, model: type[R]) -> Iterator[tuple[int, R]]:
    return enumerate(rows_of(tables, model), start=2)


def _duplicates(tables: Tables) -> Iterator[Fault]:
    for model in TABLES:
        first: dict[tuple[str, ...], int] = {}
        for number, row in _numbered(tables, model):
            key = key_of(row)
            if key in first:
                named = " ".join(key)
                yield Fault(
                    model.FILE, number, model.KEY[0], f"{named!r} stands in row {first[key]} too"
                )
            first.setdefault(key, number)


def _broken_references(tables: Tables) -> Iterator[Fault]:
    for model in TABLES:
        for column, (file, target) in model.REFERENCES.items():
            known = {getattr(row, target) for row in tables[file]}
            for number, row in _numbered(tables, model):
                value = getattr(row, column)
                if value and value not in known:
                    yield Fault(model.FILE, number, column, f"{value!r} is not in {file}")


def _source_faults(tables: Tables, today: date) -> Iterator[Fault]:
    for number, source in _numbered(tables, schema.SourceRow):
        for column in ("last_checked", "document_date"):
            value = getattr(source, column)
            if value and first_day(value) > today:
                yield Fault(source.FILE, number, column, f"{value} lies in the future")


def _rule_faults(tables: Tables) -> Iterator[Fault]:
    sources = {row.source_id: row for row in rows_of(tables, schema.SourceRow)}
    payers = {row.payer_id: row for row in rows_of(tables, schema.PayerRow)}
    timed = {row.rule_id for row in rows_of(tables, schema.DeadlineRow)}
    limited = {row.rule_id for row in rows_of(tables, schema.LimitRow)}
    for number, rule in _numbered(tables, schema.RuleRow):

        def fault(column: str, message: str, number: int = number) -> Fault:
            return Fault(schema.RuleRow.FILE, number, column, message)

        source = sources.get(rule.source_id)
        if source and rule.basis != Basis.UNVERIFIED:
            if not source.last_checked:
                yield fault("basis", "nobody has read its source yet, so it must be unverified")
            if not source.url:
                yield fault("source_id", f"{rule.source_id!r} has no address to read it at")
        if _ends_before_start(rule.effective_from, rule.effective_to):
            yield fault("effective_to", "the rule ends before it starts")
        if rule.effect == Effect.SETS_DEADLINE and rule.rule_id not in timed:
            yield fault("effect", "sets_deadline needs a row in deadlines.csv")
        if rule.effect == Effect.LIMITS and rule.rule_id not in limited:
            yield fault("effect", "limits needs a row in limits.csv")
        payer = payers.get(rule.payer_id)
        if payer and (rule.level == Level.PBM) != (payer.kind == "pbm"):
            yield fault("level", f"level {rule.level} does not fit {payer.name} ({payer.kind})")


def _ends_before_start(start: str, end: str) -> bool:
    return bool(start and end and last_day(end) < first_day(start))


def _test_faults(tables: Tables) -> Iterator[Fault]:
    known = {
        Fact.INGREDIENT: {row.ingredient_id for row in rows_of(tables, schema.IngredientRow)},
        Fact.MEDICATION: {row.medication_id for row in rows_of(tables, schema.MedicationRow)},
        Fact.DOSAGE_FORM: {row.form for row in rows_of(tables, schema.MedicationRow)},
        Fact.ROUTE: {row.route for row in rows_of(tables, schema.MedicationRow)},
    }
    for number, test in _numbered(tables, schema.RuleTestRow):
        if test.fact in (Fact.INGREDIENT, Fact.MEDICATION):
            for value in test.values.split():
                if value not in known[test.fact]:
                    yield Fault(test.FILE, number, "values", f"{value!r} is no {test.fact} here")


def _medication_faults(tables: Tables) -> Iterator[Fault]:
    parts = defaultdict(list)
    for part in rows_of(tables, schema.MedicationIngredientRow):
        parts[part.medication_id].append(part.role)
    for number, medication in _numbered(tables, schema.MedicationRow):
        if "active" not in parts[medication.medication_id]:
            yield Fault(medication.FILE, number, "medication_id", "it has no active ingredient")


def _change_faults(tables: Tables) -> Iterator[Fault]:
    for number, change in _numbered(tables, schema.ChangeRow):
        if change.accepted_by and change.accepted_by == change.proposed_by:
            yield Fault(change.FILE, number, "accepted_by", "nobody accepts their own change")


def _out_of_order(tables: Tables) -> Iterator[Fault]:
    for model in TABLES:
        keys = [key_of(row) for row in tables[model.FILE]]
        for number, (before, after) in enumerate(pairwise(keys), start=3):
            if after < before:
                message = "rows are not in canonical order; run 'data format'"
                yield Fault(model.FILE, number, model.KEY[0], message)
                break


def _stale(directory: Path, tables: Tables) -> Iterator[Fault]:
    for name, content in derived_files(tables).items():
        path = place_of(directory, name)
        if not path.is_file() or path.read_bytes() != content:
            yield Fault(name, None, "", "it does not describe these tables; run 'data format'")
