"""Puts a dataset folder into its canonical form."""

from __future__ import annotations

from pathlib import Path

from compound_coverage.dataset.package import write_descriptor
from compound_coverage.dataset.schema import TABLES
from compound_coverage.dataset.tables import DatasetError, read_tables, write_table


def format_dataset(directory: Path) -> None:
    """Rewrites each table in canonical order and the descriptor to match.

    Raises DatasetError, and writes nothing, if a row can't be understood.
    """
    tables, faults = read_tables(directory)
    if faults:
        raise DatasetError(faults)
    for model in TABLES:
        write_table(directory, model, tables[model.FILE])
    write_descriptor(directory)
