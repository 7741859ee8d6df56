"""The real call activity on a real database, with a carrier that does what it is told."""

from collections.abc import AsyncIterator

import pytest

from activities.calls.call import CallActivities
from activities.calls.hand_over import HandOvers
from carriers import Carrier
from store.calls.claim import Claims
from store.calls.dials import Dials
from store.calls.watcher import DialWatch
from store.db.engine import Database
from store.db.listen import Notices
from tests.activities.calling import Calling
from tests.builders import a_job, an_organization
from tests.fakes.carrier import NAME, FakeCarrier

PUBLIC_URL = "http://127.0.0.1:8000"

FAST = 0.02  # seconds between heartbeats


@pytest.fixture
def dials(engine: Database) -> Dials:
    return Dials(engine)


@pytest.fixture
async def carrier(dials: Dials) -> AsyncIterator[FakeCarrier]:
    carrier = FakeCarrier(dials)
    yield carrier
    await carrier.close()


@pytest.fixture
async def watch(dials: Dials, database_url: str) -> AsyncIterator[DialWatch]:
    watch = DialWatch(dials, Notices(database_url))
    async with watch.running():
        yield watch


@pytest.fixture
async def calling(
    engine: Database, dials: Dials, watch: DialWatch, carrier: FakeCarrier, monkeypatch: pytest.MonkeyPatch
) -> Calling:
    """A running job of three contacts, and the activity that calls them, whose heartbeats are fast."""
    monkeypatch.setattr("activities.calls.call.HEARTBEAT_INTERVAL_SECONDS", FAST)
    given = await an_organization(engine)
    job = await a_job(engine, given, 3)
    carriers: dict[str, Carrier] = {NAME: carrier}
    hand_overs = HandOvers()
    calls = CallActivities(
        Claims(engine),
        dials,
        watch,
        carriers,
        PUBLIC_URL,
        call_token=lambda id: f"token of {id}",
        hand_overs=hand_overs,
    )
    calling = Calling(engine, dials, carrier, calls, given, job.id, watch, carriers, hand_overs)
    await calling.begin()
    return calling
