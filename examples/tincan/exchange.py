"""Tin Can itself: a telephone exchange that places no calls, as a web application. `main(port, file)` runs it.

The last two digits of a number script its person. Calls are kept in a file; those that are live when it dies are
cut off.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

SECRET = "a string between two cans"
SPEED = 20.0  # times real time
MAX_CALLS = 20
FOREVER = 86_400.0

# ring for so long (None: it never rings), talk for so long (None: unanswered), end with this SIP code
PEOPLE: dict[str, tuple[float | None, float | None, int]] = {
    "00": (2, 2, 200),
    "01": (None, None, 486),
    "02": (FOREVER, None, 487),
    "03": (None, None, 503),
    "04": (None, None, 404),
    "05": (3, None, 603),
    "06": (3, None, 480),
    "07": (2, FOREVER, 200),
    "08": (None, None, 608),
    "14": (None, None, 603),
    "15": (None, None, 480),
    "22": (None, None, 403),
}

Call = dict[str, Any]


class Exchange:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._calls: list[Call] = json.loads(file.read_text()) if file.exists() else []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ids = itertools.count(len(self._calls) + 1)
        self._lose_answers_to: set[str] = set()
        for call in self._calls:
            if call["state"] != "ended":
                call.update(state="ended", sip_code=500)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_guarded])
        app.add_routes(
            [
                web.get("/health", self.health),
                web.post("/calls", self.place),
                web.get("/calls", self.find),
                web.get("/calls/{id}", self.fetch),
                web.delete("/calls/{id}", self.hang_up),
                web.put("/lost", self.lose),
            ]
        )
        return app

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def lose(self, request: web.Request) -> web.Response:
        """The numbers whose requests are accepted and not answered; for tests."""
        self._lose_answers_to = set(await request.json())
        return web.json_response({})

    async def place(self, request: web.Request) -> web.Response:
        order = await request.json()
        call = next((call for call in self._calls if call["key"] == order["key"]), None)
        if call is None and len(self._tasks) >= MAX_CALLS:
            return web.json_response({"error": "all lines are busy"}, status=429)
        call = call or self._create(order)
        if order["to"] in self._lose_answers_to and request.transport is not None:
            request.transport.abort()
        return web.json_response(call, status=201)

    async def find(self, request: web.Request) -> web.Response:
        wanted = dict(request.query)
        return web.json_response([call for call in self._calls if wanted.items() <= call.items()])

    async def fetch(self, request: web.Request) -> web.Response:
        return web.json_response(self._call(request))

    async def hang_up(self, request: web.Request) -> web.Response:
        task = self._tasks.get(self._call(request)["call_id"])
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        return web.json_response({})

    def _create(self, order: Call) -> Call:
        call = {"call_id": f"can-{next(self._ids)}", "key": order["key"], "to": order["to"], "state": "queued"}
        call |= {"sequence": 0, "sip_code": None, "duration_seconds": None, "rang": False}
        self._calls.append(call)
        self._save()
        self._tasks[call["call_id"]] = asyncio.create_task(self._run(call, order))
        return call

    async def _run(self, call: Call, order: Call) -> None:
        ring, talk, code = PEOPLE[call["to"][-2:]]
        try:
            if ring is not None:
                await self._report(call, order, state="ringing", rang=True)
                await asyncio.sleep(min(ring, order["ring_seconds"]) / SPEED)
            if talk is not None:
                seconds = min(talk, order["max_call_seconds"])
                await self._report(call, order, state="answered", duration_seconds=seconds)
                await asyncio.sleep(seconds / SPEED)
        except asyncio.CancelledError:  # we were hung up on
            code = 200 if call["state"] == "answered" else 487
        del self._tasks[call["call_id"]]
        await self._report(call, order, state="ended", sip_code=code)

    async def _report(self, call: Call, order: Call, **changes: Any) -> None:
        call.update(changes, sequence=call["sequence"] + 1)
        self._save()
        url, body = order["callback_url"], json.dumps(call).encode()
        signature = hmac.new(SECRET.encode(), url.encode() + body, hashlib.sha256).hexdigest()
        async with aiohttp.ClientSession() as session:
            try:
                await session.post(URL(url, encoded=True), data=body, headers={"X-TinCan-Signature": signature})
            except aiohttp.ClientError:
                return

    def _call(self, request: web.Request) -> Call:
        found = next((call for call in self._calls if call["call_id"] == request.match_info["id"]), None)
        if found is None:
            raise web.HTTPNotFound
        return found

    def _save(self) -> None:
        self._file.write_text(json.dumps(self._calls))


@web.middleware
async def _guarded(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {SECRET}":
        raise web.HTTPUnauthorized
    answer: web.StreamResponse = await handler(request)
    return answer


def main(port: int, file: Path) -> None:
    web.run_app(Exchange(file).app(), host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
