"""Campaigns: how they are created, read and deleted."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import Action
from domain.campaigns.models import Campaign, CampaignJob, CampaignRequest, CampaignStatus
from domain.contacts.report import IntakeReport
from domain.jobs.models import JobCounts
from domain.quotas import Quota, QuotaLimits
from domain.requests.limits import MAX_CONTACTS
from domain.statuses import ContactStatus
from store.audit_log import record_action
from store.campaigns.rows import list_open_jobs, read_campaign, request_of, status_of
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.errors import NotFound, WrongCampaignStatus
from store.organizations.quotas import require_room
from store.organizations.rows import lock_and_read_organization
from store.tables import batch_jobs, campaign_contacts, campaigns

# Jobs that have ended were counted when they did; one query, so that nothing counts twice.
_COUNTS = text("""
    SELECT campaign_id, status, sum(contacts) AS contacts FROM (
      SELECT j.campaign_id, counted.key AS status, CAST(counted.value AS bigint) AS contacts
      FROM batch_jobs j, json_each_text(j.ended_counts) AS counted WHERE j.campaign_id = ANY(:ids)
      UNION ALL
      SELECT j.campaign_id, c.status, count(*) FROM batch_jobs j JOIN contacts c ON c.job_id = j.id
      WHERE j.campaign_id = ANY(:ids) AND j.ended_counts IS NULL GROUP BY 1, 2
    ) AS counts GROUP BY 1, 2
""")
_JOBS = text("""
    SELECT campaign_id, sum(spent) AS spent,
           count(*) FILTER (WHERE status NOT IN ('completed', 'failed', 'cancelled')) AS open_jobs
    FROM batch_jobs WHERE campaign_id = ANY(:ids) GROUP BY 1
""")


class CampaignPage(NamedTuple):
    """`total`: of all pages."""

    campaigns: list[Campaign]
    total: int


class Campaigns:
    """Each public method but `delete` is one transaction; what belongs to another organization does not exist."""

    def __init__(
        self, engine: Database, quotas: QuotaLimits | None = None, contacts_per_job: int = MAX_CONTACTS
    ) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas
        self._contacts_per_job = contacts_per_job

    async def create(self, organization_id: str, request: CampaignRequest, *, by: str, id: str) -> None:
        """Store a draft. One of this `id` that is there already stays as it is. Raises NotFound, QuotaExceeded."""
        async with self._engine.begin() as connection:
            await lock_and_read_organization(connection, organization_id)
            mine = sa.select(campaigns.c.id).where(campaigns.c.id == id, campaigns.c.organization_id == organization_id)
            if (await connection.execute(mine)).first() is not None:
                return
            await require_room(connection, organization_id, self._quotas, {Quota.CAMPAIGNS: 1})
            values = {
                "id": id,
                "organization_id": organization_id,
                "name": request.settings.name,
                "request": request.model_dump(mode="json"),
                "contacts_per_job": self._contacts_per_job,
                "report": IntakeReport(rows=0, valid=0).to_json(),
                "created_by": by,
            }
            await connection.execute(sa.insert(campaigns).values(values))
            await record_action(connection, organization_id, Action.CAMPAIGN_CREATED, by, {"campaignId": id})

    async def find(self, organization_id: str, campaign_id: str) -> Campaign:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            row = await read_campaign(connection, organization_id, campaign_id)
            return (await _complete(connection, [row]))[0]

    async def list_page(
        self, organization_id: str, status: CampaignStatus | None, page: int, page_size: int
    ) -> CampaignPage:
        """The organization's campaigns, newest first. `page` counts from 1."""
        mine = [campaigns.c.organization_id == organization_id]
        if status is not None:
            mine.append(campaigns.c.status == status.value)
        newest = sa.select(campaigns).where(*mine).order_by(campaigns.c.created_at.desc(), campaigns.c.id.desc())
        count = sa.select(sa.func.count()).select_from(campaigns).where(*mine)
        async with reading(self._engine) as connection:
            total = int((await connection.execute(count)).scalar_one())
            if (page - 1) * page_size >= total:
                return CampaignPage([], total)
            found = await connection.execute(newest.offset((page - 1) * page_size).limit(page_size))
            return CampaignPage(await _complete(connection, found.mappings().all()), total)

    async def list_jobs(self, organization_id: str, campaign_id: str) -> list[CampaignJob]:
        """The jobs that were begun, in the order of the file."""
        if not may_exist(campaign_id):
            return []
        job = batch_jobs.c
        query = sa.select(job.id, job.campaign_part.label("part"), job.status, job.status_reason, job.total_contacts)
        mine = query.where(job.campaign_id == campaign_id, job.organization_id == organization_id)
        async with reading(self._engine) as connection:
            found = (await connection.execute(mine.order_by(job.campaign_part))).mappings()
            return [CampaignJob.model_validate(row) for row in found]

    async def delete(self, organization_id: str, campaign_id: str, *, by: str) -> int:
        """Delete a draft, or a campaign that has ended, with the contacts that no job has; how many those were.

        A part at a time, and what is left when it is interrupted can be deleted again. Its jobs stay.
        Raises NotFound; WrongCampaignStatus where it calls, or its jobs do.
        """
        async with self._engine.begin() as connection:
            await lock_and_read_organization(connection, organization_id)
            campaign = await read_campaign(connection, organization_id, campaign_id, lock=True)
            status = status_of(campaign)
            if not (status is CampaignStatus.DRAFT or status.ended) or await list_open_jobs(connection, campaign_id):
                raise WrongCampaignStatus(status)
            ended = {"status": CampaignStatus.CANCELLED.value} if status is CampaignStatus.DRAFT else {}
            if ended:  # no block is added any more
                await connection.execute(sa.update(campaigns).where(campaigns.c.id == campaign_id).values(ended))
        contacts = 0
        while deleted := await self._delete_some(campaign_id):
            contacts += deleted
        async with self._engine.begin() as connection:
            gone = await connection.execute(sa.delete(campaigns).where(campaigns.c.id == campaign_id))
            if gone.rowcount != 1:
                raise NotFound("campaign", campaign_id)
            details = {"campaignId": campaign_id, "contacts": contacts}
            await record_action(connection, organization_id, Action.CAMPAIGN_DELETED, by, details)
        return contacts

    async def _delete_some(self, campaign_id: str) -> int:
        table = campaign_contacts.c
        first = sa.select(sa.func.min(table.part)).where(table.campaign_id == campaign_id).scalar_subquery()
        some = sa.delete(campaign_contacts).where(table.campaign_id == campaign_id, table.part == first)
        async with self._engine.begin() as connection:
            return (await connection.execute(some)).rowcount


