"""The HTTP underneath the official client: one pool, no retries, no logs, the clock checked right before sending."""

import asyncio
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import aiohttp
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

from carriers.clock import boot_time
from carriers.placing_sockets import open_socket

MAX_CONNECTIONS = 100
KEEP_ALIVE_SECONDS = 15.0  # shorter than carriers keep an idle connection, so that none is reused as it closes


class OutgoingRequest:
    """Whether a request was sent, and the instant (`boot_time()`) after which it must not be."""

    def __init__(self, send_before: float | None = None) -> None:
        self._send_before = send_before
        self._abandoned = False
        self.sent = False
        self.too_late = False
        self.queued = False  # waiting for one of our own connections
        self.status = 0  # of the answer, as this and its headers came
        self.headers: Mapping[str, str] = {}

    def before_send(self) -> None:
        """Called right before the first byte is written. Raises NotSentError to keep it from being written."""
        if self.sent:
            return
        if self._abandoned:
            raise NotSentError
        if self._send_before is not None and boot_time() >= self._send_before:
            self.too_late = True
            raise NotSentError
        self.sent = True

    def abandon(self) -> None:
        """Nothing may be sent any more."""
        self._abandoned = True


class NotSentError(Exception):
    """Raised inside the connection, so that nothing is written."""


current_request: ContextVar[OutgoingRequest] = ContextVar("current_request")


class PooledHttpClient(AsyncHttpClient):  # type: ignore[misc]
    """What the official client sends its requests with."""

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        allow_redirects: bool = False,
    ) -> Response:
        """Send once. Raises aiohttp's errors and TimeoutError."""
        outgoing = current_request.get()
        async with self._open_session().request(
            method,
            uri,
            params={name: str(value) for name, value in (params or {}).items()},
            data=None if data is None else urlencode(data, doseq=True).encode(),
            headers={**(headers or {}), **_authorization(auth)},
            allow_redirects=False,
            trace_request_ctx=outgoing,
        ) as answer:
            outgoing.status, outgoing.headers = answer.status, answer.headers
            return Response(answer.status, await answer.text(errors="replace"), answer.headers)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=MAX_CONNECTIONS,
                    keepalive_timeout=KEEP_ALIVE_SECONDS,
                    socket_factory=partial(open_socket, timeout_seconds=self.timeout),
                ),
                timeout=aiohttp.ClientTimeout(total=self.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[_send_hook()],
            )
        return self._session


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    return {} if auth is None else {"Authorization": aiohttp.encode_basic_auth(*auth)}


def _send_hook() -> aiohttp.TraceConfig:
    """A form is written in one piece with its headers, over the connection that was waited for; the hook runs
    right before that, with nothing awaited in between."""

    async def on_form(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
        context.trace_request_ctx.before_send()

    async def on_queued(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
        context.trace_request_ctx.queued = True

    async def on_dequeued(_: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
        context.trace_request_ctx.queued = False

    trace = aiohttp.TraceConfig()
    trace.on_connection_queued_start.append(on_queued)
    trace.on_connection_queued_end.append(on_dequeued)
    trace.on_request_chunk_sent.append(on_form)
    return trace


TRANSPORT_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError, NotSentError)
