"""What a deleted job takes with it, and what stays."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from domain.audit import Action
from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calls.models import Recorded
from domain.contacts.rejects import Reject, Rejects
from domain.statuses import JobStatus
from store.audit_log import AuditLog
from store.contacts.packed import pack_contacts, pack_rejects
from store.errors import NotFound, StillCalling, WrongStatus
from store.jobs.delete import JobDeletion
from store.jobs.repository import Jobs
from store.tables import batch_jobs, contacts, dials, rejects
from tests.builders import Given, a_contact, a_report, a_request
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller

NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def _ended_job(shared: Calling, given: Given) -> Job:
    job = await shared.a_job(given, 2)
    call = await job.call(0)
    await call.answers()
    await call.completes(61)
    await job.cancel()
    return job


async def test_contacts_their_data_and_rejected_rows_go(shared: Calling, given: Given) -> None:
    entered = some_contacts(2)
    kept = Rejects(header=("phone",), rows=(Reject(row=4, cells=("x",), reason="phone is too short"),))
    stored = await Jobs(shared.engine).create(
        given.id, a_request(given), given.number, pack_contacts(entered), a_report(entered), rejects=pack_rejects(kept)
    )
    await shared.lifecycle.start_now(given.id, stored.id)
    mine = await shared.all(contacts, contacts.c.job_id == stored.id)
    job = Job(shared, given, stored.id, [contact.id for contact in mine])
    await (await job.call(0)).completes(61)
    await job.cancel()
    await shared.change(dials, dials.c.job_id == job.id, conversation={"summary": "Ada said yes."})

    assert await _delete(shared, job) == 2

    for table, which in ((contacts, contacts.c.job_id), (rejects, rejects.c.job_id), (batch_jobs, batch_jobs.c.id)):
        assert await shared.count(table, which == job.id) == 0
    assert await shared.count(dials, dials.c.job_id == job.id, dials.c.conversation.is_not(sa.null())) == 0


async def test_the_ledger_costs_caps_and_the_audit_log_stay(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    number = (await job.contact()).number
    before, entries = await job.audit(), await shared.ledger.list_entries(given.id)

    await _delete(shared, job)

    assert await job.audit() == before
    assert before.exact
    assert await shared.ledger.list_entries(given.id) == entries
    assert str((await shared.one(dials, dials.c.job_id == job.id)).cost) == "0.017792"
    page = await AuditLog(shared.engine).list_page(given.id, job.id, 1, 10)
    deleted = page.entries[0]
    assert (deleted.action, deleted.actor, deleted.details) == (Action.DELETED, "key_1", {"contacts": 2})
    assert page.total > 1
    again = await shared.a_job(given, [a_contact(2, number)], contact_frequency=ContactFrequency(calls_per_24_hours=1))
    assert await again.is_held() == "frequency"


async def test_a_late_event_changes_nothing_and_the_workflow_finds_the_job_ended(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    call = job.call_of(0)

    await _delete(shared, job)

    assert await call.completes(99) is Recorded.NO_SUCH_DIAL
    page = await shared.due_pages.read(job.id, NOW, 10)
    assert page.status.ended
    assert page.open == 0


async def test_a_job_that_has_not_ended_or_has_live_calls_is_not_deleted(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given)
    call = await job.call(0)
    with pytest.raises(WrongStatus) as refused:
        await _delete(shared, job)
    assert refused.value.status is JobStatus.RUNNING
    await job.cancel()

    with pytest.raises(StillCalling):
        await _delete(shared, job)

    await call.completes(10)
    assert await _delete(shared, job) == 3


async def test_a_call_whose_outcome_is_unknown_may_be_live(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given)
    call = await job.call(0)
    await call.is_given_up()
    await job.cancel()

    with pytest.raises(StillCalling):
        await _delete(shared, job)

    longest = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, 45 + 900 + 1)
    await shared.change(dials, dials.c.job_id == job.id, asked_at=longest)
    assert await _delete(shared, job) == 3


async def test_a_job_of_others_is_not_there(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    other = await a_caller(shared.engine)

    with pytest.raises(NotFound):
        await JobDeletion(shared.engine).delete(other.id, job.id, by="key_1")


async def _delete(shared: Calling, job: Job) -> int:
    return await JobDeletion(shared.engine).delete(job.given.id, job.id, by="key_1")
