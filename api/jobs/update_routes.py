"""Change a job that has not ended."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api.auth import KEYS, AdminDep
from api.dependencies import JobsDep, JobUpdatesDep
from api.http.bodies import read_small
from api.http.errors import InvalidStatus
from api.http.responses import errors
from api.jobs.lookup import JobId, find_job
from api.jobs.nudge import NudgesDep
from api.jobs.openapi import CHANGE_BODY
from api.jobs.schemas import Changed
from domain.jobs.change_request import ParsedChange, read_change
from domain.jobs.times import warn_of_fixed_zone
from domain.jobs.views import render_job_fields
from domain.requests.strict_json import parse_json
from domain.statuses import JobStatus
from store.errors import WrongStatus

CHANGED = "Batch job changed."
OF_LINES = frozenset({"concurrent_call_limit", "priority"})  # what the organization's lines are shared by

router = APIRouter(prefix="/batch/jobs/{id}", tags=["batch jobs"], dependencies=KEYS)


async def parsed_change(request: Request, _: AdminDep) -> ParsedChange:
    """Read the body, after the key. Raises InvalidRequest."""
    return read_change(parse_json(await read_small(request)))


ParsedChangeDep = Annotated[ParsedChange, Depends(parsed_change)]


@router.patch("", operation_id="changeBatchJob", responses=errors(400, 401, 403, 404, 503), openapi_extra=CHANGE_BODY)
async def change(
    caller: AdminDep, written: ParsedChangeDep, id: JobId, jobs: JobsDep, updates: JobUpdatesDep, nudges: NudgesDep
) -> Changed:
    """Change fields of a job that has not ended; what is not sent stays.

    `null` takes a field away, where its type allows null. `scheduledStartTime` and `timezone`
    change only while the job has not started; without an offset the new times are wall-clock times in `timezone`.
    The rules hold for every call that is dialed after the answer, `onMachine` for live calls too, where the carrier
    reports later that a machine answered. A lowered limit ends no call. With fewer `maxAttempts` contacts that have had
    as many end with their last result.

    Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`; `invalid_status` for a job that has
    ended, or whose start can move no more; `job_not_found`.
    """
    job = await find_job(jobs, caller.organization_id, id)
    start = job.scheduled_start_time if job.actual_start_time is None else None
    wanted, note = written.resolve(job.timezone, start, job.end_time, datetime.now(UTC))
    try:
        await updates.change(job.organization_id, job.id, wanted, by=caller.key_id)
    except WrongStatus as error:
        raise _cannot_change(error.status) from None
    nudges.jobs([id])
    if OF_LINES & wanted.model_fields_set:
        nudges.lines(job.organization_id)
    now = await find_job(jobs, caller.organization_id, id)
    warnings = warn_of_fixed_zone(now.timezone) if "timezone" in wanted.model_fields_set else []
    return Changed(**render_job_fields(now), message=" ".join(filter(None, (CHANGED, note, *warnings))))


def _cannot_change(status: JobStatus) -> InvalidStatus:
    if status.ended:
        return InvalidStatus(f"This job is {status} and cannot be changed any more.")
    return InvalidStatus("This job has started: its start and its time zone cannot be changed any more.")
