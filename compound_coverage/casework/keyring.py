"""The keys of casework, kept in a file outside the database, and what is done with them.

Every sealed field is AES-256-GCM under one of the ring's sealing keys, bound to its place (table,
column, row): a field moved to another row does not open. The newest key seals; older ones only
open, so keys are changed while everybody works (``rotation``). Two more keys never seal: one signs
the audit trail, one makes an index of names that are looked up but not readable.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from compound_coverage.database import home
from compound_coverage.dataset.tables import write_atomically

_NONCE = 12
_ID = 8


class KeyRingError(ValueError):
    """Keys that are missing or do not fit. The message is one sentence with the mend."""


def key_path() -> Path:
    """``COMPOUND_COVERAGE_KEYS``, or a file in the user's data folder."""
    given = os.environ.get("COMPOUND_COVERAGE_KEYS")
    return Path(given) if given else home() / "keys.json"


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    current: str
    sealing: Mapping[str, bytes]
    audit: bytes
    index: bytes
    seen: tuple[int, ...] = ()  # the file as it was when these were read


class KeyRing:
    """The keys in one file. It is read again when a field names a key it does not hold yet.

    Before it seals it looks whether the file was changed, so that a key added by the operator
    seals from then on in every program that reads the same file.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises KeyRingError if it is missing, damaged, or open to others."""
        self.path = path
        self._held = _read(path)

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self._held.current

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Every sealing key of the ring, oldest first."""
        return tuple(self._held.sealing)

    def reload(self) -> None:
        """Takes in a key that was added to the file since. Raises KeyRingError."""
        self._held = _read(self.path)

    # -- fields --------------------------------------------------------------------------------

    def seal(self, plain: bytes, place: str) -> bytes:
        """``plain`` so that only this ring opens it, and only at ``place``.

        Raises KeyRingError if the key file is gone: what is sealed by a key that may have been
        taken out would be lost.
        """
        if _seen(self.path) != self._held.seen:
            self.reload()
        held = self._held
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(held.sealing[held.current]).encrypt(nonce, plain, place.encode())
        return bytes.fromhex(held.current) + nonce + sealed

    def open(self, token: bytes, place: str) -> bytes:
        """What was sealed at ``place``.

        Raises KeyRingError if it was changed, moved, or sealed by a key the ring no longer holds.
        """
        key = self._key_of(token)
        nonce, sealed = token[_ID : _ID + _NONCE], token[_ID + _NONCE :]
        try:
            return AESGCM(key).decrypt(nonce, sealed, place.encode())
        except (InvalidTag, ValueError):
            raise KeyRingError(
                f"The field {place} was changed outside this program and can't be opened; restore "
                "it from a backup."
            ) from None

    def _key_of(self, token: bytes) -> bytes:
        key_id = key_id_of(token)
        if key_id not in self._held.sealing:
            self.reload()
        if key_id not in self._held.sealing:
            raise KeyRingError(
                f"The key {key_id} is not in the key file; bring back the key file that holds it."
            )
        return self._held.sealing[key_id]

    def seal_json(self, value: Any, place: str) -> bytes:
        """``seal`` for anything that JSON can hold."""
        return self.seal(json.dumps(value, ensure_ascii=False).encode("utf-8"), place)

    def open_json(self, token: bytes, place: str) -> Any:
        """What ``seal_json`` sealed. Raises KeyRingError as ``open`` does."""
        return json.loads(self.open(token, place))

    # -- what is not sealed ----------------------------------------------------------------------

    def mark(self, text: str) -> str:
        """A signature of one audit entry that nobody can make without the key file."""
        return hmac.new(self._held.audit, text.encode("utf-8"), hashlib.sha256).hexdigest()

    def index(self, text: str) -> str:
        """Stands for ``text`` in a column that is looked up; tells nothing without the key."""
        return hmac.new(self._held.index, text.encode("utf-8"), hashlib.sha256).hexdigest()


def key_id_of(token: bytes) -> str:
    """Which key sealed a field."""
    return token[:_ID].hex()


# -- the file ----------------------------------------------------------------------------------


def make_key_file(path: Path) -> KeyRing:
    """A new ring with one sealing key. Raises KeyRingError if the file is there already."""
    if path.exists():
        raise KeyRingError(f"The key file '{path}' is there already; nothing was changed.")
    path.parent.mkdir(parents=True, exist_ok=True)
    first = secrets.token_bytes(_ID).hex()
    _write(path, _Held(first, {first: _new_key()}, _new_key(), _new_key()))
    return KeyRing(path)


def add_key(path: Path) -> str:
    """Adds a sealing key, which seals from now on; returns its id. Raises KeyRingError."""
    with _alone(path):
        held = _read(path)
        added = secrets.token_bytes(_ID).hex()
        _write(path, _Held(added, {**held.sealing, added: _new_key()}, held.audit, held.index))
    return added


def drop_keys(path: Path, key_ids: frozenset[str]) -> None:
    """Takes old sealing keys out for good. Raises KeyRingError for the one that seals."""
    with _alone(path):
        held = _read(path)
        if held.current in key_ids:
            raise KeyRingError(f"The key {held.current} seals new fields; add another key first.")
        kept = {name: key for name, key in held.sealing.items() if name not in key_ids}
        _write(path, _Held(held.current, kept, held.audit, held.index))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # of two changes at once, one would write over the key the other has just added
    lock = path.with_name(f"{path.name}.lock")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise KeyRingError(
            f"Another change of the key file is under way; if none is, delete '{lock}' and try "
            "again."
        ) from None
    except OSError as error:
        raise KeyRingError(
            f"The key file '{path}' can't be changed: {error.strerror}; look whether its folder is "
            "there and yours to write in."
        ) from None
    try:
        yield
    finally:
        lock.unlink()


def _new_key() -> bytes:
    return AESGCM.generate_key(256)


def _seen(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _read(path: Path) -> _Held:
    seen = _seen(path)
    try:
        # whoever can read the keys can read every case
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyRingError(
                f"The key file '{path}' can be read by others on this machine; run chmod 600 on it."
            )
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError as error:
        if isinstance(error, KeyRingError):
            raise
        raise _damaged(path) from None
    try:
        sealing = {_key_id(name): _key(text) for name, text in data["sealing"].items()}
        held = _Held(data["current"], sealing, _key(data["audit"]), _key(data["index"]), seen)
        _ = held.sealing[held.current]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path) from None
    return held


def _unreadable(path: Path, error: OSError) -> KeyRingError:
    return KeyRingError(
        f"The key file '{path}' can't be read: {error.strerror}; make one with "
        "'casework keys new', or bring back the one you had."
    )


def _damaged(path: Path) -> KeyRingError:
    return KeyRingError(f"The key file '{path}' is damaged; bring it back from its copy.")


def _key_id(text: str) -> str:
    if len(bytes.fromhex(text)) != _ID:
        raise ValueError(f"the id of a key has {_ID} bytes")
    return text


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return key


def _write(path: Path, held: _Held) -> None:
    data = {
        "current": held.current,
        "sealing": {name: base64.b64encode(key).decode() for name, key in held.sealing.items()},
        "audit": base64.b64encode(held.audit).decode(),
        "index": base64.b64encode(held.index).decode(),
    }
    write_atomically(path, json.dumps(data, indent=2).encode(), mode=0o600)
