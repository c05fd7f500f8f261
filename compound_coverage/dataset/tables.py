"""Reads and writes the CSV tables, and names every fault by file, row and column."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from compound_coverage.dataset.folder import FolderError, place_of, read_whole
from compound_coverage.dataset.schema import TABLES, Row

Tables = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the dataset. ``row`` counts as a spreadsheet does: the header is 1."""

    file: str
    row: int | None
    column: str
    message: str

    def __str__(self) -> str:
        where = self.file
        if self.row is not None:
            where += f", row {self.row}"
        if self.column:
            where += f", column {self.column}"
        return f"{where}: {self.message}"


class DatasetError(ValueError):
    """The dataset can't be used. ``faults`` names every fault found; the text names the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        more = len(self.faults) - 1
        rest = f" ({more} more: run 'data validate')" if more else ""
        super().__init__(f"{self.faults[0]}{rest}")


def columns_of(model: type[Row]) -> list[str]:
    """Column names of a table, in file order."""
    return list(model.model_fields)


def later_columns(model: type[Row]) -> frozenset[str]:
    """Columns that came after the first release."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if not field.is_required())


def key_of(row: Row) -> tuple[str, ...]:
    """The cells that identify a row; also the canonical sort order."""
    return tuple(str(getattr(row, column)) for column in row.KEY)


def read_tables(directory: Path) -> tuple[Tables, list[Fault]]:
    """Reads every table of ``directory``.

    Returns the rows that could be understood, by file name, and the faults of all that could
    not. Raises nothing: a missing folder or file is a fault like any other. A folder of an older
    release is read too, its missing tables and columns as empty.
    """
    if not directory.is_dir():
        return {}, [Fault(str(directory), None, "", "there is no such dataset folder")]
    try:
        return read_whole(directory, lambda: _read_folder(directory))
    except FolderError as error:
        return {}, [Fault(str(directory), None, "", str(error))]


def _read_folder(directory: Path) -> tuple[Tables, list[Fault]]:
    tables: Tables = {}
    faults: list[Fault] = []
    for model in TABLES:
        path = place_of(directory, model.FILE)
        records, fault = _read_records(path)
        if fault and model.LATER and not path.exists():
            records, fault = [columns_of(model)], None
        if fault:
            tables[model.FILE], table_faults = [], [replace(fault, file=model.FILE)]
        else:
            tables[model.FILE], table_faults = parse_records(model, records)
        faults += table_faults
    return tables, faults


def parse_records(
    model: type[Row], records: Sequence[Sequence[str]]
) -> tuple[list[Row], list[Fault]]:
    """The rows of one table from its cells, the header first, and what is wrong with the others."""
    header, later = list(records[0]), later_columns(model)
    expected = columns_of(model)
    if header != [name for name in expected if name in header or name not in later]:
        return [], [Fault(model.FILE, 1, "", _header_message(header, expected))]
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, cells in enumerate(records[1:], start=2):
        row, row_faults = _parse_row(model, number, header, cells)
        faults += row_faults
        if row is not None:
            rows.append(row)
    return rows, faults


def _read_records(path: Path) -> tuple[list[list[str]], Fault | None]:
    # the csv module rather than pandas: it lets us say in which row the cells do not line up
    records: list[list[str]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            records.extend(csv.reader(stream, strict=True))
    except FileNotFoundError:
        return [], Fault("", None, "", "the file is missing")
    except OSError as error:
        return [], Fault("", None, "", f"the file can't be read ({error.strerror})")
    except UnicodeDecodeError:
        return [], Fault("", len(records) + 1, "", "it is not UTF-8; save the file as UTF-8")
    except csv.Error as error:
        return [], Fault("", len(records) + 1, "", f"a quotation mark is out of place ({error})")
    if not records:
        return [], Fault("", None, "", "the file is empty; it needs a header row")
    return records, None


def _header_message(found: Sequence[str], expected: Sequence[str]) -> str:
    missing = [name for name in expected if name not in found]
    twice = sorted({name for name in found if found.count(name) > 1})
    extra = [name for name in found if name not in expected]
    parts = []
    if missing:
        parts.append(f"columns missing: {', '.join(missing)}")
    if extra:
        parts.append(f"columns not known: {', '.join(extra)}")
    if twice:
        parts.append(f"columns there twice: {', '.join(twice)}")
    return "; ".join(parts) or f"columns must stand in this order: {', '.join(expected)}"


def _parse_row(
    model: type[Row], number: int, columns: Sequence[str], cells: Sequence[str]
) -> tuple[Row | None, list[Fault]]:
    if len(cells) != len(columns):
        message = f"the row has {len(cells)} cells; it needs {len(columns)}"
        return None, [Fault(model.FILE, number, "", message)]
    record = dict(zip(columns, cells, strict=True))
    untrimmed = [column for column, cell in record.items() if cell != cell.strip()]
    faults = [
        Fault(model.FILE, number, column, "remove the blanks at the start or end of the cell")
        for column in untrimmed
    ]
    try:
        row = model.model_validate(record)
    except ValidationError as error:
        return None, faults + faults_of(model, number, error)
    return row, faults


def faults_of(model: type[Row], number: int | None, error: ValidationError) -> list[Fault]:
    """What is wrong with a row that does not fit ``model``; ``number`` is its place, if any."""
    return [_fault_of(model, number, detail) for detail in error.errors()]


def _fault_of(model: type[Row], number: int | None, detail: Mapping[str, Any]) -> Fault:
    location = detail["loc"]
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not location:
        column, _, message = message.partition(": ")
        return Fault(model.FILE, number, column, message)
    assert isinstance(location, tuple)
    column = str(location[0])
    return Fault(model.FILE, number, column, _cell_message(model, column, detail, message))


def _cell_message(model: type[Row], column: str, detail: Mapping[str, Any], message: str) -> str:
    value = detail["input"]
    field = model.model_fields[column]
    meaning = f"{column} is: {field.description}"
    match detail["type"]:
        case "string_pattern_mismatch":
            example = f", such as {field.examples[0]}" if field.examples else ""
            return f"{value!r} does not have the right form{example} ({meaning})"
        case "string_too_short":
            return f"the cell is empty ({meaning})"
        case "literal_error" | "enum":
            context = detail.get("ctx")
            expected = context.get("expected", "") if isinstance(context, dict) else ""
            return f"{value!r} is not one of {expected}"
        case _:
            return f"{value!r}: {message}"


def table_bytes(model: type[Row], rows: Sequence[Row]) -> bytes:
    """One table as it stands in its file: canonical order, UTF-8, lines end in a newline."""
    frame = pd.DataFrame(
        [row.model_dump(mode="json") for row in sorted(rows, key=key_of)],
        columns=columns_of(model),
        dtype=str,
    )
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8")


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Puts ``data`` at ``path`` in one step, so that no reader ever sees half a file.

    ``mode`` is the file's permission bits. Raises OSError, leaving what was there as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
