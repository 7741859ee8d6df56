"""The simulator as a process of its own, and a place where its callbacks arrive."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from aiohttp import web

from carriers import Carrier, EventRequest
from carriers.clock import boot_time
from carriers.twilio import Twilio
from domain.calls.models import Audio, CallOrder, CallReport, CallState

ROOT = Path(__file__).parents[2]
ACCOUNT_SID = "AC" + "51" * 16
AUTH_TOKEN = "simulator"
CALLER = "+12025550199"
AnyCarrier = TypeVar("AnyCarrier", bound=Carrier)

_AREAS = itertools.count(201)
_KEYS = itertools.count(1)


def number_ending(digits: str) -> str:
    """A number set aside for fiction that no other test dials: +1 NXX 555 01xx."""
    return f"+1{next(_AREAS)}55501{digits}"


def an_order(to: str, **changes: Any) -> CallOrder:
    values: dict[str, Any] = {
        "key": f"contact_{next(_KEYS)}:1",
        "to": to,
        "from_": CALLER,
        "audio": Audio.WEBSOCKET,
        "audio_url": "wss://agent.example/talk",
        "parameters": {"name": "Customer 0001"},
        "ring_seconds": 30,
        "max_call_seconds": 60,
    }
    return CallOrder(**(values | changes))


@dataclass
class Simulator:
    """One simulator process. `start` again after `kill` or `stop` goes on with the same record."""

    database: Path
    speed: float = 500
    seed: int = 1
    flags: tuple[str, ...] = ()
    port: int = 0
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> "Simulator":
        arguments = ["--port", str(self.port), "--database", str(self.database), "--seed", str(self.seed)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "carriers.simulator", *arguments, "--speed", str(self.speed), *self.flags],
            cwd=ROOT,
            env={**os.environ, "OUTDIAL_SIMULATOR_ACCOUNT_SID": ACCOUNT_SID},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rpartition(":")[2])
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        try:
            return self.process.wait(5)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def carrier(self, **changes: Any) -> Twilio:
        values: dict[str, Any] = {"base_url": self.url, "place_timeout_seconds": 5.0}
        return Twilio(ACCOUNT_SID, AUTH_TOKEN, **(values | changes))

    def report(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/simulator/report").json())

    def streams(self) -> dict[str, int]:
        return dict(httpx.get(f"{self.url}/simulator/streams").json())

    def dials_to(self, number: str) -> list[dict[str, Any]]:
        return [dial for dial in self.report()["dials"] if dial["to"] == number]

    def set_faults(self, **faults: Any) -> None:
        httpx.put(f"{self.url}/simulator/faults", json=faults).raise_for_status()


@dataclass
class Callbacks:
    """Takes callbacks, checks and reads them as the API would; `status` is what it answers."""

    carrier: Twilio
    url: str = ""
    status: int = 200
    requests: list[EventRequest] = field(default_factory=list)
    reports: list[CallReport] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        event = EventRequest(
            url=f"{self.url}{request.raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.requests.append(event)
        self.reports.append(self.carrier.read_event(event))
        self.arrivals.append(time.time())
        return web.Response(status=self.status)

    def url_for(self, key: str) -> str:
        return f"{self.url}/carriers/twilio/events?dial={quote(key, safe='')}"

    def of(self, key: str) -> list[CallReport]:
        return [report for report in self.reports if report.key == key]

    def states(self, key: str) -> list[CallState]:
        """Without what the machine detection says: it comes without a sequence number."""
        return [report.state for report in self.of(key) if report.sequence is not None]

    async def ending(self, key: str) -> CallReport:
        await until(lambda: CallState.ENDED in self.states(key))
        return next(report for report in self.of(key) if report.state is CallState.ENDED)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.005)


async def place(carrier: Twilio, callbacks: Callbacks, order: CallOrder, seconds: float = 5.0) -> CallReport:
    return await carrier.place(order, callback_url=callbacks.url_for(order.key), send_before=boot_time() + seconds)


@asynccontextmanager
async def closing(carrier: AnyCarrier) -> AsyncIterator[AnyCarrier]:
    try:
        yield carrier
    finally:
        await carrier.close()
