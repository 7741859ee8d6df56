"""Calls that last too long, or fall silent: only the carrier's word that they ended counts."""

import pytest

from domain.calls.models import CallState, HangUpReason, Outcome
from domain.statuses import ContactStatus
from store.jobs.lifecycle import JobLifecycle
from tests.activities.calling import Calling
from tests.fakes.carrier import ANSWERS, RINGS_ON, TALKS_ON, WAITS_IN_QUEUE, EventDelivery, Question, Script
from tests.waiting import eventually

RING_SECONDS = 45 + 30 + 1  # ringSeconds, its slack, and one more
CALL_SECONDS = 900 + 30 + 1
QUEUE_SECONDS = 300 + 1
NOBODY_KNOWS_SECONDS = 600 + 1  # of hanging up


async def live(calling: Calling, script: Script, *, since: str, seconds: float) -> None:
    """A call that a lost worker left in a state that it has been in for so long."""
    calling.carrier.script(calling.number, script)
    run = calling.start()
    state = script_state(script)
    await calling.until_dial(lambda dial: dial.state is state)
    await run.lose()
    await calling.back_date(since, seconds)


def script_state(script: Script) -> CallState:
    if script.answered:
        return CallState.ANSWERED
    return CallState.RINGING if script.rings else CallState.QUEUED


async def test_ringing_past_its_time_is_hung_up_and_ends_as_timeout(calling: Calling) -> None:
    await live(calling, RINGS_ON, since="ringing_at", seconds=RING_SECONDS)

    ended = await calling.call(attempt=2)

    assert ended.outcome is Outcome.TIMEOUT
    assert ended.due_at is not None
    assert calling.carrier.calls[0].hung_up


async def test_a_call_that_nobody_began_to_ring_is_called_off_and_dialed_again(calling: Calling) -> None:
    await live(calling, WAITS_IN_QUEUE, since="asked_at", seconds=QUEUE_SECONDS)

    ended = await calling.call(attempt=2)

    assert ended.outcome is Outcome.CARRIER_ERROR


async def test_the_longest_call_is_hung_up_and_counts_as_a_call(calling: Calling) -> None:
    await live(calling, TALKS_ON, since="answered_at", seconds=CALL_SECONDS)

    ended = await calling.call(attempt=2)

    assert (ended.status, ended.outcome) == (ContactStatus.COMPLETED, Outcome.ANSWERED)
    assert calling.carrier.calls[0].hung_up


async def test_an_end_that_the_carrier_never_confirms_is_unknown_at_last(calling: Calling) -> None:
    script = RINGS_ON.but(confirms_hang_up=False)
    await live(calling, script, since="ringing_at", seconds=RING_SECONDS)
    run = calling.start(attempt=2)
    await eventually(lambda: calling.carrier.calls[0].hung_up)
    assert (await calling.dial()).hang_up_reason is HangUpReason.RING_TIMER
    assert not run.over

    await calling.back_date("ringing_at", NOBODY_KNOWS_SECONDS)
    ended = await run.result()

    assert (ended.status, ended.outcome) == (ContactStatus.FAILED, Outcome.UNKNOWN)


async def test_after_hanging_up_the_carrier_is_asked_whether_the_call_ended(calling: Calling) -> None:
    script = RINGS_ON.but(events=EventDelivery.NEVER)
    calling.carrier.script(calling.number, script)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.call_id is not None)
    await JobLifecycle(calling.engine).cancel(calling.given.id, calling.job_id, hang_up=True)

    ended = await run.result()

    assert ended.outcome is Outcome.CALLED_OFF
    assert (Question.FETCH, "CA0001") in calling.carrier.questions


async def test_a_job_that_is_cancelled_and_hung_up_ends_its_live_calls(calling: Calling) -> None:
    calling.carrier.script(calling.number, RINGS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.RINGING)

    await JobLifecycle(calling.engine).cancel(calling.given.id, calling.job_id, hang_up=True)
    ended = await run.result()

    assert (ended.status, ended.outcome) == (ContactStatus.CANCELLED, Outcome.CALLED_OFF)


async def test_after_silence_the_carrier_is_asked(calling: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.calls.follow.POLL_INTERVAL_SECONDS", 0.2)
    calling.carrier.script(calling.number, ANSWERS.but(events=EventDelivery.NEVER))

    ended = await calling.call()

    assert ended.status is ContactStatus.COMPLETED
    assert (Question.FETCH, "CA0001") in calling.carrier.questions


async def test_a_carrier_that_is_away_is_asked_again(calling: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.calls.follow.POLL_INTERVAL_SECONDS", 0.1)
    calling.carrier.script(calling.number, ANSWERS.but(events=EventDelivery.NEVER))
    calling.carrier.away = {Question.FETCH}
    run = calling.start()
    await eventually(lambda: len(calling.carrier.questions) > 1)

    calling.carrier.away = set()

    assert (await run.result()).status is ContactStatus.COMPLETED


async def test_a_call_that_the_carrier_does_not_know_is_unknown(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.calls.follow.POLL_INTERVAL_SECONDS", 0.1)
    calling.carrier.script(calling.number, TALKS_ON.but(events=EventDelivery.NEVER))
    run = calling.start()
    await calling.until_dial(lambda dial: dial.call_id is not None)

    calling.carrier.calls.clear()

    assert (await run.result()).outcome is Outcome.UNKNOWN


async def test_a_call_that_waits_at_the_carrier_is_called_off_when_its_job_is_paused(calling: Calling) -> None:
    calling.carrier.script(calling.number, WAITS_IN_QUEUE)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.QUEUED)

    await JobLifecycle(calling.engine).pause(calling.given.id, calling.job_id)
    ended = await run.result()

    assert calling.carrier.calls[0].hung_up
    assert (ended.status, ended.outcome) == (ContactStatus.QUEUED, Outcome.CALLED_OFF)


async def test_a_call_that_was_answered_before_it_could_be_called_off_goes_on(calling: Calling) -> None:
    calling.carrier.script(calling.number, WAITS_IN_QUEUE.but(events=EventDelivery.NEVER))
    run = calling.start()
    dial = await calling.until_dial(lambda dial: dial.state is CallState.QUEUED)
    calling.carrier.calls[0].report(CallState.ANSWERED)  # of which no event comes

    await JobLifecycle(calling.engine).pause(calling.given.id, calling.job_id)
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)
    assert not calling.carrier.calls[0].hung_up

    await calling.dials.request_hang_up(dial.id, HangUpReason.MAX_CALL_DURATION)
    assert (await calling.dial()).hang_up_reason is HangUpReason.MAX_CALL_DURATION
    await run.lose()
