"""Which jobs are test calls: those that try a job which is there, as before, and one that is not created yet."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
brief = "Before the first release: no older version runs beside it."


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("test", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.execute("UPDATE batch_jobs SET test = true, statistics_due_at = NULL WHERE test_of IS NOT NULL")
    op.execute("DELETE FROM call_statistics s USING batch_jobs j WHERE j.id = s.job_id AND j.test")


def downgrade() -> None:
    op.drop_column("batch_jobs", "test")
