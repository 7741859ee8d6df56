"""What one organization can fill has an end, which the answer names with the next step."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from domain.quotas import Quota
from stack.ports import free_port
from store.db.engine import Database
from store.organizations.quotas import OrganizationQuotas
from tests.api.client import Api, Served, Tenant, numbers, refused, serve, settings_for

LIMITS: dict[str, Any] = {
    "max_open_jobs": 2,
    "max_jobs": 3,
    "max_contacts": 6,
    "max_agents": 4,
    "max_phone_numbers": 5,
    "max_api_keys": 4,
    "max_do_not_call": 3,
}
AGENT = {"name": "Ava", "audioUrl": "wss://agent.example.com/calls"}


@pytest.fixture(scope="module")
def bounded(shared_database_url: str) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
        served = serve(create_app(settings_for(shared_database_url, **LIMITS)))
    yield served
    served.stop()


@pytest.fixture
async def api(bounded: Served, tenant: Tenant) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=bounded.url, timeout=30) as client:
        yield Api(client, tenant)


def contacts(first: int, count: int) -> list[dict[str, str]]:
    return [{"phone": number} for number in numbers(100)[first : first + count]]


def exceeded(answer: httpx.Response, quota: Quota, limit: int) -> str:
    body = refused(answer, 409, "quota_exceeded")
    assert body["details"] == [{"quota": quota.value, "limit": limit}]
    sentence: str = body["error"]
    return sentence


async def used(api: Api) -> dict[str, tuple[int, int | None]]:
    answer = await api.get("/organization/quotas")
    assert answer.status_code == 200, answer.text
    return {one["quota"]: (one["used"], one["limit"]) for one in answer.json()["quotas"]}


async def test_open_jobs_then_all_jobs_are_bounded(api: Api) -> None:
    first = await api.new_job(contacts=contacts(0, 1))
    await api.new_job(contacts=contacts(1, 1))
    third = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Test", "contacts": contacts(2, 1)}
    sentence = exceeded(await api.send_json(third), Quota.OPEN_JOBS, 2)
    assert "at most 2 jobs that have not ended" in sentence
    assert "cancel one" in sentence
    validated = (await api.post("/batch/validate", json=third)).json()
    assert [one["code"] for one in validated["obstacles"]] == ["quota_exceeded"]
    await api.post(f"/batch/jobs/{first}/cancel")
    third_id = (await api.send_json(third)).json()["batchJobId"]
    await api.post(f"/batch/jobs/{third_id}/cancel")
    assert "Delete ended jobs" in exceeded(await api.send_json(third), Quota.JOBS, 3)
    deleted = await api.http.delete(f"/batch/jobs/{first}", headers=api.key)
    assert deleted.status_code == 200, deleted.text
    assert (await api.send_json(third)).status_code == 200
    assert (await used(api))["openJobs"] == (2, 2)


async def test_contacts_of_all_jobs_are_bounded_also_those_that_are_added(api: Api) -> None:
    job = await api.new_job(contacts=contacts(0, 4))
    more = await api.post(f"/batch/jobs/{job}/contacts", json={"contacts": contacts(4, 3)})
    assert "would have 7" in exceeded(more, Quota.CONTACTS, 6)
    assert (await api.job(job))["totalContacts"] == 4
    assert (await api.post(f"/batch/jobs/{job}/contacts", json={"contacts": contacts(4, 2)})).status_code == 200
    exceeded(await api.send(contacts(8, 1)), Quota.CONTACTS, 6)
    assert (await used(api))["contacts"] == (6, 6)


async def test_agents_numbers_and_keys_are_bounded_and_removing_makes_no_more_in_a_day(api: Api) -> None:
    for _ in range(4 - (await used(api))["agents"][0]):
        made = (await api.post("/agents", json=AGENT)).json()["id"]
    exceeded(await api.post("/agents", json=AGENT), Quota.AGENTS, 4)
    assert (await api.http.delete(f"/agents/{made}", headers=api.key)).status_code == 200
    exceeded(await api.post("/agents", json=AGENT), Quota.AGENTS, 4)
    number = {"number": api.tenant.granted}
    for _ in range(5 - (await used(api))["phoneNumbers"][0]):
        assert (await api.post("/phone-numbers", json=number)).status_code == 200
    exceeded(await api.post("/phone-numbers", json=number), Quota.PHONE_NUMBERS, 5)
    key = {"name": "one", "role": "member"}
    for _ in range(4 - (await used(api))["apiKeys"][0]):
        assert (await api.post("/api-keys", json=key)).status_code == 200
    assert "Revoke one" in exceeded(await api.post("/api-keys", json=key), Quota.API_KEYS, 4)


async def test_the_do_not_call_list_is_bounded_but_not_for_what_a_person_says(api: Api) -> None:
    listed = numbers(10)
    assert (await api.post("/do-not-call", json={"numbers": listed[:3]})).status_code == 200
    assert (await api.post("/do-not-call", json={"numbers": listed[:2]})).status_code == 200  # no more than before
    exceeded(await api.post("/do-not-call", json={"numbers": listed[2:5]}), Quota.DO_NOT_CALL, 3)
    assert (await used(api))["doNotCall"] == (3, 3)


async def test_an_operator_sets_another_limit_for_one_organization(api: Api, records: Database) -> None:
    quotas = OrganizationQuotas(records, {})
    await quotas.set_limits(api.tenant.id, {Quota.OPEN_JOBS: 1, Quota.CONTACTS: None})
    await api.new_job(contacts=contacts(0, 10))
    exceeded(await api.send(contacts(20, 1)), Quota.OPEN_JOBS, 1)
    assert (await used(api))["contacts"] == (10, None)
    await quotas.set_limits(api.tenant.id, {}, reset=frozenset({Quota.OPEN_JOBS}))
    assert (await api.send(contacts(20, 1))).status_code == 200
    log = (await api.get("/organization/activity")).json()["activity"]
    assert [one["details"] for one in log if "quotas" in one["details"]] == [
        {"quotas": {"contacts": None}},
        {"quotas": {"contacts": None, "openJobs": 1}},
    ]
    with pytest.raises(ValueError, match="at most 5,000"):
        await quotas.set_limits(api.tenant.id, {Quota.OPEN_JOBS: 5_001})


async def test_requests_at_once_do_not_slip_past_a_quota(api: Api) -> None:
    key = {"name": "one", "role": "member"}
    answers = await asyncio.gather(*(api.post("/api-keys", json=key) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
