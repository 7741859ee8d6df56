"""NOTIFY follows the commit: no organization's commit waits for another's, and no notice is sent of what is not yet."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

import store
from domain.calls.models import CallState
from domain.webhooks.events import EventType
from store.calls.dial_rows import CHANNEL as DIALS
from store.calls.watcher import DialWatch
from store.db import engine as engines
from store.db import notices
from store.db import pool as pools
from store.db.engine import Database, create_engine
from store.db.listen import Notices, conninfo
from store.db.vault import Vault
from store.tables import contacts
from store.webhooks.endpoints import EndpointRequest, Webhooks
from store.webhooks.events import CHANNEL as WEBHOOKS
from tests.builders import Given
from tests.store.calling import Calling, a_caller
from tests.waiting import eventually

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
AT_ONCE = 20.0  # seconds; what waits for the other commit waits for ever
FOLLOWED_WITHIN = 1.0  # seconds
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'"
ANNOUNCED = sa.text("SELECT announce(:channel, :payload)")


@pytest.fixture
async def heard(database_url: str) -> AsyncIterator[list[str]]:
    """What comes over both channels, in order."""
    heard: list[str] = []
    async with _listening(database_url, DIALS, heard.append), _listening(database_url, WEBHOOKS, heard.append):
        yield heard


async def test_what_a_caller_announced_that_is_gone_after_its_commit_is_sent(
    heard: list[str], engine: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = asyncio.Event()

    async def send_slowly(connection: pools.Connection, announced: notices.Announced) -> None:
        sending.set()
        await asyncio.sleep(0.1)
        await notices.send(connection, announced)

    async def announce() -> None:
        async with engine.transaction() as connection:
            await connection.run("SELECT announce(%(channel)s, 'given')", {"channel": DIALS})

    monkeypatch.setattr(pools, "send", send_slowly)
    announcing = asyncio.create_task(announce())
    await sending.wait()
    announcing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await announcing

    assert await eventually(lambda: heard) == ["given"]


async def test_no_organization_waits_for_the_commit_of_another(
    calling: Calling, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One organization's commit does not come to its end: here a standby is waited for, else it is the disk."""
    _, slow = await calling.a_call()
    monkeypatch.setitem(engines._SESSION, "synchronous_commit", "local")
    hurried = create_engine(database_url)
    given = await a_caller(hurried)
    await _an_endpoint(hurried, given)
    job = await Calling(hurried).a_job(given, 2)
    call = await job.call()

    async with _no_standby(database_url) as look:
        held_up = asyncio.create_task(slow.rings())
        async with asyncio.timeout(AT_ONCE):
            while (await look(WAITING))[0] != 1:
                await asyncio.sleep(0.02)
        async with asyncio.timeout(AT_ONCE):
            await call.rings()
            await call.completes()
            await job.cancel(hang_up=True)
        assert not held_up.done()
    async with asyncio.timeout(AT_ONCE):
        await held_up
    await hurried.dispose()


async def test_nothing_in_the_database_and_no_statement_notifies_within_a_transaction(engine: Database) -> None:
    async with engine.connect() as connection:
        found = await connection.execute(
            sa.text("SELECT proname FROM pg_proc WHERE prosrc ~* 'notify' AND oid >= 16384")
        )
        assert found.scalars().all() == []
    statements = [
        path.name
        for path in Path(store.__path__[0]).rglob("*.py")
        if "migrations" not in path.parts and re.search(r"pg_notify|[\"']\s*NOTIFY ", path.read_text())
    ]
    assert sorted(statements) == ["notices.py", "workers.py"]  # both on a connection of their own, in autocommit


async def test_a_notice_is_sent_once_it_can_be_seen_and_not_before(engine: Database, heard: list[str]) -> None:
    async with engine.begin() as connection:
        await connection.execute(ANNOUNCED, {"channel": DIALS, "payload": "dial_1"})
        await asyncio.sleep(0.2)
        assert heard == []
    await _until(heard, 1)
    assert heard == ["dial_1"]


