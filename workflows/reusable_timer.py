"""One timer at a time, beside whatever else a workflow waits for."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


class ReusableTimer:
    """Calls `on_time` when the time comes that was set; `summary` is shown in Temporal's web UI."""

    def __init__(self, summary: str, on_time: Callable[[], None]) -> None:
        self._summary = summary
        self._on_time = on_time
        self._task: asyncio.Task[None] | None = None
        self._at: datetime | None = None

    def set(self, at: datetime) -> None:
        """Set the timer to `at`, by the workflow's clock. One that is earlier stays: it is cheaper than another."""
        if self._task is not None and not self._task.done():
            if self._at is not None and self._at <= at:
                return
            self._task.cancel()
        self._at = at
        self._task = asyncio.ensure_future(self._wait(at))

    def set_or_clear(self, at: datetime | None) -> None:
        if at is not None:
            self.set(at)
        elif self._task is not None:
            self._task.cancel()
            self._task = None

    async def _wait(self, at: datetime) -> None:
        await workflow.sleep(max(timedelta(0), at - workflow.now()), summary=self._summary)
        self._on_time()
