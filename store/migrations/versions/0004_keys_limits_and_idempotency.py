"""Keys that expire, accounts of carriers, rate limits, and answers that are given again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("expires_at", MOMENT))
    op.add_column("api_keys", sa.Column("last_used_at", MOMENT))
    op.add_column("carrier_accounts", sa.Column("carrier", sa.String))
    op.add_column("carrier_accounts", sa.Column("settings", sa.Text))
    op.create_table(
        "idempotency_records",
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("seed", sa.String, nullable=False),
        sa.Column("holder", sa.String),
        sa.Column("held_until", MOMENT),
        sa.Column("answer", sa.Text),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "route", "key", name="pk_idempotency_records"),
    )
    op.create_index("ix_idempotency_records_created_at", "idempotency_records", ["created_at"])
    op.create_table(
        "rate_limits",
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("caller", name="pk_rate_limits"),
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    op.drop_table("rate_limits")
    op.drop_table("idempotency_records")
    op.drop_column("carrier_accounts", "settings")
    op.drop_column("carrier_accounts", "carrier")
    op.drop_column("api_keys", "last_used_at")
    op.drop_column("api_keys", "expires_at")
