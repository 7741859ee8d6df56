"""What a crash or a person left undone is mended; what was ended by force is never revived."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import ActivityEnvironment

import worker
from activities.reconcile import CLOSED, Fixed
from domain.statuses import ContactStatus, JobStatus
from settings import Settings
from store.contacts.packed import pack_contacts
from store.db.ids import new_id
from store.jobs.repository import CreatedJob
from store.jobs.update import JobUpdates
from tests.builders import Given, a_job, a_report, an_organization, contacts
from tests.fakes.carrier import TALKS_ON, EventDelivery, Question
from tests.waiting import eventually
from tests.workflows.running import Job, Running, metadata_of
from workflows.client import JobWorkflows, TemporalUnavailable
from workflows.names import JOBS_QUEUE, RECONCILER_ID
from workflows.reconciler import Reconciler, ReconcilerStart


async def sweep(running: Running) -> Fixed:
    return await ActivityEnvironment().run(running.reconciliation.reconcile)


async def an_old_job(running: Running, contacts: int = 3) -> tuple[Given, CreatedJob]:
    """Stored a minute ago."""
    given = await an_organization(running.engine)
    stored = await a_job(running.engine, given, contacts, concurrent_call_limit=1)
    await running.change("UPDATE batch_jobs SET created_at = created_at - interval '1 minute'")
    return given, stored


async def a_terminated_job(running: Running) -> Job:
    """One contact is on the phone, two wait, and somebody terminated the workflow."""
    given, stored = await an_old_job(running)
    running.carrier.usually(TALKS_ON)
    job = await running.start_in_real_time(given, stored)

    async def is_answered() -> bool:
        return bool(await running.rows("SELECT id FROM dials WHERE state = 'answered'"))

    await eventually(is_answered)
    await job.handle.terminate("by mistake")
    return job


async def held(running: Running) -> Decimal:
    (row,) = await running.rows("SELECT held FROM organizations")
    return Decimal(row["held"])


async def test_a_job_that_was_stored_and_not_started_is_started(running: Running) -> None:
    given, stored = await an_old_job(running)
    job = running.job(given, stored)

    swept = await sweep(running)

    assert (swept.started, swept.counted) == (1, 1)
    assert await job.result() is JobStatus.COMPLETED
    assert await sweep(running) == Fixed()


async def test_a_terminated_workflow_fails_its_job_and_its_contacts_say_why(running: Running) -> None:
    job = await a_terminated_job(running)

    assert (await sweep(running)).failed == 1

    assert await job.status() is JobStatus.FAILED
    live, *others = await job.contacts()
    assert live["status"] == ContactStatus.DIALING
    assert {contact["status"] for contact in others} == {ContactStatus.CANCELLED}
    assert {contact["failure_reason"] for contact in others} == {f"The job failed: {CLOSED}"}


async def test_the_hold_of_a_failed_job_is_released_after_its_last_call(running: Running) -> None:
    job = await a_terminated_job(running)
    await sweep(running)
    assert await held(running) > 0

    await running.carrier.end_all()

    assert await held(running) == 0
    assert (await job.contacts())[0]["status"] == ContactStatus.COMPLETED


async def test_a_terminated_job_is_never_revived(running: Running) -> None:
    await a_terminated_job(running)
    await sweep(running)

    assert await sweep(running) == Fixed()
    assert len(running.carrier.asked) == 1


async def test_a_workflow_that_was_terminated_before_its_first_step_fails_its_job(running: Running) -> None:
    given, stored = await an_old_job(running)
    job = await running.start_in_real_time(given, stored)
    await job.handle.terminate("at once")
    await running.change("UPDATE batch_jobs SET workflow_started_at = NULL, status = 'pending', dialling = false")

    swept = await sweep(running)

    assert (swept.started, swept.failed) == (0, 0)
    assert await job.status() is JobStatus.FAILED


async def test_wherever_people_are_called_lines_are_shared_out(running: Running) -> None:
    given, stored = await an_old_job(running)
    running.carrier.usually(TALKS_ON)
    await running.start_in_real_time(given, stored)
    await eventually(lambda: len(running.carrier.live) == 1)
    assert (await sweep(running)).lines == 0

    await running.lines_of(given).terminate("by mistake")

    assert (await sweep(running)).lines == 1
    assert (await sweep(running)).lines == 0


async def test_a_call_that_nobody_follows_is_ended_and_the_carrier_is_believed(running: Running) -> None:
    job = await a_terminated_job(running)
    await sweep(running)
    await running.change("UPDATE dials SET asked_at = asked_at - interval '1 hour', answered_at = NULL")

    assert (await sweep(running)).ended_dials == 1

    async def is_completed() -> bool:
        return bool((await job.contacts())[0]["status"] == ContactStatus.COMPLETED)

    await eventually(is_completed)
    assert running.carrier.calls[0].hung_up


async def test_a_call_is_left_open_while_the_carrier_is_away(running: Running) -> None:
    await a_terminated_job(running)
    await running.change("UPDATE dials SET asked_at = asked_at - interval '1 hour', answered_at = NULL")
    running.carrier.away = set(Question)

    await sweep(running)

    assert await running.rows("SELECT id FROM dials WHERE ended_at IS NULL")


async def test_a_dial_that_was_never_named_is_unknown(running: Running) -> None:
    job = await a_terminated_job(running)
    await running.change(
        "UPDATE dials SET asked_at = asked_at - interval '1 hour', call_id = NULL, state = 'asked', answered_at = NULL"
    )

    await sweep(running)

    assert (await job.contacts())[0]["status"] == ContactStatus.FAILED


async def test_a_job_whose_last_contacts_were_removed_ends_though_the_nudge_was_lost(running: Running) -> None:
    given = await an_organization(running.engine)
    waiting = [contact._replace(zones=None) for contact in contacts(2)]  # held: their zone is unknown
    stored = await a_job(running.engine, given, [*waiting, *contacts(1, start=300, first_row=50)])
    job = await running.start_in_real_time(given, stored)

    async def has_read_that_two_are_left() -> bool:
        pending = (await job.handle.describe()).raw_description.pending_activities
        return (await job.activities())[-1:] == ["complete_job"] and not pending

    await eventually(has_read_that_two_are_left)
    for contact in (await job.contacts())[:2]:
        await JobUpdates(running.engine).remove_contact(given.id, job.id, contact["id"], by="key_0")
    await running.change("UPDATE dials SET ended_at = ended_at - interval '2 minutes'")

    assert (await sweep(running)).nudged == 1

    await job.until(JobStatus.COMPLETED)
    assert await held(running) == 0


async def test_contacts_that_were_added_are_called_though_the_nudge_was_lost(running: Running) -> None:
    """While another call of the organization goes on, which hid it."""
    given = await an_organization(running.engine)
    running.carrier.usually(TALKS_ON)
    later = datetime.now(UTC) + timedelta(days=90)
    waiting = [contact._replace(not_before=later) for contact in contacts(1)]
    await running.start_in_real_time(given, await a_job(running.engine, given, contacts(1, start=500)))
    job = await running.start_in_real_time(given, await a_job(running.engine, given, waiting))
    await eventually(lambda: len(running.carrier.live) == 1)
    await job.until(JobStatus.RUNNING)
    new = contacts(3, start=700)
    await JobUpdates(running.engine).append(given.id, job.id, pack_contacts(new), a_report(new), by="key_0")
    await running.change("UPDATE contacts SET due_at = due_at - interval '10 minutes' WHERE not_before IS NULL")

    assert (await sweep(running)).nudged == 1

    await eventually(lambda: len(running.carrier.live) == 4)


async def test_one_job_that_cannot_be_fixed_holds_up_no_other(running: Running) -> None:
    """Temporal does not answer about one job, and fails to start another; a third is started, and a dial is ended."""
    terminated = await a_terminated_job(running)
    stored = [(await an_old_job(running))[1] for _ in range(2)]
    await running.change(
        "UPDATE dials SET call_id = NULL, asked_at = asked_at - interval '1 hour', state = 'asked', answered_at = NULL"
    )
    workflows = _Refusing(running.client, {stored[0].id, terminated.id})

    swept = await ActivityEnvironment().run(running.reconciliation_by(workflows).reconcile)

    assert swept.failed_parts == ("unstarted jobs",)
    assert (swept.started, swept.ended_dials) == (1, 1)
    assert await running.rows("SELECT id FROM batch_jobs WHERE id = :job AND status = 'running'", job=terminated.id)
    again = await sweep(running)
    assert (again.started >= 1, again.failed, again.failed_parts) == (True, 1, ())


class _Refusing(JobWorkflows):
    """Temporal does not answer about some jobs."""

    def __init__(self, client: Client, refused: set[str]) -> None:
        super().__init__(client)
        self._refused = refused

    async def start(self, job_id: str, organization_id: str, name: str, start_at: datetime | None) -> None:
        self._refuse(job_id)
        await super().start(job_id, organization_id, name, start_at)

    async def is_open(self, job_id: str) -> bool | None:
        self._refuse(job_id)
        return await super().is_open(job_id)

    def _refuse(self, job_id: str) -> None:
        if job_id in self._refused:
            raise TemporalUnavailable("DEADLINE_EXCEEDED")


async def test_the_housekeeper_sweeps_again_and_again(running: Running) -> None:
    given, stored = await an_old_job(running)
    job = running.job(given, stored)
    with running.temporal.with_time_skipping_disabled():
        housekeeper = await running.client.start_workflow(
            Reconciler.run, ReconcilerStart(every_seconds=0.1), id=new_id("housekeeper"), task_queue=JOBS_QUEUE
        )

    await job.until(JobStatus.COMPLETED)
    assert await job.result() is JobStatus.COMPLETED
    await running.change("UPDATE batch_jobs SET status = 'running' WHERE id = :job", job=job.id)
    await job.until(JobStatus.FAILED)

    await housekeeper.terminate("the test is over")


async def test_a_sweep_that_fails_does_not_end_the_housekeeper(running: Running) -> None:
    await running.change("ALTER TABLE batch_jobs RENAME TO batch_jobs_away")
    housekeeper = await running.client.start_workflow(
        Reconciler.run, ReconcilerStart(every_seconds=3600), id=new_id("housekeeper"), task_queue=JOBS_QUEUE
    )

    async def says_so() -> bool:
        return "failed" in (await metadata_of(housekeeper)).current_details

    await eventually(says_so)
    await housekeeper.terminate("the test is over")


async def test_a_talk_whose_answer_was_never_told_is_not_cut(running: Running) -> None:
    """The carrier is asked first: the call has all its time, counted from when we learn of it."""
    given, stored = await an_old_job(running, 1)
    running.carrier.usually(TALKS_ON.but(events=EventDelivery.NEVER))
    job = await running.start_in_real_time(given, stored)

    async def is_placed() -> bool:
        return bool(await running.rows("SELECT id FROM dials WHERE call_id IS NOT NULL"))

    await eventually(is_placed)
    await job.handle.terminate("by mistake")
    await running.change("UPDATE dials SET asked_at = asked_at - interval '7 minutes'")
    running.carrier.questions.clear()

    await sweep(running)
    await sweep(running)

    assert next(question for question, _ in running.carrier.questions) is Question.FETCH
    assert not running.carrier.calls[0].hung_up
    assert [row["state"] for row in await running.rows("SELECT state FROM dials")] == ["answered"]


async def test_a_reconciler_that_was_cancelled_or_ended_is_started_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RECONCILER_CHECK_SECONDS", 0.2)
    client, settings = running.client, Settings()
    await worker._start_reconciler(client, settings)
    handle = client.get_workflow_handle(RECONCILER_ID)
    first = (await handle.describe()).run_id
    await handle.terminate("by mistake")
    keeping = asyncio.create_task(worker._keep_reconciler(client, settings))

    async def runs_again() -> bool:
        found = await handle.describe()
        return found.run_id != first and found.status is WorkflowExecutionStatus.RUNNING

    await eventually(runs_again)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await handle.terminate("the test is over")
