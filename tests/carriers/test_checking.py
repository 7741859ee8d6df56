"""What can be said of a carrier without a call."""

import asyncio

import pytest

from carriers import Finding, Health, Idempotency, OnConnected, OnReport, Push, Search, Traits, checking
from carriers.checking import check
from carriers.unconfigured import UnconfiguredCarrier
from tests.receiving import Receiver, answers

URL = "https://calls.example.test"


class Listener(UnconfiguredCarrier):
    """A carrier with a stream; `connects` says whether it can be connected to."""

    traits = Traits(idempotency=Idempotency.BY_KEY, search=Search.NONE, push=Push.STREAM)

    def __init__(self, connects: bool) -> None:
        super().__init__("listener")
        self._connects = connects

    async def health(self) -> Health:
        trunk = Finding(what="trunk", ok=True, detail="It is there.")
        return Health(ok=True, detail="All is well.", findings=(trunk,))

    async def stream(self, on_report: OnReport, on_connected: OnConnected) -> None:
        if self._connects:
            await on_connected()
        await asyncio.Event().wait()


class Caller(UnconfiguredCarrier):
    """A carrier that posts its events."""

    traits = Traits(idempotency=Idempotency.BY_KEY, search=Search.NONE, push=Push.CALLBACK)


@pytest.mark.parametrize("connects", [True, False])
async def test_a_stream_is_in_order_once_it_connects(connects: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "TIMEOUT_SECONDS", 0.1)

    findings = await check(Listener(connects), URL)

    assert [(finding.what, finding.ok) for finding in findings] == [("trunk", True), ("stream", connects)]


async def test_the_callback_address_is_in_order_where_our_api_refuses_what_nobody_signed(server: Receiver) -> None:
    server.answering = answers(403)

    account, address = await check(Caller("pigeon"), server.origin)

    assert (account.what, account.ok) == ("account", False)
    assert address.ok
    assert [request.path for request in server.requests] == ["/carriers/pigeon/events"]


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_what_answers_otherwise_is_not_our_api(server: Receiver, status: int) -> None:
    server.answering = answers(status)

    findings = await check(Caller("pigeon"), server.origin)

    assert not findings[-1].ok


async def test_an_address_where_nobody_answers() -> None:
    findings = await check(Caller("pigeon"), "http://127.0.0.1:9")

    assert not findings[-1].ok
    assert "cannot be reached" in findings[-1].detail
