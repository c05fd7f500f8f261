"""The FDA's National Drug Code directory: the text files, and openFDA's JSON of the same listings.

The text files are tab-separated with a header row and no quoting: products and their packages,
and the same again, with fewer columns, for unfinished drugs. openFDA gives one record per product
with its packages inside, as an answer of its API or as one bulk file.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any, TextIO

import ijson

from compound_coverage.formulary.archives import Member
from compound_coverage.formulary.importer import FileCount, ImportFault, Options, Sink
from compound_coverage.formulary.ndc import to_ndc11
from compound_coverage.formulary.ndc_lookup import SOURCE, classify
from compound_coverage.formulary.tables import NDC_PACKAGE, NDC_PRODUCT

PRODUCTS = "ndc:products"
UNFINISHED = "ndc:unfinished"
OPENFDA = "ndc:openfda"

LONGEST_LINE = 65_536  # the longest seen has 7,528 characters
LONGEST_ID = 100  # the longest seen has 47; an index can't hold just anything
DEEPEST = 20  # a record is four deep

WRONG_FIELDS = "wrong number of fields"
NOT_WINDOWS_1252 = "a byte that is not Windows-1252 text"
NUL = "a NUL character"
TOO_LONG = "the line is too long"
BAD_ID = "product id is missing or too long"
BAD_PRODUCT_NDC = "product code is not an NDC"
BAD_PACKAGE_NDC = "package code is not an NDC"
BAD_DATE = "the end date is not a date"
DUPLICATE = "the same product or package was read before"
NO_PRODUCT = "a package of a product that is not listed"
NOT_A_RECORD = "the record is not an object"
NOT_TEXT = "a field is not of the kind it should be"
TWIN = "the same table as the .txt file of this name; passed over as a whole"

_NEEDED = ("PRODUCTID", "PRODUCTNDC", "PRODUCTTYPENAME", "MARKETINGCATEGORYNAME")
_OPTIONAL = (
    "PROPRIETARYNAME",
    "PROPRIETARYNAMESUFFIX",
    "NONPROPRIETARYNAME",
    "DOSAGEFORMNAME",
    "ROUTENAME",
    "ENDMARKETINGDATE",
    "LABELERNAME",
    "SUBSTANCENAME",
    "ACTIVE_NUMERATOR_STRENGTH",
    "ACTIVE_INGRED_UNIT",
    "NDC_EXCLUDE_FLAG",
    "LISTING_RECORD_CERTIFIED_THROUGH",
)
_PACKAGE_COLUMNS = ("PRODUCTID", "NDCPACKAGECODE", "PACKAGEDESCRIPTION")
_MARKS_OF_A_PRODUCT = frozenset({"PRODUCTID", "PRODUCTNDC", "PRODUCTTYPENAME"})
_MARKS_OF_A_PACKAGE = frozenset({"PRODUCTID", "NDCPACKAGECODE"})
_MARK_OF_FINISHED = "PROPRIETARYNAME"  # a material has no trade name
_LAPSED = "E"  # the labeler did not certify the listing again
_BYTE_ORDER_MARK = "\ufeff"
_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)", re.ASCII)


class NdcDirectory:
    """The FDA's directory. See ``importer.Source``.

    ``today`` is the day on which files without a date of their own are read.
    """

    name = SOURCE

    def __init__(self, today: date | None = None) -> None:
        self.today = today

    def claims(self, member: Member) -> bool:
        """Is this one of the four tables, by its header line, or openFDA's JSON of them?"""
        return _kind_of(member) is not None

    def read(self, claimed: Sequence[Member], sink: Sink, options: Options) -> tuple[str, str]:  # noqa: ARG002
        """Sends every product and package to ``sink``; returns the series and the release label.

        Raises ImportFault for packages without products, for a missing column, for a table of
        products without one readable row, and for JSON that is broken.
        """
        today = self.today or date.today()
        release = _Release(sink)
        packages = []
        series = set()
        dates = []
        for member in _without_twins(claimed, sink):
            kind = _kind_of(member)
            said = ""
            if kind is _Packages:
                packages.append(member)
            elif kind is _OpenFda:
                said = _OpenFda(release, member).read()
                series.add(OPENFDA)
            else:
                series.add(_Products(release, member).read())
            dates.append(_past(said, today) or _date_in(member.name, today) or today.isoformat())
        if not series:
            raise ImportFault(
                f"{packages[0].name} lists packages only; add the product file it belongs to."
            )
        for member in packages:  # last: a package is told by its product
            _Packages(release, member).read()
        return "+".join(sorted(series)), max(dates)


class _Unclear(Exception):
    """A row that can't be understood; the message is the reason."""


