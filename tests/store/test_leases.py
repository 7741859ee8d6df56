"""Which process listens to a carrier."""

import asyncio

import psycopg
import pytest

from store.db.engine import Database
from store.leases import StreamLeases

ACCOUNT = "asterisk"


@pytest.fixture
def leases(engine: Database, database_url: str) -> StreamLeases:
    return StreamLeases(engine, database_url)


async def test_one_of_all_listens_and_another_when_it_gives_the_lease_back(leases: StreamLeases) -> None:
    async def listen() -> None:
        async with leases.hold(ACCOUNT):
            pass

    async with leases.hold(ACCOUNT):
        other = asyncio.create_task(listen())
        await asyncio.sleep(0.2)
        assert not other.done()
        async with leases.hold("another"):
            pass
    await asyncio.wait_for(other, 2)


async def test_everybody_knows_whether_the_stream_is_up(leases: StreamLeases) -> None:
    connected = False
    async with leases.hold(ACCOUNT) as lease:
        keeping = asyncio.create_task(lease.keep(lambda: connected))
        assert not await leases.is_streaming(ACCOUNT)
        connected = True
        await _until_streaming(leases, True)
        assert not await leases.is_streaming("another")
        connected = False
        await _until_streaming(leases, False)
        connected = True
        await _until_streaming(leases, True)
        keeping.cancel()
    await _until_streaming(leases, False)


async def test_a_lease_whose_connection_broke_is_kept_unless_somebody_else_has_it(
    leases: StreamLeases, database_url: str
) -> None:
    async with leases.hold(ACCOUNT) as lease:
        keeping = asyncio.create_task(lease.keep(lambda: True))
        await _until_streaming(leases, True)
        _break_connections(database_url)
        await _until_streaming(leases, True)
        assert not keeping.done()
        keeping.cancel()


async def test_who_lost_the_lease_to_another_stops_listening(leases: StreamLeases, database_url: str) -> None:
    async with leases.hold(ACCOUNT) as lease:
        _break_connections(database_url)
        async with leases.hold(ACCOUNT):
            await asyncio.wait_for(lease.keep(lambda: True), 5)


async def _until_streaming(leases: StreamLeases, expected: bool) -> None:
    async with asyncio.timeout(5):
        while await leases.is_streaming(ACCOUNT) is not expected:
            await asyncio.sleep(0.02)


def _break_connections(database_url: str) -> None:
    address = database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outdial-stream'"
        )
