"""What stands beside a label: ``Member ID: 123``, or the two cells of a table's row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compound_coverage.letters.denial.dates import SeenDate, dates_in, months_in
from compound_coverage.letters.denial.found import Finding, finding, words_at
from compound_coverage.letters.denial.patterns import NUMBERED, patterns
from compound_coverage.letters.denial.rejects import reject_codes
from compound_coverage.letters.denial.sheet import Sheet

_ID = re.compile(
    r"#? *((?:[A-Z]{1,6} )?[A-Za-z0-9*./-]*[0-9][A-Za-z0-9*./-]*"
    r"(?: (?=[A-Z0-9-]*[0-9])[A-Z0-9-]+(?![A-Za-z0-9/]))*)"
)
_FEWEST_ID_DIGITS = 3
_LONGEST_VALUE = 200
_QUOTED = re.compile(r'"[^"\n]{3,140}"')
_EDGES = " \n\"'\u201c\u201d\u2018\u2019,;:"
_DATE_LINES_FROM_TOP = 25


def labelled(sheet: Sheet) -> Iterator[Finding]:
    """Dates, numbers, the drug and the policy that stand beside their labels."""
    yield from _dates(sheet)
    yield from _numbers(sheet)
    yield from _drugs(sheet)
    yield from _policies(sheet)
    yield from reject_codes(sheet)


def value_after(
    sheet: Sheet, found: re.Match[str], *, bare: bool = False
) -> tuple[int, int] | None:
    """Where the words beside this label stand, or None if there are none.

    Free words need a colon or a cell of their own after the label; ``bare``: or a label in
    capitals, as on a receipt. An empty rest of the line means that they stand below.
    """
    separator = found["sep"]
    start = found.end()
    if separator == " " and not (bare and sheet.text[found.start() : found.end()].isupper()):
        return None
    end = _end_of_cell(sheet, start)
    if start < end:
        return start, end
    below = sheet.unit_at(start) + 1
    if below >= len(sheet.units) or sheet.units[below].item:
        return None
    unit = sheet.units[below]
    return (
        None
        if re.match(r"[^\n:]{1,40}: ", sheet.flow[unit.start : unit.end])
        else (
            unit.start,
            _end_of_cell(sheet, unit.start),
        )
    )


def _end_of_cell(sheet: Sheet, start: int) -> int:
    line = sheet.flow.find("\n", start)
    stop = min(len(sheet.flow) if line < 0 else line, start + _LONGEST_VALUE * 10)
    gap = sheet.flow.find("   ", start, stop)
    stop = stop if gap < 0 else gap
    return start + len(sheet.flow[start:stop].rstrip())


# -- dates -------------------------------------------------------------------------------------


def _dates(sheet: Sheet) -> Iterator[Finding]:
    days = {day.start: day for day in dates_in(sheet.flow)}
    dated = False
    for field in ("notice_date", "service_date", "received_on"):
        for found in patterns().labels[field].finditer(sheet.flat):
            day = _day_after(sheet, days, found.end())
            if day:
                dated = dated or field == "notice_date"
                yield finding(sheet, field, day.value, (_first(found), day.end), sure=day.sure)
    if sheet.page.number == 1 and not dated:
        yield from _date_on_its_own(sheet, list(days.values()))


def _day_after(sheet: Sheet, days: dict[int, SeenDate], place: int) -> SeenDate | None:
    while place < len(sheet.flow) and sheet.flow[place] in " \n:":
        place += 1
    return days.get(place)


def _date_on_its_own(sheet: Sheet, days: list[SeenDate]) -> Iterator[Finding]:
    """The date of a letter that does not label it: alone on a line, near the top."""
    top = sheet.units[_DATE_LINES_FROM_TOP - 1].end if len(sheet.units) > 30 else len(sheet.text)
    alone = [
        day
        for day in days
        if day.end <= top
        and (unit := sheet.units[sheet.unit_at(day.start)]).start == day.start
        and sheet.flow[day.end : unit.end].strip(" .") == ""
    ]
    for day in alone[:1]:
        yield finding(sheet, "notice_date", day.value, (day.start, day.end), sure=day.sure)


# -- numbers -----------------------------------------------------------------------------------


def _numbers(sheet: Sheet) -> Iterator[Finding]:
    for field in NUMBERED:
        for found in patterns().labels[field].finditer(sheet.flat):
            number = _ID.match(sheet.flow, _over_line_end(sheet, found))
            if number and _is_number(number[1]):
                value = number[1].rstrip("./-")
                end = number.start(1) + len(value)
                yield finding(sheet, field, value, (_first(found), end))


def _over_line_end(sheet: Sheet, found: re.Match[str]) -> int:
    place = found.end()
    while not found["sep"] and place < len(sheet.flow) and sheet.flow[place] in " \n":
        place += 1
    return place


def _is_number(text: str) -> bool:
    enough = sum(char.isdigit() for char in text) >= _FEWEST_ID_DIGITS
    return enough and not dates_in(text)


def _first(found: re.Match[str]) -> int:
    """Where the label's own words start."""
    text = found[0]
    return found.start() + len(text) - len(text.lstrip())


