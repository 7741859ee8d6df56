"""How a sweep goes through what it finds: each thing by itself, so that one that cannot be fixed holds up no other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from temporalio import activity

PART_TIMEOUT_SECONDS = 22.0  # twelve parts and a look at the open jobs together stay below RECONCILE_TIMEOUT
PARALLEL_REQUESTS = 10  # to Temporal, at once

Item = TypeVar("Item")


class Parts:
    """The parts of one sweep. `failed`: the names of those in which something could not be fixed, or found."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    async def run(
        self,
        name: str,
        find: Callable[[], Awaitable[Sequence[Item]]],
        fix: Callable[[Item], Awaitable[bool | None]],
        *,
        parallel: int = 1,
    ) -> int:
        """Fix what is found, at most `parallel` at once; how many `fix` did not answer with False.

        Raises nothing: what failed is logged, and the next sweep tries again.
        """
        room, errors, fixed = asyncio.Semaphore(parallel), Counter[str](), 0

        async def fix_one(item: Item) -> None:
            nonlocal fixed
            async with room:
                try:
                    fixed += await fix(item) is not False
                except Exception as error:
                    errors[type(error).__name__] += 1

        try:
            async with asyncio.timeout(PART_TIMEOUT_SECONDS):
                await asyncio.gather(*map(fix_one, await find()))
        except Exception as error:
            errors[type(error).__name__] += 1
        self._note(name, errors)
        return fixed

    def _note(self, name: str, errors: Counter[str]) -> None:
        """Errors by their names only: the text of a database's error may hold numbers."""
        if errors:
            self.failed.append(name)
            activity.logger.error("the sweep's part %s failed, and the others go on: %s", name, dict(errors))
