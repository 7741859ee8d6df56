"""Hear PostgreSQL's notices on a connection of one's own, for as long as the process lives."""

import asyncio
import logging
from collections.abc import Callable

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


def conninfo(database_url: str, name: str) -> str:
    """How psycopg connects outside the engine's pool; `name` is what PostgreSQL shows of the connection."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return make_conninfo(url, **_CONNECTION, application_name=name)


async def listen(info: str, channel: str, connected: Callable[[], None], heard: Callable[[str], None]) -> None:
    """Tell `heard` each notice's payload, for ever; `connected` after every (re)connect: notices are not kept."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
                await connection.execute(f"LISTEN {channel}")
                connected()
                async for notice in connection.notifies():
                    heard(notice.payload)
        except FAILURES as error:
            logger.warning("the notices of %s stopped (%s); connecting again", channel, type(error).__name__)
        except Exception:
            logger.exception("a notice of %s could not be handled; connecting again", channel)
        await asyncio.sleep(RECONNECT_SECONDS)
