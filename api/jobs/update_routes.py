"""Change a job that has not ended."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Request

from api.dependencies import KEYS, ChangerDep, JobId, PartsDep, job_not_found
from api.http.bodies import read_small
from api.http.error_responses import errors
from api.http.errors import InvalidStatus
from api.jobs.control_openapi import CHANGE_BODY
from api.jobs.control_schemas import Changed
from api.jobs.nudge import nudge_all, nudge_lines
from api.jobs.views import job_fields
from api.parts import Parts
from domain.jobs.change import WrittenChange, read_change
from domain.jobs.models import Job, JobChange
from domain.requests.strict_json import parse_json
from domain.statuses import JobStatus
from store.errors import NotFound, WrongStatus

CHANGED = "Batch job changed."
OF_LINES = frozenset({"concurrent_call_limit", "priority"})  # what the organization's lines are shared by

router = APIRouter(prefix="/batch/jobs/{id}", tags=["batch jobs"], dependencies=KEYS)


async def written_change(request: Request, _: ChangerDep) -> WrittenChange:
    """Read the body, after the key. Raises InvalidRequest."""
    return read_change(parse_json(await read_small(request)))


WrittenChangeDep = Annotated[WrittenChange, Depends(written_change)]


@router.patch("", operation_id="changeBatchJob", responses=errors(400, 401, 403, 404, 503), openapi_extra=CHANGE_BODY)
async def change(
    caller: ChangerDep, written: WrittenChangeDep, id: JobId, parts: PartsDep, afterwards: BackgroundTasks
) -> Changed:
    """Change fields of a job that has not ended; what is not sent stays.

    `null` takes `description`, `callingWindow`, `endTime` or `maxCost` away. `scheduledStartTime` and `timezone`
    change only while the job has not started; without an offset the new times are wall-clock times in `timezone`.
    The rules hold for every call that is dialed after the answer, `onMachine` for live calls too, where the carrier
    tells later that a machine answered. A lowered limit ends no call. With fewer `maxAttempts` contacts that have had
    as many end with their last result.

    Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`; `invalid_status` for a job that has
    ended, or whose start can move no more; `job_not_found`.
    """
    job = await _job(parts, caller.organization_id, id)
    start = job.scheduled_start_time if job.actual_start_time is None else None
    wanted, note = written.placed(job.timezone, start, job.end_time, datetime.now(UTC))
    await _carry_out(parts, job, wanted, caller.key_id)
    nudge_all(afterwards, parts, [id])
    if OF_LINES & wanted.model_fields_set:
        nudge_lines(afterwards, parts, job.organization_id)
    now = await _job(parts, caller.organization_id, id)
    return Changed(**job_fields(now), message=" ".join(filter(None, (CHANGED, note))))


async def _job(parts: Parts, organization_id: str, job_id: str) -> Job:
    job = await parts.jobs.job(organization_id, job_id)
    if job is None:
        raise job_not_found(job_id)
    return job


async def _carry_out(parts: Parts, job: Job, wanted: JobChange, by: str) -> None:
    try:
        await parts.changes.change(job.organization_id, job.id, wanted, by=by)
    except NotFound:
        raise job_not_found(job.id) from None
    except WrongStatus as error:
        raise _cannot_change(error.status) from None


def _cannot_change(status: JobStatus) -> InvalidStatus:
    if status.ended:
        return InvalidStatus(f"This job is {status} and cannot be changed any more.")
    return InvalidStatus("This job has started: its start and its time zone cannot be changed any more.")
