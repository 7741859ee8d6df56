"""One job: its counts, a page of its contacts, and how it goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from domain.json_model import format_timestamp
from store.db.engine import Database
from tests.api.client import Api, refused
from tests.api.jobs.test_lists import JOB_FIELDS, MOMENT, set_statuses

TWELVE = {
    "pending",
    "queued",
    "dialing",
    "completed",
    "no_answer",
    "busy",
    "timeout",
    "blocked",
    "invalid_number",
    "carrier_error",
    "failed",
    "cancelled",
}
CONTACT_FIELDS = {
    "id",
    "phoneNumber",
    "contactData",
    "status",
    "errorCode",
    "attemptCount",
    "maxAttempts",
    "lastAttemptAt",
    "nextRetryAt",
    "completedAt",
    "roomName",
    "failureReason",
    "callDuration",
    "dials",
    "row",
    "answeredBy",
    "externalId",
    "conversation",
}


def people(count: int) -> list[dict[str, Any]]:
    return [{"phone": f"+120255501{last:02d}", "place": last} for last in range(count)]


async def test_a_job_has_all_its_fields(api: Api) -> None:
    job = await api.job(await api.new_job(contacts=people(2)))
    more = {
        "statusBreakdown",
        "estimatedCompletionTime",
        "contacts",
        "contactsTotal",
        "contactsPage",
        "progress",
        "warning",
    }
    assert set(job) == JOB_FIELDS | more | {"contactsPageSize", "contactsHasMore"}
    assert set(job["statusBreakdown"]) == TWELVE
    assert job["statusBreakdown"]["pending"] == 2
    assert sum(job["statusBreakdown"].values()) == 2
    assert (job["contactsTotal"], job["contactsPage"], job["contactsPageSize"]) == (2, 1, 50)
    assert job["contactsHasMore"] is False
    assert job["progress"] is None  # Temporal is away, and the rest is answered
    contact = job["contacts"][0]
    assert set(contact) == CONTACT_FIELDS
    assert contact["id"].startswith("contact_")
    assert (contact["attemptCount"], contact["maxAttempts"], contact["dials"]) == (0, 3, 0)


async def test_a_job_that_does_not_exist(api: Api) -> None:
    refused(await api.get("/batch/jobs/batch_000000000000000000000000"), 404, "job_not_found")


async def test_contacts_come_in_file_order_page_by_page(api: Api) -> None:
    job_id = await api.new_job(contacts=people(7))
    places = []
    for page in (1, 2, 3):
        job = await api.job(job_id, contactsPage=page, contactsPageSize=3)
        places += [contact["contactData"]["place"] for contact in job["contacts"]]
        assert job["contactsHasMore"] is (page < 3)
        assert job["contactsTotal"] == 7
    assert places == list(range(7))
    past = await api.job(job_id, contactsPage=4, contactsPageSize=3)
    assert (past["contacts"], past["contactsHasMore"]) == ([], False)
    exact = await api.job(job_id, contactsPage=1, contactsPageSize=7)
    assert exact["contactsHasMore"] is False


async def test_contacts_can_be_asked_for_by_status(api: Api, records: Database) -> None:
    job_id = await api.new_job(contacts=people(4))
    await set_statuses(records, job_id, ["busy", "completed", "busy", "pending"])
    job = await api.job(job_id, contactStatus="busy")
    assert [contact["contactData"]["place"] for contact in job["contacts"]] == [0, 2]
    assert job["contactsTotal"] == 2
    assert job["statusBreakdown"]["completed"] == 1
    assert job["totalContacts"] == 4


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"contactStatus": "ringing"}, "invalid_status"),
        ({"contactStatus": "running"}, "invalid_status"),
        ({"contactsPage": "0"}, "invalid_page"),
        ({"contactsPage": "first"}, "invalid_page"),
        ({"contactsPageSize": "0"}, "invalid_page_size"),
        ({"contactsPageSize": "501"}, "invalid_page_size"),
        ({"contactsPageSize": "all"}, "invalid_page_size"),
    ],
)
async def test_queries_are_judged(api: Api, query: dict[str, str], code: str) -> None:
    job_id = await api.new_job()
    refused(await api.get(f"/batch/jobs/{job_id}", **query), 400, code)


async def test_pages_may_be_asked_for_as_of_every_other_list(api: Api) -> None:
    job_id = await api.new_job(contacts=people(7))
    job = await api.job(job_id, page=2, pageSize=3)
    assert (job["contactsPage"], job["contactsPageSize"]) == (2, 3)
    assert [contact["row"] for contact in job["contacts"]] == [4, 5, 6]
    both = await api.job(job_id, page=2, pageSize=3, contactsPage=1, contactsPageSize=5)
    assert (both["contactsPage"], both["contactsPageSize"]) == (1, 5)
    refused(await api.get(f"/batch/jobs/{job_id}", pageSize=501), 400, "invalid_page_size")


async def test_page_sizes_reach_to_500(api: Api) -> None:
    assert (await api.job(await api.new_job(), contactsPageSize=500))["contactsPageSize"] == 500


async def test_a_contact_shows_how_its_last_call_went(api: Api, records: Database) -> None:
    job_id = await api.new_job(contacts=people(2))
    async with records.begin() as connection:
        await connection.execute(
            sa.text(
                "UPDATE contacts SET status = CASE WHEN row = 1 THEN 'queued' ELSE 'completed' END, error_code = '486',"
                " failure_reason = 'The line was busy.', attempts = 1, dials = 2, call_id = 'CA1', call_seconds = 61,"
                " answered_by = 'machine', last_attempt_at = '2027-01-01 00:00:00.25+00',"
                " next_retry_at = '2027-01-01 01:00+01', completed_at = NULL WHERE job_id = :job"
            ),
            {"job": job_id},
        )
    queued, completed = (await api.job(job_id))["contacts"]
    assert {key: queued[key] for key in CONTACT_FIELDS - {"id", "contactData"}} == {
        "phoneNumber": "+12025550100",
        "status": "queued",
        "errorCode": "486",
        "attemptCount": 1,
        "maxAttempts": 3,
        "lastAttemptAt": "2027-01-01T00:00:00.250Z",
        "nextRetryAt": "2027-01-01T00:00:00Z",
        "completedAt": None,
        "roomName": "CA1",
        "failureReason": "The line was busy.",
        "callDuration": 61,
        "dials": 2,
        "row": 1,
        "answeredBy": "machine",
        "externalId": None,
        "conversation": None,
    }
    assert completed["errorCode"] is None


async def test_when_a_job_may_be_done(api: Api) -> None:
    start = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    scheduled = await api.new_job(contacts=people(11), scheduledStartTime=start.isoformat())
    # 11 contacts on the organization's 5 lines: 3 waves of 2 minutes
    assert (await api.job(scheduled))["estimatedCompletionTime"] == format_timestamp(start + timedelta(minutes=6))

    pending = await api.new_job(contacts=people(3))
    estimated = (await api.job(pending))["estimatedCompletionTime"]
    assert MOMENT.fullmatch(estimated)
    ahead = datetime.fromisoformat(estimated) - datetime.now(UTC)
    assert timedelta(minutes=1, seconds=50) < ahead <= timedelta(minutes=2)

    await api.post(f"/batch/jobs/{pending}/pause")
    assert (await api.job(pending))["estimatedCompletionTime"] is None
    await api.post(f"/batch/jobs/{pending}/cancel")
    assert (await api.job(pending))["estimatedCompletionTime"] is None


async def test_a_running_job_is_estimated_by_its_own_pace(api: Api, records: Database) -> None:
    job_id = await api.new_job(contacts=people(30))
    await api.post(f"/batch/jobs/{job_id}/start")
    await set_statuses(records, job_id, ["completed"] * 20)
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE batch_jobs SET actual_start_time = now() - interval '40 minutes' WHERE id = :job"),
            {"job": job_id},
        )
    estimated = datetime.fromisoformat((await api.job(job_id))["estimatedCompletionTime"])
    ahead = estimated - datetime.now(UTC)  # 20 in 40 minutes, 10 to go
    assert timedelta(minutes=19, seconds=50) < ahead < timedelta(minutes=20, seconds=10)
