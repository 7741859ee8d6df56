"""A compatible carrier serves the same API below a path of its own, as SignalWire does below /api/laml."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from carriers import CannotTell
from domain.calls.models import CallReport, CallState
from tests.carriers.simulation import Callbacks, Simulator, an_order, closing, number_ending, place
from tests.carriers.test_finding import a_search
from tests.serving import served

PREFIX = "/api/laml"


@pytest.fixture
async def below_a_path(simulator: Simulator) -> AsyncIterator[str]:
    """The simulator, reachable below the prefix only."""

    async def pass_on(request: web.Request) -> web.Response:
        target = simulator.url + request.raw_path.removeprefix(PREFIX)
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with client.request(request.method, target, data=await request.read(), headers=headers) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", f"{PREFIX}/{{path:.*}}", pass_on)
    async with aiohttp.ClientSession() as client, served(app) as url:
        yield f"{url}{PREFIX}/"


async def test_a_call_is_placed_found_asked_about_and_hung_up(
    below_a_path: str, simulator: Simulator, callbacks: Callbacks
) -> None:
    async with closing(simulator.carrier(base_url=below_a_path)) as carrier:
        order = an_order(number_ending("07"), max_call_seconds=14_400)
        assert (await carrier.health()).ok
        placed = await place(carrier, callbacks, order)
        found = await carrier.find(a_search(order))
        await carrier.hang_up(placed.call_id)
        fetched = await carrier.fetch(placed.call_id)

    assert isinstance(found, CallReport)
    assert not isinstance(found, CannotTell)
    assert isinstance(fetched, CallReport)
    assert fetched.state is CallState.ENDED
