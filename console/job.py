"""One job: how it goes, what it waits for, its contacts, its rules, who did what."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from api.auth import MemberDep
from api.dependencies import (
    AuditLogDep,
    DialsDep,
    JobsDep,
    OrganizationsDep,
    OwnGatesDep,
    ResultsDep,
    SettingsDep,
    StatisticsDep,
    WorkflowsDep,
)
from api.jobs.export_routes import contact as read_contact
from api.jobs.export_routes import download_results
from api.jobs.export_schemas import ContactDetail
from api.jobs.exports import FileAnswer
from api.jobs.lookup import JobId, find_job
from api.jobs.queries import ContactQuery
from api.jobs.routes import detail
from api.jobs.statistics_routes import JobStatisticsView, report, statistics
from api.organizations.gate_routes import list_closed_gates
from api.organizations.organization_routes import get_organization
from console import charts
from console.findings import JobFacts, explain
from console.job_lists import ListsReaderDep, ViewDep, render_row
from console.pages import Frame, FrameDep, PageRoute, page, render
from domain.audit import Action
from domain.calls.agent_parameters import build_contact_parameters
from domain.jobs.models import Caller, Job
from store.audit_log import AuditLog

RATE_MINUTES = 5
ONE_CONTACT = ContactQuery.model_validate({"contactsPageSize": "1"})
SHOWN = "shown"
JOB_PARTS = ("live", "rules", "file")  # templates, as are the next; the same for all who look
CONTACT_PARTS = ("status", "actions", "failure", "calls")

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class FactsReader:
    """Asks what the API's routes ask, all at once."""

    jobs: JobsDep
    organizations: OrganizationsDep
    dials: DialsDep
    workflows: WorkflowsDep
    counted: StatisticsDep
    gates: OwnGatesDep
    settings: SettingsDep

    async def read(self, caller: Caller, job_id: str) -> JobFacts:
        """Raises JobNotFound."""
        job, calls, closed, rows, organization = await asyncio.gather(
            detail(caller, ONE_CONTACT, job_id, self.jobs, self.organizations, self.dials, self.workflows),
            statistics(caller, job_id, self.counted),
            list_closed_gates(caller, self.gates, self.organizations),
            report(caller, job_id, self.counted),
            get_organization(caller, self.organizations),
        )
        workflow = workflow_address(self.settings.temporal_ui_url, job_id)
        return JobFacts(job, calls, closed, rows, organization.calling_window, workflow)


@dataclass(frozen=True)
class ContactReader:
    jobs: JobsDep
    results: ResultsDep

    async def read(self, caller: Caller, job_id: str, contact_id: str) -> tuple[Job, ContactDetail]:
        """Raises JobNotFound, ContactNotFound."""
        return await asyncio.gather(
            find_job(self.jobs, caller.organization_id, job_id), read_contact(caller, job_id, contact_id, self.results)
        )


FactsReaderDep = Annotated[FactsReader, Depends()]
ContactReaderDep = Annotated[ContactReader, Depends()]
ContactDep = Annotated[ContactDetail, Depends(read_contact)]


@router.get("/jobs/{id}")
async def job_page(
    frame: FrameDep,
    id: JobId,
    reader: FactsReaderDep,
    lists: ListsReaderDep,
    view: ViewDep,
    audit: AuditLogDep,
    numbers: str = "",
) -> HTMLResponse:
    """Raises JobNotFound."""
    shown = numbers == SHOWN
    row = partial(render_row, shown=shown)
    facts, seen = await asyncio.gather(reader.read(frame.caller, id), lists.read(frame.caller, id, view, row))
    if shown:
        await _record_look(audit, frame, id, contacts=len(seen.rows))
    return page(
        frame,
        "job.html",
        **live_values(facts),
        may_change=frame.may_change,
        lists=seen,
        query=view.contacts,
        shown=shown,
    )


