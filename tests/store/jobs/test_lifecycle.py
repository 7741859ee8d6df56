"""What operators and workflows do to a job. After the answer that the gate is closed no call starts."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from domain.calls.dispatch import NotNowReason
from domain.statuses import ContactStatus, JobStatus
from store.calls.claim import Claimed
from store.calls.dial_rows import CHANNEL
from store.calls.in_flight import CallScope, InFlightRequests
from store.db import grouping
from store.db.engine import create_engine
from store.errors import NotFound, WrongStatus
from store.jobs.lifecycle import JobLifecycle
from store.jobs.status import move
from store.tables import contacts, organizations
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller

ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)


# --- start


@pytest.mark.parametrize(("start", "was_scheduled"), [(None, False), (LATER, True)])
async def test_a_waiting_job_starts_now(shared: Calling, start: datetime | None, was_scheduled: bool) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 4, scheduled_start_time=start)

    started = await shared.lifecycle.start_now(job.given.id, job.id)

    row = await job.row()
    assert (started.was_scheduled, started.contacts) == (was_scheduled, 4)
    assert (row.status, row.dialling, row.actual_start_time) == ("running", True, started.started_at)
    await job.call()


async def test_starting_now_moves_the_due_times_to_now(shared: Calling) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 3, scheduled_start_time=LATER)
    assert {contact.due_at for contact in await job.contacts()} == {LATER}

    await shared.lifecycle.start_now(job.given.id, job.id)

    assert max(contact.due_at for contact in await job.contacts()) <= await shared.now()


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("start_now", JobStatus.RUNNING),
        ("start_now", JobStatus.PAUSED),
        *product(("start_now", "pause", "resume", "cancel"), ENDED),
    ],
)
async def test_only_a_job_that_waits_is_started_and_an_ended_one_takes_no_commands(
    shared: Calling, command: str, status: JobStatus
) -> None:
    job = await _in_status(shared, status)
    before = await job.row()

    with pytest.raises(WrongStatus) as refused:
        await getattr(shared.lifecycle, command)(job.given.id, job.id)

    assert refused.value.status is status
    assert await job.row() == before


async def test_beginning_is_idempotent(shared: Calling) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), scheduled_start_time=LATER)

    assert await shared.lifecycle.begin(job.given.id, job.id, LATER) is JobStatus.RUNNING
    began = await job.row()
    assert await shared.lifecycle.begin(job.given.id, job.id, LATER) is JobStatus.RUNNING

    assert began.workflow_started_at is not None
    assert began.dialling is True
    assert await job.row() == began


@pytest.mark.parametrize("status", [JobStatus.PAUSED, *ENDED])
async def test_beginning_changes_nothing_where_somebody_was_faster(shared: Calling, status: JobStatus) -> None:
    job = await _in_status(shared, status)

    assert await shared.lifecycle.begin(job.given.id, job.id) is status
    assert (await job.row()).dialling is False


# --- pause, resume


@pytest.mark.parametrize("status", [*WAITING, JobStatus.RUNNING])
async def test_nobody_is_dialed_while_a_job_is_paused_and_pause_is_idempotent(
    shared: Calling, status: JobStatus
) -> None:
    job = await _in_status(shared, status)

    assert await shared.lifecycle.pause(job.given.id, job.id, "Lunch.") is JobStatus.PAUSED

    row = await job.row()
    assert (row.status, row.dialling, row.status_reason) == ("paused", False, "Lunch.")
    assert await job.is_held() is NotNowReason.GATE
    assert await shared.lifecycle.pause(job.given.id, job.id) is JobStatus.PAUSED
    assert await job.row() == row


async def test_live_calls_outlast_a_pause_and_the_last_one_completes_the_job(shared: Calling) -> None:
    job, busy = await shared.a_call(2)
    last = await job.call(1)
    await job.pause()

    await busy.is_busy()
    await last.completes()

    contact = await busy.contact()
    assert (contact.status, contact.attempts) == ("queued", 1)
    assert not await shared.lifecycle.complete(job.given.id, job.id)  # it is between attempts
    await shared.change(contacts, contacts.c.id == contact.id, status="busy")
    assert await shared.lifecycle.complete(job.given.id, job.id)


async def test_a_started_job_resumes_calling(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine))
    await shared.lifecycle.pause(job.given.id, job.id, "Lunch.")

    assert await shared.lifecycle.resume(job.given.id, job.id) is JobStatus.RUNNING

    row = await job.row()
    assert (row.status, row.dialling, row.status_reason) == ("running", True, None)
    await job.call()


@pytest.mark.parametrize(
    ("start", "status"),
    [(LATER, JobStatus.SCHEDULED), (None, JobStatus.PENDING), ("passed", JobStatus.PENDING)],
)
async def test_a_job_that_was_paused_before_its_start_resumes_waiting_for_it(
    shared: Calling, start: datetime | str | None, status: JobStatus
) -> None:
    job = await shared.a_waiting_job(
        await a_caller(shared.engine), scheduled_start_time=None if start is None else LATER
    )
    await job.pause()
    if start == "passed":
        await job.change(scheduled_start_time=datetime.now(UTC) - timedelta(hours=1))

    assert await shared.lifecycle.resume(job.given.id, job.id) is status
    assert (await job.row()).dialling is False
    assert await job.is_held() is NotNowReason.GATE
    assert await shared.lifecycle.begin(job.given.id, job.id, LATER) is JobStatus.RUNNING


@pytest.mark.parametrize("status", [*WAITING, JobStatus.RUNNING])
async def test_resuming_what_is_not_paused_changes_nothing(shared: Calling, status: JobStatus) -> None:
    job = await _in_status(shared, status)
    before = await job.row()

    assert await shared.lifecycle.resume(job.given.id, job.id) is status
    assert await job.row() == before


# --- cancel


async def test_cancel_ends_everybody_who_is_not_on_the_phone(shared: Calling) -> None:
    job, talking = await shared.a_call(5)
    between, done = await job.call(1), await job.call(2)
    await between.is_busy()
    await done.completes()

    cancelled = await job.cancel()

    assert (cancelled.was, cancelled.contacts, cancelled.live) == (JobStatus.RUNNING, 3, 1)
    statuses = [contact.status for contact in await job.contacts()]
    assert statuses == ["dialing", "cancelled", "completed", "cancelled", "cancelled"]
    contact, row = await between.contact(), await job.row()
    assert (contact.failure_reason, contact.next_retry_at) == ("The job was cancelled.", None)
    assert contact.completed_at is not None
    assert (row.status, row.dialling) == ("cancelled", False)
    assert row.completed_at is not None
    assert (await talking.row()).hang_up_reason == "withdrawn"  # it had not rung yet
    await talking.answers()
    assert (await talking.row()).hang_up_reason is None
    await talking.completes()
    assert (await talking.contact()).status == ContactStatus.COMPLETED


@pytest.mark.parametrize("status", [*WAITING, JobStatus.RUNNING, JobStatus.PAUSED])
async def test_whatever_has_not_ended_can_be_cancelled(shared: Calling, status: JobStatus) -> None:
    job = await _in_status(shared, status)

    cancelled = await job.cancel()

    assert (cancelled.was, cancelled.contacts) == (status, 3)
    assert (await job.row()).status == "cancelled"
    assert await job.is_held() is NotNowReason.GATE


@pytest.mark.parametrize("live", [0, 2])
async def test_the_hold_goes_back_with_cancel_after_the_last_live_call(shared: Calling, live: int) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 5)
    calls = [await job.call(which) for which in range(live)]
    await job.cancel()

    for call in calls:
        assert (await job.audit()).held > 0
        await call.completes(seconds=60)

    audit = await job.audit()
    assert audit.held == 0
    assert audit.exact


async def test_cancel_with_hang_up_marks_every_live_dial_and_notifies(
    shared: Calling, shared_database_url: str
) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 4)
    other = await shared.a_job(job.given, some_contacts(1, start=10))
    live, bystander = [await job.call(which) for which in range(2)], await other.call()

    async with await _listening(shared_database_url) as listener:
        cancelled = await job.cancel(hang_up=True)
        notified = [notice.payload async for notice in listener.notifies(timeout=5, stop_after=2)]

    assert (cancelled.contacts, cancelled.live) == (2, 2)
    assert sorted(notified) == sorted([(await call.row()).id for call in live])
    assert {(await call.row()).hang_up_reason for call in live} == {"called_off"}
    assert (await bystander.row()).hang_up_reason is None


async def test_a_cancelled_job_with_live_calls_accepts_hang_up(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    call = await job.call()
    await job.cancel()

    again = await job.cancel(hang_up=True)

    assert (again.was, again.contacts, again.live) == (JobStatus.CANCELLED, 0, 1)
    assert (await call.row()).hang_up_reason == "called_off"
    with pytest.raises(WrongStatus):
        await job.cancel()
    await call.ends()
    with pytest.raises(WrongStatus):
        await job.cancel(hang_up=True)


@pytest.mark.parametrize("command", ["cancel", "pause"])
async def test_after_the_answer_no_call_starts(
    shared: Calling, shared_database_url: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The API's process closes the gate while a worker claims 30 contacts at once, a few in each transaction."""
    monkeypatch.setattr(grouping, "MAX_GROUP", 3)
    api = create_engine(shared_database_url, pool_size=1)
    job = await shared.a_job(await a_caller(shared.engine), 30)
    await InFlightRequests(api).count(CallScope(organization_id=job.given.id, job_id=job.id))  # its connection is warm

    claims = [asyncio.create_task(job.claim(which)) for which in range(30)]
    await asyncio.wait(claims, return_when=asyncio.FIRST_COMPLETED)
    await getattr(JobLifecycle(api), command)(job.given.id, job.id)
    dials_at_the_answer = await job.dials()
    await asyncio.gather(*claims)
    await api.dispose()

    passed = [claim.result() for claim in claims if isinstance(claim.result(), Claimed)]
    assert len(passed) == dials_at_the_answer == await job.dials()
    assert 1 <= dials_at_the_answer < 30
    rest = ContactStatus.CANCELLED if command == "cancel" else ContactStatus.PENDING
    assert await _by_status(job) == {"dialing": dials_at_the_answer, rest: 30 - dials_at_the_answer}


