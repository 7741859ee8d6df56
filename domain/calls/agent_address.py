"""Where an agent may be: what it is called through must not lead into the service's own networks or to a telephone."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from domain.errors import InvalidRequest
from domain.webhooks.destinations import Address, AllowedDestination, Target, may_send_to

PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_TELEPHONE = re.compile(r"[+\d().-]{3,}")


def parse_agent_target(url: str) -> Target:
    """Host and port of an agent's WebSocket or TwiML URL. Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _invalid("is not a URL") from None
    if parts.scheme not in PORTS or not host or port == 0:
        raise _invalid("must name a host, as in wss://agent.example.com/calls")
    return Target(scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme])


def require_reachable(target: Target, addresses: Iterable[Address], allowed: Iterable[AllowedDestination]) -> None:
    """Raises InvalidRequest where a host's addresses, as they are now, may not be connected to."""
    allowed = tuple(allowed)
    if not all(may_send_to(address, target.port, allowed) for address in addresses):
        raise _invalid("points to a private network, where no agent may be")


def require_sip_destination(url: str, hosts: frozenset[str]) -> None:
    """A SIP agent is no telephone: a trunk would call it past all rules. `hosts`: what an operator allows; none: any.

    Raises InvalidRequest.
    """
    address = url.partition(":")[2]
    user, at, host = address.rpartition("@")
    host = re.split(r"[;?:]", host, maxsplit=1)[0].lower()
    if hosts and host not in hosts:
        raise _invalid("names a SIP host that this service does not call agents at")
    name = user.partition(":")[0].partition(";")[0]
    if host not in hosts and (not at or _TELEPHONE.fullmatch(name) or "user=phone" in address.lower()):
        raise _invalid("is a telephone number; an agent is a name at a host, as in sip:ava@agents.example.com")


def parse_hosts(setting: str) -> frozenset[str]:
    """`agents.example.com, pbx.example.net`."""
    return frozenset(host.strip().lower() for host in setting.split(",") if host.strip())


def _invalid(reason: str) -> InvalidRequest:
    return InvalidRequest(f"audioUrl {reason}.", [{"field": "audioUrl", "reason": reason}])
