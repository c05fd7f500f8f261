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


def months_after(day: date, months: int) -> date:
    """The same day of the month, ``months`` later; clipped to the month's last day."""
    return months_before(day, -months)


# A policy read or dated longer ago than this is shown as the last one known.
LAST_KNOWN_AFTER_MONTHS = 24


def is_last_known(on: date, *days: str) -> bool:
    """Does any of these loose dates lie more than 24 months before ``on``? Empty ones do not count.

    The one rule for calling something last known policy only.
    """
    limit = months_before(on, LAST_KNOWN_AFTER_MONTHS)
    return any(last_day(day) < limit for day in days if day)


def whole_months(start: date, end: date) -> int:
    """How many whole months lie between two days; 0 if ``end`` is earlier or within a month."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and months_after(start, months) > end:
        months -= 1
    return max(months, 0)
