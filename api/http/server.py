"""The HTTP server: uvicorn on h11, and what a connection may hold before its request is whole.

h11 and not httptools: its llhttp stops at `Upgrade: h2c`, which Java's client and `curl --http2` send, and the body of
the request is lost (httptools issue 124). RFC 9110, section 7.8: a server may ignore an upgrade.
"""

import asyncio
import json
import logging
import re
import resource
import sys
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from secrets import token_hex
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.admission import AdmissionRules, read_raw_head
from api.http.answer_headers import PROTECTION
from api.http.cors import permission
from api.http.errors import ApiError, HeadersTooLarge, InvalidHttp, RequestTimedOut
from api.http.limits import HEADER_BYTES, HEADER_SECONDS, MAX_CONNECTIONS

EVICTED_SHARE = 10  # a full server closes one in so many of those that wait, the longest waiting first
LINGER_SECONDS = 1.0
BODY_LINGER_SECONDS = 5.0  # while a refused body may still come, and is dropped
SPARE_FILES = 256  # besides connections: database, Temporal, reader processes, sockets of carriers

ADMISSION = "admission"  # of the state that the lifespan yields: the AdmissionRules
ORIGINS = "origins"  # likewise: the frozenset of those whose pages may read refusals; missing where there are none
_CUT = "cut_connection"
_ORIGIN = re.compile(rb"\r\norigin:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.I)

log = logging.getLogger("api.http.server")


def server_config(app: Any, host: str, port: int, **others: Any) -> uvicorn.Config:
    """The configuration of every server of the API: processes and tests."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        **others,
    )


def raise_file_limit() -> None:
    """Let the process open as many files as its hard limit allows: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_FILES
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def cut_connection(scope: MutableMapping[str, Any]) -> None:
    """Drop a request's connection with what its client has not taken, where closing would wait for the client."""
    scope["state"][_CUT]()


class BoundedProtocol(H11Protocol):
    """A request's head arrives within `HEADER_SECONDS`, and full servers make room among those that send none.

    A connection with no request under way costs its sender nothing, so such connections are what is closed to let
    others in: whoever opens thousands pushes out his own.
    """

    waiting_since: float | None = None
    _head_timer: asyncio.TimerHandle | None = None
    _refused = False
    _head = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, _CUT: transport.abort}  # each request's state is a copy of it
        if len(self.connections) > _most_connections():
            self._make_room()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if ORIGINS in self.app_state and not self._refused:
            self._note_head(data)
        if self._refused or self._refuses_unparsed(data):
            return
        super().data_received(data)
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._head_timer is None:
            self._await_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self.waiting_since = self.loop.time()  # until the keep-alive ends, which has a timer of its own

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or a head that grew too long: uvicorn calls it as it handles h11's error."""
        cause = sys.exc_info()[1]
        too_long = isinstance(cause, h11.RemoteProtocolError) and cause.error_status_hint == HeadersTooLarge.status
        self._refuse(HeadersTooLarge() if too_long else InvalidHttp())

    def _should_upgrade(self) -> bool:
        return False

    def _await_head(self) -> None:
        self.waiting_since = self.loop.time()
        self._head_timer = self.loop.call_later(HEADER_SECONDS, self._head_is_late)

    def _stop_waiting(self) -> None:
        self.waiting_since = None
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        begun = bool(self.conn.trailing_data[0])
        if begun:
            self._refuse(RequestTimedOut(f"The request's headers did not arrive within {HEADER_SECONDS:.0f} s."))
        else:
            self.transport.close()

    def _refuse(self, error: ApiError, linger: float = LINGER_SECONDS) -> None:
        """Write an error as every other is written, and close.

        Whoever still sends would see a reset, not the answer: what comes meanwhile is dropped.
        """
        self._refused = True
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(_answer(error, self._permission(), close=True))
        self.transport.write_eof()
        self.loop.call_later(linger, self.transport.close)

    def _refuses_unparsed(self, data: bytes) -> bool:
        """Answer a request whose head alone says that it is not let in: to parse it would cost ten times as much."""
        rules: AdmissionRules | None = self.app_state.get(ADMISSION)
        sent = read_raw_head(data) if rules is not None and self._is_between_requests() else None
        peer = self.client[0] if self.client else ""
        if rules is None or sent is None or (sent.forwarded and peer in getattr(self.app, "trusted_hosts", ())):
            return False
        error = rules.refusal(sent.head, peer)
        if error is None:
            return False
        rules.log.count(error)
        self._stop_waiting()
        if sent.alone:
            self.transport.write(_answer(error, self._permission(), close=False))
            self.on_response_complete()
        else:
            self.waiting_since = self.loop.time()
            self._refuse(error, BODY_LINGER_SECONDS)
        return True

    def _note_head(self, data: bytes) -> None:
        """Keep the head of a request, as far as it has come, for a refusal that pages of other origins may read."""
        before = b"" if self._is_between_requests() else self._head
        self._head = (before + data)[:HEADER_BYTES] if len(before) < HEADER_BYTES else before

    def _permission(self) -> dict[str, str]:
        """What lets a page read a refusal."""
        named = _ORIGIN.search(self._head)
        origin = "" if named is None else named[1].decode("latin-1")
        return permission(origin, self.app_state.get(ORIGINS, frozenset()))

    def _is_between_requests(self) -> bool:
        idle = self.conn.our_state is h11.IDLE and self.conn.their_state is h11.IDLE
        return idle and not self.conn.trailing_data[0]

    def _make_room(self) -> None:
        waiting = [other for other in self.connections if getattr(other, "waiting_since", None) is not None]
        waiting.sort(key=lambda other: other.waiting_since)  # type: ignore[union-attr]
        for other in waiting[: max(1, len(waiting) // EVICTED_SHARE)]:
            other.waiting_since = None  # type: ignore[union-attr]
            other.transport.close()
        if not waiting:
            log.warning(
                "%d connections are open, all with a request under way: another is refused", len(self.connections)
            )
            self.transport.close()


def _answer(error: ApiError, permission: Mapping[str, str], *, close: bool) -> bytes:
    """An error as every other is written, ready to be sent."""
    body = json.dumps({"success": False, "error": error.message, "code": error.code}).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Request-Id": f"req_{token_hex(12)}",
        **PROTECTION,
        **error.headers,
        **permission,
        **({"Connection": "close"} if close else {}),
    }
    lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _most_connections() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MAX_CONNECTIONS, max(soft - SPARE_FILES, soft // 2))
