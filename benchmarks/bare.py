"""The yardstick: a workflow that runs activities which do nothing, as many at once as a job has lines."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

TIMEOUT = timedelta(seconds=60)


@activity.defn
async def nothing() -> None:
    """Do nothing."""


@workflow.defn
class Bare:
    """`count` activities, `at_once` at a time."""

    @workflow.run
    async def run(self, count: int, at_once: int) -> None:
        room = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with room:
                await workflow.execute_activity(nothing, start_to_close_timeout=TIMEOUT)

        await asyncio.gather(*(one() for _ in range(count)))
