"""When a waiting contact is due: at its job's start, its own earliest time or the end of its retry delay, whichever
is last; then the page of due contacts moves it into the calling window.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.db.copy_text import json_text

_MAKE_DUE_NOW = text("""
    UPDATE contacts SET due_at = greatest(clock_timestamp(), not_before)
    WHERE job_id = :job AND status = 'pending' AND due_at > clock_timestamp()
      AND held_reason IS DISTINCT FROM 'timezone'
""")
_RECOMPUTE = """
    UPDATE contacts SET held_reason = NULL, due_at = greatest(CAST(:start AS timestamptz), not_before, due_from),
           next_retry_at = CASE status WHEN 'queued' THEN greatest(not_before, due_from) END
    FROM (SELECT clock_timestamp() AS due_from) AS now
    WHERE {whose} AND status IN ('pending', 'queued') AND {which}
"""
_RESCHEDULE = text(
    _RECOMPUTE.format(whose="job_id = :job", which="status = 'pending' AND held_reason IS DISTINCT FROM 'timezone'")
)
# Presets have caps on frequency beside their hours: a window that changes may take one away.
_BY_RULES = "held_reason IN ('window', 'frequency')"
_RULES_OF_JOB = text(_RECOMPUTE.format(whose="job_id = :job", which=_BY_RULES))
_RULES_OF_ORGANIZATION = text(_RECOMPUTE.format(whose="contacts.organization_id = :organization", which=_BY_RULES))
_POSTPONE = text("""
    UPDATE contacts SET due_at = :until, held_reason = :reason,
           next_retry_at = CASE status WHEN 'queued' THEN CAST(:until AS timestamptz) END
    WHERE id = :contact
""")
_POSTPONE_ZONE = text("""
    UPDATE contacts SET due_at = :opens, held_reason = 'window',
           next_retry_at = CASE status WHEN 'queued' THEN CAST(:opens AS timestamptz) END
    WHERE job_id = :job AND status IN ('pending', 'queued') AND due_at <= :at AND zones = CAST(:zones AS jsonb)
""")


async def make_due_now(connection: AsyncConnection, job_id: str) -> None:
    """The job starts before its time: whoever waits for the start waits no longer."""
    await connection.execute(_MAKE_DUE_NOW, {"job": job_id})


async def reschedule(connection: AsyncConnection, job_id: str, start: datetime) -> None:
    """The job's start moved."""
    await connection.execute(_RESCHEDULE, {"job": job_id, "start": start})


async def recheck_rules_of_job(connection: AsyncConnection, job_id: str) -> None:
    """The job's window or caps changed: whoever waits for them is checked again by the next page and claim."""
    await connection.execute(_RULES_OF_JOB, {"job": job_id, "start": None})


async def recheck_rules_of_organization(connection: AsyncConnection, organization_id: str) -> None:
    """The same for all jobs of an organization."""
    await connection.execute(_RULES_OF_ORGANIZATION, {"organization": organization_id, "start": None})


async def postpone(connection: AsyncConnection, contact_id: str, until: datetime, reason: str) -> None:
    """Hold one contact; `reason` is a NotNowReason."""
    await connection.execute(_POSTPONE, {"contact": contact_id, "until": until, "reason": reason})


async def postpone_zones(
    connection: AsyncConnection, job_id: str, at: datetime, opens: Collection[tuple[list[str], datetime]]
) -> None:
    """Hold everybody of a job who is due by `at`, zone by zone, until the window opens there."""
    values: list[dict[str, Any]] = [
        {"job": job_id, "at": at, "zones": json_text(zones), "opens": until} for zones, until in opens
    ]
    await connection.execute(_POSTPONE_ZONE, values)
