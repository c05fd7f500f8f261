"""The table of what was measured, one line for each promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what, how it came out, what was wanted, and the plain way."""

    what: str
    ours: str
    wanted: str
    met: bool
    plain: str = ""
    ratio: str = ""


def table(lines: Sequence[Line]) -> str:
    head = "| what | measured | wanted | met | the plain way | ratio |\n|---|---|---|---|---|---|\n"
    rows = [
        f"| {line.what} | {line.ours} | {line.wanted} | {'yes' if line.met else '**no**'} "
        f"| {line.plain} | {line.ratio} |"
        for line in lines
    ]
    return head + "\n".join(rows) + "\n"
