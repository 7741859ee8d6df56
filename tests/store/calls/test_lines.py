"""What the sharing of lines reads of an organization."""

import pytest
from sqlalchemy import text

from domain.jobs.line_shares import OrganizationLines
from store.calls.lines import Lines
from store.db.engine import Database
from store.errors import NotFound
from store.jobs.lifecycle import JobLifecycle
from tests.builders import a_job, an_organization


async def test_the_limits_and_the_jobs_that_call_are_read(engine: Database) -> None:
    given = await an_organization(engine, limit=20)
    jobs = [await a_job(engine, given, 1) for _ in range(3)]
    control = JobLifecycle(engine)
    for job in jobs[:2]:
        await control.begin(given.id, job.id)
    await control.pause(given.id, jobs[1].id)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE organizations SET reserved_lines = 4"))

    lines = await Lines(engine).read(given.id)

    assert lines == OrganizationLines(limit=20, reserved=4, running=(jobs[0].id,))
    assert lines.usable == 16


async def test_an_organization_without_jobs_has_its_limits_and_an_unknown_one_none(engine: Database) -> None:
    given = await an_organization(engine, limit=7)

    assert await Lines(engine).read(given.id) == OrganizationLines(limit=7, reserved=0, running=())
    with pytest.raises(NotFound):
        await Lines(engine).read("org_unknown")


async def test_calling_organizations_are_listed_once(engine: Database) -> None:
    calling = await an_organization(engine, caller_id="+12025550101")
    await an_organization(engine, caller_id="+12025550102")
    for _ in range(2):
        await JobLifecycle(engine).begin(calling.id, (await a_job(engine, calling, 1)).id)

    assert await Lines(engine).list_calling_organizations() == [calling.id]
