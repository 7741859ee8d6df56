"""A person is forgotten: the walk through every place where their data may stand finds nothing any more."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from aiohttp import web
from google.protobuf.json_format import MessageToDict
from psycopg import sql
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from tests.end_to_end.batch import TALKS, Numbers
from tests.end_to_end.batches.test_webhooks import subscribe
from tests.end_to_end.live_stack import LiveStack
from tests.receiving import Received, Receiver
from tests.voice_agent import Agent, an_agent
from tests.waiting import eventually, until
from workflows.payload_encryption import PayloadEncryption

NAME = "Zebulon Quagmire"
NOTE = f"asked by {NAME}"
CALLER_ID = "+12025550177"
TESTER = "+12025550176"
SECONDS = 60
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
# What the carrier has, which is another company's, and the files of the database itself: docs/privacy.md says when
# PostgreSQL writes over what it deleted.
NOT_WALKED = ("carrier.db", "postgres/")
EVERYWHERE = {
    "batch_jobs.validation",
    "contacts.data",
    "contacts.number",
    "contacts.conversation",
    "contacts.external_id",
    "dials.to_number",
    "dials.conversation",
    "do_not_call.note",
    "do_not_call.number",
    "idempotency_records.answer",
    "rejects.cells",
    "webhook_deliveries.response_body",
}


class Person:
    """Whom the walk looks for."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.national = number.removeprefix("+1")

    @property
    def file(self) -> bytes:
        """A contact file that has the person three times, and somebody else."""
        written = f"({self.national[:3]}) {self.national[3:6]}-{self.national[6:]}"
        rows = [
            ("phone", "id", "name"),
            (written, f"id of {NAME}", NAME),
            (self.number, "again", f"{NAME} the second time"),
            (self.number.translate(ARABIC), "in Arabic", NAME),
            (TESTER, "another", "Ada"),
        ]
        return "\n".join(",".join(row) for row in rows).encode()

    def is_in(self, text: str) -> bool:
        digits = "".join(str(int(sign)) for sign in text if sign.isdecimal())
        return self.national in digits or "zebulon" in text.lower() or "quagmire" in text.lower()


def in_database(stack: LiveStack, person: Person) -> Iterator[str]:
    """The columns of any type that have the person, table by table."""
    columns = """
        SELECT c.table_name, c.column_name FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
    """
    with psycopg.connect(stack.ready["database"]["url"]) as connection:
        for table, column in connection.execute(columns).fetchall():
            query = sql.SQL("SELECT {0}::text FROM {1} WHERE {0} IS NOT NULL")
            rows = connection.execute(query.format(sql.Identifier(column), sql.Identifier(table))).fetchall()
            if any(person.is_in(text) for (text,) in rows):
                yield f"{table}.{column}"


async def in_temporal(stack: LiveStack, person: Person) -> list[str]:
    """The workflows whose events, decrypted, or what lists show of them, have the person."""
    secrets = json.loads((stack.data_dir / "secrets.json").read_text())
    encryption = PayloadEncryption.from_setting(secrets["payloadKeys"])
    assert encryption is not None
    temporal, found = stack.ready["temporal"], []
    client = await Client.connect(temporal["address"], namespace=temporal["namespace"])
    async for execution in client.list_workflows():
        history = await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
        events = [MessageToDict(event) for event in history.events]
        texts = [json.dumps([events, MessageToDict(execution.raw_info)])]
        payloads = [payload for event in history.events for payload in payloads_of(event)]
        texts += [encryption.decrypt(payload).data.decode(errors="replace") for payload in payloads]
        if any(NAME.lower() in text.lower() or person.number in text or person.national in text for text in texts):
            found.append(execution.id)
    return found


def payloads_of(message: Any) -> Iterator[Payload]:
    """All payloads in a message."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            parts = [part for part in value.values() if hasattr(part, "ListFields")]
        else:
            parts = list(value) if field.is_repeated else [value]
        for part in parts:
            yield from payloads_of(part)


def in_files(stack: LiveStack, person: Person) -> Iterator[str]:
    """The files of the data directory, logs of all processes among them, and what `up` printed."""
    files = [path for path in stack.data_dir.rglob("*") if path.is_file()]
    for path in [*files, stack.data_dir.parent / "up.log"]:
        name = str(path.relative_to(stack.data_dir.parent / "data")) if path in files else path.name
        if not name.startswith(NOT_WALKED) and _has(path, person):
            yield name


def _has(path: Path, person: Person) -> bool:
    content = path.read_bytes()
    return any(text.encode() in content for text in (NAME, person.national, person.number.translate(ARABIC)[1:]))


async def report(told: dict[str, str]) -> None:
    """What the agent does with a call."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.post(
            f"{told['outdial_api']}/calls/{told['outdial_call_id']}/result",
            headers={"Authorization": f"Bearer {told['outdial_call_token']}"},
            json={
                "summary": f"{told['name']} comes.",
                "recordingUrl": f"https://recordings.example.com/{told['name'].replace(' ', '-')}.mp3",
                "data": {"name": told["name"]},
            },
        )
        assert answer.status_code == 200, answer.text


