"""Marketplace (QHP) machine-readable files: drugs.json, plans.json and the index over them.

Issuers publish one entry per drug and plan. Plans that hold a drug on the same terms are taken
together, so that a list shared by a hundred plans is stored once.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import re
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, NoReturn

from sqlalchemy import delete

from compound_coverage.formulary.archives import Member
from compound_coverage.formulary.importer import ImportFault, Options, Sink
from compound_coverage.formulary.tables import (
    DRUG,
    DRUG_LIST,
    PLAN,
    PLAN_AREA,
    PLAN_LIST,
    TIER_COST,
)
from compound_coverage.vocabulary import LineOfBusiness

BLOCK = 1 << 20
LONGEST_VALUE = 64_000_000  # characters; one drug of the largest issuers takes about 200,000
LONGEST_TOKEN = 16  # of JSON, strings apart: -Infinity, \uXXXX
LONGEST_SERIES = 80
MOST_REMEMBERED = 20_000  # sets of plans as written; issuers repeat a few hundred
FIRST_YEAR, LAST_YEAR = 2010, 2100
HIOS_ID = re.compile(r"[0-9]{5}[A-Za-z]{2}[0-9]{7}")

NOT_AN_OBJECT = "not an object"
NO_PLANS = "a drug without plans"
NOT_RXCUI = "rxnorm_id is not an RxCUI"
NOT_HIOS = "plan id is not a HIOS id"
NO_TIER = "no tier"
BAD_FLAG = "a flag is neither yes nor no"
BAD_YEAR = "the year can't be read"
BAD_TEXT = "a character that can't be stored"
OLDER_YEAR = "an older year of the same plan"
PLAN_AGAIN = "the same plan again"
DRUG_AGAIN = "the same drug, plan and tier again"
BAD_COST = "a cost block that can't be understood"
NOT_GIVEN = "named in the index but not given"
NOT_A_URL = "the index names something that is no address"

PLAN_NAMES = (
    "plan_id",
    "marketing_name",
    "issuer_name",
    "formulary",
    "drug_tier",
    "cost_sharing",
    "pharmacy_type",
    "copay_amount",
    "copay_opt",
    "coinsurance_rate",
    "coinsurance_opt",
    "years",
    "last_updated_on",
)
DRUG_NAMES = ("rxnorm_id", "drug_name", "plans")
ENTRY_NAMES = (
    "plan_id_type",
    "plan_id",
    "drug_tier",
    "prior_authorization",
    "step_therapy",
    "quantity_limit",
    "years",
)
KNOWN_ENTRY = frozenset(ENTRY_NAMES)
_SPELLINGS = {n.replace("_", ""): n for n in (*PLAN_NAMES, *DRUG_NAMES, *ENTRY_NAMES)}
_FLAGS: dict[Any, int | None] = {
    True: 1,  # and 1, which is equal to it
    False: 0,
    None: None,
    "": None,
    "true": 1,
    "false": 0,
    "yes": 1,
    "no": 0,
    "y": 1,
    "n": 0,
    "1": 1,
    "0": 0,
}

DRUG_KEYS = re.compile(
    rb'"(?:rx_?norm_?id|drug_?name|prior_?authorization|step_?therapy|quantity_?limit)"\s*:', re.I
)
PLAN_KEYS = re.compile(rb'"(?:marketing_?name|cost_?sharing|plan_?contact)"\s*:', re.I)
INDEX_KEYS = re.compile(rb'"(?:formulary|plan)_urls"\s*:\s*\[')
OTHER_KEYS = re.compile(rb'"(?:resourceType|npi|\$schema)"\s*:')  # FHIR, providers.json, a schema
DRUG_FILE = re.compile(r"drugs.*\.json")
PLAN_FILE = re.compile(r"plans.*\.json")


# -- JSON of any size ------------------------------------------------------------------------


class JsonReader:
    """The values of a JSON file, one after the other, in bounded memory.

    Blocks of the file are handed to Python's own scanner, which is three times as fast as an
    event parser. Every method raises ImportFault, with the place, where the file is not JSON.
    """

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.count = 0  # values handed out; the last one is record number ``count``
        self._name = name
        self._stream = stream
        self._to_text = codecs.getincrementaldecoder("utf-8-sig")()
        self._scan = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._bytes = 0
        self._ended = False

    def values(self) -> Iterator[Any]:
        """Every value at the root, on one line or over many."""
        while self._next():
            yield self._counted()

    def records(self, *keys: str) -> Iterator[Any]:
        """The items of the array at the root, or of the arrays under ``keys`` of the object."""
        if not (yield from self._inside(keys)):
            self.fault(f"there is no array under {', '.join(keys)}")
        if self._next():
            self.fault("something follows its end")

    def roots(self, key: str) -> Iterator[Any]:
        """The items under ``key`` of each object at the root; None for one that has no such key."""
        while self._next():
            if not (yield from self._inside((key,))):
                yield None

    def fault(self, why: str) -> NoReturn:
        """Raises ImportFault for the place reached."""
        waiting = self._to_text.getstate()[0]
        rest = len(self._text[self._at :].encode("utf-8", "surrogatepass"))
        where = f"at byte {self._bytes - len(waiting) - rest:,}, after record {self.count:,}"
        raise ImportFault(f"{self._name} is not the JSON it should be {where}: {why}.")

    def _counted(self) -> Any:
        value = self._value()
        self.count += 1
        return value

    def _inside(self, keys: tuple[str, ...], depth: int = 1) -> Generator[Any, None, bool]:
        """Hands out the items of the arrays at this place; returns whether there were arrays."""
        first = self._next()
        if first == "[":
            yield from self._array()
            return True
        if first != "{":
            self.fault("neither an array nor an object begins here" if first else "it ends here")
        found = False
        for key in self._members():
            # an array of records, or one object around it: {"data": {"drugs": [...]}}
            if key in keys and self._next() in ("[", "{"[:depth]):
                found = (yield from self._inside(keys, 0)) or found
            else:
                self._value()
        return found

    def _array(self) -> Iterator[Any]:
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        yield self._counted()
        while self._continues("]"):
            yield self._counted()

    def _members(self) -> Iterator[str]:
        """The keys of an object; whoever asks reads the value before asking for the next."""
        self._at += 1
        if self._next() == "}":
            self._at += 1
            return
        yield self._key()
        while self._continues("}"):
            yield self._key()

    def _key(self) -> str:
        key = self._value()
        if not isinstance(key, str) or self._next() != ":":
            self.fault("a name and a colon should stand here")
        self._at += 1
        return key

    def _continues(self, end: str) -> bool:
        mark = self._next()
        if mark not in (",", end):
            self.fault(f"a comma or {end} should stand here" if mark else "it ends too early")
        self._at += 1
        return mark == ","

    def _next(self) -> str:
        """The next character that is not blank; empty at the end of the file."""
        while True:
            text, at = self._text, self._at
            while at < len(text):
                if text[at] not in " \t\r\n":
                    self._at = at
                    return text[at]
                at += 1
            self._at = at
            if not self._read_on():
                return ""

    def _value(self) -> Any:
        while True:
            self._next()
            try:
                value, end = self._scan(self._text, self._at)
            except RecursionError:
                self.fault("it is nested too deep")
            except ValueError as error:
                self._mend(error)
                continue
            # a number may go on in the next block, after "e-" at the worst
            if len(self._text) - end > 2 or not self._read_on():
                self._at = end
                return value

    def _mend(self, error: ValueError) -> None:
        """Reads on if the value may only be cut off by the end of the block."""
        place = error.pos if isinstance(error, json.JSONDecodeError) else 0
        cut = place + LONGEST_TOKEN >= len(self._text) or "Unterminated" in str(error)
        if not cut or not self._read_on():
            why = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
            if cut:
                self.fault("it ends in the middle of a value")
            self._at = max(place, self._at)
            self.fault(why.lower().removesuffix(" at").removesuffix(" starting"))

    def _read_on(self) -> bool:
        """Adds a block to the text and drops what is behind; false at the end of the file."""
        if self._ended:
            return False
        rest = len(self._text) - self._at
        if rest > LONGEST_VALUE:
            self.fault(f"one value is longer than {LONGEST_VALUE:,} characters")
        try:
            block = self._stream.read(max(BLOCK, rest))  # doubling keeps a long value linear
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise ImportFault(f"{self._name} is damaged: {error}.") from None
        self._ended = not block
        self._bytes += len(block)
        try:
            more = self._to_text.decode(block, self._ended)
        except UnicodeDecodeError:
            self.fault("it is not UTF-8 text a little further on")
        self._text = self._text[self._at :] + more
        self._at = 0
        return True


def storable(text: str) -> bool:
    """Can every database keep it? NUL and half of a surrogate pair can come from escapes."""
    return "\x00" not in text and (text.isascii() or _has_no_stray(text))


def _has_no_stray(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def hios_id(value: Any) -> str:
    """The 14-character HIOS id, letters in capitals; empty if ``value`` is none."""
    return value.upper() if isinstance(value, str) and HIOS_ID.fullmatch(value) else ""


def rxcui_of(value: Any) -> str:
    """The RxCUI, at most 8 digits; empty if ``value`` is none."""
    text = str(value) if isinstance(value, int) else value
    good = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 8
    return text if good else ""


def amount_of(value: Any) -> float | None:
    """A number of dollars or a rate; None if missing. Raises ValueError if it is neither."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("too big") from None
    if not 0 <= number < math.inf:
        raise ValueError("out of range")
    return number


