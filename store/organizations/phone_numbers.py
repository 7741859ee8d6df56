"""Numbers to call from: their outbound agents, their pacing, and the carrier's account behind them."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.jobs.models import Agent, PhoneNumber
from domain.model import Model
from domain.phone.location import locate_number
from domain.quotas import Quota, QuotaLimits
from store.audit_log import record_action
from store.db.engine import Database, reading
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.errors import InUse, NotFound
from store.organizations.agents import MAX_USERS, find_open_jobs, read_agent
from store.organizations.carrier_grants import Resource, grant, require_grants
from store.organizations.quotas import require_room
from store.organizations.rows import read_organization
from store.tables import agents, batch_jobs, carrier_accounts, dials, phone_numbers

TWILIO = "twilio"


class PhoneNumberChange(Model):
    """What is to be changed: the fields that are set, null included."""

    label: str | None = None
    outbound_agent_id: str | None = None
    calls_per_second: Decimal = Decimal(1)


class PhoneNumberPage(Model):
    """`total`: of all pages."""

    phone_numbers: list[PhoneNumber]
    total: int


class PhoneNumbers:
    """Each public method is one transaction; what belongs to another organization, or is removed, does not exist."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas

    async def create(
        self,
        organization_id: str,
        number: str,
        *,
        agent_id: str | None = None,
        label: str | None = None,
        calls_per_second: Decimal = Decimal(1),
        carrier_account_id: str = TWILIO,
        sealed_settings: str | None = None,
        trunk: str | None = None,
        granted_by: str | None = None,
        by: str = OPERATOR,
        id: str | None = None,
    ) -> PhoneNumber:
        """Add a caller id, E.164; raises NotFound for an organization or agent that is not there.

        `sealed_settings` (by `store.db.vault`) give it an account of its own at the carrier that `carrier_account_id`
        names; with `trunk` they name one of the account that all share. Elsewhere than on an account of its own the
        number must be granted, or is here where an operator adds it (`granted_by`). Raises NotGranted,
        GrantedToAnother. A number of this `id` that is there already is returned.
        """
        row: dict[str, Any] = {
            "id": id or new_id("phone"),
            "organization_id": organization_id,
            "number": number,
            "country": locate_number(number).country,
            "label": label,
            "outbound_agent_id": agent_id,
            "calls_per_second": calls_per_second,
        }
        account = _account(row["id"], carrier_account_id, sealed_settings, trunk)
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            await read_organization(connection, organization_id)
            await _must_own_agent(connection, organization_id, agent_id)
            if granted_by is not None:
                resource = Resource.of_number(carrier_account_id, number)
                await grant(connection, organization_id, resource, by=granted_by)
            if _is_shared(sealed_settings, trunk):
                await require_grants(connection, organization_id, carrier_account_id, number, trunk)
            await connection.execute(postgresql.insert(carrier_accounts).values(account).on_conflict_do_nothing())
            row["carrier_account_id"] = account["id"]
            inserted = await connection.execute(postgresql.insert(phone_numbers).values(row).on_conflict_do_nothing())
            if inserted.rowcount:
                await require_room(connection, organization_id, self._quotas, {Quota.PHONE_NUMBERS: 0})
                await _record(connection, organization_id, Action.NUMBER_CREATED, by, row["id"])
            return await read_phone_number(connection, organization_id, row["id"])

    async def list_all(self, organization_id: str) -> list[PhoneNumber]:
        """The numbers of an organization, each with its outbound agent, oldest first."""
        async with reading(self._engine) as connection:
            return await _read(connection, _PHONE_NUMBERS.where(*_of(organization_id)).order_by(*_OLDEST))

    async def list_page(self, organization_id: str, search: str | None, page: int, page_size: int) -> PhoneNumberPage:
        """As `phone_numbers`, a page of those with `search` in number or label; `page` counts from 1."""
        if not may_exist(search or ""):
            return PhoneNumberPage(phone_numbers=[], total=0)
        where = _of(organization_id)
        if search:
            found = [column.icontains(search, autoescape=True) for column in _SEARCHED]
            where.append(sa.or_(*found))
        count = sa.select(sa.func.count()).select_from(phone_numbers).where(*where)
        query = _PHONE_NUMBERS.where(*where).order_by(*_OLDEST).offset((page - 1) * page_size).limit(page_size)
        async with reading(self._engine) as connection:
            total = (await connection.execute(count)).scalar_one()
            return PhoneNumberPage(phone_numbers=await _read(connection, query), total=total)

    async def find(self, organization_id: str, phone_number_id: str) -> PhoneNumber | None:
        """The number with its outbound agent, None where the organization has no such number."""
        async with reading(self._engine) as connection:
            try:
                return await read_phone_number(connection, organization_id, phone_number_id)
            except NotFound:
                return None

    async def assign_agent(self, organization_id: str, phone_number_id: str, agent_id: str | None) -> PhoneNumber:
        """Set the agent that holds the calls from a number; None: no calls from it. Raises NotFound."""
        change = PhoneNumberChange(outbound_agent_id=agent_id)
        return await self.change(organization_id, phone_number_id, change)

    async def change(
        self, organization_id: str, phone_number_id: str, change: PhoneNumberChange, *, by: str = OPERATOR
    ) -> PhoneNumber:
        """Change what is given; pacing holds at once, an agent for jobs to come. Raises NotFound."""
        fields = change.model_dump(include=change.model_fields_set)
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            found = await read_phone_number(connection, organization_id, phone_number_id)
            await _must_own_agent(connection, organization_id, fields.get("outbound_agent_id"))
            if not fields:
                return found
            await connection.execute(_update(phone_number_id, fields))
            await _record(connection, organization_id, Action.NUMBER_CHANGED, by, phone_number_id)
            return await read_phone_number(connection, organization_id, phone_number_id)

    async def change_carrier_settings(
        self,
        organization_id: str,
        phone_number_id: str,
        carrier: str,
        sealed_settings: str | None,
        trunk: str | None = None,
        *,
        by: str = OPERATOR,
    ) -> PhoneNumber:
        """Give a number an account of its own, or its account other settings; None: back to the shared account.

        Gates that were closed for the old settings open. Raises NotFound, NotGranted as `create`, and InUse while
        calls are live that only the old settings can ask about.
        """
        account = _account(phone_number_id, carrier, sealed_settings, trunk)
        insert = postgresql.insert(carrier_accounts).values(account)
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            number = await read_phone_number(connection, organization_id, phone_number_id)
            if _is_shared(sealed_settings, trunk):
                await require_grants(connection, organization_id, carrier, number.number, trunk)
            if sealed_settings is None:
                await connection.execute(insert.on_conflict_do_nothing())
            else:
                live = (await connection.execute(_LIVE_JOBS, {"account": account["id"]})).scalars().all()
                if live:
                    raise InUse("phone number", phone_number_id, live)
                await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=account | _OPEN_GATE))
            await connection.execute(_update(phone_number_id, {"carrier_account_id": account["id"]} | _OPEN_GATE))
            await _record(connection, organization_id, Action.NUMBER_CHANGED, by, phone_number_id)
            return await read_phone_number(connection, organization_id, phone_number_id)

    async def remove(self, organization_id: str, phone_number_id: str, *, by: str = OPERATOR) -> None:
        """Remove it; what jobs hold of it stays. Raises NotFound, InUse."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            await read_phone_number(connection, organization_id, phone_number_id)
            users = await find_open_jobs(connection, batch_jobs.c.phone_number_id == phone_number_id)
            if users:
                raise InUse("phone number", phone_number_id, users)
            await connection.execute(_update(phone_number_id, {"removed_at": sa.func.now()}))
            await _record(connection, organization_id, Action.NUMBER_REMOVED, by, phone_number_id)


_OPEN_GATE = {"closed_until": None, "closed_reason": None, "probe_dial_id": None, "closings": 0}
_LIVE_JOBS = (
    sa.select(dials.c.job_id)
    .where(dials.c.carrier_account_id == sa.bindparam("account"), dials.c.ended_at.is_(None))
    .distinct()
    .limit(MAX_USERS)
)
_ACCOUNT = sa.select(carrier_accounts.c.settings, carrier_accounts.c.trunk).where(
    carrier_accounts.c.id == sa.bindparam("account")
)
_CARRIER = sa.func.coalesce(carrier_accounts.c.carrier, carrier_accounts.c.id).label("carrier")
_SEARCHED = phone_numbers.c.number, phone_numbers.c.label
_OLDEST = phone_numbers.c.created_at, phone_numbers.c.id
_PHONE_NUMBERS = sa.select(
    phone_numbers.c.id,
    phone_numbers.c.number,
    phone_numbers.c.country,
    phone_numbers.c.label,
    phone_numbers.c.carrier_account_id,
    phone_numbers.c.calls_per_second,
    phone_numbers.c.created_at,
    _CARRIER,
    carrier_accounts.c.settings.is_not(None).label("own_carrier_settings"),
    agents.c.id.label("agent_id"),
    agents.c.name.label("agent_name"),
    agents.c.architecture,
    agents.c.audio,
    agents.c.audio_url,
    agents.c.created_at.label("agent_created_at"),
).select_from(
    phone_numbers.join(carrier_accounts, carrier_accounts.c.id == phone_numbers.c.carrier_account_id).outerjoin(
        agents, sa.and_(agents.c.id == phone_numbers.c.outbound_agent_id, agents.c.removed_at.is_(None))
    )
)


async def check_callable(connection: AsyncConnection, organization_id: str, number: PhoneNumber) -> Agent:
    """The agent of a number from which a job is to call, if both are still as they were read.

    The organization is locked. Raises NotFound; NotGranted where the number or its trunk is not the organization's."""
    now = await read_phone_number(connection, organization_id, number.id)
    account = (await connection.execute(_ACCOUNT, {"account": now.carrier_account_id})).one()
    if _is_shared(account.settings, account.trunk):
        await require_grants(connection, organization_id, now.carrier, now.number, account.trunk)
    if now.agent is None or number.agent is None or now.agent.id != number.agent.id:
        raise NotFound("outbound agent of", number.id)
    return number.agent


