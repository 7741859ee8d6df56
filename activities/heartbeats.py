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
        """Show another state at once."""
        if state != self.state:
            self.state = state
            activity.heartbeat(state)

    async def _beat(self) -> None:
        while True:
            activity.heartbeat(self.state)
            await asyncio.sleep(INTERVAL_SECONDS)


@asynccontextmanager
async def heartbeats(state: str) -> AsyncIterator[Heartbeat]:
    """Beat until the block is left."""
    heartbeat = Heartbeat(state)
    beating = asyncio.create_task(heartbeat._beat())
    try:
        yield heartbeat
    finally:
        beating.cancel()
