"""The addresses of a host: one lookup, whose result is checked and connected to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from domain.webhooks.destinations import Address

Resolve = Callable[[str, int], Awaitable[list[Address]]]


async def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a host, the preferred one first. Raises OSError where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label of more than 63 characters
        raise OSError(f"{host} cannot be a host's name.") from None
    return [ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
