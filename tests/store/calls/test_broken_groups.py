"""Groups that break: what is lost with a connection, a full pool or a deadlock, and that nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from domain.calls.dispatch import ClaimUnanswered, NotNow, NotNowReason
from domain.calls.models import HangUpReason, Recorded
from store.calls.claim import Claimed
from store.calls.in_flight import CallScope, hang_up_live_calls, withdraw_unrung_calls
from store.db import engine as engines
from store.db.engine import create_engine
from store.db.pool import NoConnection
from store.tables import batch_jobs, dials, ledger_entries
from tests.store.calling import Call, Calling, Job, a_caller
from tests.store.severed import Severed
from tests.waiting import eventually

LOCK = "SELECT id FROM organizations WHERE id = %(id)s FOR UPDATE"
LOCK_DIAL = "SELECT id FROM dials WHERE id = %(id)s FOR UPDATE"
LOCK_OTHERS = "SELECT id FROM dials WHERE organization_id = %(organization)s AND id <> %(id)s FOR UPDATE NOWAIT"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
END_WAITING = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def severed(shared_database_url: str, tmp_path: Path) -> AsyncIterator[Severed]:
    async with Severed(shared_database_url, tmp_path).running() as way:
        yield way


@pytest.fixture
async def far(severed: Severed) -> AsyncIterator[Calling]:
    """The store of a process whose way to PostgreSQL may break."""
    database = create_engine(severed.url, 4)
    yield Calling(database)
    await database.dispose()


async def test_claims_whose_commit_got_no_answer_are_there_once(
    shared: Calling, far: Calling, severed: Severed
) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    severed.loses_commits = True

    answers = await _claim_all(far, job)

    rows = await shared.all(dials, dials.c.job_id == job.id)
    assert {each.dial_id for each in answers if isinstance(each, ClaimUnanswered)} == {row.id for row in rows}
    assert severed.lost == 1
    assert await job.live() == 3
    assert (await job.audit()).exact
    severed.loses_commits = False
    again = await _claim_all(far, job)
    assert [each.reason for each in again if isinstance(each, NotNow)] == [NotNowReason.CONTACT] * 3
    assert await job.dials() == 3
    found = await asyncio.gather(*(far.dials.get(contact_id, 1) for contact_id in job.contact_ids))
    assert {dial.state for dial in found if dial is not None} == {"asked"}


async def test_calls_whose_end_got_no_answer_are_charged_once(shared: Calling, far: Calling, severed: Severed) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)
    calls = [await job.call(which) for which in range(3)]
    for call in calls:
        await call.answers()
    severed.loses_commits = True

    lost = await asyncio.gather(*(_through(far, call).completes(60) for call in calls), return_exceptions=True)

    assert [type(each) for each in lost] == [psycopg.OperationalError] * 3
    severed.loses_commits = False
    again = await asyncio.gather(*(_through(far, call).completes(60) for call in calls))
    assert again == [Recorded.NOTHING] * 3
    row = await shared.one(batch_jobs, batch_jobs.c.id == job.id)
    assert row.spent == 3 * row.rate_per_minute
    captures = (ledger_entries.c.job_id == job.id, ledger_entries.c.kind == "capture")
    assert await shared.count(ledger_entries, *captures) == 3
    assert (await job.audit()).exact


async def test_claims_whose_connection_is_ended_before_the_commit_take_nothing(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, 3)
    async with shared.engine.transaction() as connection, shared.engine.reading() as other:
        await connection.run(LOCK, {"id": given.id})
        claiming = asyncio.create_task(_claim_all(shared, job))
        await eventually(lambda: other.fetch_value(WAITING))
        await other.run(END_WAITING)
        answers = await claiming

    assert [type(each) for each in answers] == [ClaimUnanswered] * 3
    assert (await job.live(), (await job.audit()).exact) == (0, True)
    assert all(isinstance(each, Claimed) for each in await _claim_all(shared, job))


async def test_a_full_pool_fails_all_alike_and_they_can_come_again(
    shared: Calling, shared_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "POOL_TIMEOUT_SECONDS", 0.2)
    job = await shared.a_job(await a_caller(shared.engine), 4)
    call = await job.call(3)
    async with _narrow(shared_database_url) as narrow:
        async with narrow.engine.reading():
            asked = [narrow.claims.claim(job.given.id, job.id, job.contact_ids[which], 1) for which in range(3)]
            answers = await asyncio.gather(*asked, _through(narrow, call).rings(), return_exceptions=True)
        assert [type(each) for each in answers] == [NoConnection] * 4
        assert await job.live() == 1

        assert [type(each) for each in (await _claim_all(narrow, job))[:3]] == [Claimed] * 3
        assert await _through(narrow, call).rings() is Recorded.MOVED


async def test_a_group_that_is_chosen_in_a_deadlock_is_done_one_by_one(
    shared: Calling, shared_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for so long looks for a deadlock once, and is the one that gives up: the group, and not we."""
    monkeypatch.setitem(engines._SESSION, "deadlock_timeout", "5s")
    job = await shared.a_job(await a_caller(shared.engine), 2)
    calls = [await job.call(which) for which in range(2)]
    first, last = sorted([await call.id() for call in calls])
    async with _narrow(shared_database_url) as narrow:
        async with shared.engine.transaction() as connection:
            await connection.run("SET LOCAL deadlock_timeout = '1min'", {})
            await connection.run(LOCK_DIAL, {"id": last})
            ringing = asyncio.ensure_future(asyncio.gather(*(_through(narrow, call).rings() for call in calls)))
            async with shared.engine.reading() as other:
                await eventually(lambda: other.fetch_value(WAITING))
            await connection.run(LOCK_DIAL, {"id": first})  # which the group has, while it waits for the last
        assert await ringing == [Recorded.MOVED] * 2