def joined_or_hashed(words: Iterable[str]) -> str:
    """The words in order, or a short hash where they grow long. For naming a series."""
    text = ",".join(sorted(words))
    return text if len(text) <= LONGEST_SERIES else short_hash(text)


def short_hash(text: str) -> str:
    """16 characters that stand for ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def as_text(value: Any) -> str:
    """A value of the file as text, for showing it where it is set aside. Never fails."""
    try:
        return json.dumps(value)
    except RecursionError:
        return "(nested too deep to show)"


# -- values ----------------------------------------------------------------------------------


def _usual_names(cells: dict[str, Any]) -> dict[str, Any]:
    """The same cells under the published names: planId and PlanID become plan_id."""
    return {_SPELLINGS.get(key.replace("_", "").lower(), key): cells[key] for key in cells}


def _tier(raw: Any) -> str:
    """As written but for capitals and hyphens; empty if there is none."""
    if not isinstance(raw, str) or not storable(raw):
        return ""
    tier = re.sub(r"[\s_]+", "-", raw.strip().upper())
    return "" if tier == "NULL" else tier


def _flag(raw: Any) -> int | None:
    """1, 0, or None for unknown. Raises KeyError for anything else."""
    return _FLAGS[raw.strip().lower() if isinstance(raw, str) else raw]


def _year(raw: Any) -> int | None:
    """The newest of the years, None if there is none. Raises ValueError for anything else."""
    years = raw if isinstance(raw, list | tuple) else (raw,)
    found = [int(year) for year in years if year is not None and year != ""]
    if any(not FIRST_YEAR <= year <= LAST_YEAR for year in found):
        raise ValueError("not a year")
    return max(found, default=None)


def _text(raw: Any) -> str | None:
    return raw.strip() or None if isinstance(raw, str) and storable(raw) else None


def _name(raw: Any) -> str | None:
    """A name, also where it stands inside an object. Raises ValueError if it can't be stored."""
    if isinstance(raw, dict):
        raw = next((value for value in raw.values() if isinstance(value, str)), None)
    if not isinstance(raw, str):
        return None
    if not storable(raw):
        raise ValueError("not storable")
    return raw.strip() or None


