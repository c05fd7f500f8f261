"""Medicare Part D public use files (SPUF): quarterly with prices, monthly without.

Pipe-separated tables with a header row, in Windows-1252. A missing value is a single blank, or a
dot where SAS wrote the file. Columns come and go by year, so they are found by name.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from operator import itemgetter
from typing import TextIO, TypeVar

from compound_coverage.formulary.archives import Member
from compound_coverage.formulary.importer import ImportFault, Options, Sink
from compound_coverage.formulary.tables import (
    CHANNELS,
    COST,
    COUNTY,
    DRUG,
    INDICATION,
    INSULIN_COST,
    PHARMACY,
    PLAN,
    PLAN_AREA,
    PLAN_LIST,
    PRICE,
    SUPPLEMENT,
)
from compound_coverage.vocabulary import LineOfBusiness

_T = TypeVar("_T")
SERIES = "part-d"
LONGEST_LINE = 65_536
BYTE_ORDER_MARK = "\xef\xbb\xbf"  # as Windows-1252 shows it

WRONG_FIELDS = "wrong number of fields"
NOT_WINDOWS_1252 = "a byte that is not Windows-1252 text"
NUL = "a NUL character"
TOO_LONG = "the line is too long"
BAD_PLAN_ID = "contract, plan or segment id is missing or malformed"
NO_NAME = "a name is missing"
BAD_FORMULARY_ID = "formulary id is missing or malformed"
BAD_RXCUI = "RxCUI is missing or not a number"
BAD_NDC = "NDC is not 11 digits"
BAD_TIER = "tier is missing or not 1 to 7"
BAD_FLAG = "a flag is not Y, N, 1 or 0"
BAD_NUMBER = "an amount is not a number"
BAD_CODE = "an unknown code"
BAD_AREA = "county, region or state code is malformed"
ABOVE_WHOLE = "coinsurance above 1"
BAD_PHARMACY = "pharmacy number or zip code is malformed"
DUPLICATE = "the same key was read before"
CONTRADICTS = "contradicts an earlier row of the same plan"

MISSING = ("", ".")
FLAGS = {"Y": 1, "N": 0, "1": 1, "0": 0, "": None, ".": None}
TIERS = frozenset("1234567")
COVERAGE_LEVELS = {"0": 0, "1": 1, "2": 2, "3": 3}  # 2, the gap, ended with 2024
DAYS_CODES = {"1": 1, "2": 2, "3": 3, "4": 4}
DAYS = {"30": 30, "60": 60, "90": 90}
COST_TYPES = {"0": 0, "1": 1, "2": 2, "": None, ".": None}
COINSURANCE = 2
SPECIAL_NEEDS = {"0": "none", "1": "chronic", "2": "dual", "3": "institutional", "": None}

_CONTRACT = re.compile(r"[A-Z]\d{4}", re.ASCII)
_THREE_DIGITS = re.compile(r"\d{3}", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(\.\d{0,8})?|\.\d{1,8}", re.ASCII)
_QUARTER = re.compile(r"ppuf[ _](\d{4})q([1-4])", re.ASCII)
_DAY = re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the published tables: the words in its file's name, and its columns."""

    phrase: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


