"""The phrases of ``patterns.toml``, ready to be looked for.

Adding a phrase is editing that file. Nothing here knows what a letter says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from compound_coverage.language import say

FILE = Path(__file__).with_name("patterns.toml")
ROUTES = (
    "appeal",
    "expedited",
    "exception",
    "external_review",
    "hearing",
    "peer_to_peer",
    "information",
)
NUMBERED = ("member_id", "medicare_number", "prescription_number", "reference")
ROUTE_PARTS = ("deadline", "within", "counted_from", "address", "fax", "phone", "portal")

_NUMBER = r"[\w.-]*[0-9][\w.-]*"
_CAPITAL = r"[A-Z0-9][\w.'/&-]*"
_SMALL = "(?:(?:and|of|for|the|in|with|to|or|by) +){0,2}"
# A name: words in capitals with small words between them, and perhaps a number.
_TITLE = (
    rf"(?-i:{_CAPITAL}(?: +{_SMALL}(?:{_CAPITAL}|\([A-Z0-9][\w.-]*\))){{0,8}}"
    rf"(?:,? +(?:number|no\.?|version|#) *{_NUMBER}"
    rf"| +\((?:policy +|guideline +)?(?:number|no\.?|version|#)? *{_NUMBER}\))?)"
)
_CLASS = re.compile(r"\[[^\]]*\]")
_BRACKETS = re.compile(r"\([^()]*\)(?:[?*+]|\{[^}]*\})?")
_MAY_BE_MISSING = re.compile(r".[?*]|\\.|\{[^}]*\}|\[[^\]]*\][?*+]?")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern, and a word that any text it fits must hold, or nothing."""

    pattern: re.Pattern[str]
    hint: str


@dataclass(frozen=True, slots=True)
class Coded:
    """A value and the phrases that stand for it. A higher ``rank`` outweighs a lower one."""

    value: str
    phrases: tuple[Phrase, ...]
    rank: int = 0
    labelled: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasonKind:
    """A kind of reason for a denial.

    ``plain`` says what it means, ``ask`` what the person should find out or gather, both at
    grade 6; ``answer_with`` names the fields of the case file that answer it.
    """

    name: str
    plain: str
    answer_with: tuple[str, ...]
    ask: str


@dataclass(frozen=True, slots=True)
class Patterns:
    """All that the reader knows of how letters are worded."""

    decisions: tuple[Coded, ...]
    kinds: tuple[Coded, ...]
    plan_types: tuple[Coded, ...]
    levels: tuple[Coded, ...]
    reasons: tuple[Coded, ...]
    routes: tuple[Coded, ...]
    counted_from: tuple[Coded, ...]
    reason_of_code: Mapping[str, str]
    labels: Mapping[str, re.Pattern[str]]
    headings: Mapping[str, tuple[Phrase, ...]]
    inline: Mapping[str, tuple[re.Pattern[str], ...]]
    words: Mapping[str, re.Pattern[str]]
    numbers: Mapping[str, int]
    languages: Mapping[str, frozenset[str]]


@lru_cache(maxsize=1)
def patterns() -> Patterns:
    """The phrases of the file."""
    table = _table()
    return Patterns(
        decisions=_coded(table["decisions"]),
        kinds=_coded(table["kinds"]),
        plan_types=_coded(table["plan_types"]),
        levels=_coded(table["levels"]),
        reasons=_coded(table["reasons"]),
        routes=_coded({k: v for k, v in table["routes"].items() if k != "fields"}),
        counted_from=_coded(table["counted_from"]),
        reason_of_code={str(code): kind for code, kind in table["reject_codes"].items()},
        labels={field: _label(field, names) for field, names in table["labels"].items()},
        headings={name: _phrases(texts) for name, texts in table["headings"].items()},
        inline={
            field: tuple(_inline(text) for text in texts)
            for field, texts in table["inline"].items()
        },
        words={name: _any_of(texts) for name, texts in table["words"].items()},
        numbers=table["numbers"],
        languages={
            name: frozenset(language["words"]) for name, language in table["languages"].items()
        },
    )


@lru_cache(maxsize=1)
def reason_kinds() -> dict[str, ReasonKind]:
    """Every kind of reason by its name: what it means, what answers it, what to ask."""
    return {
        name: ReasonKind(name, row["plain"], tuple(row["answer_with"]), row["ask"])
        for name, row in _table()["reasons"].items()
    }


