"""What is done to a job's status: started, paused, resumed, cancelled, ended; and to all jobs of an organization."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import SYSTEM, Action
from domain.model import Model
from domain.statuses import JobStatus
from store.audit_log import record_action
from store.billing.settlement import release_remaining_hold
from store.calls.gates import probe_now
from store.calls.in_flight import CallScope, count_live_calls, hang_up_live_calls, withdraw_unrung_calls
from store.contacts.due_times import make_due_now
from store.contacts.transitions import cancel_waiting
from store.db.engine import Database
from store.db.locks import lock_organization
from store.errors import WrongStatus
from store.jobs.status import lock_and_read_status, mark_workflow_started, move, pause_job
from telemetry.metrics import observe_start

MINUTE = timedelta(minutes=1)

CANCELLED = "The job was cancelled."
LATE = "Not reached in time."
STOPPED = "Everything was stopped. Resume the organization."

_STOP = text("UPDATE organizations SET stopped_at = clock_timestamp() WHERE id = :organization AND stopped_at IS NULL")
_RESUME = text("UPDATE organizations SET stopped_at = NULL WHERE id = :organization")
# Somebody wants this very job paused, whatever becomes of the stop.
_PAUSED_FOR_ITSELF = text("""
    UPDATE batch_jobs SET stopped_at = NULL, status_reason = NULL WHERE id = :job AND stopped_at IS NOT NULL
""")
_GATES = text("""
    SELECT p.id AS number_id, p.carrier_account_id AS account_id
    FROM batch_jobs j JOIN phone_numbers p ON p.id = j.phone_number_id WHERE j.id = :job
""")

_VANISHED = text("""
    SELECT CASE WHEN p.removed_at IS NOT NULL THEN 'The number to call from was removed while the job waited.'
                WHEN a.id IS NULL OR a.removed_at IS NOT NULL THEN 'Its agent was removed while the job waited.'
                WHEN p.outbound_agent_id IS NULL THEN 'Its number has no outbound agent any more.' END
    FROM batch_jobs j JOIN phone_numbers p ON p.id = j.phone_number_id LEFT JOIN agents a ON a.id = j.agent_id
    WHERE j.id = :job
""")

# A job without a schedule, or resumed after it, was to start when it was created or resumed.
_START = text("""
    SELECT scheduled_start_time IS NULL OR scheduled_start_time <= greatest(clock_timestamp(), :as_of) AS has_come,
           greatest(created_at, scheduled_start_time, resumed_at) AS at, clock_timestamp() AS now,
           make_interval(mins => start_within_minutes) AS within
    FROM batch_jobs WHERE id = :job
""").bindparams(bindparam("as_of", type_=DateTime(timezone=True)))


class _Start(Model):
    """When a job that waits was to start, UTC; `now` by the database's clock."""

    has_come: bool
    at: datetime
    now: datetime
    within: timedelta

    @property
    def is_missed(self) -> bool:
        return self.now > self.at + self.within


class Started(Model):
    """`was_scheduled`: a schedule was called off. `contacts`: those not final yet."""

    was_scheduled: bool
    contacts: int
    started_at: datetime


class Stopped(Model):
    """`job_ids`: paused now. `live`: calls that were left to end by themselves, or hung up."""

    job_ids: tuple[str, ...]
    live: int


class Cancelled(Model):
    """`contacts`: how many were cancelled now. `live`: calls that were left to end by themselves, or hung up."""

    was: JobStatus
    contacts: int
    live: int


