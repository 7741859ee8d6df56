"""What goes wrong: lost events, a carrier that dies in mid-call, more calls than it takes."""

import pytest

from carriers import (
    Absent,
    CarrierAway,
    CarrierError,
    Gone,
    NotPlaced,
    NumberRefused,
    OverLimit,
    PlaceUnknown,
    TooLate,
)
from domain.calls.models import CallOrder, CallReport, CallState, Outcome
from domain.calls.outcomes import determine_outcome
from tests.conformance.bed import LONG_CALL_SECONDS, LONG_RING_SECONDS
from tests.conformance.line import Line

LONG = {"ring_seconds": LONG_RING_SECONDS, "max_call_seconds": LONG_CALL_SECONDS}


@pytest.mark.parametrize(
    ("digits", "outcome"), [("00", Outcome.ANSWERED), ("01", Outcome.BUSY), ("02", Outcome.NO_ANSWER)]
)
async def test_where_events_are_lost_the_carrier_tells_when_it_is_asked(
    line: Line, digits: str, outcome: Outcome
) -> None:
    order = line.order(digits)
    with line.deaf():
        placed = await line.place(order)
        ended = await line.ask(placed.call_id, CallState.ENDED)

    assert not isinstance(ended, Gone)
    assert determine_outcome(ended, rang=True, answered=False, hung_up=None) is outcome
    assert await line.attempts(order, 1) == 1


async def test_after_its_death_in_mid_call_the_carrier_tells_the_truth_and_takes_calls(line: Line) -> None:
    order = line.order("07", **LONG)
    placed = await line.place(order)
    await line.hear(placed.call_id, CallState.ANSWERED)

    async with line.bed.down():
        with pytest.raises(CarrierAway):
            await line.carrier.fetch(placed.call_id)
        another = line.order("01")
        with pytest.raises(CarrierError) as raised:
            await line.place(another)
        assert isinstance(raised.value, NotPlaced | PlaceUnknown)
        assert not isinstance(raised.value, TooLate)
        assert another.to.removeprefix("+") not in str(raised.value)
        assert not (await line.carrier.health()).ok

    next_one = await line.place_soon(line.order("01"))
    await line.hear(next_one.call_id, CallState.ENDED)
    found = await line.carrier.find(line.search(order))
    assert not isinstance(found, Absent)
    stands = await line.ask(placed.call_id, CallState.ANSWERED)
    if isinstance(stands, CallReport) and stands.state is not CallState.ENDED:
        await line.carrier.hang_up(placed.call_id)
        await line.ask(placed.call_id, CallState.ENDED)
    assert len(await line.bed.seen(order.to)) <= 1


async def test_over_its_limit_the_carrier_queues_or_rejects_as_it_declares(line: Line) -> None:
    rejects = line.carrier.traits.limits.over is OverLimit.REJECTS
    order = line.order("07", **LONG)
    async with line.bed.at_limit():
        if rejects:
            await _is_rejected(line, order)
        else:
            await _waits(line, order)

    next_one = await line.place_soon(line.order("01"))
    await line.hear(next_one.call_id, CallState.ENDED)
    assert len(await line.bed.seen(order.to)) <= (0 if rejects else 1)


async def _is_rejected(line: Line, order: CallOrder) -> None:
    with pytest.raises(NotPlaced) as raised:
        await line.place(order)
    assert not isinstance(raised.value, TooLate | NumberRefused)
    assert await line.bed.seen(order.to) == []


async def _waits(line: Line, order: CallOrder) -> None:
    first, queued = await line.place(line.order("07", **LONG)), await line.place(order)
    stands = await line.carrier.fetch(queued.call_id)
    assert isinstance(stands, CallReport)
    assert stands.state is CallState.QUEUED
    for call in (first, queued):
        await line.carrier.hang_up(call.call_id)
        await line.ask(call.call_id, CallState.ENDED)