@dataclass(slots=True)
class _Release:
    """What the tables of one release share: where rows go, and which products were listed."""

    sink: Sink
    listed: set[str] = field(default_factory=set)  # product ids

    def add_product(
        self, product_id: str, code: str, ended: str, finished: bool | None, texts: dict[str, str]
    ) -> None:
        """Sends one product. Raises _Unclear, having sent nothing, if it can't be understood."""
        if not 0 < len(product_id) <= LONGEST_ID:
            raise _Unclear(BAD_ID)
        ndc9 = _digits(code, 9, BAD_PRODUCT_NDC)
        ended_on = _iso_day(ended)
        if product_id in self.listed:
            raise _Unclear(DUPLICATE)
        self.listed.add(product_id)
        product_type, category = texts["product_type"], texts["marketing_category"]
        generic, substances = texts["nonproprietary_name"], texts["substances"]
        self.sink.add(
            NDC_PRODUCT,
            (
                self.sink.release_id,
                product_id,
                ndc9,
                texts["name"] or generic or substances,
                generic or None,
                classify(product_type, category, finished),
                category or None,
                product_type or None,
                texts["dosage_form"] or None,
                texts["route"] or None,
                substances or None,
                texts["strengths"] or None,
                texts["labeler"] or None,
                ended_on,
            ),
        )

    def add_package(self, product_id: str, code: str, description: str) -> None:
        """Sends one package. Raises _Unclear, having sent nothing, if it can't be understood."""
        ndc11 = _digits(code, 11, BAD_PACKAGE_NDC)
        if product_id not in self.listed:
            raise _Unclear(NO_PRODUCT)
        if not self.sink.is_new("package", ndc11 + product_id):
            raise _Unclear(DUPLICATE)
        self.sink.add(NDC_PACKAGE, (self.sink.release_id, ndc11, product_id, description or None))


@dataclass(slots=True)
class _Products:
    """A table of products, finished or not."""

    release: _Release
    member: Member
    finished: bool = True

    def read(self) -> str:
        """Reads the table; returns which one it is. Raises ImportFault if it is not usable."""
        self.finished = _MARK_OF_FINISHED in _columns(_first_line(self.member))
        count = _read_rows(self.member, self.release.sink, _NEEDED, _OPTIONAL, self._take)
        if not count.kept:
            raise ImportFault(f"{self.member.name} holds no product that could be understood.")
        return PRODUCTS if self.finished else UNFINISHED

    def _take(self, row: list[str]) -> None:
        product_id, code, product_type, category, name, suffix, generic, form, route = row[:9]
        ended, labeler, substances, numbers, units, flag, certified = row[9:]
        if flag == _LAPSED and not ended:
            ended = certified
        self.release.add_product(
            product_id,
            code,
            ended,
            self.finished,
            {
                "product_type": product_type,
                "marketing_category": category,
                "name": f"{name} {suffix}" if suffix else name,
                "nonproprietary_name": generic,
                "dosage_form": form,
                "route": route,
                "substances": substances,
                "strengths": _strengths(numbers, units),
                "labeler": labeler,
            },
        )


@dataclass(slots=True)
class _Packages:
    """A table of packages, of finished or unfinished products."""

    release: _Release
    member: Member

    def read(self) -> None:
        """Reads the table. Raises ImportFault if it is not usable."""
        _read_rows(self.member, self.release.sink, _PACKAGE_COLUMNS, (), self._take)

    def _take(self, row: list[str]) -> None:
        product_id, code, description = row
        self.release.add_package(product_id, code, description)


