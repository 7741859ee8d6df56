"""Credits: at every instant the sums are what the entries say."""

import asyncio
from decimal import Decimal

import pytest

from store.billing.ledger import EntryKind, Ledger, book
from store.db.engine import Database
from store.errors import NotFound
from tests.builders import a_job, an_organization


async def test_a_top_up_is_an_entry_and_a_balance(engine: Database, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal(10))

    after = await ledger.top_up(given.id, Decimal("5.000001"))

    assert after.balance == Decimal("15.000001")
    entries = await ledger.list_entries(given.id)
    assert [(entry.kind, entry.balance_delta) for entry in entries] == [
        (EntryKind.TOP_UP, Decimal("5.000001")),
        (EntryKind.TOP_UP, Decimal(10)),
    ]
    assert (await ledger.audit(given.id)).exact


async def test_parallel_top_ups_all_count(engine: Database, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal(0))

    await asyncio.gather(*(ledger.top_up(given.id, Decimal("0.1")) for _ in range(25)))

    audit = await ledger.audit(given.id)
    assert audit.balance == Decimal("2.5")
    assert audit.exact


@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001"])
async def test_a_top_up_must_be_money(engine: Database, ledger: Ledger, amount: str) -> None:
    given = await an_organization(engine)

    with pytest.raises(ValueError, match="dollar"):
        await ledger.top_up(given.id, Decimal(amount))

    assert (await ledger.audit(given.id)).exact


async def test_an_unknown_organization_has_no_credits(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.top_up("org_none", Decimal(1))
    with pytest.raises(NotFound):
        await ledger.audit("org_none")
    assert await ledger.list_entries("org_none") == []


async def test_a_job_holds_its_estimate(engine: Database, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal(1))

    job = await a_job(engine, given, 3)

    audit = await ledger.audit(given.id)
    assert audit.held == audit.held_by_jobs == job.estimated_cost == Decimal("0.105")
    assert audit.balance == Decimal(1)
    assert audit.exact
    newest = (await ledger.list_entries(given.id, limit=1))[0]
    assert (newest.kind, newest.job_id, newest.held_delta) == (EntryKind.HOLD, job.id, Decimal("0.105"))


async def test_the_audit_finds_a_hold_without_its_job(engine: Database, ledger: Ledger) -> None:
    given = await an_organization(engine)
    async with engine.begin() as connection:
        await book(connection, organization_id=given.id, kind=EntryKind.HOLD, held_delta=Decimal(1))

    assert not (await ledger.audit(given.id)).exact


async def test_an_entry_that_is_rolled_back_or_moves_nothing_is_none(engine: Database, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal(0))
    before = await ledger.audit(given.id)

    async with engine.connect() as connection:
        await book(connection, organization_id=given.id, kind=EntryKind.CAPTURE, balance_delta=Decimal(-1))
        await connection.rollback()
    async with engine.begin() as connection:
        await book(connection, organization_id=given.id, kind=EntryKind.RELEASE)

    assert await ledger.audit(given.id) == before
    assert await ledger.list_entries(given.id) == []


async def test_a_capture_may_go_below_zero(engine: Database, ledger: Ledger) -> None:
    given = await an_organization(engine, credits=Decimal(1))
    async with engine.begin() as connection:
        await book(connection, organization_id=given.id, kind=EntryKind.CAPTURE, balance_delta=Decimal("-1.234567"))

    audit = await ledger.audit(given.id)
    assert audit.balance == Decimal("-0.234567")
    assert audit.exact
