"""A worker stands still for forty seconds between claim and request, or between request and answer."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest
from aiohttp import web

from tests.end_to_end.batch import Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.serving import beside, served
from tests.waiting import until

SPEED = 30
CONTACTS = 400
STOPPED_SECONDS = 40
ALLOWED = {"unknown": CONTACTS // 20, "unheard": CONTACTS // 50, "unsent": CONTACTS // 20}
OWN_HEADERS = {"content-length", "content-encoding", "transfer-encoding", "connection", "date", "server", "host"}
pytestmark = pytest.mark.soak


@dataclass
class Proxy:
    """`holding`: the carrier behind it takes creates, and their answers wait until `let_go`; `held`: how many did."""

    target: str = ""
    url: str = ""
    holding: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    held: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        async with served(app) as self.url, httpx.AsyncClient(trust_env=False, timeout=30) as self._client:
            yield self

    async def _pass_on(self, request: web.Request) -> web.Response:
        hold = request.method == "POST" and request.path.endswith("/Calls.json") and self.holding.is_set()
        asked = [(name, value) for name, value in request.headers.items() if name.lower() not in OWN_HEADERS]
        url = f"{self.target}{request.raw_path}"
        answer = await self._client.request(request.method, url, headers=asked, content=await request.read())
        if hold:
            self.held += 1
            await asyncio.to_thread(self.let_go.wait, 60)
        told = {name: value for name, value in answer.headers.items() if name.lower() not in OWN_HEADERS}
        return web.Response(status=answer.status_code, body=answer.content, headers=told)


def test_a_worker_stopped_before_its_requests_left_dials_nobody_twice(numbers: Numbers) -> None:
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as stack:
        batch = begun(stack, numbers)
        stopped = stop_between_claim_and_answer(batch)
        batch.wait_until_completed(300)
        print(f"{stopped} dials were claimed and unanswered when the worker stopped")

        assert batch.complaints(speed=SPEED, **ALLOWED) == []
        assert batch.ledger_complaints() == []


def test_a_worker_stopped_before_it_read_the_answers_dials_nobody_twice(numbers: Numbers) -> None:
    with (
        beside(Proxy().running()) as proxy,
        LiveStack.running("--speed", str(SPEED), "--workers", "2", "--carrier-url", proxy.url) as stack,
    ):
        proxy.target = stack.ready["carrier"]["url"]
        batch = begun(stack, numbers)
        proxy.holding.set()
        time.sleep(0.5)
        stack.kill("workers", 0, signal.SIGSTOP)
        proxy.holding.clear()
        proxy.let_go.set()
        time.sleep(STOPPED_SECONDS)
        stack.kill("workers", 0, signal.SIGCONT)
        batch.wait_until_completed(300)
        print(f"{proxy.held} answers were held back from both workers")

        assert batch.complaints(speed=SPEED, **ALLOWED) == []
        assert batch.ledger_complaints() == []


def begun(stack: LiveStack, numbers: Numbers) -> Batch:
    batch = Batch.create(stack, contacts(numbers.some(CONTACTS)), maxAttempts=2)
    until(lambda: batch.live() >= 30, 30, every=0.2)
    return batch


def stop_between_claim_and_answer(batch: Batch) -> int:
    """Stop one worker at an instant when it has claimed dials that the carrier did not answer yet; how many."""
    pid = batch.stack.pid("workers", 0)
    with psycopg.connect(batch.stack.ready["database"]["url"], autocommit=True) as connection:
        for _ in range(200):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.3)  # the other worker's dials have an id by then
            row = connection.execute("SELECT count(*) FROM dials WHERE call_id IS NULL AND ended_at IS NULL").fetchone()
            assert row is not None
            if row[0]:
                time.sleep(STOPPED_SECONDS)
                os.kill(pid, signal.SIGCONT)
                return int(row[0])
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)
    raise AssertionError("the worker was never between claim and answer")
