"""A job's life from its start to its end."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus

from activities.jobs import JobActivities, JobRef
from domain.statuses import ContactStatus, JobStatus
from stack.temporal import DYNAMIC_CONFIG
from store.jobs.delete import JobDeletion
from tests.builders import Given, a_job, a_number, an_organization
from tests.fakes.carrier import ANSWERS, BUSY, NO_ANSWER, NO_SUCH_NUMBER
from tests.workflows.running import Running
from workflows.names import lines_workflow_id


async def test_a_job_calls_everybody_once_and_completes(running: Running) -> None:
    given = await an_organization(running.engine)
    job = await running.start(given, await a_job(running.engine, given, 5))

    assert await job.result() is JobStatus.COMPLETED

    assert await job.status() is JobStatus.COMPLETED
    assert sorted(call.order.to for call in running.carrier.calls) == sorted(a_number(n) for n in range(5))
    assert {contact["status"] for contact in await job.contacts()} == {ContactStatus.COMPLETED}
    assert await job.closed_as() is WorkflowExecutionStatus.COMPLETED


async def test_a_scheduled_job_waits_and_its_calls_run_the_code_of_their_day(running: Running) -> None:
    given = await an_organization(running.engine)
    start_at = datetime.now(UTC) + timedelta(days=30)
    stored = await a_job(running.engine, given, 2, scheduled_start_time=start_at)

    job = await running.start(given, stored, start_at)

    assert await job.result() is JobStatus.COMPLETED
    prelude, calling = await job.histories()
    assert calling.events[0].event_time.ToDatetime(UTC) >= start_at
    assert {event.activity_task_scheduled_event_attributes.activity_type.name for event in prelude.events} == {
        "",
        "note_workflow",
    }


async def with_lines(running: Running) -> Given:
    """Whose lines are shared out already: no job has to ask for that."""
    given = await an_organization(running.engine)
    assert await running.workflows.start_lines(given.id)
    return given


async def test_a_job_is_read_where_it_is_begun_and_completed_and_nowhere_else(running: Running) -> None:
    given = await with_lines(running)
    job = await running.start(given, await a_job(running.engine, given, 1))
    assert await job.result() is JobStatus.COMPLETED

    assert await job.activities() == ["begin_job", "call_contact", "complete_job"]


async def test_a_scheduled_job_is_begun_before_it_is_read(running: Running) -> None:
    given = await with_lines(running)
    start_at = datetime.now(UTC) + timedelta(days=30)
    job = await running.start(given, await a_job(running.engine, given, 1, scheduled_start_time=start_at), start_at)
    assert await job.result() is JobStatus.COMPLETED

    assert await job.activities() == ["note_workflow", "begin_job", "call_contact", "complete_job"]


async def test_a_job_whose_start_was_moved_meanwhile_is_not_begun(running: Running) -> None:
    given = await with_lines(running)
    start_at = datetime.now(UTC) + timedelta(days=30)
    stored = await a_job(running.engine, given, 1, scheduled_start_time=start_at)
    await running.change("UPDATE batch_jobs SET scheduled_start_time = scheduled_start_time + interval '1 day'")
    job = await running.start(given, stored, start_at)
    assert await job.result() is JobStatus.COMPLETED

    assert await job.activities() == [
        *("note_workflow", "begin_job"),  # where it was to begin, and learns better
        *("note_workflow", "begin_job", "call_contact", "complete_job"),
    ]


async def test_a_job_that_was_deleted_while_it_waited_ends(running: Running) -> None:
    """Nobody told its workflow that it was cancelled before."""
    given = await with_lines(running)
    start_at = datetime.now(UTC) + timedelta(days=30)
    stored = await a_job(running.engine, given, 1, scheduled_start_time=start_at)
    await running.control.cancel(given.id, stored.id)
    await JobDeletion(running.engine).delete(given.id, stored.id, by="key_0")
    job = await running.start(given, stored, start_at)

    assert await job.result() is JobStatus.CANCELLED


class OfAnOlderVersion(JobActivities):
    """Activities that read no page afterwards."""

    @activity.defn(name="begin_job")
    async def begin_job(self, job: JobRef) -> JobStatus:  # type: ignore[override]
        return JobStatus(await super().begin_job(job))

    @activity.defn(name="complete_job")
    async def complete_job(self, job: JobRef) -> bool:  # type: ignore[override]
        return bool(await super().complete_job(job))


async def test_what_workers_of_an_older_version_did_is_read_by_itself(
    unmanned: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.workflows.running.JobActivities", OfAnOlderVersion)
    async with unmanned.workers(settle_seconds=0):
        given = await with_lines(unmanned)
        job = await unmanned.start(given, await a_job(unmanned.engine, given, 1))
        assert await job.result() is JobStatus.COMPLETED

    assert await job.activities() == ["begin_job", "next_page", "call_contact", "complete_job", "next_page"]


async def test_tasks_that_queue_up_are_taken_by_organization_in_turn(running: Running) -> None:
    given = await an_organization(running.engine)
    start_at = datetime.now(UTC) + timedelta(days=30)
    stored = await a_job(running.engine, given, 1, scheduled_start_time=start_at)
    job = await running.start(given, stored, start_at)
    await job.result()

    lines = await running.histories(lines_workflow_id(given.id))
    started = [run.events[0].workflow_execution_started_event_attributes for run in [*await job.histories(), *lines]]
    assert [run.priority.fairness_key for run in started] == [given.id] * 3
    assert "matching.enableFairness=true" in DYNAMIC_CONFIG


async def test_a_busy_line_is_called_again_when_its_time_has_come(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.script(a_number(0), BUSY, NO_ANSWER, ANSWERS)
    job = await running.start(given, await a_job(running.engine, given, 1))

    assert await job.result() is JobStatus.COMPLETED

    (contact,) = await job.contacts()
    assert (contact["status"], contact["attempts"], contact["dials"]) == (ContactStatus.COMPLETED, 3, 3)
    first, *_, last = await job.events()
    waited = last.event_time.ToDatetime() - first.event_time.ToDatetime()
    assert timedelta(minutes=27) < waited < timedelta(minutes=34)  # both delays count from the real clock


async def test_nobody_is_called_more_often_than_was_asked_for(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.usually(NO_ANSWER)
    running.carrier.script(a_number(1), NO_SUCH_NUMBER)
    job = await running.start(given, await a_job(running.engine, given, 2, max_attempts=2))

    assert await job.result() is JobStatus.COMPLETED

    assert len(running.carrier.calls_to(a_number(0))) == 2
    assert len(running.carrier.calls_to(a_number(1))) == 1
    assert [contact["status"] for contact in await job.contacts()] == [
        ContactStatus.NO_ANSWER,
        ContactStatus.INVALID_NUMBER,
    ]


async def test_who_is_not_reached_by_the_end_time_is_not_called_any_more(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.script(a_number(0), BUSY, ANSWERS)
    end_time = datetime.now(UTC) + timedelta(minutes=2)  # before the first retry
    job = await running.start(given, await a_job(running.engine, given, 2, end_time=end_time))

    assert await job.result() is JobStatus.COMPLETED

    late, reached = await job.contacts()
    assert (late["status"], late["failure_reason"]) == (ContactStatus.CANCELLED, "Not reached in time.")
    assert reached["status"] == ContactStatus.COMPLETED
    assert len(running.carrier.asked) == 2
    last = (await job.events())[-1].event_time.ToDatetime(UTC)
    assert timedelta() <= last - end_time < timedelta(seconds=5)
