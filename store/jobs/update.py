"""Changes of a job that has not ended: its fields, its start, and who is called."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import Action
from domain.contacts.report import MAX_ENTRIES
from domain.errors import TooManyContacts
from domain.jobs.change_request import read_change, require_order
from domain.jobs.models import JobChange
from domain.model import Model
from domain.money import ASSUMED_MINUTES
from domain.phone.identity import identify
from domain.quotas import Quota, QuotaLimits
from domain.requests.limits import MAX_CONTACTS
from domain.statuses import ContactStatus, JobStatus
from store.audit_log import find_details, record_action
from store.billing.ledger import EntryKind, book, compute_hold
from store.contacts.due_times import recheck_rules_of_job, reschedule
from store.contacts.import_ import admit_contacts, copy_contacts
from store.contacts.packed import PackedContacts, PackedRejects
from store.contacts.rejected_rows import NOT_KEPT, TOO_MANY, can_keep, has_room, keep_rejects
from store.contacts.transitions import finish_exhausted, remove
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.errors import NotFound, WrongStatus
from store.jobs.settings import as_columns
from store.jobs.status import lock_and_read_status, move
from store.organizations.quotas import require_room
from store.organizations.rows import lock_and_read_organization
from store.privacy.number_hashes import NumberHashes
from store.tables import batch_jobs, contacts, rejects

REMOVED = "Removed from the job."
START = frozenset({"scheduled_start_time", "timezone"})


class Removed(Model):
    """`status`: of the contact now; `dialing`: its live call ends by itself, and no other follows."""

    status: ContactStatus
    row: int


class Appended(Model):
    """`added`: contacts that are new to the job, `total`: all it has; `cost`: unrounded dollars that they add."""

    status: JobStatus
    added: int
    total: int
    cost: Decimal
    report: dict[str, Any]


class JobUpdates:
    """Each change is idempotent; `by` is the actor whom the audit log names."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None, hashes: NumberHashes | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas
        self._hashes = hashes

    async def change(self, organization_id: str, job_id: str, change: JobChange, *, by: str) -> JobStatus:
        """Set the fields that are given. Raises WrongStatus: it has ended; or it began, and the start is to move.

        Raises InvalidRequest where its end would come before its start: another change may have moved one of them.
        """
        async with self._engine.begin() as connection:
            status = await lock_and_read_status(connection, organization_id, job_id)
            before = await _job(connection, job_id)
            changed = _really_changed(before, change)
            if status.ended or (before["actual_start_time"] is not None and START & changed.keys()):
                raise WrongStatus(status)
            _check_times(before, change, changed)
            if changed:
                await connection.execute(sa.update(batch_jobs).where(batch_jobs.c.id == job_id).values(changed))
                await _apply_side_effects(connection, job_id, changed)
                details = change.model_dump(mode="json", by_alias=True, include=set(changed))
                await record_action(connection, organization_id, Action.CHANGED, by, details, job_id=job_id)
            return await _status(connection, job_id)

    async def append(
        self,
        organization_id: str,
        job_id: str,
        new: PackedContacts,
        report: dict[str, Any],
        *,
        by: str,
        rejected: PackedRejects | None = None,
        id: str | None = None,
    ) -> Appended:
        """Add contacts to a job that has not ended; numbers that it has already are reported as duplicates.

        Where the audit log has an entry of this `id` they were added before, and the answer is the same again. Rows
        count on from the job's last one, also the `rejected`, which are kept if they have the columns of the job's own.
        Raises NotFound, WrongStatus, TooManyContacts, NoContactsLeft, InsufficientCredits, QuotaExceeded; then
        nothing is stored.
        """
        async with self._engine.begin() as connection:
            status = await lock_and_read_status(connection, organization_id, job_id)
            job = await _job(connection, job_id)
            rejected, report = await _keepable(connection, job, rejected, report)
            before = None if id is None else await find_details(connection, organization_id, id)
            if before is not None:
                return _appended(status, job, before["contacts"], before["contacts"], job["total_contacts"], report)
            if status.ended:
                raise WrongStatus(status)
            organization = await lock_and_read_organization(connection, organization_id)
            last = await _last_row(connection, job_id)
            new, report = await _drop_known(connection, job_id, new, report, last)
            total = job["total_contacts"] + len(new)
            if total > MAX_CONTACTS:
                raise TooManyContacts(f"The job would have more than {MAX_CONTACTS:,} contacts.")
            await require_room(connection, organization_id, self._quotas, {Quota.CONTACTS: len(new)})
            admitted, report = await admit_contacts(connection, organization, new, report, self._hashes)
            appended = _appended(status, job, len(new), admitted.callable, total, report)
            await _grow(connection, job, compute_hold(organization, appended.cost), len(new))
            await copy_contacts(connection, organization_id, job_id, admitted, await _due_from(connection, job))
            await keep_rejects(connection, job_id, rejected, after_row=last)
            details = {"contacts": len(new)}
            await record_action(connection, organization_id, Action.CONTACTS_ADDED, by, details, job_id=job_id, id=id)
            return appended

    async def remove_contact(self, organization_id: str, job_id: str, contact_id: str, *, by: str) -> Removed:
        """Call a contact no more. Raises NotFound; one that is final stays as it is."""
        async with self._engine.begin() as connection:
            await lock_and_read_status(connection, organization_id, job_id)
            await _contact(connection, job_id, contact_id)
            removed = await remove(connection, contact_id, REMOVED)
            contact = await _contact(connection, job_id, contact_id)
            if removed:
                details = {"contactId": contact_id, "row": contact.row}
                await record_action(connection, organization_id, Action.CONTACT_REMOVED, by, details, job_id=job_id)
            return contact

    async def change_fields(self, organization_id: str, job_id: str, fields: dict[str, Any], *, by: str) -> JobStatus:
        """`change` for fields as PATCH takes them. Raises RequestError too, where they cannot be read."""
        written = read_change(fields)
        async with reading(self._engine) as connection:
            job = await _job(connection, job_id)
        start = job["scheduled_start_time"] if job["actual_start_time"] is None else None
        change, _ = written.resolve(job["timezone"], start, job["end_time"], datetime.now(UTC))
        return await self.change(organization_id, job_id, change, by=by)