@lru_cache(maxsize=1)
def field_labels() -> dict[str, str]:
    """What each field that can be found is called, in the order to show them in."""
    table = _table()
    labels: dict[str, str] = dict(table["fields"])
    parts = table["routes"]["fields"]
    for route in ROUTES:
        for part in ROUTE_PARTS:
            labels[f"{route}_{part}"] = f"{table['routes'][route]['label']}: {parts[part]}"
    return labels


def words_for(field: str, value: str) -> str:
    """A value of a field in plain words, in the language spoken just now.

    What is not a code stays as it is.
    """
    table = _table()
    if field in ("decision", "reason_kind"):
        rows = table["decisions" if field == "decision" else "reasons"]
        told = rows.get(value, {}).get("plain")
    else:
        codes = "counted_from" if field.endswith("_counted_from") else field
        told = table["values"].get(codes, {}).get(value)
    return say(str(told)) if told else value


def reader_words() -> list[str]:
    """Every text of the file that a person reads, for the catalogues of translations.

    The label of a road's part is said in two: the road, and the part of it.
    """
    table = _table()
    roads = [table["routes"][route]["label"] for route in ROUTES]
    told = [*table["fields"].values(), *roads, *table["routes"]["fields"].values()]
    told += [text for codes in table["values"].values() for text in codes.values()]
    told += [row["plain"] for row in table["decisions"].values() if "plain" in row]
    told += table["languages"]
    told += [text for row in table["reasons"].values() for text in (row["plain"], row["ask"])]
    return list(dict.fromkeys(map(str, told)))


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    with FILE.open("rb") as stream:
        return tomllib.load(stream)


def _coded(rows: Mapping[str, Mapping[str, Any]]) -> tuple[Coded, ...]:
    return tuple(
        Coded(
            value=row.get("value", name),
            phrases=_phrases(row["phrases"]),
            rank=row.get("rank", 0),
            labelled=_phrases(row.get("labelled", ())),
        )
        for name, row in rows.items()
    )


def _phrases(texts: Iterable[str]) -> tuple[Phrase, ...]:
    return tuple(Phrase(_whole(_body(text)), hint_of(text)) for text in texts)


def _whole(body: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{body})(?![a-z0-9])")


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    return _whole("|".join(map(_body, texts)))


def _label(field: str, names: Iterable[str]) -> re.Pattern[str]:
    """A label at the start of a line, an item or a cell, and what parts it from its value.

    Numbers may also stand in the middle of a line: ``Re: Example Patient, Member ID 12``; after
    nothing but a blank, a label needs two words and a colon.
    """
    body = "|".join(map(_body, sorted(names, key=len, reverse=True)))
    start = r"(?<![^\n])|(?<=  )|(?<=\n[-*\u2022] )"
    if field in (*NUMBERED, "service_date"):
        start += r"|(?<=[,;|] )|(?<=\()|(?<= )(?=[a-z.]+ [a-z]+\.? *[:#])"
    return re.compile(rf"(?:{start}) {{0,3}}(?:{body})(?P<sep> *[:#]+ *| {{2,}}|(?=\n|$)| )")


def _inline(text: str) -> re.Pattern[str]:
    """A pattern over text as written, with the thing itself in a named group."""
    return re.compile(rf"\b{_body(text)}".replace("TITLE", _TITLE), re.IGNORECASE)


def _body(text: str) -> str:
    """A phrase of the file as a regular expression over text in small letters."""
    pieces: list[str] = []
    last = 0
    for found in _CLASS.finditer(text):
        pieces += [_loosened(text[last : found.start()]), found[0]]
        last = found.end()
    return "".join([*pieces, _loosened(text[last:])])


def _loosened(text: str) -> str:
    """Blanks and hyphens made lenient: a picture's reader often loses the blank in ``of a``.

    Beside a word of any letters a blank stays one, or it could be cut up in too many ways.
    """
    text = re.sub(r"(?<=\+) | (?=\\w)", "\0", text)
    return text.replace(" ?", " ").replace(" ", " *").replace("\0", " +").replace("-", "[- ]*")


def hint_of(text: str) -> str:
    """The longest word that every text fitting this phrase must hold; empty if there is none."""
    before = ""
    while before != text:
        before, text = text, _BRACKETS.sub("\n", text)
    words = re.findall(r"[a-z0-9]+", _MAY_BE_MISSING.sub("\n", text))
    return max(words, key=len, default="")
