"""Somebody who publishes, in a process of its own, forked from one that has read the modules."""

import sys
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing
from compound_coverage.curation.publishing import Publisher

_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])
LONGEST = 120  # seconds


class Program:
    """Publishes once it is told to; it may be killed at any moment before or after."""

    def __init__(self, url, ring, actor, folder):
        self._ours, theirs = _PROCESSES.Pipe()
        asked = (url, ring.path, actor.member_id, actor.organisation_id, folder)
        self._process = _PROCESSES.Process(target=_publish, args=(theirs, *asked), daemon=True)
        with _no_main():
            self._process.start()
        theirs.close()
        assert self._next() == "ready"

    def go(self):
        """Starts the publication."""
        self._ours.send("go")

    def told(self):
        """What was published, once it is done."""
        found = self._next()
        self._process.join(LONGEST)
        assert self._process.exitcode == 0
        return found

    def kill(self):
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.join(LONGEST)
        self._ours.close()

    def _next(self):
        assert self._ours.poll(LONGEST), "the publisher said nothing"
        return self._ours.recv()


@contextmanager
def _no_main():
    """A new process runs the main module again first: here the test runner, or a page it opened."""
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _publish(pipe, url, keys, member_id, organisation_id, folder):
    desk = Desk(open_casework(url), KeyRing(Path(keys)))
    actor = Actor(member_id, organisation_id, frozenset({Role.ADVOCATE}))
    publisher = Publisher(desk, lambda: Path(folder))
    pipe.send("ready")
    pipe.recv()
    done = publisher.publish(actor)
    pipe.send({"release": done.release, "titles": done.titles})
