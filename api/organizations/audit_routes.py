"""Who did what to a job or to the organization, and when."""

from fastapi import APIRouter

from api.dependencies import KEYS, CallerDep, JobId, PartsDep, job_not_found
from api.http.error_responses import errors
from api.http.openapi import PAGE_QUERY
from api.http.pagination import PageQuery, PageQueryDep
from api.jobs.control_schemas import ActivityEntry, ActivityPage
from api.parts import Parts

router = APIRouter(dependencies=KEYS)


@router.get(
    "/batch/jobs/{id}/activity",
    operation_id="listBatchJobActivity",
    tags=["batch jobs"],
    responses=errors(400, 401, 404, 503),
    openapi_extra=PAGE_QUERY,
)
async def job_activity(caller: CallerDep, query: PageQueryDep, id: JobId, parts: PartsDep) -> ActivityPage:
    """List what was done to a job: when, by whom, what. Newest first.

    Error codes: `job_not_found`, `invalid_page`, `invalid_page_size`.
    """
    if await parts.jobs.job(caller.organization_id, id) is None:
        raise job_not_found(id)
    return await _page(parts, caller.organization_id, id, query)


@router.get(
    "/organization/activity",
    operation_id="listOrganizationActivity",
    tags=["organization"],
    responses=errors(400, 401, 503),
    openapi_extra=PAGE_QUERY,
)
async def organization_activity(caller: CallerDep, query: PageQueryDep, parts: PartsDep) -> ActivityPage:
    """List what was done in the organization, to all of its jobs too. Newest first.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    return await _page(parts, caller.organization_id, None, query)


async def _page(parts: Parts, organization_id: str, job_id: str | None, query: PageQuery) -> ActivityPage:
    found = await parts.activity.page(organization_id, job_id, query.page, query.page_size)
    return ActivityPage(
        activity=[ActivityEntry(**entry.model_dump()) for entry in found.entries],
        total=found.total,
        page=query.page,
        page_size=query.page_size,
    )
