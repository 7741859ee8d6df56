"""Deliveries that are due wake their workflow: once, and again where that failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from domain.webhooks.events import EventType
from store.db.engine import Database
from store.db.listen import Notices, in_background
from store.db.vault import Vault
from store.webhooks import notifier as notifying
from store.webhooks.endpoints import EndpointRequest, Webhooks
from store.webhooks.events import CHANNEL
from store.webhooks.notifier import DueDeliveryNotifier
from store.webhooks.outbox import Outbox
from tests.store.calling import a_caller

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
LONG = 1.0  # seconds: several times what a notice takes


class Workflows:
    """Stands for Temporal: remembers which was woken, and is away where a test wants it."""

    def __init__(self) -> None:
        self.woken: list[str] = []
        self.ended: list[str] = []
        self.away = False

    async def wake(self, organization_id: str, endpoint_id: str) -> None:
        if self.away:
            raise ConnectionError
        self.woken.append(endpoint_id)

    async def end(self, endpoint_id: str) -> None:
        self.ended.append(endpoint_id)


class Listening:
    """An endpoint, and two workers that listen."""

    def __init__(self, engine: Database, workflows: Workflows, organization_id: str, endpoint_id: str) -> None:
        self.engine = engine
        self.workflows = workflows
        self.organization_id = organization_id
        self.endpoint_id = endpoint_id
        self.webhooks = Webhooks(engine, VAULT)

    async def something_happens(self) -> None:
        await self.webhooks.send_test(self.organization_id, self.endpoint_id)

    async def change(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sa.text(statement))

    async def until_woken(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.workflows.woken) < times:
                await asyncio.sleep(0.02)


@pytest.fixture
async def listening(engine: Database, database_url: str) -> AsyncIterator[Listening]:
    given = await a_caller(engine)
    made = await Webhooks(engine, VAULT).create(
        given.id, EndpointRequest(url="https://example.com", events=(EventType.BATCH_STARTED,))
    )
    workflows = Workflows()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            watch = DueDeliveryNotifier(Outbox(engine, VAULT), workflows, Notices(database_url))
            await stack.enter_async_context(watch.running())
        await asyncio.sleep(LONG)  # until both listen
        yield Listening(engine, workflows, given.id, made.endpoint.id)


async def test_of_all_who_listen_one_wakes_the_workflow(listening: Listening) -> None:
    await listening.something_happens()
    await listening.something_happens()
    await listening.until_woken(1)
    await asyncio.sleep(LONG)
    assert listening.workflows.woken == [listening.endpoint_id]


async def test_while_somebody_delivers_nobody_is_woken(listening: Listening) -> None:
    await Outbox(listening.engine, VAULT).mark_busy(listening.endpoint_id)
    await listening.something_happens()
    await asyncio.sleep(LONG)
    assert listening.workflows.woken == []


async def test_a_workflow_that_could_not_be_woken_is_woken_later(listening: Listening) -> None:
    listening.workflows.away = True
    await listening.something_happens()
    await asyncio.sleep(LONG)
    listening.workflows.away = False
    await listening.change("UPDATE webhook_endpoints SET busy_until = clock_timestamp()")  # the time to begin is over
    await listening.something_happens()
    await listening.until_woken(1)


async def test_what_happened_while_nobody_could_hear_is_found(listening: Listening) -> None:
    await listening.change(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'outdial-watch' AND datname = current_database()"
    )
    await listening.something_happens()
    await listening.until_woken(1)


async def test_a_lost_notice_is_made_up_for_although_others_arrive(
    engine: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "CHECK_INTERVAL_SECONDS", 0.5)
    given = await a_caller(engine)
    request = EndpointRequest(url="https://example.com", events=(EventType.BATCH_STARTED,))
    made = await Webhooks(engine, VAULT).create(given.id, request)
    listening = Listening(engine, Workflows(), given.id, made.endpoint.id)
    async with DueDeliveryNotifier(Outbox(engine, VAULT), listening.workflows, Notices(database_url)).running():
        await asyncio.sleep(LONG)
        async with in_background(_notices_without_end(engine)):
            await listening.change(
                "INSERT INTO webhook_deliveries (id, endpoint_id, organization_id, lane, type)"
                " SELECT 'msg_1', id, organization_id, 'l', 'webhook.test' FROM webhook_endpoints"
            )
            await listening.until_woken(1)
    assert listening.workflows.woken == [made.endpoint.id]


async def _notices_without_end(engine: Database) -> None:
    while True:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SELECT announce(:channel, 'webhook_of_others')"), {"channel": CHANNEL})
        await asyncio.sleep(0.05)


async def test_the_workflow_of_a_deleted_endpoint_is_ended(listening: Listening) -> None:
    await listening.webhooks.delete(listening.organization_id, listening.endpoint_id)
    await asyncio.sleep(LONG)
    assert set(listening.workflows.ended) == {listening.endpoint_id}
    assert listening.workflows.woken == []
