"""What a job does about calls that a machine answers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("on_machine", sa.String, server_default="talk", nullable=False))


def downgrade() -> None:
    op.drop_column("batch_jobs", "on_machine")