async def echo(received: Received) -> web.StreamResponse:
    return web.Response(text=received.body[:500])


def prepared(stack: LiveStack, agent: Agent) -> str:
    """The number that calls, with an agent behind it."""
    stack.grant(CALLER_ID)
    with stack.http() as client:
        made = client.post("/agents", json={"name": "Ava", "audioUrl": agent.url}).raise_for_status().json()
        number = {"number": CALLER_ID, "outboundAgentId": made["id"], "callsPerSecond": 10}
        return str(client.post("/phone-numbers", json=number).raise_for_status().json()["id"])


def called(stack: LiveStack, person: Person, phone_number_id: str) -> str:
    """A job from a file that calls the person, and a test call with the person's fields."""
    form = {"name": "Appointments", "fromPhoneNumberId": phone_number_id, "externalIdColumn": "id"}
    form |= {"maxCallSeconds": "60", "defaultCountry": "US"}
    with stack.http() as client:
        answer = client.post(
            "/batch/create",
            data=form,
            files={"file": ("contacts.csv", person.file, "text/csv")},
            headers={"Idempotency-Key": "the-job-of-the-person"},
        )
        assert answer.status_code == 200, answer.text
        job = str(answer.json()["batchJobId"])
        client.post(f"/batch/jobs/{job}/test", json={"phone": TESTER}).raise_for_status()
        until(lambda: client.get(f"/batch/jobs/{job}").json()["status"] == "completed", SECONDS)
        listed = {"numbers": [person.number], "note": NOTE}
        client.post("/do-not-call", json=listed).raise_for_status()
        assert client.get(f"/batch/jobs/{job}", params={"contactsSearch": person.national}).status_code == 200
    return job


def forget(stack: LiveStack, number: str) -> dict[str, Any]:
    with stack.http() as client:
        answer = client.post("/privacy/forget", json={"phone": number})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.mark.timeout(240)
async def test_of_a_person_who_was_forgotten_nothing_is_found(encrypted: LiveStack) -> None:
    stack, person = encrypted, Person(Numbers().scripted(TALKS, 3)[2])
    async with an_agent(report) as agent, Receiver.listening() as receiver:
        receiver.answering = echo
        caller = await asyncio.to_thread(prepared, stack, agent)
        await asyncio.to_thread(subscribe, stack, receiver)
        job = await asyncio.to_thread(called, stack, person, caller)
        await eventually(lambda: "batch.completed" in receiver.of(job), SECONDS)
        assert set(in_database(stack, person)) >= EVERYWHERE  # the walk sees
        with stack.http() as client:
            known = client.post("/privacy/export", json={"phone": person.number}).raise_for_status().json()
        assert [len(known[kind]) for kind in ("contacts", "calls", "rejectedRows", "doNotCall")] == [1, 1, 1, 1]
        assert known["contacts"][0]["data"]["name"] == NAME

        receipt = await asyncio.to_thread(forget, stack, person.number)

    assert list(in_database(stack, person)) == []
    assert await in_temporal(stack, person) == []
    assert list(in_files(stack, person)) == []
    assert receipt["deleted"] == {
        "contacts": 1,
        "calls": 1,
        "testCalls": 1,
        "rejectedRows": 1,
        "reportsOfFiles": 2,
    }
    judged_by_the_carrier(stack, person, receipt)
    await asyncio.to_thread(never_called_again, stack, person, caller)


def judged_by_the_carrier(stack: LiveStack, person: Person, receipt: dict[str, Any]) -> None:
    """The simulator's own record: it had a call and a recording, and was asked to delete both."""
    with stack.http() as client:
        until(lambda: client.get(f"/privacy/requests/{receipt['id']}").json()["status"] == "done", SECONDS, every=0.5)
        done = client.get(f"/privacy/requests/{receipt['id']}").json()
    [call] = done["atCarriers"]
    assert (call["state"], call["recordings"], call["lastError"]) == ("deleted", 1, None)
    dials = [dial for dial in stack.report()["dials"] if dial["to"] == person.number]
    assert [(dial["callId"], dial["recording"]) for dial in dials] == [(call["carrierCallId"], False)]
    assert all(dial["deletedAt"] is not None for dial in dials)


def never_called_again(stack: LiveStack, person: Person, caller: str) -> None:
    """A file that has the number later does not call it; it can be looked up, and not read."""
    with stack.http() as client:
        again = {
            "name": "Again",
            "fromPhoneNumberId": caller,
            "contacts": [{"phone": person.number}, {"phone": TESTER}],
        }
        made = client.post("/batch/create", json=again).raise_for_status().json()
        assert "blocked" in " ".join(made["validation"]["warnings"])
        assert client.get("/do-not-call").raise_for_status().json()["entries"] == []
        found = client.get(f"/do-not-call/%2B{person.number[1:]}").raise_for_status().json()
        assert (found["source"], found["note"]) == ("api", None)
    dials = [dial for dial in stack.report()["dials"] if dial["to"] == person.number]
    assert len(dials) == 1
