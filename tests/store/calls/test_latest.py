"""Dials are remembered from one report to the next, and what others did to them meanwhile is not overlooked."""

import pytest

from domain.calls.models import AnsweredBy, CallReport, CallState, Outcome, Recorded
from store.calls.dial_rows import DialLookup, DialReads, DialRow
from store.calls.dials import Dials
from store.calls.latest import LatestDials
from tests.store.calling import Call, Calling, a_caller


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[DialLookup]:
    """What was read since."""
    lookups: list[DialLookup] = []
    find = DialReads.find

    async def noted(self: DialReads, lookup: DialLookup) -> DialRow | None:
        lookups.append(lookup)
        return await find(self, lookup)

    monkeypatch.setattr(DialReads, "find", noted)
    return lookups


async def _tell(dials: Dials, call: Call, state: CallState, by: AnsweredBy | None = None) -> Recorded:
    """As another process would."""
    report = CallReport(call_id=call.call_id, state=state, answered_by=by)
    return await dials.record(report, "twilio", call.key)


async def test_only_the_first_report_of_a_call_reads_its_dial(shared: Calling, reads: list[DialLookup]) -> None:
    _, call = await shared.a_call()

    recorded = [await call.queues(), await call.rings(), await call.answers(), await call.completes(7)]

    assert (recorded, len(reads)) == ([Recorded.MOVED] * 4, 1)
    row = await call.row()
    assert (row.outcome, row.call_seconds, row.ringing_at is not None) == ("answered", 7, True)


async def test_whoever_claimed_it_and_follows_it_reads_nothing_at_all(shared: Calling, reads: list[DialLookup]) -> None:
    job = await shared.a_job(await a_caller(shared.engine))
    claimed = await job.claim()
    assert isinstance(claimed, DialRow)

    told = await shared.dials.record_placed(claimed, CallReport(call_id="CA1", state=CallState.QUEUED))

    assert (told.recorded, reads) == (Recorded.MOVED, [])
    assert told.dial is not None
    assert (told.dial.state, told.dial.call_id) == (CallState.QUEUED, "CA1")
    assert (await job.contact()).call_id == "CA1"


async def test_the_answer_to_a_request_that_an_event_overtook_changes_nothing(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine))
    claimed = await job.claim()
    assert isinstance(claimed, DialRow)
    call = job.call_of()
    await call.answers()

    placed = CallReport(call_id=call.call_id, state=CallState.QUEUED)
    second = CallReport(call_id="CA-second", state=CallState.QUEUED)

    assert (await shared.dials.record_placed(claimed, placed)).recorded is Recorded.NOTHING
    assert (await shared.dials.record_placed(claimed, second)).recorded is Recorded.SECOND_CALL
    assert ((await call.row()).state, (await call.row()).call_id) == ("answered", call.call_id)


async def test_what_another_process_recorded_is_not_overlooked(shared: Calling) -> None:
    _, call = await shared.a_call()
    other = Dials(shared.engine)
    await call.rings()

    assert await _tell(other, call, CallState.ANSWERED, AnsweredBy.HUMAN) is Recorded.MOVED
    assert await call.answers(AnsweredBy.UNKNOWN) is Recorded.NOTHING
    assert (await call.row()).answered_by == AnsweredBy.HUMAN

    await other.give_up(await call.id())
    assert (await call.row()).outcome == Outcome.UNKNOWN
    assert await call.answers() is Recorded.MOVED  # it is live after all
    assert (await call.row()).ended_at is None
    await other.give_up(await call.id())
    assert await call.completes(9) is Recorded.MOVED
    assert ((await call.row()).outcome, (await call.row()).call_seconds) == ("answered", 9)


async def test_the_dial_that_was_heard_of_least_lately_is_forgotten(shared: Calling) -> None:
    _, call = await shared.a_call()
    dial, latest = await call.now(), LatestDials(most=2)
    lookups = [DialLookup(account="twilio", contact=f"contact_{number}", dial=1) for number in range(3)]
    latest.keep(lookups[0], dial)
    latest.keep(lookups[1], dial)
    latest.keep(lookups[0], dial)

    latest.keep(lookups[2], dial)

    assert [latest.get(lookup) is not None for lookup in lookups] == [True, False, True]
