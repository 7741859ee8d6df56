"""Credits: a ledger whose entries are never changed, and the organization's sums, which always equal it.

At every commit, for every organization:
    balance = Σ balance_delta = top-ups − captures
    held    = Σ held_delta    = Σ jobs' holds + Σ open dials' reserves

`book` keeps the first equality of both lines: an entry and the sums move in one statement. Whoever calls it
keeps the second, in the same transaction: the organization's row is locked, and `batch_jobs.hold` and
`dials.reserved_*` move by as much as `held`. What a dial reserves from its job's hold moves no sum and is no
entry.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.jobs.models import Organization
from domain.model import Model
from domain.money import MICRO
from store.db.engine import AnyConnection, Database, reading, run
from store.db.ids import new_id
from store.db.pool import recordset
from store.errors import InsufficientCredits, NotFound
from store.organizations.rows import lock_and_read_organization
from store.tables import batch_jobs, dials, ledger_entries, organizations

ZERO = Decimal(0)
MAX_HOLDS = 100  # jobs in the list


class EntryKind(StrEnum):
    TOP_UP = "topup"
    HOLD = "hold"  # the estimate of a job, at creation
    RESERVE = "reserve"  # what a live call takes from the free credits
    CAPTURE = "capture"  # what a call cost
    RELEASE = "release"  # what is no longer needed


class Entry(Model):
    """One line of the ledger; amounts in dollars."""

    id: str
    kind: EntryKind
    balance_delta: Decimal
    held_delta: Decimal
    job_id: str | None
    dial_id: str | None
    at: datetime


class LedgerEntry(Model):
    """One line to be written; amounts in dollars. Its id is made where none is given."""

    kind: EntryKind
    balance_delta: Decimal = ZERO
    held_delta: Decimal = ZERO
    job_id: str | None = None
    dial_id: str | None = None
    id: str | None = None


class Audit(Model):
    """An organization's stored credits and what its entries add up to, at one instant; dollars."""

    balance: Decimal
    held: Decimal
    balance_of_entries: Decimal
    held_of_entries: Decimal
    held_by_jobs: Decimal
    reserved_by_dials: Decimal

    @property
    def exact(self) -> bool:
        return (
            self.balance == self.balance_of_entries
            and self.held == self.held_of_entries
            and self.held == self.held_by_jobs + self.reserved_by_dials
        )


class Hold(Model):
    """What is set aside for the calls of a job that are still to come, in dollars."""

    job_id: str
    name: str
    amount: Decimal


class Credits(Model):
    """An organization's credits in dollars; `total` entries on all pages."""

    unlimited: bool
    balance: Decimal
    held: Decimal
    reserved_by_dials: Decimal
    holds: list[Hold]  # the largest first, MAX_HOLDS at most
    entries: list[Entry]
    total: int

    @property
    def free(self) -> Decimal:
        return self.balance - self.held


class Ledger:
    """The credits of organizations."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def top_up(self, organization_id: str, amount: Decimal, *, id: str | None = None) -> Organization:
        """Add `amount` dollars, more than zero and of at most six decimals; raises NotFound, ValueError.

        Where an entry of this `id` is there already nothing is added.
        """
        if amount <= 0:
            raise ValueError("A top-up is more than zero dollars.")
        async with self._engine.begin() as connection:
            before = await lock_and_read_organization(connection, organization_id)
            if id is not None and await _is_booked(connection, organization_id, id):
                return before
            await book(
                connection, organization_id=organization_id, kind=EntryKind.TOP_UP, balance_delta=amount, entry_id=id
            )
        return before.model_copy(update={"balance": before.balance + amount})

    async def list_entries(self, organization_id: str, limit: int = 100) -> list[Entry]:
        """The latest entries, newest first."""
        async with reading(self._engine) as connection:
            return await _entries(connection, organization_id, 0, limit)

    async def read_credits(self, organization_id: str, page: int, page_size: int) -> Credits:
        """The sums, the holds of jobs, and a page of the entries, newest first; raises NotFound."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_SUMS_OF, {"organization_id": organization_id})).mappings().first()
            if row is None:
                raise NotFound("organization", organization_id)
            holds = (await connection.execute(_HOLDS, {"organization_id": organization_id})).mappings()
            return Credits(
                **row,
                holds=[Hold.model_validate(hold) for hold in holds],
                entries=await _entries(connection, organization_id, (page - 1) * page_size, page_size),
            )

    async def audit(self, organization_id: str) -> Audit:
        """Add up everything, in one statement and thus at one instant; raises NotFound."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_AUDIT, {"organization_id": organization_id})).mappings().first()
        if row is None:
            raise NotFound("organization", organization_id)
        return Audit.model_validate(row)


async def book(
    connection: AnyConnection,
    *,
    organization_id: str,
    kind: EntryKind,
    balance_delta: Decimal = ZERO,
    held_delta: Decimal = ZERO,
    job_id: str | None = None,
    dial_id: str | None = None,
    entry_id: str | None = None,
) -> None:
    """Write one entry and move the organization's sums by it; dollars. As `book_all`."""
    entry = LedgerEntry(
        id=entry_id, kind=kind, balance_delta=balance_delta, held_delta=held_delta, job_id=job_id, dial_id=dial_id
    )
    await book_all(connection, organization_id, [entry])


