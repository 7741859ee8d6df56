"""A job's status and its gate: started, paused, resumed, cancelled, ended. `_move` is the one compare-and-set.

Whoever has committed a closed gate here knows that no claim passes any more: claims read it under the same lock.
"""

import logging
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.calls import HangUpReason
from domain.deadlines import ASK_LIMIT_SECONDS
from domain.dispatch import Wish
from domain.model import Model
from domain.statuses import JobStatus
from store.database import reading
from store.dial_rows import CHANNEL
from store.errors import NotFound, WrongStatus
from store.ids import may_exist
from store.locks import lock_organization
from store.settling import settle_if_over

logger = logging.getLogger(__name__)

NOT_ENDED = frozenset(status for status in JobStatus if not status.ended)


class Started(Model):
    """`was_scheduled`: a schedule was called off. `contacts`: those not final yet."""

    was_scheduled: bool
    contacts: int
    started_at: datetime


class Cancelled(Model):
    """`contacts`: how many were cancelled now. `live`: calls that were left to end by themselves, or hung up."""

    was: JobStatus
    contacts: int
    live: int


class Control:
    """What operators and workflows do to a job. Said twice, each means the same."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def start_now(self, organization_id: str, job_id: str) -> Started:
        """Start a job that waits. Raises WrongStatus where it does not."""
        async with self._engine.begin() as connection:
            was = await _locked_status(connection, organization_id, job_id)
            started_at = await self._start(connection, job_id)
            if started_at is None:
                raise WrongStatus(was)
            await connection.execute(
                text(
                    "UPDATE contacts SET due_at = clock_timestamp()"
                    " WHERE job_id = :job AND status = 'pending' AND due_at > clock_timestamp()"
                ),
                {"job": job_id},
            )
            return Started(
                was_scheduled=was is JobStatus.SCHEDULED,
                contacts=await _open_contacts(connection, job_id),
                started_at=started_at,
            )

    async def begin(self, organization_id: str, job_id: str) -> JobStatus:
        """The job's own time has come. Changes nothing where somebody was faster; returns where it stands."""
        async with self._engine.begin() as connection:
            was = await _locked_status(connection, organization_id, job_id)
            await mark_workflow_started(connection, job_id)
            return was if await self._start(connection, job_id) is None else JobStatus.RUNNING

    async def pause(self, organization_id: str, job_id: str, reason: str | None = None) -> JobStatus:
        """Close the gate until `resume`. Raises WrongStatus where the job has ended."""
        async with self._engine.begin() as connection:
            was = await _locked_status(connection, organization_id, job_id)
            if was is JobStatus.PAUSED:
                return was
            if not await _move(
                connection,
                job_id,
                NOT_ENDED,
                JobStatus.PAUSED,
                "dialling = false, status_reason = :reason",
                reason=reason,
            ):
                raise WrongStatus(was)
            return JobStatus.PAUSED

    async def resume(self, organization_id: str, job_id: str) -> JobStatus:
        """Go on where `pause` stopped: calling, or waiting for the start. Raises WrongStatus where it has ended."""
        async with self._engine.begin() as connection:
            was = await _locked_status(connection, organization_id, job_id)
            if was.ended:
                raise WrongStatus(was)
            if was is not JobStatus.PAUSED:
                return was
            towards = await _resumed_status(connection, job_id)
            await _move(
                connection,
                job_id,
                {JobStatus.PAUSED},
                towards,
                "dialling = :dialling, status_reason = NULL",
                dialling=towards is JobStatus.RUNNING,
            )
            return towards

    async def cancel(self, organization_id: str, job_id: str, *, hang_up: bool = False) -> Cancelled:
        """End a job: everybody who is not on the phone is cancelled; with `hang_up` live calls are ended too.

        Raises WrongStatus where the job has ended, unless it was cancelled, still has live calls and they are to be
        hung up.
        """
        async with self._engine.begin() as connection:
            was = await _locked_status(connection, organization_id, job_id)
            moved = await _move(
                connection,
                job_id,
                NOT_ENDED,
                JobStatus.CANCELLED,
                "dialling = false, status_reason = NULL, completed_at = clock_timestamp()",
            )
            live = await _live(connection, organization_id, job_id)
            if not moved and not (was is JobStatus.CANCELLED and hang_up and live):
                raise WrongStatus(was)
            contacts = await _cancel_contacts(connection, job_id) if moved else 0
            if hang_up:
                await _hang_up(connection, organization_id, job_id)
            await settle_if_over(connection, organization_id, job_id)
            return Cancelled(was=was, contacts=contacts, live=live)

    async def complete(self, organization_id: str, job_id: str) -> bool:
        """Mark a job completed once every contact is final; False while one is not, or where it has ended."""
        async with self._engine.begin() as connection:
            await _locked_status(connection, organization_id, job_id)
            if await _open_contacts(connection, job_id):
                return False
            moved = await _move(
                connection,
                job_id,
                {JobStatus.RUNNING, JobStatus.PAUSED},
                JobStatus.COMPLETED,
                "dialling = false, completed_at = clock_timestamp()",
            )
            await settle_if_over(connection, organization_id, job_id)
            return moved

    async def fail(self, organization_id: str, job_id: str, reason: str) -> bool:
        """End a job that cannot go on. Contacts not on the phone are cancelled, and say why."""
        async with self._engine.begin() as connection:
            await _locked_status(connection, organization_id, job_id)
            moved = await _move(
                connection,
                job_id,
                NOT_ENDED,
                JobStatus.FAILED,
                "dialling = false, completed_at = clock_timestamp(), status_reason = :reason",
                reason=reason,
            )
            if moved:
                await _cancel_contacts(connection, job_id, f"The job failed: {reason}")
            await settle_if_over(connection, organization_id, job_id)
            return moved

    async def obey(self, organization_id: str, job_id: str, wish: Wish) -> None:
        """Do what an operator wishes from Temporal's side; what the status does not allow changes nothing."""
        try:
            match wish:
                case Wish.START_NOW:
                    await self.start_now(organization_id, job_id)
                case Wish.PAUSE:
                    await self.pause(organization_id, job_id)
                case Wish.RESUME:
                    await self.resume(organization_id, job_id)
                case Wish.CANCEL | Wish.CANCEL_AND_HANG_UP:
                    hang_up = wish is Wish.CANCEL_AND_HANG_UP
                    await self.cancel(organization_id, job_id, hang_up=hang_up)
        except WrongStatus as refusal:
            logger.info("job %s: %s changes nothing, it is %s", job_id, wish, refusal.status)

    async def change_limit(self, organization_id: str, job_id: str, limit: int) -> None:
        """Set the job's own limit, 1 to 50 lines. A lowered one takes effect as calls end."""
        async with self._engine.begin() as connection:
            await _locked_status(connection, organization_id, job_id)
            await connection.execute(
                text("UPDATE batch_jobs SET concurrent_call_limit = :limit WHERE id = :job"),
                {"job": job_id, "limit": limit},
            )

    async def reschedule(self, organization_id: str, job_id: str, start: datetime) -> bool:
        """Move the start of a job that has not begun; False where it has."""
        async with self._engine.begin() as connection:
            await _locked_status(connection, organization_id, job_id)
            moved = await connection.execute(
                text(
                    "UPDATE batch_jobs SET scheduled_start_time = :start,"
                    " status = CASE status WHEN 'pending' THEN 'scheduled' ELSE status END"
                    " WHERE id = :job AND actual_start_time IS NULL AND status IN ('pending', 'scheduled', 'paused')"
                ),
                {"job": job_id, "start": start},
            )
            if moved.rowcount:
                await connection.execute(
                    text("UPDATE contacts SET due_at = :start WHERE job_id = :job AND status = 'pending'"),
                    {"job": job_id, "start": start},
                )
            return moved.rowcount == 1

    async def placing(self, job_id: str) -> int:
        """Count the dials whose request may be on its way: asked within ASK_LIMIT, and without a call id yet."""
        async with reading(self._engine) as connection:
            return int(
                (
                    await connection.execute(
                        text(
                            "SELECT count(*) FROM dials WHERE job_id = :job AND ended_at IS NULL AND call_id IS NULL"
                            " AND asked_at > clock_timestamp() - make_interval(secs => :limit)"
                        ),
                        {"job": job_id, "limit": ASK_LIMIT_SECONDS},
                    )
                ).scalar_one()
            )

    async def _start(self, connection: AsyncConnection, job_id: str) -> datetime | None:
        if not await _move(
            connection,
            job_id,
            {JobStatus.PENDING, JobStatus.SCHEDULED},
            JobStatus.RUNNING,
            "dialling = true, actual_start_time = clock_timestamp()",
        ):
            return None
        query = text("SELECT actual_start_time FROM batch_jobs WHERE id = :job")
        started_at: datetime = (await connection.execute(query, {"job": job_id})).scalar_one()
        return started_at


