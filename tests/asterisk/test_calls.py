"""What is Asterisk's own, beside what every carrier promises (tests/conformance)."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from carriers import Absent, CannotTell, CarrierAway, NotPlaced, SearchOrder
from carriers.asterisk import Asterisk
from carriers.asterisk.options import Options
from domain.calls.models import AnsweredBy, Audio, CallReport, CallState, Outcome
from domain.calls.outcomes import determine_outcome
from tests.asterisk.line import a_line, an_order
from tests.telephony_lab.agent import MARK, TONE, Agent
from tests.telephony_lab.lab import Lab
from tests.telephony_lab.phone import Phone
from tests.telephony_lab.proxy import Proxy
from tests.waiting import eventually


async def test_a_trunk_with_nobody_at_its_end_is_trouble_not_a_person_who_does_not_answer(lab: Lab) -> None:
    nobody = f"PJSIP/dead/sip:{{number}}@127.0.0.1:{lab.spare_port + 1}"
    async with a_line(lab, trunk=nobody) as line:
        placed = await line.call("00", "sip:nobody@127.0.0.1", ring_seconds=1)
        ended = await line.heard(placed.call_id, CallState.ENDED)

    assert determine_outcome(ended, rang=False, answered=False, hung_up=None) is Outcome.CARRIER_ERROR


async def test_no_call_is_placed_while_nobody_holds_the_event_stream(lab: Lab) -> None:
    carrier = Asterisk(lab.options())
    order = an_order("01", "sip:nobody@127.0.0.1")
    with pytest.raises(NotPlaced) as raised:
        await carrier.place(order, callback_url="", send_before=time.monotonic() + 5)
    await carrier.close()

    assert raised.value.retry_after is not None
    assert order.to not in lab.rung()


async def test_another_process_may_hold_the_event_stream(lab: Lab) -> None:
    async def stands() -> bool:
        return True

    async with a_line(lab) as holder:
        placing = Asterisk(lab.options())
        placing.share_stream(stands)
        order = an_order("01", "sip:nobody@127.0.0.1")
        placed = await placing.place(order, callback_url="", send_before=time.monotonic() + 5)
        await holder.heard(placed.call_id, CallState.ENDED)
        await placing.close()


async def test_a_key_whose_call_is_over_rings_nobody_again_in_any_process(lab: Lab) -> None:
    async with a_line(lab) as line:
        order = an_order("01", "sip:nobody@127.0.0.1")
        placed = await line.carrier.place(order, callback_url="", send_before=time.monotonic() + 5)
        await line.heard(placed.call_id, CallState.ENDED)
        await eventually(lambda: [row for row in lab.records() if row[0] == placed.call_id] or None)
    async with a_line(lab) as another:
        again = await another.carrier.place(order, callback_url="", send_before=time.monotonic() + 5)

    assert again.state is CallState.ENDED
    assert lab.rung().count(order.to) == 1


async def test_without_readable_records_no_call_is_said_never_to_have_been_placed(lab: Lab, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    order = SearchOrder(key="contact_none:1", to="", from_="", asked_after=now, asked_before=now)
    for path in (None, tmp_path / "elsewhere.csv"):
        carrier = Asterisk(lab.options(cdr_path=path))
        assert isinstance(await carrier.find(order), CannotTell)
        await carrier.close()

    carrier = Asterisk(lab.options())
    assert isinstance(await carrier.find(order), Absent)
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
    async with Agent().running() as agent, Phone(lab.spare_port).running() as phone:
        async with a_line(lab, trunk="PJSIP/{number}@dead") as line:
            placed = await line.call("07", agent.url)
            await line.heard(placed.call_id, CallState.ANSWERED)
            await eventually(lambda: (phone.calls and phone.calls[0].loud > 8_000) or None)
            await line.carrier.hang_up(placed.call_id)
            await asyncio.wait_for(phone.calls[0].over.wait(), 5)
            await eventually(lambda: agent.conversations[0].over or None)
        (conversation,) = agent.conversations

    assert conversation.call_id == placed.call_id
    assert conversation.parameters["name"] == "Ada Lovelace"


async def test_an_agent_may_say_much_at_once_and_hears_when_it_was_said(lab: Lab) -> None:
    async with Agent(TONE * 400).running() as agent, a_line(lab) as line:
        placed = await line.call("07", agent.url)
        await line.heard(placed.call_id, CallState.ANSWERED)
        await asyncio.sleep(4)
        (conversation,) = agent.of(placed.call_id)
        early = list(conversation.marks)
        await eventually(lambda: conversation.marks or None)
        await line.carrier.hang_up(placed.call_id)
        await line.heard(placed.call_id, CallState.ENDED)

    assert early == []
    assert conversation.marks == [MARK]


async def test_an_agent_is_called_by_its_sip_address_and_told_of_the_person(lab: Lab) -> None:
    async with Phone(lab.spare_port).running() as agent, a_line(lab) as line:
        placed = await line.call("12", agent.address)
        await line.heard(placed.call_id, CallState.ANSWERED)
        await eventually(lambda: (agent.calls and agent.calls[0].loud > 8_000) or None)
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
            ended = await line.heard(placed.call_id, CallState.ENDED)
            assert ended.duration_seconds in {0, 1}
        placed = await line.call("07", f"sip:00@127.0.0.1:{lab.callee_port}")  # hangs up after two seconds
        ended = await line.heard(placed.call_id, CallState.ENDED)

    assert ended.duration_seconds in {2, 3}


@pytest.mark.parametrize(("digits", "verdict"), [("11", None), ("12", AnsweredBy.MACHINE), ("13", AnsweredBy.MACHINE)])
async def test_who_answered_is_told_while_the_agent_talks(lab: Lab, digits: str, verdict: AnsweredBy | None) -> None:
    async with Agent().running() as agent, a_line(lab) as line:
        placed = await line.call(digits, agent.url)
        told = await eventually(
            lambda: next((report for report in line.reports if report.answered_by is not None), None)
        )
        talking = len(agent.of(placed.call_id))
        await line.carrier.hang_up(placed.call_id)
        ended = await line.heard(placed.call_id, CallState.ENDED)

    assert talking == 1
    assert told.state is CallState.ANSWERED
    assert ended.answered_by is told.answered_by
    assert verdict in {None, told.answered_by}


async def test_when_the_holder_of_the_stream_dies_another_gives_its_calls_an_agent_and_ends_them_in_time(
    lab: Lab,
) -> None:
    async with Agent().running() as agent:
        async with a_line(lab) as first:
            placed = await first.call("07", agent.url, max_call_seconds=4)
            await eventually(lambda: agent.of(placed.call_id) or None)
        async with a_line(lab) as second:
            await eventually(lambda: len(agent.of(placed.call_id)) == 2 or None)
            stands = await second.carrier.fetch(placed.call_id)
            ended = await second.heard(placed.call_id, CallState.ENDED)
        await eventually(lambda: all(each.over for each in agent.conversations) or None)

    assert isinstance(stands, CallReport)
    assert stands.state is CallState.ANSWERED
    assert determine_outcome(ended, rang=False, answered=False, hung_up=None) is Outcome.ANSWERED
    assert ended.duration_seconds is not None
    assert 4 <= ended.duration_seconds <= 10
    (record,) = [row for row in lab.records() if row[0] == placed.call_id]
    assert record[2] == "ANSWERED"
    assert float(record[7]) > 3.5


async def test_a_stream_that_is_cut_stands_again_and_no_call_is_lost(lab: Lab) -> None:
    async with Agent().running() as agent, Proxy(lab.ari_port).running() as proxy, a_line(lab, url=proxy.url) as line:
        placed = await line.call("07", agent.url)
        await eventually(lambda: agent.of(placed.call_id) or None)
        assert proxy.cut() == 1
        await eventually(lambda: line.connections == 2 or None)
        assert isinstance(await line.carrier.fetch(placed.call_id), CallReport)
        await line.carrier.hang_up(placed.call_id)
        await line.heard(placed.call_id, CallState.ENDED)

    assert len(agent.of(placed.call_id)) == 1


async def test_an_agent_does_not_talk_on_when_its_call_ended_while_nobody_listened(lab: Lab) -> None:
    async with Agent().running() as agent, Proxy(lab.ari_port).running() as proxy, a_line(lab, url=proxy.url) as line:
        placed = await line.call("13", agent.url)
        await eventually(lambda: [talk for talk in agent.of(placed.call_id) if talk.heard] or None)
        proxy.shut = True
        proxy.cut()
        await line.carrier.hang_up(placed.call_id)
        await eventually(lambda: [row for row in lab.records() if row[0] == placed.call_id] or None)
        proxy.shut = False
        await eventually(lambda: all(talk.over for talk in agent.conversations) or None)


async def test_the_agent_comes_while_the_record_of_the_answer_is_still_being_written(lab: Lab) -> None:
    async with Agent().running() as agent, a_line(lab) as line:
        line.writes.clear()
        placed = await line.call("07", agent.url)
        await eventually(lambda: agent.of(placed.call_id) or None)
        line.writes.set()
        await line.heard(placed.call_id, CallState.ANSWERED)
        await line.carrier.hang_up(placed.call_id)
        ended = await line.heard(placed.call_id, CallState.ENDED)

    assert [report.state for report in line.reports][-2:] == [CallState.ANSWERED, CallState.ENDED]
    assert ended.sip_code == 200


async def test_an_agent_that_is_a_twiml_address_is_refused_before_anything_rings(lab: Lab) -> None:
    async with a_line(lab) as line:
        with pytest.raises(NotPlaced):
            await line.call("01", "https://agent.example/twiml", audio=Audio.TWIML)
