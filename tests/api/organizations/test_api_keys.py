"""Keys by the API: shown once, never above one's own role, and never the last owner's taken away."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store.db.engine import Database
from tests.api.client import Api, refused
from tests.api.managing import ask


def at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def issued(api: Api, role: str = "owner", **fields: Any) -> dict[str, Any]:
    answer = await api.post("/api-keys", json={"name": "Import", "role": role} | fields)
    assert answer.status_code == 200, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def owner_of(api: Api) -> str:
    keys = (await api.get("/api-keys")).json()["apiKeys"]
    return next(key["id"] for key in keys if key["role"] == "owner")


async def test_a_key_is_shown_once(api: Api) -> None:
    key = await issued(api, "member", expiresAt="2099-12-31T00:00:00+02:00")
    assert key["key"].startswith("od_")
    assert {name: key[name] for name in ("name", "role", "expiresAt", "revokedAt", "lastUsedAt")} == {
        "name": "Import",
        "role": "member",
        "expiresAt": "2099-12-30T22:00:00Z",
        "revokedAt": None,
        "lastUsedAt": None,
    }
    page = await api.get("/api-keys")
    assert page.json()["total"] == 4
    assert key["key"] not in page.text
    seen = (await api.get(f"/api-keys/{key['id']}")).json()
    assert seen == {name: value for name, value in key.items() if name != "key"}


async def test_a_key_works_with_its_role_until_it_is_revoked(api: Api) -> None:
    key = await issued(api, "member")
    assert (await ask(api.http, key["key"], "GET", "/batch/jobs")).status_code == 200
    refused(await ask(api.http, key["key"], "POST", "/agents", {}), 403, "forbidden")
    revoked = await api.http.delete(f"/api-keys/{key['id']}", headers=api.key)
    assert revoked.json()["revokedAt"] is not None
    refused(await ask(api.http, key["key"], "GET", "/batch/jobs"), 401, "unauthorized")
    again = await api.http.delete(f"/api-keys/{key['id']}", headers=api.key)
    assert again.json() == revoked.json()


async def test_an_expired_key_is_nobodys(api: Api) -> None:
    key = await issued(api, "admin", expiresAt=at(1))
    assert (await ask(api.http, key["key"], "GET", "/batch/jobs")).status_code == 200
    await asyncio.sleep(1.1)
    refused(await ask(api.http, key["key"], "GET", "/batch/jobs"), 401, "unauthorized")


async def test_use_is_noted_at_most_once_a_minute(api: Api, records: Database) -> None:
    key = await issued(api, "member")
    await ask(api.http, key["key"], "GET", "/batch/jobs")
    first = (await api.get(f"/api-keys/{key['id']}")).json()["lastUsedAt"]
    assert first is not None
    await ask(api.http, key["key"], "GET", "/batch/jobs")
    assert (await api.get(f"/api-keys/{key['id']}")).json()["lastUsedAt"] == first
    async with records.begin() as connection:
        earlier = sa.text("UPDATE api_keys SET last_used_at = now() - interval '61 seconds' WHERE id = :id")
        await connection.execute(earlier, {"id": key["id"]})
    await ask(api.http, key["key"], "GET", "/batch/jobs")
    assert (await api.get(f"/api-keys/{key['id']}")).json()["lastUsedAt"] > first


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"role": "king"}, "role"),
        ({"expiresAt": "2027-01-31"}, "expiresAt"),
        ({"expiresAt": "2027-01-31T09:00:00"}, "expiresAt"),
        ({"expiresAt": 1801386000}, "expiresAt"),
        ({"expiresAt": "2020-01-31T09:00:00Z"}, "expiresAt"),
        ({"key": "od_mine"}, "key"),
    ],
)
async def test_what_is_wrong_with_a_key_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    answer = await api.post("/api-keys", json={"name": "Import", "role": "member"} | fields)
    assert refused(answer, 400, "invalid_request")["details"][0]["field"] == field


async def test_a_key_gives_and_revokes_no_role_above_its_own(api: Api) -> None:
    admin = api.tenant.admin
    refused(await ask(api.http, admin, "POST", "/api-keys", {"name": "Mine", "role": "owner"}), 403, "forbidden")
    for role in ("admin", "member"):
        assert (await ask(api.http, admin, "POST", "/api-keys", {"name": "Mine", "role": role})).status_code == 200
    refused(await ask(api.http, admin, "DELETE", f"/api-keys/{await owner_of(api)}"), 403, "forbidden")


async def test_a_key_that_expires_issues_none_that_outlives_it(api: Api) -> None:
    expiring = await issued(api, "admin", expiresAt=at(3600))
    for longer in ({}, {"expiresAt": None}, {"expiresAt": at(3700)}):
        answer = await ask(api.http, expiring["key"], "POST", "/api-keys", {"name": "Mine", "role": "member"} | longer)
        assert refused(answer, 403, "forbidden")["details"][0]["field"] == "expiresAt"
    shorter = {"name": "Mine", "role": "member", "expiresAt": expiring["expiresAt"]}
    assert (await ask(api.http, expiring["key"], "POST", "/api-keys", shorter)).status_code == 200


async def test_the_last_owners_key_stays(api: Api) -> None:
    owner = await owner_of(api)
    refused(await api.http.delete(f"/api-keys/{owner}", headers=api.key), 409, "last_owner_key")
    await issued(api, "owner", expiresAt=at(3600))
    refused(await api.http.delete(f"/api-keys/{owner}", headers=api.key), 409, "last_owner_key")
    second = await issued(api, "owner")
    assert (await api.http.delete(f"/api-keys/{owner}", headers=api.key)).status_code == 200
    answer = await ask(api.http, second["key"], "DELETE", f"/api-keys/{second['id']}")
    refused(answer, 409, "last_owner_key")


async def test_two_owners_cannot_revoke_each_other_at_once(api: Api) -> None:
    first, second = await owner_of(api), await issued(api, "owner")
    answers = await asyncio.gather(
        api.http.delete(f"/api-keys/{second['id']}", headers=api.key),
        ask(api.http, second["key"], "DELETE", f"/api-keys/{first}"),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409])
