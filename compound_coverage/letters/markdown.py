"""Template and facts to Markdown. Template text is trusted; a typed value never is.

Every printed value passes ``finalize``, so nothing typed can become Markdown, HTML, Typst,
LaTeX or Jinja.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from compound_coverage.letters.gaps import Gap, Unprintable
from compound_coverage.letters.templates import (
    TEMPLATES,
    LetterType,
    TemplateFolderError,
    Words,
    words_of,
)
from compound_coverage.letters.text import clean, one_line

# What means something to a Markdown reader wherever it stands ...
_ANYWHERE = re.compile(r"([\\`*_\[\]|]|<(?=[A-Za-z/!?]|$)|&(?=[A-Za-z#]|$))")
# ... and what does only at the start of a line: a heading, quote, list, rule, fence or table row.
_AT_START = re.compile(r"^(?:([#>+=:~-])|([0-9]{1,9})([.)])(?=\s|$))")


class Paragraphs(str):
    """Typed text whose lines are to stay paragraphs of their own."""

    __slots__ = ()


def escape(text: str) -> str:
    """``text`` as one line of Markdown that reads back as exactly its characters."""
    line = _ANYWHERE.sub(r"\\\1", one_line(clean(text)))
    return _AT_START.sub(_escaped_start, line)


def _escaped_start(found: re.Match[str]) -> str:
    sign, number, stop = found.groups()
    return f"\\{sign}" if sign else f"{number}\\{stop}"


def render(letter: LetterType, facts: Mapping[str, Any]) -> str:
    """The letter as Markdown.

    Raises TemplateFolderError or a Jinja error for a template's own mistake.
    """
    name = f"{letter.letter_type}/template.md.j2"
    text = _environment(letter.language).get_template(name).render(facts)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@lru_cache(maxsize=16)
def _environment(language: str) -> SandboxedEnvironment:
    words = words_of(language)
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / language),
        undefined=StrictUndefined,
        finalize=lambda value: _printed(value, words),
        autoescape=False,
        keep_trailing_newline=True,  # a part that is put in keeps its distance to the next
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_filters(words))
    return environment


def _printed(value: object, words: Words) -> str:
    """How any value looks in Markdown. There is no other way into a letter."""
    match value:
        case Gap(label, who):
            return "**[ " + words.gap.format(label=escape(label), who=words.who[who]) + " ]**"
        case Paragraphs():
            return "\n\n".join(filter(None, map(escape, clean(value).split("\n"))))
        case bool() | None:
            raise TemplateFolderError(f"The template prints {value}; test it instead.")
        case datetime.date():
            return escape(day_in_words(value.isoformat(), words))
        case _:
            return escape(str(value))


def day_in_words(text: str, words: Words) -> str:
    """A year, month or day (ISO) in words: ``March 9, 2026``. Other text is left as it is."""
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
        return text
    year, *rest = text.split("-")
    if not rest:
        return year
    month = words.months[int(rest[0]) - 1]
    if len(rest) == 1:
        return words.month.format(month=month, year=year)
    return words.day.format(month=month, day=int(rest[1]), year=year)


def _filters(words: Words) -> dict[str, Callable[..., object]]:
    def said(value: str, kind: str) -> str:
        return words.said[kind][value]

    def when(value: str) -> str:
        return words.said["time"].get(str(value)) or day_in_words(str(value), words)

    def money(value: float) -> str:
        return f"${value:,.2f}"

    def ndc(value: str) -> str:
        return f"{value[:5]}-{value[5:9]}-{value[9:]}"

    plain: dict[str, Callable[..., object]] = {
        "said": said,
        "when": when,
        "money": money,
        "ndc": ndc,
        "paragraphs": Paragraphs,
    }
    return {name: _keeping_gaps(filter_) for name, filter_ in plain.items()}


def _keeping_gaps(filter_: Callable[..., object]) -> Callable[..., object]:
    """A gap stays a gap whatever a template wants to do with the fact that is not there."""

    def kept(value: object, *arguments: object) -> object:
        if isinstance(value, (Gap, Unprintable, StrictUndefined)):
            return value
        return filter_(value, *arguments)

    return kept
