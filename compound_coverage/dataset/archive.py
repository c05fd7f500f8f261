"""A dataset by its path: a folder, or the zip of a release."""

from __future__ import annotations

import hashlib
import json
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from compound_coverage.dataset.load import Dataset, from_tables, load_tables
from compound_coverage.dataset.package import DESCRIPTOR
from compound_coverage.dataset.schema import TABLES
from compound_coverage.dataset.tables import DatasetError, Fault, Tables, read_tables, table_bytes
from compound_coverage.dataset.validate import check_tables, validate

MOST_FILES = 100
LARGEST = 64 * 1024 * 1024  # bytes, zipped and unpacked; about a hundred times today's dataset
_CHUNK = 1 << 20
_WANTED = frozenset({DESCRIPTOR, *(model.FILE for model in TABLES)})
# What reading a damaged zip can raise: the decompressors, a version, a password, a name.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class ArchiveError(ValueError):
    """A zip that can't be read safely. The message is one sentence."""


def dataset_at(path: Path, *, today: date | None = None) -> Dataset:
    """The dataset in a folder or in a release's zip.

    Raises DatasetError, naming file, row and column, if any row can't be trusted or a file of a
    zip is not the one it was packed with; ArchiveError if the zip can't be read safely.
    """
    return from_tables(tables_at(path, today=today))


def tables_at(path: Path, *, today: date | None = None) -> Tables:
    """The checked tables in a folder or in a release's zip. Raises as ``dataset_at`` does."""
    if not path.is_file():
        return load_tables(path, today=today)
    with _unpacked(path) as folder:
        faults = _changed_since_packed(folder)
        if faults:
            raise DatasetError(faults)
        return load_tables(folder, today=today)


def faults_at(path: Path, *, today: date | None = None) -> list[Fault]:
    """Every fault of the dataset in a folder or in a release's zip; an empty list means clean.

    Raises ArchiveError if the zip can't be read safely.
    """
    if not path.is_file():
        return validate(path, today=today)
    with _unpacked(path) as folder:
        tables, faults = read_tables(folder)
        faults = [*_changed_since_packed(folder), *faults]
        faults += check_tables(tables, today or date.today())
        return faults or list(_out_of_order(folder, tables))


def _out_of_order(folder: Path, tables: Tables) -> Iterator[Fault]:
    for model in TABLES:
        path = folder / model.FILE
        if path.is_file() and path.read_bytes() != table_bytes(model, tables[model.FILE]):
            yield Fault(model.FILE, None, "", "it is not in canonical form; run 'data format'")


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """A temporary folder with the tables of the zip at ``path``."""
    with tempfile.TemporaryDirectory(prefix="coverage-") as temporary:
        folder = Path(temporary)
        _unpack(path, folder)
        yield folder


def _unpack(path: Path, folder: Path) -> None:
    if path.stat().st_size > LARGEST:
        raise ArchiveError(f"{path.name} is too large for a release of the dataset.")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_strange_names(path.name, archive.namelist())
            left = LARGEST
            for name in sorted(_WANTED.intersection(archive.namelist())):
                left -= _copy(archive, name, folder / name, left)
    except ArchiveError:
        raise
    except _DAMAGE:
        raise ArchiveError(
            f"{path.name} is no zip of a release, or it is damaged; fetch it again."
        ) from None


def _refuse_strange_names(zip_name: str, names: list[str]) -> None:
    if len(names) > MOST_FILES:
        raise ArchiveError(f"{zip_name} holds more than {MOST_FILES} files; it is no release.")
    if len({name.casefold() for name in names}) < len(names):
        raise ArchiveError(f"{zip_name} holds two files of the same name; fetch it again.")
    for name in names:
        if Path(name).name != name or "\\" in name or ":" in name:
            raise ArchiveError(
                f"{zip_name} holds {name[:60]!a}, which lies in a folder; a release has none."
            )


def _copy(archive: zipfile.ZipFile, name: str, target: Path, most: int) -> int:
    """Unpacks one file. The sizes a zip claims can lie, so the bytes that come are counted."""
    size = 0
    with archive.open(name) as source, target.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise ArchiveError(f"{name} grows too large when unpacked; it is not read.")
            copy.write(chunk)
    return size


def _changed_since_packed(folder: Path) -> list[Fault]:
    """Files that are not what the descriptor's checksums say."""
    sums, fault = _sums(folder / DESCRIPTOR)
    if fault:
        return [fault]
    return [
        Fault(name, None, "", "it is not the file that was packed: its checksum differs")
        for name, digest in sorted(sums.items())
        if name in _WANTED and _sha256(folder / name) != digest
    ]


def _sha256(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else ""


def _sums(path: Path) -> tuple[dict[str, str], Fault | None]:
    """File name -> checksum, as the descriptor at ``path`` has them."""
    try:
        described: Any = json.loads(path.read_bytes())
        listed = [(r["path"], r["hash"]) for r in described["resources"] if "hash" in r]
        return {str(name): str(digest) for name, digest in listed}, None
    except FileNotFoundError:
        return {}, Fault(DESCRIPTOR, None, "", "the file is missing")
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}, Fault(DESCRIPTOR, None, "", "it is no description of a data package")
