"""The contacts of a job that has not ended: more of them, or one less."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.auth import KEYS, AdminDep
from api.contacts.openapi import APPEND_BODY
from api.contacts.reader import ContactReader
from api.contacts.schemas import Appended, ContactRemoved, render_appended
from api.dependencies import BodyBudgetDep, ForkPoolDep, JobsDep, JobUpdatesDep, PhoneNumbersDep
from api.http.bodies import read_body
from api.http.errors import InvalidStatus
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.responses import errors
from api.jobs.lookup import JobId, find_job
from api.jobs.lost_parameters import LostParametersDep
from api.jobs.nudge import NudgesDep
from domain.statuses import ContactStatus
from store.errors import WrongStatus

NOT_CALLED = "The contact is not called any more."
LIVE = "The contact is on the phone: that call ends by itself, and no other follows."
FINAL = "The contact had its final result already."
ENDED = "This job is {}: nobody can be added any more. Create another job."

router = APIRouter(prefix="/batch/jobs/{id}/contacts", tags=["batch jobs"], dependencies=KEYS)
ContactId = Annotated[
    str, Path(alias="contactId", description="A contact's id.", examples=["contact_0123456789abcdef01234567"])
]


@router.post(
    "",
    operation_id="addBatchJobContacts",
    responses=errors(400, 401, 403, 404, 409, 503) | REPLAYABLE,
    openapi_extra=APPEND_BODY,
)
async def add(
    caller: AdminDep,
    request: Request,
    id: JobId,
    jobs: JobsDep,
    updates: JobUpdatesDep,
    idempotent: IdempotentDep,
    nudges: NudgesDep,
    pool: ForkPoolDep,
    budget: BodyBudgetDep,
    phone_numbers: PhoneNumbersDep,
    lost: LostParametersDep,
) -> Appended:
    """Add contacts to a job that has not ended: a file or JSON, read by the same rules as create's.

    Numbers that the job has already are reported as duplicates and not called twice. A job may have 10,000
    contacts. The estimate of the new ones is held.
    Rejected rows of a file are kept for `GET /batch/jobs/{id}/rejects` where its columns are those of the job's file.

    Error codes: those of create for its file or contacts, `insufficient_credits`; `invalid_status` for a job that
    has ended; `job_not_found`; `idempotency_conflict`.
    """

    async def append(context: CreateContext) -> Appended:
        job = await find_job(jobs, caller.organization_id, id)
        intake = await ContactReader(pool, caller.organization_id).read_more(body, job.timezone, context.now)
        number = await phone_numbers.find(job.organization_id, job.from_phone_number_id)
        losses = (
            []
            if number is None or number.agent is None
            else await lost.warn(job.organization_id, number, number.agent, intake.contacts)
        )
        try:
            appended = await updates.append(
                job.organization_id,
                job.id,
                intake.contacts,
                intake.report.with_warnings(losses).to_json(),
                by=caller.key_id,
                rejected=intake.rejects,
                id=context.new_id("activity"),
            )
        except WrongStatus as error:
            raise InvalidStatus(ENDED.format(error.status)) from None
        return render_appended(id, appended)

    with budget.share(caller.organization_id) as share:
        body = await read_body(request, share)
        answer = await idempotent.answer(Appended, body, append)
    nudges.jobs([id])
    return answer


@router.delete("/{contactId}", operation_id="removeBatchJobContact", responses=errors(401, 403, 404, 503))
async def remove(
    caller: AdminDep, id: JobId, contact_id: ContactId, updates: JobUpdatesDep, nudges: NudgesDep
) -> ContactRemoved:
    """Call a contact no more: it ends as `cancelled`. A live call ends by itself and keeps its outcome.

    Idempotent; a contact with a final result keeps it. Error codes: `job_not_found`,
    `contact_not_found`.
    """
    removed = await updates.remove_contact(caller.organization_id, id, contact_id, by=caller.key_id)
    nudges.jobs([id])
    return ContactRemoved(message=_said(removed.status), batch_job_id=id, contact_id=contact_id, status=removed.status)


def _said(status: ContactStatus) -> str:
    if status is ContactStatus.DIALING:
        return LIVE
    return NOT_CALLED if status is ContactStatus.CANCELLED else FINAL
