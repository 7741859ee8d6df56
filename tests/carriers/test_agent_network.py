"""Where Asterisk's relay connects to agents: to the address that was checked."""

import pytest

from carriers.asterisk.agent_network import find_agent
from domain.webhooks.destinations import parse_allowed_destinations


@pytest.mark.parametrize(
    "url", ["ws://169.254.169.254/latest", "ws://127.0.0.1:9/", "ws://[::1]:9/", "ws://localhost/"]
)
async def test_no_private_address_is_connected_to(url: str) -> None:
    with pytest.raises(OSError, match="private network"):
        await find_agent(url, ())


async def test_an_allowed_agent_is_connected_to_at_the_address_that_was_checked() -> None:
    allowed = parse_allowed_destinations("127.0.0.0/8, ::1/128")
    assert await find_agent("ws://127.0.0.1:9000/calls", allowed) == {"host": "127.0.0.1", "port": 9000}
    pinned = await find_agent("ws://localhost:9000/calls", allowed)
    assert (pinned["host"] in {"127.0.0.1", "::1"}, pinned["port"]) == (True, 9000)
    assert await find_agent("ws://127.0.0.1:9000/calls", None) == {}
