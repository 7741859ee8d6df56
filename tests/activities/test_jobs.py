"""What a job's workflow asks of the database, of a job that is no longer there."""

from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from activities.jobs import JobActivities, JobRef, PageRequest
from domain.calls.dispatch import JobPage
from domain.statuses import JobStatus
from store.calls.due_page import DuePages
from store.db.engine import Database
from store.jobs.commands import OperatorCommands
from store.jobs.delete import JobDeletion
from store.jobs.lifecycle import JobLifecycle
from store.jobs.update import JobUpdates
from tests.builders import a_job, an_organization


@pytest.fixture
def activities(engine: Database) -> JobActivities:
    lifecycle = JobLifecycle(engine)
    return JobActivities(DuePages(engine), lifecycle, OperatorCommands(engine, lifecycle, JobUpdates(engine)))


@pytest.fixture
async def deleted(engine: Database) -> JobRef:
    given = await an_organization(engine)
    job = await a_job(engine, given, 1)
    await JobLifecycle(engine).cancel(given.id, job.id)
    await JobDeletion(engine).delete(given.id, job.id, by="key_0")
    return JobRef(organization_id=given.id, job_id=job.id)


@pytest.mark.parametrize("step", ["begin_job", "complete_job"])
async def test_a_deleted_job_is_neither_begun_nor_completed_and_read_as_ended(
    activities: JobActivities, deleted: JobRef, step: str
) -> None:
    request = PageRequest(**deleted.model_dump(), as_of=datetime.now(UTC), limit=10)
    page = await ActivityEnvironment().run(getattr(activities, step), request)
    assert isinstance(page, JobPage)
    assert page.status.ended
    assert not page.open


async def test_runs_of_older_versions_hear_how_it_went(activities: JobActivities, deleted: JobRef) -> None:
    environment = ActivityEnvironment()
    assert await environment.run(activities.begin_job, deleted) is JobStatus.CANCELLED
    assert await environment.run(activities.complete_job, deleted) is False
    assert await environment.run(activities.close_job, deleted) == 0
