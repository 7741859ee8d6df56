"""The do-not-call list of an organization. A contact whose number is listed while it waits is not called any more.

Everything that changes the list locks the organization's row first: a claim sees the list before or after, never
between.
"""

from collections.abc import Collection

import sqlalchemy as sa

from domain.audit import Action
from domain.calling_rules.do_not_call import LISTED_REASON, ListedNumber, Source
from domain.model import Model
from domain.phone.identity import identify, list_all_writings, list_writings
from domain.quotas import Quota, QuotaLimits
from store.audit_log import record_action
from store.calls.in_flight import CallScope, withdraw_unrung_calls
from store.contacts.transitions import block_numbers, unblock_numbers
from store.db.engine import AnyConnection, Database, fetch_one, fetch_values, reading, run
from store.db.ids import may_exist
from store.db.locks import lock_organization
from store.errors import NotFound
from store.organizations.quotas import require_room
from store.privacy.number_hashes import NumberHashes
from store.tables import dials, do_not_call, old_dials

_LISTED = """
    SELECT number FROM do_not_call
    WHERE organization_id = %(organization)s AND number = ANY(string_to_array(%(numbers)s, chr(10)))
"""
_LIST = """
    INSERT INTO do_not_call (organization_id, number, source, note, added_by, batch_id)
    SELECT %(organization)s, number, %(source)s, CAST(%(note)s AS text), %(by)s, CAST(%(batch)s AS varchar)
    FROM unnest(string_to_array(%(numbers)s, chr(10))) AS given (number)
    ON CONFLICT DO NOTHING
"""


_SUPPRESSED = """
    SELECT %(number)s AS number, source, added_by, added_at FROM suppressed_numbers
    WHERE organization_id = %(organization)s AND number_hash = %(hash)s
"""
_UNSUPPRESS = "DELETE FROM suppressed_numbers WHERE organization_id = %(organization)s AND number_hash = %(hash)s"


class Added(Model):
    """`new`: numbers that were not on the list. `blocked`: contacts of `job_ids` that ended as `blocked` now."""

    new: int
    blocked: int = 0
    job_ids: tuple[str, ...] = ()


class BlockedJob(Model):
    """An open job, and how many of its contacts would not be called any more."""

    id: str
    name: str
    contacts: int


class Preview(Model):
    """What listing numbers would come to."""

    new: int
    jobs: list[BlockedJob]


class Undone(Model):
    """`restored`: contacts of `job_ids` that wait again."""

    removed: int
    restored: int = 0
    job_ids: tuple[str, ...] = ()


class OptedOut(Model):
    """The number of the call, E.164, and what listing it came to."""

    number: str
    added: Added


class DoNotCallPage(Model):
    """`total`: of all pages."""

    entries: list[ListedNumber]
    total: int


