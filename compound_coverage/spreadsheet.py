"""Sheets of cells, CSV and XLSX, in and out: what the sheet of cases and the tables share.

What is written is text in every cell: no cell runs, and no zero at the start of a code is lost.
What is read says of each cell what a spreadsheet program had made of it.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter

LARGEST_FILE = 10_000_000
LARGEST_UNPACKED = 200_000_000
MOST_COLUMNS = 2_000
MOST_CELLS = 2_000_000
# The last row a spreadsheet program has; and the most text it holds in one cell.
LAST_ROW = 1_048_576
LONGEST_IN_A_CELL = 32_767
# A spreadsheet program runs a cell of a CSV file that starts like this.
_RUNS = ("=", "+", "-", "@", "\t", "\r")
# XLSX writes what XML can't hold, and what looks like that writing, as _x000D_.
_TO_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z0-9:$]{1,40})[\"']")
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_OWN_COMMA = re.compile("sep=(.)\r?\n")
_PIECE = 1_000_000


class SheetError(ValueError):
    """A spreadsheet that can't be read at all. The message is one sentence with the mend."""


class Kind(StrEnum):
    """What a spreadsheet program holds a cell for."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    TRUTH = "truth"
    FORMULA = "formula"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as text: a day as 2026-11-28, a whole number by its digits, a formula by itself."""

    text: str
    kind: Kind = Kind.TEXT


class Line(NamedTuple):
    """A row that is not empty. ``number`` counts as the spreadsheet does, from 1."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook. ``merged``: places such as A1:B2 whose cells are one."""

    name: str
    lines: list[Line]
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSheet:
    """A sheet to write: its rows, the header first, and widths of columns in characters."""

    name: str
    rows: Sequence[Sequence[str]]
    widths: Sequence[int] = ()


# -- reading -----------------------------------------------------------------------------------


def csv_lines(data: bytes, most: int) -> list[Line]:
    """The rows of a CSV file, its cells parted by commas, semicolons or tabs; empty ones left out.

    Stops two rows after the first ``most``, so that the reader can tell a header and ``most`` rows
    from more. Raises SheetError.
    """
    _check_size(data)
    text = _decoded(data)
    own = _OWN_COMMA.match(text)
    text = text[own.end() :] if own else text
    first = text.partition("\n")[0]
    comma = own[1] if own else max(",;\t", key=first.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True)
        return _lines(([Cell(_unescaped(cell)) for cell in row] for row in rows), most)
    except csv.Error as error:
        raise SheetError(f"The CSV file can't be read: {error}; save it again as CSV.") from None


def _check_size(data: bytes) -> None:
    if len(data) > LARGEST_FILE:
        raise SheetError("The sheet is larger than 10 MB; split it into several.")


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SheetError(
            "The sheet is not UTF-8 text; save it as 'CSV UTF-8' or as XLSX."
        ) from None
    if "\0" in text:
        raise SheetError("The sheet is not a CSV file; save it as 'CSV UTF-8' or as XLSX.")
    return text


def _lines(rows: Iterable[list[Cell]], most: int) -> list[Line]:
    found: list[Line] = []
    held = 0
    for number, cells in enumerate(rows, start=1):
        while cells and not cells[-1].text.strip():
            cells.pop()
        if not cells:
            continue
        held += len(cells)
        if held > MOST_CELLS or len(cells) > MOST_COLUMNS:
            raise SheetError(f"The sheet has too many cells (row {number:,}); is it the right one?")
        found.append(Line(number, cells))
        if len(found) >= most + 2:
            break
    return found


def xlsx_sheets(data: bytes, most: int, *, first_only: bool = False) -> list[Sheet]:
    """The sheets of an XLSX file, or its first; of each ``most`` rows as ``csv_lines`` counts them.

    Raises SheetError.
    """
    _check_size(data)
    _check_unpacked_size(data)
    try:
        with warnings.catch_warnings():
            # what openpyxl does not know (colours, rules of a program) is no matter of ours
            warnings.simplefilter("ignore")
            return list(_read_book(data, most, first_only))
    except SheetError:
        raise
    except Exception:  # a broken part of the archive shows as many kinds of error
        raise SheetError(
            "The XLSX file is damaged; open it in a spreadsheet program and save it again."
        ) from None


