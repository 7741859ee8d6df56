"""What is known of how each call went: whether it rang, who ended it, by which code, whether its agent was there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# As in 0006, but for what is told of the last dial.
TELL = """
    CREATE OR REPLACE FUNCTION tell_contact_finished(c contacts, but varchar[]) RETURNS void LANGUAGE plpgsql AS $$
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
            'answered_by', c.answered_by, {outcome}),
          clock_timestamp() + CASE WHEN c.status = 'completed' AND c.conversation IS NULL
                                   THEN interval '5 seconds' ELSE interval '0' END
        FROM webhook_endpoints e {last_dial}
        WHERE e.organization_id = c.organization_id AND e.disabled_at IS NULL
          AND 'contact.finished' = ANY(e.events) AND e.id <> ALL(but)
        RETURNING endpoint_id
      LOOP
        PERFORM pg_notify('outdial_webhooks', endpoint);
      END LOOP;
    END $$
"""
LAST_DIAL = "LEFT JOIN dials last ON last.contact_id = c.id AND last.number_of_dial = c.dials"
EVIDENCE = """'outcome', last.outcome,
            'evidence', CASE WHEN last.id IS NOT NULL THEN jsonb_build_object(
              'outcome', last.outcome, 'rang', last.rang, 'ended_by', last.ended_by, 'sip_code', last.sip_code,
              'sip_reason', last.sip_reason, 'carrier_code', last.carrier_code, 'agent', last.agent,
              'asked_at', last.asked_at, 'ringing_at', last.ringing_at, 'answered_at', last.answered_at) END"""
OUTCOME_ONLY = (
    "'outcome', (SELECT d.outcome FROM dials d WHERE d.contact_id = c.id ORDER BY number_of_dial DESC LIMIT 1)"
)
COLUMNS = {
    "rang": sa.Boolean,
    "ended_by": sa.String,
    "sip_reason": sa.Text,
    "carrier_code": sa.String,
    "machine": sa.String,
    "agent": sa.String,
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("dials", sa.Column(name, kind))
    op.execute(TELL.format(outcome=EVIDENCE, last_dial=LAST_DIAL))


def downgrade() -> None:
    op.execute(TELL.format(outcome=OUTCOME_ONLY, last_dial=""))
    for name in COLUMNS:
        op.drop_column("dials", name)
