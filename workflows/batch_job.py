"""The life of a batch job: wait for its time, call everyone who is due, finish when nobody is left."""

import asyncio
import contextlib
from collections import deque
from datetime import datetime, timedelta
from typing import NoReturn

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.calls import CallActivities
    from activities.jobs import (
        Abandonment,
        JobActivities,
        JobRef,
        LimitChange,
        Order,
        PageRequest,
        Rescheduling,
    )
    from activities.messages import CallContact, CallEnded
    from domain.dispatch import DueContact, JobPage, Wish
    from domain.model import Model
    from domain.statuses import JobStatus
    from workflows.job_details import JobProgress, details
    from workflows.lineup import Lineup
    from workflows.names import BATCH_JOB, CALLS_QUEUE, STATUS
    from workflows.tally import Tally

TASK_TIMEOUT = timedelta(seconds=15)  # a full replay takes 4 s at 2,000 events; a worker that dies costs this
LONGEST_RUN = 2_000  # events; an ending that meets the closing task replays the whole run: the longer, the slower
CALL_TIMEOUT = timedelta(hours=8)  # four hours of talk, the waits before and after it
CALL_HEARTBEAT = timedelta(seconds=15)  # how long a dead worker's calls are unattended
CALL_RETRY = RetryPolicy(  # for our own failures only, without end: the same dial again
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)
SHORT_TIMEOUT = timedelta(seconds=30)  # one transaction; the store's own limits come first
SHORT_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
)
PAGE = 100  # contacts asked for at once
ABANDONED = "Outdial could not place this call; the worker's log says why."
CALLING_OFF = frozenset({Wish.CANCEL, Wish.CANCEL_AND_HANG_UP, Wish.PAUSE})


class BatchJobStart(Model):
    """What a run begins with. The first waits for `start_at` (UTC; None: now); the others carry on."""

    organization_id: str
    job_id: str
    name: str
    start_at: datetime | None = None
    in_flight: tuple[DueContact, ...] = ()
    wishes: tuple[Wish, ...] = ()
    limit: int | None = None
    reschedule_to: datetime | None = None


class BatchJobResult(Model):
    """How the job ended."""

    status: JobStatus


