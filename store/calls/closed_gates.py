"""Everything that keeps calls from starting: for whoever runs the service, over all organizations."""

from datetime import datetime

from domain.model import Model
from store.calls.gates import ORGANIZATION_STOPPED, UNRECONCILED
from store.db.engine import Database, fetch_all

_CLOSED = """
    SELECT 'organization' AS scope, id, id AS organization_id, %(stopped)s AS reason, NULL AS by,
      stopped_at AS since, NULL::timestamptz AS until
    FROM organizations WHERE stopped_at IS NOT NULL
    UNION ALL
    SELECT 'account', id, NULL,
      CASE WHEN unreconciled_since IS NOT NULL THEN %(unreconciled)s WHEN stopped_at IS NULL THEN closed_reason END,
      CASE WHEN coalesce(unreconciled_since, stopped_at) IS NOT NULL THEN 'operator' END,
      coalesce(unreconciled_since, stopped_at),
      CASE WHEN coalesce(unreconciled_since, stopped_at) IS NULL THEN closed_until END
    FROM carrier_accounts
    WHERE coalesce(unreconciled_since, stopped_at, closed_until) IS NOT NULL
    UNION ALL
    SELECT 'number', id, organization_id, CASE WHEN stopped_at IS NULL THEN closed_reason END,
      CASE WHEN stopped_at IS NOT NULL THEN coalesce(stopped_by, 'operator') END,
      stopped_at, CASE WHEN stopped_at IS NULL THEN closed_until END
    FROM phone_numbers
    WHERE removed_at IS NULL AND coalesce(stopped_at, closed_until) IS NOT NULL
    ORDER BY scope, id
"""


class ClosedGate(Model):
    """`scope`: organization, account or number. `by`: the operator, or the key of whoever closed it; None: refusals
    did, and `until` is when one call goes first. `since`: when a person closed it."""

    scope: str
    id: str
    organization_id: str | None
    reason: str | None
    by: str | None
    since: datetime | None
    until: datetime | None


class ClosedGates:
    """One question; nothing is changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self) -> list[ClosedGate]:
        """By scope and id."""
        texts = {"stopped": ORGANIZATION_STOPPED, "unreconciled": UNRECONCILED}
        async with self._database.reading() as connection:
            return await fetch_all(connection, ClosedGate, _CLOSED, texts)
