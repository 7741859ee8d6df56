"""How a new job's contacts get in: the rule for numbers that other open jobs will call too, and the copy."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.jobs import NewContact
from domain.statuses import OnOverlap
from store.database import json_text
from store.errors import NoContactsLeft, Overlapping
from store.ids import new_id

CALLED_TWICE = "will be called by another open job too"
SKIPPED = "skipped, because another open job will call the number"
SHOWN_ROWS = 100  # of the rows that a warning names

_OVERLAPS = sa.text("""
    SELECT DISTINCT contact.number
    FROM contacts contact JOIN batch_jobs job ON job.id = contact.job_id
    WHERE contact.organization_id = :organization_id AND contact.number = ANY(:numbers)
      AND contact.status IN ('pending', 'queued', 'dialing')
      AND job.status NOT IN ('completed', 'failed', 'cancelled')
""").bindparams(sa.bindparam("numbers", type_=ARRAY(sa.String)))

_COPY = "COPY contacts (id, job_id, organization_id, row, number, data, due_at) FROM STDIN"


async def after_overlap_rule(
    connection: AsyncConnection,
    organization_id: str,
    rule: OnOverlap,
    contacts: Sequence[NewContact],
    report: dict[str, Any],
) -> tuple[Sequence[NewContact], dict[str, Any]]:
    """Apply the job's rule: return who is to be called, and the report with what is to be said of the others.

    The caller has locked the organisation's row, so that two jobs cannot overlook each other.
    Raises Overlapping, NoContactsLeft.
    """
    shared = await _called_by_others(connection, organization_id, contacts)
    rows = [contact.row for contact in contacts if contact.number in shared]
    if rows and rule is OnOverlap.REJECT:
        raise Overlapping(rows)
    skip = rule is OnOverlap.SKIP
    left = [contact for contact in contacts if not (skip and contact.number in shared)]
    if not left:
        raise NoContactsLeft(rows)
    return left, _with_warning(report, SKIPPED if skip else CALLED_TWICE, rows)


async def copy_contacts(
    connection: AsyncConnection,
    organization_id: str,
    job_id: str,
    contacts: Sequence[NewContact],
    due_at: datetime,
) -> None:
    """Enter all contacts with PostgreSQL's COPY, within the transaction of `connection`."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101  a connection in use has one
    async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for contact in contacts:
            data = json_text(contact.data)
            await copy.write_row(
                (new_id("contact"), job_id, organization_id, contact.row, contact.number, data, due_at)
            )


async def _called_by_others(
    connection: AsyncConnection, organization_id: str, contacts: Sequence[NewContact]
) -> frozenset[str]:
    numbers = [contact.number for contact in contacts]
    found = await connection.execute(_OVERLAPS, {"organization_id": organization_id, "numbers": numbers})
    return frozenset(found.scalars())


def _with_warning(report: dict[str, Any], what: str, rows: Sequence[int]) -> dict[str, Any]:
    if not rows:
        return report
    named = ", ".join(str(row) for row in rows[:SHOWN_ROWS])
    more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    count, noun = ("1 contact", "row") if len(rows) == 1 else (f"{len(rows)} contacts", "rows")
    warning = f"{count} {what}: {noun} {named}{more}."
    return {**report, "warnings": [*report.get("warnings", []), warning]}