def _really_changed(before: RowMapping, change: JobChange) -> dict[str, Any]:
    """The given fields that differ, as they are stored."""
    given = as_columns(change, change.model_fields_set)
    return {column: value for column, value in given.items() if before[column] != value}


def _check_times(before: RowMapping, change: JobChange, changed: dict[str, Any]) -> None:
    times = {**before, **changed}
    start = times["scheduled_start_time"] if before["actual_start_time"] is None else None
    if {"scheduled_start_time", "end_time"} & changed.keys():
        require_order(change, start, times["end_time"], datetime.now(UTC))


async def _apply_side_effects(connection: AsyncConnection, job_id: str, changed: dict[str, Any]) -> None:
    """What a change means for contacts: when they are due, and who has had all attempts."""
    if changed.get("scheduled_start_time") is not None:
        await reschedule(connection, job_id, changed["scheduled_start_time"])
        await move(connection, job_id, "reschedule")
    if {"calling_window", "contact_frequency"} & changed.keys():
        await recheck_rules_of_job(connection, job_id)
    if "max_attempts" in changed:
        await finish_exhausted(connection, job_id, changed["max_attempts"])


async def _keepable(
    connection: AsyncConnection, job: RowMapping, rejected: PackedRejects | None, report: dict[str, Any]
) -> tuple[PackedRejects | None, dict[str, Any]]:
    """The rejected rows that can be kept with the job's own; the report has a warning where they cannot."""
    if rejected is None:
        return None, report
    why = None if can_keep(job, rejected) else NOT_KEPT
    if why is None and not await has_room(connection, job["id"], rejected):
        why = TOO_MANY
    if why is None:
        return rejected, report
    warnings = [why, *report["warnings"]][:MAX_ENTRIES] if rejected.lines else report["warnings"]
    return None, report | {"warnings": warnings}


