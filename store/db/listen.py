"""PostgreSQL's notices, received on a connection of their own for as long as the process lives."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

RECONNECT_SECONDS = 1.0
FAILURES = (psycopg.Error, OSError)  # the database is away
_CONNECTION: dict[str, str | int | None] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}

logger = logging.getLogger(__name__)


def conninfo(database_url: str, name: str = "outdial-watch") -> str:
    """How psycopg connects outside the engine's pool; `name` is what PostgreSQL shows of the connection."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return make_conninfo(url, **_CONNECTION, application_name=name)


class Notices:
    """The notices that a process wants, on one connection: each NOTIFY is a transaction for every one that listens."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = conninfo(database_url)
        self._wanted: dict[str, tuple[Callable[[], None], Callable[[str], None]]] = {}
        self._running = 0
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: str, on_connect: Callable[[], None], on_notice: Callable[[str], None]) -> None:
        """Pass each notice's payload on. Notices are not kept: what came before `on_connect` may be lost."""
        if channel in self._wanted:
            raise AssertionError(f"{channel} has its subscriber")
        self._wanted[channel] = (on_connect, on_notice)
        if self._task is not None:
            self._task = asyncio.create_task(self._listen_anew(self._task))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen from the first of these blocks to the end of the last."""
        self._running += 1
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            self._running -= 1
            if not self._running and self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
                self._task = None

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await self._pass_on(connection)
            except FAILURES as error:
                logger.warning("notices stopped (%s); connecting again", type(error).__name__)
            except Exception:
                logger.exception("a notice could not be handled; connecting again")
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _pass_on(self, connection: psycopg.AsyncConnection) -> None:
        for channel, (on_connect, _) in self._wanted.items():
            await connection.execute(f"LISTEN {channel}".encode())
            on_connect()
        async for notice in connection.notifies():
            self._wanted[notice.channel][1](notice.payload)

    async def _listen_anew(self, before: asyncio.Task[None]) -> None:
        before.cancel()
        await asyncio.gather(before, return_exceptions=True)
        await self._listen()


async def wait_until(moment: float, awake: asyncio.Event) -> bool:
    """Whether `moment` (of the loop's clock) has come; returns before it where `awake` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(moment):
            await awake.wait()
    return asyncio.get_running_loop().time() >= moment


@asynccontextmanager
async def in_background(*endless: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these while the block runs."""
    tasks = [asyncio.create_task(each) for each in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
