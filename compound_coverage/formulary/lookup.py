"""Answers from the imported formularies: plans, and what a plan's list says of one drug."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, select

from compound_coverage.formulary.tables import (
    CHANNELS,
    COST,
    COUNTY,
    DRUG,
    INDICATION,
    PLAN,
    PLAN_AREA,
    PLAN_LIST,
    RELEASE,
    SUPPLEMENT,
    TIER_COST,
)

DAYS = {1: 30, 2: 90, 4: 60}
INITIAL_COVERAGE = 1
TIER_COLUMN = list(DRUG.c).index(DRUG.c.tier)
CHANNEL_WORDS = {
    "pref": "a preferred pharmacy",
    "nonpref": "a standard pharmacy",
    "mail_pref": "preferred mail order",
    "mail_nonpref": "standard mail order",
}


@dataclass(frozen=True, slots=True)
class Release:
    """One import that is in use."""

    release_id: int
    source: str
    series: str
    label: str
    imported_at: str
    rows_read: int
    rows_kept: int
    rows_set_aside: int


@dataclass(frozen=True, slots=True)
class ImportedPlan:
    """A plan as the newest release that holds it describes it."""

    plan_key: str
    name: str
    payer: str
    line_of_business: str
    year: int | None
    release: Release


@dataclass(frozen=True, slots=True)
class Share:
    """What a member pays for the listed product itself: dollars, or a fraction of the price."""

    where: str
    days: int | None
    dollars: float | None
    fraction: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrugFacts:
    """What one plan's published list says of one RxCUI.

    ``None`` flags: the source is silent. ``on_list`` is None where the plan's list itself is
    not in the release.
    """

    plan: ImportedPlan
    rxcui: str
    on_list: bool | None
    supplement: bool = False
    tier: str = ""
    prior_authorization: bool | None = None
    step_therapy: bool | None = None
    quantity_limit: bool | None = None
    quantity_amount: str = ""
    quantity_days: str = ""
    indications: tuple[str, ...] = ()
    cost_sharing: tuple[Share, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The keys of ``formulary lookup``."""
        document = asdict(self)
        plan = document.pop("plan")
        release = plan.pop("release")
        return {"plan": plan, **document, "release": release["label"], "source": release["source"]}


