"""The promises of `carriers.Carrier`, kept by the Twilio adapter against the simulator."""

import asyncio
import time

import pytest

from carriers import Carrier, Gone, Idempotency, OverLimit, Push, Search
from carriers.twilio import Twilio
from domain.calls.models import AnsweredBy, CallState, Ending
from tests.carriers.simulation import CALLER, Callbacks, Simulator, an_order, number_ending, place, until


async def test_it_is_a_carrier_without_keys_that_calls_back(carrier: Twilio) -> None:
    assert isinstance(carrier, Carrier)
    assert carrier.name == "twilio"
    assert carrier.traits.idempotency is Idempotency.NONE
    assert carrier.traits.search is Search.FINDS
    assert carrier.traits.push is Push.CALLBACK
    assert carrier.traits.limits.over is OverLimit.QUEUES


async def test_a_call_is_placed_and_tells_its_life_in_order(carrier: Twilio, callbacks: Callbacks) -> None:
    order = an_order(number_ending("00"))

    placed = await place(carrier, callbacks, order)
    ended = await callbacks.ending(order.key)

    assert placed.call_id.startswith("CA")
    assert placed.state is CallState.QUEUED
    assert callbacks.states(order.key) == [
        CallState.QUEUED,
        CallState.RINGING,
        CallState.ANSWERED,
        CallState.ENDED,
    ]
    assert [report.sequence for report in callbacks.of(order.key) if report.sequence is not None] == [0, 1, 2, 3]
    assert {report.call_id for report in callbacks.of(order.key)} == {placed.call_id}
    assert ended.duration_seconds == 2
    assert ended.answered_by is AnsweredBy.HUMAN
    assert ended.at is not None
    assert abs(ended.at.timestamp() - time.time()) < 5


@pytest.mark.parametrize(("digits", "answered_by"), [("07", AnsweredBy.HUMAN), ("09", AnsweredBy.MACHINE)])
async def test_machine_detection_tells_while_the_call_goes_on(
    carrier: Twilio, callbacks: Callbacks, digits: str, answered_by: AnsweredBy
) -> None:
    order = an_order(number_ending(digits), max_call_seconds=14_400)
    placed = await place(carrier, callbacks, order)

    await until(lambda: any(report.answered_by for report in callbacks.of(order.key)))

    told = next(report for report in callbacks.of(order.key) if report.answered_by)
    assert told.state is CallState.ANSWERED
    assert told.answered_by is answered_by
    await carrier.hang_up(placed.call_id)


@pytest.mark.parametrize(
    ("digits", "ending", "sip_code"),
    [
        ("00", Ending.COMPLETED, 200),
        ("01", Ending.BUSY, 486),
        ("02", Ending.NO_ANSWER, 487),
        ("03", Ending.FAILED, 503),
        ("04", Ending.FAILED, 404),
        ("05", Ending.FAILED, 603),
        ("06", Ending.NO_ANSWER, 480),
        ("07", Ending.COMPLETED, 200),
        ("08", Ending.FAILED, 608),
        ("09", Ending.COMPLETED, 200),
    ],
)
async def test_each_scripted_number_ends_as_its_digits_say(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator, digits: str, ending: Ending, sip_code: int
) -> None:
    order = an_order(number_ending(digits))

    placed = await place(carrier, callbacks, order)
    ended = await callbacks.ending(order.key)
    fetched = await carrier.fetch(placed.call_id)

    assert (ended.ending, ended.sip_code) == (ending, sip_code)
    assert not isinstance(fetched, Gone)
    assert (fetched.state, fetched.ending) == (CallState.ENDED, ending)
    (dial,) = simulator.dials_to(order.to)
    assert dial["sipCode"] == sip_code
    assert (dial["key"], dial["from"]) == (order.key, CALLER)


async def test_a_talk_ends_at_its_time_limit(carrier: Twilio, callbacks: Callbacks) -> None:
    order = an_order(number_ending("07"), max_call_seconds=45)

    await place(carrier, callbacks, order)

    assert (await callbacks.ending(order.key)).duration_seconds == 45


async def test_ringing_ends_at_its_timeout(carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> None:
    order = an_order(number_ending("02"), ring_seconds=50)

    await place(carrier, callbacks, order)
    await callbacks.ending(order.key)

    (dial,) = simulator.dials_to(order.to)
    assert dial["endedAt"] - dial["ringingAt"] == pytest.approx(50 / simulator.speed, abs=0.001)


@pytest.mark.parametrize(
    ("digits", "state", "ending"),
    [("02", CallState.RINGING, Ending.CANCELED), ("07", CallState.ANSWERED, Ending.COMPLETED)],
)
async def test_a_live_call_can_be_hung_up_once_or_twice(
    carrier: Twilio, callbacks: Callbacks, digits: str, state: CallState, ending: Ending
) -> None:
    order = an_order(number_ending(digits), ring_seconds=600, max_call_seconds=14_400)
    placed = await place(carrier, callbacks, order)
    await until(lambda: state in callbacks.states(order.key))

    await carrier.hang_up(placed.call_id)
    await carrier.hang_up(placed.call_id)

    assert (await callbacks.ending(order.key)).ending is ending
    assert callbacks.states(order.key).count(CallState.ENDED) == 1


async def test_a_call_without_a_final_word_rings_until_it_is_hung_up(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator
) -> None:
    order = an_order(number_ending("02"), ring_seconds=15)
    simulator.set_faults(numbers={order.to: {"never_ends": 1}})
    placed = await place(carrier, callbacks, order)
    await asyncio.sleep(4 * order.ring_seconds / simulator.speed)
    fetched = await carrier.fetch(placed.call_id)

    await carrier.hang_up(placed.call_id)

    assert not isinstance(fetched, Gone)
    assert fetched.state is CallState.RINGING
    assert (await callbacks.ending(order.key)).ending is Ending.CANCELED


async def test_a_call_in_the_queue_can_be_called_off(own_simulator: Simulator, callbacks: Callbacks) -> None:
    own_simulator.flags = ("--calls-per-second", "0.001")  # the second call waits two seconds
    carrier = own_simulator.start().carrier()
    try:
        await place(carrier, callbacks, an_order(number_ending("00")))
        order = an_order(number_ending("07"))
        placed = await place(carrier, callbacks, order)

        await carrier.hang_up(placed.call_id)

        assert (await callbacks.ending(order.key)).ending is Ending.CANCELED
        assert CallState.RINGING not in callbacks.states(order.key)
    finally:
        await carrier.close()


async def test_a_call_that_the_carrier_does_not_know_is_gone(carrier: Twilio) -> None:
    assert isinstance(await carrier.fetch("CA" + "0" * 32), Gone)
    await carrier.hang_up("CA" + "0" * 32)


async def test_health_asks_for_the_account(carrier: Twilio, own_simulator: Simulator) -> None:
    assert (await carrier.health()).ok

    own_simulator.start()
    own_simulator.set_faults(account_refused=401)
    refused = own_simulator.carrier()
    try:
        assert not (await refused.health()).ok
        own_simulator.kill()
        assert not (await refused.health()).ok
    finally:
        await refused.close()