# -- plans.json ------------------------------------------------------------------------------


@dataclass(slots=True)
class _HeldPlan:
    """A plan as read, until it is sure that no newer year of it follows."""

    year: int | None
    file: str
    number: int
    shown: str
    name: str
    payer: str
    costs: list[tuple[Any, ...]]


class _Plans:
    """Reads plans files. ``count.read`` counts plans, and cost blocks that make no sense."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held: dict[str, _HeldPlan] = {}
        self.newest = ""  # the newest last_updated_on

    def read(self, member: Member) -> None:
        count = self._sink.file(member.name)
        with member.open() as stream:
            reader = JsonReader(member.name, stream)
            for item in reader.records("plans", "data", "results"):
                count.read += 1
                if not isinstance(item, dict):
                    self._aside(member.name, reader.count, NOT_AN_OBJECT, as_text(item))
                else:
                    self._plan(member.name, reader.count, _usual_names(item))
        if not reader.count:
            raise ImportFault(f"{member.name} holds no plan.")

    def _plan(self, file: str, number: int, item: dict[str, Any]) -> None:
        shown = as_text(item)[:500]
        plan = hios_id(item.get("plan_id"))
        if not plan:
            return self._aside(file, number, NOT_HIOS, shown)
        try:
            year = _year(item.get("years"))
        except (ValueError, TypeError, OverflowError):
            return self._aside(file, number, BAD_YEAR, shown)
        try:
            name = _name(item.get("marketing_name")) or plan
        except ValueError:
            return self._aside(file, number, BAD_TEXT, shown)
        known = self._held.get(plan)
        if known and (known.year or 0) >= (year or 0):
            same = (known.year or 0) == (year or 0)
            return self._aside(file, number, PLAN_AGAIN if same else OLDER_YEAR, shown)
        if known:
            self._aside(known.file, known.number, OLDER_YEAR, known.shown)
        costs = list(self._costs(plan, file, number, item.get("formulary")))
        payer = _text(item.get("issuer_name")) or ""
        self._held[plan] = _HeldPlan(year, file, number, shown, name, payer, costs)
        self.newest = max(self.newest, _iso_date(item.get("last_updated_on")))
        return None

    def _costs(self, plan: str, file: str, number: int, formulary: Any) -> Iterator[Any]:
        positions: dict[tuple[str, str], int] = {}
        for tier, block in _cost_blocks(formulary):
            try:
                place, amounts = _cost(tier, block)
            except ValueError:
                self._sink.file(file).read += 1
                self._aside(file, number, BAD_COST, as_text([plan, tier, block]))
                continue
            position = positions.get(place, 0)
            positions[place] = position + 1
            yield (self._sink.release_id, plan, *place, position, *amounts)

    def _aside(self, file: str, number: int, reason: str, shown: str) -> None:
        self._sink.set_aside(file, number, reason, shown)

    def finish(self) -> dict[str, int | None]:
        """Writes the plans; returns each one's year."""
        years = {}
        for plan, held in self._held.items():
            self._sink.file(held.file).kept += 1
            _write_plan(self._sink, plan, held.name, held.payer, held.year)
            for row in held.costs:
                self._sink.add(TIER_COST, row)
            years[plan] = held.year
        self._held.clear()
        return years