async def mark_workflow_started(connection: AsyncConnection, job_id: str) -> None:
    """Mark once that the job's workflow exists: a job that had one is never started again by itself."""
    await connection.execute(
        text(
            "UPDATE batch_jobs SET workflow_started_at = clock_timestamp()"
            " WHERE id = :job AND workflow_started_at IS NULL"
        ),
        {"job": job_id},
    )


async def _locked_status(connection: AsyncConnection, organization_id: str, job_id: str) -> JobStatus:
    """Take the organisation's lock, then read. Raises NotFound for a job of somebody else, too."""
    if not may_exist(job_id):
        raise NotFound("job", job_id)
    await lock_organization(connection, organization_id)
    status = (
        await connection.execute(
            text("SELECT status FROM batch_jobs WHERE id = :job AND organization_id = :organization"),
            {"job": job_id, "organization": organization_id},
        )
    ).scalar_one_or_none()
    if status is None:
        raise NotFound("job", job_id)
    return JobStatus(status)


async def _move(
    connection: AsyncConnection,
    job_id: str,
    allowed: Collection[JobStatus],
    to: JobStatus,
    also: str,
    **values: object,
) -> bool:
    """Compare and set: move a job to a status from one of those allowed, and set what goes with it."""
    moved = await connection.execute(
        text(f"UPDATE batch_jobs SET status = :to, {also} WHERE id = :job AND status = ANY(:allowed)"),  # noqa: S608
        {"job": job_id, "to": to, "allowed": sorted(allowed), **values},
    )
    return moved.rowcount == 1


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


