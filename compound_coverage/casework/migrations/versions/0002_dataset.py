"""Proposals to the dataset, their discussion and documents, and what people told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the tables, and says that nobody but the owner of a laptop keeps the dataset yet."""
    op.add_column(
        "organisation",
        sa.Column("keeps_dataset", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute("UPDATE organisation SET keeps_dataset = true WHERE organisation_id = 'laptop'")
    op.execute("UPDATE member SET roles = 'advocate ' || roles WHERE member_id = 'laptop'")
    op.create_table(
        "proposal",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_remark", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("release", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["member.member_id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["member.member_id"]),
        sa.PrimaryKeyConstraint("proposal_id"),
    )
    op.create_index("proposal_state", "proposal", ["state"])
    op.create_table(
        "proposal_revision",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.proposal_id"]),
        sa.PrimaryKeyConstraint("proposal_id", "number"),
    )
    op.create_table(
        "proposal_remark",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"]),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.proposal_id"]),
        sa.PrimaryKeyConstraint("proposal_id", "number"),
    )
    op.create_table(
        "source_document",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"]),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "lead",
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("medication_id", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("verdict_told", sa.Text(), nullable=True),
        sa.Column("proposal_id", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("closed_why", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.proposal_id"]),
        sa.PrimaryKeyConstraint("lead_id"),
    )
    op.create_index("lead_state", "lead", ["state"])
