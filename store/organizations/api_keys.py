"""API keys: who calls, as what, until when."""

from collections.abc import Collection
from datetime import datetime, timedelta
from secrets import token_urlsafe

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.jobs.models import Caller
from domain.model import Model
from domain.quotas import Quota, QuotaLimits
from domain.statuses import Role
from store.audit_log import record_action
from store.db.engine import Database, reading
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.errors import LastOwner, NotFound
from store.organizations.console_sessions import IS_SESSION, SESSION_PREFIX, SESSIONS
from store.organizations.quotas import require_room
from store.organizations.rows import read_organization
from store.organizations.tokens import IS_VALID_KEY, hash_token
from store.tables import api_keys

KEY_BYTES = 32
KEY_PREFIX = "od_"
LAST_USED_INTERVAL = timedelta(minutes=1)


class IssuedKey(Model):
    """A new key. `key` is shown this once: what is stored is its hash."""

    id: str
    key: str


class Key(Model):
    """A key as it is listed."""

    id: str
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None  # to the minute


class KeyPage(Model):
    """`total`: of all pages."""

    keys: list[Key]
    total: int


class _FoundCaller(Caller):
    to_note: bool  # its last use is not as new as it may be


class ApiKeys:
    """Each public method is one transaction; what belongs to another organization does not exist."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas

    async def create(
        self,
        organization_id: str,
        role: Role,
        name: str,
        *,
        expires_at: datetime | None = None,
        by: str = OPERATOR,
        id: str | None = None,
    ) -> IssuedKey:
        """Issue a key; raises NotFound. One of this `id` gets a new key: nobody was given its first one."""
        issued = IssuedKey(id=id or new_id("key"), key=KEY_PREFIX + token_urlsafe(KEY_BYTES))
        insert = postgresql.insert(api_keys).values(
            id=issued.id,
            organization_id=organization_id,
            name=name,
            role=role.value,
            expires_at=expires_at,
            key_hash=hash_token(issued.key),
        )
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            await read_organization(connection, organization_id)
            await connection.execute(
                insert.on_conflict_do_update(index_elements=["id"], set_={"key_hash": insert.excluded.key_hash})
            )
            await require_room(connection, organization_id, self._quotas, {Quota.API_KEYS: 0})
            details = {"keyId": issued.id, "role": role.value}
            await record_action(connection, organization_id, Action.KEY_CREATED, by, details)
        return issued

    async def list_all(self, organization_id: str) -> list[Key]:
        """The keys of an organization, oldest first, the revoked ones too."""
        query = _KEYS.where(api_keys.c.organization_id == organization_id).order_by(*_OLDEST)
        async with reading(self._engine) as connection:
            return [Key.model_validate(row) for row in (await connection.execute(query)).mappings()]

    async def list_page(self, organization_id: str, page: int, page_size: int) -> KeyPage:
        """As `keys`, a page of them; `page` counts from 1."""
        mine = api_keys.c.organization_id == organization_id
        count = sa.select(sa.func.count()).select_from(api_keys).where(mine)
        query = _KEYS.where(mine).order_by(*_OLDEST).offset((page - 1) * page_size).limit(page_size)
        async with reading(self._engine) as connection:
            total = (await connection.execute(count)).scalar_one()
            rows = (await connection.execute(query)).mappings()
            return KeyPage(keys=[Key.model_validate(row) for row in rows], total=total)

    async def get(self, organization_id: str, key_id: str) -> Key:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            return await _key(connection, organization_id, key_id)

    async def revoke(
        self, organization_id: str, key_id: str, *, keep_an_owner: bool = False, by: str = OPERATOR
    ) -> None:
        """Revoke a key; idempotent. Raises NotFound.

        With `keep_an_owner` it raises LastOwner for an owner's key that no other owner's key would outlast.
        """
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            key = await _key(connection, organization_id, key_id)
            if key.revoked_at is not None:
                return
            if keep_an_owner and key.role is Role.OWNER and not await _outlasted(connection, organization_id, key):
                raise LastOwner
            revoke = sa.update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=sa.func.now())
            await connection.execute(revoke)
            await record_action(connection, organization_id, Action.KEY_REVOKED, by, {"keyId": key_id})

    async def find_valid(self, key_ids: Collection[str]) -> set[str]:
        """Those that are neither revoked nor expired now."""
        async with self._engine.reading() as connection:
            return set(await connection.fetch_values(_VALID, {"keys": list(key_ids)}))

    async def find_caller(self, key: str) -> Caller | None:
        """Who calls with this key, or with the token of a console session, which may do what its key may.

        None where it was never issued, is revoked, or has expired.
        """
        query = _CALLER_OF_SESSION if key.startswith(SESSION_PREFIX) else _CALLER_OF_KEY
        async with self._engine.reading() as connection:
            values = {"hash": hash_token(key), "every": LAST_USED_INTERVAL}
            found = await connection.fetch_one(_FoundCaller, query, values)
            if found is not None and found.to_note:
                await connection.run(_USED, {"key": found.key_id, "every": LAST_USED_INTERVAL})
        return None if found is None else Caller.model_validate(found.model_dump())


_KEYS = sa.select(
    api_keys.c.id,
    api_keys.c.name,
    api_keys.c.role,
    api_keys.c.created_at,
    api_keys.c.revoked_at,
    api_keys.c.expires_at,
    api_keys.c.last_used_at,
)
_OLDEST = api_keys.c.created_at, api_keys.c.id
_NOT_EXPIRED = sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > sa.func.now())
_VALID = f"SELECT k.id FROM api_keys k WHERE k.id = ANY(%(keys)s) AND {IS_VALID_KEY}"  # noqa: S608 - our own constants
_CALLER = f"""
    SELECT k.id AS key_id, k.organization_id, k.role, k.expires_at,
           k.last_used_at IS NULL OR k.last_used_at < now() - CAST(%(every)s AS interval) AS to_note
    FROM {{keys}} WHERE {{which}} AND {IS_VALID_KEY}
"""  # noqa: S608 - our own constants
_CALLER_OF_KEY = _CALLER.format(keys="api_keys k", which="k.key_hash = %(hash)s")
_CALLER_OF_SESSION = _CALLER.format(keys=f"{SESSIONS} JOIN api_keys k ON k.id = s.key_id", which=IS_SESSION)
# Requests that come at once write it once.
_USED = """
    UPDATE api_keys SET last_used_at = now()
    WHERE id = %(key)s AND (last_used_at IS NULL OR last_used_at < now() - CAST(%(every)s AS interval))
"""


async def _key(connection: AsyncConnection, organization_id: str, key_id: str) -> Key:
    query = _KEYS.where(api_keys.c.id == key_id, api_keys.c.organization_id == organization_id)
    row = (await connection.execute(query)).mappings().first() if may_exist(key_id) else None
    if row is None:
        raise NotFound("key", key_id)
    return Key.model_validate(row)


async def _outlasted(connection: AsyncConnection, organization_id: str, key: Key) -> bool:
    """Whether another owner's key is valid at least as long as this one."""
    for other in (
        await connection.execute(_OTHER_OWNERS, {"organization_id": organization_id, "key_id": key.id})
    ).scalars():
        if other is None or (key.expires_at is not None and other >= key.expires_at):
            return True
    return False


_OTHER_OWNERS = sa.select(api_keys.c.expires_at).where(
    api_keys.c.organization_id == sa.bindparam("organization_id"),
    api_keys.c.id != sa.bindparam("key_id"),
    api_keys.c.role == Role.OWNER.value,
    api_keys.c.revoked_at.is_(None),
    _NOT_EXPIRED,
)