@router.get("/jobs/{id}/contacts/{contactId}")
async def contact_page(
    frame: FrameDep, id: JobId, contact: ContactDep, jobs: JobsDep, audit: AuditLogDep, numbers: str = ""
) -> HTMLResponse:
    """Raises ContactNotFound."""
    job = await find_job(jobs, frame.caller.organization_id, id)
    if numbers == SHOWN:
        await _record_look(audit, frame, id, contactId=contact.id)
    received = build_contact_parameters(contact.contact_data, contact.phone_number)
    values = {"job": job, "contact": contact, "received": received, "shown": numbers == SHOWN}
    return page(frame, "contact.html", **values, may_change=frame.may_change)


@router.get("/jobs/{id}/results")
async def results_file(
    caller: MemberDep, id: JobId, file: Annotated[FileAnswer, Depends(download_results)], audit: AuditLogDep
) -> Response:
    """The results, with the numbers in them: who took them is recorded."""
    await audit.record(caller.organization_id, Action.RESULTS_DOWNLOADED, by=caller.key_id, details={}, job_id=id)
    return file


def live_values(facts: JobFacts) -> dict[str, object]:
    """What the part of the page shows that keeps itself up to date."""
    now = datetime.now(UTC)
    return {
        "job": facts.job,
        "facts": facts,
        "report": facts.report,
        "findings": explain(facts, now),
        "rate": _rate(facts.statistics, now),
        "columns": _columns(facts.statistics),
    }


def render_live(facts: JobFacts) -> dict[bool, tuple[str, ...]]:
    """How the job goes, its rules, what became of its file: by whether who looks may change it."""
    values = live_values(facts)
    same = [render(f"job/{name}.html", **values) for name in JOB_PARTS]
    return {
        may_change: (render("job/head.html", **values, may_change=may_change), *same) for may_change in (True, False)
    }


def render_live_contact(job: Job, contact: ContactDetail, *, may_change: bool) -> tuple[str, ...]:
    """The parts of a contact's page that say how it stands, and its calls."""
    values = {"job": job, "contact": contact, "may_change": may_change}
    return tuple(render(f"contact/{name}.html", **values) for name in CONTACT_PARTS)


def workflow_address(ui: str, job_id: str) -> str | None:
    """Where Temporal's web UI shows the workflow of a job; None where nobody said where that is."""
    return f"{ui.rstrip('/')}/workflows/batch-job%2F{job_id}" if ui else None


def _rate(statistics: JobStatisticsView, now: datetime) -> float | None:
    """Calls placed a minute, over the last minutes; None where buckets are too coarse to tell, or none was."""
    if statistics.bucket_seconds > RATE_MINUTES * 60 or not statistics.calls_over_time:
        return None
    since = now - timedelta(minutes=RATE_MINUTES)
    first = max(statistics.calls_over_time[0].at, since)
    placed = sum(bucket.placed for bucket in statistics.calls_over_time if bucket.at >= since)
    minutes = max((now - first).total_seconds() / 60, statistics.bucket_seconds / 60)
    return placed / minutes if placed else None


def _columns(statistics: JobStatisticsView) -> list[tuple[str, int, int]]:
    """With the empty buckets between, as long as they are not too many to be seen."""
    by_time = {bucket.at: bucket for bucket in statistics.calls_over_time}
    if not by_time:
        return []
    step, at, last = timedelta(seconds=statistics.bucket_seconds), min(by_time), max(by_time)
    rows: list[tuple[str, int, int]] = []
    while at <= last and len(rows) < charts.MAX_COLUMNS:
        bucket = by_time.get(at)
        rows.append((f"{at:%b %d, %H:%M:%S} UTC", bucket.placed if bucket else 0, bucket.answered if bucket else 0))
        at += step
    return rows


async def _record_look(audit: AuditLog, frame: Frame, job_id: str, **details: object) -> None:
    """Numbers are masked unless asked for, and the asking is recorded."""
    caller = frame.caller
    await audit.record(caller.organization_id, Action.NUMBERS_SHOWN, by=caller.key_id, details=details, job_id=job_id)
