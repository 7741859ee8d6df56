"""What the API answers of campaigns."""

from typing import Literal

from pydantic import Field

from api.http.examples import A_JOB
from domain.campaigns.models import CampaignStatus
from domain.contacts.report import IntakeReport
from domain.json_model import Dollars, JsonModel, Timestamp
from domain.statuses import ContactStatus, JobStatus

A_CAMPAIGN = "campaign_0123456789abcdef01234567"


class Upload(JsonModel):
    """How far the campaign's file is."""

    offset: int = Field(description="Bytes that are in: from here on the file goes on.", examples=[104857600])
    complete: bool = Field(description="Whether it is in, to its end.", examples=[True])


class CampaignView(JsonModel):
    """A campaign as the list shows it."""

    id: str = Field(examples=[A_CAMPAIGN])
    name: str = Field(examples=["Appointments in May"])
    description: str | None
    status: CampaignStatus
    status_reason: str | None = Field(description="Why it is paused, or begins no other job.", examples=[None])
    organization_id: str = Field(examples=["org_0123456789abcdef01234567"])
    from_phone_number_id: str = Field(examples=["phone_0123456789abcdef01234567"])
    total_contacts: int = Field(description="Those of its jobs, and those that wait for one.", examples=[100000])
    contacts_processed: int = Field(description="With a final result: successful, failed and cancelled.", examples=[42])
    successful_calls: int = Field(description="Contacts `completed`.", examples=[30])
    failed_calls: int = Field(description="Every other final status but `cancelled`.", examples=[12])
    left_out: int = Field(description="Contacts that no job took, as other jobs call them (`onOverlap`).", examples=[0])
    upload: Upload
    jobs: int = Field(description="That its contacts take.", examples=[10])
    jobs_begun: int = Field(examples=[3])
    jobs_open: int = Field(description="Of those begun.", examples=[2])
    jobs_at_once: int = Field(description="With people to call.", examples=[2])
    concurrent_call_limit: int = Field(description="Of each job.", examples=[50])
    scheduled_start_time: Timestamp | None
    end_time: Timestamp | None
    timezone: str = Field(examples=["UTC"])
    max_cost: Dollars | None = Field(description="Dollars that all its jobs together may cost.")
    spent: Dollars = Field(description="Dollars that ended calls have cost.")
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None


class CampaignPage(JsonModel):
    """Campaigns, newest first. A page past the end is empty."""

    campaigns: list[CampaignView]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class CampaignJobView(JsonModel):
    """One of its jobs, which is a batch job like others."""

    batch_job_id: str = Field(examples=[A_JOB])
    part: int = Field(description="From 1, in the order of the file.", examples=[1])
    status: JobStatus
    status_reason: str | None
    total_contacts: int = Field(examples=[10000])


class Forecast(JsonModel):
    """Every contact called once, two minutes each, on all lines that it can have."""

    estimated_cost: Dollars = Field(description="Dollars, of all its contacts.")
    estimated_duration: str = Field(description="Of all its contacts.", examples=["66 hours 40 minutes"])
    estimated_completion_time: Timestamp | None = Field(
        description="By its own pace once that can be told. Null while it is a draft, paused, or has ended."
    )


class CampaignDetail(CampaignView):
    """A campaign with its counts over all jobs, its forecast, and the account of its file."""

    status_breakdown: dict[ContactStatus, int] = Field(
        description="All twelve statuses, always. Who waits for a job is `pending`.",
        examples=[{status: 0 for status in ContactStatus}],
    )
    forecast: Forecast
    batch_jobs: list[CampaignJobView] = Field(description="Those begun.")
    validation: IntakeReport = Field(description="What became of the rows; at most 100 entries in each list.")


class CampaignCreated(JsonModel):
    """A draft: its contacts come next."""

    success: Literal[True] = True
    campaign_id: str = Field(examples=[A_CAMPAIGN])
    status: CampaignStatus
    message: str = Field(examples=["Campaign created. Send its file to PUT /campaigns/{id}/contacts."])
    warnings: list[str] = Field(examples=[[]])


class CampaignSwitched(JsonModel):
    """Where the campaign stands now, and its jobs in which the same was done."""

    success: Literal[True] = True
    message: str = Field(examples=["Campaign paused. No further call starts until it is resumed."])
    campaign_id: str = Field(examples=[A_CAMPAIGN])
    status: CampaignStatus
    batch_job_ids: list[str] = Field(examples=[[A_JOB]])


class CampaignStopped(CampaignSwitched):
    """Also what could not be stopped."""

    calls_not_stopped: int = Field(
        default=0,
        description="Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.",
        examples=[0],
    )


class CampaignCancelled(CampaignStopped):
    """Also how many were cancelled."""

    contacts_cancelled: int = Field(examples=[84000])


class CampaignDeleted(JsonModel):
    """It is gone."""

    success: Literal[True] = True
    message: str = Field(examples=["The campaign was deleted."])
    campaign_id: str = Field(examples=[A_CAMPAIGN])
    contacts_deleted: int = Field(description="Those that no job had taken.", examples=[0])
