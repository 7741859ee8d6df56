"""The jobs of a campaign, which are found by it."""

import sqlalchemy as sa
from alembic import op

from store.db.concurrent_indexes import create_concurrently

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INDEX = "ix_batch_jobs_campaign"


def upgrade() -> None:
    there = sa.text("campaign_id IS NOT NULL")
    create_concurrently(INDEX, "batch_jobs", ["campaign_id", "campaign_part"], postgresql_where=there)


def downgrade() -> None:
    op.drop_index(INDEX, table_name="batch_jobs")
