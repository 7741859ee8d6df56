"""An organization's lines, shared out among its jobs. One workflow for each organization, as long as it exists.

The claim enforces the limits whatever happens here: see store/calls/claim.py. This is for fairness alone.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from pydantic import ConfigDict, Field
from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.lines import LinesActivities, OrganizationRef, StopOrganization
    from domain.jobs.line_shares import LinesShare, LinesWanted
    from domain.model import Model
    from workflows.activity_options import execute_short_activity
    from workflows.line_book import BookState, LineBook
    from workflows.line_share import LinesPace
    from workflows.names import LOOK, ORGANIZATION_LINES, SAY_LINES, SHARE_LINES, WANT, job_workflow_id
    from workflows.reusable_timer import ReusableTimer
    from workflows.web_ui import Shares, lines_details, shares_of


SIGNALS_AT_ONCE = 50  # Temporal ends a workflow task during which answers to more than a hundred come
SIGNALS_AT_ONCE_BEFORE = 500  # it refuses one by which more than 2,000 would be under way
FEWER_SIGNALS = "fewer-signals"  # patch: 50 instead of 500


class Notice(Model):
    """A signal to a job, with its share where that is what it tells."""

    job_id: str
    signal: str
    share: LinesShare | None = None


class OrganizationLinesStart(Model):
    """What a run begins with; all but the first carry on. `stops`: commands to stop everything, True: and hang up.

    `must_read`: the database changed, or was never read; `read_at`: when it was; `unsent`: what the last run had no
    room for.
    """

    model_config = ConfigDict(populate_by_name=True)

    organization_id: str
    pace: LinesPace = LinesPace()
    book: BookState | None = None
    stops: tuple[bool, ...] = ()
    must_read: bool = Field(True, alias="must_look")
    read_at: datetime | None = Field(None, alias="looked_at")
    unsent: tuple[Notice, ...] = ()


@workflow.defn(name=ORGANIZATION_LINES)
class OrganizationLines:
    """Jobs request the lines that they can use; each is sent its share."""

    @workflow.init
    def __init__(self, start: OrganizationLinesStart) -> None:
        self._start = start
        self._book = LineBook(start.book or BookState(), timedelta(seconds=start.pace.turn_seconds))
        self._stops = deque(start.stops)
        self._must_read = start.must_read
        self._read_at = start.read_at or workflow.now()
        self._silent: list[str] = []  # by the last reading: jobs that run and requested nothing
        self._unaware = False  # whether jobs may not know the limits
        self._changed = False
        self._unsent = start.unsent
        self._timer = ReusableTimer("next turn, or re-check", self._wake)

    @workflow.run
    async def run(self, start: OrganizationLinesStart) -> None:
        """Stop if told to, read the database, share out, signal the jobs, and wait for a change."""
        await self._send(())
        while not self._is_long():
            await self._apply_stops()
            if self._must_read or self._is_overdue():
                await self._read_database()
            await self._send_shares()
            await self._signal_uninformed_jobs()
            workflow.set_current_details(lines_details(self.shares()))
            await self._wait_for_change()
        self._continue()

    # --- the story's verbs ---------------------------------------------------------------------------------------

    def _is_long(self) -> bool:
        info = workflow.info()
        long = info.get_current_history_length() >= self._start.pace.max_run_events
        return long or info.is_continue_as_new_suggested()

    async def _apply_stops(self) -> None:
        """Pause all jobs; those that are known are signaled, whoever paused them."""
        while self._stops:
            stop = StopOrganization(organization_id=self._start.organization_id, hang_up=self._stops[0])
            stopped = await execute_short_activity(LinesActivities.stop_organization, stop)
            self._stops.popleft()
            await self._signal_all({job_id: (LOOK, None) for job_id in [*self._book.job_ids, *stopped.job_ids]})

    def _is_overdue(self) -> bool:
        return self._book.wanted and workflow.now() >= self._read_again_at

    async def _read_database(self) -> None:
        """Limits may have changed, jobs may have ended without a signal, and others wait to be signaled."""
        nudged, self._must_read, self._read_at = self._must_read, False, workflow.now()
        self._book.begin_reading()
        organization = OrganizationRef(organization_id=self._start.organization_id)
        facts = await execute_short_activity(LinesActivities.organization_lines, organization)
        before = self._book.facts
        self._silent = self._book.take(facts)
        self._unaware = nudged or before is None or before.usable != facts.usable

    async def _send_shares(self) -> None:
        shares = self._book.allocate(workflow.now())
        await self._signal_all({job_id: (SHARE_LINES, share) for job_id, share in shares.items()})

    async def _signal_uninformed_jobs(self) -> None:
        """Jobs that requested nothing are to do so; those that may not know the limits are to read them."""
        known = self._book.job_ids
        unaware = known if self._unaware else ()
        silent = [job_id for job_id in self._silent if job_id not in known]
        self._silent, self._unaware = [], False
        await self._signal_all(
            {job_id: (LOOK, None) for job_id in unaware} | {job_id: (SAY_LINES, None) for job_id in silent}
        )

    async def _wait_for_change(self) -> None:
        wake_at = self._wake_at()
        if wake_at is not None and not self._changed:
            self._timer.set(wake_at)
        await workflow.wait_condition(lambda: self._changed)
        self._changed = False

    def _wake_at(self) -> datetime | None:
        """None while no job wants lines: then nothing changes by itself."""
        if not self._book.wanted:
            return None
        return min(self._read_again_at, self._book.turn_ends_at or self._read_again_at)

    @property
    def _read_again_at(self) -> datetime:
        return self._read_at + timedelta(seconds=self._start.pace.refresh_seconds)

    def _continue(self) -> NoReturn:
        """Shares that were not sent are dealt out anew: the state of 5,000 jobs must fit into Temporal's 2 MB."""
        for notice in self._unsent:
            if notice.share is not None:
                self._book.forget_share(notice.job_id)
        unsent = {(notice.job_id, notice.signal): notice for notice in self._unsent if notice.share is None}
        workflow.continue_as_new(
            OrganizationLinesStart(
                organization_id=self._start.organization_id,
                pace=self._start.pace,
                book=self._book.state,
                stops=tuple(self._stops),
                must_read=self._must_read,
                read_at=self._read_at,
                unsent=tuple(unsent.values()),
            )
        )

    # --- to jobs -------------------------------------------------------------------------------------------------

    async def _signal_all(self, signals: Mapping[str, tuple[str, LinesShare | None]]) -> None:
        await self._send(
            [Notice(job_id=job_id, signal=signal, share=share) for job_id, (signal, share) in signals.items()]
        )

    async def _send(self, notices: Sequence[Notice]) -> None:
        """So many at once; each is awaited, or a run that ends would lose it. A long run leaves the rest to the next.

        What is left over from before goes first: a later share is newer.
        """
        self._unsent = (*self._unsent, *notices)
        while self._unsent:
            fewer = len(self._unsent) <= SIGNALS_AT_ONCE or workflow.patched(FEWER_SIGNALS)
            count = SIGNALS_AT_ONCE if fewer else SIGNALS_AT_ONCE_BEFORE
            batch, self._unsent = self._unsent[:count], self._unsent[count:]
            await asyncio.gather(*map(self._signal, batch))
            if self._is_long():
                return

    async def _signal(self, notice: Notice) -> None:
        """A job that is closed wants nothing any more."""
        job = workflow.get_external_workflow_handle(job_workflow_id(notice.job_id))
        try:
            await (job.signal(notice.signal) if notice.share is None else job.signal(notice.signal, notice.share))
        except ApplicationError:
            self._book.forget(notice.job_id)
            self._wake()

    # --- from jobs, the API and operators ------------------------------------------------------------------------

    @workflow.signal(name=WANT, description="A job requests the lines that it can use now. Sent by jobs.")
    def receive_request(self, request: LinesWanted) -> None:
        self._book.receive(request, workflow.now())
        self._wake()

    @workflow.signal(name=LOOK, description="Limits or jobs changed in the database: read them. Sent by the API.")
    def refresh(self) -> None:
        self._must_read = True
        self._wake()

    @workflow.signal(description="Pause every job of the organization. Live calls end by themselves.")
    def stop(self) -> None:
        self._stops.append(False)
        self._wake()

    @workflow.signal(description="Pause every job of the organization, and hang up all live calls.")
    def stop_and_hang_up(self) -> None:
        self._stops.append(True)
        self._wake()

    @workflow.query(description="The limits, and each job's share.")
    def shares(self) -> Shares:
        return shares_of(self._book.facts, self._book.claimants)

    def _wake(self) -> None:
        self._changed = True