@dataclass(slots=True)
class _OpenFda:
    """openFDA's JSON: an answer of the API, or a bulk file. A package counts as a row."""

    release: _Release
    member: Member

    def read(self) -> str:
        """Reads every record; returns the day of the data as the file says it, or nothing.

        Raises ImportFault for broken JSON.
        """
        count = self.release.sink.file(self.member.name)
        meta: dict[str, Any] = {}
        with self.member.open() as stream:
            try:
                for number, record in enumerate(_records(stream, meta), start=1):
                    self._take_record(record, number, count)
            except ijson.JSONError:
                raise ImportFault(
                    f"{self.member.name} is broken JSON; fetch the file again."
                ) from None
            except _TooDeep:
                raise ImportFault(
                    f"{self.member.name} is nested too deep to be openFDA's; it is not read."
                ) from None
        said = meta.get("last_updated")
        return said if isinstance(said, str) else ""

    def _take_record(self, record: Any, number: int, count: FileCount) -> None:
        if not self._kept(count, number, record, self._product):
            return
        packages = record.get("packaging")
        if packages is None:
            return
        for package in packages if isinstance(packages, list) else [packages]:
            self._kept(count, number, package, self._package_of(_text(record, "product_id")))

    def _kept(
        self, count: FileCount, number: int, item: Any, take: Callable[[dict[str, Any]], None]
    ) -> bool:
        count.read += 1
        try:
            if not isinstance(item, dict):
                raise _Unclear(NOT_A_RECORD)
            take(item)
        except _Unclear as unclear:
            shown = json.dumps(item, ensure_ascii=False)
            self.release.sink.set_aside(self.member.name, number, str(unclear), shown)
            return False
        count.kept += 1
        return True

    def _product(self, record: dict[str, Any]) -> None:
        finished = record.get("finished")
        ingredients = _list(record, "active_ingredients", dict)
        strengths = [_text(ingredient, "strength") for ingredient in ingredients]
        self.release.add_product(
            _text(record, "product_id"),
            _text(record, "product_ndc"),
            _text(record, "marketing_end_date"),
            finished if isinstance(finished, bool) else None,
            {
                "product_type": _text(record, "product_type"),
                "marketing_category": _text(record, "marketing_category"),
                "name": _text(record, "brand_name"),
                "nonproprietary_name": _text(record, "generic_name"),
                "dosage_form": _text(record, "dosage_form"),
                "route": "; ".join(map(_clean, _list(record, "route", str))),
                "substances": "; ".join(_text(ingredient, "name") for ingredient in ingredients),
                "strengths": "; ".join(strengths) if any(strengths) else "",
                "labeler": _text(record, "labeler_name"),
            },
        )

    def _package_of(self, product_id: str) -> Callable[[dict[str, Any]], None]:
        def take(package: dict[str, Any]) -> None:
            code, description = _text(package, "package_ndc"), _text(package, "description")
            self.release.add_package(product_id, code, description)

        return take


_Kind = type[_Products] | type[_Packages] | type[_OpenFda]


def _kind_of(member: Member) -> _Kind | None:
    columns = frozenset(_columns(_first_line(member)))
    if columns >= _MARKS_OF_A_PACKAGE:
        return _Packages
    if columns >= _MARKS_OF_A_PRODUCT:
        return _Products
    return _OpenFda if _is_openfda(member.peek()) else None


def _first_line(member: Member) -> str:
    return member.peek().partition(b"\n")[0].decode("utf-8", "replace")


def _columns(header: str) -> list[str]:
    return [name.strip().upper() for name in header.removeprefix(_BYTE_ORDER_MARK).split("\t")]


def _is_openfda(head: bytes) -> bool:
    """Has the first of the ``results`` a ``product_ndc``? The head may end anywhere."""
    depth = 0
    section = ""
    try:
        for event, value in ijson.basic_parse(io.BytesIO(head), buf_size=1024):
            if event == "map_key":
                if depth == 1:
                    section = value
                elif depth == 3 and section == "results" and value == "product_ndc":
                    return True
            elif event in ("start_map", "start_array"):
                depth += 1
            elif event in ("end_map", "end_array"):
                depth -= 1
    except ijson.JSONError:
        pass
    return False


def _without_twins(claimed: Sequence[Member], sink: Sink) -> Iterator[Member]:
    """The files, but not the .xls that hold the same text as the .txt beside them."""
    texts = {member.name[:-4] for member in claimed if member.name.lower().endswith(".txt")}
    for member in claimed:
        if member.name.lower().endswith(".xls") and member.name[:-4] in texts:
            sink.file(member.name).read += 1
            sink.set_aside(member.name, 1, TWIN, _first_line(member))
        else:
            yield member


def _read_rows(
    member: Member,
    sink: Sink,
    needed: Sequence[str],
    optional: Sequence[str],
    take: Callable[[list[str]], None],
) -> FileCount:
    """Gives ``take`` the needed and then the optional columns of each row, blanks cut off."""
    count = sink.file(member.name)
    with io.TextIOWrapper(
        member.open(), encoding="ascii", errors="surrogateescape", newline="\n"
    ) as text:
        lines = _lines(text)
        header = _columns(_shown(next(lines, "")))
        for column in needed:
            if column not in header:
                raise ImportFault(f"{member.name} has no column {column}; fetch the file again.")
        width = len(header)
        # a column that this file does not have is read from the empty field at the end
        pick = itemgetter(
            *(header.index(name) if name in header else width for name in (*needed, *optional))
        )
        for number, line in enumerate(lines, start=2):
            if line.isspace():
                continue
            count.read += 1
            try:
                fields = _fields(line, width)
                fields.append("")
                take([*map(str.strip, pick(fields))])
                count.kept += 1
            except _Unclear as unclear:
                sink.set_aside(member.name, number, str(unclear), _shown(line))
    return count


