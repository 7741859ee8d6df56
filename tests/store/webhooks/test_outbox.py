"""Deliveries that wait: one after the other in a lane, each taken by one, forgotten in the end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.webhooks.events import AttemptResult, DeliveryStatus, EventType
from store.db.vault import Vault
from store.errors import NoSecret, NotFound
from store.tables import webhook_deliveries, webhook_endpoints
from store.webhooks.endpoints import EndpointChange, EndpointRequest, Webhooks
from store.webhooks.outbox import KEPT_FOR, Outbox
from tests.store.calling import Calling, a_caller

VAULT = Vault(["secret-of-the-tests-long-enough-for-us"])
NOW = datetime(2020, 1, 1, tzinfo=UTC)  # of workflows: behind the clock
OK, ERROR = AttemptResult(code=200), AttemptResult(code=500, error="It answered 500.")


class Waiting:
    """An endpoint of an organization of its own, and what waits for it."""

    def __init__(self, calling: Calling, organization_id: str, id: str) -> None:
        self.organization_id = organization_id
        self.id = id
        self.calling = calling
        self.webhooks = Webhooks(calling.engine, VAULT)
        self.outbox = Outbox(calling.engine, VAULT)

    async def queue(self, lane: str) -> str:
        """Queue an event; its id."""
        made = sa.insert(webhook_deliveries).values(
            id=sa.text("gen_random_uuid()::text"),
            endpoint_id=self.id,
            organization_id=self.organization_id,
            lane=lane,
            type=EventType.TEST,
        )
        async with self.calling.engine.begin() as connection:
            id: str = (await connection.execute(made.returning(webhook_deliveries.c.id))).scalar_one()
        return id

    async def take(self, lane: str, as_of: datetime = NOW) -> str | None:
        taken = await self.outbox.take(self.id, lane, as_of)
        return None if taken is None else taken.id

    async def lanes(self, *but: str, as_of: datetime = NOW) -> list[str]:
        return await self.outbox.find_due_lanes(self.id, as_of, but, 10)


@pytest.fixture
async def waiting(shared: Calling) -> AsyncIterator[Waiting]:
    given = await a_caller(shared.engine)
    made = await Webhooks(shared.engine, VAULT).create(
        given.id, EndpointRequest(url="https://example.com", events=(EventType.BATCH_STARTED,))
    )
    yield Waiting(shared, given.id, made.endpoint.id)
    await Webhooks(shared.engine, VAULT).delete(given.id, made.endpoint.id)


async def test_the_next_of_a_lane_is_taken_when_the_one_before_it_is_final(waiting: Waiting) -> None:
    first, second = await waiting.queue("a"), await waiting.queue("a")
    other = await waiting.queue("b")
    assert await waiting.lanes() == ["a", "b"]
    assert await waiting.take("a") == first
    assert await waiting.take("a") is None
    assert await waiting.lanes() == ["b"]
    assert await waiting.outbox.record_result(first, ERROR, NOW) is DeliveryStatus.PENDING
    assert (await waiting.lanes(), await waiting.take("a")) == (["b"], None)
    assert await waiting.take("b") == other

    soon = datetime.now(UTC) + timedelta(seconds=6)
    assert await waiting.lanes(as_of=soon) == ["a"]
    assert await waiting.lanes("a", as_of=soon) == []
    assert await waiting.take("a", soon) == first
    assert await waiting.outbox.record_result(first, OK, NOW) is DeliveryStatus.DELIVERED
    assert await waiting.take("a") == second


async def test_a_result_recorded_twice_counts_once_and_a_success_ends_a_row_of_failures(waiting: Waiting) -> None:
    mine = waiting.organization_id, waiting.id
    id = await waiting.queue("a")
    await waiting.take("a")
    assert await waiting.outbox.record_result(id, ERROR, NOW) is DeliveryStatus.PENDING
    assert (await waiting.webhooks.get(*mine)).failing_since is not None
    assert await waiting.outbox.record_result(id, OK, NOW) is DeliveryStatus.DELIVERED
    assert await waiting.outbox.record_result(id, ERROR, NOW) is None
    delivery = await waiting.webhooks.get_delivery(*mine, id)
    assert (delivery.status, delivery.attempts, delivery.response_code) == ("delivered", 1, 200)
    assert delivery.delivered_at is not None
    assert (await waiting.webhooks.get(*mine)).failing_since is None


async def test_an_endpoint_is_woken_once_until_the_work_is_done(waiting: Waiting) -> None:
    async def found() -> list[str]:
        return [one.id for one in await waiting.outbox.with_due_deliveries() if one.id == waiting.id]

    assert await found() == []
    id = await waiting.queue("a")
    assert await found() == [waiting.id]
    assert await found() == []
    assert [one.id for one in await waiting.outbox.with_due_deliveries([waiting.id])] == []
    assert await waiting.outbox.mark_busy(waiting.id)
    await waiting.take("a")
    await waiting.outbox.record_result(id, OK, NOW)
    stands = await waiting.outbox.mark_idle(waiting.id)
    assert (stands.exists, stands.next_due_at) == (True, None)
    assert await found() == []
    await waiting.queue("a")
    assert [one.id for one in await waiting.outbox.with_due_deliveries([waiting.id])] == [waiting.id]


async def test_nobody_is_woken_for_what_waits_behind_a_failure_or_while_somebody_delivers(waiting: Waiting) -> None:
    first = await waiting.queue("a")
    await waiting.take("a")
    await waiting.outbox.record_result(first, ERROR, NOW)
    await waiting.queue("a")
    assert await waiting.outbox.with_due_deliveries([waiting.id]) == []
    await waiting.outbox.mark_busy(waiting.id)
    await waiting.queue("b")
    assert await waiting.outbox.with_due_deliveries([waiting.id]) == []
    assert (await waiting.outbox.mark_idle(waiting.id)).next_due_at is not None  # what came at the last moment


async def test_nothing_is_taken_while_an_endpoint_is_disabled(waiting: Waiting) -> None:
    id = await waiting.queue("a")
    await waiting.webhooks.change(waiting.organization_id, waiting.id, EndpointChange(enabled=False))
    assert not await waiting.outbox.mark_busy(waiting.id)
    assert await waiting.take("a") is None
    assert await waiting.outbox.with_due_deliveries([waiting.id]) == []
    assert (await waiting.outbox.mark_idle(waiting.id)).next_due_at is None
    await waiting.webhooks.change(waiting.organization_id, waiting.id, EndpointChange(enabled=True))
    assert await waiting.take("a") == id


async def test_final_deliveries_are_forgotten_after_a_month_and_waiting_ones_never(waiting: Waiting) -> None:
    ids = [await waiting.queue("a") for _ in range(3)]
    for id in ids[:2]:
        await waiting.take("a")
        await waiting.outbox.record_result(id, OK, NOW)
    mine = webhook_deliveries.c.endpoint_id == waiting.id
    old = sa.func.clock_timestamp() - KEPT_FOR - timedelta(hours=1)
    await waiting.calling.change(webhook_deliveries, mine, webhook_deliveries.c.id != ids[0], created_at=old)
    await waiting.outbox.mark_idle(waiting.id)
    page = await waiting.webhooks.list_deliveries(waiting.organization_id, waiting.id, None, 1, 10)
    assert [delivery.id for delivery in page.deliveries] == [ids[2], ids[0]]


async def test_a_deleted_endpoint_is_seen_to_be_gone(waiting: Waiting) -> None:
    assert await waiting.outbox.find_deleted([waiting.id, "webhook_gone"]) == {"webhook_gone"}
    assert not (await waiting.outbox.mark_idle("webhook_gone")).exists
    assert not await waiting.outbox.mark_busy("webhook_gone")


async def test_without_the_servers_secret_no_endpoint_is_made(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    webhooks = Webhooks(shared.engine, Vault([]))
    with pytest.raises(NoSecret):
        await webhooks.create(given.id, EndpointRequest(url="https://example.com", events=(EventType.BATCH_STARTED,)))
    assert await webhooks.list_all(given.id) == []


async def test_a_request_made_again_finds_the_endpoint_and_its_secret(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    webhooks = Webhooks(shared.engine, VAULT)
    request = EndpointRequest(url="https://example.com", events=(EventType.BATCH_STARTED,))
    first = await webhooks.create(given.id, request, "webhook_of_" + given.id)
    assert await webhooks.create(given.id, request, "webhook_of_" + given.id) == first
    assert len(await webhooks.list_all(given.id)) == 1


async def test_the_old_secret_signs_for_a_day(waiting: Waiting) -> None:
    rotated = await waiting.webhooks.rotate_secret(waiting.organization_id, waiting.id)
    await waiting.queue("a")
    taken = await waiting.outbox.take(waiting.id, "a", NOW)
    assert taken is not None
    assert len(taken.secrets) == 2
    assert taken.secrets[0] == rotated.secret
    yesterday = sa.func.clock_timestamp() - timedelta(seconds=1)
    await waiting.calling.change(webhook_endpoints, webhook_endpoints.c.id == waiting.id, old_secret_until=yesterday)
    await waiting.queue("b")
    later = await waiting.outbox.take(waiting.id, "b", NOW)
    assert later is not None
    assert later.secrets == (rotated.secret,)


async def test_another_organizations_endpoint_does_not_exist(waiting: Waiting) -> None:
    other, webhooks = (await a_caller(waiting.calling.engine)).id, waiting.webhooks
    for refused in (
        webhooks.get(other, waiting.id),
        webhooks.replay(other, waiting.id, await waiting.queue("a")),
        webhooks.list_deliveries(other, waiting.id, None, 1, 10),
        webhooks.delete(other, waiting.id),
    ):
        with pytest.raises(NotFound):
            await refused


async def test_lanes_whose_receiver_says_that_it_is_gone_do_not_wait_for_each_other(waiting: Waiting) -> None:
    """Each disables the endpoint, and with it what waits in the others' lanes."""
    lanes = [f"lane {number}" for number in range(8)]
    taken = []
    for lane in lanes:
        for _ in range(5):
            await waiting.queue(lane)
        taken.append(await waiting.take(lane))
    gone = AttemptResult(code=410, error="It is gone.")

    results = await asyncio.gather(*(waiting.outbox.record_result(id or "", gone, NOW) for id in taken))

    assert results.count(None) == len(lanes) - 1  # the first that was recorded ended the others
    assert await waiting.lanes() == []
