"""Jobs that were cancelled lately: the reconciler looks whether their workflows know."""

import sqlalchemy as sa
from alembic import op

from store.db.concurrent_indexes import create_concurrently

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    cancelled = sa.text("status = 'cancelled'")
    create_concurrently("ix_batch_jobs_cancelled", "batch_jobs", ["completed_at"], postgresql_where=cancelled)


def downgrade() -> None:
    op.drop_index("ix_batch_jobs_cancelled", table_name="batch_jobs")
