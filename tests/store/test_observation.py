"""The sums that are shown as metrics, of a few organizations at work."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.calls.silence import SILENT_CALLS
from store import observation
from store.observation import Observations
from store.tables import batch_jobs, carrier_accounts, organizations, phone_numbers
from tests.builders import contacts
from tests.store.calling import Calling, a_caller
from tests.store.every_method import a_world


async def change(engine: AsyncEngine, table: sa.Table, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.update(table).values(values))


async def test_an_empty_database_has_nothing_to_show(engine: AsyncEngine) -> None:
    found = await Observations(engine).read()
    assert (found.live_calls, found.lines_allowed, found.open_jobs, found.deliveries_waiting) == ({}, 0, {}, 0)
    assert found.start_overdue_seconds == found.oldest_delivery_seconds == 0
    assert found.connections >= 1
    assert found.connections_allowed > found.connections


async def test_calls_lines_jobs_and_deliveries_are_summed(engine: AsyncEngine, database_url: str) -> None:
    calling = Calling(engine)
    await a_world(calling, engine, database_url)
    quiet = await a_caller(engine, limit=7)
    await calling.a_waiting_job(quiet, contacts(2, start=70))

    found = await Observations(engine).read()

    assert found.live_calls == {("twilio", "ringing"): 1}
    assert found.lines_allowed == 50  # of the organization that calls, not of the one that waits
    assert found.open_jobs["running"] == 2
    assert found.deliveries_waiting >= 1
    assert found.credits_held > 0
    assert found.organizations_without_credits == 0


async def test_a_start_that_is_overdue_says_for_how_long(engine: AsyncEngine) -> None:
    calling = Calling(engine)
    await calling.a_waiting_job(await a_caller(engine), contacts(1))
    start = datetime.now(UTC) - timedelta(minutes=5)
    await change(engine, batch_jobs, status="scheduled", scheduled_start_time=start)
    assert 300 <= (await Observations(engine).read()).start_overdue_seconds < 400


async def test_gates_are_told_apart_by_who_closed_them(engine: AsyncEngine) -> None:
    await a_caller(engine)
    later = datetime.now(UTC) + timedelta(minutes=5)
    await change(engine, carrier_accounts, closed_until=later, silent_calls=SILENT_CALLS)
    await change(engine, phone_numbers, stopped_at=datetime.now(UTC), closed_until=later)
    await change(engine, organizations, stopped_at=datetime.now(UTC))

    found = await Observations(engine).read()

    assert found.gates_closed[("account", "rules")] == found.gates_closed[("number", "people")] == 1
    assert found.gates_closed[("account", "people")] == found.gates_closed[("number", "rules")] == 0
    assert found.silent_accounts >= 1
    assert found.organizations_stopped == 1


async def test_a_gate_is_closed_until_the_call_that_goes_first_has_come_through(engine: AsyncEngine) -> None:
    calling = Calling(engine)
    job = await calling.a_job(await a_caller(engine), contacts(1))
    before = datetime.now(UTC) - timedelta(seconds=1)
    await change(engine, phone_numbers, closed_until=before)
    await change(engine, carrier_accounts, closed_until=before)
    found = await Observations(engine).read()
    assert found.gates_closed[("number", "rules")] == found.gates_closed[("account", "rules")] == 1

    await calling.lifecycle.pause(job.given.id, job.id)  # nobody waits for it any longer
    found = await Observations(engine).read()
    assert found.gates_closed[("number", "rules")] == found.gates_closed[("account", "rules")] == 0


async def test_credits_that_are_held_for_a_job_are_there_for_it(engine: AsyncEngine) -> None:
    await Calling(engine).a_job(await a_caller(engine, credits=Decimal("0.07")), contacts(2))
    assert (await Observations(engine).read()).organizations_without_credits == 0


@pytest.mark.parametrize(("called", "credits", "without"), [(2, "0.10", 0), (2, "0.08", 1), (1, "0.04", 0)])
async def test_credits_that_do_not_cover_the_next_call_are_none(
    engine: AsyncEngine, called: int, credits: str, without: int
) -> None:
    """Two minutes, 0.035 dollars; the call before cost 0.0583. Where nobody is left to call none are needed."""
    calling = Calling(engine)
    job = await calling.a_job(await a_caller(engine, credits=Decimal(credits)), contacts(called))
    call = await job.call()
    await call.answers()
    await call.completes(seconds=200)
    assert (await Observations(engine).read()).organizations_without_credits == without


async def test_a_reading_that_takes_too_long_is_given_up(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "_BOUND", sa.text("SET LOCAL statement_timeout = '50ms'"))
    monkeypatch.setattr(observation, "_DELIVERIES", sa.text("SELECT pg_sleep(5)"))
    with pytest.raises(sa.exc.OperationalError, match="statement timeout"):
        await Observations(engine).read()
