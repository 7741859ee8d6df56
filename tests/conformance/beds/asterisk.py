"""Asterisk's adapter against a real Asterisk, whose trunk leads to a real callee."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from carriers.asterisk import Asterisk
from domain.calls.models import Audio
from tests.conformance.bed import NotHere, Seen
from tests.telephony_lab.lab import PASSWORD, USER, Lab, a_lab, cannot_be_had
from tests.telephony_lab.proxy import Proxy
from tests.voice_agent import an_agent

APP = "outdial"
MAX_FILES = 128  # of Asterisk: enough for the calls of one test, soon full
FULL = 500
ANSWER_SECONDS = 30.0


class AsteriskBed:
    """The callee's own log is the far end's record."""

    name = "asterisk"
    audio = Audio.WEBSOCKET
    audio_url = ""  # of the agent that runs with it
    ring_seconds = 4
    talk_seconds = 4
    patience_seconds = 40.0

    def __init__(self) -> None:
        self._parts = AsyncExitStack()
        self._areas = itertools.count(201)

    _lab: Lab
    _proxy: Proxy

    async def start(self, public_url: str) -> None:
        missing = await asyncio.to_thread(cannot_be_had)
        if missing is not None:
            raise NotHere("asterisk", missing)
        self._lab = self._parts.enter_context(a_lab())
        await asyncio.to_thread(self._lab.start, most_files=MAX_FILES)
        self._proxy = await self._parts.enter_async_context(Proxy(self._lab.ari_port).running())
        self.audio_url = (await self._parts.enter_async_context(an_agent(tone=True))).url

    async def stop(self) -> None:
        await self._parts.aclose()

    def open(self, **options: object) -> Asterisk:
        return Asterisk(self._lab.options(url=self._proxy.url, **options))

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
        """Channels that dial nobody hold its last files, as those of calls would.

        It is started anew, so that no old connection ends meanwhile and gives a file back.
        """
        async with self.down():
            pass
        async with self._http() as http:
            await self._listened_to(http)
            held = await self._filled(http)
            try:
                yield
            finally:
                for channel in held:
                    await http.delete(f"/channels/{channel}")

    async def calls_over(self, trunk: str) -> list[str]:
        """The channels that live on one of its endpoints."""
        async with self._http() as http:
            endpoint = (await http.get(f"/endpoints/PJSIP/{trunk}")).raise_for_status().json()
        return list(endpoint["channel_ids"])

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._lab.url, auth=(USER, PASSWORD), trust_env=False, timeout=ANSWER_SECONDS)

    async def _listened_to(self, http: httpx.AsyncClient) -> None:
        async with asyncio.timeout(self.patience_seconds):
            while not (await http.get(f"/applications/{APP}")).is_success:
                await asyncio.sleep(0.05)

    async def _filled(self, http: httpx.AsyncClient) -> list[str]:
        held: list[str] = []
        while True:
            channel = f"held-{len(held)}"
            order = {"endpoint": f"PJSIP/{self.number('07')}@trunk", "app": APP, "channelId": channel}
            answer = await http.post("/channels/create", json=order)
            if answer.status_code == FULL:
                return held
            answer.raise_for_status()
            held.append(channel)
