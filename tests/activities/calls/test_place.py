"""A call that somebody began and did not finish: nobody is called twice, and nobody is forgotten."""

import asyncio

import pytest

from activities.calls import place
from carriers import Idempotency, Search
from domain.calls.models import Audio, CallOrder, CallReport, CallState, Outcome
from domain.statuses import ContactStatus
from store.calls.dials import Dials
from tests.activities.calling import Calling
from tests.fakes.carrier import ANSWERS, BUSY, NAME, TALKS_ON, EventDelivery, FakeCarrier, Question, Script
from tests.waiting import eventually

LONG_AGO = 25.0  # seconds after a claim nothing is on its way any more
TOO_LONG_AGO = 100.0  # the carrier's list has had time to show the call


def a_call_order(key: str, to: str = "+12005550100", from_: str = "+12025550100") -> CallOrder:
    return CallOrder(
        key=key,
        to=to,
        from_=from_,
        audio=Audio.WEBSOCKET,
        audio_url="wss://agent.example/audio",
        parameters={},
        ring_seconds=45,
        max_call_seconds=900,
    )


async def test_an_outcome_that_is_recorded_is_returned_and_nothing_asked(calling: Calling) -> None:
    first = await calling.call()

    second = await calling.call(attempt=2)

    assert second == first
    assert len(calling.carrier.asked) == 1


async def test_a_live_call_is_followed_not_placed_again(calling: Calling) -> None:
    calling.carrier.script(calling.number, TALKS_ON)
    lost = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)
    await lost.lose()

    found = calling.start(attempt=2)
    await eventually(lambda: "answered" in found.states)
    await calling.carrier.end_all()

    assert (await found.result()).status is ContactStatus.COMPLETED
    assert len(calling.carrier.asked) == 1


async def test_a_dial_that_another_worker_may_be_placing_is_waited_for(calling: Calling) -> None:
    dial = await calling.claim()

    run = calling.start(again=True)
    await asyncio.sleep(0.3)
    assert not calling.carrier.questions
    await calling.dials.record(CallReport(call_id="CA77", state=CallState.RINGING), NAME, f"{dial.contact_id}:1")
    await eventually(lambda: "ringing" in run.states)
    await run.lose()

    assert not calling.carrier.asked


async def test_a_call_whose_answer_was_lost_is_found_by_its_event(calling: Calling) -> None:
    calling.carrier.script(calling.number, ANSWERS.but(answer_lost=True, ends_after=0.1))

    ended = await calling.call()

    assert ended.status is ContactStatus.COMPLETED
    assert not calling.carrier.questions
    assert len(calling.carrier.asked) == 1


async def test_a_call_whose_answer_and_events_were_lost_is_searched_for(calling: Calling) -> None:
    calling.carrier.script(calling.number, ANSWERS.but(answer_lost=True, events=EventDelivery.NEVER))
    run = calling.start()
    await eventually(lambda: len(calling.carrier.calls) == 1)
    await run.lose()
    await calling.back_date("asked_at", LONG_AGO)
    calling.carrier.calls[0].placed_at = (await calling.dial()).asked_at

    ended = await calling.call(attempt=2)

    assert ended.status is ContactStatus.COMPLETED
    assert [question for question, _ in calling.carrier.questions] == [Question.FIND]
    assert len(calling.carrier.asked) == 1


async def test_what_cannot_be_told_is_searched_for_again_and_then_unknown(calling: Calling) -> None:
    await calling.claim(seconds_ago=LONG_AGO)
    calling.carrier.away = {Question.FIND}

    run = calling.start(attempt=2)
    await eventually(lambda: len(calling.carrier.questions) == 1)
    assert not run.over
    await calling.back_date("asked_at", TOO_LONG_AGO - LONG_AGO)
    ended = await run.result()

    assert (ended.status, ended.outcome) == (ContactStatus.FAILED, Outcome.UNKNOWN)
    assert ended.due_at is None
    assert not calling.carrier.asked