@workflow.defn(name=BATCH_JOB)
class BatchJob:
    """One job. The record owns its facts; this owns what happens next."""

    @workflow.init
    def __init__(self, start: BatchJobStart) -> None:
        self._start = start
        self._job = JobRef(organization_id=start.organization_id, job_id=start.job_id)
        self._lineup = Lineup()
        self._tally = Tally()
        self._wishes = deque(start.wishes)
        self._limit = start.limit
        self._reschedule_to = start.reschedule_to
        self._look = True  # at the record again, before anything else
        self._next_start_at: datetime | None = None  # for which the next run is to wait
        self._changed = bool(start.wishes) or start.limit is not None or start.reschedule_to is not None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at: datetime | None = None

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
        if result is None:
            self._continue()
        return result

    async def _story(self) -> BatchJobResult | None:
        """None: the next run tells the rest."""
        if self._start.start_at is not None:
            await self._wait_for_start(self._start.start_at)
            return None
        self._follow_carried_calls()
        while not self._is_long():
            page = await self._look_at_job()
            if page.status.ended and not page.open and self._lineup.idle:
                return BatchJobResult(status=page.status)
            if self._starts_later(page):
                self._next_start_at = page.scheduled_start_time
                return None
            if page.status.waiting_to_start:
                await self._begin()
            elif not page.status.ended and not page.open and self._lineup.idle:
                await self._complete()
            else:
                self._dial_while_lines_are_free()
                self._show(page.status)
                await self._wait_for_change()
        return None

    # --- waiting for the start: this part never changes, for its runs may be a year old --------------------------

    async def _wait_for_start(self, start_at: datetime) -> None:
        await workflow.execute_activity_method(
            JobActivities.note_workflow,
            self._job,
            start_to_close_timeout=SHORT_TIMEOUT,
            retry_policy=SHORT_RETRY,
        )
        if start_at > workflow.now():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._changed,
                    timeout=start_at - workflow.now(),
                    timeout_summary="start of the job",
                )

    # --- the story's verbs ---------------------------------------------------------------------------------------

    async def _look_at_job(self) -> JobPage:
        """Obey what operators asked for, then read where the job stands, if anything may have changed."""
        await self._obey()
        page = self._lineup.page
        if page is None or self._look or self._lineup.wants_more(workflow.now()):
            self._look = False
            page = await self._read_page()
        return page

    def _starts_later(self, page: JobPage) -> bool:
        start_at = page.scheduled_start_time
        return page.status is JobStatus.SCHEDULED and start_at is not None and start_at > workflow.now()

    async def _begin(self) -> None:
        await workflow.execute_activity_method(
            JobActivities.begin_job, self._job, start_to_close_timeout=SHORT_TIMEOUT, retry_policy=SHORT_RETRY
        )
        self._look = True

    def _follow_carried_calls(self) -> None:
        for contact in self._start.in_flight:
            self._lineup.in_flight[contact.contact_id] = contact
            self._call_in_background(contact, again=True)

    def _dial_while_lines_are_free(self) -> None:
        if not CALLING_OFF.isdisjoint(self._wishes):
            return
        for contact in self._lineup.next_calls(workflow.now()):
            self._tally.dialled(contact)
            self._call_in_background(contact, again=contact.live)

    def _is_long(self) -> bool:
        """Whether to hand over, live calls and all: the next run follows them. Nobody is dialled from here on."""
        info = workflow.info()
        return info.get_current_history_length() >= LONGEST_RUN or info.is_continue_as_new_suggested()

    async def _wait_for_change(self) -> None:
        wake_at = self._lineup.wake_at(workflow.now())
        if wake_at is not None:
            self._set_alarm(wake_at)
        await workflow.wait_condition(lambda: self._changed)
        self._changed = False

    async def _complete(self) -> None:
        await workflow.execute_activity_method(
            JobActivities.complete_job,
            self._job,
            start_to_close_timeout=SHORT_TIMEOUT,
            retry_policy=SHORT_RETRY,
        )
        self._look = True

    # --- one call ------------------------------------------------------------------------------------------------

    def _call_in_background(self, contact: DueContact, *, again: bool) -> None:
        asyncio.ensure_future(self._call(contact, again=again))  # noqa: RUF006 — a workflow's loop keeps its tasks

    async def _call(self, contact: DueContact, *, again: bool) -> None:
        try:
            ended = await workflow.execute_activity_method(
                CallActivities.call_contact,
                CallContact(
                    organization_id=self._job.organization_id,
                    job_id=self._job.job_id,
                    contact_id=contact.contact_id,
                    dial=contact.dial,
                    again=again,
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
        self._settle(contact, ended)

    async def _abandon(self, contact: DueContact) -> CallEnded:
        """An activity that fails for good ends its contact, never the job."""
        await workflow.execute_activity_method(
            JobActivities.abandon_contact,
            Abandonment(contact_id=contact.contact_id, reason=ABANDONED),
            start_to_close_timeout=SHORT_TIMEOUT,
            retry_policy=SHORT_RETRY,
        )
        return CallEnded()

    def _settle(self, contact: DueContact, ended: CallEnded) -> None:
        self._lineup.ended(contact.contact_id, ended.due_at)
        self._tally.ended(contact, ended.status)
        if ended.held is not None:
            self._lineup.hold(ended.held, workflow.now())
        self._look = self._look or ended.held is not None or self._lineup.idle
        self._changed = True

    # --- pages of due contacts -----------------------------------------------------------------------------------

    async def _read_page(self) -> JobPage:
        page = await workflow.execute_activity_method(
            JobActivities.next_page,
            PageRequest(
                organization_id=self._job.organization_id,
                job_id=self._job.job_id,
                as_of=workflow.now(),
                limit=PAGE + len(self._lineup.in_flight),  # those in flight may be among the due
            ),
            start_to_close_timeout=SHORT_TIMEOUT,
            retry_policy=SHORT_RETRY,
        )
        before = self._lineup.page
        if before is None or before.status is not page.status:
            workflow.upsert_search_attributes([STATUS.value_set(page.status.value)])
        self._lineup.take(page, workflow.now())
        self._tally.take(page, self._lineup.in_flight)
        self._show(page.status)
        return page

    def _show(self, status: JobStatus) -> None:
        """Say where the job stands, in Temporal's web UI."""
        workflow.set_current_details(details(self._start.name, status, self._tally.counts, self.progress()))

    # --- operators -----------------------------------------------------------------------------------------------

    @workflow.signal(description="The job's record changed: look at it again. Sent by the API.")
    def look(self) -> None:
        self._look = True
        self._changed = True

    @workflow.signal(description="Start now instead of at the scheduled time.")
    def start_now(self) -> None:
        self._wish(Wish.START_NOW)

    @workflow.signal(description="Dial nobody until `resume`. Live calls end by themselves.")
    def pause(self) -> None:
        self._wish(Wish.PAUSE)

    @workflow.signal(description="Go on after `pause`.")
    def resume(self) -> None:
        self._wish(Wish.RESUME)

    @workflow.signal(description="End the job: nobody else is dialled, live calls end by themselves.")
    def cancel(self) -> None:
        self._wish(Wish.CANCEL)

    @workflow.signal(description="End the job, and hang up its live calls.")
    def cancel_and_hang_up(self) -> None:
        self._wish(Wish.CANCEL_AND_HANG_UP)

    @workflow.signal(description="Use at most this many lines, 1 to 50. Input: a number.")
    def change_limit(self, lines: int) -> None:
        self._limit = max(1, min(50, lines))
        self._changed = True

    @workflow.signal(description='Move a start that has not come. Input: "2027-01-31T09:00:00+01:00".')
    def reschedule(self, start_at: datetime) -> None:
        self._reschedule_to = start_at
        self._changed = True

    @workflow.query(description="Live calls, lines, and what the job waits for.")
    def progress(self) -> JobProgress:
        return JobProgress(
            live_calls=len(self._lineup.in_flight),
            lines_held=self._lineup.lines,
            lines_wanted=self._lineup.lines_wanted,
            waiting_for=self._lineup.waiting_for(workflow.now()),
        )

    def _wish(self, wish: Wish) -> None:
        self._wishes.append(wish)
        self._changed = True

    async def _obey(self) -> None:
        """Do in the record what operators asked for here; the record is then looked at again."""
        while self._wishes:
            order = Order(**self._job.model_dump(), wish=self._wishes[0])
            await workflow.execute_activity_method(
                JobActivities.obey, order, start_to_close_timeout=SHORT_TIMEOUT, retry_policy=SHORT_RETRY
            )
            self._wishes.popleft()
            self._look = True
        if self._limit is not None:
            change = LimitChange(**self._job.model_dump(), limit=self._limit)
            self._limit, self._look = None, True
            await workflow.execute_activity_method(
                JobActivities.change_limit,
                change,
                start_to_close_timeout=SHORT_TIMEOUT,
                retry_policy=SHORT_RETRY,
            )
        if self._reschedule_to is not None:
            rescheduling = Rescheduling(**self._job.model_dump(), start=self._reschedule_to)
            self._reschedule_to, self._look = None, True
            await workflow.execute_activity_method(
                JobActivities.reschedule,
                rescheduling,
                start_to_close_timeout=SHORT_TIMEOUT,
                retry_policy=SHORT_RETRY,
            )

    # --- time, and from run to run -------------------------------------------------------------------------------

    def _set_alarm(self, at: datetime) -> None:
        """One timer at a time; an earlier one stays."""
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_at is not None and self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = asyncio.ensure_future(self._ring(at))

    async def _ring(self, at: datetime) -> None:
        await workflow.sleep(max(timedelta(0), at - workflow.now()), summary="look again")
        self.look()

    def _continue(self) -> NoReturn:
        workflow.continue_as_new(
            BatchJobStart(
                **self._job.model_dump(),
                name=self._start.name,
                start_at=self._next_start_at,
                in_flight=tuple(self._lineup.in_flight.values()),
                wishes=tuple(self._wishes),
                limit=self._limit,
                reschedule_to=self._reschedule_to,
            ),
            task_timeout=TASK_TIMEOUT,
        )
