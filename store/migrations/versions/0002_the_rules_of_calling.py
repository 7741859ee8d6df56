"""The rules of calling: windows, frequency, priorities, retry policies, and which numbers may be called."""

import phonenumbers
import sqlalchemy as sa
from alembic import op
from phonenumbers.timezone import time_zones_for_number
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
contract = "Before the first release: no older version runs beside it."
brief = "Before the first release: no older version runs beside it."

MOMENT = sa.DateTime(timezone=True)
DOLLARS = sa.Numeric(18, 6)
OPEN = "('pending', 'queued', 'dialing')"
AT_ONCE = 1000  # contacts


def upgrade() -> None:
    op.add_column("organizations", sa.Column("reserved_lines", sa.Integer, server_default="0", nullable=False))
    op.add_column("organizations", sa.Column("calling_window", JSONB))
    op.add_column("organizations", sa.Column("contact_frequency", JSONB))
    op.add_column("organizations", sa.Column("allowed_countries", JSONB))
    op.add_column("agents", sa.Column("removed_at", MOMENT))
    op.add_column("phone_numbers", sa.Column("removed_at", MOMENT))
    op.add_column("phone_numbers", sa.Column("country", sa.String))
    for column in (
        sa.Column("spent", DOLLARS, server_default="0", nullable=False),
        sa.Column("max_cost", DOLLARS),
        sa.Column("priority", sa.Integer, server_default="5", nullable=False),
        sa.Column("calling_window", JSONB),
        sa.Column("contact_frequency", JSONB),
        sa.Column("retry_policy", JSONB, server_default="{}", nullable=False),
        sa.Column("end_time", MOMENT),
        sa.Column("start_within_minutes", sa.Integer, server_default="120", nullable=False),
        sa.Column("circuit_breaker", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("resumed_at", MOMENT),
        sa.Column("stopped_at", MOMENT),
    ):
        op.add_column("batch_jobs", column)
    for column in (
        sa.Column("country", sa.String),
        sa.Column("zones", JSONB),
        sa.Column("not_before", MOMENT),
        sa.Column("held_reason", sa.String),
        sa.Column("removed_at", MOMENT),
    ):
        op.add_column("contacts", column)
    op.create_index("ix_contacts_job_id_number", "contacts", ["job_id", "number"])
    op.drop_index("ix_dials_job_id", "dials")
    op.create_index("ix_dials_ended", "dials", ["job_id", sa.text("ended_at DESC")])
    op.create_index("ix_dials_called", "dials", ["organization_id", "to_number", sa.text("asked_at DESC")])
    op.execute("UPDATE batch_jobs j SET spent = coalesce((SELECT sum(d.cost) FROM dials d WHERE d.job_id = j.id), 0)")
    _place("phone_numbers", "SELECT id, number FROM phone_numbers", "UPDATE phone_numbers SET country = :country")
    _place(
        "contacts",
        f"SELECT id, number FROM contacts WHERE status IN {OPEN}",  # noqa: S608  our own constant
        "UPDATE contacts SET country = :country, zones = CAST(:zones AS jsonb)",
    )


def _place(table: str, query: str, update: str) -> None:
    """Say of the numbers that are there already where they belong."""
    connection = op.get_bind()
    rows = connection.execute(sa.text(query)).all()
    for start in range(0, len(rows), AT_ONCE):
        values = [{"id": id, **_placed(number)} for id, number in rows[start : start + AT_ONCE]]
        connection.execute(sa.text(f"{update} WHERE id = :id"), values)


def _placed(text: str) -> dict[str, str | None]:
    number = phonenumbers.parse(text)
    zones = [zone for zone in time_zones_for_number(number) if zone != "Etc/Unknown"]
    return {
        "country": phonenumbers.region_code_for_number(number),
        "zones": "[" + ", ".join(f'"{zone}"' for zone in zones) + "]",
    }


def downgrade() -> None:
    op.drop_index("ix_dials_called", "dials")
    op.drop_index("ix_dials_ended", "dials")
    op.create_index("ix_dials_job_id", "dials", ["job_id"])
    op.drop_index("ix_contacts_job_id_number", "contacts")
    for name in ("country", "zones", "not_before", "held_reason", "removed_at"):
        op.drop_column("contacts", name)
    for name in (
        "spent",
        "max_cost",
        "priority",
        "calling_window",
        "contact_frequency",
        "retry_policy",
        "end_time",
        "start_within_minutes",
        "circuit_breaker",
        "resumed_at",
        "stopped_at",
    ):
        op.drop_column("batch_jobs", name)
    op.drop_column("phone_numbers", "country")
    op.drop_column("phone_numbers", "removed_at")
    op.drop_column("agents", "removed_at")
    for name in ("reserved_lines", "calling_window", "contact_frequency", "allowed_countries"):
        op.drop_column("organizations", name)
