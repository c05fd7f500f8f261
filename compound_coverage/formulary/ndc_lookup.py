"""Approved product, bulk powder, or neither: what the FDA's directory says of one drug code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from compound_coverage.formulary.ndc import to_ndc11
from compound_coverage.formulary.tables import NDC_PACKAGE, NDC_PRODUCT, RELEASE

SOURCE = "ndc"
APPROVED_PRODUCT = "approved_product"
BULK_POWDER = "bulk_powder"
UNAPPROVED = "unapproved"
UNKNOWN = "unknown"

# Where each word was seen: [sample] tests/samples, [F-04] in the coverage policy facts, [2020] the
# FDA directory of 2020 as a public data profile lists it, [api] openFDA answers of 2026, [SPL]
# the FDA's marketing categories in HL7's SPL guide. A word that is not here means: unknown.
#
# Unknown on purpose: the OTC MONOGRAPH categories (a monograph lets a drug be sold; nobody
# approved the product), EMERGENCY USE AUTHORIZATION (may cover approved and unapproved products),
# the animal categories (NADA, ANADA, CONDITIONAL NADA), IND, the device categories, DIETARY
# SUPPLEMENT, MEDICAL FOOD, COSMETIC.
APPROVALS = frozenset(
    {
        "NDA",  # [sample]
        "ANDA",  # [sample] [F-05]
        "BLA",  # [sample]
        "NDA AUTHORIZED GENERIC",  # [sample]
        "APPROVED DRUG PRODUCT MANUFACTURED UNDER CONTRACT",  # [SPL]
        "MULTI-MARKET APPROVED PRODUCT",  # [SPL] approved product, first meant for abroad
        "SIP APPROVED DRUG",  # [SPL] approved drug, imported under section 804
    }
)
# An approval only counts on a kind of product that can be dispensed.
FINISHED_TYPES = frozenset(
    {
        "HUMAN PRESCRIPTION DRUG",  # [sample]
        "HUMAN OTC DRUG",  # [sample]
        "PLASMA DERIVATIVE",  # [sample]
        "VACCINE",  # [api]
        "CELLULAR THERAPY",  # [api]
        "STANDARDIZED ALLERGENIC",  # [api]
        "NON-STANDARDIZED ALLERGENIC",  # [api]
    }
)
# Material to make drugs from. "Bulk powder" stands for all of it: also for crystals, and for
# tablets in a drum that somebody else is to pack.
MATERIAL_TYPES = frozenset(
    {
        "BULK INGREDIENT",  # [sample] [F-04]
        "DRUG FOR FURTHER PROCESSING",  # [sample]
        "ANIMAL DRUG FOR FURTHER PROCESSING",  # [SPL]
    }
)
MATERIAL_CATEGORIES = frozenset(
    {
        "BULK INGREDIENT",  # [sample]
        "BULK INGREDIENT FOR HUMAN PRESCRIPTION COMPOUNDING",  # [F-04] [api]
        "BULK INGREDIENT FOR ANIMAL DRUG COMPOUNDING",  # [SPL]
        "DRUG FOR FURTHER PROCESSING",  # [sample]
    }
)
NOT_APPROVED = frozenset(
    {
        "UNAPPROVED DRUG OTHER",  # [sample]
        "UNAPPROVED HOMEOPATHIC",  # [2020]
        "UNAPPROVED MEDICAL GAS",  # [2020]
        "UNAPPROVED DRUG FOR USE IN DRUG SHORTAGE",  # [2020]
        "UNAPPROVED DRUG PRODUCT MANUFACTURED UNDER CONTRACT",  # [SPL]
        "EXPORT ONLY",  # [api]
        # [SPL] what a 503B pharmacy makes; the FDA does not review compounds (F-03)
        "OUTSOURCING FACILITY COMPOUNDED HUMAN DRUG PRODUCT (EXEMPT FROM APPROVAL REQUIREMENTS)",
        "OUTSOURCING FACILITY COMPOUNDED HUMAN DRUG PRODUCT (NOT MARKETED - NOT DISTRIBUTED)",
    }
)


@lru_cache(maxsize=1024)
def classify(product_type: str, marketing_category: str, finished: bool | None) -> str:
    """The kind of a listing: approved_product, bulk_powder, unapproved or unknown.

    ``finished`` says whether the listing is of a finished drug; None means that the source does
    not say, and without that nothing counts as approved. What a listing says of its material goes
    before everything else: a bulk ingredient stays one whatever its category.
    """
    product_type = " ".join(product_type.upper().split())
    category = " ".join(marketing_category.upper().split())
    if product_type in MATERIAL_TYPES or category in MATERIAL_CATEGORIES:
        return BULK_POWDER
    if category in NOT_APPROVED:
        return UNAPPROVED
    if finished and category in APPROVALS and product_type in FINISHED_TYPES:
        return APPROVED_PRODUCT
    return UNKNOWN


@dataclass(frozen=True, slots=True)
class NdcAnswer:
    """What the newest imported directories say of one code.

    ``ndc11`` has nine digits where only labeler and product were asked for. Where the code is not
    listed, ``release`` names every release that was searched, and the other texts are empty. Where
    no directory was ever imported, ``release`` is empty too.
    """

    ndc11: str
    name: str = ""
    kind: str = UNKNOWN
    marketing_category: str = ""
    product_type: str = ""
    release: str = ""
    substances: str = ""

    def as_dict(self) -> dict[str, str]:
        """The answer as the command line gives it."""
        document = asdict(self)
        del document["substances"]
        return document


def look_up_ndc(engine: Engine, text: str, on: date | None = None) -> NdcAnswer:
    """Looks a code up, as hyphenated on a label or as 11 digits, in the newest directories.

    A listed package goes before a listed product of which nobody listed this package; a listing
    that goes on before one that has ended by ``on`` (today); a newer release before an older one.
    Where equally good listings are of different kinds, the kind is unknown and both categories
    are shown. Raises ValueError, in one sentence, for a text that is no NDC.
    """
    ndc = to_ndc11(text)
    with engine.connect() as connection:
        newest = _newest_releases(connection)
        if not newest:
            return NdcAnswer(ndc)
        # The releases are told apart here: asked to, SQLite walks through a whole release instead
        # of going to the code.
        found = [row for row in _packages(connection, ndc) if row.release_id in newest] or [
            row for row in _products(connection, ndc) if row.release_id in newest
        ]
    if not found:
        searched = (newest[release_id] for release_id in sorted(newest, reverse=True))
        return NdcAnswer(ndc, release=_all_of(searched))
    return _answer(ndc, _best(found, (on or date.today()).isoformat()), newest)


def _newest_releases(connection: Connection) -> dict[int, str]:
    """The newest release of each series, and its label."""
    newest = select(func.max(RELEASE.c.release_id)).where(RELEASE.c.source == SOURCE)
    query = select(RELEASE.c.release_id, RELEASE.c.label).where(
        RELEASE.c.release_id.in_(newest.group_by(RELEASE.c.series))
    )
    return {row.release_id: row.label for row in connection.execute(query)}


def _packages(connection: Connection, ndc: str) -> Sequence[Row[Any]]:
    of_one_product = (NDC_PACKAGE.c.release_id == NDC_PRODUCT.c.release_id) & (
        NDC_PACKAGE.c.product_id == NDC_PRODUCT.c.product_id
    )
    query = select(NDC_PRODUCT).join(NDC_PACKAGE, of_one_product)
    return connection.execute(query.where(NDC_PACKAGE.c.ndc11 == ndc)).all()


def _products(connection: Connection, ndc: str) -> Sequence[Row[Any]]:
    return connection.execute(select(NDC_PRODUCT).where(NDC_PRODUCT.c.ndc9 == ndc[:9])).all()


def _best(listings: Sequence[Row[Any]], today: str) -> list[Row[Any]]:
    """The listings that no other one goes before, in a fixed order."""

    def rank(listing: Row[Any]) -> tuple[bool, int]:
        return bool(listing.ended_on and listing.ended_on < today), -listing.release_id

    least = min(map(rank, listings))
    best = [listing for listing in listings if rank(listing) == least]
    return sorted(best, key=lambda listing: str(listing.product_id))


def _answer(ndc: str, listings: list[Row[Any]], labels: dict[int, str]) -> NdcAnswer:
    first = listings[0]
    one_kind = len({listing.kind for listing in listings}) == 1
    return NdcAnswer(
        ndc11=ndc,
        name=first.name,
        kind=first.kind if one_kind else UNKNOWN,
        marketing_category=_all_of(listing.marketing_category for listing in listings),
        product_type=_all_of(listing.product_type for listing in listings),
        release=labels[first.release_id],
        substances=_all_of(listing.substances for listing in listings),
    )


def _all_of(texts: Iterable[str | None]) -> str:
    """The different texts in order, as one."""
    return "; ".join(dict.fromkeys(text for text in texts if text))
