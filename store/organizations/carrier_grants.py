"""Which organization may use a number or a trunk of a carrier account that organizations share.

A number is its telephone (`domain.phone.identity`) and belongs to one organization at a carrier; a trunk may be granted
to several. An organization's own carrier account needs no grants: what it may use there is between it and its carrier.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import Action
from domain.model import Model
from domain.phone.identity import identify
from domain.statuses import GrantKind
from store.audit_log import record_action
from store.db.engine import Database, reading
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.errors import GrantedToAnother, InUse, NotFound, NotGranted
from store.organizations.agents import find_open_jobs
from store.organizations.rows import read_organization
from store.tables import batch_jobs, carrier_accounts, carrier_grants, phone_numbers


class Resource(Model):
    """What may be granted. `name`: a number, E.164, or a trunk as the carrier's settings write it."""

    carrier: str
    kind: GrantKind
    name: str

    @classmethod
    def of_number(cls, carrier: str, number: str) -> "Resource":
        """The telephone, in whatever writing it is named."""
        return cls(carrier=carrier, kind=GrantKind.NUMBER, name=identify(number))

    @classmethod
    def of_trunk(cls, carrier: str, trunk: str) -> "Resource":
        return cls(carrier=carrier, kind=GrantKind.TRUNK, name=trunk)


class CarrierGrant(Resource):
    """A grant as it is listed."""

    id: str
    granted_at: datetime


class CarrierGrants:
    """Each public method is one transaction. Only operators, and the platform's key, change what is granted."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def create(self, organization_id: str, resource: Resource, *, by: str, id: str | None = None) -> CarrierGrant:
        """Grant it; idempotent. Raises NotFound; GrantedToAnother for a number that another organization has."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            await read_organization(connection, organization_id)
            return await grant(connection, organization_id, resource, by=by, id=id)

    async def list_all(self, organization_id: str) -> list[CarrierGrant]:
        """What an organization may use, in the order in which it was granted."""
        query = _GRANTS.where(carrier_grants.c.organization_id == organization_id).order_by(*_OLDEST)
        async with reading(self._engine) as connection:
            return [CarrierGrant.model_validate(row) for row in (await connection.execute(query)).mappings()]

    async def revoke(self, organization_id: str, grant_id: str, *, by: str) -> None:
        """Take it back: no new job calls with it. Raises NotFound; InUse while open jobs call with it."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            found = await _read_grant(connection, organization_id, grant_id)
            numbers = await _find_users(connection, organization_id, found)
            jobs = await find_open_jobs(connection, batch_jobs.c.phone_number_id.in_(numbers)) if numbers else []
            if jobs:
                raise InUse(f"{found.kind}", grant_id, jobs)
            await connection.execute(sa.delete(carrier_grants).where(carrier_grants.c.id == grant_id))
            await record_action(connection, organization_id, Action.GRANT_REVOKED, by, _describe(found, grant_id))


async def grant(
    connection: AsyncConnection, organization_id: str, resource: Resource, *, by: str, id: str | None = None
) -> CarrierGrant:
    """Grant it, unless the organization has it. Raises GrantedToAnother."""
    row = resource.model_dump(mode="json") | {"organization_id": organization_id, "id": id or new_id("grant")}
    insert = postgresql.insert(carrier_grants).values(row).on_conflict_do_nothing()
    is_new = (await connection.execute(insert)).rowcount == 1
    query = _GRANTS.where(carrier_grants.c.organization_id == organization_id, *_is(resource))
    stored = (await connection.execute(query)).mappings().first()
    if stored is None:
        raise GrantedToAnother(resource.carrier)
    granted = CarrierGrant.model_validate(stored)
    if is_new:
        await record_action(connection, organization_id, Action.GRANTED, by, _describe(resource, granted.id))
    return granted


async def require_grants(
    connection: AsyncConnection, organization_id: str, carrier: str, number: str, trunk: str | None
) -> None:
    """What calls from a number use on an account that organizations share. Raises NotGranted."""
    needed = [Resource.of_number(carrier, number)]
    if trunk is not None:
        needed.append(Resource.of_trunk(carrier, trunk))
    for resource in needed:
        query = _GRANTS.where(carrier_grants.c.organization_id == organization_id, *_is(resource))
        if (await connection.execute(query)).first() is None:
            raise NotGranted(resource.kind, resource.carrier)


async def _read_grant(connection: AsyncConnection, organization_id: str, grant_id: str) -> CarrierGrant:
    query = _GRANTS.where(carrier_grants.c.organization_id == organization_id, carrier_grants.c.id == grant_id)
    found = (await connection.execute(query)).mappings().first() if may_exist(grant_id) else None
    if found is None:
        raise NotFound("grant", grant_id)
    return CarrierGrant.model_validate(found)


async def _find_users(connection: AsyncConnection, organization_id: str, resource: Resource) -> Sequence[str]:
    """The organization's numbers, by id, whose calls use it."""
    rows = (await connection.execute(_SHARING, {"organization": organization_id, "carrier": resource.carrier})).all()
    if resource.kind is GrantKind.TRUNK:
        return [row.id for row in rows if row.trunk == resource.name]
    return [row.id for row in rows if identify(row.number) == resource.name]


def _is(resource: Resource) -> list[sa.ColumnElement[bool]]:
    return [
        carrier_grants.c.carrier == resource.carrier,
        carrier_grants.c.kind == resource.kind.value,
        carrier_grants.c.name == resource.name,
    ]


def _describe(resource: Resource, grant_id: str) -> dict[str, Any]:
    """For the activity log, which holds no phone number."""
    return {"grantId": grant_id, "carrier": resource.carrier, "kind": resource.kind.value}


_GRANTS = sa.select(
    carrier_grants.c.id,
    carrier_grants.c.carrier,
    carrier_grants.c.kind,
    carrier_grants.c.name,
    carrier_grants.c.granted_at,
)
_OLDEST = carrier_grants.c.granted_at, carrier_grants.c.id
_SHARING = (
    sa.select(phone_numbers.c.id, phone_numbers.c.number, carrier_accounts.c.trunk)
    .join_from(phone_numbers, carrier_accounts, carrier_accounts.c.id == phone_numbers.c.carrier_account_id)
    .where(
        phone_numbers.c.organization_id == sa.bindparam("organization"),
        sa.func.coalesce(carrier_accounts.c.carrier, carrier_accounts.c.id) == sa.bindparam("carrier"),
        sa.or_(carrier_accounts.c.settings.is_(None), carrier_accounts.c.trunk.is_not(None)),
    )
)
