"""Campaigns as they are read, and how large they may be."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.contacts.report import IntakeReport
from domain.jobs.models import JobCounts, JobRequest
from domain.model import Model

MAX_CAMPAIGN_CONTACTS = 1_000_000
MAX_CAMPAIGN_BYTES = 1024 * 1024 * 1024  # of its file
MAX_JOBS_AT_ONCE = 20


class CampaignStatus(StrEnum):
    """Where a campaign stands. `draft`: its contacts come in, and nobody is called."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in {CampaignStatus.COMPLETED, CampaignStatus.CANCELLED}


class CampaignRequest(Model):
    """What creates a campaign, valid. `settings` are those of each of its jobs."""

    settings: JobRequest
    columns: NamedColumns = NamedColumns()
    numbers: NumberOptions = NumberOptions()
    jobs_at_once: int = 2


class Campaign(CampaignRequest):
    """A campaign as it is read.

    `accepted`: contacts that its file came to. `moved`: of these, those that went into jobs; `left_out`: those of
    them that other jobs call. `parts`: how many jobs it has begun. `counts`: over all jobs, and those who wait.
    """

    id: str
    organization_id: str
    status: CampaignStatus
    status_reason: str | None
    contacts_per_job: int
    accepted: int
    moved: int
    left_out: int
    parts: int
    upload_offset: int  # bytes of its file that are in
    upload_complete: bool
    report: IntakeReport
    counts: JobCounts
    spent: Decimal
    open_jobs: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def all_parts(self) -> int:
        """How many jobs its contacts take."""
        return -(-self.accepted // self.contacts_per_job)


class CampaignJob(Model):
    """One of its jobs: the contacts of the `part`, counted from 1."""

    id: str
    part: int
    status: str
    status_reason: str | None
    total_contacts: int
