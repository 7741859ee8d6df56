"""A carrier deletes a call and its recordings at our request; one that is away did not."""

import pytest

from carriers import CarrierAway, CarrierError, Gone
from carriers.asterisk.carrier import Asterisk
from carriers.erasing import Erasing
from carriers.twilio import Twilio
from tests.carriers.simulation import Callbacks, Simulator, an_order, closing, number_ending, place


async def test_a_call_and_its_recording_are_deleted_once(own_simulator: Simulator, callbacks: Callbacks) -> None:
    simulator = own_simulator.start()
    async with closing(simulator.carrier(record=True)) as carrier:
        order = an_order(number_ending("00"))
        placed = await place(carrier, callbacks, order)
        await callbacks.ending(order.key)

        assert await carrier.erase_call(placed.call_id) == 1
        assert isinstance(await carrier.fetch(placed.call_id), Gone)
        assert await carrier.erase_call(placed.call_id) == 0  # it is gone

    (dial,) = simulator.dials_to(order.to)
    assert dial["deletedAt"] is not None
    assert dial["recording"] is False


async def test_a_live_call_is_not_deleted(carrier: Twilio, callbacks: Callbacks) -> None:
    placed = await place(carrier, callbacks, an_order(number_ending("07"), max_call_seconds=14_400))
    with pytest.raises(CarrierError):
        await carrier.erase_call(placed.call_id)
    await carrier.hang_up(placed.call_id)


async def test_a_carrier_that_is_away_has_deleted_nothing(own_simulator: Simulator, callbacks: Callbacks) -> None:
    simulator = own_simulator.start()
    async with closing(simulator.carrier(record=True)) as carrier:
        order = an_order(number_ending("00"))
        placed = await place(carrier, callbacks, order)
        await callbacks.ending(order.key)
        simulator.set_faults(deletion_unavailable=True)
        with pytest.raises(CarrierAway):
            await carrier.erase_call(placed.call_id)
        assert not isinstance(await carrier.fetch(placed.call_id), Gone)


def test_asterisks_records_are_its_operators(carrier: Twilio) -> None:
    assert isinstance(carrier, Erasing)
    assert not hasattr(Asterisk, "erase_call")