class Formularies:
    """Reads the store over one connection. Not for sharing between threads.

    ``only`` names the releases to read; without it the newest of each series, as they come.
    """

    def __init__(self, connection: Connection, only: Sequence[Release] | None = None) -> None:
        self.connection = connection
        self._only = only
        self._newest = -1
        self._current: dict[int, Release] = {}
        self._lists: dict[str, tuple[int, list[int]] | None] = {}
        self._cursor = connection.connection.cursor()
        self._drug_sql = self._compiled(
            select(DRUG).where(DRUG.c.list_id == 0, DRUG.c.rxcui == "0")
        )

    def _compiled(self, query: Select[Any]) -> str:
        # the hot path speaks to the driver itself: building a statement costs more than running it
        return str(query.compile(dialect=self.connection.dialect))

    # -- releases --------------------------------------------------------------------------

    def releases(self) -> list[Release]:
        """The newest release of each series."""
        return list(self._refresh().values())

    def history(self) -> list[Release]:
        """Every release that is kept, the newest of each series first."""
        found = self.connection.execute(
            select(RELEASE).order_by(RELEASE.c.series, RELEASE.c.release_id.desc())
        )
        return [Release(*row) for row in found]

    def _refresh(self) -> dict[int, Release]:
        if self._only is not None:
            self._current = {release.release_id: release for release in self._only}
            return self._current
        newest = self.connection.scalar(select(func.max(RELEASE.c.release_id))) or 0
        if newest != self._newest:
            last = select(func.max(RELEASE.c.release_id)).group_by(RELEASE.c.series)
            found = self.connection.execute(
                select(RELEASE).where(RELEASE.c.release_id.in_(last)).order_by(RELEASE.c.source)
            )
            self._current = {row.release_id: Release(*row) for row in found}
            self._lists.clear()
            self._newest = newest
        return self._current

    # -- one drug on one plan --------------------------------------------------------------

    def drug_row(self, plan_key: str, rxcui: str) -> tuple[Any, ...] | None:
        """The list row of a drug on a plan, straight from the store: the fast way in."""
        place = self._lists.get(plan_key) or self._find_lists(plan_key)
        if place is None:
            return None
        for list_id in place[1]:
            self._cursor.execute(self._drug_sql, self._parameters(list_id, rxcui))
            row: tuple[Any, ...] | None = self._cursor.fetchone()
            if row is not None:
                return row
        return None

    def _parameters(self, list_id: int, rxcui: str) -> Any:
        if self.connection.dialect.paramstyle == "qmark":
            return (list_id, rxcui)
        return {"list_id_1": list_id, "rxcui_1": rxcui}

    def _find_lists(self, plan_key: str) -> tuple[int, list[int]] | None:
        release_id = self._release_of(plan_key)
        if release_id is None:
            return None
        lists = self.connection.scalars(
            select(PLAN_LIST.c.list_id)
            .where(PLAN_LIST.c.release_id == release_id, PLAN_LIST.c.plan_key == plan_key)
            .order_by(PLAN_LIST.c.list_id)
        ).all()
        self._lists[plan_key] = (release_id, list(lists))
        return self._lists[plan_key]

    def _release_of(self, plan_key: str) -> int | None:
        """The newest release in use that holds the plan, and its drug list where any does.

        A payer may publish plans and lists apart; plans alone must not hide an older list.
        """
        for table in (PLAN_LIST, PLAN):
            found: int | None = self.connection.scalar(
                select(func.max(table.c.release_id)).where(
                    table.c.plan_key == plan_key, table.c.release_id.in_(list(self._refresh()))
                )
            )
            if found is not None:
                return found
        return None

    def drug(self, plan_key: str, rxcui: str) -> DrugFacts | None:
        """What the plan's list says of ``rxcui``; None if the plan is not imported."""
        self._refresh()
        plan = self.plan(plan_key)
        if plan is None:
            return None
        row = self.drug_row(plan.plan_key, rxcui)
        if row is None:
            listed = False if self._has_list(plan.plan_key) else None
            return self._supplement(plan, rxcui) or DrugFacts(plan, rxcui, on_list=listed)
        tier = row[TIER_COLUMN]
        return _listed(plan, row, self._indications(plan, rxcui), tuple(self._shares(plan, tier)))

    def _has_list(self, plan_key: str) -> bool:
        """Does the release hold any drug of the plan's lists? One published list is empty."""
        place = self._lists.get(plan_key) or self._find_lists(plan_key)
        lists = place[1] if place else []
        held = select(DRUG.c.rxcui).where(DRUG.c.list_id.in_(lists)).limit(1)
        return self.connection.scalar(held) is not None

    def drug_on_every_plan(self, rxcui: str) -> dict[str, DrugFacts]:
        """Plan id -> facts, for every plan of the releases in use: one look at each table.

        Supplements and uses listed for single indications are left out; ``drug`` has them.
        """
        plans = {plan.plan_key: plan for plan in self.plans()}
        shares: dict[tuple[int, str, str], list[Share]] = {}
        of_its_tier = (
            self._cost_query()
            .join(
                PLAN_LIST,
                (PLAN_LIST.c.release_id == COST.c.release_id)
                & (PLAN_LIST.c.plan_key == COST.c.plan_key),
            )
            .join(DRUG, (DRUG.c.list_id == PLAN_LIST.c.list_id) & (DRUG.c.tier == COST.c.tier))
            .where(DRUG.c.rxcui == rxcui)
        )
        for row in self.connection.execute(of_its_tier):
            key = (row.release_id, row.plan_key, row.tier)
            shares.setdefault(key, []).extend(_part_d_shares(row))
        facts = {key: DrugFacts(plan, rxcui, on_list=False) for key, plan in plans.items()}
        joined = (
            select(PLAN_LIST.c.release_id, PLAN_LIST.c.plan_key, *DRUG.c)
            .join(DRUG, DRUG.c.list_id == PLAN_LIST.c.list_id)
            .where(DRUG.c.rxcui == rxcui, PLAN_LIST.c.release_id.in_(list(self._current)))
        )
        for release_id, plan_key, *drug in self.connection.execute(joined):
            plan = plans[plan_key]
            if plan.release.release_id == release_id:
                costs = shares.get((release_id, plan_key, drug[TIER_COLUMN]), [])
                facts[plan_key] = _listed(plan, drug, (), tuple(costs))
        return facts

    def _cost_query(self) -> Select[Any]:
        return (
            select(COST)
            .where(
                COST.c.release_id.in_(list(self._refresh())),
                COST.c.coverage_level == INITIAL_COVERAGE,
            )
            .order_by(COST.c.days_supply)
        )

    def _supplement(self, plan: ImportedPlan, rxcui: str) -> DrugFacts | None:
        row = self.connection.execute(
            select(SUPPLEMENT).where(
                SUPPLEMENT.c.release_id == plan.release.release_id,
                SUPPLEMENT.c.plan_key == _without_segment(plan.plan_key),
                SUPPLEMENT.c.rxcui == rxcui,
            )
        ).first()
        if row is None:
            return None
        return DrugFacts(
            plan=plan,
            rxcui=rxcui,
            on_list=True,
            supplement=True,
            tier=row.tier,
            prior_authorization=_yes(row.prior_authorization),
            step_therapy=_yes(row.step_therapy),
            quantity_limit=_yes(row.quantity_limit),
            quantity_amount=row.quantity_amount or "",
            quantity_days=row.quantity_days or "",
        )

    def _indications(self, plan: ImportedPlan, rxcui: str) -> tuple[str, ...]:
        found = self.connection.scalars(
            select(INDICATION.c.disease)
            .where(
                INDICATION.c.release_id == plan.release.release_id,
                INDICATION.c.plan_key == _without_segment(plan.plan_key),
                INDICATION.c.rxcui == rxcui,
            )
            .order_by(INDICATION.c.disease)
        )
        return tuple(found)

    def _shares(self, plan: ImportedPlan, tier: str) -> Iterator[Share]:
        release_id = plan.release.release_id
        of_plan = self._cost_query().where(
            COST.c.release_id == release_id,
            COST.c.plan_key == plan.plan_key,
            COST.c.tier == tier,
        )
        for row in self.connection.execute(of_plan):
            yield from _part_d_shares(row)
        rows = self.connection.execute(
            select(TIER_COST)
            .where(
                TIER_COST.c.release_id == release_id,
                TIER_COST.c.plan_key == plan.plan_key,
                TIER_COST.c.tier == tier,
            )
            .order_by(TIER_COST.c.pharmacy_type, TIER_COST.c.position)
        )
        for row in rows:
            options = [text for text in (row.copay_option, row.coinsurance_option) if text]
            note = ", ".join(dict.fromkeys(options)).lower()
            yield Share(row.pharmacy_type.lower(), None, row.copay, row.coinsurance, note)

    # -- plans -----------------------------------------------------------------------------

    def plan(self, plan_key: str) -> ImportedPlan | None:
        """The plan with this id. ``H4461-046`` finds its first segment."""
        wanted = plan_key.strip().upper()
        current = self._refresh()
        key = self.connection.scalar(
            select(func.min(PLAN.c.plan_key)).where(
                PLAN.c.release_id.in_(list(current)),
                (PLAN.c.plan_key == wanted)
                | PLAN.c.plan_key.startswith(f"{wanted}-", autoescape=True),
            )
        )
        if key is None:
            return None
        of_release = PLAN.c.release_id == self._release_of(key)
        found = self.connection.execute(select(PLAN).where(of_release, PLAN.c.plan_key == key))
        row = found.first()
        return _plan(row, current) if row else None

    def plans(self) -> list[ImportedPlan]:
        """Every plan of the releases in use, each as its newest release describes it."""
        current = self._refresh()
        rows = self.connection.execute(
            select(PLAN)
            .where(PLAN.c.release_id.in_(list(current)))
            .order_by(PLAN.c.plan_key, PLAN.c.release_id)
        )
        return list({row.plan_key: _plan(row, current) for row in rows}.values())

    def areas(self) -> dict[str, set[str]]:
        """Plan id -> names of its states and counties, as published, for searching."""
        return self._areas(PLAN_AREA.c.release_id.in_(list(self._refresh())))

    def areas_of(self, plan_key: str) -> set[str]:
        """Names of the states and counties of one plan, as published."""
        release_id = self._release_of(plan_key)
        of_plan = (PLAN_AREA.c.release_id == release_id) & (PLAN_AREA.c.plan_key == plan_key)
        return self._areas(of_plan).get(plan_key, set())

    def _areas(self, wanted: ColumnElement[bool]) -> dict[str, set[str]]:
        # joined here: a database joins three kinds of code to three columns far more slowly
        places = self._places()
        found: dict[str, set[str]] = {}
        rows = self.connection.execute(
            select(
                PLAN_AREA.c.release_id, PLAN_AREA.c.plan_key, PLAN_AREA.c.kind, PLAN_AREA.c.code
            ).where(wanted)
        )
        for release_id, plan_key, kind, code in rows:
            names = {code} if kind == "state" else places.get((release_id, kind, code), set())
            found.setdefault(plan_key, set()).update(names)
        return found

    def _places(self) -> dict[tuple[int, str, str | None], set[str]]:
        """(release, kind of area, code) -> names of the states and counties in it."""
        places: dict[tuple[int, str, str | None], set[str]] = {}
        counties = select(COUNTY).where(COUNTY.c.release_id.in_(list(self._refresh())))
        for row in self.connection.execute(counties):
            codes = {
                "county": row.county_code,
                "ma_region": row.ma_region_code,
                "pdp_region": row.pdp_region_code,
            }
            for kind, code in codes.items():
                key = (row.release_id, kind, code)
                places.setdefault(key, set()).update((row.state, row.county))
        return places