async def test_a_call_of_another_dial_is_never_taken_for_the_one_that_is_missing(calling: Calling) -> None:
    calling.carrier.script(calling.number, BUSY)
    await calling.call()
    await calling.claim(dial=2, seconds_ago=TOO_LONG_AGO)
    calling.carrier.calls[0].placed_at = (await calling.dial(number=2)).asked_at

    ended = await calling.call(dial=2, attempt=2)

    assert ended.outcome is Outcome.UNKNOWN


async def test_a_carrier_that_proves_absence_lets_the_contact_be_called_again(
    calling: Calling, dials: Dials, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier = FakeCarrier(dials, search=Search.PROVES_ABSENCE)
    monkeypatch.setitem(calling.carriers, NAME, carrier)
    monkeypatch.setattr(place, "ABSENCE_SECONDS", 1.0)
    await calling.claim(seconds_ago=LONG_AGO)

    ended = await calling.call(attempt=2)

    assert (ended.status, ended.outcome) == (ContactStatus.QUEUED, Outcome.NOT_PLACED)
    assert [question for question, _ in carrier.questions] == [Question.FIND] * 2


async def test_a_carrier_that_stood_still_reads_its_request_late_and_is_asked_again(
    calling: Calling, dials: Dials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Awake again it answers the search first, and then reads the request that had waited in its socket."""
    carrier = FakeCarrier(dials, search=Search.PROVES_ABSENCE)
    monkeypatch.setitem(calling.carriers, NAME, carrier)
    carrier.script(calling.number, TALKS_ON.but(events=EventDelivery.NEVER))
    dial = await calling.claim(seconds_ago=LONG_AGO)

    run = calling.start(attempt=2)
    await eventually(lambda: len(carrier.questions) == 1)
    order = a_call_order(dial.key, to=dial.to, from_=dial.from_)
    await carrier.place(order, callback_url="", send_before=0)
    carrier.calls[0].placed_at = dial.asked_at
    found = await calling.until_dial(lambda dial: dial.call_id is not None)
    await run.lose()

    assert found.call_id == "CA0001"
    assert len(carrier.asked) == 1
    await carrier.close()


async def test_a_row_that_a_failover_lost_is_looked_for_before_anybody_is_called(calling: Calling) -> None:
    calling.carrier.script(calling.number, ANSWERS.but(events=EventDelivery.NEVER, ends_after=0.5))
    run = calling.start()
    await calling.until_dial(lambda dial: dial.call_id is not None)
    await run.lose()
    await calling.change("DELETE FROM dials")
    await calling.change("UPDATE contacts SET status = 'pending', dials = 0, call_id = NULL")

    found = calling.start(attempt=2)
    await calling.until_dial(lambda dial: dial.call_id == "CA0001")
    await found.lose()

    assert len(calling.carrier.asked) == 1


async def test_a_second_call_for_one_dial_is_hung_up(calling: Calling) -> None:
    calling.carrier.script(calling.number, TALKS_ON.but(answer_after=0.2, events=EventDelivery.NEVER))
    run = calling.start()
    await eventually(lambda: len(calling.carrier.calls) == 1)
    first = CallReport(call_id="CA99", state=CallState.RINGING)
    await calling.dials.record(first, NAME, f"{calling.contact_ids[0]}:1")

    await eventually(lambda: calling.carrier.calls[0].hung_up)
    await run.lose()

    assert (await calling.dial()).call_id == "CA99"


async def test_asking_a_carrier_with_keys_twice_places_one_call() -> None:
    carrier = FakeCarrier(idempotency=Idempotency.BY_KEY)
    order = a_call_order("contact_1:1")

    placed = [await carrier.place(order, callback_url="", send_before=0) for _ in range(2)]

    assert placed[0].call_id == placed[1].call_id
    assert len(carrier.calls) == 1
    await carrier.close()


@pytest.mark.parametrize("script", [ANSWERS, ANSWERS.but(answer_lost=True, ends_after=0.1)])
async def test_two_workers_on_one_dial_place_one_call(calling: Calling, script: Script) -> None:
    calling.carrier.script(calling.number, script)

    results = await asyncio.gather(*(calling.call(again=again, attempt=1) for again in (False, True, True)))

    assert {result.status for result in results} == {ContactStatus.COMPLETED}
    assert len(calling.carrier.asked) == 1
