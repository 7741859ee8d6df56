"""With Temporal there: jobs are started in it, and readiness says so. No worker runs."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from api.app import create_app
from api.health import KEPT_SECONDS
from stack.namespace import Allowed, prepare_for
from stack.ports import free_port
from stack.temporal import Temporal
from store.db.engine import Database
from store.temporal_namespace import NamespaceBinding
from tests.api.client import Api, Tenant, serve, settings_for
from tests.statements import heard
from tests.waiting import eventually
from workflows.client import QUEUES, JobWorkflows
from workflows.names import job_workflow_id, lines_workflow_id


@dataclass
class Live:
    """The API with a Temporal that can be stopped."""

    temporal: Temporal
    process: "subprocess.Popen[bytes]"
    url: str
    app: FastAPI


@workflow.defn(sandboxed=False)
class Nothing:
    @workflow.run
    async def run(self) -> None:
        """For workers that have nothing to do."""


@activity.defn
async def nothing() -> None:
    """As above."""


@pytest.fixture(scope="module")
def live(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    directory: Path = tmp_path_factory.mktemp("temporal")
    temporal = Temporal(directory / "temporal.db", free_port(), free_port())
    process = subprocess.Popen(temporal.program().argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(prepared(temporal, shared_database_url))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TEMPORAL_ADDRESS", temporal.address)
            app = create_app(settings_for(shared_database_url))
            served = serve(app)
        yield Live(temporal, process, served.url, app)
        served.stop()
    finally:
        process.kill()
        process.wait()


async def prepared(temporal: Temporal, database_url: str) -> None:
    deadline = time.monotonic() + 20
    while not await temporal.is_healthy(0):
        assert time.monotonic() < deadline, "Temporal did not start"
        await asyncio.sleep(0.1)
    await prepare_for(await temporal.connect(), database_url, Allowed(rebind=True))


@pytest.fixture
async def api(live: Live, tenant: Tenant) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=live.url, timeout=30, verify=False) as client:
        yield Api(client, tenant)


async def readiness(api: Api) -> tuple[int, Any]:
    """The status and what is said, once the last answer is too old to be said again."""
    await asyncio.sleep(KEPT_SECONDS)
    answer = await api.http.get("/readyz")  # no key
    return answer.status_code, answer.json()


async def test_without_a_worker_it_serves_and_is_not_ready(api: Api) -> None:
    status, body = await readiness(api)
    assert (status, body["ready"]) == (200, False)
    well = {name: part["detail"] for name, part in body["parts"].items() if part["ok"]}
    well.pop("jobs", None)  # those of other tests, for which nobody works, are in the same database
    assert well == {
        "database": "reachable",
        "schema": "as this release needs it",
        "temporal": "reachable",
        "namespace": "the database's",
        "callbacks": "carriers that post events reach this API",
    }
    idle = {"ok": False, "detail": "no worker polls outdial-jobs, outdial-calls, outdial-webhooks"}
    assert body["parts"]["workers"] == idle


async def test_it_is_ready_while_workers_poll_every_queue(api: Api, live: Live) -> None:
    client = await Client.connect(live.temporal.address)
    async with contextlib.AsyncExitStack() as stack:
        for queue in QUEUES:
            await stack.enter_async_context(Worker(client, task_queue=queue, activities=[nothing], workflows=[Nothing]))

        async def is_ready() -> bool:
            return (await readiness(api))[1]["ready"] is True

        await eventually(is_ready)


async def test_another_namespace_and_the_reconcilers_alarm_are_told(api: Api, records: Database) -> None:
    binding = NamespaceBinding(records)
    bound = await binding.get()
    assert bound is not None
    try:
        await binding.set_alarm("Most workflows are unknown.")
        status, body = await readiness(api)
        assert (status, body["parts"]["namespace"]) == (503, {"ok": False, "detail": "Most workflows are unknown."})
        await binding.rebind(bound.model_copy(update={"namespace_id": "another"}), [])
        status, body = await readiness(api)
        assert status == 503
        assert "outdial migrate --temporal --rebind" in body["parts"]["namespace"]["detail"]
    finally:
        await binding.rebind(bound, [])
    assert (await readiness(api))[0] == 200


async def test_however_many_ask_the_database_is_asked_once(api: Api, live: Live) -> None:
    await readiness(api)
    await asyncio.sleep(KEPT_SECONDS)
    with heard() as asked:
        answers = await asyncio.gather(*(api.http.get("/readyz") for _ in range(30)))

    assert {answer.status_code for answer in answers} == {200}
    assert len([statement for statement, _ in asked if "batch_jobs" in statement]) == 1


async def test_a_job_without_progress_is_told_and_can_still_be_cancelled(api: Api, records: Database) -> None:
    job_id = await api.new_job()
    await api.post(f"/batch/jobs/{job_id}/start")
    async with records.begin() as connection:
        await connection.execute(
            sa.text("UPDATE contacts SET due_at = now() - interval '2 minutes' WHERE job_id = :job"), {"job": job_id}
        )
    status, body = await readiness(api)
    assert status == 200
    jobs = body["parts"]["jobs"]
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
    status, body = await readiness(api)
    assert status == 503
    assert body["parts"]["temporal"] == body["parts"]["namespace"] == {"ok": False, "detail": "cannot be reached"}
    assert body["parts"]["database"]["ok"] is True
    assert (await api.get("/healthz")).json() == {"status": "ok"}
