"""Where to turn, and until when: deadlines, addresses, fax and phone numbers of each road."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from compound_coverage.letters.denial.coded import Said, said_in, said_on
from compound_coverage.letters.denial.dates import dates_in
from compound_coverage.letters.denial.found import Finding, finding, words_at
from compound_coverage.letters.denial.patterns import patterns
from compound_coverage.letters.denial.sheet import Sentence, Sheet

_FAR = 600
_NEAR = 60
# An office is where to turn only if nothing else in the same words is.
_OFFICE = "office"
_NOWHERE = ("help", _OFFICE)

_PHONE = re.compile(
    r"(?<![0-9-])(?:\+?(1)[-. ]{0,2})?\(?([0-9]{3})\)?[-. ]{1,2}([0-9]{3})[-. ]{1,2}([0-9]{4})"
    r"(?![0-9])"
)
_FAX_WORD = re.compile(r"\b(?:fax(?:ed|es)?|facsimile)\b")
_PHONE_WORD = re.compile(r"\b(?:call(?:ing|s)?|phone|telephone|tel|toll[- ]?free|voice)\b")
_FAX_AFTER = re.compile(r" ?[-,(]? ?\(?fax\b")
# An address may go on below where a line ends in a slash, or right after ``www.``.
_URL = re.compile(
    r"(?:https?://\n?|www\.\n?)[^\s,;<>()\"']+(?:(?<=/)\n[^\s,;<>()\"']+)*"
    r"|(?<![A-Za-z0-9.@-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:com|org|gov|net|us)\b"
    r"(?:/[^\s,;<>()\"']*)?(?!@)",
    re.IGNORECASE,
)
_HOURS = re.compile(r"\b([0-9]{2,3}) hours?\b(?! a day)")
_STATE_AND_ZIP = re.compile(r"\b[A-Z]{2}\.?,? {1,3}[0-9]{5}(?:-[0-9]{4})?\b")
_LONGEST_ADDRESS = 260
_TO = re.compile(r"\bto:?[ \n]+|:[ \n]*")
_CLAUSE = re.compile(r"[,;.:] | or | and ")


class Roads:
    """The places of a page where a road is spoken of: an appeal, a hearing, help with questions."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.said: list[Said] = []
        for one in sorted(said_on(sheet, "routes"), key=lambda one: (one.start, -one.rank)):
            if not self.said or self.said[-1].end <= one.start:
                self.said.append(one)

    def at(self, place: int, *, whole_sentence: bool = False) -> str | None:
        """The road that the words at ``place`` belong to; None for help and for no road.

        It is the one spoken of last before them in the sentence, or the weightiest in the rest
        of their clause (``whole_sentence``: of the sentence), or the last one before that.
        """
        sentence = self.sheet.sentence_at(place)
        road = self._last(sentence.start, place)
        if road is None:
            end = sentence.end if whole_sentence else _clause_end(self.sheet, sentence, place)
            road = self._weightiest(place, end)
        if road is None:
            road = self._last(max(0, place - _FAR), sentence.start)
        return None if road in _NOWHERE else road

    def inside(self, start: int, end: int) -> str | None:
        """The road named in an address itself, as in: Appeals Department."""
        road = self._weightiest(start, end)
        return None if road in _NOWHERE else road

    def in_clause(self, start: int, end: int, place: int) -> str | None:
        """The road spoken of in the clause, or else the one before it."""
        road = self._weightiest(start, end) or self._last(max(0, place - _FAR), start)
        return None if road in _NOWHERE else road

    def _last(self, start: int, end: int) -> str | None:
        found = [one.value for one in self._between(start, end) if one.end <= end]
        named = [road for road in found if road != _OFFICE] or found
        return named[-1] if named else None

    def _weightiest(self, start: int, end: int) -> str | None:
        found = self._between(start, end)
        return max(found, key=lambda one: one.rank).value if found else None

    def _between(self, start: int, end: int) -> list[Said]:
        first = bisect_left(self.said, start, key=lambda one: one.start)
        return self.said[first : bisect_left(self.said, end, key=lambda one: one.start)]


