"""What the workflow that shares out an organization's lines reads."""

from domain.jobs.line_shares import OrganizationLines
from store.db.engine import Database
from store.errors import NotFound

_LINES = """
    SELECT o.concurrent_call_limit AS limit, o.reserved_lines AS reserved,
           coalesce(array_agg(j.id ORDER BY j.actual_start_time, j.id) FILTER (WHERE j.id IS NOT NULL), '{}') AS running
    FROM organizations o LEFT JOIN batch_jobs j ON j.organization_id = o.id AND j.status = 'running'
    WHERE o.id = %(organization)s GROUP BY o.id
"""
_CALLING = "SELECT DISTINCT organization_id FROM batch_jobs WHERE status = 'running' ORDER BY organization_id"


class Lines:
    """Read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, organization_id: str) -> OrganizationLines:
        """An organization's limits, and its jobs that call people. Raises NotFound."""
        async with self._database.reading() as connection:
            found = await connection.fetch_one(OrganizationLines, _LINES, {"organization": organization_id})
        if found is None:
            raise NotFound("organization", organization_id)
        return found

    async def list_calling_organizations(self) -> list[str]:
        """All organizations with a running job: for the reconciler only."""
        async with self._database.reading() as connection:
            return await connection.fetch_values(_CALLING)
