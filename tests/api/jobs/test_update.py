"""PATCH: every field, what it refuses, and that what is not sent stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from store.db.engine import Database
from tests.api.client import Api, Tenant, refused
from tests.api.jobs.test_control import completed, running, scheduled

CAPS = {"callsPer24Hours": 2, "callsPer7Days": None, "quietHours": 24}
WINDOW = {"from": "09:00", "to": "20:30", "weekdays": ["mon", "fri"], "holidays": ["2026-12-25"]}


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def patch(api: Api, job_id: str, key: str | None = None, **fields: Any) -> httpx.Response:
    headers = {"x-api-key": key or api.tenant.owner}
    return await api.http.patch(f"/batch/jobs/{job_id}", json=fields, headers=headers)


async def listed(api: Api) -> dict[str, Any]:
    """The newest job, without what moves by itself."""
    job: dict[str, Any] = (await api.get("/batch/jobs")).json()["batchJobs"][0]
    return job


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"name": "  Spring  "}, {"name": "Spring"}),
        ({"description": "All of them"}, {"description": "All of them"}),
        ({"concurrentCallLimit": 50}, {"concurrentCallLimit": 50}),
        ({"concurrentCallLimit": "7"}, {"concurrentCallLimit": 7}),
        ({"priority": 9}, {"priority": 9}),
        ({"callingWindow": WINDOW}, {"callingWindow": WINDOW}),
        ({"contactFrequency": CAPS}, {"contactFrequency": CAPS}),
        ({"onMachine": "hangUp"}, {"onMachine": "hangUp"}),
        ({"maxCost": "12.5"}, {"maxCost": "12.50"}),
        ({"maxCost": 0.035}, {"maxCost": "0.035"}),
    ],
)
async def test_a_field_changes_and_the_others_stay(api: Api, fields: dict[str, Any], shown: dict[str, Any]) -> None:
    job_id = await api.new_job()
    before = await listed(api)
    answer = await patch(api, job_id, **fields)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed.pop("success"), changed.pop("message")) == (True, "Batch job changed.")
    assert changed == before | shown
    assert await listed(api) == before | shown


async def test_the_attempts_change(api: Api) -> None:
    job_id = await api.new_job()
    assert (await patch(api, job_id, maxAttempts=7)).json()["retryPolicy"]["maxAttempts"] == 7
    assert (await api.job(job_id))["contacts"][0]["maxAttempts"] == 7


async def test_a_preset_names_a_window(api: Api) -> None:
    window = (await patch(api, await api.new_job(), callingWindow="us-federal")).json()["callingWindow"]
    assert (window["from"], window["to"], window["preset"]) == ("08:00", "21:00", "us-federal")


async def test_null_takes_away_what_is_set(api: Api) -> None:
    job_id = await api.new_job(description="x", callingWindow=WINDOW, maxCost=5, endTime=at(days=3))
    answer = await patch(api, job_id, description=None, callingWindow=None, maxCost=None, endTime=None)
    job = answer.json()
    names = ("description", "callingWindow", "maxCost", "endTime")
    assert [job[name] for name in names] == [None, None, None, None]


async def test_the_end_moves_at_any_time(api: Api) -> None:
    for job_id in (await scheduled(api), await running(api)):
        end = at(days=5)
        assert (await patch(api, job_id, endTime=end)).json()["endTime"] == end


async def test_the_start_moves_while_it_has_not_come(api: Api) -> None:
    job_id = await scheduled(api)
    start = at(days=9)
    changed = (await patch(api, job_id, scheduledStartTime=start)).json()
    assert (changed["status"], changed["scheduledStartTime"]) == ("scheduled", start)
    pending = await api.new_job()
    assert (await patch(api, pending, scheduledStartTime=start)).json()["status"] == "scheduled"


async def test_a_clock_change_is_told(api: Api) -> None:
    year = datetime.now(UTC).year + 1
    march = datetime(year, 3, 31, tzinfo=UTC)
    gap = march - timedelta(days=(march.weekday() + 1) % 7)  # the last Sunday
    answer = await patch(
        api, await scheduled(api), scheduledStartTime=f"{gap:%Y-%m-%d}T02:30", timezone="Europe/Berlin"
    )
    assert answer.json()["scheduledStartTime"] == f"{gap:%Y-%m-%d}T01:00:00Z"
    assert answer.json()["message"].startswith("Batch job changed. A clock change skips 02:30")


async def test_a_zone_without_summer_time_is_doubted(api: Api) -> None:
    answer = await patch(api, await scheduled(api), timezone="EST")
    assert answer.json()["message"] == (
        'Batch job changed. timezone "EST" is a zone without summer time: was "America/New_York" meant?'
    )


@pytest.mark.parametrize("fields", [{"scheduledStartTime": "2099"}, {"timezone": "Europe/Berlin"}])
async def test_the_start_of_a_job_that_began_does_not_move(api: Api, fields: dict[str, str]) -> None:
    job_id = await running(api)
    if "scheduledStartTime" in fields:
        fields = {"scheduledStartTime": at(days=1)}
    assert "has started" in refused(await patch(api, job_id, **fields), 400, "invalid_status")["error"]
    paused = await running(api)
    await api.post(f"/batch/jobs/{paused}/pause")
    refused(await patch(api, paused, **fields), 400, "invalid_status")


async def test_an_ended_job_does_not_change(api: Api, records: Database, control: Any) -> None:
    done, cancelled = await completed(api, records, control), await scheduled(api)
    await api.post(f"/batch/jobs/{cancelled}/cancel")
    for job_id in (done, cancelled):
        refused(await patch(api, job_id, name="x"), 400, "invalid_status")


@pytest.mark.parametrize(
    ("field", "value"), [("name", "x" * 201), ("onMachine", None), ("fromPhoneNumberId", "phone_1"), ("endTime", "x")]
)
async def test_a_bad_field_changes_nothing(api: Api, field: str, value: Any) -> None:
    job_id = await api.new_job()
    before = await listed(api)
    body = refused(await patch(api, job_id, **({"priority": 7} | {field: value})), 400, "invalid_request")
    assert field in str(body["details"])
    assert await listed(api) == before


async def test_the_end_comes_after_the_start(api: Api) -> None:
    job_id = await api.new_job(scheduledStartTime=at(days=2), endTime=at(days=3))
    end = refused(await patch(api, job_id, endTime=at(days=1)), 400, "invalid_request")
    assert end["details"] == [{"field": "endTime", "reason": "must be after the start"}]
    start = refused(await patch(api, job_id, scheduledStartTime=at(days=4)), 400, "invalid_request")
    assert start["details"] == [{"field": "scheduledStartTime", "reason": "must be before endTime"}]
    assert (await patch(api, job_id, scheduledStartTime=at(days=4), endTime=at(days=5))).status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"name": "' + b"x" * 70_000 + b'"}'])
async def test_what_is_no_change(api: Api, content: bytes) -> None:
    job_id = await api.new_job()
    answer = await api.http.patch(f"/batch/jobs/{job_id}", content=content, headers=api.key)
    refused(answer, 400, "invalid_request")


async def test_a_change_is_recorded_once_with_who_and_what(api: Api) -> None:
    job_id = await api.new_job()
    for _ in range(2):
        assert (await patch(api, job_id, concurrentCallLimit=7, name="Spring")).status_code == 200
    record = (await api.get(f"/batch/jobs/{job_id}/activity")).json()["activity"]
    changes = [entry for entry in record if entry["action"] == "changed"]
    assert [entry["details"] for entry in changes] == [{"concurrentCallLimit": 7, "name": "Spring"}]
    assert changes[0]["actor"].startswith("key_")


async def test_fewer_attempts_end_who_had_as_many(api: Api, records: Database) -> None:
    job_id = await running(api)
    async with records.begin() as connection:
        await connection.execute(
            sa.text(
                "WITH called AS (UPDATE contacts SET status = 'queued', attempts = 1, dials = 1 WHERE job_id = :job"
                " AND row = 1 RETURNING id, organization_id, number)"
                " INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id,"
                " from_number, to_number, state, ended_at, outcome) SELECT 'call_of_' || id, id, 1, :job,"
                " organization_id, 'twilio', '+12025550199', number, 'ended', now(), 'busy' FROM called"
            ),
            {"job": job_id},
        )
    await patch(api, job_id, maxAttempts=1)
    assert [contact["status"] for contact in (await api.job(job_id))["contacts"]] == ["busy", "pending"]


async def test_a_job_of_another_organization_does_not_exist(api: Api, other: Tenant) -> None:
    job_id = await api.new_job()
    refused(await patch(api, job_id, other.owner, name="x"), 404, "job_not_found")
    refused(await patch(api, "batch_none", name="x"), 404, "job_not_found")
    assert (await api.job(job_id))["name"] == "Test"


async def test_a_member_changes_nothing(api: Api) -> None:
    job_id = await api.new_job()
    refused(await patch(api, job_id, api.tenant.member, name="x"), 403, "forbidden")
    refused(await api.http.patch(f"/batch/jobs/{job_id}", json={"name": "x"}), 401, "unauthorized")


async def test_changes_at_once_are_all_kept(api: Api) -> None:
    job_id = await api.new_job()
    await asyncio.gather(patch(api, job_id, priority=2), patch(api, job_id, name="Both"), patch(api, job_id, maxCost=3))
    job = await api.job(job_id)
    assert (job["priority"], job["name"], job["maxCost"]) == (2, "Both", "3.00")
