"""Callbacks of the calls: those of one call in their order, signed, over connections that are kept."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import deque
from urllib.parse import urlencode, urlsplit

import httptools

from benchmarks.carrier.call import Call, now

KEPT_SECONDS = 4.0  # a connection that was idle longer is not used again
ANSWER_SECONDS = 15.0
TRIES = 2  # as Twilio, once again after an error
AGAIN_SECONDS = 0.5


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection to a receiver of callbacks, for one request at a time."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._answer: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(self._parser.get_status_code())

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(OSError("closed"))

    async def request(self, data: bytes) -> int:
        """Send a request; the status of its answer. Raises OSError, TimeoutError."""
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(data)  # type: ignore[attr-defined]
        status = await asyncio.wait_for(self._answer, ANSWER_SECONDS)
        self.idle_since = time.monotonic()
        return status


class Outbox:
    """Posts the events of one call, one after another."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waiting: deque[tuple[str, str, dict[str, str]]] = deque()
        self._sequence = 0
        self._posting: asyncio.Task[None] | None = None

    def say(self, event: str) -> None:
        """Queue an event, if it was asked for."""
        made = self._call.callback(event, self._sequence)
        if made is None:
            return
        self._sequence += 1
        self._waiting.append((event, *made))
        if self._posting is None or self._posting.done():
            self._posting = asyncio.get_running_loop().create_task(self._post_all())

    async def _post_all(self) -> None:
        while self._waiting:
            event, url, form = self._waiting.popleft()
            for _ in range(TRIES):
                sent = now()
                status = await _post(url, urlencode(form).encode(), _signature(self._call.token, url, form))
                self._call.callbacks.append((event, sent, now(), status))
                if 0 < status < 500:
                    break
                await asyncio.sleep(AGAIN_SECONDS)


def _signature(token: str, url: str, form: dict[str, str]) -> str:
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


_idle: dict[tuple[str, int], list[Connection]] = {}


async def _post(url: str, body: bytes, signature: str) -> int:
    """The status of the answer; 0 where there was none."""
    parts = urlsplit(url)
    origin = (parts.hostname or "", parts.port or 80)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        connection = await _connection(origin)
        status = await connection.request(head.encode() + body)
    except (OSError, TimeoutError):
        return 0
    _idle[origin].append(connection)
    return status


async def _connection(origin: tuple[str, int]) -> Connection:
    """One that is idle, else a new one. Raises OSError."""
    pool = _idle.setdefault(origin, [])
    while pool:
        kept = pool.pop()
        if not kept.transport.is_closing() and time.monotonic() - kept.idle_since < KEPT_SECONDS:
            return kept
        kept.transport.abort()  # type: ignore[attr-defined]
    _, connection = await asyncio.get_running_loop().create_connection(Connection, *origin)
    return connection
