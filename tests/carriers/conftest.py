"""Real HTTP between the adapter and the simulator; numbers are never dialed by two tests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from carriers.twilio import Twilio
from domain.calls.models import CallOrder
from tests.carriers.simulation import Callbacks, Simulator, an_order, closing, number_ending, place
from tests.receiving import Receiver
from tests.serving import served

PlaceWithFaults = Callable[..., Awaitable[CallOrder]]


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
    async with closing(simulator.carrier()) as carrier:
        yield carrier


@pytest.fixture
async def callbacks(carrier: Twilio) -> AsyncIterator[Callbacks]:
    callbacks = Callbacks(carrier)
    app = web.Application()
    app.router.add_post("/carriers/twilio/events", callbacks.take)
    async with served(app) as callbacks.url:
        yield callbacks


@pytest.fixture
def place_with_faults(simulator: Simulator, carrier: Twilio, callbacks: Callbacks) -> PlaceWithFaults:
    """Place a call to a number of its own that has these faults."""

    async def place_it(digits: str, **faults: Any) -> CallOrder:
        order = an_order(number_ending(digits))
        simulator.set_faults(numbers={order.to: faults})
        await place(carrier, callbacks, order)
        return order

    return place_it


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """A server in a carrier's place: it remembers requests, and answers as a test says."""
    async with Receiver.listening() as receiver:
        yield receiver