def route_findings(sheet: Sheet) -> Iterator[Finding]:
    """Everything on the page that tells where or until when a road is open."""
    roads = Roads(sheet)
    yield from _deadlines(sheet, roads)
    yield from _durations(sheet, roads)
    yield from _hours(sheet, roads)
    yield from _numbers(sheet, roads)
    yield from _addresses(sheet, roads)
    yield from _portals(sheet, roads)


def _clause_end(sheet: Sheet, sentence: Sentence, place: int) -> int:
    stop = min(sentence.end, place + _NEAR)
    comma = sheet.flat.find(", ", place, stop)
    return stop if comma < 0 else comma


def _span(sheet: Sheet, start: int, end: int) -> tuple[int, int]:
    """The sentence around a value, with the label before it where it stands alone."""
    sentence = sheet.sentence_at(start)
    first = min(sentence.start, start)
    if first == start:
        before = sheet.sentence_at(start - 1)
        if before.unit == sentence.unit and sheet.text[before.end - 1] == ":":
            first = before.start
    return first, max(sentence.end, end)


# -- until when --------------------------------------------------------------------------------


def _deadlines(sheet: Sheet, roads: Roads) -> Iterator[Finding]:
    cue = re.compile(rf"(?:{patterns().words['deadline_cue'].pattern})[ :]*$")
    for day in dates_in(sheet.flow):
        sentence = sheet.sentence_at(day.start)
        begin = max(0, day.start - 60)
        if not cue.search(sheet.flat, begin, day.start):
            continue
        if patterns().words["their_clock"].search(sheet.flat, sentence.start, day.start):
            continue
        road = roads.at(day.start)
        if road:
            span = _span(sheet, day.start, day.end)
            yield finding(sheet, f"{road}_deadline", day.value, span, sure=day.sure)


def _number_pattern() -> re.Pattern[str]:
    names = sorted(patterns().numbers, key=len, reverse=True)
    spelled = "|".join(name.replace(" ", " +").replace("-", "[- ]") for name in names)
    return re.compile(
        rf"\b(?P<n>[0-9]{{1,3}}|{spelled})(?: ?\((?P<m>[0-9]{{1,3}})\))?[ -]+"
        r"(?P<kind>calendar |business |working |consecutive )?(?P<unit>day|month)s?\b"
    )


def _durations(sheet: Sheet, roads: Roads) -> Iterator[Finding]:
    cue = re.compile(
        rf"(?:{patterns().words['duration_cue'].pattern}) +(?:the +)?(?:next +|first +)?$"
    )
    for found in _number_pattern().finditer(sheet.flat):
        sentence = sheet.sentence_at(found.start())
        if not cue.search(sheet.flat, max(0, found.start() - 30), found.start()):
            continue
        if patterns().words["their_clock"].search(sheet.flat, sentence.start, found.start()):
            continue
        road = roads.at(found.start(), whole_sentence=True)
        if road:
            span = _span(sheet, found.start(), found.end())
            yield finding(sheet, f"{road}_within", _duration(found), span)
            yield from _counted_from(sheet, road, found.end(), span)


def _duration(found: re.Match[str]) -> str:
    told = found["m"] or found["n"]
    spelled = re.sub(r"[ ]+", " ", told)
    numbers = patterns().numbers
    count = numbers.get(spelled) or numbers.get(spelled.replace(" ", "-"))
    number = count if count is not None else int(told)
    unit = found["unit"] if number == 1 else f"{found['unit']}s"
    return f"{number} {found['kind'] or ''}{unit}"


def _counted_from(sheet: Sheet, road: str, place: int, span: tuple[int, int]) -> Iterator[Finding]:
    end = min(span[1], place + 90)
    stop = re.compile(r"[.;]").search(sheet.flat, place, end)
    said = said_in(sheet, "counted_from", place, stop.start() if stop else end)
    if said:
        weightiest = max(said, key=lambda one: one.rank)
        yield finding(sheet, f"{road}_counted_from", weightiest.value, span)


