"""What the workflow that shares out an organization's lines reads."""

from sqlalchemy import text

from domain.jobs.line_shares import OrganizationLines
from store.db.engine import Database, reading
from store.errors import NotFound

_LINES = text("""
    SELECT o.concurrent_call_limit, o.reserved_lines,
           coalesce(array_agg(j.id ORDER BY j.actual_start_time, j.id) FILTER (WHERE j.id IS NOT NULL), '{}') AS running
    FROM organizations o LEFT JOIN batch_jobs j ON j.organization_id = o.id AND j.status = 'running'
    WHERE o.id = :organization GROUP BY o.id
""")
_CALLING = text("SELECT DISTINCT organization_id FROM batch_jobs WHERE status = 'running' ORDER BY organization_id")


class Lines:
    """Read only."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def read(self, organization_id: str) -> OrganizationLines:
        """An organization's limits, and its jobs that call people. Raises NotFound."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_LINES, {"organization": organization_id})).mappings().one_or_none()
        if row is None:
            raise NotFound("organization", organization_id)
        return OrganizationLines(
            limit=row["concurrent_call_limit"], reserved=row["reserved_lines"], running=tuple(row["running"])
        )

    async def list_calling_organizations(self) -> list[str]:
        """All organizations with a running job: for the reconciler only."""
        async with reading(self._engine) as connection:
            return list((await connection.execute(_CALLING)).scalars())
