"""A job's run that hands its calls over to the next one: what ends meanwhile waits for that one.

An event that arrives while a workflow closes makes the server refuse the closing, and the worker replays the whole run
to try it again; by then the next call has ended. Endings are in the database, and the next run asks for them first.
"""

import asyncio
from typing import TYPE_CHECKING

from temporalio import activity

from domain.model import Model

if TYPE_CHECKING:
    from store.workers import Workers

HOLD_SECONDS = 5.0  # how long endings are held back: the run has long been closed by then
SETTLE_SECONDS = 0.1  # for endings that were on their way to the server


class ClosingRun(Model):
    """A run of a job's workflow, by its id."""

    run_id: str


class HandOvers:
    """The runs that are closing, as this process knows."""

    def __init__(self) -> None:
        self._held_until: dict[str, float] = {}  # by run, by the loop's clock

    def begin(self, run_id: str) -> None:
        """Hold the endings of a run back from now on."""
        now = _now()
        self._held_until = {run: until for run, until in self._held_until.items() if until > now}
        self._held_until[run_id] = now + HOLD_SECONDS

    def is_closing(self, run_id: str | None) -> bool:
        """Whether a run is to receive nothing now."""
        return self._held_until.get(run_id or "", 0.0) > _now()

    async def hold_back(self) -> None:
        """Called by an activity that has something to tell its run: return when it may."""
        left = self._held_until.get(activity.info().workflow_run_id or "", 0.0) - _now()
        if left > 0:
            await asyncio.sleep(left)


class HandOverActivities:
    def __init__(self, hand_overs: HandOvers, workers: "Workers") -> None:
        self._hand_overs = hand_overs
        self._workers = workers

    @activity.defn
    async def hold_endings(self, closing: ClosingRun) -> None:
        """Have all workers hold back what they have to tell a run; return when nothing is on its way to it."""
        self._hand_overs.begin(closing.run_id)
        await self._workers.announce_closing(closing.run_id)
        await asyncio.sleep(SETTLE_SECONDS)


def _now() -> float:
    return asyncio.get_running_loop().time()
