"""Adding contacts to a job that has not ended: read by the rules of create, stored in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from anyio import to_process
from starlette.requests import Request

from api.contacts.refusals import nobody_left, too_expensive
from api.dependencies import job_not_found
from api.http.bodies import Form, JsonBody, read_body
from api.http.errors import InvalidStatus
from api.http.idempotency import CreateContext, Once
from api.jobs.control_schemas import Appended
from api.parts import Parts
from domain.contacts.contact import ReadOptions
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.contacts.report import Intake, IntakeReport
from domain.jobs.column_fields import read_named_columns
from domain.jobs.fields import CONTACT_FIELDS, body_contacts, body_values, form_contacts, ignored
from domain.jobs.models import Caller, Job
from domain.money import format_dollars as dollars
from domain.requests.raw_values import FormValues, RawValues
from domain.requests.strict_json import parse_json
from domain.statuses import JobStatus
from store import errors as store
from store.jobs import update as changes


async def append_contacts(request: Request, caller: Caller, job_id: str, parts: Parts, once: Once) -> Appended:
    """Raises ApiError and RequestError; then nothing is stored."""
    body = await read_body(request)
    return await once.answer(Appended, body, partial(_append, body, caller, job_id, parts))


async def _append(body: Form | JsonBody, caller: Caller, job_id: str, parts: Parts, making: CreateContext) -> Appended:
    job = await parts.jobs.job(caller.organization_id, job_id)
    if job is None:
        raise job_not_found(job_id)
    intake = await to_process.run_sync(_read, body, job.timezone, making.now)
    appended = await _stored(parts, caller, job, intake, making.new_id("activity"))
    return Appended(
        batch_job_id=job.id,
        status=appended.status,
        added=appended.added,
        total_contacts=appended.total,
        estimated_cost=dollars(appended.cost),
        validation=IntakeReport.model_validate(appended.report),
    )


async def _stored(parts: Parts, caller: Caller, job: Job, intake: Intake, entry_id: str) -> changes.Appended:
    report = intake.report.to_json()
    try:
        return await parts.changes.append(
            job.organization_id,
            job.id,
            intake.contacts,
            report,
            by=caller.key_id,
            rejected=intake.rejects,
            id=entry_id,
        )
    except store.WrongStatus as error:
        raise _ended(error.status) from None
    except store.NotFound:
        raise job_not_found(job.id) from None
    except store.InsufficientCredits as error:
        raise too_expensive(error) from None
    except store.NoContactsLeft as error:
        raise nobody_left(error) from None


def _ended(status: JobStatus) -> InvalidStatus:
    return InvalidStatus(f"This job is {status}: nobody can be added any more. Create another job.")


def _read(body: Form | JsonBody, timezone: str, now: datetime) -> Intake:
    """Runs in a worker process. Raises RequestError."""
    values: RawValues
    if isinstance(body, JsonBody):
        values = body_values(parse_json(body.content, body.charset))
        contacts: Sequence[Any] | None = body_contacts(values)
    else:
        values = form = FormValues(body.fields)
        contacts = form_contacts(form, has_file=bool(body.file))
    reading = ReadOptions(columns=read_named_columns(values), timezone=timezone, now=now)
    values.refuse_problems()
    file = body.file if isinstance(body, Form) else None
    intake = read_contact_file(file, reading) if contacts is None else read_contact_list(contacts, reading)
    report = intake.report.with_warnings(ignored(values, CONTACT_FIELDS))
    return intake.model_copy(update={"report": report})
