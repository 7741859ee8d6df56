"""What a worker that died was doing goes on at once; Temporal itself would wait for a heartbeat's or a task's timeout.

The eldest worker looks: when it starts, and whenever one is missing. A process that stands still is not missing: what
it has is taken over when its heartbeats have stayed away. Nothing rests on who is missing: a worker that lives and is
taken for dead, and the one that takes over, are kept apart by the dial's row, as after continue as new.
"""

import asyncio
import logging
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from store.reconcile import Reconciliation
    from store.workers import Workers

CHECK_INTERVAL_SECONDS = 0.5
ALONE_INTERVAL_SECONDS = 2.0  # while nobody else is there who could be missing
MISSING_SECONDS = 2.0  # then it is gone: one that only lost its connection has another by then
PARALLEL_REQUESTS = 16
RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Workflows(Protocol):
    """`workflows.client.JobWorkflows`."""

    async def take_over(self, job_id: str, present: Collection[int]) -> bool: ...


class TakeOver:
    """Has jobs take up the calls that dead workers followed."""

    def __init__(self, workers: "Workers", reconciliation: "Reconciliation", workflows: Workflows) -> None:
        self._workers = workers
        self._reconciliation = reconciliation
        self._workflows = workflows
        self._known: set[int] | None = None  # as they were last seen; None: what was before is not known
        self._missing: dict[int, float] = {}  # since when, by the monotonic clock
        self._joined_at: float | None = None  # None: not among them now

    async def run(self) -> None:
        """Look for missing workers, for ever."""
        while True:
            try:
                await self.check()
                seconds = ALONE_INTERVAL_SECONDS if self.is_alone else CHECK_INTERVAL_SECONDS
            except Exception as error:  # the database or Temporal is away: who was missing is still missing then
                logger.warning("missing workers cannot be looked for (%s); trying again", type(error).__name__)
                self._joined_at = None
                seconds = RETRY_SECONDS
            await asyncio.sleep(seconds)

    @property
    def is_alone(self) -> bool:
        """Whether it is the only worker that it knows of."""
        return self._known == {self._workers.number}

    async def check(self) -> None:
        """Look once. Raises what the database or Temporal raise."""
        present = await self._workers.list_present()
        if self._workers.number not in present:  # not yet, or not any more: the others may be about to come back, too
            self._joined_at = None
            return
        if self._joined_at is None:
            self._joined_at = time.monotonic()
        gone = self._find_gone(frozenset(present))
        if (gone or self._known is None) and present[0] == self._workers.number:
            await self._take_over({*present, *(self._known or ())} - gone)
        self._known = {*present, *(self._known or ())} - gone

    def _find_gone(self, present: frozenset[int]) -> frozenset[int]:
        """Those missing for so long that they will not come back, and all the while this one was among them."""
        now = time.monotonic()
        missing = (self._known or set()) - present
        self._missing = {number: self._missing.get(number, now) for number in missing}
        joined_at = now if self._joined_at is None else self._joined_at
        return frozenset(
            number for number, since in self._missing.items() if now - max(since, joined_at) >= MISSING_SECONDS
        )

    async def _take_over(self, present: Collection[int]) -> None:
        jobs = await self._reconciliation.list_calling_jobs()
        room = asyncio.Semaphore(PARALLEL_REQUESTS)

        async def take_over(job_id: str) -> bool:
            async with room:
                return await self._workflows.take_over(job_id, present)

        taken = await asyncio.gather(*map(take_over, jobs), return_exceptions=True)
        count = sum(each is True for each in taken)
        if count:
            logger.warning("a worker is gone; %s jobs take its calls over", count)
        for each in taken:
            if isinstance(each, BaseException):
                raise each
