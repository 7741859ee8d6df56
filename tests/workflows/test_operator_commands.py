"""What operators ask of a job, from Temporal's side: once or twice, it means the same."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from domain.statuses import ContactStatus, JobStatus
from tests.builders import a_job, an_organization
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually
from tests.workflows.running import Job, Running
from workflows.batch_job import BatchJob
from workflows.dispatch_state import WaitingFor
from workflows.web_ui import JobProgress

IN_A_MONTH = timedelta(days=30)
ONCE_OR_TWICE = pytest.mark.parametrize("times", [1, 2])


async def a_waiting_job(running: Running, contacts: int = 2) -> Job:
    """Scheduled for a month from now, in real time."""
    given = await an_organization(running.engine)
    start_at = datetime.now(UTC) + IN_A_MONTH
    stored = await a_job(running.engine, given, contacts, scheduled_start_time=start_at)
    return await running.start_in_real_time(given, stored, start_at)


async def a_calling_job(running: Running, contacts: int = 4, lines: int = 2) -> Job:
    """All of its lines talk, until their calls are ended."""
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    stored = await a_job(running.engine, given, contacts, concurrent_call_limit=lines)
    job = await running.start_in_real_time(given, stored)
    await eventually(lambda: len(running.carrier.live) == min(lines, contacts))
    return job


async def say(times: int, what: Callable[[], Awaitable[None]]) -> None:
    for _ in range(times):
        await what()


@ONCE_OR_TWICE
async def test_start_now_starts_a_job_that_waits(running: Running, times: int) -> None:
    job = await a_waiting_job(running)
    await say(times, lambda: job.handle.signal(BatchJob.start_now))

    assert await job.result() is JobStatus.COMPLETED
    assert len(running.carrier.calls) == 2


async def test_a_job_that_waits_says_so(running: Running) -> None:
    job = await a_waiting_job(running)

    progress = await job.handle.query(BatchJob.progress)

    assert progress == JobProgress(
        live_calls=0, lines_held=0, lines_wanted=0, waiting_for=WaitingFor(reason="start", until=None)
    )


async def test_a_nudge_does_not_start_a_job_that_waits(running: Running) -> None:
    job = await a_waiting_job(running)

    await running.workflows.nudge(job.id)
    await eventually(lambda: _runs(job, 3))

    assert await job.status() is JobStatus.SCHEDULED
    assert not running.carrier.asked


@ONCE_OR_TWICE
async def test_reschedule_moves_a_start_that_has_not_come(running: Running, times: int) -> None:
    job = await a_waiting_job(running)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await say(times, lambda: job.handle.signal(BatchJob.reschedule, soon))

    assert await job.result() is JobStatus.COMPLETED
    assert min(call.placed_at for call in running.carrier.calls) >= soon


@ONCE_OR_TWICE
async def test_pause_dials_nobody_and_resume_goes_on(running: Running, times: int) -> None:
    job = await a_calling_job(running)
    await say(times, lambda: job.handle.signal(BatchJob.pause))
    await job.until(JobStatus.PAUSED)
    await running.carrier.end_all()
    await eventually(lambda: _statuses(job, ContactStatus.COMPLETED, 2))
    await eventually(lambda: _waits_for(job, "resume"))
    assert len(running.carrier.asked) == 2

    await say(times, lambda: job.handle.signal(BatchJob.resume))
    await eventually(lambda: len(running.carrier.live) == 2)
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED
    assert len(running.carrier.asked) == 4


@ONCE_OR_TWICE
async def test_cancel_lets_live_calls_end_by_themselves(running: Running, times: int) -> None:
    job = await a_calling_job(running)
    await say(times, lambda: job.handle.signal(BatchJob.cancel))
    await job.until(JobStatus.CANCELLED)
    assert len(running.carrier.live) == 2

    await running.carrier.end_all()

    assert await job.result() is JobStatus.CANCELLED
    assert [contact["status"] for contact in await job.contacts()] == ["completed"] * 2 + ["cancelled"] * 2
    assert not any(call.hung_up for call in running.carrier.calls)


@ONCE_OR_TWICE
async def test_cancel_and_hang_up_ends_live_calls(running: Running, times: int) -> None:
    job = await a_calling_job(running)
    await say(times, lambda: job.handle.signal(BatchJob.cancel_and_hang_up))

    assert await job.result() is JobStatus.CANCELLED
    assert all(call.hung_up for call in running.carrier.calls)
    assert len(running.carrier.calls) == 2


async def test_cancel_ends_a_job_that_waits(running: Running) -> None:
    job = await a_waiting_job(running)
    await job.handle.signal(BatchJob.cancel)

    assert await job.result() is JobStatus.CANCELLED
    assert not running.carrier.asked


async def test_temporals_own_cancel_means_cancel_and_live_calls_are_followed(running: Running) -> None:
    job = await a_calling_job(running)
    await job.handle.cancel()
    await job.until(JobStatus.CANCELLED)
    assert len(running.carrier.live) == 2
    await running.carrier.end_all()

    assert await job.result() is JobStatus.CANCELLED
    assert await job.closed_as() is WorkflowExecutionStatus.COMPLETED


async def test_temporals_own_cancel_ends_a_job_that_waits(running: Running) -> None:
    job = await a_waiting_job(running)
    await job.handle.cancel()

    assert await job.result() is JobStatus.CANCELLED


async def test_temporals_own_cancel_is_heard_before_the_first_step(unmanned: Running) -> None:
    given = await an_organization(unmanned.engine)
    job = await unmanned.start_in_real_time(given, await a_job(unmanned.engine, given, 2))
    await job.handle.cancel()

    async with unmanned.workers():
        assert await job.result() is JobStatus.CANCELLED

    assert not unmanned.carrier.asked


@ONCE_OR_TWICE
async def test_a_higher_limit_takes_effect_at_once(running: Running, times: int) -> None:
    job = await a_calling_job(running, lines=1)
    await say(times, lambda: job.handle.signal(BatchJob.change_limit, 3))

    await eventually(lambda: len(running.carrier.live) == 3)
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED
    assert running.carrier.most_live == 3


async def test_a_lower_limit_takes_effect_as_calls_end(running: Running) -> None:
    job = await a_calling_job(running, contacts=6, lines=3)
    await job.handle.signal(BatchJob.change_limit, 1)
    await eventually(lambda: _lines(job, 1))
    assert len(running.carrier.live) == 3

    await running.carrier.end(running.carrier.live[0])
    await eventually(lambda: _statuses(job, ContactStatus.COMPLETED, 1))
    await running.carrier.end(running.carrier.live[0])
    await eventually(lambda: _statuses(job, ContactStatus.COMPLETED, 2))

    assert len(running.carrier.asked) == 3
    await running.end_all_calls(job)


async def test_what_patch_can_change_can_be_changed_by_signal(running: Running) -> None:
    job = await a_calling_job(running, lines=1)
    fields = {"name": "Autumn", "priority": 9, "concurrentCallLimit": 2, "maxAttempts": 1}
    await job.handle.signal(BatchJob.change, fields)

    await eventually(lambda: len(running.carrier.live) == 2)
    (row,) = await running.rows("SELECT name, priority, max_attempts FROM batch_jobs")
    assert dict(row) == {"name": "Autumn", "priority": 9, "max_attempts": 1}
    await running.end_all_calls(job)


async def test_a_change_that_cannot_be_read_changes_nothing(running: Running) -> None:
    job = await a_calling_job(running, lines=1)
    await job.handle.signal(BatchJob.change, {"priority": "high", "name": "Autumn"})
    await job.handle.signal(BatchJob.change, {"color": "red"})
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED
    (row,) = await running.rows("SELECT name, priority FROM batch_jobs")
    assert dict(row) == {"name": "Reminders", "priority": 5}


@ONCE_OR_TWICE
async def test_a_contact_that_is_removed_is_not_called(running: Running, times: int) -> None:
    job = await a_calling_job(running, contacts=3, lines=1)
    last = (await job.contacts())[-1]
    await say(times, lambda: job.handle.signal(BatchJob.remove_contact, last["id"]))
    await eventually(lambda: _statuses(job, ContactStatus.CANCELLED, 1))
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED
    assert len(running.carrier.asked) == 2


async def test_what_was_changed_in_the_record_is_seen_after_a_nudge(running: Running) -> None:
    job = await a_calling_job(running)
    await running.control.cancel(job.organization_id, job.id, hang_up=True)

    await running.workflows.nudge(job.id)

    assert await job.result() is JobStatus.CANCELLED


async def test_what_the_status_does_not_allow_changes_nothing(running: Running) -> None:
    job = await a_calling_job(running)
    await job.handle.signal(BatchJob.start_now)
    await job.handle.signal(BatchJob.resume)
    await job.handle.signal(BatchJob.reschedule, datetime.now(UTC) + IN_A_MONTH)
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED


async def _runs(job: Job, count: int) -> bool:
    return len(await job.run_ids()) >= count


async def _statuses(job: Job, status: ContactStatus, count: int) -> bool:
    return [contact["status"] for contact in await job.contacts()].count(status) == count


async def _waits_for(job: Job, reason: str) -> bool:
    return (await job.handle.query(BatchJob.progress)).waiting_for == WaitingFor(reason=reason)


async def _lines(job: Job, lines: int) -> bool:
    return (await job.handle.query(BatchJob.progress)).lines_held == lines
