"""The gate of a carrier account: one refusal closes it for all jobs, one call goes first when it opens."""

import asyncio

import pytest

from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import CallState, Outcome, Recorded
from store.calls.claim import Claimed
from store.db.engine import Database
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller


async def test_a_refusal_closes_the_gate_for_every_job_on_the_account(calling: Calling) -> None:
    jobs = [await calling.a_job(await a_caller(calling.engine), 2) for _ in range(2)]
    await (await jobs[0].call()).is_not_placed(Outcome.ACCOUNT_REJECTED)

    for job in jobs:
        held = await job.claim(1)
        assert isinstance(held, NotNow)
        assert held.reason is NotNowReason.ACCOUNT
        assert held.until == (await calling.account()).closed_until
        assert (held.until - await calling.now()).total_seconds() == pytest.approx(300, abs=10)
        assert held.seconds == 30.0  # a person may open it before, and nobody is told


async def test_the_gate_shows_why_it_is_closed(calling: Calling) -> None:
    _, call = await calling.a_call()

    await call.is_not_placed(Outcome.ACCOUNT_REJECTED)

    row = await call.row()
    assert (row.outcome, row.cost) == ("refused", 0)
    assert (await calling.account()).closed_reason == (await call.contact()).failure_reason


async def test_other_endings_leave_the_gate_open(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 2)
    await (await job.call()).ends(sip=503)

    assert (await calling.account()).closed_until is None
    await job.call(1)


async def test_exactly_one_call_goes_first_when_the_gate_opens(calling: Calling) -> None:
    jobs = await _refused_jobs(calling)
    await calling.open_the_gates_by_time()

    claims = await asyncio.gather(*(job.claim(which) for job in jobs for which in range(1, 11)))

    assert [type(claim) for claim in claims].count(Claimed) == 1
    held = [claim for claim in claims if isinstance(claim, NotNow)]
    assert {(claim.reason, claim.seconds) for claim in held} == {(NotNowReason.ACCOUNT, 5.0)}
    (claimed,) = [claim for claim in claims if isinstance(claim, Claimed)]
    assert (await calling.account()).probe_dial_id == claimed.dial_id


async def test_a_held_call_is_no_probe(calling: Calling) -> None:
    jobs = await _refused_jobs(calling)
    await calling.open_the_gates_by_time()
    await jobs[0].pause()

    assert await jobs[0].is_held(1) is NotNowReason.GATE
    assert (await calling.account()).probe_dial_id is None
    await jobs[1].call(1)


@pytest.mark.parametrize("sip", [486, 404, 503])
async def test_the_gate_stays_closed_until_the_probe_is_named_or_over(calling: Calling, sip: int) -> None:
    jobs = await _refused_jobs(calling)
    await calling.open_the_gates_by_time()
    probe = await jobs[0].call(1)
    assert await jobs[1].is_held(1) is NotNowReason.ACCOUNT

    await probe.ends(sip=sip)

    await _is_open(calling, jobs)


async def test_the_gate_opens_as_soon_as_the_carrier_names_the_probe(calling: Calling) -> None:
    jobs = await _refused_jobs(calling)
    await calling.open_the_gates_by_time()
    probe = await jobs[0].call(1)
    assert await jobs[1].is_held(1) is NotNowReason.ACCOUNT

    await probe.reports(CallState.QUEUED)

    await _is_open(calling, jobs)


async def _is_open(calling: Calling, jobs: list[Job]) -> None:
    account = await calling.account()
    assert (account.closed_until, account.closed_reason, account.probe_dial_id) == (None, None, None)
    await jobs[0].call(2)
    await jobs[1].call(1)


async def test_a_probe_that_we_held_back_says_nothing_and_another_goes_first(calling: Calling) -> None:
    jobs = await _refused_jobs(calling)
    await calling.open_the_gates_by_time()
    await (await jobs[0].call(1)).is_not_placed(Outcome.HELD_BACK)

    probe = await jobs[1].call(1)
    assert await jobs[0].is_held(2) is NotNowReason.ACCOUNT
    await probe.reports(CallState.QUEUED)
    await jobs[0].call(2)


async def test_the_gate_closes_again_when_the_probe_is_refused(calling: Calling) -> None:
    jobs = await _refused_jobs(calling)
    await calling.open_the_gates_by_time()
    await (await jobs[0].call(1)).is_not_placed(Outcome.ACCOUNT_REJECTED)

    held = await jobs[1].claim(1)
    assert isinstance(held, NotNow)
    assert held.reason is NotNowReason.ACCOUNT
    assert held.until is not None
    assert (held.until - await calling.now()).total_seconds() > 200
    await calling.open_the_gates_by_time()
    await jobs[1].call(1)  # the next probe
    assert await jobs[0].is_held(2) is NotNowReason.ACCOUNT


async def test_a_call_from_before_the_refusal_does_not_open_the_gate(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 3)
    before = await job.call(0)
    await (await job.call(1)).is_not_placed(Outcome.ACCOUNT_REJECTED)

    assert await before.completes() is Recorded.MOVED

    assert await job.is_held(2) is NotNowReason.ACCOUNT


async def test_the_speed_divides_how_long_the_gate_is_closed(engine: Database) -> None:
    fast = Calling(engine, speed=60)
    job = await fast.a_job(await a_caller(engine), 2)
    await (await job.call()).is_not_placed(Outcome.ACCOUNT_REJECTED)

    held = await job.claim(1)

    assert isinstance(held, NotNow)
    assert held.seconds == pytest.approx(5, abs=1)


async def _refused_jobs(calling: Calling) -> list[Job]:
    """Three jobs of three organizations, on an account that was just refused."""
    jobs = [await calling.a_job(await a_caller(calling.engine), some_contacts(11, start=100 * i)) for i in range(3)]
    await (await jobs[0].call(0)).is_not_placed(Outcome.ACCOUNT_REJECTED)
    return jobs
