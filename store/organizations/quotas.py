"""How much an organization has and may have: counted in the transaction that adds to it, under its lock."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.quotas import MAX_OPEN_JOBS, Quota, QuotaLimits, QuotaUse
from store.audit_log import record_action
from store.db.engine import Database, reading
from store.db.locks import lock_organization
from store.errors import NotFound, QuotaExceeded
from store.tables import organizations

_COUNTS = {
    Quota.OPEN_JOBS: """
        SELECT count(*) FROM batch_jobs
        WHERE organization_id = :organization AND status NOT IN ('completed', 'failed', 'cancelled')""",
    Quota.JOBS: "SELECT count(*) FROM batch_jobs WHERE organization_id = :organization",
    Quota.CAMPAIGNS: """
        SELECT count(*) FROM campaigns
        WHERE organization_id = :organization AND status NOT IN ('completed', 'cancelled')""",
    Quota.CONTACTS: """
        SELECT (SELECT coalesce(sum(total_contacts), 0) FROM batch_jobs WHERE organization_id = :organization)
             + (SELECT coalesce(sum(accepted - moved), 0) FROM campaigns WHERE organization_id = :organization)""",
    Quota.AGENTS: """
        SELECT count(*) FROM agents
        WHERE organization_id = :organization AND (removed_at IS NULL OR created_at > now() - interval '1 day')""",
    Quota.PHONE_NUMBERS: """
        SELECT count(*) FROM phone_numbers
        WHERE organization_id = :organization AND (removed_at IS NULL OR created_at > now() - interval '1 day')""",
    Quota.API_KEYS: """
        SELECT count(*) FROM api_keys WHERE organization_id = :organization
            AND ((revoked_at IS NULL AND coalesce(expires_at > now(), true)) OR created_at > now() - interval '1 day')
        """,
    Quota.DO_NOT_CALL: "SELECT count(*) FROM do_not_call WHERE organization_id = :organization",
}
_COUNT = {quota: text(query) for quota, query in _COUNTS.items()}
_OWN = text("SELECT quotas FROM organizations WHERE id = :organization")


class OrganizationQuotas:
    """`limits`: of organizations for which an operator set no other."""

    def __init__(self, engine: Database, limits: QuotaLimits) -> None:
        self._engine = engine
        self._limits = limits

    async def list_all(self, organization_id: str) -> list[QuotaUse]:
        """All quotas of an organization with what is used of them. Raises NotFound."""
        async with reading(self._engine) as connection:
            limits = await _limits(connection, organization_id, self._limits)
            counts = {quota: await _count(connection, organization_id, quota) for quota in Quota}
        return [QuotaUse(quota=quota, used=counts[quota], limit=limits.get(quota)) for quota in Quota]

    async def set_limits(
        self, organization_id: str, changes: Mapping[Quota, int | None], *, reset: frozenset[Quota] = frozenset()
    ) -> None:
        """Set limits of one organization, None: no limit; those of `reset` are as for all again.

        What is there beyond a limit stays. Raises NotFound, ValueError.
        """
        open_jobs = changes.get(Quota.OPEN_JOBS, 0)
        if open_jobs is None or open_jobs > MAX_OPEN_JOBS:
            raise ValueError(f"openJobs can be at most {MAX_OPEN_JOBS:,}.")
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            own = {
                **await _own(connection, organization_id),
                **{quota.value: limit for quota, limit in changes.items()},
            }
            kept = {name: limit for name, limit in own.items() if name not in reset}
            update = sa.update(organizations).where(organizations.c.id == organization_id)
            await connection.execute(update.values(quotas=kept))
            await record_action(connection, organization_id, Action.CHANGED, OPERATOR, {"quotas": kept})


def room_for_job(contacts: int) -> dict[Quota, int]:
    """What a new job adds."""
    return {Quota.OPEN_JOBS: 1, Quota.JOBS: 1, Quota.CONTACTS: contacts}


async def require_room(
    connection: AsyncConnection, organization_id: str, limits: QuotaLimits | None, wanted: Mapping[Quota, int]
) -> None:
    """Raises QuotaExceeded where so many more would be too many. The organization is locked; None: no limits."""
    if limits is None:
        return
    limits = await _limits(connection, organization_id, limits)
    for quota, more in wanted.items():
        limit = limits.get(quota)
        if limit is None:
            continue
        would_be = await _count(connection, organization_id, quota) + more
        if would_be > limit:
            raise QuotaExceeded(quota, limit, would_be)


async def _limits(connection: AsyncConnection, organization_id: str, limits: QuotaLimits) -> dict[Quota, int | None]:
    own = await _own(connection, organization_id)
    return {**limits, **{Quota(name): limit for name, limit in own.items()}}


async def _own(connection: AsyncConnection, organization_id: str) -> dict[str, Any]:
    row = (await connection.execute(_OWN, {"organization": organization_id})).one_or_none()
    if row is None:
        raise NotFound("organization", organization_id)
    return row.quotas or {}


async def _count(connection: AsyncConnection, organization_id: str, quota: Quota) -> int:
    return int((await connection.execute(_COUNT[quota], {"organization": organization_id})).scalar_one())
