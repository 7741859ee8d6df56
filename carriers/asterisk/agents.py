"""An answered call and its agent: connected at once, and disconnected together.

Whatever is done here may be done again by another process: what is there already is left as it is.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial

from carriers import CarrierError
from carriers.asterisk.ari import Ari
from carriers.asterisk.bridges import Bridges
from carriers.asterisk.channel_ids import AGENT, SNOOP
from carriers.asterisk.channel_variables import ORDER, ChannelOrder, sip_headers
from carriers.asterisk.detection import DISABLE_CDR, MachineDetection
from carriers.asterisk.media_relay import FAILURES, MediaRelay
from carriers.asterisk.options import Options
from carriers.foreign import read_object
from domain.calls.models import AgentContact, Audio

AGENT_RING_SECONDS = 20
MAX_TRIES = 3  # to connect to an agent while Asterisk drops its channel
RETRY_INTERVAL_SECONDS = 0.2
POLL_INTERVAL_SECONDS = 0.05  # a channel ends a moment after the request to end it
MAX_POLLS = 100
CDR_DISABLED = {DISABLE_CDR: "1"}
ANSWERED_AT = "OUTDIAL_ANSWERED"  # in seconds since the epoch
CDR_ANSWERED_AT = "CDR(answer,u)"
CONNECTION_ID = "MEDIA_WEBSOCKET_CONNECTION_ID"  # the last part of the address of a channel's WebSocket

logger = logging.getLogger(__name__)


OnAgent = Callable[[str, AgentContact], None]


class AgentConnector:
    """For the answered calls of this process's event stream. `on_agent` is told how far the agent of a call comes."""

    def __init__(self, ari: Ari, options: Options, detection: MachineDetection, on_agent: OnAgent) -> None:
        self._ari = ari
        self._options = options
        self._detection = detection
        self._on_agent = on_agent
        self._bridges = Bridges(ari)
        self._connections: dict[str, asyncio.Task[None]] = {}  # by call, as all of these
        self._relays: dict[str, asyncio.Task[None]] = {}
        self._sip_orders: dict[str, ChannelOrder] = {}
        self._in_bridge: set[str] = set()
        self._cancelled: set[asyncio.Task[None]] = set()

    def connect(self, call_id: str, answered_at: datetime | None = None) -> None:
        """Give a call that was answered just now its agent and its maximum duration, once."""
        if call_id not in self._connections:
            self._connections[call_id] = self._start(call_id, self._connect_new(call_id, answered_at))

    async def reconnect(self, call_id: str) -> None:
        """A call that was answered before the stream was connected; events of its agent may have been missed."""
        if call_id not in self._connections:
            self._connections[call_id] = self._start(call_id, self._take_over(call_id))
        elif call_id in self._sip_orders:
            await self._connect_agent(call_id, self._sip_orders[call_id])
        elif await self._bridges.lacks_agent(call_id):
            await self.on_agent_answered(call_id)

    async def answered_at(self, call_id: str) -> datetime | None:
        """When a call was answered, by our own variable or by its call detail record."""
        for name in (ANSWERED_AT, CDR_ANSWERED_AT):
            value = await self._ari.get_variable(call_id, name)
            if value:
                return _timestamp(value)
        return None

    def note_sip_agent(self, call_id: str, agent: AgentContact) -> None:
        """Of an agent with a SIP address; what a relay comes to it says by itself."""
        if call_id in self._sip_orders:
            self._on_agent(call_id, agent)

    async def on_agent_answered(self, call_id: str) -> None:
        if await self._bridges.add_agent(call_id):
            self._in_bridge.add(call_id)

    async def on_agent_left(self, call_id: str) -> None:
        """The agent's channel is gone: nobody is left alone on the line. A relay finds out by itself."""
        if call_id in self._sip_orders:
            await self._hang_up(call_id)

    async def disconnect(self, call_id: str) -> None:
        """The call is over: nothing of it stays."""
        self._sip_orders.pop(call_id, None)
        self._in_bridge.discard(call_id)
        for tasks in (self._connections, self._relays):
            task = tasks.pop(call_id, None)
            if task is not None:
                task.cancel()
                self._cancelled.add(task)
                task.add_done_callback(self._cancelled.discard)
        await self._ari.ask("DELETE", f"/channels/{AGENT}{call_id}")
        await self._ari.ask("DELETE", f"/channels/{SNOOP}{call_id}")
        await self._bridges.remove(call_id)

    async def close(self) -> None:
        """Stop serving calls; they go on. Another process, or this one later, serves them anew."""
        tasks = [*self._connections.values(), *self._relays.values()]
        self._connections, self._relays, self._sip_orders, self._in_bridge = {}, {}, {}, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._cancelled, return_exceptions=True)

    def _start(self, call_id: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._hang_up_on_failure(call_id, work))
        task.add_done_callback(lambda _: work.close())  # where it was cancelled before it began
        return task

    async def _hang_up_on_failure(self, call_id: str, work: Coroutine[None, None, None]) -> None:
        """A call that cannot be served is ended rather than left in silence."""
        try:
            await work
        except Exception as error:
            ours = not isinstance(error, (CarrierError, *FAILURES, ValueError))
            logger.error(
                "call %s: its agent cannot be reached (%s); ending it", call_id, type(error).__name__, exc_info=ours
            )
            try:
                await self._hang_up(call_id)
            except CarrierError:
                logger.error("call %s cannot be ended either", call_id)

    async def _hang_up(self, call_id: str) -> None:
        await self._ari.ask("DELETE", f"/channels/{call_id}")

    async def _connect_new(self, call_id: str, answered_at: datetime | None) -> None:
        order = await self._order(call_id)
        if order is None:
            return  # over already
        began = answered_at or datetime.now(UTC)
        await self._connect_agent(call_id, order, is_new=True)
        noting = self._ari.set_variable(call_id, ANSWERED_AT, str(began.timestamp()))
        await asyncio.gather(self._detection.start(call_id), noting)
        await self._enforce_max_duration(call_id, order, began)

    async def _take_over(self, call_id: str) -> None:
        order = await self._order(call_id)
        if order is None:
            return
        await self._connect_agent(call_id, order)
        await self._enforce_max_duration(call_id, order, await self.answered_at(call_id) or datetime.now(UTC))

    async def _order(self, call_id: str) -> ChannelOrder | None:
        text = await self._ari.get_variable(call_id, ORDER)
        return None if text is None else ChannelOrder.model_validate_json(text)

    async def _enforce_max_duration(self, call_id: str, order: ChannelOrder, answered_at: datetime) -> None:
        await asyncio.sleep(order.max_call_seconds - (datetime.now(UTC) - answered_at).total_seconds())
        await self._hang_up(call_id)

    async def _connect_agent(self, call_id: str, order: ChannelOrder, *, is_new: bool = False) -> None:
        """Bridge and agent are made side by side: every moment of it is silence for the person."""
        if order.audio is Audio.SIP:
            await asyncio.gather(self._bridges.add_call(call_id, is_new=is_new), self._originate(call_id, order))
            if not is_new and await self._bridges.lacks_agent(call_id):
                await self.on_agent_answered(call_id)
            return
        self._relays[call_id] = self._start(call_id, self._relay(call_id, order, is_new=is_new))
        await self._bridges.add_call(call_id, is_new=is_new)

    async def _originate(self, call_id: str, order: ChannelOrder) -> None:
        """Call the agent's SIP address. One that is there already outlived the process that called it, and stays."""
        self._sip_orders[call_id] = order
        headers = {f"PJSIP_HEADER(add,{name})": value for name, value in sip_headers(order.parameters).items()}
        await self._ari.ask(
            "POST",
            "/channels",
            {
                "endpoint": self._options.agent_trunk.format(address=order.audio_url),
                "app": self._options.app,
                "channelId": AGENT + call_id,
                "callerId": order.from_,
                "timeout": AGENT_RING_SECONDS,
                "variables": {**CDR_DISABLED, **headers},
            },
        )

    async def _relay(self, call_id: str, order: ChannelOrder, *, is_new: bool) -> None:
        """Relay the audio until either side leaves. A channel that was dropped before its bridge is made again."""
        for tries_left in reversed(range(MAX_TRIES)):
            relay = MediaRelay(call_id, self._options.app, order.parameters, partial(self._on_agent, call_id))
            channel = self._open_media_channel(call_id, is_new=is_new and tries_left == MAX_TRIES - 1)
            try:
                await relay.run(order.audio_url, channel, self._options)
            except FAILURES:
                if not tries_left:
                    raise
            if call_id in self._in_bridge:
                break
            await asyncio.sleep(RETRY_INTERVAL_SECONDS)
        await self._hang_up(call_id)

    async def _open_media_channel(self, call_id: str, *, is_new: bool) -> str:
        """The address of a new WebSocket channel. One that is there already was another process's."""
        channel = AGENT + call_id
        if not is_new:
            await self._remove_channel(channel)
        created = await self._ari.ask(
            "POST",
            "/channels/externalMedia",
            {"variables": CDR_DISABLED},
            channelId=channel,
            app=self._options.app,
            external_host="INCOMING",
            transport="websocket",
            encapsulation="none",
            connection_type="server",
            format="ulaw",
        )
        variables = read_object((created or {}).get("channelvars"))
        connection = variables.get(CONNECTION_ID) or await self._ari.get_variable(channel, CONNECTION_ID)
        return f"{self._options.socket_url}/media/{connection}"

    async def _remove_channel(self, channel: str) -> None:
        """Its id can be used again once it is gone. Raises TimeoutError."""
        for _ in range(MAX_POLLS):
            if await self._ari.ask("DELETE", f"/channels/{channel}") is None:
                return
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
        raise TimeoutError("The channel stays.")


def _timestamp(seconds: str) -> datetime | None:
    """Seconds since the epoch; Asterisk writes 0 for never."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC) if float(seconds) > 0 else None
    except (OSError, OverflowError, ValueError):
        return None
