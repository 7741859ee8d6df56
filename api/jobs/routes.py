"""Create a job, list jobs, look at one."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request, Response

from api.auth import KEYS, AdminDep, MemberDep
from api.dependencies import BodyBudgetDep, DialsDep, JobsDep, OrganizationsDep, WorkflowsDep
from api.http.bodies import read_body
from api.http.idempotency import REPLAYABLE, IdempotentDep
from api.http.responses import errors
from api.jobs.create import JobCreatorDep
from api.jobs.lookup import JobId, find_job
from api.jobs.openapi import CREATE_BODY
from api.jobs.queries import ContactQueryDep, JobQueryDep
from api.jobs.rendered import RenderedJobsDep
from api.jobs.schemas import Created, JobDetail, JobPage, Progress
from api.jobs.views import estimated_completion, render_progress
from domain.calls.silence import NOTHING_ARRIVES
from domain.contacts.views import render_contact
from domain.jobs.models import Job
from domain.jobs.views import render_job_fields
from workflows.client import JobWorkflows

PROGRESS_LIMIT = 1.0  # seconds for a workflow to say how it goes

router = APIRouter(prefix="/batch", tags=["batch jobs"], dependencies=KEYS)


@router.post(
    "/create",
    operation_id="createBatchJob",
    responses=errors(400, 401, 403, 404, 409, 503) | REPLAYABLE,
    openapi_extra=CREATE_BODY,
)
async def create(
    caller: AdminDep, request: Request, creator: JobCreatorDep, idempotent: IdempotentDep, budget: BodyBudgetDep
) -> Created:
    """Create a batch job: every contact of a CSV file, an XLSX workbook or a JSON array is called.

    Send `multipart/form-data` with a `file` that has a `phone` column, or `application/json` with
    `contacts`.
    Numbers are E.164 (`+12025550101`). The job starts now, or at `scheduledStartTime`; without an offset that
    is wall-clock time in `timezone`. When several things are wrong the first of this order answers: key, role,
    body, fields, number, file or contacts, credits.

    Error codes: `invalid_request`, `invalid_timezone`, `past_scheduled_time`, `phone_number_not_found`,
    `no_outbound_agent`, `invalid_csv`, `missing_phone_column`, `too_many_contacts`, `no_valid_contacts`,
    `invalid_phone_format`, `overlapping_contacts`, `insufficient_credits`,
    `idempotency_conflict`.
    """
    with budget.share(caller.organization_id) as share:
        body = await read_body(request, share)
        return await idempotent.answer(Created, body, partial(creator.create_from_body, body, caller))


@router.get("/jobs", operation_id="listBatchJobs", response_model=JobPage, responses=errors(400, 401, 404, 503))
async def list_jobs(caller: MemberDep, query: JobQueryDep, jobs: RenderedJobsDep) -> Response:
    """List the organization's batch jobs, newest first.

    `search` looks in name and description. Test calls are not listed, or with `test` or `testOf` only they.

    Error codes: `invalid_status`, `invalid_page`, `invalid_page_size`, `invalid_request`; `not_found` for another
    organization's `organizationId`.
    """
    return Response(await jobs.read_page(caller.organization_id, query), media_type="application/json")


@router.get("/jobs/{id}", operation_id="getBatchJob", responses=errors(400, 401, 404, 503))
async def detail(
    caller: MemberDep,
    query: ContactQueryDep,
    id: JobId,
    jobs: JobsDep,
    organizations: OrganizationsDep,
    dials: DialsDep,
    workflows: WorkflowsDep,
) -> JobDetail:
    """Look at one batch job: its counts by status, a page of its contacts in file order, and how it goes.

    Error codes: `job_not_found`, `invalid_status`, `invalid_page`, `invalid_page_size`.
    """
    job = await find_job(jobs, caller.organization_id, id)
    contacts, organization, progress, unheard = await asyncio.gather(
        jobs.list_contacts(
            job.organization_id,
            job.id,
            query.contact_status,
            query.contacts_page,
            query.contacts_page_size,
            digits=query.contacts_search,
            counts=job.counts,
        ),
        organizations.get(job.organization_id),
        _progress(workflows, job),
        dials.silence.concerns(job.id),
    )
    completion = estimated_completion(job, organization.concurrent_call_limit, datetime.now(UTC))
    return JobDetail(
        **render_job_fields(job),
        status_breakdown=job.counts.by_status,
        estimated_completion_time=completion,
        contacts=[render_contact(contact) for contact in contacts.contacts],
        contacts_total=contacts.total,
        contacts_page=query.contacts_page,
        contacts_page_size=query.contacts_page_size,
        contacts_has_more=query.contacts_page * query.contacts_page_size < contacts.total,
        progress=progress,
        warning=NOTHING_ARRIVES if unheard and not job.status.ended else None,
    )


async def _progress(workflows: JobWorkflows, job: Job) -> Progress | None:
    """What the workflow says; None where it has nothing to say, or does not within a second."""
    if job.status.ended:
        return None
    try:
        async with asyncio.timeout(PROGRESS_LIMIT):
            said = await workflows.progress(job.id)
    except TimeoutError:
        return None
    return None if said is None else render_progress(said, job)
