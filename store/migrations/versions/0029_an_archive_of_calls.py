"""Calls of jobs that ended long ago: tables of their own, with a partition for each month."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOLLARS = sa.Numeric(18, 6)
COLUMNS = """id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id, from_number, to_number, state,
    call_id, asked_at, ringing_at, answered_at, ended_at, hang_up_reason, outcome, sip_code, call_seconds, answered_by,
    cost, conversation, reserved_from_hold, reserved_from_free, rang, ended_by, sip_reason, carrier_code, machine,
    agent, heard"""
EVENT_COLUMNS = "dial_id, call_id, state, ending, sequence, sip_code, received_at"
VIEW = "CREATE VIEW all_dials AS SELECT {columns} FROM dials UNION ALL SELECT {columns} FROM old_dials"
BACK = "INSERT INTO {to} ({columns}) SELECT {columns} FROM old_{to}"


def upgrade() -> None:
    op.create_table(
        "old_dials",
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in (
                *("id", "contact_id", "job_id", "organization_id", "carrier_account_id", "from_number", "to_number"),
                "state",
            )
        ),
        sa.Column("number_of_dial", sa.Integer, nullable=False),
        sa.Column("call_id", sa.String),
        sa.Column("asked_at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT) for name in ("ringing_at", "answered_at", "ended_at")),
        *(sa.Column(name, sa.String) for name in ("hang_up_reason", "outcome", "answered_by")),
        *(sa.Column(name, sa.Integer) for name in ("sip_code", "call_seconds")),
        sa.Column("cost", DOLLARS),
        sa.Column("conversation", sa.JSON),
        *(sa.Column(name, DOLLARS, nullable=False) for name in ("reserved_from_hold", "reserved_from_free")),
        sa.Column("sip_reason", sa.Text),
        *(sa.Column(name, sa.String) for name in ("ended_by", "carrier_code", "machine", "agent")),
        *(sa.Column(name, sa.Boolean) for name in ("rang", "heard")),
        sa.PrimaryKeyConstraint("id", "asked_at"),
        postgresql_partition_by="RANGE (asked_at)",
    )
    for name, columns in (
        ("ix_old_dials_contact", ["contact_id", "number_of_dial"]),
        ("ix_old_dials_job", ["job_id"]),
        ("ix_old_dials_call", ["carrier_account_id", "call_id"]),
        ("ix_old_dials_called", ["organization_id", "to_number"]),
    ):
        op.create_index(name, "old_dials", columns)
    op.create_table(
        "old_carrier_events",
        *(sa.Column(name, sa.String, nullable=False) for name in ("dial_id", "call_id", "state", "ending")),
        sa.Column("sequence", sa.Integer),
        sa.Column("sip_code", sa.Integer),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("dial_id", "call_id", "state", "ending", "asked_at"),
        postgresql_partition_by="RANGE (asked_at)",
    )
    op.execute(VIEW.format(columns=COLUMNS))
    op.add_column("batch_jobs", sa.Column("dials_archived_at", MOMENT))
    op.add_column("batch_jobs", sa.Column("dials_dropped_at", MOMENT))


def downgrade() -> None:
    """What is in the archive goes back."""
    op.execute(BACK.format(to="dials", columns=COLUMNS))
    op.execute(BACK.format(to="carrier_events", columns=EVENT_COLUMNS))
    op.drop_column("batch_jobs", "dials_dropped_at")
    op.drop_column("batch_jobs", "dials_archived_at")
    op.execute("DROP VIEW all_dials")
    op.drop_table("old_carrier_events")
    op.drop_table("old_dials")
