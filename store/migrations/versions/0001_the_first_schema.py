"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOLLARS = sa.Numeric(18, 6)


def upgrade() -> None:
    op.create_table(
        "carrier_accounts",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("closed_until", MOMENT),
        sa.Column("closed_reason", sa.Text),
        sa.Column("probe_dial_id", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_carrier_accounts"),
    )

    op.create_table(
        "organizations",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("concurrent_call_limit", sa.Integer, server_default="5", nullable=False),
        sa.Column("credits_unlimited", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("balance", DOLLARS, server_default="0", nullable=False),
        sa.Column("held", DOLLARS, server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )

    op.create_table(
        "agents",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("architecture", sa.String, nullable=False),
        sa.Column("audio", sa.String, nullable=False),
        sa.Column("audio_url", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_agents_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )
    op.create_index("ix_agents_organization_id", "agents", ["organization_id"])

    op.create_table(
        "api_keys",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("key_hash", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_api_keys_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )
    op.create_index("ix_api_keys_organization_id", "api_keys", ["organization_id"])

    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("job_id", sa.String),
        sa.Column("dial_id", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("balance_delta", DOLLARS, server_default="0", nullable=False),
        sa.Column("held_delta", DOLLARS, server_default="0", nullable=False),
        sa.Column("at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_ledger_entries_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_newest", "ledger_entries", ["organization_id", sa.text("at DESC")])

    op.create_table(
        "phone_numbers",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("outbound_agent_id", sa.String),
        sa.Column("carrier_account_id", sa.String, nullable=False),
        sa.Column("calls_per_second", sa.Numeric(precision=8, scale=3), server_default="1", nullable=False),
        sa.Column("next_slot_at", MOMENT),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["carrier_account_id"], ["carrier_accounts.id"], name="fk_phone_numbers_carrier_account_id"
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_phone_numbers_organization_id"),
        sa.ForeignKeyConstraint(["outbound_agent_id"], ["agents.id"], name="fk_phone_numbers_outbound_agent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_numbers"),
    )
    op.create_index("ix_phone_numbers_organization_id", "phone_numbers", ["organization_id"])

    op.create_table(
        "batch_jobs",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("dialling", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("status_reason", sa.Text),
        sa.Column("agent_id", sa.String, nullable=False),
        sa.Column("audio", sa.String, nullable=False),
        sa.Column("audio_url", sa.Text, nullable=False),
        sa.Column("rate_per_minute", DOLLARS, nullable=False),
        sa.Column("phone_number_id", sa.String, nullable=False),
        sa.Column("from_number", sa.String, nullable=False),
        sa.Column("total_contacts", sa.Integer, nullable=False),
        sa.Column("concurrent_call_limit", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("ring_seconds", sa.Integer, nullable=False),
        sa.Column("max_call_seconds", sa.Integer, nullable=False),
        sa.Column("scheduled_start_time", MOMENT),
        sa.Column("timezone", sa.String, nullable=False),
        sa.Column("validation", postgresql.JSONB, nullable=False),
        sa.Column("hold", DOLLARS, server_default="0", nullable=False),
        sa.Column("workflow_started_at", MOMENT),
        sa.Column("actual_start_time", MOMENT),
        sa.Column("completed_at", MOMENT),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_batch_jobs_organization_id"),
        sa.ForeignKeyConstraint(["phone_number_id"], ["phone_numbers.id"], name="fk_batch_jobs_phone_number_id"),
        sa.PrimaryKeyConstraint("id", name="pk_batch_jobs"),
    )
    op.create_index(
        "ix_batch_jobs_newest",
        "batch_jobs",
        ["organization_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index(
        "ix_batch_jobs_open",
        "batch_jobs",
        ["status"],
        postgresql_where=sa.text("status NOT IN ('completed', 'failed', 'cancelled')"),
    )

    op.create_table(
        "contacts",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("status", sa.String, server_default="pending", nullable=False),
        sa.Column("error_code", sa.String),
        sa.Column("failure_reason", sa.Text),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("dials", sa.Integer, server_default="0", nullable=False),
        sa.Column("troubles", sa.Integer, server_default="0", nullable=False),
        sa.Column("due_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("last_attempt_at", MOMENT),
        sa.Column("next_retry_at", MOMENT),
        sa.Column("completed_at", MOMENT),
        sa.Column("call_id", sa.String),
        sa.Column("call_seconds", sa.Integer),
        sa.Column("answered_by", sa.String),
        sa.ForeignKeyConstraint(["job_id"], ["batch_jobs.id"], name="fk_contacts_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("job_id", "row", name="uq_contacts_job_id_row"),
    )
    op.create_index(
        "ix_contacts_due",
        "contacts",
        ["job_id", "due_at", "row"],
        postgresql_where=sa.text("status IN ('pending', 'queued')"),
    )
    op.create_index("ix_contacts_job_id_status", "contacts", ["job_id", "status"])
    op.create_index(
        "ix_contacts_open_number",
        "contacts",
        ["organization_id", "number"],
        postgresql_where=sa.text("status IN ('pending', 'queued', 'dialing')"),
    )

    op.create_table(
        "dials",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("contact_id", sa.String, nullable=False),
        sa.Column("number_of_dial", sa.Integer, nullable=False),
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("carrier_account_id", sa.String, nullable=False),
        sa.Column("from_number", sa.String, nullable=False),
        sa.Column("to_number", sa.String, nullable=False),
        sa.Column("state", sa.String, server_default="asked", nullable=False),
        sa.Column("call_id", sa.String),
        sa.Column("asked_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("ringing_at", MOMENT),
        sa.Column("answered_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("hang_up_reason", sa.String),
        sa.Column("outcome", sa.String),
        sa.Column("sip_code", sa.Integer),
        sa.Column("call_seconds", sa.Integer),
        sa.Column("answered_by", sa.String),
        sa.Column("cost", DOLLARS),
        sa.Column("reserved_from_hold", DOLLARS, server_default="0", nullable=False),
        sa.Column("reserved_from_free", DOLLARS, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_dials_contact_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_dials"),
        sa.UniqueConstraint("contact_id", "number_of_dial", name="uq_dials_contact_id_number_of_dial"),
    )
    op.create_index("ix_dials_job_id", "dials", ["job_id"])
    op.create_index(
        "ix_dials_open", "dials", ["organization_id", "job_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "uq_dials_call_id",
        "dials",
        ["carrier_account_id", "call_id"],
        unique=True,
        postgresql_where=sa.text("call_id IS NOT NULL"),
    )
    op.create_index(
        "uq_dials_open_contact",
        "dials",
        ["contact_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_dials_open_pair",
        "dials",
        ["from_number", "to_number"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "carrier_events",
        sa.Column("dial_id", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("ending", sa.String, server_default="", nullable=False),
        sa.Column("sequence", sa.Integer),
        sa.Column("sip_code", sa.Integer),
        sa.Column("received_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["dial_id"], ["dials.id"], name="fk_carrier_events_dial_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dial_id", "call_id", "state", "ending", name="pk_carrier_events"),
    )


def downgrade() -> None:
    for table in (
        "carrier_events",
        "dials",
        "contacts",
        "batch_jobs",
        "phone_numbers",
        "ledger_entries",
        "api_keys",
        "agents",
        "organizations",
        "carrier_accounts",
    ):
        op.drop_table(table)
