"""An adapter with an ear, for tests of one call."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from carriers.asterisk import Asterisk
from domain.calls.models import Audio, CallOrder, CallReport, CallState
from tests.telephony_lab.lab import Lab
from tests.waiting import eventually

CALLER = "+12025550199"
_CONTACTS = itertools.count(1)
_AREAS = itertools.count(301)


class Line:
    """`carrier` streams while this is open; `reports` is what it told, written only while `writes` is set."""

    def __init__(self, carrier: Asterisk) -> None:
        self.carrier = carrier
        self.reports: list[CallReport] = []
        self.connections = 0
        self.writes = asyncio.Event()
        self.writes.set()

    async def call(self, digits: str, audio_url: str, **changes: Any) -> CallReport:
        order = an_order(digits, audio_url, **changes)
        return await self.carrier.place(order, callback_url="", send_before=time.monotonic() + 5)

    async def heard(self, call_id: str, state: CallState) -> CallReport:
        return await eventually(
            lambda: next((told for told in self.reports if told.call_id == call_id and told.state is state), None)
        )

    async def hear(self, report: CallReport) -> None:
        await self.writes.wait()
        self.reports.append(report)

    async def connected(self) -> None:
        self.connections += 1


def an_order(digits: str, audio_url: str, **changes: Any) -> CallOrder:
    values: dict[str, Any] = {
        "key": f"contact_{next(_CONTACTS):06}:1",
        "to": f"+1{next(_AREAS)}55501{digits}",
        "from_": CALLER,
        "audio": Audio.SIP if audio_url.startswith("sip:") else Audio.WEBSOCKET,
        "audio_url": audio_url,
        "parameters": {"name": "Ada Lovelace", "first order": "A & B\r\nX-Forged: yes"},
        "ring_seconds": 20,
        "max_call_seconds": 60,
    }
    return CallOrder(**(values | changes))


@asynccontextmanager
async def a_line(lab: Lab, **options: Any) -> AsyncIterator[Line]:
    """As a worker has it: when it is left, nobody holds the stream."""
    line = Line(Asterisk(lab.options(**options)))
    listening = asyncio.create_task(line.carrier.stream(line.hear, line.connected))
    try:
        await eventually(lambda: line.connections or None)
        yield line
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await line.carrier.close()
