"""The page of a job's workflow: where the job stands, who is on the phone, and who is due in which order."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from domain.calls.dispatch import JobPage, NotNowReason
from domain.calls.models import Outcome
from domain.statuses import JobStatus
from store.db.locks import lock_organization
from store.tables import carrier_accounts, contacts
from tests.builders import a_contact
from tests.store.calling import Calling, Job, a_caller

TWO_MINUTES = Decimal("0.035")


async def test_who_is_due_comes_in_the_order_of_due_times_then_rows(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 5)
    now = await shared.now()
    for which, minutes in ((0, 1), (1, 3), (2, 2), (3, 3), (4, 9)):
        await _set_due(shared, job, which, now - timedelta(minutes=minutes))

    page = await _page(shared, job)

    assert [contact.row for contact in page.due] == [6, 3, 5, 4, 2]
    assert {(contact.dial, contact.attempt, contact.live) for contact in page.due} == {(1, 1, False)}


async def test_who_is_not_due_yet_waits_and_the_page_has_the_time(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    now = await shared.now()
    await _set_due(shared, job, 1, now + timedelta(hours=2))
    await _set_due(shared, job, 2, now + timedelta(hours=1))

    page = await _page(shared, job)

    assert ([contact.row for contact in page.due], page.next_due_at) == ([2], now + timedelta(hours=1))
    assert page.held is None


async def test_a_clock_that_is_ahead_sees_who_is_due_by_then_and_one_behind_hides_nobody(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    now = await shared.now()
    await _set_due(shared, job, 1, now + timedelta(hours=1))
    await _set_due(shared, job, 2, now + timedelta(hours=2))

    ahead = await shared.due_pages.read(job.id, now + timedelta(hours=1), 10)
    behind = await shared.due_pages.read(job.id, now - timedelta(days=1), 10)

    assert ([contact.row for contact in ahead.due], ahead.next_due_at) == ([2, 3], now + timedelta(hours=2))
    assert [contact.row for contact in behind.due] == [2]


@pytest.mark.parametrize(("limit", "rows", "more"), [(1, [2], True), (3, [2, 3, 4], True), (5, [2, 3, 4, 5], False)])
async def test_a_page_holds_so_many_and_whether_there_are_more(
    shared: Calling, limit: int, rows: list[int], more: bool
) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 4)

    page = await _page(shared, job, limit)

    assert ([contact.row for contact in page.due], page.more) == (rows, more)


async def test_no_page_holds_more_than_the_largest(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 501)

    page = await _page(shared, job, 10_000)

    assert (len(page.due), page.more) == (500, True)
    assert len(page.model_dump_json()) < 80_000


async def test_live_calls_are_listed_first_beyond_the_limit(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 4)
    await (await job.call(2)).is_busy()
    await job.call(2, dial=2)
    await job.call(0)

    page = await _page(shared, job, 1)

    listed = [(contact.row, contact.dial, contact.attempt, contact.live) for contact in page.due]
    assert listed == [(2, 1, 1, True), (4, 2, 2, True), (3, 1, 1, False)]
    assert [contact.contact_id for contact in page.due] == [job.contact_ids[which] for which in (0, 2, 1)]


async def test_attempts_count_what_was_charged_and_dials_what_was_asked(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    for dial, sip in ((1, 486), (2, 503)):
        await (await job.call(dial=dial)).ends(sip=sip)
    await _set_due(shared, job, 0, await shared.now())

    (due,) = (await _page(shared, job)).due

    assert (due.dial, due.attempt) == (3, 2)


async def test_contacts_are_counted_by_status(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 6)
    await job.call(0)
    await (await job.call(1)).completes()
    await (await job.call(2)).is_busy()
    await (await job.call(3)).ends(sip=404)

    page = await _page(shared, job)

    assert page.counts == {"pending": 2, "queued": 1, "dialing": 1, "completed": 1, "invalid_number": 1}
    assert page.open == 4


@pytest.mark.parametrize(("job_limit", "organization_limit", "lines"), [(3, 8, 3), (8, 3, 3)])
async def test_the_smaller_limit_gives_the_lines(
    shared: Calling, job_limit: int, organization_limit: int, lines: int
) -> None:
    job = await shared.a_job(
        await a_caller(shared.engine, limit=organization_limit), 1, concurrent_call_limit=job_limit
    )

    assert (await _page(shared, job)).lines == lines


async def test_of_a_job_that_does_not_call_nobody_is_due_and_live_calls_are_followed(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    await job.call(1)
    await shared.lifecycle.pause(job.given.id, job.id, "Lunch.")

    page = await _page(shared, job)

    assert (page.status, page.status_reason) == (JobStatus.PAUSED, "Lunch.")
    assert [(contact.row, contact.live) for contact in page.due] == [(3, True)]
    assert (page.next_due_at, page.held, page.more) == (None, None, False)


async def test_a_job_that_waits_shows_its_start_and_is_marked_once_by_its_workflow(shared: Calling) -> None:
    start = (await shared.now()) + timedelta(days=1)
    job = await shared.a_waiting_job(await a_caller(shared.engine), scheduled_start_time=start)

    page = await _page(shared, job)

    assert (page.status, page.scheduled_start_time, page.due) == (JobStatus.SCHEDULED, start, [])
    marks = [(await job.row()).workflow_started_at]
    for _ in range(2):
        await shared.due_pages.mark_workflow_started(job.id)
        marks.append((await job.row()).workflow_started_at)
    assert marks[0] is None
    assert marks[1] == marks[2] is not None


async def test_a_closed_account_holds_the_whole_job(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 2)
    await (await job.call()).is_not_placed(Outcome.ACCOUNT_REJECTED)

    held = (await _page(calling, job)).held

    assert held is not None
    assert held.reason is NotNowReason.ACCOUNT
    assert held.until == (await calling.account()).closed_until
    await calling.change(carrier_accounts, closed_until=sa.func.now())
    assert (await _page(calling, job)).held is None


async def test_without_credits_the_whole_job_is_held(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=2 * TWO_MINUTES)
    job = await shared.a_job(given, 2)
    await (await job.call(0)).completes(seconds=240)

    held = (await _page(shared, job)).held

    assert held is not None
    assert held.reason is NotNowReason.CREDITS
    await shared.ledger.top_up(given.id, TWO_MINUTES)
    assert (await _page(shared, job)).held is None


async def test_a_page_has_nobodys_number_or_name(shared: Calling) -> None:
    job = await shared.a_job(
        await a_caller(shared.engine), [a_contact(2, "+12025550101", name="Grace"), a_contact(3, "+12025550102")]
    )
    await job.call(0)

    page = await _page(shared, job)

    written = page.model_dump_json()
    assert [contact.ends_in for contact in page.due] == ["…01", "…02"]
    assert "5550" not in written
    assert "Grace" not in written
    assert "Person" not in written
    assert job.given.number.number not in written


async def test_abandoning_a_contact_ends_it_alone(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    await job.call(2)
    before = await job.contact(2)

    for contact_id in (job.contact_ids[0], job.contact_ids[2]):
        await shared.due_pages.abandon(contact_id, "Our own fault.")

    contact = await job.contact(0)
    assert (contact.status, contact.failure_reason, contact.next_retry_at) == ("failed", "Our own fault.", None)
    assert contact.completed_at is not None
    assert await job.is_held(0) is NotNowReason.CONTACT
    assert (await job.row()).status == "running"
    assert await job.contact(2) == before  # it is on the phone
    await job.call(1)


async def test_abandoning_a_contact_waits_for_a_claim_that_is_under_way(shared: Calling) -> None:
    """Otherwise the claim has read a contact that waits, and its call is placed for one that has failed."""
    job = await shared.a_job(await a_caller(shared.engine), 1)
    async with shared.engine.begin() as claiming:
        await lock_organization(claiming, job.given.id)
        abandoning = asyncio.ensure_future(shared.due_pages.abandon(job.contact_ids[0], "Our own fault."))
        await asyncio.sleep(0.3)
        assert not abandoning.done()
        assert (await job.contact()).status == "pending"

    await abandoning

    assert (await job.contact()).status == "failed"


async def _page(calling: Calling, job: Job, limit: int = 10) -> JobPage:
    return await calling.due_pages.read(job.id, await calling.now(), limit)


async def _set_due(calling: Calling, job: Job, which: int, due_at: datetime) -> None:
    await calling.change(contacts, contacts.c.id == job.contact_ids[which], due_at=due_at)
