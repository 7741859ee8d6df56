"""Three hundred contacts are told in order while workers are killed and the receiver fails in every way it can."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import pytest
from aiohttp import web

from tests.end_to_end import judge
from tests.end_to_end.batch import Batch, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.receiving import Answering, Received, Receiver, never, ok
from tests.waiting import eventually

SPEED = 30
CONTACTS = 300
EVERY_NTH_FAILS = 60
KILLS = 3
LANES = 8  # of one endpoint, at once: so many requests may be unnoted when a worker dies
pytestmark = pytest.mark.soak


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as running:
        yield running


async def test_everything_arrives_in_order_though_workers_die_and_the_receiver_fails(stack: LiveStack) -> None:
    async with Receiver.listening() as receiver:
        receiver.answering = moody()
        _, webhook = subscribe(stack, receiver)
        batch = await asyncio.to_thread(Batch.create, stack, contacts(judge.fiction(CONTACTS)), maxAttempts=1)
        other = await asyncio.to_thread(Batch.create, stack, contacts(judge.fiction(CONTACTS + 20)[-20:]))
        for number in range(KILLS):
            await eventually(partial(has, receiver, 40 * (number + 1)), 120)
            old = await asyncio.to_thread(stack.kill, "workers", number % 2)
            await asyncio.to_thread(stack.wait_until_replaced, "workers", old, 60, number % 2)
        await receiver.stop()
        await asyncio.sleep(3)
        await receiver.start()
        began = time.monotonic()
        for job in (batch, other):
            await eventually(partial(has_ended, receiver, job), 600)
        print(f"all had arrived {time.monotonic() - began:.0f} s after the last fault")

    log = [delivery for delivery in logged(stack, webhook) if delivery["batchJobId"] == batch.job_id]
    assert {delivery["status"] for delivery in log} == {"delivered"}
    arrived = [received for received in receiver.delivered if received.job == batch.job_id]
    once = list(dict.fromkeys(received.id for received in arrived))
    assert once == [delivery["id"] for delivery in log]
    first = {received.id: received for received in reversed(arrived)}.values()
    told = [received.data["contact"]["id"] for received in first if received.type == "contact.finished"]
    assert len(told) == len(set(told)) == CONTACTS
    twice = len(receiver.delivered) - len({received.id for received in receiver.delivered})
    print(f"{twice} arrived twice, under the same id")
    assert twice <= KILLS * LANES
    bodies: dict[str, set[str]] = {}
    for received in receiver.requests:
        bodies.setdefault(received.id, set()).add(received.body)
    assert all(len(same) == 1 for same in bodies.values())


def has(receiver: Receiver, count: int) -> bool:
    return len(receiver.delivered) > count


def has_ended(receiver: Receiver, job: Batch) -> bool:
    return "batch.completed" in receiver.of(job.job_id)


def moody() -> Answering:
    """Mostly well; every now and then an error, and once no answer at all."""
    count = 0

    async def answer(received: Received) -> web.StreamResponse:
        nonlocal count
        count += 1
        if count == EVERY_NTH_FAILS // 2:
            return await never(received)
        return web.Response(status=500) if count % EVERY_NTH_FAILS == 0 else await ok(received)

    return answer


def logged(stack: LiveStack, webhook: str) -> list[dict[str, object]]:
    """All deliveries, the first first."""
    found: list[dict[str, object]] = []
    with stack.http() as client:
        for page in range(1, 20):
            answer = client.get(f"/webhooks/{webhook}/deliveries", params={"page": page, "pageSize": 100})
            found += answer.raise_for_status().json()["deliveries"]
    return list(reversed(found))


def subscribe(stack: LiveStack, receiver: Receiver) -> tuple[str, str]:
    """All of a job's events; the secret, and the webhook's id."""
    events = ["batch.started", "batch.completed", "contact.finished"]
    with stack.http() as client:
        made = client.post("/webhooks", json={"url": receiver.url, "events": events})
        assert made.status_code == 200, made.text
        return made.json()["secret"], made.json()["id"]


def unsubscribe(stack: LiveStack, webhook: str) -> None:
    with stack.http() as client:
        client.delete(f"/webhooks/{webhook}").raise_for_status()
