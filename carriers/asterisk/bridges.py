"""One mixing bridge for each answered call: the person and the agent."""

import asyncio
from collections.abc import Mapping
from typing import Any

from carriers.asterisk.ari import Ari
from carriers.asterisk.channel_ids import AGENT, BRIDGE

POLL_INTERVAL_SECONDS = 0.05
MAX_POLLS = 100


class Bridges:
    """By the call's channel id. Another process may do the same again: what is there already is left as it is."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari

    async def add_call(self, call_id: str, *, is_new: bool) -> None:
        """Create the bridge and put the call in; with `is_new` neither was done before."""
        bridge = None if is_new else await self._ari.ask("GET", f"/bridges/{BRIDGE}{call_id}")
        if bridge is None:
            await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}", type="mixing")
        if bridge is None or call_id not in _channels(bridge):
            await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}/addChannel", channel=call_id)

    async def add_agent(self, call_id: str) -> bool:
        """Put the agent in, once the bridge was created; False where it never is."""
        path = f"/bridges/{BRIDGE}{call_id}/addChannel"
        for _ in range(MAX_POLLS):
            if await self._ari.ask("POST", path, channel=AGENT + call_id) is not None:
                return True
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
        return False

    async def lacks_agent(self, call_id: str) -> bool:
        """Whether the agent's channel is up, outside its bridge: it answered while no process held the stream."""
        agent = await self._ari.ask("GET", f"/channels/{AGENT}{call_id}")
        bridge = await self._ari.ask("GET", f"/bridges/{BRIDGE}{call_id}")
        return bool(agent and bridge and agent.get("state") == "Up" and AGENT + call_id not in _channels(bridge))

    async def remove(self, call_id: str) -> None:
        await self._ari.ask("DELETE", f"/bridges/{BRIDGE}{call_id}")


def _channels(bridge: Mapping[str, Any]) -> list[Any]:
    found = bridge.get("channels")
    return found if isinstance(found, list) else []