class JobLifecycle:
    """What operators and workflows do to a job. Each is idempotent."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def start_now(self, organization_id: str, job_id: str, *, by: str = SYSTEM) -> Started:
        """Start a job that waits. Raises WrongStatus where it does not, or cannot: then it is paused, with a reason."""
        started = await self._started_now(organization_id, job_id, by)
        if started is None:
            raise WrongStatus(JobStatus.PAUSED)
        return started

    async def _started_now(self, organization_id: str, job_id: str, by: str) -> Started | None:
        async with self._engine.begin() as connection:
            was = await lock_and_read_status(connection, organization_id, job_id)
            if not was.waiting_to_start:
                raise WrongStatus(was)
            if await _pause_if_vanished(connection, organization_id, job_id):
                return None
            started_at = await _start(connection, organization_id, job_id, by)
            await make_due_now(connection, job_id)
            return Started(
                was_scheduled=was is JobStatus.SCHEDULED,
                contacts=await _open_contacts(connection, job_id),
                started_at=started_at,
            )

    async def begin(self, organization_id: str, job_id: str, as_of: datetime | None = None) -> JobStatus:
        """The job's own time has come by `as_of` (UTC). Returns where it stands; changes nothing where somebody was
        faster, or has moved the start.

        A start that was missed by too much, and a number or agent that is gone, pause the job.
        """
        async with self._engine.begin() as connection:
            was = await lock_and_read_status(connection, organization_id, job_id)
            await mark_workflow_started(connection, job_id)
            if not was.waiting_to_start:
                return was
            start = await _read_start(connection, job_id, as_of)
            if not start.has_come:
                return was
            if await _pause_if_vanished(connection, organization_id, job_id):
                return JobStatus.PAUSED
            if await _pause_if_missed(connection, organization_id, job_id, start):
                return JobStatus.PAUSED
            await _start(connection, organization_id, job_id, SYSTEM)
            observe_start(start.now - start.at)
            return JobStatus.RUNNING

    async def pause(
        self, organization_id: str, job_id: str, reason: str | None = None, *, by: str = SYSTEM
    ) -> JobStatus:
        """Close the gate until `resume`. Raises WrongStatus where the job has ended."""
        async with self._engine.begin() as connection:
            was = await lock_and_read_status(connection, organization_id, job_id)
            if was is JobStatus.PAUSED:
                await connection.execute(_PAUSED_FOR_ITSELF, {"job": job_id})
            elif not await pause_job(connection, organization_id, job_id, reason, by=by):
                raise WrongStatus(was)
            await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id, job_id=job_id))
            return JobStatus.PAUSED

    async def resume(self, organization_id: str, job_id: str, *, by: str = SYSTEM) -> JobStatus:
        """Go on where `pause` stopped: calling, or waiting for the start. Raises WrongStatus where it has ended."""
        async with self._engine.begin() as connection:
            was = await lock_and_read_status(connection, organization_id, job_id)
            if was.ended:
                raise WrongStatus(was)
            if was is not JobStatus.PAUSED:
                return was
            return await resume_job(connection, organization_id, job_id, by)

    async def stop(self, organization_id: str, *, hang_up: bool, by: str) -> Stopped:
        """Pause every job of an organization that has not ended; with `hang_up` all live calls are ended too.

        No call starts until `resume_all`, of a job that is created or resumed meanwhile either.
        """
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            stopped = await connection.execute(_STOP, {"organization": organization_id})
            job_ids = await _jobs_that(connection, organization_id, "status IN ('pending', 'scheduled', 'running')")
            for job_id in job_ids:
                await pause_job(connection, organization_id, job_id, STOPPED, by=by)
            await connection.execute(
                text("UPDATE batch_jobs SET stopped_at = clock_timestamp() WHERE id = ANY(:jobs)"), {"jobs": job_ids}
            )
            live = await count_live_calls(connection, organization_id)
            await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id))
            if hang_up:
                await hang_up_live_calls(connection, organization_id)
            if job_ids or stopped.rowcount:
                details = {"jobs": len(job_ids), "hangUp": hang_up}
                await record_action(connection, organization_id, Action.STOPPED, by, details)
            return Stopped(job_ids=tuple(job_ids), live=live)

    async def resume_all(self, organization_id: str, *, by: str) -> tuple[str, ...]:
        """Let calls start again, and the jobs that `stop` paused go on; the ids of those, and of who waited."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            await connection.execute(_RESUME, {"organization": organization_id})
            job_ids = await _jobs_that(connection, organization_id, "status = 'paused' AND stopped_at IS NOT NULL")
            for job_id in job_ids:
                await resume_job(connection, organization_id, job_id, by)
            return tuple(job_ids)

    async def cancel(self, organization_id: str, job_id: str, *, hang_up: bool = False, by: str = SYSTEM) -> Cancelled:
        """End a job: everybody who is not on the phone is cancelled; with `hang_up` live calls are ended too.

        Raises WrongStatus where the job has ended, unless it was cancelled, still has live calls and they are to be
        hung up.
        """
        async with self._engine.begin() as connection:
            was = await lock_and_read_status(connection, organization_id, job_id)
            moved = await move(
                connection,
                job_id,
                "cancel",
                "dialling = false, status_reason = NULL, completed_at = clock_timestamp()",
            )
            live = await count_live_calls(connection, organization_id, job_id)
            if not moved and not (was is JobStatus.CANCELLED and hang_up and live):
                raise WrongStatus(was)
            contacts = await cancel_waiting(connection, job_id, CANCELLED) if moved else 0
            if moved:
                details = {"contacts": contacts, "hangUp": hang_up}
                await record_action(connection, organization_id, Action.CANCELLED, by, details, job_id=job_id)
            await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id, job_id=job_id))
            if hang_up:
                await hang_up_live_calls(connection, organization_id, job_id)
            await release_remaining_hold(connection, organization_id, job_id)
            return Cancelled(was=was, contacts=contacts, live=live)

    async def complete(self, organization_id: str, job_id: str) -> bool:
        """Mark a job completed once every contact is final; False while one is not, or where it has ended."""
        async with self._engine.begin() as connection:
            await lock_and_read_status(connection, organization_id, job_id)
            if await _open_contacts(connection, job_id):
                return False
            moved = await move(
                connection,
                job_id,
                "complete",
                "dialling = false, completed_at = clock_timestamp()",
            )
            if moved:
                await record_action(connection, organization_id, Action.COMPLETED, SYSTEM, job_id=job_id)
            await release_remaining_hold(connection, organization_id, job_id)
            return moved

    async def close(self, organization_id: str, job_id: str, as_of: datetime) -> int:
        """Cancel everybody who is not on the phone, if the job's end time has come by `as_of` (UTC); how many."""
        async with self._engine.begin() as connection:
            await lock_and_read_status(connection, organization_id, job_id)
            over = text("SELECT end_time <= greatest(clock_timestamp(), :as_of) FROM batch_jobs WHERE id = :job")
            if not (await connection.execute(over, {"job": job_id, "as_of": as_of})).scalar_one():
                return 0
            return await cancel_waiting(connection, job_id, LATE)

    async def fail(self, organization_id: str, job_id: str, reason: str) -> bool:
        """End a job that cannot go on. Contacts not on the phone are cancelled, and say why."""
        async with self._engine.begin() as connection:
            await lock_and_read_status(connection, organization_id, job_id)
            moved = await move(
                connection,
                job_id,
                "fail",
                "dialling = false, completed_at = clock_timestamp(), status_reason = %(reason)s",
                reason=reason,
            )
            if moved:
                await cancel_waiting(connection, job_id, f"The job failed: {reason}")
                await record_action(
                    connection, organization_id, Action.FAILED, SYSTEM, {"reason": reason}, job_id=job_id
                )
            await release_remaining_hold(connection, organization_id, job_id)
            return moved


