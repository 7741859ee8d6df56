"""Money: whatever happens to calls and jobs, in whatever order, the ledger is exact to the last micro-dollar."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest
import sqlalchemy as sa

from domain.calls.dispatch import NotNow
from domain.calls.models import CallState, Ending
from store.billing.ledger import EntryKind
from store.errors import StoreError
from store.tables import dials, ledger_entries
from tests.builders import Given
from tests.builders import contacts as some_contacts
from tests.store.calling import Call, Calling, Job, a_caller

TWO_MINUTES = Decimal("0.035")
ENDINGS = [
    (Ending.BUSY, 486),
    (Ending.NO_ANSWER, 480),
    (Ending.FAILED, 404),
    (Ending.FAILED, 503),
    (Ending.FAILED, 603),
]


@pytest.mark.parametrize(
    ("credits", "seconds", "balance", "held"),
    [
        ("0.07", None, "0.07", "0.07"),  # nobody answers: the whole reserve goes back
        ("0.07", 30, "0.06125", "0.06125"),  # a short call leaves the rest of its reserve to its job
        ("1", 600, "0.825", "0"),  # 0.175: a long one draws on the job's hold, then on the balance
        ("0.07", 900, "-0.1925", "0"),  # and may take that below zero
    ],
)
async def test_a_call_costs_what_it_lasts_from_its_reserve_then_the_hold_then_the_balance(
    shared: Calling, credits: str, seconds: int | None, balance: str, held: str
) -> None:
    job = await shared.a_job(await a_caller(shared.engine, credits=Decimal(credits)), 2)
    call = await job.call()

    await (call.is_busy() if seconds is None else call.completes(seconds))

    audit, row = await job.audit(), await job.row()
    assert (audit.balance, audit.held, row.hold) == (Decimal(balance), Decimal(held), Decimal(held))
    assert audit.exact


async def test_a_jobs_own_hold_lets_it_call_though_the_balance_is_below_zero(shared: Calling) -> None:
    """What is held for a job was promised to it: another job's long call does not take it away."""
    given = await a_caller(shared.engine, credits=2 * TWO_MINUTES)
    talkative = await shared.a_job(given, 1)
    other = await shared.a_job(given, some_contacts(1, start=10))
    await (await talkative.call()).completes(seconds=3600)
    assert (await other.audit()).balance < 0

    await (await other.call()).completes(seconds=60)

    assert (await other.audit()).exact


async def test_unlimited_credits_are_captured_and_never_held(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=None)
    job = await shared.a_job(given, 2)
    await (await job.call(0)).completes(seconds=60)
    await (await job.call(1)).is_busy()
    await job.cancel()

    audit = await job.audit()
    assert (audit.balance, audit.held) == (Decimal("-0.0175"), Decimal(0))
    assert audit.exact
    assert [entry.kind for entry in await shared.ledger.list_entries(given.id)] == [EntryKind.CAPTURE]


async def test_the_entries_tell_the_life_of_a_call(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=Decimal(1))
    job = await shared.a_job(given, 1)
    call = await job.call()
    await call.completes(seconds=60)
    await shared.lifecycle.complete(given.id, job.id)

    entries = await shared.ledger.list_entries(given.id)
    dial_id = (await call.row()).id
    assert [(e.kind, e.balance_delta, e.held_delta, e.dial_id) for e in reversed(entries)] == [
        (EntryKind.TOP_UP, Decimal(1), 0, None),
        (EntryKind.HOLD, 0, TWO_MINUTES, None),
        (EntryKind.CAPTURE, Decimal("-0.0175"), Decimal("-0.0175"), dial_id),
        (EntryKind.RELEASE, 0, Decimal("-0.0175"), None),
    ]


async def test_a_reserve_from_free_credits_is_an_entry_and_is_released(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=Decimal(1))
    job = await shared.a_job(given, 2)
    await (await job.call(0)).completes(seconds=600)  # the hold is used up
    call = await job.call(1)
    assert (await job.audit()).held == TWO_MINUTES

    await call.is_busy()

    dial_id = (await call.row()).id
    entries = [entry for entry in await shared.ledger.list_entries(given.id) if entry.dial_id == dial_id]
    assert [(entry.kind, entry.held_delta) for entry in reversed(entries)] == [
        (EntryKind.RESERVE, TWO_MINUTES),
        (EntryKind.RELEASE, -TWO_MINUTES),
    ]
    assert (await job.audit()).held == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_ledger_is_exact_after_every_step(shared: Calling, seed: int) -> None:
    """Creates, top-ups, claims, endings and cancels of several jobs, four at a time, as they come."""
    company = Company(shared, await a_caller(shared.engine, limit=12, credits=Decimal(2)), Random(seed))

    for _ in range(50):
        await asyncio.gather(*(company.something_happens() for _ in range(4)))
        await company.adds_up()
    await company.closes()

    audit = await company.adds_up()
    assert audit.held == 0
    assert await company.count_of_open_dials() == 0
    assert company.happened >= {"new_job", "top_up", "claim", "ending", "give_up"}