@contextmanager
def reading(engine: Engine) -> Iterator[Formularies]:
    """Formularies over a connection of their own."""
    with engine.connect() as connection:
        yield Formularies(connection)


def _listed(
    plan: ImportedPlan, row: Sequence[Any], indications: tuple[str, ...], shares: tuple[Share, ...]
) -> DrugFacts:
    """The facts of one row of the drug table."""
    _, rxcui, tier, _, _, authorization, step, limit, amount, days = row
    return DrugFacts(
        plan=plan,
        rxcui=rxcui,
        on_list=True,
        tier=tier,
        prior_authorization=_yes(authorization),
        step_therapy=_yes(step),
        quantity_limit=_yes(limit),
        quantity_amount=amount or "",
        quantity_days=days or "",
        indications=indications,
        cost_sharing=shares,
    )


def _yes(flag: int | None) -> bool | None:
    return None if flag is None else bool(flag)


def _without_segment(plan_key: str) -> str:
    return plan_key.rpartition("-")[0] if plan_key.count("-") == 2 else plan_key


def _plan(row: Row[Any], current: dict[int, Release]) -> ImportedPlan:
    return ImportedPlan(
        row.plan_key,
        row.name,
        row.payer,
        row.line_of_business,
        row.year,
        current[row.release_id],
    )


def _part_d_shares(row: Row[Any]) -> Iterator[Share]:
    cells = row._mapping
    days = DAYS.get(row.days_supply)
    for channel in CHANNELS:
        kind, amount = cells[f"type_{channel}"], cells[f"amount_{channel}"]
        if kind == 1:
            yield Share(CHANNEL_WORDS[channel], days, amount, None)
        elif kind == 2:
            yield Share(CHANNEL_WORDS[channel], days, None, amount)
