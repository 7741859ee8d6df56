"""The audio of answered calls: a connection to the agent's WebSocket, as Twilio's Media Streams make one.

The messages are those of "Media Streams - WebSocket Messages" (Twilio docs): connected, start, media, stop, mark. The
person says nothing: a second of silence, then nothing more until the call ends. What goes wrong here ends no call.
"""

import asyncio
import base64
import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

CONNECT_SECONDS = 3.0
CLOSE_SECONDS = 2.0
NOT_AGAIN_SECONDS = 30.0  # after a failure nothing is tried at the same address for so long: no agent is there
MAX_STREAMS = 200
NOBODYS = (".test", ".example", ".invalid")  # RFC 6761: no such host is anywhere, and looking for it takes long
LARGEST_MESSAGE = 1024 * 1024  # bytes; an agent's audio comes in pieces
FRAME_SECONDS = 0.02
FRAMES = 50
SILENCE = base64.b64encode(b"\xff" * 160).decode()  # 20 ms of µ-law at 8 kHz
FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
FAILURES = (OSError, TimeoutError, WebSocketException, ValueError)


@dataclass(frozen=True, slots=True)
class StreamOrder:
    """Where a call's audio is to go, and what the agent is told."""

    url: str
    parameters: dict[str, str]


@dataclass(slots=True)
class Counts:
    """What became of answered calls with a stream. `skipped`: not tried, as nobody was there a moment ago."""

    opened: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(slots=True)
class _Address:
    """Whether an agent is there: the first connection finds out, others wait for that."""

    there: bool = False
    not_before: float = 0.0  # by the monotonic clock
    first: asyncio.Lock = field(default_factory=asyncio.Lock)


def stream_of(twiml: str | None) -> StreamOrder | None:
    """The stream that TwiML connects a call to; None where it does something else, or cannot be read."""
    if twiml is None or "<!" in twiml:  # TwiML has no document type, and so no entities
        return None
    try:
        stream = ET.fromstring(twiml).find("./Connect/Stream")  # noqa: S314  see above
    except ET.ParseError:
        return None
    url = "" if stream is None else stream.get("url", "")
    if stream is None or not _is_websocket(url):
        return None
    parameters = {parameter.get("name", ""): parameter.get("value", "") for parameter in stream.iter("Parameter")}
    return StreamOrder(url, parameters)


def _is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"ws", "wss"} and bool(parts.hostname)
    except ValueError:
        return False


class MediaStreams:
    """All streams of one simulator. Used from one event loop."""

    def __init__(self, account_sid: str) -> None:
        self._account_sid = account_sid
        self._addresses: dict[str, _Address] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    def answered(self, sid: str, order: StreamOrder) -> None:
        """A call was answered: connect it to its agent, if one is there."""
        parts = urlsplit(order.url)
        address = self._addresses.setdefault(parts.netloc, _Address())
        nobody = (parts.hostname or "").endswith(NOBODYS) or time.monotonic() < address.not_before
        if nobody or len(self._tasks) >= MAX_STREAMS:
            self.counts.skipped += 1
            return
        ended = self._ends[sid] = asyncio.Event()
        task = asyncio.create_task(self._hold(sid, order, address, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ended(self, sid: str) -> None:
        """A call is over: its stream, if there is one, stops."""
        ended = self._ends.pop(sid, None)
        if ended is not None:
            ended.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hold(self, sid: str, order: StreamOrder, address: _Address, ended: asyncio.Event) -> None:
        connection = await self._connected(order.url, address)
        if connection is None:
            self._ends.pop(sid, None)
            return
        self.counts.opened += 1
        try:
            with contextlib.suppress(*FAILURES):
                await _Conversation(connection, self._account_sid, sid).hold(order.parameters, ended)
        finally:
            self._ends.pop(sid, None)
            with contextlib.suppress(*FAILURES):
                await connection.close()

    async def _connected(self, url: str, address: _Address) -> ClientConnection | None:
        if address.there:
            return await self._connect(url, address)
        async with address.first:
            if time.monotonic() < address.not_before:
                self.counts.skipped += 1
                return None
            return await self._connect(url, address)

    async def _connect(self, url: str, address: _Address) -> ClientConnection | None:
        try:
            connection = await connect(
                url,
                open_timeout=CONNECT_SECONDS,
                close_timeout=CLOSE_SECONDS,
                max_size=LARGEST_MESSAGE,
                compression=None,
                ping_interval=None,
                proxy=None,
            )
        except FAILURES:
            self.counts.failed += 1
            address.there = False
            address.not_before = time.monotonic() + NOT_AGAIN_SECONDS
            return None
        address.there = True
        return connection


class _Conversation:
    """One stream, from `connected` to `stop`."""

    def __init__(self, connection: ClientConnection, account_sid: str, sid: str) -> None:
        self._connection = connection
        self._account_sid = account_sid
        self._sid = sid
        self._stream_sid = f"MZ{secrets.token_hex(16)}"
        self._sequence = 0

    async def hold(self, parameters: dict[str, str], ended: asyncio.Event) -> None:
        """Until the call ends, or the agent leaves: the person stays on the line."""
        await self._connection.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await self._say("start", self._start(parameters))
        listening = asyncio.create_task(self._listen())
        ending = asyncio.create_task(self._until(ended))
        try:
            await asyncio.wait({listening, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, ending):
                task.cancel()
            await asyncio.gather(listening, ending, return_exceptions=True)
        await self._say("stop", {"accountSid": self._account_sid, "callSid": self._sid})

    def _start(self, parameters: dict[str, str]) -> dict[str, Any]:
        return {
            "streamSid": self._stream_sid,
            "accountSid": self._account_sid,
            "callSid": self._sid,
            "tracks": ["inbound"],
            "mediaFormat": FORMAT,
            "customParameters": parameters,
        }

    async def _until(self, ended: asyncio.Event) -> None:
        for frame in range(FRAMES):
            if ended.is_set():
                return
            timestamp = str(round(frame * FRAME_SECONDS * 1000))
            media = {"track": "inbound", "chunk": str(frame + 1), "timestamp": timestamp, "payload": SILENCE}
            await self._say("media", media)
            await asyncio.sleep(FRAME_SECONDS)
        await ended.wait()

    async def _listen(self) -> None:
        """Hear the agent out. Its audio is thrown away; a mark comes back when what it said before was played."""
        async for message in self._connection:
            said = json.loads(message)
            if isinstance(said, dict) and said.get("event") == "mark":
                await self._say("mark", said.get("mark"))

    async def _say(self, event: str, what: Any) -> None:
        self._sequence += 1
        message = {
            "event": event,
            "sequenceNumber": str(self._sequence),
            event: what,
            "streamSid": self._stream_sid,
        }
        await self._connection.send(json.dumps(message))
