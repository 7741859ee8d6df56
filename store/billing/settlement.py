"""The end of a job's credits: what is left of its hold is released when it has ended and no call of it is live."""

from store.billing.ledger import EntryKind, book
from store.db.engine import AnyConnection, fetch_value

_RELEASE = """
    WITH job AS (SELECT id, hold FROM batch_jobs WHERE id = %(job)s FOR UPDATE)
    UPDATE batch_jobs SET hold = 0 FROM job
    WHERE batch_jobs.id = job.id AND job.hold > 0
      AND batch_jobs.status IN ('completed', 'failed', 'cancelled')
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = %(organization)s AND d.job_id = %(job)s
                      AND d.ended_at IS NULL)
    RETURNING job.hold AS hold
"""


async def release_remaining_hold(connection: AnyConnection, organization_id: str, job_id: str) -> None:
    """Release what is left of the hold, once, if the job has ended and no call of it is live.

    The caller has locked the organization's row.
    """
    left = await fetch_value(connection, _RELEASE, {"job": job_id, "organization": organization_id})
    if left:
        await book(
            connection,
            organization_id=organization_id,
            kind=EntryKind.RELEASE,
            held_delta=-left,
            job_id=job_id,
        )
