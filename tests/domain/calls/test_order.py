"""A dial as its carrier knows it."""

import pytest

from domain.calls.models import Audio
from domain.calls.order import build_call_order, build_callback_url, parse_dial_key
from domain.model import Model

PUBLIC = "https://calls.example.test"


class Dial(Model):
    dial_id: str = "call_1"
    account: str = "twilio"
    to: str = "+12015550123"
    from_: str = "+12025550199"
    audio: Audio = Audio.WEBSOCKET
    audio_url: str = "wss://agent.example/talk"
    data: dict[str, str]
    ring_seconds: int = 30
    max_call_seconds: int = 600


def test_an_order_tells_the_agent_of_the_contact_and_the_call_and_never_the_number() -> None:
    order = build_call_order(Dial(data={"name": "Ada", "phone": "+12015550123"}), "contact_1:2", "token", PUBLIC)

    assert order.parameters == {
        "outdial_call_id": "call_1",
        "outdial_api": PUBLIC,
        "outdial_call_token": "token",
        "name": "Ada",
    }
    assert (order.key, order.to, order.from_) == ("contact_1:2", "+12015550123", "+12025550199")


def test_the_addresses_for_carriers_carry_the_dials_key() -> None:
    order = build_call_order(Dial(data={}), "contact_1:2", None, PUBLIC)

    assert order.instructions_url == f"{PUBLIC}/carriers/twilio/instructions?dial=contact_1%3A2"
    assert build_callback_url(PUBLIC, "twilio", "contact_1:2") == f"{PUBLIC}/carriers/twilio/events?dial=contact_1%3A2"


@pytest.mark.parametrize(
    ("key", "dial"),
    [
        ("contact_1:2", ("contact_1", 2)),
        ("contact_1:x", None),
        ("contact_1", None),
        (":1", None),
        ("contact_1:1234567890", None),
        ("", None),
    ],
)
def test_a_key_names_a_contact_and_which_of_its_dials(key: str, dial: tuple[str, int] | None) -> None:
    assert parse_dial_key(key) == dial
