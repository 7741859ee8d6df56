"""A compatible carrier serves the same API below a path of its own, as SignalWire does below /api/laml."""

from datetime import UTC, datetime

from aiohttp import web

from carriers import SearchOrder
from carriers.twilio import Twilio
from tests.carriers.simulation import Callbacks, an_order, closing, place
from tests.receiving import Received, Receiver

ACCOUNT = "/api/laml/2010-04-01/Accounts/AC1"


async def a_call_or_a_list(request: Received) -> web.Response:
    return web.json_response({"calls": []} if "?" in request.path else {"sid": "CA1", "status": "completed"})


async def test_every_request_goes_below_the_path(server: Receiver, callbacks: Callbacks) -> None:
    server.answering = a_call_or_a_list
    order, now = an_order("+12015550123"), datetime.now(UTC)
    search = SearchOrder(
        key=order.key, to=order.to, from_=order.from_, asked_after=now, asked_before=now, searched_at=now
    )
    async with closing(Twilio("AC1", "token", base_url=f"{server.origin}/api/laml/")) as carrier:
        await carrier.health()
        await place(carrier, callbacks, order)
        await carrier.find(search)
        await carrier.fetch("CA1")
        await carrier.hang_up("CA1")

    assert [request.path.partition("?")[0] for request in server.requests] == [
        f"{ACCOUNT}.json",
        *[f"{ACCOUNT}/Calls.json"] * 2,
        *[f"{ACCOUNT}/Calls/CA1.json"] * 2,
    ]
