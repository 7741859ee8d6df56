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
from store.errors import NotFound, StillCalling, WrongStatus
from store.jobs.delete import JobDeletion
from store.jobs.repository import Jobs
from store.tables import batch_jobs, contacts, dials, rejects
from tests.builders import Given, a_report, a_request
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller

NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def _ended_job(shared: Calling, given: Given, count: int = 2) -> Job:
    job = await shared.a_job(given, count)
    call = await job.call(0)
    await call.answers()
    await call.completes(61)
    await job.cancel()
    return job


async def test_contacts_and_their_data_go(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    await shared.change(dials, dials.c.job_id == job.id, conversation={"summary": "Ada said yes."})

    deleted = await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    assert deleted == 2
    assert await shared.count(contacts, contacts.c.job_id == job.id) == 0
    assert await shared.count(batch_jobs, batch_jobs.c.id == job.id) == 0
    assert await shared.count(dials, dials.c.job_id == job.id, dials.c.conversation.is_not(sa.null())) == 0


async def test_rejected_rows_go(shared: Calling, given: Given) -> None:
    entered = some_contacts(1)
    kept = Rejects(header=("phone",), rows=(Reject(row=3, cells=("x",), reason="phone is too short"),))
    request = a_request(given)
    job = await Jobs(shared.engine).create(given.id, request, given.number, entered, a_report(entered), rejects=kept)
    assert await shared.count(rejects, rejects.c.job_id == job.id) == 1
    await shared.control.cancel(given.id, job.id)

    await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    assert await shared.count(rejects, rejects.c.job_id == job.id) == 0


async def test_ledger_and_costs_stay_exact(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    before = await job.audit()
    entries = await shared.ledger.list_entries(given.id)

    await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    after = await job.audit()
    assert after == before
    assert after.exact
    assert await shared.ledger.list_entries(given.id) == entries
    [dial] = await _dials(shared, job)
    assert str(dial.cost) == "0.017792"


async def test_caps_on_calls_to_a_number_still_hold(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given, count=1)
    number = (await job.contact()).number

    await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    caps = ContactFrequency(calls_per_24_hours=1)
    again = await shared.a_job(
        given, [contact.model_copy(update={"number": number}) for contact in some_contacts(1)], contact_frequency=caps
    )
    assert await again.is_held() == "frequency"


async def test_a_late_event_of_a_deleted_call_changes_nothing(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    call = job.call_of(0)

    await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    assert await call.completes(99) is Recorded.NO_SUCH_DIAL


async def test_who_deleted_it_and_what_was_done_before_stays_on_record(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)

    await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    page = await AuditLog(shared.engine).list_page(given.id, job.id, 1, 10)
    assert page.entries[0].action is Action.DELETED
    assert page.entries[0].actor == "key_1"
    assert page.entries[0].details == {"contacts": 2}
    assert page.total > 1


async def test_a_job_that_has_not_ended_is_not_deleted(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given)

    with pytest.raises(WrongStatus) as refused:
        await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    assert refused.value.status is JobStatus.RUNNING


async def test_a_job_with_live_calls_is_not_deleted(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given)
    call = await job.call(0)
    await job.cancel()

    with pytest.raises(StillCalling):
        await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    await call.completes(10)
    assert await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1") == 3


async def test_a_call_whose_outcome_is_unknown_may_be_live(shared: Calling, given: Given) -> None:
    job = await shared.a_job(given)
    call = await job.call(0)
    await call.is_given_up()
    await job.cancel()

    with pytest.raises(StillCalling):
        await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    longest = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, 45 + 900 + 1)
    await shared.change(dials, dials.c.job_id == job.id, asked_at=longest)
    assert await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1") == 3


async def test_a_job_of_others_is_not_there(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    other = await a_caller(shared.engine)

    with pytest.raises(NotFound):
        await JobDeletion(shared.engine).delete(other.id, job.id, by="key_1")


async def test_the_workflow_of_a_deleted_job_finds_it_ended(shared: Calling, given: Given) -> None:
    job = await _ended_job(shared, given)
    await JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

    page = await shared.progress.read(job.id, NOW, 10)

    assert page.status.ended
    assert page.open == 0


async def _dials(shared: Calling, job: Job) -> list[sa.Row[tuple[object, ...]]]:
    async with shared.engine.connect() as connection:
        return list(await connection.execute(sa.select(dials).where(dials.c.job_id == job.id)))
