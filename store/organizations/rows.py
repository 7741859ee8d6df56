"""The row of an organization: read, or locked and read."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.jobs.models import Organization
from store.errors import NotFound
from store.tables import organizations

ORGANIZATIONS = sa.select(
    organizations.c.id,
    organizations.c.name,
    organizations.c.concurrent_call_limit,
    organizations.c.credits_unlimited,
    organizations.c.balance,
    organizations.c.held,
    organizations.c.reserved_lines,
    organizations.c.calling_window,
    organizations.c.contact_frequency,
    organizations.c.allowed_countries,
    organizations.c.stopped_at,
    organizations.c.retention_days,
)


async def read_organization(connection: AsyncConnection, organization_id: str) -> Organization:
    """Raises NotFound."""
    return await _read_one(connection, ORGANIZATIONS.where(organizations.c.id == organization_id), organization_id)


async def lock_and_read_organization(connection: AsyncConnection, organization_id: str) -> Organization:
    """Lock the row until the transaction ends, and read it. Raises NotFound."""
    query = ORGANIZATIONS.where(organizations.c.id == organization_id).with_for_update()
    return await _read_one(connection, query, organization_id)


async def read_organizations(connection: AsyncConnection, query: sa.Select[Any]) -> list[Organization]:
    return [Organization.model_validate(row) for row in (await connection.execute(query)).mappings()]


async def _read_one(connection: AsyncConnection, query: sa.Select[Any], organization_id: str) -> Organization:
    found = await read_organizations(connection, query)
    if not found:
        raise NotFound("organization", organization_id)
    return found[0]
