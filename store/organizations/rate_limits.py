"""How many requests a key has made in its running minute: one row for each key, shared by all API processes."""

from datetime import datetime, timedelta

from domain.model import Model
from store.db.engine import Database

SPAN = timedelta(minutes=1)


class Standing(Model):
    """Where a caller stands after a request. `resets_at`: from then on it has the whole limit again."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: datetime
    seconds_left: float  # until then, by the database's clock


class _Counted(Model):
    allowed: bool
    requests: int
    resets_at: datetime
    seconds_left: float


class RateLimits:
    """A minute begins with a caller's first request after the last one. What is refused is not counted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, caller: str, limit: int) -> Standing:
        """Count a request of a caller, in one statement; at most `limit` a minute are allowed."""
        async with self._database.reading() as connection:
            row = await connection.fetch_one(_Counted, _COUNT, {"caller": caller, "limit": limit, "span": SPAN})
        assert row is not None  # noqa: S101  one of the three parts of `standing` has a row
        return Standing(limit=limit, remaining=max(0, limit - row.requests), **row.model_dump(exclude={"requests"}))


_COUNT = """
    WITH counted AS (
        INSERT INTO rate_limits AS running (caller, begun_at, requests) VALUES (%(caller)s, now(), 1)
        ON CONFLICT (caller) DO UPDATE SET
            begun_at = CASE WHEN running.begun_at <= now() - %(span)s THEN now() ELSE running.begun_at END,
            requests = CASE WHEN running.begun_at <= now() - %(span)s THEN 1 ELSE running.requests + 1 END
        WHERE running.begun_at <= now() - %(span)s OR running.requests < %(limit)s
        RETURNING begun_at, requests
    ), standing AS (
        SELECT begun_at, requests, true AS allowed FROM counted
        UNION ALL SELECT begun_at, requests, false FROM rate_limits
            WHERE caller = %(caller)s AND NOT EXISTS (SELECT FROM counted)
        UNION ALL SELECT now(), CAST(%(limit)s AS integer), false WHERE NOT EXISTS (SELECT FROM counted)
    )
    SELECT allowed, requests, begun_at + CAST(%(span)s AS interval) AS resets_at,
        greatest(0, extract(epoch FROM begun_at + %(span)s - now()))::float8 AS seconds_left
    FROM standing LIMIT 1
"""
