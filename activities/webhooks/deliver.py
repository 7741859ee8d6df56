"""Delivering what waits for an endpoint: lane by lane in order, lanes beside each other, within bounds."""

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING

from temporalio import activity

from activities.calls.heartbeats import Pulse, heartbeats
from activities.webhooks.http_sender import Poster
from domain.model import Model
from domain.webhooks.events import AttemptResult, DeliveryStatus, DueDelivery
from domain.webhooks.messages import render_body

if TYPE_CHECKING:
    from store.webhooks.outbox import Outbox

ROUND_SECONDS = 60.0  # then others have their turn
LANES_AT_ONCE = 8  # jobs of one endpoint: a receiver is not flooded
LOOK_SECONDS = 0.5  # how often new lanes are looked for while some are seen to
LINGER_SECONDS = 5.0  # after the last one: while a job runs the next event is seldom far
SAY_BUSY_SECONDS = 10.0

OUR_MISTAKE = "Not sent, by a mistake of ours"


class DeliverRequest(Model):
    """`as_of`: the workflow's time, UTC."""

    endpoint_id: str
    as_of: datetime


class Round(Model):
    """What a round came to. `exists`: the endpoint was not deleted. `next_due_at`: None where nothing waits."""

    exists: bool = True
    next_due_at: datetime | None = None
    delivered: int = 0
    failed: int = 0  # tries


class WebhookActivities:
    def __init__(self, outbox: "Outbox", poster: Poster, *, linger_seconds: float = LINGER_SECONDS) -> None:
        self._outbox = outbox
        self._poster = poster
        self._linger = linger_seconds

    @activity.defn
    async def deliver(self, request: DeliverRequest) -> Round:
        """Send what is due, for a minute at most. Safe to run twice: what was sent and not noted is sent again."""
        async with heartbeats("delivering") as pulse:
            sending = _Sending(self._outbox, self._poster, request, pulse)
            await sending.run(self._linger)
            stands = await self._outbox.end(request.endpoint_id)
            return Round(
                exists=stands.exists,
                next_due_at=stands.next_due_at,
                delivered=sending.delivered,
                failed=sending.failed,
            )


class _Sending:
    """One round: the lanes that are seen to, and what came of it."""

    def __init__(self, outbox: "Outbox", poster: Poster, request: DeliverRequest, pulse: Pulse) -> None:
        self.delivered = 0
        self.failed = 0
        self._outbox = outbox
        self._poster = poster
        self._request = request
        self._pulse = pulse
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._until = time.monotonic() + ROUND_SECONDS
        self._say_busy_at = 0.0

    async def run(self, linger: float) -> None:
        quiet_since = time.monotonic()
        try:
            while await self._may_go_on():
                await self._take_lanes()
                if self._lanes:
                    quiet_since = time.monotonic()
                    await self._until_one_ends()
                elif time.monotonic() - quiet_since >= linger:
                    break
                else:
                    await asyncio.sleep(min(LOOK_SECONDS, linger))
        finally:
            await self._finish()
        for task in self._lanes.values():
            task.result()

    async def _may_go_on(self) -> bool:
        now = time.monotonic()
        if now >= self._until or activity.is_worker_shutdown():
            return False
        if now >= self._say_busy_at:
            self._say_busy_at = now + SAY_BUSY_SECONDS
            return await self._outbox.begin(self._request.endpoint_id)
        return True

    async def _take_lanes(self) -> None:
        free = LANES_AT_ONCE - len(self._lanes)
        if free > 0:
            endpoint, as_of = self._request.endpoint_id, self._request.as_of
            for lane in await self._outbox.due_lanes(endpoint, as_of, self._lanes.keys(), free):
                self._lanes[lane] = asyncio.create_task(self._empty(lane))

    async def _until_one_ends(self) -> None:
        ended, _ = await asyncio.wait(self._lanes.values(), timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self._lanes = {lane: task for lane, task in self._lanes.items() if task not in ended}
        for task in ended:
            task.result()

    async def _finish(self) -> None:
        """Requests that are on their way are waited for, and noted."""
        self._until = 0.0
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _empty(self, lane: str) -> None:
        """Send a lane's deliveries one after the other, until one fails or none is left."""
        status: DeliveryStatus | None = DeliveryStatus.DELIVERED
        while status not in {None, DeliveryStatus.PENDING} and time.monotonic() < self._until:
            status = await self._send_first(lane)

    async def _send_first(self, lane: str) -> DeliveryStatus | None:
        """None where nothing could be taken up."""
        sending = await self._outbox.take_up(self._request.endpoint_id, lane, self._request.as_of)
        if sending is None:
            return None
        answer = await self._posted(sending)
        status = await self._outbox.note(sending.id, answer, self._request.as_of)
        if answer.delivered:
            self.delivered += 1
        else:
            self.failed += 1
            activity.logger.info("delivery %s: %s", sending.id, answer.error)
        self._pulse.show(f"{self.delivered} delivered, {self.failed} failed")
        return status

    async def _posted(self, sending: DueDelivery) -> AttemptResult:
        """What nobody foresaw fails this try: it must not hold up other lanes."""
        if sending.event is None:
            return AttemptResult(error=f"{OUR_MISTAKE}: it cannot be read.")
        try:
            return await self._poster.post(sending.url, sending.id, sending.secrets, render_body(sending.event))
        except Exception as error:
            activity.logger.exception("delivery %s cannot be made", sending.id)
            return AttemptResult(error=f"{OUR_MISTAKE} ({type(error).__name__}).")
