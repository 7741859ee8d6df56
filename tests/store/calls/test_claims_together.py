"""Claims of one organization that come together: one transaction, the same rules, counted on from one to the next."""

import asyncio
from decimal import Decimal
from itertools import pairwise

import pytest

from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import Outcome
from store.calls import claim as claims
from store.calls.claim import Claimed
from store.db.engine import create_engine
from store.db.locks import lock_organization
from store.tables import contacts, dials, organizations
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller


async def _together(*claiming: tuple[Job, int]) -> list[Claimed | NotNow]:
    return list(await asyncio.gather(*(job.claim(which) for job, which in claiming)))


def _reasons(answers: list[Claimed | NotNow]) -> list[NotNowReason]:
    return [each.reason for each in answers if isinstance(each, NotNow)]


async def test_fifty_claims_are_a_few_statements(calling: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 50)
    transactions = 0

    async def count(*args: object) -> None:
        nonlocal transactions
        transactions += 1
        await lock_organization(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(claims, "lock_organization", count)
    answers = await _together(*((job, which) for which in range(50)))

    assert all(isinstance(each, Claimed) for each in answers)
    assert transactions == 1
    assert await job.live() == 50
    assert (await job.audit()).exact
    assert {contact.status for contact in await job.contacts()} == {"dialing"}


async def test_no_limit_is_exceeded_within_a_batch(shared: Calling) -> None:
    given = await a_caller(shared.engine, limit=5)
    one = await shared.a_job(given, some_contacts(6), concurrent_call_limit=2)
    other = await shared.a_job(given, some_contacts(6, start=100))

    answers = await _together(*((job, which) for which in range(6) for job in (one, other)))

    assert (await one.live(), await other.live()) == (2, 3)
    assert set(_reasons(answers)) == {NotNowReason.LINE}
    assert len(_reasons(answers)) == 7


async def test_credits_are_reserved_one_call_after_another(shared: Calling) -> None:
    """What is free, after both jobs' holds, covers two calls more than the holds do."""
    given = await a_caller(shared.engine, credits=Decimal("100"))
    job = await shared.a_job(given, 6)
    await job.change(hold=0)
    await shared.change(organizations, organizations.c.id == given.id, held=Decimal("99.9"))
    answers = await _together(*((job, which) for which in range(6)))
    claimed = [each for each in answers if isinstance(each, Claimed)]
    assert len(claimed) == 2
    assert set(_reasons(answers)) == {NotNowReason.CREDITS}


async def test_max_cost_counts_those_claimed_before(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 6)
    rate = (await job.row()).rate_per_minute
    await job.change(max_cost=rate * 2 * 3)

    answers = await _together(*((job, which) for which in range(6)))

    assert await job.live() == 3
    assert set(_reasons(answers)) == {NotNowReason.MAX_COST}


async def test_one_telephone_is_called_once_though_two_jobs_want_it_at_once(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    jobs = [await shared.a_job(given, some_contacts(1, start=1)) for _ in range(2)]

    answers = await _together(*((job, 0) for job in jobs))

    assert _reasons(answers) == [NotNowReason.PAIR]
    assert await jobs[0].live() + await jobs[1].live() == 1


async def test_a_cap_on_calls_to_a_number_counts_those_claimed_before(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    elsewhere = await shared.another_number(given)
    capped = {"contact_frequency": {"callsPer24Hours": 1}}
    jobs = [await shared.a_job(each, some_contacts(1, start=1)) for each in (given, elsewhere)]
    for job in jobs:
        await job.change(**capped)

    answers = await _together(*((job, 0) for job in jobs))

    assert _reasons(answers) == [NotNowReason.FREQUENCY]


async def test_the_same_dial_is_claimed_once(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)

    answers = await _together(*[(job, 0)] * 3)

    assert _reasons(answers) == [NotNowReason.CONTACT] * 2
    assert await job.dials() == 1


async def test_a_batch_has_the_slots_of_the_pace_that_come_soon(shared: Calling) -> None:
    """At five hundred a second, those of the next hundredth of a second; each waits for its own.

    A process that is killed meanwhile leaves dials of which nobody can say that they were not asked for.
    """
    job = await shared.a_job(await a_caller(shared.engine, calls_per_second=Decimal(500)), 10)

    answers = await _together(*((job, which) for which in range(10)))

    waits = sorted(each.wait_seconds for each in answers if isinstance(each, Claimed))
    assert waits == pytest.approx([0, 0.002, 0.004, 0.006, 0.008, 0.01])
    assert _reasons(answers) == [NotNowReason.PACING] * 4
    rows = await shared.all(dials, dials.c.job_id == job.id)
    asked = sorted(row.asked_at for row in rows)
    assert all((later - earlier).total_seconds() >= 0.002 for earlier, later in pairwise(asked))


async def test_one_call_goes_first_at_a_gate_whose_time_is_over(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 4)
    await (await job.call(3)).is_not_placed(Outcome.ACCOUNT_REJECTED)
    await calling.open_the_gates_by_time()

    answers = await _together(*((job, which) for which in range(3)))

    assert await job.live() == 1
    assert set(_reasons(answers)) <= {NotNowReason.ACCOUNT, NotNowReason.NUMBER}
    assert len(_reasons(answers)) == 2


async def test_a_contact_that_cannot_be_judged_fails_alone(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    await shared.change(contacts, contacts.c.id == job.contact_ids[1], zones={"not": "a list"})

    answers = await asyncio.gather(*(job.claim(which) for which in range(3)), return_exceptions=True)

    assert [isinstance(each, Claimed) for each in answers] == [True, False, True]
    assert isinstance(answers[1], Exception)
    assert await job.live() == 2


async def test_a_claim_that_is_called_off_while_it_waits_takes_no_line(
    shared: Calling, shared_database_url: str
) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, 3)
    async with shared.engine.transaction() as connection:
        await connection.run("SELECT id FROM organizations WHERE id = %(id)s FOR UPDATE", {"id": given.id})
        first = asyncio.create_task(job.claim(0))
        await asyncio.sleep(0.2)
        second, third = (asyncio.create_task(job.claim(which)) for which in (1, 2))
        await asyncio.sleep(0.1)
        second.cancel()
        await asyncio.sleep(0.1)
    assert isinstance(await first, Claimed)
    assert isinstance(await third, Claimed)
    assert await job.live() == 2


async def test_two_processes_together_keep_the_limit(shared: Calling, shared_database_url: str) -> None:
    given = await a_caller(shared.engine, limit=7)
    job = await shared.a_job(given, 40)
    engines = [create_engine(shared_database_url, 4) for _ in range(2)]
    others = [Calling(engine).claims for engine in engines]

    answers = await asyncio.gather(
        *(others[which % 2].claim(given.id, job.id, job.contact_ids[which], 1) for which in range(40))
    )

    assert sum(isinstance(each, Claimed) for each in answers) == 7
    for engine in engines:
        await engine.dispose()
