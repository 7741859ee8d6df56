"""A call whose id was lost is found where exactly one fits, and never said to be absent."""

from datetime import UTC, datetime, timedelta
from typing import Any

from carriers import CannotTell, SearchOrder
from carriers.twilio import Twilio
from domain.calls.models import CallOrder, CallReport
from tests.carriers.simulation import Callbacks, Simulator, an_order, closing, number_ending, place, until


def a_search(order: CallOrder, **changes: Any) -> SearchOrder:
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "key": order.key,
        "to": order.to,
        "from_": order.from_,
        "asked_after": now - timedelta(seconds=5),
        "asked_before": now + timedelta(seconds=15),
        "searched_at": now,
    }
    return SearchOrder(**(values | changes))


async def test_a_queued_call_is_found_too(own_simulator: Simulator, callbacks: Callbacks) -> None:
    own_simulator.flags = ("--calls-per-second", "0.001")
    async with closing(own_simulator.start().carrier()) as carrier:
        await place(carrier, callbacks, an_order(number_ending("00")))
        order = an_order(number_ending("00"))
        placed = await place(carrier, callbacks, order)

        found = await carrier.find(a_search(order))

        assert isinstance(found, CallReport)
        assert found.call_id == placed.call_id


async def test_none_or_several_prove_nothing(carrier: Twilio, callbacks: Callbacks) -> None:
    order = an_order(number_ending("00"))
    assert isinstance(await carrier.find(a_search(order)), CannotTell)

    await place(carrier, callbacks, order)
    await place(carrier, callbacks, order)

    assert isinstance(await carrier.find(a_search(order)), CannotTell)


async def test_calls_of_other_dials_and_other_times_do_not_count(carrier: Twilio, callbacks: Callbacks) -> None:
    order = an_order(number_ending("00"))
    others = (await place(carrier, callbacks, order)).call_id
    own = (await place(carrier, callbacks, order)).call_id

    found = await carrier.find(a_search(order, not_these=frozenset({others})))
    earlier = a_search(
        order,
        asked_after=datetime.now(UTC) - timedelta(minutes=5),
        asked_before=datetime.now(UTC) - timedelta(minutes=4),
    )

    assert isinstance(found, CallReport)
    assert found.call_id == own
    assert isinstance(await carrier.find(earlier), CannotTell)


async def test_while_the_list_lags_it_cannot_be_told(own_simulator: Simulator, callbacks: Callbacks) -> None:
    async with closing(own_simulator.start().carrier()) as carrier:
        own_simulator.set_faults(list_lag_seconds=0.3)
        order = an_order(number_ending("00"))
        await place(carrier, callbacks, order)
        assert isinstance(await carrier.find(a_search(order)), CannotTell)

        await until(lambda: len(callbacks.states(order.key)) == 3)
        own_simulator.set_faults()

        assert isinstance(await carrier.find(a_search(order)), CallReport)
