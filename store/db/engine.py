"""The engine on PostgreSQL, its migrations, and whether it answers."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store.db.copy_text import json_text
from store.db.notices import notify_after_commit

CONNECT_TIMEOUT_SECONDS = 5  # reported while the client still waits
POOL_TIMEOUT_SECONDS = 10  # for a free connection
STATEMENT_TIMEOUT = "30s"  # the longest statement, COPY of 10,000 contacts, takes under one second
LOCK_TIMEOUT = "10s"  # transactions are short; whoever waits longer waits for something broken
IDLE_IN_TRANSACTION_TIMEOUT = "5s"  # ours take milliseconds: a process that froze must not hold its locks
MIGRATION_LOCK = 0x0D1A1  # of all migrations, so that processes that start together take turns

_SESSION = {
    "synchronous_commit": "on",  # "nobody is called twice" needs what was committed to stay committed
    "timezone": "UTC",
    "client_min_messages": "notice",  # what transactions announce is heard by it
    "statement_timeout": STATEMENT_TIMEOUT,
    "lock_timeout": LOCK_TIMEOUT,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
}
_MIGRATIONS = Path(__file__).parents[1] / "migrations"


def create_engine(url: str, pool_size: int = 10) -> AsyncEngine:
    """Make the engine of one process; `url` begins with `postgresql+psycopg://`. Nothing is connected yet."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # errors reach logs and Temporal's histories: no numbers, no names
        json_serializer=json_text,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "outdial",
            "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
        },
    )
    notify_after_commit(engine.sync_engine)
    return engine


def reading(engine: AsyncEngine) -> AsyncConnection:
    """A connection for reading only: each statement is its own transaction, one round trip instead of three."""
    return engine.execution_options(isolation_level="AUTOCOMMIT").connect()


async def ping(engine: AsyncEngine) -> None:
    """Return when the database answers; otherwise raise what SQLAlchemy raises."""
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


def migrate(url: str) -> None:
    """Bring the database to the newest schema. Blocks; safe to run from several processes at once."""
    engine = sa.create_engine(url, connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS})
    try:
        with engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            command.upgrade(migration_config(connection), "head")
    finally:
        engine.dispose()


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
