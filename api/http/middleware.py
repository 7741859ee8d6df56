"""What surrounds every request: its admission, its id, its body's pace, the answer to what nobody expected."""

import asyncio
import logging
import re
import time
from secrets import token_hex
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.admission import ALWAYS_ANSWERED, AdmissionRules, Head, has_large_body, sent_key
from api.http.answer_headers import PROTECTION, headers_to_add
from api.http.errors import HeadersTooLarge, RequestTimedOut, render_error
from api.http.exception_handlers import to_api_error
from api.http.limits import (
    BODY_BYTES_PER_SECOND,
    BODY_GRACE_SECONDS,
    BODY_IDLE_SECONDS,
    HEADER_BYTES,
    HEADER_COUNT,
    SEND_BYTES_PER_SECOND,
    SEND_GRACE_SECONDS,
    SEND_IDLE_SECONDS,
)
from api.http.server import cut_connection
from telemetry.logging import request_id
from telemetry.metrics import observe_request

CARRIERS = "/carriers/"  # their events
DRAIN_LIMIT = 64 * 1024 * 1024  # bytes of a refused body that are read and dropped, so that the client sees the answer
PAGE_POLICY = "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'"
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")

log = logging.getLogger("api.requests")


class Admission:
    """Refuses at once what the process cannot take, before anything is read or looked up for it.

    Whether the process is alive is always answered. A request holds its place until its answer begins: streams and
    downloads are counted where they are made.
    """

    def __init__(self, app: ASGIApp, rules: AdmissionRules) -> None:
        self.app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
            return
        _check_head(scope)
        head = Head(scope["path"], sent_key(scope["headers"]), has_large_body(scope["headers"]))
        source = scope["client"][0] if scope["client"] else ""
        if refusal := self._rules.refusal(head, source):
            raise refusal
        with self._rules.admitted(head) as leave:

            async def send_and_leave(message: Message) -> None:
                leave()
                await send(message)

            await self.app(scope, receive, send_and_leave)


def _check_head(scope: Scope) -> None:
    """Raises HeadersTooLarge: the HTTP parser bounds only what it has to wait for."""
    headers = scope["headers"]
    if len(headers) > HEADER_COUNT or sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
        raise HeadersTooLarge


class RequestIds:
    """Gives every answer an `X-Request-Id`: the client's own where it is sane, else a new one.

    It is the outermost of our layers, so it also turns whatever was not caught into an answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        current = _request_id(Headers(scope=scope).get("x-request-id", ""))
        token = request_id.set(current)
        answer = _Answer(current, scope, send)
        try:
            await self._answer(scope, receive, answer)
        finally:
            said = "%s %s %s in %d ms", scope["method"], scope["path"], answer.status, answer.milliseconds
            log.log(_level(scope["path"], answer.status), *said)
            observe_request(scope["method"], _declared_path(scope), answer.status, answer.milliseconds / 1000)
            request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            log.info("The client left before the end")
        except Exception as error:
            if answer.status is not None:
                raise
            await render_error(to_api_error(error))(scope, receive, answer)


def _level(path: str, status: int | None) -> int:
    """Of a request that is answered as it should be and comes with every call, or every few seconds: DEBUG."""
    is_routine = path in ALWAYS_ANSWERED or path.removeprefix("/v1").startswith(CARRIERS)
    return logging.DEBUG if is_routine and status is not None and status < 400 else logging.INFO


def _declared_path(scope: Scope) -> str | None:
    """As the route has it, with the names of its parameters; None where no route was found."""
    return getattr(scope.get("route"), "path", None)


class _Answer:
    """Passes an answer on with the request id, and what else it is to carry, in its headers; remembers its status."""

    def __init__(self, current: str, scope: Scope, send: Send) -> None:
        self.current = current
        self.scope = scope
        self.send = send
        self.status: int | None = None
        self.started = time.monotonic()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = cast("int", message["status"])
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.current
            _protect(headers)
            headers.update(headers_to_add(self.scope))
        await self.send(message)

    @property
    def milliseconds(self) -> float:
        return (time.monotonic() - self.started) * 1000


def _protect(headers: MutableHeaders) -> None:
    is_page = headers.get("content-type", "").startswith("text/html")  # the documentation, which has scripts of its own
    if is_page:
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    for name, value in PROTECTION.items():
        headers.setdefault(name, value)


def _request_id(sent: str) -> str:
    return sent if SANE_REQUEST_ID.fullmatch(sent) else f"req_{token_hex(12)}"


class DrainBodies:
    """Reads what is left of a request's body before its answer leaves.

    A client that is still sending when the connection closes sees a reset, not the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(Request(scope), receive)

        async def send_after_draining(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.drain():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self.app(scope, body.receive, send_after_draining)


def at_least_rate(scope: Scope, send: Send) -> Send:
    """The same `send`, for an answer that holds what others wait for: whoever takes it too slowly loses the connection.

    Raises ClientDisconnect then.
    """
    pace = _Pace(SEND_IDLE_SECONDS, SEND_GRACE_SECONDS, SEND_BYTES_PER_SECOND)

    async def paced(message: Message) -> None:
        pace.moved += len(message.get("body", b""))
        try:
            async with asyncio.timeout(pace.seconds_left):
                await send(message)
        except TimeoutError:
            log.info("%s is taken too slowly: its connection is cut", scope["path"])
            cut_connection(scope)
            raise ClientDisconnect from None

    return paced


class _Pace:
    """How long the next piece may take: so long for itself, and with all before it no less than a rate allows."""

    def __init__(self, idle_seconds: float, grace_seconds: float, bytes_per_second: float) -> None:
        self.moved = 0  # bytes
        self._began = time.monotonic()
        self._idle, self._grace, self._rate = idle_seconds, grace_seconds, bytes_per_second
        self._stopped: float | None = None

    def stop(self) -> None:
        """What follows is our time: nothing is asked of the other side."""
        self._stopped = time.monotonic()

    def resume(self) -> None:
        if self._stopped is not None:
            self._began += time.monotonic() - self._stopped
            self._stopped = None

    @property
    def seconds_left(self) -> float:
        """Negative where it is late already."""
        return min(self._idle, self._grace + self.moved / self._rate - (time.monotonic() - self._began))


class _Body:
    """Counts what is read of a body, to know whether more of it is on the way, and keeps its sender to a pace."""

    def __init__(self, request: Request, receive: Receive) -> None:
        self._receive = receive
        headers = request.headers
        self._more = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        self._waits_to_send = "expect" in headers
        self._pace = _Pace(BODY_IDLE_SECONDS, BODY_GRACE_SECONDS, BODY_BYTES_PER_SECOND)
        self._late = False

    async def receive(self) -> Message:
        """The next message. Raises RequestTimedOut where the body stands still, or comes too slowly altogether."""
        if not self._more:
            return await self._receive()
        self._pace.resume()
        try:
            async with asyncio.timeout(self._pace.seconds_left):
                message = await self._receive()
        except TimeoutError:
            self._late = True
            raise RequestTimedOut("The request's body comes too slowly. Send it again over a faster line.") from None
        self._waits_to_send = False
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self._pace.moved += len(message.get("body", b""))
        self._pace.stop()
        return message

    async def drain(self) -> bool:
        """Read and drop the rest; say whether the connection may be used again."""
        if self._late:
            return False
        if self._waits_to_send:  # it asked before sending, and now need not send
            return not self._more
        most = self._pace.moved + DRAIN_LIMIT
        try:
            while self._more and self._pace.moved < most:
                await self.receive()
        except RequestTimedOut:
            return False
        return not self._more
