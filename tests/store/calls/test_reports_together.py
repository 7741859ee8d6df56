"""Reports of an organization's calls that come together: one statement or transaction, each applied as if alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from domain.calls.models import AnsweredBy, CallState, Ending, Recorded
from domain.money import compute_cost
from store.calls import dials as store_dials
from store.calls.moves import move_forward
from store.tables import batch_jobs, carrier_events, ledger_entries
from tests.store.calling import Call, Calling, a_caller

AT_ONCE = 10.0  # seconds; what waits for the lock waits until the lock is given up
LOCK = "SELECT id FROM organizations WHERE id = %(id)s FOR UPDATE"


async def _calls(calling: Calling, count: int) -> list[Call]:
    job = await calling.a_job(await a_caller(calling.engine), count)
    return list(await asyncio.gather(*(job.call(which) for which in range(count))))


@asynccontextmanager
async def _locked(calling: Calling, organization_id: str) -> AsyncIterator[None]:
    async with calling.engine.transaction() as connection:
        await connection.run(LOCK, {"id": organization_id})
        yield


async def test_calls_that_ring_together_move_in_one_statement(shared: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = await _calls(shared, 20)
    groups: list[int] = []

    async def count(connection: object, moves: list[object]) -> set[str]:
        groups.append(len(moves))
        return await move_forward(connection, moves)  # type: ignore[arg-type]

    monkeypatch.setattr(store_dials, "move_forward", count)
    recorded = await asyncio.gather(*(call.rings() for call in calls))

    assert recorded == [Recorded.MOVED] * 20
    assert sum(groups) == 20
    assert len(groups) <= 2
    assert {(await call.row()).state for call in calls} == {CallState.RINGING}


async def test_calls_that_end_together_are_charged_one_after_another(shared: Calling) -> None:
    """The hold of their job is used up by the first, and the others go on with what is left of it."""
    calls = await _calls(shared, 10)
    first = await calls[0].row()
    job = await shared.one(batch_jobs, batch_jobs.c.id == first.job_id)
    await asyncio.gather(*(call.answers(AnsweredBy.HUMAN) for call in calls))

    recorded = await asyncio.gather(*(call.completes(60 + 60 * n) for n, call in enumerate(calls)))

    assert recorded == [Recorded.MOVED] * 10
    cost = sum((compute_cost(60 + 60 * n, job.rate_per_minute) for n in range(10)), Decimal(0))
    assert (await shared.one(batch_jobs, batch_jobs.c.id == job.id)).spent == cost
    audit = await shared.ledger.audit(first.organization_id)
    assert audit.exact
    entries = await shared.all(ledger_entries, ledger_entries.c.organization_id == first.organization_id)
    captured = [entry for entry in entries if entry.kind == "capture"]
    assert sum(-entry.balance_delta for entry in captured) == cost
    assert len({entry.dial_id for entry in captured}) == 10


async def test_all_reports_of_one_call_at_once_end_it_once(shared: Calling) -> None:
    [call] = await _calls(shared, 1)

    recorded = await asyncio.gather(
        call.queues(), call.rings(), call.answers(), call.completes(30), call.completes(30), call.rings()
    )

    row = await call.row()
    assert (row.state, row.outcome, row.call_seconds) == ("ended", "answered", 30)
    assert Recorded.MOVED in recorded
    assert set(recorded) <= {Recorded.MOVED, Recorded.NOTHING, Recorded.CORRECTED}
    assert (await shared.ledger.audit(row.organization_id)).exact
    entries = await shared.count(ledger_entries, ledger_entries.c.dial_id == row.id, ledger_entries.c.kind == "capture")
    assert entries == 1


async def test_of_two_dials_with_one_call_id_the_first_keeps_it_and_others_move_on(shared: Calling) -> None:
    calls = await _calls(shared, 4)
    await calls[0].reports(CallState.QUEUED, call_id="CA-taken")

    recorded = await asyncio.gather(
        calls[1].reports(CallState.RINGING, call_id="CA-taken"), *(call.rings() for call in calls[2:])
    )

    assert recorded == [Recorded.NO_SUCH_DIAL, Recorded.MOVED, Recorded.MOVED]
    assert (await calls[1].row()).state == "asked"


async def test_a_call_that_goes_on_waits_for_no_lock_of_its_organization(shared: Calling) -> None:
    [call] = await _calls(shared, 1)
    async with _locked(shared, (await call.row()).organization_id), asyncio.timeout(AT_ONCE):
        assert await call.rings() is Recorded.MOVED
        assert await call.answers() is Recorded.MOVED


async def test_a_doubled_end_waits_for_no_lock_and_is_kept(shared: Calling) -> None:
    [call] = await _calls(shared, 1)
    await call.is_busy()
    row = await call.row()

    async with _locked(shared, row.organization_id), asyncio.timeout(AT_ONCE):
        assert await call.is_busy() is Recorded.NOTHING
        assert await call.rings() is Recorded.NOTHING

    kept = await shared.all(carrier_events, carrier_events.c.dial_id == row.id)
    assert {(event.state, event.ending) for event in kept} == {("ended", Ending.BUSY), ("ringing", "")}
