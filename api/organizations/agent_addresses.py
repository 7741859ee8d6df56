"""Whether an agent may be at an address, checked when it is given. Asterisk's relay checks again as it connects."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from activities.webhooks.dns import resolve
from api.dependencies import service
from domain.calls.agent_address import parse_agent_target, require_reachable, require_sip_destination
from domain.calls.models import Audio
from domain.webhooks.destinations import AllowedDestination

LOOKUP_SECONDS = 3.0  # a name that is not found by then is checked when it is connected to


@dataclass(frozen=True)
class AgentAddresses:
    """`allowed`: private networks where agents may be; `sip_hosts`: where SIP agents may be, none: anywhere."""

    allowed: tuple[AllowedDestination, ...]
    sip_hosts: frozenset[str]

    async def check(self, audio: Audio, url: str) -> None:
        """Raises InvalidRequest. A name without an address is let through."""
        if audio is Audio.SIP:
            require_sip_destination(url, self.sip_hosts)
            return
        target = parse_agent_target(url)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                addresses = await resolve(target.host, target.port)
        except OSError:  # TimeoutError is one
            addresses = []
        require_reachable(target, addresses, self.allowed)


AgentAddressesDep = Annotated[AgentAddresses, service(AgentAddresses)]
