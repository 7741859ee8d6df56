"""Jobs that were cancelled lately: the reconciler looks whether their workflows know."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.create_index(
        "ix_batch_jobs_cancelled", "batch_jobs", ["completed_at"], postgresql_where=sa.text("status = 'cancelled'")
    )


def downgrade() -> None:
    op.drop_index("ix_batch_jobs_cancelled", table_name="batch_jobs")
