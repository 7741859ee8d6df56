"""Connections: as many as were given, in order when they are used again, and made anew when PostgreSQL ended them."""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest
import sqlalchemy as sa

from store.db import engine as engines
from store.db.engine import Database, create_engine
from store.db.pool import NoConnection

SIZE = 4
OTHERS = "pid <> pg_backend_pid() AND datname = current_database()"
END_OTHERS = f"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE {OTHERS}"
COUNT_OTHERS = f"SELECT count(*) FROM pg_stat_activity WHERE {OTHERS}"
PID = "SELECT pg_backend_pid()"


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    database = create_engine(database_url, SIZE)
    yield database
    await database.dispose()


async def test_connections_that_postgresql_ended_are_not_used_again(narrow: Database, database_url: str) -> None:
    await _all_at_once(narrow)
    async with await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", "")) as other:
        found = await (await other.execute(END_OTHERS.encode())).fetchone()
    assert found == (SIZE,)

    assert await _all_at_once(narrow) == [1] * SIZE


async def test_sqlalchemys_side_does_not_use_them_again_either(narrow: Database, database_url: str) -> None:
    await _all_at_once(narrow)
    async with await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", "")) as other:
        await other.execute(END_OTHERS.encode())

    async with narrow.begin() as connection:
        assert (await connection.execute(sa.text("SELECT 1"))).scalar_one() == 1


async def test_a_connection_that_ends_while_it_is_used_is_replaced(narrow: Database, database_url: str) -> None:
    async def use_and_lose() -> None:
        async with narrow.transaction() as connection:
            pid = await connection.fetch_value(PID)
            async with await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", "")) as other:
                await other.execute(f"SELECT pg_terminate_backend({pid}, 5000)".encode())
            await connection.run("SELECT 1")

    with pytest.raises(psycopg.OperationalError):
        await use_and_lose()
    assert await _all_at_once(narrow) == [1] * SIZE


async def test_both_sides_together_have_no_more_connections_than_were_given(
    narrow: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "POOL_TIMEOUT_SECONDS", 0.1)
    one = create_engine(str(narrow.url), 1)

    async with one.connect(), asyncio.timeout(5):
        with pytest.raises(NoConnection):
            async with one.reading():
                pass
    async with one.reading() as connection:
        assert await connection.fetch_value("SELECT 1") == 1
    await one.dispose()


async def test_one_session_is_used_again_by_both_sides(narrow: Database) -> None:
    async with narrow.reading() as connection:
        pid = await connection.fetch_value(PID)
    for _ in range(3):
        async with narrow.begin() as begun:
            assert (await begun.execute(sa.text(PID))).scalar_one() == pid
        async with narrow.reading() as connection:
            assert await connection.fetch_value(PID) == pid
            assert await connection.fetch_value("SELECT pg_current_xact_id_if_assigned() IS NULL")
        assert len(connection._notice_handlers) == 2


async def test_what_is_raised_rolls_back(narrow: Database) -> None:
    async def write_and_fail() -> None:
        async with narrow.transaction() as connection:
            await connection.run("INSERT INTO kept VALUES (1)")
            raise ZeroDivisionError

    async with narrow.reading() as connection:
        await connection.run("CREATE TABLE kept (number int)")
    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    async with narrow.reading() as connection:
        assert await connection.fetch_values("SELECT number FROM kept") == []


async def test_a_statement_that_is_cancelled_leaves_its_connection_in_order(narrow: Database) -> None:
    async def sleep() -> None:
        async with narrow.transaction() as connection:
            await connection.run("SELECT pg_sleep(30)")

    began = time.monotonic()
    for _ in range(SIZE + 1):
        task = asyncio.create_task(sleep())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await _all_at_once(narrow) == [1] * SIZE
    assert time.monotonic() - began < 15


async def test_a_database_that_is_away_is_known_at_once(unused_tcp_port: int) -> None:
    away = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{unused_tcp_port}/outdial", 1)
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError, match="refused"):
            async with away.reading():
                pass
    assert time.monotonic() - began < 5


async def test_closing_closes_what_is_in_use_when_it_comes_back(narrow: Database, database_url: str) -> None:
    async with narrow.reading() as connection:
        await narrow.dispose()
        assert await connection.fetch_value("SELECT 1") == 1
    assert connection.closed


async def test_a_peer_that_vanishes_without_a_word_is_given_up_soon(narrow: Database) -> None:
    async with narrow.reading() as connection:
        asked = connection.info.get_parameters()
    assert asked["tcp_user_timeout"] == "15000"
    assert int(asked["keepalives_idle"]) + 3 * int(asked["keepalives_interval"]) <= 15


async def _all_at_once(database: Database) -> list[int]:
    """Something read over every connection at the same time."""
    ready = asyncio.Barrier(SIZE)

    async def read() -> int:
        async with database.reading() as connection:
            await ready.wait()
            return int(await connection.fetch_value("SELECT 1"))

    return list(await asyncio.gather(*(read() for _ in range(SIZE))))
