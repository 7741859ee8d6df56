"""What the housekeeper mends: jobs without a workflow, workflows without an end, dials that nobody follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from temporalio import activity

from activities.calls.heartbeats import heartbeats
from activities.calls.poll_carrier import ask_how_it_stands
from carriers import Carrier, CarrierAway, CarrierRefused
from domain.calls.models import HangUpReason
from domain.model import Model
from domain.statuses import JobStatus

if TYPE_CHECKING:
    from store.calls.dials import Dials
    from store.calls.lines import Lines
    from store.jobs.lifecycle import JobLifecycle
    from store.reconcile import OpenDial, OpenJob, Reconciliation

DIAL_SLACK_SECONDS = 330.0  # beyond a call's longest time: followers, with their 300 s of queue and 30 s, come first
CLOSED = "Its workflow ended from outside; the contacts that were left are cancelled."


class Workflows(Protocol):
    """What the housekeeper needs of Temporal; `workflows.client.JobWorkflows` is the real one."""

    async def start(self, job_id: str, organization_id: str, name: str, start_at: datetime | None) -> None: ...

    async def look(self, job_id: str) -> None: ...

    async def is_open(self, job_id: str) -> bool | None: ...

    async def start_lines(self, organization_id: str) -> bool: ...

    async def look_at_lines(self, organization_id: str) -> None: ...


class Sweep(Model):
    """What one sweep did: counts."""

    started: int = 0
    failed: int = 0
    ended_dials: int = 0
    nudged: int = 0
    lines: int = 0


class ReconcileActivities:
    def __init__(
        self,
        housekeeping: "Reconciliation",
        control: "JobLifecycle",
        dials: "Dials",
        lines: "Lines",
        workflows: Workflows,
        carriers: Mapping[str, Carrier],
    ) -> None:
        self._housekeeping = housekeeping
        self._control = control
        self._dials = dials
        self._lines = lines
        self._workflows = workflows
        self._carriers = carriers

    @activity.defn
    async def sweep(self) -> Sweep:
        """Look once for everything that was left undone, and mend it. Safe to run at any time, by anybody."""
        async with heartbeats("sweeping") as pulse:
            started = await self._start_the_unstarted()
            pulse.show("workflows")
            failed = await self._fail_the_closed(await self._housekeeping.open_jobs())
            lines = await self._start_missing_lines()
            pulse.show("dials")
            ended = await self._end_the_overdue()
            nudged = await self._nudge_the_stuck()
            return Sweep(started=started, failed=failed, ended_dials=ended, nudged=nudged, lines=lines)

    async def _start_the_unstarted(self) -> int:
        """A workflow that was there and is closed left no mark: it ended before its first step, by force."""
        jobs = await self._housekeeping.unstarted()
        for job in jobs:
            start_at = job.scheduled_start_time if job.status is JobStatus.SCHEDULED else None
            await self._workflows.start(job.id, job.organization_id, job.name, start_at)
        return len(jobs) - await self._fail_the_closed(jobs)

    async def _fail_the_closed(self, jobs: "Sequence[OpenJob]") -> int:
        failed = 0
        for job in jobs:
            if await self._workflows.is_open(job.id) is not True:
                failed += await self._fail(job)
        return failed

    async def _fail(self, job: "OpenJob") -> bool:
        failed = await self._control.fail(job.organization_id, job.id, CLOSED)
        if failed:
            activity.logger.error("job %s failed: its workflow is closed", job.id)
            await self._workflows.look_at_lines(job.organization_id)  # it cannot give its lines back any more
        return failed

    async def _start_missing_lines(self) -> int:
        """Wherever people are called, lines are shared out."""
        organizations = await self._lines.list_calling_organizations()
        return sum([await self._workflows.start_lines(organization_id) for organization_id in organizations])

    async def _end_the_overdue(self) -> int:
        dials = await self._housekeeping.overdue_dials(DIAL_SLACK_SECONDS)
        for dial in dials:
            await self._end(dial)
        return len(dials)

    async def _end(self, dial: "OpenDial") -> None:
        """Ask the carrier, hang up what still lives, and take its word; without one the outcome is unknown."""
        if dial.call_id is None:
            await self._dials.give_up(dial.id)
            return
        carrier = self._carriers[dial.account]
        try:
            await self._dials.request_hang_up(dial.id, HangUpReason.MAX_CALL_DURATION)
            await carrier.hang_up(dial.call_id)
        except (CarrierAway, CarrierRefused) as error:
            activity.logger.warning("call %s: the carrier does not answer (%s)", dial.id, type(error).__name__)
            return
        await ask_how_it_stands(carrier, self._dials, dial, dial.call_id)

    async def _nudge_the_stuck(self) -> int:
        stuck = await self._housekeeping.stuck_jobs()
        for job_id in stuck:
            await self._workflows.look(job_id)
        return len(stuck)
