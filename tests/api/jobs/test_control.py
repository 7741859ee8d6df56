"""Start, cancel, pause, resume: what they answer, and that from the answer on it holds."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store.db.engine import Database
from store.db.ids import new_id
from store.jobs.lifecycle import JobLifecycle
from tests.api.client import CALLER_ID, Api, refused

TWO = [{"phone": "+12025550101"}, {"phone": "+12025550102"}]


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def scheduled(api: Api) -> str:
    return await api.new_job(contacts=TWO, scheduledStartTime=tomorrow())


async def running(api: Api) -> str:
    job_id = await api.new_job(contacts=TWO)
    assert (await api.post(f"/batch/jobs/{job_id}/start")).status_code == 200
    return job_id


async def completed(api: Api, records: Database, control: JobLifecycle) -> str:
    job_id = await running(api)
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE contacts SET status = 'completed' WHERE job_id = :job"), {"job": job_id}
        )
    assert await control.complete(api.tenant.id, job_id)
    return job_id


async def dial(records: Database, job_id: str, call_id: str | None) -> str:
    """A call to the job's first contact, as a claim writes it down."""
    dial_id = new_id("call")
    async with records.begin() as connection:
        contact = (
            await connection.execute(
                sa.text(
                    "UPDATE contacts SET status = 'dialing', dials = 1"
                    " WHERE job_id = :job AND row = (SELECT min(row) FROM contacts WHERE job_id = :job)"
                    " RETURNING id, organization_id, number"
                ),
                {"job": job_id},
            )
        ).one()
        await connection.execute(
            sa.text(
                "INSERT INTO dials (id, contact_id, number_of_dial, job_id, organization_id, carrier_account_id,"
                " from_number, to_number, state, call_id, asked_at) VALUES (:id, :contact, 1, :job, :organization,"
                " 'twilio', :from_, :to, :state, :call, now() - make_interval(mins => :minutes))"
            ),
            {
                "id": dial_id,
                "contact": contact.id,
                "job": job_id,
                "organization": contact.organization_id,
                "from_": CALLER_ID + job_id[-6:],  # a pair is dialed once at a time, over all tests
                "to": contact.number,
                "state": "asked" if call_id is None else "ringing",
                "call": call_id,
                "minutes": 0 if call_id is None else 2,  # a request that is on its way was made just now
            },
        )
    return dial_id


async def end_dial(records: Database, dial_id: str) -> None:
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE dials SET state = 'ended', ended_at = now(), outcome = 'unknown' WHERE id = :id"),
            {"id": dial_id},
        )


async def test_a_scheduled_job_starts_now(api: Api) -> None:
    job_id = await scheduled(api)
    body = (await api.post(f"/batch/jobs/{job_id}/start")).json()
    started_at = body.pop("startedAt")
    assert body == {
        "success": True,
        "message": "Cancelled scheduled job, starting immediately",
        "batchJobId": job_id,
        "status": "running",
        "contactsEnqueued": 2,
        "redisJobCancelled": True,
    }
    job = await api.job(job_id)
    assert (job["status"], job["actualStartTime"]) == ("running", started_at)


async def test_a_pending_job_starts_now(api: Api) -> None:
    job_id = await api.new_job()
    body = (await api.post(f"/batch/jobs/{job_id}/start")).json()
    assert (body["status"], body["redisJobCancelled"], body["contactsEnqueued"]) == ("running", False, 1)


async def test_what_cannot_be_started(api: Api, records: Database, control: JobLifecycle) -> None:
    refused(await api.post(f"/batch/jobs/{await running(api)}/start"), 400, "already_running")
    done = await completed(api, records, control)
    refused(await api.post(f"/batch/jobs/{done}/start"), 400, "invalid_status")
    cancelled = await scheduled(api)
    await api.post(f"/batch/jobs/{cancelled}/cancel")
    refused(await api.post(f"/batch/jobs/{cancelled}/start"), 400, "invalid_status")
    paused = await running(api)
    await api.post(f"/batch/jobs/{paused}/pause")
    assert "esume" in refused(await api.post(f"/batch/jobs/{paused}/start"), 400, "invalid_status")["error"]


async def test_a_job_whose_number_is_gone_does_not_start_and_says_why(api: Api, records: Database) -> None:
    job_id = await scheduled(api)
    async with records.begin() as connection:
        number = {"id": api.tenant.pipeline}
        await connection.execute(sa.text("UPDATE phone_numbers SET removed_at = now() WHERE id = :id"), number)
    error = refused(await api.post(f"/batch/jobs/{job_id}/start"), 400, "invalid_status")["error"]
    assert "The number to call from was removed" in error
    job = await api.job(job_id)
    assert (job["status"], job["statusReason"] in error) == ("paused", True)


async def test_a_scheduled_job_is_cancelled(api: Api) -> None:
    job_id = await scheduled(api)
    assert (await api.post(f"/batch/jobs/{job_id}/cancel")).json() == {
        "success": True,
        "message": "Scheduled job cancelled successfully",
        "batchJobId": job_id,
        "redisJobCancelled": True,
        "contactsCancelled": 2,
        "callsNotStopped": 0,
    }
    job = await api.job(job_id)
    assert job["status"] == "cancelled"
    assert job["statusBreakdown"]["cancelled"] == 2
    assert job["completedAt"] is not None


