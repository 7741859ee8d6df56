"""An organization's limits and rules: who may change them, and that they hold."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from store.audit_log import AuditLog
from store.db.engine import Database
from tests.api.client import Api, Tenant, refused
from tests.api.managing import ask

WINDOW = {"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue"], "holidays": ["2026-12-25"]}


async def change(api: Api, **fields: Any) -> httpx.Response:
    answer: httpx.Response = await ask(api.http, api.tenant.owner, "PATCH", "/organization", fields)
    return answer


async def test_an_organization_is_seen_by_every_key(api: Api) -> None:
    answer = await ask(api.http, api.tenant.member, "GET", "/organization")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": api.tenant.id,
        "name": "Test",
        "concurrentCallLimit": 5,
        "reservedLines": 0,
        "callingWindow": None,
        "contactFrequency": None,
        "allowedCountries": ["*"],
        "credits": {"balance": "100.00", "held": "0.00", "free": "100.00"},
        "stoppedAt": None,
        "retentionDays": None,
    }


async def test_what_is_sent_changes_and_the_rest_stays(api: Api) -> None:
    answer = await change(
        api,
        name=" Clinic ",
        concurrentCallLimit=20,
        reservedLines=3,
        callingWindow=WINDOW,
        contactFrequency={"callsPer24Hours": 2, "quietHours": 48},
        allowedCountries=["US", "DE"],
    )
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert first["name"] == "Clinic"
    assert (first["concurrentCallLimit"], first["reservedLines"]) == (20, 3)
    assert first["callingWindow"] == WINDOW
    assert first["contactFrequency"] == {"callsPer24Hours": 2, "callsPer7Days": None, "quietHours": 48}
    assert first["allowedCountries"] == ["US", "DE"]
    assert (await api.get("/organization")).json() == first
    second = (await change(api, concurrentCallLimit=7)).json()
    assert second == first | {"concurrentCallLimit": 7}


async def test_null_takes_a_rule_away(api: Api) -> None:
    await change(api, callingWindow=WINDOW, contactFrequency={"quietHours": 1})
    answer = (await change(api, callingWindow=None, contactFrequency=None, allowedCountries=None)).json()
    assert (answer["callingWindow"], answer["contactFrequency"], answer["allowedCountries"]) == (None, None, None)


async def test_a_window_may_be_chosen_by_its_name(api: Api) -> None:
    window = (await change(api, callingWindow="us-federal")).json()["callingWindow"]
    assert (window["preset"], window["from"], window["to"]) == ("us-federal", "08:00", "21:00")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"concurrentCallLimit": 0}, "concurrentCallLimit"),
        ({"concurrentCallLimit": "5"}, "concurrentCallLimit"),
        ({"concurrentCallLimit": True}, "concurrentCallLimit"),
        ({"concurrentCallLimit": 5.5}, "concurrentCallLimit"),
        ({"concurrentCallLimit": None}, "concurrentCallLimit"),
        ({"reservedLines": 6}, "reservedLines"),
        ({"reservedLines": 5}, "reservedLines"),  # no line would be left for jobs
        ({"name": " "}, "name"),
        ({"callingWindow": "mars"}, "callingWindow"),
        ({"callingWindow": {"from": "20:00", "to": "09:00"}}, "callingWindow"),
        ({"contactFrequency": {"callsPerDay": 1}}, "contactFrequency.callsPerDay"),
        ({"allowedCountries": ["XX"]}, "allowedCountries.0"),
        ({"balance": "1000"}, "balance"),
    ],
)
async def test_what_is_out_of_range_is_named_and_changes_nothing(api: Api, fields: dict[str, Any], field: str) -> None:
    before = (await api.get("/organization")).json()
    body = refused(await change(api, **fields), 400, "invalid_request")
    assert body["details"][0]["field"] == field
    assert (await api.get("/organization")).json() == before


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"name": NaN}', b'{"name": "\\u0000"}', b"\xff"])
async def test_what_is_no_object_is_refused(api: Api, content: bytes) -> None:
    answer = await api.http.patch("/organization", content=content, headers=api.key)
    refused(answer, 400, "invalid_request")


async def test_changes_are_recorded_with_who_made_them(api: Api, tenant: Tenant, records: Database) -> None:
    keys = (await api.get("/api-keys")).json()["apiKeys"]
    owner = next(key["id"] for key in keys if key["role"] == "owner")
    before = (await AuditLog(records).list_page(tenant.id, None, 1, 1)).total
    await change(api, concurrentCallLimit=9, reservedLines=0)
    await change(api, concurrentCallLimit=9)
    page = await AuditLog(records).list_page(tenant.id, None, 1, 1)
    entries = page.entries
    assert page.total == before + 1
    assert [(entry.actor, entry.action, entry.details) for entry in entries] == [
        (owner, "changed", {"concurrentCallLimit": 9})
    ]


@pytest.mark.parametrize(
    ("reason", "rule"), [("window", {"callingWindow": "uk"}), ("frequency", {"contactFrequency": {"quietHours": 1}})]
)
async def test_who_waits_for_a_rule_looks_again_when_it_changes(
    api: Api, records: Database, reason: str, rule: dict[str, Any]
) -> None:
    job_id = await api.new_job()
    async with records.begin() as connection:
        waits = "UPDATE contacts SET held_reason = :reason, due_at = now() + interval '1 day' WHERE job_id = :job"
        await connection.execute(sa.text(waits), {"job": job_id, "reason": reason})
    assert (await change(api, **rule)).status_code == 200
    async with records.connect() as connection:
        due = sa.text("SELECT held_reason IS NULL AND due_at <= now() FROM contacts WHERE job_id = :job")
        assert (await connection.execute(due, {"job": job_id})).scalar_one()
