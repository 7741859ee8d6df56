"""A job's contacts with their outcomes: one with all its dials, or all of them in constant memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import sqlalchemy as sa
from anyio import CancelScope
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calls.agent_report import Conversation
from domain.calls.evidence import DialEvidence
from domain.calls.models import AgentContact, AnsweredBy, CallState, EndedBy, Outcome
from domain.contacts.export import MAX_COLUMNS
from domain.contacts.rejects import Reject, Rejects
from domain.jobs.models import Contact
from domain.model import Model
from store.archive.reading import MAY_BE_ARCHIVED, all_dials
from store.db.engine import Database, reading
from store.db.ids import may_exist
from store.errors import Busy, NotFound
from store.jobs.repository import CONTACTS
from store.tables import batch_jobs, contacts, dials, rejects

BATCH_SIZE = 50  # contacts in memory: 64 KB each at most
MAX_FILES = 3  # of one process: each keeps a connection of the pool
MAX_FILES_OF_AN_ORGANIZATION = 2
WAIT_SECONDS = 10.0  # for another file to be finished

# A client that reads slowly holds a transaction open: so long between two reads, and altogether. The rows of a job just
# stored are in no statistics yet: without sorts every page is read along the index, the rest is not sorted for it.
_FOR_THE_TRANSACTION = sa.text("""
    SELECT set_config('idle_in_transaction_session_timeout', '60s', true),
           set_config('transaction_timeout', '15min', true),
           set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)
""")

# In the order of the file: by where a name comes first. 1,000 is more than a contact has fields.
_COLUMNS = """
    SELECT field.key FROM contacts c, json_object_keys(c.data) WITH ORDINALITY AS field(key, place)
    WHERE c.job_id = :job AND {which}
    GROUP BY field.key ORDER BY min(c.row::bigint * 1000 + field.place) LIMIT :most
"""
_ALL_COLUMNS = sa.text(_COLUMNS.format(which="true"))
_THESE_COLUMNS = sa.text(_COLUMNS.format(which='lower(field.key COLLATE "C") = ANY(:names)'))


def _results_of(called: sa.FromClause) -> sa.Select[Any]:
    """`called`: where the job's dials are."""
    every, last = called.alias("every_dial"), called.alias("last_dial")
    cost = sa.select(sa.func.sum(every.c.cost)).where(every.c.contact_id == contacts.c.id).scalar_subquery()
    evidence = [last.c[name].label(f"dial_{name}") for name in DialEvidence.model_fields]
    return CONTACTS.add_columns(cost.label("cost"), *evidence).outerjoin(
        last, sa.and_(last.c.contact_id == contacts.c.id, last.c.number_of_dial == contacts.c.dials)
    )


_RESULTS, _OLD_RESULTS = _results_of(dials), _results_of(all_dials)
_REJECTS = sa.select(rejects.c.row, rejects.c.cells, rejects.c.reason)

T = TypeVar("T")


class Dial(Model):
    """One dial as it is read; `cost` in dollars."""

    id: str
    number_of_dial: int
    state: CallState
    asked_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    sip_code: int | None
    call_seconds: int | None
    answered_by: AnsweredBy | None
    cost: Decimal | None
    call_id: str | None
    conversation: Conversation | None
    rang: bool | None
    ended_by: EndedBy | None
    sip_reason: str | None
    carrier_code: str | None
    agent: AgentContact | None

    @property
    def evidence(self) -> DialEvidence:
        return DialEvidence.model_validate(self.model_dump(include=set(DialEvidence.model_fields)))


class DialedContact(Model):
    """A contact with every dial, in order."""

    contact: Contact
    dials: list[Dial]


class Result(Model):
    """A contact, what its calls cost in dollars (None where none has ended), and how its last dial went."""

    contact: Contact
    cost: Decimal | None
    last_dial: DialEvidence | None


@dataclass(frozen=True)
class ResultFile:
    """The results of a job at one instant. `columns`: of its contacts, all or those asked for, in file order."""

    columns: list[str]
    batches: AsyncIterator[list[Result]]


@dataclass(frozen=True)
class RejectFile:
    """What was rejected of a job's file. `file` has no rows: they come in batches."""

    file: Rejects | None  # None: its contacts came as JSON
    batches: AsyncIterator[list[Reject]]


