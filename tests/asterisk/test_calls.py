"""What is Asterisk's own, beside what every carrier promises (tests/conformance)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from carriers import Absent, CallerRefused, CannotTell, CarrierAway, NotPlaced, SearchOrder
from carriers.asterisk import Asterisk
from carriers.asterisk.options import Options
from carriers.clock import boot_time
from domain.calls.models import (
    AgentContact,
    AnsweredBy,
    Audio,
    CallOrder,
    CallReport,
    CallState,
    EndedBy,
    Ending,
    Outcome,
)
from domain.calls.outcomes import determine_outcome
from tests.carriers import simulation
from tests.carriers.simulation import number_ending
from tests.conformance.line import Ear
from tests.telephony_lab.lab import Lab
from tests.telephony_lab.phone import Phone
from tests.telephony_lab.proxy import Proxy
from tests.voice_agent import MARK, TONE, an_agent
from tests.waiting import eventually


class Line(Ear):
    """One adapter, which streams while this is open: when it is left, nobody holds the stream."""

    def __init__(self, carrier: Asterisk) -> None:
        super().__init__()
        self.carrier = carrier

    async def call(self, digits: str, audio_url: str, **changes: Any) -> CallReport:
        return await place(self.carrier, an_order(digits, audio_url, **changes))


def an_order(digits: str, audio_url: str = "sip:nobody@127.0.0.1", **changes: Any) -> CallOrder:
    values: dict[str, Any] = {
        "audio": Audio.SIP if audio_url.startswith("sip:") else Audio.WEBSOCKET,
        "audio_url": audio_url,
        "parameters": {"name": "Ada Lovelace", "first order": "A & B\r\nX-Forged: yes"},
        "ring_seconds": 20,
    }
    return simulation.an_order(number_ending(digits), **(values | changes))


async def place(carrier: Asterisk, order: CallOrder) -> CallReport:
    return await carrier.place(order, callback_url="", send_before=boot_time() + 5)


@asynccontextmanager
async def a_line(lab: Lab, **options: Any) -> AsyncIterator[Line]:
    line = Line(Asterisk(lab.options(**options)))
    try:
        async with line.streaming(line.carrier):
            yield line
    finally:
        await line.carrier.close()


async def test_a_trunk_with_nobody_at_its_end_is_trouble_not_a_person_who_does_not_answer(lab: Lab) -> None:
    nobody = f"PJSIP/dead/sip:{{number}}@127.0.0.1:{lab.spare_port + 1}"
    async with a_line(lab, trunk=nobody) as line:
        placed = await line.call("00", "sip:nobody@127.0.0.1", ring_seconds=1)
        ended = await line.hear(placed.call_id, CallState.ENDED)

    assert determine_outcome(ended, rang=False, answered=False, hung_up=None) is Outcome.CARRIER_ERROR


async def test_no_call_is_placed_while_nobody_holds_the_event_stream(lab: Lab) -> None:
    carrier = Asterisk(lab.options())
    order = an_order("01")
    with pytest.raises(NotPlaced) as raised:
        await place(carrier, order)
    await carrier.close()

    assert raised.value.retry_after is not None
    assert order.to not in lab.rung()


async def test_a_key_whose_call_is_over_rings_nobody_again_in_any_process(lab: Lab) -> None:
    async with a_line(lab) as line:
        order = an_order("01")
        placed = await place(line.carrier, order)
        await line.hear(placed.call_id, CallState.ENDED)
        await eventually(lambda: [row for row in lab.records() if row[0] == placed.call_id])
    async with a_line(lab) as another:
        again = await place(another.carrier, order)

    assert again.state is CallState.ENDED
    assert lab.rung().count(order.to) == 1


async def test_without_readable_records_no_call_is_said_never_to_have_been_placed(lab: Lab, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    order = SearchOrder(key="contact_none:1", to="", from_="", asked_after=now, asked_before=now, searched_at=now)
    for path in (None, tmp_path / "elsewhere.csv"):
        carrier = Asterisk(lab.options(cdr_path=path))
        assert isinstance(await carrier.find(order), CannotTell)
        await carrier.close()

    carrier = Asterisk(lab.options())
    await carrier.fetch("outdial-contact_none-1")  # from here on it follows the records
    await asyncio.sleep(0.1)
    now = datetime.now(UTC)
    times = {"asked_after": now, "asked_before": now, "searched_at": now}
    assert isinstance(await carrier.find(order.model_copy(update=times)), Absent)
    await carrier.close()


async def test_an_asterisk_that_boots_denies_no_call() -> None:
    async def booting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<html><h1>Not Found</h1></html>"
        head = f"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(booting, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        carrier = Asterisk(Options(url=f"http://127.0.0.1:{port}/ari", user="", password=SecretStr("")))
        with pytest.raises(CarrierAway):
            await carrier.fetch("outdial-contact_1-1")
        with pytest.raises(CarrierAway):
            await carrier.hang_up("outdial-contact_1-1")
        await carrier.close()


async def test_the_person_hears_the_agent_and_the_agent_the_person(lab: Lab) -> None:
    async with an_agent(tone=True) as agent, Phone(lab.spare_port).running() as phone:
        async with a_line(lab, trunk="PJSIP/{number}@dead") as line:
            placed = await line.call("07", agent.url)
            await line.hear(placed.call_id, CallState.ANSWERED)
            await eventually(lambda: phone.calls and phone.calls[0].loud > 8_000)
            await line.carrier.hang_up(placed.call_id)
            await asyncio.wait_for(phone.calls[0].over.wait(), 5)
            await eventually(agent.streams[0].ended.is_set)
        (stream,) = agent.streams

    assert stream.call_id == placed.call_id
    assert stream.parameters["name"] == "Ada Lovelace"


async def test_an_agent_may_say_much_at_once_and_hears_when_it_was_said(lab: Lab) -> None:
    async with an_agent(clip=TONE * 400) as agent, a_line(lab) as line:
        placed = await line.call("07", agent.url)
        await line.hear(placed.call_id, CallState.ANSWERED)
        await asyncio.sleep(4)
        (stream,) = agent.of(placed.call_id)
        early = list(stream.marks)
        await eventually(lambda: stream.marks)
        await line.carrier.hang_up(placed.call_id)
        await line.hear(placed.call_id, CallState.ENDED)

    assert early == []
    assert stream.marks == [MARK]


async def test_an_agent_is_called_by_its_sip_address_and_told_of_the_person(lab: Lab) -> None:
    async with Phone(lab.spare_port).running() as agent, a_line(lab) as line:
        placed = await line.call("12", agent.address)
        await line.hear(placed.call_id, CallState.ANSWERED)
        await eventually(lambda: agent.calls and agent.calls[0].loud > 8_000)
        await line.carrier.hang_up(placed.call_id)
        await asyncio.wait_for(agent.calls[0].over.wait(), 5)
        (call,) = agent.calls

    assert call.header("X-name") == "Ada Lovelace"
    assert call.header("X-first-order") == "A & B X-Forged: yes"
    assert call.header("X-Forged") is None


async def test_a_person_whose_agent_cannot_be_reached_or_leaves_is_not_left_in_silence(lab: Lab) -> None:
    async with a_line(lab) as line:
        for nobody in ("ws://127.0.0.1:9/talk", "sip:04@127.0.0.1"):
            address = nobody if nobody.startswith("ws") else f"{nobody}:{lab.callee_port}"
            placed = await line.call("07", address)
            ended = await line.hear(placed.call_id, CallState.ENDED)
            assert ended.duration_seconds in {0, 1}
        placed = await line.call("07", f"sip:00@127.0.0.1:{lab.callee_port}")  # hangs up after two seconds
        ended = await line.hear(placed.call_id, CallState.ENDED)

    assert ended.duration_seconds in {2, 3}


@pytest.mark.parametrize(("digits", "verdict"), [("11", None), ("12", AnsweredBy.MACHINE), ("13", AnsweredBy.MACHINE)])
async def test_who_answered_is_told_while_the_agent_talks(lab: Lab, digits: str, verdict: AnsweredBy | None) -> None:
    async with an_agent(tone=True) as agent, a_line(lab) as line:
        placed = await line.call(digits, agent.url)
        told = await eventually(
            lambda: next((report for report in line.reports if report.answered_by is not None), None)
        )
        talking = len(agent.of(placed.call_id))
        await line.carrier.hang_up(placed.call_id)
        ended = await line.hear(placed.call_id, CallState.ENDED)

    assert talking == 1
    assert told.state is CallState.ANSWERED
    assert ended.answered_by is told.answered_by
    assert verdict in {None, told.answered_by}


async def test_when_the_holder_of_the_stream_dies_another_gives_its_calls_an_agent_and_ends_them_in_time(
    lab: Lab,
) -> None:
    async with an_agent(tone=True) as agent:
        async with a_line(lab) as first:
            placed = await first.call("07", agent.url, max_call_seconds=4)
            await eventually(lambda: agent.of(placed.call_id))
        async with a_line(lab) as second:
            await eventually(lambda: len(agent.of(placed.call_id)) == 2)
            stands = await second.carrier.fetch(placed.call_id)
            ended = await second.hear(placed.call_id, CallState.ENDED)
        await eventually(lambda: all(each.ended.is_set() for each in agent.streams))

    assert isinstance(stands, CallReport)
    assert stands.state is CallState.ANSWERED
    assert determine_outcome(ended, rang=False, answered=False, hung_up=None) is Outcome.ANSWERED
    assert ended.duration_seconds is not None
    assert 4 <= ended.duration_seconds <= 10
    (record,) = [row for row in lab.records() if row[0] == placed.call_id]
    assert record[2] == "ANSWERED"
    assert float(record[7]) > 3.5


async def test_a_stream_that_is_cut_stands_again_and_no_call_is_lost(lab: Lab) -> None:
    async with an_agent(tone=True) as agent, Proxy(lab.ari_port).running() as proxy, a_line(lab, url=proxy.url) as line:
        placed = await line.call("07", agent.url)
        await eventually(lambda: agent.of(placed.call_id))
        assert proxy.cut() == 1
        await eventually(lambda: line.connections == 2)
        assert isinstance(await line.carrier.fetch(placed.call_id), CallReport)
        await line.carrier.hang_up(placed.call_id)
        await line.hear(placed.call_id, CallState.ENDED)

    assert len(agent.of(placed.call_id)) == 1


async def test_an_agent_does_not_talk_on_when_its_call_ended_while_nobody_listened(lab: Lab) -> None:
    async with an_agent(tone=True) as agent, Proxy(lab.ari_port).running() as proxy, a_line(lab, url=proxy.url) as line:
        placed = await line.call("13", agent.url)
        await eventually(lambda: [talk for talk in agent.of(placed.call_id) if "media" in talk.events])
        proxy.shut = True
        proxy.cut()
        await line.carrier.hang_up(placed.call_id)
        await eventually(lambda: [row for row in lab.records() if row[0] == placed.call_id])
        proxy.shut = False
        await eventually(lambda: all(talk.ended.is_set() for talk in agent.streams))


async def test_the_agent_comes_while_the_record_of_the_answer_is_still_being_written(lab: Lab) -> None:
    async with an_agent(tone=True) as agent, a_line(lab) as line:
        line.writes.clear()
        placed = await line.call("07", agent.url)
        await eventually(lambda: agent.of(placed.call_id))
        line.writes.set()
        await line.hear(placed.call_id, CallState.ANSWERED)
        await line.carrier.hang_up(placed.call_id)
        ended = await line.hear(placed.call_id, CallState.ENDED)

    assert [report.state for report in line.reports][-2:] == [CallState.ANSWERED, CallState.ENDED]
    assert ended.sip_code == 200


async def test_an_agent_that_is_a_twiml_address_is_refused_before_anything_rings(lab: Lab) -> None:
    async with a_line(lab) as line:
        with pytest.raises(CallerRefused):
            await line.call("01", "https://agent.example/twiml", audio=Audio.TWIML)


async def test_an_agent_that_is_not_there_is_told_of_the_call_that_was_answered(lab: Lab) -> None:
    async with a_line(lab) as line:
        for address in ("ws://127.0.0.1:9/talk", f"sip:04@127.0.0.1:{lab.callee_port}"):
            placed = await line.call("07", address)
            ended = await line.hear(placed.call_id, CallState.ENDED)
            assert (ended.ending, ended.agent) == (Ending.COMPLETED, AgentContact.UNREACHABLE), address


async def test_whether_the_agent_spoke_is_told(lab: Lab) -> None:
    async with a_line(lab) as line, an_agent() as speaker, an_agent(clip=b"\xff" * 160) as mute:
        for agent, told in ((speaker, AgentContact.SPOKE), (mute, AgentContact.SILENT)):
            placed = await line.call("00", agent.url)
            ended = await line.hear(placed.call_id, CallState.ENDED)
            assert (ended.agent, ended.ended_by, ended.rang) == (told, EndedBy.CALLEE, True)