class DoNotCall:
    """Each public method is one transaction; the list of another organization does not exist."""

    def __init__(self, engine: Database, quotas: QuotaLimits | None = None, hashes: NumberHashes | None = None) -> None:
        """`quotas`: what organizations may have; None: an operator adds what he likes."""
        self._engine = engine
        self._quotas = quotas
        self._hashes = hashes

    async def add(
        self,
        organization_id: str,
        numbers: Collection[str],
        *,
        source: Source,
        by: str,
        note: str | None = None,
        batch_id: str | None = None,
    ) -> Added:
        """List numbers, E.164; those that are listed already stay as they are. Raises QuotaExceeded.

        `batch_id` is what `undo` takes back. What a person says on the telephone is listed beyond any quota: see
        `opt_out`.
        """
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            known = await find_listed(connection, organization_id, list_all_writings(numbers), self._hashes)
            unknown = [number for number in numbers if identify(number) not in known]
            added = await list_numbers(
                connection, organization_id, unknown, source=source, by=by, note=note, batch_id=batch_id
            )
            if added.new:
                await require_room(connection, organization_id, self._quotas, {Quota.DO_NOT_CALL: 0})
            await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id, numbers=tuple(numbers)))
            return added

    async def preview(self, organization_id: str, numbers: Collection[str]) -> Preview:
        """What `add` would come to now. Nothing is changed."""
        async with reading(self._engine) as connection:
            listed = await find_listed(connection, organization_id, list_all_writings(numbers), self._hashes)
            values = {"organization": organization_id, "numbers": "\n".join(list_all_writings(numbers))}
            rows = (await connection.execute(_WOULD_BLOCK, values)).mappings().all()
        new = len({identify(number) for number in numbers} - listed)
        return Preview(new=new, jobs=[BlockedJob.model_validate(row) for row in rows])

    async def undo(self, organization_id: str, batch_id: str, *, by: str) -> Undone:
        """Take off the list what one request listed; contacts of open jobs that it blocked wait again.

        Idempotent. What was listed before, or by what a person said, is of no batch or another, and stays.
        """
        if not may_exist(batch_id):
            return Undone(removed=0)
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            mine = do_not_call.c.organization_id == organization_id, do_not_call.c.batch_id == batch_id
            taken = sa.delete(do_not_call).where(*mine).returning(do_not_call.c.number)
            numbers = list((await connection.execute(taken)).scalars())
            if not numbers:
                return Undone(removed=0)
            return await _restore(connection, organization_id, batch_id, numbers, by)

    async def opt_out(self, organization_id: str, call_id: str, *, by: str, note: str | None = None) -> OptedOut:
        """List the number of a call (our id of the dial), as the person asked its agent. Raises NotFound."""
        if not may_exist(call_id):
            raise NotFound("call", call_id)
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            number = None
            for table in (dials, old_dials):
                called = sa.select(table.c.to_number).where(
                    table.c.id == call_id, table.c.organization_id == organization_id
                )
                number = number or (await connection.execute(called)).scalar_one_or_none()
            if number is None:
                raise NotFound("call", call_id)
            added = await list_numbers(connection, organization_id, [number], source=Source.AGENT, by=by, note=note)
            await withdraw_unrung_calls(connection, CallScope(organization_id=organization_id, numbers=(number,)))
            return OptedOut(number=number, added=added)

    async def remove(self, organization_id: str, number: str, *, by: str) -> bool:
        """Take a number off the list; False where it is not on it. Contacts that were blocked stay so."""
        if not may_exist(number):
            return False
        async with self._engine.begin() as connection:
            await lock_organization(connection, organization_id)
            deleted = await connection.execute(sa.delete(do_not_call).where(*_entry(organization_id, number)))
            if not deleted.rowcount and not await self._remove_suppressed(connection, organization_id, number):
                return False
            await record_action(connection, organization_id, Action.DO_NOT_CALL_REMOVED, by, {"numbers": 1})
            return True

    async def find(self, organization_id: str, number: str) -> ListedNumber | None:
        """The entry of a number; None where it is not listed."""
        if not may_exist(number):
            return None
        async with reading(self._engine) as connection:
            query = _ENTRIES.where(*_entry(organization_id, number))
            row = (await connection.execute(query)).mappings().first()
            if row is not None:
                return ListedNumber.model_validate(row)
            return None if self._hashes is None else await self._find_suppressed(connection, organization_id, number)

    async def _find_suppressed(
        self, connection: AnyConnection, organization_id: str, number: str
    ) -> ListedNumber | None:
        """The entry of a person who was forgotten: it has no number, so that it is told with the one that was given."""
        if self._hashes is None or not await self._hashes.find_suppressed(connection, organization_id, [number]):
            return None
        values = {"organization": organization_id, "hash": self._hashes.hash(number), "number": number}
        return await fetch_one(connection, ListedNumber, _SUPPRESSED, values)

    async def _remove_suppressed(self, connection: AnyConnection, organization_id: str, number: str) -> bool:
        if self._hashes is None or not await self._hashes.find_suppressed(connection, organization_id, [number]):
            return False
        values = {"organization": organization_id, "hash": self._hashes.hash(number)}
        return await run(connection, _UNSUPPRESS, values) == 1

    async def list_page(self, organization_id: str, search: str | None, page: int, page_size: int) -> DoNotCallPage:
        """The list, newest first; `search`: part of a number. `page` counts from 1."""
        where = [do_not_call.c.organization_id == organization_id]
        if search:
            where.append(do_not_call.c.number.contains(search, autoescape=True))
        if not may_exist(search or ""):
            return DoNotCallPage(entries=[], total=0)
        async with reading(self._engine) as connection:
            count = sa.select(sa.func.count()).select_from(do_not_call).where(*where)
            total = (await connection.execute(count)).scalar_one()
            offset = (page - 1) * page_size
            if offset >= total:
                return DoNotCallPage(entries=[], total=total)
            newest = do_not_call.c.added_at.desc(), do_not_call.c.number
            query = _ENTRIES.where(*where).order_by(*newest).offset(offset).limit(page_size)
            rows = (await connection.execute(query)).mappings()
            return DoNotCallPage(entries=[ListedNumber.model_validate(row) for row in rows], total=total)


