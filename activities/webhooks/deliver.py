"""Deliver what waits for an endpoint: in order for each job, several jobs at once, within bounds."""

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING

from temporalio import activity

from activities.heartbeats import Heartbeat, heartbeats
from activities.webhooks.http_sender import WebhookSender
from domain.model import Model
from domain.webhooks.events import AttemptResult, DeliveryStatus, DueDelivery
from domain.webhooks.messages import render_body
from telemetry.metrics import observe_webhook

if TYPE_CHECKING:
    from store.webhooks.outbox import Outbox

BATCH_SECONDS = 60.0  # then other endpoints have their turn
MAX_CONCURRENT_LANES = 8  # jobs of one endpoint: a receiver is not flooded
LANE_INTERVAL_SECONDS = 0.5  # between two looks for new lanes
LINGER_SECONDS = 5.0  # after the last delivery: while a job runs the next event is seldom far
LEASE_INTERVAL_SECONDS = 10.0

OUR_MISTAKE = "Not sent, by a mistake of ours"


class DeliverRequest(Model):
    """`as_of`: the workflow's time, UTC."""

    endpoint_id: str
    as_of: datetime


class BatchResult(Model):
    """`exists`: the endpoint was not deleted. `next_due_at`: UTC, None where nothing waits. `failed`: attempts."""

    exists: bool = True
    next_due_at: datetime | None = None
    delivered: int = 0
    failed: int = 0


class WebhookActivities:
    def __init__(self, outbox: "Outbox", sender: WebhookSender, *, linger_seconds: float = LINGER_SECONDS) -> None:
        self._outbox = outbox
        self._sender = sender
        self._linger = linger_seconds

    @activity.defn
    async def deliver(self, request: DeliverRequest) -> BatchResult:
        """Send what is due, for a minute at most. Idempotent for us; what was sent and not noted is sent again."""
        with heartbeats("delivering") as heartbeat:
            batch = _Batch(self._outbox, self._sender, request, heartbeat)
            await batch.run(self._linger)
            endpoint = await self._outbox.mark_idle(request.endpoint_id)
            return BatchResult(
                exists=endpoint.exists,
                next_due_at=endpoint.next_due_at,
                delivered=batch.delivered,
                failed=batch.failed,
            )


class _Batch:
    """The lanes that are being emptied, and what came of it. A lane holds one job's deliveries, in order."""

    def __init__(self, outbox: "Outbox", sender: WebhookSender, request: DeliverRequest, heartbeat: Heartbeat) -> None:
        self.delivered = 0
        self.failed = 0
        self._outbox = outbox
        self._sender = sender
        self._request = request
        self._heartbeat = heartbeat
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._until = time.monotonic() + BATCH_SECONDS
        self._renew_lease_at = 0.0

    async def run(self, linger: float) -> None:
        idle_since = time.monotonic()
        try:
            while await self._may_go_on():
                await self._take_lanes()
                if self._lanes:
                    idle_since = time.monotonic()
                    await self._until_one_ends()
                elif time.monotonic() - idle_since >= linger:
                    break
                else:
                    await asyncio.sleep(min(LANE_INTERVAL_SECONDS, linger))
        finally:
            await self._finish()
        for task in self._lanes.values():
            task.result()

    async def _may_go_on(self) -> bool:
        now = time.monotonic()
        if now >= self._until or activity.is_worker_shutdown():
            return False
        if now >= self._renew_lease_at:
            self._renew_lease_at = now + LEASE_INTERVAL_SECONDS
            return await self._outbox.mark_busy(self._request.endpoint_id)
        return True

    async def _take_lanes(self) -> None:
        free = MAX_CONCURRENT_LANES - len(self._lanes)
        if free > 0:
            endpoint, as_of = self._request.endpoint_id, self._request.as_of
            for lane in await self._outbox.find_due_lanes(endpoint, as_of, self._lanes.keys(), free):
                self._lanes[lane] = asyncio.create_task(self._empty(lane))

    async def _until_one_ends(self) -> None:
        ended, _ = await asyncio.wait(
            self._lanes.values(), timeout=LANE_INTERVAL_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        self._lanes = {lane: task for lane, task in self._lanes.items() if task not in ended}
        for task in ended:
            task.result()

    async def _finish(self) -> None:
        """Requests that are on their way are waited for, and noted."""
        self._until = 0.0
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _empty(self, lane: str) -> None:
        """Send a lane's deliveries one after another, until one fails or none is left."""
        status: DeliveryStatus | None = DeliveryStatus.DELIVERED
        while status not in {None, DeliveryStatus.PENDING} and time.monotonic() < self._until:
            status = await self._send_first(lane)

    async def _send_first(self, lane: str) -> DeliveryStatus | None:
        """None where nothing could be taken up."""
        due = await self._outbox.take(self._request.endpoint_id, lane, self._request.as_of)
        if due is None:
            return None
        result = await self._send(due)
        status = await self._outbox.record_result(due.id, result, self._request.as_of)
        observe_webhook(delivered=result.delivered)
        if result.delivered:
            self.delivered += 1
        else:
            self.failed += 1
            activity.logger.info("delivery %s: %s", due.id, result.error)
        self._heartbeat.show(f"{self.delivered} delivered, {self.failed} failed")
        return status

    async def _send(self, due: DueDelivery) -> AttemptResult:
        """A bug fails this attempt: it must not hold up other lanes."""
        if due.event is None:
            return AttemptResult(error=f"{OUR_MISTAKE}: it cannot be read.")
        try:
            return await self._sender.send(due.url, due.id, due.secrets, render_body(due.event))
        except Exception as error:
            activity.logger.exception("delivery %s cannot be made", due.id)
            return AttemptResult(error=f"{OUR_MISTAKE} ({type(error).__name__}).")
