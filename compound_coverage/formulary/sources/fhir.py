"""Da Vinci US Drug Formulary: Bulk Data exports, single resources and Bundles (FHIR R4).

STU 2.x: Basic holds one drug on one formulary, MedicationKnowledge the drug, InsurancePlan the
formulary or the plan that uses it. STU 1.1: List holds the plan, MedicationKnowledge the drug on
it. Codes are matched, not the addresses of their systems, which change between versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from compound_coverage.formulary.archives import Member
from compound_coverage.formulary.importer import ImportFault, Options, Sink
from compound_coverage.formulary.sources.marketplace import (
    FIRST_YEAR,
    LAST_YEAR,
    JsonReader,
    amount_of,
    as_text,
    joined_or_hashed,
    rxcui_of,
    storable,
)
from compound_coverage.formulary.tables import DRUG, PLAN, PLAN_AREA, PLAN_LIST, TIER_COST
from compound_coverage.vocabulary import LineOfBusiness

RXNORM = ("rxnorm", "2.16.840.1.113883.6.88")
HIOS_AT_END = re.compile(r"(?:^|-)([0-9]{5}[A-Za-z]{2}[0-9]{7})$")
STATE = re.compile(r"[A-Z]{2}")
# dose form groups of RxNorm have names that end so; they are not what a formulary lists
GROUP_NAMES = (" product", " pill")
DAYS_IN = {"d": 1, "wk": 7}

KNOWN = ("Basic", "InsurancePlan", "MedicationKnowledge", "Location", "List")
TYPE = re.compile(rb'"resourceType"\s*:\s*"(' + "|".join((*KNOWN, "Bundle")).encode() + rb')"')
BUNDLE = re.compile(rb'"resourceType"\s*:\s*"Bundle"')
# what others refer to comes first, so that little has to wait
READ_FIRST = (b"MedicationKnowledge", b"InsurancePlan", b"List", b"Location", b"Bundle", b"Basic")

NOT_A_RESOURCE = "not a FHIR resource"
OTHER_RESOURCE = "not a formulary resource"
OTHER_BASIC = "not a formulary item"
OTHER_PLAN = "neither a formulary nor a plan that uses one"
NO_ID = "resource without an id"
NO_RXCUI = "drug without an RxCUI"
UNRESOLVED = "the drug it refers to was not given or has no RxCUI"
NO_FORMULARY = "no reference to a formulary"
NO_TIER = "no tier"
NOT_ACTIVE = "not active"
BAD_FLAG = "a flag is neither true nor false"
BAD_COST = "a cost that can't be understood"
AGAIN = "the same drug and tier again on this formulary"
OTHER_VERSION = "another resource with the same id"
PLAN_AGAIN = "another plan with the same plan id"
WAITING = "(waits for its drug)"

Json = dict[str, Any]
Cost = tuple[float | None, str | None, float | None, str | None]


# -- FHIR's building blocks ------------------------------------------------------------------


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) and storable(value) else ""


def _codes(concept: Any) -> list[str]:
    """The codes of a CodeableConcept."""
    codes = (_text(each.get("code")) for each in _dicts(_dict(concept).get("coding")))
    return [code for code in codes if code]


def _first_code(concept: Any) -> str:
    return next(iter(_codes(concept)), "")


def _extensions(holder: Any, name: str) -> list[Json]:
    """The extensions whose address ends in ``name``."""
    return [
        each
        for each in _dicts(_dict(holder).get("extension"))
        if _text(each.get("url")).rpartition("/")[2].partition("|")[0] == name
    ]


def _extension(holder: Any, name: str) -> Json:
    return next(iter(_extensions(holder, name)), {})


def _id_in(reference: Any) -> str:
    """The id that a Reference points to: the last part of its address, without a version."""
    address = _text(_dict(reference).get("reference")).partition("/_history/")[0]
    return address.rpartition("/")[2]


def _flag(resource: Json, name: str) -> int | None:
    """1, 0, or None where the source is silent. Raises ValueError for anything else."""
    found = _extension(resource, name)
    value = found.get("valueBoolean")
    if value is None:
        return None
    if not isinstance(value, bool):
        raise ValueError("not a boolean")
    return int(value)


def _flags(resource: Json) -> tuple[int | None, int | None, int | None]:
    """Prior authorization, step therapy, quantity limit."""
    return (
        _flag(resource, "usdf-PriorAuthorization-extension"),
        _flag(resource, "usdf-StepTherapyLimit-extension"),
        _flag(resource, "usdf-QuantityLimit-extension"),
    )


def _tier(resource: Json) -> str:
    return _first_code(
        _extension(resource, "usdf-DrugTierID-extension").get("valueCodeableConcept")
    )


def _quantity(resource: Json) -> tuple[str | None, str | None]:
    """How much in how many days, where the details say so."""
    detail = _extension(resource, "usdf-QuantityLimitDetail-extension")
    timing = _dict(_extension(detail, "Rolling").get("valueTiming"))
    repeat = _dict(timing.get("repeat"))
    days = DAYS_IN.get(_text(repeat.get("periodUnit")), 0)
    count, period = _number(repeat.get("count")), _number(repeat.get("period"))
    if count and period and days:
        return _plain(count), _plain(period * days)
    daily = _dict(_extension(detail, "MaximumDaily").get("valueQuantity"))
    most = _number(daily.get("value"))
    return (_plain(most), "1") if most else (None, None)


def _plain(number: float) -> str:
    return f"{number:.12g}"


def _number(value: Any) -> float | None:
    try:
        return amount_of(value)
    except ValueError:
        return None


def _rxcui(concept: Any) -> tuple[str, str | None]:
    """The RxCUI of the product and its name; empty if there is none."""
    found = [
        (rxcui, _text(each.get("display")) or None)
        for each in _dicts(_dict(concept).get("coding"))
        if _is_rxnorm(each) and (rxcui := rxcui_of(each.get("code")))
    ]
    products = [each for each in found if not (each[1] or "").lower().endswith(GROUP_NAMES)]
    return next(iter(products or found), ("", None))


def _is_rxnorm(holder: Json) -> bool:
    system = _text(holder.get("system")).lower()
    return any(known in system for known in RXNORM)


def _year(resource: Json) -> int | None:
    start = _text(_dict(resource.get("period")).get("start"))[:4]
    year = int(start) if start.isascii() and start.isdigit() else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else None


def _hios(*candidates: str) -> str:
    """The HIOS id that one of them ends in: 10207VA0380001 of Formulary-10207VA0380001."""
    for candidate in candidates:
        if found := HIOS_AT_END.search(candidate):
            return found[1].upper()
    return ""


def _identifiers(resource: Json) -> list[str]:
    named = (_text(each.get("value")) for each in _dicts(resource.get("identifier")))
    return [value for value in named if value]


# -- what a plan costs -----------------------------------------------------------------------


def _costs(resource: Json) -> Iterator[tuple[str, str, Cost | None]]:
    """(tier, pharmacy type, cost) of STU 2; the cost is None if it makes no sense."""
    for plan in _dicts(resource.get("plan")):
        for specific in _dicts(plan.get("specificCost")):
            pharmacy = _first_code(specific.get("category"))
            for benefit in _dicts(specific.get("benefit")):
                tier = _first_code(benefit.get("type"))
                yield tier, pharmacy, _cost(_dicts(benefit.get("cost")))


def _cost(parts: list[Json]) -> Cost | None:
    copay: tuple[float | None, str | None] = (None, None)
    share: tuple[float | None, str | None] = (None, None)
    for part in parts:
        kind = _codes(part.get("type"))
        option = next((_first_code(each) for each in _dicts(part.get("qualifiers"))), "") or None
        try:
            value = amount_of(_dict(part.get("value")).get("value"))
        except ValueError:
            return None
        if "copay" in kind:
            copay = (value, option)
        elif "coinsurance" in kind:
            share = (None if value is None else value / 100, option)  # published in percent
    return _checked(*copay, *share)


def _costs_of_list(resource: Json) -> Iterator[tuple[str, str, Cost | None]]:
    """(tier, pharmacy type, cost) of STU 1.1, where the rate is a fraction."""
    for tier_of in _extensions(resource, "usdf-DrugTierDefinition-extension"):
        tier = _first_code(_extension(tier_of, "drugTierID").get("valueCodeableConcept"))
        for sharing in _extensions(tier_of, "costSharing"):
            pharmacy = _first_code(_extension(sharing, "pharmacyType").get("valueCodeableConcept"))
            yield tier, pharmacy, _list_cost(sharing)


def _list_cost(sharing: Json) -> Cost | None:
    money = _dict(_extension(sharing, "copayAmount").get("valueMoney"))
    options = [
        _first_code(_extension(sharing, name).get("valueCodeableConcept")) or None
        for name in ("copayOption", "coinsuranceOption")
    ]
    try:
        copay = amount_of(money.get("value"))
        rate = amount_of(_extension(sharing, "coinsuranceRate").get("valueDecimal"))
    except ValueError:
        return None
    return _checked(copay, options[0], rate, options[1])


def _checked(
    copay: float | None, copay_option: str | None, rate: float | None, rate_option: str | None
) -> Cost | None:
    if rate is not None and rate > 1:
        return None
    return copay, copay_option, rate, rate_option


# -- reading ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """A plan and the formularies it uses, until everything is read."""

    key: str
    name: str
    payer: str
    year: int | None
    areas: tuple[str, ...] = ()  # ids of Locations
    formularies: tuple[str, ...] = ()


@dataclass(slots=True)
class _Item:
    """A drug on a formulary whose MedicationKnowledge has not been seen yet."""

    file: str
    number: int
    its_id: str
    drug: str
    formulary: str
    tier: str
    terms: tuple[Any, ...]


@dataclass(slots=True)
class _Import:
    """What one import has seen so far. A handler returns why it sets a resource aside."""

    sink: Sink
    file: str = ""
    number: int = 0
    newest: str = ""
    drugs: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # RxCUI and name
    plans: dict[str, _Plan] = field(default_factory=dict)  # by plan id
    formularies: dict[str, _Plan] = field(default_factory=dict)  # by id of the resource
    states: dict[str, str] = field(default_factory=dict)  # by id of the Location
    lists: dict[str, int] = field(default_factory=dict)  # formularies that hold drugs
    waiting: list[_Item] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)  # urn in a Bundle -> id
    known: dict[str, tuple[int, str | None]] = field(default_factory=dict)

    def read(self, member: Member) -> None:
        """Takes every resource of one file."""
        self.file = member.name
        count = self.sink.file(member.name)
        in_bundle = BUNDLE.search(member.peek()) is not None
        with member.open() as stream:
            reader = JsonReader(member.name, stream)
            for value in reader.roots("entry") if in_bundle else reader.values():
                self.number = reader.count
                for resource in [self._opened(value)] if in_bundle else self._unpacked(value):
                    count.read += 1
                    reason = self._take(resource)
                    if reason is None:
                        count.kept += 1
                    elif reason != WAITING:
                        self.sink.set_aside(self.file, self.number, reason, as_text(resource))

    def _unpacked(self, value: Any) -> list[Any]:
        """The value itself, or the resources in it if it is a Bundle."""
        if _dict(value).get("resourceType") == "Bundle":
            return [self._opened(entry) for entry in _dicts(value.get("entry"))]
        return [value]

    def _opened(self, entry: Any) -> Any:
        """The resource in an entry of a Bundle. Notes its address within the Bundle."""
        resource = _dict(entry).get("resource")
        url, its_id = _text(_dict(entry).get("fullUrl")), _text(_dict(resource).get("id"))
        if url.startswith("urn:") and its_id:
            self.urls[url] = its_id
        return resource

    def _take(self, resource: Any) -> str | None:
        kind = _text(_dict(resource).get("resourceType"))
        if kind not in KNOWN:
            return OTHER_RESOURCE if kind else NOT_A_RESOURCE
        updated = _text(_dict(resource.get("meta")).get("lastUpdated"))[:10]
        if updated > self.newest and _is_date(updated):
            self.newest = updated
        its_id = _text(resource.get("id"))
        if kind == "Basic":
            return self._item(resource, its_id)
        if not its_id:
            return NO_ID
        # exports of two plans of one payer share drugs and places: the same again is no loss
        content = hash(as_text(resource))
        earlier = self.known.get(f"{kind}/{its_id}")
        if earlier is None:
            earlier = content, self._handle(kind, resource, its_id)
            self.known[f"{kind}/{its_id}"] = earlier
        return earlier[1] if earlier[0] == content else OTHER_VERSION

    def _handle(self, kind: str, resource: Json, its_id: str) -> str | None:
        if kind == "MedicationKnowledge":
            return self._drug(resource, its_id)
        if kind == "InsurancePlan":
            return self._insurance_plan(resource, its_id)
        if kind == "List":
            return self._coverage_plan(resource, its_id)
        state = _text(_dict(resource.get("address")).get("state"))
        if STATE.fullmatch(state):
            self.states[its_id] = state
        return None

    # -- drugs ---------------------------------------------------------------------------------

    def _drug(self, resource: Json, its_id: str) -> str | None:
        """A drug others refer to (STU 2), or a drug on a plan (STU 1.1)."""
        rxcui, name = _rxcui(resource.get("code"))
        if not rxcui:
            return NO_RXCUI
        plan = _extension(resource, "usdf-PlanID-extension")
        status = _text(resource.get("status"))
        if status == "entered-in-error" or (plan and status not in ("", "active")):
            return NOT_ACTIVE
        if not plan:
            self.drugs[its_id] = rxcui, name
            return None
        formulary, tier = _text(plan.get("valueString")), _tier(resource)
        if not formulary or not tier:
            return NO_TIER if formulary else NO_FORMULARY
        try:
            terms = *_flags(resource), *_quantity(resource)
        except ValueError:
            return BAD_FLAG
        return self._keep(formulary, rxcui, name, tier, terms)

    def _item(self, resource: Json, its_id: str) -> str | None:
        """A FormularyItem."""
        if "formulary-item" not in _codes(resource.get("code")):
            return OTHER_BASIC
        reference = _extension(resource, "usdf-FormularyReference-extension")
        formulary, tier = _id_in(reference.get("valueReference")), _tier(resource)
        status = _extension(resource, "usdf-AvailabilityStatus-extension").get("valueCode")
        if status is not None and status != "active":
            return NOT_ACTIVE
        if not formulary or not tier:
            return NO_TIER if formulary else NO_FORMULARY
        try:
            terms = *_flags(resource), *_quantity(resource)
        except ValueError:
            return BAD_FLAG
        rxcui, name = self._drug_of(resource)
        if rxcui:
            return self._keep(formulary, rxcui, name, tier, terms)
        drug = _id_in(resource.get("subject"))
        self.waiting.append(_Item(self.file, self.number, its_id, drug, formulary, tier, terms))
        return WAITING

    def _drug_of(self, item: Json) -> tuple[str, str | None]:
        """RxCUI and name: of the resource referred to, or as the reference itself says."""
        subject = _dict(item.get("subject"))
        target = _id_in(subject)
        if target.startswith("#"):
            for inner in _dicts(item.get("contained")):
                if inner.get("id") == target[1:]:
                    return _rxcui(inner.get("code"))
        identifier = _dict(subject.get("identifier"))
        said = rxcui_of(identifier.get("value")) if _is_rxnorm(identifier) else ""
        named = said, _text(subject.get("display")) or None
        return self._resolved(target) or named

    def _resolved(self, target: str) -> tuple[str, str | None] | None:
        return self.drugs.get(self.urls.get(target, target))

    def _keep(
        self, formulary: str, rxcui: str, name: str | None, tier: str, terms: tuple[Any, ...]
    ) -> str | None:
        list_id = self.sink.list_id(formulary)
        if not self.sink.is_new("drug", (list_id, rxcui, tier)):
            return AGAIN
        self.lists[formulary] = list_id
        self.sink.add(DRUG, (list_id, rxcui, tier, None, name, *terms))
        return None

    # -- plans ---------------------------------------------------------------------------------

    def _insurance_plan(self, resource: Json, its_id: str) -> str | None:
        """A plan with its formularies, or a formulary by itself (STU 2)."""
        used = [
            _id_in(each.get("valueReference"))
            for coverage in _dicts(resource.get("coverage"))
            for each in _extensions(coverage, "usdf-FormularyReference-extension")
        ]
        if resource.get("status") not in (None, "active"):
            return NOT_ACTIVE
        types = [code for each in _dicts(resource.get("type")) for code in _codes(each)]
        if not used and "DRUGPOL" not in types:
            return OTHER_PLAN
        name = _text(resource.get("name"))
        payer = _text(_dict(resource.get("ownedBy")).get("display"))
        if not used:
            key = _hios(its_id) or its_id.upper()
            self.formularies[its_id] = _Plan(key, name or its_id, payer, _year(resource))
            return None
        areas = tuple(_id_in(each) for each in _dicts(resource.get("coverageArea")))
        key = _plan_key(resource, its_id)
        plan = _Plan(key, name or its_id, payer, _year(resource), areas, tuple(used))
        return self._add_plan(plan, _costs(resource))

    def _coverage_plan(self, resource: Json, its_id: str) -> str | None:
        """A plan (STU 1.1)."""
        if "DRUGPOL" not in _codes(resource.get("code")):
            return OTHER_PLAN
        if resource.get("status") not in (None, "current"):
            return NOT_ACTIVE
        name = _text(resource.get("title")) or its_id
        payer = _text(_dict(resource.get("source")).get("display"))
        lists = (*_identifiers(resource), its_id)
        plan = _Plan(_plan_key(resource, its_id), name, payer, None, (), lists)
        return self._add_plan(plan, _costs_of_list(resource))

    def _add_plan(self, plan: _Plan, costs: Iterable[tuple[str, str, Cost | None]]) -> str | None:
        if plan.key in self.plans:
            return PLAN_AGAIN
        self.plans[plan.key] = plan
        positions: dict[tuple[str, str], int] = {}
        for tier, pharmacy, cost in costs:
            if cost is None or not tier or not pharmacy:
                self.sink.file(self.file).read += 1
                shown = as_text([plan.key, tier, pharmacy])
                self.sink.set_aside(self.file, self.number, BAD_COST, shown)
                continue
            position = positions.get((tier, pharmacy), 0)
            positions[tier, pharmacy] = position + 1
            row = (self.sink.release_id, plan.key, tier, pharmacy, position, *cost)
            self.sink.add(TIER_COST, row)
        return None

    # -- the end -------------------------------------------------------------------------------

    def finish(self) -> tuple[str, str]:
        """Writes what had to wait for the rest; returns series and label."""
        for item in self.waiting:
            self._settle(item)
        used = {self._known_as(each) for plan in self.plans.values() for each in plan.formularies}
        every = list(self.plans.values())
        for formulary in dict.fromkeys([*self.lists, *self.formularies]):
            if self._known_as(formulary) not in used:
                every.append(self._plan_of(formulary))
                used.add(self._known_as(formulary))
        written: set[str] = set()
        for plan in every:
            self._write(plan, written)
        if not every:
            raise ImportFault(f"{self.file} and its like hold neither a plan nor a drug on one.")
        names = {self._known_as(formulary) for formulary in self.lists} or written
        return f"fhir:{joined_or_hashed(names)}", self.newest or "undated"

    def _settle(self, item: _Item) -> None:
        rxcui, name = self._resolved(item.drug) or ("", None)
        reason: str | None = UNRESOLVED
        if rxcui:
            reason = self._keep(item.formulary, rxcui, name, item.tier, item.terms)
        if reason is None:
            self.sink.file(item.file).kept += 1
        else:
            shown = f"{item.its_id} refers to {item.drug or 'nothing'}"
            self.sink.set_aside(item.file, item.number, reason, shown)

    def _known_as(self, formulary: str) -> str:
        return self.urls.get(formulary, formulary)

    def _plan_of(self, formulary: str) -> _Plan:
        """The plan that a formulary stands for when no plan that uses it was given."""
        its_id = self._known_as(formulary)
        key = _hios(its_id) or its_id.upper()
        known = self.formularies.get(its_id) or _Plan(key, its_id, "", None)
        if known.key in self.plans:  # a plan of that id says it uses other formularies
            known.key = its_id.upper()
        known.formularies = (formulary,)
        return known

    def _write(self, plan: _Plan, written: set[str]) -> None:
        if plan.key in written:
            return
        written.add(plan.key)
        release, hios = self.sink.release_id, _hios(plan.key)
        kind = LineOfBusiness.MARKETPLACE.value if hios else ""
        row = (release, plan.key, plan.name, plan.payer, kind, plan.year, None, None, None, None)
        self.sink.add(PLAN, row)
        # a HIOS id names its state; published areas are wrong in the reference server's own data
        states = {hios[5:7]} if hios else {self.states.get(area, "") for area in plan.areas}
        for state in states - {""}:
            self.sink.add(PLAN_AREA, (release, plan.key, "state", state))
        wanted = {self._known_as(each) for each in plan.formularies}
        for formulary, list_id in self.lists.items():
            if self._known_as(formulary) in wanted:
                self.sink.add(PLAN_LIST, (release, plan.key, list_id))


def _plan_key(resource: Json, its_id: str) -> str:
    """The id a member knows the plan by: its HIOS id, or else the first identifier."""
    names = [*_identifiers(resource), its_id]
    return _hios(*names) or names[0].upper()


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _rank(member: Member) -> int:
    found = TYPE.search(member.peek())
    return READ_FIRST.index(found[1]) if found else 0


class Fhir:
    """Reads Bulk Data exports (NDJSON), single resources and Bundles."""

    name = "fhir"

    def claims(self, member: Member) -> bool:
        """Does it begin with a resource of a formulary? An empty NDJSON file is a legal export."""
        start = member.peek()
        if not start.strip():
            return member.base.endswith(".ndjson")
        return TYPE.search(start) is not None

    def read(
        self,
        claimed: Sequence[Member],
        sink: Sink,
        options: Options,  # noqa: ARG002
    ) -> tuple[str, str]:
        """Sends every plan and drug to the sink; see ``importer.Source``."""
        work = _Import(sink)
        for member in sorted(claimed, key=_rank):
            work.read(member)
        return work.finish()
