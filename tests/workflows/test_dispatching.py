"""Who is called when: lines, pages, and contacts for which something of ours fails."""

from domain.statuses import ContactStatus, JobStatus
from tests.builders import a_job, a_number, an_organization, contacts
from tests.fakes.carrier import ANSWERS, TALKS_ON
from tests.waiting import eventually
from tests.workflows.running import Running
from workflows.batch_job import ABANDONED, PAGE


async def test_never_more_calls_at_once_than_the_job_may_have(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.usually(ANSWERS.but(ends_after=0.3))
    job = await running.start(given, await a_job(running.engine, given, 12, concurrent_call_limit=3))

    assert await job.result() is JobStatus.COMPLETED
    assert running.carrier.most_live == 3


async def test_never_more_calls_at_once_than_the_organization_may_have(running: Running) -> None:
    given = await an_organization(running.engine, limit=3)
    running.carrier.usually(ANSWERS.but(ends_after=0.05))
    stored = [
        await a_job(running.engine, given, 5, concurrent_call_limit=3),
        await a_job(running.engine, given, contacts(5, start=10), concurrent_call_limit=3),
    ]
    first = await running.start(given, stored[0])
    second = await running.start(given, stored[1])

    assert [await first.result(), await second.result()] == [JobStatus.COMPLETED] * 2
    assert running.carrier.most_live <= 3


async def test_one_long_call_does_not_hold_up_the_next_page(running_long: Running) -> None:
    given = await an_organization(running_long.engine)
    running_long.carrier.script(a_number(0), TALKS_ON)
    stored = await a_job(running_long.engine, given, PAGE + 5, concurrent_call_limit=20)
    job = await running_long.start_in_real_time(given, stored)

    await eventually(lambda: len(running_long.carrier.calls) == PAGE + 5)
    await eventually(lambda: len(running_long.carrier.live) == 1)
    await running_long.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED


async def test_an_activity_that_fails_for_good_ends_its_contact_only(running: Running) -> None:
    given = await an_organization(running.engine)
    stored = await a_job(running.engine, given, 3)
    (bad, *_) = await running.rows("SELECT id FROM contacts ORDER BY row")
    running.claims.broken_for = bad["id"]
    job = await running.start(given, stored)

    assert await job.result() is JobStatus.COMPLETED

    called = await job.contacts()
    assert [contact["status"] for contact in called] == [
        ContactStatus.FAILED,
        ContactStatus.COMPLETED,
        ContactStatus.COMPLETED,
    ]
    assert called[0]["failure_reason"] == ABANDONED
