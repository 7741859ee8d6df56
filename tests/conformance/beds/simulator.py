"""Twilio's adapter against the simulator, over real HTTP."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from carriers import Carrier
from domain.calls.models import Audio
from tests.carriers.simulation import Simulator
from tests.conformance.bed import Seen

SLOWLY = "0.01"  # a call in five seconds of ours, at this speed
SPEED = 20.0  # the longest ring is 30 s of ours: long enough to hang up before, on a busy machine too


class SimulatorBed:
    """The simulator is a process of its own; what it wrote down is the far end's record."""

    name = "twilio"
    audio = Audio.WEBSOCKET
    audio_url = "wss://agent.example/talk"
    ring_seconds = 10
    talk_seconds = 20
    patience_seconds = 30.0

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="outdial-bed-"))
        self.simulator = Simulator(self._directory / "calls.db", speed=SPEED)
        self._areas = itertools.count(201)

    async def start(self, public_url: str) -> None:
        await asyncio.to_thread(self.simulator.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self.simulator.kill)
        shutil.rmtree(self._directory)

    def open(self, **settings: Any) -> Carrier:
        return self.simulator.carrier(**settings)

    def number(self, digits: str) -> str:
        return f"+1{next(self._areas)}55501{digits}"

    async def seen(self, number: str) -> Sequence[Seen]:
        dials = await asyncio.to_thread(self.simulator.dials_to, number)
        return [Seen(to=dial["to"]) for dial in dials]

    @asynccontextmanager
    async def answers_lost(self, number: str) -> AsyncIterator[None]:
        self.simulator.set_faults(numbers={number: {"answer_lost": 1}})
        try:
            yield
        finally:
            self.simulator.set_faults()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self.simulator.kill)
        try:
            yield
        finally:
            await asyncio.to_thread(self.simulator.start)

    @asynccontextmanager
    async def at_limit(self) -> AsyncIterator[None]:
        """Its queue takes every call; at a rate so low, the next one waits in it for seconds, and then others go on."""
        await asyncio.to_thread(self.simulator.kill)
        self.simulator.flags = ("--calls-per-second", SLOWLY)
        await asyncio.to_thread(self.simulator.start)
        try:
            yield
        finally:
            await asyncio.to_thread(self.simulator.kill)
            self.simulator.flags = ()
            await asyncio.to_thread(self.simulator.start)
