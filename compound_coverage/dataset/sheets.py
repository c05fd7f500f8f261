"""The tables as a workbook or a CSV sheet to edit, and what came back, checked before it counts.

A spreadsheet program makes dates of texts, numbers of codes, and more. What can be read only one
way is read so; whatever would be a guess is a fault that names its row and column. Nothing of an
upload is used while it has a fault.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar, get_type_hints

from openpyxl.utils import get_column_letter

from compound_coverage.dataset.changes import MODELS, NEVER_ERASED, Change, cells_of, diff
from compound_coverage.dataset.schema import (
    TABLES,
    ChangeRow,
    Day,
    LooseDate,
    NdcRow,
    RejectCodeRow,
    Row,
    RuleRow,
)
from compound_coverage.dataset.tables import Fault, Tables, columns_of, key_of, parse_records
from compound_coverage.dataset.validate import check_tables
from compound_coverage.spreadsheet import (
    Cell,
    Kind,
    Line,
    NewSheet,
    Sheet,
    SheetError,
    csv_lines,
    to_book,
    to_csv,
    xlsx_sheets,
)

T = TypeVar("T")
Key = tuple[str, ...]

README = "read me"
MOST_ROWS = 20_000
MOST_FAULTS = 500
LONGEST_CELL = 20_000
ENDINGS = (".xlsx", ".csv", ".tsv", ".txt")
# Codes that may begin with a zero, which a spreadsheet program drops.
CODES = frozenset({(NdcRow.FILE, "ndc11"), (RejectCodeRow.FILE, "code")})
_LONGEST_MESSAGE = 400
_MOST_DIGITS = 15
_COPY = re.compile(r"^copy of | ?\(\d+\)$| - copy$|[ _-]*edited$")
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)
_BLANKS = str.maketrans({"\t": " ", "\u00a0": " ", "\u2007": " ", "\u202f": " "})
_HOW_TO = (
    "Each sheet is one table of the coverage data. Change cells, add rows, then upload the file.",
    "Sheets you did not change can stay or go: a sheet that is not there changes nothing.",
    "An empty cell means: not known. Never write 'unknown', 'n/a' or a guess.",
    "Row 1 names the columns. Leave it as it is.",
    "The first columns of a table name the row. Choose a new id for a new row, in small letters, "
    "digits and hyphens; never give an old id to something else.",
    "Never take a rule out. If it has ended, write its last day into effective_to.",
    "Never take a source out. If it moved or is gone, say so in status and status_note.",
    "Write days as 2026-01-31. Where only the month or the year is known: 2026-01 or 2026.",
    "All cells are text, so zeros at the start of a code stay. Keep them text, without formulas.",
    "The sheet 'changes' is the log of releases. It is here to be read; only a release writes it.",
)


class SheetFaults(ValueError):
    """What was uploaded can't be used. ``faults`` names each fault found, at most MOST_FAULTS.

    ``more`` counts those that are not named. The text is the first fault.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults[:MOST_FAULTS])
        self.more = len(faults) - len(self.faults)
        rest = f" ({len(faults) - 1:,} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{rest}")


# -- out ---------------------------------------------------------------------------------------


def to_workbook(tables: Tables, only: str = "") -> bytes:
    """An XLSX file with a sheet for each table, and a first one that says how to edit them.

    ``only`` may name one table, such as ``rules.csv``. All cells are text. Raises SheetError if
    there is no such table, or if a text is longer than a spreadsheet's cell.
    """
    models = [_model_called(only)] if only else TABLES
    return to_book([_readme(models), *(_new_sheet(model, tables[model.FILE]) for model in models)])


def to_csv_sheet(tables: Tables, file: str) -> bytes:
    """One table as CSV that a spreadsheet program opens as UTF-8; no cell of it runs.

    ``file`` is a name such as ``rules.csv``. Raises SheetError if there is no such table.
    """
    header, *rows = _records(_model_called(file), tables[file])
    return to_csv(header, rows)


def _model_called(file: str) -> type[Row]:
    if file not in MODELS:
        names = ", ".join(map(sheet_name, MODELS))
        raise SheetError(f"There is no table '{sheet_name(file)}'; choose one of {names}.")
    return MODELS[file]


def sheet_name(file: str) -> str:
    """The sheet of a table: ``rules`` for ``rules.csv``."""
    return Path(file).stem


def _records(model: type[Row], rows: Sequence[Row]) -> list[list[str]]:
    body = [list(cells_of(row).values()) for row in sorted(rows, key=key_of)]
    return [columns_of(model), *body]


def _new_sheet(model: type[Row], rows: Sequence[Row]) -> NewSheet:
    records = _records(model, rows)
    widths = [min(60, 2 + max(map(len, column))) for column in zip(*records, strict=True)]
    return NewSheet(sheet_name(model.FILE), records, widths)


