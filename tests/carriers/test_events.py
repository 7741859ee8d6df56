"""Callbacks are believed only when they are signed; and the simulator mistreats them as carriers do."""

import asyncio
import time

import pytest

from carriers import BadSignature, EventRequest
from carriers.twilio import Twilio
from domain.calls.models import CallState
from tests.carriers.simulation import ACCOUNT_SID, Callbacks, Simulator, an_order, number_ending, place, until


async def a_signed_event(carrier: Twilio, callbacks: Callbacks) -> EventRequest:
    order = an_order(number_ending("01"))
    await place(carrier, callbacks, order)
    await callbacks.ending(order.key)
    return callbacks.requests[-1]


async def test_what_is_not_exactly_as_it_was_signed_is_refused(carrier: Twilio, callbacks: Callbacks) -> None:
    event = await a_signed_event(carrier, callbacks)
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


async def test_another_accounts_token_does_not_fit(carrier: Twilio, callbacks: Callbacks) -> None:
    event = await a_signed_event(carrier, callbacks)

    with pytest.raises(BadSignature):
        Twilio(ACCOUNT_SID, "another token").read_event(event)


async def test_lost_callbacks_do_not_arrive(carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> None:
    order = an_order(number_ending("00"))
    simulator.set_faults(numbers={order.to: {"callback_lost": 1}})

    await place(carrier, callbacks, order)
    await until(lambda: bool(simulator.dials_to(order.to)[0]["endedAt"]))
    await asyncio.sleep(0.05)

    assert callbacks.of(order.key) == []


async def test_doubled_callbacks_arrive_twice(carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> None:
    order = an_order(number_ending("01"))
    simulator.set_faults(numbers={order.to: {"callback_doubled": 1}})

    await place(carrier, callbacks, order)
    await until(lambda: len(callbacks.of(order.key)) == 4)

    assert callbacks.states(order.key) == [CallState.QUEUED] * 2 + [CallState.ENDED] * 2


async def test_late_callbacks_arrive_late(carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> None:
    order = an_order(number_ending("01"))
    simulator.set_faults(numbers={order.to: {"callback_late": 1, "callback_late_seconds": 0.4}})

    await place(carrier, callbacks, order)
    placed_at = time.time()
    await callbacks.ending(order.key)

    assert callbacks.arrivals[0] - placed_at > 0.3


async def test_callbacks_out_of_order_all_arrive(carrier: Twilio, callbacks: Callbacks, simulator: Simulator) -> None:
    order = an_order(number_ending("00"))
    simulator.set_faults(numbers={order.to: {"callback_out_of_order": 1}})

    await place(carrier, callbacks, order)
    await until(lambda: len(callbacks.states(order.key)) == 4)

    sequences = [report.sequence for report in callbacks.of(order.key) if report.sequence is not None]
    assert sequences != sorted(sequences)
    assert sorted(sequences) == [0, 1, 2, 3]


async def test_a_callback_may_come_before_the_answer(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator
) -> None:
    order = an_order(number_ending("02"))
    simulator.set_faults(numbers={order.to: {"callback_before_answer": 1}})

    await place(carrier, callbacks, order)

    assert callbacks.states(order.key)


async def test_a_callback_that_fails_is_repeated_once_at_most(
    carrier: Twilio, callbacks: Callbacks, simulator: Simulator
) -> None:
    callbacks.status = 503
    order = an_order(number_ending("01"))

    await place(carrier, callbacks, order)
    await until(lambda: callbacks.states(order.key).count(CallState.ENDED) == 2)

    assert callbacks.states(order.key) == [CallState.QUEUED] * 2 + [CallState.ENDED] * 2