_PLAN_ID = ("CONTRACT_ID", "PLAN_ID", "SEGMENT_ID")
PLANS = _Kind(
    "plan information",
    (
        *_PLAN_ID,
        "CONTRACT_NAME",
        "PLAN_NAME",
        "FORMULARY_ID",
        "MA_REGION_CODE",
        "PDP_REGION_CODE",
        "STATE",
        "COUNTY_CODE",
    ),
    ("PREMIUM", "DEDUCTIBLE", "SNP", "PLAN_SUPPRESSED_YN"),
)
COUNTIES = _Kind(
    "geographic locator",
    ("COUNTY_CODE", "STATENAME", "COUNTY"),
    ("MA_REGION_CODE", "MA_REGION", "PDP_REGION_CODE", "PDP_REGION"),
)
DRUGS = _Kind(
    "basic drugs formulary",
    (
        "FORMULARY_ID",
        "RXCUI",
        "NDC",
        "TIER_LEVEL_VALUE",
        "PRIOR_AUTHORIZATION_YN",
        "STEP_THERAPY_YN",
        "QUANTITY_LIMIT_YN",
    ),
    ("QUANTITY_LIMIT_AMOUNT", "QUANTITY_LIMIT_DAYS"),
)
SUPPLEMENTS = _Kind(
    "excluded drugs formulary",
    ("CONTRACT_ID", "PLAN_ID", "RXCUI", "TIER"),
    (
        "QUANTITY_LIMIT_YN",
        "QUANTITY_LIMIT_AMOUNT",
        "QUANTITY_LIMIT_DAYS",
        "PRIOR_AUTH_YN",
        "STEP_THERAPY_YN",
        "CAPPED_BENEFIT_YN",
    ),
)
INDICATIONS = _Kind("indication based coverage", ("CONTRACT_ID", "PLAN_ID", "RXCUI", "DISEASE"))
INSULIN = _Kind(
    "insulin beneficiary cost",
    (
        *_PLAN_ID,
        "TIER",
        "DAYS_SUPPLY",
        *(f"COPAY_AMT_{channel.upper()}_INSLN" for channel in CHANNELS),
    ),
    tuple(f"COIN_AMT_{channel.upper()}_INSLN" for channel in CHANNELS),
)
COSTS = _Kind(
    "beneficiary cost",
    (
        *_PLAN_ID,
        "COVERAGE_LEVEL",
        "TIER",
        "DAYS_SUPPLY",
        *(f"COST_TYPE_{channel.upper()}" for channel in CHANNELS),
        *(f"COST_AMT_{channel.upper()}" for channel in CHANNELS),
    ),
    (
        *(f"COST_MIN_AMT_{channel.upper()}" for channel in CHANNELS),
        *(f"COST_MAX_AMT_{channel.upper()}" for channel in CHANNELS),
        "TIER_SPECIALTY_YN",
        "DED_APPLIES_YN",
    ),
)
PRICES = _Kind("pricing file", (*_PLAN_ID, "NDC", "DAYS_SUPPLY", "UNIT_COST"))
PHARMACIES = _Kind(
    "pharmacy networks",
    (*_PLAN_ID, "PHARMACY_NUMBER", "PHARMACY_ZIPCODE", "IN_AREA_FLAG"),
    ("PREFERRED_STATUS_RETAIL", "PREFERRED_STATUS_MAIL", "PHARMACY_RETAIL", "PHARMACY_MAIL"),
)
# The order of reading, and of recognising: "insulin beneficiary cost" before "beneficiary cost".
KINDS = (PLANS, COUNTIES, DRUGS, SUPPLEMENTS, INDICATIONS, INSULIN, COSTS, PRICES, PHARMACIES)


class PartD:
    """The Part D public use files. See ``importer.Source``."""

    name = "part-d"

    def claims(self, member: Member) -> bool:
        """Is this one of the nine tables, by its name or by its header line?"""
        return _kind_of(member) is not None

    def read(self, claimed: Sequence[Member], sink: Sink, options: Options) -> tuple[str, str]:
        """Sends every row to ``sink``; returns the series and the release label.

        Prices are read for ``options.ndcs`` only, pharmacies for ``options.states`` only; rows
        that nobody asked for are passed over and not counted. Raises ImportFault for a mix of
        releases, a missing table or column, or a needed table without one readable row.
        """
        tables: dict[_Kind, list[Member]] = {kind: [] for kind in KINDS}
        for member in claimed:
            if (kind := _kind_of(member)) is not None:
                tables[kind].append(member)
        label, year = _label(claimed)
        year = _contract_year(tables[DRUGS]) or year
        series = _series(tables)
        release = _Release(sink, options, year)
        for kind in KINDS:
            if kind is PHARMACIES and tables[kind] and options.states:
                _need_areas(tables)
                release.wanted_plans = release.plans_in(options.states)
            for member in tables[kind]:
                release.read(kind, member)
        return series, label or (str(year) if year else "undated")


def _kind_of(member: Member) -> _Kind | None:
    base = " ".join(member.base.replace("_", " ").split())
    if base.endswith(".txt"):
        for kind in KINDS:
            if kind.phrase in base:
                return kind
    first_line = member.peek().partition(b"\n")[0].decode("cp1252", "replace")
    columns = frozenset(_columns(first_line))
    return next((kind for kind in KINDS if columns.issuperset(kind.needed)), None)