@pytest.mark.parametrize("command", ["cancel", "pause"])
async def test_a_claim_that_is_being_checked_is_awaited(shared: Calling, command: str) -> None:
    """What it writes is there when the answer comes; a claim holds its organization's row from first to last."""
    job = await shared.a_job(await a_caller(shared.engine), 2)

    async with shared.engine.begin() as claim:
        await claim.execute(sa.select(organizations).where(organizations.c.id == job.given.id).with_for_update())
        closing = asyncio.create_task(getattr(job, command)())
        done, _ = await asyncio.wait([closing], timeout=0.2)
        assert not done

    await closing
    assert await job.is_held() is NotNowReason.GATE


async def test_of_two_cancels_at_once_one_counts_the_contacts(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 10)

    results = await asyncio.gather(*(job.cancel() for _ in range(4)), return_exceptions=True)

    assert [result.contacts for result in results if not isinstance(result, WrongStatus)] == [10]  # type: ignore[union-attr]


# --- the end


async def test_a_job_completes_when_every_contact_is_final(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 2, max_attempts=1)
    await (await job.call(0)).completes()
    assert not await shared.lifecycle.complete(job.given.id, job.id)
    last = await job.call(1)
    assert not await shared.lifecycle.complete(job.given.id, job.id)
    await last.is_busy()

    assert await shared.lifecycle.complete(job.given.id, job.id)

    row, audit = await job.row(), await job.audit()
    assert (row.status, row.dialling) == ("completed", False)
    assert row.completed_at is not None
    assert audit.held == 0
    assert audit.exact
    assert not await shared.lifecycle.complete(job.given.id, job.id)
    assert await job.row() == row