async def _complete(connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[Campaign]:
    """With what their jobs come to."""
    ids = {"ids": [row["id"] for row in rows]}
    counts: dict[str, dict[str, int]] = {}
    for one in (await connection.execute(_COUNTS, ids)).all():
        counts.setdefault(one.campaign_id, {})[one.status] = int(one.contacts)
    jobs = {one.campaign_id: one for one in (await connection.execute(_JOBS, ids)).all()}
    return [_campaign(row, counts.get(row["id"], {}), jobs.get(row["id"])) for row in rows]


def _campaign(row: RowMapping, counted: dict[str, int], jobs: Any) -> Campaign:
    status, open_jobs = status_of(row), 0 if jobs is None else jobs.open_jobs
    if status is CampaignStatus.RUNNING and row["moved"] == row["accepted"] and not open_jobs:
        status = CampaignStatus.COMPLETED  # the next sweep writes it down
    by_status = dict.fromkeys(ContactStatus, 0) | {ContactStatus(name): count for name, count in counted.items()}
    by_status[ContactStatus.CANCELLED if status.ended else ContactStatus.PENDING] += row["accepted"] - row["moved"]
    shown = {name: row[name] for name in _SAME}
    return Campaign(
        **{name: getattr(request_of(row), name) for name in CampaignRequest.model_fields},
        **shown,
        status=status,
        report=IntakeReport.model_validate(row["report"]),
        counts=JobCounts(by_status=by_status),
        spent=Decimal(0) if jobs is None else jobs.spent,
        open_jobs=open_jobs,
    )


def _names() -> Iterable[str]:
    own = {*CampaignRequest.model_fields, "status", "report", "counts", "spent", "open_jobs"}
    return (name for name in Campaign.model_fields if name not in own)


_SAME = tuple(_names())
