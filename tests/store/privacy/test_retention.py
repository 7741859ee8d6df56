"""What an organization keeps for a number of days goes then, and nothing before; counts stay."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from domain.privacy import ERASED
from store.db.engine import Database
from store.db.vault import Vault
from store.organizations.organizations import OrganizationChange, Organizations
from store.privacy import retention as module
from store.privacy.number_hashes import HASH, NumberHashes
from store.privacy.retention import KeptTooLong, Retention
from store.tables import batch_jobs, contacts, dials, rejects
from tests.builders import a_contact
from tests.store.calling import Calling, Job, a_caller

SECRET = "secret-of-the-tests-long-enough-for-us"
DAYS = 30


def retention(engine: Database, days: int | None = None) -> Retention:
    return Retention(engine, NumberHashes(engine, Vault([SECRET])), days)


async def ended_before(shared: Calling, days: int) -> Job:
    """A job with a call, a rejected row and rewritten numbers, that ended so many days ago."""
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, "+12025550141"), a_contact(3, "+12025550142")])
    call = await job.call()
    await call.completes()
    at = datetime.now(UTC) - timedelta(days=days)
    await shared.change(batch_jobs, batch_jobs.c.id == job.id, status="completed", completed_at=at)
    await shared.change(contacts, contacts.c.job_id == job.id, conversation={"summary": "Ada comes."})
    await shared.change(dials, dials.c.job_id == job.id, asked_at=at)
    rewritten = {"rewritten": [{"row": 2, "written": "202-555-0141"}]}
    await shared.change(batch_jobs, batch_jobs.c.id == job.id, validation=rewritten)
    async with shared.engine.begin() as connection:
        refused = {"job_id": job.id, "row": 4, "cells": ["Ada"], "reason": "x"}
        await connection.execute(sa.insert(rejects).values(refused))
    return job


async def set_days(shared: Calling, job: Job, days: int | None) -> None:
    change = OrganizationChange(retention_days=days)
    assert (await Organizations(shared.engine).change(job.given.id, change, by="key_1")).retention_days == days


async def due(kept: Retention, job: Job) -> list[KeptTooLong]:
    return [each for each in await kept.list_jobs() if each.id == job.id]


async def test_a_job_loses_its_contacts_data_when_its_days_are_over(shared: Calling) -> None:
    job, kept = await ended_before(shared, DAYS + 1), retention(shared.engine)
    assert await due(kept, job) == []  # for ever
    await set_days(shared, job, DAYS + 2)
    assert await due(kept, job) == []
    await set_days(shared, job, DAYS)

    [found] = await due(kept, job)
    assert await kept.erase_job(found) is True

    rows = await shared.all(contacts, contacts.c.job_id == job.id)
    assert {(row.number, str(row.data), row.conversation) for row in rows} == {(ERASED, "{}", None)}
    assert sorted(row.status for row in rows) == ["completed", "pending"]
    [dial] = await shared.all(dials, dials.c.job_id == job.id)
    assert dial.to_number.startswith(HASH)
    assert dial.outcome == "answered"
    assert await shared.count(rejects, rejects.c.job_id == job.id) == 0
    row = await job.row()
    assert (row.validation, row.total_contacts) == ({"rewritten": []}, 2)
    assert row.erased_at is not None
    assert await due(kept, job) == []
    assert await kept.erase_job(found) is True  # as after a crash


async def test_the_platforms_days_hold_where_an_organization_says_nothing(shared: Calling) -> None:
    job = await ended_before(shared, DAYS + 1)
    assert await due(retention(shared.engine, DAYS + 2), job) == []
    assert len(await due(retention(shared.engine, DAYS), job)) == 1
    await set_days(shared, job, DAYS + 2)
    assert await due(retention(shared.engine, DAYS), job) == []


async def test_a_job_with_a_live_call_is_left_alone(shared: Calling) -> None:
    job = await ended_before(shared, DAYS + 1)
    await shared.change(dials, dials.c.job_id == job.id, ended_at=None)
    assert await due(retention(shared.engine, DAYS), job) == []


async def test_a_large_job_goes_in_batches_and_a_sweep_ends(shared: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    job, kept = await ended_before(shared, DAYS + 1), retention(shared.engine, DAYS)
    monkeypatch.setattr(module, "MAX_BATCHES", 1)
    [found] = await due(kept, job)
    assert await kept.erase_job(found) is False  # the next sweep goes on
    assert (await job.row()).erased_at is None
    assert await kept.erase_job(found) is True
    assert (await job.row()).erased_at is not None


async def test_numbers_of_old_calls_of_deleted_jobs_become_hashes(shared: Calling) -> None:
    job, kept = await ended_before(shared, DAYS + 1), retention(shared.engine, DAYS)
    async with shared.engine.begin() as connection:
        await connection.execute(sa.delete(batch_jobs).where(batch_jobs.c.id == job.id))
    [old] = [each for each in await kept.list_old_calls() if each.id == job.given.id]

    assert await kept.hash_numbers(old) is True
    [dial] = await shared.all(dials, dials.c.job_id == job.id)
    assert dial.to_number.startswith(HASH)
    assert [each for each in await kept.list_old_calls() if each.id == job.given.id] == []
