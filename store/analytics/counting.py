"""Calls summed up, for a whole job at a time: whoever counts again corrects what came late.

Nothing is written where a call ends. A job is counted from its start on, a minute after it was last, rarer where
nothing changed, and for the last times soon after its end and a day later: by then reports that come late have come.
Test calls are not counted: they say nothing of the people who are called.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.analytics.counts import ANSWERED, CHARGED, COUNTED, CallCounts, Cell, CountedCalls, sum_by_cell
from store.archive.reading import IS_OLD
from store.db.engine import Database, reading
from store.tables import call_statistics

MAX_JOBS = 20  # counted in a round, the longest due first: 10,000 contacts take about 50 ms

_DUE = text("""
    SELECT id FROM batch_jobs WHERE statistics_due_at <= statement_timestamp()
    ORDER BY statistics_due_at LIMIT :most
""")
# Where the contact's own zone is unknown, its day is that of the job.
_COUNT = """
    WITH called AS (
      SELECT d.*, 1 + count(*) FILTER (WHERE d.outcome = ANY(:charged)) OVER (
               PARTITION BY d.contact_id ORDER BY d.number_of_dial ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
             ) AS attempt
      FROM {dials} d WHERE d.job_id = :job AND d.ended_at IS NOT NULL
    )
    SELECT date_bin('15 minutes', called.asked_at, timestamptz '2000-01-01 00:00:00Z') AS at,
           coalesce(c.zones ->> 0, j.timezone) AS zone, c.country, called.from_number, called.attempt,
           count(*) AS attempts,
           count(*) FILTER (WHERE called.outcome = ANY(:answered)) AS answered,
           count(*) FILTER (WHERE called.outcome = ANY(:answered) AND called.answered_by = 'human') AS people,
           count(*) FILTER (WHERE called.outcome = ANY(:answered) AND called.answered_by = 'machine') AS machines,
           coalesce(sum(called.call_seconds), 0) AS talk_seconds, coalesce(sum(called.cost), 0) AS cost
    FROM called JOIN batch_jobs j ON j.id = called.job_id LEFT JOIN contacts c ON c.id = called.contact_id
    WHERE called.outcome = ANY(:counted) AND NOT j.test
    GROUP BY 1, 2, 3, 4, 5
"""
_COUNT_NEW, _COUNT_OLD = (text(_COUNT.format(dials=dials)) for dials in ("dials", "all_dials"))
_OUTCOMES = {"charged": sorted(CHARGED), "answered": sorted(ANSWERED), "counted": sorted(COUNTED)}
_BEGIN = text(f"""
    SELECT organization_id, clock_timestamp() AS now, {IS_OLD} AS is_old, dials_dropped_at,
           (SELECT coalesce(sum(s.attempts), 0) FROM call_statistics s WHERE s.job_id = j.id) AS before
    FROM batch_jobs j WHERE id = :job
""")  # noqa: S608 - our own constants
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:job, 0))")
# `completed_at` is when its status became a last one; live calls may end later.
_MARK = text("""
    UPDATE batch_jobs SET statistics_counted_at = :now, statistics_due_at = CASE
      WHEN completed_at IS NULL AND :changed THEN :now + interval '1 minute' + make_interval(secs => :seconds)
      WHEN completed_at IS NULL
        THEN :now + least(interval '15 minutes', greatest(interval '1 minute', 2 * (:now - statistics_counted_at)))
      WHEN :now < completed_at + interval '10 minutes' THEN completed_at + interval '10 minutes'
      WHEN :now < completed_at + interval '1 day' THEN completed_at + interval '1 day'
    END
    WHERE id = :job
""").bindparams(sa.bindparam("now", type_=sa.DateTime(timezone=True)), sa.bindparam("changed", type_=sa.Boolean))
ROWS_A_SECOND = 100  # of a job that runs: one of 10,000 attempts is counted every 160 seconds


class CallCounting:
    """For the reconciler: counting twice, or at the same time, comes to the same."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def list_due(self) -> Sequence[str]:
        """The ids of jobs to be counted, the longest due first."""
        async with reading(self._engine) as connection:
            return (await connection.execute(_DUE, {"most": MAX_JOBS})).scalars().all()

    async def count(self, job_id: str) -> None:
        """Count a job anew, and say when it is due again. One that is deleted meanwhile stays as it was counted."""
        async with self._engine.begin() as connection:
            counted = await count_job(connection, job_id)
        if counted is not None:  # on its own: the job's row is what every outcome writes to
            async with self._engine.begin() as connection:
                await connection.execute(_MARK, counted)


async def count_job(connection: AsyncConnection, job_id: str) -> Mapping[str, Any] | None:
    """Write a job's sums anew; None where it is not there. What `_MARK` needs to know of it.

    Of a job whose calls were dropped from the archive the sums stay as they were counted last.
    """
    await connection.execute(_ALONE, {"job": job_id})
    job = (await connection.execute(_BEGIN, {"job": job_id})).mappings().one_or_none()
    if job is None or job["dials_dropped_at"] is not None:
        return None
    count = _COUNT_OLD if job["is_old"] else _COUNT_NEW
    rows = (await connection.execute(count, {"job": job_id, **_OUTCOMES})).mappings()
    cells = sum_by_cell(CountedCalls(**row, counts=CallCounts.model_validate(row)) for row in rows)
    await connection.execute(sa.delete(call_statistics).where(call_statistics.c.job_id == job_id))
    whose = {"job_id": job_id, "organization_id": job["organization_id"]}
    if cells:
        await connection.execute(sa.insert(call_statistics), [_row(whose, *cell) for cell in cells.items()])
    attempts = sum(counts.attempts for counts in cells.values())
    return {
        "job": job_id,
        "now": job["now"],
        "changed": attempts != job["before"],
        "seconds": attempts / ROWS_A_SECOND,
    }


def _row(whose: Mapping[str, str], cell: Cell, counts: CallCounts) -> dict[str, Any]:
    return {**whose, **cell.model_dump(), **counts.model_dump()}
