"""The event stream: one WebSocket for all calls of the application; whoever connects last has it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from carriers import CarrierAway, CarrierError, OnConnected, OnReport
from carriers.asterisk.agents import AgentConnector
from carriers.asterisk.ari import Ari
from carriers.asterisk.channel_ids import AGENT, SNOOP, dial_key, served_call
from carriers.asterisk.detection import MachineDetection
from carriers.asterisk.options import Options
from carriers.asterisk.reports import (
    CallProgress,
    Event,
    apply_event,
    arguments_of,
    build_report,
    channel_of,
    detection_result,
    read_event,
)
from domain.calls.models import AgentContact, CallReport, CallState

RECONNECT_DELAYS = (0.0, 0.05, 0.2, 0.5, 1.0)  # seconds; what is answered meanwhile is dropped by Asterisk
PING_SECONDS = 5.0  # a connection that lost its other end is noticed after twice that
EVENT_TYPES = ("StasisStart", "ChannelStateChange", "Dial", "ChannelHangupRequest", "ChannelDestroyed")
MAX_FINAL_REPORTS = 10_000
MAX_MESSAGE_BYTES = 4 * 1024 * 1024

logger = logging.getLogger(__name__)


class EventStream:
    """Holds the connection, and does what the events ask for."""

    def __init__(self, ari: Ari, options: Options) -> None:
        self._ari = ari
        self._options = options
        self._detection = MachineDetection(ari, options)
        self._agents = AgentConnector(ari, options, self._detection, self._note_agent)
        self._progress: dict[str, CallProgress] = {}
        self._queues: dict[str, asyncio.Task[None]] = {}  # the last task of each
        self.is_connected = False
        self.final_reports: OrderedDict[str, CallReport] = OrderedDict()  # by call, for those who ask later

    async def run(self, on_report: OnReport, on_connected: OnConnected) -> None:
        """Connect, again and again, until cancelled. What `on_report` or `on_connected` raises is passed on."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._connect_forever(group, on_report, on_connected)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            await self._agents.close()

    async def close(self) -> None:
        await self._agents.close()

    async def _connect_forever(self, group: asyncio.TaskGroup, on_report: OnReport, on_connected: OnConnected) -> None:
        failures = 0
        while True:
            try:
                async with self._connection() as socket:
                    failures = 0
                    await self._receive(socket, group, on_report, on_connected)
            except (OSError, TimeoutError, WebSocketException, CarrierError) as error:
                logger.warning("the event stream is down (%s); connecting again", type(error).__name__)
            await asyncio.sleep(RECONNECT_DELAYS[min(failures, len(RECONNECT_DELAYS) - 1)])
            failures += 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[ClientConnection]:
        api_key = f"{self._options.user}:{self._options.password.get_secret_value()}"
        query = urlencode({"app": self._options.app, "api_key": api_key})
        async with connect(
            f"{self._options.socket_url}/ari/events?{query}",
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            max_size=MAX_MESSAGE_BYTES,
            compression=None,
        ) as socket:
            yield socket

    async def _receive(
        self, socket: ClientConnection, group: asyncio.TaskGroup, on_report: OnReport, on_connected: OnConnected
    ) -> None:
        """Until the connection ends. What was missed is asked for while events arrive already."""
        self.is_connected = True
        for progress in self._progress.values():
            progress.missed = True
        catching_up = group.create_task(self._catch_up(on_connected))
        try:
            async for message in socket:
                event = read_event(message)
                if event is not None:
                    self._dispatch(event, group, on_report)
        except ConnectionClosed:
            logger.warning("the event stream was cut; connecting again")
        finally:
            self.is_connected = False
            catching_up.cancel()

    async def _catch_up(self, on_connected: OnConnected) -> None:
        await self._log_carrier_errors(self._resume_channels)
        await on_connected()

    async def _resume_channels(self) -> None:
        """Subscribe to what we need; serve calls that were answered before, disconnect those that ended."""
        allowed = {"allowed": [{"type": name} for name in EVENT_TYPES]}
        await self._ari.ask("PUT", f"/applications/{self._options.app}/eventFilter", allowed)
        app = self._options.app
        states = await self._ari.list_channels()
        answered = [call for call, state in states.items() if state == "Up" and dial_key(app, call)]
        over = [call for channel in states if (call := served_call(app, channel, AGENT)) and call not in states]
        snooped = [call for channel in states if (call := served_call(app, channel, SNOOP))]
        await asyncio.gather(*map(self._agents.reconnect, answered))
        await asyncio.gather(
            *map(self._agents.disconnect, over),
            *map(self._detection.suppress_cdr, snooped),
            *map(self._note_answer, answered),
        )

    async def _note_answer(self, call: str) -> None:
        answered_at = await self._agents.answered_at(call)
        if answered_at is not None:
            progress = self._progress.setdefault(call, CallProgress())
            progress.answered_at = progress.answered_at or answered_at

    def _note_agent(self, call: str, agent: AgentContact) -> None:
        progress = self._progress.get(call)
        if progress is not None:
            progress.agent = agent.further(progress.agent)

    def _dispatch(self, event: Event, group: asyncio.TaskGroup, on_report: OnReport) -> None:
        """Actions on one call are done in order, and so are its reports: silence on the line waits for no database."""
        app = self._options.app
        channel = str(channel_of(event).get("id", ""))
        if (call := served_call(app, channel, AGENT)) is not None:
            self._on_agent_event(call, event, group)
        elif (call := served_call(app, channel, SNOOP)) is not None:
            self._on_snoop_event(call, event, group, on_report)
        elif dial_key(app, channel):
            self._on_call_event(channel, event, group, on_report)

    def _on_call_event(self, call: str, event: Event, group: asyncio.TaskGroup, on_report: OnReport) -> None:
        progress = self._progress.setdefault(call, CallProgress())
        state = apply_event(event, progress)
        if event["type"] == "StasisStart":
            self._agents.connect(call, progress.answered_at)
        if state is None:
            return
        report = build_report(call, dial_key(self._options.app, call), state, event, progress)
        if state is CallState.ENDED:
            del self._progress[call]
            self._remember(report)
            self._act(AGENT + call, partial(self._agents.disconnect, call), group)
        self._enqueue(call, partial(on_report, report), group)

    def _remember(self, final: CallReport) -> None:
        self.final_reports[final.call_id] = final
        while len(self.final_reports) > MAX_FINAL_REPORTS:
            self.final_reports.popitem(last=False)

    def _on_agent_event(self, call: str, event: Event, group: asyncio.TaskGroup) -> None:
        match event["type"]:
            case "StasisStart":
                self._agents.note_sip_agent(call, AgentContact.CONNECTED)
                self._act(AGENT + call, partial(self._agents.on_agent_answered, call), group)
            case "ChannelDestroyed":
                self._agents.note_sip_agent(call, AgentContact.UNREACHABLE)
                self._act(AGENT + call, partial(self._agents.on_agent_left, call), group)

    def _on_snoop_event(self, call: str, event: Event, group: asyncio.TaskGroup, on_report: OnReport) -> None:
        """The snoop channel comes twice: at its start, and with the result as arguments."""
        if event["type"] != "StasisStart":
            return
        arguments = arguments_of(event)
        action = self._detection.stop if arguments else self._detection.on_snoop_started
        self._act(SNOOP + call, partial(action, call), group)
        answered_by = detection_result(arguments)
        if answered_by is None:
            return
        progress = self._progress.setdefault(call, CallProgress())
        progress.answered_by = answered_by
        report = build_report(call, dial_key(self._options.app, call), CallState.ANSWERED, event, progress)
        self._enqueue(call, partial(on_report, report), group)

    def _act(self, queue: str, action: Callable[[], Awaitable[None]], group: asyncio.TaskGroup) -> None:
        self._enqueue(queue, partial(self._log_carrier_errors, action), group)

    def _enqueue(self, queue: str, work: Callable[[], Awaitable[None]], group: asyncio.TaskGroup) -> None:
        """Do it after what is in the queue before."""
        previous = self._queues.get(queue)

        async def run() -> None:
            if previous is not None:
                await asyncio.wait((previous,))
            await work()

        task = self._queues[queue] = group.create_task(run())
        task.add_done_callback(lambda done: self._queues.pop(queue) if self._queues.get(queue) is done else None)

    async def _log_carrier_errors(self, action: Callable[[], Awaitable[Any]]) -> None:
        """What Asterisk cannot do now is done when the stream is connected again, or is of no use any more."""
        try:
            await action()
        except CarrierError as error:
            kind = "Asterisk does not answer" if isinstance(error, CarrierAway) else "Asterisk refuses us"
            logger.warning("%s (%s)", kind, type(error).__name__)
