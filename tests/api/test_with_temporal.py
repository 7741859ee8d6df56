"""With Temporal there: jobs are started in it, and readiness says so. No worker runs."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from stack.namespace import prepare
from stack.temporal import Temporal
from tests.api.client import Api, Tenant, free_port, serve, settings_for
from workflows.client import JobWorkflows
from workflows.names import job_workflow_id, lines_workflow_id


@dataclass
class Live:
    """The API with a Temporal that can be stopped."""

    temporal: Temporal
    process: "subprocess.Popen[bytes]"
    url: str


@pytest.fixture(scope="module")
def live(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    directory: Path = tmp_path_factory.mktemp("temporal")
    temporal = Temporal(directory / "temporal.db", free_port(), free_port())
    process = subprocess.Popen(temporal.program().argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(prepared(temporal))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TEMPORAL_ADDRESS", temporal.address)
            served = serve(create_app(settings_for(shared_database_url)))
        yield Live(temporal, process, served.url)
        served.stop()
    finally:
        process.kill()
        process.wait()


async def prepared(temporal: Temporal) -> None:
    deadline = time.monotonic() + 20
    while not await temporal.is_healthy(0):
        assert time.monotonic() < deadline, "Temporal did not start"
        await asyncio.sleep(0.1)
    await prepare(await temporal.connect())


@pytest.fixture
async def api(live: Live, tenant: Tenant) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=live.url, timeout=30, verify=False) as client:
        yield Api(client, tenant)


async def test_all_parts_are_reachable(api: Api) -> None:
    answer = await api.http.get("/readyz")  # no key
    assert answer.status_code == 200
    body = answer.json()
    assert body["ready"] is True
    assert set(body["parts"]) == {"database", "temporal", "jobs"}
    assert body["parts"]["database"] == {"ok": True, "detail": "reachable"}
    assert body["parts"]["temporal"] == {"ok": True, "detail": "reachable"}


async def test_a_job_without_progress_is_told_and_can_still_be_cancelled(api: Api, records: AsyncEngine) -> None:
    job_id = await api.new_job()
    await api.post(f"/batch/jobs/{job_id}/start")
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE contacts SET due_at = now() - interval '2 minutes' WHERE job_id = :job"), {"job": job_id}
        )
    answer = await api.get("/readyz")
    assert answer.status_code == 200
    jobs = answer.json()["parts"]["jobs"]
    assert jobs["ok"] is False
    assert "without progress: " in jobs["detail"]
    assert (await api.post(f"/batch/jobs/{job_id}/cancel")).status_code == 200


async def test_a_job_is_started_under_its_own_id(api: Api, live: Live) -> None:
    start = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    now = (await api.send()).json()
    later = (await api.send(scheduledStartTime=start)).json()
    hours = "No calling window is set: calls may be made at any hour."
    assert now["message"] == f"Batch job created successfully. Calling starts now. {hours}"
    starts = f"Calling starts at {later['scheduledStartTime']}."
    assert later["message"] == f"Batch job created successfully. {starts} {hours}"
    client = await Client.connect(live.temporal.address)
    for job in (now, later):
        description = await client.get_workflow_handle(job_workflow_id(job["batchJobId"])).describe()
        assert description.workflow_type == "BatchJob"
        assert description.close_time is None


async def test_whatever_changes_a_job_tells_its_workflow(api: Api, live: Live) -> None:
    client = await Client.connect(live.temporal.address, data_converter=pydantic_data_converter)
    job_id = await api.new_job(contacts=[{"phone": "+12025550101"}, {"phone": "+12025550102"}])
    await JobWorkflows(client).start_lines(api.tenant.id)
    path = f"/batch/jobs/{job_id}"
    contact_id = (await api.job(job_id))["contacts"][0]["id"]
    answers = [
        await api.http.patch(path, json={"priority": 7}, headers=api.key),
        await api.post(f"{path}/contacts", json={"contacts": [{"phone": "+12025550103"}]}),
        await api.http.delete(f"{path}/contacts/{contact_id}", headers=api.key),
        await api.post("/do-not-call", json={"numbers": ["+12025550102"]}),
        await api.post("/organization/stop"),
        await api.post("/organization/resume"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 6
    await _hears(client, job_workflow_id(job_id), looks=6)
    await _hears(client, lines_workflow_id(api.tenant.id), looks=1)


async def _hears(client: Client, workflow_id: str, looks: int) -> None:
    """Wait until the workflow was told so often to look."""
    for _ in range(50):
        history = await client.get_workflow_handle(workflow_id).fetch_history()
        told = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
        if told.count("look") == looks:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{told.count('look')} looks")


async def test_without_an_answer_within_a_second_progress_is_null(api: Api) -> None:
    job_id = await api.new_job()
    asked = time.monotonic()
    job = await api.job(job_id)
    assert job["progress"] is None
    assert time.monotonic() - asked < 2.5


async def test_when_temporal_goes_away_jobs_are_stored_all_the_same(api: Api, live: Live) -> None:
    """The last test here: it stops the server."""
    live.process.kill()
    live.process.wait()
    asked = time.monotonic()
    answer = await api.send()
    assert answer.status_code == 200
    assert time.monotonic() - asked < 8
    assert "its start is delayed" in answer.json()["message"].lower()
    job_id = answer.json()["batchJobId"]
    assert (await api.post(f"/batch/jobs/{job_id}/cancel")).status_code == 200
    assert (await api.job(job_id))["status"] == "cancelled"
    health = await api.get("/readyz")
    assert health.status_code == 503
    assert health.json()["parts"]["temporal"]["ok"] is False
    assert health.json()["parts"]["database"]["ok"] is True
    assert (await api.get("/healthz")).json() == {"status": "ok"}