def _hours(sheet: Sheet, roads: Roads) -> Iterator[Finding]:
    for found in _HOURS.finditer(sheet.flat):
        sentence = sheet.sentence_at(found.start())
        start, end = sentence.start, sentence.end
        for cut in _CLAUSE.finditer(sheet.flat, sentence.start, sentence.end):
            if cut.end() <= found.start():
                start = cut.end()
            elif cut.start() >= found.end():
                end = cut.start()
                break
        if roads.in_clause(start, end, found.start()) == "expedited":
            span = _span(sheet, found.start(), found.end())
            yield finding(sheet, "expedited_hours", found[1], span)


# -- where to ----------------------------------------------------------------------------------


def _numbers(sheet: Sheet, roads: Roads) -> Iterator[Finding]:
    for found in _PHONE.finditer(sheet.flow):
        kind = _phone_or_fax(sheet, *found.span())
        road = roads.at(found.start())
        if kind and road:
            value = "-".join(part for part in found.groups() if part)
            sheet.sentence_at(found.start())
            span = _span(sheet, found.start(), found.end())
            yield finding(sheet, f"{road}_{kind}", value, span)


def _phone_or_fax(sheet: Sheet, place: int, end: int) -> str | None:
    """Which of the two it is, by the nearest word before it, or by *(fax)* after it."""
    begin = max(0, place - 80)
    fax = max((found.end() for found in _FAX_WORD.finditer(sheet.flat, begin, place)), default=-1)
    phone = max(
        (found.end() for found in _PHONE_WORD.finditer(sheet.flat, begin, place)), default=-1
    )
    if _FAX_AFTER.match(sheet.flat, end):
        return "fax"
    if fax == phone:
        return None
    return "fax" if fax > phone else "phone"


def _portals(sheet: Sheet, roads: Roads) -> Iterator[Finding]:
    for found in _URL.finditer(sheet.text):
        road = roads.at(found.start())
        if road and sheet.text[found.start() - 1 : found.start()] != "@":
            address = found[0].rstrip(".")
            sheet.sentence_at(found.start())
            span = _span(sheet, found.start(), found.start() + len(address))
            yield finding(sheet, f"{road}_portal", address.replace("\n", ""), span)


def _addresses(sheet: Sheet, roads: Roads) -> Iterator[Finding]:
    last = 0
    for found in _STATE_AND_ZIP.finditer(sheet.flow):
        start = _address_start(sheet, max(last, found.end() - _LONGEST_ADDRESS), found.start())
        last = found.end()
        if start is None:
            continue
        road = roads.inside(start, found.end()) or roads.at(start)
        if road:
            span = (start, found.end())
            yield finding(sheet, f"{road}_address", _as_address(sheet, span), span)


def _address_start(sheet: Sheet, begin: int, zip_start: int) -> int | None:
    """Where the address starts that ends here: after ``to`` or a colon that announces it."""
    starts = [
        found.end()
        for found in _TO.finditer(sheet.flat, begin, zip_start)
        if not patterns()
        .words["stop_label"]
        .search(sheet.flat, max(begin, found.start() - 12), found.end())
        and not _PHONE.search(sheet.text, found.end(), zip_start)
    ]
    for start in reversed(starts):
        if _is_announced(sheet, start):
            return start
    return None


def _is_announced(sheet: Sheet, start: int) -> bool:
    """Is there a word such as *send* or *mail* shortly before, or the name of the road?"""
    begin = max(0, start - 120)
    return bool(
        patterns().words["send_cue"].search(sheet.flat, begin, start)
        or said_in(sheet, "routes", begin, start)
    )


def _as_address(sheet: Sheet, span: tuple[int, int]) -> str:
    lines = [line.strip(" ,") for line in sheet.flow[slice(*span)].split("\n")]
    return words_at(sheet.page, *span) if len(lines) == 1 else ", ".join(filter(None, lines))
