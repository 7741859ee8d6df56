"""Who did what to a job or to the organization, and when."""

from fastapi import APIRouter

from api.auth import KEYS, MemberDep
from api.dependencies import AuditLogDep, JobsDep
from api.http.pagination import PageQuery, PageQueryDep
from api.http.responses import errors
from api.jobs.lookup import JobId, find_job
from api.organizations.schemas import ActivityEntry, ActivityPage
from store.audit_log import AuditLog

router = APIRouter(dependencies=KEYS)


@router.get(
    "/batch/jobs/{id}/activity",
    operation_id="listBatchJobActivity",
    tags=["batch jobs"],
    responses=errors(400, 401, 404, 503),
)
async def job_activity(
    caller: MemberDep, query: PageQueryDep, id: JobId, jobs: JobsDep, log: AuditLogDep
) -> ActivityPage:
    """List what was done to a job: when, by whom, what. Newest first.

    Error codes: `job_not_found`, `invalid_page`, `invalid_page_size`.
    """
    await find_job(jobs, caller.organization_id, id)
    return await _page(log, caller.organization_id, id, query)


@router.get(
    "/organization/activity",
    operation_id="listOrganizationActivity",
    tags=["organization"],
    responses=errors(400, 401, 503),
)
async def organization_activity(caller: MemberDep, query: PageQueryDep, log: AuditLogDep) -> ActivityPage:
    """List what was done in the organization, to all of its jobs too. Newest first.

    Error codes: `invalid_page`, `invalid_page_size`.
    """
    return await _page(log, caller.organization_id, None, query)


async def _page(log: AuditLog, organization_id: str, job_id: str | None, query: PageQuery) -> ActivityPage:
    found = await log.list_page(organization_id, job_id, query.page, query.page_size)
    return ActivityPage(
        activity=[ActivityEntry(**entry.model_dump()) for entry in found.entries],
        **query.of(found.total),
    )
