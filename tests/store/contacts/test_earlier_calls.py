"""Numbers that other jobs called lately, and lists that are sent twice."""

from typing import Any

import pytest

from domain.jobs.models import NewContact
from domain.statuses import JobStatus, OnOverlap
from store.errors import NoContactsLeft, Overlapping
from store.tables import dials
from tests.builders import Given, a_job
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller, ago


async def test_a_list_that_an_ended_job_had_within_a_week_is_doubted(shared: Calling) -> None:
    given, people = await a_caller(shared.engine), some_contacts(4, start=900)
    first = await _a_job_that_ended(shared, given, people)

    [warning] = await _warnings(shared, given, people)

    assert warning == (
        f'4 of 4 contacts were called within the last 7 days by the job "Reminders" ({first.id}), which has ended:'
        " was the same list sent twice?"
    )
    await shared.change(dials, dials.c.job_id == first.id, asked_at=ago(days=8))
    assert await _warnings(shared, given, people) == []


@pytest.mark.parametrize(("shared_contacts", "doubted"), [(2, True), (1, False)])
async def test_half_of_a_list_is_enough(shared: Calling, shared_contacts: int, doubted: bool) -> None:
    given = await a_caller(shared.engine)
    await _a_job_that_ended(shared, given, some_contacts(shared_contacts, start=910))

    assert bool(await _warnings(shared, given, some_contacts(4, start=910))) is doubted


async def test_a_retry_of_the_job_and_other_organizations_are_not_doubted(shared: Calling) -> None:
    given, people = await a_caller(shared.engine), some_contacts(2, start=920)
    first = await _a_job_that_ended(shared, given, people)

    assert await _warnings(shared, given, people, retry_of=first.id) == []
    assert await _warnings(shared, await a_caller(shared.engine), people) == []


async def test_the_rule_for_overlaps_looks_back_as_far_as_it_is_told(shared: Calling) -> None:
    given, people = await a_caller(shared.engine), some_contacts(3, start=930)
    first = await _a_job_that_ended(shared, given, people[:1])
    await shared.change(dials, dials.c.job_id == first.id, asked_at=ago(days=9))

    with pytest.raises(Overlapping) as refused:
        await a_job(shared.engine, given, people, on_overlap=OnOverlap.REJECT, overlap_days=10)
    assert (refused.value.rows, refused.value.days) == ((2,), 10)
    skipped = await a_job(shared.engine, given, people, on_overlap=OnOverlap.SKIP, overlap_days=10)
    assert skipped.total_contacts == 2
    assert skipped.report["warnings"] == [
        "1 contact skipped, because other jobs called them in the last 10 days: row 2."
    ]
    await shared.lifecycle.cancel(given.id, skipped.id)
    with pytest.raises(NoContactsLeft):
        await a_job(shared.engine, given, people[:1], on_overlap=OnOverlap.SKIP, overlap_days=10)
    for rule in ({}, {"on_overlap": OnOverlap.REJECT, "overlap_days": 8}):
        job = await a_job(shared.engine, given, people, **rule)
        assert (job.total_contacts, job.report["warnings"]) == (3, [])
        await shared.lifecycle.cancel(given.id, job.id)


async def test_calls_that_never_rang_are_not_looked_back_at(shared: Calling) -> None:
    given, people = await a_caller(shared.engine), some_contacts(1, start=940)
    job = await shared.a_job(given, people)
    await (await job.call()).is_not_placed()
    await job.cancel()

    await a_job(shared.engine, given, people, on_overlap=OnOverlap.REJECT, overlap_days=30)


async def test_who_is_on_the_phone_overlaps_though_the_job_was_cancelled(shared: Calling) -> None:
    given, people = await a_caller(shared.engine), some_contacts(1, start=950)
    job = await shared.a_job(given, people)
    await (await job.call()).answers()
    await job.cancel()

    with pytest.raises(Overlapping):
        await a_job(shared.engine, given, people, on_overlap=OnOverlap.REJECT)


async def _a_job_that_ended(calling: Calling, given: Given, people: list[NewContact]) -> Job:
    job = await calling.a_job(given, people)
    for which in range(len(people)):
        await (await job.call(which)).completes()
    assert await calling.lifecycle.complete(given.id, job.id)
    return job


async def _warnings(calling: Calling, given: Given, people: list[NewContact], **fields: Any) -> list[str]:
    """Those of a new job, which is cancelled before it calls anybody."""
    job = await a_job(calling.engine, given, people, **fields)
    assert job.status is JobStatus.PENDING
    await calling.lifecycle.cancel(given.id, job.id)
    warnings: list[str] = job.report["warnings"]
    return warnings
