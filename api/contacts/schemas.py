"""What the API answers about the contacts of a job, and about the do-not-call list."""

from typing import Literal

from pydantic import Field

from api.http.examples import A_JOB
from domain.calling_rules.do_not_call import Source
from domain.contacts.report import IntakeReport
from domain.json_model import JsonModel, Timestamp
from domain.money import format_dollars
from domain.statuses import ContactStatus, JobStatus
from store.jobs import update

NUMBER = "+12025550101"
A_BATCH = "dnc_0123456789abcdef01234567"


class DoNotCallEntry(JsonModel):
    """A number that is not called."""

    number: str = Field(description="E.164.", examples=[NUMBER])
    source: Source = Field(
        description="`api` and `file`: added by request; `agent`: the person asked the agent; `sip_607`: the person's"
        " network reported it; `operator`.",
        examples=["agent"],
    )
    note: str | None = Field(examples=["Asked not to be called again."])
    added_by: str = Field(description="As `actor` in the activity.", examples=["key_0123456789abcdef01234567"])
    added_at: Timestamp
    batch_id: str | None = Field(
        description="Of the request that listed it: `DELETE /do-not-call/batches/{batchId}` takes all of it back.",
        examples=[A_BATCH],
    )


class DoNotCallPage(JsonModel):
    """The list, newest first. A page past the end is empty."""

    entries: list[DoNotCallEntry]
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    page_size: int = Field(examples=[20])


class DoNotCallAdded(JsonModel):
    """The numbers are on the list; they are not called from now on."""

    success: Literal[True] = True
    added: int = Field(description="Numbers that were not on the list.", examples=[120])
    batch_id: str | None = Field(
        default=None,
        description="By which it can be taken back; null where nothing new was listed.",
        examples=[A_BATCH],
    )
    already_listed: int = Field(examples=[3])
    contacts_blocked: int = Field(
        description="Contacts of open jobs that waited to be called: they ended as `blocked`.", examples=[2]
    )
    validation: IntakeReport = Field(description="What became of the rows, as create tells it.")
    calls_not_stopped: int = Field(
        default=0,
        description="Calls that the carrier had not let ring yet and that could not be called off within 20 seconds.",
        examples=[0],
    )


class BlockedJobView(JsonModel):
    batch_job_id: str = Field(examples=[A_JOB])
    name: str = Field(examples=["Appointments in May"])
    contacts: int = Field(description="That would not be called any more.", examples=[2])


class DoNotCallPreview(JsonModel):
    """What adding these numbers would come to. Nothing was changed."""

    would_be_added: int = Field(examples=[120])
    already_listed: int = Field(examples=[3])
    contacts_blocked: int = Field(description="Contacts of open jobs that wait to be called.", examples=[2])
    jobs: list[BlockedJobView] = Field(description="Whose contacts these are, the most first.")
    validation: IntakeReport = Field(description="What would become of the rows, as create tells it.")


class DoNotCallUndone(JsonModel):
    """What the batch listed is not on the list any more."""

    success: Literal[True] = True
    removed: int = Field(description="Numbers; 0 where that was done before.", examples=[120])
    contacts_restored: int = Field(
        description="Contacts of jobs that have not ended, which were `blocked` for it and wait to be called again.",
        examples=[2],
    )


class DoNotCallRemoved(JsonModel):
    success: Literal[True] = True
    removed: bool = Field(description="False where the number was not on the list (any more).")


class Appended(JsonModel):
    """The contacts are stored and will be called."""

    success: Literal[True] = True
    batch_job_id: str = Field(examples=[A_JOB])
    status: JobStatus = Field(examples=["running"])
    added: int = Field(description="New to the job.", examples=[20])
    total_contacts: int = Field(description="Of the job, with these.", examples=[120])
    estimated_cost: str = Field(description="Of the new ones.", examples=["$0.70"])
    validation: IntakeReport = Field(description="What became of the rows, as create tells it.")


class ContactRemoved(JsonModel):
    success: Literal[True] = True
    message: str = Field(examples=["The contact is not called any more."])
    batch_job_id: str = Field(examples=[A_JOB])
    contact_id: str = Field(examples=["contact_0123456789abcdef01234567"])
    status: ContactStatus = Field(
        description="`cancelled`; `dialing` while it is on the phone; or its final result.", examples=["cancelled"]
    )


def render_appended(job_id: str, appended: update.Appended) -> Appended:
    return Appended(
        batch_job_id=job_id,
        status=appended.status,
        added=appended.added,
        total_contacts=appended.total,
        estimated_cost=format_dollars(appended.cost),
        validation=IntakeReport.model_validate(appended.report),
    )
