"""When a waiting contact is due: at its job's start, its own earliest time or the end of its retry delay, whichever
is last; then the page of due contacts moves it into the calling window.
"""

from collections.abc import Collection
from datetime import datetime

from store.db.copy_text import json_text
from store.db.engine import AnyConnection, run

_MAKE_DUE_NOW = """
    UPDATE contacts SET due_at = greatest(clock_timestamp(), not_before)
    WHERE job_id = %(job)s AND status = 'pending' AND due_at > clock_timestamp()
      AND held_reason IS DISTINCT FROM 'timezone'
"""
_RECOMPUTE = """
    UPDATE contacts SET held_reason = NULL, due_at = greatest(CAST(%(start)s AS timestamptz), not_before, due_from),
           next_retry_at = CASE status WHEN 'queued' THEN greatest(not_before, due_from) END
    FROM (SELECT clock_timestamp() AS due_from) AS now
    WHERE {whose} AND status IN ('pending', 'queued') AND {which}
"""
_RESCHEDULE = _RECOMPUTE.format(
    whose="job_id = %(job)s", which="status = 'pending' AND held_reason IS DISTINCT FROM 'timezone'"
)
# Presets have caps on frequency beside their hours: a window that changes may take one away.
_BY_RULES = "held_reason IN ('window', 'frequency')"
_RULES_OF_JOB = _RECOMPUTE.format(whose="job_id = %(job)s", which=_BY_RULES)
_RULES_OF_ORGANIZATION = _RECOMPUTE.format(whose="contacts.organization_id = %(organization)s", which=_BY_RULES)
_POSTPONE = """
    UPDATE contacts SET due_at = %(until)s, held_reason = %(reason)s,
           next_retry_at = CASE status WHEN 'queued' THEN CAST(%(until)s AS timestamptz) END
    WHERE id = %(contact)s
"""
_POSTPONE_ZONE = """
    UPDATE contacts SET due_at = %(opens)s, held_reason = 'window',
           next_retry_at = CASE status WHEN 'queued' THEN CAST(%(opens)s AS timestamptz) END
    WHERE job_id = %(job)s AND status IN ('pending', 'queued') AND due_at <= %(at)s AND zones = CAST(%(zones)s AS jsonb)
"""


async def make_due_now(connection: AnyConnection, job_id: str) -> None:
    """The job starts before its time: whoever waits for the start waits no longer."""
    await run(connection, _MAKE_DUE_NOW, {"job": job_id})


async def reschedule(connection: AnyConnection, job_id: str, start: datetime) -> None:
    """The job's start moved."""
    await run(connection, _RESCHEDULE, {"job": job_id, "start": start})


async def recheck_rules_of_job(connection: AnyConnection, job_id: str) -> None:
    """The job's window or caps changed: whoever waits for them is checked again by the next page and claim."""
    await run(connection, _RULES_OF_JOB, {"job": job_id, "start": None})


async def recheck_rules_of_organization(connection: AnyConnection, organization_id: str) -> None:
    """The same for all jobs of an organization."""
    await run(connection, _RULES_OF_ORGANIZATION, {"organization": organization_id, "start": None})


async def postpone(connection: AnyConnection, contact_id: str, until: datetime, reason: str) -> None:
    """Hold one contact; `reason` is a NotNowReason."""
    await run(connection, _POSTPONE, {"contact": contact_id, "until": until, "reason": reason})


async def postpone_zones(
    connection: AnyConnection, job_id: str, at: datetime, opens: Collection[tuple[list[str], datetime]]
) -> None:
    """Hold everybody of a job who is due by `at`, zone by zone, until the window opens there."""
    for zones, until in opens:
        values = {"job": job_id, "at": at, "zones": json_text(zones), "opens": until}
        await run(connection, _POSTPONE_ZONE, values)
