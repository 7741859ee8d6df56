"""What ends soon after one another is told together."""

import asyncio
import time

from activities.calls.gathering import GatheredEndings

SECONDS = 0.2


async def test_endings_are_told_together_a_while_after_the_first() -> None:
    endings, told = GatheredEndings(SECONDS), []

    async def end(after: float) -> None:
        await asyncio.sleep(after)
        await endings.wait("a-run")
        told.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(end(part * SECONDS) for part in (0, 0.2, 0.4, 0.6)))

    assert max(told) - min(told) < SECONDS / 4
    assert SECONDS <= min(told) - began < SECONDS * 2


async def test_each_run_is_told_by_itself_and_again() -> None:
    endings = GatheredEndings(SECONDS)
    first = asyncio.ensure_future(endings.wait("a-run"))
    await asyncio.sleep(SECONDS / 2)
    other = asyncio.ensure_future(endings.wait("another-run"))

    await first
    assert not other.done()
    again = asyncio.ensure_future(endings.wait("a-run"))
    await other
    assert not again.done()
    await again


async def test_who_is_cancelled_keeps_the_others_from_nothing() -> None:
    endings = GatheredEndings(SECONDS)
    cancelled, waits = (asyncio.ensure_future(endings.wait("a-run")) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()

    async with asyncio.timeout(SECONDS * 3):
        await waits


async def test_all_that_wait_are_told_at_once_where_that_is_wanted() -> None:
    endings = GatheredEndings(seconds=30)
    waiting = [asyncio.ensure_future(endings.wait("a-run")) for _ in range(2)]
    other = asyncio.ensure_future(endings.wait("another-run"))
    await asyncio.sleep(0)

    endings.tell("a-run")
    endings.tell("a-run")  # nobody waits any more

    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)
    assert not other.done()
    other.cancel()


async def test_who_comes_after_all_were_told_at_once_waits_for_its_own_time() -> None:
    endings = GatheredEndings(SECONDS)
    first = asyncio.ensure_future(endings.wait("a-run"))
    await asyncio.sleep(SECONDS / 2)
    endings.tell("a-run")
    await first
    began = time.monotonic()

    await endings.wait("a-run")

    assert time.monotonic() - began >= SECONDS
