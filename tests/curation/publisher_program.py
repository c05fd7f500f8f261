"""Somebody who publishes, as a program of its own; told what to do in one line of JSON.

Writes ``ready``, waits for a line, publishes, and writes what it published.
"""

import json
import sys
from pathlib import Path

from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing
from compound_coverage.curation.publishing import Publisher


def main():
    asked = json.loads(sys.stdin.readline())
    desk = Desk(open_casework(asked["url"]), KeyRing(Path(asked["keys"])))
    actor = Actor(asked["member"], asked["organisation"], frozenset({Role.ADVOCATE}))
    publisher = Publisher(desk, lambda: Path(asked["folder"]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    done = publisher.publish(actor)
    sys.stdout.write(json.dumps({"release": done.release, "titles": done.titles}) + "\n")


if __name__ == "__main__":
    main()
