"""The life of a batch job: wait for its time, call everybody who is due, finish when nobody is left."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.calls.call import CallActivities
    from activities.calls.hand_over import ClosingRun, HandOverActivities
    from activities.calls.payloads import CallContact, CallEnded
    from activities.jobs import Abandonment, JobActivities, JobRef, PageRequest
    from activities.lines import JobShare, LinesActivities, RequestLines
    from domain.calls.dispatch import DueContact, JobPage
    from domain.jobs.commands import OperatorCommand
    from domain.jobs.line_shares import LinesShare, LinesWanted
    from domain.model import Model
    from domain.statuses import JobStatus
    from workflows.activity_options import execute_short_activity
    from workflows.contact_counts import ContactCounts
    from workflows.dispatch_state import DispatchState
    from workflows.line_share import LineShareState, LinesPace, LinesRequest
    from workflows.names import BATCH_JOB, CALLS_QUEUE, LOOK, NAME, SAY_LINES, SHARE_LINES, STATUS, lines_workflow_id
    from workflows.operator_commands import CommandQueue, OperatorSignals
    from workflows.organization_lines import OrganizationLines
    from workflows.reusable_timer import ReusableTimer
    from workflows.web_ui import JobProgress, job_details, listed_name, scheduled_details

TASK_TIMEOUT = timedelta(seconds=15)  # many times a replay of a full run: a busy machine must not give up
MAX_RUN_EVENTS = 4_000  # a replay takes 0.9 s of CPU; each hand-over executes the activities of all live calls again
CALL_TIMEOUT = timedelta(hours=8)  # four hours of talk, the waits before and after it
CALL_HEARTBEAT = timedelta(seconds=25)  # of two beats one may be lost: how long a frozen worker's calls are unattended
CALL_RETRY = RetryPolicy(  # for our own failures only, without end: the same dial again
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)
LINES_RETRY = RetryPolicy(maximum_attempts=3)  # without lines the limits hold, and the reconciler does the rest
HOLD_RETRY = RetryPolicy(maximum_attempts=2)  # without it the closing task may meet an ending, and is done again
PAGE = 100  # contacts read at once
TELL_SHARE = "tell-share"  # patch: workers are told a share that became larger
NAME_IN_LIST = "name-in-list"  # patch: a new name is upserted as a search attribute too
COMPLETE_FIRST = "complete-first"  # patch: where nobody seems to be left, the job is completed before it is read
ABANDONED = "Outdial could not place this call; the worker's log says why."


class BatchJobStart(Model):
    """What a run begins with. The first waits for `start_at` (UTC; None: now); the others carry on."""

    organization_id: str
    job_id: str
    name: str
    start_at: datetime | None = None
    in_flight: tuple[DueContact, ...] = ()
    commands: tuple[OperatorCommand, ...] = ()
    lines: LineShareState | None = None
    pace: LinesPace = LinesPace()
    call_seconds: float | None = None  # how long calls take
    begins: bool = False  # its time has come: it is begun before it is read


class BatchJobResult(Model):
    """How the job ended."""

    status: JobStatus


@workflow.defn(name=BATCH_JOB)
class BatchJob(OperatorSignals):
    """One job. The database owns its facts; this owns what happens next."""

    @workflow.init
    def __init__(self, start: BatchJobStart) -> None:
        self._start = start
        self._job = JobRef(organization_id=start.organization_id, job_id=start.job_id)
        self._name = start.name
        self._changed = bool(start.commands)  # since the story last looked around
        self._must_read = True  # the database, before anything else
        self._commands = CommandQueue(self._job, start.commands, self._wake)
        self._dispatch = DispatchState(start.lines, start.pace, start.call_seconds)
        self._contact_counts = ContactCounts()
        self._ended_calls: deque[asyncio.Task[None]] = deque()
        self._next_start_at: datetime | None = None  # for which the next run is to wait
        self._timer = ReusableTimer("re-check", self.refresh)
        self._lines_timer = ReusableTimer("lines", self._wake)

    @workflow.run
    async def run(self, start: BatchJobStart) -> BatchJobResult:
        """Tell the story; Temporal's own Cancel means `cancel`."""
        story = asyncio.ensure_future(self._story())
        while not story.done():
            try:
                await workflow.wait([story])
            except asyncio.CancelledError:
                self.cancel()
        result = story.result()
        self._raise_failures()
        if result is None:
            self._continue()
        return result

    async def _story(self) -> BatchJobResult | None:
        """None: the next run tells the rest."""
        if self._start.start_at is not None:
            await self._wait_for_start(self._start.start_at)
            return None
        self._follow_live_calls()
        if self._start.begins:
            await self._begin_job()
        while not self._is_long():
            self._raise_failures()
            page = await self._read_job()
            if page.status.ended and not page.open and self._dispatch.idle:
                await self._give_lines_back()
                return BatchJobResult(status=page.status)
            if self._starts_later(page):
                self._next_start_at = page.scheduled_start_time
                return None
            if page.status.waiting_to_start:
                await self._begin_job()
            elif self._is_over(page):
                await self._end_job()
            else:
                await self._request_lines()
                self._place_calls()
                await self._tell_share()
                self._show(page)
                await self._wait_for_change()
        await self._hold_endings()
        return None

    # --- waiting for the start: this part never changes, for its runs may be a year old --------------------------

    async def _wait_for_start(self, start_at: datetime) -> None:
        await execute_short_activity(JobActivities.note_workflow, self._job)
        if start_at > workflow.now():
            workflow.set_current_details(scheduled_details(self._name, start_at))  # no command
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._changed,
                    timeout=start_at - workflow.now(),
                    timeout_summary="start of the job",
                )

    # --- the story's verbs ---------------------------------------------------------------------------------------

    def _follow_live_calls(self) -> None:
        """Of the run before."""
        for contact in self._start.in_flight:
            self._dispatch.in_flight[contact.contact_id] = contact
            self._call_in_background(contact, resumed=True)

    def _is_long(self) -> bool:
        """Whether the next run is to go on, and to follow the live calls. No calls are placed from here on."""
        info = workflow.info()
        return info.get_current_history_length() >= MAX_RUN_EVENTS or info.is_continue_as_new_suggested()

    async def _hold_endings(self) -> None:
        """An ending that meets the closing task costs a replay of the whole run: the next run is told instead."""
        if self._dispatch.in_flight:
            with contextlib.suppress(ActivityError):
                closing = ClosingRun(run_id=workflow.info().run_id)
                await execute_short_activity(HandOverActivities.hold_endings, closing, HOLD_RETRY)

    def _raise_failures(self) -> None:
        """A bug in a call's task fails the workflow task, visibly, and the next deployment goes on from there.

        Left to itself the contact would stay in flight, hold its line, and keep the job from ending.
        """
        while self._ended_calls:
            self._ended_calls.popleft().result()

    async def _read_job(self) -> JobPage:
        """Apply what operators sent, then read where the job stands, if anything may have changed."""
        self._must_read = await self._commands.apply() or self._must_read
        page = self._dispatch.page
        if page is None or self._must_read or self._dispatch.wants_page(workflow.now()):
            page = await self._read_page()
        return page

    def _starts_later(self, page: JobPage) -> bool:
        start_at = page.scheduled_start_time
        return page.status is JobStatus.SCHEDULED and start_at is not None and start_at > workflow.now()

    async def _begin_job(self) -> None:
        await self._do_and_read(JobActivities.begin_job)

    def _is_over(self, page: JobPage) -> bool:
        """Whether nobody is left to call, or no time."""
        if page.status.ended:
            return False
        nobody_left = not page.open and self._dispatch.idle
        too_late = self._dispatch.uncalled > 0 and self._dispatch.is_late(workflow.now())
        return nobody_left or too_late

    async def _end_job(self) -> None:
        """Everybody was called, or the rest was not reached in time."""
        if self._dispatch.uncalled:
            await execute_short_activity(JobActivities.close_job, self._job)
            self._must_read = True
        else:
            await self._do_and_read(JobActivities.complete_job)

    def _place_calls(self) -> None:
        """To everybody who is due, while lines are free."""
        if self._commands.stops_calling:
            return
        for contact in self._dispatch.next_calls(workflow.now()):
            self._contact_counts.dialed(contact)
            self._call_in_background(contact, resumed=contact.live)

    async def _wait_for_change(self) -> None:
        now = workflow.now()
        wake_at = self._dispatch.wake_at(now)
        if wake_at is not None:
            self._timer.set(wake_at)
        self._lines_timer.set_or_clear(self._dispatch.share.wake_at(self._dispatch.lines_request(now), now))
        await workflow.wait_condition(lambda: self._changed)
        self._changed = False

    def _wake(self) -> None:
        self._changed = True

    # --- a share of the organization's lines ---------------------------------------------------------------------

    async def _request_lines(self) -> None:
        """Request the lines that the job can use now, where that is news; the answer comes as a signal."""
        now = workflow.now()
        request = self._dispatch.lines_request(now)
        if self._dispatch.share.must_send(request, now):
            self._dispatch.share.sent(request, now)
            await self._send_request(request)

    async def _tell_share(self) -> None:
        """Tell the workers where calls wait there that were handed out with a smaller one."""
        lines = self._dispatch.share_to_tell(workflow.now())
        if lines is not None and workflow.patched(TELL_SHARE):
            with contextlib.suppress(ActivityError):
                share = JobShare(job_id=self._job.job_id, lines=lines)
                await execute_short_activity(LinesActivities.tell_share, share, LINES_RETRY)

    async def _give_lines_back(self) -> None:
        if self._dispatch.share.ever_requested:
            await self._send_request(LinesRequest(), over=True)

    async def _send_request(self, request: LinesRequest, *, over: bool = False) -> None:
        """Where no lines workflow runs, or it was ended from outside, a job that wants lines starts one."""
        organization_id = self._job.organization_id
        wanted = LinesWanted(
            job_id=self._job.job_id, name=self._name, priority=request.priority, lines=request.lines, over=over
        )
        lines: workflow.ExternalWorkflowHandle[OrganizationLines] = workflow.get_external_workflow_handle_for(
            OrganizationLines.run, lines_workflow_id(organization_id)
        )
        try:
            await lines.signal(OrganizationLines.receive_request, wanted)
        except ApplicationError:
            if request.lines:
                await self._start_lines(RequestLines(organization_id=organization_id, wanted=wanted))

    async def _start_lines(self, request: RequestLines) -> None:
        with contextlib.suppress(ActivityError):
            await execute_short_activity(LinesActivities.request_lines, request, LINES_RETRY)

    # --- one call ------------------------------------------------------------------------------------------------

    def _call_in_background(self, contact: DueContact, *, resumed: bool) -> None:
        call = asyncio.ensure_future(self._call(contact, resumed=resumed))
        call.add_done_callback(self._keep_ended)

    def _keep_ended(self, call: asyncio.Task[None]) -> None:
        self._ended_calls.append(call)
        self._wake()

    async def _call(self, contact: DueContact, *, resumed: bool) -> None:
        try:
            ended = await workflow.execute_activity_method(
                CallActivities.call_contact,
                CallContact(
                    organization_id=self._job.organization_id,
                    job_id=self._job.job_id,
                    contact_id=contact.contact_id,
                    dial=contact.dial,
                    resumed=resumed,
                    lines=self._dispatch.call_limit(workflow.now()),
                ),
                task_queue=CALLS_QUEUE,
                activity_id=f"call-{contact.contact_id}-{contact.dial}",
                start_to_close_timeout=CALL_TIMEOUT,
                heartbeat_timeout=CALL_HEARTBEAT,
                retry_policy=CALL_RETRY,
                summary=f"row {contact.row} · {contact.ends_in} · attempt {contact.attempt}",
            )
        except ActivityError:
            ended = await self._abandon(contact)
        self._note_ended(contact, ended)

    async def _abandon(self, contact: DueContact) -> CallEnded:
        """An activity that fails for good ends its contact, never the job."""
        await execute_short_activity(
            JobActivities.abandon_contact, Abandonment(contact_id=contact.contact_id, reason=ABANDONED)
        )
        return CallEnded()

    def _note_ended(self, contact: DueContact, ended: CallEnded) -> None:
        self._dispatch.ended(contact.contact_id, ended.due_at, workflow.now(), called=ended.status is not None)
        self._contact_counts.ended(contact, ended.status)
        if ended.held is not None:
            self._dispatch.hold(ended.held, workflow.now())
        self._must_read = self._must_read or ended.held is not None or self._dispatch.idle

    # --- pages of due contacts -----------------------------------------------------------------------------------

    async def _read_page(self) -> JobPage:
        if self._dispatch.nobody_known and workflow.patched(COMPLETE_FIRST):
            page = await self._do_and_read(JobActivities.complete_job)
            if page is not None:
                return page
        self._must_read = False
        return self._take(await execute_short_activity(JobActivities.next_page, self._page_request()))

    async def _do_and_read(
        self, step: Callable[[JobActivities, PageRequest], Coroutine[Any, Any, object]]
    ) -> JobPage | None:
        """The page that is read after the step, None where a worker of an older version read none."""
        self._must_read = False
        answer = await execute_short_activity(step, self._page_request())
        if isinstance(answer, JobPage):
            return self._take(answer)
        self._must_read = True
        return None

    def _page_request(self) -> PageRequest:
        return PageRequest(
            **self._job.model_dump(),
            as_of=workflow.now(),
            limit=PAGE + len(self._dispatch.in_flight),  # those in flight may be among the due
        )

    def _take(self, page: JobPage) -> JobPage:
        before = self._dispatch.page
        if before is None or before.status is not page.status:
            name = listed_name(page.name or self._name)
            workflow.upsert_search_attributes([STATUS.value_set(page.status.value), NAME.value_set(name)])
        self._dispatch.take(page, workflow.now())
        self._contact_counts.take(page, self._dispatch.in_flight)
        self._rename(page.name)
        self._show(page)
        return page

    def _rename(self, name: str | None) -> None:
        if name is not None and name != self._name:
            self._name = name
            workflow.upsert_memo({"name": name})
            if workflow.patched(NAME_IN_LIST):
                workflow.upsert_search_attributes([NAME.value_set(listed_name(name))])

    def _show(self, page: JobPage) -> None:
        """In Temporal's web UI."""
        counts = self._contact_counts.counts
        workflow.set_current_details(job_details(self._name, page.status, page.status_reason, counts, self.progress()))

    # --- signals and queries; those of operators are in OperatorSignals ------------------------------------------

    @workflow.signal(name=LOOK, description="The job changed in the database: read it. Sent by the API.")
    def refresh(self) -> None:
        self._must_read = True
        self._wake()

    @workflow.signal(name=SHARE_LINES, description="How many lines the job may use. Sent by its organization's lines.")
    def receive_share(self, share: LinesShare) -> None:
        self._dispatch.share.receive(share)
        self._wake()

    @workflow.signal(name=SAY_LINES, description="Request your lines again. Sent by its organization's lines.")
    def repeat_request(self) -> None:
        self._dispatch.share.repeat()
        self.refresh()  # who begins to share out lines may know other limits

    @workflow.query(description="Live calls, lines, and what the job waits for.")
    def progress(self) -> JobProgress:
        now = workflow.now()
        return JobProgress(
            live_calls=self._dispatch.count_live(now),
            lines_held=self._dispatch.lines(now),
            lines_wanted=self._dispatch.lines_wanted(now),
            waiting_for=self._dispatch.waiting_for(now),
        )

    # --- from run to run -----------------------------------------------------------------------------------------

    @property
    def _time_has_come(self) -> bool:
        """Whether this run waited for the start until then."""
        return self._start.start_at is not None and self._start.start_at <= workflow.now()

    def _continue(self) -> NoReturn:
        workflow.continue_as_new(
            BatchJobStart(
                **self._job.model_dump(),
                name=self._name,
                start_at=self._next_start_at,
                in_flight=tuple(self._dispatch.in_flight.values()),
                commands=self._commands.waiting,
                lines=self._dispatch.share.state,
                pace=self._start.pace,
                call_seconds=self._dispatch.call_seconds,
                begins=self._time_has_come and not self._commands.waiting,
            ),
            task_timeout=TASK_TIMEOUT,
        )
