"""Which worker processes live, and what they tell each other."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from store.db.listen import Notices
from store.workers import CHANNEL, FREE_LINES, PRESENT, Workers
from tests.waiting import eventually


def nothing(_: str) -> None:
    """Runs that close are none of this test's business."""


async def until_present(asked: Workers, *expected: Workers) -> None:
    numbers = tuple(worker.number for worker in expected)

    async def are_present() -> bool:
        return await asked.list_present() == numbers

    await eventually(are_present)


async def test_all_who_live_are_present_the_eldest_first(engine: AsyncEngine, database_url: str) -> None:
    first, second = Workers(database_url), Workers(database_url)
    async with first.joined(Notices(database_url), nothing):
        await until_present(first, first)
        async with second.joined(Notices(database_url), nothing):
            await until_present(second, first, second)
            await until_present(first, first, second)
        await until_present(first, first)


async def test_a_worker_whose_connection_broke_is_present_again(engine: AsyncEngine, database_url: str) -> None:
    worker = Workers(database_url)
    async with worker.joined(Notices(database_url), nothing):
        await until_present(worker, worker)
        url = database_url.replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            query = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE classid = {PRESENT}"
            await connection.execute(query)
        await eventually(lambda: _is_absent(worker))
        await until_present(worker, worker)


async def _is_absent(worker: Workers) -> bool:
    return worker.number not in await worker.list_present()


async def test_a_run_that_closes_is_announced_to_all(engine: AsyncEngine, database_url: str) -> None:
    heard: list[str] = []
    workers = [Workers(database_url) for _ in range(3)]
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker.joined(Notices(database_url), heard.append))
        await eventually(lambda: _all_listen(database_url, len(workers)))
        await workers[0].announce_closing("a-run")
        await eventually(lambda: len(heard) == len(workers))
        await asyncio.sleep(0.05)

    assert heard == ["a-run"] * len(workers)


async def _all_listen(database_url: str, count: int) -> bool:
    url = database_url.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = %s"
        row = await (await connection.execute(query, (f"LISTEN {CHANNEL}",))).fetchone()
    return row is not None and row[0] == count


async def test_a_line_is_offered_where_there_is_somebody_to_take_it(engine: AsyncEngine, database_url: str) -> None:
    first, second = Workers(database_url), Workers(database_url)
    async with (
        await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", ""), autocommit=True) as listening,
        first.joined(Notices(database_url), nothing),
    ):
        await listening.execute(f"LISTEN {FREE_LINES}")
        await until_present(first, first)
        await first.offer_line("batch_1")
        async with second.joined(Notices(database_url), nothing):
            await until_present(first, first, second)
            await first.offer_line("batch_2")
            heard = [notice.payload async for notice in listening.notifies(timeout=5, stop_after=1)]
    assert heard == [f"{first.number} batch_2"]


async def test_a_share_is_told_to_all(engine: AsyncEngine, database_url: str) -> None:
    heard: list[tuple[str, int, datetime]] = []
    workers, since = [Workers(database_url) for _ in range(2)], datetime(2027, 1, 31, 9, 0, 0, 123456, tzinfo=UTC)
    async with AsyncExitStack() as stack:
        for worker in workers:
            notices = Notices(database_url)
            worker.hear_of_shares(notices, lambda *share: heard.append(share))
            await stack.enter_async_context(worker.joined(notices, nothing))
        await eventually(lambda: _all_listen(database_url, len(workers)))
        await workers[0].tell_share("batch_1", 7, since)
        await eventually(lambda: len(heard) == len(workers))

    assert heard == [("batch_1", 7, since)] * len(workers)
