"""The database's and the fake carrier's clock follow the time to which workflows skip. No product code knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from temporalio import activity, client, worker

from store.db.engine import Database

# PostgreSQL looks into pg_catalog first only where the search path does not list it.
_INSTALL = """
    CREATE SCHEMA skipped;
    CREATE TABLE skipped.clock (ahead interval NOT NULL);
    INSERT INTO skipped.clock VALUES ('0');
    CREATE FUNCTION skipped.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
      AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM skipped.clock';
    CREATE FUNCTION skipped.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
      AS 'SELECT pg_catalog.statement_timestamp() + ahead FROM skipped.clock';
    CREATE FUNCTION skipped.now() RETURNS timestamptz LANGUAGE sql STABLE
      AS 'SELECT pg_catalog.now() + ahead FROM skipped.clock';
"""
_PATH = "skipped, pg_catalog, public"


class SkippedClock:
    """How far one database's clock is ahead of the real one. It never goes back."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self._ahead = timedelta()

    async def install(self) -> None:
        """Put the clock before PostgreSQL's own, for every connection from now on."""
        async with self._engine.begin() as connection:
            name = (await connection.execute(sa.text("SELECT current_database()"))).scalar_one()
            for statement in _INSTALL.split(";"):
                if statement.strip():
                    await connection.execute(sa.text(statement))
            await connection.execute(sa.text(f'ALTER DATABASE "{name}" SET search_path = {_PATH}'))
        await self._engine.dispose()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    async def follow(self, at: datetime) -> None:
        """Move on to an instant, unless it is past already."""
        ahead = at - datetime.now(UTC)
        if ahead <= self._ahead:
            return
        self._ahead = ahead
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.text("UPDATE skipped.clock SET ahead = greatest(ahead, :ahead)"), {"ahead": ahead}
            )

    def followed_by(self, connected: client.Client) -> client.Client:
        """The same client; workers on it move the clock before each activity."""
        config = connected.config()
        config["interceptors"] = [*config["interceptors"], _Following(self)]
        return client.Client(**config)


class _Following(client.Interceptor, worker.Interceptor):
    def __init__(self, clock: SkippedClock) -> None:
        self._clock = clock

    def intercept_activity(self, next: worker.ActivityInboundInterceptor) -> worker.ActivityInboundInterceptor:
        return _FollowingActivity(next, self._clock)


class _FollowingActivity(worker.ActivityInboundInterceptor):
    def __init__(self, next_: worker.ActivityInboundInterceptor, clock: SkippedClock) -> None:
        super().__init__(next_)
        self._clock = clock

    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:
        await self._clock.follow(activity.info().scheduled_time)
        return await super().execute_activity(input)
