"""Requests to carriers that may be on their way."""

from store.calls.in_flight import CallScope, InFlightRequests
from tests.builders import a_contact
from tests.store.calling import Calling, a_caller, ago

ADA, BOB = "+12025550101", "+12025550102"


async def test_a_claimed_dial_may_be_on_its_way_until_it_has_a_call_id_or_ends(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, 2)
    placing = InFlightRequests(shared.engine)
    assert await placing.count(CallScope(organization_id=given.id, job_id=job.id)) == 0
    one, two = await job.call(0), await job.call(1)
    assert await placing.count(CallScope(organization_id=given.id, job_id=job.id)) == 2
    await one.rings()
    assert await placing.count(CallScope(organization_id=given.id, job_id=job.id)) == 1
    await two.is_not_placed()
    assert await placing.count(CallScope(organization_id=given.id, job_id=job.id)) == 0


async def test_what_was_asked_longer_ago_than_a_request_can_take_is_not_on_its_way(shared: Calling) -> None:
    job, call = await shared.a_call()
    await call.change(asked_at=ago(seconds=21))
    assert await InFlightRequests(shared.engine).count(CallScope(organization_id=job.given.id, job_id=job.id)) == 0


async def test_all_jobs_of_an_organization_count_and_none_of_another_nor_other_numbers(shared: Calling) -> None:
    given, other = await a_caller(shared.engine), await a_caller(shared.engine)
    one = await shared.a_job(given, [a_contact(2, ADA)])
    two = await shared.a_job(given, [a_contact(2, BOB)])
    theirs = await shared.a_job(other, [a_contact(2, ADA)])
    for job in (one, two, theirs):
        await job.call()
    placing = InFlightRequests(shared.engine)
    assert await placing.count(CallScope(organization_id=given.id)) == 2
    assert await placing.count(CallScope(organization_id=other.id)) == 1
    assert await placing.count(CallScope(organization_id=other.id, job_id=one.id)) == 0
    assert await placing.count(CallScope(organization_id=given.id, numbers=(ADA, "+12025550199"))) == 1
    assert await placing.count(CallScope(organization_id=other.id, numbers=(BOB,))) == 0
    assert await placing.count(CallScope(organization_id=given.id, numbers=())) == 0
