"""What a job's workflow asks of the record: where the job stands, and who is due."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.dispatch import DueContact, JobPage
from domain.masking import masked
from domain.statuses import JobStatus
from store.claims import held_for_all
from store.control import mark_workflow_started
from store.database import reading

LARGEST_PAGE = 500  # contacts; a page of 500 is about 60 KB in a history


_JOB = text("""
    SELECT j.status, j.status_reason, j.scheduled_start_time, j.hold, j.rate_per_minute,
           least(j.concurrent_call_limit, o.concurrent_call_limit) AS lines,
           o.credits_unlimited, o.balance - o.held AS free, a.closed_until, a.probe_dial_id,
           clock_timestamp() AS now
    FROM batch_jobs j JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE j.id = :job
""")
_COUNTS = text("SELECT status, count(*) AS contacts FROM contacts WHERE job_id = :job GROUP BY status")
_LIVE = text("""
    SELECT id, row, number, dials, attempts FROM contacts WHERE job_id = :job AND status = 'dialing' ORDER BY row
""")
_DUE = text("""
    SELECT id, row, number, dials, attempts FROM contacts
    WHERE job_id = :job AND status IN ('pending', 'queued') AND due_at <= greatest(clock_timestamp(), :as_of)
    ORDER BY due_at, row LIMIT :limit
""")
_NEXT = text("""
    SELECT min(due_at) FROM contacts
    WHERE job_id = :job AND status IN ('pending', 'queued') AND due_at > greatest(clock_timestamp(), :as_of)
""")


class JobProgress:
    """Reads for workflows, and the two marks that they leave."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def workflow_started(self, job_id: str) -> None:
        """Mark that the job's workflow exists."""
        async with self._engine.begin() as connection:
            await mark_workflow_started(connection, job_id)

    async def page(self, job_id: str, as_of: datetime, limit: int) -> JobPage:
        """Read where the job stands, whose call is live, and at most `limit` contacts that are due at `as_of`."""
        async with reading(self._engine) as connection:
            job = (await connection.execute(_JOB, {"job": job_id})).mappings().one()
            counts = (await connection.execute(_COUNTS, {"job": job_id})).mappings().all()
            calling = job["status"] == JobStatus.RUNNING and limit > 0
            values = {"job": job_id, "as_of": as_of, "limit": min(limit, LARGEST_PAGE)}
            live = await _live(connection, job_id)
            due = await _due(connection, values) if calling else []
            return JobPage(
                status=job["status"],
                status_reason=job["status_reason"],
                scheduled_start_time=job["scheduled_start_time"],
                lines=job["lines"],
                counts={row["status"]: row["contacts"] for row in counts},
                due=[*live, *due],
                next_due_at=(await connection.execute(_NEXT, values)).scalar_one() if calling else None,
                held=held_for_all(job) if calling else None,
                more=len(due) == values["limit"],
            )

    async def abandon(self, contact_id: str, reason: str) -> None:
        """End a contact for which our own side failed for good; its job goes on."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE contacts SET status = 'failed', failure_reason = :reason, next_retry_at = NULL,"
                    " completed_at = clock_timestamp() WHERE id = :contact AND status IN ('pending', 'queued')"
                ),
                {"contact": contact_id, "reason": reason},
            )


async def _live(connection: AsyncConnection, job_id: str) -> list[DueContact]:
    rows = (await connection.execute(_LIVE, {"job": job_id})).mappings().all()
    return [
        DueContact(
            contact_id=row["id"],
            row=row["row"],
            ends_in=masked(row["number"]),
            dial=row["dials"],
            attempt=row["attempts"] + 1,
            live=True,
        )
        for row in rows
    ]


async def _due(connection: AsyncConnection, values: dict[str, object]) -> list[DueContact]:
    rows = (await connection.execute(_DUE, values)).mappings().all()
    return [
        DueContact(
            contact_id=row["id"],
            row=row["row"],
            ends_in=masked(row["number"]),
            dial=row["dials"] + 1,
            attempt=row["attempts"] + 1,
        )
        for row in rows
    ]
