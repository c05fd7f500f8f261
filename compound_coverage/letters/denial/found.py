"""What was found in a letter, each with the words it was found in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from compound_coverage.letters.denial.document import Page
from compound_coverage.letters.denial.sheet import Sheet
from compound_coverage.letters.text import one_line

# Of these a letter has one. Two that differ are both offered, and neither is sure.
_MANY = frozenset(
    {
        "plan_type",
        "reason",
        "reason_kind",
        "criterion",
        "information_needed",
        "reject_code",
        "policy",
        "policy_date",
        "reference",
        "appeal_level",
    }
)
# Names, numbers and whole sentences read off a picture are to be compared with it, always.
_NEVER_SURE_OF_A_PICTURE = re.compile(
    "reason|reason_kind|criterion|information_needed|drug|policy|reference|member_id"
    "|medicare_number|prescription_number|reject_code|.*_(?:address|portal)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the letter says.

    ``quote`` is the letter's own words: the text of page ``page`` from ``start`` to ``end``.
    ``sure`` is False if it should be looked at closely: words read off a picture, an unusual
    date, two that differ, or words outside the place where reasons are given.
    """

    field: str
    value: str
    quote: str
    page: int
    start: int
    end: int
    sure: bool


def finding(
    sheet: Sheet, field: str, value: str, span: tuple[int, int], *, sure: bool = True
) -> Finding:
    """A finding on this page. Words that were hard to read make it unsure."""
    start, end = span
    doubtful = sheet.page.how == "ocr" and (
        any(first < end and start < last for first, last in sheet.page.doubtful)
        or bool(_NEVER_SURE_OF_A_PICTURE.fullmatch(field))
    )
    return Finding(
        field, value, sheet.text[start:end], sheet.page.number, start, end, sure and not doubtful
    )


def words_at(page: Page, start: int, end: int) -> str:
    """The words at a place, on one line."""
    return one_line(page.text[start:end])


def each_once(found: list[Finding]) -> list[Finding]:
    """Without repeats; where one answer is wanted and several differ, none of them sure."""
    kept: dict[tuple[str, str], Finding] = {}
    for one in found:
        key = (one.field, one.value.casefold())
        if key not in kept or (one.sure and not kept[key].sure):
            kept[key] = one
    answers: dict[str, int] = {}
    for field, _ in kept:
        answers[field] = answers.get(field, 0) + 1
    return [
        replace(one, sure=False) if answers[one.field] > 1 and one.field not in _MANY else one
        for one in kept.values()
    ]
