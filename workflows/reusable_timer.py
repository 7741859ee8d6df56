"""One timer at a time: wakes a workflow that waits for something else as well."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


class ReusableTimer:
    """Calls `ring` at the time that was set. An earlier one stays: whoever is woken looks for himself."""

    def __init__(self, summary: str, ring: Callable[[], None]) -> None:
        self._summary = summary
        self._ring = ring
        self._timer: asyncio.Task[None] | None = None
        self._at: datetime | None = None

    def set(self, at: datetime) -> None:
        """Ring at `at`, by the workflow's clock, or earlier."""
        if self._timer is not None and not self._timer.done():
            if self._at is not None and self._at <= at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = asyncio.ensure_future(self._wait(at))

    def set_or_clear(self, at: datetime | None) -> None:
        """Ring at `at`; None: do not ring any more."""
        if at is not None:
            self.set(at)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _wait(self, at: datetime) -> None:
        await workflow.sleep(max(timedelta(0), at - workflow.now()), summary=self._summary)
        self._ring()
