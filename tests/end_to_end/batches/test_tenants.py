"""Two organizations on one stack, one of them hostile in every way at once: what the other one notices."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count

import httpx
import pytest

from tests.api.attacks import ATTACKS, Attack
from tests.end_to_end.batch import FORBIDDEN, SHORT, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.receiving import Receiver, never
from tests.waiting import eventually

SPEED = 60
CALLS = 60  # of the honest organization, each time
ROUNDS = 3  # alone, and as many beside the hostile one, in turn
RATIO = 1.3
NOISE = 2.0  # of machines that tests run on
UPLOAD_ROWS = 500
REFUSED = "+12025550182"  # a caller id that the shared account does not own
COMMAS = 2_000_000  # of a header
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

    async def measure(self) -> dict[str, float]:
        """Calls, uploads, a stream and webhooks, once."""
        called = contacts(self.numbers.scripted(SHORT, CALLS))
        began = time.monotonic()
        batch = await asyncio.to_thread(Batch.create, self.stack, called, concurrentCallLimit=10, maxAttempts=1)
        stream = await self._first_event(batch.job_id)
        uploads = [await self._upload() for _ in range(3)]
        await eventually(partial(_told, self.receiver, batch.job_id), 120)
        told = time.monotonic()
        detail = await asyncio.to_thread(batch.detail)
        assert detail["statusBreakdown"]["completed"] == CALLS, detail
        ended = time.monotonic() - (time.time() - _epoch(detail["completedAt"]))
        return {
            "calls": ended - began,
            "upload": statistics.median(uploads),
            "stream": stream,
            "webhook": max(0.0, told - ended),
        }

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


class Hostile:
    """What one organization does, all at once, with keys, agents and numbers of its own."""

    def __init__(self, stack: LiveStack, numbers: Numbers) -> None:
        self.stack, self.numbers = stack, numbers
        self.key = stack.ready["otherOrganization"]["ownerKey"]
        self.sender = stack.ready["otherOrganization"]["phoneNumberId"]
        self.done: dict[str, int] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """While the block runs."""
        async with AsyncExitStack() as opened:
            receivers = [await opened.enter_async_context(Receiver.listening()) for _ in range(5)]
            for receiver in receivers:
                receiver.answering = never
                await self._subscribe(receiver)
            tasks = [
                asyncio.create_task(self._repeat(what))
                for what in (self._refused_calls, self._commas, self._rows, self._deep, self._streams, self._junk)
            ]
            try:
                await asyncio.sleep(1)
                yield
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended

    async def _repeat(self, what: "object") -> None:
        for round in count():
            try:
                await what(round)  # type: ignore[operator]
            except (httpx.HTTPError, OSError):
                await asyncio.sleep(0.1)
            self.done[what.__name__] = self.done.get(what.__name__, 0) + 1  # type: ignore[attr-defined]

    async def _subscribe(self, receiver: Receiver) -> None:
        async with _client(self.stack, self.key) as client:
            body = {"url": receiver.url, "events": ["batch.started", "batch.completed", "contact.finished"]}
            (await client.post("/webhooks", json=body)).raise_for_status()

    async def _refused_calls(self, _: int) -> None:
        """From a number that the account does not own, and to far ends that answer 403."""
        for called in (self.numbers.some(40), self.numbers.scripted(FORBIDDEN, 40)):
            body = {"fromPhoneNumberId": self.sender, "name": "Hostile", "contacts": contacts(called)}
            async with _client(self.stack, self.key) as client:
                await client.post("/batch/create", json=body)
        await asyncio.sleep(5)

    async def _commas(self, _: int) -> None:
        await self._validate(b"," * COMMAS + b"\r\nphone\r\n")

    async def _rows(self, _: int) -> None:
        await self._validate(b"phone,name\r\n" + b"+12025550101,Ada\r\n" * 100_000)

    async def _deep(self, _: int) -> None:
        content = json.dumps({"k" * 32_000: [0] * 16_000}).encode()
        async with _client(self.stack, self.key) as client:
            await client.post("/batch/validate", content=content, headers={"Content-Type": "application/json"})

    async def _validate(self, file: bytes) -> None:
        fields = {"fromPhoneNumberId": (None, self.sender), "name": (None, "Hostile")}
        async with _client(self.stack, self.key) as client:
            await client.post("/batch/validate", files={"file": ("a.csv", file), **fields})

    async def _streams(self, _: int) -> None:
        body = {"fromPhoneNumberId": self.sender, "name": "Watched", "contacts": contacts(self.numbers.some(1))}
        async with _client(self.stack, self.key) as client:
            job = (await client.post("/batch/create", json=body)).raise_for_status().json()["batchJobId"]
        await ATTACKS["streams"](self._attack("5", job))

    async def _junk(self, _: int) -> None:
        await ATTACKS["junk_keys"](self._attack("5", ""))

    def _attack(self, seconds: str, job: str) -> Attack:
        url = httpx.URL(self.stack.ready["api"]["url"])
        return Attack(url.host, str(url.port), seconds, self.key, job, self.sender)


async def test_a_hostile_organization_is_hardly_noticed_by_another(stack: LiveStack) -> None:
    numbers = Numbers()
    faults = {"callers_refused": [REFUSED, "+12025550181"]}
    carrier = stack.ready["carrier"]["url"]
    httpx.put(f"{carrier}/simulator/faults", json=faults, trust_env=False).raise_for_status()
    alone: dict[str, list[float]] = {}
    beside: dict[str, list[float]] = {}
    async with Receiver.listening() as receiver:
        honest, hostile = Honest(stack, receiver, numbers), Hostile(stack, numbers)
        async with _client(stack) as client:
            body = {"url": receiver.url, "events": ["batch.completed"]}
            (await client.post("/webhooks", json=body)).raise_for_status()
        await honest.measure()  # everything is imported and connected
        for _ in range(ROUNDS):
            _add(alone, await honest.measure())
            async with hostile.at_work():
                _add(beside, await honest.measure())
            await asyncio.sleep(3)
    ratios = {name: statistics.median(beside[name]) / statistics.median(alone[name]) for name in alone}
    print(f"\nalone {_medians(alone)}\nbeside {_medians(beside)}\nratios {ratios}\nhostile {hostile.done}")
    assert set(hostile.done) >= {"_refused_calls", "_commas", "_rows", "_deep"}
    assert all(ratio <= RATIO * NOISE for ratio in ratios.values()), ratios


def _add(found: dict[str, list[float]], took: dict[str, float]) -> None:
    for name, seconds in took.items():
        found.setdefault(name, []).append(seconds)


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
