"""Stop everything, go on: what it answers, and that from the answer on it holds."""

import asyncio
import time
from typing import Any

import sqlalchemy as sa

from store.db.engine import Database
from tests.api.client import Api, Tenant
from tests.api.jobs.test_control import completed, dial, end_dial, running, scheduled


async def stop(api: Api, **options: Any) -> dict[str, Any]:
    answer = await api.post("/organization/stop", **({"json": options} if options else {}))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_every_job_that_has_not_ended_is_paused(api: Api, records: Database, control: Any) -> None:
    live, waiting, pending = await running(api), await scheduled(api), await api.new_job()
    done = await completed(api, records, control)
    assert await stop(api) == {
        "success": True,
        "message": "Everything is paused. No call starts until it is resumed.",
        "batchJobIds": [live, waiting, pending],
        "liveCalls": 0,
        "callsNotStopped": 0,
    }
    for job_id in (live, waiting, pending):
        job = await api.job(job_id)
        assert (job["status"], "stopped" in job["statusReason"]) == ("paused", True)
    assert (await api.job(done))["status"] == "completed"


async def test_said_twice_they_mean_the_same(api: Api) -> None:
    job_id = await running(api)
    assert [(await stop(api))["batchJobIds"] for _ in range(2)] == [[job_id], []]
    assert (await api.job(job_id))["status"] == "paused"
    answers = [(await api.post("/organization/resume")).json() for _ in range(2)]
    assert answers[0] == {"success": True, "message": "What the stop paused goes on.", "batchJobIds": [job_id]}
    assert answers[1]["batchJobIds"] == []
    record = (await api.get("/organization/activity")).json()["activity"]
    actions = [entry["action"] for entry in record if entry["jobId"] is None]
    assert actions.count("stopped") == 1


async def test_a_job_resumed_by_itself_is_not_resumed_again(api: Api) -> None:
    job_id = await running(api)
    await stop(api)
    await api.post(f"/batch/jobs/{job_id}/resume")
    await api.post(f"/batch/jobs/{job_id}/pause")
    assert (await api.post("/organization/resume")).json()["batchJobIds"] == []
    assert (await api.job(job_id))["status"] == "paused"


async def test_live_calls_end_by_themselves_or_are_hung_up(api: Api, records: Database) -> None:
    dial_id = await dial(records, await running(api), "CA-stop-" + api.tenant.id)
    for options, reason in (({}, None), ({"hangUp": False}, None), ({"hangUp": True}, "called_off")):
        assert (await stop(api, **options))["liveCalls"] == 1
        query = sa.text("SELECT hang_up_reason FROM dials WHERE id = :id")
        async with records.connect() as connection:
            assert (await connection.execute(query, {"id": dial_id})).scalar_one() == reason


async def test_the_answer_waits_for_requests_that_may_be_on_their_way(api: Api, records: Database) -> None:
    dials = [await dial(records, await running(api), None) for _ in range(2)]
    answer = asyncio.create_task(stop(api))
    for dial_id in dials:
        await asyncio.sleep(0.3)
        assert not answer.done()
        await end_dial(records, dial_id)
    released = time.monotonic()
    await answer
    assert time.monotonic() - released < 1


async def test_the_jobs_of_others_go_on(api: Api, other: Tenant) -> None:
    stranger = Api(api.http, other)
    job_id, theirs = await running(api), await running(stranger)
    await stop(api)
    assert (await stranger.job(theirs))["status"] == "running"
    assert (await stranger.post("/organization/resume")).json()["batchJobIds"] == []
    assert (await api.job(job_id))["status"] == "paused"


async def test_who_did_what_is_recorded(api: Api) -> None:
    before = (await api.get("/organization/activity")).json()["total"]
    job_id = await running(api)
    await api.post(f"/batch/jobs/{job_id}/pause")
    await api.post(f"/batch/jobs/{job_id}/resume")
    await stop(api, hangUp=True)
    await api.post("/organization/resume")
    await api.post(f"/batch/jobs/{job_id}/cancel")
    answer = (await api.get("/organization/activity", pageSize=100)).json()
    record = answer["activity"][: answer["total"] - before]
    assert [entry["action"] for entry in reversed(record)] == [
        "created",
        "started",
        "paused",
        "resumed",
        "paused",
        "stopped",
        "resumed",
        "cancelled",
    ]
    assert {entry["actor"][:4] for entry in record} == {"key_"}
    stopped = next(entry for entry in record if entry["action"] == "stopped")
    assert (stopped["jobId"], stopped["details"]) == (None, {"jobs": 1, "hangUp": True})


async def test_what_is_created_while_everything_is_stopped_says_so(api: Api) -> None:
    assert (await api.get("/organization")).json()["stoppedAt"] is None
    await stop(api)

    created = (await api.send()).json()

    assert "The organization is stopped: no call starts until it is resumed." in created["message"]
    assert "Calling starts now" not in created["message"]
    assert (await api.get("/organization")).json()["stoppedAt"] is not None
    await api.post("/organization/resume")
    assert (await api.get("/organization")).json()["stoppedAt"] is None
    assert "stopped" not in (await api.send()).json()["message"]


async def test_what_would_let_a_job_call_says_that_everything_is_stopped(api: Api) -> None:
    waiting = await api.new_job(scheduledStartTime="2027-03-01T09:00")
    ended = await api.new_job(contacts=[{"phone": "+12025550176"}])
    assert (await api.post(f"/batch/jobs/{ended}/cancel")).status_code == 200
    await stop(api)

    answers = [
        await api.post(f"/batch/jobs/{waiting}/resume"),
        await api.post(f"/batch/jobs/{waiting}/start"),
        await api.post(f"/batch/jobs/{ended}/retry"),
        await api.post(f"/batch/jobs/{ended}/test", json={"phone": "+12025550177"}),
    ]

    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert "The organization is stopped: no call starts until it is resumed." in answer.json()["message"]
