"""Calls are recorded at the carrier where that is set, and the recording's address comes by an event."""

from urllib.parse import parse_qs

import pytest

from carriers.twilio import Twilio
from domain.calls.models import CallState
from tests.carriers.simulation import Callbacks, an_order, closing, place
from tests.carriers.test_words import report_of
from tests.receiving import Receiver, answers


@pytest.mark.parametrize("record", [True, False])
async def test_a_call_is_recorded_only_where_that_is_set(server: Receiver, callbacks: Callbacks, record: bool) -> None:
    server.answering = answers(201, '{"sid": "CA1", "status": "queued"}')
    async with closing(Twilio("AC1", "token", base_url=server.origin, record=record)) as carrier:
        order = an_order("+12015550123")
        await place(carrier, callbacks, order)

    (request,) = server.requests
    form = parse_qs(request.body)
    assert ("Record" in form) is record
    if record:
        assert form["Record"] == ["true"]
        assert form["RecordingChannels"] == ["dual"]
        assert form["RecordingStatusCallback"] == [callbacks.url_for(order.key)]
        assert form["RecordingStatusCallbackEvent"] == ["completed"]


def test_the_event_of_a_recording_tells_its_address() -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"

    report = report_of({"CallSid": "CA1", "RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingUrl": url})

    assert (report.call_id, report.key, report.recording_url) == ("CA1", "contact_1:1", url)
    assert report.state is CallState.ANSWERED
    assert report.ending is None
