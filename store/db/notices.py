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

import sqlalchemy as sa
from psycopg.errors import Diagnostic
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

SQLSTATE = "ODNTC"  # by which `announce` marks its word

_ANNOUNCED = "announced"
_SEND = "SELECT pg_notify(channel, payload) FROM unnest(%s::text[], %s::text[]) AS announced (channel, payload)"

logger = logging.getLogger(__name__)


def notify_after_commit(engine: sa.Engine) -> None:
    """Send what transactions of this engine announce."""
    sa.event.listen(engine, "connect", _hear)
    sa.event.listen(engine, "reset", _send)


def _hear(connection: Any, record: ConnectionPoolEntry) -> None:
    announced: set[tuple[str, str]] = set()
    record.info[_ANNOUNCED] = announced

    def note(diagnostic: Diagnostic) -> None:
        if diagnostic.sqlstate == SQLSTATE:
            announced.add((str(diagnostic.message_primary), str(diagnostic.message_detail)))

    connection.add_notice_handler(note)


def _send(connection: DBAPIConnection, record: ConnectionPoolEntry, state: PoolResetState) -> None:
    announced: set[tuple[str, str]] = record.info.get(_ANNOUNCED, set())
    if not announced:
        return
    notices = sorted(announced)
    announced.clear()
    try:
        if state.terminate_only or not state.asyncio_safe:
            raise ConnectionError
        _notify(connection, notices)
    except Exception as error:  # the facts are committed, and what failed must not look like them failing
        logger.warning("%s notices were not sent (%s); they are found later", len(notices), type(error).__name__)


def _notify(connection: Any, notices: list[tuple[str, str]]) -> None:
    """As a transaction of its own, in one round trip."""
    before = connection.autocommit
    connection.autocommit = True
    try:
        cursor = connection.cursor()
        try:
            cursor.execute(_SEND, ([channel for channel, _ in notices], [payload for _, payload in notices]))
        finally:
            cursor.close()
    finally:
        connection.autocommit = before
