"""What a worker that died was doing goes on at once; Temporal itself would wait for a heartbeat's or a task's timeout.

The eldest worker looks: when it starts, and whenever one is missing. A process that stands still is not missing: what
it has is taken over when its heartbeats have stayed away.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from store.reconcile import Reconciliation
    from store.workers import Workers

CHECK_INTERVAL_SECONDS = 0.5
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
        self._known: frozenset[int] | None = None  # as they were last seen; None: what was before is not known

    async def run(self) -> None:
        """Look for missing workers, for ever."""
        while True:
            seconds = CHECK_INTERVAL_SECONDS
            try:
                await self.check()
            except Exception as error:  # the database or Temporal is away: who was missing is still missing then
                logger.warning("missing workers cannot be looked for (%s); trying again", type(error).__name__)
                seconds = RETRY_SECONDS
            await asyncio.sleep(seconds)

    async def check(self) -> None:
        """Look once. Raises what the database or Temporal raise."""
        present = await self._workers.list_present()
        if self._workers.number not in present:  # not yet, or not any more: the others may be about to come back, too
            return
        if (self._known is None or self._known - set(present)) and present[0] == self._workers.number:
            await self._take_over(present)
        self._known = frozenset(present)

    async def _take_over(self, present: Sequence[int]) -> None:
        jobs = await self._reconciliation.list_calling_jobs()
        room = asyncio.Semaphore(PARALLEL_REQUESTS)

        async def take_over(job_id: str) -> bool:
            async with room:
                return await self._workflows.take_over(job_id, present)

        taken = await asyncio.gather(*map(take_over, jobs))
        if any(taken):
            logger.warning("a worker is gone; %s jobs take its calls over", sum(taken))
