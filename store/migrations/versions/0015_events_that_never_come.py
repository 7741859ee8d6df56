"""Calls of which no event came, counted by carrier account."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dials", sa.Column("heard", sa.Boolean))
    op.add_column("carrier_accounts", sa.Column("silent_calls", sa.Integer, server_default="0", nullable=False))
    op.add_column("carrier_accounts", sa.Column("silent_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("carrier_accounts", "silent_since")
    op.drop_column("carrier_accounts", "silent_calls")
    op.drop_column("dials", "heard")
