"""Which process listens to a carrier: one for each account, and another one as soon as it is gone.

Two advisory locks of one connection: the first is the lease, the second says that the stream is up. PostgreSQL
releases both when the process dies.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy import text

from store.db.engine import Database, reading
from store.db.listen import FAILURES, conninfo

LEASE, STREAM = 0x0D1A1, 0x0D1A2  # the first half of a lock's key; the account makes the second
CHECK_INTERVAL_SECONDS = 0.2
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)

_STREAM = text("""
    SELECT EXISTS (
      SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND d.datname = current_database()
        AND l.classid = CAST(:kind AS bigint)::oid AND l.objid = CAST(:account AS bigint)::oid
    )
""")

_OPEN = text("""
    SELECT id FROM dials
    WHERE split_part(carrier_account_id, '_', 1) = :account AND ended_at IS NULL AND call_id IS NOT NULL
""")


class StreamLeases:
    """Each by its account's id."""

    def __init__(self, engine: Database, database_url: str) -> None:
        self._engine = engine
        self._conninfo = conninfo(database_url, "outdial-stream")

    async def is_streaming(self, account: str) -> bool:
        """Whether a process receives the events of an account now."""
        async with reading(self._engine) as connection:
            values = {"kind": STREAM, "account": _key(account)}
            return bool((await connection.execute(_STREAM, values)).scalar_one())

    async def list_open_dials(self, account: str) -> list[str]:
        """The ids of dials whose calls may have moved unnoticed, those of its carrier's other accounts too."""
        async with reading(self._engine) as connection:
            return [*(await connection.execute(_OPEN, {"account": account})).scalars()]

    @asynccontextmanager
    async def hold(self, account: str) -> AsyncIterator["Lease"]:
        """Wait until nobody else holds the lease, however long that takes."""
        connection = await self._connect_and_lock(account)
        lease = Lease(self._conninfo, _key(account), connection)
        try:
            yield lease
        finally:
            await lease.close()

    async def _connect_and_lock(self, account: str) -> psycopg.AsyncConnection:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
                try:
                    await connection.execute("SELECT pg_advisory_lock(%s, %s)", (LEASE, _key(account)))
                    return connection
                except BaseException:
                    await connection.close()
                    raise
            except FAILURES as error:
                logger.warning("the lease of %s cannot be requested (%s); trying again", account, type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)


class Lease:
    """The right to listen."""

    def __init__(self, info: str, key: int, connection: psycopg.AsyncConnection) -> None:
        self._info = info
        self._key = key
        self._connection: psycopg.AsyncConnection | None = connection
        self._published = False

    async def keep(self, is_up: Callable[[], bool]) -> None:
        """Publish whether the stream is up; return when another process has the lease.

        While the database is away nobody else can have it: events of live calls are still received.
        """
        while True:
            try:
                if self._connection is None and not await self._reconnect():
                    return
                await self._publish(is_up())
            except FAILURES as error:
                logger.warning("the lease cannot be kept (%s); trying again", type(error).__name__)
                await self.close()
            await asyncio.sleep(CHECK_INTERVAL_SECONDS)

    async def close(self) -> None:
        """Release it."""
        connection, self._connection, self._published = self._connection, None, False
        if connection is not None:
            await connection.close()

    async def _reconnect(self) -> bool:
        self._connection = await psycopg.AsyncConnection.connect(self._info, autocommit=True)
        cursor = await self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LEASE, self._key))
        row = await cursor.fetchone()
        return row is not None and bool(row[0])

    async def _publish(self, is_up: bool) -> None:
        """Publish a change; without one check that the connection lives."""
        if self._connection is None:
            return
        if is_up is self._published:
            await self._connection.execute("SELECT 1")
            return
        function = "pg_advisory_lock" if is_up else "pg_advisory_unlock"
        await self._connection.execute(f"SELECT {function}(%s, %s)", (STREAM, self._key))
        self._published = is_up


def _key(account: str) -> int:
    return zlib.crc32(account.encode()) & 0x7FFFFFFF
