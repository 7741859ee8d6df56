"""Group commit: who goes together, who fails alone, and that nobody waits for a timer or for another key."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from store.db import grouping
from store.db.grouping import Grouping


class Work:
    """Doubles numbers, in groups that are let go one by one."""

    def __init__(self) -> None:
        self.groups: list[tuple[str, list[int]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails_with: Exception | None = None

    async def __call__(self, key: str, items: Sequence[int]) -> list[int]:
        self.groups.append((key, list(items)))
        await self.gate.wait()
        if self.fails_with is not None and 13 in items:
            raise self.fails_with
        return [2 * item for item in items]


async def test_one_by_itself_goes_at_once() -> None:
    work = Work()
    together: Grouping[int, int] = Grouping(work)
    assert [await together.do("a", 1), await together.do("a", 2)] == [2, 4]
    assert work.groups == [("a", [1]), ("a", [2])]


async def test_what_comes_while_a_group_is_on_its_way_goes_together_in_order() -> None:
    work = Work()
    together: Grouping[int, int] = Grouping(work)
    work.gate.clear()
    first = asyncio.create_task(together.do("a", 1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(together.do("a", item)) for item in (2, 3, 4)]
    await asyncio.sleep(0.01)
    assert work.groups == [("a", [1])]
    work.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert work.groups == [("a", [1]), ("a", [2, 3, 4])]


async def test_another_key_does_not_wait() -> None:
    async def work(key: str, items: Sequence[int]) -> list[int]:
        if key == "stuck":
            await asyncio.sleep(60)
        return list(items)

    together: Grouping[int, int] = Grouping(work)
    stuck = asyncio.create_task(together.do("stuck", 1))
    async with asyncio.timeout(5):
        assert await together.do("free", 2) == 2
    stuck.cancel()


async def test_one_fails_alone() -> None:
    work = Work()
    work.fails_with = ValueError("unlucky")
    together: Grouping[int, int] = Grouping(work)
    done = await asyncio.gather(*(together.do("a", item) for item in (1, 13, 2)), return_exceptions=True)
    assert (done[0], done[2]) == (2, 4)
    assert done[1] is work.fails_with


async def test_a_database_that_is_away_fails_all_and_is_not_asked_for_each() -> None:
    work = Work()
    work.fails_with = psycopg.OperationalError("gone")
    together: Grouping[int, int] = Grouping(work)
    done = await asyncio.gather(*(together.do("a", item) for item in (1, 13, 2)), return_exceptions=True)
    assert done == [work.fails_with] * 3
    assert len(work.groups) == 1


async def test_whoever_is_cancelled_before_its_group_begins_is_left_out() -> None:
    work = Work()
    together: Grouping[int, int] = Grouping(work)
    work.gate.clear()
    first = asyncio.create_task(together.do("a", 1))
    await asyncio.sleep(0.01)
    second, third = (asyncio.create_task(together.do("a", item)) for item in (2, 3))
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.sleep(0.01)
    work.gate.set()
    assert await asyncio.gather(first, third) == [2, 6]
    assert work.groups == [("a", [1]), ("a", [3])]
    assert second.cancelled()


async def test_many_are_several_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MAX_GROUP", 2)
    work = Work()
    together: Grouping[int, int] = Grouping(work)
    assert await asyncio.gather(*(together.do("a", item) for item in range(5))) == [0, 2, 4, 6, 8]
    assert work.groups == [("a", [0, 1]), ("a", [2, 3]), ("a", [4])]
    assert not together._tasks
    assert not together._waiting


async def test_whoever_is_cancelled_while_its_group_fails_is_not_done_by_itself() -> None:
    work = Work()
    work.fails_with = ValueError("unlucky")
    together: Grouping[int, int] = Grouping(work)
    work.gate.clear()
    first, second, third = (asyncio.create_task(together.do("a", item)) for item in (1, 2, 13))
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.sleep(0.01)
    work.gate.set()
    done = await asyncio.gather(first, third, return_exceptions=True)
    assert done == [2, work.fails_with]
    assert work.groups == [("a", [1, 2, 13]), ("a", [1]), ("a", [13])]
