"""A database that was restored from a backup places no call before its carriers said whom they have called since."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "backups",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("taken_at", moment, nullable=False),
    )
    op.add_column("carrier_accounts", sa.Column("unreconciled_since", moment))
    op.add_column("carrier_accounts", sa.Column("restored_at", moment))
    op.add_column("temporal_namespace", sa.Column("restored_at", moment))


def downgrade() -> None:
    op.drop_column("temporal_namespace", "restored_at")
    op.drop_column("carrier_accounts", "restored_at")
    op.drop_column("carrier_accounts", "unreconciled_since")
    op.drop_table("backups")
