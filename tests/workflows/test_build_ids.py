"""Workers with build ids: jobs move on to the release that is current, in mid-call, and back; nothing is pinned."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import VersionDrainageStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from domain.statuses import ContactStatus
from store.db.engine import Database
from tests.builders import a_job, an_organization
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually
from tests.workflows.conftest import SKIPPING, start_temporal
from tests.workflows.running import Job, Running
from workflows.batch_job import BatchJob
from workflows.names import DEPLOYMENT

OLD, NEW = "0.1.0", "0.2.0"
TIMEOUT = timedelta(seconds=10)
SOON = (  # a version that is not current any more is looked at after minutes otherwise
    *("--dynamic-config-value", 'matching.wv.VersionDrainageStatusVisibilityGracePeriod="1s"'),
    *("--dynamic-config-value", 'matching.wv.VersionDrainageStatusRefreshInterval="1s"'),
)


@pytest.fixture
async def running(engine: Database, database_url: str) -> AsyncIterator[Running]:
    """No workers yet."""
    async with await start_temporal(*SKIPPING, *SOON) as environment:
        running = Running(environment, engine, database_url)
        yield running
        await running.close()


async def promote(client: Client, build_id: str) -> None:
    """As `temporal worker deployment set-current-version`, once workers of it are known."""

    async def is_set() -> bool:
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id
        )
        try:
            await client.workflow_service.set_worker_deployment_current_version(request, timeout=TIMEOUT)
        except RPCError:
            return False
        return True

    await eventually(is_set, 60)


async def ramp(client: Client, build_id: str, percentage: float) -> None:
    """As `temporal worker deployment set-ramping-version`."""

    async def is_set() -> bool:
        request = SetWorkerDeploymentRampingVersionRequest(
            namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build_id, percentage=percentage
        )
        try:
            await client.workflow_service.set_worker_deployment_ramping_version(request, timeout=TIMEOUT)
        except RPCError:
            return False
        return True

    await eventually(is_set, 60)


async def is_drained(client: Client, build_id: str) -> bool:
    request = DescribeWorkerDeploymentVersionRequest(
        namespace=client.namespace,
        deployment_version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
    )
    answer = await client.workflow_service.describe_worker_deployment_version(request, timeout=TIMEOUT)
    info = answer.worker_deployment_version_info.drainage_info
    return info.status == VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED


async def builds_of(job: Job) -> list[str]:
    """Which builds did a job's tasks, in their order, each once in a row."""
    builds: list[str] = []
    for history in await job.histories():
        for event in history.events:
            done: Any = event.workflow_task_completed_event_attributes
            build = done.deployment_version.build_id or done.worker_deployment_version
            if event.HasField("workflow_task_completed_event_attributes") and builds[-1:] != [build]:
                builds.append(build)
    return builds


async def until_on(job: Job, build_id: str) -> None:
    """Return when a task of the job went to that build: queues hear of a promotion a little later."""

    async def is_on() -> bool:
        await job.handle.signal(BatchJob.refresh)
        await asyncio.sleep(0.2)
        return (await builds_of(job))[-1] == build_id

    await eventually(is_on, 60)


async def a_talking_job(running: Running) -> Job:
    """With two calls on the phone."""
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    stored = await a_job(running.engine, given, 2, concurrent_call_limit=2)
    job = await running.start_in_real_time(given, stored)
    await eventually(lambda: len(running.carrier.live) == 2, 60)
    return job


async def test_a_job_moves_to_the_release_that_is_promoted_in_mid_call(running: Running) -> None:
    async with running.workers(build_id=OLD):
        await promote(running.client, OLD)
        job = await a_talking_job(running)
        async with running.workers(build_id=NEW):
            await promote(running.client, NEW)
            await until_on(job, NEW)
            await running.carrier.end_all()
            await job.result()
            assert [contact["status"] for contact in await job.contacts()] == [ContactStatus.COMPLETED] * 2
            assert len(running.carrier.calls) == 2
            assert await builds_of(job) == [OLD, NEW]
            assert await running.workflows.find_unpolled_queues() == ["outdial-webhooks"]  # which these workers lack
            await eventually(lambda: is_drained(running.client, OLD), 60)


async def test_a_release_without_promotion_gets_nothing_and_with_a_ramp_all_that_is_ramped(running: Running) -> None:
    async with running.workers(build_id=OLD), running.workers(build_id=NEW):
        await promote(running.client, OLD)
        job = await a_talking_job(running)
        assert await builds_of(job) == [OLD]
        await ramp(running.client, NEW, 100)
        await until_on(job, NEW)
        await running.carrier.end_all()
        await job.result()
        assert await builds_of(job) == [OLD, NEW]


async def test_jobs_of_workers_without_build_ids_go_over_and_a_promotion_is_taken_back(running: Running) -> None:
    async with running.workers():
        job = await a_talking_job(running)
        async with running.workers(build_id=NEW), running.workers(build_id=OLD):
            await promote(running.client, NEW)
            await until_on(job, NEW)
            await promote(running.client, OLD)
            await until_on(job, OLD)
            await running.carrier.end_all()
            await job.result()
            assert await builds_of(job) == ["", NEW, OLD]
