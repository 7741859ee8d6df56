"""The event stream: one WebSocket for all calls of the application; whoever connects last has it."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from carriers import CarrierAway, CarrierError, Connected, Hear
from carriers.asterisk.agents import Agents
from carriers.asterisk.ari import Ari
from carriers.asterisk.channel_ids import AGENT, LISTENER, key_of, served_by
from carriers.asterisk.options import Options
from carriers.asterisk.reports import Event, Seen, read, report, verdict
from domain.calls.models import CallReport, CallState

PAUSES = (0.0, 0.05, 0.2, 0.5, 1.0)  # before connecting again: what is answered meanwhile is dropped by Asterisk
PING_SECONDS = 5.0  # a connection that lost its other end is noticed after twice that
HEARD = ("StasisStart", "ChannelStateChange", "Dial", "ChannelHangupRequest", "ChannelDestroyed")
REMEMBERED = 10_000
LARGEST_MESSAGE = 4 * 1024 * 1024

logger = logging.getLogger(__name__)


class EventStream:
    """Holds the connection, and does what the events ask for."""

    def __init__(self, ari: Ari, options: Options) -> None:
        self._ari = ari
        self._options = options
        self._agents = Agents(ari, options)
        self._seen: dict[str, Seen] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}
        self.stands = False
        self.ended: OrderedDict[str, CallReport] = OrderedDict()  # the last words heard, for those who ask later

    async def run(self, hear: Hear, connected: Connected) -> None:
        """Connect, again and again, until cancelled. What `hear` or `connected` raises is passed on."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._for_ever(group, hear, connected)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            await self._agents.close()

    async def close(self) -> None:
        await self._agents.close()

    async def _for_ever(self, group: asyncio.TaskGroup, hear: Hear, connected: Connected) -> None:
        failures = 0
        while True:
            try:
                async with self._connection() as socket:
                    failures = 0
                    await self._listen(socket, group, hear, connected)
            except (OSError, TimeoutError, WebSocketException, CarrierError) as error:
                logger.warning("the event stream is down (%s); connecting again", type(error).__name__)
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[ClientConnection]:
        query = urlencode(
            {
                "app": self._options.app,
                "api_key": f"{self._options.user}:{self._options.password.get_secret_value()}",
            }
        )
        async with connect(
            f"{self._options.socket_url}/ari/events?{query}",
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            max_size=LARGEST_MESSAGE,
            compression=None,
        ) as socket:
            yield socket

    async def _listen(
        self, socket: ClientConnection, group: asyncio.TaskGroup, hear: Hear, connected: Connected
    ) -> None:
        """Until the connection ends. What was missed is asked for while events are heard already."""
        self.stands = True
        catching_up = group.create_task(self._catch_up(connected))
        try:
            async for message in socket:
                self._take(json.loads(message), group, hear)
        except ConnectionClosed:
            logger.warning("the event stream was cut; connecting again")
        finally:
            self.stands = False
            catching_up.cancel()

    async def _catch_up(self, connected: Connected) -> None:
        await self._unless_away(self._find_answered)
        await connected()

    async def _find_answered(self) -> None:
        """Serve the calls that were answered before, part those that ended, and hear no more than we need."""
        allowed = {"allowed": [{"type": name} for name in HEARD]}
        await self._ari.ask("PUT", f"/applications/{self._options.app}/eventFilter", allowed)
        app = self._options.app
        states = {channel["id"]: channel["state"] for channel in await self._ari.ask("GET", "/channels") or []}
        answered = [call for call, state in states.items() if state == "Up" and key_of(app, call)]
        over = [call for channel in states if (call := served_by(app, channel, AGENT)) and call not in states]
        heard = [call for channel in states if (call := served_by(app, channel, LISTENER))]
        await asyncio.gather(*map(self._agents.find, answered))
        await asyncio.gather(
            *map(self._agents.part, over), *map(self._agents.suppress_cdr, heard), *map(self._note_answer, answered)
        )

    async def _note_answer(self, call: str) -> None:
        answered_at = await self._agents.answered_at(call)
        if answered_at is not None:
            seen = self._seen.setdefault(call, Seen())
            seen.answered_at = seen.answered_at or answered_at

    def _take(self, event: Event, group: asyncio.TaskGroup, hear: Hear) -> None:
        """What is to be done of one call is done in turn, what is to be told likewise: silence waits for no record."""
        channel = (event.get("channel") or event.get("peer") or {}).get("id", "")
        for role, act in ((AGENT, self._of_agent), (LISTENER, self._of_listener)):
            call = served_by(self._options.app, channel, role)
            if call is not None:
                return act(call, event, group, hear)
        if key_of(self._options.app, channel):
            self._of_call(channel, event, group, hear)
        return None

    def _of_call(self, call: str, event: Event, group: asyncio.TaskGroup, hear: Hear) -> None:
        seen = self._seen.setdefault(call, Seen())
        state = read(event, seen)
        if event["type"] == "StasisStart":
            self._agents.serve(call, seen.answered_at)
        if state is None:
            return
        told = report(call, key_of(self._options.app, call), state, event, seen)
        if state is CallState.ENDED:
            del self._seen[call]
            self._remember(told)
            self._in_turn(AGENT + call, partial(self._unless_away, partial(self._agents.part, call)), group)
        self._in_turn(call, partial(_tell, told, hear), group)

    def _remember(self, last_word: CallReport) -> None:
        self.ended[last_word.call_id] = last_word
        while len(self.ended) > REMEMBERED:
            self.ended.popitem(last=False)

    def _of_agent(self, call: str, event: Event, group: asyncio.TaskGroup, _: Hear) -> None:
        act = {"StasisStart": self._agents.join, "ChannelDestroyed": self._agents.left}.get(event["type"])
        if act is not None:
            self._in_turn(AGENT + call, partial(self._unless_away, partial(act, call)), group)

    def _of_listener(self, call: str, event: Event, group: asyncio.TaskGroup, hear: Hear) -> None:
        if event["type"] != "StasisStart":
            return
        act = self._agents.judged if event.get("args") else self._agents.detect
        self._in_turn(LISTENER + call, partial(self._unless_away, partial(act, call)), group)
        answered_by = verdict(event.get("args", []))
        if answered_by is None:
            return
        seen = self._seen.setdefault(call, Seen())
        seen.answered_by = answered_by
        told = report(call, key_of(self._options.app, call), CallState.ANSWERED, event, seen)
        self._in_turn(call, partial(_tell, told, hear), group)

    def _in_turn(self, what: str, work: Callable[[], Coroutine[Any, Any, None]], group: asyncio.TaskGroup) -> None:
        before = self._turns.get(what)

        async def then() -> None:
            if before is not None:
                await asyncio.wait((before,))
            await work()

        task = self._turns[what] = group.create_task(then())
        task.add_done_callback(lambda done: self._turns.pop(what) if self._turns.get(what) is done else None)

    async def _unless_away(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """What Asterisk cannot do now is done when the stream stands again, or is of no use any more."""
        try:
            await work()
        except CarrierError as error:
            kind = "Asterisk does not answer" if isinstance(error, CarrierAway) else "Asterisk refuses us"
            logger.warning("%s (%s)", kind, type(error).__name__)


async def _tell(told: CallReport, hear: Hear) -> None:
    await hear(told)
