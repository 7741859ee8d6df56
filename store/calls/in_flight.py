"""Requests to carriers that may be on their way: dials asked within ASK_LIMIT, and without a call id yet.

Whoever has forbidden calls waits until none is left: from then on no call starts.
"""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from store.db.engine import reading


class InFlightRequests:
    """Each method counts them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_job(self, organization_id: str, job_id: str) -> int:
        return await self._count("job_id = :job", organization_id, job=job_id)

    async def of_organization(self, organization_id: str) -> int:
        return await self._count("true", organization_id)

    async def of_numbers(self, organization_id: str, numbers: Collection[str]) -> int:
        """Those to one of these numbers."""
        return await self._count("to_number = ANY(:numbers)", organization_id, numbers=list(numbers))

    async def _count(self, which: str, organization_id: str, **values: object) -> int:
        query = text(
            "SELECT count(*) FROM dials WHERE organization_id = :organization AND ended_at IS NULL"  # noqa: S608
            f" AND call_id IS NULL AND asked_at > clock_timestamp() - make_interval(secs => :limit) AND {which}"
        )
        values |= {"organization": organization_id, "limit": PLACE_TIMEOUT_SECONDS}
        async with reading(self._engine) as connection:
            return int((await connection.execute(query, values)).scalar_one())
