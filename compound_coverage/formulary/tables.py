"""The tables of published formularies: one schema for SQLite and PostgreSQL.

A *release* is what one import brought in. A plan points at one or more *lists*; a list holds
drugs. Plans that share a list share its rows. Ids are text: leading zeros count. Flags are 1, 0
or NULL, and NULL means that the source does not say.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

METADATA = MetaData()

RELEASE = Table(
    "release",
    METADATA,
    Column("release_id", Integer, primary_key=True),
    Column("source", Text, nullable=False),  # part-d, marketplace, fhir, ndc
    Column("series", Text, nullable=False),  # what a newer release of it replaces
    Column("label", Text, nullable=False),  # 2026Q1, or the date of the data
    Column("imported_at", Text, nullable=False),  # UTC, ISO
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_kept", BigInteger, nullable=False),
    Column("rows_set_aside", BigInteger, nullable=False),
)


def _of_release(*, primary_key: bool = True) -> Column[int]:
    return Column("release_id", Integer, ForeignKey("release.release_id"), primary_key=primary_key)


def _flag(name: str) -> Column[int]:
    return Column(name, SmallInteger)


PLAN = Table(
    "plan",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),  # H4461-046-000, or a HIOS id
    Column("name", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("line_of_business", Text, nullable=False),
    Column("year", Integer),
    Column("premium", Float),
    Column("deductible", Float),
    Column("special_needs", Text),
    _flag("suppressed"),
    Index("plan_by_key", "plan_key"),
)
PLAN_AREA = Table(
    "plan_area",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    # county (SSA code), ma_region, pdp_region, or state
    Column("kind", Text, primary_key=True),
    Column("code", Text, primary_key=True),
)
COUNTY = Table(
    "county",
    METADATA,
    _of_release(),
    Column("county_code", Text, primary_key=True),  # SSA, not FIPS
    Column("state", Text, nullable=False),  # name as published
    Column("county", Text, nullable=False),
    Column("ma_region_code", Text),
    Column("ma_region", Text),
    Column("pdp_region_code", Text),
    Column("pdp_region", Text),
)
DRUG_LIST = Table(
    "drug_list",
    METADATA,
    Column("list_id", Integer, primary_key=True),
    _of_release(primary_key=False),
    Column("list_key", Text, nullable=False),  # formulary id, or a hash of the plans that share it
)
PLAN_LIST = Table(
    "plan_list",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    Column("list_id", Integer, primary_key=True),
)
DRUG = Table(
    "drug",
    METADATA,
    Column("list_id", Integer, primary_key=True, autoincrement=False),
    Column("rxcui", Text, primary_key=True),
    Column("tier", Text, primary_key=True),
    Column("ndc", Text),
    Column("name", Text),
    _flag("prior_authorization"),
    _flag("step_therapy"),
    _flag("quantity_limit"),
    Column("quantity_amount", Text),
    Column("quantity_days", Text),
    sqlite_with_rowid=False,
)
SUPPLEMENT = Table(  # the file named "excluded drugs": covered beyond the standard benefit
    "supplement",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),  # contract and plan, all segments: H4461-046
    Column("rxcui", Text, primary_key=True),
    Column("tier", Text, primary_key=True),
    _flag("quantity_limit"),
    Column("quantity_amount", Text),
    Column("quantity_days", Text),
    _flag("prior_authorization"),
    _flag("step_therapy"),
    _flag("capped_benefit"),
)
INDICATION = Table(
    "indication",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),  # contract and plan, all segments
    Column("rxcui", Text, primary_key=True),
    Column("disease", Text, primary_key=True),
)
CHANNELS = ("pref", "nonpref", "mail_pref", "mail_nonpref")
COST = Table(  # Part D: what a member without a subsidy pays
    "cost",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    Column("coverage_level", SmallInteger, primary_key=True),  # 0 before deductible, 1, 3
    Column("tier", Text, primary_key=True),
    Column("days_supply", SmallInteger, primary_key=True),  # code: 1 30, 2 90, 3 other, 4 60
    *(
        Column(f"{what}_{channel}", Float if what != "type" else SmallInteger)
        for channel in CHANNELS
        for what in ("type", "amount", "least", "most")  # type 0 none, 1 dollars, 2 fraction
    ),
    _flag("specialty"),
    _flag("deductible_applies"),
)
INSULIN_COST = Table(
    "insulin_cost",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    Column("tier", Text, primary_key=True),  # "all" where the file says '.'
    Column("days_supply", SmallInteger, primary_key=True),
    *(Column(f"{kind}_{channel}", Float) for kind in ("copay", "coin") for channel in CHANNELS),
)
TIER_COST = Table(  # marketplace and FHIR
    "tier_cost",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    Column("tier", Text, primary_key=True),
    Column("pharmacy_type", Text, primary_key=True),
    Column("position", SmallInteger, primary_key=True),  # a plan may give one tier twice
    Column("copay", Float),
    Column("copay_option", Text),
    Column("coinsurance", Float),  # a fraction, 0 to 1
    Column("coinsurance_option", Text),
)
PRICE = Table(
    "price",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    Column("ndc", Text, primary_key=True),
    Column("days_supply", SmallInteger, primary_key=True),  # literal 30, 60 or 90
    Column("unit_cost", Float),
)
PHARMACY = Table(
    "pharmacy",
    METADATA,
    _of_release(),
    Column("plan_key", Text, primary_key=True),
    Column("npi", Text, primary_key=True),
    Column("zip", Text),
    _flag("preferred_retail"),
    _flag("preferred_mail"),
    _flag("retail"),
    _flag("mail"),
    _flag("in_area"),
)
NDC_PRODUCT = Table(
    "ndc_product",
    METADATA,
    _of_release(),
    Column("product_id", Text, primary_key=True),
    Column("ndc9", Text, nullable=False),  # labeler 5 + product 4
    Column("name", Text, nullable=False),
    Column("nonproprietary_name", Text),
    Column("kind", Text, nullable=False),  # approved_product, bulk_powder, unapproved, unknown
    Column("marketing_category", Text),
    Column("product_type", Text),
    Column("dosage_form", Text),
    Column("route", Text),
    Column("substances", Text),
    Column("strengths", Text),
    Column("labeler", Text),
    Column("ended_on", Text),
    Index("ndc_product_by_ndc9", "ndc9"),
)
NDC_PACKAGE = Table(
    "ndc_package",
    METADATA,
    _of_release(),
    Column("ndc11", Text, primary_key=True),
    Column("product_id", Text, primary_key=True),
    Column("description", Text),
    Index("ndc_package_by_ndc11", "ndc11"),
)
SET_ASIDE = Table(
    "set_aside",
    METADATA,
    _of_release(primary_key=False),
    Column("file", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),  # the row as it stood, cut at 500 characters
)
# Everything that belongs to a release, in the order in which it can be deleted. DRUG hangs on
# DRUG_LIST and is deleted through it.
OF_RELEASE = tuple(
    table
    for table in METADATA.sorted_tables
    if "release_id" in table.c and table.name not in ("release", "drug_list")
)
