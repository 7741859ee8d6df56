"""Whether an agent may be at an address, checked when it is given. Asterisk's relay checks again as it connects."""

from dataclasses import dataclass
from typing import Annotated

from api.dependencies import service
from api.http.lookup import look_up
from domain.calls.agent_address import parse_agent_target, require_reachable, require_sip_destination
from domain.calls.models import Audio
from domain.webhooks.destinations import AllowedDestination


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
        require_reachable(target, await look_up(target), self.allowed)


AgentAddressesDep = Annotated[AgentAddresses, service(AgentAddresses)]
