"""Organizations: their limits, and the rules that hold for all of their jobs."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic.alias_generators import to_camel
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calling_rules.window import CallingWindow
from domain.calling_rules.window_format import dump_window
from domain.jobs.models import Organization
from domain.model import Model
from domain.statuses import JobStatus
from store.audit_log import record_action
from store.billing.ledger import EntryKind, book
from store.contacts.due_times import recheck_rules_of_organization
from store.db.engine import Database, reading
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.organizations.rows import ORGANIZATIONS, read_organization, read_organizations
from store.tables import batch_jobs, organizations

RULES_OF_TIME = ("calling_window", "contact_frequency")  # for whose sake contacts may wait


class OrganizationChange(Model):
    """What is to be changed: the fields that are set, null included."""

    name: str = ""
    concurrent_call_limit: int = 5
    reserved_lines: int = 0
    calling_window: CallingWindow | None = None
    contact_frequency: ContactFrequency | None = None
    allowed_countries: tuple[str, ...] | None = None
    retention_days: int | None = None

    def fields(self) -> dict[str, Any]:
        """The fields to change, as they are stored."""
        return self.model_dump(mode="json", include=self.model_fields_set)


class OrganizationPage(Model):
    """`total`: of all pages."""

    organizations: list[Organization]
    total: int


class Organizations:
    """Each public method is one transaction."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def create(
        self,
        name: str,
        concurrent_call_limit: int = 5,
        credits: Decimal | None = None,
        *,
        allowed_countries: tuple[str, ...] | None = None,
        id: str | None = None,
    ) -> Organization:
        """Create an organization; `credits` in dollars, None: unlimited. One of this `id` that is there is returned."""
        organization_id = id or new_id("org")
        row = {
            "id": organization_id,
            "name": name,
            "concurrent_call_limit": concurrent_call_limit,
            "credits_unlimited": credits is None,
            "allowed_countries": _stored(allowed_countries),
        }
        async with self._engine.begin() as connection:
            if id is not None and await _exists(connection, id):
                return await read_organization(connection, id)
            await connection.execute(sa.insert(organizations).values(row))
            if credits is not None:
                await book(connection, organization_id=organization_id, kind=EntryKind.TOP_UP, balance_delta=credits)
            return await read_organization(connection, organization_id)

    async def list_all(self) -> list[Organization]:
        """All of them, oldest first: for operators only."""
        async with reading(self._engine) as connection:
            return await read_organizations(connection, ORGANIZATIONS.order_by(*_OLDEST))

    async def list_page(self, search: str | None, page: int, page_size: int) -> OrganizationPage:
        """Organizations, oldest first; `search` in their names. `page` counts from 1."""
        if not may_exist(search or ""):
            return OrganizationPage(organizations=[], total=0)
        where = [organizations.c.name.icontains(search, autoescape=True)] if search else []
        count = sa.select(sa.func.count()).select_from(organizations).where(*where)
        query = ORGANIZATIONS.where(*where).order_by(*_OLDEST).offset((page - 1) * page_size).limit(page_size)
        async with reading(self._engine) as connection:
            total = (await connection.execute(count)).scalar_one()
            return OrganizationPage(organizations=await read_organizations(connection, query), total=total)

    async def get(self, organization_id: str) -> Organization:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            return await read_organization(connection, organization_id)

    async def set_concurrent_call_limit(self, organization_id: str, limit: int) -> Organization:
        """Change how many calls the organization may have at once; ends none. Raises NotFound."""
        change = OrganizationChange(concurrent_call_limit=limit)
        return await self.change(organization_id, change, by=OPERATOR)

    async def change(self, organization_id: str, change: OrganizationChange, *, by: str) -> Organization:
        """Change what is given and record what is different then. Raises NotFound, ValueError.

        Claims from now on go by it, for running jobs too; it ends no call.
        """
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            before = await read_organization(connection, organization_id)
            fields = change.fields()
            if fields:
                values = {name: _stored(value) for name, value in fields.items()}
                update = sa.update(organizations).where(organizations.c.id == organization_id)
                await connection.execute(update.values(values))
            after = await read_organization(connection, organization_id)
            if after.reserved_lines and after.reserved_lines >= after.concurrent_call_limit:
                raise ValueError("The reserved lines must be fewer than the limit of concurrent calls.")
            if any(getattr(after, rule) != getattr(before, rule) for rule in RULES_OF_TIME):
                await recheck_rules_of_organization(connection, organization_id)
            await _note(connection, before, after, by)
            return after

    async def list_running_jobs(self, organization_id: str) -> list[str]:
        """The jobs that a change of the organization's rules concerns now, by id."""
        query = sa.select(batch_jobs.c.id).where(
            batch_jobs.c.organization_id == organization_id, batch_jobs.c.status == JobStatus.RUNNING.value
        )
        async with reading(self._engine) as connection:
            return list((await connection.execute(query)).scalars())


_OLDEST = organizations.c.created_at, organizations.c.id


async def _exists(connection: AsyncConnection, organization_id: str) -> bool:
    query = sa.select(organizations.c.id).where(organizations.c.id == organization_id)
    return (await connection.execute(query)).first() is not None


def _stored(value: Any) -> Any:
    """None of a JSON column: SQL's null, not JSON's."""
    return sa.null() if value is None else value


async def _note(connection: AsyncConnection, before: Organization, after: Organization, by: str) -> None:
    changed = {
        to_camel(name): _shown(getattr(after, name))
        for name in OrganizationChange.model_fields
        if getattr(after, name) != getattr(before, name)
    }
    if changed:
        await record_action(connection, after.id, Action.CHANGED, by, changed)


def _shown(value: Any) -> Any:
    if isinstance(value, CallingWindow):
        return dump_window(value)
    if isinstance(value, ContactFrequency):
        return {
            "callsPer24Hours": value.calls_per_24_hours,
            "callsPer7Days": value.calls_per_7_days,
            "quietHours": value.quiet_hours,
        }
    return list(value) if isinstance(value, tuple) else value
