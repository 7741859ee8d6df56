"""What the reconciler fixes: jobs without a workflow, workflows that were ended, dials that nobody follows."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from temporalio import activity

from activities.erasing import CarrierErasures
from activities.hang_up import hang_up
from activities.heartbeats import heartbeats
from activities.poll_carrier import poll_carrier
from activities.sweeping import PARALLEL_REQUESTS, PART_TIMEOUT_SECONDS, Parts
from carriers import Carrier, CarrierAway, CarrierRefused
from domain.audit import SYSTEM
from domain.calls.models import CallReport, CallState, HangUpReason
from domain.campaigns.models import CampaignStatus
from domain.model import Model
from domain.temporal_namespace import RESTORED, Namespace, find_mismatch

if TYPE_CHECKING:
    from store.analytics.counting import CallCounting
    from store.archive.mover import CallArchive
    from store.calls.dials import Dials
    from store.calls.lines import Lines
    from store.campaigns.jobs import CampaignJobs, CampaignToLookAt
    from store.campaigns.lifecycle import CampaignLifecycle
    from store.jobs.lifecycle import JobLifecycle
    from store.privacy.retention import Retention
    from store.reconcile import OpenDial, OpenJob, Reconciliation
    from store.temporal_namespace import NamespaceBinding

DIAL_SLACK_SECONDS = 330.0  # beyond a call's longest time: followers, with their 300 s of queue and 30 s, come first
MIN_UNKNOWN = 2  # jobs whose workflows are unknown, before that says more of the namespace than of the jobs
PARALLEL_CAMPAIGNS = 2  # each of them may store a job of 10,000 contacts
NO_ANSWER: Literal["no answer"] = "no answer"
CLOSED = "Its workflow ended from outside; the contacts that were left are cancelled."

WorkflowState = bool | None | Literal["no answer"]


class Workflows(Protocol):
    """`workflows.client.JobWorkflows`."""

    async def start(self, job_id: str, organization_id: str, name: str, start_at: datetime | None) -> None: ...

    async def nudge(self, job_id: str) -> bool: ...

    async def is_open(self, job_id: str) -> bool | None: ...

    async def namespace(self) -> Namespace: ...

    async def start_lines(self, organization_id: str) -> bool: ...

    async def nudge_lines(self, organization_id: str) -> None: ...


class Fixed(Model):
    """How many of each were fixed; `alarm`: why nothing was; `failed_parts`: what could not be looked through."""

    started: int = 0
    failed: int = 0
    ended_dials: int = 0
    nudged: int = 0
    lines: int = 0
    alarm: str | None = None
    failed_parts: tuple[str, ...] = ()
    counted: int = 0
    campaigns: int = 0  # of which jobs were begun
    erased_calls: int = 0
    archived: int = 0  # jobs whose calls were moved
    erased_jobs: int = 0


class ReconcileActivities:
    def __init__(
        self,
        reconciliation: "Reconciliation",
        binding: "NamespaceBinding",
        lifecycle: "JobLifecycle",
        dials: "Dials",
        lines: "Lines",
        counting: "CallCounting",
        archive: "CallArchive",
        campaigns: "CampaignJobs",
        campaign_lifecycle: "CampaignLifecycle",
        workflows: Workflows,
        carriers: Mapping[str, Carrier],
        erasures: CarrierErasures,
        retention: "Retention",
    ) -> None:
        self._reconciliation = reconciliation
        self._binding = binding
        self._lifecycle = lifecycle
        self._dials = dials
        self._lines = lines
        self._counting = counting
        self._archive = archive
        self._campaigns = campaigns
        self._campaign_lifecycle = campaign_lifecycle
        self._workflows = workflows
        self._carriers = carriers
        self._erasures = erasures
        self._retention = retention

    @activity.defn(name="sweep")
    async def reconcile(self) -> Fixed:
        """Find whatever was left undone, and fix it. Idempotent, at any time.

        Nothing is fixed in another namespace than the database's, nor where most jobs' workflows are unknown: then
        it is the namespace that is wrong, and not the jobs. Nor is it where the database was restored, and is older
        than the workflows. Raises TemporalUnavailable.
        """
        with heartbeats("sweeping") as heartbeat:
            alarm = find_mismatch(await self._binding.get(), await self._workflows.namespace())
            if alarm is None and await self._binding.is_restored():
                alarm = RESTORED
            jobs = [] if alarm else await self._reconciliation.list_open_jobs()
            states = await self._read_states(jobs)
            alarm = alarm or _judge_unknown(states)
            await self._binding.set_alarm(alarm)
            if alarm:
                activity.logger.critical("nothing is repaired: %s", alarm)
                return Fixed(alarm=alarm)
            ended = [job for job, state in zip(jobs, states, strict=True) if state in {None, False}]
            heartbeat.show("what was left undone")
            return await self._fix(ended)

    async def _fix(self, ended: "Sequence[OpenJob]") -> Fixed:
        """Each part by itself. `ended`: open jobs whose workflows are closed."""
        parts, found = Parts(), self._reconciliation
        return Fixed(
            started=await parts.run("unstarted jobs", found.list_unstarted_jobs, self._start),
            failed=await parts.run("closed workflows", lambda: _as_found(ended), self._fail),
            lines=await parts.run(
                "lines",
                self._lines.list_calling_organizations,
                self._workflows.start_lines,  # wherever calls are placed, lines are shared out
                parallel=PARALLEL_REQUESTS,
            ),
            ended_dials=await parts.run(
                "overdue dials", lambda: found.list_overdue_dials(DIAL_SLACK_SECONDS), self._end
            ),
            nudged=await parts.run(
                "sleeping jobs",
                found.list_sleeping_jobs,  # a nudge can be lost between a commit and its signal
                self._workflows.nudge,
                parallel=PARALLEL_REQUESTS,
            ),
            campaigns=await parts.run(
                "campaigns", self._campaigns.list_to_look_at, self._look_at_campaign, parallel=PARALLEL_CAMPAIGNS
            ),
            counted=await parts.run("statistics", self._counting.list_due, self._counting.count),
            erased_calls=await parts.run(
                "calls of forgotten persons",
                self._erasures.list_due,
                self._erasures.erase,
                parallel=PARALLEL_REQUESTS,
            ),
            archived=await parts.run("archive", self._archive.list_due, self._move),
            erased_jobs=await self._erase(parts),
            failed_parts=tuple(parts.failed),
        )

    async def _move(self, job_id: str) -> bool:
        return await self._archive.move(job_id) > 0

    async def _erase(self, parts: Parts) -> int:
        """What organizations have kept for long enough; how many jobs lost their contacts' data."""
        kept = self._retention
        erased = await parts.run("retention of jobs", kept.list_jobs, kept.erase_job)
        await parts.run("retention of campaigns", kept.list_campaigns, kept.erase_campaign)
        await parts.run("retention of numbers", kept.list_old_calls, kept.hash_numbers)
        return erased

    async def _read_states(self, jobs: "Sequence[OpenJob]") -> "list[WorkflowState]":
        """Whether each job's workflow runs, as `is_open` tells; NO_ANSWER where Temporal did not."""
        room, read_until = asyncio.Semaphore(PARALLEL_REQUESTS), time.monotonic() + PART_TIMEOUT_SECONDS

        async def read(job: "OpenJob") -> WorkflowState:
            async with room:
                if time.monotonic() > read_until:
                    return NO_ANSWER
                try:
                    return await self._workflows.is_open(job.id)
                except Exception as error:
                    activity.logger.warning("job %s: its workflow cannot be read (%s)", job.id, type(error).__name__)
                    return NO_ANSWER

        return list(await asyncio.gather(*map(read, jobs)))

    async def _start(self, job: "OpenJob") -> bool:
        """A workflow that existed and is closed left no mark: it was ended by force before its first step."""
        await self._workflows.start(job.id, job.organization_id, job.name, job.start_at)
        return await self._workflows.is_open(job.id) is not False or not await self._fail(job)

    async def _fail(self, job: "OpenJob") -> bool:
        failed = await self._lifecycle.fail(job.organization_id, job.id, CLOSED)
        if failed:
            activity.logger.error("job %s failed: its workflow is closed", job.id)
            await self._workflows.nudge_lines(job.organization_id)  # the job cannot give its lines back any more
        return failed

    async def _look_at_campaign(self, campaign: "CampaignToLookAt") -> bool:
        """Begin the jobs that may be under way now; cancel those that a cancel of all did not come to."""
        if campaign.status is CampaignStatus.CANCELLED:
            await self._campaign_lifecycle.cancel_jobs(
                campaign.organization_id, campaign.id, hang_up=campaign.hang_up, by=SYSTEM
            )
            return True
        begun = await self._campaigns.advance(campaign.organization_id, campaign.id)
        for job in begun:
            await self._workflows.start(job.id, campaign.organization_id, job.name, job.scheduled_start_time)
        return bool(begun)

    async def _end(self, dial: "OpenDial") -> None:
        """Ask the carrier first: an event may be lost, and the call have all its time. Only then it is ended."""
        if dial.call_id is None:
            await self._dials.give_up(dial.id)
            return
        carrier = self._carriers[dial.account]
        found = await poll_carrier(carrier, self._dials, dial, dial.call_id)
        if not isinstance(found, CallReport) or found.state.rank > dial.state.rank:
            return
        try:
            answered = dial.state is CallState.ANSWERED
            reason = HangUpReason.MAX_CALL_DURATION if answered else HangUpReason.RING_TIMER
            await hang_up(carrier, self._dials, dial, dial.call_id, reason)
        except (CarrierAway, CarrierRefused) as error:
            activity.logger.warning("call %s: the carrier does not answer (%s)", dial.id, type(error).__name__)
            return
        await poll_carrier(carrier, self._dials, dial, dial.call_id)


async def _as_found(jobs: "Sequence[OpenJob]") -> "Sequence[OpenJob]":
    return jobs


def _judge_unknown(states: "Sequence[WorkflowState]") -> str | None:
    """The alarm where Temporal knows nothing of most open jobs' workflows."""
    unknown, known = states.count(None), len(states) - states.count(NO_ANSWER)
    if unknown < MIN_UNKNOWN or unknown * 2 <= known:
        return None
    return (
        f"Temporal does not know the workflows of {unknown} of {known} open jobs, though it is the namespace of "
        "this database. Was it emptied, or restored from a backup? If they are gone for good: `outdial migrate "
        "--temporal --rebind` starts these jobs anew."
    )