@pytest.mark.parametrize("called_off", ["withdrawn", "hung up"])
async def test_calls_are_called_off_in_the_order_in_which_reports_lock_them(shared: Calling, called_off: str) -> None:
    """Otherwise the two wait for each other: whoever waits for the first dial has none of the others."""
    job = await shared.a_job(await a_caller(shared.engine), 12)
    ids = sorted([await (await job.call(which)).id() for which in range(12)])

    async def call_off() -> None:
        async with shared.engine.transaction() as connection:
            if called_off == "withdrawn":
                await withdraw_unrung_calls(connection, CallScope(organization_id=job.given.id))
            else:
                await hang_up_live_calls(connection, job.given.id, job.id)

    async with shared.engine.transaction() as connection, shared.engine.reading() as other:
        await connection.run(LOCK_DIAL, {"id": ids[0]})
        calling_off = asyncio.create_task(call_off())
        await eventually(lambda: other.fetch_value(WAITING))
        await other.run(LOCK_OTHERS, {"organization": job.given.id, "id": ids[0]})
    await calling_off

    reasons = {row.hang_up_reason for row in await shared.all(dials, dials.c.job_id == job.id)}
    assert reasons == {HangUpReason.WITHDRAWN if called_off == "withdrawn" else HangUpReason.CALLED_OFF}


async def test_a_claim_that_is_called_off_while_its_group_is_on_its_way_is_accounted_for(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=Decimal(100))
    job = await shared.a_job(given, 3)
    async with shared.engine.transaction() as connection, shared.engine.reading() as other:
        await connection.run(LOCK, {"id": given.id})
        claiming = [asyncio.create_task(job.claim(which)) for which in range(3)]
        await eventually(lambda: other.fetch_value(WAITING))
        claiming[1].cancel()
        await asyncio.sleep(0)
    answers = await asyncio.gather(*claiming, return_exceptions=True)

    assert [type(each) for each in answers] == [Claimed, asyncio.CancelledError, Claimed]
    assert await job.live() == 3  # who comes again for it finds its dial, and whether it was asked for
    assert (await job.audit()).exact
    assert await shared.dials.get(job.contact_ids[1], 1) is not None


async def _claim_all(calling: Calling, job: Job) -> list[Claimed | NotNow | BaseException]:
    asked = (calling.claims.claim(job.given.id, job.id, contact_id, 1) for contact_id in job.contact_ids)
    return list(await asyncio.gather(*asked, return_exceptions=True))


def _through(calling: Calling, call: Call) -> Call:
    """The same call, reported to another process."""
    return Call(calling, call.contact_id, call.number)


@asynccontextmanager
async def _narrow(database_url: str) -> AsyncIterator[Calling]:
    """A process with one connection."""
    database = create_engine(database_url, 1)
    yield Calling(database)
    await database.dispose()
