"""Somebody who saves one draft again and again, in a thread or as a program of its own.

As a program it prints a line for each save the service acknowledged, and is told what to do in
one line of JSON on its standard input, and to begin in a second one.
"""

import itertools
import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from compound_coverage.casework.access import Actor, Role
from compound_coverage.casework.cases import Cases
from compound_coverage.casework.content import Content
from compound_coverage.casework.desk import Desk, open_casework
from compound_coverage.casework.keyring import KeyRing

MOST_ROWS = 3


@dataclass
class Acknowledged:
    """What the service said of one save, and what was in it.

    ``row`` is the row it brought, ``text`` its text if it wrote in the line all write to.
    """

    who: str
    row: str
    text: str
    version: int
    aside: int
    row_is_in: bool
    dropped: list[str]


def cases_at(desk):
    return Cases(desk, lambda content, summary, state: ())


def rows_of(content):
    return [row["drug"] for row in content.facts.get("tried", [])]


def edited(content, who, number):
    """``content`` with a row of this writer's own more; every other time a line all write to."""
    token = f"{who}-{number}"
    rows = content.facts.get("tried", [])
    mine = [row for row in rows if row["drug"].startswith(f"{who}-")]
    # a draft has few rows: the oldest of one's own goes when a new one comes
    dropped = mine[: max(0, len(mine) + 1 - MOST_ROWS)]
    kept = [row for row in rows if row not in dropped]
    facts = {**content.facts, "tried": [*kept, {"drug": token, "outcome": "failed"}]}
    text = f"First line\n\nLast written by {token}\n\nLast line\n" if number % 2 else content.text
    return Content(facts=facts, text=text), token, [row["drug"] for row in dropped]


def write(desk, actor, case_id, who, goes_on, tell, thinks=0.0):
    """Saves once, and again while ``goes_on()``; tells each save the service acknowledged.

    ``thinks`` is how many seconds pass between reading and saving: time for others to save.
    """
    cases = cases_at(desk)
    for number in itertools.takewhile(lambda number: number == 1 or goes_on(), itertools.count(1)):
        seen = cases.read(actor, case_id)
        content, token, dropped = edited(seen.content, who, number)
        time.sleep(thinks)
        saved = cases.save(actor, case_id, seen.version, content)
        text = content.text if number % 2 else ""
        tell(
            Acknowledged(
                who, token, text, saved.version, saved.aside,
                token in rows_of(saved.content), dropped,
            )
        )  # fmt: skip


def write_in_threads(desks, actor, case_id, names, seconds):
    """A thread for each desk; returns what was acknowledged, and the errors there were."""
    ends = time.monotonic() + seconds
    told: list[Acknowledged] = []
    errors: list[str] = []

    def one(desk, who):
        try:
            write(desk, actor, case_id, who, lambda: time.monotonic() < ends, told.append, 0.02)
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=one, args=pair) for pair in zip(desks, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told, errors


def write_until_killed(url, keys, actor, case_id, who, tells):
    """One writer as a program of its own, which tells of its saves through a pipe."""
    desk = Desk(open_casework(url), KeyRing(keys))
    tells.send("ready")
    write(desk, actor, case_id, who, lambda: True, tells.send)


def main():
    asked = json.loads(sys.stdin.readline())
    ring = KeyRing(Path(asked["keys"]))
    actor = Actor(asked["member"], asked["organisation"], frozenset({Role.STAFF}))
    desks = [Desk(open_casework(asked["url"]), ring) for _ in asked["names"]]
    sys.stdout.write("ready\n")
    sys.stdout.flush()

    sys.stdin.readline()
    told, errors = write_in_threads(desks, actor, asked["case"], asked["names"], asked["seconds"])
    for one in told:
        sys.stdout.write(json.dumps(asdict(one)) + "\n")
    sys.stderr.write("".join(f"{error}\n" for error in errors))


if __name__ == "__main__":
    main()