async def test_a_failed_job_gives_everybody_left_its_reason(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    call = await job.call(0)

    assert await shared.lifecycle.fail(job.given.id, job.id, "Its workflow ended.")

    row, contact = await job.row(), await job.contact(1)
    assert (row.status, row.dialling, row.status_reason) == ("failed", False, "Its workflow ended.")
    assert (contact.status, contact.failure_reason) == ("cancelled", "The job failed: Its workflow ended.")
    assert (await call.contact()).status == "dialing"
    assert (await job.audit()).held > 0
    await call.completes()
    assert (await job.audit()).held == 0


@pytest.mark.parametrize("status", ENDED)
async def test_what_has_ended_does_not_fail(shared: Calling, status: JobStatus) -> None:
    job = await _in_status(shared, status)
    before = await job.row()

    assert not await shared.lifecycle.fail(job.given.id, job.id, "Its workflow ended.")
    assert await job.row() == before


async def test_a_job_moves_only_from_where_it_may(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine))

    async with shared.engine.begin() as connection:
        refused = await move(connection, job.id, "resume", to=JobStatus.RUNNING)
        moved = await move(connection, job.id, "pause", "dialling = false")

    assert (refused, moved) == (False, True)
    assert (await job.row()).status == "paused"


async def test_a_transition_leads_only_where_its_table_allows(shared: Calling) -> None:
    async with shared.engine.begin() as connection:
        for transition, to in (("pause", JobStatus.FAILED), ("resume", None)):
            with pytest.raises(ValueError, match="unpack"):
                await move(connection, "batch_any", transition, to=to)


