"""How a new job's contacts enter: the rule for numbers that other open jobs will call too, and the copy."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calling_rules.do_not_call import explain_block
from domain.calls.dispatch import NotNowReason
from domain.jobs.models import JobRequest, NewContact, Organization
from domain.model import Model
from domain.phone.identity import identify
from domain.statuses import ContactStatus, OnOverlap
from store.contacts.do_not_call import find_listed
from store.contacts.earlier_calls import find_earlier_calls
from store.db.engine import copy_rows, json_text
from store.db.ids import new_id
from store.errors import NoContactsLeft, Overlapping
from store.tables import phone_numbers

OVERLAPPING_WARNING = "will be called by another open job too"
SKIPPED_WARNING = "skipped, because another open job will call the number"
MAX_ROWS_NAMED = 100  # of the rows that a warning names

_COPY = (
    "COPY contacts (id, job_id, organization_id, row, number, country, zones, not_before, data, status,"
    " failure_reason, completed_at, due_at, held_reason, external_id) FROM STDIN"
)
NO_ZONE = "The contact's time zone is unknown: nobody can say when it may be called."
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Admitted(Model):
    """Contacts that enter a job. `blocked`: why one may never be called, by number."""

    contacts: list[NewContact]
    blocked: dict[str, str]

    @property
    def callable(self) -> int:
        return len(self.contacts) - len(self.blocked)


async def apply_overlap_rule(
    connection: AsyncConnection,
    organization_id: str,
    request: JobRequest,
    contacts: Sequence[NewContact],
    report: dict[str, Any],
) -> tuple[Sequence[NewContact], dict[str, Any]]:
    """Apply the job's rule: return who is to be called, and the report with a warning about the others.

    The caller has locked the organization's row, so that two jobs created at once see each other.
    Raises Overlapping, NoContactsLeft.
    """
    earlier = await find_earlier_calls(connection, organization_id, request, contacts)
    now = [contact.row for contact in contacts if identify(contact.number) in earlier.now]
    lately = [contact.row for contact in contacts if identify(contact.number) in earlier.lately - earlier.now]
    rows = sorted([*now, *lately])
    if rows and request.on_overlap is OnOverlap.REJECT:
        raise Overlapping(rows, request.overlap_days)
    skip, called = request.on_overlap is OnOverlap.SKIP, f"called them in the last {request.overlap_days} days"
    left = [contact for contact in contacts if not (skip and contact.row in set(rows))]
    if not left:
        raise (
            NoContactsLeft(rows, f"other jobs call all of these numbers, or {called}")
            if lately
            else NoContactsLeft(rows)
        )
    report = _with_warning(report, SKIPPED_WARNING if skip else OVERLAPPING_WARNING, now)
    report = _with_warning(
        report, f"skipped, because other jobs {called}" if skip else f"called again: other jobs {called}", lately
    )
    if earlier.same_content is not None:
        report = {**report, "warnings": [*report.get("warnings", []), earlier.same_content]}
    return left, report


async def admit_contacts(
    connection: AsyncConnection, organization: Organization, contacts: Sequence[NewContact], report: dict[str, Any]
) -> tuple[Admitted, dict[str, Any]]:
    """Find who may never be called: numbers on the do-not-call list, and countries that are not allowed.

    They enter as `blocked` and the report's warnings name their rows. Raises NoContactsLeft where nobody else is left.
    """
    allowed = await read_allowed_countries(connection, organization)
    never = await find_listed(connection, organization.id, [contact.number for contact in contacts])
    reasons = {
        contact.number: explain_block(
            listed=identify(contact.number) in never, country=contact.country, allowed=allowed
        )
        for contact in contacts
    }
    blocked = {number: reason for number, reason in reasons.items() if reason is not None}
    if contacts and len(blocked) == len(contacts):
        raise NoContactsLeft([contact.row for contact in contacts], "none of these numbers may be called")
    for reason in sorted(set(blocked.values())):
        rows = [contact.row for contact in contacts if blocked.get(contact.number) == reason]
        report = _with_warning(report, f"blocked ({reason.rstrip('.')})", rows)
    return Admitted(contacts=list(contacts), blocked=blocked), report


async def read_allowed_countries(connection: AsyncConnection, organization: Organization) -> frozenset[str]:
    """The countries that an organization may call: those it allows, else those of its own numbers."""
    if organization.allowed_countries is not None:
        return frozenset(organization.allowed_countries)
    query = sa.select(phone_numbers.c.country).where(
        phone_numbers.c.organization_id == organization.id,
        phone_numbers.c.removed_at.is_(None),
        phone_numbers.c.country.is_not(None),
    )
    return frozenset((await connection.execute(query.distinct())).scalars())


async def copy_contacts(
    connection: AsyncConnection, organization_id: str, job_id: str, admitted: Admitted, due_from: datetime
) -> None:
    """Store all contacts, due at `due_from` or later."""
    rows = (
        (new_id("contact"), job_id, organization_id, *_as_copied(one, admitted.blocked.get(one.number), due_from))
        for one in admitted.contacts
    )
    await copy_rows(connection, _COPY, rows)


def _as_copied(contact: NewContact, blocked: str | None, due_from: datetime) -> tuple[Any, ...]:
    placed = contact.zones is not None
    later = contact.not_before is not None and contact.not_before > due_from
    held_reason = (NotNowReason.NOT_BEFORE if later else None) if placed else NotNowReason.TIMEZONE
    return (
        contact.row,
        contact.number,
        contact.country,
        json_text(contact.zones) if placed else None,
        contact.not_before,
        json_text(contact.data),
        ContactStatus.BLOCKED if blocked else ContactStatus.PENDING,
        blocked if blocked or placed else NO_ZONE,
        due_from if blocked else None,
        (contact.not_before if later else due_from) if placed else NEVER,
        held_reason,
        contact.external_id,
    )


def _with_warning(report: dict[str, Any], what: str, rows: Sequence[int]) -> dict[str, Any]:
    if not rows:
        return report
    named = ", ".join(str(row) for row in rows[:MAX_ROWS_NAMED])
    more = f" and {len(rows) - MAX_ROWS_NAMED} more" if len(rows) > MAX_ROWS_NAMED else ""
    count, noun = ("1 contact", "row") if len(rows) == 1 else (f"{len(rows)} contacts", "rows")
    warning = f"{count} {what}: {noun} {named}{more}."
    return {**report, "warnings": [*report.get("warnings", []), warning]}
