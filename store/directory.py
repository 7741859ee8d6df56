"""Who is who: organisations, their keys, agents and phone numbers."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from secrets import token_urlsafe

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.calls import Audio
from domain.jobs import Agent, Caller, Organization, PhoneNumber
from domain.model import Model
from domain.statuses import Architecture, Role
from store.database import reading
from store.errors import NotFound
from store.ids import may_exist, new_id
from store.ledger import EntryKind, book
from store.tables import agents, api_keys, carrier_accounts, organizations, phone_numbers

KEY_BYTES = 32
KEY_PREFIX = "od_"
TWILIO = "twilio"


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


class Directory:
    """Every public method is one transaction; what belongs to another organisation does not exist."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create_organization(
        self, name: str, concurrent_call_limit: int = 5, credits: Decimal | None = None
    ) -> Organization:
        """Create an organisation; `credits` in dollars, None: unlimited."""
        organization_id = new_id("org")
        insert = sa.insert(organizations).values(
            id=organization_id,
            name=name,
            concurrent_call_limit=concurrent_call_limit,
            credits_unlimited=credits is None,
        )
        async with self._engine.begin() as connection:
            await connection.execute(insert)
            if credits is not None:
                await book(
                    connection,
                    organization_id=organization_id,
                    kind=EntryKind.TOP_UP,
                    balance_delta=credits,
                )
            return await _organization(connection, organization_id)

    async def organizations(self) -> list[Organization]:
        """All of them, oldest first: for operators only."""
        query = _ORGANIZATIONS.order_by(organizations.c.created_at, organizations.c.id)
        async with reading(self._engine) as connection:
            return [Organization.model_validate(row) for row in (await connection.execute(query)).mappings()]

    async def organization(self, organization_id: str) -> Organization:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            return await _organization(connection, organization_id)

    async def set_concurrent_call_limit(self, organization_id: str, limit: int) -> Organization:
        """Change how many calls the organisation may have at once; ends none. Raises NotFound."""
        update = (
            sa.update(organizations).where(organizations.c.id == organization_id).values(concurrent_call_limit=limit)
        )
        async with self._engine.begin() as connection:
            await connection.execute(update)
            return await _organization(connection, organization_id)

    async def create_key(self, organization_id: str, role: Role, name: str) -> IssuedKey:
        """Issue a key; raises NotFound."""
        issued = IssuedKey(id=new_id("key"), key=KEY_PREFIX + token_urlsafe(KEY_BYTES))
        insert = sa.insert(api_keys).values(
            id=issued.id,
            organization_id=organization_id,
            name=name,
            role=role.value,
            key_hash=_hashed(issued.key),
        )
        async with self._engine.begin() as connection:
            await _organization(connection, organization_id)
            await connection.execute(insert)
        return issued

    async def keys(self, organization_id: str) -> list[Key]:
        """The keys of an organisation, oldest first, the revoked ones too."""
        key = api_keys.c
        query = (
            sa.select(key.id, key.name, key.role, key.created_at, key.revoked_at)
            .where(key.organization_id == organization_id)
            .order_by(key.created_at, key.id)
        )
        async with reading(self._engine) as connection:
            return [Key.model_validate(row) for row in (await connection.execute(query)).mappings()]

    async def revoke_key(self, organization_id: str, key_id: str) -> None:
        """From now on the key is nobody's; said twice it means the same. Raises NotFound."""
        update = (
            sa.update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.organization_id == organization_id)
            .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, sa.func.now()))
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(update)).rowcount == 0:
                raise NotFound("key", key_id)

    async def caller(self, key: str) -> Caller | None:
        """Who calls with this key; None where it was never issued or is revoked."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_CALLER, {"key_hash": _hashed(key)})).mappings().first()
        return None if row is None else Caller.model_validate(row)

    async def create_agent(
        self, organization_id: str, name: str, architecture: Architecture, audio: Audio, audio_url: str
    ) -> Agent:
        """Add a voice agent that lives at `audio_url`; raises NotFound."""
        agent = Agent(id=new_id("agent"), name=name, architecture=architecture, audio=audio, audio_url=audio_url)
        async with self._engine.begin() as connection:
            await _organization(connection, organization_id)
            await connection.execute(
                sa.insert(agents).values(organization_id=organization_id, **agent.model_dump(mode="json"))
            )
        return agent

    async def agents(self, organization_id: str) -> list[Agent]:
        """The agents of an organisation, oldest first."""
        query = (
            sa.select(agents.c.id, agents.c.name, *_AGENT_COLUMNS)
            .where(agents.c.organization_id == organization_id)
            .order_by(agents.c.created_at, agents.c.id)
        )
        async with reading(self._engine) as connection:
            return [Agent.model_validate(row) for row in (await connection.execute(query)).mappings()]

    async def create_phone_number(
        self,
        organization_id: str,
        number: str,
        *,
        agent_id: str | None = None,
        label: str | None = None,
        calls_per_second: Decimal = Decimal(1),
        carrier_account_id: str = TWILIO,
    ) -> PhoneNumber:
        """Add a caller id, E.164; raises NotFound for an organisation or agent that is not there."""
        phone_number_id = new_id("phone")
        account = postgresql.insert(carrier_accounts).values(id=carrier_account_id).on_conflict_do_nothing()
        insert = sa.insert(phone_numbers).values(
            id=phone_number_id,
            organization_id=organization_id,
            number=number,
            label=label,
            outbound_agent_id=agent_id,
            carrier_account_id=carrier_account_id,
            calls_per_second=calls_per_second,
        )
        async with self._engine.begin() as connection:
            await _organization(connection, organization_id)
            await _must_own_agent(connection, organization_id, agent_id)
            await connection.execute(account)
            await connection.execute(insert)
            return await _phone_number(connection, organization_id, phone_number_id)

    async def phone_numbers(self, organization_id: str) -> list[PhoneNumber]:
        """The numbers of an organisation, each with its outbound agent, oldest first."""
        query = _PHONE_NUMBERS.where(phone_numbers.c.organization_id == organization_id).order_by(
            phone_numbers.c.created_at, phone_numbers.c.id
        )
        async with reading(self._engine) as connection:
            return [_as_phone_number(row) for row in (await connection.execute(query)).mappings()]

    async def phone_number(self, organization_id: str, phone_number_id: str) -> PhoneNumber | None:
        """The number with its outbound agent, None where the organisation has no such number."""
        if not may_exist(phone_number_id):
            return None
        async with reading(self._engine) as connection:
            try:
                return await _phone_number(connection, organization_id, phone_number_id)
            except NotFound:
                return None

    async def assign_agent(self, organization_id: str, phone_number_id: str, agent_id: str | None) -> PhoneNumber:
        """Say which agent holds the calls from a number, None: no calls from it. Raises NotFound."""
        update = (
            sa.update(phone_numbers)
            .where(phone_numbers.c.id == phone_number_id, phone_numbers.c.organization_id == organization_id)
            .values(outbound_agent_id=agent_id)
        )
        async with self._engine.begin() as connection:
            await _must_own_agent(connection, organization_id, agent_id)
            await connection.execute(update)
            return await _phone_number(connection, organization_id, phone_number_id)


def _hashed(key: str) -> str:
    """SHA-256 suffices: a key is 256 random bits, nothing that could be guessed from a list."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