async def test_a_connection_sends_each_notice_once(engine: Database, heard: list[str]) -> None:
    for payload in ("dial_1", "dial_2"):
        async with engine.begin() as connection:
            await connection.execute(ANNOUNCED, {"channel": DIALS, "payload": payload})
    async with engine.begin() as connection:
        await connection.execute(sa.text("SELECT 1"))
    await _until(heard, 2)
    await asyncio.sleep(0.1)
    assert heard == ["dial_1", "dial_2"]


async def test_many_contacts_that_end_at_once_are_one_notice_of_an_endpoint(calling: Calling, heard: list[str]) -> None:
    given = await a_caller(calling.engine)
    endpoint = await _an_endpoint(calling.engine, given)
    job = await calling.a_job(given, 200)
    heard.clear()

    said: list[str] = []
    async with calling.engine.begin() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.add_notice_handler(lambda diagnostic: said.append(str(diagnostic.message_detail)))
        await connection.execute(sa.update(contacts).where(contacts.c.job_id == job.id).values(status="completed"))

    await _until(heard, 1)
    assert (said, heard) == ([endpoint], [endpoint])


async def test_a_notice_that_cannot_be_sent_fails_nothing(
    calling: Calling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, call = await calling.a_call()
    monkeypatch.setattr(notices, "_SEND", "SELECT 1 / 0, %s, %s")
    with caplog.at_level(logging.WARNING, logger=notices.__name__):
        await call.is_busy()
    monkeypatch.undo()
    assert (await call.now()).state is CallState.ENDED
    assert "1 notices were not sent (DivisionByZero)" in caplog.text


async def test_an_event_of_a_call_reaches_its_follower_within_a_second(calling: Calling, database_url: str) -> None:
    _, call = await calling.a_call()
    watch = DialWatch(calling.dials, Notices(database_url))
    async with watch.running():
        with watch.follow(await call.id()) as follower:
            follower.seed(await call.now())
            began = time.monotonic()
            await call.is_busy()
            news = await follower.wait(AT_ONCE)
    assert news is not None
    assert news.state is CallState.ENDED
    assert time.monotonic() - began < FOLLOWED_WITHIN


async def test_who_subscribes_while_others_listen_hears_on_the_same_connection(
    calling: Calling, database_url: str
) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    ready = {name: asyncio.Event() for name in ("one", "two")}
    notices = Notices(database_url)
    notices.subscribe("one", ready["one"].set, lambda said: heard.put_nowait(("one", said)))
    async with notices.running(), asyncio.timeout(AT_ONCE):
        await ready["one"].wait()
        notices.subscribe("two", ready["two"].set, lambda said: heard.put_nowait(("two", said)))
        await ready["two"].wait()
        async with calling.engine.reading() as connection:
            for name in ready:
                await connection.run("SELECT pg_notify(%(name)s, 'a')", {"name": name})
        assert sorted([await heard.get(), await heard.get()]) == [("one", "a"), ("two", "a")]
        async with calling.engine.connect() as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            assert (await connection.execute(sa.text(query))).scalar_one() == 1


async def _an_endpoint(engine: Database, given: Given) -> str:
    request = EndpointRequest(url="https://example.com", events=(EventType.CONTACT_FINISHED, EventType.CREDITS_LOW))
    return (await Webhooks(engine, VAULT).create(given.id, request)).endpoint.id


@asynccontextmanager
async def _listening(url: str, channel: str, on_notice: Callable[[str], None]) -> AsyncIterator[None]:
    ready = asyncio.Event()
    notices = Notices(url)
    notices.subscribe(channel, ready.set, on_notice)
    async with notices.running():
        await ready.wait()
        yield


@asynccontextmanager
async def _no_standby(url: str) -> AsyncIterator[Callable[[str], Any]]:
    """While the block runs, commits wait for a standby that is not there, except where they are `local`."""
    async with await psycopg.AsyncConnection.connect(conninfo(url), autocommit=True) as connection:

        async def run(statement: str) -> Any:
            return await (await connection.execute(statement.encode())).fetchone()

        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try:
            await run("SELECT pg_reload_conf()")
            yield run
        finally:
            await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await run("SELECT pg_reload_conf()")


async def _until(heard: list[str], count: int) -> None:
    async with asyncio.timeout(AT_ONCE):
        while len(heard) < count:
            await asyncio.sleep(0.02)
