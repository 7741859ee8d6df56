"""Tin Can's bed for the conformance suite: its exchange as a process of its own."""

import asyncio
import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from carriers import Carrier
from domain.calls.models import Audio
from examples.tincan.carrier import TinCan
from examples.tincan.exchange import MAX_CALLS, SECRET
from stack.ports import free_port
from tests.conformance.bed import CALLER, LONG_CALL_SECONDS, LONG_RING_SECONDS, Seen

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


class TinCanBed:
    name = "tincan"
    audio = Audio.WEBSOCKET
    audio_url = "wss://agent.example/talk"
    ring_seconds = 10
    talk_seconds = 10
    patience_seconds = 30.0

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="outdial-tincan-"))
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._areas = itertools.count(201)
        self._http = httpx.AsyncClient(base_url=self._url, headers={"Authorization": f"Bearer {SECRET}"})

    async def start(self, public_url: str) -> None:
        await self._up()

    async def stop(self) -> None:
        self._kill()
        await self._http.aclose()
        shutil.rmtree(self._directory)

    def open(self) -> Carrier:
        return TinCan(self._url, SECRET)

    def number(self, digits: str) -> str:
        return f"+1{next(self._areas)}55501{digits}"

    async def seen(self, number: str) -> Sequence[Seen]:
        calls = (await self._http.get("/calls", params={"to": number})).json()
        return [Seen(to=call["to"], call_id=call["call_id"]) for call in calls]

    @asynccontextmanager
    async def answers_lost(self, number: str) -> AsyncIterator[None]:
        await self._http.put("/lost", json=[number])
        try:
            yield
        finally:
            await self._http.put("/lost", json=[])

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        self._kill()
        try:
            yield
        finally:
            await self._up()

    @asynccontextmanager
    async def at_limit(self) -> AsyncIterator[None]:
        """All its lines talk to people who never hang up."""
        order = {"ring_seconds": LONG_RING_SECONDS, "max_call_seconds": LONG_CALL_SECONDS, "callback_url": self._url}
        orders = [{"key": f"line_{n}", "to": self.number("07"), "from_": CALLER, **order} for n in range(MAX_CALLS)]
        calls = [(await self._http.post("/calls", json=order)).json() for order in orders]
        try:
            yield
        finally:
            for call in calls:
                await self._http.delete(f"/calls/{call['call_id']}")

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def _up(self) -> None:
        command = [sys.executable, "-m", "examples.tincan.exchange", str(self._port), self._directory / "calls.json"]
        self._process = await asyncio.to_thread(subprocess.Popen, command, cwd=ROOT)
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await self._http.get("/health")
                    return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