async def _live(connection: AsyncConnection, organization_id: str, job_id: str) -> int:
    query = text(
        "SELECT count(*) FROM dials WHERE organization_id = :organization AND job_id = :job AND ended_at IS NULL"
    )
    values = {"organization": organization_id, "job": job_id}
    return int((await connection.execute(query, values)).scalar_one())


async def _cancel_contacts(connection: AsyncConnection, job_id: str, reason: str = "The job was cancelled.") -> int:
    cancelled = await connection.execute(
        text(
            "UPDATE contacts SET status = 'cancelled', failure_reason = :reason, next_retry_at = NULL,"
            " completed_at = clock_timestamp() WHERE job_id = :job AND status IN ('pending', 'queued')"
        ),
        {"job": job_id, "reason": reason},
    )
    return cancelled.rowcount


async def _hang_up(connection: AsyncConnection, organization_id: str, job_id: str) -> None:
    """Write the wish on every live dial, and wake whoever follows it."""
    await connection.execute(
        text("""
            WITH wanted AS (
              UPDATE dials SET hang_up_reason = :reason
              WHERE organization_id = :organization AND job_id = :job AND ended_at IS NULL
              RETURNING id
            )
            SELECT pg_notify(:channel, id) FROM wanted"""),
        {
            "reason": HangUpReason.CALLED_OFF,
            "organization": organization_id,
            "job": job_id,
            "channel": CHANNEL,
        },
    )
