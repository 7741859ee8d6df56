"""A gate for each number, beside that of its carrier account."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
brief = "It concerns one row for each carrier account: a few."

MOMENT = sa.DateTime(timezone=True)
TABLES = ("carrier_accounts", "phone_numbers")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("closed_at", MOMENT))
        op.add_column(table, sa.Column("opens_on", sa.String))
        op.add_column(table, sa.Column("closings", sa.Integer, server_default="0", nullable=False))
    op.add_column("phone_numbers", sa.Column("closed_until", MOMENT))
    op.add_column("phone_numbers", sa.Column("closed_reason", sa.Text))
    op.add_column("phone_numbers", sa.Column("probe_dial_id", sa.String))
    op.add_column("phone_numbers", sa.Column("reached_at", MOMENT))
    op.execute("UPDATE carrier_accounts SET opens_on = 'queued' WHERE closed_until IS NOT NULL")


def downgrade() -> None:
    for column in ("reached_at", "probe_dial_id", "closed_reason", "closed_until"):
        op.drop_column("phone_numbers", column)
    for table in TABLES:
        for column in ("closings", "opens_on", "closed_at"):
            op.drop_column(table, column)