def _columns(header: str) -> list[str]:
    return [name.strip().upper() for name in header.removeprefix(BYTE_ORDER_MARK).split("|")]


def _label(claimed: Sequence[Member]) -> tuple[str, int | None]:
    """The release and its year as the files' own names tell them."""
    found: dict[str, Member] = {}
    for member in claimed:
        if label := _label_of(member.base):
            found.setdefault(label, member)
    if len(found) > 1:
        (first, one), (second, other) = list(found.items())[:2]
        raise ImportFault(
            f"The files belong to different releases, {first} ({one.name}) and {second} "
            f"({other.name}); import one release at a time."
        )
    return next(((label, int(label[:4])) for label in found), ("", None))


def _label_of(base: str) -> str:
    if quarter := _QUARTER.search(base):
        return f"{quarter[1]}Q{quarter[2]}"
    for day in _DAY.finditer(base):
        try:
            return date(int(day[1]), int(day[2]), int(day[3])).isoformat()
        except ValueError:
            continue  # eight digits that are no date
    return ""


def _contract_year(formularies: Sequence[Member]) -> int | None:
    """The contract year in the first formulary row: autumn files already hold next year's plans."""
    for member in formularies:
        lines = member.peek().decode("cp1252", "replace").split("\n", 2)
        if len(lines) > 1:
            year = dict(zip(_columns(lines[0]), lines[1].split("|"), strict=False))
            text = year.get("CONTRACT_YEAR", "").strip()
            if re.fullmatch(r"20\d\d", text, re.ASCII):
                return int(text)
    return None


def _series(tables: dict[_Kind, list[Member]]) -> str:
    """What this release replaces. Raises ImportFault if half of what belongs together is missing.

    Additional tables alone are a series of their own: they must not push out the plans.
    """
    here = [kind for kind in KINDS if tables[kind]]
    core = [kind for kind in (PLANS, DRUGS) if tables[kind]]
    if len(core) == 1:
        missing = DRUGS if core[0] is PLANS else PLANS
        raise ImportFault(
            f"The release has {tables[core[0]][0].name} but no '{missing.phrase}' file; add it."
        )
    return SERIES if core else f"{SERIES}: {', '.join(kind.phrase for kind in here)}"


def _need_areas(tables: dict[_Kind, list[Member]]) -> None:
    for kind in (PLANS, COUNTIES):
        if not tables[kind]:
            raise ImportFault(
                f"To choose pharmacies by state, the release must hold the '{kind.phrase}' file; "
                "add it."
            )


class _Unclear(Exception):
    """A row that can't be understood; the message is the reason."""


