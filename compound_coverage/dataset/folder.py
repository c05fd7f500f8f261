"""The dataset's folder: written whole or not at all, and never read while half of it is new.

A writer puts the new files into a side folder, whose renaming to ``.publishing`` is the one moment
at which they count; then they are moved to their places. A reader takes a file from there first.
Whoever dies half-way leaves ``.publishing`` behind: it is read as what it is, new, and the next
writer finishes the move.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

T = TypeVar("T")

_NEW, _UNDER_WAY, _LOCK = ".publishing.new", ".publishing", ".publishing.lock"
_LONGEST_WAIT = 60.0
_TRIES, _PAUSE = 100, 0.05

Stamp = tuple[tuple[str, int, int], ...]


class FolderError(ValueError):
    """The folder can't be written, or read, just now. The message is one sentence."""


def place_of(directory: Path, name: str) -> Path:
    """Where the file ``name`` is to be read."""
    under_way = directory / _UNDER_WAY / name
    return under_way if under_way.exists() else directory / name


def stamp(directory: Path) -> Stamp:
    """Changes whenever a file of the dataset does."""
    found = []
    for folder in (directory, directory / _UNDER_WAY):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".csv", ".json")):
                        state = entry.stat()
                        found.append((entry.path, state.st_ino, state.st_mtime_ns))
        except OSError:
            continue  # not there, or moved away just now: that is a change too
    return tuple(sorted(found))


def read_whole(directory: Path, read: Callable[[], T]) -> T:
    """What ``read`` returns, read at a moment when nobody changed the folder.

    Raises FolderError if it changes all the time.
    """
    for _ in range(_TRIES):
        before = stamp(directory)
        found = read()
        if stamp(directory) == before:
            return found
        time.sleep(_PAUSE)
    raise FolderError(f"The dataset in {directory} is changing all the time; try again later.")


@contextmanager
def one_writer(directory: Path) -> Iterator[None]:
    """Only one writer at a time, in any process of this computer; the others wait.

    Finishes what a writer before left half moved. Raises FolderError after a minute's wait.
    """
    try:
        with FileLock(directory / _LOCK, timeout=_LONGEST_WAIT):
            _finish(directory)
            yield
    except Timeout:
        raise FolderError(
            "Somebody else is changing the dataset and does not come to an end; try again later."
        ) from None


def write_whole(directory: Path, files: Mapping[str, bytes]) -> None:
    """Puts all ``files`` (name -> content) in place, or none. Call it within ``one_writer``.

    Raises OSError, leaving what was there as it was.
    """
    new = directory / _NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for name, content in files.items():
        with (new / name).open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    _fsync(new)
    new.rename(directory / _UNDER_WAY)
    _fsync(directory)
    _finish(directory)


def _finish(directory: Path) -> None:
    under_way = directory / _UNDER_WAY
    if not under_way.is_dir():
        return
    for path in sorted(under_way.iterdir()):
        path.chmod(0o644)
        path.replace(directory / path.name)
    _fsync(directory)
    under_way.rmdir()


def _fsync(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows has no way to do this for a folder
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
