"""Dials of jobs that ended long ago go to the archive, and with them what carriers reported of them.

A few at a time, each batch in a transaction: a crash leaves it where it was, or moved. What is open, was counted for
the last time by nobody yet, or is of a job that ended lately stays. Deleted jobs leave their dials, which follow.
"""

from datetime import datetime

from domain.calls.archive import MIN_ARCHIVE_DAYS
from store.archive.partitions import make_partitions, month_of
from store.db.engine import Database
from store.db.pool import Values
from store.tables import carrier_events, dials

BATCH_SIZE = 1_000  # dials of a transaction: about 100 ms
MAX_BATCHES = 10  # of a job, in a round
MAX_JOBS = 10  # of a round

_ENDED = "('completed', 'failed', 'cancelled')"
_LONG_AGO = "statement_timestamp() - make_interval(days => %(days)s)"
_JOBS = f"""
    SELECT j.id FROM batch_jobs j
    WHERE j.completed_at < {_LONG_AGO} AND j.dials_archived_at IS NULL AND j.statistics_due_at IS NULL
      AND j.status IN {_ENDED}
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.job_id = j.id AND d.ended_at >= {_LONG_AGO})
      AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.organization_id = j.organization_id AND d.job_id = j.id
                      AND d.ended_at IS NULL)
    ORDER BY j.completed_at LIMIT {MAX_JOBS}
"""  # noqa: S608 — our own constants
# What jobs left that were deleted. The others' are gone by then, but for those of jobs that have not ended.
_DELETED_JOBS = f"""
    SELECT DISTINCT left_over.job_id FROM organizations o CROSS JOIN LATERAL (
      SELECT d.job_id FROM dials d
      WHERE d.organization_id = o.id AND d.asked_at < {_LONG_AGO} AND d.ended_at < {_LONG_AGO}
        AND NOT EXISTS (SELECT 1 FROM batch_jobs j WHERE j.id = d.job_id)
      ORDER BY d.asked_at LIMIT {BATCH_SIZE}
    ) AS left_over LIMIT {MAX_JOBS}
"""  # noqa: S608
_MONTHS = f"""
    SELECT DISTINCT date_trunc('month', asked_at, 'UTC') FROM dials WHERE job_id = %(job)s AND ended_at < {_LONG_AGO}
"""  # noqa: S608
# Whoever changes one just now keeps it until the next round.
_LOCK = f"""
    SELECT d.id FROM dials d
    WHERE d.job_id = %(job)s AND d.ended_at < {_LONG_AGO}
      AND NOT EXISTS (SELECT 1 FROM batch_jobs j WHERE j.id = %(job)s
                      AND (j.status NOT IN {_ENDED} OR j.completed_at IS NULL OR j.completed_at >= {_LONG_AGO}
                           OR j.statistics_due_at IS NOT NULL))
    LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED
"""  # noqa: S608
_DIAL = ", ".join(column.name for column in dials.columns)
_EVENT = ", ".join(column.name for column in carrier_events.columns)
_EVENT_OF = ", ".join(f"event.{column.name}" for column in carrier_events.columns)
_MOVE = f"""
    WITH moved AS (
      DELETE FROM dials WHERE id = ANY(%(ids)s) RETURNING {_DIAL}
    ), event AS (
      DELETE FROM carrier_events WHERE dial_id = ANY(%(ids)s) RETURNING {_EVENT}
    ), events AS (
      INSERT INTO old_carrier_events ({_EVENT}, asked_at)
      SELECT {_EVENT_OF}, moved.asked_at FROM event JOIN moved ON moved.id = event.dial_id
    )
    INSERT INTO old_dials ({_DIAL}) SELECT {_DIAL} FROM moved
"""  # noqa: S608
_MARK = """
    UPDATE batch_jobs SET dials_archived_at = clock_timestamp()
    WHERE id = %(job)s AND dials_archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM dials d WHERE d.job_id = %(job)s)
"""


class CallArchive:
    """For the reconciler: moving twice, or at the same time, comes to the same.

    `after_days`: how long ago a job ended whose calls are moved, MIN_ARCHIVE_DAYS at least; None: none are.
    """

    def __init__(self, database: Database, after_days: int | None) -> None:
        if after_days is not None and after_days < MIN_ARCHIVE_DAYS:
            raise ValueError(f"Calls are needed for {MIN_ARCHIVE_DAYS} days where they are.")
        self._database = database
        self._after_days = after_days

    async def list_due(self) -> list[str]:
        """The ids of jobs whose calls are to be moved, those that ended first before the others; deleted ones last."""
        if self._after_days is None:
            return []
        values = {"days": self._after_days}
        async with self._database.reading() as connection:
            return await connection.fetch_values(_JOBS, values) or await connection.fetch_values(_DELETED_JOBS, values)

    async def move(self, job_id: str) -> int:
        """Move the calls of a job, MAX_BATCHES at most; how many dials went."""
        if self._after_days is None:
            return 0
        values = {"job": job_id, "days": self._after_days}
        async with self._database.reading() as connection:
            months: list[datetime] = await connection.fetch_values(_MONTHS, values)
        for month in months:
            await make_partitions(self._database, month_of(month))
        moved = 0
        for _ in range(MAX_BATCHES):
            count = await self._move_batch(values)
            moved += count
            if count < BATCH_SIZE:
                break
        async with self._database.reading() as connection:
            await connection.run(_MARK, {"job": job_id})
        return moved

    async def _move_batch(self, values: Values) -> int:
        """Locked first: what a carrier reports meanwhile is there when it is moved."""
        async with self._database.transaction() as connection:
            ids = await connection.fetch_values(_LOCK, {**values, "most": BATCH_SIZE})
            return await connection.run(_MOVE, {"ids": ids}) if ids else 0