@dataclass(slots=True)
class _Release:
    """Reads the tables of one release, and knows what the earlier ones said."""

    sink: Sink
    options: Options
    year: int | None
    wanted_plans: set[str] = field(default_factory=set)
    _facts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by plan
    _areas: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # by plan
    _state_of_county: dict[str, str] = field(default_factory=dict)  # code to code
    _counties: list[tuple[str, str, str, str]] = field(default_factory=list)

    def read(self, kind: _Kind, member: Member) -> None:
        """Reads one file. Raises ImportFault if it is not the table it is named for."""
        count = self.sink.file(member.name)
        if not self._asked_for(kind):
            return
        take = self._taker(kind)
        with io.TextIOWrapper(
            member.open(), encoding="cp1252", errors="surrogateescape", newline="\n"
        ) as text:
            lines = _lines(text)
            pick, width = _pick(kind, member.name, next(lines, ""))
            for number, line in enumerate(lines, start=2):
                try:
                    fields = line.split("|")
                    if len(fields) != width or not line.isascii() or "\0" in line:
                        _refuse_unreadable(line, width)
                    fields.append("")  # stands for every column this file does not have
                    kept = take([*map(str.strip, pick(fields))])
                except _Unclear as unclear:
                    if line.isspace():
                        continue
                    count.read += 1
                    shown = line.rstrip("\r\n").encode("utf-8", "replace").decode()
                    self.sink.set_aside(member.name, number, str(unclear), shown)
                else:
                    count.read += kept
                    count.kept += kept
        if kind in (PLANS, DRUGS) and not count.kept:
            raise ImportFault(f"{member.name} holds no row that could be understood.")

    def _asked_for(self, kind: _Kind) -> bool:
        if kind is PRICES:
            return bool(self.options.ndcs)
        return kind is not PHARMACIES or bool(self.options.states)

    def _taker(self, kind: _Kind) -> Callable[[list[str]], bool]:
        """What takes a row of this table: True if kept, False if nobody asked for it.

        It gets the needed and then the optional columns, and raises _Unclear before it has sent
        anything to the sink.
        """
        return {
            PLANS: self._plan,
            COUNTIES: self._county,
            DRUGS: self._drug,
            SUPPLEMENTS: self._supplement,
            INDICATIONS: self._indication,
            INSULIN: self._insulin,
            COSTS: self._cost,
            PRICES: self._price,
            PHARMACIES: self._pharmacy,
        }[kind]

    def _plan(self, row: list[str]) -> bool:
        contract, plan, segment, payer, name, formulary, ma_region, pdp_region, state, county = row[
            :10
        ]
        key = _plan_key(contract, plan, segment)
        area = _area(contract, county, ma_region, pdp_region)
        _check_code(state, 2, str.isalpha)
        facts = (payer, name, formulary, *row[10:])
        known = self._facts.get(key)
        if known is None:
            self._new_plan(key, facts)
        elif known != facts:
            raise _Unclear(CONTRADICTS)
        areas = self._areas[key]
        if known is not None and area in areas:
            raise _Unclear(DUPLICATE)
        self._add_areas(key, areas, area, ("state", state.upper()))
        if county and state:
            self._state_of_county[county] = state.upper()
        return True

    def _new_plan(self, key: str, facts: tuple[str, ...]) -> None:
        payer, name, formulary, premium, deductible, special_needs, suppressed = facts
        if not (payer and name):
            raise _Unclear(NO_NAME)
        if formulary and not formulary.isalnum():
            raise _Unclear(BAD_FORMULARY_ID)
        release_id = self.sink.release_id
        self.sink.add(
            PLAN,
            (
                release_id,
                key,
                name,
                payer,
                LineOfBusiness.MEDICARE_PART_D.value,
                self.year,
                _number(premium),
                _number(deductible),
                _code(SPECIAL_NEEDS, special_needs),
                _flag(suppressed),
            ),
        )
        self._facts[key] = facts
        self._areas[key] = set()
        if formulary:
            self.sink.add(PLAN_LIST, (release_id, key, self.sink.list_id(formulary)))

    def _add_areas(self, key: str, known: set[tuple[str, str]], *areas: tuple[str, str]) -> None:
        """Notes where a plan is offered. An area without a code is remembered, not stored."""
        for area in areas:
            if area not in known:
                known.add(area)
                if area[1]:
                    self.sink.add(PLAN_AREA, (self.sink.release_id, key, *area))

    def _county(self, row: list[str]) -> bool:
        code, state, county, ma_region_code, ma_region, pdp_region_code, pdp_region = row
        if not code:
            raise _Unclear(BAD_AREA)
        _check_code(code, 5, str.isdecimal)
        if not (state and county):
            raise _Unclear(NO_NAME)
        self._need_new("county", code)
        self._counties.append((code, state, ma_region_code, pdp_region_code))
        self.sink.add(
            COUNTY,
            (
                self.sink.release_id,
                code,
                state,
                county,
                ma_region_code or None,
                ma_region or None,
                pdp_region_code or None,
                pdp_region or None,
            ),
        )
        return True

    def _drug(self, row: list[str]) -> bool:
        formulary, rxcui, ndc, tier, prior_authorization, step_therapy, limit, amount, days = row
        if not formulary.isalnum():
            raise _Unclear(BAD_FORMULARY_ID)
        _check_rxcui(rxcui)
        _check_tier(tier)
        if ndc:
            _check_ndc(ndc)
        flags = _flag(prior_authorization), _flag(step_therapy), _flag(limit)
        limits = _quantity(amount), _quantity(days)
        list_id = self.sink.list_id(formulary)
        # one number for list, RxCUI (8 digits) and tier: a million of them fit in little memory
        self._need_new("drug", (list_id * 100_000_000 + int(rxcui)) * 10 + int(tier))
        self.sink.add(DRUG, (list_id, rxcui, tier, ndc or None, None, *flags, *limits))
        return True

    def _supplement(self, row: list[str]) -> bool:
        contract, plan, rxcui, tier, limit, amount, days, prior_auth, step, capped = row
        key = _plan_key(contract, plan)
        _check_rxcui(rxcui)
        _check_tier(tier)
        values = (
            _flag(limit),
            _quantity(amount),
            _quantity(days),
            _flag(prior_auth),
            _flag(step),
            _flag(capped),
        )
        self._need_new("supplement", (key, rxcui, tier))
        self.sink.add(SUPPLEMENT, (self.sink.release_id, key, rxcui, tier, *values))
        return True

    def _indication(self, row: list[str]) -> bool:
        contract, plan, rxcui, disease = row
        key = _plan_key(contract, plan)
        _check_rxcui(rxcui)
        if not disease:
            raise _Unclear(NO_NAME)
        self._need_new("indication", (key, rxcui, disease))
        self.sink.add(INDICATION, (self.sink.release_id, key, rxcui, disease))
        return True

    def _insulin(self, row: list[str]) -> bool:
        key = _plan_key(*row[:3])
        tier = "all" if row[3] == "." else row[3]  # a defined-standard plan has no tiers
        if tier != "all":
            _check_tier(tier)
        days = _code(DAYS_CODES, row[4])
        copays, coinsurances = [*map(_number, row[5:9])], [*map(_fraction, row[9:])]
        self._need_new("insulin", (key, tier, days))
        self.sink.add(INSULIN_COST, (self.sink.release_id, key, tier, days, *copays, *coinsurances))
        return True

    def _cost(self, row: list[str]) -> bool:
        key = _plan_key(*row[:3])
        level = _code(COVERAGE_LEVELS, row[3])
        tier = row[4]
        _check_tier(tier)
        days = _code(DAYS_CODES, row[5])
        values: list[float | None] = []
        # the columns stand by what they are (four types, four amounts ...), not by channel
        for kind_of_cost, amount, least, most in zip(
            row[6:10], row[10:14], row[14:18], row[18:22], strict=True
        ):
            cost_type = _code(COST_TYPES, kind_of_cost)
            read = _fraction if cost_type == COINSURANCE else _number
            values += (cost_type, read(amount), _number(least), _number(most))
        flags = _flag(row[22]), _flag(row[23])
        self._need_new("cost", (key, level, tier, days))
        self.sink.add(COST, (self.sink.release_id, key, level, tier, days, *values, *flags))
        return True

    def _price(self, row: list[str]) -> bool:
        ndc = row[3]
        if ndc not in self.options.ndcs:
            return False
        key = _plan_key(*row[:3])
        days = _code(DAYS, row[4])
        unit_cost = _number(row[5])
        self._need_new("price", (key, ndc, days))
        self.sink.add(PRICE, (self.sink.release_id, key, ndc, days, unit_cost))
        return True

    def _pharmacy(self, row: list[str]) -> bool:
        contract, plan, segment, number, zip_code, in_area = row[:6]
        if _flag(in_area) != 1 or f"{contract}-{plan}-{segment}" not in self.wanted_plans:
            return False
        # the number is "10" and then the NPI
        if not (number.isdecimal() and len(number) == 12 and number.startswith("10")):
            raise _Unclear(BAD_PHARMACY)
        if zip_code and not (zip_code.isdecimal() and len(zip_code) == 5):
            raise _Unclear(BAD_PHARMACY)
        key, npi = _plan_key(contract, plan, segment), number[2:]
        flags = [*map(_flag, row[6:])]
        self._need_new("pharmacy", (key, npi))
        self.sink.add(PHARMACY, (self.sink.release_id, key, npi, zip_code or None, *flags, 1))
        return True

    def _need_new(self, what: str, key: object) -> None:
        if not self.sink.is_new(what, key):
            raise _Unclear(DUPLICATE)

    def plans_in(self, states: frozenset[str]) -> set[str]:
        """The plans offered in any of these states (two letters), by county or by region.

        Region plans name no state. Counties link the two: a county plan's row gives the letters,
        the geographic locator the state's name and regions.
        """
        wanted = {state.upper() for state in states}
        names = {
            name for code, name, _, _ in self._counties if self._state_of_county.get(code) in wanted
        }
        areas = {("state", state) for state in wanted}
        for _, name, ma_region, pdp_region in self._counties:
            if name in names:
                areas |= {("ma_region", ma_region), ("pdp_region", pdp_region)}
        areas -= {("ma_region", ""), ("pdp_region", "")}
        return {key for key, known in self._areas.items() if not areas.isdisjoint(known)}


