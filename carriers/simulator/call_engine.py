"""The call engine: creates calls, applies their steps in time, and sends callbacks."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from carriers.simulator.call_store import CallStore
from carriers.simulator.callbacks import Callback, CallbackSender
from carriers.simulator.calls import Call, Step, apply_step, hang_up_step, remaining_steps
from carriers.simulator.faults import Faults, happens
from carriers.simulator.media_streams import NO_CONNECTION, STARTED, MediaStreams, StreamReport, StreamTarget
from carriers.simulator.options import Options
from carriers.simulator.resources import callback_fields, detection_fields, stream_fields
from carriers.simulator.scenarios import Scenario, scenario_for
from carriers.simulator.twiml_fetcher import TwimlFetcher

WRITE_INTERVAL_SECONDS = 0.05
LATE_DETECTION_SECONDS = 0.3  # real ones: after the end was delivered
TIMER_TOLERANCE_SECONDS = 0.001  # timers may fire so much early


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A create request that passed its checks."""

    to: str
    from_: str
    status_callback: str | None
    events: frozenset[str]
    amd_callback: str | None
    detects: bool
    timeout: int
    time_limit: int
    stream: StreamTarget | None = None
    url: str | None = None  # where the TwiML is, if it did not come along
    records: bool = False


class CallEngine:
    """All calls of one simulator. Used from one event loop."""

    def __init__(self, options: Options, store: CallStore) -> None:
        self.faults: Faults = options.faults
        self._options = options
        self._store = store
        self._callbacks = CallbackSender(options.auth_token, self.faults_of, self._on_last_callback)
        self.media = MediaStreams(options.account_sid, self._on_stream_event)
        self._streams: dict[str, StreamTarget] = {}  # of live calls; one that survives a restart has none
        self._urls: dict[str, str] = {}
        self._twiml = TwimlFetcher(options.account_sid, options.auth_token)
        self._calls: dict[str, Call] = {}  # live, or their last callback is on its way
        self._dials = store.dials_by_number()
        self._next_slot = store.last_dial_at()
        self._closed = False
        self._writing: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Resume the calls of the database."""
        for call in self._store.unfinished():
            self._resume(call)

    async def close(self) -> None:
        self._closed = True
        if self._writing is not None:
            self._writing.cancel()
        await self._twiml.close()
        await self.media.close()
        await self._callbacks.close()
        self._store.close()

    def faults_of(self, number: str) -> Faults:
        """The faults that a number meets now."""
        return self.faults.of(number)

    def create(self, request: CallRequest, asked_at: float) -> Call:
        """Create a call: from here on it is in the database, and it will ring."""
        call = self._new_call(request, asked_at)
        call.steps = remaining_steps(call, self._scenario(call), self._options.speed)
        self._store.add(call)
        self._calls[call.sid] = call
        if request.stream is not None:
            self._streams[call.sid] = request.stream
        elif request.url is not None:
            self._urls[call.sid] = request.url
        self._schedule(call)
        return call

    def get(self, sid: str) -> Call | None:
        call = self._calls.get(sid)
        if call is None:
            self._store.flush()
            return self._store.get(sid)
        self._advance(call)
        return call

    def hang_up(self, call: Call) -> None:
        """End a call, unless it is over already. It stays ended: that is written before it is answered."""
        self._advance(call)
        if call.live:
            ending = self._scenario(call).hung_up_as
            self._apply(call, hang_up_step(call, max(time.time(), call.updated_at), ending))
            self._store.flush()

    def delete(self, call: Call) -> None:
        """Of one that has ended; it stays deleted: that is written before it is answered."""
        call.deleted_at, call.recording_sid = time.time(), None
        self._write_now(call)

    def delete_recording(self, sid: str) -> None:
        """Of a call that has one."""
        call = self.get(sid)
        if call is not None:
            call.recording_sid = None
            self._write_now(call)

    def _write_now(self, call: Call) -> None:
        self._store.update(call)
        self._store.flush()

    async def first_callback(self, call: Call, max_seconds: float) -> None:
        await self._callbacks.first_delivered(call, max_seconds)

    def _scenario(self, call: Call) -> Scenario:
        return scenario_for(self._options.seed, call.to, call.dial)

    def _new_call(self, request: CallRequest, asked_at: float) -> Call:
        dial = self._dials[request.to] = self._dials.get(request.to, 0) + 1
        slot = max(asked_at, self._next_slot)
        self._next_slot = slot + 1 / (self._options.calls_per_second * self._options.speed)
        faults = self.faults_of(request.to)
        return Call(
            sid=f"CA{secrets.token_hex(16)}",
            to=request.to,
            from_=request.from_,
            key=_dial_key(request.status_callback),
            dial=dial,
            status_callback=request.status_callback,
            events=request.events,
            amd_callback=request.amd_callback,
            detects=request.detects,
            timeout=request.timeout,
            time_limit=request.time_limit,
            never_ends=happens(faults.never_ends, self._options.seed, request.to, dial, "never ends"),
            asked_at=asked_at,
            dial_at=slot,
            recording_sid=f"RE{secrets.token_hex(16)}" if request.records else None,
            updated_at=asked_at,
        )

    def _resume(self, call: Call) -> None:
        self._calls[call.sid] = call
        if call.live:
            call.steps = remaining_steps(call, self._scenario(call), self._options.speed)
            self._schedule(call)
        else:
            self._notify(call, "completed", call.ended_at or 0.0)

    def _schedule(self, call: Call) -> None:
        if call.steps:
            delay = max(0.0, call.steps[0].at - time.time())
            asyncio.get_running_loop().call_later(delay, self._run_due, call)

    def _run_due(self, call: Call) -> None:
        if self._closed:
            return
        self._advance(call)
        self._schedule(call)

    def _advance(self, call: Call) -> None:
        now = time.time() + TIMER_TOLERANCE_SECONDS
        while call.steps and call.steps[0].at <= now:
            self._apply(call, call.steps.popleft())

    def _apply(self, call: Call, step: Step) -> None:
        apply_step(call, step, self._scenario(call), self._options.speed)
        self._write(call)
        self._detect_late(call, step)
        self._notify(call, step.event, step.at)
        self._stream_media(call, step.event)

    def _stream_media(self, call: Call, event: str) -> None:
        """A media stream begins when the call is answered, and ends with it."""
        if event == "answered" and call.sid in self._streams:
            self._start_stream(call, self._streams[call.sid])
        elif event == "answered" and call.sid in self._urls:
            self._twiml.fetch(call, self._urls[call.sid], lambda _, target: self._start_stream(call, target))
        elif not call.live:
            self._streams.pop(call.sid, None)
            self._urls.pop(call.sid, None)
            self.media.stop(call.sid)

    def _detect_late(self, call: Call, step: Step) -> None:
        """The machine detection's callback is overtaken by the end: it is sent with it, a moment later."""
        scenario = self._scenario(call)
        if scenario.detected_late and call.detects and call.amd_callback and not call.live:
            fields = detection_fields(call, self._options.account_sid, 0.0) | {"AnsweredBy": scenario.answered_by or ""}
            asyncio.get_running_loop().call_later(
                LATE_DETECTION_SECONDS, self._send, call, "detected", call.amd_callback, fields
            )

    def _start_stream(self, call: Call, target: StreamTarget) -> None:
        if self._scenario(call).agent_fails:
            self._on_stream_event(call.sid, target, NO_CONNECTION)
        else:
            self.media.start(call.sid, target)

    def _on_stream_event(self, sid: str, target: StreamTarget, report: StreamReport) -> None:
        """Without its stream a call has no instruction left: it ends."""
        call = self._calls.get(sid)
        if call is None or self._closed:
            return
        if target.status_callback:
            fields = stream_fields(call, self._options.account_sid, report)
            self._send(call, report.event, target.status_callback, fields)
        if report is not STARTED:
            self.hang_up(call)

    def _notify(self, call: Call, event: str, at: float) -> None:
        if event == "detected":
            self._notify_detected(call, at)
        elif call.status_callback and event in call.events:
            fields = callback_fields(call, self._options.account_sid, event, at, call.sequence)
            call.sequence += 1
            self._send(call, event, call.status_callback, fields)
        elif event == "completed":
            self._on_last_callback(call)

    def _notify_detected(self, call: Call, at: float) -> None:
        if call.amd_callback and call.answered_at is not None:
            seconds = (at - call.answered_at) * self._options.speed
            fields = detection_fields(call, self._options.account_sid, seconds)
            self._send(call, "detected", call.amd_callback, fields)

    def _send(self, call: Call, event: str, url: str, fields: dict[str, str]) -> None:
        draw = (self._options.seed, call.to, call.dial, event)
        self._callbacks.send(call, Callback(url, fields, event == "completed", draw))

    def _on_last_callback(self, call: Call) -> None:
        call.told = True
        self._write(call)
        self._calls.pop(call.sid, None)

    def _write(self, call: Call) -> None:
        self._store.update(call)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(WRITE_INTERVAL_SECONDS, self._flush)

    def _flush(self) -> None:
        self._writing = None
        self._store.flush()


def _dial_key(url: str | None) -> str | None:
    return parse_qs(urlsplit(url).query).get("dial", [None])[0] if url else None
