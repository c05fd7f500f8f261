"""The language a person reads: English as it stands in the code and the dataset, or a translation.

A message is its own English. ``say`` looks it up in the catalogues of the language spoken just now
(``translations/<language>/*.po``); what has no translation stays English, and can be asked about
with ``is_translated``, so that a page can say so. English is spoken where nobody chose.

    say("{count} plans", count=3)        a sentence, looked up and filled in
    to_say("Covered")                    marks a constant for the catalogue; say it when it is shown
    say_many("1 plan", "{count} plans", 3)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

FOLDER = Path(__file__).resolve().parents[1] / "translations"
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "es": "Español"}
_LOCALES = {ENGLISH: "en_US", "es": "es_US"}

_spoken: ContextVar[str] = ContextVar("spoken", default="")
_asked: list[Callable[[], str]] = []


def spoken() -> str:
    """The code of the language spoken just now: ``en`` or ``es``."""
    code = _spoken.get() or (_asked[-1]() if _asked else "")
    return code if code in LANGUAGES else ENGLISH


def speak(code: str) -> None:
    """Speaks this language from here on, in this thread or task."""
    _spoken.set(code)


def ask_with(source: Callable[[], str]) -> None:
    """Names who knows the language where nobody spoke yet, such as the session of a web page."""
    _asked[:] = [source]


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speaks one language for a while, whatever is spoken around it: a letter has its own."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def to_say(message: str) -> str:
    """``message`` as it is; the catalogues learn of it here."""
    return message


def say(message: str, **values: object) -> str:
    """``message`` in the language spoken just now, with ``values`` filled in."""
    text = _translated(message)
    return text.format(**values) if values else text


def say_many(one: str, many: str, count: int, **values: object) -> str:
    """The message for one or for many, with ``count`` filled in as a number is written here."""
    code = spoken()
    forms = _messages(code).get(one) if code != ENGLISH else None
    # English and Spanish alike have one form for 1 and another for the rest
    single, plural = forms if isinstance(forms, tuple) else (one, many)
    return (single if count == 1 else plural).format(count=number(count), **values)


class Said(str):
    """Text put together in the language spoken just now: there is nothing left to look up."""

    __slots__ = ()


def is_translated(message: str) -> bool:
    """Is ``message`` there in the language spoken just now? English always is."""
    if isinstance(message, Said):
        return True
    code = spoken()
    return code == ENGLISH or not message.strip() or message in _messages(code)


def _translated(message: str) -> str:
    code = spoken()
    if code == ENGLISH:
        return message
    found = _messages(code).get(message, message)
    return found if isinstance(found, str) else found[0]


@cache
def _messages(code: str) -> dict[str, str | tuple[str, str]]:
    """All translations of one language, by their English."""
    found: dict[str, str | tuple[str, str]] = {}
    for path in sorted((FOLDER / code).glob("*.po")):
        for message in read_catalog(path):
            if message.id and not message.fuzzy and all(_forms(message.string)):
                key = message.id if isinstance(message.id, str) else message.id[0]
                forms = _forms(message.string)
                found[key] = forms[0] if len(forms) == 1 else (forms[0], forms[1])
    return found


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str) or text is None else tuple(text)


def read_catalog(path: Path) -> Catalog:
    """One file of translations. Raises PoFileError where it is broken."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


# -- dates, money and numbers ------------------------------------------------------------------


def day(when: date) -> str:
    """A date in words: November 28, 2026, or 28 de noviembre de 2026."""
    return format_date(when, format="long", locale=_LOCALES[spoken()])


def loose_day(text: str) -> str:
    """A year, a month or a day (ISO) in words; what is none of these as it is."""
    locale = _LOCALES[spoken()]
    try:
        parts = [int(part) for part in text.split("-")]
        when = date(*[*parts, 1, 1][:3])
    except (TypeError, ValueError):
        return text
    match len(parts):
        case 1:
            return text
        case 2:
            pattern = "MMMM y" if spoken() == ENGLISH else "MMMM 'de' y"
            return format_date(when, format=pattern, locale=locale)
        case _:
            return format_date(when, format="long", locale=locale)


def money(dollars: float) -> str:
    """Dollars as they are written here; whole dollars without cents."""
    whole = dollars == int(dollars)
    pattern = "¤#,##0" if whole else "¤#,##0.00"
    return format_currency(
        dollars, "USD", format=pattern, locale=_LOCALES[spoken()], currency_digits=False
    )


def number(value: float) -> str:
    """A number with its thousands set apart."""
    return format_decimal(value, locale=_LOCALES[spoken()])
