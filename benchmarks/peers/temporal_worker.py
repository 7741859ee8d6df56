"""Temporal as one would write it first: a workflow for the list, a lane a line, an activity a contact.

`python -m benchmarks.peers.temporal_worker`
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import httpx
    import psycopg

    from benchmarks.peers import records

QUEUE = "calls"
parts: dict[str, Any] = {}
waiting: dict[int, asyncio.Future[None]] = {}


@activity.defn
async def call(contact: int) -> None:
    ended = waiting[contact] = asyncio.get_running_loop().create_future()
    await records.dial(parts["pool"], parts["http"], contact)
    while not ended.done():
        activity.heartbeat()
        await asyncio.wait([ended], timeout=3)
    del waiting[contact]


@workflow.defn
class Lanes:
    @workflow.run
    async def run(self, first: int, end: int) -> None:
        contacts = iter(range(first, end))

        async def lane() -> None:
            for contact in contacts:
                await workflow.execute_activity(
                    call, contact, start_to_close_timeout=timedelta(hours=4), heartbeat_timeout=timedelta(seconds=10)
                )

        await asyncio.gather(*(lane() for _ in range(records.LINES)))


async def listen() -> None:
    connection = await psycopg.AsyncConnection.connect(records.DATABASE, autocommit=True)
    await connection.execute("LISTEN ended")
    async for notice in connection.notifies():
        ended = waiting.get(int(notice.payload))
        if ended and not ended.done():
            ended.set_result(None)


async def main() -> None:
    parts["pool"], parts["http"] = await records.open_async_pool(), httpx.AsyncClient(trust_env=False)
    listening = asyncio.create_task(listen())
    client = await Client.connect(records.TEMPORAL)
    async with Worker(client, task_queue=QUEUE, workflows=[Lanes], activities=[call], max_concurrent_activities=200):
        print("is ready", flush=True)
        await listening


def submit(contacts: range) -> None:
    async def start() -> None:
        client = await Client.connect(records.TEMPORAL)
        bounds = [contacts.start, contacts.stop]
        await client.start_workflow(Lanes.run, args=bounds, id=f"lanes-{contacts.start}", task_queue=QUEUE)

    asyncio.run(start())


if __name__ == "__main__":
    asyncio.run(main())
