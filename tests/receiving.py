"""A client's own server, to which webhooks are sent: it remembers what came, and answers as a test says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from domain.webhooks.destinations import AllowedDestination, parse_allowed_destinations


@dataclass(frozen=True)
class Received:
    """One request. `body` as it came."""

    headers: dict[str, str]
    body: str
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def data(self) -> Any:
        return self.message["data"]

    @property
    def job(self) -> str:
        """The job that it tells of."""
        return str(self.data.get("batchJobId") or self.data["id"])

    def verify(self, secret: str) -> Any:
        """Raises where the signature does not fit."""
        return Webhook(secret).verify(self.body, self.headers)


Answering = Callable[[Received], Awaitable[web.StreamResponse]]


async def ok(_: Received) -> web.StreamResponse:
    return web.Response(text="thanks")


def answers(status: int, text: str = "", **headers: str) -> Answering:
    """Always the same answer."""

    async def answer(_: Received) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return answer


async def never(_: Received) -> web.StreamResponse:
    """No answer for longer than anybody waits."""
    await asyncio.sleep(60)
    return web.Response()


class Receiver:
    """Listens on 127.0.0.1; `requests` are all that came, `delivered` those that were answered with 2xx."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.delivered: list[Received] = []
        self.answering: Answering = ok
        self.port = 0
        self._tls = tls
        self._runner: web.AppRunner | None = None

    @classmethod
    @asynccontextmanager
    async def listening(cls, tls: ssl.SSLContext | None = None) -> AsyncIterator["Receiver"]:
        receiver = cls(tls)
        await receiver.start()
        try:
            yield receiver
        finally:
            await receiver.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/hooks"

    @property
    def place(self) -> tuple[AllowedDestination, ...]:
        """This server alone, as an operator would allow it."""
        return parse_allowed_destinations(f"127.0.0.1:{self.port}")

    async def start(self) -> None:
        """Listen, on the port it had before where it had one."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def of(self, job: str) -> list[str]:
        """The types that arrived for a job, in their order."""
        return [received.type for received in self.delivered if received.job == job]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.text(),
            path=request.path_qs,
        )
        self.requests.append(received)
        answer = await self.answering(received)
        if 200 <= answer.status < 300:
            self.delivered.append(received)
        return answer
