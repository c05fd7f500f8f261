"""A letter as it was read: pages of text, and how each was come by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from compound_coverage.letters.text import clean

MOST_CHARACTERS = 1_000_000

_SIGNS = str.maketrans(
    {
        "\u00a0": " ",
        "\u2007": " ",
        "\u202f": " ",
        "\t": "    ",
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
    }
)
_KEEP_HYPHEN = frozenset({"non", "off", "step", "self", "peer", "low", "long", "short"})
_WIDE = re.compile(" {4,}")
_BROKEN_WORD = re.compile(r"([A-Za-z]*[a-z])[-\u2010]$")
_BROKEN_CODE = re.compile(r"[A-Z0-9][-\u2010]$")


class DocumentReadError(ValueError):
    """A letter that can't be read. The message is one sentence: what is wrong, and the mend."""


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page, from 1.

    ``how`` tells whether the text stood in the file or was read off a picture. For a picture,
    ``confidence`` is how sure the reader is of the page (0 to 100), and ``doubtful`` holds the
    places (start and end in ``text``) of the words it is least sure of.
    """

    number: int
    text: str
    how: Literal["text", "ocr"] = "text"
    confidence: float | None = None
    doubtful: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A letter. ``unread`` says in one sentence each which pages could not be read, and why."""

    name: str
    pages: tuple[Page, ...]
    unread: tuple[str, ...] = ()


def tidied(text: str) -> str:
    """``text`` without hidden characters, with plain blanks, and words joined across lines.

    At most one empty line stands between two others, at most three blanks between two words,
    and no line ends with blanks.
    """
    pieces: list[str] = []
    before = ""
    for line in (_WIDE.sub("   ", raw.rstrip()) for raw in plain(text).split("\n")):
        cut, glue = seam(before, line)
        if pieces:
            pieces[-1] = pieces[-1][: len(pieces[-1]) - cut]
            pieces.append(glue)
        pieces.append(line if glue else line.lstrip())
        before = line
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip("\n")


def plain(text: str) -> str:
    """``text`` without hidden characters, and with plain blanks and letters."""
    return clean(text).translate(_SIGNS)


def seam(before: str, after: str) -> tuple[int, str]:
    """How two lines join: how much of the first to drop, and what to put between them.

    A word broken at the end of the first line is made whole: ``pre-`` and ``scriber``. The
    hyphen stays where it belongs: ``non-`` and ``formulary``, ``EX-`` and ``1204``.
    """
    start = after.lstrip()[:1]
    word = _BROKEN_WORD.search(before[-40:])
    if word and start.islower():
        return int(word[1].lower() not in _KEEP_HYPHEN), ""
    if _BROKEN_CODE.search(before[-2:]) and re.match(r"[A-Z0-9]", start):
        return 0, ""
    return 0, "\n"
