"""Opens what regulators publish: a file, a folder, a gzip, a zip, zips within zips.

Nothing is ever unpacked to a path, so a name inside an archive can't lead anywhere.
"""

from __future__ import annotations

import gzip
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

DEEPEST = 3  # bundle -> release -> one zip per table
MOST_MEMBERS = 20_000
# Published text shrinks about twentyfold; far beyond that an archive is made to harm.
HIGHEST_RATIO = 300
SMALL = 100_000_000
PEEK = 65_536
# What reading a damaged zip or gzip can raise: the decompressors, a version or a name in an
# encoding that was never meant.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    UnicodeDecodeError,
)


class ArchiveError(ValueError):
    """An archive that can't be read safely. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file to import, wherever it lies. ``name`` is for people and for recognising it."""

    name: str
    opener: Callable[[], BinaryIO]

    @property
    def base(self) -> str:
        """The file name alone, lower case, runs of blanks as one."""
        return " ".join(re.split(r"[/\\]", self.name)[-1].lower().split())

    def open(self) -> BinaryIO:
        """The content from its start. Raises ArchiveError if it is damaged."""
        try:
            return self.opener()
        except DAMAGE as error:
            raise ArchiveError(f"{self.name} can't be opened: {error}.") from None

    def peek(self) -> bytes:
        """The first bytes, to recognise it by. Raises ArchiveError if it is damaged."""
        with self.open() as stream:
            try:
                return stream.read(PEEK)
            except DAMAGE as error:
                raise ArchiveError(f"{self.name} is damaged: {error}.") from None


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Member]]:
    """Every file under ``paths``, folders and archives opened, in a fixed order.

    The members can be read until the context ends. Raises ArchiveError for a path that is not
    there, and for an archive that is damaged, nested too deep, or grows beyond reason.
    """
    with ExitStack() as held:
        found: list[Member] = []
        for path in paths:
            for member in _of_path(path, held):
                found.append(member)
                if len(found) > MOST_MEMBERS:
                    raise ArchiveError(f"There are more than {MOST_MEMBERS:,} files to read.")
        yield found


def _of_path(path: Path, held: ExitStack) -> Iterator[Member]:
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file():
                yield from _of_file(inner, str(inner.relative_to(path)), held)
    elif path.is_file():
        yield from _of_file(path, path.name, held)
    else:
        raise ArchiveError(f"There is no file or folder '{path}'.")


def _of_file(path: Path, name: str, held: ExitStack) -> Iterator[Member]:
    name = name.encode("utf-8", "replace").decode()  # a name on disk need not be text
    try:
        if zipfile.is_zipfile(path):
            archive = held.enter_context(zipfile.ZipFile(path))
            yield from _of_zip(archive, name, 1, held)
        elif name.lower().endswith(".zip"):
            raise ArchiveError(f"{name} is no whole zip archive; fetch it again.")
        elif name.lower().endswith(".gz"):
            yield Member(name[:-3], lambda: cast(BinaryIO, gzip.open(path, "rb")))  # noqa: SIM115
        else:
            yield Member(name, lambda: path.open("rb"))
    except DAMAGE as error:
        raise ArchiveError(f"{name} can't be opened: {error}.") from None


def _of_zip(archive: zipfile.ZipFile, name: str, depth: int, held: ExitStack) -> Iterator[Member]:
    if depth > DEEPEST:
        raise ArchiveError(f"{name} holds zips within zips, more than {DEEPEST} deep.")
    for info in archive.infolist():
        inner = f"{name}/{info.filename}"
        _refuse_unsafe(info, inner)
        if info.is_dir():
            continue
        if info.filename.lower().endswith(".zip"):
            copy = held.enter_context(_searchable(archive, info, inner))
            try:
                nested = held.enter_context(zipfile.ZipFile(copy))
            except DAMAGE as error:
                raise ArchiveError(f"{inner} can't be opened: {error}.") from None
            yield from _of_zip(nested, inner, depth + 1, held)
        else:
            yield Member(inner, _opener(archive, info))


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: cast(BinaryIO, archive.open(info))


def _refuse_unsafe(info: zipfile.ZipInfo, name: str) -> None:
    grows = info.file_size / max(info.compress_size, 1)
    if info.file_size > SMALL and grows > HIGHEST_RATIO:
        raise ArchiveError(
            f"{name} would grow {grows:,.0f}-fold to {info.file_size:,} bytes; it is not read."
        )
    if info.flag_bits & 0x1:
        raise ArchiveError(f"{name} is locked with a password.")


def _searchable(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> BinaryIO:
    """A copy that can be searched; a zip inside a zip can only be read forwards."""
    copy = tempfile.SpooledTemporaryFile(max_size=64_000_000)  # noqa: SIM115
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(1 << 20):
                copy.write(chunk)
    except DAMAGE as error:
        copy.close()
        raise ArchiveError(f"{name} is damaged: {error}.") from None
    copy.seek(0)
    return cast(BinaryIO, copy)
