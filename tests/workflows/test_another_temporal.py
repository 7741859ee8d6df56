"""A Temporal that knows nothing of the jobs ends none of them: "not found" is not "closed"."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment

from activities.reconcile import Fixed
from domain.statuses import JobStatus
from domain.temporal_namespace import RESTORED
from stack.namespace import RETENTION, Allowed, WrongNamespace, _duration, prepare_for
from store.recovery import Recovery
from tests.builders import Given, a_job, a_number, an_organization, contacts
from tests.fakes.carrier import TALKS_ON
from tests.waiting import eventually
from tests.workflows.conftest import start_temporal
from tests.workflows.running import Job, Running
from workflows.client import JobWorkflows, NoSuchNamespace

NOTHING_CHANGED = [
    {"status": "running", "cancelled": 0, "jobs": 1},
    {"status": "scheduled", "cancelled": 0, "jobs": 3},
]


@pytest.fixture
async def empty() -> AsyncIterator[Client]:
    """Another server, or this one after somebody removed its database: both have new ids."""
    async with await start_temporal() as environment:
        yield await connected(environment.client, environment.client.namespace)


@pytest.fixture
async def open_jobs(running: Running) -> list[Job]:
    """One on the phone, and three organizations' jobs of next month."""
    running.carrier.usually(TALKS_ON)
    given = [await an_organization(running.engine, caller_id=a_number(7000 + n)) for n in range(3)]
    soon = await running.start_in_real_time(
        given[0], await a_job(running.engine, given[0], contacts(4), concurrent_call_limit=1)
    )
    later = [await _scheduled(running, each, 100 * n) for n, each in enumerate(given)]

    async def all_known() -> bool:
        waiting = await running.rows("SELECT id FROM batch_jobs WHERE workflow_started_at IS NULL")
        return not waiting and len(running.carrier.live) == 1

    await eventually(all_known)
    return [soon, *later]


async def _scheduled(running: Running, given: Given, start: int) -> Job:
    at = datetime.now(UTC) + timedelta(days=30)
    stored = await a_job(running.engine, given, contacts(5, start=start), scheduled_start_time=at)
    return await running.start_in_real_time(given, stored, at)


async def sweep(running: Running, client: Client) -> Fixed:
    """Of a worker that is connected to this namespace."""
    return await ActivityEnvironment().run(running.reconciliation_by(JobWorkflows(client)).reconcile)


async def jobs_by_status(running: Running) -> list[dict[str, object]]:
    rows = await running.rows("""
        SELECT j.status, count(*) FILTER (WHERE c.status = 'cancelled') AS cancelled, count(DISTINCT j.id) AS jobs
        FROM batch_jobs j JOIN contacts c ON c.job_id = j.id GROUP BY j.status ORDER BY j.status""")
    return [dict(row) for row in rows]


async def a_namespace(server: Client, name: str) -> Client:
    """A second one on the same server; there from now on."""
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=_duration(RETENTION))
    await server.workflow_service.register_namespace(request)
    return await connected(server, name)


async def connected(server: Client, name: str) -> Client:
    address = server.service_client.config.target_host
    return await Client.connect(address, namespace=name, data_converter=pydantic_data_converter)


async def test_an_emptied_temporal_fails_no_job_and_the_alarm_says_what_to_do(
    running: Running, open_jobs: list[Job], empty: Client
) -> None:
    fixed = await sweep(running, empty)

    assert fixed.model_dump(exclude={"alarm"}) == Fixed().model_dump(exclude={"alarm"})
    assert fixed.alarm is not None
    assert "TEMPORAL_NAMESPACE" in fixed.alarm
    assert "--rebind" in fixed.alarm
    assert await running.binding.alarm() == fixed.alarm
    assert await jobs_by_status(running) == NOTHING_CHANGED
    assert [await job.closed_as() for job in open_jobs] == [1] * 4  # all still run where they belong


async def test_the_alarm_ends_with_the_first_sweep_at_the_right_temporal(
    running: Running, open_jobs: list[Job], empty: Client
) -> None:
    await sweep(running, empty)

    assert (await sweep(running, running.client)).alarm is None

    assert await running.binding.alarm() is None
    assert await jobs_by_status(running) == NOTHING_CHANGED


async def test_a_second_namespace_of_the_same_server_fails_no_job(running: Running, open_jobs: list[Job]) -> None:
    other = await a_namespace(running.client, "prod-eu")

    async def is_known() -> bool:
        return (await sweep(running, other)).alarm is not None

    await eventually(is_known)
    assert await jobs_by_status(running) == NOTHING_CHANGED


async def test_a_namespace_that_is_not_there_says_nothing_of_a_workflow(running: Running, open_jobs: list[Job]) -> None:
    mistyped = await connected(running.client, "defualt")

    with pytest.raises(NoSuchNamespace, match="'defualt'"):
        await sweep(running, mistyped)
    for asked in (JobWorkflows(mistyped).is_open, JobWorkflows(mistyped).nudge):
        with pytest.raises(NoSuchNamespace):
            await asked(open_jobs[0].id)

    assert await jobs_by_status(running) == NOTHING_CHANGED


