"""Jobs whose calls are not in the archive, by their end."""

import sqlalchemy as sa
from alembic import op

from store.db.concurrent_indexes import create_concurrently

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_concurrently(
        "ix_batch_jobs_archive",
        "batch_jobs",
        ["completed_at"],
        postgresql_where=sa.text("dials_archived_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_batch_jobs_archive", table_name="batch_jobs")