def _cost_blocks(formulary: Any) -> Iterator[tuple[Any, Any]]:
    for tier in formulary if isinstance(formulary, list) else [formulary]:
        if isinstance(tier, dict):
            cells = _usual_names(tier)
            blocks = cells.get("cost_sharing")
            for block in blocks if isinstance(blocks, list) else [blocks]:
                if block is not None:
                    yield cells.get("drug_tier"), block
        elif tier is not None:
            yield None, tier


def _cost(raw_tier: Any, block: Any) -> tuple[tuple[str, str], tuple[Any, ...]]:
    """(tier, pharmacy type) and what they cost. Raises ValueError if that makes no sense."""
    if not isinstance(block, dict):
        raise ValueError(NOT_AN_OBJECT)
    cells = _usual_names(block)
    tier, pharmacy = _tier(raw_tier), _tier(cells.get("pharmacy_type"))
    rate = amount_of(cells.get("coinsurance_rate"))
    if not tier or not pharmacy or (rate is not None and rate > 1):
        raise ValueError(BAD_COST)
    copay = amount_of(cells.get("copay_amount"))
    options = _text(cells.get("copay_opt")), _text(cells.get("coinsurance_opt"))
    return (tier, pharmacy), (copay, options[0], rate, options[1])


def _iso_date(raw: Any) -> str:
    try:
        return date.fromisoformat(str(raw)[:10]).isoformat()
    except ValueError:
        return ""


def _write_plan(sink: Sink, plan: str, name: str, payer: str, year: int | None) -> None:
    marketplace = LineOfBusiness.MARKETPLACE.value
    row = (sink.release_id, plan, name, payer, marketplace, year, None, None, None, None)
    sink.add(PLAN, row)
    sink.add(PLAN_AREA, (sink.release_id, plan, "state", plan[5:7]))


# -- drugs.json ------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _PlanSet:
    """Plans that have something in common, sorted."""

    plans: tuple[str, ...]
    issuers: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _List:
    """What a set of plans covers in a year (None: not said)."""

    list_id: int
    plan_set: _PlanSet
    year: int | None


# Where a drug was seen: tier, list, number of the file, number of the record, the one before.
_Seen = tuple[str, _List, int, int, Any]
# Terms of a drug as written: tier, three flags, years.
_Terms = tuple[Any, Any, Any, Any, Any]


