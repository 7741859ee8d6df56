"""Jobs of one organization share its lines, whatever happens to them or to the workflow that shares them out."""

import asyncio
import time
from collections import Counter
from datetime import timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from domain.statuses import JobStatus
from store.db.engine import Database
from tests.builders import Given, a_job, an_organization, contacts
from tests.fakes.carrier import ANSWERS, TALKS_ON, PlacedCall
from tests.waiting import eventually
from tests.workflows.running import Job, Running, metadata_of
from workflows.batch_job import BatchJob
from workflows.dispatch_state import WaitingFor
from workflows.line_share import LinesPace
from workflows.names import ORGANIZATION, lines_workflow_id
from workflows.organization_lines import OrganizationLines

MANY = 60  # contacts, more than a test will call


class Sharing:
    """Jobs of one organization whose calls go on until a test ends them."""

    def __init__(self, running: Running, given: Given) -> None:
        self.running = running
        self.given = given
        self._jobs: dict[str, int] = {}  # by the id of each: which it is, so that its numbers tell whose call one is

    @classmethod
    async def begin(cls, running: Running, limit: int) -> "Sharing":
        running.carrier.usually(TALKS_ON)
        return cls(running, await an_organization(running.engine, limit=limit))

    async def job(self, count: int = MANY, **fields: object) -> Job:
        """A job that calls, with `count` contacts."""
        place = len(self._jobs)
        called = contacts(count, start=place * 100)
        stored = await a_job(self.running.engine, self.given, called, **{"concurrent_call_limit": 50, **fields})
        self._jobs[stored.id] = place
        return await self.running.start_in_real_time(self.given, stored)

    async def live(self, *jobs: Job) -> list[int]:
        """How many calls of each are live, by the carrier."""
        rows = await self.running.rows("SELECT job_id, to_number FROM dials")
        whose = {row["to_number"]: row["job_id"] for row in rows}
        live = Counter(whose.get(call.order.to) for call in self.running.carrier.live)
        return [live[job.id] for job in jobs]

    async def calls_of(self, job: Job) -> list[PlacedCall]:
        numbers = {row["number"] for row in await job.contacts()}
        return [call for call in self.running.carrier.calls if call.order.to in numbers]

    async def end_calls(self, job: Job, count: int) -> None:
        live = [call for call in await self.calls_of(job) if call.ended_at is None]
        for call in live[:count]:
            await self.running.carrier.end(call)

    async def shares(self, *jobs: Job) -> list[int | None]:
        """As the lines workflow tells them; None for a job that it does not know."""
        try:
            seen = await self.running.lines_of(self.given).query(OrganizationLines.shares)
        except RPCError:  # there is none yet
            return []
        lines = {job.job_id: job.lines for job in seen.jobs}
        return [lines.get(job.id) for job in jobs]

    async def until_shares(self, *expected: tuple[Job, int | None]) -> None:
        """The lines workflow tells them, and the jobs know."""

        async def are_so() -> bool:
            told = await self.shares(*(job for job, _ in expected)) == [lines for _, lines in expected]
            return told and all([lines is None or await _holds(job, lines) for job, lines in expected])

        await eventually(are_so)

    async def until_live(self, *expected: tuple[Job, int]) -> None:
        async def are_so() -> bool:
            return await self.live(*(job for job, _ in expected)) == [lines for _, lines in expected]

        await eventually(are_so)

    async def until_live_as_shared(self, *expected: tuple[Job, int]) -> None:
        """Those hang up whom a job calls beyond its share: it had a larger one when it began to wait for their line."""

        async def are_so() -> bool:
            live = await self.live(*(job for job, _ in expected))
            for (job, lines), calls in zip(expected, live, strict=True):
                await self.end_calls(job, max(0, calls - lines))
            return live == [lines for _, lines in expected]

        await eventually(are_so)

    async def sweep(self) -> None:
        await ActivityEnvironment().run(self.running.reconciliation.reconcile)


async def test_a_call_that_waits_takes_a_line_by_which_the_share_grew_though_nobody_else_is_left_to_call(
    running: Running,
) -> None:
    sharing = await Sharing.begin(running, limit=1)
    job = await sharing.job(count=3)
    await sharing.until_live((job, 1))
    await sharing.end_calls(job, 1)  # how long calls take is known: the last one goes ahead of its line
    await eventually(lambda: _waits(job))

    await running.change("UPDATE organizations SET concurrent_call_limit = 2 WHERE id = :id", id=sharing.given.id)
    await running.workflows.nudge_lines(sharing.given.id)

    await sharing.until_live((job, 2))


