"""Calls of old jobs move to the archive, and everything that is asked of them is answered as before."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from psycopg.errors import UniqueViolation

from domain.analytics.counts import Dimension
from domain.calling_rules.frequency_caps import WEEK
from domain.calls.agent_report import ConversationReport
from domain.calls.archive import MIN_ARCHIVE_DAYS
from domain.jobs.settings import JobSettings
from domain.privacy import PersonalData
from store.analytics.counting import CallCounting
from store.analytics.statistics import CallStatistics, Statistics
from store.archive import mover
from store.archive.mover import CallArchive
from store.archive.reading import all_dials
from store.calls.agent_reports import AgentReports
from store.contacts.do_not_call import DoNotCall
from store.db.engine import Database, create_engine
from store.db.vault import Vault
from store.jobs.delete import JobDeletion
from store.jobs.export import Results
from store.privacy.exporting import PersonalDataExport
from store.privacy.forgetting import Forgetting
from store.privacy.number_hashes import NumberHashes
from store.tables import carrier_events, dials, old_carrier_events, old_dials
from tests.store.archiving import (
    DAYS,
    EVER,
    FEBRUARY,
    JANUARY,
    an_old_job,
    archive,
    events,
    in_month,
    is_marked,
    read_all,
    rows,
)
from tests.store.calling import Calling, Job, ago


async def test_everything_that_is_read_of_a_job_is_the_same_before_and_after(shared: Calling) -> None:
    job = await an_old_job(shared)
    before, reported = await read_all(shared.engine, job), await events(shared, job)

    assert await archive(shared, job) == 4

    assert await rows(shared, job) == (0, 4)
    assert await events(shared, job) == (0, reported[0])
    assert reported[0] > 4
    assert await read_all(shared.engine, job) == before


async def test_halfway_it_is_the_same_too(shared: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a crash between two batches: what is there is complete, and the next round goes on."""
    job = await an_old_job(shared)
    before = await read_all(shared.engine, job)
    monkeypatch.setattr(mover, "MAX_BATCHES", 1)
    monkeypatch.setattr(mover, "BATCH_SIZE", 2)

    assert await archive(shared, job) == 2

    assert (await rows(shared, job), await is_marked(shared, job)) == ((2, 2), False)
    assert await read_all(shared.engine, job) == before
    assert await archive(shared, job) == 2
    assert (await rows(shared, job), await is_marked(shared, job)) == ((0, 4), True)
    assert await read_all(shared.engine, job) == before


async def test_each_dial_is_in_the_month_in_which_it_was_asked_for_in_utc(shared: Calling) -> None:
    job = await an_old_job(shared)
    await archive(shared, job)
    assert (await in_month(shared, job, JANUARY), await in_month(shared, job, FEBRUARY)) == (2, 2)


