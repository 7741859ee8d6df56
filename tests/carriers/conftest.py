"""Real HTTP between the adapter and the simulator; numbers are never dialed by two tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from carriers.twilio import Twilio
from tests.carriers.simulation import Callbacks, Simulator
from tests.serving import served


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One for all tests that need nothing special; tests give faults to their own numbers only."""
    simulator = Simulator(tmp_path_factory.mktemp("simulator") / "calls.db")
    try:
        yield simulator.start()
    finally:
        simulator.stop()


@pytest.fixture
def own_simulator(tmp_path: Path) -> Iterator[Simulator]:
    """One that a test starts, kills and configures as it likes."""
    simulator = Simulator(tmp_path / "calls.db")
    try:
        yield simulator
    finally:
        simulator.kill()


@pytest.fixture
async def carrier(simulator: Simulator) -> AsyncIterator[Twilio]:
    carrier = simulator.carrier()
    try:
        yield carrier
    finally:
        await carrier.close()


@pytest.fixture
async def callbacks(carrier: Twilio) -> AsyncIterator[Callbacks]:
    callbacks = Callbacks(carrier)
    app = web.Application()
    app.router.add_post("/carriers/twilio/events", callbacks.take)
    async with served(app) as callbacks.url:
        yield callbacks
