"""What a job's calls came to, and the report on its rows, read again."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from store.jobs.statistics import BUCKET_SECONDS, MAX_BUCKETS, bucket_seconds
from tests.api.client import Api, refused
from tests.api.results import Rows

BEGAN = datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)


async def test_calls_are_counted_by_outcome_and_over_time(api: Api, records: AsyncEngine) -> None:
    job_id = await api.new_job(contacts=[{"phone": f"+120255501{index:02d}"} for index in range(4)])
    rows = Rows(records, job_id)
    first, second, third, fourth = await rows.contact_ids()
    await rows.dial(first, 1, BEGAN, ended_at=BEGAN + timedelta(seconds=70), outcome="answered", call_seconds=60)
    await rows.dial(second, 1, BEGAN, ended_at=BEGAN + timedelta(seconds=9), outcome="answered", call_seconds=4)
    await rows.dial(third, 1, BEGAN + timedelta(seconds=35), ended_at=BEGAN + timedelta(seconds=80), outcome="busy")
    await rows.dial(fourth, 1, BEGAN + timedelta(seconds=36))
    again = BEGAN + timedelta(minutes=30)
    await rows.contact(third, status="queued", next_retry_at=again)
    found = (await api.get(f"/batch/jobs/{job_id}/statistics")).json()
    assert [(one["outcome"], one["dials"], one["faultOf"]) for one in found["outcomes"]] == [
        ("answered", 2, None),
        ("busy", 1, "person"),
    ]
    assert found["bucketSeconds"] == 10
    assert found["callsOverTime"] == [
        {"at": "2026-03-02T09:00:00Z", "placed": 2, "answered": 2},
        {"at": "2026-03-02T09:00:40Z", "placed": 2, "answered": 0},
    ]
    assert (found["answeredCalls"], found["shortCalls"], found["medianTalkSeconds"]) == (2, 1, 32.0)
    assert found["oldestLiveCallAt"] == "2026-03-02T09:00:43Z"
    assert found["lastCallEndedAt"] == "2026-03-02T09:01:27Z"
    assert (found["toBeCalledAgain"], found["nextRetryAt"]) == (1, "2026-03-02T09:30:07Z")


async def test_a_job_without_calls_has_empty_statistics(api: Api) -> None:
    found = (await api.get(f"/batch/jobs/{await api.new_job()}/statistics")).json()
    assert (found["outcomes"], found["callsOverTime"], found["medianTalkSeconds"]) == ([], [], None)


async def test_the_report_of_create_can_be_read_again(api: Api) -> None:
    created = (await api.upload(b"phone,name\n+12025550101,Ada\n+1202,Bo\n")).json()
    report = (await api.get(f"/batch/jobs/{created['batchJobId']}/report")).json()
    assert report == created["validation"]
    assert (report["rows"], report["invalidTotal"]) == (2, 1)


async def test_both_are_of_jobs_that_are_there(api: Api) -> None:
    for what in ("statistics", "report"):
        refused(await api.get(f"/batch/jobs/batch_0/{what}"), 404, "job_not_found")


async def test_contacts_are_found_by_digits_of_their_number(api: Api) -> None:
    job_id = await api.new_job(contacts=[{"phone": "+12025550101"}, {"phone": "+13105550142"}])
    found = await api.job(job_id, contactsSearch="3105")
    assert [contact["phoneNumber"] for contact in found["contacts"]] == ["+13105550142"]
    assert found["contactsTotal"] == 1
    assert (await api.job(job_id, contactsSearch="%"))["contactsTotal"] == 0


def test_a_picture_has_no_more_buckets_than_can_be_seen() -> None:
    for hours in (0, 1, 24, 7 * 24, 400 * 24):
        span = timedelta(hours=hours)
        seconds = bucket_seconds(span)
        assert seconds in BUCKET_SECONDS
        assert span / timedelta(seconds=seconds) <= MAX_BUCKETS
