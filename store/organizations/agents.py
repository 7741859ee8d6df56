"""Voice agents, which run elsewhere: what a job needs to know of one."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import OPERATOR, Action
from domain.calls.models import Audio
from domain.jobs.models import Agent
from domain.model import Model
from domain.quotas import Quota, QuotaLimits
from domain.statuses import Architecture
from store.audit_log import record_action
from store.db.engine import Database, reading
from store.db.ids import may_exist, new_id
from store.db.locks import lock_organization
from store.errors import InUse, NotFound
from store.organizations.quotas import require_room
from store.organizations.rows import lock_and_read_organization
from store.tables import agents, batch_jobs, phone_numbers

MAX_USERS = 10  # of the jobs or numbers that still use something
ENDED = ("completed", "failed", "cancelled")


class AgentChange(Model):
    """What is to be changed: the fields that are set."""

    name: str = ""
    architecture: Architecture = Architecture.PIPELINE
    audio: Audio = Audio.WEBSOCKET
    audio_url: str = ""

    def fields(self) -> dict[str, Any]:
        """The fields to change, as they are stored."""
        return self.model_dump(mode="json", include=self.model_fields_set)


class AgentPage(Model):
    """`total`: of all pages."""

    agents: list[Agent]
    total: int


class Agents:
    """Each public method is one transaction; what belongs to another organization, or is removed, does not exist."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas

    async def create(
        self,
        organization_id: str,
        name: str,
        architecture: Architecture,
        audio: Audio,
        audio_url: str,
        *,
        by: str = OPERATOR,
        id: str | None = None,
    ) -> Agent:
        """Add a voice agent at `audio_url`; raises NotFound. One of this `id` that is there is returned."""
        row = {
            "id": id or new_id("agent"),
            "organization_id": organization_id,
            "name": name,
            "architecture": architecture.value,
            "audio": audio.value,
            "audio_url": audio_url,
        }
        async with self._engine.begin() as connection:
            await lock_and_read_organization(connection, organization_id)
            inserted = await connection.execute(postgresql.insert(agents).values(row).on_conflict_do_nothing())
            if inserted.rowcount:
                await require_room(connection, organization_id, self._quotas, {Quota.AGENTS: 0})
                await record_action(connection, organization_id, Action.AGENT_CREATED, by, {"agentId": row["id"]})
            return await read_agent(connection, organization_id, row["id"])

    async def list_all(self, organization_id: str) -> list[Agent]:
        """The agents of an organization, oldest first."""
        async with reading(self._engine) as connection:
            return await _read(connection, _AGENTS.where(*_of(organization_id)).order_by(*_OLDEST))

    async def list_page(self, organization_id: str, search: str | None, page: int, page_size: int) -> AgentPage:
        """As `agents`, a page of those with `search` in their names; `page` counts from 1."""
        if not may_exist(search or ""):
            return AgentPage(agents=[], total=0)
        where = _of(organization_id)
        if search:
            where.append(agents.c.name.icontains(search, autoescape=True))
        count = sa.select(sa.func.count()).select_from(agents).where(*where)
        query = _AGENTS.where(*where).order_by(*_OLDEST).offset((page - 1) * page_size).limit(page_size)
        async with reading(self._engine) as connection:
            total = (await connection.execute(count)).scalar_one()
            return AgentPage(agents=await _read(connection, query), total=total)

    async def get(self, organization_id: str, agent_id: str) -> Agent:
        """Raises NotFound."""
        async with reading(self._engine) as connection:
            return await read_agent(connection, organization_id, agent_id)

    async def change(self, organization_id: str, agent_id: str, change: AgentChange, *, by: str = OPERATOR) -> Agent:
        """Change what is given, for jobs to come: one that exists keeps its agent's facts. Raises NotFound."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            found = await read_agent(connection, organization_id, agent_id)
            fields = change.fields()
            if not fields:
                return found
            await connection.execute(sa.update(agents).where(agents.c.id == agent_id).values(fields))
            await record_action(connection, organization_id, Action.AGENT_CHANGED, by, {"agentId": agent_id})
            return await read_agent(connection, organization_id, agent_id)

    async def remove(self, organization_id: str, agent_id: str, *, by: str = OPERATOR) -> None:
        """Remove it; what jobs hold of it stays. Raises NotFound, InUse."""
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            await read_agent(connection, organization_id, agent_id)
            users = await find_open_jobs(connection, batch_jobs.c.agent_id == agent_id)
            users += (await connection.execute(_NUMBERS_OF, {"agent_id": agent_id})).scalars().all()
            if users:
                raise InUse("agent", agent_id, users[:MAX_USERS])
            remove = sa.update(agents).where(agents.c.id == agent_id).values(removed_at=sa.func.now())
            await connection.execute(remove)
            await record_action(connection, organization_id, Action.AGENT_REMOVED, by, {"agentId": agent_id})


_AGENTS = sa.select(
    agents.c.id, agents.c.name, agents.c.architecture, agents.c.audio, agents.c.audio_url, agents.c.created_at
)
_OLDEST = agents.c.created_at, agents.c.id
_NUMBERS_OF = (
    sa.select(phone_numbers.c.id)
    .where(phone_numbers.c.outbound_agent_id == sa.bindparam("agent_id"), phone_numbers.c.removed_at.is_(None))
    .order_by(phone_numbers.c.created_at)
    .limit(MAX_USERS)
)


async def read_agent(connection: AsyncConnection, organization_id: str, agent_id: str) -> Agent:
    """Raises NotFound."""
    query = _AGENTS.where(agents.c.id == agent_id, *_of(organization_id))
    found = await _read(connection, query) if may_exist(agent_id) else []
    if not found:
        raise NotFound("agent", agent_id)
    return found[0]


async def find_open_jobs(connection: AsyncConnection, uses: sa.ColumnElement[bool]) -> list[str]:
    """Jobs that have not ended and use something, the oldest first: enough to name them."""
    query = sa.select(batch_jobs.c.id).where(uses, batch_jobs.c.status.not_in(ENDED))
    return list((await connection.execute(query.order_by(batch_jobs.c.created_at).limit(MAX_USERS))).scalars())


async def _read(connection: AsyncConnection, query: sa.Select[Any]) -> list[Agent]:
    return [Agent.model_validate(row) for row in (await connection.execute(query)).mappings()]


def _of(organization_id: str) -> list[sa.ColumnElement[bool]]:
    return [agents.c.organization_id == organization_id, agents.c.removed_at.is_(None)]
