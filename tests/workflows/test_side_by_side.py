"""Workers of two versions take tasks of the same jobs while processes are exchanged, and one brings a patch."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from store.db.engine import Database
from tests.builders import a_job, an_organization, contacts
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually
from tests.workflows.changed import PATCH, PausesFirstWherePatched
from tests.workflows.conftest import SKIPPING, start_temporal
from tests.workflows.running import Job, Running
from worker import STICKY_TIMEOUT
from workflows.names import JOBS_QUEUE
from workflows.organization_lines import OrganizationLines

JOBS = 6  # half of which begin on either
NON_DETERMINISTIC = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR


@asynccontextmanager
async def of_the_next_version(running: Running) -> AsyncIterator[None]:
    address = running.client.service_client.config.target_host
    async with Worker(
        await Client.connect(address, data_converter=pydantic_data_converter),
        task_queue=JOBS_QUEUE,
        workflows=[PausesFirstWherePatched, OrganizationLines],
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    ):
        yield


async def has_patch(job: Job) -> bool:
    return any(
        event.HasField("marker_recorded_event_attributes") and PATCH.encode() in event.SerializeToString()
        for event in await job.events()
    )


async def failures(job: Job) -> int:
    """Tasks that a worker of the version before could not replay."""
    return sum(
        event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
        and event.workflow_task_failed_event_attributes.cause == NON_DETERMINISTIC
        for event in await job.events()
    )


@pytest.fixture
async def running(engine: Database, database_url: str) -> AsyncIterator[Running]:
    """Whose histories are not replayed at the end: no one version can."""
    async with await start_temporal(*SKIPPING) as environment:
        running = Running(environment, engine, database_url)
        yield running
        await running.carrier.close()


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_job_that_recorded_a_patch_stands_still_where_it_meets_a_worker_that_does_not_know_it(
    running: Running,
) -> None:
    """Which is why such a release is promoted by a build id, or started when the old workers have ended."""
    running.carrier.usually(TALKS_ON)
    given = await an_organization(running.engine, limit=JOBS)
    async with running.workers():
        async with of_the_next_version(running):
            jobs = []
            for place in range(JOBS):
                stored = await a_job(running.engine, given, contacts(1, start=place * 10), concurrent_call_limit=1)
                jobs.append(await running.start_in_real_time(given, stored))
            await eventually(lambda: len(running.carrier.live) == JOBS, 60)
        patched = [job for job in jobs if await has_patch(job)]
        assert patched, "all jobs began on workers of the version before"
        await running.carrier.end_all()
        await eventually(lambda: failures(patched[0]), 60)
        began_at = time.monotonic()
        async with of_the_next_version(running):
            for job in jobs:
                await job.handle.result(rpc_timeout=timedelta(seconds=400))
    print(f"\n{len(patched)} of {JOBS} jobs stood still for {time.monotonic() - began_at:.0f} s beside old workers")
    assert len(running.carrier.calls) == JOBS
    assert [job for job in jobs if job not in patched and await failures(job)] == []
