"""What a job's workflow reads: where the job stands, and who is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.calls.dispatch import DueContact, JobPage
from domain.calls.retries import RetryPolicy
from domain.model import Model
from domain.phone.masking import mask_number, mask_numbers
from domain.statuses import ContactStatus, JobStatus
from store.calls.claim_rules import LIVE_MINUTES, WholeJobFacts, check_whole_job, find_opening
from store.calls.gates import GATE_FACTS
from store.contacts.due_times import postpone_zones
from store.contacts.transitions import fail_waiting
from store.db.engine import Database
from store.db.locks import lock_organization
from store.db.pool import Connection
from store.jobs.status import mark_workflow_started


class JobRow(WholeJobFacts):
    """Where a job stands. `at`: the instant for which a page is read."""

    organization_id: str
    name: str
    status: JobStatus
    status_reason: str | None
    scheduled_start_time: datetime | None
    end_time: datetime | None
    priority: int
    retry_policy: RetryPolicy
    lines: int
    contacts_without_zone: int
    at: datetime


class _Contact(Model):
    id: str
    row: int
    number: str
    dials: int
    attempts: int


class _Count(Model):
    status: ContactStatus
    contacts: int


class _Following(Model):
    due_at: datetime
    held_reason: str | None


ClosedZones = tuple[list[str], datetime]  # zones as a contact has them, and when their window opens

MAX_PAGE_SIZE = 500  # contacts; a page of 500 is about 60 KB in a history


_JOB = f"""
    SELECT j.organization_id, j.name, j.status, j.status_reason, j.scheduled_start_time, j.end_time, j.priority,
           j.hold, j.rate_per_minute, j.spent, j.max_cost, j.retry_policy,
           j.calling_window AS job_window, o.calling_window AS organization_window,
           least(j.concurrent_call_limit, greatest(o.concurrent_call_limit - o.reserved_lines, 0)) AS lines,
           o.credits_unlimited, o.balance - o.held AS free, {LIVE_MINUTES} AS live_minutes,
           {GATE_FACTS},
           (SELECT count(*) FROM contacts c WHERE c.job_id = j.id AND c.held_reason = 'timezone'
             AND c.status IN ('pending', 'queued')) AS contacts_without_zone,
           greatest(clock_timestamp(), %(as_of)s) AS at, clock_timestamp() AS now
    FROM batch_jobs j JOIN organizations o ON o.id = j.organization_id
    JOIN phone_numbers p ON p.id = j.phone_number_id JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE j.id = %(job)s
"""  # noqa: S608 — our own constants
_COUNTS = "SELECT status, count(*) AS contacts FROM contacts WHERE job_id = %(job)s GROUP BY status"
_LIVE = """
    SELECT id, row, number, dials, attempts FROM contacts WHERE job_id = %(job)s AND status = 'dialing' ORDER BY row
"""
_DUE = """
    SELECT id, row, number, dials, attempts FROM contacts
    WHERE job_id = %(job)s AND status IN ('pending', 'queued') AND due_at <= %(at)s
    ORDER BY {order} LIMIT %(limit)s
"""
_OLDEST_FIRST = _DUE.format(order="due_at, row")
_RETRIES_FIRST = _DUE.format(order="status DESC, due_at, row")  # queued, then pending
_NEXT = """
    SELECT due_at, held_reason FROM contacts
    WHERE job_id = %(job)s AND status IN ('pending', 'queued') AND due_at > %(at)s
      AND held_reason IS DISTINCT FROM 'timezone'
    ORDER BY due_at LIMIT 1
"""
_ZONES_DUE = """
    SELECT DISTINCT zones FROM contacts WHERE job_id = %(job)s AND status IN ('pending', 'queued') AND due_at <= %(at)s
