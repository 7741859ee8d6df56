"""Streams of events that a browser opens: with a ticket in the address, from a page of an allowed origin."""

import time
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from api.jobs import tickets
from domain.statuses import Role
from stack.ports import free_port
from store.organizations.api_keys import ApiKeys
from tests.api.client import Api, Served, Tenant, refused, serve, settings_for
from tests.api.jobs.test_events import Stream

PAGE = "https://app.example.com"


async def ticket(api: Api, job_id: str, key: str | None = None) -> str:
    headers = {"x-api-key": key or api.tenant.member}  # whoever may read may watch
    answer = await api.http.post(f"/batch/jobs/{job_id}/events/ticket", headers=headers)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"ticket", "expiresAt"}
    return str(answer.json()["ticket"])


async def open_with(http: httpx.AsyncClient, job_id: str, ticket: str) -> httpx.Response:
    return await http.get(f"/batch/jobs/{job_id}/events", params={"ticket": ticket})


async def test_a_ticket_opens_the_stream_without_a_key(api: Api) -> None:
    job_id = await api.new_job()
    path = f"/batch/jobs/{job_id}/events"
    for _ in range(2):  # an EventSource that connects again in time
        async with api.http.stream("GET", path, params={"ticket": await ticket(api, job_id)}) as answer:
            assert answer.status_code == 200
            first = await Stream(answer).next()
        assert first is not None
        assert (first.kind, first.data["batchJobId"]) == ("snapshot", job_id)


async def test_a_ticket_is_for_one_job_and_nothing_else(api: Api) -> None:
    job_id, another = await api.new_job(), await api.new_job()
    issued = await ticket(api, job_id)
    refused(await open_with(api.http, another, issued), 401, "unauthorized")
    refused(await api.http.get(f"/batch/jobs/{job_id}", params={"ticket": issued}), 401, "unauthorized")
    refused(await api.http.get("/batch/jobs", headers={"x-api-key": issued}), 401, "unauthorized")


@pytest.mark.parametrize("forged", ["x", "", "gAAAAAB", "é"])
async def test_what_we_did_not_issue_opens_nothing(api: Api, forged: str) -> None:
    refused(await open_with(api.http, await api.new_job(), forged), 401, "unauthorized")


async def test_a_ticket_is_short_lived(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "LIFETIME", timedelta(0))
    job_id = await api.new_job()
    refused(await open_with(api.http, job_id, await ticket(api, job_id)), 401, "unauthorized")


async def test_a_ticket_of_a_revoked_key_opens_nothing(api: Api, records: AsyncEngine) -> None:
    job_id = await api.new_job()
    issued = await ApiKeys(records).create(api.tenant.id, Role.MEMBER, "page")
    made = await ticket(api, job_id, issued.key)
    await ApiKeys(records).revoke(api.tenant.id, issued.id)
    refused(await open_with(api.http, job_id, made), 401, "unauthorized")


async def test_another_organizations_job_has_no_tickets(api: Api, other: Tenant) -> None:
    job_id = await api.new_job()
    stranger = {"x-api-key": other.owner}
    refused(await api.http.post(f"/batch/jobs/{job_id}/events/ticket", headers=stranger), 404, "job_not_found")


async def test_a_page_of_an_allowed_origin_watches_a_job(api: Api, shared_database_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        served = serve(create_app(settings_for(shared_database_url, cors_origins=PAGE)))
    try:
        await _watch_from_a_page(served, api)
    finally:
        served.stop()


async def _watch_from_a_page(served: Served, api: Api) -> None:
    job_id, origin = await api.new_job(), {"Origin": PAGE}
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as http:
        asked = await http.post(f"/batch/jobs/{job_id}/events/ticket", headers=api.key | origin)
        assert asked.headers["Access-Control-Allow-Origin"] == PAGE
        query = {"ticket": asked.json()["ticket"]}
        async with http.stream("GET", f"/batch/jobs/{job_id}/events", params=query, headers=origin) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == PAGE
            begun = time.monotonic()
            assert await Stream(answer).next() is not None
            assert time.monotonic() - begun < 30
