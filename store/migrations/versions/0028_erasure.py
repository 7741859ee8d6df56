"""What is kept of persons who were forgotten, what is still to be deleted at carriers, and retention.

Only additions: the version before goes on beside it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
brief = "The index is of jobs: a row for each list that was called, thousands and not millions."

MOMENT = sa.DateTime(timezone=True)
NEVER_ERASED = "CREATE INDEX ix_batch_jobs_kept ON batch_jobs (completed_at) WHERE erased_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "hash_keys",
        sa.Column("singleton", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("singleton", name="pk_hash_keys"),
        sa.CheckConstraint("singleton", name=op.f("ck_hash_keys_singleton")),
    )
    op.create_table(
        "suppressed_numbers",
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("number_hash", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("added_by", sa.String, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("organization_id", "number_hash", name="pk_suppressed_numbers"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_suppressed_numbers_organization_id"
        ),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("number_hash", sa.String, nullable=False),
        sa.Column("requested_by", sa.String, nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("deleted", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_erasures_organization_id"),
    )
    op.create_index("ix_erasures_organization_id", "erasures", ["organization_id"])
    op.create_table(
        "erasure_calls",
        sa.Column("erasure_id", sa.String, nullable=False),
        sa.Column("dial_id", sa.String, nullable=False),
        sa.Column("carrier_account_id", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, server_default="pending"),
        sa.Column("recordings", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("erasure_id", "dial_id", name="pk_erasure_calls"),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], name="fk_erasure_calls_erasure_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_erasure_calls_due", "erasure_calls", ["next_attempt_at"], postgresql_where=sa.text("state = 'pending'")
    )
    op.add_column("organizations", sa.Column("retention_days", sa.Integer))
    op.add_column("organizations", sa.Column("numbers_hashed_until", MOMENT))
    op.add_column("batch_jobs", sa.Column("erased_at", MOMENT))
    op.execute(NEVER_ERASED)


def downgrade() -> None:
    op.execute("DROP INDEX ix_batch_jobs_kept")
    op.drop_column("batch_jobs", "erased_at")
    op.drop_column("organizations", "numbers_hashed_until")
    op.drop_column("organizations", "retention_days")
    for table in ("erasure_calls", "erasures", "suppressed_numbers", "hash_keys"):
        op.drop_table(table)
