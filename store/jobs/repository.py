"""Jobs and their contacts: how they are created and read."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import SYSTEM, Action
from domain.jobs.models import Agent, Job, JobCounts, JobRequest, Organization, PhoneNumber
from domain.model import Model
from domain.money import ASSUMED_MINUTES, RATES, estimate_cost
from domain.quotas import QuotaLimits
from domain.statuses import ContactStatus, JobStatus
from store.audit_log import record_action
from store.billing.ledger import EntryKind, book, compute_hold
from store.contacts.import_ import Admitted, admit_contacts, apply_overlap_rule, copy_contacts
from store.contacts.packed import PackedContacts, PackedRejects
from store.contacts.rejected_rows import keep_rejects
from store.db.engine import Database
from store.db.ids import may_exist, new_id
from store.jobs.pages import (
    SHOWN_OF_CONTACT,
    SHOWN_OF_JOB,
    ContactFilter,
    ContactPage,
    JobFilter,
    JobPage,
    JobVersion,
    read_contact_page,
    read_job_page,
    read_jobs,
)
from store.jobs.settings import SELECTED, as_columns
from store.organizations.phone_numbers import check_callable
from store.organizations.quotas import require_room, room_for_job
from store.organizations.rows import lock_and_read_organization
from store.privacy.number_hashes import NumberHashes
from store.tables import batch_jobs, contacts


class CreatedJob(Model):
    """What creating a job came to."""

    id: str
    status: JobStatus
    total_contacts: int
    scheduled_start_time: datetime | None
    estimated_cost: Decimal  # unrounded dollars
    organization_limit: int  # calls at once of the whole organization
    report: dict[str, Any]


class Jobs:
    """Each public method is one transaction; what belongs to another organization does not exist."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None, hashes: NumberHashes | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas
        self._hashes = hashes

    async def create(
        self,
        organization_id: str,
        request: JobRequest,
        number: PhoneNumber,
        contacts: PackedContacts,
        report: dict[str, Any],
        *,
        by: str = SYSTEM,
        rejects: PackedRejects | None = None,
        id: str | None = None,
    ) -> CreatedJob:
        """Store a job with its contacts and hold its estimate. One of this `id` that is there already is returned.

        `number` is the organization's own and its agent can talk; `report`: how the contacts were read.
        Raises NotFound, Overlapping, NoContactsLeft, InsufficientCredits, QuotaExceeded; then nothing is stored.
        """
        async with self._engine.begin() as connection:
            organization = await lock_and_read_organization(connection, organization_id)
            if id is not None and (stored := await _stored(connection, organization, id)) is not None:
                return stored
            created = await create_job(
                connection,
                organization,
                request,
                number,
                contacts,
                report,
                id=id or new_id("batch"),
                by=by,
                quotas=self._quotas,
                hashes=self._hashes,
            )
            await keep_rejects(connection, created.id, rejects)
            return created

    async def list_page(
        self,
        organization_id: str,
        status: JobStatus | None,
        search: str | None,
        page: int,
        page_size: int,
        *,
        tests: bool = False,
        test_of: str | None = None,
        is_known: Callable[[JobVersion], bool] = lambda _: False,
    ) -> JobPage:
        """The organization's jobs, newest first; `search` in name and description. `page` counts from 1.

        `tests`: test calls and nothing else; `test_of`: those of that job. `is_known`: which versions need not be read.
        """
        wanted = JobFilter(organization_id, status, search, tests, test_of)
        async with self._engine.reading() as connection:
            return await read_job_page(connection, wanted, page, page_size, is_known)

    async def find(self, organization_id: str, job_id: str) -> Job | None:
        """One job with its counts; None where the organization has no such job."""
        if not may_exist(job_id):
            return None
        async with self._engine.reading() as connection:
            found = await read_jobs(connection, organization_id, [job_id])
        return next(iter(found.values()), None)

    async def list_contacts(
        self,
        organization_id: str,
        job_id: str,
        status: ContactStatus | None,
        page: int,
        page_size: int,
        *,
        digits: str | None = None,
        counts: JobCounts | None = None,
    ) -> ContactPage:
        """The contacts of a job in file order; none where the organization has no such job.

        `digits`: only those with them in their number. `counts`: the job's, where they were read before.
        """
        if not may_exist(job_id):
            return ContactPage(contacts=[], total=0)
        wanted = ContactFilter(organization_id, job_id, status, digits)
        async with self._engine.reading() as connection:
            return await read_contact_page(connection, wanted, page, page_size, counts)


class CampaignPart(NamedTuple):
    """Which job of a campaign it is, counted from 1."""

    campaign_id: str
    part: int


