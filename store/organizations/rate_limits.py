"""How many requests a key has made in its running minute: one row for each key, shared by all API processes."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from domain.model import Model
from store.db.engine import Database, reading

SPAN = timedelta(minutes=1)


class Standing(Model):
    """Where a caller stands after a request. `resets_at`: from then on it has the whole limit again."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: datetime
    seconds_left: float  # until then, by the database's clock


class RateLimits:
    """A minute begins with a caller's first request after the last one. What is refused is not counted."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def count(self, caller: str, limit: int) -> Standing:
        """Count a request of a caller, in one statement; at most `limit` a minute are allowed."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_COUNT, {"caller": caller, "limit": limit, "span": SPAN})).one()
        return Standing(
            allowed=row.allowed,
            limit=limit,
            remaining=max(0, limit - row.requests),
            resets_at=row.resets_at,
            seconds_left=row.seconds_left,
        )


_COUNT = sa.text("""
    WITH counted AS (
        INSERT INTO rate_limits AS running (caller, begun_at, requests) VALUES (:caller, now(), 1)
        ON CONFLICT (caller) DO UPDATE SET
            begun_at = CASE WHEN running.begun_at <= now() - :span THEN now() ELSE running.begun_at END,
            requests = CASE WHEN running.begun_at <= now() - :span THEN 1 ELSE running.requests + 1 END
        WHERE running.begun_at <= now() - :span OR running.requests < :limit
        RETURNING begun_at, requests
    ), standing AS (
        SELECT begun_at, requests, true AS allowed FROM counted
        UNION ALL SELECT begun_at, requests, false FROM rate_limits
            WHERE caller = :caller AND NOT EXISTS (SELECT FROM counted)
        UNION ALL SELECT now(), :limit, false WHERE NOT EXISTS (SELECT FROM counted)
    )
    SELECT allowed, requests, begun_at + :span AS resets_at,
        greatest(0, extract(epoch FROM begun_at + :span - now()))::float8 AS seconds_left
    FROM standing LIMIT 1
""").bindparams(sa.bindparam("span", type_=sa.Interval), sa.bindparam("limit", type_=sa.Integer))
