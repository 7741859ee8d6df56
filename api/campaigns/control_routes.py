"""Start, pause, resume and cancel a campaign: all of its jobs at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter

from api.auth import KEYS, AdminDep
from api.campaigns.lookup import CampaignId
from api.campaigns.schemas import CampaignCancelled, CampaignStopped, CampaignSwitched
from api.campaigns.service import CampaignRunnerDep
from api.dependencies import CampaignJobsDep, CampaignLifecycleDep
from api.http.errors import InvalidStatus
from api.http.responses import errors
from api.jobs.cancel import CANCEL_BODY, CancelOptionsDep
from api.jobs.in_flight import describe
from domain.campaigns.models import CampaignStatus
from store.errors import WrongCampaignStatus

STARTED = "Campaign started."
PAUSED = "Campaign paused. No further call starts until it is resumed."
RESUMED = "Campaign resumed."
CANCELLED = "Campaign cancelled. No further call starts."

router = APIRouter(prefix="/campaigns/{id}", tags=["campaigns"], dependencies=KEYS)


@router.post("/start", operation_id="startCampaign", responses=errors(400, 401, 403, 404, 409, 503))
async def start(caller: AdminDep, id: CampaignId, jobs: CampaignJobsDep, runner: CampaignRunnerDep) -> CampaignSwitched:
    """Start a campaign whose file is in: its first jobs begin, the others when these have too few people left to call.

    Each job holds its estimate when it begins; where the free credits do not cover the next one the campaign waits for
    a top-up. Idempotent.

    Error codes: `invalid_status` while the file is not in to its end, or for a campaign that is paused or has ended;
    `insufficient_credits` where they do not cover its first job; `quota_exceeded`, `phone_number_not_found`,
    `no_outbound_agent`, `campaign_not_found`.
    """
    begun = await jobs.start(caller.organization_id, id, by=caller.key_id)
    await runner.start_workflows(caller.organization_id, begun)
    return CampaignSwitched(
        message=STARTED, campaign_id=id, status=CampaignStatus.RUNNING, batch_job_ids=[job.id for job in begun]
    )


@router.post("/pause", operation_id="pauseCampaign", responses=errors(400, 401, 403, 404, 503))
async def pause(
    caller: AdminDep, id: CampaignId, lifecycle: CampaignLifecycleDep, runner: CampaignRunnerDep
) -> CampaignStopped:
    """Pause a campaign and all its jobs. From the answer on no call of any of them starts until it is resumed.

    Live calls go on. Calls that the carrier had not let ring yet are called off and placed again later;
    `callsNotStopped` counts those that could not be. Idempotent.

    Error codes: `invalid_status` for a draft, and one that has ended; `campaign_not_found`.
    """
    with _refusing("paused"):
        done = await lifecycle.pause(caller.organization_id, id, by=caller.key_id)
    not_stopped = await runner.wait(caller.organization_id, done.job_ids)
    return CampaignStopped(
        message=PAUSED + describe(not_stopped),
        campaign_id=id,
        status=done.status,
        batch_job_ids=list(done.job_ids),
        calls_not_stopped=not_stopped,
    )


@router.post("/resume", operation_id="resumeCampaign", responses=errors(400, 401, 403, 404, 503))
async def resume(
    caller: AdminDep, id: CampaignId, lifecycle: CampaignLifecycleDep, runner: CampaignRunnerDep
) -> CampaignSwitched:
    """Let a campaign go on, with all its jobs that are paused, whoever paused them. Idempotent.

    Error codes: `invalid_status` for a draft, and one that has ended; `campaign_not_found`.
    """
    with _refusing("resumed"):
        done = await lifecycle.resume(caller.organization_id, id, by=caller.key_id)
    runner.nudges.jobs(done.job_ids)
    await runner.advance(caller.organization_id, id)
    return CampaignSwitched(message=RESUMED, campaign_id=id, status=done.status, batch_job_ids=list(done.job_ids))


@router.post(
    "/cancel",
    operation_id="cancelCampaign",
    responses=errors(400, 401, 403, 404, 503),
    openapi_extra=CANCEL_BODY,
)
async def cancel(
    caller: AdminDep,
    options: CancelOptionsDep,
    id: CampaignId,
    lifecycle: CampaignLifecycleDep,
    runner: CampaignRunnerDep,
) -> CampaignCancelled:
    """Cancel a campaign and all its jobs: everybody without a final result and without a live call is cancelled.

    From the answer on no call of it starts. Live calls end by themselves and keep their outcome; `{"hangUp": true}`
    ends them too, also of a campaign that was cancelled before. Idempotent.

    Error codes: `invalid_status` for a campaign that is completed; `campaign_not_found`.
    """
    with _refusing("cancelled any more"):
        done = await lifecycle.cancel(caller.organization_id, id, hang_up=bool(options.hang_up), by=caller.key_id)
    not_stopped = await runner.wait(caller.organization_id, done.job_ids)
    return CampaignCancelled(
        message=CANCELLED + describe(not_stopped),
        campaign_id=id,
        status=done.status,
        batch_job_ids=list(done.job_ids),
        calls_not_stopped=not_stopped,
        contacts_cancelled=done.contacts,
    )


@contextmanager
def _refusing(done: str) -> Iterator[None]:
    """Say what cannot be done to a campaign that stands elsewhere. Raises InvalidStatus."""
    try:
        yield
    except WrongCampaignStatus as error:
        raise InvalidStatus(f"This campaign is {error.status} and cannot be {done}.") from None