class _PlanSets:
    """Every set of plans once, however often it is named."""

    def __init__(self) -> None:
        self._plans: dict[str, str] = {}
        self._sets: dict[tuple[str, ...], _PlanSet] = {}
        self._as_written: dict[tuple[Any, ...], tuple[_PlanSet, tuple[tuple[Any, str], ...]]] = {}

    def of(self, named: list[Any]) -> tuple[_PlanSet, tuple[tuple[Any, str], ...]]:
        """The set, and the ids that do not belong in it, each with the reason."""
        found = self._as_written.get(tuple(named))
        if found is None:
            found = self._sorted_out(named)
            if not found[1]:
                if len(self._as_written) >= MOST_REMEMBERED:
                    self._as_written.clear()
                # one copy of each id, however many sets it is in
                self._as_written[tuple(self._plans[plan] for plan in named)] = found
        return found

    def _sorted_out(self, named: list[Any]) -> tuple[_PlanSet, tuple[tuple[Any, str], ...]]:
        good: set[str] = set()
        bad: list[tuple[Any, str]] = []
        for raw in named:
            plan = self._plans.get(raw) or hios_id(raw)
            if not plan:
                bad.append((raw, NOT_HIOS))
            elif plan in good:
                bad.append((raw, DRUG_AGAIN))
            else:
                good.add(self._plans.setdefault(raw, plan))
        return self.exactly(good), tuple(bad)

    def exactly(self, plans: Iterable[str]) -> _PlanSet:
        """The set of these plans, known to be good."""
        key = tuple(sorted(plans))
        found = self._sets.get(key)
        if found is None:
            issuers = tuple(sorted({plan[:5] for plan in key}))
            found = self._sets[key] = _PlanSet(key, issuers)
        return found


