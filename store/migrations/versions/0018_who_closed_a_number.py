"""Who closed a number: what an operator closed an organization does not open."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("phone_numbers", sa.Column("stopped_by", sa.String))


def downgrade() -> None:
    op.drop_column("phone_numbers", "stopped_by")