async def create_job(
    connection: AsyncConnection,
    organization: Organization,
    request: JobRequest,
    number: PhoneNumber,
    contacts: PackedContacts,
    report: dict[str, Any],
    *,
    id: str,
    by: str,
    quotas: QuotaLimits | None,
    hashes: NumberHashes | None,
    part: CampaignPart | None = None,
) -> CreatedJob:
    """As `Jobs.create`, within a transaction that has locked the organization's row.

    `part`: of a campaign, where contacts who may all never be called are no reason to refuse it.
    """
    agent = await check_callable(connection, organization.id, number)
    called, report = await apply_overlap_rule(connection, organization.id, request, contacts, report)
    await require_room(connection, organization.id, quotas, room_for_job(len(called)))
    admitted, report = await admit_contacts(connection, organization, called, report, hashes, anybody=part is None)
    cost = estimate_cost(admitted.callable, agent.architecture)
    hold = compute_hold(organization, cost)
    job = _as_inserted(organization.id, request, number, agent)
    job |= {"id": id, "total_contacts": len(called), "validation": report, "hold": hold}
    job |= {} if part is None else {"campaign_id": part.campaign_id, "campaign_part": part.part}
    status = await _insert(connection, job, admitted, by)
    return CreatedJob(
        id=id,
        status=status,
        total_contacts=len(called),
        scheduled_start_time=request.scheduled_start_time,
        estimated_cost=cost,
        organization_limit=organization.concurrent_call_limit,
        report=report,
    )


JOBS = sa.select(*SELECTED, *(batch_jobs.c[name] for name in SHOWN_OF_JOB))
CONTACTS = sa.select(*(contacts.c[name] for name in SHOWN_OF_CONTACT), batch_jobs.c.max_attempts).join_from(
    contacts, batch_jobs, batch_jobs.c.id == contacts.c.job_id
)
_STORED = sa.select(
    batch_jobs.c.id,
    batch_jobs.c.total_contacts,
    batch_jobs.c.scheduled_start_time,
    batch_jobs.c.created_at,
    batch_jobs.c.rate_per_minute,
    batch_jobs.c.validation,
)
_INSERT = sa.insert(batch_jobs).returning(batch_jobs.c.status, batch_jobs.c.created_at)


async def _stored(connection: AsyncConnection, organization: Organization, job_id: str) -> CreatedJob | None:
    """A job that is there already, as it was created."""
    query = _STORED.where(batch_jobs.c.id == job_id, batch_jobs.c.organization_id == organization.id)
    job = (await connection.execute(query)).first()
    if job is None:
        return None
    later = job.scheduled_start_time is not None and job.scheduled_start_time > job.created_at
    return CreatedJob(
        id=job.id,
        status=JobStatus.SCHEDULED if later else JobStatus.PENDING,
        total_contacts=job.total_contacts,
        scheduled_start_time=job.scheduled_start_time,
        estimated_cost=job.total_contacts * ASSUMED_MINUTES * job.rate_per_minute,
        organization_limit=organization.concurrent_call_limit,
        report=job.validation,
    )


async def _insert(connection: AsyncConnection, job: dict[str, Any], admitted: Admitted, by: str) -> JobStatus:
    """Store and record a job with its contacts and its hold; the status it has."""
    id, organization_id = job["id"], job["organization_id"]
    status, created_at = (await connection.execute(_INSERT.values(job))).one()
    hold = job["hold"]
    await book(connection, organization_id=organization_id, kind=EntryKind.HOLD, held_delta=hold, job_id=id)
    await copy_contacts(connection, organization_id, id, admitted, job["scheduled_start_time"] or created_at)
    created = {"contacts": job["total_contacts"]}
    await record_action(connection, organization_id, Action.CREATED, by, created, job_id=id)
    return JobStatus(status)


def _as_inserted(organization_id: str, request: JobRequest, number: PhoneNumber, agent: Agent) -> dict[str, Any]:
    later = sa.literal(request.scheduled_start_time, batch_jobs.c.scheduled_start_time.type) > sa.func.now()
    return (
        as_columns(request)
        | {
            "organization_id": organization_id,
            "status": sa.case((later, JobStatus.SCHEDULED.value), else_=JobStatus.PENDING.value),
            "agent_id": agent.id,
            "audio": agent.audio.value,
            "audio_url": agent.audio_url,
            "rate_per_minute": RATES[agent.architecture],
            "phone_number_id": number.id,
            "from_number": number.number,
            "retry_of": request.retry_of,
            "test": request.test,
            "test_of": request.test_of,
        }
        | ({"statistics_due_at": None} if request.test else {})
    )
