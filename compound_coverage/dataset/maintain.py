"""Writes a dataset folder in its canonical form."""

from __future__ import annotations

from pathlib import Path

from compound_coverage.dataset.folder import one_writer, place_of, write_whole
from compound_coverage.dataset.package import DESCRIPTOR, descriptor_bytes
from compound_coverage.dataset.releases import CHANGELOG, changelog_bytes, newest_release
from compound_coverage.dataset.schema import TABLES
from compound_coverage.dataset.tables import DatasetError, Tables, read_tables, table_bytes


def format_dataset(directory: Path) -> None:
    """Rewrites each table in canonical order, and what is derived from them.

    Raises DatasetError, and writes nothing, if a row can't be understood.
    """
    if not directory.is_dir():
        raise DatasetError(read_tables(directory)[1])
    with one_writer(directory):
        tables, faults = read_tables(directory)
        if faults:
            raise DatasetError(faults)
        write_dataset(directory, tables)


def write_dataset(directory: Path, tables: Tables) -> None:
    """Puts ``tables`` and what is derived from them in place, all or nothing.

    Call it within ``folder.one_writer``. Raises OSError.
    """
    files = dataset_files(tables)
    write_whole(
        directory,
        {name: content for name, content in files.items() if _differs(directory, name, content)},
    )


def dataset_files(tables: Tables) -> dict[str, bytes]:
    """Every file of the dataset by name, as these tables make them."""
    files = {model.FILE: table_bytes(model, tables[model.FILE]) for model in TABLES}
    return files | derived_files(tables)


def derived_files(tables: Tables) -> dict[str, bytes]:
    """The files that are written from the tables, by name."""
    return {
        DESCRIPTOR: descriptor_bytes(newest_release(tables)),
        CHANGELOG: changelog_bytes(tables),
    }


def _differs(directory: Path, name: str, content: bytes) -> bool:
    path = place_of(directory, name)
    return not path.is_file() or path.read_bytes() != content
