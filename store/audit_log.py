"""What was done to jobs and organizations, when and by whom: written in the transaction that does it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.audit import Action, AuditEntry
from domain.model import Model
from domain.webhooks.events import EventType
from store.db.engine import reading
from store.db.ids import may_exist, new_id
from store.tables import activity
from store.webhooks.events import job_moved

TOLD = {
    Action.STARTED: EventType.BATCH_STARTED,
    Action.PAUSED: EventType.BATCH_PAUSED,
    Action.RESUMED: EventType.BATCH_RESUMED,
    Action.COMPLETED: EventType.BATCH_COMPLETED,
    Action.FAILED: EventType.BATCH_FAILED,
    Action.CANCELLED: EventType.BATCH_CANCELLED,
}


class ActivityPage(Model):
    """`total`: of all pages."""

    entries: list[AuditEntry]
    total: int


async def note(
    connection: AsyncConnection,
    *,
    organization_id: str,
    actor: str,
    action: Action,
    job_id: str | None = None,
    details: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> None:
    """Record what this transaction does, and tell webhooks of it. `details` become JSON; they hold no phone number."""
    row = {
        "id": id or new_id("activity"),
        "organization_id": organization_id,
        "job_id": job_id,
        "actor": actor,
        "action": action.value,
        "details": dict(details or {}),
    }
    await connection.execute(sa.insert(activity).values(row))
    if job_id is not None and action in TOLD:
        await job_moved(connection, job_id, TOLD[action])


async def noted(connection: AsyncConnection, organization_id: str, id: str) -> dict[str, Any] | None:
    """The details of an entry of this id, if there is one: then what it tells of was done already."""
    query = sa.select(activity.c.details).where(activity.c.id == id, activity.c.organization_id == organization_id)
    details: dict[str, Any] | None = (await connection.execute(query)).scalar_one_or_none()
    return details


async def note_job(
    connection: AsyncConnection,
    organization_id: str,
    job_id: str,
    by: str,
    action: Action,
    details: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> None:
    """`note` for what is done to a job."""
    await note(
        connection, organization_id=organization_id, actor=by, action=action, job_id=job_id, details=details, id=id
    )


class AuditLog:
    """The record, for reading."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, organization_id: str, job_id: str | None, page: int, page_size: int) -> ActivityPage:
        """What was done in an organization, or to one of its jobs, newest first. `page` counts from 1."""
        where = [activity.c.organization_id == organization_id]
        if job_id is not None:
            where.append(activity.c.job_id == job_id)
        if not may_exist(job_id or ""):
            return ActivityPage(entries=[], total=0)
        async with reading(self._engine) as connection:
            count = sa.select(sa.func.count()).select_from(activity).where(*where)
            total = (await connection.execute(count)).scalar_one()
            offset = (page - 1) * page_size
            if offset >= total:
                return ActivityPage(entries=[], total=total)
            newest = activity.c.at.desc(), activity.c.id.desc()
            query = _ENTRIES.where(*where).order_by(*newest).offset(offset).limit(page_size)
            rows = (await connection.execute(query)).mappings()
            return ActivityPage(entries=[AuditEntry.model_validate(row) for row in rows], total=total)


_ENTRIES = sa.select(
    activity.c.id, activity.c.at, activity.c.job_id, activity.c.actor, activity.c.action, activity.c.details
)