async def _last_row(connection: AsyncConnection, job_id: str) -> int:
    """The last row that the job has of any file, called or rejected."""
    rows = [sa.select(sa.func.max(table.c.row)).where(table.c.job_id == job_id) for table in (contacts, rejects)]
    newest = sa.func.greatest(*(row.scalar_subquery() for row in rows))
    return (await connection.execute(sa.select(newest))).scalar() or 0


async def _drop_known(
    connection: AsyncConnection, job_id: str, new: PackedContacts, report: dict[str, Any], last: int
) -> tuple[PackedContacts, dict[str, Any]]:
    """Those whose number the job does not have, in rows after its `last` one; the report names the others."""
    numbers = sa.func.string_to_array(new.writings, "\n", type_=ARRAY(sa.String))
    query = sa.select(contacts.c.number, contacts.c.row).where(contacts.c.job_id == job_id)
    found = (await connection.execute(query.where(contacts.c.number == sa.any_(numbers)))).all()
    known = {identify(number): row for number, row in found}
    numbered = zip(new.rows, new.list_numbers(), strict=True)
    twice = [
        {"row": row, "firstRow": first}
        for row, number in numbered
        if (first := known.get(identify(number))) is not None
    ]
    kept = new.leave_out([entry["row"] for entry in twice]) if twice else new
    return kept.count_on(last), {
        **report,
        "valid": len(kept),
        "duplicatesTotal": report["duplicatesTotal"] + len(twice),
        "duplicates": [*report["duplicates"], *twice][:MAX_ENTRIES],
    }


async def _due_from(connection: AsyncConnection, job: RowMapping) -> Any:
    """When contacts that are added now are due: at once, or at the start that is still to come."""
    now = (await connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    start = job["scheduled_start_time"]
    return start if job["actual_start_time"] is None and start is not None and start > now else now


async def _grow(connection: AsyncConnection, job: RowMapping, hold: Decimal, count: int) -> None:
    """Count `count` contacts more, and hold what they are estimated to cost."""
    grown = {"hold": batch_jobs.c.hold + hold, "total_contacts": batch_jobs.c.total_contacts + count}
    await connection.execute(sa.update(batch_jobs).where(batch_jobs.c.id == job["id"]).values(grown))
    whose = {"organization_id": job["organization_id"], "job_id": job["id"]}
    await book(connection, kind=EntryKind.HOLD, held_delta=hold, **whose)


def _appended(
    status: JobStatus, job: RowMapping, added: int, callable: int, total: int, report: dict[str, Any]
) -> Appended:
    cost = callable * ASSUMED_MINUTES * Decimal(job["rate_per_minute"])
    return Appended(status=status, added=added, total=total, cost=cost, report=report)


async def _job(connection: AsyncConnection, job_id: str) -> RowMapping:
    found = (await connection.execute(sa.select(batch_jobs).where(batch_jobs.c.id == job_id))).mappings().one_or_none()
    if found is None:
        raise NotFound("job", job_id)
    return found


async def _status(connection: AsyncConnection, job_id: str) -> JobStatus:
    query = sa.select(batch_jobs.c.status).where(batch_jobs.c.id == job_id)
    return JobStatus((await connection.execute(query)).scalar_one())


async def _contact(connection: AsyncConnection, job_id: str, contact_id: str) -> Removed:
    if not may_exist(contact_id):
        raise NotFound("contact", contact_id)
    query = text("SELECT status, row FROM contacts WHERE id = :contact AND job_id = :job")
    row = (await connection.execute(query, {"contact": contact_id, "job": job_id})).mappings().one_or_none()
    if row is None:
        raise NotFound("contact", contact_id)
    return Removed.model_validate(dict(row))
