"""Heartbeats that go on by themselves while an activity waits, and show what it waits for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

INTERVAL_SECONDS = 3.0  # the SDK throttles to two seconds; the timeout is 15


class Heartbeat:
    """`state` goes out with each heartbeat: "ringing"."""

    def __init__(self, state: str) -> None:
        self.state = state

    def show(self, state: str) -> None:
        """Show another state from the next heartbeat on: one of its own would cost the server as much as an ending."""
        self.state = state

    async def _beat(self, first_after: float, interval: float) -> None:
        await asyncio.sleep(first_after)
        while True:
            activity.heartbeat(self.state)
            await asyncio.sleep(interval)


@asynccontextmanager
async def heartbeats(
    state: str, *, first_after: float = 0.0, interval: float = INTERVAL_SECONDS
) -> AsyncIterator[Heartbeat]:
    """Beat until the block is left, every `interval` seconds."""
    heartbeat = Heartbeat(state)
    beating = asyncio.create_task(heartbeat._beat(first_after, interval))
    try:
        yield heartbeat
    finally:
        beating.cancel()
