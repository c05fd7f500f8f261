"""A claim as it is found, before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass

from compound_coverage.letters.claims.reading import Layout, Place
from compound_coverage.vocabulary import Study

# How surely a sentence claims what it may not. With CHECK only a person can tell.
NONE, CHECK, SURE = 0, 1, 2

LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A claim: its kind, how sure it is, the line it begins on and its words.

    A claim about a study names it; ``change`` is the name of a text in claims.toml that says what
    was done to it, with the figures that are ``gone`` and ``new``.
    """

    kind: str
    weight: int
    line: int
    quote: str
    study: Study | None = None
    change: str = ""
    gone: str = ""
    new: str = ""


def found_at(
    layout: Layout, place: Place, kind: str, weight: int, study: Study | None = None, **change: str
) -> Found:
    """A claim at a place of ``layout.shown``."""
    start, end = place
    quote = layout.shown[start:end].strip(" |\n")[:LONGEST_QUOTE]
    return Found(kind, weight, layout.line_of(start), quote, study, **change)
