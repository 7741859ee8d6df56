"""Two workers and one Asterisk: one of them hears its events for both, the other when that one is gone."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from activities.calls.call import CallActivities
from activities.calls.carrier_stream import CarrierStream
from carriers import Carrier
from carriers.asterisk import Asterisk
from domain.calls.models import CallState, Outcome
from store.calls.claim import Claims
from store.calls.dials import Dials
from store.calls.watcher import DialWatch
from store.db.engine import Database
from store.db.listen import Notices
from store.leases import StreamLeases
from tests.activities.calling import Calling
from tests.builders import a_job, an_organization
from tests.fakes.carrier import NAME
from tests.telephony_lab.lab import Lab
from tests.voice_agent import Agent, an_agent
from tests.waiting import eventually

BUSY, STAYS = 1, 7  # contacts by the last two digits of their numbers


class Worker:
    """What of a worker process has to do with one carrier."""

    def __init__(self, lab: Lab, engine: Database, database_url: str) -> None:
        self.carrier = Asterisk(lab.options())
        self.dials = Dials(engine)
        self.watch = DialWatch(self.dials, Notices(database_url))
        self.calls = CallActivities(
            Claims(engine), self.dials, self.watch, {NAME: self.carrier}, "http://127.0.0.1:8000", call_token=str
        )
        self.leases = StreamLeases(engine, database_url)
        self._listening = CarrierStream(NAME, self.carrier, self.dials, self.leases, _nobody)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Worker"]:
        try:
            async with self.watch.running(), self._listening.running():
                yield self
        finally:
            await self.carrier.close()


async def test_the_events_of_all_workers_calls_are_heard_by_one_and_by_another_when_it_is_gone(
    lab: Lab, engine: Database, database_url: str
) -> None:
    first, second = (Worker(lab, engine, database_url) for _ in range(2))
    async with an_agent(tone=True) as agent, AsyncExitStack() as second_process:
        async with first.running():
            await eventually(lambda: second.leases.is_streaming(NAME))
            assert first.carrier.is_connected
            await second_process.enter_async_context(second.running())
            calling = await _a_job(engine, second, agent)
            assert (await calling.call(BUSY)).outcome is Outcome.BUSY
            call = calling.start(STAYS)
            answered = await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED, STAYS)
            await eventually(lambda: agent.streams)  # a call that ends before its agent is there has none
            assert not second.carrier.is_connected

        await eventually(lambda: second.carrier.is_connected)
        assert answered.call_id is not None
        await second.carrier.hang_up(answered.call_id)
        assert (await call.result()).outcome is Outcome.ANSWERED


async def _nobody(_: str) -> None:
    """No workflow runs here."""


async def _a_job(engine: Database, worker: Worker, agent: Agent) -> Calling:
    given = await an_organization(engine)
    job = await a_job(engine, given, 8)
    carriers: dict[str, Carrier] = {NAME: worker.carrier}
    calling = Calling(engine, worker.dials, worker.carrier, worker.calls, given, job.id, worker.watch, carriers)  # type: ignore[arg-type]
    await calling.change("UPDATE batch_jobs SET audio_url = :url", url=agent.url)
    await calling.begin()
    return calling
