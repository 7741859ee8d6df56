"""What an organization sees of the gates that hold its calls, and does to those of its own numbers.

What an operator closed only an operator opens.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.calls.gates import GateScope
from domain.model import Model
from store.audit_log import record_action
from store.calls.gates import OPEN_GATE, UNRECONCILED
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.db.locks import lock_organization
from store.errors import ClosedByOperator, NotFound


class ClosedGate(Model):
    """`until`: when one call goes first; None: a person must open it. `by`: who closed it, None: the carrier."""

    scope: GateScope
    phone_number_id: str
    carrier: str
    own_account: bool
    reason: str | None
    until: datetime | None
    by: str | None


_FACTS = text("""
    SELECT p.id AS phone_number_id, coalesce(a.carrier, a.id) AS carrier, a.settings IS NOT NULL AS own_account,
      p.stopped_at AS number_stopped_at, p.stopped_by AS number_stopped_by, p.closed_until AS number_until,
      p.closed_reason AS number_reason, a.stopped_at AS account_stopped_at, a.closed_until AS account_until,
      a.closed_reason AS account_reason, a.unreconciled_since
    FROM phone_numbers p JOIN carrier_accounts a ON a.id = p.carrier_account_id
    WHERE p.organization_id = :organization AND p.removed_at IS NULL
      AND (p.stopped_at IS NOT NULL OR p.closed_until IS NOT NULL OR a.stopped_at IS NOT NULL
           OR a.closed_until IS NOT NULL OR a.unreconciled_since IS NOT NULL)
    ORDER BY p.created_at, p.id
""")
_NUMBER = text("""
    SELECT stopped_at, coalesce(stopped_by, :operator) AS stopped_by FROM phone_numbers
    WHERE id = :id AND organization_id = :organization AND removed_at IS NULL
""")
_CLOSE = text("UPDATE phone_numbers SET stopped_at = clock_timestamp(), stopped_by = :by WHERE id = :id")
_OPEN = text(f"UPDATE phone_numbers SET stopped_at = NULL, stopped_by = NULL, {OPEN_GATE} WHERE id = :id")  # noqa: S608


class OwnGates:
    """Each public method is one transaction; what belongs to another organization does not exist."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def list_closed(self, organization_id: str) -> list[ClosedGate]:
        """The gates that hold calls of an organization's numbers, by number, the account's before the number's."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(_FACTS, {"organization": organization_id})).mappings().all()
        closed = []
        for row in rows:
            number = {name: row[name] for name in ("phone_number_id", "carrier", "own_account")}
            if row["unreconciled_since"] is not None:
                unknown = ClosedGate(scope=GateScope.ACCOUNT, reason=UNRECONCILED, until=None, by=OPERATOR, **number)
                closed.append(unknown)
                continue
            for scope in GateScope:
                by = row["number_stopped_by"] or OPERATOR if scope is GateScope.NUMBER else OPERATOR
                if row[f"{scope}_stopped_at"] is not None:
                    closed.append(ClosedGate(scope=scope, reason=None, until=None, by=by, **number))
                elif row[f"{scope}_until"] is not None:
                    reason, until = row[f"{scope}_reason"], row[f"{scope}_until"]
                    closed.append(ClosedGate(scope=scope, reason=reason, until=until, by=None, **number))
        return closed

    async def close_number(self, organization_id: str, id: str, *, by: str) -> None:
        """Let no call start from a number; live ones go on. Idempotent; who closed it first stays. Raises NotFound."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)  # a claim that read it open has committed its dial
            if (await self._find(connection, organization_id, id)).stopped_at is None:
                await connection.execute(_CLOSE, {"id": id, "by": by})
                await record_action(connection, organization_id, Action.NUMBER_CLOSED, by, {"phoneNumberId": id})

    async def open_number(self, organization_id: str, id: str, *, by: str) -> None:
        """Let calls start from a number, whatever closed it but an operator. Raises NotFound, ClosedByOperator."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            number = await self._find(connection, organization_id, id)
            if number.stopped_at is not None and number.stopped_by == OPERATOR:
                raise ClosedByOperator
            await connection.execute(_OPEN, {"id": id})
            await record_action(connection, organization_id, Action.NUMBER_OPENED, by, {"phoneNumberId": id})

    async def _find(self, connection: AsyncConnection, organization_id: str, id: str) -> Row[Any]:
        values = {"id": id, "organization": organization_id, "operator": OPERATOR}
        found = (await connection.execute(_NUMBER, values)).one_or_none() if may_exist(id) else None
        if found is None:
            raise NotFound("phone number", id)
        return found
