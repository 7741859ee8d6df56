"""Outgoing webhooks and their deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# A contact gets its final status in many places; that it is told must not depend on which. What an agent reports of
# an answered call comes with its end or seconds after it, and is waited for.
TELL = """
    CREATE FUNCTION tell_contact_finished(c contacts, but varchar[]) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE endpoint varchar;
    BEGIN
      FOR endpoint IN
        INSERT INTO webhook_deliveries (id, endpoint_id, organization_id, job_id, contact_id, lane, type, facts,
                                        next_attempt_at)
        SELECT 'msg_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 24), e.id, e.organization_id,
          c.job_id, c.id, c.job_id, 'contact.finished', jsonb_build_object(
            'status', c.status, 'error_code', c.error_code, 'failure_reason', c.failure_reason,
            'attempts', c.attempts, 'dials', c.dials, 'last_attempt_at', c.last_attempt_at, 'next_retry_at', NULL,
            'completed_at', c.completed_at, 'call_id', c.call_id, 'call_seconds', c.call_seconds,
            'answered_by', c.answered_by,
            'outcome', (SELECT d.outcome FROM dials d WHERE d.contact_id = c.id ORDER BY number_of_dial DESC LIMIT 1)),
          clock_timestamp() + CASE WHEN c.status = 'completed' AND c.conversation IS NULL
                                   THEN interval '5 seconds' ELSE interval '0' END
        FROM webhook_endpoints e
        WHERE e.organization_id = c.organization_id AND e.disabled_at IS NULL
          AND 'contact.finished' = ANY(e.events) AND e.id <> ALL(but)
        RETURNING endpoint_id
      LOOP
        PERFORM pg_notify('outdial_webhooks', endpoint);
      END LOOP;
    END $$
"""
ON_FINISH = """
    CREATE FUNCTION contact_finished() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM tell_contact_finished(NEW, '{}');
      RETURN NULL;
    END $$
"""
# Every entry of the ledger moves the credits. What single calls give back does not arm an endpoint anew.
ON_CREDITS = """
    CREATE FUNCTION credits_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE endpoint varchar;
    BEGIN
      FOR endpoint IN
        WITH crossed AS (
          UPDATE webhook_endpoints e SET credits_are_low = NOT e.credits_are_low
          FROM organizations o
          WHERE o.id = NEW.organization_id AND e.organization_id = o.id AND NOT o.credits_unlimited
            AND e.disabled_at IS NULL AND 'credits.low' = ANY(e.events)
            AND e.credits_are_low <> (o.balance - o.held < e.credits_below)
            AND (NOT e.credits_are_low OR NEW.dial_id IS NULL)
          RETURNING e.id, e.organization_id, e.credits_are_low, e.credits_below, o.balance, o.held
        )
        INSERT INTO webhook_deliveries (id, endpoint_id, organization_id, lane, type, facts)
        SELECT 'msg_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 24), id, organization_id,
          'credits.low', 'credits.low', jsonb_build_object(
            'balance', balance::text, 'held', held::text, 'free', (balance - held)::text,
            'credits_below', credits_below::text)
        FROM crossed WHERE credits_are_low
        RETURNING endpoint_id
      LOOP
        PERFORM pg_notify('outdial_webhooks', endpoint);
      END LOOP;
      RETURN NULL;
    END $$
"""
OPEN = "('pending', 'queued', 'dialing')"


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("events", ARRAY(sa.String), nullable=False),
        sa.Column("credits_below", sa.Numeric(18, 6), nullable=False),
        sa.Column("credits_are_low", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("old_secret", sa.Text),
        sa.Column("old_secret_until", MOMENT),
        sa.Column("failing_since", MOMENT),
        sa.Column("disabled_at", MOMENT),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("busy_until", MOMENT),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_webhook_endpoints_organization_id"),
    )
    op.create_index("ix_webhook_endpoints_organization_id", "webhook_endpoints", ["organization_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("endpoint_id", sa.String, nullable=False),
        sa.Column("organization_id", sa.String, nullable=False),
        sa.Column("job_id", sa.String),
        sa.Column("contact_id", sa.String),
        sa.Column("lane", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("facts", JSONB, server_default="{}", nullable=False),
        sa.Column("status", sa.String, server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_attempt_at", MOMENT, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("taken_until", MOMENT),
        sa.Column("last_attempt_at", MOMENT),
        sa.Column("delivered_at", MOMENT),
        sa.Column("response_code", sa.Integer),
        sa.Column("response_body", sa.Text),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", MOMENT, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name="fk_webhook_deliveries_endpoint_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["batch_jobs.id"], name="fk_webhook_deliveries_job_id", ondelete="CASCADE"),
    )
    op.create_index("ix_webhook_deliveries_job_id_contact_id", "webhook_deliveries", ["job_id", "contact_id"])
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["endpoint_id", "lane", "seq"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_webhook_deliveries_newest", "webhook_deliveries", ["endpoint_id", sa.text("seq DESC")])
    op.execute(TELL)
    op.execute(ON_FINISH)
    op.execute(
        f"CREATE TRIGGER contact_finished AFTER UPDATE OF status ON contacts FOR EACH ROW"
        f" WHEN (OLD.status <> NEW.status AND NEW.status NOT IN {OPEN}) EXECUTE FUNCTION contact_finished()"
    )
    op.execute(
        f"CREATE TRIGGER contact_finished_at_once AFTER INSERT ON contacts FOR EACH ROW"
        f" WHEN (NEW.status NOT IN {OPEN}) EXECUTE FUNCTION contact_finished()"
    )
    op.execute(ON_CREDITS)
    op.execute(
        "CREATE TRIGGER credits_moved AFTER INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION credits_moved()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER credits_moved ON ledger_entries")
    op.execute("DROP FUNCTION credits_moved()")
    op.execute("DROP TRIGGER contact_finished_at_once ON contacts")
    op.execute("DROP TRIGGER contact_finished ON contacts")
    op.execute("DROP FUNCTION contact_finished()")
    op.execute("DROP FUNCTION tell_contact_finished(contacts, varchar[])")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