def _lines(text: TextIO) -> Iterator[str]:
    """The lines, however long they claim to be: of an endless one only the beginning."""
    while line := text.readline(LONGEST_LINE):
        yield line
        while len(line) == LONGEST_LINE and not line.endswith("\n"):
            line = text.readline(LONGEST_LINE)


def _fields(line: str, width: int) -> list[str]:
    if not line.isascii():
        line = _decoded(line)
    fields = line.split("\t")
    if len(fields) == width and "\0" not in line and len(line) < LONGEST_LINE:
        return fields
    if len(line) >= LONGEST_LINE:
        raise _Unclear(TOO_LONG)
    raise _Unclear(NUL if "\0" in line else WRONG_FIELDS)


def _decoded(line: str) -> str:
    """UTF-8 where it is that (Windows-1252 hardly ever looks like it), else Windows-1252."""
    raw = line.encode("ascii", "surrogateescape")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _Unclear(NOT_WINDOWS_1252)


def _shown(line: str) -> str:
    """The line for people: what can't be read in it is marked."""
    line = line.rstrip("\r\n")
    try:
        return _decoded(line)
    except _Unclear:
        return line.encode("ascii", "surrogateescape").decode("cp1252", "replace")


class _TooDeep(Exception):
    """JSON nested deeper than any record."""


def _records(stream: Any, meta: dict[str, Any]) -> Iterator[Any]:
    """The records under ``results`` one by one; fills ``meta`` from what lies beside them.

    Builds them itself: ijson's own builder keeps the whole path of every level, so that half a
    megabyte of opening brackets takes all memory there is.
    """
    events = iter(ijson.basic_parse(stream, use_float=True))
    next(events)  # the object around it all
    for event, key in events:
        if event != "map_key":
            continue  # the end of that object
        opening, value = next(events)
        if key == "results" and opening == "start_array":
            yield from _items(events, 0)
        else:
            beside = _built(opening, value, events, 0)
            if key == "meta" and isinstance(beside, dict):
                meta.update(beside)


def _items(events: Iterator[tuple[str, Any]], depth: int) -> Iterator[Any]:
    for event, value in events:
        if event == "end_array":
            break
        yield _built(event, value, events, depth)


def _built(event: str, value: Any, events: Iterator[tuple[str, Any]], depth: int) -> Any:
    """The value that begins with this event."""
    if depth > DEEPEST:
        raise _TooDeep
    if event == "start_array":
        return list(_items(events, depth + 1))
    if event != "start_map":
        return value
    found: dict[str, Any] = {}
    for inner, key in events:
        if inner == "end_map":
            break
        found[key] = _built(*next(events), events, depth + 1)
    return found


def _text(record: dict[str, Any], key: str) -> str:
    """A text of a record; nothing where it is missing or null."""
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unclear(NOT_TEXT)
    return _clean(value)


def _clean(text: str) -> str:
    if "\0" in text:
        raise _Unclear(NUL)
    return text.strip()


def _list(record: dict[str, Any], key: str, kind: type) -> list[Any]:
    value = record.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise _Unclear(NOT_TEXT)
    return value


def _digits(code: str, length: int, reason: str) -> str:
    try:
        digits = to_ndc11(code)
    except ValueError:
        raise _Unclear(reason) from None
    if len(digits) != length:
        raise _Unclear(reason)
    return digits


@lru_cache(maxsize=4096)
def _iso_day(text: str) -> str | None:
    """YYYYMMDD as an ISO date; None where there is none."""
    if not text:
        return None
    try:
        if len(text) != 8 or not text.isdecimal():
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _Unclear(BAD_DATE) from None


def _strengths(numbers: str, units: str) -> str:
    """ "8; 90" of "mg/1; mg/1" as openFDA writes it: "8 mg/1; 90 mg/1"."""
    if ";" not in numbers:
        return f"{numbers} {units}".strip()
    amounts, of_what = numbers.split(";"), units.split(";")
    if len(amounts) != len(of_what):
        return f"{numbers} {units}".strip()
    pairs: Iterable[tuple[str, str]] = zip(amounts, of_what, strict=True)
    return "; ".join(f"{amount.strip()} {unit.strip()}".strip() for amount, unit in pairs)


def _past(text: str, today: date) -> str:
    """The text if it is a day up to today, else nothing."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return ""
    return day.isoformat() if day <= today else ""


def _date_in(name: str, today: date) -> str:
    """The newest day, up to today, that a file's name or its archive's name holds."""
    return max((_past("-".join(found), today) for found in _DAY.findall(name)), default="")
