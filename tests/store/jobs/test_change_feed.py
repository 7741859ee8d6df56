"""What has changed of jobs, for those who watch."""

from datetime import datetime

import pytest

from domain.statuses import JobStatus
from store.jobs.change_feed import ChangeFeed
from tests.builders import Given
from tests.store.calling import Calling, a_caller


@pytest.fixture
def feed(shared: Calling) -> ChangeFeed:
    return ChangeFeed(shared.engine)


async def instant(feed: ChangeFeed, job_id: str) -> datetime:
    return (await feed.look([job_id], None))[job_id].at


async def test_every_step_of_a_contact_is_a_change(shared: Calling, given: Given, feed: ChangeFeed) -> None:
    job = await shared.a_job(given, 2)
    since = await instant(feed, job.id)

    async def changed() -> list[tuple[str, str]]:
        look = (await feed.look([job.id], since))[job.id]
        return [(change.id, change.status) for change in look.changes]

    first, second = job.contact_ids
    assert await changed() == []
    call = await job.call(0)
    assert await changed() == [(first, "dialing")]
    await call.is_busy()
    assert await changed() == [(first, "queued")]
    await (await job.call(1)).completes(5)
    assert await changed() == [(first, "queued"), (second, "completed")]
    await job.cancel()
    assert await changed() == [(second, "completed"), (first, "cancelled")]


async def test_a_look_counts_contacts_and_shows_when_a_job_is_over(
    shared: Calling, given: Given, feed: ChangeFeed
) -> None:
    job = await shared.a_job(given, 2)
    call = await job.call(0)
    await job.cancel()

    live = (await feed.look([job.id], None))[job.id].state
    await call.completes(5)
    over = (await feed.look([job.id], None))[job.id].state

    assert (live.status, live.over, live.counts.processed) == (JobStatus.CANCELLED, False, 1)
    assert (over.over, over.counts.processed, over.counts.successful) == (True, 2, 1)


async def test_several_jobs_are_read_at_once_and_none_of_others(
    shared: Calling, given: Given, feed: ChangeFeed
) -> None:
    jobs = [await shared.a_job(given, 1) for _ in range(3)]
    other = await a_caller(shared.engine)
    ids = [*(job.id for job in jobs), "batch_0", "batch_\0"]

    assert set(await feed.look(ids, None)) == set(await feed.look(ids, None, given.id)) == {job.id for job in jobs}
    assert await feed.look(ids, None, other.id) == {}