# --- strangers

COMMANDS: dict[str, tuple[Any, ...]] = {
    "start_now": (),
    "begin": (),
    "pause": (),
    "resume": (),
    "cancel": (),
    "complete": (),
    "fail": ("Because.",),
    "close": (LATER,),
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_job_of_somebody_else_does_not_exist(shared: Calling, command: str) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    stranger = await a_caller(shared.engine)
    before = (await job.row(), await job.contact())

    for organization_id in (stranger.id, "org_none"):
        with pytest.raises(NotFound):
            await getattr(shared.lifecycle, command)(organization_id, job.id, *COMMANDS[command])

    assert (await job.row(), await job.contact()) == before


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_job_that_never_was_does_not_exist(shared: Calling, command: str) -> None:
    for job_id in ("batch_none", "", "batch_\0", "\0"):
        with pytest.raises(NotFound):
            await getattr(shared.lifecycle, command)("org_none", job_id, *COMMANDS[command])


async def _in_status(calling: Calling, status: JobStatus) -> Job:
    given = await a_caller(calling.engine)
    if status in WAITING:
        start = LATER if status is JobStatus.SCHEDULED else None
        return await calling.a_waiting_job(given, 3, scheduled_start_time=start)
    job = await calling.a_job(given, 3)
    match status:
        case JobStatus.PAUSED:
            await job.pause()
        case JobStatus.CANCELLED:
            await job.cancel()
        case JobStatus.FAILED:
            await calling.lifecycle.fail(given.id, job.id, "Because.")
        case JobStatus.COMPLETED:
            await calling.change(contacts, contacts.c.job_id == job.id, status="completed")
            await calling.lifecycle.complete(given.id, job.id)
    return job


async def _by_status(job: Job) -> dict[str, int]:
    return Counter(contact.status for contact in await job.contacts())


async def _listening(database_url: str) -> psycopg.AsyncConnection[Any]:
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    await connection.execute(f"LISTEN {CHANNEL}")
    return connection
