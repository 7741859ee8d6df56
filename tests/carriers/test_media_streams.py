"""An answered call reaches its agent, as Twilio's Media Streams do."""

import asyncio
import base64

import pytest

from carriers.clock import boot_time
from carriers.simulator.media_streams import StreamTarget, stream_of
from carriers.twilio import Twilio
from carriers.twilio.instructions import instruction_arguments
from domain.calls.models import AgentContact, Ending
from stack.ports import free_port
from tests.carriers.simulation import Callbacks, Simulator, an_order, closing, number_ending, place, until
from tests.voice_agent import MARK, an_agent


def test_a_streams_address_and_parameters_are_read_from_the_twiml() -> None:
    order = an_order("+12015550123", audio_url="wss://a.example/t?x=1&y=2", parameters={"name": "Renée & <Söhne>"})

    found = stream_of(instruction_arguments(order)["twiml"])

    assert found == StreamTarget("wss://a.example/t?x=1&y=2", {"name": "Renée & <Söhne>"})


@pytest.mark.parametrize(
    "twiml",
    [
        None,
        "",
        "<Response><Say>Hello</Say></Response>",
        '<Response><Connect><Stream url="https://a.example"/></Connect></Response>',
        '<Response><Connect><Stream url="ws://[x"/></Connect></Response>',
        "<Response><Connect><Stream/></Connect></Response>",
        '<!DOCTYPE x [<!ENTITY a "b">]><Response><Connect><Stream url="ws://a/&a;"/></Connect></Response>',
        "<Response>",
    ],
)
def test_other_twiml_has_no_stream(twiml: str | None) -> None:
    assert stream_of(twiml) is None


async def test_an_answered_call_talks_to_its_agent(simulator: Simulator, carrier: Twilio, callbacks: Callbacks) -> None:
    async with an_agent() as agent:
        parameters = {"name": "Ada", "plan": "basic"}
        order = an_order(number_ending("07"), audio_url=agent.url, parameters=parameters, max_call_seconds=300)
        placed = await place(carrier, callbacks, order)
        stream = await agent.stream()

    assert stream.events[:2] == ["connected", "start"]
    assert stream.events[-1] == "stop"
    assert {"media", "mark"} <= set(stream.events)
    start = stream.first("start")
    assert start["start"]["callSid"] == placed.call_id
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert stream.parameters == parameters
    assert len(base64.b64decode(stream.first("media")["media"]["payload"])) == 160
    assert stream.marks == [MARK]
    numbers = [int(message["sequenceNumber"]) for message in stream.messages[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert simulator.streams()["opened"] >= 1


async def test_even_the_shortest_call_is_told_whole(carrier: Twilio, callbacks: Callbacks) -> None:
    async with an_agent() as agent:
        orders = [an_order(number_ending("00"), audio_url=agent.url, parameters={"n": str(n)}) for n in range(5)]
        await asyncio.gather(*(place(carrier, callbacks, order) for order in orders))
        streams = [await agent.stream(n) for n in range(5)]

    assert {stream.parameters["n"] for stream in streams} == {"0", "1", "2", "3", "4"}
    assert [stream.events[-1] for stream in streams] == ["stop"] * 5


async def test_a_call_that_nobody_answers_reaches_no_agent(carrier: Twilio, callbacks: Callbacks) -> None:
    async with an_agent() as agent:
        order = an_order(number_ending("01"), audio_url=agent.url)
        await place(carrier, callbacks, order)
        await callbacks.ending(order.key)

    assert agent.streams == []


async def test_a_hang_up_stops_the_stream(carrier: Twilio, callbacks: Callbacks) -> None:
    async with an_agent() as agent:
        order = an_order(number_ending("07"), audio_url=agent.url, max_call_seconds=14_400)
        placed = await place(carrier, callbacks, order)
        await until(lambda: bool(agent.streams) and "media" in agent.streams[0].events)
        await carrier.hang_up(placed.call_id)
        stream = await agent.stream()

    assert stream.events[-1] == "stop"


@pytest.mark.parametrize(("how", "told"), [("leaves", "stream-stopped"), ("aborts", "31921")])
async def test_an_agent_that_closes_its_connection_hangs_up(
    carrier: Twilio, callbacks: Callbacks, how: str, told: str
) -> None:
    async with an_agent(**{how: True}) as agent:
        order = an_order(number_ending("07"), audio_url=agent.url, max_call_seconds=14_400)
        placed = await place(carrier, callbacks, order)
        ending = await callbacks.ending(order.key)

    assert (ending.call_id, ending.ending) == (placed.call_id, Ending.COMPLETED)
    await until(lambda: any(told in request.body.decode() for request in callbacks.requests))
    assert {report.agent for report in callbacks.of(order.key)} == {AgentContact.CONNECTED, None}


async def test_an_agent_that_is_not_there_costs_one_attempt_and_no_call(own_simulator: Simulator) -> None:
    own_simulator.start()
    async with closing(own_simulator.carrier()) as carrier:
        nobody = f"ws://127.0.0.1:{free_port()}/talk"
        numbers = [number_ending("00") for _ in range(6)]
        for number in numbers:
            order = an_order(number, audio_url=nobody)
            await carrier.place(order, callback_url="http://127.0.0.1:9/x", send_before=boot_time() + 5)
        await until(lambda: all(dial["outcome"] == "completed" for dial in own_simulator.report()["dials"]))
        await until(lambda: sum(own_simulator.streams().values()) == len(numbers))

    assert own_simulator.streams() == {"opened": 0, "failed": 1, "skipped": 5}


async def test_hosts_that_are_nobodys_are_not_looked_for(own_simulator: Simulator) -> None:
    own_simulator.start()
    async with closing(own_simulator.carrier()) as carrier:
        order = an_order(number_ending("00"), audio_url="wss://agent.example/talk")
        await carrier.place(order, callback_url="http://127.0.0.1:9/x", send_before=boot_time() + 5)
        await until(lambda: own_simulator.streams()["skipped"] == 1)
