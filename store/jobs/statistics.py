"""How the calls of a job went, and when: for whoever watches it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.models import Outcome
from domain.model import Model
from store.archive.reading import IS_OLD
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.errors import NotFound

MAX_BUCKETS = 60
BUCKET_SECONDS = (10, 60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400)
SHORT_CALL_SECONDS = 5  # nobody has a conversation in that

# {dials}: `dials`, or `all_dials` for a job that may be in the archive.
_SPAN = f"""
    SELECT j.id, {IS_OLD} AS is_old, j.dials_dropped_at,
           min(d.asked_at) AS first, max(d.asked_at) AS last, clock_timestamp() AS now,
           min(d.asked_at) FILTER (WHERE d.ended_at IS NULL) AS oldest_live,
           max(d.ended_at) AS last_end,
           count(*) FILTER (WHERE d.outcome = 'answered') AS answered,
           count(*) FILTER (WHERE d.outcome = 'answered' AND d.call_seconds <= {SHORT_CALL_SECONDS}) AS short_calls,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY d.call_seconds) FILTER (WHERE d.outcome = 'answered')
             AS median_seconds
    FROM batch_jobs j LEFT JOIN {{dials}} d ON d.job_id = j.id
    WHERE j.id = :job AND j.organization_id = :organization GROUP BY j.id
"""  # noqa: S608 - our own constants
_OUTCOMES = """
    SELECT outcome, count(*) AS dials FROM {dials} WHERE job_id = :job AND outcome IS NOT NULL
    GROUP BY outcome ORDER BY dials DESC, outcome
"""
_BUCKETS = """
    SELECT to_timestamp(floor(extract(epoch FROM asked_at) / :seconds) * :seconds) AS at,
           count(*) AS placed, count(*) FILTER (WHERE outcome = 'answered') AS answered
    FROM {dials} WHERE job_id = :job GROUP BY 1 ORDER BY 1
"""
_REPORT = text("SELECT validation FROM batch_jobs WHERE id = :job AND organization_id = :organization")
_WAITING = text("""
    SELECT count(*) AS contacts, min(next_retry_at) AS next_at FROM contacts WHERE job_id = :job AND status = 'queued'
""")


class OutcomeCount(Model):
    outcome: Outcome
    dials: int


class Bucket(Model):
    """Calls that were placed from `at` on, for as long as a bucket is."""

    at: datetime
    placed: int
    answered: int


class JobStatistics(Model):
    """A job's dials, counted. Buckets without any are left out; `median_seconds`: of talk, in answered calls."""

    now: datetime
    outcomes: tuple[OutcomeCount, ...]
    bucket_seconds: int
    buckets: tuple[Bucket, ...]
    answered: int
    short_calls: int  # answered, and over within SHORT_CALL_SECONDS
    median_seconds: float | None
    oldest_live: datetime | None  # when it was placed
    last_end: datetime | None  # of any call
    to_be_called_again: int  # contacts
    next_retry_at: datetime | None
    calls_dropped_at: datetime | None = None  # calls were dropped from the archive: they are in no number here


class Statistics:
    """Read only."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def read(self, organization_id: str, job_id: str) -> JobStatistics:
        """Raises NotFound."""
        if not may_exist(job_id):
            raise NotFound("job", job_id)
        async with reading(self._engine) as connection:
            dials, span = await _read_span(connection, organization_id, job_id)
            seconds = bucket_seconds((span["last"] - span["first"]) if span["first"] else timedelta(0))
            outcomes = await _rows(connection, _of(dials, _OUTCOMES), job=job_id)
            buckets = await _rows(connection, _of(dials, _BUCKETS), job=job_id, seconds=seconds)
            [waiting] = await _rows(connection, _WAITING, job=job_id)
        return JobStatistics(
            **{name: span[name] for name in ("now", "answered", "short_calls", "median_seconds", "oldest_live")},
            last_end=span["last_end"],
            outcomes=tuple(OutcomeCount.model_validate(row) for row in outcomes),
            bucket_seconds=seconds,
            buckets=tuple(Bucket.model_validate(row) for row in buckets),
            to_be_called_again=waiting["contacts"],
            next_retry_at=waiting["next_at"],
            calls_dropped_at=span["dials_dropped_at"],
        )

    async def read_report(self, organization_id: str, job_id: str) -> dict[str, Any]:
        """How the contacts were read that the job was created with. Raises NotFound."""
        values = {"job": job_id, "organization": organization_id}
        async with reading(self._engine) as connection:
            found = await _rows(connection, _REPORT, **values) if may_exist(job_id) else []
        if not found:
            raise NotFound("job", job_id)
        report: dict[str, Any] = found[0]["validation"]
        return report


def bucket_seconds(span: timedelta) -> int:
    """The finest of our steps of which no more than MAX_BUCKETS cover the span."""
    return next((step for step in BUCKET_SECONDS if span / step < timedelta(seconds=MAX_BUCKETS)), BUCKET_SECONDS[-1])


async def _read_span(connection: AsyncConnection, organization_id: str, job_id: str) -> tuple[str, RowMapping]:
    """Where the job's calls stand, and what `_SPAN` says of them. Raises NotFound."""
    for dials in ("dials", "all_dials"):
        values = {"job": job_id, "organization": organization_id}
        span = (await connection.execute(_of(dials, _SPAN), values)).mappings().first()
        if span is None:
            break
        if not span["is_old"] or dials == "all_dials":
            return dials, span
    raise NotFound("job", job_id)


def _of(dials: str, query: str) -> TextClause:
    return text(query.format(dials=dials))


async def _rows(connection: AsyncConnection, query: TextClause, **values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(query, values)).mappings()]
