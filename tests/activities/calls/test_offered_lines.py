"""A line that comes free on one worker is taken by a call that waits on another, at once."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from activities.calls.call import CallActivities
from store.calls.claim import Claims
from store.db.listen import Notices
from store.workers import FREE_LINES, Workers
from tests.activities.calling import Calling
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually

LONG = 3.5  # seconds after which whoever waits looks every two seconds
AT_ONCE = 0.5


@pytest.fixture
async def other(calling: Calling, database_url: str) -> AsyncIterator[CallActivities]:
    """Another worker's activities; the test's own offers lines to it."""
    ours, theirs, notices = Workers(database_url), Workers(database_url), Notices(database_url)
    others = [
        CallActivities(Claims(calling.engine), calling.dials, calling.watch, calling.carriers, "http://x", workers=each)
        for each in (ours, theirs)
    ]
    calling.calls, other = others
    async with theirs.joined(notices, lambda _: None), ours.joined(Notices(database_url), lambda _: None):
        theirs.hear_of_lines(notices, other.take_line)
        await eventually(lambda: _is_listened_to(calling))
        yield other


async def test_a_line_for_which_nobody_waits_here_is_offered_to_others(calling: Calling, other: CallActivities) -> None:
    await calling.change("UPDATE organizations SET concurrent_call_limit = 1")
    calling.carrier.usually(TALKS_ON)
    first = calling.start(0)
    await eventually(lambda: len(calling.carrier.live) == 1)
    calling.calls = other
    second = calling.start(1)
    await asyncio.sleep(LONG)
    assert len(calling.carrier.calls) == 1

    ended_at = time.monotonic()
    await calling.carrier.end_all()
    await first.result()
    await eventually(lambda: len(calling.carrier.live) == 1)
    assert time.monotonic() - ended_at < AT_ONCE
    await calling.carrier.end_all()
    await second.result()


async def test_whoever_offers_a_line_does_not_hear_of_it(database_url: str, calling: Calling) -> None:
    ours, theirs = Workers(database_url), Workers(database_url)
    heard: list[tuple[str, str]] = []
    notices = [Notices(database_url) for _ in range(2)]
    async with ours.joined(notices[0], lambda _: None), theirs.joined(notices[1], lambda _: None):
        ours.hear_of_lines(notices[0], lambda job_id: heard.append(("ours", job_id)))
        theirs.hear_of_lines(notices[1], lambda job_id: heard.append(("theirs", job_id)))
        await eventually(lambda: _is_listened_to(calling, 2))
        await ours.offer_line("batch_1")
        await eventually(lambda: heard)
        await asyncio.sleep(0.05)
    assert heard == [("theirs", "batch_1")]


async def _is_listened_to(calling: Calling, by: int = 1) -> bool:
    query = "SELECT count(*) AS listeners FROM pg_stat_activity WHERE datname = current_database() AND query = :listen"
    (row,) = await calling.rows(query, listen=f"LISTEN {FREE_LINES}")
    return row["listeners"] >= by
