"""An answered call and its agent: joined at once, and parted together.

Whatever is done here may be done again by another process: what is there already is left as it is.
"""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime

from carriers import CarrierError
from carriers.asterisk.ari import Ari
from carriers.asterisk.names import AGENT, BRIDGE, LISTENER
from carriers.asterisk.options import Options
from carriers.asterisk.orders import ORDER, Carried, sip_headers
from carriers.asterisk.relay import FAILURES, Relay
from domain.calls import Audio

AGENT_RINGS_SECONDS = 20
REMOVING_SECONDS = 0.05  # a channel ends a moment after it was told to
REMOVED_AFTER = 100  # looks
NO_RECORD = {"CDR_PROP(disable)": "1"}  # records are of calls to people
QUIETLY = "CDR_PROP(disable)"

logger = logging.getLogger(__name__)


class Agents:
    """Serves the calls of this process's event stream."""

    def __init__(self, ari: Ari, options: Options) -> None:
        self._ari = ari
        self._options = options
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._relays: dict[str, asyncio.Task[None]] = {}
        self._by_sip: set[str] = set()

    def serve(self, call_id: str, *, fresh: bool) -> None:
        """Give an answered call its agent and its longest duration, once. `fresh`: it was answered just now."""
        if call_id not in self._serving:
            self._serving[call_id] = asyncio.create_task(self._patiently(call_id, self._serve(call_id, fresh=fresh)))

    async def join(self, call_id: str) -> None:
        """The agent answered, too."""
        await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}/addChannel", channel=AGENT + call_id)

    async def part(self, call_id: str) -> None:
        """The call is over: nothing of it stays."""
        self._by_sip.discard(call_id)
        for tasks in (self._serving, self._relays):
            task = tasks.pop(call_id, None)
            if task is not None:
                task.cancel()
        await self._ari.ask("DELETE", f"/channels/{AGENT}{call_id}")
        await self._ari.ask("DELETE", f"/channels/{LISTENER}{call_id}")
        await self._ari.ask("DELETE", f"/bridges/{BRIDGE}{call_id}")

    async def left(self, call_id: str) -> None:
        """The agent's channel is gone: nobody is left alone on the line. A relay knows by itself."""
        if call_id in self._by_sip:
            await self._end(call_id)

    async def judged(self, call_id: str) -> None:
        """Who answered is told: no more needs to be listened to."""
        await self._ari.ask("DELETE", f"/channels/{LISTENER}{call_id}")

    async def close(self) -> None:
        """Serve no more; calls go on. Another process, or this one later, serves them anew."""
        tasks = [*self._serving.values(), *self._relays.values()]
        self._serving, self._relays = {}, {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _patiently(self, call_id: str, work: Coroutine[None, None, None]) -> None:
        """A call that cannot be served is ended rather than left in silence."""
        try:
            await work
        except (CarrierError, *FAILURES, ValueError) as error:
            logger.error("call %s: its agent cannot be reached (%s); ending it", call_id, type(error).__name__)
            try:
                await self._end(call_id)
            except CarrierError:
                logger.error("call %s cannot be ended either", call_id)

    async def _end(self, call_id: str) -> None:
        await self._ari.ask("DELETE", f"/channels/{call_id}")

    async def _serve(self, call_id: str, *, fresh: bool) -> None:
        text = await self._ari.variable(call_id, ORDER)
        if text is None:
            return  # over already
        order = Carried.model_validate_json(text)
        await asyncio.gather(self._connect(call_id, order), *([self._listen(call_id)] if fresh else []))
        await asyncio.sleep(order.max_call_seconds - await self._talking_for(call_id))
        await self._end(call_id)

    async def _connect(self, call_id: str, order: Carried) -> None:
        await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}", type="mixing")
        await self._ari.ask("POST", f"/bridges/{BRIDGE}{call_id}/addChannel", channel=call_id)
        if order.audio is Audio.SIP:
            await self._call_agent(call_id, order)
        else:
            self._relays[call_id] = asyncio.create_task(self._patiently(call_id, self._relay(call_id, order)))

    async def _call_agent(self, call_id: str, order: Carried) -> None:
        """By its SIP address. One that is there already is left there: it outlived the process that called it."""
        self._by_sip.add(call_id)
        headers = {f"PJSIP_HEADER(add,{name})": value for name, value in sip_headers(order.parameters).items()}
        await self._ari.ask(
            "POST",
            "/channels",
            {"variables": {**NO_RECORD, **headers}},
            endpoint=self._options.agent_trunk.format(address=order.audio_url),
            app=self._options.app,
            channelId=AGENT + call_id,
            callerId=order.from_,
            timeout=AGENT_RINGS_SECONDS,
        )

    async def _relay(self, call_id: str, order: Carried) -> None:
        """By Asterisk's WebSocket channel. One that is there already was another process's, and ends with it."""
        channel = AGENT + call_id
        await self._remove(channel)
        await self._ari.ask(
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
        connection = await self._ari.variable(channel, "MEDIA_WEBSOCKET_CONNECTION_ID")
        relay = Relay(call_id, self._options.app, order.parameters)
        media_url = f"{self._options.socket_url}/media/{connection}"
        await relay.carry(media_url, self._options.user, self._options.password.get_secret_value(), order.audio_url)
        await self._end(call_id)

    async def _remove(self, channel: str) -> None:
        """Its id can be used again once it is gone. Raises TimeoutError."""
        for _ in range(REMOVED_AFTER):
            if await self._ari.ask("DELETE", f"/channels/{channel}") is None:
                return
            await asyncio.sleep(REMOVING_SECONDS)
        raise TimeoutError("The channel stays.")

    async def _listen(self, call_id: str) -> None:
        """Have a copy of what the person says judged beside the conversation: the agent speaks at once."""
        if self._options.detection is None:
            return
        listener = LISTENER + call_id
        try:
            await self._ari.ask("POST", f"/channels/{call_id}/snoop", app=self._options.app, spy="in", snoopId=listener)
            await self._ari.ask("POST", f"/channels/{listener}/variable", variable=QUIETLY, value="1")
            await self._ari.ask(
                "POST", f"/channels/{listener}/continue", context=self._options.detection, extension="s", priority=1
            )
        except CarrierError as error:
            logger.warning("call %s: nobody tells who answered (%s)", call_id, type(error).__name__)

    async def _talking_for(self, call_id: str) -> float:
        """Seconds since the answer, by Asterisk's own record of the call."""
        answered = await self._ari.variable(call_id, "CDR(answer,u)")
        try:
            return max(0.0, datetime.now(UTC).timestamp() - float(answered or ""))
        except ValueError:
            return 0.0
