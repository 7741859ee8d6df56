"""Which worker processes live, and what they tell each other at once.

Each holds an advisory lock for as long as it lives: PostgreSQL releases it when the process dies, and knows the eldest.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg

from store.db.listen import FAILURES, RECONNECT_SECONDS, Notices, conninfo, in_background

CHANNEL = "outdial_workers"  # its notices carry the id of a workflow's run that is closing
FREE_LINES = "outdial_free_lines"  # its notices carry a worker's number and the id of a job
SHARES = "outdial_shares"  # its notices carry the id of a job, its lines, and since when (UTC, ISO 8601)
PRESENT = 0x0D1A3  # the first half of a lock's key; the worker's number makes the second
# What a machine that lost its power leaves is noticed by PostgreSQL within seconds, not after two hours.
_KEEPALIVES = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
_LIST = """
    SELECT l.objid::bigint FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
    JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = %s::bigint::oid
    ORDER BY a.backend_start, l.objid
"""

logger = logging.getLogger(__name__)


class Workers:
    """This process among the workers; `number` is its own. Its methods raise psycopg.Error or OSError."""

    def __init__(self, database_url: str) -> None:
        self.number = secrets.randbelow(2**31)
        self._conninfo = conninfo(database_url, "outdial-workers")
        self._present: tuple[int, ...] = ()  # when it was last asked
        self._asking: psycopg.AsyncConnection | None = None
        self._one_question = asyncio.Lock()

    @asynccontextmanager
    async def joined(self, notices: Notices, on_closing: Callable[[str], None]) -> AsyncIterator[None]:
        """Be one of them while the block runs. `on_closing` receives the id of each run that is announced."""
        notices.subscribe(CHANNEL, lambda: None, on_closing)
        try:
            async with notices.running(), in_background(self._stay()):
                yield
        finally:
            if self._asking is not None:
                await self._asking.close()

    async def list_present(self) -> tuple[int, ...]:
        """The numbers of all that live, the eldest first; of this one too, once it is among them."""
        rows = await self._ask(_LIST, (PRESENT,))
        self._present = tuple(int(row[0]) for row in rows)
        return self._present

    async def announce_closing(self, run_id: str) -> None:
        """Tell all that a run of a workflow closes."""
        await self._ask("SELECT pg_notify(%s, %s)", (CHANNEL, run_id))

    def hear_of_lines(self, notices: Notices, on_free: Callable[[str], object]) -> None:
        """`on_free` receives the id of a job when another worker offers a line of it."""

        def hear(notice: str) -> None:
            number, _, job_id = notice.partition(" ")
            if number != str(self.number):
                on_free(job_id)

        notices.subscribe(FREE_LINES, lambda: None, hear)

    async def offer_line(self, job_id: str) -> None:
        """Tell the others that a line of a job came free for which no call waits here.

        Nobody is told where none was seen: a notice is a transaction of each process that listens.
        """
        if self._present == (self.number,):
            return
        await self._ask("SELECT pg_notify(%s, %s)", (FREE_LINES, f"{self.number} {job_id}"))

    def hear_of_shares(self, notices: Notices, on_share: Callable[[str, int, datetime], object]) -> None:
        """`on_share` receives what a worker tells, this one too: a job's id, its lines, and since when it has them."""

        def hear(notice: str) -> None:
            job_id, lines, since = notice.split(" ")
            on_share(job_id, int(lines), datetime.fromisoformat(since))

        notices.subscribe(SHARES, lambda: None, hear)

    async def tell_share(self, job_id: str, lines: int, since: datetime) -> None:
        """Tell all how many lines a job may use."""
        await self._ask("SELECT pg_notify(%s, %s)", (SHARES, f"{job_id} {lines} {since.isoformat()}"))

    async def _ask(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        async with self._one_question:
            if self._asking is None:
                self._asking = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
            try:
                return await (await self._asking.execute(query, values)).fetchall()
            except BaseException:
                asking, self._asking = self._asking, None
                await asking.close()
                raise

    async def _stay(self) -> None:
        while True:
            try:
                connect = psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, options=_KEEPALIVES)
                async with await connect as connection:
                    await connection.execute("SELECT pg_advisory_lock(%s, %s)", (PRESENT, self.number))
                    async for _ in connection.notifies():  # none comes: this ends where the connection does
                        pass
            except FAILURES as error:
                logger.warning("the lock of this worker is lost (%s); connecting again", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)
