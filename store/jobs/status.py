"""A job's status and gate, as every transaction reads and moves them. No code but `move` changes a status.

Once a closed gate is committed no claim passes any more: claims read it under the same lock.
"""

from collections.abc import Collection, Mapping

from domain.audit import SYSTEM, Action
from domain.statuses import JobStatus
from domain.statuses import JobStatus as S
from store.audit_log import record_action
from store.db.engine import AnyConnection, fetch_value, run
from store.db.ids import may_exist
from store.db.locks import lock_organization
from store.errors import NotFound

WAITING = (S.PENDING, S.SCHEDULED)
OPEN = (*WAITING, S.RUNNING, S.PAUSED)

# From which statuses a job may move, and to which. It enters as pending or as scheduled (repository.py).
TRANSITIONS: Mapping[str, tuple[Collection[S], Collection[S]]] = {
    "start": (WAITING, (S.RUNNING,)),
    "reschedule": ((S.PENDING,), (S.SCHEDULED,)),
    "pause": ((*WAITING, S.RUNNING), (S.PAUSED,)),
    "pause_running": ((S.RUNNING,), (S.PAUSED,)),
    "resume": ((S.PAUSED,), (*WAITING, S.RUNNING)),
    "complete": ((S.RUNNING, S.PAUSED), (S.COMPLETED,)),
    "cancel": (OPEN, (S.CANCELLED,)),
    "fail": (OPEN, (S.FAILED,)),
}


async def lock_and_read_status(connection: AnyConnection, organization_id: str, job_id: str) -> JobStatus:
    """Take the organization's lock, then read. Raises NotFound for a job of somebody else, too."""
    if not may_exist(job_id):
        raise NotFound("job", job_id)
    await lock_organization(connection, organization_id)
    query = "SELECT status FROM batch_jobs WHERE id = %(job)s AND organization_id = %(organization)s"
    status = await fetch_value(connection, query, {"job": job_id, "organization": organization_id})
    if status is None:
        raise NotFound("job", job_id)
    return JobStatus(status)


async def move(
    connection: AnyConnection,
    job_id: str,
    transition: str,
    also: str = "",
    to: JobStatus | None = None,
    **values: object,
) -> bool:
    """Compare and set: take a job through one of TRANSITIONS, and set what goes with it; False where it may not.

    `to`: which of several statuses. Raises ValueError for one to which the transition does not lead.
    """
    allowed, targets = TRANSITIONS[transition]
    [target] = (status for status in targets if to in (None, status))
    more = f", {also}" if also else ""
    query = f"UPDATE batch_jobs SET status = %(to)s{more} WHERE id = %(job)s AND status = ANY(%(allowed)s)"  # noqa: S608
    moved = await run(connection, query, {"job": job_id, "to": target, "allowed": sorted(allowed), **values})
    return moved == 1


async def pause_job(
    connection: AnyConnection,
    organization_id: str,
    job_id: str,
    reason: str | None,
    *,
    by: str,
    transition: str = "pause",
) -> bool:
    """Close the gate of a job within a transaction that holds the lock, and record why."""
    also = "dialling = false, status_reason = %(reason)s"
    paused = await move(connection, job_id, transition, also, reason=reason)
    if paused:
        details = {} if reason is None else {"reason": reason}
        await record_action(connection, organization_id, Action.PAUSED, by, details, job_id=job_id)
    return paused


async def pause_if_running(connection: AnyConnection, organization_id: str, job_id: str, reason: str) -> None:
    """Pause a job by a rule of our own, if it is calling."""
    await pause_job(connection, organization_id, job_id, reason, by=SYSTEM, transition="pause_running")


async def mark_workflow_started(connection: AnyConnection, job_id: str) -> None:
    """Mark once that the job's workflow exists: a job that had one is never started again by itself."""
    query = (
        "UPDATE batch_jobs SET workflow_started_at = clock_timestamp()"
        " WHERE id = %(job)s AND workflow_started_at IS NULL"
    )
    await run(connection, query, {"job": job_id})
