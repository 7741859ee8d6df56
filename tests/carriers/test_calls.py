"""Twilio's adapter against the simulator: what tests/conformance does not ask of every carrier."""

import asyncio

import pytest

from carriers import Gone
from carriers.twilio import Twilio
from domain.calls.models import AnsweredBy, CallReport, CallState, Ending
from tests.carriers.conftest import PlaceWithFaults
from tests.carriers.simulation import Callbacks, Simulator, an_order, closing, number_ending, place, until


@pytest.mark.parametrize(("digits", "answered_by"), [("07", AnsweredBy.HUMAN), ("09", AnsweredBy.MACHINE)])
async def test_machine_detection_tells_while_the_call_goes_on(
    carrier: Twilio, callbacks: Callbacks, digits: str, answered_by: AnsweredBy
) -> None:
    order = an_order(number_ending(digits), max_call_seconds=14_400)
    placed = await place(carrier, callbacks, order)

    await until(lambda: any(report.answered_by for report in callbacks.of(order.key)))

    report = next(report for report in callbacks.of(order.key) if report.answered_by)
    assert report.state is CallState.ANSWERED
    assert report.answered_by is answered_by
    await carrier.hang_up(placed.call_id)


async def test_ringing_ends_at_its_timeout(carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> None:
    order = an_order(number_ending("02"), ring_seconds=50)

    await place(carrier, callbacks, order)
    await callbacks.ending(order.key)

    (dial,) = simulator.dials_to(order.to)
    assert dial["endedAt"] - dial["ringingAt"] == pytest.approx(50 / simulator.speed, abs=0.001)


async def test_a_call_without_a_final_word_rings_until_it_is_hung_up(
    place_with_faults: PlaceWithFaults, carrier: Twilio, callbacks: Callbacks, simulator: Simulator
) -> None:
    order = await place_with_faults("02", never_ends=1)
    await asyncio.sleep(4 * order.ring_seconds / simulator.speed)
    call_id = callbacks.of(order.key)[0].call_id
    fetched = await carrier.fetch(call_id)

    await carrier.hang_up(call_id)

    assert not isinstance(fetched, Gone)
    assert fetched.state is CallState.RINGING
    assert (await callbacks.ending(order.key)).ending is Ending.CANCELED


async def test_a_call_that_the_carrier_does_not_know_is_gone(carrier: Twilio) -> None:
    assert isinstance(await carrier.fetch("CA" + "0" * 32), Gone)
    await carrier.hang_up("CA" + "0" * 32)


async def test_calling_off_ends_what_was_not_answered_and_nothing_else(
    carrier: Twilio, callbacks: Callbacks, own_simulator: Simulator
) -> None:
    talking = an_order(number_ending("07"), max_call_seconds=14_400)
    placed = await place(carrier, callbacks, talking)
    await until(lambda: CallState.ANSWERED in callbacks.states(talking.key))
    await carrier.call_off(placed.call_id)
    await carrier.call_off("CA" + "0" * 32)  # no such call
    fetched = await carrier.fetch(placed.call_id)
    await carrier.hang_up(placed.call_id)

    own_simulator.flags = ("--calls-per-second", "0.001")
    async with closing(own_simulator.start().carrier()) as queueing:
        await place(queueing, callbacks, an_order(number_ending("00")))
        waiting = await place(queueing, callbacks, an_order(number_ending("00")))
        await queueing.call_off(waiting.call_id)
        ended = await queueing.fetch(waiting.call_id)

    assert isinstance(fetched, CallReport)
    assert fetched.state is CallState.ANSWERED
    assert isinstance(ended, CallReport)
    assert (ended.state, ended.ending) == (CallState.ENDED, Ending.CANCELED)
