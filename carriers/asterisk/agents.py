"""An answered call and its agent: joined at once, and parted together.

Whatever is done here may be done again by another process: what is there already is left as it is.
"""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime

from carriers import CarrierError
from carriers.asterisk.ari import Ari
from carriers.asterisk.channel_ids import AGENT, BRIDGE, LISTENER
from carriers.asterisk.channel_variables import ORDER, Carried, sip_headers
from carriers.asterisk.media_relay import FAILURES, Relay
from carriers.asterisk.options import Options
from domain.calls.models import Audio

AGENT_RINGS_SECONDS = 20
AGAIN_SECONDS = 0.2
TRIES = 3  # to connect to an agent while Asterisk drops its channel
LOOK_SECONDS = 0.05  # a channel ends a moment after it was told to
LOOKS = 100
QUIETLY = "CDR_PROP(disable)"  # no record: those are of calls to people
NO_RECORD = {QUIETLY: "1"}
ANSWERED = "OUTDIAL_ANSWERED"  # when, in seconds since the epoch
RECORDED_ANSWER = "CDR(answer,u)"
CONNECTION_ID = "MEDIA_WEBSOCKET_CONNECTION_ID"  # the last part of the address of a channel's WebSocket

logger = logging.getLogger(__name__)


class Agents:
    """Serves the calls of this process's event stream."""

    def __init__(self, ari: Ari, options: Options) -> None:
        self._ari = ari
        self._options = options
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._relays: dict[str, asyncio.Task[None]] = {}
        self._by_sip: dict[str, Carried] = {}
        self._joined: set[str] = set()
        self._leaving: set[asyncio.Task[None]] = set()

    def serve(self, call_id: str, answered_at: datetime | None = None) -> None:
        """Give a call that was answered just now its agent and its longest duration, once."""
        if call_id not in self._serving:
            self._serving[call_id] = self._begin(call_id, self._serve(call_id, answered_at))

    async def find(self, call_id: str) -> None:
        """Serve a call that was answered before the stream stood."""
        if call_id in self._serving:
            await self._reconnect(call_id)
        else:
            self._serving[call_id] = self._begin(call_id, self._serve_on(call_id))

    async def answered_at(self, call_id: str) -> datetime | None:
        """When a call was answered, by its own word or by its record's."""
        said = await self._ari.variable(call_id, ANSWERED) or await self._ari.variable(call_id, RECORDED_ANSWER)
        return _instant(said)

    async def suppress_cdr(self, call_id: str) -> None:
        """Who listens to a call leaves no record."""
        await self._set(LISTENER + call_id, QUIETLY)

    async def detect(self, call_id: str) -> None:
        """Who listens is there: the dialplan judges what is heard."""
        await self.suppress_cdr(call_id)
        path = f"/channels/{LISTENER}{call_id}/continue"
        await self._ari.ask("POST", path, context=self._options.detection, extension="s", priority=1)

    async def _reconnect(self, call_id: str) -> None:
        """What the agent did in the meantime was not told."""
        known = self._by_sip.get(call_id)
        if known is not None:
            await self._connect(call_id, known)
        else:
            await self._join_if_missed(call_id)

    async def join(self, call_id: str) -> None:
        """The agent answered, too."""
        path = f"/bridges/{BRIDGE}{call_id}/addChannel"
        for _ in range(LOOKS):
            if await self._ari.ask("POST", path, channel=AGENT + call_id) is not None:
                self._joined.add(call_id)
                return
            await asyncio.sleep(LOOK_SECONDS)  # the bridge is being made

    async def _set(self, channel: str, variable: str, value: str = "1") -> None:
        await self._ari.ask("POST", f"/channels/{channel}/variable", variable=variable, value=value)

    async def part(self, call_id: str) -> None:
        """The call is over: nothing of it stays."""
        self._by_sip.pop(call_id, None)
        self._joined.discard(call_id)
        for tasks in (self._serving, self._relays):
            task = tasks.pop(call_id, None)
            if task is not None:
                task.cancel()
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
        await self._ari.ask("DELETE", f"/channels/{AGENT}{call_id}")
        await self._ari.ask("DELETE", f"/channels/{LISTENER}{call_id}")
        await self._ari.ask("DELETE", f"/bridges/{BRIDGE}{call_id}")

    async def left(self, call_id: str) -> None:
        """The agent's channel is gone: nobody is left alone on the line. A relay knows by itself."""
        if call_id in self._by_sip:
            await self._end(call_id)

    async def judged(self, call_id: str) -> None:
        """Who answered is told: no more needs to be listened to."""
        await self.suppress_cdr(call_id)
        await self._ari.ask("DELETE", f"/channels/{LISTENER}{call_id}")

    async def close(self) -> None:
        """Serve no more; calls go on. Another process, or this one later, serves them anew."""
        tasks = [*self._serving.values(), *self._relays.values()]
        self._serving, self._relays, self._by_sip, self._joined = {}, {}, {}, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._leaving, return_exceptions=True)

    def _begin(self, call_id: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._patiently(call_id, work))
        task.add_done_callback(lambda _: work.close())  # where it was called off before it began
        return task

    async def _patiently(self, call_id: str, work: Coroutine[None, None, None]) -> None:
        """A call that cannot be served is ended rather than left in silence."""
        try:
            await work
        except Exception as error:
            ours = not isinstance(error, (CarrierError, *FAILURES, ValueError))
            logger.error(
                "call %s: its agent cannot be reached (%s); ending it", call_id, type(error).__name__, exc_info=ours
            )
            try:
                await self._end(call_id)
            except CarrierError:
                logger.error("call %s cannot be ended either", call_id)

    async def _end(self, call_id: str) -> None:
        await self._ari.ask("DELETE", f"/channels/{call_id}")

    async def _serve(self, call_id: str, answered_at: datetime | None) -> None:
        order = await self._order(call_id)
        if order is None:
            return  # over already
        began = answered_at or datetime.now(UTC)
        await self._connect(call_id, order, fresh=True)
        await asyncio.gather(self._listen(call_id), self._set(call_id, ANSWERED, str(began.timestamp())))
        await self._end_in_time(call_id, order, began)

    async def _serve_on(self, call_id: str) -> None:
        order = await self._order(call_id)
        if order is None:
            return
        await self._connect(call_id, order)
        await self._end_in_time(call_id, order, await self.answered_at(call_id) or datetime.now(UTC))

    async def _order(self, call_id: str) -> Carried | None:
        text = await self._ari.variable(call_id, ORDER)
        return None if text is None else Carried.model_validate_json(text)

    async def _end_in_time(self, call_id: str, order: Carried, answered_at: datetime) -> None:
        await asyncio.sleep(order.max_call_seconds - (datetime.now(UTC) - answered_at).total_seconds())
        await self._end(call_id)

    async def _connect(self, call_id: str, order: Carried, *, fresh: bool = False) -> None:
        """Bridge and agent are made side by side: every moment of it is silence for the person."""
        if order.audio is Audio.SIP:
            await asyncio.gather(self._bridge(call_id, fresh=fresh), self._call_agent(call_id, order))
            if not fresh:
                await self._join_if_missed(call_id)
            return
        self._relays[call_id] = self._begin(call_id, self._relay(call_id, order, fresh=fresh))
        await self._bridge(call_id, fresh=fresh)

    async def _bridge(self, call_id: str, *, fresh: bool) -> None:
        """A call that is in its bridge stays there."""
        bridge = None if fresh else await self._ari.ask("GET", f"/bridges/{BRIDGE}{call_id}")
        if bridge is None:
            await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}", type="mixing")
        if bridge is None or call_id not in bridge["channels"]:
            await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}/addChannel", channel=call_id)

    async def _call_agent(self, call_id: str, order: Carried) -> None:
        """By its SIP address. One that is there already is left there: it outlived the process that called it."""
        self._by_sip[call_id] = order
        headers = {f"PJSIP_HEADER(add,{name})": value for name, value in sip_headers(order.parameters).items()}
        await self._ari.ask(
            "POST",
            "/channels",
            {
                "endpoint": self._options.agent_trunk.format(address=order.audio_url),
                "app": self._options.app,
                "channelId": AGENT + call_id,
                "callerId": order.from_,
                "timeout": AGENT_RINGS_SECONDS,
                "variables": {**NO_RECORD, **headers},
            },
        )

    async def _join_if_missed(self, call_id: str) -> None:
        """It may have answered while nobody held the stream."""
        agent = await self._ari.ask("GET", f"/channels/{AGENT}{call_id}")
        bridge = await self._ari.ask("GET", f"/bridges/{BRIDGE}{call_id}")
        if agent and bridge and agent["state"] == "Up" and agent["id"] not in bridge["channels"]:
            await self.join(call_id)

    async def _relay(self, call_id: str, order: Carried, *, fresh: bool) -> None:
        """By Asterisk's WebSocket channel. One that was dropped before it was joined is made again."""
        for left in reversed(range(TRIES)):
            try:
                await self._carry(call_id, order, fresh=fresh and left == TRIES - 1)
            except FAILURES:
                if not left:
                    raise
            if call_id in self._joined:
                break
            await asyncio.sleep(AGAIN_SECONDS)
        await self._end(call_id)

    async def _carry(self, call_id: str, order: Carried, *, fresh: bool) -> None:
        relay = Relay(call_id, self._options.app, order.parameters)
        await relay.carry(order.audio_url, self._media(call_id, fresh=fresh), self._options)

    async def _media(self, call_id: str, *, fresh: bool) -> str:
        """The address of a new WebSocket channel. One that is there already was another process's."""
        channel = AGENT + call_id
        if not fresh:
            await self._remove(channel)
        made = await self._ari.ask(
            "POST",
            "/channels/externalMedia",
            {"variables": NO_RECORD},
            channelId=channel,
            app=self._options.app,
            external_host="INCOMING",
            transport="websocket",
            encapsulation="none",
            connection_type="server",
            format="ulaw",
        )
        told = (made or {}).get("channelvars") or {}
        connection = told.get(CONNECTION_ID) or await self._ari.variable(channel, CONNECTION_ID)
        return f"{self._options.socket_url}/media/{connection}"

    async def _remove(self, channel: str) -> None:
        """Its id can be used again once it is gone. Raises TimeoutError."""
        for _ in range(LOOKS):
            if await self._ari.ask("DELETE", f"/channels/{channel}") is None:
                return
            await asyncio.sleep(LOOK_SECONDS)
        raise TimeoutError("The channel stays.")

    async def _listen(self, call_id: str) -> None:
        """Have a copy of what the person says judged beside the conversation: the agent speaks at once."""
        if self._options.detection is None:
            return
        path = f"/channels/{call_id}/snoop"
        try:
            await self._ari.ask("POST", path, app=self._options.app, spy="in", snoopId=LISTENER + call_id)
        except CarrierError as error:
            logger.warning("call %s: nobody tells who answered (%s)", call_id, type(error).__name__)


def _instant(seconds: str | None) -> datetime | None:
    """Seconds since the epoch; Asterisk writes 0 for never."""
    try:
        return datetime.fromtimestamp(float(seconds or 0), UTC) if float(seconds or 0) > 0 else None
    except ValueError:
        return None
