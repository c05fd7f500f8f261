"""Releases, plans, drug lists, costs and drug codes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the first set of tables."""
    op.create_table(
        "drug",
        sa.Column("list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rxcui", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("ndc", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("prior_authorization", sa.SmallInteger(), nullable=True),
        sa.Column("step_therapy", sa.SmallInteger(), nullable=True),
        sa.Column("quantity_limit", sa.SmallInteger(), nullable=True),
        sa.Column("quantity_amount", sa.Text(), nullable=True),
        sa.Column("quantity_days", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("list_id", "rxcui", "tier"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "release",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_kept", sa.BigInteger(), nullable=False),
        sa.Column("rows_set_aside", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("release_id"),
    )
    op.create_table(
        "cost",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("coverage_level", sa.SmallInteger(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("days_supply", sa.SmallInteger(), nullable=False),
        sa.Column("type_pref", sa.SmallInteger(), nullable=True),
        sa.Column("amount_pref", sa.Float(), nullable=True),
        sa.Column("least_pref", sa.Float(), nullable=True),
        sa.Column("most_pref", sa.Float(), nullable=True),
        sa.Column("type_nonpref", sa.SmallInteger(), nullable=True),
        sa.Column("amount_nonpref", sa.Float(), nullable=True),
        sa.Column("least_nonpref", sa.Float(), nullable=True),
        sa.Column("most_nonpref", sa.Float(), nullable=True),
        sa.Column("type_mail_pref", sa.SmallInteger(), nullable=True),
        sa.Column("amount_mail_pref", sa.Float(), nullable=True),
        sa.Column("least_mail_pref", sa.Float(), nullable=True),
        sa.Column("most_mail_pref", sa.Float(), nullable=True),
        sa.Column("type_mail_nonpref", sa.SmallInteger(), nullable=True),
        sa.Column("amount_mail_nonpref", sa.Float(), nullable=True),
        sa.Column("least_mail_nonpref", sa.Float(), nullable=True),
        sa.Column("most_mail_nonpref", sa.Float(), nullable=True),
        sa.Column("specialty", sa.SmallInteger(), nullable=True),
        sa.Column("deductible_applies", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "coverage_level", "tier", "days_supply"),
    )
    op.create_table(
        "county",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("ma_region_code", sa.Text(), nullable=True),
        sa.Column("ma_region", sa.Text(), nullable=True),
        sa.Column("pdp_region_code", sa.Text(), nullable=True),
        sa.Column("pdp_region", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "county_code"),
    )
    op.create_table(
        "drug_list",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.Column("list_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("list_id"),
    )
    op.create_table(
        "indication",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("rxcui", sa.Text(), nullable=False),
        sa.Column("disease", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "rxcui", "disease"),
    )
    op.create_table(
        "insulin_cost",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("days_supply", sa.SmallInteger(), nullable=False),
        sa.Column("copay_pref", sa.Float(), nullable=True),
        sa.Column("copay_nonpref", sa.Float(), nullable=True),
        sa.Column("copay_mail_pref", sa.Float(), nullable=True),
        sa.Column("copay_mail_nonpref", sa.Float(), nullable=True),
        sa.Column("coin_pref", sa.Float(), nullable=True),
        sa.Column("coin_nonpref", sa.Float(), nullable=True),
        sa.Column("coin_mail_pref", sa.Float(), nullable=True),
        sa.Column("coin_mail_nonpref", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "tier", "days_supply"),
    )
    op.create_table(
        "ndc_package",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("ndc11", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "ndc11", "product_id"),
    )
    op.create_index("ndc_package_by_ndc11", "ndc_package", ["ndc11"], unique=False)
    op.create_table(
        "ndc_product",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("ndc9", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("nonproprietary_name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("marketing_category", sa.Text(), nullable=True),
        sa.Column("product_type", sa.Text(), nullable=True),
        sa.Column("dosage_form", sa.Text(), nullable=True),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("substances", sa.Text(), nullable=True),
        sa.Column("strengths", sa.Text(), nullable=True),
        sa.Column("labeler", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "product_id"),
    )
    op.create_index("ndc_product_by_ndc9", "ndc_product", ["ndc9"], unique=False)
    op.create_table(
        "pharmacy",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("npi", sa.Text(), nullable=False),
        sa.Column("zip", sa.Text(), nullable=True),
        sa.Column("preferred_retail", sa.SmallInteger(), nullable=True),
        sa.Column("preferred_mail", sa.SmallInteger(), nullable=True),
        sa.Column("retail", sa.SmallInteger(), nullable=True),
        sa.Column("mail", sa.SmallInteger(), nullable=True),
        sa.Column("in_area", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "npi"),
    )
    op.create_table(
        "plan",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("line_of_business", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("premium", sa.Float(), nullable=True),
        sa.Column("deductible", sa.Float(), nullable=True),
        sa.Column("special_needs", sa.Text(), nullable=True),
        sa.Column("suppressed", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key"),
    )
    op.create_index("plan_by_key", "plan", ["plan_key"], unique=False)
    op.create_table(
        "plan_area",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "kind", "code"),
    )
    op.create_table(
        "plan_list",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "list_id"),
    )
    op.create_table(
        "price",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("ndc", sa.Text(), nullable=False),
        sa.Column("days_supply", sa.SmallInteger(), nullable=False),
        sa.Column("unit_cost", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "ndc", "days_supply"),
    )
    op.create_table(
        "set_aside",
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
    )
    op.create_table(
        "supplement",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("rxcui", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("quantity_limit", sa.SmallInteger(), nullable=True),
        sa.Column("quantity_amount", sa.Text(), nullable=True),
        sa.Column("quantity_days", sa.Text(), nullable=True),
        sa.Column("prior_authorization", sa.SmallInteger(), nullable=True),
        sa.Column("step_therapy", sa.SmallInteger(), nullable=True),
        sa.Column("capped_benefit", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "rxcui", "tier"),
    )
    op.create_table(
        "tier_cost",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("plan_key", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("pharmacy_type", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("copay", sa.Float(), nullable=True),
        sa.Column("copay_option", sa.Text(), nullable=True),
        sa.Column("coinsurance", sa.Float(), nullable=True),
        sa.Column("coinsurance_option", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.release_id"],
        ),
        sa.PrimaryKeyConstraint("release_id", "plan_key", "tier", "pharmacy_type", "position"),
    )
