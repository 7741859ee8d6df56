"""The engine and the migrations."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.db.copy_text import json_text
from store.db.engine import Database, create_engine, migrate, migration_config, ping
from store.tables import metadata
from tests.databases import Databases


def test_an_empty_database_migrates_to_what_the_tables_say(databases: Databases) -> None:
    with databases.without_tables() as url:
        migrate(url)

        assert _differences(url) == []


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate(database_url)

    assert _differences(database_url) == []


def test_the_migrations_have_one_head() -> None:
    engine = sa.create_mock_engine("postgresql+psycopg://", lambda *_: None)
    script = ScriptDirectory.from_config(migration_config(engine))  # type: ignore[arg-type]

    assert len(script.get_heads()) == 1


async def test_the_database_answers(engine: Database) -> None:
    await ping(engine)


async def test_a_database_that_is_away_is_an_error(unused_tcp_port: int) -> None:
    away = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{unused_tcp_port}/outdial")

    with pytest.raises(sa.exc.OperationalError):
        await ping(away)


async def test_an_error_has_nobodys_number(engine: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refused:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1 / 0 WHERE 'x' <> :number"), {"number": "+12025550101"})

    assert "+12025550101" not in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "value"), [("synchronous_commit", "on"), ("TimeZone", "UTC"), ("statement_timeout", "30s")]
)
async def test_a_session_keeps_its_promises(engine: Database, setting: str, value: str) -> None:
    async with engine.connect() as connection:
        assert await connection.scalar(sa.text(f"SHOW {setting}")) == value


def test_json_keeps_order_and_letters() -> None:
    assert json_text({"z": "Zoë", "a": 10**30}) == '{"z":"Zoë","a":1000000000000000000000000000000}'


def _differences(url: str) -> list[object]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))