async def _start(connection: AsyncConnection, organization_id: str, job_id: str, by: str) -> datetime:
    """Open the gate of a job that waits."""
    await move(
        connection,
        job_id,
        "start",
        "dialling = true, actual_start_time = clock_timestamp()",
    )
    await record_action(connection, organization_id, Action.STARTED, by, job_id=job_id)
    query = text("SELECT actual_start_time FROM batch_jobs WHERE id = :job")
    started_at: datetime = (await connection.execute(query, {"job": job_id})).scalar_one()
    return started_at


async def resume_job(connection: AsyncConnection, organization_id: str, job_id: str, by: str) -> JobStatus:
    """Let a paused job go on, within a transaction that holds the lock; where it stands now."""
    towards = await _resumed_status(connection, job_id)
    await move(
        connection,
        job_id,
        "resume",
        "dialling = %(dialling)s, status_reason = NULL, stopped_at = NULL, resumed_at = clock_timestamp()",
        to=towards,
        dialling=towards is JobStatus.RUNNING,
    )
    gates = (await connection.execute(_GATES, {"job": job_id})).mappings().one()
    await probe_now(connection, **gates)
    await record_action(connection, organization_id, Action.RESUMED, by, job_id=job_id)
    return towards


async def _pause_if_vanished(connection: AsyncConnection, organization_id: str, job_id: str) -> bool:
    """Pause a job whose number or agent is gone, with a reason: a person decides."""
    reason = (await connection.execute(_VANISHED, {"job": job_id})).scalar_one_or_none()
    if reason is None:
        return False
    return await pause_job(connection, organization_id, job_id, reason, by=SYSTEM)


async def _read_start(connection: AsyncConnection, job_id: str, as_of: datetime | None) -> _Start:
    return _Start.model_validate(
        (await connection.execute(_START, {"job": job_id, "as_of": as_of})).mappings().one(), from_attributes=True
    )


async def _pause_if_missed(connection: AsyncConnection, organization_id: str, job_id: str, start: _Start) -> bool:
    """A start that is made up for too late could call people at any hour: a person decides."""
    if not start.is_missed:
        return False
    reason = (
        f"Its start, {start.at:%Y-%m-%d %H:%M} UTC, was missed by more than {start.within // MINUTE} minutes."
        " Resume it to start now."
    )
    return await pause_job(connection, organization_id, job_id, reason, by=SYSTEM)


async def _jobs_that(connection: AsyncConnection, organization_id: str, condition: str) -> list[str]:
    query = f"SELECT id FROM batch_jobs WHERE organization_id = :organization AND {condition} ORDER BY created_at, id"  # noqa: S608
    return list((await connection.execute(text(query), {"organization": organization_id})).scalars())


async def _resumed_status(connection: AsyncConnection, job_id: str) -> JobStatus:
    """Where a paused job goes on: it had started; its time is still to come; or its time is now."""
    query = text("""
        SELECT CASE WHEN actual_start_time IS NOT NULL THEN 'running'
                    WHEN scheduled_start_time > clock_timestamp() THEN 'scheduled' ELSE 'pending' END
        FROM batch_jobs WHERE id = :job""")
    return JobStatus((await connection.execute(query, {"job": job_id})).scalar_one())


async def _open_contacts(connection: AsyncConnection, job_id: str) -> int:
    query = text("SELECT count(*) FROM contacts WHERE job_id = :job AND status IN ('pending', 'queued', 'dialing')")
    return int((await connection.execute(query, {"job": job_id})).scalar_one())
