"""The housekeeper: every half minute it mends what a crash left undone. One for a whole installation."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.reconcile import ReconcileActivities, Sweep
    from domain.model import Model
    from workflows.names import HOUSEKEEPER

SWEEP_TIMEOUT = timedelta(minutes=5)  # a describe for every open job
SWEEP_HEARTBEAT = timedelta(seconds=15)
SWEEP_RETRY = RetryPolicy(maximum_attempts=3)  # the next sweep is the better retry
SWEEPS_IN_A_RUN = 200  # about 2,000 events, then continue as new


class ReconcilerStart(Model):
    """`every_seconds` between two sweeps."""

    every_seconds: float = 30.0


@workflow.defn(name=HOUSEKEEPER)
class Reconciler:
    """A timer and a sweep, for ever. No Schedule: it would leave 43,200 closed workflows a month in the UI."""

    @workflow.run
    async def run(self, start: ReconcilerStart) -> None:
        """Sweep, wait, sweep."""
        for _ in range(SWEEPS_IN_A_RUN):
            await self._sweep()
            await workflow.sleep(timedelta(seconds=start.every_seconds), summary="next sweep")
        workflow.continue_as_new(start)

    async def _sweep(self) -> None:
        try:
            sweep = await workflow.execute_activity_method(
                ReconcileActivities.sweep,
                start_to_close_timeout=SWEEP_TIMEOUT,
                heartbeat_timeout=SWEEP_HEARTBEAT,
                retry_policy=SWEEP_RETRY,
            )
        except ActivityError:
            workflow.set_current_details("The last sweep failed; see the worker's log. The next one tries again.")
            return
        workflow.set_current_details(_details(sweep))


def _details(sweep: Sweep) -> str:
    return (
        f"Last sweep: {sweep.started} jobs and the lines of {sweep.lines} organizations started, "
        f"{sweep.failed} jobs failed, "
        f"{sweep.ended_dials} dials ended, {sweep.nudged} jobs nudged."
    )