async def _waits(job: Job) -> bool:
    """Whether one call is live and another one with a worker."""
    pending = (await job.handle.describe()).raw_description.pending_activities
    return Counter(each.activity_type.name for each in pending)["call_contact"] == 2


async def test_jobs_share_the_lines_of_their_organization(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=12)
    first = await sharing.job()
    await sharing.until_live((first, 12))

    second = await sharing.job(priority=9)
    third = await sharing.job(2)

    await sharing.until_shares((first, 4), (second, 6), (third, 2))
    await sharing.until_live_as_shared((first, 4), (second, 6), (third, 2))
    assert running.carrier.most_live == 12


async def test_the_first_call_of_a_job_is_placed_within_a_second(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=5)
    began = time.monotonic()
    job = await sharing.job(3)

    await sharing.until_live((job, 3))

    assert time.monotonic() - began < 1.5  # on a machine that does other things too
    assert await sharing.shares(job) == [3]


async def test_lines_that_a_job_does_not_need_any_more_go_to_others(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    short = await sharing.job(3)
    await sharing.until_live((short, 3))
    long = await sharing.job()
    await sharing.until_live((short, 3), (long, 3))

    await sharing.end_calls(short, 3)

    assert await short.result() is JobStatus.COMPLETED
    await sharing.until_live((long, 6))
    assert await sharing.shares(short, long) == [None, 6]


async def test_a_paused_job_leaves_its_lines_to_others_and_has_its_share_when_it_goes_on(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 3), (second, 3))

    await first.handle.signal(BatchJob.pause)
    await sharing.until_shares((first, 0), (second, 6))
    await first.handle.signal(BatchJob.resume)

    await sharing.until_shares((first, 3), (second, 3))


async def test_reserved_lines_are_left_to_other_calls(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    await running.change("UPDATE organizations SET reserved_lines = 2")
    job = await sharing.job()

    await sharing.until_live((job, 4))


async def test_a_higher_limit_of_the_organization_is_shared_out_at_once(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=2)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 1), (second, 1))

    await running.change("UPDATE organizations SET concurrent_call_limit = 8")
    await running.workflows.nudge_lines(sharing.given.id)

    await sharing.until_live_as_shared((first, 4), (second, 4))


async def test_a_lower_limit_takes_effect_as_calls_end(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    job = await sharing.job()
    await sharing.until_live((job, 6))

    await running.change("UPDATE organizations SET concurrent_call_limit = 2")
    await running.workflows.nudge_lines(sharing.given.id)
    await sharing.until_shares((job, 2))
    assert await sharing.live(job) == [6]
    await sharing.end_calls(job, 5)
    await sharing.until_live((job, 2))

    assert len(running.carrier.asked) == 7


async def test_with_more_jobs_than_lines_each_has_its_turn(hasty: Running) -> None:
    sharing = await Sharing.begin(hasty, limit=1)
    hasty.carrier.usually(ANSWERS.but(ends_after=0.1))
    jobs = [await sharing.job(30) for _ in range(3)]

    async def everybody_called() -> bool:
        return all([len(await sharing.calls_of(job)) > 1 for job in jobs])

    await eventually(everybody_called)
    assert hasty.carrier.most_live == 1
    await eventually(lambda: _one_waits_for(jobs, "lines"))


async def test_jobs_go_on_and_the_limit_holds_when_the_lines_workflow_is_terminated(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 3), (second, 3))

    await running.lines_of(sharing.given).terminate("by mistake")
    await sharing.end_calls(first, 3)
    await sharing.end_calls(second, 3)
    await sharing.until_live((first, 3), (second, 3))
    assert running.carrier.most_live == 6

    await sharing.sweep()
    await sharing.until_shares((first, 3), (second, 3))


async def test_whoever_wants_lines_starts_the_workflow_that_shares_them_out(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    first = await sharing.job()
    await sharing.until_live((first, 6))
    await running.lines_of(sharing.given).terminate("by mistake")

    second = await sharing.job()

    await sharing.until_shares((first, 3), (second, 3))


async def test_a_job_without_an_answer_calls_after_five_seconds(running: Running) -> None:
    given = await an_organization(running.engine, limit=3)
    lines = await running.client.start_workflow("Deaf", id=lines_workflow_id(given.id), task_queue="where nobody works")
    job = await running.start(given, await a_job(running.engine, given, 6))

    assert await job.result() is JobStatus.COMPLETED
    await lines.terminate("the test is over")
    first, *_, last = await job.events()
    assert timedelta(seconds=5) < last.event_time.ToDatetime() - first.event_time.ToDatetime() < timedelta(seconds=15)
    assert running.carrier.most_live <= 3


async def test_the_lines_of_a_terminated_job_go_to_others(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 3), (second, 3))

    await first.handle.terminate("by mistake")
    await sharing.sweep()

    await sharing.until_shares((first, None), (second, 6))
    assert await first.status() is JobStatus.FAILED


