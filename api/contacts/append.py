"""Adding contacts to a job that has not ended: read by the rules of create, stored in one transaction."""

from datetime import datetime

from anyio import to_process

from api.contacts.schemas import Appended
from api.http.bodies import Form, JsonBody
from api.http.errors import InvalidStatus
from api.http.idempotency import CreateContext
from api.jobs.lookup import find_job
from domain.contacts.contact import ReadOptions
from domain.contacts.read_file import read_contact_file
from domain.contacts.read_json import read_contact_list
from domain.contacts.report import Intake, IntakeReport
from domain.jobs.column_fields import NamedColumns
from domain.jobs.create_request import CONTACT_FIELDS, ORDER, body_contacts, form_contacts
from domain.jobs.models import Caller
from domain.money import format_dollars as dollars
from domain.requests.reading import Problems, body_fields, form_fields, given_fields, ignored, read_sent
from domain.requests.strict_json import parse_json
from store.errors import WrongStatus
from store.jobs.repository import Jobs
from store.jobs.update import JobUpdates


async def append_contacts(
    body: Form | JsonBody, caller: Caller, job_id: str, jobs: Jobs, updates: JobUpdates, context: CreateContext
) -> Appended:
    """Raises ApiError, RequestError and StoreError; then nothing is stored."""
    job = await find_job(jobs, caller.organization_id, job_id)
    intake = await to_process.run_sync(_read, body, job.timezone, context.now)
    try:
        appended = await updates.append(
            job.organization_id,
            job.id,
            intake.contacts,
            intake.report.to_json(),
            by=caller.key_id,
            rejected=intake.rejects,
            id=context.new_id("activity"),
        )
    except WrongStatus as error:
        sentence = f"This job is {error.status}: nobody can be added any more. Create another job."
        raise InvalidStatus(sentence) from None
    return Appended(
        batch_job_id=job.id,
        status=appended.status,
        added=appended.added,
        total_contacts=appended.total,
        estimated_cost=dollars(appended.cost),
        validation=IntakeReport.model_validate(appended.report),
    )


def _read(body: Form | JsonBody, timezone: str, now: datetime) -> Intake:
    """Runs in a worker process. Raises RequestError."""
    problems, contacts, file = Problems(ORDER), None, None
    if isinstance(body, JsonBody):
        fields = body_fields(parse_json(body.content, body.charset))
        given, contacts = given_fields(fields), body_contacts(fields, problems)
    else:
        fields, file = dict(body.fields), body.file
        contacts = form_contacts(body.fields, problems, has_file=bool(file))
        given = form_fields(body.fields, problems, NamedColumns)
    reading = ReadOptions(columns=read_sent(NamedColumns, given, problems), timezone=timezone, now=now)
    problems.refuse()
    intake = read_contact_file(file, reading) if contacts is None else read_contact_list(contacts, reading)
    report = intake.report.with_warnings(ignored(fields, CONTACT_FIELDS))
    return intake.model_copy(update={"report": report})
