"""Stop everything, and go on."""

from fastapi import APIRouter

from api.auth import KEYS, AdminDep
from api.dependencies import JobLifecycleDep, OrganizationsDep
from api.http.responses import errors
from api.jobs.cancel import CANCEL_BODY, CancelOptionsDep
from api.jobs.in_flight import CallStopperDep, describe
from api.jobs.nudge import NudgesDep
from api.organizations.schemas import Resumed, Stopped
from store.calls.in_flight import CallScope

STOPPED = "Everything is paused. No call starts until it is resumed."
RESUMED = "What the stop paused goes on."

router = APIRouter(prefix="/organization", tags=["organization"], dependencies=KEYS)


@router.post("/stop", operation_id="stopOrganization", responses=errors(400, 401, 403, 503), openapi_extra=CANCEL_BODY)
async def stop(
    caller: AdminDep, options: CancelOptionsDep, lifecycle: JobLifecycleDep, stopper: CallStopperDep, nudges: NudgesDep
) -> Stopped:
    """Pause every job of the organization that has not ended. From the answer on no call of any job starts.

    Live calls end by themselves; `{"hangUp": true}` ends them too. Idempotent. A job that is created
    or resumed meanwhile places no call until the organization is resumed. Error codes: `invalid_request`.
    """
    organization_id = caller.organization_id
    done = await lifecycle.stop(organization_id, hang_up=bool(options.hang_up), by=caller.key_id)
    not_stopped = await stopper.wait(CallScope(organization_id=organization_id))
    nudges.jobs(done.job_ids)
    return Stopped(
        message=STOPPED + describe(not_stopped),
        batch_job_ids=done.job_ids,
        live_calls=done.live,
        calls_not_stopped=not_stopped,
    )


@router.post("/resume", operation_id="resumeOrganization", responses=errors(401, 403, 503))
async def resume(
    caller: AdminDep, lifecycle: JobLifecycleDep, organizations: OrganizationsDep, nudges: NudgesDep
) -> Resumed:
    """Let calls start again, and the jobs go on that the stop paused: calling, or waiting for their start.

    Jobs that somebody paused for themselves, before the stop or after, stay paused. Idempotent.
    """
    job_ids = await lifecycle.resume_all(caller.organization_id, by=caller.key_id)
    nudges.jobs({*job_ids, *await organizations.list_running_jobs(caller.organization_id)})
    return Resumed(message=RESUMED, batch_job_ids=job_ids)
