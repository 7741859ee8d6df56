"""Organizations, numbers and carrier accounts that a person stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("organizations", "phone_numbers", "carrier_accounts")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("stopped_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "stopped_at")
