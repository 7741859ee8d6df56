"""The benchmarks' carrier as Outdial's own adapter knows it: what it answers, signs and posts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from benchmarks.carrier.process import Carrier
from benchmarks.processes import Processes
from carriers import EventRequest, Gone
from carriers.clock import boot_time
from carriers.twilio.carrier import Twilio
from domain.calls.models import CallReport, CallState, Ending
from tests.carriers.simulation import an_order, number_ending
from tests.serving import served
from tests.waiting import eventually

SECONDS = 0.5
ACCOUNT = "AC" + "7" * 32


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    folder: Path = tmp_path_factory.mktemp("carrier")
    with Processes.running(folder) as processes:
        yield Carrier(processes, SECONDS)


@asynccontextmanager
async def receiver(twilio: Twilio) -> AsyncIterator[tuple[str, list[CallReport]]]:
    """Where events are posted, and what the adapter reads of each; an event with a wrong signature is an error."""
    heard: list[CallReport] = []

    async def hear(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard.append(twilio.read_event(EventRequest(url=str(request.url), headers=headers, body=await request.read())))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/events", hear)
    async with served(app) as url:
        yield f"{url}/events?dial=contact:1", heard


async def test_a_call_is_answered_at_once_and_lasts_exactly_as_long_as_was_said(carrier: Carrier) -> None:
    twilio = Twilio(ACCOUNT, "token", base_url=carrier.url)
    order = an_order(number_ending("10"))
    async with receiver(twilio) as (url, heard):
        placed = await twilio.place(order, callback_url=url, send_before=boot_time() + 10)
        await eventually(lambda: heard and heard[-1].state is CallState.ENDED)
        fetched = await twilio.fetch(placed.call_id)
    states = [report.state for report in heard if report.answered_by is None]
    assert states == sorted(states, key=lambda state: state.rank)
    assert states[-1] is CallState.ENDED
    assert {report.call_id for report in heard} == {placed.call_id}
    assert heard[-1].ending is Ending.COMPLETED
    assert isinstance(fetched, CallReport)
    assert fetched.state is CallState.ENDED
    (record,) = [call for call in carrier.calls() if call["to"] == order.to]
    assert record["ended"] - record["asked"] == pytest.approx(SECONDS, abs=0.2)
    assert [status for _, _, _, status in record["callbacks"]] == [204] * len(heard)
    await twilio.close()


async def test_who_is_not_on_the_phone_is_not_known(carrier: Carrier) -> None:
    twilio = Twilio(ACCOUNT, "token", base_url=carrier.url)
    assert isinstance(await twilio.fetch("CA" + "9" * 32), Gone)
    assert (await twilio.health()).ok
    await twilio.close()


async def test_a_call_can_be_hung_up_and_is_forgotten_when_another_run_begins(carrier: Carrier) -> None:
    twilio = Twilio(ACCOUNT, "token", base_url=carrier.url)
    carrier.begin(seconds=600)
    async with receiver(twilio) as (url, heard):
        until = boot_time() + 10
        placed = await twilio.place(an_order(number_ending("10")), callback_url=url, send_before=until)
        assert carrier.live() == 1
        await twilio.hang_up(placed.call_id)
        await eventually(lambda: heard and heard[-1].state is CallState.ENDED)
    assert carrier.live() == 0
    carrier.begin(SECONDS)
    assert carrier.calls() == []
    await twilio.close()
