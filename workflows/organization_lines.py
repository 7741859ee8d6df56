"""An organization's lines, shared out among its jobs. One workflow for each organization, as long as it exists.

The claim enforces the limits whatever happens here: see store/calls/claim.py. This is for fairness alone.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.lines import LinesActivities, OrganizationRef, StopOrganization
    from domain.jobs.line_shares import LinesShare, LinesWanted
    from domain.model import Model
    from workflows.activity_options import execute_short_activity
    from workflows.line_book import BookSoFar, LineBook
    from workflows.line_share import LinesPace
    from workflows.lines_web_ui import Shares, lines_details, shares_of
    from workflows.names import LOOK, ORGANIZATION_LINES, SAY_LINES, SHARE_LINES, job_workflow_id
    from workflows.reusable_timer import ReusableTimer


class OrganizationLinesStart(Model):
    """What a run begins with; all but the first carry on. `stops`: orders to stop everything, True: and hang up.

    `must_look`: the record changed, or was never read; `looked_at`: when it was.
    """

    organization_id: str
    pace: LinesPace = LinesPace()
    book: BookSoFar | None = None
    stops: tuple[bool, ...] = ()
    must_look: bool = True
    looked_at: datetime | None = None


@workflow.defn(name=ORGANIZATION_LINES)
class OrganizationLines:
    """Jobs say how many lines they can use; they are told how many they may."""

    @workflow.init
    def __init__(self, start: OrganizationLinesStart) -> None:
        self._start = start
        self._book = LineBook(start.book or BookSoFar(), timedelta(seconds=start.pace.turn_seconds))
        self._stops = deque(start.stops)
        self._must_look = start.must_look
        self._looked_at = start.looked_at or workflow.now()
        self._silent: list[str] = []  # by the last look: jobs that run and are not known
        self._unaware = False  # whether jobs may not have heard of the limits
        self._changed = False
        self._alarm = ReusableTimer("next turn, or look again", self._wake)

    @workflow.run
    async def run(self, start: OrganizationLinesStart) -> None:
        """Obey, look at the record, share out, ask the silent, and wait for somebody to say something."""
        while not self._is_long():
            await self._stop_if_told()
            if self._is_time_to_look():
                await self._look_at_record()
            await self._share_out()
            await self._ask()
            workflow.set_current_details(lines_details(self.shares()))
            await self._wait_for_change()
        self._continue()

    # --- the story's verbs ---------------------------------------------------------------------------------------

    def _is_long(self) -> bool:
        info = workflow.info()
        return info.get_current_history_length() >= self._start.pace.longest_run or info.is_continue_as_new_suggested()

    async def _stop_if_told(self) -> None:
        """Pause all jobs; those that are known are told to look, whoever paused them."""
        while self._stops:
            stop = StopOrganization(organization_id=self._start.organization_id, hang_up=self._stops[0])
            stopped = await execute_short_activity(LinesActivities.stop_organization, stop)
            self._stops.popleft()
            known = [claimant.job_id for claimant in self._book.claimants]
            await self._signal_all({job_id: (LOOK, None) for job_id in [*known, *stopped.job_ids]})

    def _is_time_to_look(self) -> bool:
        return self._must_look or (self._book.wanted and workflow.now() >= self._next_look_at)

    async def _look_at_record(self) -> None:
        """Limits may have changed, jobs may have ended without a word, and others be waiting to be asked."""
        told, self._must_look, self._looked_at = self._must_look, False, workflow.now()
        self._book.begin_look()
        organization = OrganizationRef(organization_id=self._start.organization_id)
        facts = await execute_short_activity(LinesActivities.organization_lines, organization)
        before = self._book.facts
        self._silent = self._book.take(facts)
        self._unaware = told or before is None or before.usable != facts.usable

    async def _ask(self) -> None:
        """Jobs that said nothing are to speak; those that may not know the limits are to look at them."""
        known = [claimant.job_id for claimant in self._book.claimants]
        silent = [job_id for job_id in self._silent if job_id not in known]
        unaware = known if self._unaware else []
        signals = {job_id: (LOOK, None) for job_id in unaware} | {job_id: (SAY_LINES, None) for job_id in silent}
        self._silent, self._unaware = [], False
        await self._signal_all(signals)

    async def _share_out(self) -> None:
        news = self._book.decide(workflow.now())
        await self._signal_all({job_id: (SHARE_LINES, share) for job_id, share in news.items()})

    async def _wait_for_change(self) -> None:
        wake_at = self._wake_at()
        if wake_at is not None and not self._changed:
            self._alarm.set(wake_at)
        await workflow.wait_condition(lambda: self._changed)
        self._changed = False

    def _wake_at(self) -> datetime | None:
        """None while nobody wants lines: then nothing changes by itself."""
        if not self._book.wanted:
            return None
        return min(self._next_look_at, self._book.turn_ends_at or self._next_look_at)

    @property
    def _next_look_at(self) -> datetime:
        return self._looked_at + timedelta(seconds=self._start.pace.look_seconds)

    def _continue(self) -> NoReturn:
        workflow.continue_as_new(
            OrganizationLinesStart(
                organization_id=self._start.organization_id,
                pace=self._start.pace,
                book=self._book.so_far,
                stops=tuple(self._stops),
                must_look=self._must_look,
                looked_at=self._looked_at,
            )
        )

    # --- to jobs -------------------------------------------------------------------------------------------------

    async def _signal_all(self, signals: Mapping[str, tuple[str, LinesShare | None]]) -> None:
        """All at once; each is awaited, or a run that ends would lose it."""
        await asyncio.gather(*(self._signal(job_id, *signal) for job_id, signal in signals.items()))

    async def _signal(self, job_id: str, signal: str, share: LinesShare | None) -> None:
        """A job that is closed wants nothing any more."""
        job = workflow.get_external_workflow_handle(job_workflow_id(job_id))
        try:
            await (job.signal(signal) if share is None else job.signal(signal, share))
        except ApplicationError:
            self._book.forget(job_id)
            self._wake()

    # --- from jobs, the API and operators ------------------------------------------------------------------------

    @workflow.signal(description="A job says how many lines it can use now. Sent by jobs.")
    def want(self, wanted: LinesWanted) -> None:
        self._book.want(wanted, workflow.now())
        self._wake()

    @workflow.signal(description="Limits or jobs changed in the record: look at it again. Sent by the API.")
    def look(self) -> None:
        self._must_look = True
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
