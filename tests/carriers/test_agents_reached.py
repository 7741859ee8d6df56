"""An answered call whose agent is not there: how Twilio's adapter learns of it, with the agent down for real."""

from functools import partial
from xml.etree import ElementTree as ET

import pytest

from carriers.simulator.media_streams import stream_of
from carriers.twilio import Twilio
from carriers.twilio.instructions import fetched_twiml, instruction_arguments
from carriers.twilio.reports import report_of_event
from domain.calls.models import AgentContact, AnsweredBy, Audio, CallReport, CallState, Ending, MachineKind
from stack.ports import free_port
from tests.carriers.simulation import Callbacks, Simulator, an_order, number_ending, place
from tests.voice_agent import an_agent
from tests.waiting import eventually

CALLBACK = "https://out.example/carriers/twilio/events?dial=contact_1%3A1"
UNREACHABLE, CONNECTED = AgentContact.UNREACHABLE, AgentContact.CONNECTED


def test_every_kind_of_agent_is_asked_to_be_reported_of() -> None:
    stream = ET.fromstring(instruction_arguments(an_order("+12015550123"), CALLBACK)["twiml"]).find("./Connect/Stream")
    assert stream is not None
    assert stream.get("statusCallback") == CALLBACK
    assert stream_of(fetched_twiml(an_order("+12015550123"), CALLBACK)).status_callback == CALLBACK  # type: ignore[union-attr]

    sip = an_order("+12015550123", audio=Audio.SIP, audio_url="sip:agent@a.example")
    dialed = ET.fromstring(instruction_arguments(sip, CALLBACK)["twiml"]).find("./Dial/Sip")
    assert dialed is not None
    assert (dialed.get("statusCallback"), dialed.get("statusCallbackEvent")) == (CALLBACK, "answered completed")

    twiml = an_order("+12015550123", audio=Audio.TWIML, audio_url="https://a.example/twiml")
    assert instruction_arguments(twiml, CALLBACK)["fallback_url"] == CALLBACK


