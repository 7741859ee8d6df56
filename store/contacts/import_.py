"""How a new job's contacts enter: the rule for numbers that other open jobs will call too, and the copy."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calling_rules.do_not_call import explain_block
from domain.calls.dispatch import NotNowReason
from domain.jobs.models import JobRequest, Organization
from domain.model import Model
from domain.phone.identity import identify
from domain.statuses import ContactStatus, OnOverlap
from store.contacts.do_not_call import find_listed
from store.contacts.earlier_calls import find_earlier_calls
from store.contacts.packed import FIELDS, PackedContacts, Place
from store.db.copy_text import as_field
from store.errors import NoContactsLeft, Overlapping
from store.privacy.number_hashes import NumberHashes
from store.tables import phone_numbers

OVERLAPPING_WARNING = "will be called by another open job too"
SKIPPED_WARNING = "skipped, because another open job will call the number"
MAX_ROWS_NAMED = 100  # of the rows that a warning names

_COPY = (
    f"COPY contacts (row, {FIELDS}, job_id, organization_id, status, failure_reason, completed_at, due_at, held_reason)"
    " FROM STDIN"
)
NO_ZONE = "The contact's time zone is unknown: nobody can say when it may be called."
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Admitted(Model):
    """Contacts that enter a job. `blocked`: why one may never be called, by number."""

    contacts: PackedContacts
    blocked: dict[str, str]

    @property
    def callable(self) -> int:
        return len(self.contacts) - len(self.blocked)


async def apply_overlap_rule(
    connection: AsyncConnection,
    organization_id: str,
    request: JobRequest,
    contacts: PackedContacts,
    report: dict[str, Any],
) -> tuple[PackedContacts, dict[str, Any]]:
    """Apply the job's rule: return who is to be called, and the report with a warning about the others.

    The caller has locked the organization's row, so that two jobs created at once see each other.
    Raises Overlapping, NoContactsLeft.
    """
    earlier = await find_earlier_calls(connection, organization_id, request, contacts)
    now = contacts.find_rows(earlier.now)
    lately = contacts.find_rows(earlier.lately - earlier.now)
    rows = sorted([*now, *lately])
    if rows and request.on_overlap is OnOverlap.REJECT:
        raise Overlapping(rows, request.overlap_days)
    skip, called = request.on_overlap is OnOverlap.SKIP, f"called them in the last {request.overlap_days} days"
    left = contacts.leave_out(rows) if skip and rows else contacts
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
    connection: AsyncConnection,
    organization: Organization,
    contacts: PackedContacts,
    report: dict[str, Any],
    hashes: NumberHashes | None = None,
    *,
    anybody: bool = True,
) -> tuple[Admitted, dict[str, Any]]:
    """Find who may never be called: numbers on the do-not-call list, persons who were forgotten, and countries that
    are not allowed.

    They enter as `blocked` and the report's warnings name their rows. Raises NoContactsLeft where nobody else is left,
    if there is to be `anybody`.
    """
    allowed = await read_allowed_countries(connection, organization)
    never = await find_listed(connection, organization.id, contacts.list_writings(), hashes)
    blocked = _find_blocked(contacts, never, allowed)
    if anybody and contacts and len(blocked) == len(contacts):
        raise NoContactsLeft(contacts.rows, "none of these numbers may be called")
    for reason in sorted(set(blocked.values())):
        numbered = zip(contacts.rows, contacts.list_numbers(), strict=True)
        rows = [row for row, number in numbered if blocked.get(number) == reason]
        report = _with_warning(report, f"blocked ({reason.rstrip('.')})", rows)
    return Admitted(contacts=contacts, blocked=blocked), report


def _find_blocked(contacts: PackedContacts, never: frozenset[str], allowed: frozenset[str]) -> dict[str, str]:
    """Why numbers may never be called; `never`: identities of those that are listed."""
    by_place = [explain_block(listed=False, country=place.country, allowed=allowed) for place in contacts.places]
    if not never and not any(by_place):
        return {}
    listed = explain_block(listed=True, country=None, allowed=allowed)
    found = (
        (number, listed if identify(number) in never else by_place[place])
        for number, place in zip(contacts.list_numbers(), contacts.place_of, strict=True)
    )
    return {number: reason for number, reason in found if reason is not None}


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
    await admitted.contacts.lines.copy(connection, _COPY, _completion(organization_id, job_id, admitted, due_from))


def _completion(organization_id: str, job_id: str, admitted: Admitted, due_from: datetime) -> Callable[[int], bytes]:
    """The last fields of the contact at a place, which many have in common."""
    contacts, blocked = admitted.contacts, admitted.blocked
    numbers = contacts.list_numbers() if blocked else []
    fields: dict[tuple[int, str | None], bytes] = {}

    def complete(at: int) -> bytes:
        case = contacts.place_of[at], blocked.get(numbers[at]) if blocked else None
        if case not in fields:
            own = job_id, organization_id, *_as_copied(contacts.places[case[0]], case[1], due_from)
            fields[case] = "\t".join(map(as_field, own)).encode()
        return fields[case]

    return complete


def _as_copied(place: Place, blocked: str | None, due_from: datetime) -> tuple[str | None, ...]:
    """Status, why it is blocked, since when, when it is due, and why no earlier."""
    placed = place.zones is not None
    later = place.not_before if place.not_before is not None and place.not_before > due_from else None
    held_reason = (NotNowReason.NOT_BEFORE if later else None) if placed else NotNowReason.TIMEZONE
    return (
        ContactStatus.BLOCKED if blocked else ContactStatus.PENDING,
        blocked if blocked or placed else NO_ZONE,
        due_from.isoformat() if blocked else None,
        ((later or due_from) if placed else NEVER).isoformat(),
        held_reason,
    )


def _with_warning(report: dict[str, Any], what: str, rows: Sequence[int]) -> dict[str, Any]:
    if not rows:
        return report
    named = ", ".join(str(row) for row in rows[:MAX_ROWS_NAMED])
    more = f" and {len(rows) - MAX_ROWS_NAMED} more" if len(rows) > MAX_ROWS_NAMED else ""
    count, noun = ("1 contact", "row") if len(rows) == 1 else (f"{len(rows)} contacts", "rows")
    warning = f"{count} {what}: {noun} {named}{more}."
    return {**report, "warnings": [*report.get("warnings", []), warning]}