async def read_phone_number(connection: AsyncConnection, organization_id: str, phone_number_id: str) -> PhoneNumber:
    """Raises NotFound."""
    query = _PHONE_NUMBERS.where(phone_numbers.c.id == phone_number_id, *_of(organization_id))
    found = await _read(connection, query) if may_exist(phone_number_id) else []
    if not found:
        raise NotFound("phone number", phone_number_id)
    return found[0]


async def _read(connection: AsyncConnection, query: sa.Select[Any]) -> list[PhoneNumber]:
    return [_as_phone_number(row) for row in (await connection.execute(query)).mappings()]


def _as_phone_number(row: sa.RowMapping) -> PhoneNumber:
    agent = None
    if row["agent_id"] is not None:
        own = {"id": row["agent_id"], "name": row["agent_name"], "created_at": row["agent_created_at"]}
        agent = Agent.model_validate({**row, **own})
    return PhoneNumber.model_validate({**row, "agent": agent})


def _is_shared(sealed_settings: str | None, trunk: str | None) -> bool:
    """Whether calls go through an account that other organizations use too."""
    return sealed_settings is None or trunk is not None


def _account(phone_number_id: str, carrier: str, sealed_settings: str | None, trunk: str | None) -> dict[str, Any]:
    """The carrier's shared account, or one for this number alone: its gate and its credentials are its own."""
    if sealed_settings is None:
        return {"id": carrier}
    return {
        "id": f"{carrier}_{phone_number_id.removeprefix('phone_')}",
        "carrier": carrier,
        "settings": sealed_settings,
        "trunk": trunk,
    }


def _update(phone_number_id: str, fields: dict[str, Any]) -> sa.Update:
    return sa.update(phone_numbers).where(phone_numbers.c.id == phone_number_id).values(fields)


async def _record(connection: AsyncConnection, organization_id: str, action: Action, by: str, id: str) -> None:
    await record_action(connection, organization_id, action, by, {"phoneNumberId": id})


async def _must_own_agent(connection: AsyncConnection, organization_id: str, agent_id: str | None) -> None:
    if agent_id is not None:
        await read_agent(connection, organization_id, agent_id)


def _of(organization_id: str) -> list[sa.ColumnElement[bool]]:
    return [phone_numbers.c.organization_id == organization_id, phone_numbers.c.removed_at.is_(None)]
