"""The address that an agent's WebSocket is connected to: looked up once, checked, and no other."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import aiodns

from domain.calls.agent_address import parse_agent_target, require_reachable
from domain.errors import InvalidRequest
from domain.webhooks.destinations import Address, AllowedDestination

LOOKUP_SECONDS = 3.0


async def find_agent(url: str, allowed: Sequence[AllowedDestination] | None) -> Mapping[str, Any]:
    """Host and port for `websockets.connect`; nothing where no network is forbidden (`allowed` is None).

    Raises OSError where the agent has no address, or one in a private network that is not allowed.
    """
    if allowed is None:
        return {}
    try:
        target = parse_agent_target(url)
        addresses = await _look_up(target.host, target.port)
        require_reachable(target, addresses, allowed)
    except InvalidRequest as refused:
        raise OSError(refused.sentence) from None
    return {"host": str(addresses[0]), "port": target.port}


async def _look_up(host: str, port: int) -> list[Address]:
    """Without a thread: an agent's name server must not hold up others. Raises OSError."""
    try:
        return [ip_address(host)]
    except ValueError:
        pass
    resolver = aiodns.DNSResolver(timeout=LOOKUP_SECONDS, tries=1)
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            found = await resolver.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
    except (aiodns.error.DNSError, UnicodeError):
        raise OSError("The agent's host has no address.") from None
    finally:
        await resolver.close()
    return [ip_address(node.addr[0].decode().partition("%")[0]) for node in found.nodes]
