"""Webhook events are queued with the fact itself: one statement in its transaction, nothing where nobody listens.

A delivery holds ids and what may change later (status, counts); a person's data is read when it is sent. Whoever calls
`queue_job_event` holds the organization's lock, so that a job's events are in the order of their commits. That a
contact is final, or that credits fell, is queued by triggers (migration 0006): both happen in many places.
"""

from domain.webhooks.events import EventType
from store.db.engine import AnyConnection, run

CHANNEL = "outdial_webhooks"  # its notices carry the endpoint's id whenever something is to be delivered

NEW_ID = "'msg_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 24)"
_ANNOUNCE = "SELECT announce(%(channel)s, endpoint_id) FROM (SELECT DISTINCT endpoint_id FROM queued) AS listening"
_WANTS = "e.disabled_at IS NULL AND CAST(%(type)s AS varchar) = ANY(e.events)"

_JOB = f"""
    WITH queued AS (
      INSERT INTO webhook_deliveries (id, endpoint_id, organization_id, job_id, lane, type, facts)
      SELECT {NEW_ID}, e.id, e.organization_id, j.id, j.id, CAST(%(type)s AS varchar), jsonb_build_object(
        'status', j.status, 'status_reason', j.status_reason, 'total_contacts', j.total_contacts,
        'scheduled_start_time', j.scheduled_start_time, 'actual_start_time', j.actual_start_time,
        'completed_at', j.completed_at,
        'counts', (SELECT jsonb_object_agg(c.status, c.contacts)
                   FROM (SELECT status, count(*) AS contacts FROM contacts WHERE job_id = j.id GROUP BY status) c))
      FROM batch_jobs j JOIN webhook_endpoints e ON e.organization_id = j.organization_id
      WHERE j.id = %(job)s AND {_WANTS}
      RETURNING endpoint_id
    ) {_ANNOUNCE}
"""  # noqa: S608 — our own constants
_WITHDRAW = """
    DELETE FROM webhook_deliveries
    WHERE job_id = (SELECT job_id FROM contacts WHERE id = %(contact)s) AND contact_id = %(contact)s
      AND type = 'contact.finished' AND status = 'pending' AND attempts = 0
"""
_FINISHED = """
    SELECT tell_contact_finished(c, '{}') FROM contacts c
    WHERE c.id = %(contact)s AND c.status NOT IN ('pending', 'queued', 'dialing')
"""
_REPORTED = """
    WITH hurried AS (
      UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp()
      WHERE job_id = (SELECT job_id FROM contacts WHERE id = %(contact)s) AND contact_id = %(contact)s
        AND status = 'pending' AND attempts = 0
      RETURNING endpoint_id
    ), waking AS (
      SELECT count(announce(%(channel)s, endpoint_id)) FROM hurried
    )
    SELECT tell_contact_finished(c, ARRAY(SELECT endpoint_id FROM hurried)), (SELECT * FROM waking)
    FROM contacts c WHERE c.id = %(contact)s AND c.status NOT IN ('pending', 'queued', 'dialing')
"""


async def queue_job_event(connection: AnyConnection, job_id: str, type: EventType) -> None:
    """Queue that a job was started, paused, resumed or has ended, as it stands in this transaction."""
    await run(connection, _JOB, {"type": type, "job": job_id, "channel": CHANNEL})


async def withdraw_contact_event(connection: AnyConnection, contact_id: str) -> None:
    """What was not sent yet of a contact's end is not so any more."""
    await run(connection, _WITHDRAW, {"contact": contact_id})


async def queue_contact_event(connection: AnyConnection, contact_id: str) -> None:
    """Queue that a contact is final, as it stands in this transaction; nothing where it is not."""
    await run(connection, _FINISHED, {"contact": contact_id})


async def queue_report_event(connection: AnyConnection, contact_id: str) -> None:
    """An agent reported its call: events not sent yet go out with the report; what was sent is sent again."""
    await run(connection, _REPORTED, {"contact": contact_id, "channel": CHANNEL})
