"""Lookups of webhooks' hosts, at a real name server on loopback: what one of them does is nobody else's matter."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import cast

import pytest

from activities.webhooks.dns import Resolver, resolve

ANSWERED = ip_address("192.0.2.7")


class NameServer(asyncio.DatagramProtocol):
    """Answers A queries for names that do not begin with `slow`, and those never; it counts all by name."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _read_name(data, 12)
        self.queries.append(name)
        if name.startswith("slow"):
            return
        kind = struct.unpack(">H", data[end : end + 2])[0]
        answers = [ANSWERED.packed] if kind == 1 and name.startswith("fast") else []
        code = 0 if name.startswith("fast") else 3
        head = data[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(answers), 0, 0)
        records = [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + address for address in answers]
        self._transport.sendto(head + data[12 : end + 4] + b"".join(records), addr)


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    labels = []
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += length + 1
    return ".".join(labels), at + 1


@pytest.fixture
async def name_server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


@pytest.fixture
async def resolver(name_server: NameServer) -> AsyncIterator[Resolver]:
    resolver = Resolver([f"127.0.0.1:{name_server.port}"])
    yield resolver
    await resolver.close()


async def test_a_slow_name_server_holds_up_no_other_lookup(name_server: NameServer, resolver: Resolver) -> None:
    slow = [asyncio.create_task(resolver.resolve(f"slow{n}.example.test", 443)) for n in range(200)]
    async with asyncio.timeout(5):
        while len(name_server.queries) < 200:
            await asyncio.sleep(0.01)

    started = time.monotonic()
    assert await resolver.resolve("fast.example.test", 443) == [ANSWERED]
    loop = asyncio.get_running_loop()
    assert await loop.getaddrinfo("localhost", 443, type=socket.SOCK_STREAM)  # as carriers' clients do

    assert time.monotonic() - started < 1
    assert not any(task.done() for task in slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_lookups_of_one_name_share_a_query(name_server: NameServer, resolver: Resolver) -> None:
    lookups = [asyncio.create_task(resolver.resolve("slow.example.test", 443)) for _ in range(50)]
    async with asyncio.timeout(5):
        while not name_server.queries:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)

    assert len(name_server.queries) <= 2  # IPv4 and IPv6
    for lookup in lookups:
        lookup.cancel()
    await asyncio.gather(*lookups, return_exceptions=True)


@pytest.mark.parametrize("host", ["nowhere.example.test", "x" * 64 + ".example.test"])
async def test_a_host_without_an_address(resolver: Resolver, host: str) -> None:
    with pytest.raises(OSError, match="has no address"):
        await resolver.resolve(host, 443)


async def test_addresses_and_the_systems_own_names_need_no_name_server() -> None:
    assert await resolve("192.0.2.9", 443) == [ip_address("192.0.2.9")]
    assert await resolve("fe80::1%lo", 443) == [ip_address("fe80::1")]
    for loopback in ("127.1", "2130706433", "0x7f000001", "0177.0.0.1"):
        assert await resolve(loopback, 443) == [ip_address("127.0.0.1")]
    assert ip_address("127.0.0.1") in await resolve("localhost", 80)
