"""What the platform's key may do: create organizations, and see them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from tests.api.client import PLATFORM_KEY, Api, refused, serve, settings_for
from tests.api.managing import as_platform, ask


async def test_an_organization_comes_with_its_owners_key(http: httpx.AsyncClient) -> None:
    sent = {"name": "Clinic", "concurrentCallLimit": 20, "credits": "12.5", "allowedCountries": ["US"]}
    created = (await as_platform(http, "POST", "/organizations", sent)).json()
    assert created["credits"] == {"balance": "12.50", "held": "0.00", "free": "12.50"}
    seen = (await ask(http, created["ownerKey"], "GET", "/organization")).json()
    shown = {"ownerKey", "ownerKeyId"}
    assert seen == {name: value for name, value in created.items() if name not in shown}
    assert (seen["name"], seen["concurrentCallLimit"], seen["allowedCountries"]) == ("Clinic", 20, ["US"])
    keys = (await ask(http, created["ownerKey"], "GET", "/api-keys")).json()["apiKeys"]
    assert [(key["id"], key["role"]) for key in keys] == [(created["ownerKeyId"], "owner")]


async def test_an_organization_without_credits_given_has_unlimited_ones(http: httpx.AsyncClient) -> None:
    created = (await as_platform(http, "POST", "/organizations", {"name": "Clinic"})).json()
    assert (created["credits"], created["concurrentCallLimit"]) == (None, 5)


async def test_the_same_creation_sent_again_shows_the_same_key(http: httpx.AsyncClient) -> None:
    name = f"Clinic {uuid4()}"
    answers = [
        await as_platform(http, "POST", "/organizations", {"name": name}, Idempotency_Key=name) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert (await as_platform(http, "GET", f"/organizations?search={name}")).json()["total"] == 1
    assert (await ask(http, answers[1].json()["ownerKey"], "GET", "/organization")).status_code == 200


async def test_the_platform_sees_all_organizations(api: Api) -> None:
    page = (await as_platform(api.http, "GET", "/organizations?pageSize=1")).json()
    assert len(page["organizations"]) == 1
    assert page["total"] >= 1


async def test_the_platforms_key_belongs_to_no_organization(http: httpx.AsyncClient) -> None:
    body = refused(await as_platform(http, "GET", "/batch/jobs"), 401, "unauthorized")
    assert "belongs to no organization" in body["error"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": None}, "name"), ({"credits": -1}, "credits"), ({"concurrentCallLimit": 0}, "concurrentCallLimit")],
)
async def test_what_is_wrong_with_an_organization_is_named(
    http: httpx.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    answer = await as_platform(http, "POST", "/organizations", {"name": "Clinic"} | fields)
    assert refused(answer, 400, "invalid_request")["details"][0]["field"] == field


async def test_without_a_platform_key_and_a_secret_nobody_is_the_platform(
    shared_database_url: str, temporal_away: None, api: Api
) -> None:
    served = serve(create_app(settings_for(shared_database_url, platform_key="", secret="")))
    try:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as http:
            for key in (PLATFORM_KEY, "-"):
                refused(await ask(http, key, "POST", "/organizations", {"name": "Mine"}), 401, "unauthorized")
            settings = {"accountSid": "AC" + "0" * 32, "authToken": "hush"}
            sent = {"number": "+12025550171", "carrierSettings": settings}
            answer = await ask(http, api.tenant.owner, "POST", "/phone-numbers", sent)
            refused(answer, 400, "secrets_unavailable")
            wanted = {"name": "Import", "role": "member"}
            answer = await ask(http, api.tenant.owner, "POST", "/api-keys", wanted, Idempotency_Key="1")
            refused(answer, 400, "secrets_unavailable")
            assert (await ask(http, api.tenant.owner, "POST", "/api-keys", wanted)).status_code == 200
    finally:
        served.stop()