async def test_what_nobody_told_is_seen_at_the_next_look(hasty: Running) -> None:
    sharing = await Sharing.begin(hasty, limit=6)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 3), (second, 3))

    await first.handle.terminate("by mistake")
    await hasty.control.fail(sharing.given.id, first.id, "By mistake.")
    await hasty.change("UPDATE organizations SET concurrent_call_limit = 9")

    await sharing.until_shares((first, None), (second, 9))


async def test_a_reset_lines_workflow_is_heard_again(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 3), (second, 3))

    await reset(running, lines_workflow_id(sharing.given.id))
    await running.change("UPDATE organizations SET concurrent_call_limit = 4")
    await running.workflows.nudge_lines(sharing.given.id)

    await sharing.until_shares((first, 2), (second, 2))


async def test_the_next_run_goes_on_and_tells_nobody_what_they_know(hasty: Running) -> None:
    sharing = await Sharing.begin(hasty, limit=6)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 3), (second, 3))
    workflow_id = lines_workflow_id(sharing.given.id)
    told = await _signals_sent(hasty, workflow_id)

    async def has_continued() -> bool:
        return len(await hasty.run_ids(workflow_id)) > 1

    await eventually(has_continued, 20)
    assert await sharing.shares(first, second) == [3, 3]
    assert await _signals_sent(hasty, workflow_id) == told


async def test_a_look_that_meets_the_end_of_a_run_is_not_lost(
    temporal: WorkflowEnvironment, engine: Database, database_url: str
) -> None:
    every_word_ends_a_run = LinesPace(max_run_events=5)
    running = Running(temporal, engine, database_url, every_word_ends_a_run)
    async with running.workers():
        sharing = await Sharing.begin(running, limit=4)
        job = await sharing.job()
        await sharing.until_live((job, 4))

        async def another_run_rests() -> bool:
            histories = await running.histories(lines_workflow_id(sharing.given.id))
            resting = EventType.EVENT_TYPE_TIMER_STARTED
            return len(histories) > 1 and histories[-1].events[-1].event_type == resting

        await eventually(another_run_rests)
        await running.change("UPDATE organizations SET concurrent_call_limit = 3")
        await running.workflows.nudge_lines(sharing.given.id)
        await sharing.until_shares((job, 3))
    await running.close()


async def test_what_it_costs_does_not_grow_with_the_number_of_contacts(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=4)
    running.carrier.usually(ANSWERS)
    jobs = [await sharing.job(20), await sharing.job(20)]
    for job in jobs:
        assert await job.result() is JobStatus.COMPLETED

    histories = await running.histories(lines_workflow_id(sharing.given.id))
    assert sum(len(history.events) for history in histories) < 100


async def test_an_operator_stops_everything_from_the_web_ui(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=4)
    first, second = await sharing.job(), await sharing.job()
    await sharing.until_shares((first, 2), (second, 2))
    await eventually(lambda: len(running.carrier.live) == 4)

    await running.lines_of(sharing.given).signal(OrganizationLines.stop)
    await first.until(JobStatus.PAUSED)
    await second.until(JobStatus.PAUSED)
    await eventually(lambda: _waits_for(first, "resume"))
    assert len(running.carrier.live) == 4
    assert not any(call.hung_up for call in running.carrier.calls)

    await running.lines_of(sharing.given).signal(OrganizationLines.stop_and_hang_up)
    await eventually(lambda: not running.carrier.live)
    assert {row["actor"] for row in await running.rows("SELECT actor FROM activity WHERE action = 'stopped'")} == {
        "temporal"
    }


