"""Records the histories that `test_replay.py` replays: `pytest tests/workflows/record_histories.py`.

They go into the folder of the version in the making, and only there: what a released version recorded is what its open
jobs hold (docs/how-to/change-a-workflow.md).
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from domain.statuses import ContactStatus, JobStatus
from domain.webhooks.events import DeliveryStatus
from settings import VERSION
from store.db.engine import Database
from tests.builders import a_job, a_number, an_organization, contacts
from tests.fakes.carrier import ANSWERS, BUSY, NO_SUCH_NUMBER, TALKS_ON
from tests.receiving import Receiver, answers, ok
from tests.waiting import eventually
from tests.workflows.delivering import Delivering
from tests.workflows.running import Running
from tests.workflows.test_replay import patches
from workflows.batch_job import BatchJob
from workflows.names import lines_workflow_id
from workflows.organization_lines import SIGNALS_AT_ONCE, OrganizationLines

HISTORIES = Path(__file__).parent / "histories" / VERSION
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
CONTACTS = 25


def keep(name: str, history: WorkflowHistory) -> None:
    """Write a history without what only this machine knows."""
    released = f"## [{VERSION}]" in CHANGELOG.read_text()
    assert not released, f"{VERSION} is released: raise the version in settings.py first"
    HISTORIES.mkdir(exist_ok=True)
    text = json.dumps(_without_identities(json.loads(history.to_json())), indent=1)
    (HISTORIES / f"{name}.json").write_text(text + "\n")


def _without_identities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "" if key == "identity" else _without_identities(part) for key, part in value.items()}
    return [_without_identities(part) for part in value] if isinstance(value, list) else value


async def test_record_a_prelude_and_a_complete_run(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.script(a_number(0), BUSY, ANSWERS)
    running.carrier.script(a_number(1), NO_SUCH_NUMBER)
    start_at = datetime.now(UTC) + timedelta(days=1)
    stored = await a_job(running.engine, given, 3, scheduled_start_time=start_at)
    job = await running.start(given, stored, start_at)
    await job.result()

    prelude, calling = await job.histories()
    keep("scheduled_prelude", prelude)
    keep("complete", calling)


async def test_record_runs_with_calls_in_flight_between_them(running: Running) -> None:
    given = await an_organization(running.engine)
    running.carrier.script(a_number(0), TALKS_ON)
    running.carrier.script(a_number(1), TALKS_ON)
    stored = await a_job(running.engine, given, CONTACTS, concurrent_call_limit=5)
    job = await running.start_in_real_time(given, stored)
    await eventually(lambda: len(running.carrier.calls) == CONTACTS and len(running.carrier.live) == 2)
    await running.end_all_calls(job)
    await job.result()

    first, second = await job.histories()
    keep("continued_with_calls", first)
    keep("continued_follows_calls", second)


async def test_record_pause_resume_and_cancel(running_long: Running) -> None:
    given = await an_organization(running_long.engine)
    running_long.carrier.usually(TALKS_ON)
    stored = await a_job(running_long.engine, given, 4, concurrent_call_limit=2)
    job = await running_long.start_in_real_time(given, stored)
    await eventually(lambda: len(running_long.carrier.live) == 2)
    await job.handle.signal(BatchJob.pause)
    await job.until(JobStatus.PAUSED)
    await running_long.change("UPDATE batch_jobs SET name = 'Recall'")
    await job.handle.signal(BatchJob.change_limit, 1)
    await running_long.carrier.end_all()

    async def two_are_done() -> bool:
        return [contact["status"] for contact in await job.contacts()].count(ContactStatus.COMPLETED) == 2

    await eventually(two_are_done)
    await job.handle.signal(BatchJob.resume)
    await eventually(lambda: len(running_long.carrier.live) == 1)
    await job.handle.cancel()
    await job.until(JobStatus.CANCELLED)
    await running_long.end_all_calls(job)
    await job.result()

    (history,) = await job.histories()
    keep("paused_resumed_cancelled", history)


async def test_record_jobs_that_share_lines_take_turns_and_are_stopped(hasty: Running) -> None:
    given = await an_organization(hasty.engine, limit=2)
    hasty.carrier.usually(ANSWERS.but(ends_after=0.2))
    jobs = []
    for place in range(3):
        stored = await a_job(hasty.engine, given, contacts(20, start=place * 100), priority=place + 1)
        jobs.append(await hasty.start_in_real_time(given, stored))
    workflow_id = lines_workflow_id(given.id)

    async def has_continued() -> bool:
        return len(await hasty.run_ids(workflow_id)) > 2

    await eventually(has_continued)
    await hasty.lines_of(given).signal(OrganizationLines.stop)
    for job in jobs:
        await job.until(JobStatus.PAUSED)
    await hasty.lines_of(given).terminate("recorded")

    first, second, *_, last = await hasty.histories(workflow_id)
    keep("lines_begin", first)
    keep("lines_go_on", second)
    keep("lines_stopped", last)


async def test_record_a_share_that_grows_while_a_call_waits(hasty: Running) -> None:
    """Once the first call has ended the last one is handed out ahead of its line."""
    given = await an_organization(hasty.engine, limit=4)
    hasty.carrier.usually(TALKS_ON)
    hasty.carrier.script(a_number(0), ANSWERS)
    other = await hasty.start_in_real_time(given, await a_job(hasty.engine, given, contacts(2, start=100)))
    await eventually(lambda: len(hasty.carrier.live) == 2)
    job = await hasty.start_in_real_time(given, await a_job(hasty.engine, given, 4))
    await eventually(lambda: len(hasty.carrier.calls) == 5 and len(hasty.carrier.live) == 4)
    for call in hasty.carrier.live[:2]:
        await hasty.carrier.end(call)
    await other.result()
    await eventually(lambda: len(hasty.carrier.live) == 3)
    await hasty.end_all_calls(job)
    await job.result()

    (history,) = await job.histories()
    keep("share_grows", history)


async def test_record_lines_of_many_jobs(hasty: Running) -> None:
    """More than are signaled at once."""
    given = await an_organization(hasty.engine, limit=SIGNALS_AT_ONCE)
    hasty.carrier.usually(TALKS_ON)
    jobs = [
        await hasty.start_in_real_time(given, await a_job(hasty.engine, given, contacts(1, start=place)))
        for place in range(SIGNALS_AT_ONCE + 5)
    ]
    await eventually(lambda: len(hasty.carrier.live) == SIGNALS_AT_ONCE, 60)
    await hasty.lines_of(given).signal(OrganizationLines.stop)
    for job in jobs:
        await job.until(JobStatus.PAUSED)
    await hasty.lines_of(given).terminate("recorded")

    histories = await hasty.histories(lines_workflow_id(given.id))
    keep("lines_of_many", next(history for history in histories if patches(history)))


async def test_record_deliveries_that_are_tried_again_woken_and_deleted(
    temporal: WorkflowEnvironment, engine: Database, database_url: str
) -> None:
    delivering = Delivering(temporal, engine, database_url)
    async with Receiver.listening() as receiver, delivering.workers(receiver):
        receiver.answering = answers(503)
        endpoint = await delivering.an_endpoint(receiver)
        await delivering.a_running_job(endpoint.given)
        await eventually(lambda: len(receiver.requests) == 2)
        receiver.answering = ok
        await endpoint.until_all_are(DeliveryStatus.DELIVERED, 1)
        await delivering.webhooks.send_test(endpoint.given.id, endpoint.id)
        await endpoint.until_all_are(DeliveryStatus.DELIVERED, 2)
        await delivering.webhooks.delete(endpoint.given.id, endpoint.id)
        await endpoint.handle.result()

    keep("webhooks_tried_woken_deleted", await endpoint.handle.fetch_history())
