"""What only Twilio's adapter asks for: judged by their own description where prism stands in between."""

import time

import pytest

from domain.calls.models import Audio, CallState
from tests.conformance.beds.twilio import TwilioBed
from tests.conformance.line import Line

MANY = {f"field_{n}": "é" * 300 for n in range(20)}


@pytest.mark.parametrize(
    ("audio", "address"),
    [
        (Audio.WEBSOCKET, "wss://agent.example/talk"),
        (Audio.SIP, "sip:agent@sip.example"),
        (Audio.TWIML, "https://agent.example/twiml"),
    ],
)
@pytest.mark.parametrize("parameters", [{"name": "Ada"}, MANY])
async def test_every_kind_of_request_is_taken(
    line: Line, audio: Audio, address: str, parameters: dict[str, str]
) -> None:
    assert isinstance(line.bed, TwilioBed)
    url = "https://calls.example.test/carriers/twilio/instructions?dial=contact_1%3A1"
    order = line.order("01", audio=audio, audio_url=address, parameters=parameters, instructions_url=url)
    carrier = line.bed.open(record=True, detect_machines=audio is Audio.SIP)
    try:
        placed = await carrier.place(order, callback_url=url, send_before=time.monotonic() + 5)
        assert placed.state is CallState.QUEUED
    finally:
        await carrier.close()
    await line.ask(placed.call_id, CallState.ENDED)


async def test_twilios_own_description_judged_every_request(line: Line) -> None:
    assert isinstance(line.bed, TwilioBed)
    if line.bed.unjudged:
        pytest.skip(line.bed.unjudged)
