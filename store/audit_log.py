"""What was done to jobs and organizations, when and by whom: written in the transaction that does it."""

import logging
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import Action, AuditEntry
from domain.model import Model
from domain.webhooks.events import EventType
from store.db.copy_text import json_text
from store.db.engine import AnyConnection, Database, reading, run
from store.db.ids import may_exist, new_id
from store.tables import activity
from store.webhooks.events import queue_job_event
from telemetry.metrics import observe_action

logger = logging.getLogger("outdial.actions")

EVENT_TYPES = {
    Action.STARTED: EventType.BATCH_STARTED,
    Action.PAUSED: EventType.BATCH_PAUSED,
    Action.RESUMED: EventType.BATCH_RESUMED,
    Action.COMPLETED: EventType.BATCH_COMPLETED,
    Action.FAILED: EventType.BATCH_FAILED,
    Action.CANCELLED: EventType.BATCH_CANCELLED,
}


_RECORD = """
    INSERT INTO activity (id, organization_id, job_id, actor, action, details)
    VALUES (%(id)s, %(organization)s, %(job)s, %(actor)s, %(action)s, CAST(%(details)s AS json))
"""


class ActivityPage(Model):
    """`total`: of all pages."""

    entries: list[AuditEntry]
    total: int


async def record_action(
    connection: AnyConnection,
    organization_id: str,
    action: Action,
    by: str,
    details: Mapping[str, Any] | None = None,
    *,
    job_id: str | None = None,
    id: str | None = None,
) -> None:
    """Record what this transaction does, and queue the webhook event of it. `details` hold no phone number."""
    observe_action(action)
    about = {"organizationId": organization_id, "jobId": job_id, "action": action.value, "actor": by}
    logger.info("%s by %s", action.value.replace("_", " "), by, extra=about)
    row = {
        "id": id or new_id("activity"),
        "organization": organization_id,
        "job": job_id,
        "actor": by,
        "action": action,
        "details": json_text(dict(details or {})),
    }
    await run(connection, _RECORD, row)
    if job_id is not None and action in EVENT_TYPES:
        await queue_job_event(connection, job_id, EVENT_TYPES[action])


async def find_details(connection: AsyncConnection, organization_id: str, id: str) -> dict[str, Any] | None:
    """The details of the entry of this id; None: what it would record was not done yet."""
    query = sa.select(activity.c.details).where(activity.c.id == id, activity.c.organization_id == organization_id)
    details: dict[str, Any] | None = (await connection.execute(query)).scalar_one_or_none()
    return details


class AuditLog:
    """What was done, page by page; and what leaves no other trace."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def record(
        self, organization_id: str, action: Action, *, by: str, details: Mapping[str, Any], job_id: str | None = None
    ) -> None:
        """Record that somebody looked at something. `details` hold no phone number."""
        async with self._engine.begin() as connection:
            await record_action(connection, organization_id, action, by, details, job_id=job_id)

    async def list_page(self, organization_id: str, job_id: str | None, page: int, page_size: int) -> ActivityPage:
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
