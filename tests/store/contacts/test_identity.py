"""One telephone under two writings of its number: called, capped and listed as one."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings

from domain.calling_rules.do_not_call import Source
from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calls.dispatch import NotNow, NotNowReason
from domain.statuses import OnOverlap
from store.calls.claim import Claimed
from store.contacts.do_not_call import Added, DoNotCall
from store.errors import NoContactsLeft
from store.tables import contacts
from tests.builders import a_contact
from tests.store.calling import Calling, a_caller
from tests.writings import writings

each_telephone = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Pair = tuple[str, str]


@each_telephone
@given(pair=writings())
async def test_it_is_skipped_where_another_job_calls_it(shared: Calling, pair: Pair) -> None:
    caller = await a_caller(shared.engine)
    await shared.a_job(caller, [a_contact(2, pair[0])])
    with pytest.raises(NoContactsLeft):
        await shared.a_job(caller, [a_contact(2, pair[1])], on_overlap=OnOverlap.SKIP)


@each_telephone
@given(pair=writings())
async def test_it_enters_as_blocked_where_it_is_listed(shared: Calling, pair: Pair) -> None:
    caller, do_not_call = await a_caller(shared.engine), DoNotCall(shared.engine)
    assert await do_not_call.add(caller.id, [pair[0]], source=Source.API, by="x") == Added(new=1)
    assert await do_not_call.add(caller.id, [pair[1]], source=Source.API, by="x") == Added(new=0)
    entry = await do_not_call.find(caller.id, pair[1])
    assert entry is not None
    assert entry.number == pair[0]

    job = await shared.a_job(caller, [a_contact(2, pair[1]), a_contact(3, "+12025550101")])
    assert (await job.contact(0)).status == "blocked"

    assert await do_not_call.remove(caller.id, pair[1], by="x")
    assert await do_not_call.find(caller.id, pair[0]) is None


@each_telephone
@given(pair=writings())
async def test_it_is_blocked_while_it_waits(shared: Calling, pair: Pair) -> None:
    caller = await a_caller(shared.engine)
    job = await shared.a_job(caller, [a_contact(2, pair[1])])
    added = await DoNotCall(shared.engine).add(caller.id, [pair[0]], source=Source.API, by="x")
    assert added == Added(new=1, blocked=1, job_ids=(job.id,))


@each_telephone
@given(pair=writings())
async def test_its_calls_count_together_and_never_run_at_once(shared: Calling, pair: Pair) -> None:
    caller, once = await a_caller(shared.engine), ContactFrequency(calls_per_24_hours=1)
    first = await shared.a_job(caller, [a_contact(2, pair[0])])
    second = await shared.a_job(caller, [a_contact(2, pair[1])])
    capped = await shared.a_job(caller, [a_contact(2, pair[1])], contact_frequency=once)

    call = await first.call()
    assert await second.is_held() is NotNowReason.PAIR
    await call.is_busy()

    held = await capped.claim()
    assert isinstance(held, NotNow)
    assert held.reason is NotNowReason.FREQUENCY


@each_telephone
@given(pair=writings())
async def test_one_call_at_a_time_goes_out_from_it_too(shared: Calling, pair: Pair) -> None:
    """The caller id is registered in two writings."""
    caller = await a_caller(shared.engine)
    person = [a_contact(2, "+12025550103")]
    jobs = [await shared.a_job(caller, person) for _ in pair]
    for job, writing in zip(jobs, pair, strict=True):
        await job.change(from_number=writing)

    await jobs[0].call()

    assert await jobs[1].is_held() is NotNowReason.PAIR


@each_telephone
@given(pair=writings())
async def test_of_claims_in_the_same_instant_one_calls_it(shared: Calling, pair: Pair) -> None:
    caller = await a_caller(shared.engine)
    jobs = [await shared.a_job(caller, [a_contact(2, writing)]) for writing in (*pair, *pair)]

    claims = await asyncio.gather(*(job.claim() for job in jobs))

    assert sum(isinstance(claim, Claimed) for claim in claims) == 1
    assert {claim.reason for claim in claims if isinstance(claim, NotNow)} == {NotNowReason.PAIR}


@each_telephone
@given(pair=writings())
async def test_the_claim_itself_refuses_a_listed_one(shared: Calling, pair: Pair) -> None:
    """As where another writing was listed before the two were known to be one."""
    caller = await a_caller(shared.engine)
    job = await shared.a_job(caller, [a_contact(2, pair[1])])
    await DoNotCall(shared.engine).add(caller.id, [pair[0]], source=Source.API, by="x")
    await shared.change(contacts, contacts.c.id == (await job.contact()).id, status="pending", completed_at=None)

    assert await job.is_held() is NotNowReason.CONTACT
    assert (await job.contact()).status == "blocked"
