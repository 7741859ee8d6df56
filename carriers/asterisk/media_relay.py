"""The audio between Asterisk's WebSocket channel and an agent's WebSocket.

The agent hears and speaks as in Twilio's Media Streams: connected, start, media, mark, stop to it; media, mark, clear
from it. So one agent serves both carriers. µ-law at 8 kHz on both sides: nothing is transcoded.
"""

import asyncio
import base64
import binascii
import contextlib
import json
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from carriers.asterisk.options import Options

AGENT_SECONDS = 5.0  # to connect to an agent
LARGEST_MESSAGE = 1024 * 1024  # bytes; an agent's audio comes in pieces
FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
BYTES_PER_MILLISECOND = 8
PIECE_BYTES = 4_000  # half a second
FAILURES = (OSError, TimeoutError, WebSocketException)
Json = dict[str, Any]


class Relay:
    """Carries one call's audio until either side leaves."""

    def __init__(self, call_id: str, account: str, parameters: Mapping[str, str]) -> None:
        self._call_id = call_id
        self._stream = f"stream-{call_id}"
        self._account = account
        self._parameters = dict(parameters)
        self._sequence = 0
        self._room = asyncio.Event()  # whether Asterisk's queue takes more
        self._room.set()

    async def carry(self, agent_url: str, media: Coroutine[Any, Any, str], options: Options) -> None:
        """Connect both sides at once and carry; `media` tells the address of Asterisk's.

        Raises OSError, TimeoutError, WebSocketException where one is not there, and what `media` raises.
        """
        async with AsyncExitStack() as open_sides:

            async def agent_side() -> ClientConnection:
                opening = connect(agent_url, open_timeout=AGENT_SECONDS, max_size=LARGEST_MESSAGE, compression=None)
                agent = await open_sides.enter_async_context(opening)
                await self._greet(agent)
                return agent

            async def line_side() -> ClientConnection:
                return await open_sides.enter_async_context(_line(await media, options))

            both = [asyncio.ensure_future(agent_side()), asyncio.ensure_future(line_side())]
            try:
                agent, line = await asyncio.gather(*both)
            finally:
                await _over(both)
                media.close()  # where it never began
            await self._until_one_leaves(agent, line)

    async def _until_one_leaves(self, agent: ClientConnection, line: ClientConnection) -> None:
        sides = [asyncio.ensure_future(self._to_agent(line, agent)), asyncio.ensure_future(self._to_line(agent, line))]
        try:
            left, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(*FAILURES):
                for side in left:
                    side.result()
        finally:
            await _over(sides)
            with contextlib.suppress(*FAILURES):
                await self._tell(agent, "stop", {"accountSid": self._account, "callSid": self._call_id})

    async def _greet(self, agent: ClientConnection) -> None:
        await agent.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "accountSid": self._account,
            "streamSid": self._stream,
            "callSid": self._call_id,
            "tracks": ["inbound"],
            "mediaFormat": FORMAT,
            "customParameters": self._parameters,
        }
        await self._tell(agent, "start", start)

    async def _to_agent(self, line: ClientConnection, agent: ClientConnection) -> None:
        chunk, sent = 0, 0
        async for message in line:
            if isinstance(message, str):
                await self._hear_line(message, agent)
                continue
            chunk += 1
            media = {
                "track": "inbound",
                "chunk": str(chunk),
                "timestamp": str(sent // BYTES_PER_MILLISECOND),
                "payload": base64.b64encode(message).decode(),
            }
            sent += len(message)
            await self._tell(agent, "media", media)

    async def _hear_line(self, message: str, agent: ClientConnection) -> None:
        word, _, rest = message.partition(" ")
        match word:
            case "MEDIA_XOFF":
                self._room.clear()
            case "MEDIA_XON":
                self._room.set()
            case "MEDIA_MARK_PROCESSED":
                await self._tell(agent, "mark", {"name": _unhex(rest.rpartition(":")[2])})

    async def _to_line(self, agent: ClientConnection, line: ClientConnection) -> None:
        async for message in agent:
            said = _read(message)
            match said.get("event"):
                case "media":
                    await self._play(_audio(said), line)
                case "clear":
                    await line.send("FLUSH_MEDIA")
                case "mark":
                    name = str((said.get("mark") or {}).get("name", ""))
                    await line.send(f"MARK_MEDIA {name.encode().hex()}")

    async def _play(self, audio: bytes, line: ClientConnection) -> None:
        """In pieces: Asterisk closes the connection over a large one, and says when its queue is full."""
        for at in range(0, len(audio), PIECE_BYTES):
            await self._room.wait()
            await line.send(audio[at : at + PIECE_BYTES])

    async def _tell(self, agent: ClientConnection, event: str, body: Json) -> None:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), event: body, "streamSid": self._stream}
        await agent.send(json.dumps(message))


def _line(url: str, options: Options) -> connect:
    word = base64.b64encode(f"{options.user}:{options.password.get_secret_value()}".encode()).decode()
    return connect(
        url,
        subprotocols=[Subprotocol("media")],
        additional_headers={"Authorization": f"Basic {word}"},
        compression=None,
    )


async def _over(sides: Sequence[asyncio.Future[Any]]) -> None:
    for side in sides:
        side.cancel()
    await asyncio.gather(*sides, return_exceptions=True)


def _read(message: str | bytes) -> Json:
    """What is no message of the protocol says nothing."""
    try:
        said = json.loads(message)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _audio(said: Json) -> bytes:
    try:
        return base64.b64decode((said.get("media") or {}).get("payload", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return b""


def _unhex(name: str) -> str:
    try:
        return bytes.fromhex(name.strip()).decode()
    except ValueError:
        return name
