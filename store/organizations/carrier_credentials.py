"""The settings of its own that an account at a carrier may have, unsealed for calls through it."""

import json
from typing import Any

import sqlalchemy as sa

from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.db.vault import Vault
from store.errors import NoSecret, Unreadable
from store.tables import carrier_accounts, phone_numbers

_ACCOUNTS = (
    sa.select(phone_numbers.c.number, carrier_accounts.c.id)
    .join_from(phone_numbers, carrier_accounts, carrier_accounts.c.id == phone_numbers.c.carrier_account_id)
    .where(carrier_accounts.c.settings.is_not(None), phone_numbers.c.removed_at.is_(None))
    .order_by(phone_numbers.c.number, carrier_accounts.c.id)
)


class CarrierCredentials:
    """Kept sealed by `store.organizations.phone_numbers`."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def list_accounts(self, carrier: str) -> list[tuple[str, str]]:
        """The numbers that have settings of their own at a carrier, each with its account."""
        query = _ACCOUNTS.where(carrier_accounts.c.carrier == carrier)
        async with reading(self._engine) as connection:
            return [(row.number, row.id) for row in await connection.execute(query)]

    async def read_settings(self, carrier_account_id: str) -> dict[str, Any] | None:
        """An account's own settings; None where it has none, or none that our secrets open."""
        if not may_exist(carrier_account_id):
            return None
        query = sa.select(carrier_accounts.c.settings).where(carrier_accounts.c.id == carrier_account_id)
        async with reading(self._engine) as connection:
            sealed = (await connection.execute(query)).scalar_one_or_none()
        try:
            return None if sealed is None else json.loads(self._vault.open(sealed))
        except (NoSecret, Unreadable):
            return None