# -- the drug ----------------------------------------------------------------------------------


def _drugs(sheet: Sheet) -> Iterator[Finding]:
    named = False
    for found in patterns().labels["drug"].finditer(sheet.flat):
        span = value_after(sheet, found, bare=True)
        if span and _is_name(sheet, span):
            named = True
            yield finding(sheet, "drug", words_at(sheet.page, *span), span)
    if named:
        return
    for span in _drug_spans(sheet):
        if span[0] < span[1] and _is_name(sheet, span):
            yield finding(sheet, "drug", words_at(sheet.page, *span), span)
            return


def _drug_spans(sheet: Sheet) -> Iterator[tuple[int, int]]:
    """Where sentences name the drug: in their own words, or on the line they announce."""
    for pattern in patterns().inline["drug"]:
        for found in pattern.finditer(sheet.flow):
            yield _trimmed(sheet, *found.span("drug"))
    for pattern in patterns().inline["drug_below"]:
        for found in pattern.finditer(sheet.flow):
            number = sheet.unit_at(found.start())
            if found.end() == sheet.units[number].end and number + 1 < len(sheet.units):
                below = sheet.units[number + 1]
                if sheet.text[below.end - 1] not in "?.:":
                    yield below.start, below.end


def _is_name(sheet: Sheet, span: tuple[int, int]) -> bool:
    fits = 3 <= span[1] - span[0] <= _LONGEST_VALUE
    return fits and not patterns().words["no_drug"].match(sheet.flat, span[0], span[1])


# -- the policy --------------------------------------------------------------------------------


def _policies(sheet: Sheet) -> Iterator[Finding]:
    taken = bytearray(len(sheet.text))
    for start, end in _policy_spans(sheet):
        span = _trimmed(sheet, start, _policy_end(sheet, start, end))
        if span[1] - span[0] < 3 or any(taken[slice(*span)]):
            continue
        taken[slice(*span)] = b"\1" * (span[1] - span[0])
        yield finding(sheet, "policy", words_at(sheet.page, *span), span)
        yield from _policy_dates(sheet, span[1])


def _policy_spans(sheet: Sheet) -> Iterator[tuple[int, int]]:
    for found in patterns().labels["policy"].finditer(sheet.flat):
        span = value_after(sheet, found)
        if span and not sheet.text[span[0]].islower() and len(sheet.flow[slice(*span)].split()) > 1:
            yield span
    for phrase in patterns().headings["policy"]:
        for found in sheet.places_of(phrase):
            number = sheet.unit_at(found.start())
            if sheet.units[number].heading and number + 1 < len(sheet.units):
                yield sheet.units[number + 1].start, sheet.units[number + 1].end
    for pattern in patterns().inline["policy"]:
        for found in pattern.finditer(sheet.flow):
            sentence = sheet.sentence_at(found.start())
            # where all is in capitals, nothing tells a name from the rest
            if not sheet.text[sentence.start : sentence.end].isupper():
                yield found.span("policy")


def _policy_end(sheet: Sheet, start: int, end: int) -> int:
    """Where the name ends: at its closing quotation mark, its date, or the end of the sentence."""
    quoted = _QUOTED.match(sheet.flat, start, end)
    if quoted:
        return quoted.end()
    end = min(end, sheet.sentence_at(start).end)
    cue = patterns().words["policy_date_cue"].pattern
    dated = re.compile(rf",? *\(?(?:{cue})(?= (?:on |in )?[a-z0-9/]+)(?! [0-9]+\b(?![/-]))")
    stop = dated.search(sheet.flat, start, end)
    return stop.start() if stop else end


def _policy_dates(sheet: Sheet, start: int) -> Iterator[Finding]:
    """A date given with the policy, such as: effective January 1, 2026."""
    stop = min(sheet.units[sheet.unit_at(start - 1)].end, start + 60)
    for cue in patterns().words["policy_date_cue"].finditer(sheet.flat, start, stop):
        near = [*dates_in(sheet.flow, cue.end(), stop), *months_in(sheet.flow, cue.end(), stop)]
        for day in near[:1]:
            if day.start - cue.end() <= 4:
                span = (cue.start(), day.end)
                yield finding(sheet, "policy_date", day.value, span, sure=day.sure)
                return


def _trimmed(sheet: Sheet, start: int, end: int) -> tuple[int, int]:
    """Without blanks, quotation marks and stops at either end."""
    text = sheet.text[start:end]
    left = len(text) - len(text.lstrip(_EDGES))
    return start + left, start + len(text.rstrip(f"{_EDGES}."))
