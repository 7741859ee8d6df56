"""Everything stops, and goes on; a start that was missed, and a number that is gone."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.calls.dispatch import NotNowReason
from domain.calls.models import HangUpReason
from domain.jobs.models import JobChange
from domain.statuses import JobStatus
from store.audit_log import AuditLog
from store.errors import WrongStatus
from store.tables import agents, phone_numbers
from tests.store.calling import Calling, a_caller, ago

BY = "key_0"
LATER = datetime(2027, 3, 1, 9, tzinfo=UTC)


async def test_stop_pauses_every_job_and_hangs_up_where_it_shall(shared: Calling) -> None:
    given, other = await a_caller(shared.engine), await a_caller(shared.engine)
    running, theirs = await shared.a_job(given, 2), await shared.a_job(other, 2)
    waiting = await shared.a_waiting_job(given, 1, scheduled_start_time=LATER)
    call, their_call = await running.call(), await theirs.call()

    stopped = await shared.lifecycle.stop(given.id, hang_up=True, by=BY)

    assert (set(stopped.job_ids), stopped.live) == ({running.id, waiting.id}, 1)
    assert [(await job.row()).status for job in (running, waiting, theirs)] == ["paused", "paused", "running"]
    assert await running.is_held(1) is NotNowReason.GATE
    assert (await call.row()).hang_up_reason == HangUpReason.CALLED_OFF
    assert (await their_call.row()).hang_up_reason is None


async def test_a_second_stop_is_not_recorded(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, 1)

    for _ in range(2):
        await shared.lifecycle.stop(given.id, hang_up=False, by=BY)

    entries = (await AuditLog(shared.engine).list_page(given.id, None, 1, 50)).entries
    recorded = [(entry.action.value, entry.actor, entry.job_id) for entry in entries[:2]]
    assert recorded == [("stopped", BY, None), ("paused", BY, job.id)]


async def test_resume_lets_go_on_what_stop_paused_and_nothing_else(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    running, paused = await shared.a_job(given, 1), await shared.a_job(given, 1)
    waiting = await shared.a_waiting_job(given, 1, scheduled_start_time=LATER)
    await paused.pause()
    await shared.lifecycle.stop(given.id, hang_up=False, by=BY)

    assert set(await shared.lifecycle.resume_all(given.id, by=BY)) == {running.id, waiting.id}

    assert [(await job.row()).status for job in (running, waiting, paused)] == ["running", "scheduled", "paused"]


async def test_who_was_hung_up_before_answering_is_called_again_after_a_stop(shared: Calling) -> None:
    job, call = await shared.a_call()
    await call.rings()
    await shared.lifecycle.stop(job.given.id, hang_up=True, by=BY)

    await call.ends()

    contact = await job.contact()
    assert (contact.status, contact.attempts) == ("queued", 0)


@pytest.mark.parametrize(("missed_by", "status"), [(119, "running"), (121, "paused")])
async def test_a_start_missed_by_too_much_waits_for_a_person(shared: Calling, missed_by: int, status: str) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1, scheduled_start_time=LATER)
    await job.change(created_at=ago(hours=3), scheduled_start_time=ago(minutes=missed_by))

    assert await shared.lifecycle.begin(job.given.id, job.id) == status

    if status == "paused":
        assert "was missed by more than 120 minutes" in (await job.row()).status_reason
        assert await shared.lifecycle.resume(job.given.id, job.id, by=BY) is JobStatus.PENDING
        assert await shared.lifecycle.begin(job.given.id, job.id) is JobStatus.RUNNING


@pytest.mark.parametrize(("late", "status"), [(timedelta(hours=10), "paused"), (timedelta(hours=1), "running")])
async def test_a_job_that_was_to_start_at_once_is_not_started_hours_later(
    shared: Calling, late: timedelta, status: str
) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1)
    await job.change(created_at=sa.func.clock_timestamp() - late)

    assert await shared.lifecycle.begin(job.given.id, job.id) == status

    if status == "paused":
        assert "was missed by more than 120 minutes" in (await job.row()).status_reason
        await shared.lifecycle.resume(job.given.id, job.id, by=BY)
        await job.change(resumed_at=sa.func.clock_timestamp() - late)
        assert await shared.lifecycle.begin(job.given.id, job.id) is JobStatus.PAUSED  # nor hours after the resume
        await shared.lifecycle.resume(job.given.id, job.id, by=BY)
        assert await shared.lifecycle.begin(job.given.id, job.id) is JobStatus.RUNNING


async def test_a_start_that_was_moved_while_the_workflow_awoke_has_not_come(shared: Calling) -> None:
    awake = datetime.now(UTC)
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1, scheduled_start_time=awake + timedelta(hours=1))
    moved = JobChange(scheduled_start_time=LATER)
    await shared.updates.change(job.given.id, job.id, moved, by=BY)

    assert await shared.lifecycle.begin(job.given.id, job.id, awake + timedelta(hours=1)) is JobStatus.SCHEDULED

    row = await job.row()
    assert (row.dialling, row.actual_start_time, row.scheduled_start_time) == (False, None, LATER)
    assert await shared.lifecycle.begin(job.given.id, job.id, LATER) is JobStatus.RUNNING


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("number", "The number to call from was removed while the job waited."),
        ("agent", "Its agent was removed while the job waited."),
        ("assignment", "Its number has no outbound agent any more."),
    ],
)
async def test_a_job_whose_number_or_agent_is_gone_waits_for_a_person(shared: Calling, gone: str, reason: str) -> None:
    given = await a_caller(shared.engine)
    first, second = [await shared.a_waiting_job(given, 1) for _ in range(2)]
    number = phone_numbers.c.id == given.number.id
    match gone:
        case "number":
            await shared.change(phone_numbers, number, removed_at=ago(seconds=1))
        case "agent":
            await shared.change(agents, agents.c.organization_id == given.id, removed_at=ago(seconds=1))
        case "assignment":
            await shared.change(phone_numbers, number, outbound_agent_id=sa.null())

    assert await shared.lifecycle.begin(given.id, first.id) is JobStatus.PAUSED
    with pytest.raises(WrongStatus):
        await shared.lifecycle.start_now(given.id, second.id, by=BY)

    for job in (first, second):
        row = await job.row()
        assert (row.status, row.status_reason) == ("paused", reason)