async def test_a_running_job_is_cancelled_but_not_who_is_on_the_phone(api: Api, records: Database) -> None:
    job_id = await running(api)
    await dial(records, job_id, "CA-live-" + job_id)
    assert (await api.post(f"/batch/jobs/{job_id}/cancel")).json() == {
        "success": True,
        "message": "Job was already running - cancelled remaining contacts",
        "batchJobId": job_id,
        "redisJobCancelled": False,
        "contactsCancelled": 1,
        "callsNotStopped": 0,
    }
    assert (await api.job(job_id))["statusBreakdown"]["dialing"] == 1


async def test_an_ended_job_cannot_be_cancelled(api: Api, records: Database, control: JobLifecycle) -> None:
    done = await completed(api, records, control)
    refused(await api.post(f"/batch/jobs/{done}/cancel"), 400, "job_not_cancellable")
    twice = await scheduled(api)
    assert (await api.post(f"/batch/jobs/{twice}/cancel")).status_code == 200
    refused(await api.post(f"/batch/jobs/{twice}/cancel"), 400, "job_not_cancellable")
    refused(await api.post(f"/batch/jobs/{twice}/cancel", json={"hangUp": True}), 400, "job_not_cancellable")


async def test_live_calls_of_a_cancelled_job_can_still_be_ended(api: Api, records: Database) -> None:
    job_id = await running(api)
    dial_id = await dial(records, job_id, "CA-late-" + job_id)
    await api.post(f"/batch/jobs/{job_id}/cancel")
    again = await api.post(f"/batch/jobs/{job_id}/cancel", json={"hangUp": True})
    assert again.status_code == 200
    assert again.json()["contactsCancelled"] == 0
    async with records.connect() as connection:
        reason = await connection.execute(sa.text("SELECT hang_up_reason FROM dials WHERE id = :id"), {"id": dial_id})
    assert reason.scalar_one() == "called_off"


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"hangUp": false}', b'{"hangUp": null}', b'{"other": 1}'])
async def test_the_body_of_cancel_is_optional(api: Api, body: bytes) -> None:
    job_id = await scheduled(api)
    assert (await api.post(f"/batch/jobs/{job_id}/cancel", content=body)).status_code == 200


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"true", b"null", b'{"hangUp": "yes"}', b'{"hangUp": 1}', b"\xff", b"x" * 70_000]
)
async def test_a_body_that_says_something_else_cancels_nothing(api: Api, body: bytes) -> None:
    job_id = await scheduled(api)
    refused(await api.post(f"/batch/jobs/{job_id}/cancel", content=body), 400, "invalid_request")
    assert (await api.job(job_id))["status"] == "scheduled"


@pytest.mark.parametrize("verb", ["cancel", "pause"])
async def test_the_answer_waits_for_a_request_that_may_be_on_its_way(api: Api, records: Database, verb: str) -> None:
    job_id = await running(api)
    dial_id = await dial(records, job_id, None)
    answer = asyncio.create_task(api.post(f"/batch/jobs/{job_id}/{verb}"))
    await asyncio.sleep(0.5)
    assert not answer.done()
    assert (await api.job(job_id))["status"] in {"cancelled", "paused"}  # the gate is closed already
    await end_dial(records, dial_id)
    released = time.monotonic()
    assert (await answer).status_code == 200
    assert time.monotonic() - released < 1


async def test_a_call_that_has_its_id_is_not_waited_for(api: Api, records: Database) -> None:
    job_id = await running(api)
    await dial(records, job_id, "CA-named-" + job_id)
    asked = time.monotonic()
    assert (await api.post(f"/batch/jobs/{job_id}/pause")).status_code == 200
    assert time.monotonic() - asked < 2


async def test_pause_and_resume_said_twice_mean_the_same(api: Api) -> None:
    for job_id, after in ((await running(api), "running"), (await scheduled(api), "scheduled")):
        for _ in range(2):
            body = (await api.post(f"/batch/jobs/{job_id}/pause")).json()
            assert (body["success"], body["batchJobId"], body["status"]) == (True, job_id, "paused")
        assert (await api.job(job_id))["status"] == "paused"
        for _ in range(2):
            body = (await api.post(f"/batch/jobs/{job_id}/resume")).json()
            assert (body["success"], body["status"]) == (True, after)
        assert (await api.job(job_id))["status"] == after


async def test_an_ended_job_is_neither_paused_nor_resumed(api: Api) -> None:
    job_id = await scheduled(api)
    await api.post(f"/batch/jobs/{job_id}/cancel")
    for verb in ("pause", "resume"):
        refused(await api.post(f"/batch/jobs/{job_id}/{verb}"), 400, "invalid_status")


@pytest.mark.parametrize("verb", ["start", "cancel", "pause", "resume"])
async def test_a_job_that_does_not_exist(api: Api, verb: str) -> None:
    refused(await api.post(f"/batch/jobs/batch_000000000000000000000000/{verb}"), 404, "job_not_found")


async def test_one_of_many_cancels_wins(api: Api) -> None:
    job_id = await running(api)
    answers = await asyncio.gather(*(api.post(f"/batch/jobs/{job_id}/cancel") for _ in range(8)))
    codes: list[Any] = sorted(answer.status_code for answer in answers)
    assert codes == [200, *[400] * 7]
    assert sum(answer.json().get("contactsCancelled", 0) for answer in answers) == 2
