"""A voice agent that is down: its calls are nobody's attempts; the job pauses, says why, and goes on when told."""

import asyncio
from collections import Counter
from collections.abc import Callable

import psycopg

from carriers.simulator.media_streams import RETRY_DELAY_SECONDS
from stack.ports import free_port
from tests.end_to_end.batch import TALKS, Batch, Numbers, contacts
from tests.end_to_end.live_stack import LiveStack
from tests.voice_agent import an_agent
from tests.waiting import eventually

CALLER_ID = "+12025550187"
CONTACTS = 24  # more than the circuit breaker's smallest sample
TALK_SECONDS = 200  # the longest call, in the carrier's seconds: one real one
PATIENCE = 60.0


def a_number_with_its_agent(stack: LiveStack, url: str) -> str:
    stack.grant(CALLER_ID)
    with stack.http() as client:
        agent = client.post("/agents", json={"name": "Ava", "audioUrl": url}).raise_for_status().json()
        body = {"number": CALLER_ID, "outboundAgentId": agent["id"], "callsPerSecond": 10}
        return str(client.post("/phone-numbers", json=body).raise_for_status().json()["id"])


def outcomes(stack: LiveStack, job_id: str) -> Counter[str | None]:
    """Of the job's dials."""
    with psycopg.connect(stack.ready["database"]["url"]) as connection:
        return Counter(row[0] for row in connection.execute("SELECT outcome FROM dials WHERE job_id = %s", (job_id,)))


async def test_a_job_waits_for_its_agent_and_then_calls_everybody(stack: LiveStack, numbers: Numbers) -> None:
    port = free_port()
    number = await asyncio.to_thread(a_number_with_its_agent, stack, f"ws://127.0.0.1:{port}/talk")
    called = contacts(numbers.scripted(TALKS, CONTACTS))
    batch = Batch.create(stack, called, fromPhoneNumberId=number, maxCallSeconds=TALK_SECONDS, maxAttempts=1)

    await eventually(lambda: _in_thread(lambda: batch.status() == "paused" and batch.live() == 0), PATIENCE)

    reason = batch.detail()["statusReason"]
    assert "had no agent: look whether it is up at its address, then resume" in reason
    assert set(outcomes(stack, batch.job_id)) == {"agent_unreachable"}
    waiting = batch.contacts()
    assert {contact["status"] for contact in waiting} <= {"pending", "queued"}
    assert {contact["attemptCount"] for contact in waiting} == {0}

    async with an_agent(tone=True, port=port) as agent:
        await asyncio.sleep(RETRY_DELAY_SECONDS)  # so long the carrier remembers that nobody was there
        await asyncio.to_thread(batch.order, "resume")
        await eventually(lambda: _in_thread(lambda: batch.status() == "completed"), PATIENCE)

    ended = batch.contacts()
    assert Counter((contact["status"], contact["attemptCount"]) for contact in ended) == {("completed", 1): CONTACTS}
    assert outcomes(stack, batch.job_id)["answered"] == CONTACTS
    assert len(agent.streams) == CONTACTS


async def _in_thread(question: Callable[[], bool]) -> bool:
    return bool(await asyncio.to_thread(question))
