"""A job as clients read it: in the API's responses, and in webhooks."""

from typing import Any

from pydantic import Field

from domain.calling_rules import frequency_caps
from domain.calling_rules.window_format import dump_window
from domain.calls.models import OnMachine
from domain.calls.retries import OnDeclined, OnScreened, OnVoicemail
from domain.jobs.models import Job
from domain.json_model import Dollars, JsonModel, Timestamp
from domain.statuses import ContactStatus, JobStatus


class RetryPolicy(JsonModel):
    """How contacts are called again."""

    max_attempts: int = Field(description="The first call counted.", examples=[3])
    retryable_statuses: tuple[ContactStatus, ...] = Field(examples=[["no_answer", "busy", "timeout"]])
    delays_minutes: tuple[int, ...] = Field(
        description="After each attempt; the last repeats.", examples=[[5, 30, 120]]
    )
    on_voicemail: OnVoicemail = Field(description="Whether a call that a machine answered is made again.")
    on_declined: OnDeclined = Field(description="Whether a call that was declined (603) is made again.")
    on_screened: OnScreened = Field(
        description="Whether a call is made again of which the telephone asked who is calling."
    )
    retries_first: bool = Field(description="Whether contacts to be called again go before those not called yet.")


class ContactFrequency(JsonModel):
    """How often one number may be called, over all jobs of the organization. Null: as often as it comes."""

    calls_per_24_hours: int | None = Field(alias="callsPer24Hours", examples=[1])
    calls_per_7_days: int | None = Field(alias="callsPer7Days", examples=[7])
    quiet_hours: int | None = Field(description="During a conversation, and after it.", examples=[72])


class BatchJob(JsonModel):
    """A job as the list shows it."""

    id: str = Field(examples=["batch_0123456789abcdef01234567"])
    name: str = Field(examples=["Appointments in May"])
    description: str | None
    status: JobStatus
    status_reason: str | None = Field(
        description="Why it is paused or failed, where somebody else than its owner did it.",
        examples=["The carrier refused the account or its configuration. Mend that, then resume."],
    )
    organization_id: str = Field(examples=["org_0123456789abcdef01234567"])
    agent_id: str = Field(description="As at creation.", examples=["agent_0123456789abcdef01234567"])
    from_phone_number_id: str = Field(examples=["phone_0123456789abcdef01234567"])
    total_contacts: int = Field(examples=[100])
    contacts_processed: int = Field(description="With a final result: successful, failed and cancelled.", examples=[42])
    successful_calls: int = Field(description="Contacts `completed`.", examples=[30])
    failed_calls: int = Field(description="Every other final status but `cancelled`.", examples=[12])
    scheduled_start_time: Timestamp | None
    actual_start_time: Timestamp | None
    completed_at: Timestamp | None
    created_at: Timestamp
    concurrent_call_limit: int = Field(examples=[5])
    retry_policy: RetryPolicy
    on_machine: OnMachine = Field(description="Whether a call that a machine answered is ended or goes on.")
    priority: int = Field(description="Its weight among the organization's running jobs, 1 to 9.", examples=[5])
    timezone: str = Field(description="Of its start, and of contacts whose number names none.", examples=["UTC"])
    calling_window: dict[str, Any] | None = Field(
        description="Null: the organization's.",
        examples=[{"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "holidays": "US"}],
    )
    contact_frequency: ContactFrequency | None = Field(description="Beside the organization's.")
    end_time: Timestamp | None = Field(description="After it nobody is dialed; the rest ends as `cancelled`.")
    start_within: int = Field(description="Minutes; a start missed by more pauses the job.", examples=[120])
    circuit_breaker: bool = Field(description="Whether it pauses itself when its calls go wrong.")
    max_cost: Dollars | None = Field(description="Dollars that it may cost.")
    spent: Dollars = Field(description="Dollars that its ended calls have cost.")
    retry_of: str | None = Field(description="The job whose contacts it calls again.", examples=[None])
    test: bool = Field(description="Whether it is a test call: not listed, nor in analytics.", examples=[False])
    test_of: str | None = Field(
        description="Of a test call: the job that it tries; null where that was not created yet.", examples=[None]
    )


_SAME = BatchJob.model_fields.keys() & Job.model_fields.keys()


def render_job(job: Job) -> BatchJob:
    return BatchJob(**render_job_fields(job))


def render_job_fields(job: Job) -> dict[str, Any]:
    """What `BatchJob` shows of a job: its fields of the same names, but for those that look different there."""
    return {name: getattr(job, name) for name in _SAME} | {
        "contacts_processed": job.counts.processed,
        "successful_calls": job.counts.successful,
        "failed_calls": job.counts.failed,
        "retry_policy": RetryPolicy(max_attempts=job.max_attempts, **job.retry_policy.model_dump()),
        "calling_window": None if job.calling_window is None else dump_window(job.calling_window),
        "contact_frequency": render_frequency(job.contact_frequency),
        "start_within": job.start_within_minutes,
    }


def render_frequency(frequency: frequency_caps.ContactFrequency | None) -> ContactFrequency | None:
    return None if frequency is None else ContactFrequency(**frequency.model_dump())
