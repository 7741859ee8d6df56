"""The limit: a workflow of activities that do nothing, as many at once as there are lines.

`python -m benchmarks.noop ADDRESS COUNT` prints seconds and the CPU seconds of its worker, this process.
"""

import asyncio
import json
import os
import sys
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from workflows.process_end import run_to_end

TIMEOUT = timedelta(seconds=60)
LINES = 50  # as benchmarks.scale has it, which the sandbox need not know
QUEUE = "benchmark-noop"
WARM_UP = 50


@activity.defn
async def nothing() -> None:
    """Do nothing."""


@workflow.defn
class Many:
    """`count` activities, one after another in each lane."""

    @workflow.run
    async def run(self, count: int) -> None:
        left = iter(range(count))

        async def lane() -> None:
            for _ in left:
                await workflow.execute_activity(nothing, start_to_close_timeout=TIMEOUT)

        await asyncio.gather(*(lane() for _ in range(LINES)))


async def main(address: str, count: int) -> None:
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Many],
        activities=[nothing],
        max_concurrent_activities=LINES,
        disable_eager_activity_execution=True,
    )
    async with worker:
        for activities in (WARM_UP, count):
            cpu, began = time.process_time(), time.monotonic()
            await client.execute_workflow(Many.run, activities, id=f"noop-{os.getpid()}-{activities}", task_queue=QUEUE)
    print(json.dumps({"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    run_to_end(lambda: asyncio.run(main(sys.argv[1], int(sys.argv[2]))))
