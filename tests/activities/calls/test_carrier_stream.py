"""What a worker does with the events of a carrier's stream, beside recording them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from activities.calls.carrier_stream import CarrierStream
from carriers import OnConnected, OnReport
from domain.calls.models import AgentContact, CallReport, CallState, Outcome
from store.calls.dials import Dials
from store.db.engine import Database
from store.leases import StreamLeases
from tests.activities.calling import Calling
from tests.fakes.carrier import ANSWERS, NAME, FakeCarrier
from tests.waiting import eventually


class StreamingCarrier(FakeCarrier):
    """Tells on its stream what a test puts there."""

    def __init__(self, dials: Dials) -> None:
        super().__init__(dials)
        self.events: asyncio.Queue[CallReport] = asyncio.Queue()

    async def stream(self, on_report: OnReport, on_connected: OnConnected) -> None:
        await on_connected()
        while True:
            await on_report(await self.events.get())
            self.events.task_done()


@pytest.fixture
async def carrier(dials: Dials) -> AsyncIterator[StreamingCarrier]:
    carrier = StreamingCarrier(dials)
    yield carrier
    await carrier.close()


class Nudged:
    """The jobs that were to look; `fails`: Temporal is away."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.fails = False

    async def __call__(self, job_id: str) -> None:
        self.jobs.append(job_id)
        if self.fails:
            raise RuntimeError("Temporal is away.")


async def test_what_is_learned_after_the_end_makes_its_job_look(
    calling: Calling, carrier: StreamingCarrier, dials: Dials, engine: Database, database_url: str
) -> None:
    nudged = Nudged()
    carrier.script(calling.number, ANSWERS)
    ended = await calling.call()
    assert ended.outcome is Outcome.ANSWERED
    [call] = carrier.calls_to(calling.number)
    learned = CallReport(
        call_id=call.call_id, key=call.order.key, state=CallState.ANSWERED, agent=AgentContact.UNREACHABLE
    )

    async with _listening(carrier, dials, StreamLeases(engine, database_url), nudged):
        carrier.events.put_nowait(learned)
        await eventually(lambda: _are(nudged, [calling.job_id]))
        carrier.events.put_nowait(learned)  # nothing new
        await carrier.events.join()

    assert nudged.jobs == [calling.job_id]
    assert (await dials.get(*_dial_of(call.order.key))).outcome is Outcome.AGENT_UNREACHABLE  # type: ignore[union-attr]


async def test_the_stream_is_heard_on_while_temporal_is_away(
    calling: Calling, carrier: StreamingCarrier, dials: Dials, engine: Database, database_url: str
) -> None:
    nudged = Nudged()
    nudged.fails = True
    carrier.script(calling.number, ANSWERS)
    await calling.call()
    await calling.call(1)
    agents = [
        CallReport(call_id=call.call_id, key=call.order.key, state=CallState.ANSWERED, agent=AgentContact.UNREACHABLE)
        for call in carrier.calls
    ]

    async with _listening(carrier, dials, StreamLeases(engine, database_url), nudged):
        for learned in agents:
            carrier.events.put_nowait(learned)
        await eventually(lambda: _are(nudged, [calling.job_id] * 2))


@asynccontextmanager
async def _listening(
    carrier: StreamingCarrier, dials: Dials, leases: StreamLeases, nudged: Nudged
) -> AsyncIterator[None]:
    async with CarrierStream(NAME, carrier, dials, leases, nudged).running():
        yield


async def _are(nudged: Nudged, jobs: list[str]) -> bool:
    return nudged.jobs == jobs


def _dial_of(key: str) -> tuple[str, int]:
    contact_id, dial = key.rsplit(":", 1)
    return contact_id, int(dial)
