"""The dataset in the formats other programs read, each naming its release and its licence."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from compound_coverage.dataset.package import DESCRIPTOR, descriptor
from compound_coverage.dataset.releases import newest_release, release_zip
from compound_coverage.dataset.schema import TABLES, Row
from compound_coverage.dataset.search import not_found
from compound_coverage.dataset.sheets import README, sheet_name
from compound_coverage.dataset.tables import Tables, columns_of, key_of, write_atomically
from compound_coverage.spreadsheet import NewSheet, to_book

LICENCE = "CC-BY-4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"

Format = Literal["csv", "json", "parquet", "xlsx"]
FORMATS: tuple[Format, ...] = ("csv", "json", "parquet", "xlsx")
_OF_SUFFIX: dict[str, Format] = {
    "": "csv",
    ".zip": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}


class ExportError(ValueError):
    """An export that can't be made as asked. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file of an export: where it lies, how long it is, and its SHA-256 in hexadecimal."""

    path: Path
    size: int
    sha256: str


def attribution(release: str) -> str:
    """How somebody who uses the data names it, as the licence asks."""
    return f"Compound Coverage, release {release or '(none yet)'}, {LICENCE}"


def name_of(model: type[Row]) -> str:
    """A table's name: its file name without the ending."""
    return model.FILE.removesuffix(".csv")


def models_of(names: Iterable[str] = ()) -> list[type[Row]]:
    """The tables with these names, in the dataset's order; all of them where none is named.

    Raises ExportError, naming the nearest right ones.
    """
    known = {name_of(model): model for model in TABLES}
    wanted = {name.removesuffix(".csv") for name in names}
    for name in sorted(wanted - known.keys()):
        raise ExportError(not_found("table", name, known))
    return [model for name, model in known.items() if not wanted or name in wanted]


def format_for(out: Path, named: str = "") -> Format:
    """The format of an export to ``out``: the one named, or the one its ending says.

    Raises ExportError if the ending says nothing, or something else.
    """
    of_suffix = None if out.is_dir() else _OF_SUFFIX.get(out.suffix.lower())
    for known in FORMATS:
        if named == known:
            return _fitting(out, known, of_suffix)
    if named:
        raise ExportError(f"'{named}' is no format; use one of {', '.join(FORMATS)}.")
    if out.is_dir():
        return "csv"
    if of_suffix is None:
        hint = " (CSV goes into a .zip or a folder, with its licence)" if _is_csv(out) else ""
        raise ExportError(
            f"'{out.name}' must end in .zip, .json, .parquet or .xlsx, or be a folder{hint}."
        )
    return of_suffix


def _is_csv(out: Path) -> bool:
    return out.suffix.lower() == ".csv"


def _fitting(out: Path, named: Format, of_suffix: Format | None) -> Format:
    is_folder = out.is_dir() or not out.suffix
    fits = named in ("csv", "parquet") if is_folder else named == of_suffix
    if not fits:
        kinds = {
            "csv": "a folder or a file that ends in .zip",
            "json": "a file that ends in .json",
            "parquet": "a folder or, for one table, a file that ends in .parquet",
            "xlsx": "a file that ends in .xlsx",
        }
        raise ExportError(f"{named.upper()} needs {kinds[named]}, not '{out.name}'.")
    return named


def export(
    tables: Tables, out: Path, kind: Format, models: Sequence[type[Row]] = TABLES
) -> list[Written]:
    """Writes ``models`` of ``tables`` to ``out``, a file or (CSV, Parquet) a folder.

    Each file is put in place in one step; a folder is made if need be, and what else lies in it
    is left alone. The same tables make the same bytes; Parquet as long as the library that writes
    it stays the same, XLSX never: a workbook holds the time at which it was made. Raises
    ExportError for more than one table in one Parquet file, SheetError for a text too long for a
    workbook, and OSError.
    """
    if kind == "parquet" and out.suffix and not out.is_dir() and len(models) > 1:
        raise ExportError(
            f"A Parquet file holds one table: give a folder instead of '{out.name}', "
            "or name one table."
        )
    if kind in ("csv", "parquet") and (out.is_dir() or not out.suffix):
        files = csv_files(tables, models) if kind == "csv" else parquet_files(tables, models)
        out.mkdir(parents=True, exist_ok=True)
        return [_written(out / name, content) for name, content in files.items()]
    return [_written(out, _one_file(tables, kind, models))]


def _one_file(tables: Tables, kind: Format, models: Sequence[type[Row]]) -> bytes:
    match kind:
        case "csv":
            return csv_zip(tables, models)
        case "json":
            return json_bytes(tables, models)
        case "parquet":
            return parquet_bytes(tables, models[0])
        case "xlsx":
            return workbook_bytes(tables, models)


def _written(path: Path, content: bytes) -> Written:
    write_atomically(path, content)
    return Written(path, len(content), hashlib.sha256(content).hexdigest())


# -- CSV -----------------------------------------------------------------------------------------


