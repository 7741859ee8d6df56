"""Every half minute the reconciler fixes what a crash left undone. One for a whole installation."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.reconcile import Fixed, ReconcileActivities
    from domain.model import Model
    from workflows.names import RECONCILER

RECONCILE_TIMEOUT = timedelta(minutes=5)  # a describe for every open job
RECONCILE_HEARTBEAT = timedelta(seconds=15)
RECONCILE_RETRY = RetryPolicy(maximum_attempts=3)  # the next round is the better retry
ROUNDS_IN_A_RUN = 200  # about 2,000 events, then continue as new


class ReconcilerStart(Model):
    """`every_seconds` between two rounds."""

    every_seconds: float = 30.0


@workflow.defn(name=RECONCILER)
class Reconciler:
    """A timer and an activity, for ever. No Schedule: it would leave 43,200 closed workflows a month in the UI."""

    @workflow.run
    async def run(self, start: ReconcilerStart) -> None:
        """Reconcile, wait, reconcile."""
        for _ in range(ROUNDS_IN_A_RUN):
            await self._reconcile()
            await workflow.sleep(timedelta(seconds=start.every_seconds), summary="next round")
        workflow.continue_as_new(start)

    async def _reconcile(self) -> None:
        try:
            fixed = await workflow.execute_activity_method(
                ReconcileActivities.reconcile,
                start_to_close_timeout=RECONCILE_TIMEOUT,
                heartbeat_timeout=RECONCILE_HEARTBEAT,
                retry_policy=RECONCILE_RETRY,
            )
        except ActivityError:
            workflow.set_current_details("The last round failed; see the worker's log. The next one tries again.")
            return
        workflow.set_current_details(_details(fixed))


def _details(fixed: Fixed) -> str:
    if fixed.alarm is not None:
        return f"The last round fixed nothing. {fixed.alarm}"
    failed = f" Failed, see the worker's log: {', '.join(fixed.failed_parts)}." if fixed.failed_parts else ""
    return (
        f"Last round: {fixed.started} jobs and the lines of {fixed.lines} organizations started, "
        f"{fixed.failed} jobs failed, {fixed.ended_dials} dials ended, {fixed.nudged} jobs nudged, "
        f"{fixed.campaigns} campaigns went on.{failed}"
    )
