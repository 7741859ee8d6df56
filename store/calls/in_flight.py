"""Live calls of jobs and organizations, and requests to carriers that may be on their way.

A request is on its way from the claim until its call has an id, for PLACE_TIMEOUT_SECONDS at most. Whoever has
forbidden calls waits until none is left: from then on no call starts.
"""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.calls.deadlines import PLACE_TIMEOUT_SECONDS
from domain.calls.models import HangUpReason
from domain.phone.identity import list_all_writings
from store.calls.dial_rows import CHANNEL
from store.db.engine import reading

_LIVE = "organization_id = :organization AND ended_at IS NULL AND (job_id = :job OR CAST(:job AS varchar) IS NULL)"
_COUNT_LIVE = text(f"SELECT count(*) FROM dials WHERE {_LIVE}")  # noqa: S608 — our own constants
_HANG_UP = text(f"""
    WITH wanted AS (UPDATE dials SET hang_up_reason = :reason WHERE {_LIVE} RETURNING id)
    SELECT pg_notify(:channel, id) FROM wanted
""")  # noqa: S608


async def count_live_calls(connection: AsyncConnection, organization_id: str, job_id: str | None = None) -> int:
    """Count the live calls of a job, or of the whole organization."""
    values = {"organization": organization_id, "job": job_id}
    return int((await connection.execute(_COUNT_LIVE, values)).scalar_one())


async def hang_up_live_calls(connection: AsyncConnection, organization_id: str, job_id: str | None = None) -> None:
    """Request the end of every live call of a job, or of all, and wake whoever follows it."""
    values = {"organization": organization_id, "job": job_id}
    await connection.execute(_HANG_UP, values | {"reason": HangUpReason.CALLED_OFF, "channel": CHANNEL})


class InFlightRequests:
    """Requests that may be on their way; read only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def count_for_job(self, organization_id: str, job_id: str) -> int:
        return await self._count("job_id = :job", organization_id, job=job_id)

    async def count_for_organization(self, organization_id: str) -> int:
        return await self._count("true", organization_id)

    async def count_for_numbers(self, organization_id: str, numbers: Collection[str]) -> int:
        return await self._count("to_number = ANY(:numbers)", organization_id, numbers=list_all_writings(numbers))

    async def _count(self, which: str, organization_id: str, **values: object) -> int:
        query = text(
            "SELECT count(*) FROM dials WHERE organization_id = :organization AND ended_at IS NULL"  # noqa: S608
            f" AND call_id IS NULL AND asked_at > clock_timestamp() - make_interval(secs => :limit) AND {which}"
        )
        values |= {"organization": organization_id, "limit": PLACE_TIMEOUT_SECONDS}
        async with reading(self._engine) as connection:
            return int((await connection.execute(query, values)).scalar_one())
