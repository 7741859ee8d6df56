"""Calls summed up job by job, and read by organization."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from domain.analytics.counts import Dimension
from domain.calls.models import AnsweredBy, Outcome
from store.analytics.counting import CallCounting
from store.analytics.statistics import CallStatistics, Range, Statistics
from store.jobs.delete import JobDeletion
from store.tables import contacts as CONTACTS  # noqa: N812
from tests.builders import contacts
from tests.store.calling import Calling, Job, a_caller, ago

WIDE = Range(first=date(2026, 1, 1), last=date(2036, 1, 1))
NOON = datetime(2026, 3, 25, 12, 5, tzinfo=UTC)


async def group(shared: Calling, job: Job, dimension: Dimension, which: Range = WIDE) -> Statistics:
    return await CallStatistics(shared.engine).group(job.given.id, dimension, which)


async def a_counted_job(shared: Calling) -> Job:
    """One answered by a person, one by a machine, one busy, one that the carrier did not put through."""
    job = await shared.a_job(await a_caller(shared.engine), contacts(4), timezone="UTC")
    first, second, third, fourth = [await job.call(which) for which in range(4)]
    await first.completes(60, AnsweredBy.HUMAN)
    await second.completes(30, AnsweredBy.MACHINE)
    await third.is_busy()
    await fourth.is_not_placed(Outcome.CARRIER_ERROR)
    for call in (first, second, third, fourth):
        await call.change(asked_at=NOON)
    await shared.change(CONTACTS, CONTACTS.c.job_id == job.id, country="US")
    await CallCounting(shared.engine).count(job.id)
    return job


async def test_a_jobs_calls_are_summed_up_with_their_answer_rate(shared: Calling) -> None:
    job = await a_counted_job(shared)
    found = await group(shared, job, Dimension.JOB)
    (only,) = found.groups
    assert (only.key, found.total) == (job.id, 1)
    assert only.name
    assert only.counts == found.overall
    counts = only.counts
    assert (counts.attempts, counts.answered, counts.people, counts.machines) == (3, 2, 1, 1)
    assert (counts.talk_seconds, counts.cost) == (90, Decimal("0.026250"))
    assert counts.answer_rate == 0.6667


async def test_test_calls_are_not_counted(shared: Calling) -> None:
    job = await a_counted_job(shared)
    await job.change(test=True)

    await CallCounting(shared.engine).count(job.id)

    found = await group(shared, job, Dimension.JOB)
    assert (found.total, found.overall.attempts) == (0, 0)


@pytest.mark.parametrize(
    ("dimension", "key"),
    [(Dimension.WEEKDAY, 3), (Dimension.COUNTRY, "US"), (Dimension.ATTEMPT, 1)],
)
async def test_calls_are_grouped(shared: Calling, dimension: Dimension, key: object) -> None:
    job = await a_counted_job(shared)
    (only,) = (await group(shared, job, dimension)).groups
    assert (only.key, only.counts.attempts) == (key, 3)


async def test_the_hour_is_that_of_the_person_called(shared: Calling) -> None:
    job = await a_counted_job(shared)
    for zones, hour in ((["Asia/Tokyo"], 21), (None, 12)):
        await shared.change(CONTACTS, CONTACTS.c.job_id == job.id, zones=sa.null() if zones is None else zones)
        await CallCounting(shared.engine).count(job.id)
        assert [one.key for one in (await group(shared, job, Dimension.HOUR)).groups] == [hour]


async def test_the_second_attempt_of_a_contact_is_counted_as_such(shared: Calling) -> None:
    job, call = await shared.a_call()
    await call.is_not_placed(Outcome.CARRIER_ERROR)  # a dial that is no attempt
    await (await job.call(dial=2)).is_busy()
    await (await job.call(dial=3)).completes(10)
    await CallCounting(shared.engine).count(job.id)
    found = await group(shared, job, Dimension.ATTEMPT)
    assert [(one.key, one.counts.answered) for one in found.groups] == [(1, 0), (2, 1)]


async def test_counting_again_corrects_and_adds_nothing_twice(shared: Calling) -> None:
    job, call = await shared.a_call()
    await call.completes(60, AnsweredBy.UNKNOWN)
    await CallCounting(shared.engine).count(job.id)
    await call.change(answered_by="machine")
    await CallCounting(shared.engine).count(job.id)
    overall = (await group(shared, job, Dimension.DAY)).overall
    assert (overall.attempts, overall.machines) == (1, 1)


async def test_days_out_of_the_range_and_other_organizations_are_left_out(shared: Calling) -> None:
    job = await a_counted_job(shared)
    before = Range(first=date(2026, 3, 1), last=date(2026, 3, 24))
    assert (await group(shared, job, Dimension.DAY, before)).overall.attempts == 0
    stranger = await shared.a_job(await a_caller(shared.engine))
    assert (await group(shared, stranger, Dimension.DAY)).groups == []


async def test_a_deleted_jobs_calls_stay_counted(shared: Calling) -> None:
    """Where people were called goes with its contacts: it is counted before."""
    job, call = await shared.a_call()
    await call.completes(60)
    await job.cancel()
    await JobDeletion(shared.engine).delete(job.given.id, job.id, by="key_1")
    await CallCounting(shared.engine).count(job.id)  # a round that had it on its list
    (only,) = (await group(shared, job, Dimension.JOB)).groups
    assert (only.key, only.name, only.counts.answered) == (job.id, None, 1)


async def test_a_job_is_due_again_while_it_runs_and_at_last_for_good(shared: Calling) -> None:
    job, call = await shared.a_call()
    counting = CallCounting(shared.engine)

    async def due() -> timedelta | None:
        await counting.count(job.id)
        row = await job.row()
        return row.statistics_due_at and row.statistics_due_at - row.statistics_counted_at

    await call.completes(60)
    assert await due() == timedelta(minutes=1, milliseconds=10)  # its calls are counted quickly while they come
    await job.change(statistics_counted_at=ago(hours=1))
    assert await due() == timedelta(minutes=15)  # and rarely where nothing changes

    await job.cancel()
    soon = await due()
    assert soon is not None
    assert timedelta(minutes=9) < soon <= timedelta(minutes=10)
    ended = ago(hours=1)
    await job.change(completed_at=ended)
    tomorrow = await due()
    assert tomorrow is not None
    assert timedelta(hours=22) < tomorrow < timedelta(hours=24)
    await job.change(completed_at=ago(days=2))
    assert await due() is None
    assert job.id not in await counting.list_due()


async def test_it_is_said_until_when_calls_are_counted(shared: Calling) -> None:
    job, call = await shared.a_call()
    await call.completes(60)
    counting = CallCounting(shared.engine)
    await counting.count(job.id)
    row = await job.row()
    assert (await group(shared, job, Dimension.DAY)).counted_until == row.statistics_counted_at
    await job.cancel()
    await counting.count(job.id)
    assert (await group(shared, job, Dimension.DAY)).counted_until is None
