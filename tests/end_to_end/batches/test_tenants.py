"""Two organizations on one stack, one of them hostile in every way at once: what the other one notices."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import httpx
import pytest

from stack.seed import NUMBER_OF_THE_OTHER
from tests.end_to_end.batch import SHORT, Batch, Numbers, contacts
from tests.end_to_end.hostile import AT_WORK, WORK
from tests.end_to_end.live_stack import LiveStack
from tests.receiving import Receiver
from tests.waiting import eventually

SPEED = 60
CALLS = 20  # of a job
JOBS = 2  # of the honest organization in a round
ROUNDS = 3  # alone, and as many beside the hostile one, in turn
RATIO = 1.3
NOISE = 2.0  # of machines that tests run on
SHORT_ONES = 7  # uploads of a round and streams of a job: they take milliseconds
UPLOAD_ROWS = 500
AT_WORK_SECONDS = 60.0  # in which the hostile one has done everything once
pytestmark = pytest.mark.soak


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED), "--workers", "1") as running:
        yield running


@dataclass
class Honest:
    """Seconds that the honest organization's things take."""

    stack: LiveStack
    receiver: Receiver
    numbers: Numbers
    took: dict[str, list[float]] = field(default_factory=dict)

    async def measure(self) -> dict[str, list[float]]:
        """Calls, streams and webhooks, and afterwards uploads, which its own calls would slow down as well."""
        found: dict[str, list[float]] = {"calls": [], "stream": [], "webhook": []}
        for _ in range(JOBS):
            for name, seconds in (await self._job()).items():
                found[name].extend(seconds)
        return {**found, "upload": [await self._upload() for _ in range(SHORT_ONES)]}

    async def _job(self) -> dict[str, list[float]]:
        called = contacts(self.numbers.scripted(SHORT, CALLS))
        began = time.monotonic()
        batch = await asyncio.to_thread(Batch.create, self.stack, called, concurrentCallLimit=10, maxAttempts=1)
        streams = [await self._first_event(batch.job_id) for _ in range(SHORT_ONES)]
        await eventually(partial(_told, self.receiver, batch.job_id), 120)
        told = time.monotonic()
        detail = await asyncio.to_thread(batch.detail)
        assert detail["statusBreakdown"]["completed"] == CALLS, detail
        ended = time.monotonic() - (time.time() - _epoch(detail["completedAt"]))
        return {"calls": [ended - began], "stream": streams, "webhook": [max(0.0, told - ended)]}

    async def _upload(self) -> float:
        rows = "".join(f"{number},Ada\r\n" for number in self.numbers.some(UPLOAD_ROWS))
        fields = {"fromPhoneNumberId": (None, self.stack.ready["phoneNumbers"]["pipeline"]), "name": (None, "Ada")}
        async with _client(self.stack) as client:
            began = time.monotonic()
            answer = await client.post("/batch/validate", files={"file": ("a.csv", f"phone,name\r\n{rows}"), **fields})
            assert answer.status_code == 200, answer.text
        return time.monotonic() - began

    async def _first_event(self, job: str) -> float:
        async with _client(self.stack) as client:
            began = time.monotonic()
            async with client.stream("GET", f"/batch/jobs/{job}/events") as answer:
                assert answer.status_code == 200
                await anext(answer.aiter_lines())
        return time.monotonic() - began


@asynccontextmanager
async def hostile(stack: LiveStack) -> AsyncIterator[None]:
    """The other organization is at work while the block runs."""
    other = stack.ready["otherOrganization"]
    command = [sys.executable, "-m", "tests.end_to_end.hostile", stack.ready["api"]["url"], other["ownerKey"]]
    process = await asyncio.create_subprocess_exec(
        *command, other["phoneNumberId"], stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(AT_WORK_SECONDS):
            assert (await process.stdout.readline()).decode().strip() == AT_WORK
        yield
    finally:
        process.terminate()
        out, _ = await process.communicate()
    print(f"hostile: {out.decode().strip()}")
    assert process.returncode == 0
    assert json.loads(out).keys() >= WORK


async def test_a_hostile_organization_is_hardly_noticed_by_another(stack: LiveStack) -> None:
    refused = {"callers_refused": [NUMBER_OF_THE_OTHER]}
    httpx.put(f"{stack.ready['carrier']['url']}/simulator/faults", json=refused, trust_env=False).raise_for_status()
    alone: dict[str, list[float]] = {}
    beside: dict[str, list[float]] = {}
    async with Receiver.listening() as receiver:
        honest = Honest(stack, receiver, Numbers())
        async with _client(stack) as client:
            body = {"url": receiver.url, "events": ["batch.completed"]}
            (await client.post("/webhooks", json=body)).raise_for_status()
        await honest.measure()  # everything is imported and connected
        for _ in range(ROUNDS):
            _add(alone, await honest.measure())
            async with hostile(stack):
                _add(beside, await honest.measure())
            await asyncio.sleep(5)
    ratios = {name: statistics.median(beside[name]) / statistics.median(alone[name]) for name in alone}
    print(f"alone {_medians(alone)}\nbeside {_medians(beside)}\nratios {ratios}")
    assert all(ratio <= RATIO * NOISE for ratio in ratios.values()), ratios


def _add(found: dict[str, list[float]], took: dict[str, list[float]]) -> None:
    for name, seconds in took.items():
        found.setdefault(name, []).extend(seconds)


def _medians(found: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(statistics.median(seconds), 3) for name, seconds in found.items()}


def _told(receiver: Receiver, job: str) -> bool:
    return "batch.completed" in receiver.of(job)


def _epoch(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def _client(stack: LiveStack, key: str | None = None) -> httpx.AsyncClient:
    api = stack.ready["api"]
    headers = {"Authorization": f"Bearer {key or api['ownerKey']}"}
    return httpx.AsyncClient(base_url=api["url"], headers=headers, trust_env=False, timeout=60)
