"""What the API answers, as clients see it: camelCase names, examples for the OpenAPI page."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from domain.calls.models import AnsweredBy, OnMachine
from domain.calls.retries import OnDeclined, OnVoicemail
from domain.contacts.report import IntakeReport
from domain.money import format_exact
from domain.statuses import ContactStatus, JobStatus


def shown(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS[.mmm]Z`: UTC, milliseconds only where they are not zero.

    >>> shown(datetime(2026, 3, 29, 1, 0, 0, 250_999, UTC))
    '2026-03-29T01:00:00.250Z'
    """
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


Moment = Annotated[
    datetime,
    PlainSerializer(shown, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-03-29T01:00:00Z"}),
]


Dollars = Annotated[
    Decimal,
    PlainSerializer(format_exact, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,6}$", "example": "0.035"}),
]


class Answer(BaseModel):
    """The base of all answers: built with our names, read with the contract's."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)


class ErrorAnswer(Answer):
    """Every error has this shape; `code` is for programs, `error` for people."""

    success: Literal[False] = False
    error: str = Field(examples=["There is no job batch_0123456789abcdef01234567."])
    code: str = Field(examples=["job_not_found"])
    details: list[dict[str, Any]] | None = Field(default=None, description="The fields or rows to blame.")


class Created(Answer):
    """The job is stored and will start by itself."""

    success: Literal[True] = True
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    total_contacts: int = Field(description="Valid ones.", examples=[100])
    estimated_duration: str = Field(examples=["40 minutes"])
    estimated_cost: str = Field(examples=["$3.50"])
    status: JobStatus = Field(description="`pending` or `scheduled`.", examples=["pending"])
    scheduled_start_time: Moment | None
    message: str = Field(examples=["Batch job created. Calling starts now."])
    validation: IntakeReport = Field(
        description="What became of the rows; at most 100 entries in each list. A file's header is row 1.",
        examples=[
            {
                "rows": 102,
                "valid": 100,
                "blank": 0,
                "invalidTotal": 1,
                "invalid": [{"row": 7, "column": "phone", "value": "…01", "reason": "is too short"}],
                "duplicatesTotal": 1,
                "duplicates": [{"row": 9, "firstRow": 2}],
                "warnings": [],
            }
        ],
    )


class RetryPolicy(Answer):
    """How contacts are called again."""

    max_attempts: int = Field(description="The first call counted.", examples=[3])
    retryable_statuses: tuple[ContactStatus, ...] = Field(examples=[["no_answer", "busy", "timeout"]])
    delays_minutes: tuple[int, ...] = Field(
        description="After each attempt; the last repeats.", examples=[[5, 30, 120]]
    )
    on_voicemail: OnVoicemail = Field(description="Whether a call that a machine answered is made again.")
    on_declined: OnDeclined = Field(description="Whether a call that was declined (603) is made again.")
    retries_first: bool = Field(description="Whether contacts to be called again go before those not called yet.")


class ContactFrequency(Answer):
    """How often one number may be called, over all jobs of the organization. Null: as often as it comes."""

    calls_per_24_hours: int | None = Field(alias="callsPer24Hours", examples=[1])
    calls_per_7_days: int | None = Field(alias="callsPer7Days", examples=[7])
    quiet_hours: int | None = Field(description="After a conversation.", examples=[72])


class BatchJob(Answer):
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
    scheduled_start_time: Moment | None
    actual_start_time: Moment | None
    completed_at: Moment | None
    created_at: Moment
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
    end_time: Moment | None = Field(description="After it nobody is dialed; the rest ends as `cancelled`.")
    start_within: int = Field(description="Minutes; a start missed by more pauses the job.", examples=[120])
    circuit_breaker: bool = Field(description="Whether it pauses itself when its calls go wrong.")
    max_cost: Dollars | None = Field(description="Dollars that it may cost.")
    spent: Dollars = Field(description="Dollars that its ended calls have cost.")
    retry_of: str | None = Field(description="The job whose contacts it calls again.", examples=[None])
    test_of: str | None = Field(description="The job that it tries with one call.", examples=[None])


class JobPage(Answer):
    """Jobs, newest first. A page past the end is empty."""

    batch_jobs: list[BatchJob]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class ConversationView(Answer):
    """What the call's agent reported; of every field the last word."""

    disposition: str | None = Field(examples=["appointment_confirmed"])
    summary: str | None = Field(examples=["Ada keeps her appointment on May 3."])
    data: dict[str, Any] | None = Field(examples=[{"confirmed": True, "slot": "2027-05-03T09:00"}])
    transcript_url: str | None = Field(examples=["https://agent.example/transcripts/1"])
    recording_url: str | None = Field(examples=["https://agent.example/recordings/1"])
    reported_at: Moment


class ContactFacts(Answer):
    """A contact and how its last call went."""

    id: str = Field(examples=["contact_0123456789abcdef01234567"])
    phone_number: str = Field(examples=["+12025550101"])
    contact_data: dict[str, Any] = Field(
        description="The whole original row.",
        examples=[{"phone": "+12025550101", "name": "Ada", "plan": "basic"}],
    )
    status: ContactStatus
    error_code: str | None = Field(description="The SIP code; null where completed.", examples=["486"])
    attempt_count: int = Field(examples=[1])
    max_attempts: int = Field(examples=[3])
    last_attempt_at: Moment | None
    next_retry_at: Moment | None
    completed_at: Moment | None
    room_name: str | None = Field(description="The carrier's id of the last call.", examples=["CA0123456789abcdef"])
    failure_reason: str | None = Field(examples=["The line was busy."])
    call_duration: int | None = Field(description="Whole seconds.", examples=[61])
    answered_by: AnsweredBy | None
    external_id: str | None = Field(description="The client's own, from `externalIdColumn`.", examples=["patient-17"])
    conversation: ConversationView | None = Field(description="What the agent reported of the last conversation.")


class BatchContact(ContactFacts):
    """A contact and how its last call went."""

    dials: int = Field(description="Requests made to the carrier for it, charged as attempts or not.", examples=[1])


class WaitingFor(Answer):
    """Why nobody is dialed now."""

    reason: str = Field(
        description="`start`, `resume`, `retry`, `window` (calling window), `not_before` (a contact's earliest time),"
        " `frequency` (calls to one number), `timezone` (unknown: such contacts are not called), `lines` (the"
        " organization's other jobs have them), `credits`, `max_cost`, `account` (the carrier refused it).",
        examples=["retry"],
    )
    until: Moment | None


class Progress(Answer):
    """What the job's workflow says of this moment."""

    live_calls: int = Field(examples=[5])
    lines_held: int = Field(examples=[5])
    lines_wanted: int = Field(examples=[5])
    waiting_for: WaitingFor | None


class JobDetail(BatchJob):
    """A job with a page of its contacts, in file order."""

    status_breakdown: dict[ContactStatus, int] = Field(
        description="All twelve statuses, always.", examples=[{status: 0 for status in ContactStatus}]
    )
    estimated_completion_time: Moment | None
    contacts: list[BatchContact]
    contacts_total: int = Field(description="With the status asked for.", examples=[100])
    contacts_page: int = Field(examples=[1])
    contacts_page_size: int = Field(examples=[50])
    contacts_has_more: bool
    progress: Progress | None = Field(description="Null where the workflow does not answer within a second.")


class Started(Answer):
    success: Literal[True] = True
    message: str = Field(examples=["Cancelled scheduled job, starting immediately"])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    status: Literal[JobStatus.RUNNING] = JobStatus.RUNNING
    contacts_enqueued: int = Field(examples=[100])
    redis_job_cancelled: bool = Field(description="Whether a schedule was called off; a name kept for clients.")
    started_at: Moment


class Cancelled(Answer):
    success: Literal[True] = True
    message: str = Field(examples=["Scheduled job cancelled successfully"])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    redis_job_cancelled: bool = Field(description="True for a scheduled job; a name kept for clients.")
    contacts_cancelled: int = Field(examples=[100])


class Switched(Answer):
    """A job paused or resumed."""

    success: Literal[True] = True
    message: str = Field(examples=["Job paused. No further call starts until it is resumed."])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    status: JobStatus


class PartHealth(Answer):
    ok: bool
    detail: str = Field(examples=["reachable"])


class Readiness(Answer):
    """Whether this process can do its work, part by part."""

    ready: bool
    parts: dict[str, PartHealth]