def _read_book(data: bytes, most: int, first_only: bool) -> Iterator[Sheet]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    if not book.worksheets:
        raise SheetError("The XLSX file has no sheet of cells; is it the right file?")
    for sheet in book.worksheets[:1] if first_only else book.worksheets:
        # the size that a file gives itself may be wrong, and would cut rows off
        sheet.reset_dimensions()
        rows = ([_xlsx_cell(cell) for cell in row] for row in sheet.iter_rows(max_row=LAST_ROW))
        # the streaming reader of openpyxl does not tell which cells are merged
        merged = () if first_only else tuple(_merged(data, sheet._worksheet_path))
        yield Sheet(sheet.title, _lines(rows, most), merged)


def _merged(data: bytes, part: str) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(part) as stream:
        rest = b""
        while piece := stream.read(_PIECE):
            held, end = rest + piece, 0
            for found in _MERGED.finditer(held):
                yield found[1].decode()
                end = found.end()
            rest = held[max(end, len(held) - 200) :]


def _check_unpacked_size(data: bytes) -> None:
    """Refuses an archive that grows without bounds when it is opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise SheetError("This is not an XLSX file; save the sheet as XLSX or CSV.") from None
    if size > LARGEST_UNPACKED:
        raise SheetError("The XLSX file unpacks to more than 200 MB; is it the right file?")


def _xlsx_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("")
    if cell.data_type == "f":
        return Cell(value if isinstance(value, str) else "=", Kind.FORMULA)
    if cell.data_type == "e":
        return Cell(str(value), Kind.ERROR)
    if isinstance(value, bool):
        return Cell(str(value).upper(), Kind.TRUTH)
    if isinstance(value, (int, float)):
        return Cell(_digits(value), Kind.NUMBER)
    if isinstance(value, (datetime, date)):
        return Cell(value.strftime(_as_shown(cell.number_format)), Kind.DATE)
    if isinstance(value, (time, timedelta)):
        return Cell(str(value), Kind.TIME)
    return Cell(_ESCAPED.sub(_character, str(value)))


def _digits(value: int | float) -> str:
    """A number as people write it, with the 15 digits that a spreadsheet program keeps."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{Decimal(f'{value:.15g}'):f}"


def _as_shown(number_format: str) -> str:
    """A month that somebody typed is held as its first day; the format tells how it was meant."""
    signs = _QUOTED.sub("", number_format.lower())
    if "d" in signs or "y" not in signs:
        return "%Y-%m-%d"
    return "%Y-%m" if "m" in signs else "%Y"


def _character(escaped: re.Match[str]) -> str:
    number = int(escaped[1], 16)
    # half a character of another encoding is no character
    return escaped[0] if 0xD800 <= number <= 0xDFFF else chr(number)


# -- writing -----------------------------------------------------------------------------------


def safe_cell(text: str) -> str:
    """``text`` as a cell no spreadsheet program runs: an apostrophe goes before a formula sign."""
    return f"'{text}" if text.lstrip("'").startswith(_RUNS) else text


def _unescaped(cell: str) -> str:
    """The text that ``safe_cell`` made this cell of."""
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(_RUNS) else cell


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that spreadsheet programs open as UTF-8, its cells safe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return ("\ufeff" + out.getvalue()).encode("utf-8")


def to_book(sheets: Iterable[NewSheet]) -> bytes:
    """An XLSX file whose cells are all text, and stay text where somebody writes a new row.

    The header row of each sheet stays in sight. Raises SheetError if a text is too long for a cell.
    """
    # all texts first: a half-written sheet can't be put away in peace
    ready = [(new, [[_held(text) for text in row] for row in new.rows]) for new in sheets]
    book = openpyxl.Workbook(write_only=True)
    for new, rows in ready:
        sheet = book.create_sheet(new.name)
        sheet.freeze_panes = "A2"
        for place in range(1, len(new.rows[0]) + 1):
            column = sheet.column_dimensions[get_column_letter(place)]
            column.number_format = "@"
            if place <= len(new.widths):
                column.width = new.widths[place - 1]
        for row in rows:
            sheet.append([_text_cell(sheet, text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _held(text: str) -> str:
    held = _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    if len(held) > LONGEST_IN_A_CELL:
        raise SheetError(
            f"A spreadsheet holds {LONGEST_IN_A_CELL:,} characters in a cell, and the one that "
            f"begins '{text[:40]}' is longer; shorten it."
        )
    return held


def _text_cell(sheet: Any, held: str) -> Any:
    cell = WriteOnlyCell(sheet, value=held)
    cell.data_type = "s"
    cell.number_format = "@"
    return cell
