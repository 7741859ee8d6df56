"""Who may call, and in which form the key comes."""

import httpx
import pytest

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


async def test_an_admin_may_change_things(api: Api) -> None:
    job_id = await api.new_job()
    admin = {"x-api-key": api.tenant.admin}
    assert (await api.http.post(f"/batch/jobs/{job_id}/cancel", headers=admin)).status_code == 200
