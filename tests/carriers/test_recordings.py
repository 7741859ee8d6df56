"""Calls are recorded at the carrier where that is set, and the recording's address comes by an event."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from carriers.twilio import Twilio
from domain.calls.models import CallState
from tests.carriers.simulation import Callbacks, an_order, place
from tests.carriers.test_words import told
from tests.serving import served


@dataclass
class Taken:
    """The forms of create requests, as a carrier gets them."""

    url: str = ""
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.forms.append(parse_qs((await request.read()).decode()))
        return web.json_response({"sid": "CA1", "status": "queued"}, status=201)


@pytest.fixture
async def taken() -> AsyncIterator[Taken]:
    taken = Taken()
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/AC1/Calls.json", taken.take)
    async with served(app) as taken.url:
        yield taken


@pytest.mark.parametrize("record", [True, False])
async def test_a_call_is_recorded_only_where_that_is_set(taken: Taken, callbacks: Callbacks, record: bool) -> None:
    carrier = Twilio("AC1", "token", base_url=taken.url, record=record)
    order = an_order("+12015550123")
    try:
        await place(carrier, callbacks, order)
    finally:
        await carrier.close()

    (form,) = taken.forms
    assert ("Record" in form) is record
    if record:
        assert form["Record"] == ["true"]
        assert form["RecordingChannels"] == ["dual"]
        assert form["RecordingStatusCallback"] == [callbacks.url_for(order.key)]
        assert form["RecordingStatusCallbackEvent"] == ["completed"]


def test_the_event_of_a_recording_tells_its_address() -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"

    report = told({"CallSid": "CA1", "RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingUrl": url})

    assert (report.call_id, report.key, report.recording_url) == ("CA1", "contact_1:1", url)
    assert report.state is CallState.ANSWERED
    assert report.ending is None