class Company:
    """An organization in which anything happens at any time."""

    def __init__(self, calling: Calling, given: Given, random: Random) -> None:
        self._calling = calling
        self._given = given
        self._random = random
        self._jobs: list[Job] = []
        self._calls: list[Call] = []
        self._put_in = Decimal(2)
        self.happened: set[str] = set()

    async def something_happens(self) -> None:
        what = self._random.choices(
            ["new_job", "top_up", "claim", "event", "ending", "give_up", "cancel", "pause", "resume", "complete"],
            [3, 3, 16, 4, 10, 3, 2, 1, 2, 1],
        )[0]
        try:
            await getattr(self, f"_{what}")()
        except (StoreError, IndexError):
            return
        self.happened.add(what)

    async def adds_up(self) -> sa.RowMapping:
        audit = await self._calling.ledger.audit(self._given.id)
        captured = await self._sum(-ledger_entries.c.balance_delta, ledger_entries.c.kind == EntryKind.CAPTURE)
        assert audit.exact, audit
        assert audit.balance == self._put_in - captured
        assert captured == await self._sum(dials.c.cost)
        assert audit.held_by_jobs >= 0
        assert audit.reserved_by_dials >= 0
        return audit  # type: ignore[return-value]

    async def closes(self) -> None:
        """Every job is over, every call has ended, and what was thought unknown may have been a call."""
        for job in self._jobs:
            with suppress(StoreError):
                await job.cancel(hang_up=self._random.random() < 0.5)
        for call in self._calls:
            await self._end(call)

    async def count_of_open_dials(self) -> int:
        return await self._calling.count(dials, dials.c.organization_id == self._given.id, dials.c.ended_at.is_(None))

    async def _new_job(self) -> None:
        count, start = self._random.randint(1, 8), self._random.randrange(40)
        limit = self._random.choice([1, 3, 50])
        called = some_contacts(count, start=start)
        self._jobs.append(await self._calling.a_job(self._given, called, concurrent_call_limit=limit))

    async def _top_up(self) -> None:
        amount = Decimal(self._random.randint(1, 130_000)) / 1_000_000
        self._put_in += amount
        await self._calling.ledger.top_up(self._given.id, amount)

    async def _claim(self) -> None:
        job = self._random.choice(self._jobs)
        which = self._random.randrange(len(job.contact_ids))
        dial = (await job.contact(which)).dials + 1
        if not isinstance(await job.claim(which, dial), NotNow):
            self._calls.append(job.call_of(which, dial))

    async def _event(self) -> None:
        state = self._random.choice([CallState.QUEUED, CallState.RINGING, CallState.ANSWERED])
        await self._random.choice(self._calls).reports(state)

    async def _ending(self) -> None:
        await self._end(self._random.choice(self._calls[-12:]))

    async def _give_up(self) -> None:
        await self._random.choice(self._calls).is_given_up()

    async def _cancel(self) -> None:
        await self._random.choice(self._jobs).cancel(hang_up=self._random.random() < 0.5)

    async def _pause(self) -> None:
        await self._random.choice(self._jobs).pause()

    async def _resume(self) -> None:
        await self._calling.lifecycle.resume(self._given.id, self._random.choice(self._jobs).id)

    async def _complete(self) -> None:
        await self._calling.lifecycle.complete(self._given.id, self._random.choice(self._jobs).id)

    async def _end(self, call: Call) -> None:
        if self._random.random() < 0.5:
            await call.completes(seconds=int(self._random.lognormvariate(4, 1)))
        else:
            ending, sip = self._random.choice(ENDINGS)
            await call.ends(ending, sip, duration_seconds=self._random.randint(0, 300))

    async def _sum(self, column: sa.ColumnElement[Decimal], *where: sa.ColumnElement[bool]) -> Decimal:
        table = column.table if isinstance(column, sa.Column) else ledger_entries
        query = sa.select(sa.func.coalesce(sa.func.sum(column), 0)).where(
            table.c.organization_id == self._given.id, *where
        )
        async with self._calling.engine.connect() as connection:
            return Decimal((await connection.execute(query)).scalar_one())
