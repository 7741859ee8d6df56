"""A job on the whole stack is told to a client's server, from its start to its end."""

import asyncio

from tests.end_to_end.batch import Batch
from tests.end_to_end.live_stack import LiveStack
from tests.end_to_end.numbers import SHORT, Numbers, contacts
from tests.receiving import Receiver
from tests.workflows.running import eventually

FIVE = 5


async def test_a_job_is_told_from_its_start_to_its_end(stack: LiveStack, numbers: Numbers) -> None:
    async with Receiver.listening() as receiver:
        secret, webhook = subscribe(stack, receiver)
        try:
            called = numbers.scripted(SHORT, FIVE)
            batch = await asyncio.to_thread(Batch.create, stack, contacts(called))
            await eventually(lambda: "batch.completed" in receiver.of(batch.job_id), 30)
        finally:
            unsubscribe(stack, webhook)

    told = receiver.of(batch.job_id)
    assert told == ["batch.started", *["contact.finished"] * FIVE, "batch.completed"]
    told_of = [received.data for received in receiver.delivered if received.type == "contact.finished"]
    finished = [data for data in told_of if data["batchJobId"] == batch.job_id]  # others run on this stack as well
    assert {data["contact"]["phoneNumber"] for data in finished} == set(called)
    assert {(data["contact"]["status"], data["outcome"]) for data in finished} == {("completed", "answered")}
    for received in receiver.requests:
        received.verify(secret)


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
