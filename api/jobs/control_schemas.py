"""What the API answers about steering jobs, the organization's stop, its record and its do-not-call list."""

from typing import Any, Literal

from pydantic import Field

from domain.audit import Action
from domain.calling_rules.do_not_call import Source
from domain.contacts.report import IntakeReport
from domain.jobs.views import BatchJob
from domain.json_model import JsonModel, Timestamp
from domain.statuses import ContactStatus, JobStatus

JOB_ID = "batch_0123456789abcdef01234567"
NUMBER = "+12025550101"


class ActivityEntry(JsonModel):
    """Something that was done. No entry holds a phone number."""

    id: str = Field(examples=["activity_0123456789abcdef01234567"])
    at: Timestamp
    job_id: str | None = Field(description="Null for what was done to the organization.", examples=[JOB_ID])
    actor: str = Field(
        description="The id of an API key; of a call, for its agent; `temporal`, an operator from Temporal's side;"
        " `operator`, one on the database; `outdial`, a rule of the service.",
        examples=["key_0123456789abcdef01234567"],
    )
    action: Action = Field(examples=["changed"])
    details: dict[str, Any] = Field(examples=[{"concurrentCallLimit": 20}])


class ActivityPage(JsonModel):
    """What was done, newest first. A page past the end is empty."""

    activity: list[ActivityEntry]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class DoNotCallEntry(JsonModel):
    """A number that is not called."""

    number: str = Field(description="E.164.", examples=[NUMBER])
    source: Source = Field(
        description="`api` and `file`: added by request; `agent`: the person told the agent; `sip_607`: the person's"
        " network said so; `operator`.",
        examples=["agent"],
    )
    note: str | None = Field(examples=["Asked not to be called again."])
    added_by: str = Field(description="As `actor` in the activity.", examples=["key_0123456789abcdef01234567"])
    added_at: Timestamp


class DoNotCallPage(JsonModel):
    """The list, newest first. A page past the end is empty."""

    entries: list[DoNotCallEntry]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class DoNotCallAdded(JsonModel):
    """The numbers are on the list; nobody is called under them from now on."""

    success: Literal[True] = True
    added: int = Field(description="Numbers that were not on the list.", examples=[120])
    already_listed: int = Field(examples=[3])
    contacts_blocked: int = Field(
        description="Contacts of open jobs that waited to be called: they ended as `blocked`.", examples=[2]
    )
    validation: IntakeReport = Field(description="What became of the rows, as create tells it.")


class DoNotCallRemoved(JsonModel):
    success: Literal[True] = True
    removed: bool = Field(description="False where the number was not on the list (any more).")


class OptedOut(JsonModel):
    """The person of this call is not called any more."""

    success: Literal[True] = True
    call_id: str = Field(examples=["call_0123456789abcdef01234567"])
    number: str = Field(description="Masked.", examples=["…01"])
    already_listed: bool
    contacts_blocked: int = Field(description="Of open jobs, with the same number.", examples=[1])


class Changed(BatchJob):
    """The job as it is now."""

    success: Literal[True] = True
    message: str = Field(examples=["Batch job changed."])


class Appended(JsonModel):
    """The contacts are stored and will be called."""

    success: Literal[True] = True
    batch_job_id: str = Field(examples=[JOB_ID])
    status: JobStatus = Field(examples=["running"])
    added: int = Field(description="New to the job.", examples=[20])
    total_contacts: int = Field(description="Of the job, with these.", examples=[120])
    estimated_cost: str = Field(description="Of the new ones.", examples=["$0.70"])
    validation: IntakeReport = Field(description="What became of the rows, as create tells it.")


class ContactRemoved(JsonModel):
    success: Literal[True] = True
    message: str = Field(examples=["The contact is not called any more."])
    batch_job_id: str = Field(examples=[JOB_ID])
    contact_id: str = Field(examples=["contact_0123456789abcdef01234567"])
    status: ContactStatus = Field(
        description="`cancelled`; `dialing` while it is on the phone; or its final result.", examples=["cancelled"]
    )


class Stopped(JsonModel):
    """Every job is paused."""

    success: Literal[True] = True
    message: str = Field(examples=["Everything is paused. No call starts until it is resumed."])
    batch_job_ids: tuple[str, ...] = Field(description="Jobs that this request paused.", examples=[[JOB_ID]])
    live_calls: int = Field(description="Left to end by themselves, or hung up.", examples=[50])


class Resumed(JsonModel):
    """What a stop paused goes on."""

    success: Literal[True] = True
    message: str = Field(examples=["What the stop paused goes on."])
    batch_job_ids: tuple[str, ...] = Field(description="Jobs that this request resumed.", examples=[[JOB_ID]])
