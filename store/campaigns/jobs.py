"""The jobs of a campaign: the next one is begun when those before have too few people left to call now.

All of it is in the database, so that whoever looks at it goes on: the request that starts a campaign, and the
reconciler, every half minute. A job and the contacts that become its own are one transaction under the organization's
lock, which pause and cancel take too: no part is called twice, and none after them.
"""

from datetime import datetime
from decimal import Decimal
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import SYSTEM, Action
from domain.campaigns.models import MAX_JOBS_AT_ONCE, CampaignStatus
from domain.contacts.report import IntakeReport
from domain.jobs.models import JobRequest, Organization
from domain.jobs.settings import MAX_NAME_LENGTH
from domain.model import Model
from domain.money import MICRO
from domain.quotas import QuotaLimits
from store.audit_log import record_action
from store.campaigns.rows import read_campaign, request_of, status_of, update_campaign
from store.campaigns.waiting import delete_part, read_part
from store.contacts.packed import PackedContacts
from store.db.engine import Database
from store.errors import InsufficientCredits, NoContactsLeft, NotFound, NotGranted, QuotaExceeded, WrongCampaignStatus
from store.jobs.repository import CampaignPart, CreatedJob, create_job
from store.organizations.phone_numbers import read_phone_number
from store.organizations.rows import lock_and_read_organization
from store.privacy.number_hashes import NumberHashes
from store.tables import campaigns

MAX_ROWS = 200  # of campaigns that one sweep looks at
NOT_IN = "The file of this campaign is not in yet, to its end."
NOBODY = "Nobody in this campaign's file can be called."
NO_NUMBER = "The number to call from, or its agent, is gone."
NO_CREDITS = "The free credits do not cover its next job. It goes on by itself after a top-up."
LATE = "Its end time came before the others could be called."

# A job has people to call while it waits for its start or to be resumed, or contacts are due.
_UNDER_WAY = text("""
    SELECT count(*) AS open, count(*) FILTER (WHERE status = 'paused') AS paused,
           count(*) FILTER (WHERE status IN ('pending', 'scheduled') OR EXISTS (
             SELECT 1 FROM contacts c WHERE c.job_id = j.id AND c.status IN ('pending', 'queued')
             AND c.due_at <= statement_timestamp())) AS under_way
    FROM batch_jobs j WHERE j.campaign_id = :campaign AND j.status NOT IN ('completed', 'failed', 'cancelled')
""")
# What its jobs may still cost, or have cost.
_COMMITTED = text("""
    SELECT coalesce(sum(CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN spent
                             ELSE greatest(spent, coalesce(max_cost, spent)) END), 0)
    FROM batch_jobs WHERE campaign_id = :campaign
""")
_TO_LOOK_AT = f"""
    SELECT c.organization_id, c.id, c.status, c.hang_up FROM campaigns c
    WHERE c.status = 'running' OR c.status = 'cancelled' AND c.ended_at > statement_timestamp() - interval '1 day'
      AND EXISTS (SELECT 1 FROM batch_jobs j WHERE j.campaign_id = c.id
                  AND j.status NOT IN ('completed', 'failed', 'cancelled'))
    ORDER BY random() LIMIT {MAX_ROWS}
"""  # noqa: S608 — our own constant
_OVER = text("""
    UPDATE campaigns c SET status = 'completed', status_reason = :reason, ended_at = clock_timestamp()
    WHERE c.id = :campaign AND c.status = 'running' AND NOT EXISTS (
      SELECT 1 FROM batch_jobs j WHERE j.campaign_id = c.id AND j.status NOT IN ('completed', 'failed', 'cancelled'))
""")


class CampaignToLookAt(Model):
    """A campaign that may have something to be done."""

    organization_id: str
    id: str
    status: CampaignStatus
    hang_up: bool


class BegunJob(Model):
    """A job whose workflow is to be started; `scheduled_start_time`: UTC, None: now."""

    id: str
    name: str
    scheduled_start_time: datetime | None