async def test_moving_twice_and_by_several_at_once_moves_each_dial_once(
    shared: Calling, shared_database_url: str
) -> None:
    """In months that none of them has a partition for."""
    moments = datetime(2024, 5, 31, 23, 59, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    jobs = [await an_old_job(shared, at=moments) for _ in range(3)]
    engines = [create_engine(shared_database_url, pool_size=2) for _ in range(3)]
    archives = [CallArchive(engine, DAYS) for engine in engines]

    moved = await asyncio.gather(*(one.move(job.id) for one in archives for job in jobs))

    assert sum(moved) == 12
    for job in jobs:
        assert await rows(shared, job) == (0, 4)
        assert await archive(shared, job) == 0
    for engine in engines:
        await engine.dispose()


async def test_a_batch_that_fails_leaves_everything_where_it_was(shared: Calling) -> None:
    job = await an_old_job(shared)
    reported = await events(shared, job)
    await archive(shared, await an_old_job(shared))  # the months are there
    copied = sa.select(dials).where(dials.c.id == await job.call_of(3).id())
    async with shared.engine.begin() as connection:
        await connection.execute(sa.insert(old_dials).from_select(dials.columns.keys(), copied))

    with pytest.raises(UniqueViolation):
        await archive(shared, job)

    assert (await rows(shared, job), await events(shared, job)) == ((4, 1), reported)


async def test_jobs_that_ended_long_ago_are_due_until_their_calls_are_moved(calling: Calling) -> None:
    archived, never = CallArchive(calling.engine, DAYS), CallArchive(calling.engine, None)
    job = await an_old_job(calling)
    assert (await archived.list_due(), await never.list_due()) == ([job.id], [])
    await archived.move(job.id)
    assert await archived.list_due() == []
    assert await is_marked(calling, job)


@pytest.mark.parametrize("change", ["ended lately", "open", "to be counted", "a live call", "a call that ended lately"])
async def test_what_is_needed_where_it_is_stays(calling: Calling, change: str) -> None:
    job = await an_old_job(calling)
    if change == "ended lately":
        await job.change(completed_at=ago(days=DAYS - 1))
    elif change == "open":
        await job.change(status="running", completed_at=None)
    elif change == "to be counted":
        await job.change(statistics_due_at=ago(days=1))
    else:
        ended = None if change == "a live call" else ago(days=1)
        await job.call_of(0).change(ended_at=ended)
    archived = CallArchive(calling.engine, DAYS)

    assert await archived.list_due() == []
    await archived.move(job.id)

    kept = 1 if "call" in change else 4
    assert (await job.dials(), await is_marked(calling, job)) == (kept, False)


async def test_what_deleted_jobs_left_follows(calling: Calling) -> None:
    """Their sums of calls stay as they were."""
    job = await an_old_job(calling)
    await JobDeletion(calling.engine).delete(job.given.id, job.id, by="key_1")
    archived = CallArchive(calling.engine, DAYS)
    assert await archived.list_due() == [job.id]
    assert await archived.move(job.id) == 4
    assert (await archived.list_due(), await rows(calling, job)) == ([], (0, 4))


async def test_a_job_that_is_deleted_from_the_archive_takes_its_conversations_and_leaves_its_sums(
    shared: Calling,
) -> None:
    job = await an_old_job(shared)
    dial = await job.call_of(0).id()
    await archive(shared, job)
    await AgentReports(shared.engine).record(job.given.id, dial, ConversationReport(summary="Ada said yes."))
    before = await _analytics(shared, job)

    await JobDeletion(shared.engine).delete(job.given.id, job.id, by="key_1")

    said = old_dials.c.conversation.is_not(sa.null())
    assert await shared.count(old_dials, old_dials.c.job_id == job.id, said) == 0
    assert before.overall.attempts > 0
    assert (await _analytics(shared, job)).overall == before.overall


async def test_a_report_that_comes_late_is_kept(shared: Calling) -> None:
    job = await an_old_job(shared)
    dial = await job.call_of(0).id()
    await archive(shared, job)

    await AgentReports(shared.engine).record(job.given.id, dial, ConversationReport(disposition="sold"))

    found = await Results(shared.engine).find_contact(job.given.id, job.id, job.contact_ids[0])
    assert found is not None
    assert found.dials[0].conversation is not None
    assert found.dials[0].conversation.disposition == "sold"
    assert (await job.contact(0)).conversation["disposition"] == "sold"


async def test_who_opts_out_by_an_old_call_is_listed(shared: Calling) -> None:
    job = await an_old_job(shared)
    dial, number = await job.call_of(0).id(), (await job.contact(0)).number
    await archive(shared, job)
    done = await DoNotCall(shared.engine).opt_out(job.given.id, dial, by="key_1")
    assert done.number == number


async def test_a_person_is_forgotten_in_the_archive_too(shared: Calling) -> None:
    job = await an_old_job(shared)
    number, dial = (await job.contact(0)).number, await job.call_of(0).id()
    await archive(shared, job)
    await AgentReports(shared.engine).record(job.given.id, dial, ConversationReport(summary="Ada said yes."))
    export = PersonalDataExport(shared.engine)
    assert len((await export.read(job.given.id, number)).calls) == 1

    forgetting = Forgetting(
        shared.engine, NumberHashes(shared.engine, Vault(["secret-of-the-tests-long-enough-for-us"]))
    )
    await forgetting.suppress(job.given.id, number, by="key_1")
    receipt = await forgetting.forget(job.given.id, number, by="key_1")

    assert (receipt.deleted["calls"], [call.dial_id for call in receipt.calls]) == (1, [dial])
    left = await shared.one(old_dials, old_dials.c.id == dial)
    assert left.to_number != number
    assert left.conversation is None
    assert await export.read(job.given.id, number) == PersonalData()


async def test_a_job_is_counted_in_the_archive_as_it_was_before(shared: Calling) -> None:
    job = await an_old_job(shared)
    before = await _analytics(shared, job)
    await archive(shared, job)
    await CallCounting(shared.engine).count(job.id)
    assert await _analytics(shared, job) == before


async def test_caps_and_overlaps_look_back_less_than_calls_stay(shared: Calling) -> None:
    [overlap] = JobSettings.model_fields["overlap_days"].metadata
    assert max(timedelta(days=overlap.highest), WEEK) < timedelta(days=MIN_ARCHIVE_DAYS)
    with pytest.raises(ValueError, match="31 days"):
        CallArchive(shared.engine, MIN_ARCHIVE_DAYS - 1)


async def test_the_archive_has_the_columns_of_the_tables_that_it_is_of(engine: Database) -> None:
    """One that is added to `dials` goes into the view, too: docs/how-to/change-the-schema.md."""
    assert set(old_dials.columns.keys()) == set(dials.columns.keys())
    assert set(old_carrier_events.columns.keys()) == {*carrier_events.columns.keys(), "asked_at"}
    async with engine.connect() as connection:
        found = await connection.execute(sa.text("SELECT * FROM all_dials LIMIT 0"))
    assert set(found.keys()) == set(dials.columns.keys()) == {column.name for column in all_dials.columns}


async def _analytics(shared: Calling, job: Job) -> Statistics:
    return await CallStatistics(shared.engine).group(job.given.id, Dimension.HOUR, EVER)
