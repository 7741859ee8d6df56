"""The audio of answered calls: a connection to the agent's WebSocket, as Twilio's Media Streams make one.

The messages are those of "Media Streams - WebSocket Messages" (Twilio docs): connected, start, media, stop, mark. The
person is silent for a second, and says something (a tone) whenever a mark says that the agent was heard. A call whose
stream fails, or whose agent closes it, ends: there is no other instruction for it.
"""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from carriers.media_stream_messages import CONNECTED, MediaStreamMessages

CONNECT_TIMEOUT_SECONDS = 3.0
CLOSE_TIMEOUT_SECONDS = 2.0
RETRY_DELAY_SECONDS = 30.0  # after a failure, before the same address is tried again
MAX_STREAMS = 200
RESERVED_DOMAINS = (".test", ".example", ".invalid")  # RFC 6761: they resolve to nothing, after a long time
DISCARD_PORT = 9  # RFC 863: the example agents of a local stack
ABNORMAL_CLOSURE = 1006  # RFC 6455, 7.1.5: it closed without a word, as that of a process which was killed
MAX_MESSAGE_BYTES = 1024 * 1024  # an agent's audio comes in pieces
FRAME_MILLISECONDS = 20
FRAMES = 50
SILENCE = b"\xff" * 160  # 20 ms of µ-law at 8 kHz
WORD = bytes.fromhex("ff9d938f8e8f939dff1d130f0e0f131d") * 10  # the same of 500 Hz
WORDS = 10  # 0.2 s
FAILURES = (OSError, TimeoutError, WebSocketException, ValueError)


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """Where a call's audio goes, and the parameters that the agent receives."""

    url: str
    parameters: dict[str, str]
    status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What is told of a stream: `event` and, of a failed one, `error`, as Twilio writes them."""

    event: str
    error: str | None = None


STARTED = StreamReport("stream-started")
STOPPED = StreamReport("stream-stopped")  # the agent closed it
NO_CONNECTION = StreamReport("stream-error", "31920 - Stream - WebSocket - Handshake Error")
CUT_OFF = StreamReport("stream-error", "31921 - Stream - WebSocket - Close Error")


@dataclass(slots=True)
class Counts:
    """Of answered calls with a stream. `skipped`: not tried, as the address failed a moment ago."""

    opened: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(slots=True)
class _Address:
    """Whether an agent can be reached: the first connection finds out, others wait for that."""

    reachable: bool = False
    retry_at: float = 0.0  # of the monotonic clock
    first: asyncio.Lock = field(default_factory=asyncio.Lock)


def stream_of(twiml: str | None) -> StreamTarget | None:
    """The stream that TwiML connects a call to; None where it does something else, or cannot be read."""
    if twiml is None or "<!" in twiml:  # TwiML has no document type, and so no entities
        return None
    try:
        stream = ET.fromstring(twiml).find("./Connect/Stream")  # noqa: S314  see above  # nosec B314
    except ET.ParseError:
        return None
    url = "" if stream is None else stream.get("url", "")
    if stream is None or not _is_websocket(url):
        return None
    parameters = {parameter.get("name", ""): parameter.get("value", "") for parameter in stream.iter("Parameter")}
    return StreamTarget(url, parameters, stream.get("statusCallback"))


def _is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"ws", "wss"} and bool(parts.hostname) and parts.port != 0
        )  # or no port at all: ValueError
    except ValueError:
        return False


OnStreamEvent = Callable[[str, StreamTarget, StreamReport], None]  # of a call


class MediaStreams:
    """All streams of one simulator. Used from one event loop.

    `on_event` is called with what a stream reports: that it has started, or failed, or that its agent closed it. A call
    whose address is an example's, or which is one too many, goes on as if an agent were there.
    """

    def __init__(self, account_sid: str, on_event: OnStreamEvent = lambda *_: None) -> None:
        self._account_sid = account_sid
        self._on_event = on_event
        self._addresses: dict[str, _Address] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    def start(self, sid: str, target: StreamTarget) -> None:
        """Connect an answered call to its agent, if that can be reached."""
        parts = urlsplit(target.url)
        address = self._addresses.setdefault(parts.netloc, _Address())
        failed_before = time.monotonic() < address.retry_at
        imaginary = (parts.hostname or "").endswith(RESERVED_DOMAINS) or parts.port == DISCARD_PORT
        if imaginary or failed_before or len(self._tasks) >= MAX_STREAMS:
            self.counts.skipped += 1
            if failed_before and not imaginary:
                self._on_event(sid, target, NO_CONNECTION)
            return
        ended = self._ends[sid] = asyncio.Event()
        task = asyncio.create_task(self._hold(sid, target, address, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self, sid: str) -> None:
        """Stop the stream of a call that is over, if there is one."""
        ended = self._ends.pop(sid, None)
        if ended is not None:
            ended.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hold(self, sid: str, target: StreamTarget, address: _Address, ended: asyncio.Event) -> None:
        connection = await self._connected(target.url, address)
        if connection is None:
            self._ends.pop(sid, None)
            self._on_event(sid, target, NO_CONNECTION)
            return
        self.counts.opened += 1
        self._on_event(sid, target, STARTED)
        try:
            with contextlib.suppress(*FAILURES):
                await _Stream(connection, self._account_sid, sid).run(target.parameters, ended)
        finally:
            self._ends.pop(sid, None)
            with contextlib.suppress(*FAILURES):
                await connection.close()
        if not ended.is_set():
            self._on_event(sid, target, CUT_OFF if connection.close_code == ABNORMAL_CLOSURE else STOPPED)

    async def _connected(self, url: str, address: _Address) -> ClientConnection | None:
        if address.reachable:
            return await self._connect(url, address)
        async with address.first:
            if time.monotonic() < address.retry_at:
                self.counts.skipped += 1
                return None
            return await self._connect(url, address)

    async def _connect(self, url: str, address: _Address) -> ClientConnection | None:
        try:
            connection = await connect(
                url,
                open_timeout=CONNECT_TIMEOUT_SECONDS,
                close_timeout=CLOSE_TIMEOUT_SECONDS,
                max_size=MAX_MESSAGE_BYTES,
                compression=None,
                ping_interval=None,
                proxy=None,
            )
        except FAILURES:
            self.counts.failed += 1
            address.reachable = False
            address.retry_at = time.monotonic() + RETRY_DELAY_SECONDS
            return None
        address.reachable = True
        return connection


class _Stream:
    """One stream, from `connected` to `stop`."""

    def __init__(self, connection: ClientConnection, account_sid: str, sid: str) -> None:
        self._connection = connection
        self._started_at = time.monotonic()
        self._messages = MediaStreamMessages(f"MZ{secrets.token_hex(16)}", account_sid, sid)

    async def run(self, parameters: dict[str, str], ended: asyncio.Event) -> None:
        """Until the call ends or the agent leaves."""
        await self._connection.send(CONNECTED)
        await self._connection.send(self._messages.start(parameters))
        receiving = asyncio.create_task(self._receive())
        sending = asyncio.create_task(self._send_silence(ended))
        try:
            await asyncio.wait({receiving, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (receiving, sending):
                task.cancel()
            await asyncio.gather(receiving, sending, return_exceptions=True)
        await self._connection.send(self._messages.stop())

    async def _send_silence(self, ended: asyncio.Event) -> None:
        for frame in range(FRAMES):
            if ended.is_set():
                return
            await self._connection.send(self._messages.media(SILENCE, frame * FRAME_MILLISECONDS))
            await asyncio.sleep(FRAME_MILLISECONDS / 1000)
        await ended.wait()

    async def _receive(self) -> None:
        """Discard the agent's audio; send a mark back once the audio before it was played, and answer."""
        async for message in self._connection:
            received = json.loads(message)
            if isinstance(received, dict) and received.get("event") == "mark":
                await self._connection.send(self._messages.mark(received.get("mark")))
                for frame in range(WORDS):
                    await self._connection.send(self._messages.media(WORD, self._heard_at(frame)))

    def _heard_at(self, frame: int) -> int:
        """Milliseconds from the start of the stream."""
        return round((time.monotonic() - self._started_at) * 1000) + frame * FRAME_MILLISECONDS
