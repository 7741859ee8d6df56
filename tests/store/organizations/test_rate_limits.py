"""Requests counted in a running minute."""

import asyncio

from store.db.engine import Database
from store.organizations.rate_limits import RateLimits


async def test_requests_are_counted_down_and_then_refused(engine: Database) -> None:
    limits = RateLimits(engine)

    seen = [await limits.count("key_1", 2) for _ in range(4)]

    assert [(one.allowed, one.remaining) for one in seen] == [(True, 1), (True, 0), (False, 0), (False, 0)]
    assert len({one.resets_at for one in seen}) == 1
    assert all(0 < one.seconds_left <= 60 for one in seen)


async def test_requests_at_once_are_each_counted(engine: Database) -> None:
    limits = RateLimits(engine)

    seen = await asyncio.gather(*(limits.count("key_1", 30) for _ in range(50)))

    assert sum(one.allowed for one in seen) == 30
    assert sorted(one.remaining for one in seen if one.allowed) == list(range(30))


async def test_a_lower_limit_holds_for_the_running_minute(engine: Database) -> None:
    limits = RateLimits(engine)
    for _ in range(5):
        await limits.count("key_1", 10)

    lowered = await limits.count("key_1", 3)

    assert (lowered.allowed, lowered.remaining) == (False, 0)
