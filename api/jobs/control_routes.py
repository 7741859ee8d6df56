"""Start, cancel, pause and resume. From the answer on it holds, because the gate is in the database."""

from fastapi import APIRouter

from api.auth import KEYS, AdminDep
from api.dependencies import JobLifecycleDep, JobsDep, OrganizationsDep
from api.http.errors import AlreadyRunning, InvalidStatus, JobNotCancellable
from api.http.responses import errors
from api.jobs.cancel import CANCEL_BODY, CancelOptionsDep
from api.jobs.in_flight import CallStopperDep, describe
from api.jobs.lookup import JobId
from api.jobs.nudge import NudgesDep
from api.jobs.schemas import Cancelled, Paused, Started, Switched
from domain.jobs.models import Caller
from domain.statuses import JobStatus
from store.calls.gates import ORGANIZATION_STOPPED
from store.calls.in_flight import CallScope
from store.errors import WrongStatus
from store.jobs.repository import Jobs
from store.organizations.organizations import Organizations

SCHEDULE_CALLED_OFF = "Cancelled scheduled job, starting immediately"
STARTED = "Job started"
SCHEDULED_CANCELLED = "Scheduled job cancelled successfully"
REST_CANCELLED = "Job was already running - cancelled remaining contacts"
LIVE_HUNG_UP = "Job was already cancelled - ending its live calls"
PAUSED = "Job paused. No further call starts until it is resumed."
RESUMED = "Job resumed."

router = APIRouter(prefix="/batch/jobs/{id}", tags=["batch jobs"], dependencies=KEYS)


@router.post("/start", operation_id="startBatchJob", responses=errors(400, 401, 403, 404, 503))
async def start(
    caller: AdminDep,
    id: JobId,
    lifecycle: JobLifecycleDep,
    jobs: JobsDep,
    organizations: OrganizationsDep,
    nudges: NudgesDep,
) -> Started:
    """Start a scheduled or pending job now. While the organization is stopped `message` says that no call starts.

    Error codes: `already_running`; `invalid_status` for a job that has ended or is paused; `job_not_found`.
    """
    try:
        started = await lifecycle.start_now(caller.organization_id, id, by=caller.key_id)
    except WrongStatus as error:
        raise await _cannot_start(jobs, caller, id, error.status) from None
    nudges.jobs([id])
    return Started(
        message=await _unless_stopped(organizations, caller, SCHEDULE_CALLED_OFF if started.was_scheduled else STARTED),
        batch_job_id=id,
        contacts_enqueued=started.contacts,
        redis_job_cancelled=started.was_scheduled,
        started_at=started.started_at,
    )


async def _unless_stopped(organizations: Organizations, caller: Caller, message: str) -> str:
    """The message, with what keeps calls from starting."""
    organization = await organizations.get(caller.organization_id)
    return message if organization.stopped_at is None else f"{message.rstrip('.')}. {ORGANIZATION_STOPPED}"


async def _cannot_start(jobs: Jobs, caller: Caller, id: str, status: JobStatus) -> AlreadyRunning | InvalidStatus:
    if status is JobStatus.RUNNING:
        return AlreadyRunning("This job is running already.")
    if status is JobStatus.PAUSED:
        job = await jobs.find(caller.organization_id, id)
        why = "" if job is None or job.status_reason is None else f" {job.status_reason}"
        return InvalidStatus(f"This job is paused.{why} Resume it instead.")
    return InvalidStatus(f"This job is {status} and cannot be started again.")


@router.post(
    "/cancel",
    operation_id="cancelBatchJob",
    responses=errors(400, 401, 403, 404, 503),
    openapi_extra=CANCEL_BODY,
)
async def cancel(
    caller: AdminDep,
    options: CancelOptionsDep,
    id: JobId,
    lifecycle: JobLifecycleDep,
    stopper: CallStopperDep,
    nudges: NudgesDep,
) -> Cancelled:
    """Cancel a job: every contact without a final result and without a live call is cancelled.

    From the answer on no call of the job starts: those that the carrier had not let ring yet are called off, and
    `callsNotStopped` counts what could not be. Live calls end by themselves and keep their outcome;
    `{"hangUp": true}` ends them too, also on a job that was cancelled before and still has live calls.

    Error codes: `job_not_cancellable` for a job that has ended; `job_not_found`.
    """
    try:
        done = await lifecycle.cancel(caller.organization_id, id, hang_up=bool(options.hang_up), by=caller.key_id)
    except WrongStatus as error:
        raise JobNotCancellable(f"This job is {error.status} and cannot be cancelled any more.") from None
    not_stopped = await stopper.wait(CallScope(organization_id=caller.organization_id, job_id=id))
    nudges.jobs([id])
    return Cancelled(
        message=_cancelled(done.was) + describe(not_stopped),
        batch_job_id=id,
        redis_job_cancelled=done.was is JobStatus.SCHEDULED,
        contacts_cancelled=done.contacts,
        calls_not_stopped=not_stopped,
    )


def _cancelled(was: JobStatus) -> str:
    if was.waiting_to_start:
        return SCHEDULED_CANCELLED
    return LIVE_HUNG_UP if was is JobStatus.CANCELLED else REST_CANCELLED


@router.post("/pause", operation_id="pauseBatchJob", responses=errors(400, 401, 403, 404, 503))
async def pause(
    caller: AdminDep, id: JobId, lifecycle: JobLifecycleDep, stopper: CallStopperDep, nudges: NudgesDep
) -> Paused:
    """Pause a job. From the answer on none of its calls starts until it is resumed; live calls go on.

    Calls that the carrier had not let ring yet are called off and placed again later; `callsNotStopped` counts those
    that could not be.

    Idempotent. Error codes: `invalid_status` for a job that has ended; `job_not_found`.
    """
    try:
        status = await lifecycle.pause(caller.organization_id, id, by=caller.key_id)
    except WrongStatus as error:
        raise InvalidStatus(f"This job is {error.status} and cannot be paused.") from None
    not_stopped = await stopper.wait(CallScope(organization_id=caller.organization_id, job_id=id))
    nudges.jobs([id])
    message = PAUSED + describe(not_stopped)
    return Paused(message=message, batch_job_id=id, status=status, calls_not_stopped=not_stopped)


@router.post("/resume", operation_id="resumeBatchJob", responses=errors(400, 401, 403, 404, 503))
async def resume(
    caller: AdminDep, id: JobId, lifecycle: JobLifecycleDep, organizations: OrganizationsDep, nudges: NudgesDep
) -> Switched:
    """Let a paused job go on: calling, or waiting for its scheduled start.

    While the organization is stopped `message` says that no call starts.

    Idempotent. Error codes: `invalid_status` for a job that has ended; `job_not_found`.
    """
    try:
        status = await lifecycle.resume(caller.organization_id, id, by=caller.key_id)
    except WrongStatus as error:
        raise InvalidStatus(f"This job is {error.status} and cannot be resumed.") from None
    nudges.jobs([id])
    message = await _unless_stopped(organizations, caller, RESUMED)
    return Switched(message=message, batch_job_id=id, status=status)
