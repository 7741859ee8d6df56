"""The audio between Asterisk's WebSocket channel and an agent's WebSocket.

The agent receives and sends the messages of Twilio's Media Streams (connected, start, media, mark, stop to it; media,
mark, clear from it), so that one agent serves both carriers. µ-law at 8 kHz on both sides: nothing is transcoded.
"""

import asyncio
import base64
import binascii
import contextlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from carriers.asterisk.agent_network import find_agent
from carriers.asterisk.options import Options
from carriers.media_stream_messages import CONNECTED, MediaStreamMessages
from domain.calls.models import AgentContact

AGENT_CONNECT_TIMEOUT_SECONDS = 5.0
MAX_MESSAGE_BYTES = 1024 * 1024  # an agent's audio comes in pieces
BYTES_PER_MILLISECOND = 8
MAX_FRAME_BYTES = 4_000  # half a second
SILENCE = b"\xff\x7f\xfe\x7e"  # µ-law
FAILURES = (OSError, TimeoutError, WebSocketException)
Json = dict[str, Any]


class MediaRelay:
    """Relays one call's audio until either side leaves. `on_agent` is told how far the agent comes."""

    def __init__(
        self, call_id: str, account: str, parameters: Mapping[str, str], on_agent: Callable[[AgentContact], None]
    ) -> None:
        self._messages = MediaStreamMessages(f"stream-{call_id}", account, call_id)
        self._parameters = parameters
        self._on_agent = on_agent
        self._agent_spoke = False
        self._can_send = asyncio.Event()  # whether Asterisk's queue takes more
        self._can_send.set()

    async def run(self, agent_url: str, open_channel: Coroutine[Any, Any, str], options: Options) -> None:
        """Connect both sides at once and relay; `open_channel` returns the address of Asterisk's.

        Raises OSError, TimeoutError, WebSocketException where one is not there, and what `open_channel` raises.
        """
        async with AsyncExitStack() as open_sides:

            async def agent_side() -> ClientConnection:
                try:
                    pinned = await find_agent(agent_url, options.agent_networks)
                    agent = await open_sides.enter_async_context(_connect_agent(agent_url, pinned))
                except FAILURES:
                    self._on_agent(AgentContact.UNREACHABLE)
                    raise
                self._on_agent(AgentContact.SILENT)  # so far
                await agent.send(CONNECTED)
                await agent.send(self._messages.start(self._parameters))
                return agent

            async def channel_side() -> ClientConnection:
                return await open_sides.enter_async_context(_connect_channel(await open_channel, options))

            both = [asyncio.ensure_future(agent_side()), asyncio.ensure_future(channel_side())]
            try:
                agent, channel = await asyncio.gather(*both)
            finally:
                await _cancel(both)
                open_channel.close()  # where it never began
            await self._relay(agent, channel)

    async def _relay(self, agent: ClientConnection, channel: ClientConnection) -> None:
        directions = (self._to_agent(channel, agent), self._to_channel(agent, channel))
        sides = [asyncio.ensure_future(direction) for direction in directions]
        try:
            left, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(*FAILURES):
                for side in left:
                    side.result()
        finally:
            await _cancel(sides)
            with contextlib.suppress(*FAILURES):
                await agent.send(self._messages.stop())

    async def _to_agent(self, channel: ClientConnection, agent: ClientConnection) -> None:
        received = 0
        async for message in channel:
            if isinstance(message, str):
                await self._on_channel_message(message, agent)
                continue
            await agent.send(self._messages.media(message, received // BYTES_PER_MILLISECOND))
            received += len(message)

    async def _on_channel_message(self, message: str, agent: ClientConnection) -> None:
        command, _, rest = message.partition(" ")
        match command:
            case "MEDIA_XOFF":
                self._can_send.clear()
            case "MEDIA_XON":
                self._can_send.set()
            case "MEDIA_MARK_PROCESSED":
                await agent.send(self._messages.mark({"name": _unhex(rest.rpartition(":")[2])}))

    async def _to_channel(self, agent: ClientConnection, channel: ClientConnection) -> None:
        async for message in agent:
            body = _parse(message)
            match body.get("event"):
                case "media":
                    await self._play(_audio(body), channel)
                case "clear":
                    await channel.send("FLUSH_MEDIA")
                case "mark":
                    name = str((body.get("mark") or {}).get("name", ""))
                    await channel.send(f"MARK_MEDIA {name.encode().hex()}")

    async def _play(self, audio: bytes, channel: ClientConnection) -> None:
        """In frames: Asterisk closes the connection over a large one, and sends XOFF when its queue is full."""
        if not self._agent_spoke and audio.strip(SILENCE):
            self._agent_spoke = True
            self._on_agent(AgentContact.SPOKE)
        for start in range(0, len(audio), MAX_FRAME_BYTES):
            await self._can_send.wait()
            await channel.send(audio[start : start + MAX_FRAME_BYTES])


def _connect_agent(url: str, pinned: Mapping[str, Any]) -> connect:
    return connect(
        url, open_timeout=AGENT_CONNECT_TIMEOUT_SECONDS, max_size=MAX_MESSAGE_BYTES, compression=None, **pinned
    )


def _connect_channel(url: str, options: Options) -> connect:
    credentials = base64.b64encode(f"{options.user}:{options.password.get_secret_value()}".encode()).decode()
    return connect(
        url,
        subprotocols=[Subprotocol("media")],
        additional_headers={"Authorization": f"Basic {credentials}"},
        compression=None,
    )


async def _cancel(sides: Sequence[asyncio.Future[Any]]) -> None:
    for side in sides:
        side.cancel()
    await asyncio.gather(*sides, return_exceptions=True)


def _parse(message: str | bytes) -> Json:
    """A message of the protocol; what is none is ignored."""
    try:
        body = json.loads(message)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _audio(body: Json) -> bytes:
    try:
        return base64.b64decode((body.get("media") or {}).get("payload", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return b""


def _unhex(name: str) -> str:
    try:
        return bytes.fromhex(name.strip()).decode()
    except ValueError:
        return name
