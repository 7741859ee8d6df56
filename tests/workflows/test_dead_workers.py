"""A worker that died: what it was doing goes on at once, and not when Temporal has waited long enough."""

import time
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
    ResetStickyTaskQueueRequest,
)
from temporalio.client import Client

from activities.calls.take_over import TakeOver
from domain.statuses import JobStatus
from store.db.listen import Notices
from store.workers import Workers
from tests.builders import a_job, a_number, an_organization
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually
from tests.workflows.running import Job, Running
from workflows.batch_job import CALL_HEARTBEAT, TASK_TIMEOUT, BatchJob
from workflows.names import CALLS_QUEUE, JOBS_QUEUE, job_workflow_id, worker_identity

DEAD, ALIVE = 7, 8
CALLS = 3


async def begun_by_the_dead(unmanned: Running) -> Job:
    """A job whose calls a worker took, and died before it claimed one."""
    given = await an_organization(unmanned.engine)
    unmanned.carrier.usually(TALKS_ON)
    stored = await a_job(unmanned.engine, given, CALLS)
    async with unmanned.workers(identity=worker_identity(ALIVE), calls=False):
        job = await unmanned.start_in_real_time(given, stored)
        for _ in range(CALLS):
            await unmanned.client.workflow_service.poll_activity_task_queue(
                PollActivityTaskQueueRequest(
                    namespace=unmanned.client.namespace,
                    task_queue=TaskQueue(name=CALLS_QUEUE),
                    identity=worker_identity(DEAD),
                )
            )
    return job


async def die_in_a_workflow_task(unmanned: Running, job: Job) -> None:
    service, namespace = unmanned.client.workflow_service, unmanned.client.namespace
    execution = WorkflowExecution(workflow_id=job_workflow_id(job.id))
    await service.reset_sticky_task_queue(ResetStickyTaskQueueRequest(namespace=namespace, execution=execution))
    await job.handle.signal(BatchJob.refresh)
    queue = TaskQueue(name=JOBS_QUEUE)
    request = PollWorkflowTaskQueueRequest(namespace=namespace, task_queue=queue, identity=worker_identity(DEAD))
    await service.poll_workflow_task_queue(request)


async def is_taken_over(unmanned: Running, job: Job, within: timedelta) -> None:
    """Each call goes on with a worker that lives, and is asked for once."""
    began = time.monotonic()
    async with unmanned.workers(identity=worker_identity(ALIVE)):
        assert await unmanned.workflows.take_over(job.id, [ALIVE])
        await eventually(lambda: len(unmanned.carrier.live) == CALLS)
        assert time.monotonic() - began < within.total_seconds()
        await unmanned.end_all_calls(job)
        assert await job.result() is JobStatus.COMPLETED

    assert sorted(order.to for order in unmanned.carrier.asked) == sorted(a_number(n) for n in range(CALLS))


async def test_calls_of_a_dead_worker_are_taken_over_at_once(unmanned: Running) -> None:
    job = await begun_by_the_dead(unmanned)
    await is_taken_over(unmanned, job, within=CALL_HEARTBEAT / 2)


async def test_a_workflow_task_of_a_dead_worker_is_done_again_at_once(unmanned: Running) -> None:
    job = await begun_by_the_dead(unmanned)
    await die_in_a_workflow_task(unmanned, job)
    await is_taken_over(unmanned, job, within=TASK_TIMEOUT / 2)


async def test_calls_of_those_who_live_are_left_to_them(unmanned: Running) -> None:
    given = await an_organization(unmanned.engine)
    unmanned.carrier.usually(TALKS_ON)
    stored = await a_job(unmanned.engine, given, CALLS)
    async with unmanned.workers(identity=worker_identity(ALIVE)):
        job = await unmanned.start_in_real_time(given, stored)
        await eventually(lambda: len(unmanned.carrier.live) == CALLS)

        assert not await unmanned.workflows.take_over(job.id, [ALIVE])
        assert not await unmanned.workflows.take_over("job_unknown", [ALIVE])

        await unmanned.end_all_calls(job)
        await job.result()
    assert len(await job.run_ids()) == 1


async def test_who_lives_and_is_taken_for_dead_calls_nobody_twice(unmanned: Running) -> None:
    """Both follow the same calls, and either may place those that wait: by the dial's row one of them does."""
    given = await an_organization(unmanned.engine)
    unmanned.carrier.usually(TALKS_ON)
    stored = await a_job(unmanned.engine, given, 4 * CALLS, concurrent_call_limit=2 * CALLS)
    dead, alive = worker_identity(DEAD), worker_identity(ALIVE)
    async with unmanned.workers(identity=dead), unmanned.workers(await a_client(unmanned), identity=alive):
        job = await unmanned.start_in_real_time(given, stored)
        await eventually(lambda: len(unmanned.carrier.live) == 2 * CALLS)

        for _ in range(3):
            await unmanned.workflows.take_over(job.id, [ALIVE])
            for call in unmanned.carrier.live[:CALLS]:
                await unmanned.carrier.end(call)
        await unmanned.end_all_calls(job)
        assert await job.result() is JobStatus.COMPLETED

    assert sorted(order.to for order in unmanned.carrier.asked) == sorted(a_number(n) for n in range(4 * CALLS))


async def test_the_eldest_looks_when_it_begins_and_when_one_is_missing(unmanned: Running, database_url: str) -> None:
    job = await begun_by_the_dead(unmanned)
    eldest, younger = Workers(database_url), Workers(database_url)
    async with eldest.joined(Notices(database_url), _ignore):
        await eventually(lambda: _are_present(eldest, 1))
        async with (
            unmanned.workers(identity=worker_identity(eldest.number)),
            younger.joined(Notices(database_url), _ignore),
        ):
            await eventually(lambda: _are_present(eldest, 3))
            await TakeOver(younger, unmanned.found, unmanned.workflows).check()
            assert not unmanned.carrier.live

            await TakeOver(eldest, unmanned.found, unmanned.workflows).check()
            await eventually(lambda: len(unmanned.carrier.live) == CALLS)
            await unmanned.end_all_calls(job)
            assert await job.result() is JobStatus.COMPLETED


async def a_client(running: Running) -> Client:
    """Of another process: one has one worker of a queue."""
    address, namespace = running.client.service_client.config.target_host, running.client.namespace
    return await Client.connect(address, namespace=namespace, data_converter=running.client.data_converter)


async def _are_present(asked: Workers, count: int) -> bool:
    return len(await asked.list_present()) == count


def _ignore(_: str) -> None:
    """Runs that close."""
