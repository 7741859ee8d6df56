"""`python -m benchmarks.carrier PORT SECONDS`: every call is answered at once, and ends SECONDS after it was asked for.

It calls nobody. Accounts are not checked. Beside Twilio's addresses: `GET /report`, all calls with their times;
`GET /live`, how many are up; `POST /length?seconds=S`, of calls from now on; `POST /forget`, all calls that ended.
"""

import asyncio
import base64
import json
import sys
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httptools
import uvloop

from benchmarks.carrier.call import ORDER, Call, now
from benchmarks.carrier.callbacks import Outbox

DETECTED_SECONDS = 3.0  # after the answer, in calls that are long enough
MOST_LISTED = 200
BACKLOG = 1024


class Exchange:
    """All calls, and what is asked of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls: dict[str, Call] = {}
        self._outboxes: dict[str, Outbox] = {}
        self._created = 0

    def create(self, authorization: str, body: str, asked: float) -> Call:
        account, _, token = base64.b64decode(authorization.split()[1]).decode().partition(":")
        self._created += 1
        call = Call(f"CA{self._created:032x}", parse_qs(body), account, token, self.seconds, asked)
        self.calls[call.sid], self._outboxes[call.sid] = call, Outbox(call)
        return call

    def connect(self, call: Call) -> None:
        """Its answer is on its way to the caller: it rings, and is answered."""
        call.placed = now()
        say, loop = self._outboxes[call.sid].say, asyncio.get_running_loop()
        for event in ORDER[:3]:
            say(event)
        if call.seconds:
            loop.call_later(min(DETECTED_SECONDS, call.seconds / 2), say, "detected")
            loop.call_later(max(0.0, call.asked + call.seconds - now()), self.end, call)
        else:
            say("detected")
            self.end(call)

    def end(self, call: Call) -> None:
        if call.ended is None:
            call.ended = now()
            self._outboxes[call.sid].say("completed")

    def live(self) -> int:
        return sum(1 for call in self.calls.values() if call.ended is None)

    def forget(self) -> None:
        for sid in [sid for sid, call in self.calls.items() if call.ended]:
            del self.calls[sid], self._outboxes[sid]


class Server(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._target, self._body, self._authorization, self._asked = b"", b"", "", now()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._authorization = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method, parts = self._parser.get_method().decode(), urlsplit(self._target.decode())
        status, value, created = self._answer(method, parts.path, dict(parse_qsl(parts.query)))
        text = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        self._transport.write(head.encode() + text)  # type: ignore[attr-defined]
        if created:
            self._exchange.connect(created)

    def _answer(self, method: str, path: str, query: dict[str, str]) -> tuple[int, Any, Call | None]:
        """Status, body, and the call that was created."""
        last = path.rpartition("/")[2]
        if last == "Calls.json" and method == "POST":
            call = self._exchange.create(self._authorization, self._body.decode(), self._asked)
            return 201, call.resource(), call
        if last == "Calls.json":
            fitting = [call for call in reversed(self._exchange.calls.values()) if call.to == query.get("To", call.to)]
            return 200, {"calls": [call.resource() for call in fitting[:MOST_LISTED]], "next_page_uri": None}, None
        if "/Calls/" in path:
            return *self._about_a_call(method, last.removesuffix(".json")), None
        return *self._ours(path, query, last.removesuffix(".json")), None

    def _about_a_call(self, method: str, sid: str) -> tuple[int, Any]:
        call = self._exchange.calls.get(sid)
        if call is None:
            return 404, {"code": 20404, "message": "not found", "status": 404}
        if method == "POST" and "Status" in parse_qs(self._body.decode()):
            self._exchange.end(call)
        return 200, call.resource()

    def _ours(self, path: str, query: dict[str, str], last: str) -> tuple[int, Any]:
        if path == "/report":
            return 200, [call.record() for call in self._exchange.calls.values()]
        if path == "/live":
            return 200, self._exchange.live()
        if path == "/length":
            self._exchange.seconds = float(query["seconds"])
        elif path == "/forget":
            self._exchange.forget()
        return 200, {"sid": last, "status": "active", "friendly_name": "benchmark"}


async def main(port: int, seconds: float) -> None:
    exchange = Exchange(seconds)
    await asyncio.get_running_loop().create_server(lambda: Server(exchange), "127.0.0.1", port, backlog=BACKLOG)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
