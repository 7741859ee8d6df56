"""Who may call, and in which form the key comes."""

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.statuses import Role
from store.organizations.api_keys import ApiKeys
from tests.api.client import Api, Tenant, refused


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_word_bearer_may_have_any_case(http: httpx.AsyncClient, tenant: Tenant, scheme: str) -> None:
    answer = await http.get("/batch/jobs", headers={"Authorization": f"{scheme} {tenant.member}"})
    assert answer.status_code == 200


async def test_a_key_may_come_as_x_api_key(http: httpx.AsyncClient, tenant: Tenant) -> None:
    answer = await http.get("/batch/jobs", headers={"x-api-key": tenant.member})
    assert answer.status_code == 200


async def test_x_api_key_counts_beside_a_foreign_authorization(http: httpx.AsyncClient, tenant: Tenant) -> None:
    headers = {"Authorization": "Basic dXNlcjpwYXNz", "x-api-key": tenant.member}
    assert (await http.get("/batch/jobs", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer od_never-issued"},
        {"Authorization": "od_never-issued"},
        {"x-api-key": ""},
        {"x-api-key": "od_never-issued"},
        {"x-api-key": "k" * 5000},
    ],
)
async def test_without_a_known_key_nothing_is_answered(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.get("/batch/jobs", headers=headers)
    refused(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_every_endpoint_asks_for_a_key(http: httpx.AsyncClient) -> None:
    for path in ("/batch/create", *(f"/batch/jobs/batch_1/{verb}" for verb in VERBS)):
        refused(await http.post(path), 401, "unauthorized")
    for path in ("/batch/jobs", "/batch/jobs/batch_1"):
        refused(await http.get(path), 401, "unauthorized")


async def test_a_revoked_key_is_refused_from_then_on(
    http: httpx.AsyncClient, tenant: Tenant, records: AsyncEngine
) -> None:
    api_keys = ApiKeys(records)
    issued = await api_keys.create(tenant.id, Role.ADMIN, "short-lived")
    headers = {"x-api-key": issued.key}
    assert (await http.get("/batch/jobs", headers=headers)).status_code == 200
    await api_keys.revoke(tenant.id, issued.id)
    refused(await http.get("/batch/jobs", headers=headers), 401, "unauthorized")


VERBS = ("start", "cancel", "pause", "resume")


async def test_a_member_may_read_and_change_nothing(api: Api) -> None:
    job_id = await api.new_job()
    member = {"x-api-key": api.tenant.member}
    assert (await api.http.get("/batch/jobs", headers=member)).status_code == 200
    assert (await api.http.get(f"/batch/jobs/{job_id}", headers=member)).status_code == 200
    refused(await api.http.post("/batch/create", headers=member), 403, "forbidden")
    for verb in VERBS:
        refused(await api.http.post(f"/batch/jobs/{job_id}/{verb}", headers=member), 403, "forbidden")
    assert (await api.job(job_id))["status"] == "pending"


async def test_an_admin_may_change_things(api: Api) -> None:
    job_id = await api.new_job()
    admin = {"x-api-key": api.tenant.admin}
    assert (await api.http.post(f"/batch/jobs/{job_id}/cancel", headers=admin)).status_code == 200


async def test_a_job_of_another_organization_does_not_exist(api: Api, other: Tenant) -> None:
    job_id = await api.new_job()
    stranger = {"x-api-key": other.owner}
    refused(await api.http.get(f"/batch/jobs/{job_id}", headers=stranger), 404, "job_not_found")
    for verb in VERBS:
        path = f"/batch/jobs/{job_id}/{verb}"
        refused(await api.http.post(path, headers=stranger), 404, "job_not_found")
    listed = (await api.http.get("/batch/jobs", headers=stranger)).json()
    assert listed == {"batchJobs": [], "total": 0, "page": 1, "pageSize": 20}
    assert (await api.job(job_id))["status"] == "pending"
