"""What the reconciler finds: each thing left undone, and nothing else."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from domain.calls.models import CallState
from domain.statuses import JobStatus
from store.organizations.organizations import Organizations
from store.reconcile import Reconciliation
from store.tables import batch_jobs, carrier_accounts, contacts
from tests.builders import contacts as some_contacts
from tests.store.calling import Call, Calling, Job, a_caller, ago

SLACK = 100.0  # seconds


@pytest.fixture
def reconciliation(shared: Calling) -> Reconciliation:
    return Reconciliation(shared.engine)


# --- jobs without a workflow


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.PAUSED, JobStatus.RUNNING])
async def test_a_stored_job_without_a_workflow_is_found(
    shared: Calling, reconciliation: Reconciliation, status: JobStatus
) -> None:
    job = await _an_old_job(shared)
    if status is JobStatus.PAUSED:
        await job.pause()
    if status is JobStatus.RUNNING:
        await shared.lifecycle.start_now(job.given.id, job.id)

    (found,) = [open_job for open_job in await reconciliation.list_unstarted_jobs() if open_job.id == job.id]

    assert (found.organization_id, found.name, found.status) == (job.given.id, "Reminders", status)


async def test_a_job_that_is_new_had_a_workflow_or_has_ended_needs_none(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    new = await shared.a_waiting_job(await a_caller(shared.engine), 1)
    started, cancelled = await _an_old_job(shared), await _an_old_job(shared)
    await shared.due_pages.mark_workflow_started(started.id)
    await cancelled.cancel()

    found = {job.id for job in await reconciliation.list_unstarted_jobs()}

    assert found.isdisjoint({new.id, started.id, cancelled.id})


# --- open jobs


async def test_an_open_job_with_a_workflow_is_found_until_it_ends(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1)
    assert job.id not in await _open(reconciliation)

    await shared.lifecycle.begin(job.given.id, job.id)
    assert job.id in await _open(reconciliation)
    await job.pause()
    assert job.id in await _open(reconciliation)

    await job.cancel()
    assert job.id not in await _open(reconciliation)


# --- dials


@pytest.mark.parametrize(
    ("asked", "answered", "speed", "found"),
    [
        (135, None, 1, False),  # it may ring 45 seconds
        (155, None, 1, True),
        (9000, 690, 1, False),  # it may talk 600 seconds
        (9000, 710, 1, True),
        (105, 105, 60, False),  # the speed divides that, and not the slack
        (115, 115, 60, True),
    ],
)
async def test_a_call_that_rings_or_talks_forever_is_overdue(
    shared: Calling, asked: int, answered: int | None, speed: int, found: bool
) -> None:
    call = await _a_call(shared)
    await (call.rings() if answered is None else call.answers())
    await call.change(asked_at=ago(seconds=asked), answered_at=sa.null() if answered is None else ago(seconds=answered))

    assert (await call.id() in await _overdue(Reconciliation(shared.engine, speed=speed))) is found


async def test_a_dial_without_a_call_id_is_overdue_too_until_it_ends(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    call = await _a_call(shared)
    await call.change(asked_at=ago(seconds=155))

    (found,) = [dial for dial in await reconciliation.list_overdue_dials(SLACK) if dial.contact_id == call.contact_id]

    assert (found.number_of_dial, found.account, found.state, found.call_id) == (1, "twilio", CallState.ASKED, None)
    await call.completes()
    assert found.id not in await _overdue(reconciliation)


# --- jobs that call


async def test_jobs_that_run_or_whose_calls_are_live_are_found(shared: Calling, reconciliation: Reconciliation) -> None:
    call = await _a_call(shared)
    job_id = str((await call.row()).job_id)
    waiting = await shared.a_waiting_job(await a_caller(shared.engine), 1)

    assert job_id in await reconciliation.list_calling_jobs()
    assert waiting.id not in await reconciliation.list_calling_jobs()
    await shared.change(batch_jobs, batch_jobs.c.id == job_id, status=JobStatus.CANCELLED)
    assert job_id in await reconciliation.list_calling_jobs()
    await call.completes()
    assert job_id not in await reconciliation.list_calling_jobs()


# --- stuck jobs


@pytest.mark.parametrize("credits", [Decimal(10), None])
async def test_a_running_job_for_which_nothing_happens_is_stuck_for_as_long_as_contacts_are_due(
    shared: Calling, reconciliation: Reconciliation, credits: Decimal | None
) -> None:
    job = await _a_stuck_job(shared, credits=credits)
    assert job.id in await reconciliation.list_stuck_jobs()

    await shared.change(contacts, contacts.c.job_id == job.id, due_at=ago(seconds=50))
    assert job.id not in await reconciliation.list_stuck_jobs()  # they have just become due
    await shared.change(contacts, contacts.c.job_id == job.id, due_at=ago(seconds=70))
    await job.pause()
    assert job.id not in await reconciliation.list_stuck_jobs()


async def test_a_job_is_not_stuck_while_its_organization_is_on_the_phone_or_was_a_moment_ago(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    job = await _a_stuck_job(shared)
    other = await shared.a_job(job.given, some_contacts(1, start=50))
    call = await other.call()
    await call.change(asked_at=ago(minutes=5))
    assert job.id not in await reconciliation.list_stuck_jobs()

    await call.completes()
    assert job.id in await reconciliation.list_stuck_jobs()

    await call.change(asked_at=ago(seconds=50))
    assert job.id not in await reconciliation.list_stuck_jobs()


async def test_a_job_that_waits_for_its_carrier_account_is_not_stuck(calling: Calling) -> None:
    job = await _a_stuck_job(calling)
    reconciliation = Reconciliation(calling.engine)
    assert await reconciliation.list_stuck_jobs() == [job.id]

    await calling.change(carrier_accounts, closed_until=ago(seconds=-60))

    assert await reconciliation.list_stuck_jobs() == []


@pytest.mark.parametrize(("top_up", "stuck"), [("0.02", False), ("0.03", True)])
async def test_a_job_that_waits_for_credits_is_not_stuck(
    shared: Calling, reconciliation: Reconciliation, top_up: str, stuck: bool
) -> None:
    """Of its hold of 0.07 dollars 0.007583 are left: no two minutes, unless the free credits add the rest."""
    job = await _a_stuck_job(shared, credits=Decimal("0.07"), count=2)
    call = await job.call()
    await call.completes(seconds=214)
    await call.change(asked_at=ago(minutes=5))

    await shared.ledger.top_up(job.given.id, Decimal(top_up))

    assert (job.id in await reconciliation.list_stuck_jobs()) is stuck


async def test_a_job_with_a_hold_of_its_own_is_stuck_though_the_balance_is_below_zero(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    job = await _a_stuck_job(shared, credits=Decimal("0.105"), count=2)
    talkative = await shared.a_job(job.given, some_contacts(1, start=50))
    call = await talkative.call()
    await call.completes(seconds=3600)
    await call.change(asked_at=ago(minutes=5))

    assert job.id in await reconciliation.list_stuck_jobs()


# --- sleeping jobs


async def test_a_job_whose_due_contacts_nobody_calls_sleeps_whatever_other_jobs_do(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    job = await _a_stuck_job(shared, count=3)
    other = await shared.a_job(job.given, some_contacts(1, start=50))
    await (await other.call()).answers()

    assert job.id in await reconciliation.list_sleeping_jobs()
    call = await job.call(0)
    assert job.id not in await reconciliation.list_sleeping_jobs()  # it has just called
    await call.answers()
    await call.change(asked_at=ago(minutes=5))
    assert job.id in await reconciliation.list_sleeping_jobs()  # its own long call is no reason to call nobody else
    await call.completes()
    assert job.id not in await reconciliation.list_sleeping_jobs()  # its workflow has just been woken
    await call.change(ended_at=ago(minutes=2))
    assert job.id in await reconciliation.list_sleeping_jobs()


@pytest.mark.parametrize("limit", ["job", "organization", "maxCost"])
async def test_a_job_that_waits_for_a_line_or_for_money_does_not_sleep(
    shared: Calling, reconciliation: Reconciliation, limit: str
) -> None:
    job = await _a_stuck_job(shared, count=2)
    call = await job.call(0)
    await call.change(asked_at=ago(minutes=5))
    assert job.id in await reconciliation.list_sleeping_jobs()

    match limit:
        case "job":
            await job.change(concurrent_call_limit=1)
        case "organization":
            await Organizations(shared.engine).set_concurrent_call_limit(job.given.id, 1)
        case "maxCost":
            await job.change(max_cost=Decimal("0.05"))

    assert job.id not in await reconciliation.list_sleeping_jobs()


async def test_a_job_with_nobody_left_sleeps_until_it_is_completed(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    assert job.id not in await reconciliation.list_sleeping_jobs()
    await shared.updates.remove_contact(job.given.id, job.id, job.contact_ids[0], by="key_0")

    assert job.id in await reconciliation.list_sleeping_jobs()
    await shared.lifecycle.complete(job.given.id, job.id)
    assert job.id not in await reconciliation.list_sleeping_jobs()


async def test_a_job_whose_start_has_passed_sleeps(shared: Calling, reconciliation: Reconciliation) -> None:
    later = datetime.now(UTC) + timedelta(days=9)
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1, scheduled_start_time=later)
    await shared.due_pages.mark_workflow_started(job.id)
    assert job.id not in await reconciliation.list_sleeping_jobs()

    await job.change(created_at=ago(hours=1), scheduled_start_time=ago(seconds=70))  # moved; the nudge was lost

    assert job.id in await reconciliation.list_sleeping_jobs()


async def test_a_job_that_was_cancelled_lately_may_have_a_workflow_that_did_not_hear(
    shared: Calling, reconciliation: Reconciliation
) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine), 1)
    await job.cancel()
    assert job.id not in await reconciliation.list_sleeping_jobs()

    await job.change(completed_at=ago(seconds=70))
    assert job.id in await reconciliation.list_sleeping_jobs()
    await job.change(completed_at=ago(hours=1))
    assert job.id not in await reconciliation.list_sleeping_jobs()


async def _an_old_job(calling: Calling) -> Job:
    job = await calling.a_waiting_job(await a_caller(calling.engine), 1)
    await calling.change(batch_jobs, batch_jobs.c.id == job.id, created_at=ago(seconds=20))
    return job


async def _a_stuck_job(calling: Calling, credits: Decimal | None = Decimal(10), count: int = 2) -> Job:
    job = await calling.a_job(await a_caller(calling.engine, credits=credits), count)
    await calling.change(contacts, contacts.c.job_id == job.id, due_at=ago(seconds=70))
    return job


async def _a_call(calling: Calling) -> Call:
    job = await calling.a_job(await a_caller(calling.engine), 1, ring_seconds=45, max_call_seconds=600)
    return await job.call()


async def _open(reconciliation: Reconciliation) -> list[str]:
    return [job.id for job in await reconciliation.list_open_jobs()]


async def _overdue(reconciliation: Reconciliation) -> list[str]:
    return [dial.id for dial in await reconciliation.list_overdue_dials(SLACK)]
