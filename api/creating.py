"""Creating a job: judged in the order of the contract, stored in one transaction, then started."""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request

from api.bodies import Form, JsonBody, read_body
from api.errors import InsufficientCredits, NoOutboundAgent, OverlappingContacts, PhoneNumberNotFound
from api.idempotency import Making, Once
from api.models import Created, shown
from api.parts import Parts
from api.reading import read_create
from api.scheduler import reached
from domain.errors import NoValidContacts
from domain.estimate import estimate
from domain.intake.fields import ReadFields
from domain.intake.report import Intake, IntakeReport
from domain.jobs import Agent, Caller, JobRequest, PhoneNumber
from domain.money import shown as dollars
from domain.statuses import JobStatus
from store import errors as store
from store.jobs import CreatedJob

MOST_DETAILS = 100
CREATED = "Batch job created successfully."
DELAYED = "Its start is delayed until the scheduler answers again; the job is stored and will start by itself."


async def create_job(request: Request, caller: Caller, parts: Parts, once: Once) -> Created:
    """Raises ApiError and RequestError; once the job is stored nothing makes it an error any more."""
    body = await read_body(request)
    return await once.answer(Created, body, partial(_create, body, caller, parts))


async def _create(body: Form | JsonBody, caller: Caller, parts: Parts, making: Making) -> Created:
    read = await read_create(body, making.now)
    return await enter_job(read.fields, read.intake, caller, parts, making)


async def enter_job(
    fields: ReadFields, contacts: Callable[[], Intake], caller: Caller, parts: Parts, making: Making
) -> Created:
    """Store and start what was read; `contacts` may raise what is wrong with them. Raises as `create_job`."""
    number, agent = await number_to_call_from(parts, caller, fields.request.from_phone_number_id)
    job = await _stored(parts, caller, fields, number, contacts(), making.new_id("batch"))
    on_its_way = await _start(parts, caller, fields.request, job)
    return _answer(fields, agent, job, delayed=not on_its_way)


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
    parts: Parts, caller: Caller, fields: ReadFields, number: PhoneNumber, intake: Intake, job_id: str
) -> CreatedJob:
    report = intake.report.with_warnings(list(fields.warnings)).to_json()
    try:
        return await parts.jobs.create(
            caller.organization_id,
            fields.request,
            number,
            intake.contacts,
            report,
            by=caller.key_id,
            rejects=intake.rejects,
            id=job_id,
        )
    except store.InsufficientCredits as error:
        raise _too_expensive(error) from None
    except store.Overlapping as error:
        raise OverlappingContacts(
            f"Other open jobs will call {len(error.rows)} of these numbers too. Wait for them, remove the numbers,"
            " or send onOverlap `skip` or `warn`.",
            _rows(error.rows),
        ) from None
    except store.NoContactsLeft as error:
        raise NoValidContacts(
            "Nobody is left to call: other open jobs will call all of these numbers.", _rows(error.rows)
        ) from None


def _too_expensive(error: store.InsufficientCredits) -> InsufficientCredits:
    return InsufficientCredits(
        f"Calling these contacts is estimated at {dollars(error.needed)}, the free credits are"
        f" {dollars(error.free)}. Top up, or send fewer contacts."
    )


def _rows(rows: tuple[int, ...]) -> list[dict[str, object]]:
    reason = "another open job will call this number"
    return [{"row": row, "reason": reason} for row in rows[:MOST_DETAILS]]


async def _start(parts: Parts, caller: Caller, request: JobRequest, job: CreatedJob) -> bool:
    """Whether the workflow was started; where it was not, the housekeeper starts it later."""
    start = parts.workflows.start(job.id, caller.organization_id, request.name, job.scheduled_start_time)
    return await reached(start, f"start of {job.id}")


def _answer(fields: ReadFields, agent: Agent, job: CreatedJob, *, delayed: bool) -> Created:
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
        estimated_cost=estimated.cost_text,
        status=job.status,
        scheduled_start_time=job.scheduled_start_time,
        message=_message(job, fields.start_note, delayed=delayed),
        validation=IntakeReport.model_validate(job.report),
    )


def _message(job: CreatedJob, start_note: str | None, *, delayed: bool) -> str:
    said = [CREATED]
    if job.status is JobStatus.SCHEDULED and job.scheduled_start_time is not None:
        said.append(f"Calling starts at {shown(job.scheduled_start_time)}.")
    elif not delayed:
        said.append("Calling starts now.")
    if start_note:
        said.append(start_note)
    if delayed:
        said.append(DELAYED)
    return " ".join(said)
