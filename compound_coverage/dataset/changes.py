"""Changes to rows of the dataset: found between two sets of tables, and laid upon a third.

A change remembers the row it was made from, so that it is never laid over somebody else's work
unseen. A rule and a source are never taken out: a rule that has ended gets an end date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from compound_coverage.dataset.schema import TABLES, Row, RuleRow, SourceRow
from compound_coverage.dataset.tables import Fault, Tables, faults_of, key_of

Cells = Mapping[str, str]
MODELS: dict[str, type[Row]] = {model.FILE: model for model in TABLES}
NEVER_ERASED = frozenset({RuleRow.FILE, SourceRow.FILE})


class ChangeError(ValueError):
    """Changes that can't be laid upon the dataset. ``faults`` names each; the text the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(str(self.faults[0]))


@dataclass(frozen=True, slots=True)
class Change:
    """One row put in, changed or taken out. ``None`` means: no such row before, or after."""

    file: str
    before: Cells | None
    after: Cells | None

    @property
    def key(self) -> tuple[str, ...]:
        """The cells that name the row."""
        cells = self.after or self.before or {}
        return tuple(cells[column] for column in MODELS[self.file].KEY)

    @property
    def name(self) -> str:
        """The row as a person would point at it: ``rules.csv example-rule``."""
        return " ".join((self.file, *filter(None, self.key)))

    @property
    def columns(self) -> list[str]:
        """The columns whose cells differ, in the table's order."""
        before, after = self.before or {}, self.after or {}
        columns = MODELS[self.file].model_fields
        return [name for name in columns if before.get(name, "") != after.get(name, "")]

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON; ``change_of`` takes it back."""
        return {
            "file": self.file,
            "before": None if self.before is None else dict(self.before),
            "after": None if self.after is None else dict(self.after),
        }


def change_of(data: Mapping[str, Any]) -> Change:
    """The change that ``as_json`` wrote down. Raises ChangeError if it is none."""
    file, before, after = data.get("file"), data.get("before"), data.get("after")
    if file not in MODELS or (before is None and after is None):
        raise ChangeError([Fault(str(file)[:60], None, "", "this is no change to a table here")])
    for cells in (before, after):
        if cells is not None and set(cells) - set(MODELS[file].model_fields):
            raise ChangeError([Fault(file, None, "", "this change has columns nobody knows")])
    change = Change(file, _text_of(before), _text_of(after))
    if not all(set(MODELS[file].KEY) <= set(cells) for cells in (before, after) if cells):
        raise ChangeError([Fault(file, None, "", "this change does not name its row")])
    return change


def _text_of(cells: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if cells is None else {str(name): str(value) for name, value in cells.items()}


def cells_of(row: Row) -> dict[str, str]:
    """The cells of a row, as text."""
    return {name: str(value) for name, value in row.model_dump(mode="json").items()}


def diff(old: Tables, new: Tables) -> list[Change]:
    """Every row put in, changed or taken out from ``old`` to ``new``, in the tables' order."""
    return [change for model in TABLES for change in _diff(model, old, new)]


def _diff(model: type[Row], old: Tables, new: Tables) -> Iterator[Change]:
    before = {key_of(row): row for row in old[model.FILE]}
    after = {key_of(row): row for row in new[model.FILE]}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            yield Change(model.FILE, _cells_or_none(was), _cells_or_none(now))


def _cells_or_none(row: Row | None) -> dict[str, str] | None:
    return None if row is None else cells_of(row)


def apply(tables: Tables, changes: Iterable[Change]) -> Tables:
    """The tables with ``changes`` laid upon them; ``tables`` itself stays as it is.

    A change that already stands there is passed over. Raises ChangeError, naming each, if a row
    was changed by somebody else in the meantime, a row does not fit its table, or a rule or a
    source would be erased.
    """
    held = {file: {key_of(row): row for row in rows} for file, rows in tables.items()}
    faults: list[Fault] = []
    for change in changes:
        faults += _lay(held[change.file], change)
    if faults:
        raise ChangeError(faults)
    return {file: [rows[key] for key in sorted(rows)] for file, rows in held.items()}


def _lay(rows: dict[tuple[str, ...], Row], change: Change) -> list[Fault]:
    there = rows.get(change.key)
    now = None if there is None else cells_of(there)
    if now == _whole(change, change.after):
        return []
    if now != _whole(change, change.before):
        return [Fault(change.file, None, "", f"'{_named(change)}' {_meanwhile(change, now)}")]
    if change.after is None:
        if change.file in NEVER_ERASED:
            message = f"'{_named(change)}' can't be taken out; give a rule its last day instead"
            return [Fault(change.file, None, "", message)]
        del rows[change.key]
        return []
    model = MODELS[change.file]
    try:
        rows[change.key] = model.model_validate(change.after)
    except ValidationError as error:
        return faults_of(model, None, error)
    return []


def _whole(change: Change, cells: Cells | None) -> dict[str, str] | None:
    """Cells of a change written down before a column came are empty there."""
    if cells is None:
        return None
    return {name: cells.get(name, "") for name in MODELS[change.file].model_fields}


def _named(change: Change) -> str:
    return " ".join(filter(None, change.key))


def _meanwhile(change: Change, now: Cells | None) -> str:
    if now is None:
        return "was taken out in the meantime; look at it again"
    if change.before is None:
        return "is there already, with other words; choose another id or change that row"
    return "was changed by somebody else in the meantime; look at both and propose it anew"
