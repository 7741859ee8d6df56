"""Callbacks: signed, over real HTTP, each call's in order, repeated once at most."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from carriers.simulator.callback_client import Poster, PostFailedError
from carriers.simulator.calls import Call
from carriers.simulator.faults import Faults, happens

CALLBACK_TIMEOUT_SECONDS = 15.0  # the carrier's own
REPEAT_AFTER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Callback:
    url: str
    fields: dict[str, str]
    last: bool  # the call's last one
    draw: tuple[object, ...]  # what its faults are drawn from


class CallbackSender:
    """Delivers callbacks. `done` is called when a call's last one was delivered or given up."""

    def __init__(self, auth_token: str, faults: Callable[[str], Faults], done: Callable[[Call], None]) -> None:
        self._validator = RequestValidator(auth_token)
        self._faults = faults
        self._done = done
        self._poster = Poster(CALLBACK_TIMEOUT_SECONDS)
        self._outboxes: dict[str, deque[Callback]] = {}
        self._held: dict[str, Callback] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._first: dict[str, asyncio.Event] = {}

    async def close(self) -> None:
        """Stop at once: what is not delivered is for the next start."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._poster.close()

    def send(self, call: Call, callback: Callback) -> None:
        """Deliver after the call's earlier ones; one that the fault chose, after its next one."""
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
        outbox = self._outboxes.get(call.sid)
        if outbox is not None:
            outbox.append(callback)
            return
        self._outboxes[call.sid] = deque([callback])
        self._start(self._empty(call))

    async def first_delivered(self, call: Call, patience: float) -> None:
        """Wait until the call's first callback is delivered, for so many seconds at most."""
        event = self._first.setdefault(call.sid, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), patience)
        self._first.pop(call.sid, None)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _empty(self, call: Call) -> None:
        outbox = self._outboxes[call.sid]
        while outbox:
            await self._deliver(call, outbox.popleft(), self._faults(call.to))
        del self._outboxes[call.sid]

    async def _deliver(self, call: Call, callback: Callback, faults: Faults) -> None:
        if happens(faults.callback_lost, *callback.draw, "lost"):
            self._settled(call, callback)
        elif happens(faults.callback_late, *callback.draw, "late"):
            self._start(self._later(call, callback, faults.callback_late_seconds))
        else:
            await self._post_and_repeat(callback)
            if happens(faults.callback_doubled, *callback.draw, "doubled"):
                await self._post_and_repeat(callback)
            self._settled(call, callback)

    async def _later(self, call: Call, callback: Callback, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._post_and_repeat(callback)
        self._settled(call, callback)

    def _settled(self, call: Call, callback: Callback) -> None:
        if (event := self._first.get(call.sid)) is not None:
            event.set()
        if callback.last:
            self._done(call)

    async def _post_and_repeat(self, callback: Callback) -> None:
        if not await self._post(callback):
            await asyncio.sleep(REPEAT_AFTER_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            await self._post(callback)

    async def _post(self, callback: Callback) -> bool:
        signature = self._validator.compute_signature(callback.url, callback.fields)
        form = urlencode(callback.fields).encode()
        try:
            return await self._poster.post(callback.url, {"X-Twilio-Signature": signature}, form) < 500
        except PostFailedError:
            return False
