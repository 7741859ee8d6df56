"""Who must not be called, and what was done by whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "do_not_call",
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("added_by", sa.String, nullable=False),
        sa.Column("added_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "number", name="pk_do_not_call"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_do_not_call_organization_id"),
    )
    op.create_index("ix_do_not_call_newest", "do_not_call", ["organization_id", sa.text("added_at DESC"), "number"])
    op.create_table(
        "activity",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("job_id", sa.String),
        sa.Column("at", MOMENT, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("details", JSONB, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activity"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_activity_organization_id"),
        sa.ForeignKeyConstraint(["job_id"], ["batch_jobs.id"], name="fk_activity_job_id", ondelete="CASCADE"),
    )
    op.create_index("ix_activity_newest", "activity", ["organization_id", sa.text("at DESC"), sa.text("id DESC")])
    op.create_index("ix_activity_of_job", "activity", ["job_id", sa.text("at DESC"), sa.text("id DESC")])


def downgrade() -> None:
    op.drop_table("activity")
    op.drop_table("do_not_call")