class CampaignJobs:
    """Each step is one transaction, and idempotent."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None, hashes: NumberHashes | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas
        self._hashes = hashes

    async def list_to_look_at(self) -> list[CampaignToLookAt]:
        """Those that run, and those that were cancelled and still have open jobs; of all organizations."""
        async with self._engine.reading() as connection:
            return await connection.fetch_all(CampaignToLookAt, _TO_LOOK_AT)

    async def start(self, organization_id: str, campaign_id: str, *, by: str) -> list[BegunJob]:
        """Let a draft whose file is in begin, with as many jobs as may be under way; none where it runs already.

        Raises NotFound, WrongCampaignStatus, and where not even the first job may begin InsufficientCredits,
        QuotaExceeded, NotGranted: then it stays a draft.
        """
        async with self._engine.begin() as connection:
            organization = await lock_and_read_organization(connection, organization_id)
            campaign = await read_campaign(connection, organization_id, campaign_id, lock=True)
            status = status_of(campaign)
            if status is CampaignStatus.RUNNING:
                return []
            if status is not CampaignStatus.DRAFT:
                raise WrongCampaignStatus(status)
            if not campaign["upload_complete"] or not campaign["accepted"]:
                raise WrongCampaignStatus(status, NOBODY if campaign["upload_complete"] else NOT_IN)
            await update_campaign(
                connection, campaign_id, {"status": "running", "started_at": sa.func.clock_timestamp()}
            )
            await record_action(connection, organization_id, Action.CAMPAIGN_STARTED, by, {"campaignId": campaign_id})
            contacts = await read_part(connection, campaign_id, 1)
            first = await self._begin_job(connection, organization, campaign, contacts)
        return [*first, *await self.advance(organization_id, campaign_id)]

    async def advance(self, organization_id: str, campaign_id: str) -> list[BegunJob]:
        """Begin the jobs that may be under way now, or mark the campaign completed. Raises nothing of the store's.

        What keeps the next job from beginning is said in `status_reason`, and tried again the next time; a number or
        an agent that is gone pauses the campaign.
        """
        begun: list[BegunJob] = []
        for _ in range(MAX_JOBS_AT_ONCE):
            try:
                more = await self._step(organization_id, campaign_id)
            except InsufficientCredits:
                await self._wait(campaign_id, NO_CREDITS)
            except QuotaExceeded as error:
                await self._wait(campaign_id, str(error))
            except (NotFound, NotGranted):
                await self._wait(campaign_id, NO_NUMBER, paused=True)
            else:
                if more is not None:
                    begun.extend(more)
                    continue
            break
        return begun

    async def _step(self, organization_id: str, campaign_id: str) -> list[BegunJob] | None:
        """Begin the next job, if it may; none where its contacts were all left out. None: there is nothing to begin."""
        async with self._engine.begin() as connection:
            campaign = await read_campaign(connection, organization_id, campaign_id)
            if status_of(campaign) is not CampaignStatus.RUNNING:
                return None
            before = _stand(campaign)
            if campaign["moved"] == campaign["accepted"] or await _is_late(connection, campaign):
                await _complete(connection, campaign)
                return None
            if not await _has_room(connection, campaign):
                return None
            contacts = await read_part(connection, campaign_id, campaign["parts"] + 1)  # before anybody waits for us
            organization = await lock_and_read_organization(connection, organization_id)
            campaign = await read_campaign(connection, organization_id, campaign_id, lock=True)
            if _stand(campaign) != before:  # a job has begun, or of those that were read somebody was forgotten
                return []
            if organization.stopped_at is not None or not await _has_room(connection, campaign):
                return None
            return await self._begin_job(connection, organization, campaign, contacts)

    async def _begin_job(
        self, connection: AsyncConnection, organization: Organization, campaign: RowMapping, contacts: PackedContacts
    ) -> list[BegunJob]:
        part, count = campaign["parts"] + 1, len(contacts)
        request = await _request_of_job(connection, campaign, part, count)
        await delete_part(connection, campaign["id"], part)
        moved = {"parts": part, "moved": campaign["moved"] + count, "status_reason": None}
        await update_campaign(connection, campaign["id"], moved)
        number = await read_phone_number(connection, organization.id, request.from_phone_number_id)
        try:
            job: CreatedJob | None = await create_job(
                connection,
                organization,
                request,
                number,
                contacts,
                IntakeReport(rows=count, valid=count).to_json(),
                id=job_id_of(campaign["id"], part),
                by=campaign["created_by"],
                quotas=self._quotas,
                hashes=self._hashes,
                part=CampaignPart(campaign["id"], part),
            )
        except NoContactsLeft:
            job = None
        left_out = count - (0 if job is None else job.total_contacts)
        await update_campaign(connection, campaign["id"], {"left_out": campaign["left_out"] + left_out})
        if job is None:
            return []
        return [BegunJob(id=job.id, name=request.name, scheduled_start_time=_later(job))]

    async def _wait(self, campaign_id: str, reason: str, *, paused: bool = False) -> None:
        values = {"status_reason": reason} | ({"status": "paused"} if paused else {})
        running = sa.update(campaigns).where(campaigns.c.id == campaign_id, campaigns.c.status == "running")
        async with self._engine.begin() as connection:
            await connection.execute(running.values(values))


def job_id_of(campaign_id: str, part: int) -> str:
    """Always the same for a part: it cannot become two jobs."""
    return f"batch_{sha256(f'{campaign_id}:{part}'.encode()).hexdigest()[:24]}"


def _stand(campaign: RowMapping) -> tuple[object, ...]:
    """What changes whenever its waiting contacts do, or whether they may be called."""
    return tuple(campaign[name] for name in ("status", "parts", "accepted", "moved"))


def _later(job: CreatedJob) -> datetime | None:
    return job.scheduled_start_time if job.status == "scheduled" else None


async def _has_room(connection: AsyncConnection, campaign: RowMapping) -> bool:
    """Whether another job may be under way. None is begun beside one that is paused: a person, or a rule, did that."""
    jobs = (await connection.execute(_UNDER_WAY, {"campaign": campaign["id"]})).one()
    at_once = request_of(campaign).jobs_at_once
    return not jobs.paused and jobs.under_way < at_once and jobs.open < MAX_JOBS_AT_ONCE


async def _is_late(connection: AsyncConnection, campaign: RowMapping) -> bool:
    end_time = request_of(campaign).settings.end_time
    now: datetime = (await connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    return end_time is not None and end_time <= now


async def _complete(connection: AsyncConnection, campaign: RowMapping) -> None:
    reason = LATE if campaign["moved"] < campaign["accepted"] else None
    done = await connection.execute(_OVER, {"campaign": campaign["id"], "reason": reason})
    if done.rowcount:
        details = {"campaignId": campaign["id"]}
        await record_action(connection, campaign["organization_id"], Action.CAMPAIGN_COMPLETED, SYSTEM, details)


async def _request_of_job(connection: AsyncConnection, campaign: RowMapping, part: int, count: int) -> JobRequest:
    """The campaign's settings; of what it may cost the job's share, with what the jobs before did not need."""
    settings = request_of(campaign).settings
    of = f" ({part}/{-(-campaign['accepted'] // campaign['contacts_per_job'])})"
    changed: dict[str, object] = {"name": settings.name[: MAX_NAME_LENGTH - len(of)] + of}
    if settings.max_cost is not None:
        committed: Decimal = (await connection.execute(_COMMITTED, {"campaign": campaign["id"]})).scalar_one()
        left = max(Decimal(0), settings.max_cost - committed)
        share = left * count / (campaign["accepted"] - campaign["moved"])
        changed["max_cost"] = max(MICRO, share.quantize(MICRO, rounding="ROUND_DOWN"))
    return settings.model_copy(update=changed)
