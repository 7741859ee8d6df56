"""Notices of what was committed: a transaction announces them, NOTIFY follows its commit.

PostgreSQL takes one lock of the whole server for a transaction with a NOTIFY, and keeps it until the commit is on disk:
with NOTIFY among the facts all organizations' commits are one queue, at the pace of the disk. So the facts' statements
and triggers call the function `announce(channel, payload)` (migration 0016), whose word reaches the client with their
result. When the connection comes back to the pool, NOTIFY is a statement of its own there: it writes nothing, and
waits for no disk. It takes no second connection, and the facts' locks are released before it.

A process that dies in between sends nothing: whoever listens also looks by itself from time to time. What was announced
and rolled back may be sent: a notice says that there is something to look at, not what.
"""

import logging
from typing import Any

import psycopg
from psycopg.errors import Diagnostic

SQLSTATE = "ODNTC"  # by which `announce` marks its word
Announced = set[tuple[str, str]]  # channels and payloads

_SEND = "SELECT pg_notify(channel, payload) FROM unnest(%s::text[], %s::text[]) AS announced (channel, payload)"

logger = logging.getLogger(__name__)


def hear(connection: psycopg.AsyncConnection[Any]) -> Announced:
    """What transactions of this connection announce from now on, until it is sent."""
    announced: Announced = set()

    def note(diagnostic: Diagnostic) -> None:
        if diagnostic.sqlstate == SQLSTATE:
            announced.add((str(diagnostic.message_primary), str(diagnostic.message_detail)))

    connection.add_notice_handler(note)
    return announced


async def send(connection: psycopg.AsyncConnection[Any], announced: Announced) -> None:
    """As a transaction of its own, in one round trip. The connection commits by itself, and has no transaction open."""
    if not announced:
        return
    notices = sorted(announced)
    announced.clear()
    try:
        values = ([channel for channel, _ in notices], [payload for _, payload in notices])
        await connection.execute(_SEND.encode(), values, prepare=True)
    except Exception as error:  # the facts are committed, and what failed must not look like them failing
        logger.warning("%s notices were not sent (%s); they are found later", len(notices), type(error).__name__)
