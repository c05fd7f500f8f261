"""Dates as documents give them: a year, a month or a day, in ISO form."""

from __future__ import annotations

import calendar
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def first_day(loose: str) -> date:
    """First day a loose date can mean: ``2016`` is 2016-01-01. Raises ValueError if impossible."""
    parts = [int(part) for part in loose.split("-")]
    return date(*[*parts, 1, 1][:3])


@lru_cache(maxsize=4096)
def last_day(loose: str) -> date:
    """Last day a loose date can mean: ``2016-02`` is 2016-02-29."""
    parts = [int(part) for part in loose.split("-")]
    year, month = [*parts, 12][:2]
    day = parts[2] if len(parts) == 3 else calendar.monthrange(year, month)[1]
    return date(year, month, day)


@lru_cache(maxsize=4096)
def months_before(day: date, months: int) -> date:
    """The same day of the month, ``months`` earlier; clipped to the month's last day."""
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