def csv_zip(tables: Tables, models: Sequence[type[Row]] = TABLES) -> bytes:
    """A Data Package as one zip: the release's own, or one of some of its tables."""
    if len(models) == len(TABLES):
        return release_zip(tables)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in csv_files(tables, models).items():
            entry = zipfile.ZipInfo(name)  # without a time: the same tables make the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def csv_files(tables: Tables, models: Sequence[type[Row]] = TABLES) -> dict[str, bytes]:
    """The files of that package by name; the descriptor is the last."""
    with zipfile.ZipFile(io.BytesIO(release_zip(tables))) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    chosen = {model.FILE for model in models}
    described = json.loads(packed.pop(DESCRIPTOR))
    described["resources"] = [r for r in described["resources"] if r["path"] in chosen]
    resources = {resource["name"] for resource in described["resources"]}
    for resource in described["resources"]:
        # a package may not point at tables that it does not hold
        keys = resource["schema"]["foreignKeys"]
        held = [key for key in keys if key["reference"]["resource"] in resources]
        resource["schema"]["foreignKeys"] = held
    files = {
        name: content
        for name, content in packed.items()
        if name in chosen or not name.endswith(".csv")
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    return files | {DESCRIPTOR: text.encode("utf-8")}


# -- JSON ----------------------------------------------------------------------------------------


def json_bytes(tables: Tables, models: Sequence[type[Row]] = TABLES) -> bytes:
    """One document: release, licence, and each table with its columns described and its rows."""
    release = newest_release(tables)
    described = _described(models)
    document = {
        "release": release,
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
        "attribution": attribution(release),
        "tables": {
            name_of(model): {
                "title": model.TITLE,
                "key": list(model.KEY),
                "columns": [
                    {"name": name, "description": description}
                    for name, description in described[model.FILE].items()
                ],
                "rows": rows_of_table(tables, model),
            }
            for model in models
        },
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def rows_of_table(tables: Tables, model: type[Row]) -> list[dict[str, str]]:
    """The rows of one table in canonical order, each a column name -> cell."""
    return [row.model_dump(mode="json") for row in sorted(tables[model.FILE], key=key_of)]


def _described(models: Sequence[type[Row]]) -> dict[str, dict[str, str]]:
    """File name -> column name -> what the column means."""
    chosen = {model.FILE for model in models}
    resources: list[Mapping[str, Any]] = descriptor()["resources"]
    return {
        resource["path"]: {
            field["name"]: field["description"] for field in resource["schema"]["fields"]
        }
        for resource in resources
        if resource["path"] in chosen
    }


# -- Parquet -------------------------------------------------------------------------------------


def parquet_files(tables: Tables, models: Sequence[type[Row]] = TABLES) -> dict[str, bytes]:
    """One Parquet file for each table, by name."""
    return {f"{name_of(model)}.parquet": parquet_bytes(tables, model) for model in models}


def parquet_bytes(tables: Tables, model: type[Row]) -> bytes:
    """One table as a Parquet file.

    Every column is text, and an empty cell is empty text, as in the CSV file. What a column means
    stands in its own metadata; title, release and licence in the file's.
    """
    release = newest_release(tables)
    described = _described([model])[model.FILE]
    schema = pa.schema(
        [
            pa.field(name, pa.string(), nullable=False, metadata={"description": description})
            for name, description in described.items()
        ],
        metadata={
            "title": model.TITLE,
            "release": release,
            "licence": LICENCE,
            "licence_url": LICENCE_URL,
            "attribution": attribution(release),
        },
    )
    rows = rows_of_table(tables, model)
    cells = {column: [row[column] for row in rows] for column in columns_of(model)}
    out = io.BytesIO()
    pq.write_table(pa.table(cells, schema=schema), out, compression="zstd")
    return out.getvalue()


# -- XLSX ----------------------------------------------------------------------------------------


def workbook_bytes(tables: Tables, models: Sequence[type[Row]] = TABLES) -> bytes:
    """A workbook: a first sheet with release, licence and columns, then one sheet for each table.

    All cells are text. Raises SheetError if a text is longer than a spreadsheet's cell.
    """
    sheets = [_about(newest_release(tables), models)]
    for model in models:
        cells = [list(row.values()) for row in rows_of_table(tables, model)]
        sheets.append(NewSheet(sheet_name(model.FILE), [columns_of(model), *cells]))
    return to_book(sheets)


def _about(release: str, models: Sequence[type[Row]]) -> NewSheet:
    rows = [
        ["How US health plans treat compounded medications", "", ""],
        ["Release", release or "(none yet)", ""],
        ["Licence", LICENCE, LICENCE_URL],
        ["Name it as", attribution(release), ""],
        ["An empty cell means", "not known", ""],
        ["", "", ""],
        ["Sheet", "Column", "What it holds"],
    ]
    described = _described(models)
    for model in models:
        rows.append([sheet_name(model.FILE), "", model.TITLE])
        rows += [["", name, text] for name, text in described[model.FILE].items()]
    return NewSheet(README, rows, [24, 28, 100])
