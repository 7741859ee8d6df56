"""Migrations run while processes of the version before work: docs/how-to/change-the-schema.md."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import Script

from store.db.engine import MIGRATION_LOCK_TIMEOUT_SECONDS, migrate, migration_config, migrations
from store.errors import SchemaLocked
from tests.databases import Databases
from tests.store.db.expand_and_contract import contracts, delays
from tests.waiting import until

BEFORE_LAST = "0023"  # the next one changes organizations
LOCKED = "organizations"
HINT = "Expand first (docs/how-to/change-the-schema.md), or say in the file why it may be: {} = '…'"


@pytest.fixture(scope="module")
def statements(databases: Databases) -> dict[str, list[str]]:
    """By revision, what a new database is asked."""
    asked: dict[str, list[str]] = {}
    with databases.without_tables() as url, _connected(url) as connection:
        for script in _scripts():
            asked[script.revision] = []

            def note(_: Any, __: Any, text: str, *___: Any, into: list[str] = asked[script.revision]) -> None:
                into.append(text)

            sa.event.listen(connection, "before_cursor_execute", note)
            command.upgrade(migration_config(connection), script.revision)
            sa.event.remove(connection, "before_cursor_execute", note)
    return asked


def test_a_migration_takes_nothing_from_the_version_before(statements: dict[str, list[str]]) -> None:
    found = {script.revision: list(contracts(statements[script.revision])) for script in _unmarked("contract")}
    assert {revision: what for revision, what in found.items() if what} == {}, HINT.format("contract")


def test_a_migration_holds_nobody_up_for_longer_the_more_rows_there_are(statements: dict[str, list[str]]) -> None:
    found = {script.revision: list(delays(statements[script.revision])) for script in _unmarked("brief")}
    assert {revision: what for revision, what in found.items() if what} == {}, HINT.format("brief")


def test_a_migration_that_says_why_it_may_does_what_it_says(statements: dict[str, list[str]]) -> None:
    """A reason without its statement is of another time."""
    for mark, find in (("contract", contracts), ("brief", delays)):
        marked = [script for script in _scripts() if hasattr(script.module, mark)]
        assert marked
        for script in marked:
            assert len(getattr(script.module, mark)) > 20, script.revision
            assert list(find(statements[script.revision])), f"{script.revision} needs no {mark}"


def test_no_migration_waits_for_locks_as_it_likes(statements: dict[str, list[str]]) -> None:
    own = [revision for revision, asked in statements.items() if any("lock_timeout" in text for text in asked)]
    assert own == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE contacts DROP COLUMN name",
        "ALTER TABLE contacts RENAME COLUMN name TO label",
        "ALTER TABLE contacts RENAME TO people",
        "ALTER TABLE contacts ALTER COLUMN name SET NOT NULL",
        "ALTER TABLE contacts ALTER COLUMN attempts TYPE BIGINT",
        "ALTER TABLE contacts ADD COLUMN label TEXT NOT NULL",
        "ALTER TABLE contacts ADD CONSTRAINT ck CHECK (attempts < 9)",
        "DROP TABLE contacts",
        "CREATE UNIQUE INDEX CONCURRENTLY uq ON contacts (number)",
    ],
)
def test_what_takes_away_is_seen(statement: str) -> None:
    assert list(contracts([statement]))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ix ON contacts (number)",
        "\n    UPDATE contacts SET label = name",
        "DELETE FROM dials WHERE contact_id IS NULL",
        "ALTER TABLE contacts ADD CONSTRAINT fk FOREIGN KEY (job_id) REFERENCES batch_jobs (id)",
    ],
)
def test_what_takes_long_is_seen(statement: str) -> None:
    assert list(delays([statement]))


@pytest.mark.parametrize(
    "asked",
    [
        ["ALTER TABLE contacts ADD COLUMN label TEXT"],
        ["ALTER TABLE contacts ADD COLUMN calls INTEGER DEFAULT '0' NOT NULL"],
        ["CREATE INDEX CONCURRENTLY ix ON contacts (number)"],
        [
            "\nCREATE TABLE people (id VARCHAR NOT NULL)\n",
            "CREATE UNIQUE INDEX ix ON people (id)",
            "UPDATE people SET id = ''",
        ],
        ["INSERT INTO alembic_version (version_num) VALUES ('0001')", "UPDATE alembic_version SET version_num='0002'"],
    ],
)
def test_what_expands_is_let_through(asked: list[str]) -> None:
    assert [*contracts(asked), *delays(asked)] == []


def test_a_migration_that_meets_a_long_transaction_gives_up_in_seconds(databases: Databases) -> None:
    """It says so, leaves the schema as it was, and whoever came behind it goes on."""
    with _schema_of(BEFORE_LAST, databases) as url, _transaction(url, "report") as report:
        report.execute(f"SELECT count(*) FROM {LOCKED}")
        began = time.monotonic()
        with pytest.raises(SchemaLocked, match=r"waited 2 s .* is of process \d+ \(report\), for \d+ s"):
            migrate(url, tries=1)
        took = time.monotonic() - began

        assert MIGRATION_LOCK_TIMEOUT_SECONDS <= took < MIGRATION_LOCK_TIMEOUT_SECONDS + 5
        assert _version(url) == BEFORE_LAST
        with psycopg.connect(_plain(url), options="-c lock_timeout=100") as other:
            other.execute(f"UPDATE {LOCKED} SET name = name")


def test_a_migration_that_got_no_lock_is_tried_again(databases: Databases) -> None:
    with _schema_of(BEFORE_LAST, databases) as url, _transaction(url, "report") as report:
        report.execute(f"SELECT count(*) FROM {LOCKED}")
        migrating = threading.Thread(target=migrate, args=(url,))
        migrating.start()
        until(lambda: _waits(url), 10)
        until(lambda: not _waits(url), 10)
        report.rollback()
        migrating.join(30)

        assert not migrating.is_alive()
        assert _version(url) == migrations().get_current_head()


def test_a_migration_that_is_chosen_in_a_deadlock_is_tried_again(databases: Databases) -> None:
    """Who works meanwhile has a job and wants its organization, of which the migration has one and wants the other."""
    with _schema_of(BEFORE_LAST, databases) as url, _transaction(url, "worker") as worker:
        worker.execute("SET deadlock_timeout = '1min'")  # the migration looks for it first, and is the one that ends
        worker.execute("UPDATE batch_jobs SET name = name")
        migrating = threading.Thread(target=migrate, args=(url,), kwargs={"tries": 2})
        migrating.start()
        until(lambda: _waits(url), 10)
        worker.execute(f"SELECT count(*) FROM {LOCKED}")
        worker.rollback()
        migrating.join(30)

        assert not migrating.is_alive()
        assert _deadlocks(url) == 1
        assert _version(url) == migrations().get_current_head()


def _scripts() -> list[Script]:
    return list(reversed(list(migrations().walk_revisions())))


def _unmarked(mark: str) -> list[Script]:
    return [script for script in _scripts() if not hasattr(script.module, mark)]


@contextmanager
def _schema_of(revision: str, databases: Databases) -> Iterator[str]:
    """A database that a version before made."""
    with databases.without_tables() as url:
        with _connected(url) as connection:
            command.upgrade(migration_config(connection), revision)
        yield url


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


@contextmanager
def _transaction(url: str, name: str) -> Iterator[psycopg.Connection]:
    """One that goes on until the block ends."""
    with psycopg.connect(_plain(url), application_name=name) as connection:
        yield connection
        connection.rollback()


def _waits(url: str) -> bool:
    """Whether somebody waits for a lock of a table."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
    with psycopg.connect(_plain(url)) as connection:
        row = connection.execute(query).fetchone()
    return row != (0,)


def _deadlocks(url: str) -> int:
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    with psycopg.connect(_plain(url)) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else 0


def _version(url: str) -> str | None:
    with psycopg.connect(_plain(url)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row and row[0]


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