async def find_listed(
    connection: AnyConnection, organization_id: str, writings: Collection[str], hashes: NumberHashes | None = None
) -> frozenset[str]:
    """The identities of the telephones with these writings that are on the organization's list; with `hashes` also of
    those who were forgotten."""
    values = {"organization": organization_id, "numbers": "\n".join(writings)}
    listed = frozenset(map(identify, await fetch_values(connection, _LISTED, values)))
    if hashes is None:
        return listed
    return listed | await hashes.find_suppressed(connection, organization_id, writings)


async def list_numbers(
    connection: AnyConnection,
    organization_id: str,
    numbers: Collection[str],
    *,
    source: Source,
    by: str,
    note: str | None = None,
    batch_id: str | None = None,
) -> Added:
    """List numbers within a transaction that has locked the organization's row, and record those that are new."""
    listed = await find_listed(connection, organization_id, list_all_writings(numbers))
    unlisted = {identify(number): number for number in numbers if identify(number) not in listed}
    values = {"organization": organization_id, "numbers": "\n".join(unlisted.values()), "source": source}
    new = await run(connection, _LIST, values | {"note": note, "by": by, "batch": batch_id})
    blocked = await block_numbers(connection, organization_id, numbers, LISTED_REASON)
    job_ids = tuple(sorted(set(blocked)))
    if new:
        details = {"numbers": new, "source": source.value, **({"batchId": batch_id} if batch_id else {})}
        await record_action(connection, organization_id, Action.DO_NOT_CALL_ADDED, by, details)
    for job_id in job_ids:
        of_job = {"contactsBlocked": blocked.count(job_id), "source": source.value}
        await record_action(connection, organization_id, Action.DO_NOT_CALL_ADDED, by, of_job, job_id=job_id)
    return Added(new=new, blocked=len(blocked), job_ids=job_ids)


async def _restore(
    connection: AnyConnection, organization_id: str, batch_id: str, numbers: Collection[str], by: str
) -> Undone:
    restored = await unblock_numbers(connection, organization_id, numbers, LISTED_REASON)
    details = {"numbers": len(numbers), "batchId": batch_id}
    await record_action(connection, organization_id, Action.DO_NOT_CALL_REMOVED, by, details)
    job_ids = tuple(sorted(set(restored)))
    for job_id in job_ids:
        of_job = {"contactsRestored": restored.count(job_id), "batchId": batch_id}
        await record_action(connection, organization_id, Action.DO_NOT_CALL_REMOVED, by, of_job, job_id=job_id)
    return Undone(removed=len(numbers), restored=len(restored), job_ids=job_ids)


def _entry(organization_id: str, number: str) -> tuple[sa.ColumnElement[bool], ...]:
    return do_not_call.c.organization_id == organization_id, do_not_call.c.number.in_(list_writings(number))


_WOULD_BLOCK = sa.text("""
    SELECT j.id, j.name, count(*) AS contacts FROM contacts c JOIN batch_jobs j ON j.id = c.job_id
    WHERE c.organization_id = :organization AND c.status IN ('pending', 'queued')
      AND c.number = ANY(string_to_array(:numbers, chr(10))) AND j.status NOT IN ('completed', 'failed', 'cancelled')
    GROUP BY j.id, j.name ORDER BY count(*) DESC, j.id
""")
_ENTRIES = sa.select(
    do_not_call.c.number,
    do_not_call.c.source,
    do_not_call.c.note,
    do_not_call.c.added_by,
    do_not_call.c.added_at,
    do_not_call.c.batch_id,
)
