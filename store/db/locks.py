"""The one lock under which everything changes that decides who may be dialed. Taken first: see store/calls/claim.py."""

from store.db.engine import AnyConnection, run

_LOCK = "SELECT id FROM organizations WHERE id = %(organization)s FOR UPDATE"


async def lock_organization(connection: AnyConnection, organization_id: str) -> None:
    """Lock the organization's row until the transaction ends."""
    await run(connection, _LOCK, {"organization": organization_id})
