"""What a watched job costs: a hundred browsers on the page of a job with 10,000 contacts, which calls 50 at a time."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack

import httpx
import psutil
import pytest

from tests.console.browsing import Visitor
from tests.end_to_end import judge
from tests.end_to_end.batch import Batch, contacts
from tests.end_to_end.live_stack import LiveStack

VIEWERS = 100
CONTACTS = 10_000
MAX_CORE = 0.05  # of one core, for all viewers together
MAX_PAGE_SECONDS = 0.15  # the median of several
MEASURED_SECONDS = 20
SPEED = 5
LINES = 50
VIEWS = 10  # pages of contacts, at which as many look each


@pytest.mark.soak
async def test_a_hundred_viewers_of_a_running_job_cost_little() -> None:
    with LiveStack.running("--speed", str(SPEED)) as stack:
        job = Batch.create(stack, contacts(judge.fiction(CONTACTS)), concurrentCallLimit=LINES)
        api, url = psutil.Process(stack.pid("api")), f"{stack.ready['api']['url']}/console/jobs/{job.job_id}"
        keys = [stack.ready["api"]["ownerKey"], stack.ready["api"]["memberKey"]]
        async with AsyncExitStack() as opened:
            visitors = [await opened.enter_async_context(Visitor.at(stack.ready["api"]["url"])) for _ in keys]
            for visitor, key in zip(visitors, keys, strict=True):
                await visitor.sign_in(key)
            clients = [visitor.client for visitor in visitors]
            alone = await _share_of_a_core(api)
            parts: Counter[int] = Counter()
            watching = [asyncio.create_task(_watch(clients[i % 2], url, i, parts)) for i in range(VIEWERS)]
            while len(parts) < VIEWERS:
                assert [task.exception() for task in watching if task.done()] == []
                await asyncio.sleep(0.2)
            watched = await _share_of_a_core(api)
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            assert min(parts.values()) > 2, "they were not told of changes"
            seconds = sorted([await _seconds(clients[0], url) for _ in range(9)])
        told, page = sum(parts.values()), seconds[4] * 1000
        print(
            f"alone {alone:.1%}, with {VIEWERS} viewers {watched:.1%} of a core; {told} parts; the page: {page:.0f} ms"
        )
        assert watched - alone <= MAX_CORE
        assert seconds[4] <= MAX_PAGE_SECONDS
        with stack.http() as client:
            client.post(f"/batch/jobs/{job.job_id}/cancel", json={"hangUp": True}).raise_for_status()


async def _watch(client: httpx.AsyncClient, url: str, viewer: int, parts: Counter[int]) -> None:
    await asyncio.sleep(viewer * 0.05)  # people do not come at one instant
    async with client.stream("GET", f"{url}/stream?contactsPage={viewer % VIEWS + 1}") as stream:
        assert stream.status_code == 200
        async for line in stream.aiter_lines():
            parts[viewer] += line == "event: part"


async def _share_of_a_core(process: psutil.Process) -> float:
    before = process.cpu_times()
    await asyncio.sleep(MEASURED_SECONDS)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / MEASURED_SECONDS


async def _seconds(client: httpx.AsyncClient, url: str) -> float:
    begun = time.perf_counter()
    (await client.get(url)).raise_for_status()
    return time.perf_counter() - begun
