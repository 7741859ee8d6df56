"""The newest dials of an organization, which readiness and the reconciler look for."""

from alembic import op

from store.db.concurrent_indexes import create_concurrently

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_concurrently("ix_dials_newest", "dials", ["organization_id", "asked_at"])


def downgrade() -> None:
    op.drop_index("ix_dials_newest", table_name="dials")
