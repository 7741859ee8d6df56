"""A mistake in a workflow's code is seen in Temporal, and undone by the next deployment: no job is lost by it."""

from typing import NoReturn

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus

from domain.statuses import JobStatus
from tests.builders import a_job, an_organization
from tests.waiting import eventually
from tests.workflows.running import Job, Running
from workflows.dispatch_state import DispatchState

BACKOFF_SECONDS = 40.0  # the server waits up to ten seconds before it has a failed task tried again, then longer


def mistaken(*_: object, **__: object) -> NoReturn:
    raise KeyError("a mistake in our own code")


async def failed_tasks(job: Job) -> list[HistoryEvent]:
    return [event for event in await job.events() if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]


async def test_a_bug_after_a_call_fails_the_workflow_task_and_the_job_goes_on_once_it_is_fixed(
    unmanned: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = await an_organization(unmanned.engine)
    stored = await a_job(unmanned.engine, given, 3, concurrent_call_limit=2)

    async def tells() -> bool:
        return bool(await failed_tasks(job))

    with monkeypatch.context() as bug:
        bug.setattr(DispatchState, "ended", mistaken)
        async with unmanned.workers():
            job = await unmanned.start_in_real_time(given, stored)
            await eventually(tells)
            assert await job.status() is JobStatus.RUNNING
    (failure, *_) = await failed_tasks(job)
    told = failure.workflow_task_failed_event_attributes.failure
    assert (told.application_failure_info.type, told.message) == ("KeyError", "'a mistake in our own code'")
    assert (await job.handle.describe()).raw_description.HasField("pending_workflow_task")

    async with unmanned.workers():
        await eventually(lambda: _is_completed(job), BACKOFF_SECONDS)
    assert len({order.to for order in unmanned.carrier.asked}) == len(unmanned.carrier.asked) == 3


async def _is_completed(job: Job) -> bool:
    return await job.closed_as() is WorkflowExecutionStatus.COMPLETED and await job.status() is JobStatus.COMPLETED
