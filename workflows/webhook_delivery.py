"""Deliveries of one webhook endpoint: send what is due, wait for more, for as long as the endpoint exists."""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.webhooks.deliver import DeliverRequest, Round, WebhookActivities
    from domain.model import Model
    from workflows.names import WEBHOOK_DELIVERIES

ROUND_TIMEOUT = timedelta(minutes=3)  # a minute of sending, and what is on its way then
ROUND_HEARTBEAT = timedelta(seconds=15)  # how long a dead worker's deliveries stand still
ROUND_RETRY = RetryPolicy(  # for our own failures only: the database away, a worker lost
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
LOOK_AGAIN = timedelta(days=1)  # unasked: so that the workflow of a deleted endpoint ends
SOONEST = timedelta(seconds=1)  # between two rounds that find nothing to take up
MAX_RUN_EVENTS = 2_000  # events


class DeliveriesStart(Model):
    """Whose endpoint, and which."""

    organization_id: str
    endpoint_id: str


@workflow.defn(name=WEBHOOK_DELIVERIES)
class WebhookDeliveries:
    """The record knows what waits and since when; this sees to it that somebody sends it."""

    @workflow.init
    def __init__(self, start: DeliveriesStart) -> None:
        self._start = start
        self._woken = False

    @workflow.run
    async def run(self, start: DeliveriesStart) -> None:
        """Send, wait, send."""
        while not self._is_long():
            self._woken = False
            came_of_it = await self._deliver()
            if not came_of_it.exists:
                return
            await self._wait_until_due(came_of_it)
        workflow.continue_as_new(start)

    @workflow.signal(description="Look for deliveries now.")
    def wake(self) -> None:
        self._woken = True

    async def _deliver(self) -> Round:
        return await workflow.execute_activity_method(
            WebhookActivities.deliver,
            DeliverRequest(endpoint_id=self._start.endpoint_id, as_of=workflow.now()),
            start_to_close_timeout=ROUND_TIMEOUT,
            heartbeat_timeout=ROUND_HEARTBEAT,
            retry_policy=ROUND_RETRY,
        )

    async def _wait_until_due(self, came_of_it: Round) -> None:
        wait = LOOK_AGAIN
        if came_of_it.next_due_at is not None:
            wait = max(came_of_it.next_due_at - workflow.now(), SOONEST)
        workflow.set_current_details(_details(came_of_it))
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._woken, timeout=wait, timeout_summary="next delivery")

    def _is_long(self) -> bool:
        info = workflow.info()
        return info.get_current_history_length() >= MAX_RUN_EVENTS or info.is_continue_as_new_suggested()


def _details(came_of_it: Round) -> str:
    waits = "Nothing waits."
    if came_of_it.next_due_at is not None:
        waits = f"The next is due at {came_of_it.next_due_at:%Y-%m-%d %H:%M:%S} UTC."
    return f"Last round: {came_of_it.delivered} delivered, {came_of_it.failed} tries failed. {waits}"
