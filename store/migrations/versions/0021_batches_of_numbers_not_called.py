"""Which request listed a number, so that all of it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
brief = "Before the first release: no older version runs beside it."


def upgrade() -> None:
    op.add_column("do_not_call", sa.Column("batch_id", sa.String))
    op.create_index(
        "ix_do_not_call_batch",
        "do_not_call",
        ["organization_id", "batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_do_not_call_batch")
    op.drop_column("do_not_call", "batch_id")