class _Drugs:
    """Reads drugs files. ``count.read`` counts pairs of drug and plan."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._files: list[str] = []
        self._sets = _PlanSets()
        self._lists: dict[tuple[_PlanSet, int | None], _List] = {}
        self._years: dict[str, int | None] = {}  # the newest of each plan
        self._seen: dict[str, dict[str, _Seen]] = {}  # issuer, then RxCUI

    def read(self, member: Member) -> None:
        self._files.append(member.name)
        with member.open() as stream:
            reader = JsonReader(member.name, stream)
            for item in reader.records("drugs", "data", "results"):
                self._drug(item, reader.count)
        if not reader.count:
            raise ImportFault(f"{member.name} holds no drug.")

    def _drug(self, item: Any, number: int) -> None:
        count = self._sink.file(self._files[-1])
        if not isinstance(item, dict):
            count.read += 1
            return self._aside(number, NOT_AN_OBJECT, item)
        if "rxnorm_id" not in item or "plans" not in item or "drug_name" not in item:
            item = _usual_names(item)
        entries = item.get("plans")
        if not isinstance(entries, list) or not entries:
            count.read += 1
            return self._aside(number, NO_PLANS, item)
        count.read += len(entries)
        rxcui, reason = rxcui_of(item.get("rxnorm_id")), NOT_RXCUI
        try:
            name = _name(item.get("drug_name"))
        except ValueError:
            rxcui, reason = "", BAD_TEXT
        if not rxcui:
            for entry in entries:
                self._aside(number, reason, [item.get("rxnorm_id"), item.get("drug_name"), entry])
            return None
        groups, odd = _by_terms(entries)
        for entry, why in odd:
            self._aside(number, why, [rxcui, name, entry])
        for terms, plans in groups.items():
            self._group(number, rxcui, name, terms, plans)
        return None

    def _group(
        self, number: int, rxcui: str, name: str | None, terms: _Terms, named: list[Any]
    ) -> None:
        """Keeps one drug on the same terms in several plans."""
        tier = _tier(terms[0])
        reason = "" if tier else NO_TIER
        flags: list[int | None] = []
        year = None
        try:
            flags = [_flag(raw) for raw in terms[1:4]]
            year = _year(terms[4])
        except KeyError:
            reason = reason or BAD_FLAG
        except (ValueError, TypeError, OverflowError):
            reason = reason or BAD_YEAR
        if reason:
            for plan in named:
                self._aside(number, reason, [rxcui, name, plan, *terms])
            return
        plan_set, bad = self._sets.of(named)
        for raw, why in bad:
            self._aside(number, why, [rxcui, name, raw, *terms])
        again = self._again(rxcui, tier, year, plan_set)
        for plan in sorted(again):
            self._aside(number, DRUG_AGAIN, [rxcui, name, plan, *terms])
        if again:
            plan_set = self._sets.exactly(set(plan_set.plans) - again)
        if plan_set.plans:
            of_list = self._list(plan_set, year)
            row = (of_list.list_id, rxcui, tier, None, name, *flags, None, None)
            self._sink.add(DRUG, row)
            self._sink.file(self._files[-1]).kept += len(plan_set.plans)
            self._remember(rxcui, tier, of_list, number)

    def _again(self, rxcui: str, tier: str, year: int | None, plan_set: _PlanSet) -> set[str]:
        """The plans of the set in which this drug already stands on this tier."""
        again: set[str] = set()
        for issuer in plan_set.issuers:
            seen = self._seen.setdefault(issuer, {}).get(rxcui)
            while seen is not None:
                earlier_tier, earlier, _, _, seen = seen
                if earlier_tier == tier and (earlier.year == year or None in (earlier.year, year)):
                    again.update(set(plan_set.plans).intersection(earlier.plan_set.plans))
        return again

    def _remember(self, rxcui: str, tier: str, of_list: _List, number: int) -> None:
        file = len(self._files) - 1
        for issuer in of_list.plan_set.issuers:
            by_rxcui = self._seen[issuer]
            by_rxcui[rxcui] = (tier, of_list, file, number, by_rxcui.get(rxcui))

    def _list(self, plan_set: _PlanSet, year: int | None) -> _List:
        found = self._lists.get((plan_set, year))
        if found is None:
            list_key = short_hash(f"{year or ''} {' '.join(plan_set.plans)}")
            found = _List(self._sink.list_id(list_key), plan_set, year)
            self._lists[plan_set, year] = found
            for plan in plan_set.plans:
                self._years[plan] = max(self._years.get(plan) or 0, year or 0) or None
        return found

    def _aside(self, number: int, reason: str, what: Any) -> None:
        self._sink.set_aside(self._files[-1], number, reason, as_text(what))

    def finish(self) -> dict[str, int | None]:
        """Gives each plan the lists of its newest year; returns each plan's year."""
        empty = []
        older: dict[_List, list[str]] = {}
        for (plan_set, year), of_list in self._lists.items():
            past = [plan for plan in plan_set.plans if year and self._years[plan] != year]
            for plan in set(plan_set.plans).difference(past):
                self._sink.add(PLAN_LIST, (self._sink.release_id, plan, of_list.list_id))
            if past:
                older[of_list] = past
            if len(past) == len(plan_set.plans):
                empty.append(of_list.list_id)
        if older:
            self._set_aside_older(older)
        self._drop_lists(empty)
        return self._years

    def _set_aside_older(self, older: dict[_List, list[str]]) -> None:
        for issuer, by_rxcui in self._seen.items():
            for rxcui, last in by_rxcui.items():
                seen: _Seen | None = last
                while seen is not None:
                    tier, of_list, file, number, seen = seen
                    # a list of several issuers is seen under each of them; once is enough
                    if of_list in older and issuer == of_list.plan_set.issuers[0]:
                        name = self._files[file]
                        self._sink.file(name).kept -= len(older[of_list])
                        for plan in older[of_list]:
                            shown = as_text([rxcui, plan, tier, of_list.year])
                            self._sink.set_aside(name, number, OLDER_YEAR, shown)

    def _drop_lists(self, list_ids: Sequence[int]) -> None:
        """Takes back lists that no plan uses any more."""
        if list_ids:
            self._sink.flush()
        for list_id in list_ids:
            self._sink.connection.execute(delete(DRUG).where(DRUG.c.list_id == list_id))
            self._sink.connection.execute(delete(DRUG_LIST).where(DRUG_LIST.c.list_id == list_id))


