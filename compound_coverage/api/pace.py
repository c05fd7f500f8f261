"""How often one caller may ask: a moving window of a minute, in this process's memory."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0  # seconds


class Pace:
    """Counts what each caller asked within the last minute.

    No address is kept: a caller is a fingerprint made with a key of this process, and is
    forgotten, as the key is when the process ends. Callers of one IPv6 network (/64) are one.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute, self._clock = per_minute, clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        # the caller who asked last stands last, so that the forgotten are the first
        self._asked: dict[bytes, deque[float]] = {}

    def wait(self, address: str) -> float:
        """Seconds until ``address`` may ask again; 0 if it may now, and then this counts."""
        caller = self._fingerprint(address)
        with self._lock:
            now = self._clock()
            self._forget(now - WINDOW)
            times = self._asked.get(caller, deque())
            while times and times[0] <= now - WINDOW:
                times.popleft()
            if len(times) >= self.per_minute:
                return times[0] + WINDOW - now
            times.append(now)
            self._asked.pop(caller, None)
            self._asked[caller] = times
            return 0.0

    def remembered(self) -> int:
        """How many callers are remembered."""
        return len(self._asked)

    def _forget(self, before: float) -> None:
        while self._asked:
            first = next(iter(self._asked))
            if self._asked[first][-1] > before:
                break
            del self._asked[first]

    def _fingerprint(self, address: str) -> bytes:
        return hashlib.blake2b(_network(address).encode(), key=self._key, digest_size=16).digest()


def _network(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    known = getattr(known, "ipv4_mapped", None) or known
    if known.version == 4:
        return str(known)
    return str(ipaddress.ip_network((known, 64), strict=False))