def _readme(models: Sequence[type[Row]]) -> NewSheet:
    rows = [["How to edit this workbook", "", ""], *([line, "", ""] for line in _HOW_TO)]
    rows += [["", "", ""], ["Sheet", "Column", "What it holds"]]
    for model in models:
        rows.append([sheet_name(model.FILE), "", model.TITLE])
        for name, field in model.model_fields.items():
            rows.append(["", name, field.description or ""])
    return NewSheet(README, rows, [24, 28, 100])


# -- in ----------------------------------------------------------------------------------------


def changes_in(data: bytes, name: str, tables_now: Tables, today: date) -> list[Change]:
    """What an edited workbook or CSV sheet called ``name`` changes. Raises SheetFaults."""
    return diff(tables_now, read_upload(data, name, tables_now, today))


def read_upload(data: bytes, name: str, tables_now: Tables, today: date) -> Tables:
    """The tables as an edited XLSX or CSV file called ``name`` has them. Raises SheetFaults."""
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        message = "this kind of file can't be read; save it as XLSX or CSV"
        raise SheetFaults([Fault(_line(name), None, "", message)])
    if ending == ".xlsx":
        return read_workbook(data, tables_now, today, name)
    return read_csv_sheet(data, name, tables_now, today)


def read_workbook(
    data: bytes, tables_now: Tables, today: date, name: str = "The workbook"
) -> Tables:
    """The tables as an edited workbook has them; a table without a sheet stays as it is now.

    ``today`` is the day after which a source can't have been read. Raises SheetFaults.
    """
    sheets = _whole(name, lambda: xlsx_sheets(data, MOST_ROWS))
    chosen: dict[str, Sheet] = {}
    faults: list[Fault] = []
    for sheet in sheets:
        model = _model_of(sheet.name, sheet.lines)
        if model is None and (sheet.name.strip().lower() == README or not sheet.lines):
            continue
        if model is None:
            message = "no table is called so or has these columns; name it like its table"
            faults.append(Fault(f"Sheet '{_line(sheet.name)}'", None, "", message))
        elif model.FILE in chosen:
            message = f"sheet '{_line(sheet.name)}' is this table too; keep one of them"
            faults.append(Fault(model.FILE, None, "", message))
        else:
            chosen[model.FILE] = sheet
    if not chosen and not faults:
        faults.append(
            Fault(_line(name), None, "", "no sheet in it is a table; is it the right one?")
        )
    return _checked(chosen, faults, tables_now, today)


def read_csv_sheet(data: bytes, name: str, tables_now: Tables, today: date) -> Tables:
    """The tables with one of them as an edited CSV file has it.

    Which one: as the file is called (``rules.csv``, ``rules (2).csv``), else by its columns.
    Raises SheetFaults.
    """
    lines = _whole(name, lambda: csv_lines(data, MOST_ROWS))
    model = _model_of(Path(name).stem, lines)
    if model is None:
        message = "it is not clear which table this is; call the file like the table: rules.csv"
        raise SheetFaults([Fault(_line(name), None, "", message)])
    return _checked({model.FILE: Sheet(Path(name).stem, lines)}, [], tables_now, today)


