"""The words of claims.toml: what counts as a claim, and the grammar that tells it from its denial.

All patterns are for text as ``Page.low`` holds it: lower case, no accents.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from compound_coverage.letters.claims.reading import Phrase, any_of, folded, phrase
from compound_coverage.letters.templates import TEMPLATES, languages

PHRASE_KINDS = (
    "proven",
    "no_side_effects",
    "percentage",
    "guideline",
    "insurers",
    "denial_harm",
    "mechanism",
    "signed_voice",
)
STUDY_KINDS = ("hidden_trial", "changed_trial", "secondary_as_result")
KINDS = ("fda_approved", *PHRASE_KINDS, *STUDY_KINDS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of claim in one language, as its table in claims.toml has it.

    ``negation`` is there where the kind is denied in words of its own.
    """

    why: str
    mend: str
    phrases: Mapping[str, tuple[Phrase, ...]]
    innocent: re.Pattern[str]
    negation: re.Pattern[str] | None
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bank:
    """The claims of one language, and its grammar as patterns by name."""

    kinds: Mapping[str, Kind]
    grammar: Mapping[str, re.Pattern[str]]
    numbers: Mapping[str, int]
    abbreviations: frozenset[str]


@lru_cache(maxsize=16)
def bank_of(language: str) -> Bank:
    """The claims of a language that has letters."""
    with (TEMPLATES / language / "claims.toml").open("rb") as stream:
        table = tomllib.load(stream)
    rows = table.pop("grammar")
    numbers = {folded(word): value for word, value in rows.pop("numbers").items()}
    return Bank(
        kinds={name: _kind(kind) for name, kind in table.items()},
        grammar=_grammar(rows, numbers),
        numbers=numbers,
        abbreviations=frozenset(rows["abbreviations"]),
    )


@lru_cache(maxsize=1)
def abbreviations() -> frozenset[str]:
    """The words of every language whose full stop ends no sentence."""
    return frozenset().union(*(bank_of(language).abbreviations for language in languages()))


def _kind(rows: dict[str, Any]) -> Kind:
    innocent = rows.pop("innocent", [])
    negations = rows.pop("negations", None)
    lists = {name: rows.pop(name) for name in list(rows) if isinstance(rows[name], list)}
    return Kind(
        why=rows.pop("why"),
        mend=rows.pop("mend"),
        phrases={name: tuple(map(phrase, phrases)) for name, phrases in lists.items()},
        innocent=re.compile("|".join(f"(?:{pattern})" for pattern in innocent) or "(?!)"),
        negation=re.compile(any_of(negations)) if negations else None,
        texts=rows,
    )


def _grammar(rows: dict[str, list[str]], numbers: Mapping[str, int]) -> dict[str, re.Pattern[str]]:
    word = {name: any_of(words) for name, words in rows.items()}
    number = rf"(?:{any_of(numbers)}(?:[ -]{any_of(numbers)})?|[0-9]+(?:[.,][0-9]+)*)"
    share = rf"(?<![\w.,])({number})\s+{word['out_of']}\s+({number})"
    relative = rf"(?:\W+{word['relatives']})?"
    patterns = {
        # what only looks like a negation is taken first, and is not among what is found
        "negation": rf"{word['no_negations']}|(?P<real>{word['negations']})",
        "clause": rf"[;:]|[.!?]\s|{word['clauses']}"
        rf"|(?:,|{word['joins']})\s+(?:{word['joins']}\s+)?(?:[^\W_]+\s+){{0,4}}?{word['verbs']}",
        # "it is also a", "it is a medicine": what stands before these words is what they are about
        "predicate": rf"{word['copulas']}(?:\W+{word['fillers']}){{0,4}}"
        rf"(?:\W+(?:[^\W_]+\W+){{0,2}}?{word['things']}{relative})?\W*$",
        "apposition": rf",\s*{word['articles']}\s*$",
        "thing_last": rf"{word['things']}{relative}\W*$",
        "conditional_last": rf"{word['conditionals']}\W*$",
        "opener": rf"\W*{word['openers']}",
        "stop": rf"[,;:()|\n]|{word['stops']}",
        "percent": rf"(?<![\w.,])({number})(?:\s*(?:-|{word['ranges']})\s*({number}))?"
        rf"[\s-]*(?:%|{word['percent']})",
        "share": rf"{share}\s+(?:[^\W_]+\s+){{0,2}}?{word['people']}",
        "any_share": share,
        "signature": rf"\W*(?:[\w' ]{{1,30}} )?{word['labels']}"
        rf"(?: {word['openers']} [\w' ]{{1,40}})?(?: ?\([^()]{{0,40}}\))? ?[:|](.*)",
        "blank": rf"\W*{word['blanks']}",
    }
    return {name: re.compile(pattern) for name, pattern in {**word, **patterns}.items()}
