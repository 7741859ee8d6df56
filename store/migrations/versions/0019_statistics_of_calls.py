"""Calls summed up by the callee's hour, for each job; when a job is to be counted next."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
brief = "Before the first release: no older version runs beside it."


def upgrade() -> None:
    op.create_table(
        "call_statistics",
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("hour", sa.SmallInteger, nullable=False),
        sa.Column("from_number", sa.String, nullable=False),
        sa.Column("country", sa.String),
        sa.Column("attempt", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("machines", sa.Integer, nullable=False),
        sa.Column("talk_seconds", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Numeric(18, 6), nullable=False),
    )
    op.create_index("ix_call_statistics_job_id", "call_statistics", ["job_id"])
    op.create_index("ix_call_statistics_organization_id", "call_statistics", ["organization_id", "day"])
    moment = sa.DateTime(timezone=True)
    op.add_column("batch_jobs", sa.Column("statistics_counted_at", moment))
    op.add_column("batch_jobs", sa.Column("statistics_due_at", moment, server_default=sa.func.now()))
    op.create_index(
        "ix_batch_jobs_statistics",
        "batch_jobs",
        ["statistics_due_at"],
        postgresql_where=sa.text("statistics_due_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_batch_jobs_statistics")
    op.drop_column("batch_jobs", "statistics_due_at")
    op.drop_column("batch_jobs", "statistics_counted_at")
    op.drop_table("call_statistics")
