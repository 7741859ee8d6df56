"""Jobs that run while their carrier is away, or refuses somebody else: nobody is given up, others go on."""

import pytest

from carriers import CallerRefused, CarrierBusy, CarrierError, CarrierUnreachable, NotPlaced, TooLate
from domain.calls.models import Ending
from domain.statuses import ContactStatus, JobStatus
from store.db.engine import Database
from tests.builders import Given, a_job, an_organization, contacts
from tests.fakes.carrier import ANSWERS, CARRIER_ERROR, Script
from tests.store.calling import UNPACED
from tests.waiting import eventually
from tests.workflows.running import Running

OUTAGE_REQUESTS = 12  # each of a dial: more than three for some contact
FORBIDDEN = Script(rings=False, ending=Ending.FAILED, sip_code=403)


@pytest.mark.parametrize(
    "error", [NotPlaced("Not taken."), CarrierUnreachable("Away."), CarrierBusy("Full."), TooLate("Held back.")]
)
async def test_an_outage_gives_nobody_up(running: Running, engine: Database, error: CarrierError) -> None:
    given = await an_organization(engine, calls_per_second=UNPACED)
    running.carrier.usually(Script(refusal=error))
    job = await running.start(given, await a_job(engine, given, contacts(4), circuit_breaker=True))

    async def has_lasted() -> bool:
        await _gates_wait_no_longer(running)
        return len(running.carrier.asked) >= OUTAGE_REQUESTS

    await eventually(has_lasted, 30)
    assert {contact["status"] for contact in await job.contacts()} <= {"pending", "queued", "dialing"}
    running.carrier.usually(ANSWERS)

    async def has_ended() -> bool:
        await _gates_wait_no_longer(running)
        return (await job.status()).ended

    await eventually(has_ended, 30)
    assert [contact["status"] for contact in await job.contacts()] == [ContactStatus.COMPLETED] * 4
    assert {contact["attempts"] for contact in await job.contacts()} == {1}


@pytest.mark.parametrize("count", [1, 5, 30])
@pytest.mark.parametrize("sip_code", [500, 502, 503, 504])
async def test_an_outage_that_the_carrier_tells_by_sip_codes_gives_nobody_up(
    running: Running, engine: Database, sip_code: int, count: int
) -> None:
    """Of half an hour, in which each contact is called four times."""
    given = await an_organization(engine, calls_per_second=UNPACED)
    for number in contacts(count):
        running.carrier.script(number.number, *[CARRIER_ERROR.but(sip_code=sip_code)] * 4, ANSWERS)
    job = await running.start(given, await a_job(engine, given, contacts(count), circuit_breaker=True))

    async def has_ended_or_waits_for_a_person() -> bool:
        status = await job.status()
        return status.ended or status is JobStatus.PAUSED

    await eventually(has_ended_or_waits_for_a_person, 30)
    if count == 30:
        assert {contact["status"] for contact in await job.contacts()} <= {"pending", "queued", "dialing"}
        return
    assert {(contact["status"], contact["attempts"], contact["dials"]) for contact in await job.contacts()} == {
        (ContactStatus.COMPLETED, 1, 5)
    }


async def test_one_far_end_that_refuses_holds_nobody_else(running: Running, engine: Database) -> None:
    given = await _organization(engine)
    refusing, *others = contacts(5)
    running.carrier.script(refusing.number, FORBIDDEN)
    job = await running.start(given, await a_job(engine, given, [refusing, *others], circuit_breaker=True))

    assert await job.result() is JobStatus.COMPLETED
    statuses = {contact["row"]: (contact["status"], contact["dials"]) for contact in await job.contacts()}
    first, *rest = [statuses[row] for row in sorted(statuses)]
    assert first == (ContactStatus.CARRIER_ERROR, 3)
    assert rest == [(ContactStatus.COMPLETED, 1)] * 4


async def test_refusals_of_one_organization_do_not_touch_anothers_calls(running: Running, engine: Database) -> None:
    honest, caller, far_ends = [await _organization(engine) for _ in range(3)]
    for number in contacts(12, start=1000):
        running.carrier.script(number.number, Script(refusal=CallerRefused("Not this caller id.")))
    for number in contacts(12, start=2000):
        running.carrier.script(number.number, FORBIDDEN)
    hostile = [
        await running.start_in_real_time(caller, await a_job(engine, caller, contacts(12, start=1000))),
        await running.start_in_real_time(far_ends, await a_job(engine, far_ends, contacts(12, start=2000))),
    ]
    for job in hostile:
        await job.until(JobStatus.PAUSED)
    job = await running.start_in_real_time(honest, await a_job(engine, honest, contacts(12), circuit_breaker=True))

    async def has_ended() -> bool:
        return (await job.status()).ended

    await eventually(has_ended, 30)
    assert {contact["dials"] for contact in await job.contacts()} == {1}
    closed = "SELECT organization_id FROM phone_numbers WHERE closed_until IS NOT NULL"
    assert {row["organization_id"] for row in await running.rows(closed)} == {caller.id, far_ends.id}
    assert await running.rows("SELECT id FROM carrier_accounts WHERE closed_until IS NOT NULL") == []
    (row,) = await running.rows("SELECT status_reason FROM batch_jobs WHERE id = :job", job=hostile[0].id)
    assert "Calls from this number were refused" in row["status_reason"]


async def test_a_conversation_that_opened_the_gate_holds_nobody(running: Running, engine: Database) -> None:
    given, other = await _organization(engine), await _organization(engine)
    await running.change(
        "UPDATE carrier_accounts SET closed_until = clock_timestamp(), closed_reason = 'Away.', opens_on = 'queued'"
    )
    running.carrier.usually(Script(answered=True))  # talks on
    talking = await running.start_in_real_time(given, await a_job(engine, given, contacts(1)))

    async def talks() -> bool:
        return len(running.carrier.live) == 1

    await eventually(talks)
    running.carrier.usually(ANSWERS)
    job = await running.start_in_real_time(other, await a_job(engine, other, contacts(3, start=50)))

    assert await job.result() is JobStatus.COMPLETED
    assert await talks()
    await running.end_all_calls(talking)


async def _gates_wait_no_longer(running: Running) -> None:
    """Workflows skip time, the database does not."""
    for table in ("carrier_accounts", "phone_numbers"):
        await running.change(f"UPDATE {table} SET closed_until = now() WHERE closed_until > now()")


async def _organization(engine: Database) -> Given:
    return await an_organization(engine, calls_per_second=UNPACED)