def _by_terms(entries: list[Any]) -> tuple[dict[_Terms, list[Any]], list[tuple[Any, str]]]:
    """Plan ids by the terms on which they hold the drug, and the entries that can't be read."""
    groups: dict[_Terms, list[Any]] = {}
    odd: list[tuple[Any, str]] = []
    known = KNOWN_ENTRY
    for entry in entries:
        if entry.__class__ is not dict:
            odd.append((entry, NOT_AN_OBJECT))
            continue
        if not entry.keys() <= known:
            entry = _usual_names(entry)  # noqa: PLW2901
        get = entry.get
        years = get("years")
        if years.__class__ is list:
            years = years[0] if len(years) == 1 else tuple(years)
        plan = get("plan_id")
        terms = (
            get("drug_tier"),
            get("prior_authorization"),
            get("step_therapy"),
            get("quantity_limit"),
            years,
        )
        try:
            hash(plan)
            group = groups.get(terms)
        except TypeError:  # an array or object where a word belongs
            odd.append((entry, _misplaced(plan, terms)))
            continue
        if group is None:
            groups[terms] = [plan]
        else:
            group.append(plan)
    return groups, odd


def _misplaced(plan: Any, terms: _Terms) -> str:
    if isinstance(plan, list | dict):
        return NOT_HIOS
    if isinstance(terms[0], list | dict):
        return NO_TIER
    return BAD_FLAG if any(isinstance(flag, list | dict) for flag in terms[1:4]) else BAD_YEAR


# -- the index, and the source ---------------------------------------------------------------


def _base_of(address: str) -> str:
    """The file name an address ends in, without the ending of its packing."""
    path = re.split(r"[?#]", address)[0].replace("%20", " ").lower()
    return re.sub(r"\.(gz|zip)$", "", " ".join(re.split(r"[/\\]", path)[-1].split()))


def _read_index(member: Member, given: set[str], sink: Sink) -> None:
    """Tells which of the files named in the index are missing. Nothing is fetched."""
    count = sink.file(member.name)
    with member.open() as stream:
        reader = JsonReader(member.name, stream)
        for address in reader.records("formulary_urls", "plan_urls"):
            count.read += 1
            if not isinstance(address, str):
                sink.set_aside(member.name, reader.count, NOT_A_URL, as_text(address))
            elif _base_of(address) in given:
                count.kept += 1
            else:
                sink.set_aside(member.name, reader.count, NOT_GIVEN, as_text(address)[1:-1])


def _kind(member: Member) -> str:
    """drugs, plans, index, or nothing: by content, then by name."""
    start = member.peek()
    if OTHER_KEYS.search(start):
        return ""
    if start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{"):
        if INDEX_KEYS.search(start):
            return "index"
        if DRUG_KEYS.search(start):
            return "drugs"
        if PLAN_KEYS.search(start):
            return "plans"
    # so that a web page saved as drugs.json is refused aloud, not passed over
    if DRUG_FILE.fullmatch(member.base):
        return "drugs"
    return "plans" if PLAN_FILE.fullmatch(member.base) else ""


class Marketplace:
    """Reads drugs.json, plans.json and the index of an issuer, or of several."""

    name = "marketplace"

    def claims(self, member: Member) -> bool:
        """Does it hold, or claim by its name to hold, one of the three documents?"""
        return bool(_kind(member))

    def read(
        self,
        claimed: Sequence[Member],
        sink: Sink,
        options: Options,  # noqa: ARG002
    ) -> tuple[str, str]:
        """Sends every plan and drug to the sink; see ``importer.Source``."""
        by_kind: dict[str, list[Member]] = {"index": [], "plans": [], "drugs": []}
        for member in claimed:
            by_kind[_kind(member)].append(member)
        held = by_kind["plans"] + by_kind["drugs"]
        if not held:
            raise ImportFault(
                f"{claimed[0].name} only names other files; give those files beside it."
            )
        plans, drugs = _Plans(sink), _Drugs(sink)
        for member in by_kind["plans"]:
            plans.read(member)
        years = plans.finish()
        for member in by_kind["drugs"]:
            drugs.read(member)
        for plan, year in drugs.finish().items():
            if plan not in years:
                years[plan] = year
                _write_plan(sink, plan, plan, "", year)
        given = {_base_of(part) for member in held for part in re.split(r"[/\\]", member.name)}
        for member in by_kind["index"]:
            _read_index(member, given, sink)
        if not years:
            raise ImportFault(f"No plan of {held[0].name} could be understood.")
        newest = max((year for year in years.values() if year), default="undated")
        series = joined_or_hashed({plan[:5] for plan in years})
        return f"marketplace:{series}", plans.newest or str(newest)
