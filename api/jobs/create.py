"""Creating a job: judged in the order of the contract, stored in one transaction, then started."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request

from api.contacts.reader import read_create
from api.contacts.refusals import nobody_left, rows, too_expensive
from api.http.bodies import Form, JsonBody, read_body
from api.http.errors import NoOutboundAgent, OverlappingContacts, PhoneNumberNotFound
from api.http.idempotency import CreateContext, Once
from api.jobs.calling_hours import Hours, hours_of
from api.jobs.scheduler import reached
from api.jobs.schemas import Created, shown
from api.parts import Parts
from domain.contacts.report import Intake, IntakeReport
from domain.jobs.estimate import estimate
from domain.jobs.fields import ReadJobFields
from domain.jobs.models import Agent, Caller, JobRequest, PhoneNumber
from domain.money import format_dollars as dollars
from domain.statuses import JobStatus
from store import errors as store
from store.jobs.repository import CreatedJob

CREATED = "Batch job created successfully."
DELAYED = "Its start is delayed until the scheduler answers again; the job is stored and will start by itself."


async def create_job(request: Request, caller: Caller, parts: Parts, once: Once) -> Created:
    """Raises ApiError and RequestError; once the job is stored nothing makes it an error any more."""
    body = await read_body(request)
    return await once.answer(Created, body, partial(_create, body, caller, parts))


async def _create(body: Form | JsonBody, caller: Caller, parts: Parts, making: CreateContext) -> Created:
    read = await read_create(body, making.now)
    return await enter_job(read.fields, read.intake, caller, parts, making)


async def enter_job(
    fields: ReadJobFields, contacts: Callable[[], Intake], caller: Caller, parts: Parts, making: CreateContext
) -> Created:
    """Store and start what was read; `contacts` may raise what is wrong with them. Raises as `create_job`."""
    number, agent = await number_to_call_from(parts, caller, fields.request.from_phone_number_id)
    intake = contacts()
    organization = await parts.directory.organization(caller.organization_id)
    hours = await hours_of(organization, fields.request, intake, making.now)
    report = intake.report.with_warnings([*fields.warnings, *hours.warnings])
    intake = intake.model_copy(update={"report": report})
    job = await _stored(parts, caller, fields.request, number, intake, making.new_id("batch"))
    on_its_way = await _start(parts, caller, fields.request, job)
    return _answer(fields, agent, job, hours, delayed=not on_its_way)


async def number_to_call_from(parts: Parts, caller: Caller, number_id: str) -> tuple[PhoneNumber, Agent]:
    """The number and its agent, which can talk. Raises PhoneNumberNotFound, NoOutboundAgent."""
    number = await parts.directory.phone_number(caller.organization_id, number_id)
    if number is None:
        raise PhoneNumberNotFound(
            "There is no phone number of this id.", [{"field": "fromPhoneNumberId", "reason": "not found"}]
        )
    if number.agent is None:
        raise NoOutboundAgent("This phone number has no outbound agent. Assign one first.")
    if not number.agent.architecture.can_talk:
        raise NoOutboundAgent("The outbound agent of this phone number is text-only. Assign one that can talk.")
    return number, number.agent


async def _stored(
    parts: Parts, caller: Caller, request: JobRequest, number: PhoneNumber, intake: Intake, job_id: str
) -> CreatedJob:
    try:
        return await parts.jobs.create(
            caller.organization_id,
            request,
            number,
            intake.contacts,
            intake.report.to_json(),
            by=caller.key_id,
            rejects=intake.rejects,
            id=job_id,
        )
    except store.InsufficientCredits as error:
        raise too_expensive(error) from None
    except store.Overlapping as error:
        raise OverlappingContacts(
            f"Other open jobs will call {len(error.rows)} of these numbers too. Wait for them, remove the numbers,"
            " or send onOverlap `skip` or `warn`.",
            rows(error.rows, "another open job will call this number"),
        ) from None
    except store.NoContactsLeft as error:
        raise nobody_left(error) from None


async def _start(parts: Parts, caller: Caller, request: JobRequest, job: CreatedJob) -> bool:
    """Whether the workflow was started; where it was not, the housekeeper starts it later."""
    start = parts.workflows.start(job.id, caller.organization_id, request.name, job.scheduled_start_time)
    return await reached(start, f"start of {job.id}")


def _answer(fields: ReadJobFields, agent: Agent, job: CreatedJob, hours: Hours, *, delayed: bool) -> Created:
    estimated = estimate(
        job.total_contacts,
        agent.architecture,
        job_limit=fields.request.concurrent_call_limit,
        organization_limit=job.organization_limit,
    )
    return Created(
        batch_job_id=job.id,
        total_contacts=job.total_contacts,
        estimated_duration=estimated.duration_text,
        estimated_cost=dollars(job.estimated_cost),  # of those who may be called
        status=job.status,
        scheduled_start_time=job.scheduled_start_time,
        message=_message(job, fields.start_note, hours.sentence, delayed=delayed),
        validation=IntakeReport.model_validate(job.report),
    )


def _message(job: CreatedJob, start_note: str | None, hours: str, *, delayed: bool) -> str:
    said = [CREATED]
    if job.status is JobStatus.SCHEDULED and job.scheduled_start_time is not None:
        said.append(f"Calling starts at {shown(job.scheduled_start_time)}.")
    elif not delayed:
        said.append("Calling starts now.")
    if start_note:
        said.append(start_note)
    said.append(hours)
    if delayed:
        said.append(DELAYED)
    return " ".join(said)