"""


_WHOSE = "SELECT organization_id FROM contacts WHERE id = %(contact)s"

DELETED = JobPage(  # only a job that has ended can be
    status=JobStatus.CANCELLED,
    status_reason=None,
    scheduled_start_time=None,
    lines=0,
    counts={},
    due=[],
    next_due_at=None,
)


class DuePages:
    """What workflows read, and the two marks that they leave. `speed` as in Claims."""

    def __init__(self, database: Database, speed: float = 1.0) -> None:
        self._database = database
        self._speed = speed

    async def mark_workflow_started(self, job_id: str) -> None:
        """Mark that the job's workflow exists."""
        async with self._database.transaction() as connection:
            await mark_workflow_started(connection, job_id)

    async def read(self, job_id: str, as_of: datetime, limit: int) -> JobPage:
        """Read where the job stands, whose call is live, and at most `limit` contacts that are due at `as_of`.

        Whoever is due outside the calling window is due when it opens, from then on.
        """
        async with self._database.reading() as connection:
            which = {"job": job_id, "as_of": as_of, "speed": self._speed}
            job = await connection.fetch_one(JobRow, _JOB, which)
            if job is None:
                return DELETED
            values = {"job": job_id, "at": job.at, "limit": min(limit, MAX_PAGE_SIZE)}
            closed = await _find_closed(connection, job, values)
            if not closed:
                return await _page(connection, job, values)
        # On a connection of its own, after the other was given back: whoever held one and waited for a second would
        # wait for ever where as many pages as the pool has connections do the same.
        await self._postpone(job, values, closed)
        async with self._database.reading() as connection:
            return await _page(connection, job, values)

    async def abandon(self, contact_id: str, reason: str) -> None:
        """End a contact for which our own side failed for good; its job goes on.

        Without the organization's lock a claim under way would dial it all the same.
        """
        async with self._database.transaction() as connection:
            whose = await connection.fetch_value(_WHOSE, {"contact": contact_id})
            if whose is None:
                return
            await lock_organization(connection, whose)
            await fail_waiting(connection, contact_id, reason)

    async def _postpone(self, job: JobRow, values: Mapping[str, Any], closed: Sequence[ClosedZones]) -> None:
        """All contacts of a zone at once."""
        async with self._database.transaction() as connection:
            await lock_organization(connection, job.organization_id)
            await postpone_zones(connection, values["job"], job.at, closed)


async def _find_closed(connection: Connection, job: JobRow, values: Mapping[str, Any]) -> list[ClosedZones]:
    """The zones of those who are due outside the calling window, each with the instant at which it opens."""
    window = job.calling_window
    if window is None or not _is_calling(job, values):
        return []
    due_in = await connection.fetch_values(_ZONES_DUE, values)
    opens = [(zones, find_opening(window, zones, job.at)) for zones in due_in]
    return [(zones, at) for zones, at in opens if at > job.at]


async def _page(connection: Connection, job: JobRow, values: Mapping[str, Any]) -> JobPage:
    calling = _is_calling(job, values)
    counts = await connection.fetch_all(_Count, _COUNTS, {"job": values["job"]})
    live = await _live(connection, values["job"])
    due = await _due(connection, job, values) if calling else []
    following = await connection.fetch_one(_Following, _NEXT, values) if calling else None
    return JobPage(
        status=job.status,
        status_reason=None if job.status_reason is None else mask_numbers(job.status_reason),
        scheduled_start_time=job.scheduled_start_time,
        lines=job.lines,
        counts={row.status: row.contacts for row in counts},
        due=[*live, *due],
        next_due_at=None if following is None else following.due_at,
        held=check_whole_job(job) if calling else None,
        more=len(due) == values["limit"],
        next_due_reason=None if following is None else following.held_reason,
        name=mask_numbers(job.name),
        priority=job.priority,
        end_time=job.end_time,
        contacts_without_zone=job.contacts_without_zone,
    )


def _is_calling(job: JobRow, values: Mapping[str, Any]) -> bool:
    return bool(job.status is JobStatus.RUNNING and values["limit"] > 0)


async def _live(connection: Connection, job_id: str) -> list[DueContact]:
    rows = await connection.fetch_all(_Contact, _LIVE, {"job": job_id})
    return [
        DueContact(
            contact_id=row.id,
            row=row.row,
            ends_in=mask_number(row.number),
            dial=row.dials,
            attempt=row.attempts + 1,
            live=True,
        )
        for row in rows
    ]


async def _due(connection: Connection, job: JobRow, values: Mapping[str, Any]) -> list[DueContact]:
    query = _RETRIES_FIRST if job.retry_policy.retries_first else _OLDEST_FIRST
    rows = await connection.fetch_all(_Contact, query, values)
    return [
        DueContact(
            contact_id=row.id,
            row=row.row,
            ends_in=mask_number(row.number),
            dial=row.dials + 1,
            attempt=row.attempts + 1,
        )
        for row in rows
    ]
