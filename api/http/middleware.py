"""What surrounds every request: its id, its unread body, and the answer when something unexpected happens."""

import asyncio
import logging
import re
import time
from secrets import token_hex
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import render_error
from api.http.exception_handlers import to_api_error
from api.http.logging import request_id
from api.http.rate_limit import HEADERS

DRAIN_LIMIT = 64 * 1024 * 1024  # bytes of a refused body that are read and dropped, so that the client sees the answer
DRAIN_SECONDS = 60.0  # and for how long
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")

log = logging.getLogger("api.requests")


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
            log.info("%s %s %s in %d ms", scope["method"], scope["path"], answer.status, answer.milliseconds)
            request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            log.info("The client left before it had sent its request")
        except Exception as error:
            if answer.status is not None:
                raise
            await render_error(to_api_error(error))(scope, receive, answer)


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
            headers.update(self.scope.get("state", {}).get(HEADERS, {}))
        await self.send(message)

    @property
    def milliseconds(self) -> float:
        return (time.monotonic() - self.started) * 1000


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


class _Body:
    """Counts what is read of a body, to know whether more of it is on the way."""

    def __init__(self, request: Request, receive: Receive) -> None:
        self._receive = receive
        headers = request.headers
        self._more = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        self._waits_to_send = "expect" in headers

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits_to_send = False
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def drain(self) -> bool:
        """Read and drop the rest; say whether the connection may be used again."""
        if self._waits_to_send:  # it asked before sending, and now need not send
            return not self._more
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                left = DRAIN_LIMIT
                while self._more and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return False
        return not self._more
