"""Case files from a spreadsheet: one case a row, one fact a column, and safe cells on the way out.

A column is named after its place in the case file, ``patient.name``; the entries of a list are
numbered from 1, ``tried.1.drug``; a list of plain words is one cell with semicolons between.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from compound_coverage.letters.casefile import CaseFile
from compound_coverage.spreadsheet import LARGEST_FILE as LARGEST_FILE
from compound_coverage.spreadsheet import Cell, Kind, NewSheet, csv_lines, to_book, xlsx_sheets
from compound_coverage.spreadsheet import SheetError as SheetError
from compound_coverage.spreadsheet import safe_cell as safe_cell
from compound_coverage.spreadsheet import to_csv as to_csv

MOST_ROWS = 5_000
LONGEST_CELL = 20_000
LABEL = "label"
_NUMBERED = re.compile(r"\.([0-9]{1,3})(?=\.|$)")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One case of a sheet. ``number`` counts as the spreadsheet does: the header is 1.

    ``fault`` is one sentence if the row can't be a case; ``data`` is ready for ``load_case``.
    """

    number: int
    label: str
    data: Mapping[str, Any]
    fault: str = ""


# -- columns -----------------------------------------------------------------------------------


def columns_of(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each fact of a case file as its column and cell, in the file's order."""
    return list(_flat(data, ""))


def column_of(field: str) -> str:
    """The column of a place in the case file: ``tried[0].start`` is ``tried.1.start``."""
    return re.sub(r"\[([0-9]+)\]", lambda found: f".{int(found.group(1)) + 1}", field)


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}" if path else name)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for number, part in enumerate(value, start=1):
            yield from _flat(part, f"{path}.{number}")
    elif isinstance(value, (list, tuple)):
        yield path, "; ".join(map(str, value))
    else:
        yield path, str(value)


def known_columns() -> list[str]:
    """Every column a sheet may have; an entry of a list has a star for its number."""
    return [LABEL, *_fields_of(CaseFile, "")]


def _fields_of(model: type[BaseModel], path: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        part = _part_in(field.annotation)
        if part is None:
            yield here
        else:
            yield from _fields_of(part, f"{here}.*" if _is_list(field.annotation) else here)


def _is_list(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) is tuple


def _part_in(annotation: object) -> type[BaseModel] | None:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _lists_of_words() -> frozenset[str]:
    return frozenset(
        path
        for path in known_columns()
        if "*" not in path and path != LABEL and _is_list(_annotation(path))
    )


def _annotation(path: str) -> object:
    model: type[BaseModel] = CaseFile
    *parents, name = path.split(".")
    for parent in parents:
        part = _part_in(model.model_fields[parent].annotation)
        assert part is not None
        model = part
    return model.model_fields[name].annotation


# -- reading -----------------------------------------------------------------------------------


def read_sheet(data: bytes, name: str) -> list[SheetRow]:
    """The cases of a CSV or XLSX file, in its order; wholly empty rows are passed over.

    Raises SheetError with one sentence if the file as a whole can't be used: too large, not a
    sheet, no header, a column nobody knows, no case.
    """
    if name.lower().endswith(".xlsx"):
        lines = xlsx_sheets(data, MOST_ROWS, first_only=True)[0].lines
    else:
        lines = csv_lines(data, MOST_ROWS)
    named = lines[0].cells if lines and lines[0].number == 1 else []
    header = [cell.text.strip() for cell in named]
    _check_header(header)
    cases = [_case(line.number, header, line.cells) for line in lines[1:]]
    if not cases:
        raise SheetError("The sheet has no case; put one in each row under the header.")
    if len(cases) > MOST_ROWS:
        raise SheetError(f"The sheet has more than {MOST_ROWS:,} cases; split it into several.")
    return cases


def _check_header(header: Sequence[str]) -> None:
    if not header:
        raise SheetError("The sheet has no header; name the columns in its first row.")
    known = known_columns()
    for place, name in enumerate(header, start=1):
        if not name:
            raise SheetError(f"Column {place} has no name; name it, or take it out.")
        general = _NUMBERED.sub(".*", name)
        if general not in known:
            near = difflib.get_close_matches(general, known, n=1, cutoff=0.5)
            hint = f"perhaps '{near[0]}' is meant" if near else "see `batch --template`"
            raise SheetError(f"There is no column '{name[:60]}'; {hint}.")
        if header.index(name) != place - 1:
            raise SheetError(f"The column '{name[:60]}' is there twice; keep one.")


def _case(number: int, header: Sequence[str], cells: Sequence[Cell]) -> SheetRow:
    data: dict[str, Any] = {}
    label, fault = f"row-{number:04d}", ""
    lists = _lists_of_words()
    for name, cell in zip(header, cells, strict=False):
        text = cell.text.strip()
        if cell.kind is Kind.FORMULA:
            fault = f"column {name} holds a formula; paste its value instead"
        elif len(text) > LONGEST_CELL:
            fault = f"column {name} holds more than {LONGEST_CELL:,} characters; shorten it"
        elif name == LABEL and text:
            label = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:60] or label
        elif text:
            items = [item.strip() for item in text.split(";") if item.strip()]
            _put(data, name.split("."), items if name in lists else text)
    if any(cell.text.strip() for cell in cells[len(header) :]):
        fault = "it has cells to the right of the last named column; name the column"
    return SheetRow(number, label, _without_gaps(data), fault)


def _put(data: dict[str, Any], path: Sequence[str], value: object) -> None:
    *parents, name = path
    for parent in parents:
        data = data.setdefault(parent, {})
    data[name] = value


def _without_gaps(data: Mapping[str, Any]) -> dict[str, Any]:
    """Numbered entries as lists, in their order; a number left out leaves no empty entry."""
    return {name: _listed(value) for name, value in data.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(name.isdecimal() for name in value):
        return [_listed(value[name]) for name in sorted(value, key=int)]
    return _without_gaps(value)


# -- writing -----------------------------------------------------------------------------------


def to_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """An XLSX file whose cells are all text, so that none runs and no leading zero is lost."""
    return to_book([NewSheet("cases", [header, *rows])])
