"""The list of jobs."""

import re
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from store.db.engine import Database
from tests.api.client import Api, Tenant, refused

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
JOB_FIELDS = {
    "id",
    "name",
    "description",
    "status",
    "statusReason",
    "organizationId",
    "agentId",
    "fromPhoneNumberId",
    "totalContacts",
    "contactsProcessed",
    "successfulCalls",
    "failedCalls",
    "scheduledStartTime",
    "actualStartTime",
    "completedAt",
    "createdAt",
    "concurrentCallLimit",
    "retryPolicy",
    "onMachine",
    "priority",
    "timezone",
    "callingWindow",
    "contactFrequency",
    "endTime",
    "startWithin",
    "circuitBreaker",
    "maxCost",
    "spent",
    "retryOf",
    "test",
    "testOf",
}


async def test_jobs_come_newest_first_and_page_by_page(api: Api) -> None:
    made = [await api.new_job(name=f"Job {number}") for number in range(5)]
    everything = (await api.get("/batch/jobs")).json()
    assert [job["id"] for job in everything["batchJobs"]] == made[::-1]
    assert {key: everything[key] for key in ("total", "page", "pageSize")} == {"total": 5, "page": 1, "pageSize": 20}
    second = (await api.get("/batch/jobs", page=2, pageSize=2)).json()
    assert [job["name"] for job in second["batchJobs"]] == ["Job 2", "Job 1"]
    assert (second["total"], second["page"], second["pageSize"]) == (5, 2, 2)


async def test_a_job_in_the_list_has_all_its_fields(api: Api) -> None:
    await api.new_job()
    job = (await api.get("/batch/jobs")).json()["batchJobs"][0]
    assert set(job) == JOB_FIELDS
    assert MOMENT.fullmatch(job["createdAt"])
    assert (job["actualStartTime"], job["completedAt"]) == (None, None)


@pytest.mark.parametrize("page", ["4", "1000000000", "999999999999999999"])
async def test_a_page_past_the_end_is_empty(api: Api, page: str) -> None:
    await api.new_job()
    answer = await api.get("/batch/jobs", page=page)
    assert answer.status_code == 200
    assert answer.json()["batchJobs"] == []
    assert answer.json()["total"] == 1


@pytest.mark.parametrize("page", ["0", "-1", "one", "1.0", "1e3", "+1", "٣", "9" * 5000])
async def test_what_is_no_page(api: Api, page: str) -> None:
    refused(await api.get("/batch/jobs", page=page), 400, "invalid_page")


@pytest.mark.parametrize("size", ["0", "-1", "101", "many", "20.5", "true"])
async def test_what_is_no_page_size(api: Api, size: str) -> None:
    refused(await api.get("/batch/jobs", pageSize=size), 400, "invalid_page_size")


async def test_page_sizes_reach_from_1_to_100(api: Api) -> None:
    for size in (1, 100):
        assert (await api.get("/batch/jobs", pageSize=size)).json()["pageSize"] == size


async def test_jobs_can_be_asked_for_by_status(api: Api) -> None:
    pending, cancelled = await api.new_job(), await api.new_job()
    await api.post(f"/batch/jobs/{cancelled}/cancel")
    for status, expected in (("pending", [pending]), ("cancelled", [cancelled]), ("completed", [])):
        found = (await api.get("/batch/jobs", status=status)).json()
        assert [job["id"] for job in found["batchJobs"]] == expected
        assert found["total"] == len(expected)
    for status in ("pending", "scheduled", "running", "completed", "failed", "cancelled", "paused"):
        assert (await api.get("/batch/jobs", status=status)).status_code == 200


@pytest.mark.parametrize("status", ["done", "Pending", "queued", "1", "pending,running"])
async def test_what_is_no_status(api: Api, status: str) -> None:
    body = refused(await api.get("/batch/jobs", status=status), 400, "invalid_status")
    assert "pending" in body["error"]


async def test_jobs_can_be_searched(api: Api) -> None:
    by_name = await api.new_job(name="Zahnärzte im MAI")
    by_description = await api.new_job(description="100% of May_be")
    for text, expected in (("zahnÄRZTE", [by_name]), ("0% of", [by_description]), ("%", [by_description]), ("zz", [])):
        found = (await api.get("/batch/jobs", search=text)).json()
        assert [job["id"] for job in found["batchJobs"]] == expected


async def test_the_organization_may_be_named_but_no_other(api: Api, other: Tenant) -> None:
    job_id = await api.new_job()
    named = (await api.get("/batch/jobs", organizationId=api.tenant.id)).json()
    assert [job["id"] for job in named["batchJobs"]] == [job_id]
    for stranger in (other.id, "org_none"):
        refused(await api.get("/batch/jobs", organizationId=stranger), 404, "not_found")


async def test_counters_come_from_the_contacts(api: Api, records: Database) -> None:
    statuses = ["completed", "no_answer", "busy", "failed", "cancelled", "queued", "dialing", "pending"]
    contacts = [{"phone": f"+1202555010{last}"} for last in range(len(statuses))]
    job_id = await api.new_job(contacts=contacts)
    await set_statuses(records, job_id, statuses)
    job = (await api.get("/batch/jobs")).json()["batchJobs"][0]
    assert job["totalContacts"] == 8
    assert job["successfulCalls"] == 1
    assert job["failedCalls"] == 3
    assert job["contactsProcessed"] == 5


async def test_a_page_that_was_shown_before_shows_what_changed_since(api: Api, records: Database) -> None:
    older, job_id = (
        await api.new_job(),
        await api.new_job(contacts=[{"phone": "+12025550101"}, {"phone": "+12025550102"}]),
    )
    first = await listed(api)
    assert await listed(api) == first

    await api.http.patch(f"/batch/jobs/{job_id}", json={"name": "Renamed"}, headers=api.key)
    renamed = await listed(api)
    await set_statuses(records, job_id, ["completed", "busy"])
    counted = await listed(api)
    await api.post(f"/batch/jobs/{older}/cancel")
    cancelled = await listed(api)

    assert (first[0]["name"], renamed[0]["name"]) == ("Test", "Renamed")
    assert [job["contactsProcessed"] for job in (renamed[0], counted[0])] == [0, 2]
    assert [page[1]["status"] for page in (counted, cancelled)] == ["pending", "cancelled"]
    for job in cancelled:
        detail = await api.job(job["id"])
        assert {name: detail[name] for name in JOB_FIELDS} == job


async def listed(api: Api) -> list[dict[str, Any]]:
    answer = await api.get("/batch/jobs")
    assert answer.headers["content-type"] == "application/json"
    jobs: list[dict[str, Any]] = answer.json()["batchJobs"]
    return jobs


async def set_statuses(records: Database, job_id: str, statuses: list[str]) -> None:
    update = sa.text("UPDATE contacts SET status = :status WHERE job_id = :job AND row = :row")
    async with records.begin() as connection:
        for row, status in enumerate(statuses, start=1):
            await connection.execute(update, {"status": status, "job": job_id, "row": row})


async def test_the_errors_of_a_query_come_after_the_key(http: httpx.AsyncClient) -> None:
    refused(await http.get("/batch/jobs", params={"page": "x"}), 401, "unauthorized")
