"""A job's calls in few words: claim, report what the carrier says, read the rows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.audit import OPERATOR
from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import AnsweredBy, CallReport, CallState, Ending, HangUpReason, Outcome, Recorded
from domain.jobs.models import NewContact
from domain.statuses import Architecture
from store.billing.ledger import Audit, Ledger
from store.calls.claim import Claimed, Claims
from store.calls.dial_rows import DialRow
from store.calls.dials import Dials
from store.calls.due_page import DuePages
from store.db.engine import Database
from store.jobs.lifecycle import JobLifecycle
from store.jobs.update import JobUpdates
from store.organizations.phone_numbers import TWILIO, PhoneNumbers
from store.tables import batch_jobs, carrier_accounts, carrier_events, contacts, dials, phone_numbers
from tests.builders import CREDITS, Given, a_caller_id, a_job, an_organization

UNPACED = Decimal(99_999)  # calls a second
MANY = 50  # lines: more than these tests need


async def a_caller(
    engine: Database,
    *,
    limit: int = MANY,
    credits: Decimal | None = CREDITS,
    architecture: Architecture = Architecture.PIPELINE,
    calls_per_second: Decimal = UNPACED,
) -> Given:
    """An organization that calls as fast as the claims come."""
    return await an_organization(
        engine,
        limit=limit,
        credits=credits,
        architecture=architecture,
        calls_per_second=calls_per_second,
    )


class Call:
    """One dial of one contact, from outside: the carrier speaks of it, and its rows can be looked at."""

    def __init__(self, calling: "Calling", contact_id: str, number: int) -> None:
        self._calling = calling
        self.contact_id = contact_id
        self.number = number
        self.key = f"{contact_id}:{number}"
        self.call_id = f"CA-{self.key}"

    async def reports(self, state: CallState, **fields: Any) -> Recorded:
        """The carrier reports a state of this call."""
        return await self._calling.report(state, key=self.key, **{"call_id": self.call_id, **fields})

    async def queues(self) -> Recorded:
        return await self.reports(CallState.QUEUED)

    async def rings(self) -> Recorded:
        return await self.reports(CallState.RINGING)

    async def answers(self, by: AnsweredBy | None = None) -> Recorded:
        return await self.reports(CallState.ANSWERED, answered_by=by)

    async def ends(self, ending: Ending = Ending.FAILED, sip: int | None = None, **fields: Any) -> Recorded:
        return await self.reports(CallState.ENDED, ending=ending, sip_code=sip, **fields)

    async def completes(self, seconds: int = 60, by: AnsweredBy | None = None) -> Recorded:
        return await self.ends(Ending.COMPLETED, duration_seconds=seconds, answered_by=by)

    async def is_busy(self) -> Recorded:
        return await self.ends(Ending.BUSY, sip=486)

    async def is_not_placed(
        self, outcome: Outcome = Outcome.CARRIER_ERROR, retry_after: timedelta | None = None
    ) -> None:
        await self._calling.dials.mark_not_placed((await self.row()).id, outcome, retry_after)

    async def is_being_hung_up(self, reason: HangUpReason) -> None:
        await self._calling.dials.request_hang_up(await self.id(), reason)

    async def is_given_up(self) -> None:
        await self._calling.dials.give_up((await self.row()).id)

    async def row(self) -> Any:
        return await self._calling.one(dials, *self._is())

    async def id(self) -> str:
        return str((await self.row()).id)

    async def change(self, **values: Any) -> None:
        await self._calling.change(dials, *self._is(), **values)

    def _is(self) -> tuple[sa.ColumnElement[bool], ...]:
        return dials.c.contact_id == self.contact_id, dials.c.number_of_dial == self.number

    async def contact(self) -> Any:
        return await self._calling.contact(self.contact_id)

    async def now(self) -> DialRow:
        dial = await self._calling.dials.get(self.contact_id, self.number)
        assert dial is not None
        return dial


class Calling:
    """The store as workers use it, on one database."""

    def __init__(self, engine: Database, speed: float = 1.0) -> None:
        self.engine = engine
        self.claims = Claims(engine, speed)
        self.dials = Dials(engine, speed)
        self.lifecycle = JobLifecycle(engine)
        self.updates = JobUpdates(engine)
        self.due_pages = DuePages(engine)
        self.ledger = Ledger(engine)

    async def a_job(self, given: Given, called: Iterable[NewContact] | int = 3, **fields: Any) -> "Job":
        """A running job."""
        job = await self.a_waiting_job(given, called, **fields)
        await self.lifecycle.start_now(given.id, job.id)
        return job

    async def another_number(self, given: Given) -> Given:
        """The organization, calling from one more number of its own."""
        number = await PhoneNumbers(self.engine).create(
            given.id,
            a_caller_id(),
            agent_id=given.number.agent.id if given.number.agent else None,
            calls_per_second=UNPACED,
            granted_by=OPERATOR,
        )
        return given.model_copy(update={"number": number})

    async def a_call(self, called: Iterable[NewContact] | int = 1, **fields: Any) -> "tuple[Job, Call]":
        """A running job of an organization of its own, and the call of its first contact."""
        job = await self.a_job(await a_caller(self.engine), called, **fields)
        return job, await job.call()

    async def a_waiting_job(self, given: Given, called: Iterable[NewContact] | int = 3, **fields: Any) -> "Job":
        """A job that has not started; nothing but what its test is about pauses it."""
        usual = {"concurrent_call_limit": MANY, "circuit_breaker": False}
        created = await a_job(self.engine, given, called, **{**usual, **fields})
        query = sa.select(contacts.c.id).where(contacts.c.job_id == created.id).order_by(contacts.c.row)
        async with self.engine.connect() as connection:
            return Job(self, given, created.id, list((await connection.execute(query)).scalars()))

    async def report(self, state: CallState, *, call_id: str, key: str | None = None, **fields: Any) -> Recorded:
        account = fields.pop("account", TWILIO)
        return await self.dials.record(CallReport(call_id=call_id, state=state, **fields), account, key)

    async def contact(self, contact_id: str) -> Any:
        return await self.one(contacts, contacts.c.id == contact_id)

    async def one(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(sa.select(table).where(*where))).one()

    async def all(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[Any]:
        async with self.engine.connect() as connection:
            return list(await connection.execute(sa.select(table).where(*where)))

    async def count(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        async with self.engine.connect() as connection:
            query = sa.select(sa.func.count()).select_from(table).where(*where)
            return (await connection.execute(query)).scalar_one()

    async def change(self, table: sa.Table, *where: sa.ColumnElement[bool], **values: Any) -> None:
        """What only time or a crash can do to a row."""
        async with self.engine.begin() as connection:
            await connection.execute(sa.update(table).where(*where).values(**values))

    async def now(self) -> datetime:
        """By the database's clock."""
        async with self.engine.connect() as connection:
            now: datetime = (await connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
            return now

    async def account(self) -> Any:
        return await self.one(carrier_accounts)

    async def number(self, given: Given) -> Any:
        return await self.one(phone_numbers, phone_numbers.c.id == given.number.id)

    async def open_the_gates_by_time(self) -> None:
        """The time of each gate that is closed is over."""
        for table in (carrier_accounts, phone_numbers):
            await self.change(table, table.c.closed_until.is_not(None), closed_until=ago(seconds=1))

    async def rows(self) -> dict[str, int]:
        """How many rows each table of the calls has."""
        return {table.name: await self.count(table) for table in (dials, contacts, carrier_events)}


class Job:
    """A job with the ids of its contacts in file order."""

    def __init__(self, calling: Calling, given: Given, id: str, contact_ids: list[str]) -> None:
        self._calling = calling
        self.given = given
        self.id = id
        self.contact_ids = contact_ids

    async def claim(self, which: int = 0, dial: int = 1) -> Claimed | NotNow:
        return await self._calling.claims.claim(self.given.id, self.id, self.contact_ids[which], dial)

    async def call(self, which: int = 0, dial: int = 1) -> Call:
        """Claim a dial, which nothing may hold."""
        claimed = await self.claim(which, dial)
        assert isinstance(claimed, Claimed), claimed
        return self.call_of(which, dial)

    def call_of(self, which: int = 0, dial: int = 1) -> Call:
        """A dial that was, or will be, claimed."""
        return Call(self._calling, self.contact_ids[which], dial)

    async def is_held(self, which: int = 0, dial: int = 1) -> NotNowReason:
        """Claim a dial, which something must hold."""
        held = await self.claim(which, dial)
        assert isinstance(held, NotNow), held
        return held.reason

    async def contact(self, which: int = 0) -> Any:
        return await self._calling.contact(self.contact_ids[which])

    async def contacts(self) -> list[Any]:
        """In file order."""
        found = await self._calling.all(contacts, contacts.c.job_id == self.id)
        return sorted(found, key=lambda contact: contact.row)

    async def row(self) -> Any:
        return await self._calling.one(batch_jobs, batch_jobs.c.id == self.id)

    async def live(self) -> int:
        return await self._calling.count(dials, dials.c.job_id == self.id, dials.c.ended_at.is_(None))

    async def dials(self) -> int:
        return await self._calling.count(dials, dials.c.job_id == self.id)

    async def change(self, **values: Any) -> None:
        await self._calling.change(batch_jobs, batch_jobs.c.id == self.id, **values)

    async def audit(self) -> Audit:
        return await self._calling.ledger.audit(self.given.id)

    async def cancel(self, *, hang_up: bool = False) -> Any:
        return await self._calling.lifecycle.cancel(self.given.id, self.id, hang_up=hang_up)

    async def pause(self) -> Any:
        return await self._calling.lifecycle.pause(self.given.id, self.id)


def ago(**distance: float) -> sa.ColumnElement[datetime]:
    """An instant in the past, by the database's clock."""
    return sa.func.clock_timestamp() - timedelta(**distance)
