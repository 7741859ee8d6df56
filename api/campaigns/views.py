"""From a campaign as it is read to what clients read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from api.campaigns.schemas import CampaignDetail, CampaignJobView, CampaignView, Forecast, Upload
from domain.campaigns.models import Campaign, CampaignJob, CampaignStatus
from domain.jobs.estimate import estimate, usable_lines
from domain.money import ASSUMED_MINUTES
from domain.statuses import Architecture, JobStatus

ENOUGH_TO_TELL = 10  # contacts with a final result, before its own pace is believed


def render_campaign(campaign: Campaign) -> CampaignView:
    return CampaignView(**_fields(campaign))


def render_detail(
    campaign: Campaign,
    jobs: Sequence[CampaignJob],
    *,
    architecture: Architecture,
    organization_limit: int,
    now: datetime,
) -> CampaignDetail:
    """`architecture`: of the agent that calls; `organization_limit`: calls at once."""
    return CampaignDetail(
        **_fields(campaign),
        status_breakdown=campaign.counts.by_status,
        forecast=_forecast(campaign, architecture, organization_limit, now),
        batch_jobs=[_job(job) for job in jobs],
        validation=campaign.report,
    )


def _fields(campaign: Campaign) -> dict[str, Any]:
    settings, counts = campaign.settings, campaign.counts
    return {
        "id": campaign.id,
        "name": settings.name,
        "description": settings.description,
        "status": campaign.status,
        "status_reason": campaign.status_reason,
        "organization_id": campaign.organization_id,
        "from_phone_number_id": settings.from_phone_number_id,
        "total_contacts": counts.total,
        "contacts_processed": counts.processed,
        "successful_calls": counts.successful,
        "failed_calls": counts.failed,
        "left_out": campaign.left_out,
        "upload": Upload(offset=campaign.upload_offset, complete=campaign.upload_complete),
        "jobs": campaign.all_parts,
        "jobs_begun": campaign.parts,
        "jobs_open": campaign.open_jobs,
        "jobs_at_once": campaign.jobs_at_once,
        "concurrent_call_limit": settings.concurrent_call_limit,
        "scheduled_start_time": settings.scheduled_start_time,
        "end_time": settings.end_time,
        "timezone": settings.timezone,
        "max_cost": settings.max_cost,
        "spent": campaign.spent,
        "created_at": campaign.created_at,
        "started_at": campaign.started_at,
        "ended_at": campaign.ended_at,
    }


def _job(job: CampaignJob) -> CampaignJobView:
    return CampaignJobView(
        batch_job_id=job.id,
        part=job.part,
        status=JobStatus(job.status),
        status_reason=job.status_reason,
        total_contacts=job.total_contacts,
    )


def _forecast(campaign: Campaign, architecture: Architecture, organization_limit: int, now: datetime) -> Forecast:
    limit = campaign.settings.concurrent_call_limit * campaign.jobs_at_once
    expected = estimate(campaign.counts.total, architecture, job_limit=limit, organization_limit=organization_limit)
    return Forecast(
        estimated_cost=expected.cost,
        estimated_duration=expected.duration_text,
        estimated_completion_time=_completion(campaign, usable_lines(limit, organization_limit), now),
    )


def _completion(campaign: Campaign, lines: int, now: datetime) -> datetime | None:
    """At its own pace once that can be told, before that in waves of two minutes."""
    if campaign.status is not CampaignStatus.RUNNING or campaign.started_at is None:
        return None
    counts, start = campaign.counts, max(campaign.started_at, campaign.settings.scheduled_start_time or now)
    if counts.processed >= ENOUGH_TO_TELL and now > start:
        return now + (now - start) * counts.open / counts.processed
    return max(start, now) + timedelta(minutes=-(-counts.open // lines) * ASSUMED_MINUTES)
