"""The one lock under which everything changes that decides who may be dialed. Taken first: see store/calls/claim.py."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = text("SELECT id FROM organizations WHERE id = :organization FOR UPDATE")


async def lock_organization(connection: AsyncConnection, organization_id: str) -> None:
    """Lock the organization's row until the transaction ends."""
    await connection.execute(_LOCK, {"organization": organization_id})
