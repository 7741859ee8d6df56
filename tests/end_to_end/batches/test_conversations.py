"""On the whole stack: an agent is told whom it talks to; results and signed webhooks tell what it reports."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.end_to_end.batch import TALKS, Numbers
from tests.end_to_end.batches.test_webhooks import subscribe, unsubscribe
from tests.end_to_end.live_stack import LiveStack
from tests.receiving import Receiver
from tests.voice_agent import Agent, an_agent
from tests.waiting import eventually

TALK_SECONDS = 200  # the longest call, in the carrier's seconds: one real one
PATIENCE = 30.0
CALLER_ID = "+12025550188"


class Client:
    """The API of the stack, the number that calls, and the agent behind it."""

    def __init__(self, http: httpx.AsyncClient, agent: Agent, phone_number_id: str) -> None:
        self.http = http
        self.agent = agent
        self.phone_number_id = phone_number_id

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def job(self, people: list[dict[str, Any]], **fields: Any) -> str:
        job = await self.post(
            "/batch/create",
            name="Appointments",
            fromPhoneNumberId=self.phone_number_id,
            contacts=people,
            **{"maxCallSeconds": TALK_SECONDS, **fields},
        )
        return str(job["batchJobId"])

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The last event of the job."""
        async with asyncio.timeout(PATIENCE), self.http.stream("GET", f"/batch/jobs/{job_id}/events") as answer:
            kind = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                kind = value if name == "event" else kind
                if name == "data" and kind == "end":
                    found: dict[str, Any] = json.loads(value)
                    return found
        raise AssertionError("the stream ended without its last event")

    async def results(self, job_id: str) -> list[dict[str, Any]]:
        answer = await self.http.get(f"/batch/jobs/{job_id}/results", params={"format": "jsonl"})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


async def report(told: dict[str, str]) -> None:
    """What the agent does with a call: it says what came of it, in the words that it was told."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.post(
            f"{told['outdial_api']}/calls/{told['outdial_call_id']}/result",
            headers={"Authorization": f"Bearer {told['outdial_call_token']}"},
            json={
                "disposition": "confirmed",
                "summary": f"{told['name']} comes on {told['day']}.",
                "data": {"guests": int(told["guests"])},
            },
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
async def client(stack: LiveStack) -> AsyncIterator[Client]:
    api = stack.ready["api"]
    headers = {"Authorization": f"Bearer {api['ownerKey']}"}
    async with (
        an_agent(report) as agent,
        httpx.AsyncClient(base_url=api["url"], headers=headers, trust_env=False, timeout=PATIENCE) as http,
    ):
        client = Client(http, agent, "")
        stack.grant(CALLER_ID)
        made = await client.post("/agents", name="Ava", audioUrl=agent.url)
        number = await client.post("/phone-numbers", number=CALLER_ID, outboundAgentId=made["id"], callsPerSecond=10)
        yield Client(http, agent, number["id"])


async def test_what_an_agent_reports_is_seen_in_results_and_webhooks(
    client: Client, numbers: Numbers, stack: LiveStack
) -> None:
    ada, bob = numbers.scripted(TALKS, 2)
    people = [
        {"phone": ada, "name": "Ada", "day": "May 3", "guests": 2, "id": "p-1"},
        {"phone": bob, "name": "Bob", "day": "May 4", "guests": 0, "id": "p-2"},
    ]

    async with Receiver.listening() as receiver:
        secret, webhook = await asyncio.to_thread(subscribe, stack, receiver)
        job = await client.job(people, externalIdColumn="id")
        end = await client.ended(job)
        await eventually(lambda: "batch.completed" in receiver.of(job), PATIENCE)
        await asyncio.to_thread(unsubscribe, stack, webhook)

    assert end["status"] == "completed"
    assert end["successfulCalls"] == 2
    first, second = await client.results(job)
    assert (first["disposition"], first["summary"]) == ("confirmed", "Ada comes on May 3.")
    assert (first["data"], second["data"]) == ({"guests": 2}, {"guests": 0})
    assert (first["externalId"], second["externalId"]) == ("p-1", "p-2")
    assert (first["guests"], first["name"]) == (2, "Ada")
    assert float(first["cost"]) > 0
    assert receiver.of(job) == ["batch.started", "contact.finished", "contact.finished", "batch.completed"]
    for received in receiver.requests:
        received.verify(secret)
    told_of = [received.data for received in receiver.delivered if received.type == "contact.finished"]
    finished = [data["contact"] for data in told_of if data["batchJobId"] == job]
    said = {contact["contactData"]["name"]: contact["conversation"]["summary"] for contact in finished}
    assert said == {"Ada": "Ada comes on May 3.", "Bob": "Bob comes on May 4."}
    told = {stream.parameters["name"]: stream.parameters for stream in client.agent.streams}
    assert not any(ada in value for value in told["Ada"].values())


async def test_a_test_call_reaches_the_agent_with_the_first_contacts_fields(client: Client, numbers: Numbers) -> None:
    [contact, mine] = numbers.scripted(TALKS, 2)
    people = [{"phone": contact, "name": "Cy", "day": "May 5", "guests": 4}]
    job = await client.job(people, scheduledStartTime="2027-05-03T09:00Z")

    tried = (await client.post(f"/batch/jobs/{job}/test", phone=mine))["batchJobId"]

    assert (await client.ended(tried))["successfulCalls"] == 1
    [result] = await client.results(tried)
    assert (result["phone"], result["summary"]) == (mine, "Cy comes on May 5.")
    await eventually(lambda: any(stream.parameters["name"] == "Cy" for stream in client.agent.streams), PATIENCE)
    await client.post(f"/batch/jobs/{job}/cancel")
