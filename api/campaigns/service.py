"""What several routes of campaigns do: read one, begin its jobs, wait until calls of all its jobs are stopped."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends

from api.campaigns.schemas import CampaignDetail
from api.campaigns.views import render_detail
from api.dependencies import CampaignJobsDep, CampaignsDep, OrganizationsDep, PhoneNumbersDep, WorkflowsDep
from api.jobs.in_flight import CallStopper, CallStopperDep
from api.jobs.nudge import Nudges, NudgesDep
from api.jobs.scheduler import reached
from domain.statuses import Architecture
from store.calls.in_flight import CallScope
from store.campaigns.jobs import BegunJob, CampaignJobs
from store.campaigns.repository import Campaigns
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from workflows.client import JobWorkflows


@dataclass(frozen=True)
class CampaignReader:
    """Reads a campaign as clients see it."""

    campaigns: Campaigns
    organizations: Organizations
    phone_numbers: PhoneNumbers

    async def read(self, organization_id: str, campaign_id: str) -> CampaignDetail:
        """Raises NotFound of the store."""
        campaign, jobs, organization = await asyncio.gather(
            self.campaigns.find(organization_id, campaign_id),
            self.campaigns.list_jobs(organization_id, campaign_id),
            self.organizations.get(organization_id),
        )
        number = await self.phone_numbers.find(organization_id, campaign.settings.from_phone_number_id)
        agent = None if number is None else number.agent
        return render_detail(
            campaign,
            jobs,
            architecture=Architecture.PIPELINE if agent is None else agent.architecture,
            organization_limit=organization.concurrent_call_limit,
            now=datetime.now(UTC),
        )


@dataclass(frozen=True)
class CampaignRunner:
    """Has jobs begin, and calls stop."""

    jobs: CampaignJobs
    workflows: JobWorkflows
    stopper: CallStopper
    nudges: Nudges

    async def start_workflows(self, organization_id: str, begun: Sequence[BegunJob]) -> None:
        """Where Temporal does not answer, the reconciler starts them later."""
        for job in begun:
            start = self.workflows.start(job.id, organization_id, job.name, job.scheduled_start_time)
            await reached(start, f"start of {job.id}")

    async def advance(self, organization_id: str, campaign_id: str) -> None:
        """Begin the jobs that may be under way now."""
        await self.start_workflows(organization_id, await self.jobs.advance(organization_id, campaign_id))

    async def wait(self, organization_id: str, job_ids: Sequence[str]) -> int:
        """Return once no call of these jobs can begin to ring, and wake them; how many could not be stopped."""
        scopes = [CallScope(organization_id=organization_id, job_id=id) for id in job_ids]
        not_stopped = sum(await asyncio.gather(*map(self.stopper.wait, scopes)))
        self.nudges.jobs(job_ids)
        return not_stopped


async def _reader(
    campaigns: CampaignsDep, organizations: OrganizationsDep, phone_numbers: PhoneNumbersDep
) -> CampaignReader:
    return CampaignReader(campaigns, organizations, phone_numbers)


async def _runner(
    jobs: CampaignJobsDep, workflows: WorkflowsDep, stopper: CallStopperDep, nudges: NudgesDep
) -> CampaignRunner:
    return CampaignRunner(jobs, workflows, stopper, nudges)


CampaignReaderDep = Annotated[CampaignReader, Depends(_reader)]
CampaignRunnerDep = Annotated[CampaignRunner, Depends(_runner)]
