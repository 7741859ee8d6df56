"""What conversations brought, what was rejected of a file, and how jobs and contacts name their origin."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
contract = "Before the first release: no older version runs beside it."

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("retry_of", sa.String))
    op.add_column("batch_jobs", sa.Column("test_of", sa.String))
    op.add_column("batch_jobs", sa.Column("file_header", sa.JSON))
    op.add_column("batch_jobs", sa.Column("file_delimiter", sa.String))
    op.add_column("contacts", sa.Column("external_id", sa.Text))
    op.add_column("contacts", sa.Column("conversation", sa.JSON))
    op.add_column("contacts", sa.Column("reported_at", MOMENT))
    op.add_column("dials", sa.Column("conversation", sa.JSON))
    op.drop_constraint("fk_dials_contact_id", "dials", type_="foreignkey")
    op.drop_constraint("fk_activity_job_id", "activity", type_="foreignkey")
    op.create_table(
        "rejects",
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("cells", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "row", name="pk_rejects"),
        sa.ForeignKeyConstraint(["job_id"], ["batch_jobs.id"], name="fk_rejects_job_id", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("rejects")
    op.execute("DELETE FROM activity WHERE job_id NOT IN (SELECT id FROM batch_jobs)")
    op.create_foreign_key("fk_activity_job_id", "activity", "batch_jobs", ["job_id"], ["id"], ondelete="CASCADE")
    op.execute("DELETE FROM dials WHERE contact_id NOT IN (SELECT id FROM contacts)")
    op.create_foreign_key("fk_dials_contact_id", "dials", "contacts", ["contact_id"], ["id"], ondelete="CASCADE")
    op.drop_column("dials", "conversation")
    op.drop_column("contacts", "reported_at")
    op.drop_column("contacts", "conversation")
    op.drop_column("contacts", "external_id")
    op.drop_column("batch_jobs", "file_delimiter")
    op.drop_column("batch_jobs", "file_header")
    op.drop_column("batch_jobs", "test_of")
    op.drop_column("batch_jobs", "retry_of")
