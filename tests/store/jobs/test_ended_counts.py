"""An ended job was counted when it ended, and is counted again when its contacts change after that."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from domain.calls.models import AnsweredBy, CallState, Recorded
from domain.calls.retries import OnVoicemail, RetryPolicy
from domain.statuses import ContactStatus
from store.db.engine import Database
from store.jobs.repository import Jobs
from tests.builders import a_job, an_organization
from tests.statements import heard
from tests.store.calling import Calling, a_caller

TALKED = {"completed": 2, "busy": 1}


async def change(engine: Database, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text(statement), values)


async def kept(engine: Database, job_id: str) -> Any:
    async with engine.connect() as connection:
        query = sa.text("SELECT ended_counts FROM batch_jobs WHERE id = :job")
        return (await connection.execute(query, {"job": job_id})).scalar_one()


async def ended(engine: Database, status: str = "completed", last: str = "busy") -> tuple[str, str]:
    """An organization and its job of three contacts, two of whom were reached, and the `last` one."""
    given = await an_organization(engine)
    job = await a_job(engine, given, 3)
    await change(engine, "UPDATE contacts SET status = 'completed' WHERE job_id = :job", job=job.id)
    await change(engine, "UPDATE contacts SET status = :last WHERE job_id = :job AND row = 4", job=job.id, last=last)
    assert await kept(engine, job.id) is None
    await change(engine, "UPDATE batch_jobs SET status = :to WHERE id = :job", job=job.id, to=status)
    return given.id, job.id


async def counted(jobs: Jobs, organization_id: str, job_id: str) -> dict[str, int]:
    """As it is read, by itself and in a list."""
    job = await jobs.find(organization_id, job_id)
    assert job is not None
    assert (await jobs.list_page(organization_id, None, None, 1, 20)).jobs == [job]
    return {status.value: count for status, count in job.counts.by_status.items() if count}


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_job_is_counted_when_it_ends(engine: Database, jobs: Jobs, status: str) -> None:
    organization_id, job_id = await ended(engine, status)

    assert await kept(engine, job_id) == TALKED
    assert await counted(jobs, organization_id, job_id) == TALKED


async def test_it_is_counted_again_when_a_contact_changes(engine: Database, jobs: Jobs) -> None:
    organization_id, job_id = await ended(engine)

    await change(engine, "UPDATE contacts SET status = 'no_answer' WHERE job_id = :job AND row < 4", job=job_id)

    assert await kept(engine, job_id) == {"busy": 1, "no_answer": 2}
    assert await counted(jobs, organization_id, job_id) == {"busy": 1, "no_answer": 2}


async def test_while_somebody_is_on_the_phone_it_is_counted_as_it_is_read(engine: Database, jobs: Jobs) -> None:
    organization_id, job_id = await ended(engine, "cancelled", last="dialing")
    assert await kept(engine, job_id) is None
    assert await counted(jobs, organization_id, job_id) == {"completed": 2, "dialing": 1}

    await change(engine, "UPDATE contacts SET status = 'busy' WHERE job_id = :job AND row = 4", job=job_id)
    assert await counted(jobs, organization_id, job_id) == TALKED
    await change(engine, "UPDATE batch_jobs SET spent = spent + 1 WHERE id = :job", job=job_id)

    assert await kept(engine, job_id) == TALKED
    assert await counted(jobs, organization_id, job_id) == TALKED


async def test_a_job_that_goes_on_is_counted_as_it_is_read(engine: Database, jobs: Jobs) -> None:
    organization_id, job_id = await ended(engine)

    await change(engine, "UPDATE batch_jobs SET status = 'running' WHERE id = :job", job=job_id)
    assert await kept(engine, job_id) is None
    await change(engine, "UPDATE contacts SET status = 'queued' WHERE job_id = :job AND row = 4", job=job_id)

    assert await counted(jobs, organization_id, job_id) == {"completed": 2, "queued": 1}


async def test_a_word_that_comes_after_the_end_is_in_the_counts(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, 1, retry_policy=RetryPolicy(on_voicemail=OnVoicemail.RETRY))
    call = await job.call()
    await call.rings()
    await call.answers()
    await call.completes(9)
    await shared.lifecycle.complete(given.id, job.id)
    assert await kept(shared.engine, job.id) == {"completed": 1}

    assert await call.reports(CallState.ANSWERED, answered_by=AnsweredBy.MACHINE) is Recorded.CORRECTED

    found = await Jobs(shared.engine).find(given.id, job.id)
    contact = await call.contact()
    assert found is not None
    assert found.counts.by_status[ContactStatus(contact.status)] == found.counts.total == 1


async def test_a_list_of_ended_jobs_looks_at_no_contact(engine: Database, jobs: Jobs) -> None:
    organization_id, _ = await ended(engine)

    with heard() as statements:
        await jobs.list_page(organization_id, None, None, 1, 100)

    async with engine.reading() as connection:
        for statement, values in statements:
            row = await connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode(), values)
            [(plan,)] = await row.fetchall()
            assert set(_loops(plan[0]["Plan"], "contacts")) == {0}, json.dumps(plan, indent=1)


def _loops(plan: dict[str, Any], table: str) -> list[int]:
    """How often each part of a plan that reads the table was run."""
    own = [plan["Actual Loops"]] if plan.get("Relation Name") == table else []
    return own + [loops for part in plan.get("Plans", ()) for loops in _loops(part, table)]
