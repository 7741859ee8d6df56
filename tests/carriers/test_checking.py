"""What can be said of a carrier without a call."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from carriers import Finding, Health, Idempotency, OnConnected, OnReport, Push, Search, Traits, checking
from carriers.checking import check
from carriers.unconfigured import UnconfiguredCarrier
from tests.serving import served

URL = "https://calls.example.test"


class Listener(UnconfiguredCarrier):
    """A carrier with a stream; `stands` says whether it can be connected to."""

    traits = Traits(idempotency=Idempotency.BY_KEY, search=Search.NONE, push=Push.STREAM)

    def __init__(self, stands: bool) -> None:
        super().__init__("listener")
        self._stands = stands

    async def health(self) -> Health:
        trunk = Finding(what="trunk", ok=True, detail="It is there.")
        return Health(ok=True, detail="All is well.", findings=(trunk,))

    async def stream(self, on_report: OnReport, on_connected: OnConnected) -> None:
        if self._stands:
            await on_connected()
        await asyncio.Event().wait()


class Caller(UnconfiguredCarrier):
    """A carrier that posts its events."""

    traits = Traits(idempotency=Idempotency.BY_KEY, search=Search.NONE, push=Push.CALLBACK)


@dataclass
class Answering:
    """A server at `url` that answers with `status`."""

    url: str = ""
    status: int = 403
    asked: list[str] = field(default_factory=list)


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    answering = Answering()

    async def answer(request: web.Request) -> web.Response:
        answering.asked.append(request.path)
        return web.Response(status=answering.status)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with served(app) as answering.url:
        yield answering


@pytest.mark.parametrize("stands", [True, False])
async def test_a_stream_is_in_order_once_it_connects(stands: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "TIMEOUT_SECONDS", 0.1)

    findings = await check(Listener(stands), URL)

    assert [(finding.what, finding.ok) for finding in findings] == [("trunk", True), ("stream", stands)]


async def test_the_callback_address_is_in_order_where_our_api_refuses_what_nobody_signed(
    answering: Answering,
) -> None:
    account, address = await check(Caller("pigeon"), answering.url)

    assert (account.what, account.ok) == ("account", False)
    assert address.ok
    assert answering.asked == ["/carriers/pigeon/events"]


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_what_answers_otherwise_is_not_our_api(answering: Answering, status: int) -> None:
    answering.status = status

    findings = await check(Caller("pigeon"), answering.url)

    assert not findings[-1].ok


async def test_an_address_where_nobody_answers() -> None:
    findings = await check(Caller("pigeon"), "http://127.0.0.1:9")

    assert not findings[-1].ok
    assert "cannot be reached" in findings[-1].detail
