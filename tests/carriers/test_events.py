"""Callbacks are believed only when they are signed; and the simulator mistreats them as carriers do."""

import asyncio
import time

import pytest

from carriers import BadSignature
from carriers.twilio import Twilio
from domain.calls.models import CallState
from tests.carriers.conftest import PlaceWithFaults
from tests.carriers.simulation import Callbacks, Simulator, an_order, number_ending, place, until


async def test_what_is_not_exactly_as_it_was_signed_is_refused(carrier: Twilio, callbacks: Callbacks) -> None:
    order = an_order(number_ending("01"))
    await place(carrier, callbacks, order)
    await callbacks.ending(order.key)
    event = callbacks.requests[-1]
    tampered = [
        event.model_copy(update={"body": event.body.replace(b"busy", b"completed")}),
        event.model_copy(update={"body": event.body + b"&CallDuration=9"}),
        event.model_copy(update={"body": b"\xff" + event.body}),
        event.model_copy(update={"body": b""}),
        event.model_copy(update={"url": event.url.replace("contact_", "contact_9")}),
        event.model_copy(update={"headers": {}}),
        event.model_copy(update={"headers": {"x-twilio-signature": "AAAA"}}),
    ]

    assert carrier.read_event(event).state is CallState.ENDED
    for request in tampered:
        with pytest.raises(BadSignature):
            carrier.read_event(request)


async def test_lost_callbacks_do_not_arrive(
    place_with_faults: PlaceWithFaults, callbacks: Callbacks, simulator: Simulator
) -> None:
    order = await place_with_faults("00", callback_lost=1)
    await until(lambda: bool(simulator.dials_to(order.to)[0]["endedAt"]))
    await asyncio.sleep(0.05)

    assert callbacks.of(order.key) == []


async def test_doubled_callbacks_arrive_twice(place_with_faults: PlaceWithFaults, callbacks: Callbacks) -> None:
    order = await place_with_faults("01", callback_doubled=1)
    await until(lambda: len(callbacks.of(order.key)) == 2)

    assert callbacks.states(order.key) == [CallState.ENDED] * 2


async def test_late_callbacks_arrive_late(place_with_faults: PlaceWithFaults, callbacks: Callbacks) -> None:
    order = await place_with_faults("01", callback_late=1, callback_late_seconds=0.4)
    placed_at = time.time()
    await callbacks.ending(order.key)

    assert callbacks.arrivals[0] - placed_at > 0.3


async def test_callbacks_out_of_order_all_arrive(place_with_faults: PlaceWithFaults, callbacks: Callbacks) -> None:
    order = await place_with_faults("00", callback_out_of_order=1)
    await until(lambda: len(callbacks.states(order.key)) == 3)

    sequences = [report.sequence for report in callbacks.of(order.key) if report.sequence is not None]
    assert sequences != sorted(sequences)
    assert sorted(sequences) == [0, 1, 2]


async def test_a_callback_may_come_before_the_answer(place_with_faults: PlaceWithFaults, callbacks: Callbacks) -> None:
    order = await place_with_faults("02", callback_before_answer=1)

    assert callbacks.states(order.key)


async def test_a_callback_that_fails_is_repeated_once_at_most(
    place_with_faults: PlaceWithFaults, callbacks: Callbacks
) -> None:
    callbacks.status = 503
    order = await place_with_faults("01")
    await until(lambda: callbacks.states(order.key).count(CallState.ENDED) == 2)

    assert callbacks.states(order.key) == [CallState.ENDED] * 2
