"""What the API answers, as clients see it: camelCase names, examples for the OpenAPI page."""

from typing import Literal

from pydantic import Field

from domain.contacts.report import IntakeReport
from domain.contacts.views import BatchContact
from domain.jobs.views import BatchJob
from domain.json_model import JsonModel, Timestamp
from domain.statuses import ContactStatus, JobStatus


class Created(JsonModel):
    """The job is stored and will start by itself."""

    success: Literal[True] = True
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    total_contacts: int = Field(description="Valid ones.", examples=[100])
    estimated_duration: str = Field(examples=["40 minutes"])
    estimated_cost: str = Field(examples=["$3.50"])
    status: JobStatus = Field(description="`pending` or `scheduled`.", examples=["pending"])
    scheduled_start_time: Timestamp | None
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


class JobPage(JsonModel):
    """Jobs, newest first. A page past the end is empty."""

    batch_jobs: list[BatchJob]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class WaitingFor(JsonModel):
    """Why nobody is dialed now."""

    reason: str = Field(
        description="`start`, `resume`, `retry`, `window` (calling window), `not_before` (a contact's earliest time),"
        " `frequency` (calls to one number), `timezone` (unknown: such contacts are not called), `lines` (the"
        " organization's other jobs have them), `credits`, `max_cost`, `account` (the carrier refused it, or cannot be"
        " reached, or was closed), `number` (calls from it were refused, or it was closed), `stopped` (the whole"
        " organization), `pacing` (the number's calls per second).",
        examples=["retry"],
    )
    until: Timestamp | None
    detail: str | None = Field(description="A sentence on the reason, where there is one.", examples=[None])


class Progress(JsonModel):
    """What the job's workflow says of this moment; `liveCalls` are the database's."""

    live_calls: int = Field(examples=[5])
    lines_held: int = Field(examples=[5])
    lines_wanted: int = Field(examples=[5])
    waiting_for: WaitingFor | None


class JobDetail(BatchJob):
    """A job with a page of its contacts, in file order."""

    status_breakdown: dict[ContactStatus, int] = Field(
        description="All twelve statuses, always.", examples=[{status: 0 for status in ContactStatus}]
    )
    estimated_completion_time: Timestamp | None
    contacts: list[BatchContact]
    contacts_total: int = Field(description="With the status asked for.", examples=[100])
    contacts_page: int = Field(examples=[1])
    contacts_page_size: int = Field(examples=[50])
    contacts_has_more: bool
    progress: Progress | None = Field(description="Null where the workflow does not answer within a second.")
    warning: str | None = Field(
        default=None, description="What keeps an open job from going as it should, though it calls.", examples=[None]
    )


class Started(JsonModel):
    success: Literal[True] = True
    message: str = Field(examples=["Cancelled scheduled job, starting immediately"])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    status: Literal[JobStatus.RUNNING] = JobStatus.RUNNING
    contacts_enqueued: int = Field(examples=[100])
    redis_job_cancelled: bool = Field(description="Whether a schedule was called off; a name kept for clients.")
    started_at: Timestamp


class Cancelled(JsonModel):
    success: Literal[True] = True
    message: str = Field(examples=["Scheduled job cancelled successfully"])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    redis_job_cancelled: bool = Field(description="True for a scheduled job; a name kept for clients.")
    contacts_cancelled: int = Field(examples=[100])
    calls_not_stopped: int = Field(
        default=0,
        description="Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.",
        examples=[0],
    )


class Switched(JsonModel):
    """A job paused or resumed."""

    success: Literal[True] = True
    message: str = Field(examples=["Job paused. No further call starts until it is resumed."])
    batch_job_id: str = Field(examples=["batch_0123456789abcdef01234567"])
    status: JobStatus


class Paused(Switched):
    """A job that is paused."""

    calls_not_stopped: int = Field(
        default=0,
        description="Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.",
        examples=[0],
    )


class Changed(BatchJob):
    """The job as it is now."""

    success: Literal[True] = True
    message: str = Field(examples=["Batch job changed."])
