"""Heartbeats that go on by themselves while an activity waits, and show what it waits for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity

INTERVAL_SECONDS = 3.0  # the SDK throttles to two seconds; the timeout is 15


class Heartbeat:
    """`state` goes out with each heartbeat, every `interval` seconds: "ringing".

    A timer of the loop and no task: a worker has one for each of thousands of calls.
    """

    def __init__(self, state: str, interval: float) -> None:
        self.state = state
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None

    def show(self, state: str) -> None:
        """Show another state from the next heartbeat on: one of its own would cost the server as much as an ending."""
        self.state = state

    def start(self, first_after: float) -> None:
        """Beat from then on. The timer keeps the activity's context, by which the SDK knows whose heartbeat it is."""
        self._timer = asyncio.get_running_loop().call_later(first_after, self._beat)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        self.start(self._interval)
        activity.heartbeat(self.state)


@contextmanager
def heartbeats(state: str, *, first_after: float = 0.0, interval: float = INTERVAL_SECONDS) -> Iterator[Heartbeat]:
    """Beat until the block is left, every `interval` seconds."""
    heartbeat = Heartbeat(state, interval)
    heartbeat.start(first_after)
    try:
        yield heartbeat
    finally:
        heartbeat.stop()
