"""Nobody is called twice: doubled requests, lost answers, searches, and requests that are too late."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from carriers import Absent, CannotTell, Idempotency, Listing, PlaceUnknown, Search, TooLate
from domain.calls.models import CallReport, CallState
from tests.conformance.bed import CALLER, LONG_CALL_SECONDS, LONG_RING_SECONDS
from tests.conformance.line import Line

SURE_WITHIN_SECONDS = 60  # a carrier that started a moment ago may not know what was before
LONG = {"ring_seconds": LONG_RING_SECONDS, "max_call_seconds": LONG_CALL_SECONDS}


async def test_a_doubled_request_while_the_call_lives_does_what_the_carrier_declares(line: Line) -> None:
    order = line.order("07", **LONG)
    first = await line.place(order)
    await line.hear(first.call_id, CallState.ANSWERED)

    second = await line.place(order)

    keyed = line.carrier.traits.idempotency is not Idempotency.NONE
    assert (second.call_id == first.call_id) is keyed
    for call_id in {first.call_id, second.call_id}:
        await line.carrier.hang_up(call_id)
        await line.ask(call_id, CallState.ENDED)
    assert await line.attempts(order, 2 - keyed) == 2 - keyed


async def test_a_key_that_lasts_places_no_second_call_when_the_first_is_over(line: Line) -> None:
    if line.carrier.traits.idempotency is not Idempotency.BY_KEY:
        pytest.skip("This carrier's key does not outlive the call.")
    order = line.order("01")
    first = await line.place(order)
    await line.hear(first.call_id, CallState.ENDED)

    second = await line.place(order)

    assert second.call_id == first.call_id
    assert await line.attempts(order, 1) == 1


async def test_a_call_whose_answer_was_lost_is_found(line: Line) -> None:
    order = line.order("07", **LONG)
    async with line.bed.answers_lost(order.to):
        with pytest.raises(PlaceUnknown) as raised:
            await line.place(order)

    assert order.to not in str(raised.value)
    if line.carrier.traits.search is not Search.NONE:
        found = await line.eventually(lambda: _found(line, order.key, line.search(order)))
        await line.carrier.hang_up(found.call_id)
        await line.ask(found.call_id, CallState.ENDED)
    assert await line.attempts(order, 1) == 1


async def test_after_a_crash_another_process_finds_the_call(line: Line) -> None:
    order = line.order("07", **LONG)
    placed = await line.place(order)
    another = line.bed.open()
    try:
        found = await another.find(line.search(order))
        fetched = await another.fetch(placed.call_id)

        if another.traits.search is Search.NONE:
            assert isinstance(found, CannotTell)
        else:
            assert isinstance(found, CallReport)
            assert found.call_id == placed.call_id
        assert isinstance(fetched, CallReport)
        await another.hang_up(placed.call_id)
    finally:
        await another.close()
    await line.ask(placed.call_id, CallState.ENDED)
    assert await line.attempts(order, 1) == 1


async def test_a_call_that_is_over_is_found_too_or_not_denied(line: Line) -> None:
    order = line.order("01")
    placed = await line.place(order)
    await line.hear(placed.call_id, CallState.ENDED)

    found = await line.carrier.find(line.search(order))

    assert not isinstance(found, Absent)
    assert isinstance(found, CannotTell) or found.call_id == placed.call_id


async def test_a_call_of_another_dial_is_never_taken_for_the_one_that_is_missing(line: Line) -> None:
    order = line.order("01")
    placed = await line.place(order)
    await line.hear(placed.call_id, CallState.ENDED)

    another = line.search(order, key="contact_9999:1", not_these=frozenset({placed.call_id}))

    assert not isinstance(await line.carrier.find(another), CallReport)


async def test_only_a_carrier_that_declares_it_says_that_a_call_was_never_placed(line: Line) -> None:
    proves = line.carrier.traits.search is Search.PROVES_ABSENCE
    deadline = time.monotonic() + SURE_WITHIN_SECONDS
    found = await line.carrier.find(line.search(line.order("01")))
    while proves and not isinstance(found, Absent) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        found = await line.carrier.find(line.search(line.order("01")))

    assert isinstance(found, Absent if proves else CannotTell)


async def test_what_a_carrier_lists_is_every_call_live_or_over(line: Line) -> None:
    if not isinstance(line.carrier, Listing):
        pytest.skip("This carrier does not list its calls.")
    since = datetime.now(UTC) - timedelta(seconds=5)
    over, live = await line.place(line.order("01")), await line.place(line.order("07", **LONG))
    await line.hear(over.call_id, CallState.ENDED)
    await line.hear(live.call_id, CallState.ANSWERED)
    another = line.bed.open()
    try:
        assert isinstance(another, Listing)
        listed = await another.list_calls({CALLER}, since)
        later = await another.list_calls({CALLER}, datetime.now(UTC) + timedelta(hours=1))
    finally:
        await another.close()
        await line.carrier.hang_up(live.call_id)
    await line.ask(live.call_id, CallState.ENDED)

    if isinstance(listed, CannotTell):
        return  # it says so
    reports = {call.report.call_id: call.report for call in listed}
    assert reports[over.call_id].state is CallState.ENDED
    assert reports[live.call_id].state is CallState.ANSWERED
    assert not isinstance(later, CannotTell)
    assert {over.call_id} & {call.report.call_id for call in later} == set()
    for call in listed:
        assert call.report.key is not None or None not in {call.to, call.from_}


async def test_a_request_whose_time_has_passed_is_not_sent(line: Line) -> None:
    order = line.order("01")

    with pytest.raises(TooLate):
        await line.place(order, within=-0.001)

    assert await line.bed.seen(order.to) == []


async def _found(line: Line, key: str, search: object) -> CallReport | None:
    found = await line.carrier.find(search)  # type: ignore[arg-type]
    return found if isinstance(found, CallReport) else None
