"""A denial letter's text in; what it says, each with the words that say it, out.

Rules only, no guesses: what the letter does not say is absent. Every finding is to be confirmed
by the person before a letter uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from compound_coverage.language import say, to_say
from compound_coverage.letters.denial.coded import (
    decision_findings,
    decisions,
    kind_findings,
    level_findings,
    plan_type_findings,
)
from compound_coverage.letters.denial.document import Document, Page
from compound_coverage.letters.denial.found import Finding, each_once, finding
from compound_coverage.letters.denial.labelled import labelled
from compound_coverage.letters.denial.patterns import field_labels, patterns
from compound_coverage.letters.denial.reasons import list_findings, reason_findings
from compound_coverage.letters.denial.routes import route_findings
from compound_coverage.letters.denial.sheet import Sheet

if TYPE_CHECKING:
    # the child process that opens PDFs imports this package, and needs no dataset
    from compound_coverage.dataset.load import RejectCode

_FEWEST_WORDS = 25
# An approval needs no answer, so its standing text about denials is left alone.
_OF_AN_APPROVAL = frozenset(
    {"decision", "kind_of_notice", "plan_type", "drug", "notice_date", "received_on"}
    | {"service_date", "reference", "member_id", "medicare_number", "prescription_number"}
    | {"policy", "policy_date"}
)


@dataclass(frozen=True, slots=True)
class Denial:
    """What a letter says. ``notes`` are sentences about what could not be read.

    ``codes`` holds the meaning of each reject code that the reference knows; a code found and not
    in it has no meaning anybody here can vouch for.
    """

    findings: tuple[Finding, ...]
    codes: tuple[RejectCode, ...] = ()
    notes: tuple[str, ...] = ()

    def all(self, field: str) -> tuple[Finding, ...]:
        """Every finding of a field, in the order of the letter."""
        return tuple(one for one in self.findings if one.field == field)

    def values(self, field: str) -> tuple[str, ...]:
        """The values found for a field."""
        return tuple(one.value for one in self.all(field))

    @property
    def decision(self) -> str:
        """denied, partly_denied, approved, dismissed, more_information, or unclear."""
        told = self.values("decision")
        return told[0] if len(told) == 1 else "unclear"


def read_denial(document: Document, reject_codes: Mapping[str, RejectCode]) -> Denial:
    """What the letter says, field by field, in the order of ``field_labels``.

    ``reject_codes`` is the dataset's table of meanings. Raises nothing: a letter that says
    nothing known has no findings.
    """
    notes = list(document.unread)
    sheets: list[Sheet] = []
    for page in document.pages:
        language = other_language(page)
        if language:
            notes.append(
                say(
                    "Page {page} seems to be in {language}; only English can be read here.",
                    page=page.number,
                    language=say(language),
                )
            )
        elif page.text.strip():
            sheets.append(Sheet(page))
    found = each_once(list(_all_findings(sheets)))
    order = {field: place for place, field in enumerate(field_labels())}
    found.sort(key=lambda one: (order[one.field], one.page, one.start))
    codes = [one.value for one in found if one.field == "reject_code"]
    return Denial(
        findings=tuple(found),
        codes=tuple(reject_codes[code] for code in codes if code in reject_codes),
        notes=tuple(notes),
    )


def other_language(page: Page) -> str | None:
    """The language of a page that is not English, as far as its small words tell."""
    letters = [char for char in page.text if char.isalpha()]
    foreign = sum(not char.isascii() for char in letters)
    if len(letters) > 40 and foreign * 2 > len(letters):
        return to_say("another script")
    words = re.findall(r"[^\W\d_]+", page.text.lower())
    if len(words) < _FEWEST_WORDS:
        return None
    counts = {
        name: sum(word in small for word in words) for name, small in patterns().languages.items()
    }
    likeliest = max(counts, key=lambda name: counts[name])
    if likeliest == "English" or counts[likeliest] < 2 * counts["English"] + 5:
        return None
    return likeliest


def _all_findings(sheets: Sequence[Sheet]) -> Iterator[Finding]:
    said = decisions(sheets)
    values = {one.value for one in said}
    decision = values.pop() if len(values) == 1 else "unclear"
    yield from decision_findings(said)
    yield from kind_findings(sheets, decision)
    yield from plan_type_findings(sheets)
    for sheet in sheets:
        for one in _of_page(sheet):
            if decision != "approved" or one.field in _OF_AN_APPROVAL:
                yield one
        # a dismissal tells which time was missed as often as which time is left
        for one in route_findings(sheet) if decision != "approved" else ():
            yield replace(one, sure=one.sure and decision != "dismissed")
    if decision != "approved":
        yield from level_findings(sheets)


def _of_page(sheet: Sheet) -> Iterator[Finding]:
    for one in labelled(sheet):
        yield one
        kind = patterns().reason_of_code.get(one.value) if one.field == "reject_code" else None
        if kind:
            yield finding(sheet, "reason_kind", kind, (one.start, one.end))
    yield from reason_findings(sheet)
    yield from list_findings(sheet, "criterion")
    yield from list_findings(sheet, "information_needed")
