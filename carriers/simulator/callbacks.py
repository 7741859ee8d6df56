"""Callbacks: signed, over real HTTP, each call's in order, retried once at most."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from carriers.simulator.callback_client import CallbackClient, NoAnswerError
from carriers.simulator.calls import Call
from carriers.simulator.faults import Faults, happens

CALLBACK_TIMEOUT_SECONDS = 15.0  # the carrier's own
RETRY_DELAY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Callback:
    url: str
    fields: dict[str, str]
    last: bool  # the call's last one
    draw: tuple[object, ...]  # what its faults are drawn from


class CallbackSender:
    """Delivers callbacks. `on_last` is called when a call's last one was delivered or given up."""

    def __init__(self, auth_token: str, faults: Callable[[str], Faults], on_last: Callable[[Call], None]) -> None:
        self._validator = RequestValidator(auth_token)
        self._faults = faults
        self._on_last = on_last
        self._client = CallbackClient(CALLBACK_TIMEOUT_SECONDS)
        self._queues: dict[str, deque[Callback]] = {}
        self._held: dict[str, Callback] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._first: dict[str, asyncio.Event] = {}

    async def close(self) -> None:
        """Stop at once: what is not delivered yet is sent after the next start."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._client.close()

    def send(self, call: Call, callback: Callback) -> None:
        """Deliver after the call's earlier ones; one that the fault hits, after its next one."""
        if self._closed:
            return
        held = self._held.pop(call.sid, None)
        chance = self._faults(call.to).callback_out_of_order
        if held is None and not callback.last and happens(chance, *callback.draw, "order"):
            self._held[call.sid] = callback
            return
        self._enqueue(call, callback)
        if held is not None:
            self._enqueue(call, held)

    def _enqueue(self, call: Call, callback: Callback) -> None:
        queue = self._queues.get(call.sid)
        if queue is not None:
            queue.append(callback)
            return
        self._queues[call.sid] = deque([callback])
        self._run(self._deliver_all(call))

    async def first_delivered(self, call: Call, max_seconds: float) -> None:
        """Wait until the call's first callback is delivered, for so many seconds at most."""
        event = self._first.setdefault(call.sid, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), max_seconds)
        self._first.pop(call.sid, None)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_all(self, call: Call) -> None:
        queue = self._queues[call.sid]
        while queue:
            await self._deliver(call, queue.popleft(), self._faults(call.to))
        del self._queues[call.sid]

    async def _deliver(self, call: Call, callback: Callback, faults: Faults) -> None:
        if happens(faults.callback_lost, *callback.draw, "lost"):
            self._on_delivered(call, callback)
        elif happens(faults.callback_late, *callback.draw, "late"):
            self._run(self._deliver_late(call, callback, faults.callback_late_seconds))
        else:
            await self._post_with_retry(callback)
            if happens(faults.callback_doubled, *callback.draw, "doubled"):
                await self._post_with_retry(callback)
            self._on_delivered(call, callback)

    async def _deliver_late(self, call: Call, callback: Callback, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._post_with_retry(callback)
        self._on_delivered(call, callback)

    def _on_delivered(self, call: Call, callback: Callback) -> None:
        if (event := self._first.get(call.sid)) is not None:
            event.set()
        if callback.last:
            self._on_last(call)

    async def _post_with_retry(self, callback: Callback) -> None:
        if not await self._post(callback):
            await asyncio.sleep(RETRY_DELAY_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            await self._post(callback)

    async def _post(self, callback: Callback) -> bool:
        signature = self._validator.compute_signature(callback.url, callback.fields)
        form = urlencode(callback.fields).encode()
        try:
            return await self._client.post(callback.url, {"X-Twilio-Signature": signature}, form) < 500
        except NoAnswerError:
            return False
