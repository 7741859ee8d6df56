"""The row of a campaign: found, or locked, by the organization that has it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.campaigns.models import CampaignRequest, CampaignStatus
from store.db.ids import may_exist
from store.errors import NotFound
from store.tables import batch_jobs, campaigns

OPEN_JOBS = batch_jobs.c.status.not_in(("completed", "failed", "cancelled"))


async def read_campaign(
    connection: AsyncConnection, organization_id: str, campaign_id: str, *, lock: bool = False
) -> RowMapping:
    """Raises NotFound."""
    if not may_exist(campaign_id):
        raise NotFound("campaign", campaign_id)
    query = sa.select(campaigns).where(campaigns.c.id == campaign_id, campaigns.c.organization_id == organization_id)
    found = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if found is None:
        raise NotFound("campaign", campaign_id)
    return found


async def update_campaign(connection: AsyncConnection, campaign_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(sa.update(campaigns).where(campaigns.c.id == campaign_id).values(values))


async def list_open_jobs(connection: AsyncConnection, campaign_id: str) -> list[str]:
    """Those of its jobs that have not ended."""
    query = sa.select(batch_jobs.c.id).where(batch_jobs.c.campaign_id == campaign_id, OPEN_JOBS)
    return list((await connection.execute(query.order_by(batch_jobs.c.campaign_part))).scalars())


def status_of(campaign: RowMapping) -> CampaignStatus:
    return CampaignStatus(campaign["status"])


def request_of(campaign: RowMapping) -> CampaignRequest:
    return CampaignRequest.model_validate(campaign["request"])
