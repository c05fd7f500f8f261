"""Programs kept running to answer one request after another, as starting them takes longest.

A program reads requests, each a line of JSON, and writes answers, each a line of fields with
tabs between: ``ok`` and the parts, or ``refused`` and why. In a field, a tab, a line end and the
escape character itself stand as escape and a letter.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import LifoQueue

MOST_WORKERS = 8
MOST_MEMORY = 512 * 1024 * 1024
# what a program keeps by mistake is given back when it ends
MOST_ANSWERS = 1000

_ESCAPES = ((b"\x1bt", b"\t"), (b"\x1bn", b"\n"), (b"\x1br", b"\r"), (b"\x1be", b"\x1b"))


class Refused(Exception):
    """The program will not do what was asked. The message is its own."""


class TookTooLong(Exception):
    """The time was up before the answer came; the program was stopped."""


class Died(Exception):
    """The program ended before it had answered."""


class Workers:
    """As many copies of one program as there are processors, each started when first needed.

    Any thread may ask, and gets its own answer. After a fork the child starts its own programs.
    """

    def __init__(self, command: Callable[[], Sequence[str]]) -> None:
        self._command = command
        self._begin()
        atexit.register(self.stop)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _begin(self) -> None:
        self._running: set[_Worker] = set()
        # the one used last is taken first: letters made one by one keep one program warm
        self._places: LifoQueue[_Worker | None] = LifoQueue()
        for _ in range(min(os.cpu_count() or 1, MOST_WORKERS)):
            self._places.put(None)

    def ask(self, request: Mapping[str, object], seconds: float) -> list[bytes]:
        """The parts of the answer. Waits for a program while all are busy.

        A program that dies is replaced once, as it may have been ended from outside. Raises
        Refused, TookTooLong, or Died if the second one dies too.
        """
        worker = self._places.get()
        try:
            worker = self._ready(worker)
            try:
                return worker.ask(request, seconds)
            except Died:
                worker = self._ready(worker)
                return worker.ask(request, seconds)
        finally:
            self._places.put(worker)

    def _ready(self, worker: _Worker | None) -> _Worker:
        if worker is not None and worker.usable:
            return worker
        if worker is not None:
            self._end(worker)
        worker = _Worker(self._command())
        self._running.add(worker)
        return worker

    def stop(self) -> None:
        """Ends every program; the next request starts one anew."""
        for worker in tuple(self._running):
            self._end(worker)

    def _end(self, worker: _Worker) -> None:
        worker.stop()
        self._running.discard(worker)

    def _forget(self) -> None:
        for worker in self._running:
            worker.let_go()
        self._begin()


class _Worker:
    """One running program, asked by one thread at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        # it stands in an empty folder, and of our surroundings it learns nothing
        self._folder = tempfile.mkdtemp()
        kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**kept, "TMPDIR": self._folder},
        )
        _limit_memory(self._process.pid)
        self._answers = 0
        self._late = False

    @property
    def usable(self) -> bool:
        return self._process.poll() is None and self._answers < MOST_ANSWERS

    def ask(self, request: Mapping[str, object], seconds: float) -> list[bytes]:
        line = json.dumps(request, ensure_ascii=False).encode("utf-8")
        alarm = threading.Timer(seconds, self._give_up)
        alarm.start()
        try:
            word, *parts = self._exchange(line + b"\n").split(b"\t")
        except (OSError, EOFError):
            raise (TookTooLong if self._late else Died) from None
        finally:
            alarm.cancel()
            alarm.join()  # or it could still end the program in the middle of the next letter
        self._answers += 1
        parts = [_unescaped(part) for part in parts]
        if word != b"ok":
            raise Refused(parts[0].decode("utf-8", "replace"))
        return parts

    def _exchange(self, line: bytes) -> bytes:
        try:
            self._send(line)
            return self._answer()
        except BaseException:
            self._process.kill()  # or half an answer would be left for the next letter
            self._process.wait()
            raise

    def _send(self, line: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(pipe.fileno(), rest) :]

    def _answer(self) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        got = bytearray()
        while not got.endswith(b"\n"):
            some = os.read(pipe.fileno(), 1 << 20)
            if not some:
                raise EOFError
            got += some
        return bytes(got).rstrip(b"\r\n")

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def let_go(self) -> None:
        """After a fork: the program is the parent's; our ends of its pipes must not hold it."""
        self._process.returncode = 0
        self._close()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


def _unescaped(part: bytes) -> bytes:
    for escape, char in _ESCAPES:
        part = part.replace(escape, char)
    return part


def _limit_memory(pid: int) -> None:
    # pandoc's own limit, +RTS -M, was seen not to hold while Lua runs; other systems have none
    if sys.platform == "linux":
        import resource

        with suppress(ProcessLookupError):  # it ended already; the first request will tell
            resource.prlimit(pid, resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
