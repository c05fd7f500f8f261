"""Dates as American letters write them, and as a picture of one may be misread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_NAMES = (
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may",),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sept", "sep"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
)
_MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names}
_MONTH = f"(?P<month>{'|'.join(name for names in _NAMES for name in names)})"
_DIGIT = r"[0-9OolI|]"
_LIKE_DIGITS = str.maketrans("OolI|", "00111")
_DAY = rf"(?P<day>{_DIGIT}{{1,2}})(?:st|nd|rd|th)?"
_YEAR = rf"(?P<year>{_DIGIT}{{4}})"
_NO_MORE = r"(?![0-9A-Za-z])"

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"\b{_MONTH}\.? {{0,2}}{_DAY} ?,? {{0,2}}{_YEAR}{_NO_MORE}",
        rf"(?<![0-9A-Za-z/]){_DAY} {{0,2}}(?:of )?{_MONTH}\.?,? {{0,2}}{_YEAR}{_NO_MORE}",
        rf"(?<![0-9A-Za-z/.-])(?P<month>{_DIGIT}{{1,2}})(?P<mark> ?[/.-] ?)(?P<day>{_DIGIT}{{1,2}})"
        rf"(?P=mark)(?P<year>{_DIGIT}{{4}}|{_DIGIT}{{2}})(?![0-9A-Za-z/-])",
        rf"(?<![0-9A-Za-z-])(?P<year>{_DIGIT}{{4}})-(?P<month>{_DIGIT}{{2}})-(?P<day>{_DIGIT}{{2}})"
        r"(?![0-9A-Za-z-])",
    )
)
_MONTH_ALONE = re.compile(rf"\b{_MONTH}\.?,? {{0,2}}(?P<year>[0-9]{{4}}){_NO_MORE}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SeenDate:
    """A date in ISO form (a day, or a month) and where it stands.

    ``sure`` is False if a letter was read as a digit, the year has two digits, or the day comes
    before the month.
    """

    value: str
    start: int
    end: int
    sure: bool


def dates_in(text: str, start: int = 0, end: int | None = None) -> list[SeenDate]:
    """The real days named in ``text[start:end]``, in order."""
    stop = len(text) if end is None else end
    found = (_seen(match) for form in _FORMS for match in form.finditer(text, start, stop))
    days = sorted((day for day in found if day), key=lambda day: (day.start, -day.end))
    apart: list[SeenDate] = []
    for day in days:
        if not apart or day.start >= apart[-1].end:
            apart.append(day)
    return apart


def months_in(text: str, start: int, end: int) -> Iterator[SeenDate]:
    """The months named with a year and no day, such as March 2026."""
    for found in _MONTH_ALONE.finditer(text, start, end):
        month = _MONTHS[found["month"].lower()]
        yield SeenDate(f"{found['year']}-{month:02d}", found.start(), found.end(), True)


def _seen(found: re.Match[str]) -> SeenDate | None:
    year, month, day = found["year"], found["month"], found["day"]
    named = _MONTHS.get(month.lower())
    figures = year + day + ("" if named else month)
    misread = not figures.isdigit()
    # a word such as "lol" looks like digits too; a date has more real ones than letters
    if misread and sum(char.isdigit() for char in figures) * 2 <= len(figures):
        return None
    numbers = (_number(year), named or _number(month), _number(day))
    swapped = not named and numbers[1] > 12 >= numbers[2]
    if swapped:
        numbers = (numbers[0], numbers[2], numbers[1])
    short = len(year) == 2
    try:
        real = date(numbers[0] + 2000 if short else numbers[0], numbers[1], numbers[2])
    except ValueError:
        return None
    if not 1990 <= real.year <= 2100:
        return None
    sure = not (misread or short or swapped)
    return SeenDate(real.isoformat(), found.start(), found.end(), sure)


def _number(text: str) -> int:
    return int(text.translate(_LIKE_DIGITS))
