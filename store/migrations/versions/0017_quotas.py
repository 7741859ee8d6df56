"""Limits of one organization, where an operator set others than those for all."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizations", sa.Column("quotas", JSONB))


def downgrade() -> None:
    op.drop_column("organizations", "quotas")
