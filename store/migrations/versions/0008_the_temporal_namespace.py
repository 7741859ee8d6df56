"""The Temporal namespace that holds the jobs' workflows."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "temporal_namespace",
        sa.Column("singleton", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("namespace_id", sa.String, nullable=False),
        sa.Column("cluster_id", sa.String, nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("alarm", sa.Text),
        sa.Column("alarmed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_temporal_namespace")),
        sa.CheckConstraint("singleton", name=op.f("ck_temporal_namespace_singleton")),
    )


def downgrade() -> None:
    op.drop_table("temporal_namespace")