async def test_a_database_that_was_never_bound_is_not_repaired(running: Running, open_jobs: list[Job]) -> None:
    await running.change("DELETE FROM temporal_namespace")

    fixed = await sweep(running, running.client)

    assert fixed.alarm is not None
    assert "outdial migrate --temporal" in fixed.alarm


async def test_most_workflows_unknown_in_the_right_namespace_is_an_alarm_and_no_repair(
    running: Running, open_jobs: list[Job], empty: Client
) -> None:
    """As after the restore of an old backup: the ids are the same."""
    await running.binding.rebind(await JobWorkflows(empty).namespace(), [])

    fixed = await sweep(running, empty)

    assert fixed.alarm is not None
    assert "4 of 4 open jobs" in fixed.alarm
    assert "--rebind" in fixed.alarm
    assert await jobs_by_status(running) == NOTHING_CHANGED


async def test_a_restored_database_fails_no_job_whose_workflow_has_ended_in_another_future(
    running: Running, open_jobs: list[Job]
) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    await Recovery(running.engine).mark(since)
    for job in open_jobs:
        await JobWorkflows(running.client).terminate(job.id, "as if it had completed")

    fixed = await sweep(running, running.client)

    assert fixed.alarm == RESTORED
    assert await running.binding.alarm() == RESTORED
    assert await jobs_by_status(running) == NOTHING_CHANGED


async def test_one_deleted_workflow_among_others_fails_its_job(running: Running, open_jobs: list[Job]) -> None:
    given = await an_organization(running.engine, caller_id=a_number(7100))
    stored = await a_job(running.engine, given, contacts(2, start=700))
    await running.change("UPDATE batch_jobs SET workflow_started_at = now() WHERE id = :job", job=stored.id)

    assert (await sweep(running, running.client)).failed == 1

    assert await running.job(given, stored).status() is JobStatus.FAILED


async def test_a_rebind_starts_the_jobs_anew_and_nobody_is_called_twice(
    running: Running, open_jobs: list[Job], empty: Client, database_url: str
) -> None:
    started = await prepare_for(empty, database_url, Allowed(rebind=True))
    await running.change("UPDATE batch_jobs SET created_at = created_at - interval '1 minute'")
    asked = len(running.carrier.asked)

    fixed = await sweep(running, empty)

    assert (started, fixed.started, fixed.alarm) == (4, 4, None)
    workflows = JobWorkflows(empty)
    assert [await workflows.is_open(job.id) for job in open_jobs] == [True] * 4
    assert len(running.carrier.asked) == asked
    assert await jobs_by_status(running) == NOTHING_CHANGED


async def test_after_a_rebind_a_job_goes_on_in_the_new_temporal_to_its_end(
    unmanned: Running, empty: Client, database_url: str
) -> None:
    given = await an_organization(unmanned.engine, caller_id=a_number(7200))
    stored = await a_job(unmanned.engine, given, contacts(3), concurrent_call_limit=1)
    unmanned.carrier.usually(TALKS_ON)
    async with unmanned.workers():
        job = await unmanned.start_in_real_time(given, stored)
        await eventually(lambda: len(unmanned.carrier.live) == 1)
    await prepare_for(empty, database_url, Allowed(rebind=True))
    await unmanned.change("UPDATE batch_jobs SET created_at = created_at - interval '1 minute'")

    async with unmanned.workers(empty):
        await sweep(unmanned, empty)
        await unmanned.end_all_calls(job)

    assert await job.status() is JobStatus.COMPLETED
    assert len(unmanned.carrier.asked) == len({order.key for order in unmanned.carrier.asked}) == 3


async def test_nothing_is_bound_or_created_without_being_asked_for(
    running: Running, database_url: str, empty: Client
) -> None:
    bound = await running.binding.get()
    mistyped = await connected(running.client, "prod-us")

    with pytest.raises(WrongNamespace, match=r"belongs to 'default'.*Nothing was changed"):
        await prepare_for(mistyped, database_url, Allowed(create=True))
    with pytest.raises(WrongNamespace, match="Nothing was changed"):
        await prepare_for(empty, database_url, Allowed(create=True))

    assert await running.binding.get() == bound
    with pytest.raises(NoSuchNamespace):
        await JobWorkflows(mistyped).namespace()


async def test_the_first_bind_creates_a_namespace_only_when_asked_to(
    empty: Client, database_url: str, unmanned: Running
) -> None:
    fresh = await connected(empty, "fresh")
    with pytest.raises(WrongNamespace, match="--create-namespace"):
        await prepare_for(fresh, database_url, Allowed())

    await prepare_for(fresh, database_url, Allowed(create=True))

    bound = await unmanned.binding.get()
    assert bound is not None
    assert bound.is_same_as(await JobWorkflows(fresh).namespace())
