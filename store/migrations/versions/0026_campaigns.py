"""Campaigns: a list longer than a job's, whose contacts wait here until a job calls them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["campaign_id"], ["campaigns.id"], name=f"fk_{table}_campaign_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("campaign_id", sa.String))
    op.add_column("batch_jobs", sa.Column("campaign_part", sa.Integer))
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False, server_default="draft"),
        sa.Column("status_reason", sa.Text),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("contacts_per_job", sa.Integer, nullable=False),
        sa.Column("hang_up", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("upload_offset", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("upload_state", JSONB, nullable=False, server_default="{}"),
        sa.Column("upload_complete", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("uploading_until", MOMENT),
        sa.Column("file_header", sa.JSON),
        sa.Column("file_delimiter", sa.String),
        sa.Column("report", JSONB, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False, server_default="0"),
        sa.Column("moved", sa.Integer, nullable=False, server_default="0"),
        sa.Column("left_out", sa.Integer, nullable=False, server_default="0"),
        sa.Column("parts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_campaigns_organization_id"),
    )
    op.create_index(
        "ix_campaigns_newest", "campaigns", ["organization_id", sa.text("created_at DESC"), sa.text("id DESC")]
    )
    op.create_index(
        "ix_campaigns_open",
        "campaigns",
        ["status"],
        postgresql_where=sa.text("status NOT IN ('completed', 'cancelled')"),
    )
    op.create_table(
        "campaign_contacts",
        sa.Column("campaign_id", sa.String, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("country", sa.String),
        sa.Column("zones", JSONB),
        sa.Column("not_before", MOMENT),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.PrimaryKeyConstraint("campaign_id", "part", "row", name="pk_campaign_contacts"),
        _of_campaign("campaign_contacts"),
    )
    op.create_index("ix_campaign_contacts_number", "campaign_contacts", ["campaign_id", "number"])
    op.create_table(
        "campaign_blocks",
        sa.Column("campaign_id", sa.String, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "end", name="pk_campaign_blocks"),
        _of_campaign("campaign_blocks"),
    )
    op.create_table(
        "campaign_rejects",
        sa.Column("campaign_id", sa.String, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("cells", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "row", name="pk_campaign_rejects"),
        _of_campaign("campaign_rejects"),
    )


def downgrade() -> None:
    for table in ("campaign_rejects", "campaign_blocks", "campaign_contacts", "campaigns"):
        op.drop_table(table)
    op.drop_column("batch_jobs", "campaign_part")
    op.drop_column("batch_jobs", "campaign_id")
