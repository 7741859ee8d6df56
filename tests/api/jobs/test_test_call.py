"""One call to try a job with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import Api, Tenant, refused
from tests.api.jobs.test_preview import set_organization
from tests.api.results import Rows

MINE = "+13105550177"
PEOPLE = [
    {"phone": "+12025550101", "name": "Ada", "plan": {"tier": 2}},
    {"phone": "+12025550102", "name": "Bob"},
]


def wanted(api: Api) -> dict[str, Any]:
    """A job that is not created yet, to be tried."""
    return {"fromPhoneNumberId": api.tenant.pipeline, "name": "June", "contacts": PEOPLE, "phone": MINE}


@pytest.fixture
async def job(api: Api) -> str:
    return await api.new_job(contacts=PEOPLE, name="May", scheduledStartTime="2027-05-03T09:00Z")


async def test_a_test_calls_my_number_with_the_first_contacts_fields(api: Api, job: str) -> None:
    before = datetime.now(UTC)

    answer = await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE})

    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["testOf"], said["totalContacts"], said["status"]) == (job, 1, "pending")
    tried = await api.job(said["batchJobId"])
    assert (tried["name"], tried["testOf"], tried["retryOf"]) == ("Test of May", job, None)
    assert tried["retryPolicy"]["maxAttempts"] == 1
    assert (tried["concurrentCallLimit"], tried["priority"]) == (1, 9)
    end = datetime.fromisoformat(tried["endTime"])
    assert timedelta(minutes=9) < end - before < timedelta(minutes=11)
    [contact] = tried["contacts"]
    assert contact["phoneNumber"] == MINE
    assert contact["contactData"] == {"phone": MINE, "name": "Ada", "plan": {"tier": 2}}


async def test_the_list_leaves_tests_out_unless_asked_for_them(api: Api, job: str) -> None:
    tried = (await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE})).json()["batchJobId"]

    assert [found["id"] for found in (await api.get("/batch/jobs")).json()["batchJobs"]] == [job]
    assert [found["id"] for found in (await api.get("/batch/jobs", testOf=job)).json()["batchJobs"]] == [tried]


async def test_all_test_calls_can_be_listed(api: Api, job: str) -> None:
    tried = (await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE})).json()["batchJobId"]
    new = (await api.post("/batch/test", json=wanted(api))).json()["batchJobId"]

    listed = (await api.get("/batch/jobs", test="true")).json()

    assert [found["id"] for found in listed["batchJobs"]] == [new, tried]
    assert {found["test"] for found in listed["batchJobs"]} == {True}
    assert [found["id"] for found in (await api.get("/batch/jobs", test="false")).json()["batchJobs"]] == [job]
    refused(await api.get("/batch/jobs", test="yes"), 400, "invalid_request")


async def test_a_retry_of_a_test_call_is_one_too(api: Api, job: str, records: Database) -> None:
    tried = (await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE})).json()["batchJobId"]
    rows = Rows(records, tried)
    await rows.contact((await rows.contact_ids())[0], status="busy")
    await rows.ended()

    again = await api.post(f"/batch/jobs/{tried}/retry", json={})

    assert again.status_code == 200, again.text
    assert (await api.job(again.json()["batchJobId"]))["test"] is True


async def test_a_job_can_be_tried_before_it_is_created(api: Api) -> None:
    before = datetime.now(UTC)
    body = wanted(api) | {"scheduledStartTime": "2027-05-03T09:00Z", "maxAttempts": 3, "concurrentCallLimit": 9}

    answer = await api.post("/batch/test", json=body)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["totalContacts"], answer.json()["status"]) == (1, "pending")
    tried = await api.job(answer.json()["batchJobId"])
    assert (tried["name"], tried["test"], tried["testOf"]) == ("Test of June", True, None)
    assert (tried["retryPolicy"]["maxAttempts"], tried["concurrentCallLimit"], tried["priority"]) == (1, 1, 9)
    assert timedelta(minutes=9) < datetime.fromisoformat(tried["endTime"]) - before < timedelta(minutes=11)
    [contact] = tried["contacts"]
    assert contact["contactData"] == {"phone": MINE, "name": "Ada", "plan": {"tier": 2}}
    assert (await api.get("/batch/jobs")).json()["batchJobs"] == []


async def test_a_file_is_tried_with_the_fields_of_its_first_contact(api: Api) -> None:
    """Its number stands nowhere any more, however it was written."""
    text = "mobile,again,name\n12,x,Nobody\n(202) 555-0101,+12025550101,Ada\n(202) 555-0102,,Bob\n"
    fields = {"fromPhoneNumberId": api.tenant.pipeline, "name": "June", "phone": MINE}
    fields |= {"phoneColumn": "mobile", "defaultCountry": "US"}

    answer = await api.http.post("/batch/test", data=fields, files={"file": ("x.csv", text)}, headers=api.key)

    assert answer.status_code == 200, answer.text
    assert answer.json()["validation"]["warnings"] == []
    [contact] = (await api.job(answer.json()["batchJobId"]))["contacts"]
    assert contact["phoneNumber"] == MINE
    assert contact["contactData"] == {"mobile": MINE, "again": MINE, "name": "Ada"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"phone": None}, 400, "invalid_request"),
        ({"phone": "2025550101"}, 400, "invalid_phone_format"),
        ({"name": ""}, 400, "invalid_request"),
        ({"contacts": []}, 400, "no_valid_contacts"),
        ({"fromPhoneNumberId": "phone_0", "contacts": []}, 404, "phone_number_not_found"),
    ],
)
async def test_what_cannot_be_created_cannot_be_tried(api: Api, change: dict[str, Any], status: int, code: str) -> None:
    refused(await api.post("/batch/test", json=wanted(api) | change), status, code)


async def test_the_same_key_tries_a_new_job_once(api: Api) -> None:
    headers = api.key | {"Idempotency-Key": "try what is new"}

    answers = [await api.http.post("/batch/test", json=wanted(api), headers=headers) for _ in range(2)]

    assert answers[0].json()["batchJobId"] == answers[1].json()["batchJobId"]


async def test_a_new_job_is_not_tried_where_the_window_is_closed(api: Api) -> None:
    window = {"from": _closed_now(datetime.now(UTC))["from_"][:5], "to": _closed_now(datetime.now(UTC))["to"][:5]}
    body = refused(await api.post("/batch/test", json=wanted(api) | {"callingWindow": window}), 400, "invalid_request")

    assert "the calling window opens there at" in body["error"]


async def test_the_job_itself_does_not_change(api: Api, job: str) -> None:
    before = await api.job(job)

    await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE})

    assert await api.job(job) == before


async def test_the_same_key_makes_one_test(api: Api, job: str) -> None:
    headers = api.key | {"Idempotency-Key": f"try {job}"}

    answers = [await api.http.post(f"/batch/jobs/{job}/test", json={"phone": MINE}, headers=headers) for _ in range(2)]

    assert answers[0].json()["batchJobId"] == answers[1].json()["batchJobId"]


async def test_a_number_that_must_not_be_called_is_not_called_for_a_test(api: Api, job: str) -> None:
    assert (await api.post("/do-not-call", json={"numbers": [MINE]})).status_code == 200

    refused(await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE}), 400, "no_valid_contacts")


async def test_nobody_is_called_outside_the_calling_window_for_a_test(api: Api, job: str, records: Database) -> None:
    there = datetime.now(UTC).astimezone()
    closed = _closed_now(there)
    await set_organization(records, api.tenant, calling_window=closed)

    body = refused(await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE}), 400, "invalid_request")

    assert "the calling window opens there at" in body["error"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ([], "invalid_request"),
        ({"phone": 5}, "invalid_request"),
        ({"phone": "2025550101"}, "invalid_phone_format"),
        ({"phone": "+12"}, "invalid_phone_format"),
    ],
)
async def test_what_is_no_number_is_refused(api: Api, job: str, body: Any, code: str) -> None:
    refused(await api.post(f"/batch/jobs/{job}/test", json=body), 400, code)


async def test_an_ended_job_can_be_tried_too(api: Api, job: str, records: Database) -> None:
    await Rows(records, job).ended()

    assert (await api.post(f"/batch/jobs/{job}/test", json={"phone": MINE})).status_code == 200


async def test_members_and_others_try_nothing(api: Api, other: Tenant, http: httpx.AsyncClient, job: str) -> None:
    path, body = f"/batch/jobs/{job}/test", {"phone": MINE}

    member = {"Authorization": f"Bearer {api.tenant.member}"}
    refused(await http.post(path, json=body, headers=member), 403, "forbidden")
    refused(await http.post("/batch/test", json=wanted(api), headers=member), 403, "forbidden")
    refused(await Api(http, other).post(path, json=body), 404, "job_not_found")


def _closed_now(now: datetime) -> dict[str, Any]:
    """A window of an hour that is at least four hours away in every zone of the United States."""
    hour = (now.astimezone(UTC).hour + 6) % 24  # in UTC; Los Angeles is 7 or 8 hours behind
    start = (hour - 8) % 24
    return {"from_": f"{start:02}:00:00", "to": f"{(start + 1) % 24:02}:00:00"}
