"""What agents report, beside a job that is deleted in the same moment."""

import asyncio

import pytest
import sqlalchemy as sa

from domain.calls.agent_report import ConversationReport
from store.calls.agent_reports import AgentReports
from store.errors import NotFound
from store.jobs.delete import JobDeletion
from store.tables import contacts, dials
from tests.builders import Given
from tests.store.calling import Calling, Job, a_caller

SAID = ConversationReport(disposition="sold")


async def a_conversation(shared: Calling, given: Given) -> tuple[Job, str]:
    """An ended job, and the id of its one call."""
    job = await shared.a_job(given, 1)
    call = await job.call()
    await call.completes(10)
    await job.cancel()
    return job, (await call.row()).id


async def test_a_report_is_kept_on_dial_and_contact(shared: Calling, given: Given) -> None:
    job, call = await a_conversation(shared, given)

    kept = await AgentReports(shared.engine).record(given.id, call, SAID)

    assert (kept.disposition, kept.call_id) == ("sold", call)
    assert (await shared.one(dials, dials.c.id == call)).conversation == kept.model_dump(mode="json")
    contact = await job.contact()
    assert contact.conversation == kept.model_dump(mode="json")
    assert contact.reported_at == kept.reported_at


async def test_another_organization_reports_nothing(shared: Calling, given: Given) -> None:
    _, call = await a_conversation(shared, given)
    other = await a_caller(shared.engine)

    with pytest.raises(NotFound):
        await AgentReports(shared.engine).record(other.id, call, SAID)
    assert await AgentReports(shared.engine).find_organization(call) == given.id


async def test_nothing_that_is_reported_while_a_job_is_deleted_stays(shared: Calling, given: Given) -> None:
    for _ in range(10):
        job, call = await a_conversation(shared, given)
        reports = [AgentReports(shared.engine).record(given.id, call, SAID) for _ in range(3)]
        deletion = JobDeletion(shared.engine).delete(given.id, job.id, by="key_1")

        results = await asyncio.gather(reports[0], deletion, *reports[1:], return_exceptions=True)

        assert results[1] == 1
        assert all(not isinstance(result, BaseException) or isinstance(result, NotFound) for result in results)
        assert await shared.count(contacts, contacts.c.job_id == job.id) == 0
        assert await shared.count(dials, dials.c.id == call, dials.c.conversation.is_not(sa.null())) == 0
