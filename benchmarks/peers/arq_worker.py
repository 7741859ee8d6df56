"""ARQ: a job a contact. Polls every 50 ms; a job whose worker died is given back after 40 s."""

import asyncio
from typing import Any, ClassVar

import httpx
from arq import create_pool
from arq.connections import RedisSettings

from benchmarks.peers import records

REDIS = RedisSettings.from_dsn(records.REDIS)


async def call(context: dict[str, Any], contact: int) -> None:
    await records.dial(context["pool"], context["http"], contact)
    await context["redis"].blpop(f"ended:{contact}", timeout=0)


async def startup(context: dict[str, Any]) -> None:
    context["pool"], context["http"] = await records.open_async_pool(), httpx.AsyncClient(trust_env=False)


class WorkerSettings:
    functions: ClassVar = [call]
    on_startup = startup
    redis_settings = REDIS
    max_jobs = records.LINES
    job_timeout = 30
    poll_delay = 0.05


def submit(contacts: range) -> None:
    async def enqueue() -> None:
        pool = await create_pool(REDIS)
        for contact in contacts:
            await pool.enqueue_job("call", contact)

    asyncio.run(enqueue())
