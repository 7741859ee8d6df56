"""What the reconciler fixes: jobs without a workflow, workflows that were ended, dials that nobody follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from temporalio import activity

from activities.heartbeats import heartbeats
from activities.poll_carrier import poll_carrier
from carriers import Carrier, CarrierAway, CarrierRefused
from domain.calls.models import HangUpReason
from domain.model import Model
from domain.statuses import JobStatus
from domain.temporal_namespace import Namespace, find_mismatch

if TYPE_CHECKING:
    from store.calls.dials import Dials
    from store.calls.lines import Lines
    from store.jobs.lifecycle import JobLifecycle
    from store.reconcile import OpenDial, OpenJob, Reconciliation
    from store.temporal_namespace import NamespaceBinding

DIAL_SLACK_SECONDS = 330.0  # beyond a call's longest time: followers, with their 300 s of queue and 30 s, come first
MIN_UNKNOWN = 2  # jobs whose workflows are unknown, before that says more of the namespace than of the jobs
CLOSED = "Its workflow ended from outside; the contacts that were left are cancelled."


class Workflows(Protocol):
    """`workflows.client.JobWorkflows`."""

    async def start(self, job_id: str, organization_id: str, name: str, start_at: datetime | None) -> None: ...

    async def nudge(self, job_id: str) -> None: ...

    async def is_open(self, job_id: str) -> bool | None: ...

    async def namespace(self) -> Namespace: ...

    async def start_lines(self, organization_id: str) -> bool: ...

    async def nudge_lines(self, organization_id: str) -> None: ...


class Fixed(Model):
    """How many of each were fixed; `alarm`: why nothing was."""

    started: int = 0
    failed: int = 0
    ended_dials: int = 0
    nudged: int = 0
    lines: int = 0
    alarm: str | None = None


class ReconcileActivities:
    def __init__(
        self,
        reconciliation: "Reconciliation",
        binding: "NamespaceBinding",
        lifecycle: "JobLifecycle",
        dials: "Dials",
        lines: "Lines",
        workflows: Workflows,
        carriers: Mapping[str, Carrier],
    ) -> None:
        self._reconciliation = reconciliation
        self._binding = binding
        self._lifecycle = lifecycle
        self._dials = dials
        self._lines = lines
        self._workflows = workflows
        self._carriers = carriers

    @activity.defn(name="sweep")
    async def reconcile(self) -> Fixed:
        """Find whatever was left undone, and fix it. Idempotent, at any time.

        Nothing is fixed in another namespace than the database's, nor where most jobs' workflows are unknown: then
        it is the namespace that is wrong, and not the jobs. Raises TemporalUnavailable.
        """
        async with heartbeats("sweeping") as heartbeat:
            alarm = find_mismatch(await self._binding.get(), await self._workflows.namespace())
            jobs = [] if alarm else await self._reconciliation.list_open_jobs()
            states = [await self._workflows.is_open(job.id) for job in jobs]
            alarm = alarm or _judge_unknown(states)
            await self._binding.set_alarm(alarm)
            if alarm:
                activity.logger.critical("nothing is repaired: %s", alarm)
                return Fixed(alarm=alarm)
            started = await self._start_unstarted_jobs()
            heartbeat.show("workflows")
            failed = sum([await self._fail(job) for job, is_open in zip(jobs, states, strict=True) if not is_open])
            lines = await self._start_missing_lines()
            heartbeat.show("dials")
            ended = await self._end_overdue_dials()
            nudged = await self._nudge_stuck_jobs()
            return Fixed(started=started, failed=failed, ended_dials=ended, nudged=nudged, lines=lines)

    async def _start_unstarted_jobs(self) -> int:
        """A workflow that existed and is closed left no mark: it was ended by force before its first step."""
        jobs = await self._reconciliation.list_unstarted_jobs()
        for job in jobs:
            start_at = job.scheduled_start_time if job.status is JobStatus.SCHEDULED else None
            await self._workflows.start(job.id, job.organization_id, job.name, start_at)
        closed = [job for job in jobs if await self._workflows.is_open(job.id) is False]
        return len(jobs) - sum([await self._fail(job) for job in closed])

    async def _fail(self, job: "OpenJob") -> bool:
        failed = await self._lifecycle.fail(job.organization_id, job.id, CLOSED)
        if failed:
            activity.logger.error("job %s failed: its workflow is closed", job.id)
            await self._workflows.nudge_lines(job.organization_id)  # the job cannot give its lines back any more
        return failed

    async def _start_missing_lines(self) -> int:
        """Wherever calls are placed, lines are shared out."""
        organizations = await self._lines.list_calling_organizations()
        return sum([await self._workflows.start_lines(organization_id) for organization_id in organizations])

    async def _end_overdue_dials(self) -> int:
        dials = await self._reconciliation.list_overdue_dials(DIAL_SLACK_SECONDS)
        for dial in dials:
            await self._end(dial)
        return len(dials)

    async def _end(self, dial: "OpenDial") -> None:
        """Hang up, ask the carrier, and take its word; without one the outcome is unknown."""
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
        await poll_carrier(carrier, self._dials, dial, dial.call_id)

    async def _nudge_stuck_jobs(self) -> int:
        stuck = await self._reconciliation.list_stuck_jobs()
        for job_id in stuck:
            await self._workflows.nudge(job_id)
        return len(stuck)


def _judge_unknown(states: "Sequence[bool | None]") -> str | None:
    """The alarm where Temporal knows nothing of most open jobs' workflows."""
    unknown = states.count(None)
    if unknown < MIN_UNKNOWN or unknown * 2 <= len(states):
        return None
    return (
        f"Temporal does not know the workflows of {unknown} of {len(states)} open jobs, though it is the namespace of "
        "this database. Was it emptied, or restored from a backup? If they are gone for good: `outdial migrate "
        "--temporal --rebind` starts these jobs anew."
    )
