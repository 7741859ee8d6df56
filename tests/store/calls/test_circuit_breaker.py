"""A job pauses itself where going on does harm, with a reason."""

import pytest

from domain.calls.dispatch import NotNowReason
from domain.calls.models import Ending, Outcome
from store.audit_log import AuditLog
from tests.builders import contacts as some_contacts
from tests.store.calling import Call, Calling, Job, a_caller

DIED_ON_THE_WAY, ANSWERED, NETWORK_BLOCKED = 503, 200, 608


async def test_a_refusal_pauses_the_job(shared: Calling) -> None:
    job = await _a_job(shared, 3)

    await (await job.call()).is_not_placed(Outcome.CALLER_REJECTED)

    row = await job.row()
    reason = (
        "Calls from this number were refused: its caller id, its agent's address or its rights. Mend that, then resume."
    )
    assert (row.status, row.dialling, row.status_reason) == ("paused", False, reason)
    entry = (await AuditLog(shared.engine).list_page(job.given.id, job.id, 1, 1)).entries[0]
    assert (entry.actor, entry.action, entry.details) == ("outdial", "paused", {"reason": reason})
    await shared.lifecycle.resume(job.given.id, job.id, by="key_0")
    await shared.open_the_gates_by_time()
    await (await job.call(0, 2)).completes()


@pytest.mark.parametrize(
    ("code", "bad", "good", "status"),
    [(DIED_ON_THE_WAY, 10, 10, "paused"), (DIED_ON_THE_WAY, 9, 11, "running"), (NETWORK_BLOCKED, 6, 14, "paused")],
)
async def test_too_many_bad_endings_pause_the_job(shared: Calling, code: int, bad: int, good: int, status: str) -> None:
    job = await _a_job(shared, bad + good)
    calls = [await job.call(which) for which in range(bad + good)]

    for call in calls[bad:]:
        await call.completes()
    for call in calls[:bad]:
        await _ends(call, code)

    row = await job.row()
    assert row.status == status
    if status == "paused":
        assert f"{bad} of its last 20 calls" in row.status_reason


async def test_only_the_last_fifty_count(shared: Calling) -> None:
    job = await _a_job(shared, 70)
    for which in range(70):
        call = await job.call(which)
        await (call.completes() if which < 45 else _ends(call, DIED_ON_THE_WAY))

    assert (await job.row()).status == "paused"


async def test_two_destinations_that_always_fail_do_not_pause_a_job_for_all_others(shared: Calling) -> None:
    job = await _a_job(shared, 12)
    for which in range(10):
        await (await job.call(which)).completes()
    for which in (10, 11):
        for dial in range(1, 6):
            await (await job.call(which, dial)).ends(Ending.FAILED, sip=DIED_ON_THE_WAY)

    assert (await job.row()).status == "running"


async def test_after_a_resume_it_counts_from_zero(shared: Calling) -> None:
    job = await _a_job(shared, 21)
    calls = [await job.call(which) for which in range(21)]
    for call in calls[:20]:
        await _ends(call, NETWORK_BLOCKED)
    assert (await job.row()).status == "paused"

    await shared.lifecycle.resume(job.given.id, job.id, by="key_0")
    await _ends(calls[20], NETWORK_BLOCKED)

    assert (await job.row()).status == "running"


async def test_requests_that_never_became_calls_do_not_count(shared: Calling) -> None:
    job = await _a_job(shared, 20)
    for which in range(20):
        await (await job.call(which)).is_not_placed(Outcome.CARRIER_ERROR)

    assert (await job.row()).status == "running"


async def test_it_can_be_turned_off(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), some_contacts(21, start=600), circuit_breaker=False)
    for which in range(20):
        await _ends(await job.call(which), NETWORK_BLOCKED)
    await (await job.call(20)).is_not_placed(Outcome.CALLER_REJECTED)

    assert (await job.row()).status == "running"
    assert await job.is_held(20, 2) is NotNowReason.NUMBER


async def _a_job(calling: Calling, count: int) -> Job:
    return await calling.a_job(await a_caller(calling.engine, limit=100), count, circuit_breaker=True)


async def _ends(call: Call, code: int) -> None:
    await call.rings()
    await call.ends(Ending.FAILED, sip=code)
