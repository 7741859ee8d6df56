"""Months of the archive are listed, and dropped: what stays is the same, and what went is said."""

from datetime import UTC, datetime

import pytest
from psycopg.errors import LockNotAvailable

from domain.jobs.rerun import LeftOut
from store.analytics.counting import CallCounting
from store.archive.months import ArchiveMonths
from store.jobs.delete import JobDeletion
from tests.store.archiving import FEBRUARY, JANUARY, an_old_job, archive, read_all, rows
from tests.store.calling import Calling, Job


async def an_archived_job(calling: Calling) -> Job:
    job = await an_old_job(calling)
    await archive(calling, job)
    return job


async def test_months_are_listed_with_what_they_take(calling: Calling) -> None:
    await an_archived_job(calling)
    months = ArchiveMonths(calling.engine)
    assert [each.month for each in await months.list_all()] == [JANUARY, FEBRUARY]
    assert all(each.bytes > 0 for each in await months.list_all())
    assert [each.month for each in await months.list_before(FEBRUARY)] == [JANUARY]
    assert await months.list_before(JANUARY) == []


async def test_a_dropped_month_takes_its_calls_and_nothing_else(calling: Calling) -> None:
    job = await an_archived_job(calling)
    before, spent = await read_all(calling.engine, job), (await job.row()).spent

    assert await ArchiveMonths(calling.engine).drop(JANUARY) == 2

    after = await read_all(calling.engine, job)
    for same in ("analytics", "ledger", "audit"):
        assert after[same] == before[same], same
    assert [one.contact for one in after["results"]] == [one.contact for one in before["results"]]
    assert (await job.row()).spent == spent
    assert await rows(calling, job) == (0, 2)
    assert [each.month for each in await ArchiveMonths(calling.engine).list_all()] == [FEBRUARY]


async def test_a_job_says_that_calls_were_dropped(calling: Calling) -> None:
    """And not that there were none; other jobs say nothing."""
    job, other = await an_archived_job(calling), await an_old_job(calling, at=(datetime(2026, 2, 3, tzinfo=UTC),))
    await archive(calling, other)
    await ArchiveMonths(calling.engine).drop(JANUARY)
    assert (await read_all(calling.engine, job))["statistics"].calls_dropped_at is not None
    assert (await read_all(calling.engine, other))["statistics"].calls_dropped_at is None


async def test_who_may_have_been_reached_by_a_dropped_call_is_not_called_again(calling: Calling) -> None:
    job = await an_archived_job(calling)
    await ArchiveMonths(calling.engine).drop(JANUARY)
    await ArchiveMonths(calling.engine).drop(FEBRUARY)
    unreached = (await read_all(calling.engine, job))["unreached"]
    assert unreached.left_out[LeftOut.UNKNOWN] == 2  # busy, and unknown: nobody knows which is which any more
    assert len(unreached.contacts) == 1  # who was never called


async def test_sums_are_not_counted_anew_from_what_is_left(calling: Calling) -> None:
    job = await an_archived_job(calling)
    before = (await read_all(calling.engine, job))["analytics"]
    await ArchiveMonths(calling.engine).drop(JANUARY)
    await CallCounting(calling.engine).count(job.id)
    assert (await read_all(calling.engine, job))["analytics"] == before
    await JobDeletion(calling.engine).delete(job.given.id, job.id, by="key_1")


async def test_a_month_that_somebody_reads_stays(calling: Calling) -> None:
    job = await an_archived_job(calling)
    async with calling.engine.transaction() as reader:
        await reader.run("SELECT count(*) FROM old_dials")
        with pytest.raises(LockNotAvailable):
            await ArchiveMonths(calling.engine).drop(JANUARY)
    assert await rows(calling, job) == (0, 4)
    assert (await read_all(calling.engine, job))["statistics"].calls_dropped_at is None


async def test_a_month_that_was_dropped_is_made_again_for_calls_that_come_later(calling: Calling) -> None:
    await an_archived_job(calling)
    late = await an_old_job(calling)
    await ArchiveMonths(calling.engine).drop(JANUARY)
    assert await archive(calling, late) == 4
    assert await rows(calling, late) == (0, 4)