def _whole(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except SheetError as error:
        raise SheetFaults([Fault(_line(name), None, "", str(error))]) from None


def _model_of(name: str, lines: Sequence[Line]) -> type[Row] | None:
    stem = _COPY.sub("", name.strip().lower()).strip()
    for model in TABLES:
        if sheet_name(model.FILE) == stem:
            return model
    header = {_tidy(cell.text) for cell in lines[0].cells} if lines else set()
    fits = [model for model in TABLES if set(columns_of(model)) == header]
    return fits[0] if len(fits) == 1 else None


def _checked(
    sheets: Mapping[str, Sheet], faults: list[Fault], tables_now: Tables, today: date
) -> Tables:
    """The new tables; how rows fit together is looked at once each cell by itself is right."""
    read = {file: _read(MODELS[file], sheet, tables_now[file]) for file, sheet in sheets.items()}
    faults += [fault for table in read.values() for fault in table.faults]
    if faults:
        raise SheetFaults(faults)
    tables = tables_now | {file: table.rows for file, table in read.items()}
    between = check_tables(tables, today)
    if between:
        raise SheetFaults([_placed(fault, read) for fault in between])
    return {file: sorted(rows, key=key_of) for file, rows in tables.items()}


# -- one table ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """A sheet as rows of its table; ``numbers`` are their places in the sheet."""

    rows: list[Row]
    numbers: list[int]
    faults: list[Fault]


def _placed(fault: Fault, read: Mapping[str, _Read]) -> Fault:
    """The fault with the row of the sheet, where the row came from one."""
    if fault.row is None or fault.file not in read:
        return fault
    return replace(fault, row=read[fault.file].numbers[fault.row - 2])


def _read(model: type[Row], sheet: Sheet, now: Sequence[Row]) -> _Read:
    header = [" ".join(cell.text.split()) for cell in sheet.lines[0].cells] if sheet.lines else []
    faults = [*_header_faults(model, sheet, header)]
    body = sheet.lines[1:]
    if len(body) > MOST_ROWS:
        message = f"the sheet has more than {MOST_ROWS:,} rows; is it the right one?"
        faults.append(Fault(model.FILE, None, "", message))
    if faults:
        return _Read([], [], faults)
    faults += _merged_faults(model, sheet)
    for line in body:
        faults += _cell_faults(model, header, line)
    # people move columns; their names still tell which is which
    order = [header.index(column) for column in columns_of(model)]
    records = [_record(order, line.cells) for line in body]
    numbers = [line.number for line in body]
    rows, found = parse_records(model, [columns_of(model), *records])
    told = {(fault.row, fault.column) for fault in faults}
    for fault in found:
        cells = dict(zip(columns_of(model), records[(fault.row or 2) - 2], strict=True))
        hinted = _hinted(model, fault, cells.get(fault.column, ""))
        there = replace(hinted, row=numbers[(fault.row or 2) - 2])
        if (there.row, there.column) not in told:
            faults.append(there)
    faults += _key_faults(model, records, numbers, now)
    return _Read(rows, numbers, sorted(faults, key=lambda fault: fault.row or 0))


def _record(order: Sequence[int], cells: Sequence[Cell]) -> list[str]:
    return [_tidy(cells[place].text) if place < len(cells) else "" for place in order]


def _line(text: str, longest: int = 100) -> str:
    """``text`` as part of a sentence: on one line, and not long."""
    return " ".join(text.split())[:longest]


def _tidy(text: str) -> str:
    """``text`` with plain blanks and line ends, and none at its ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.translate(_BLANKS).strip()


def _header_faults(model: type[Row], sheet: Sheet, header: Sequence[str]) -> Iterator[Fault]:
    if not sheet.lines or sheet.lines[0].number != 1:
        yield Fault(model.FILE, 1, "", "the first row must name the columns")
        return
    known = columns_of(model)
    missing = [name for name in known if name not in header]
    if missing:
        message = f"columns missing: {', '.join(missing)}; take them from a fresh copy of the sheet"
        yield Fault(model.FILE, 1, "", message)
    for place, name in enumerate(header, start=1):
        letter = get_column_letter(place)
        if not name:
            yield Fault(model.FILE, 1, letter, "the column has no name; name it, or take it out")
        elif header.index(name) != place - 1:
            yield Fault(model.FILE, 1, letter, f"the column '{name[:60]}' is there twice; keep one")
        elif name not in known:
            near = difflib.get_close_matches(name, missing, n=1)
            hint = f"perhaps '{near[0]}' is meant" if near else "take it out"
            yield Fault(model.FILE, 1, letter, f"no column is called '{name[:60]}'; {hint}")


def _merged_faults(model: type[Row], sheet: Sheet) -> Iterator[Fault]:
    for place in sheet.merged:
        row = re.search(r"\d+", place)
        message = f"the cells {place} are merged into one; part them and fill each"
        yield Fault(model.FILE, int(row[0]) if row else None, "", message)


def _cell_faults(model: type[Row], header: Sequence[str], line: Line) -> Iterator[Fault]:
    for column, cell in zip(header, line.cells, strict=False):
        message = _cell_message(model, column, cell)
        if message:
            yield Fault(model.FILE, line.number, column, message)
    if len(line.cells) > len(header):
        place = get_column_letter(len(line.cells))
        message = "a cell stands to the right of the last named column; take it out"
        yield Fault(model.FILE, line.number, place, message)


def _cell_message(model: type[Row], column: str, cell: Cell) -> str:
    """What a spreadsheet program did to the cell that can't be undone by itself; else nothing."""
    match cell.kind:
        case Kind.TEXT:
            return _text_message(cell.text)
        case Kind.NUMBER:
            return _number_message(model, column, cell.text)
        case Kind.DATE:
            return "" if column in _date_columns(model) else _date_message(cell.text)
        case Kind.TIME:
            return "the cell holds a time of day; set it to text and type what you mean"
        case Kind.TRUTH:
            return (
                f"the cell holds a truth value, {cell.text}; set it to text and type what you mean"
            )
        case Kind.FORMULA:
            return "the cell holds a formula; put the value there instead"
        case Kind.ERROR:
            return f"the cell holds a spreadsheet's error, {cell.text[:20]}; type the value"


def _text_message(text: str) -> str:
    if len(text) > LONGEST_CELL:
        return f"the cell holds more than {LONGEST_CELL:,} characters; shorten it"
    for sign in "" if text.isprintable() else _tidy(text):
        if sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf", "Co", "Zl", "Zp"):
            return (
                f"the cell holds a character that can't be seen (U+{ord(sign):04X}); type it anew"
            )
    return ""


def _number_message(model: type[Row], column: str, digits: str) -> str:
    if (model.FILE, column) in CODES:
        return (
            f"the cell holds the number {digits[:40]}, which has no zeros at its start; "
            "set it to text and type the whole code"
        )
    if len(digits.lstrip("-").replace(".", "")) > _MOST_DIGITS:
        return (
            f"a spreadsheet keeps {_MOST_DIGITS} digits of a number; "
            "set the cell to text and type it anew"
        )
    return ""


def _date_message(day: str) -> str:
    return (
        f"the cell holds a date, {day}, and this column is none of dates; "
        "set it to text and type what you mean"
    )


def _date_columns(model: type[Row]) -> dict[str, bool]:
    """The columns that hold dates, and whether a month or a year alone will do."""
    hints = get_type_hints(model, include_extras=True)
    return {
        name: hints[name] == LooseDate
        for name in columns_of(model)
        if hints[name] in (Day, LooseDate)
    }


def _hinted(model: type[Row], fault: Fault, cell: str) -> Fault:
    """The fault of a cell, told by what a spreadsheet program has probably done to it."""
    return replace(fault, message=_hint(model, fault, cell) or fault.message[:_LONGEST_MESSAGE])


def _hint(model: type[Row], fault: Fault, cell: str) -> str:
    dates = _date_columns(model)
    if _SHORTENED.fullmatch(cell):
        return (
            f"a spreadsheet shortened a number to {cell[:40]!r}; "
            "set the cell to text and type all its digits"
        )
    if (model.FILE, fault.column) in CODES and cell.isdecimal():
        return (
            f"{cell[:40]!r} has {len(cell)} digits; a spreadsheet drops zeros at the start, "
            "so set the cell to text and type the whole code"
        )
    if fault.column in dates:
        loose = ", or 2026-01 or 2026" if dates[fault.column] else ""
        return f"{cell[:40]!r} is no date here; write it as 2026-01-31{loose}"
    return ""


# -- rows against the rows there are now -------------------------------------------------------


def _key_faults(
    model: type[Row], records: Sequence[Sequence[str]], numbers: Sequence[int], now: Sequence[Row]
) -> Iterator[Fault]:
    places = [columns_of(model).index(column) for column in model.KEY]
    keys = [tuple(record[place] for place in places) for record in records]
    first: dict[Key, int] = {}
    for number, key in zip(numbers, keys, strict=True):
        if key in first:
            message = f"{' '.join(key)!r} stands in row {first[key]} too; keep one"
            yield Fault(model.FILE, number, model.KEY[0], message[:_LONGEST_MESSAGE])
        first.setdefault(key, number)
    held = {key_of(row): list(cells_of(row).values()) for row in now}
    gone = [key for key in held if key not in first]
    if model is ChangeRow:
        yield from _log_faults(dict(zip(keys, records, strict=True)), first, held)
    if model.FILE in NEVER_ERASED:
        yield from (_erased(model, key) for key in gone)
    if (model.FILE, model.KEY[0]) in CODES:
        yield from _zeros_lost(model, first, gone)


def _log_faults(
    records: Mapping[Key, Sequence[str]], numbers: Mapping[Key, int], held: Mapping[Key, list[str]]
) -> Iterator[Fault]:
    for key in sorted(records.keys() | held.keys()):
        if list(records.get(key, ())) != held.get(key, []):
            message = (
                "only a release writes this table; leave it as it is, or take its sheet out"
                if key in records
                else f"{' '.join(key)!r} is missing; put it back, or take the whole sheet out"
            )
            yield Fault(ChangeRow.FILE, numbers.get(key), ChangeRow.KEY[0], message)


def _erased(model: type[Row], key: Key) -> Fault:
    mend = (
        "put the row back and write its last day into effective_to"
        if model is RuleRow
        else "put the row back; if it is gone, say so in status and status_note"
    )
    message = f"'{' '.join(key)}' is missing, and a row of this table is never taken out: {mend}"
    return Fault(model.FILE, None, model.KEY[0], message)


def _zeros_lost(
    model: type[Row], numbers: Mapping[Key, int], gone: Sequence[Key]
) -> Iterator[Fault]:
    whole = {key[0].lstrip("0"): key[0] for key in gone}
    for key, number in numbers.items():
        if key[0] in whole:
            message = (
                f"{key[0]!r} has lost the zeros at its start: it was {whole[key[0]]!r}; "
                "set the cell to text and type the whole code"
            )
            yield Fault(model.FILE, number, model.KEY[0], message)
