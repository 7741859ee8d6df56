"""The telephone exchange: takes dials, lets their steps happen in time, and says so."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from carriers.simulator.call_store import Record
from carriers.simulator.callbacks import Callback, CallbackSender
from carriers.simulator.calls import Call, Step, apply, hanging_up, steps_of
from carriers.simulator.faults import Faults, happens
from carriers.simulator.media_streams import MediaStreams, StreamOrder
from carriers.simulator.options import Options
from carriers.simulator.resources import callback_fields, detection_fields
from carriers.simulator.scenarios import plan_for
from carriers.simulator.twiml_fetcher import Fetcher

WRITE_EVERY_SECONDS = 0.05
SLACK_SECONDS = 0.001  # timers may fire so much early


@dataclass(frozen=True, slots=True)
class Order:
    """A create request that passed its checks."""

    to: str
    from_: str
    status_callback: str | None
    events: frozenset[str]
    amd_callback: str | None
    detects: bool
    timeout: int
    time_limit: int
    stream: StreamOrder | None = None
    url: str | None = None  # where the TwiML is, if it did not come along


class Exchange:
    """All calls of one simulator. Used from one event loop."""

    def __init__(self, options: Options, record: Record) -> None:
        self.faults: Faults = options.faults
        self._options = options
        self._record = record
        self._messenger = CallbackSender(options.auth_token, self.faults_of, self._told)
        self.media = MediaStreams(options.account_sid)
        self._streams: dict[str, StreamOrder] = {}  # of live calls; one that outlives a restart has none
        self._urls: dict[str, str] = {}
        self._fetcher = Fetcher(options.account_sid, options.auth_token)
        self._calls: dict[str, Call] = {}  # live, or not told yet
        self._dials = record.dials_by_number()
        self._next_slot = record.last_dial_at()
        self._closed = False
        self._writing: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Go on with what the record holds."""
        for call in self._record.unfinished():
            self._resume(call)

    async def close(self) -> None:
        self._closed = True
        if self._writing is not None:
            self._writing.cancel()
        await self._fetcher.close()
        await self.media.close()
        await self._messenger.close()
        self._record.close()

    def faults_of(self, number: str) -> Faults:
        """The faults that a number meets now."""
        return self.faults.of(number)

    def take(self, order: Order, asked_at: float) -> Call:
        """Take a dial: from here on it is on the record, and it will ring."""
        call = self._new_call(order, asked_at)
        call.steps = steps_of(call, plan_for(self._options.seed, call.to, call.dial), self._options.speed)
        self._record.add(call)
        self._calls[call.sid] = call
        if order.stream is not None:
            self._streams[call.sid] = order.stream
        elif order.url is not None:
            self._urls[call.sid] = order.url
        self._wait(call)
        return call

    def find(self, sid: str) -> Call | None:
        call = self._calls.get(sid)
        if call is None:
            self._record.flush()
            return self._record.find(sid)
        self._advance(call)
        return call

    def hang_up(self, call: Call) -> bool:
        """End a call; false if it is over already."""
        self._advance(call)
        if not call.live:
            return False
        self._step(call, hanging_up(call, max(time.time(), call.updated_at)))
        return True

    async def first_callback(self, call: Call, patience: float) -> None:
        await self._messenger.first_delivered(call, patience)

    def _new_call(self, order: Order, asked_at: float) -> Call:
        dial = self._dials[order.to] = self._dials.get(order.to, 0) + 1
        slot = max(asked_at, self._next_slot)
        self._next_slot = slot + 1 / (self._options.calls_per_second * self._options.speed)
        faults = self.faults_of(order.to)
        return Call(
            sid=f"CA{secrets.token_hex(16)}",
            to=order.to,
            from_=order.from_,
            key=_key(order.status_callback),
            dial=dial,
            status_callback=order.status_callback,
            events=order.events,
            amd_callback=order.amd_callback,
            detects=order.detects,
            timeout=order.timeout,
            time_limit=order.time_limit,
            never_ends=happens(faults.never_ends, self._options.seed, order.to, dial, "never ends"),
            asked_at=asked_at,
            dial_at=slot,
            updated_at=asked_at,
        )

    def _resume(self, call: Call) -> None:
        self._calls[call.sid] = call
        if call.live:
            call.steps = steps_of(call, plan_for(self._options.seed, call.to, call.dial), self._options.speed)
            self._wait(call)
        else:
            self._say(call, "completed", call.ended_at or 0.0)

    def _wait(self, call: Call) -> None:
        if call.steps:
            delay = max(0.0, call.steps[0].at - time.time())
            asyncio.get_running_loop().call_later(delay, self._due, call)

    def _due(self, call: Call) -> None:
        if self._closed:
            return
        self._advance(call)
        self._wait(call)

    def _advance(self, call: Call) -> None:
        now = time.time() + SLACK_SECONDS
        while call.steps and call.steps[0].at <= now:
            self._step(call, call.steps.popleft())

    def _step(self, call: Call, step: Step) -> None:
        apply(call, step, plan_for(self._options.seed, call.to, call.dial), self._options.speed)
        self._write(call)
        self._say(call, step.event, step.at)
        self._connect(call, step.event)

    def _connect(self, call: Call, event: str) -> None:
        """The agent hears of a call when it is answered, and when it is over."""
        if event == "answered" and call.sid in self._streams:
            self.media.answered(call.sid, self._streams[call.sid])
        elif event == "answered" and call.sid in self._urls:
            self._fetcher.fetch(call, self._urls[call.sid], self.media.answered)
        elif not call.live:
            self._streams.pop(call.sid, None)
            self._urls.pop(call.sid, None)
            self.media.ended(call.sid)

    def _say(self, call: Call, event: str, at: float) -> None:
        if event == "detected":
            self._say_detected(call, at)
        elif call.status_callback and event in call.events:
            fields = callback_fields(call, self._options.account_sid, event, at, call.sequence)
            call.sequence += 1
            self._send(call, event, call.status_callback, fields)
        elif event == "completed":
            self._told(call)

    def _say_detected(self, call: Call, at: float) -> None:
        if call.amd_callback and call.answered_at is not None:
            seconds = (at - call.answered_at) * self._options.speed
            fields = detection_fields(call, self._options.account_sid, seconds)
            self._send(call, "detected", call.amd_callback, fields)

    def _send(self, call: Call, event: str, url: str, fields: dict[str, str]) -> None:
        draw = (self._options.seed, call.to, call.dial, event)
        self._messenger.send(call, Callback(url, fields, event == "completed", draw))

    def _told(self, call: Call) -> None:
        call.told = True
        self._write(call)
        self._calls.pop(call.sid, None)

    def _write(self, call: Call) -> None:
        self._record.change(call)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(WRITE_EVERY_SECONDS, self._flush)

    def _flush(self) -> None:
        self._writing = None
        self._record.flush()


def _key(url: str | None) -> str | None:
    return parse_qs(urlsplit(url).query).get("dial", [None])[0] if url else None
