"""Ended jobs: call those again who were not reached, or delete the job."""

from functools import partial

from fastapi import APIRouter, Request

from api.auth import KEYS, AdminDep
from api.contacts.reader import ReadContacts, pack
from api.dependencies import JobDeletionDep, JobRerunDep
from api.http.bodies import read_small
from api.http.errors import InvalidStatus
from api.http.idempotency import REPLAYABLE, CreateContext, IdempotentDep
from api.http.responses import errors
from api.jobs.create import JobCreator, JobCreatorDep
from api.jobs.export_schemas import Deleted
from api.jobs.lookup import JobId
from api.jobs.openapi import RETRY_BODY
from api.jobs.rerun_schemas import Retried
from domain.contacts.report import Intake, IntakeReport
from domain.errors import NoValidContacts
from domain.jobs.create_request import ParsedCreate
from domain.jobs.models import Caller
from domain.jobs.rerun import ParsedRetry, read_retry
from domain.requests.strict_json import parse_json
from store.errors import WrongStatus
from store.jobs.rerun import JobRerun, Unreached

router = APIRouter(prefix="/batch/jobs/{id}", tags=["batch jobs"], dependencies=KEYS)


@router.post(
    "/retry",
    operation_id="retryBatchJob",
    responses=errors(400, 401, 403, 404, 409, 429, 503) | REPLAYABLE,
    openapi_extra=RETRY_BODY,
)
async def retry(
    caller: AdminDep,
    request: Request,
    id: JobId,
    reruns: JobRerunDep,
    creator: JobCreatorDep,
    idempotent: IdempotentDep,
) -> Retried:
    """Call those again whom an ended job did not reach: a new job, linked by `retryOf`.

    Left out are contacts whose number does not exist, who were removed, whose call is still live, and, without
    `includeUnknown`, whose outcome is unknown. The new job is like the old one but for what the body says; it has no
    `endTime`. Without `timezone` a `scheduledStartTime` is in the old job's zone. The do-not-call list, countries,
    windows and caps are judged anew; numbers that another open job will call are skipped, so that a retry sent twice
    calls nobody twice.

    Error codes: `job_not_found`; `invalid_status` for a job that has not ended; `no_valid_contacts` where nobody is
    left to call; those of `POST /batch/create`.
    """
    body = await read_small(request)
    return await idempotent.answer(Retried, body, partial(_retry, body, id, caller, reruns, creator))


async def _retry(
    body: bytes, id: str, caller: Caller, reruns: JobRerun, creator: JobCreator, context: CreateContext
) -> Retried:
    try:
        earlier = await reruns.read_request(caller.organization_id, id)
        read = read_retry(parse_json(body) if body.strip() else {}, earlier, context.now)
        found = await reruns.find_unreached(caller.organization_id, id, include_unknown=read.include_unknown)
    except WrongStatus as error:
        raise InvalidStatus(f"This job is {error.status}. Only a job that has ended can be retried.") from None
    created = await creator.create(_fields(read, id), partial(_intake, found), caller, context)
    return Retried(
        **{name: getattr(created, name) for name in type(created).model_fields},
        retry_of=id,
        reached=found.reached,
        left_out=sum(found.left_out.values()),
    )


def _fields(read: ParsedRetry, id: str) -> ParsedCreate:
    request = read.request.model_copy(update={"retry_of": id})
    return ParsedCreate(request=request, start_note=read.start_note, warnings=read.warnings)


def _intake(found: Unreached) -> ReadContacts:
    """Raises NoValidContacts."""
    warnings = [f"Left out: {count:,} {why}." for why, count in found.left_out.items()]
    if not found.contacts:
        raise NoValidContacts(" ".join(["Nobody is left to call again.", *warnings]))
    count = len(found.contacts)
    return pack(Intake(contacts=found.contacts, report=IntakeReport(rows=count, valid=count, warnings=warnings)))


@router.delete("", operation_id="deleteBatchJob", responses=errors(400, 401, 403, 404, 429, 503))
async def delete(caller: AdminDep, id: JobId, deletion: JobDeletionDep) -> Deleted:
    """Delete an ended job with its contacts, their fields, what its conversations brought, and its rejected rows.

    It cannot be undone. What has happened stays on record: of each call the number, its times, outcome and cost, which
    caps on calls to a number need; the ledger; and what was done to the job and by whom.

    Error codes: `job_not_found`; `invalid_status` for a job that has not ended, or has calls that are still live or,
    their outcome unknown, may be.
    """
    try:
        contacts = await deletion.delete(caller.organization_id, id, by=caller.key_id)
    except WrongStatus as error:
        raise InvalidStatus(f"This job is {error.status}. Only a job that has ended can be deleted.") from None
    said = "1 contact was" if contacts == 1 else f"{contacts:,} contacts were"
    return Deleted(message=f"The job and the data of its {said} deleted.", batch_job_id=id, contacts_deleted=contacts)
