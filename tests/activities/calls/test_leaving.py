"""A worker that leaves a call: what was asked is recorded first, and who follows is told by the reason."""

import asyncio

import pytest
from temporalio.activity import _CompleteAsyncError
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.calls.call import CallActivities
from domain.calls.dispatch import NotNow
from domain.calls.models import CallReport, CallState, Outcome
from store.calls.claim import Claimed, Claims
from store.calls.dial_rows import DialRow
from store.calls.dials import Dials, Told
from tests.activities.calling import Calling
from tests.fakes.carrier import NAME, RINGS_ON, TALKS_ON, Question
from tests.waiting import eventually


async def test_a_run_that_is_gone_ends_quietly_and_leaves_the_call_alone(calling: Calling) -> None:
    calling.carrier.script(calling.number, TALKS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)

    run.cancel(not_found=True)

    with pytest.raises(_CompleteAsyncError):
        await run.result()
    assert calling.carrier.live


async def test_a_worker_that_stops_leaves_the_call_to_another(calling: Calling) -> None:
    calling.carrier.script(calling.number, TALKS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)

    run.stop_worker()

    with pytest.raises(ApplicationError) as raised:
        await run.result()
    assert raised.value.type == "WorkerStopping"
    assert raised.value.category is ApplicationErrorCategory.BENIGN
    assert not raised.value.non_retryable
    assert calling.carrier.live


async def test_a_worker_that_stops_places_no_new_call(calling: Calling) -> None:
    await calling.change("UPDATE organizations SET concurrent_call_limit = 1")
    calling.carrier.usually(TALKS_ON)
    runs = [calling.start(contact) for contact in range(3)]
    await eventually(lambda: len(calling.carrier.calls) == 1)

    for run in runs:
        run.stop_worker()
    for run in runs:
        with pytest.raises(ApplicationError):
            await run.result()

    assert len(calling.carrier.calls) == 1


@pytest.mark.parametrize("why", ["timed_out", "worker_shutdown", "paused"])
async def test_other_cancellations_leave_the_call_alone(calling: Calling, why: str) -> None:
    calling.carrier.script(calling.number, TALKS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.ANSWERED)

    run.cancel(**{why: True})

    with pytest.raises(asyncio.CancelledError):
        await run.result()
    assert calling.carrier.live


async def test_a_cancellation_asked_by_the_workflow_hangs_up_and_tells_the_end(calling: Calling) -> None:
    calling.carrier.script(calling.number, RINGS_ON)
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.RINGING)

    run.cancel(cancel_requested=True)
    ended = await run.result()

    assert ended.outcome is Outcome.CALLED_OFF
    assert calling.carrier.calls[0].hung_up


async def test_a_cancellation_asked_before_the_claim_calls_nobody(calling: Calling) -> None:
    await calling.change("UPDATE organizations SET concurrent_call_limit = 0")
    run = calling.start()
    await eventually(lambda: bool(run.heartbeats))
    await asyncio.sleep(0.1)

    run.cancel(cancel_requested=True)

    with pytest.raises(asyncio.CancelledError):
        await run.result()
    assert not calling.carrier.asked


async def test_a_request_on_its_way_is_recorded_before_leaving(calling: Calling) -> None:
    calling.carrier.script(calling.number, TALKS_ON.but(answer_after=0.3))
    run = calling.start()
    await eventually(lambda: len(calling.carrier.asked) == 1)

    run.cancel(not_found=True)

    with pytest.raises(_CompleteAsyncError):
        await run.result()
    assert (await calling.dial()).call_id == calling.carrier.calls[0].call_id


async def test_a_claim_that_is_cancelled_on_its_way_is_asked_all_the_same(calling: Calling) -> None:
    """Otherwise a row says that the carrier was asked, nobody knows better, and the contact ends as unknown."""
    claims = _SlowClaims(calling)
    calling.calls = CallActivities(claims, calling.dials, calling.watch, {NAME: calling.carrier}, "http://x")
    calling.carrier.script(calling.number, TALKS_ON)
    run = calling.start()
    await claims.claimed.wait()

    run.cancel(not_found=True)

    with pytest.raises(_CompleteAsyncError):
        await run.result()
    assert (await calling.dial()).call_id == calling.carrier.calls[0].call_id


async def test_a_call_id_in_hand_is_written_when_the_database_is_back(calling: Calling) -> None:
    dials = _DialsAway(calling)
    calling.calls = CallActivities(Claims(calling.engine), dials, calling.watch, {NAME: calling.carrier}, "http://x")
    calling.carrier.script(calling.number, TALKS_ON.but(events="never"))
    run = calling.start()

    dial = await calling.until_dial(lambda dial: dial.call_id is not None)

    assert dials.refused == 2
    assert dial.state is CallState.QUEUED
    await run.lose()


async def test_hanging_up_is_asked_again_while_the_carrier_is_away(calling: Calling) -> None:
    calling.carrier.script(calling.number, RINGS_ON)
    calling.carrier.away = {Question.HANG_UP}
    run = calling.start()
    await calling.until_dial(lambda dial: dial.state is CallState.RINGING)
    run.cancel(cancel_requested=True)
    await eventually(lambda: (Question.HANG_UP, "CA0001") in calling.carrier.questions)

    calling.carrier.away = set()
    ended = await run.result()

    assert ended.outcome is Outcome.CALLED_OFF


class _SlowClaims(Claims):
    """Claims whose answer is long on its way."""

    def __init__(self, calling: Calling) -> None:
        super().__init__(calling.engine)
        self.claimed = asyncio.Event()

    async def claim(
        self, organization_id: str, job_id: str, contact_id: str, dial: int, lines: int | None = None
    ) -> Claimed | NotNow:
        claimed = await super().claim(organization_id, job_id, contact_id, dial, lines)
        self.claimed.set()
        await asyncio.sleep(0.2)
        return claimed


class _DialsAway(Dials):
    """A record that does not answer the first two times something is to be written."""

    def __init__(self, calling: Calling) -> None:
        super().__init__(calling.engine)
        self.refused = 0

    async def record_placed(self, dial: DialRow, report: CallReport) -> Told:
        if self.refused < 2:
            self.refused += 1
            raise ConnectionError("the database is away")
        return await super().record_placed(dial, report)
