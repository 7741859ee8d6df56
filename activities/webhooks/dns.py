"""The addresses of a host: one lookup, whose result is checked and connected to.

Lookups take no thread: names of organizations lead to name servers of their own, and one that does not answer would
hold a thread of those that look up carriers for as long as it likes.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from weakref import WeakKeyDictionary

import aiodns

from domain.webhooks.destinations import Address

Resolve = Callable[[str, int], Awaitable[list[Address]]]

QUERY_SECONDS = 2.0  # for the first answer; c-ares waits longer for the next
QUERY_TRIES = 3


class Resolver:
    """Looks up as the system does, /etc/hosts and resolv.conf included. Lookups of one name share a query.

    `nameservers` (`127.0.0.1:5353`): others than the system's. It belongs to the event loop in which it was made.
    """

    def __init__(self, nameservers: list[str] | None = None) -> None:
        self._dns = aiodns.DNSResolver(nameservers, timeout=QUERY_SECONDS, tries=QUERY_TRIES)
        self._queries: dict[tuple[str, int], asyncio.Task[list[Address]]] = {}

    async def resolve(self, host: str, port: int) -> list[Address]:
        """All addresses of a host, the preferred one first. Raises OSError where it has none."""
        query = self._queries.get((host, port))
        if query is None:
            query = asyncio.create_task(self._look_up(host, port))
            self._queries[host, port] = query
            query.add_done_callback(lambda ended: self._forget(host, port, ended))
        return await asyncio.shield(query)

    async def close(self) -> None:
        for query in self._queries.values():
            query.cancel()
        await self._dns.close()

    async def _look_up(self, host: str, port: int) -> list[Address]:
        written = _read_address(host)
        if written is not None:
            return [written]
        try:
            found = await self._dns.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
        except (aiodns.error.DNSError, UnicodeError):  # UnicodeError: a label of more than 63 characters
            raise OSError(f"{host} has no address.") from None
        return [ip_address(node.addr[0].decode().partition("%")[0]) for node in found.nodes]

    def _forget(self, host: str, port: int, ended: asyncio.Task[list[Address]]) -> None:
        self._queries.pop((host, port), None)
        if not ended.cancelled():
            ended.exception()  # whoever waits for it has it; if nobody does any more it is no news


def _read_address(host: str) -> Address | None:
    """An address in any writing that the system's own lookup takes: 127.1, 2130706433 and 0x7f000001 are loopback."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ip_address(socket.inet_aton(host))
    except OSError:
        return None


async def resolve(host: str, port: int) -> list[Address]:
    """As the system does. Raises OSError where a host has no address."""
    loop = asyncio.get_running_loop()
    resolver = _of_loops.get(loop)
    if resolver is None:
        resolver = _of_loops[loop] = Resolver()
    return await resolver.resolve(host, port)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Resolver] = WeakKeyDictionary()