def _lines(text: TextIO) -> Iterator[str]:
    """Physical lines. One beyond all reason comes once, cut, so that memory stays bounded."""
    whole = True
    for line in iter(partial(text.readline, LONGEST_LINE), ""):
        if whole:
            yield line
        whole = line.endswith("\n")


def _pick(
    kind: _Kind, name: str, header: str
) -> tuple[Callable[[list[str]], tuple[str, ...]], int]:
    """What picks the known columns out of a row, and how many fields a row has."""
    columns = _columns(header)
    missing = [column for column in kind.needed if column not in columns]
    if missing:
        raise ImportFault(
            f"{name} should be the '{kind.phrase}' table, but its first line does not name the "
            f"column {missing[0]}; use a release with a header row."
        )
    known = (*kind.needed, *kind.optional)
    if twice := [column for column in known if columns.count(column) > 1]:
        raise ImportFault(f"{name} names the column {twice[0]} twice; use the file as published.")
    width = len(columns)
    return itemgetter(*(columns.index(c) if c in columns else width for c in known)), width


def _refuse_unreadable(line: str, width: int) -> None:
    """Says why a suspicious line can't be read, if so; an accent is no reason."""
    if len(line) >= LONGEST_LINE:
        raise _Unclear(TOO_LONG)
    if any("\udc80" <= letter <= "\udcff" for letter in line):
        raise _Unclear(NOT_WINDOWS_1252)
    if "\0" in line:
        raise _Unclear(NUL)
    if line.count("|") + 1 != width:
        raise _Unclear(WRONG_FIELDS)


