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


async def listen(info: str, channel: str, on_connect: Callable[[], None], on_notice: Callable[[str], None]) -> None:
    """Pass each notice's payload on, forever. Notices are not kept: what came before `on_connect` may be lost."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
                await connection.execute(f"LISTEN {channel}")
                on_connect()
                async for notice in connection.notifies():
                    on_notice(notice.payload)
        except FAILURES as error:
            logger.warning("the notices of %s stopped (%s); connecting again", channel, type(error).__name__)
        except Exception:
            logger.exception("a notice of %s could not be handled; connecting again", channel)
        await asyncio.sleep(RECONNECT_SECONDS)


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
