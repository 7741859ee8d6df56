"""psycopg's connections of one process: taken for a unit of work, given back, used again.

Not psycopg_pool's: that connects in the background, so that nobody learns why a connection fails, everybody waits for
the whole timeout while the database is away, and for longer where connections died idle (decision 0036).
"""

import asyncio
import json
import logging
import select
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Self, TypeVar

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg.rows import TupleRow, class_row, scalar_row
from psycopg.types.json import Jsonb

from store.db.notices import Announced, hear, send

Row = TypeVar("Row")
Values = Mapping[str, Any]

logger = logging.getLogger(__name__)


def recordset(rows: Sequence[Mapping[str, Any]]) -> Jsonb:
    """Rows for `jsonb_to_recordset`: instants and amounts as text, of which PostgreSQL makes them again."""
    return Jsonb(list(rows), dumps=_DUMPS)


_DUMPS = partial(json.dumps, default=str, ensure_ascii=False)


def few_rows(parameter: str, name: str, columns: str) -> str:
    """Rows of a `recordset` for a FROM, which the planner takes for one: it then finds what they name by its key.

    It takes them for 100, and while it has no statistics, or old ones, it reads whole tables for them: every contact
    that waits, at each claim. `columns`: name and type of each, as in SQL. The first is a key, never null.
    """
    key = columns.split(maxsplit=1)[0]
    return _FEW.format(
        rows=f"jsonb_to_recordset(%({parameter})s) AS {name} ({columns})", name=name, key=f"{name}.{key}"
    )


def few_ids(parameter: str, name: str) -> str:
    """The same for a list of ids: `name.id`."""
    return _FEW.format(rows=f"unnest(%({parameter})s::varchar[]) AS {name} (id)", name=name, key=f"{name}.id")


# Always true; the planner reckons that one row of 200 is so (PostgreSQL's DEFAULT_UNK_SEL).
_FEW = "(SELECT * FROM {rows} WHERE nullif({key}, {key}) IS NULL) AS {name}"


class NoConnection(psycopg.OperationalError):
    """All connections of the pool were in use for too long."""


class Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection that closes by going back to its pool, if it is of one.

    Statements are constants: each is prepared once for a connection. Values are given by name.
    """

    home: "Pool | None" = None
    announced: Announced

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        connection = await super().connect(conninfo, **options)
        connection.announced = hear(connection)
        return connection

    async def run(self, query: str, values: Values | None = None) -> int:
        """Execute; how many rows that concerned."""
        return (await self.execute(query.encode(), values, prepare=True)).rowcount

    async def fetch_all(self, row: type[Row], query: str, values: Values | None = None) -> list[Row]:
        """Every row, made into a `row` by the names of its columns."""
        async with self.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(query.encode(), values, prepare=True)
            return await cursor.fetchall()

    async def fetch_one(self, row: type[Row], query: str, values: Values | None = None) -> Row | None:
        """The only row, or None."""
        async with self.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(query.encode(), values, prepare=True)
            return await cursor.fetchone()

    async def fetch_value(self, query: str, values: Values | None = None) -> Any:
        """The first column of the only row; None where there is none."""
        async with self.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(query.encode(), values, prepare=True)
            return await cursor.fetchone()

    async def fetch_values(self, query: str, values: Values | None = None) -> list[Any]:
        """The first column of every row."""
        async with self.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(query.encode(), values, prepare=True)
            return await cursor.fetchall()

    def add_notice_handler(self, callback: Any) -> None:
        """Once each: SQLAlchemy adds its own whenever it gets the connection."""
        with suppress(ValueError):
            self.remove_notice_handler(callback)
        super().add_notice_handler(callback)

    async def close(self) -> None:
        """Go back to the pool."""
        if self.home is None:
            await super().close()
        else:
            await self.home.give_back(self)

    def looks_alive(self) -> bool:
        """Whether nothing came while it was idle: when the server ends a connection, it says so. No round trip."""
        if self.pgconn.status != ConnStatus.OK:
            return False
        looking = select.poll()
        looking.register(self.pgconn.socket, select.POLLIN)
        return not looking.poll(0)


class Pool:
    """`size` connections at most, made when they are needed; whoever waits longer than `timeout` seconds for one gets
    NoConnection. Connections commit each statement by itself, unless a transaction is begun."""

    def __init__(self, conninfo: str, size: int, timeout: float) -> None:
        self._conninfo = conninfo
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._free = asyncio.Semaphore(size)
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        connection = await self.take()
        try:
            yield connection
        finally:
            await self.give_back(connection)

    async def take(self) -> Connection:
        """Raises NoConnection, and what psycopg raises where it cannot connect. Each is given back once."""
        await self._wait_for_turn()
        try:
            while self._idle:
                connection = self._idle.pop()
                if connection.looks_alive():
                    connection.home = self
                    return connection
                await connection.close()
            connection = await Connection.connect(self._conninfo, autocommit=True)
        except BaseException:
            self._free.release()
            raise
        connection.home = self
        return connection

    async def give_back(self, connection: Connection) -> None:
        """Send what was announced, also for whoever is cancelled now, and keep the connection if it is in order."""
        if connection.home is None:
            return
        connection.home = None
        if connection.announced:  # of facts that are committed, most often
            await asyncio.shield(self._take_back(connection))
        else:
            await self._take_back(connection)

    async def _take_back(self, connection: Connection) -> None:
        try:
            if await _is_in_order(connection):
                await send(connection, connection.announced)
            if self._closed or connection.pgconn.transaction_status != TransactionStatus.IDLE:
                await connection.close()
            else:
                self._idle.append(connection)
        except BaseException:
            connection.pgconn.finish()
            raise
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what is idle now, and the others when they come back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def _wait_for_turn(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        except TimeoutError:
            raise NoConnection(f"No connection was free for {self._timeout:g} s.") from None


async def _is_in_order(connection: Connection) -> bool:
    """Roll back what is open still."""
    if connection.pgconn.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        with suppress(psycopg.Error):
            await connection.rollback()
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        return False
    if not connection.autocommit:
        await connection.set_autocommit(True)
    return True