@lru_cache(maxsize=16_384)
def _plan_key(contract: str, *parts: str) -> str:
    if not (_CONTRACT.fullmatch(contract) and all(map(_THREE_DIGITS.fullmatch, parts))):
        raise _Unclear(BAD_PLAN_ID)
    return "-".join((contract, *parts))


def _area(contract: str, county: str, ma_region: str, pdp_region: str) -> tuple[str, str]:
    """Where a plan row says the plan is offered: regional plans have R, drug plans S contracts."""
    _check_code(county, 5, str.isdecimal)
    _check_code(ma_region, 2, str.isdecimal)
    _check_code(pdp_region, 2, str.isdecimal)
    by_letter = {"R": ("ma_region", ma_region), "S": ("pdp_region", pdp_region)}
    return by_letter.get(contract[0], ("county", county))


def _check_code(text: str, length: int, is_of_kind: Callable[[str], bool]) -> None:
    if text and not (len(text) == length and is_of_kind(text)):
        raise _Unclear(BAD_AREA)


def _check_rxcui(text: str) -> None:
    # Windows-1252 has no decimal digits but 0 to 9
    if not text.isdecimal() or len(text) > 8:
        raise _Unclear(BAD_RXCUI)


def _check_ndc(text: str) -> None:
    if not text.isdecimal() or len(text) != 11:
        raise _Unclear(BAD_NDC)


def _check_tier(text: str) -> None:
    if text not in TIERS:
        raise _Unclear(BAD_TIER)


def _flag(text: str) -> int | None:
    try:
        return FLAGS[text]
    except KeyError:
        raise _Unclear(BAD_FLAG) from None


def _code(codes: dict[str, _T], text: str) -> _T:
    try:
        return codes[text]
    except KeyError:
        raise _Unclear(BAD_CODE) from None


@lru_cache(maxsize=65_536)
def _number(text: str) -> float | None:
    if text in MISSING:
        return None
    if not _NUMBER.fullmatch(text):
        raise _Unclear(BAD_NUMBER)
    return float(text)


def _fraction(text: str) -> float | None:
    number = _number(text)
    if number is not None and number > 1:
        raise _Unclear(ABOVE_WHOLE)
    return number


def _quantity(text: str) -> str | None:
    """A quantity as published ("60"), checked to be a number."""
    return None if _number(text) is None else text
