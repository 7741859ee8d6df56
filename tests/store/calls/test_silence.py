"""A carrier account whose events do not arrive: counted when its calls are asked for, cleared by one event."""

import logging

import pytest
import sqlalchemy as sa

from domain.calls.models import CallReport, CallState, HangUpReason
from domain.calls.silence import NEXT_STEP, SILENCE_BEFORE_PAUSE, SILENT_CALLS
from domain.statuses import JobStatus
from store.organizations.phone_numbers import TWILIO
from store.tables import carrier_accounts
from tests.store.calling import Call, Calling, Job, a_caller, ago


async def a_job(calling: Calling, **fields: object) -> Job:
    return await calling.a_job(await a_caller(calling.engine), SILENT_CALLS + 5, **fields)


async def is_asked_for(calling: Calling, call: Call) -> None:
    """As after a minute of silence: the carrier, asked, says that it is over."""
    await call.queues()
    await calling.dials.silence.note_silence(await call.id())
    await call.completes()


async def are_asked_for(calling: Calling, job: Job, count: int, first: int = 0) -> None:
    for which in range(first, first + count):
        await is_asked_for(calling, await job.call(which))


async def event_arrives(calling: Calling, call: Call, *, key: str | None) -> None:
    report = CallReport(call_id=call.call_id, state=CallState.RINGING)
    await calling.dials.silence.note_event(report, TWILIO, key)


async def test_calls_in_a_row_without_an_event_are_said(calling: Calling, caplog: pytest.LogCaptureFixture) -> None:
    job = await a_job(calling)
    silence = calling.dials.silence

    await are_asked_for(calling, job, SILENT_CALLS - 1)
    assert (await silence.count_accounts(), await silence.concerns(job.id)) == (0, False)
    assert caplog.records == []

    await are_asked_for(calling, job, 4, first=SILENT_CALLS - 1)
    assert (await silence.count_accounts(), await silence.concerns(job.id)) == (1, True)
    assert (await calling.account()).silent_calls == SILENT_CALLS
    [said] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert TWILIO in said.getMessage()
    assert "OUTDIAL_PUBLIC_URL" in said.getMessage()


@pytest.mark.parametrize("with_key", [True, False])
async def test_one_event_ends_the_silence(calling: Calling, *, with_key: bool) -> None:
    job = await a_job(calling)
    await are_asked_for(calling, job, SILENT_CALLS)
    heard = await job.call(SILENT_CALLS)
    await heard.queues()

    await event_arrives(calling, heard, key=heard.key if with_key else None)

    account = await calling.account()
    assert (account.silent_calls, account.silent_since) == (0, None)
    assert not await calling.dials.silence.concerns(job.id)


async def test_a_call_counts_once_however_often_it_is_asked_for(calling: Calling) -> None:
    job = await a_job(calling)
    call = await job.call()
    await call.queues()

    for _ in range(SILENT_CALLS):
        await calling.dials.silence.note_silence(await call.id())

    assert (await calling.account()).silent_calls == 1


@pytest.mark.parametrize("reason", [HangUpReason.WITHDRAWN, HangUpReason.CALLED_OFF])
async def test_calls_that_we_ended_are_not_silent(calling: Calling, reason: HangUpReason) -> None:
    job = await a_job(calling)
    call = await job.call()
    await call.queues()
    await call.change(hang_up_reason=reason)

    await calling.dials.silence.note_silence(await call.id())

    assert (await calling.account()).silent_calls == 0


async def test_an_account_whose_events_arrive_is_not_written(calling: Calling) -> None:
    job = await a_job(calling)
    version = sa.select(sa.literal_column("xmin::text")).select_from(carrier_accounts)

    async def read() -> str:
        async with calling.engine.connect() as connection:
            return str((await connection.execute(version)).scalar_one())

    before = await read()
    for which in range(3):
        call = await job.call(which)
        await call.queues()
        await event_arrives(calling, call, key=call.key)
        await calling.dials.silence.note_silence(await call.id())
        await call.completes()

    assert await read() == before


async def test_a_silence_that_lasts_pauses_the_job(calling: Calling) -> None:
    job = await a_job(calling, circuit_breaker=True)
    await are_asked_for(calling, job, SILENT_CALLS)
    assert (await job.row()).status == JobStatus.RUNNING  # as after a restart of the API

    await calling.change(carrier_accounts, silent_since=ago(seconds=SILENCE_BEFORE_PAUSE.total_seconds()))
    await are_asked_for(calling, job, 1, first=SILENT_CALLS)

    row = await job.row()
    assert row.status == JobStatus.PAUSED
    assert row.status_reason.endswith(f"no event of the last {SILENT_CALLS} calls arrived. {NEXT_STEP} Then resume.")


async def test_a_call_that_was_heard_pauses_nothing(calling: Calling) -> None:
    job = await a_job(calling, circuit_breaker=True)
    await are_asked_for(calling, job, SILENT_CALLS)
    await calling.change(carrier_accounts, silent_since=ago(seconds=2 * SILENCE_BEFORE_PAUSE.total_seconds()))

    heard = await job.call(SILENT_CALLS)
    await heard.queues()
    await event_arrives(calling, heard, key=heard.key)
    await heard.completes()

    assert (await job.row()).status == JobStatus.RUNNING
