"""A hostile organization, as a process of its own: `python -m tests.end_to_end.hostile URL KEY NUMBER`, until it ends.

It prints `AT_WORK` when all that ends by itself was done once, and how often it did what when it is asked to end. An
attacker's machine is another one: here it has a low priority, so that what it computes itself is not taken for what it
takes from others.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count

import httpx

from tests.api import attacks
from tests.api.attacks import ATTACKS, Attack
from tests.end_to_end.batch import Numbers, contacts
from tests.low_priority import behind_all_others
from tests.receiving import Receiver, never

COMMAS = 2_000_000  # of a header
STREAMS = 510
UNKNOWN_KEYS_PER_SECOND = 770
AT_WORK = "at work"
WORK = frozenset({"_refused_calls", "_commas", "_rows", "_deep"})


class Hostile:
    """What it does, all at once, with a key and a number of its own."""

    def __init__(self, url: str, key: str, sender: str) -> None:
        self.url, self.key, self.sender = url, key, sender
        self.numbers = Numbers()
        self.done: Counter[str] = Counter()

    async def run(self) -> None:
        """Until it is cancelled."""
        async with AsyncExitStack() as opened:
            for _ in range(5):
                receiver = await opened.enter_async_context(Receiver.listening())
                receiver.answering = never
                await self._subscribe(receiver.url)
            deeds = self._refused_calls, self._commas, self._rows, self._deep, self._streams, self._junk
            async with asyncio.TaskGroup() as tasks:
                for deed in deeds:
                    tasks.create_task(self._repeat(deed))

    async def _repeat(self, deed: Callable[[], Awaitable[None]]) -> None:
        for _ in count():
            try:
                await deed()
            except (httpx.HTTPError, OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.2)
            was_at_work = self.done.keys() >= WORK
            self.done[deed.__name__] += 1
            if not was_at_work and self.done.keys() >= WORK:
                print(AT_WORK, flush=True)

    def _client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    async def _subscribe(self, url: str) -> None:
        async with self._client() as client:
            body = {"url": url, "events": ["batch.started", "batch.completed", "contact.finished"]}
            (await client.post("/webhooks", json=body)).raise_for_status()

    async def _refused_calls(self) -> None:
        """From a number that the account does not own."""
        body = {"fromPhoneNumberId": self.sender, "name": "Hostile", "contacts": contacts(self.numbers.some(20))}
        async with self._client() as client:
            await client.post("/batch/create", json=body)
        await asyncio.sleep(5)

    async def _commas(self) -> None:
        await self._validate(b"," * COMMAS + b"\r\nphone\r\n")

    async def _rows(self) -> None:
        await self._validate(b"phone,name\r\n" + b"+12025550101,Ada\r\n" * 100_000)

    async def _deep(self) -> None:
        content = json.dumps({"k" * 32_000: [0] * 16_000}).encode()
        async with self._client() as client:
            await client.post("/batch/validate", content=content, headers={"Content-Type": "application/json"})

    async def _validate(self, file: bytes) -> None:
        fields = {"fromPhoneNumberId": (None, self.sender), "name": (None, "Hostile")}
        async with self._client() as client:
            await client.post("/batch/validate", files={"file": ("a.csv", file), **fields})

    async def _streams(self) -> None:
        body = {"fromPhoneNumberId": self.sender, "name": "Watched", "contacts": contacts(self.numbers.some(1))}
        async with self._client() as client:
            job = (await client.post("/batch/create", json=body)).raise_for_status().json()["batchJobId"]
        await ATTACKS["streams"](self._attack("5", job))

    async def _junk(self) -> None:
        await ATTACKS["junk_keys"](self._attack("5", ""))

    def _attack(self, seconds: str, job: str) -> Attack:
        url = httpx.URL(self.url)
        return Attack(url.host, str(url.port), seconds, self.key, job, self.sender)


async def main() -> None:
    behind_all_others()
    attacks.STREAMS, attacks.JUNK_KEYS_PER_SECOND = STREAMS, UNKNOWN_KEYS_PER_SECOND
    hostile = Hostile(*sys.argv[1:])
    work = asyncio.create_task(hostile.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.wait([work])
    print(json.dumps(hostile.done), flush=True)
    if not work.cancelled():
        work.result()


if __name__ == "__main__":
    asyncio.run(main())
