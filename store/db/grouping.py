"""Group commit: what arrives while the last group is on its way goes together. Nobody waits for a timer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected

MAX_GROUP = 100  # items; each is a row of the group's statements

Item = TypeVar("Item")
Result = TypeVar("Result")
Group = Callable[[str, Sequence[Item]], Awaitable[Sequence[Result]]]
AWAY = (psycopg.OperationalError, psycopg.InterfaceError)  # fails all alike, but for a deadlock


class Grouping(Generic[Item, Result]):
    """Items of one key are done together, one group after another; other keys do not wait for them.

    `work` gives the results in the items' order. Where it fails for a group, each item is done by itself, so that one
    fails alone; not where the database is away. Whoever is cancelled before its group, or its turn, begins is left out.
    """

    def __init__(self, work: Group[Item, Result]) -> None:
        self._work = work
        self._waiting: dict[str, list[tuple[Item, asyncio.Future[Result]]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def do(self, key: str, item: Item) -> Result:
        """The item's result; raises what `work` raised for it."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append((item, result))
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key))
        return await result

    async def _run(self, key: str) -> None:
        group: list[tuple[Item, asyncio.Future[Result]]] = []
        try:
            while waiting := self._waiting.pop(key, None):
                group = waiting
                if len(group) > MAX_GROUP:
                    self._waiting[key] = group[MAX_GROUP:]
                await self._do(key, group[:MAX_GROUP])
        finally:
            del self._tasks[key]
            for _, result in (*group, *self._waiting.pop(key, ())):  # those left where the loop ends
                result.cancel()

    async def _do(self, key: str, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        group = [(item, result) for item, result in group if not result.done()]
        if not group:
            return
        try:
            results = await self._work(key, [item for item, _ in group])
        except Exception as error:
            await self._see_to_failure(key, group, error)
            return
        for (_, result), done in zip(group, results, strict=True):
            if not result.done():
                result.set_result(done)

    async def _see_to_failure(
        self, key: str, group: Sequence[tuple[Item, asyncio.Future[Result]]], error: Exception
    ) -> None:
        if len(group) > 1 and (not isinstance(error, AWAY) or isinstance(error, DeadlockDetected)):
            for one in group:
                await self._do(key, [one])
            return
        for _, result in group:
            if not result.done():
                result.set_exception(error)
