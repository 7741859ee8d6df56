"""Whom other jobs of the organization call, or called lately: what `onOverlap` goes by, and what is sent twice."""

from collections import defaultdict
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.jobs.models import JobRequest
from domain.model import Model
from domain.phone.identity import identify
from domain.requests.limits import quoted
from store.contacts.packed import PackedContacts

SAME_CONTENT_DAYS = 7
SAME_CONTENT_SHARE = 0.5  # of the contacts: half of them, and it is likely the same list

# One who is on the phone is called, even where the job has been cancelled meanwhile.
_CALLED_NOW = sa.text("""
    SELECT DISTINCT contact.number
    FROM contacts contact JOIN batch_jobs job ON job.id = contact.job_id
    WHERE contact.organization_id = :organization AND contact.number = ANY(string_to_array(:numbers, chr(10)))
      AND contact.status IN ('pending', 'queued', 'dialing')
      AND (contact.status = 'dialing' OR job.status NOT IN ('completed', 'failed', 'cancelled'))
""")

# Calls that rang, or may have. Deleted jobs leave their dials.
_CALLED_LATELY = sa.text("""
    SELECT dial.to_number AS number, dial.job_id, max(dial.asked_at) AS asked_at
    FROM dials dial
    WHERE dial.organization_id = :organization AND dial.to_number = ANY(string_to_array(:numbers, chr(10)))
      AND dial.asked_at > clock_timestamp() - :span
      AND (dial.outcome IS NULL OR dial.outcome NOT IN ('trouble', 'refused') OR dial.ringing_at IS NOT NULL)
    GROUP BY dial.to_number, dial.job_id
""")
_JOB = sa.text("""
    SELECT id, name FROM batch_jobs
    WHERE id = :job AND status IN ('completed', 'failed', 'cancelled') AND NOT test
""")


class EarlierCalls(Model):
    """`now`: identities of numbers that other jobs call; `lately`: of those called within `overlapDays`.

    `same_content`: the warning that an earlier job had these contacts, where one had.
    """

    now: frozenset[str]
    lately: frozenset[str]
    same_content: str | None


async def find_earlier_calls(
    connection: AsyncConnection, organization_id: str, request: JobRequest, contacts: PackedContacts
) -> EarlierCalls:
    """Look for the contacts of a new job in other jobs of the organization."""
    values = {"organization": organization_id, "numbers": contacts.writings}
    now = (await connection.execute(_CALLED_NOW, values)).scalars()
    span = timedelta(days=max(SAME_CONTENT_DAYS, request.overlap_days))
    lately = (await connection.execute(_CALLED_LATELY, values | {"span": span})).all()
    clock = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
    overlaps_since = clock - timedelta(days=request.overlap_days)
    same_since = clock - timedelta(days=SAME_CONTENT_DAYS)
    by_job: dict[str, set[str]] = defaultdict(set)
    for call in lately:
        if call.asked_at > same_since and call.job_id not in {request.retry_of, request.test_of}:
            by_job[call.job_id].add(identify(call.number))
    return EarlierCalls(
        now=frozenset(map(identify, now)),
        lately=frozenset(identify(call.number) for call in lately if call.asked_at > overlaps_since),
        same_content=await _warn_of_same_content(connection, by_job, len(contacts)),
    )


async def _warn_of_same_content(connection: AsyncConnection, called: dict[str, set[str]], contacts: int) -> str | None:
    """The job with most of these numbers, if it had half of them and has ended: one that is open overlaps."""
    most = max(called, key=lambda job_id: len(called[job_id]), default=None)
    if most is None or len(called[most]) < contacts * SAME_CONTENT_SHARE:
        return None
    job = (await connection.execute(_JOB, {"job": most})).one_or_none()
    if job is None:
        return None
    return (
        f"{len(called[most])} of {contacts} contacts were called within the last {SAME_CONTENT_DAYS} days by the job"
        f" {quoted(job.name)} ({job.id}), which has ended: was the same list sent twice?"
    )
