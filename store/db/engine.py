"""The way to PostgreSQL: psycopg's connections, SQLAlchemy's engine on them, migrations, and whether it answers."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store.db.copy_text import json_text
from store.db.pool import Connection, Pool, Row
from store.db.server_version import MAJOR, find_server_fault
from store.errors import SchemaLocked, ServerTooOld

CONNECT_TIMEOUT_SECONDS = 5  # reported while the client still waits
POOL_TIMEOUT_SECONDS = 10  # for a free connection
STATEMENT_TIMEOUT = "30s"  # the longest statement, COPY of 10,000 contacts, takes under one second
LOCK_TIMEOUT = "10s"  # transactions are short; whoever waits longer waits for something broken
IDLE_IN_TRANSACTION_TIMEOUT = "5s"  # ours take milliseconds: a process that froze must not hold its locks
MIGRATION_LOCK = 0x0D1A1  # of all migrations, so that processes that start together take turns
MIGRATION_LOCK_TIMEOUT_SECONDS = 2  # whoever comes after it waits as long; autovacuum makes room after one
MIGRATION_TRIES = 4
MIGRATION_PAUSE_SECONDS = 1.0  # for those who waited behind it

_SESSION = {
    "synchronous_commit": "on",  # "nobody is called twice" needs what was committed to stay committed
    "timezone": "UTC",
    # Each statement is planned once for a connection, perhaps on its first day: not for how little there is then.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "client_min_messages": "notice",  # what transactions announce is heard by it
    "statement_timeout": STATEMENT_TIMEOUT,
    "lock_timeout": LOCK_TIMEOUT,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
}
# A peer that vanished without a word: a group that waits for it for ever would hold up all that come after it.
_SILENCE = {"tcp_user_timeout": 15_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_LONGEST_TRANSACTION = sa.text("""
    SELECT pid, coalesce(nullif(application_name, ''), usename) AS name,
      extract(epoch FROM now() - xact_start)::int AS seconds
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 1
""")
_MIGRATIONS = Path(__file__).parents[1] / "migrations"


class Database(AsyncEngine):
    """A process's connections: as psycopg's, and as SQLAlchemy's engine for what is not moved from it yet.

    One pool for both, so that a process has no more connections than it was given.
    """

    def __init__(self, url: str, pool_size: int) -> None:
        self._pool = Pool(conninfo(url), pool_size, POOL_TIMEOUT_SECONDS)
        engine = create_async_engine(
            url,
            poolclass=sa.NullPool,
            async_creator=self._lend,
            use_native_hstore=False,  # it would be asked for at each loan
            hide_parameters=True,  # errors reach logs and Temporal's histories: no numbers, no names
            json_serializer=json_text,
        )
        super().__init__(engine.sync_engine)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection on which each statement is a transaction of its own: one round trip."""
        async with self._pool.connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction, which the block's end commits, and what it raises rolls back."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    async def dispose(self, close: bool = True) -> None:
        """Close all connections: those that are in use when they are given back."""
        await super().dispose(close)
        await self._pool.close()

    async def _lend(self) -> Connection:
        """To SQLAlchemy, which begins transactions by the first statement, and gives back by closing."""
        connection = await self._pool.take()
        await connection.set_autocommit(False)
        return connection


def create_engine(url: str, pool_size: int = 10) -> Database:
    """Make the connections of one process; `url` begins with `postgresql+psycopg://`. Nothing is connected yet."""
    return Database(url, pool_size)


def conninfo(url: str) -> str:
    """How psycopg connects: where to, and with which settings of a session."""
    address = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return make_conninfo(
        address,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        **_SILENCE,
        application_name="outdial",
        options=" ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
    )


AnyConnection = AsyncConnection | Connection  # what is called by both sides of the move


async def driver_of(connection: AnyConnection) -> Connection:
    """psycopg's connection, in whose transaction SQLAlchemy's is."""
    if isinstance(connection, Connection):
        return connection
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, Connection)  # noqa: S101  all are of our pool
    return driver


async def run(connection: AnyConnection, query: str, values: Mapping[str, Any] | None = None) -> int:
    """Execute; how many rows that concerned."""
    return await (await driver_of(connection)).run(query, values)


async def fetch_all(
    connection: AnyConnection, row: type[Row], query: str, values: Mapping[str, Any] | None = None
) -> list[Row]:
    """Every row, as a `row`."""
    return await (await driver_of(connection)).fetch_all(row, query, values)


async def fetch_one(
    connection: AnyConnection, row: type[Row], query: str, values: Mapping[str, Any] | None = None
) -> Row | None:
    """The only row, or None."""
    return await (await driver_of(connection)).fetch_one(row, query, values)


async def fetch_value(connection: AnyConnection, query: str, values: Mapping[str, Any] | None = None) -> Any:
    """The first column of the only row; None where there is none."""
    return await (await driver_of(connection)).fetch_value(query, values)


async def fetch_values(connection: AnyConnection, query: str, values: Mapping[str, Any] | None = None) -> list[Any]:
    """The first column of every row."""
    return await (await driver_of(connection)).fetch_values(query, values)


def reading(engine: AsyncEngine) -> AsyncConnection:
    """A connection for reading only: each statement is its own transaction, one round trip instead of three."""
    return engine.execution_options(isolation_level="AUTOCOMMIT").connect()


async def ping(engine: AsyncEngine) -> None:
    """Return when the database answers; otherwise raise what SQLAlchemy raises."""
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


def migrate(url: str, tries: int = MIGRATION_TRIES) -> None:
    """Bring the database to the newest schema. Blocks; safe to run from several processes at once.

    Each migration is a transaction. One that does not get a lock, or meets a deadlock with those who work meanwhile, is
    undone and tried again, `tries` times in all.
    Raises ServerTooOld, SchemaLocked.
    """
    engine = sa.create_engine(
        url, poolclass=sa.NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS}, hide_parameters=True
    )
    with engine.connect() as connection:
        fault = find_server_fault(connection.execute(MAJOR).scalar_one())
        if fault is not None:
            raise ServerTooOld(fault)
        connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
        connection.execute(sa.text(f"SET lock_timeout = '{MIGRATION_LOCK_TIMEOUT_SECONDS}s'"))
        connection.commit()
        _upgrade(connection, tries)


def _upgrade(connection: sa.Connection, tries: int) -> None:
    """Raises SchemaLocked."""
    for left in reversed(range(tries)):
        try:
            command.upgrade(migration_config(connection), "head")
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
                raise
            connection.rollback()
            if not left:
                raise SchemaLocked(_holder(connection), tries, MIGRATION_LOCK_TIMEOUT_SECONDS) from None
            time.sleep(MIGRATION_PAUSE_SECONDS)
        else:
            return


def _holder(connection: sa.Connection) -> str:
    """Whose lock it probably was: the longest transaction there is."""
    row = connection.execute(_LONGEST_TRANSACTION).one_or_none()
    return "" if row is None else f" The longest is of process {row.pid} ({row.name}), for {row.seconds} s."


def migrations() -> ScriptDirectory:
    """All of them, to be looked at."""
    return ScriptDirectory.from_config(migration_config(None))


def migration_config(connection: sa.Connection | None) -> Config:
    """Alembic's configuration, independent of the working directory; migrations run on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