_ORGANIZATIONS = sa.select(
    organizations.c.id,
    organizations.c.name,
    organizations.c.concurrent_call_limit,
    organizations.c.credits_unlimited,
    organizations.c.balance,
    organizations.c.held,
)
_CALLER = sa.select(api_keys.c.id.label("key_id"), api_keys.c.organization_id, api_keys.c.role).where(
    api_keys.c.key_hash == sa.bindparam("key_hash"), api_keys.c.revoked_at.is_(None)
)
_AGENT_COLUMNS: Sequence[sa.ColumnElement[str]] = (
    agents.c.architecture,
    agents.c.audio,
    agents.c.audio_url,
)
_PHONE_NUMBERS = sa.select(
    phone_numbers.c.id,
    phone_numbers.c.number,
    phone_numbers.c.label,
    phone_numbers.c.carrier_account_id,
    phone_numbers.c.calls_per_second,
    agents.c.id.label("agent_id"),
    agents.c.name.label("agent_name"),
    *_AGENT_COLUMNS,
).select_from(phone_numbers.outerjoin(agents, agents.c.id == phone_numbers.c.outbound_agent_id))


def _as_phone_number(row: sa.RowMapping) -> PhoneNumber:
    agent = None
    if row["agent_id"] is not None:
        agent = Agent.model_validate({**row, "id": row["agent_id"], "name": row["agent_name"]})
    return PhoneNumber.model_validate({**row, "agent": agent})


async def _organization(connection: AsyncConnection, organization_id: str) -> Organization:
    query = _ORGANIZATIONS.where(organizations.c.id == organization_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise NotFound("organization", organization_id)
    return Organization.model_validate(row)


async def _phone_number(connection: AsyncConnection, organization_id: str, phone_number_id: str) -> PhoneNumber:
    query = _PHONE_NUMBERS.where(
        phone_numbers.c.organization_id == organization_id, phone_numbers.c.id == phone_number_id
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise NotFound("phone number", phone_number_id)
    return _as_phone_number(row)


async def _must_own_agent(connection: AsyncConnection, organization_id: str, agent_id: str | None) -> None:
    if agent_id is None:
        return
    query = sa.select(agents.c.id).where(agents.c.id == agent_id, agents.c.organization_id == organization_id)
    if (await connection.execute(query)).first() is None:
        raise NotFound("agent", agent_id)
