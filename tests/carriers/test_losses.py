"""What a carrier says that it will lose is what the agent then does not receive."""

from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import pytest

from carriers import Foretelling
from carriers.asterisk import channel_variables
from carriers.asterisk.carrier import Asterisk
from carriers.twilio import instructions
from carriers.twilio.carrier import Twilio
from domain.calls.agent_parameters import Loss
from domain.calls.models import Audio, CallOrder
from tests.carriers.simulation import an_order

CALLBACK = "https://calls.example.test/carriers/twilio/events?dial=contact_1%3A1"
URLS = {Audio.WEBSOCKET: "wss://a.example/x", Audio.SIP: "sip:ava@a.example", Audio.TWIML: "https://a.example/x?k=1"}
ROWS: list[dict[str, str]] = [
    {"name": "Ada", "note": "x" * 300},
    {"name": "Ada", "note": "x" * 600, "city": "Oslo"},
    {"name": "Ada", "note": "ä" * 450, "memo": "é" * 200},
    {f"field_{n}": "住所" * (40 + n) for n in range(60)},
    {f"field_{n}": "&" * (100 + n) for n in range(60)},
]


def received(order: CallOrder) -> dict[str, str]:
    """What the agent gets, by the names of the columns: each is one letter case and plain here."""
    if order.audio is Audio.WEBSOCKET:
        twiml = instructions.fetched_twiml(order, CALLBACK)
        return {one.attrib["name"]: one.attrib["value"] for one in ET.fromstring(twiml)[0][0]}
    arguments = instructions.instruction_arguments(order, CALLBACK)
    if order.audio is Audio.TWIML:
        return dict(parse_qsl(urlsplit(arguments["url"]).query))
    address = ET.fromstring(arguments["twiml"])[0][0].text or ""
    headers = parse_qsl(address.partition("?")[2])
    return {name.removeprefix("X-").replace("-", "_"): value for name, value in headers}


@pytest.mark.parametrize("parameters", ROWS)
@pytest.mark.parametrize("audio", Audio)
def test_what_twilio_loses_is_what_it_says(audio: Audio, parameters: dict[str, str]) -> None:
    order = an_order("+12015550123", audio=audio, audio_url=URLS[audio], parameters=parameters)

    losses, got = instructions.find_losses(order, CALLBACK), received(order)

    assert {name for name, loss in losses.items() if loss is Loss.LEFT_OUT} == parameters.keys() - got.keys()
    cut = {name for name, value in got.items() if name in parameters and value != parameters[name]}
    assert {name for name, loss in losses.items() if loss is Loss.CUT} == cut


def test_asterisk_loses_what_does_not_fit_into_the_headers_to_a_sip_agent() -> None:
    parameters = {"name": "Ada", "note": "x" * 900, "memo": "y" * 500}
    order = an_order("+12015550123", audio=Audio.SIP, audio_url=URLS[Audio.SIP], parameters=parameters)

    assert channel_variables.find_losses(order, CALLBACK) == {"note": Loss.LEFT_OUT}
    assert channel_variables.sip_headers(parameters).keys() == {"X-name", "X-memo", "X-outdial-truncated"}
    assert not channel_variables.find_losses(order.model_copy(update={"audio": Audio.WEBSOCKET}), CALLBACK)


def test_both_carriers_can_be_asked() -> None:
    assert isinstance(Twilio("AC" + "0" * 32, "token"), Foretelling)
    assert Asterisk.find_losses is channel_variables.find_losses
