"""`Idempotency-Key`: the same request is done once, however often, wherever and after whatever it is sent again."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.jobs.repository import Jobs
from tests.api.client import CSV, Api, Tenant, new_tenant, refused
from tests.api.managing import AGENT, ask
from tests.api.process import api_process

CONTENT = {"name": "Once", "contacts": [{"phone": "+12025550101", "plan": "basic", "age": 5}]}


def with_key(api: Api, key: str) -> dict[str, str]:
    return api.key | {"Idempotency-Key": key}


async def create(api: Api, key: str = "1", **fields: Any) -> httpx.Response:
    body = {"fromPhoneNumberId": api.tenant.pipeline} | CONTENT | fields
    return await api.http.post("/batch/create", json=body, headers=with_key(api, key))


async def upload(
    api: Api, key: str, file: bytes = CSV, file_name: str = "contacts.csv", **fields: Any
) -> httpx.Response:
    given = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Once"} | fields
    files = {name: (None, value) for name, value in given.items()} | {"file": (file_name, file)}
    return await api.http.post("/batch/create", files=files, headers=with_key(api, key))


async def total(api: Api) -> int:
    return int((await api.get("/batch/jobs")).json()["total"])


async def test_the_same_create_gives_the_same_answer(api: Api) -> None:
    first, second = await create(api), await create(api)
    assert first.status_code == second.status_code == 200
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()
    assert await total(api) == 1


async def test_another_key_or_none_makes_another_job(api: Api) -> None:
    ids = {(await create(api, key)).json()["batchJobId"] for key in ("1", "2")}
    ids |= {(await api.send()).json()["batchJobId"] for _ in range(2)}
    assert len(ids) == await total(api) == 4


async def test_order_and_nulls_of_json_do_not_count(api: Api) -> None:
    body = {"fromPhoneNumberId": api.tenant.pipeline} | CONTENT
    other = dict(reversed(body.items())) | {"description": None}
    other["contacts"] = [dict(reversed(contact.items())) for contact in CONTENT["contacts"]]  # type: ignore[attr-defined]
    written = json.dumps(other, indent=2).encode()
    first = await create(api)
    second = await api.http.post(
        "/v1/batch/create", content=written, headers=with_key(api, "1") | {"Content-Type": "application/json"}
    )
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()


async def test_boundary_order_and_file_name_of_a_form_do_not_count(api: Api) -> None:
    first = await upload(api, "1", description="May", timezone="UTC")
    second = await upload(api, "1", file_name="other.txt", timezone="UTC", description="May", onOverlap=" ")
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Twice"},
        {"maxAttempts": 2},
        {"contacts": [{"phone": "+12025550101", "plan": "basic", "age": "5"}]},
        {"contacts": [{"phone": "+12025550102", "plan": "basic", "age": 5}]},
    ],
)
async def test_other_content_under_the_same_key_is_a_conflict(api: Api, fields: dict[str, Any]) -> None:
    await create(api)
    refused(await create(api, **fields), 409, "idempotency_conflict")
    assert await total(api) == 1


async def test_one_byte_of_the_file_makes_other_content(api: Api) -> None:
    await upload(api, "1")
    refused(await upload(api, "1", file=CSV + b"\n"), 409, "idempotency_conflict")


async def test_a_key_belongs_to_one_organization_and_one_address(api: Api, other: Tenant) -> None:
    mine = await create(api)
    theirs = await create(Api(api.http, other))
    assert mine.json()["batchJobId"] != theirs.json()["batchJobId"]
    agent = await api.http.post("/agents", json=AGENT, headers=with_key(api, "1"))
    assert agent.status_code == 200
    assert "Idempotent-Replayed" not in agent.headers


async def test_a_refusal_leaves_the_key_free(api: Api) -> None:
    refused(await create(api, maxAttempts=99), 400, "invalid_request")
    refused(await create(api, fromPhoneNumberId="phone_none"), 404, "phone_number_not_found")
    corrected = await create(api)
    assert corrected.status_code == 200
    assert "Idempotent-Replayed" not in corrected.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "ümlaut", "tab\tin"])
async def test_what_cannot_be_a_key_is_refused(api: Api, key: str) -> None:
    answer = await api.http.post(
        "/batch/create", json=CONTENT, headers=api.key | {"Idempotency-Key": key.encode("latin-1")}
    )
    refused(answer, 400, "invalid_request")
    assert await total(api) == 0


async def test_a_key_may_have_255_characters_and_blanks(api: Api) -> None:
    for key in ("x" * 255, "order 17 / May"):
        assert (await create(api, key)).status_code == 200


async def test_role_and_key_are_judged_before_the_record(api: Api) -> None:
    await create(api)
    body = {"fromPhoneNumberId": api.tenant.pipeline} | CONTENT
    refused(
        await ask(api.http, api.tenant.member, "POST", "/batch/create", body, Idempotency_Key="1"), 403, "forbidden"
    )


SECRET_ANSWERS = [
    ("/api-keys", {"name": "Import", "role": "member"}),
    ("/webhooks", {"url": "https://hooks.example.test/", "events": ["batch.completed"]}),
]


async def test_an_owners_new_key_is_not_replayed_to_an_admin(api: Api) -> None:
    body = {"name": "Import", "role": "owner"}
    key = (await api.http.post("/api-keys", json=body, headers=with_key(api, "1"))).json()["key"]
    answer = await ask(api.http, api.tenant.admin, "POST", "/api-keys", body, Idempotency_Key="1")
    refused(answer, 403, "forbidden")
    assert key not in answer.text


@pytest.mark.parametrize(("path", "body"), SECRET_ANSWERS)
async def test_a_secret_is_replayed_to_the_key_that_asked_for_it_only(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    first = await api.http.post(path, json=body, headers=with_key(api, "1"))
    answer = await ask(api.http, api.tenant.admin, "POST", path, body, Idempotency_Key="1")
    assert "another API key" in refused(answer, 409, "idempotency_conflict")["error"]
    assert (await api.http.post(path, json=body, headers=with_key(api, "1"))).json() == first.json()
    assert (await api.get(path)).json()["total"] == 1 + 3 * (path == "/api-keys")


async def test_whatever_is_listed_is_created_once_too(api: Api) -> None:
    for path, body in (
        ("/agents", AGENT),
        ("/phone-numbers", {"number": api.tenant.granted, "outboundAgentId": api.tenant.agent_id}),
        ("/api-keys", {"name": "Import", "role": "member"}),
        ("/webhooks", {"url": "https://hooks.example.test/", "events": ["batch.completed"]}),
        ("/do-not-call", {"numbers": ["+12025550142"]}),
    ):
        before = (await api.get(path)).json()["total"]
        answers = [await api.http.post(path, json=body, headers=with_key(api, "1")) for _ in range(2)]
        assert answers[0].status_code == 200, answers[0].text
        assert answers[0].json() == answers[1].json()
        assert answers[1].headers["Idempotent-Replayed"] == "true"
        assert (await api.get(path)).json()["total"] == before + 1


async def test_a_key_in_an_answer_is_not_kept_readable(api: Api, records: Database) -> None:
    body = {"name": "Import", "role": "member"}
    key = (await api.http.post("/api-keys", json=body, headers=with_key(api, "1"))).json()["key"]
    async with records.connect() as connection:
        query = sa.text("SELECT answer FROM idempotency_records WHERE scope = :scope")
        kept = (await connection.execute(query, {"scope": api.tenant.id})).scalar_one()
    assert key not in kept


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a Temporal that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def test_a_create_whose_process_was_killed_is_done_once_by_whoever_sends_it_again(
    api: Api, shared_database_url: str, records: Database, jobs: Jobs, mute: str
) -> None:
    """One is killed after it stored the job, while it waits for Temporal; one before, while it waits for a lock."""
    stored, waiting = api, Api(api.http, await new_tenant(records))
    key = f"order {uuid4()}"
    lock = sa.text("SELECT id FROM organizations WHERE id = :id FOR UPDATE")
    with api_process(shared_database_url, mute) as process:
        async with records.connect() as connection, httpx.AsyncClient(base_url=process.url, timeout=30) as doomed:
            await connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            await connection.execute(lock, {"id": waiting.tenant.id})
            dying = [asyncio.create_task(create(Api(doomed, one.tenant), key)) for one in (stored, waiting)]
            await until(lambda: job_ids(jobs, stored))
            await until(lambda: lock_waiters(records))
            process.popen.kill()
            lost = await asyncio.gather(*dying, return_exceptions=True)
            assert all(isinstance(one, httpx.TransportError) for one in lost)
    [known] = await job_ids(jobs, stored)
    started = time.monotonic()
    for one in (stored, waiting):
        answers = await asyncio.gather(*(create(one, key) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}, answers[0].text
        assert {answer.json()["batchJobId"] for answer in answers} == set(await job_ids(jobs, one))
        assert len({answer.text for answer in answers}) == 1
        assert sorted("Idempotent-Replayed" in answer.headers for answer in answers) == [False] + [True] * 19
    assert await job_ids(jobs, stored) == [known]
    assert len(await job_ids(jobs, waiting)) == 1
    assert time.monotonic() - started < 20


async def job_ids(jobs: Jobs, api: Api) -> list[str]:
    return [job.id for job in (await jobs.list_page(api.tenant.id, None, None, 1, 100)).jobs]


async def lock_waiters(records: Database) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with records.connect() as connection:
        return int((await connection.execute(sa.text(query))).scalar_one())


async def until(happened: Any) -> None:
    deadline = time.monotonic() + 15
    while not await happened():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