async def test_people_see_a_table_of_jobs_and_shares(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    await running.change("UPDATE organizations SET reserved_lines = 1")
    job = await sharing.job(name="Fees | *due*", priority=7)
    lines = running.lines_of(sharing.given)
    await sharing.until_shares((job, 5))

    async def shows_it() -> bool:
        return "| Fees \\| \\*due\\* | 7 | 5 | 5 |" in (await metadata_of(lines)).current_details

    await eventually(shows_it)
    assert "**5 of 6 lines** shared out · 1 kept free" in (await metadata_of(lines)).current_details
    description = await lines.describe()
    assert description.typed_search_attributes[ORGANIZATION] == sharing.given.id
    assert await description.static_summary() == "Shares out an organization's lines"


async def test_operators_find_a_description_on_every_signal_and_query(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    job = await sharing.job(1)
    await sharing.until_shares((job, 1))

    definition = (await metadata_of(running.lines_of(sharing.given))).definition

    ours = [signal for signal in definition.signal_definitions if not signal.name.startswith("__")]
    assert {signal.name for signal in ours} == {"want", "look", "stop", "stop_and_hang_up"}
    assert all(signal.description for signal in ours)


async def test_a_lines_workflow_never_ends_by_itself(running: Running) -> None:
    sharing = await Sharing.begin(running, limit=6)
    job = await sharing.job(1)
    await sharing.until_live((job, 1))
    await running.end_all_calls(job)

    assert await job.result() is JobStatus.COMPLETED
    await sharing.until_shares((job, None))
    assert (await running.lines_of(sharing.given).describe()).status is WorkflowExecutionStatus.RUNNING


async def reset(running: Running, workflow_id: str) -> None:
    """Back to its first decision; signals that came later are applied again."""
    description = await running.client.get_workflow_handle(workflow_id).describe()
    history = await running.history(workflow_id)
    first = next(
        event.event_id for event in history.events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    )
    await running.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=running.client.namespace,
            workflow_execution={"workflow_id": workflow_id, "run_id": description.run_id},
            reason="a test",
            workflow_task_finish_event_id=first,
            request_id="reset",
        )
    )


async def _signals_sent(running: Running, workflow_id: str) -> int:
    histories = await running.histories(workflow_id)
    sent = EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    return sum(1 for history in histories for event in history.events if event.event_type == sent)


async def _holds(job: Job, lines: int) -> bool:
    return (await job.handle.query(BatchJob.progress)).lines_held == lines


async def _waits_for(job: Job, reason: str) -> bool:
    return (await job.handle.query(BatchJob.progress)).waiting_for == WaitingFor(reason=reason)


async def _one_waits_for(jobs: list[Job], reason: str) -> bool:
    waiting = [(await job.handle.query(BatchJob.progress)).waiting_for for job in jobs]
    return reason in [each.reason for each in waiting if each is not None]


async def test_thousands_of_jobs_are_signaled_in_batches_over_several_runs(running_long: Running) -> None:
    """Temporal refuses a workflow task that would have more than 2,000 signals under way, again and again."""
    given = await an_organization(running_long.engine)
    await a_job(running_long.engine, given, 1)
    await running_long.change("UPDATE batch_jobs SET status = 'running'")
    await running_long.change(
        "INSERT INTO batch_jobs SELECT (jsonb_populate_record(NULL::batch_jobs,"
        " to_jsonb(j) || jsonb_build_object('id', 'batch_' || lpad(to_hex(n), 24, '0')))).*"
        " FROM batch_jobs j, generate_series(1, 2100) n"
    )
    await running_long.workflows.start_lines(given.id)

    async def all_were_signaled() -> bool:
        await asyncio.sleep(1)  # a look reads whole histories
        return len(await _signaled(running_long, given)) >= 2101

    await eventually(all_were_signaled, seconds=40)

    assert len(await _signaled(running_long, given)) == 2101
    await running_long.lines_of(given).terminate("the test is over")


async def _signaled(running: Running, given: Given) -> set[str]:
    """The workflows to which signals went, over all runs; no workflow task failed meanwhile."""
    handle, signaled = running.lines_of(given), set[str]()
    run_id: str | None = (await handle.describe()).raw_description.workflow_execution_info.first_run_id
    while run_id:
        run = running.client.get_workflow_handle(handle.id, run_id=run_id)
        run_id = None
        async for event in run.fetch_history_events():
            assert not event.HasField("workflow_task_failed_event_attributes"), event
            if event.HasField("signal_external_workflow_execution_initiated_event_attributes"):
                to = event.signal_external_workflow_execution_initiated_event_attributes.workflow_execution
                signaled.add(to.workflow_id)
            if event.HasField("workflow_execution_continued_as_new_event_attributes"):
                run_id = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return signaled
