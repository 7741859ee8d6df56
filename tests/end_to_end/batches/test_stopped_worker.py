"""A worker stands still for a while between claim and request, or between request and answer, or loses its database."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import psutil
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
MISSED_SECONDS = 4  # until others have taken over what a worker without a connection did; its requests may leave still
CUTS = 12
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


def test_a_worker_taken_for_dead_between_claim_and_request_dials_nobody_twice(numbers: Numbers) -> None:
    """Its connections are gone, so that others take over at once; it wakes while its requests may leave still."""
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as stack:
        batch = begun(stack, numbers)
        stopped = [stop_between_claim_and_answer(batch, MISSED_SECONDS, cut=True) for _ in range(3)]
        batch.wait_until_completed(300)
        print(f"{stopped} dials were claimed and unanswered when the worker stopped")

        assert "take its calls over" in stack.log("worker-2") + stack.log("worker-1")
        assert batch.complaints(speed=SPEED, **ALLOWED) == []
        assert batch.ledger_complaints() == []


def test_workers_whose_connections_end_again_and_again_dial_nobody_twice(numbers: Numbers) -> None:
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as stack:
        batch = begun(stack, numbers)
        for cut in range(CUTS):
            end_connections(stack, [stack.pid("workers", number) for number in ((0,), (1,), (0, 1))[cut % 3]])
            time.sleep(1)
        batch.wait_until_completed(300)

        assert batch.complaints(speed=SPEED, **ALLOWED) == []
        assert batch.ledger_complaints() == []


def begun(stack: LiveStack, numbers: Numbers) -> Batch:
    batch = Batch.create(stack, contacts(numbers.some(CONTACTS)), maxAttempts=2)
    until(lambda: batch.live() >= 30, 30, every=0.2)
    return batch


def end_connections(stack: LiveStack, pids: list[int]) -> None:
    """End those that these processes have to PostgreSQL."""
    ports = [end.laddr.port for pid in pids for end in psutil.Process(pid).net_connections() if end.raddr]
    with psycopg.connect(stack.ready["database"]["url"], autocommit=True) as connection:
        query = "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE client_port = ANY(%s)"
        connection.execute(query, [ports])


def stop_between_claim_and_answer(batch: Batch, seconds: float = STOPPED_SECONDS, *, cut: bool = False) -> int:
    """Stop one worker at an instant when it has claimed dials that the carrier did not answer yet; how many.

    `cut`: its connections to PostgreSQL end meanwhile.
    """
    pid = batch.stack.pid("workers", 0)
    with psycopg.connect(batch.stack.ready["database"]["url"], autocommit=True) as connection:
        for _ in range(200):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.3)  # the other worker's dials have an id by then
            row = connection.execute("SELECT count(*) FROM dials WHERE call_id IS NULL AND ended_at IS NULL").fetchone()
            assert row is not None
            if row[0]:
                if cut:
                    end_connections(batch.stack, [pid])
                time.sleep(seconds)
                os.kill(pid, signal.SIGCONT)
                return int(row[0])
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)
    raise AssertionError("the worker was never between claim and answer")
