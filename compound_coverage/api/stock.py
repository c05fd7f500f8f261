"""What the API answers from: one whole edition of the dataset at a time."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from compound_coverage.dataset.folder import stamp
from compound_coverage.dataset.load import Dataset
from compound_coverage.dataset.releases import release_zip
from compound_coverage.dataset.schema import ChangeRow, RuleRow, SourceRow
from compound_coverage.dataset.tables import DatasetError, Tables, read_tables
from compound_coverage.dataset.validate import rows_of
from compound_coverage.determination.published import PlanIndex
from compound_coverage.formulary.lookup import Formularies

_TRIES = 5


@dataclass(frozen=True)
class Edition:
    """The dataset, and the tables it was linked from."""

    dataset: Dataset
    tables: Tables

    @cached_property
    def zip(self) -> bytes:
        """The release as one file."""
        return release_zip(self.tables)

    @cached_property
    def sources(self) -> dict[str, SourceRow]:
        return {row.source_id: row for row in rows_of(self.tables, SourceRow)}

    @cached_property
    def rule_rows(self) -> dict[str, RuleRow]:
        return {row.rule_id: row for row in rows_of(self.tables, RuleRow)}

    @cached_property
    def rules_of_source(self) -> dict[str, list[str]]:
        """Id of a document -> ids of the rules that rest on it, sorted."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for rule_id, row in sorted(self.rule_rows.items()):
            found[row.source_id].append(rule_id)
        return found

    @cached_property
    def changes(self) -> list[ChangeRow]:
        """The newest release first, each release in its own order."""
        rows = sorted(rows_of(self.tables, ChangeRow), key=attrgetter("number"))
        return sorted(rows, key=attrgetter("release"), reverse=True)


class Stock:
    """Gives the edition in use, and what has been imported beside it.

    ``dataset`` returns the same object until the folder changes; ``plans`` the index of all plans
    for it, likewise kept by whoever gives it.
    """

    def __init__(
        self,
        dataset: Callable[[], Dataset],
        folder: Callable[[], Path],
        lists: Callable[[], AbstractContextManager[Formularies | None]],
        plans: Callable[[Dataset], PlanIndex],
    ) -> None:
        self.lists, self.plans = lists, plans
        self._dataset, self._folder = dataset, folder
        self._lock = threading.Lock()
        self._edition: Edition | None = None

    def edition(self) -> Edition:
        """The edition in use. Raises DatasetError if the dataset is broken just now."""
        dataset = self._dataset()
        with self._lock:
            kept = self._edition
            if kept is None or kept.dataset is not dataset:
                kept = self._edition = self._read()
            return kept

    def _read(self) -> Edition:
        for _ in range(_TRIES):
            before = stamp(self._folder())
            dataset = self._dataset()
            tables, faults = read_tables(self._folder())
            if faults:
                raise DatasetError(faults)
            if stamp(self._folder()) == before:
                break
        return Edition(dataset, tables)
