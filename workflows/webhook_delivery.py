"""Deliveries of one webhook endpoint: send what is due, wait for more, for as long as the endpoint exists."""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.webhooks.deliver import BatchResult, DeliverRequest, WebhookActivities
    from domain.model import Model
    from workflows.names import WAKE, WEBHOOK_DELIVERIES

BATCH_TIMEOUT = timedelta(minutes=3)  # a minute of sending, and what is on its way then
BATCH_HEARTBEAT = timedelta(seconds=15)  # how long a dead worker's deliveries stand still
BATCH_RETRY = RetryPolicy(  # for our own failures only: the database away, a worker lost
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
RECHECK_INTERVAL = timedelta(days=1)  # without a signal: so that the workflow of a deleted endpoint ends
MIN_WAIT = timedelta(seconds=1)  # between two batches that find nothing to take up
MAX_RUN_EVENTS = 2_000  # events


class DeliveriesStart(Model):
    """Whose endpoint, and which."""

    organization_id: str
    endpoint_id: str


@workflow.defn(name=WEBHOOK_DELIVERIES)
class WebhookDeliveries:
    """The database knows what waits and since when; this has it sent."""

    @workflow.init
    def __init__(self, start: DeliveriesStart) -> None:
        self._start = start
        self._woken = False

    @workflow.run
    async def run(self, start: DeliveriesStart) -> None:
        """Send, wait, send."""
        while not self._is_long():
            self._woken = False
            last = await self._deliver()
            if not last.exists:
                return
            await self._wait_until_due(last)
        workflow.continue_as_new(start)

    @workflow.signal(name=WAKE, description="Look for deliveries now.")
    def wake(self) -> None:
        self._woken = True

    async def _deliver(self) -> BatchResult:
        return await workflow.execute_activity_method(
            WebhookActivities.deliver,
            DeliverRequest(endpoint_id=self._start.endpoint_id, as_of=workflow.now()),
            start_to_close_timeout=BATCH_TIMEOUT,
            heartbeat_timeout=BATCH_HEARTBEAT,
            retry_policy=BATCH_RETRY,
        )

    async def _wait_until_due(self, last: BatchResult) -> None:
        wait = RECHECK_INTERVAL
        if last.next_due_at is not None:
            wait = max(last.next_due_at - workflow.now(), MIN_WAIT)
        workflow.set_current_details(_details(last))
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._woken, timeout=wait, timeout_summary="next delivery")

    def _is_long(self) -> bool:
        info = workflow.info()
        return info.get_current_history_length() >= MAX_RUN_EVENTS or info.is_continue_as_new_suggested()


def _details(last: BatchResult) -> str:
    waits = "Nothing waits."
    if last.next_due_at is not None:
        waits = f"The next is due at {last.next_due_at:%Y-%m-%d %H:%M:%S} UTC."
    return f"Last batch: {last.delivered} delivered, {last.failed} tries failed. {waits}"