async def book_all(connection: AnyConnection, organization_id: str, entries: Sequence[LedgerEntry]) -> None:
    """Write entries and move the organization's sums by them, in one round trip; dollars.

    Of those whose amounts are both zero nothing is written. Raises ValueError for more than the six decimals that are
    kept: the entry and the sum would be rounded apart.
    """
    moving = [entry for entry in entries if entry.balance_delta or entry.held_delta]
    if not moving:
        return
    for entry in moving:
        if any(amount != amount.quantize(MICRO) for amount in (entry.balance_delta, entry.held_delta)):
            raise ValueError("The ledger keeps six decimals of a dollar.")
    rows = [{**entry.model_dump(), "id": entry.id or new_id("entry")} for entry in moving]
    await run(connection, _BOOK, {"organization": organization_id, "entries": recordset(rows)})


def compute_hold(organization: Organization, cost: Decimal) -> Decimal:
    """How much of an estimate, in dollars, is held. Raises InsufficientCredits."""
    if organization.credits_unlimited:
        return ZERO
    if cost > organization.free:
        raise InsufficientCredits(cost, organization.free)
    return cost


async def _is_booked(connection: AsyncConnection, organization_id: str, entry_id: str) -> bool:
    entry = ledger_entries.c
    query = sa.select(entry.id).where(entry.id == entry_id, entry.organization_id == organization_id)
    return (await connection.execute(query)).first() is not None


async def _entries(connection: AsyncConnection, organization_id: str, offset: int, limit: int) -> list[Entry]:
    entry = ledger_entries.c
    query = (
        sa.select(entry.id, entry.kind, entry.balance_delta, entry.held_delta, entry.job_id, entry.dial_id, entry.at)
        .where(entry.organization_id == organization_id)
        .order_by(entry.at.desc(), entry.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [Entry.model_validate(row) for row in (await connection.execute(query)).mappings()]


_ID = sa.bindparam("organization_id", type_=sa.String)
_BOOK = """
    WITH entries AS (
      SELECT * FROM jsonb_to_recordset(%(entries)s) AS entries (id varchar, kind varchar, balance_delta numeric,
        held_delta numeric, job_id varchar, dial_id varchar)
    ), booked AS (
      INSERT INTO ledger_entries (id, organization_id, kind, balance_delta, held_delta, job_id, dial_id)
      SELECT id, %(organization)s, kind, balance_delta, held_delta, job_id, dial_id FROM entries
    )
    UPDATE organizations SET balance = balance + sums.balance_delta, held = held + sums.held_delta
    FROM (SELECT sum(balance_delta) AS balance_delta, sum(held_delta) AS held_delta FROM entries) AS sums
    WHERE id = %(organization)s
"""


def _sum(amount: sa.ColumnElement[Decimal], *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[Decimal]:
    return sa.select(sa.func.coalesce(sa.func.sum(amount), ZERO)).where(*conditions).scalar_subquery()


_RESERVED = _sum(
    dials.c.reserved_from_hold + dials.c.reserved_from_free,
    dials.c.organization_id == _ID,
    dials.c.ended_at.is_(None),
).label("reserved_by_dials")
_SUMS_OF = sa.select(
    organizations.c.credits_unlimited.label("unlimited"),
    organizations.c.balance,
    organizations.c.held,
    _RESERVED,
    sa.select(sa.func.count())
    .select_from(ledger_entries)
    .where(ledger_entries.c.organization_id == _ID)
    .scalar_subquery()
    .label("total"),
).where(organizations.c.id == _ID)
_HOLDS = (
    sa.select(batch_jobs.c.id.label("job_id"), batch_jobs.c.name, batch_jobs.c.hold.label("amount"))
    .where(batch_jobs.c.organization_id == _ID, batch_jobs.c.hold > 0)
    .order_by(batch_jobs.c.hold.desc(), batch_jobs.c.id)
    .limit(MAX_HOLDS)
)
_AUDIT = sa.select(
    organizations.c.balance,
    organizations.c.held,
    _sum(ledger_entries.c.balance_delta, ledger_entries.c.organization_id == _ID).label("balance_of_entries"),
    _sum(ledger_entries.c.held_delta, ledger_entries.c.organization_id == _ID).label("held_of_entries"),
    _sum(batch_jobs.c.hold, batch_jobs.c.organization_id == _ID).label("held_by_jobs"),
    _RESERVED,
).where(organizations.c.id == _ID)