class Results:
    """Read only; what belongs to another organization does not exist."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self._room = asyncio.Semaphore(MAX_FILES)
        self._rooms: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()  # of organizations

    async def find_contact(self, organization_id: str, job_id: str, contact_id: str) -> DialedContact | None:
        """One contact with its dials; None where the organization's job has no such contact."""
        if not may_exist(job_id + contact_id):
            return None
        async with reading(self._engine) as connection:
            query = CONTACTS.where(*_of(organization_id, job_id), contacts.c.id == contact_id)
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            contact = Contact.model_validate(row)
            found = (await connection.execute(_dials_of(contact_id, dials))).mappings().all()
            if len(found) < contact.dials:
                found = (await connection.execute(_dials_of(contact_id, all_dials))).mappings().all()
            return DialedContact(contact=contact, dials=[Dial.model_validate(dial) for dial in found])

    @asynccontextmanager
    async def open_results(
        self, organization_id: str, job_id: str, names: Sequence[str] | None = None
    ) -> AsyncIterator[ResultFile]:
        """All contacts of a job in file order, as they stand now, while the block runs.

        `names`, in lower case: the columns that are looked for; None: all of them, but one more than MAX_COLUMNS at
        most. Raises NotFound; Busy where other files take all the room.
        """
        async with self._snapshot(organization_id, job_id) as (connection, job):
            columns = await _columns(connection, job_id, names)
            query = (_OLD_RESULTS if job["is_old"] else _RESULTS).where(*_of(organization_id, job_id))
            yield ResultFile(columns, _batches(connection, query, contacts.c.row, _result))

    @asynccontextmanager
    async def open_rejects(self, organization_id: str, job_id: str) -> AsyncIterator[RejectFile]:
        """All rejected rows of a job's file, while the block runs. Raises as `results`."""
        async with self._snapshot(organization_id, job_id) as (connection, job):
            header, delimiter = job["file_header"], job["file_delimiter"]
            file = None if header is None else Rejects(header=tuple(header), delimiter=delimiter)
            query = _REJECTS.where(rejects.c.job_id == job_id)
            yield RejectFile(file, _batches(connection, query, rejects.c.row, Reject.model_validate))

    @asynccontextmanager
    async def _snapshot(
        self, organization_id: str, job_id: str
    ) -> AsyncIterator[tuple[AsyncConnection, sa.RowMapping]]:
        """One transaction in which nothing changes, on a job of the organization."""
        if not may_exist(job_id):
            raise NotFound("job", job_id)
        async with self._a_place(organization_id), self._engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            await connection.execute(_FOR_THE_TRANSACTION)
            job = (await connection.execute(_job(organization_id, job_id))).mappings().one_or_none()
            if job is None:
                raise NotFound("job", job_id)
            yield connection, job

    @asynccontextmanager
    async def _a_place(self, organization_id: str) -> AsyncIterator[None]:
        """One of the organization's places, then one of all: who waits for its own keeps nobody else waiting."""
        own = self._rooms.setdefault(organization_id, asyncio.Semaphore(MAX_FILES_OF_AN_ORGANIZATION))
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await taken.enter_async_context(own)
                    await taken.enter_async_context(self._room)
            except TimeoutError:
                raise Busy from None
            yield


def _of(organization_id: str, job_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return contacts.c.job_id == job_id, contacts.c.organization_id == organization_id


def _job(organization_id: str, job_id: str) -> sa.Select[Any]:
    return sa.select(batch_jobs.c.file_header, batch_jobs.c.file_delimiter, MAY_BE_ARCHIVED.label("is_old")).where(
        batch_jobs.c.id == job_id, batch_jobs.c.organization_id == organization_id
    )


def _dials_of(contact_id: str, called: sa.FromClause) -> sa.Select[Any]:
    columns = [called.c[name] for name in Dial.model_fields]
    return sa.select(*columns).where(called.c.contact_id == contact_id).order_by(called.c.number_of_dial)


async def _columns(connection: AsyncConnection, job_id: str, names: Sequence[str] | None) -> list[str]:
    values: dict[str, Any] = {"job": job_id, "most": MAX_COLUMNS + 1}
    if names is None:
        return list((await connection.execute(_ALL_COLUMNS, values)).scalars())
    if not names:
        return []
    return list((await connection.execute(_THESE_COLUMNS, values | {"names": list(names)})).scalars())


async def _batches(
    connection: AsyncConnection, query: sa.Select[Any], row: sa.Column[int], read: Callable[[sa.RowMapping], T]
) -> AsyncIterator[list[T]]:
    """A query's rows in the order of `row`, a few at a time: all within one snapshot, so that none is missed.

    No cursor of the server: its connection may end at any time, and nothing is left to be closed.
    """
    last = -1
    while True:
        found = await _page(connection, query.where(row > last).order_by(row).limit(BATCH_SIZE))
        if not found:
            return
        last = found[-1][row.name]
        yield [read(one) for one in found]


async def _page(connection: AsyncConnection, query: sa.Select[Any]) -> list[sa.RowMapping]:
    """A client that leaves interrupts no reading."""
    found: list[sa.RowMapping] = []
    with CancelScope(shield=True):
        found.extend((await connection.execute(query)).mappings())
    return found


def _result(row: sa.RowMapping) -> Result:
    evidence = {name: row[f"dial_{name}"] for name in DialEvidence.model_fields}
    last_dial = None if evidence["asked_at"] is None else DialEvidence.model_validate(evidence)
    return Result(contact=Contact.model_validate(row), cost=row["cost"], last_dial=last_dial)
