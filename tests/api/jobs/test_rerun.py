"""Calling again whom an ended job did not reach, and deleting ended jobs."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import Api, Tenant, numbers, refused
from tests.api.results import Rows

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def an_ended_job(api: Api, records: Database, *statuses: str, **fields: Any) -> Rows:
    people = [{"phone": number, "name": f"Person {row}"} for row, number in enumerate(numbers(len(statuses)))]
    job = Rows(records, await api.new_job(contacts=people, **fields))
    for contact_id, status in zip(await job.contact_ids(), statuses, strict=True):
        await job.contact(contact_id, status=status)
    await job.ended()
    return job


async def test_a_retry_calls_those_who_were_not_reached(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "completed", "no_answer", "invalid_number", "busy", name="May")

    answer = await api.post(f"/batch/jobs/{old.job_id}/retry")

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["retryOf"] == old.job_id
    assert (said["totalContacts"], said["reached"], said["leftOut"]) == (2, 1, 1)
    assert said["validation"]["warnings"] == ["Left out: 1 whose number does not exist."]
    new = await api.job(said["batchJobId"])
    assert (new["name"], new["retryOf"], new["status"]) == ("May (retry)", old.job_id, "pending")
    assert [contact["contactData"]["name"] for contact in new["contacts"]] == ["Person 1", "Person 3"]


async def test_the_body_says_what_is_different_this_time(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "busy", timezone="Europe/Berlin", maxAttempts=9)
    wanted = {
        "name": "Second round",
        "maxAttempts": 2,
        "concurrentCallLimit": 3,
        "scheduledStartTime": "2027-05-04T09:00",
        "fromPhoneNumberId": api.tenant.realtime,
        "color": "red",
    }

    said = (await api.post(f"/batch/jobs/{old.job_id}/retry", json=wanted)).json()

    new = await api.job(said["batchJobId"])
    assert (new["name"], new["status"], new["scheduledStartTime"]) == (
        "Second round",
        "scheduled",
        "2027-05-04T07:00:00Z",
    )
    assert (new["retryPolicy"]["maxAttempts"], new["concurrentCallLimit"]) == (2, 3)
    assert new["fromPhoneNumberId"] == api.tenant.realtime
    assert said["estimatedCost"] == "$0.07"
    assert said["validation"]["warnings"] == ['The unknown field "color" was ignored.']


async def test_unknown_outcomes_are_called_again_only_when_asked_for(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "failed")
    [contact] = await old.contact_ids()
    await old.dial(contact, 1, AT, ended_at=AT, outcome="unknown")
    path = f"/batch/jobs/{old.job_id}/retry"

    body = refused(await api.post(path), 400, "no_valid_contacts")
    assert "includeUnknown" in body["error"]
    assert (await api.post(path, json={"includeUnknown": True})).json()["totalContacts"] == 1


async def test_a_retry_sent_twice_calls_nobody_twice(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "busy")

    assert (await api.post(f"/batch/jobs/{old.job_id}/retry")).status_code == 200
    refused(await api.post(f"/batch/jobs/{old.job_id}/retry"), 400, "no_valid_contacts")


async def test_a_retry_with_the_same_key_is_the_same_job(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "busy")
    headers = api.key | {"Idempotency-Key": old.job_id}

    answers = [await api.http.post(f"/batch/jobs/{old.job_id}/retry", headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"maxAttempts": 11}, "invalid_request"),
        ({"scheduledStartTime": "2020-01-01T00:00Z"}, "past_scheduled_time"),
        ({"timezone": "Mars/Phobos"}, "invalid_timezone"),
    ],
)
async def test_a_retry_keeps_the_rules_of_create(api: Api, records: Database, body: Any, code: str) -> None:
    old = await an_ended_job(api, records, "busy")

    refused(await api.post(f"/batch/jobs/{old.job_id}/retry", json=body), 400, code)


async def test_a_number_that_is_not_there_cannot_call_again(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "busy")
    path = f"/batch/jobs/{old.job_id}/retry"

    refused(await api.post(path, json={"fromPhoneNumberId": "phone_0"}), 404, "phone_number_not_found")
    refused(await api.post(path, json={"fromPhoneNumberId": api.tenant.text}), 400, "no_outbound_agent")


async def test_only_a_job_that_has_ended_is_retried_or_deleted(api: Api) -> None:
    job = await api.new_job()

    refused(await api.post(f"/batch/jobs/{job}/retry"), 400, "invalid_status")
    refused(await api.http.delete(f"/batch/jobs/{job}", headers=api.key), 400, "invalid_status")


async def test_a_deleted_job_is_not_there_any_more(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "busy", "completed")

    answer = await api.http.delete(f"/batch/jobs/{old.job_id}", headers=api.key)

    assert answer.status_code == 200, answer.text
    assert answer.json()["contactsDeleted"] == 2
    for path in ("", "/results", "/rejects"):
        refused(await api.get(f"/batch/jobs/{old.job_id}{path}"), 404, "job_not_found")
    assert (await api.get("/batch/jobs")).json()["total"] == 0
    refused(await api.http.delete(f"/batch/jobs/{old.job_id}", headers=api.key), 404, "job_not_found")


async def test_a_job_with_live_calls_is_not_deleted(api: Api, records: Database) -> None:
    old = await an_ended_job(api, records, "dialing")
    [contact] = await old.contact_ids()
    await old.dial(contact, 1, AT)

    body = refused(await api.http.delete(f"/batch/jobs/{old.job_id}", headers=api.key), 400, "invalid_status")

    assert body["error"].startswith("1 call of this job may still be live.")
    await old.end_all_dials()


async def test_members_and_others_change_nothing(
    api: Api, other: Tenant, http: httpx.AsyncClient, records: Database
) -> None:
    old = await an_ended_job(api, records, "busy")
    path = f"/batch/jobs/{old.job_id}"
    member = {"Authorization": f"Bearer {api.tenant.member}"}
    foreign = Api(http, other).key

    refused(await http.post(f"{path}/retry", headers=member), 403, "forbidden")
    refused(await http.delete(path, headers=member), 403, "forbidden")
    refused(await http.post(f"{path}/retry", headers=foreign), 404, "job_not_found")
    refused(await http.delete(path, headers=foreign), 404, "job_not_found")
