"""What an answered call is connected to, and what the agent receives."""

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from carriers.asterisk.channel_variables import channel_variables, sip_headers
from carriers.twilio.instructions import MAX_TWIML_CHARACTERS, instruction_arguments
from domain.calls.models import Audio
from tests.carriers.simulation import an_order


def stream_parameters(twiml: str) -> dict[str, str]:
    stream = ET.fromstring(twiml).find("./Connect/Stream")
    assert stream is not None
    return {parameter.attrib["name"]: parameter.attrib["value"] for parameter in stream}


def test_a_websocket_gets_the_audio_and_the_contacts_fields() -> None:
    order = an_order("+12015550123", parameters={"name": "Renée & <Söhne>", "note": "a\x00b\u2028"})

    twiml = instruction_arguments(order)["twiml"]

    assert ET.fromstring(twiml)[0][0].attrib["url"] == order.audio_url
    assert stream_parameters(twiml) == {"name": "Renée & <Söhne>", "note": "ab\u2028"}


def test_a_long_value_is_cut_and_the_agent_is_told() -> None:
    order = an_order("+12015550123", parameters={"note": "x" * 600, "name": "A"})

    parameters = stream_parameters(instruction_arguments(order)["twiml"])

    assert len("note" + parameters["note"]) == 499
    assert parameters["name"] == "A"
    assert parameters["outdial_truncated"] == "true"


def test_what_does_not_fit_is_left_out_longest_first() -> None:
    parameters = {"name": "Customer 0001"} | {f"field_{n}": "é" * (200 + n) for n in range(40)}

    twiml = instruction_arguments(an_order("+12015550123", parameters=parameters))["twiml"]

    parameters = stream_parameters(twiml)
    assert len(twiml) <= MAX_TWIML_CHARACTERS
    assert parameters["name"] == "Customer 0001"
    assert "field_0" in parameters
    assert "field_39" not in parameters
    assert parameters["outdial_truncated"] == "true"


def test_what_is_ours_is_never_left_out() -> None:
    ours = {"outdial_call_id": "call_1", "outdial_call_token": "t" * 300, "outdial_api": "https://x.example"}
    theirs = {f"field_{n}": "x" * 200 for n in range(40)}

    twiml = instruction_arguments(an_order("+12015550123", parameters=ours | theirs))["twiml"]

    assert len(twiml) <= MAX_TWIML_CHARACTERS
    assert ours.items() <= stream_parameters(twiml).items()


def test_a_sip_address_gets_the_fields_as_headers() -> None:
    order = an_order(
        "+12015550123",
        audio=Audio.SIP,
        audio_url="sip:agent@sip.example;transport=tls",
        parameters={"first name": "A&B", "note": "x" * 2_000},
    )

    sip = ET.fromstring(instruction_arguments(order)["twiml"]).find("./Dial/Sip")

    assert sip is not None
    assert sip.text is not None
    address, _, headers = sip.text.partition("?")
    assert address == order.audio_url
    assert parse_qs(headers) == {"X-first-name": ["A&B"], "X-outdial-truncated": ["true"]}


def test_a_twiml_address_gets_the_fields_in_its_query() -> None:
    order = an_order(
        "+12015550123", audio=Audio.TWIML, audio_url="https://agent.example/twiml?v=1", parameters={"name": "A B"}
    )

    url = instruction_arguments(order)["url"]

    assert parse_qs(urlsplit(url).query) == {"v": ["1"], "name": ["A B"]}


def test_no_fields_leave_the_address_alone() -> None:
    order = an_order("+12015550123", audio=Audio.TWIML, audio_url="https://agent.example/twiml", parameters={})

    assert instruction_arguments(order) == {"url": "https://agent.example/twiml"}


@pytest.mark.parametrize(
    ("names", "headers"),
    [
        (["名前", "住所"], ["X-Field", "X-Field-2"]),
        (["Größe", "Grüße"], ["X-Gr-e", "X-Gr-e-2"]),
        (["First Name", "first_name"], ["X-First-Name", "X-first-name-2"]),
        (["a", "a!", "a-2"], ["X-a", "X-a-2", "X-a-2-2"]),
    ],
)
def test_every_column_arrives_under_a_header_of_its_own(names: list[str], headers: list[str]) -> None:
    """One header survived of several columns whose names hold no letters that a header may have."""
    values = {name: f"value {place}" for place, name in enumerate(names)}
    order = an_order("+12015550123", audio=Audio.SIP, audio_url="sip:agent@sip.example", parameters=values)
    sip = ET.fromstring(instruction_arguments(order)["twiml"]).find("./Dial/Sip")
    assert sip is not None
    assert sip.text is not None
    sent = parse_qs(sip.text.partition("?")[2])
    expected = {header: value for header, value in zip(headers, values.values(), strict=True)}
    assert {name: value for name, [value] in sent.items()} == expected
    assert sip_headers(values) == expected
    variables = [name for name in channel_variables(order) if name.startswith("OUTDIAL_FIELD_")]
    assert len(variables) == len(names)


def test_a_column_keeps_its_header_where_another_was_left_out() -> None:
    assert sip_headers({"名前": "x" * 2_000, "住所": "Kyoto"}) == {"X-Field-2": "Kyoto", "X-outdial-truncated": "true"}
