"""Creating a job: judged in the order of the contract, stored in one transaction, then started."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from api.contacts.reader import ContactReader, ReadContacts
from api.dependencies import ForkPoolDep, JobsDep, OrganizationsDep, PhoneNumbersDep, WorkflowsDep
from api.http.bodies import Form, JsonBody
from api.http.errors import NoOutboundAgent, PhoneNumberNotFound
from api.http.fork_pool import ForkPool
from api.http.idempotency import CreateContext
from api.jobs.calling_hours import Hours, hours_of
from api.jobs.lost_parameters import LostParameters, LostParametersDep
from api.jobs.scheduler import reached
from api.jobs.schemas import Created
from domain.contacts.report import IntakeReport
from domain.jobs.create_request import ParsedCreate
from domain.jobs.estimate import estimate
from domain.jobs.models import Agent, Caller, JobRequest, PhoneNumber
from domain.json_model import format_timestamp
from domain.money import format_dollars as dollars
from domain.statuses import JobStatus
from store.calls.gates import ORGANIZATION_STOPPED
from store.jobs.repository import CreatedJob, Jobs
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import PhoneNumbers
from workflows.client import JobWorkflows

CREATED = "Batch job created successfully."
DELAYED = "Its start is delayed until the scheduler answers again; the job is stored and will start by itself."


@dataclass(frozen=True)
class JobCreator:
    """Stores jobs and starts them. Once a job is stored nothing makes it an error any more."""

    organizations: Organizations
    phone_numbers: PhoneNumbers
    jobs: Jobs
    workflows: JobWorkflows
    pool: ForkPool
    lost: LostParameters

    async def create_from_body(self, body: Form | JsonBody, caller: Caller, context: CreateContext) -> Created:
        """Raises ApiError, RequestError and StoreError."""
        read = await ContactReader(self.pool, caller.organization_id).read_create(body, context.now)
        return await self.create(read.fields, read.intake, caller, context)

    async def create(
        self, fields: ParsedCreate, contacts: Callable[[], ReadContacts], caller: Caller, context: CreateContext
    ) -> Created:
        """Store and start what was read; `contacts` may raise what is wrong with them."""
        number, agent = await number_to_call_from(self.phone_numbers, caller, fields.request.from_phone_number_id)
        intake = contacts()
        organization = await self.organizations.get(caller.organization_id)
        hours = await hours_of(self.pool, organization, fields.request, intake.contacts, context.now)
        lost = await self.lost.warn(caller.organization_id, number, agent, intake.contacts)
        report = intake.report.with_warnings([*fields.warnings, *hours.warnings, *lost])
        job = await self.jobs.create(
            caller.organization_id,
            fields.request,
            number,
            intake.contacts,
            report.to_json(),
            by=caller.key_id,
            rejects=intake.rejects,
            id=context.new_id("batch"),
        )
        started = await self._start(caller, fields.request, job)
        return _answer(fields, agent, job, hours, delayed=not started, stopped=organization.stopped_at is not None)

    async def _start(self, caller: Caller, request: JobRequest, job: CreatedJob) -> bool:
        """Whether the workflow was started; where it was not, the reconciler starts it later."""
        start = self.workflows.start(job.id, caller.organization_id, request.name, job.scheduled_start_time)
        return await reached(start, f"start of {job.id}")


async def job_creator(
    organizations: OrganizationsDep,
    phone_numbers: PhoneNumbersDep,
    jobs: JobsDep,
    workflows: WorkflowsDep,
    pool: ForkPoolDep,
    lost: LostParametersDep,
) -> JobCreator:
    return JobCreator(organizations, phone_numbers, jobs, workflows, pool, lost)


JobCreatorDep = Annotated[JobCreator, Depends(job_creator)]


async def number_to_call_from(phone_numbers: PhoneNumbers, caller: Caller, number_id: str) -> tuple[PhoneNumber, Agent]:
    """The number and its agent, which can talk. Raises PhoneNumberNotFound, NoOutboundAgent."""
    number = await phone_numbers.find(caller.organization_id, number_id)
    if number is None:
        raise PhoneNumberNotFound(
            "There is no phone number of this id.", [{"field": "fromPhoneNumberId", "reason": "not found"}]
        )
    if number.agent is None:
        raise NoOutboundAgent("This phone number has no outbound agent. Assign one first.")
    if not number.agent.architecture.can_talk:
        raise NoOutboundAgent("The outbound agent of this phone number is text-only. Assign one that can talk.")
    return number, number.agent


def _answer(
    fields: ParsedCreate, agent: Agent, job: CreatedJob, hours: Hours, *, delayed: bool, stopped: bool
) -> Created:
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
        message=_message(job, fields.start_note, hours.sentence, delayed=delayed, stopped=stopped),
        validation=IntakeReport.model_validate(job.report),
    )


def _message(job: CreatedJob, start_note: str | None, hours: str, *, delayed: bool, stopped: bool) -> str:
    said = [CREATED]
    if job.status is JobStatus.SCHEDULED and job.scheduled_start_time is not None:
        said.append(f"Calling starts at {format_timestamp(job.scheduled_start_time)}.")
    elif not delayed and not stopped:
        said.append("Calling starts now.")
    if stopped:
        said.append(ORGANIZATION_STOPPED)
    if start_note:
        said.append(start_note)
    said.append(hours)
    if delayed:
        said.append(DELAYED)
    return " ".join(said)