STREAM = {"AccountSid": "AC1", "CallSid": "CA1", "StreamSid": "MZ1", "Timestamp": "2026-11-27T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("form", "agent"),
    [
        ({**STREAM, "StreamEvent": "stream-started"}, CONNECTED),
        ({**STREAM, "StreamEvent": "stream-stopped"}, CONNECTED),
        ({**STREAM, "StreamEvent": "stream-error", "StreamError": "31920 handshake"}, UNREACHABLE),
        ({**STREAM, "StreamEvent": "stream-error", "StreamError": ""}, UNREACHABLE),
        ({**STREAM, "StreamEvent": "stream-error", "StreamError": "31921 - WebSocket - Close Error"}, CONNECTED),
        ({"CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "in-progress"}, CONNECTED),
        ({"CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "completed", "SequenceNumber": "2"}, CONNECTED),
        ({"CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "failed", "SipResponseCode": "503"}, UNREACHABLE),
        ({"CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "no-answer"}, UNREACHABLE),
        ({"CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "canceled"}, None),  # the person hung up first
        (
            {"CallSid": "CA1", "CallStatus": "in-progress", "ErrorCode": "11200", "ErrorUrl": "https://a.example"},
            UNREACHABLE,
        ),
    ],
)
def test_how_the_agent_was_reached_is_read_and_never_ends_the_persons_call(
    form: dict[str, str], agent: AgentContact | None
) -> None:
    report = report_of_event(form, CALLBACK)

    assert (report.call_id, report.key, report.state) == ("CA1", "contact_1:1", CallState.ANSWERED)
    assert (report.agent, report.ending, report.sip_code) == (agent, None, None)
    assert report.carrier_code == form.get("ErrorCode")


async def test_an_agent_whose_address_is_dead_is_reported_and_the_call_ends(
    simulator: Simulator, carrier: Twilio, callbacks: Callbacks
) -> None:
    dead = f"ws://127.0.0.1:{free_port()}/"
    orders = [an_order(number_ending("07"), audio_url=dead, max_call_seconds=300) for _ in range(2)]
    calls = [(await place(carrier, callbacks, order)).call_id for order in orders]

    for call in calls:
        await eventually(partial(_ended, callbacks, call))
        await eventually(partial(_saw, callbacks, call, UNREACHABLE))


@pytest.mark.parametrize("address", ["wss://agent.example/audio", "ws://127.0.0.1:9/pipeline"])
async def test_an_examples_agent_is_imagined(
    simulator: Simulator, carrier: Twilio, callbacks: Callbacks, address: str
) -> None:
    placed = await place(carrier, callbacks, an_order(number_ending("00"), audio_url=address))

    (ended,) = await eventually(partial(_ended, callbacks, placed.call_id))

    assert ended.duration_seconds == 2
    assert {report.agent for report in _reports(callbacks, placed.call_id)} == {None}


@pytest.mark.parametrize("digits", ["07", "19"])
async def test_an_agent_that_is_there_is_reported_unless_its_number_is_scripted_otherwise(
    simulator: Simulator, carrier: Twilio, callbacks: Callbacks, digits: str
) -> None:
    async with an_agent() as agent:
        placed = await place(carrier, callbacks, an_order(number_ending(digits), audio_url=agent.url))
        expected = UNREACHABLE if digits == "19" else CONNECTED
        await eventually(partial(_saw, callbacks, placed.call_id, expected))


@pytest.mark.parametrize(
    ("digits", "answered_by", "machine"),
    [
        ("16", AnsweredBy.MACHINE, MachineKind.FAX),
        ("17", AnsweredBy.MACHINE, MachineKind.SCREENING),
        ("18", AnsweredBy.MACHINE, None),
    ],
)
async def test_machines_are_scripted(
    simulator: Simulator,
    carrier: Twilio,
    callbacks: Callbacks,
    digits: str,
    answered_by: AnsweredBy,
    machine: MachineKind | None,
) -> None:
    placed = await place(carrier, callbacks, an_order(number_ending(digits)))

    await eventually(lambda: _ended(callbacks, placed.call_id))
    await eventually(lambda: [one for one in _reports(callbacks, placed.call_id) if one.answered_by])
    reports = _reports(callbacks, placed.call_id)
    assert {report.machine for report in reports if report.answered_by is answered_by} == {machine}
    ends_first = [report.state for report in reports].index(CallState.ENDED) < [
        report.answered_by is not None for report in reports
    ].index(True)
    assert ends_first is (digits == "18")


async def test_a_call_may_be_canceled_before_it_rings_and_one_hung_up_be_called_completed(
    simulator: Simulator, carrier: Twilio, callbacks: Callbacks
) -> None:
    canceled = await place(carrier, callbacks, an_order(number_ending("20")))
    ringing = await place(carrier, callbacks, an_order(number_ending("21"), ring_seconds=600))
    await eventually(lambda: [one for one in _reports(callbacks, ringing.call_id) if one.state is CallState.RINGING])
    await carrier.hang_up(ringing.call_id)

    (early,) = await eventually(lambda: _ended(callbacks, canceled.call_id))
    (late,) = await eventually(lambda: _ended(callbacks, ringing.call_id))

    assert (early.ending, early.rang) == (Ending.CANCELED, False)
    assert (late.ending, late.rang, late.duration_seconds) == (Ending.COMPLETED, True, 0)


def _reports(callbacks: Callbacks, call_id: str) -> list[CallReport]:
    return [report for report in callbacks.reports if report.call_id == call_id]


def _ended(callbacks: Callbacks, call_id: str) -> list[CallReport]:
    return [report for report in _reports(callbacks, call_id) if report.state is CallState.ENDED]


def _saw(callbacks: Callbacks, call_id: str, agent: AgentContact) -> bool:
    return agent in {report.agent for report in _reports(callbacks, call_id)}
