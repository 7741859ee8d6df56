"""A job that is too long for one run: the next one follows the calls that are live."""

from temporalio.api.enums.v1 import EventType
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.statuses import JobStatus
from tests.builders import a_job, a_number, an_organization
from tests.fakes.carrier import ANSWERS, TALKS_ON
from tests.waiting import eventually
from tests.workflows.running import Job, Running
from workflows.batch_job import BatchJobStart
from workflows.names import NAME

CONTACTS = 40  # about 240 events: two runs at least
TALKING = 3
WITH_A_TASK_LOST = 60.0  # Temporal's SDK may lose one that comes as a worker stops: it is given out again after 30 s
TASK_FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED


async def starts(job: Job) -> list[BatchJobStart]:
    """What each run began with."""
    inputs = [history.events[0].workflow_execution_started_event_attributes.input for history in await job.histories()]
    return [(await pydantic_data_converter.decode(list(payloads.payloads), [BatchJobStart]))[0] for payloads in inputs]


async def a_long_job(running: Running) -> Job:
    """Some talk on over the end of the first run; placing takes a while, so that requests are on their way then."""
    given = await an_organization(running.engine)
    running.carrier.usually(ANSWERS.but(answer_after=0.05))
    for n in range(TALKING):
        running.carrier.script(a_number(n), TALKS_ON)
    stored = await a_job(running.engine, given, CONTACTS, concurrent_call_limit=10)
    return await running.start_in_real_time(given, stored)


async def test_live_calls_are_followed_by_the_next_run_and_nobody_is_called_twice(running: Running) -> None:
    job = await a_long_job(running)
    await eventually(lambda: len(running.carrier.live) == TALKING and len(running.carrier.calls) == CONTACTS, 60)
    await running.carrier.end_all()

    assert await job.result() is JobStatus.COMPLETED

    called = [order.to for order in running.carrier.asked]
    assert sorted(called) == sorted(a_number(n) for n in range(CONTACTS))
    assert running.carrier.most_live <= 10
    first, second, *_ = await starts(job)
    assert first.in_flight == ()
    assert len(second.in_flight) >= TALKING


async def test_no_ending_meets_the_task_that_closes_a_run(running: Running) -> None:
    """It would be refused, and the whole run replayed to try it again."""
    given = await an_organization(running.engine)
    running.carrier.usually(ANSWERS.but(ends_after=0.3))
    stored = await a_job(running.engine, given, 2 * CONTACTS, concurrent_call_limit=20)
    job = await running.start_in_real_time(given, stored)
    await eventually(lambda: _has_ended(job), 60)

    assert len(await job.run_ids()) > 2
    assert [event for event in await job.events() if event.event_type == TASK_FAILED] == []
    assert len({order.to for order in running.carrier.asked}) == len(running.carrier.asked) == 2 * CONTACTS


async def _has_ended(job: Job) -> bool:
    return (await job.status()).ended


async def test_another_worker_follows_the_calls_of_one_that_stopped(unmanned: Running) -> None:
    given = await an_organization(unmanned.engine)
    unmanned.carrier.usually(TALKS_ON)
    stored = await a_job(unmanned.engine, given, 5, concurrent_call_limit=3)
    async with unmanned.workers():
        job = await unmanned.start_in_real_time(given, stored)
        await eventually(lambda: len(unmanned.carrier.live) == 3)
    assert len(unmanned.carrier.live) == 3

    async with unmanned.workers():
        await unmanned.end_all_calls(job, WITH_A_TASK_LOST)
        assert await job.result() is JobStatus.COMPLETED

    assert len({order.to for order in unmanned.carrier.asked}) == len(unmanned.carrier.asked) == 5


async def test_a_name_and_attributes_outlive_a_run(running: Running) -> None:
    job = await a_long_job(running)

    async def shows_details_in_another_run() -> bool:
        return len(await job.run_ids()) > 1 and (await job.current_details()).startswith("### Reminders")

    await eventually(shows_details_in_another_run)
    description = await job.handle.describe()
    assert await description.memo_value("name", type_hint=str) == "Reminders"
    assert "OutdialOrg" in {pair.key.name for pair in description.typed_search_attributes}


async def test_the_list_of_workflows_shows_and_finds_a_name_in_every_run(running: Running) -> None:
    job = await a_long_job(running)

    async def listed() -> set[str]:
        query = f'OutdialName STARTS_WITH "Remind" AND WorkflowId = "batch-job/{job.id}"'
        return {workflow.run_id async for workflow in running.client.list_workflows(query)}

    async def finds_all_runs() -> bool:
        runs = set(await job.run_ids())
        return len(runs) > 1 and await listed() == runs

    await eventually(finds_all_runs)
    description = await job.handle.describe()
    assert description.typed_search_attributes[NAME] == "Reminders"
    await running.carrier.end_all()


async def test_a_cancel_that_was_heard_by_one_run_is_obeyed_by_the_next(running: Running) -> None:
    job = await a_long_job(running)
    await eventually(lambda: len(running.carrier.calls) >= CONTACTS // 2)
    await job.handle.cancel()
    await job.until(JobStatus.CANCELLED)
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.CANCELLED
    assert len({order.key for order in running.carrier.asked}) == len(running.carrier.asked)
