"""Asterisk's adapter against a real Asterisk, whose trunk leads to a real callee."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from carriers import Carrier
from carriers.asterisk import Asterisk
from domain.calls import Audio
from tests.conformance.bed import NotHere, Seen
from tests.telephony_lab.agent import Agent
from tests.telephony_lab.lab import Lab, a_lab, cannot_be_had
from tests.telephony_lab.proxy import Proxy


class AsteriskBed:
    """The callee's own log is the far end's record."""

    name = "asterisk"
    audio = Audio.WEBSOCKET
    ring_seconds = 4
    talk_seconds = 4
    patience_seconds = 12.0

    def __init__(self) -> None:
        self._agent = Agent()
        self._parts = AsyncExitStack()
        self._areas = itertools.count(201)

    _lab: Lab
    _proxy: Proxy

    @property
    def audio_url(self) -> str:
        return self._agent.url

    async def start(self, public_url: str) -> None:
        missing = await asyncio.to_thread(cannot_be_had)
        if missing is not None:
            raise NotHere("asterisk", missing)
        self._lab = self._parts.enter_context(a_lab())
        await asyncio.to_thread(self._lab.start)
        self._proxy = await self._parts.enter_async_context(Proxy(self._lab.ari_port).running())
        await self._parts.enter_async_context(self._agent.running())

    async def stop(self) -> None:
        await self._parts.aclose()

    def open(self) -> Carrier:
        return Asterisk(self._lab.options(url=self._proxy.url))

    def number(self, digits: str) -> str:
        return f"+1{next(self._areas)}55501{digits}"

    async def seen(self, number: str) -> Sequence[Seen]:
        return [Seen(to=rung) for rung in await asyncio.to_thread(self._lab.rung) if rung == number]

    @asynccontextmanager
    async def answers_lost(self, number: str) -> AsyncIterator[None]:
        with self._proxy.losing(number):
            yield

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._lab.kill_asterisk)
        try:
            yield
        finally:
            await asyncio.to_thread(self._lab.start_asterisk)

    @asynccontextmanager
    async def at_limit(self) -> AsyncIterator[None]:
        raise NotHere("asterisk", "Asterisk takes every call: limits are its trunk's.")
        yield
