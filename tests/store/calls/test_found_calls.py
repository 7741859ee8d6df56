"""Calls that a carrier knows and a restored database does not: written down as if they had been claimed."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calling_rules.frequency_caps import ContactFrequency
from domain.calls.dispatch import NotNowReason
from domain.calls.models import CallReport, CallState, Ending, PlacedCall
from domain.calls.recovery import FoundDial
from store.calls.found_calls import RIVAL, FoundCallsStore
from store.organizations.phone_numbers import TWILIO
from store.recovery import Recovery
from store.tables import batch_jobs, carrier_accounts, contacts, dials
from tests.builders import Given, a_contact, a_number
from tests.store.calling import Calling, Job

MINUTE = timedelta(minutes=1)
RATE = Decimal("0.0175")
CAP = ContactFrequency(calls_per_24_hours=1)


class Carrier:
    """What it lists of one organization's calls."""

    def __init__(self, calling: Calling, given: Given, now: datetime) -> None:
        self.calls: list[PlacedCall] = []
        self._calling = calling
        self._given = given
        self._now = now
        self.store = FoundCallsStore(calling.engine)

    def called(self, to: str, ending: Ending | None = Ending.COMPLETED, *, minutes_ago: float = 30, **more: Any) -> str:
        """One more call in its list; its id. `ending` None: it is live."""
        id = f"CA-{self._given.id}-{len(self.calls)}"
        state = CallState.ANSWERED if ending is None else CallState.ENDED
        seconds = 60 if ending is Ending.COMPLETED else None
        report = CallReport(call_id=id, state=state, ending=ending, duration_seconds=seconds, **more)
        at = self._now - MINUTE * minutes_ago
        self.calls.append(PlacedCall(to=to, from_=self._given.number.number, asked_at=at, report=report))
        return id

    async def tell(self) -> list[bool]:
        """Match and write all; whether each that is a contact's could be."""
        matching = await self.store.read_matching(TWILIO, self._now - 60 * MINUTE, self.calls)
        found = matching.sort(self.calls)
        for call in found.unowned:
            await self.store.add_unowned(TWILIO, call)
        return [await self.store.add(TWILIO, dial) for dial in found.dials]


@pytest.fixture
async def carrier(shared: Calling, given: Given) -> Carrier:
    return Carrier(shared, given, await shared.now())


async def a_job(calling: Calling, given: Given, count: int = 1, **fields: Any) -> Job:
    """A running job that was made two hours ago; its contacts' numbers are 0, 1, 2 …"""
    job = await calling.a_job(given, [a_contact(2 + n, a_number(n)) for n in range(count)], **fields)
    await job.change(created_at=(await calling.now()) - 120 * MINUTE)
    return job


async def test_a_call_that_was_answered_is_written_down_charged_and_not_repeated(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given)
    id = carrier.called(a_number(0))

    assert await carrier.tell() == [True]

    contact, dial = await job.contact(), await job.call_of().row()
    assert (contact.status, contact.attempts, contact.dials, contact.call_id) == ("completed", 1, 1, id)
    assert (dial.outcome, dial.call_seconds, dial.cost) == ("answered", 60, RATE)
    audit = await job.audit()
    assert audit.exact
    assert (await job.row()).spent == RATE
    assert await job.is_held() is NotNowReason.CONTACT


async def test_told_twice_it_is_written_down_once(shared: Calling, given: Given, carrier: Carrier) -> None:
    job = await a_job(shared, given)
    carrier.called(a_number(0), Ending.BUSY)
    carrier.called("+12025550177")

    await carrier.tell()
    before = await job.audit()
    assert await carrier.tell() == []

    assert await job.dials() == 1
    assert await job.audit() == before


async def test_a_written_dial_whose_report_was_lost_is_reported_the_next_time(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given)
    carrier.called(a_number(0), Ending.BUSY)
    matching = await carrier.store.read_matching(TWILIO, carrier.calls[0].asked_at, carrier.calls)
    [found] = matching.sort(carrier.calls).dials
    await carrier.store._claim(TWILIO, found)
    assert (await job.contact()).status == "dialing"

    await carrier.tell()

    assert (await job.contact()).status == "queued"
    assert await job.dials() == 1


async def test_a_busy_call_is_an_attempt_and_the_next_is_the_second(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given)
    carrier.called(a_number(0), Ending.BUSY, minutes_ago=30)
    carrier.called(a_number(0), Ending.NO_ANSWER, minutes_ago=20)

    assert await carrier.tell() == [True, True]

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.dials) == ("queued", 2, 2)


async def test_a_live_call_holds_its_line_and_its_credits_until_it_ends(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given)
    id = carrier.called(a_number(0), None, minutes_ago=1)

    assert await carrier.tell() == [True]

    call = job.call_of()
    assert (await call.row()).state == "answered"
    assert await job.live() == 1
    assert (await job.audit()).exact
    await shared.report(CallState.ENDED, call_id=id, ending=Ending.COMPLETED, duration_seconds=90)
    assert (await job.contact()).status == "completed"
    assert (await job.audit()).exact


async def test_while_an_earlier_call_is_live_the_next_one_cannot_be_written_yet(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given)
    first = await job.call()
    await first.rings()
    id = carrier.called(a_number(0), Ending.BUSY, minutes_ago=1)

    assert await carrier.tell() == [False]
    assert await carrier.store.is_on_the_phone(first.contact_id)
    await first.is_busy()
    assert await carrier.tell() == [True]

    assert (await job.call_of(dial=2).row()).call_id == id


async def test_contacts_of_whom_one_was_called_are_called_no_more_and_the_call_is_charged_once(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    one, two = await a_job(shared, given), await a_job(shared, given)
    carrier.called(a_number(0), Ending.BUSY)

    assert await carrier.tell() == [True]

    found = [await one.contact(), await two.contact()]
    assert [contact.status for contact in found] == ["busy", "failed"]
    assert found[1].failure_reason == RIVAL
    for job in (one, two):
        assert await job.is_held(dial=1) is NotNowReason.CONTACT
        assert await job.is_held(dial=2) is NotNowReason.CONTACT
    assert await one.dials() + await two.dials() == 1


async def test_a_call_of_no_known_job_is_charged_and_counts_for_the_caps(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    id = carrier.called(a_number(7))
    before = (await shared.ledger.audit(given.id)).balance

    await carrier.tell()

    after = await shared.ledger.audit(given.id)
    assert after.exact
    assert before - after.balance == RATE
    [dial] = await shared.all(dials, dials.c.call_id == id)
    assert (dial.outcome, dial.cost, dial.to_number) == ("answered", RATE, a_number(7))
    again = await shared.a_job(given, [a_contact(2, a_number(7))], contact_frequency=CAP)
    assert await again.is_held() is NotNowReason.FREQUENCY


async def test_a_call_whose_record_does_not_say_how_it_ended_is_not_repeated(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given)
    carrier.called(a_number(0), None)
    uncertain = carrier.calls[0].report.model_copy(update={"state": CallState.ENDED})
    carrier.calls = [carrier.calls[0].model_copy(update={"report": uncertain})]

    assert await carrier.tell() == [True]

    assert (await job.call_of().row()).outcome == "unknown"
    assert (await job.contact()).status == "failed"


async def test_of_a_failed_call_without_a_code_nobody_knows_whether_a_person_declined(
    shared: Calling, given: Given, carrier: Carrier
) -> None:
    job = await a_job(shared, given, 2)
    carrier.called(a_number(0), Ending.FAILED)
    carrier.called(a_number(1), Ending.FAILED, sip_code=503)

    assert await carrier.tell() == [True, True]

    assert [(await job.contact(which)).status for which in (0, 1)] == ["carrier_error", "queued"]
    assert (await job.audit()).exact


async def test_a_key_with_a_gap_keeps_its_number_of_dial(shared: Calling, given: Given, carrier: Carrier) -> None:
    job = await a_job(shared, given)
    carrier.called(a_number(0), Ending.BUSY)
    found = FoundDial(call=carrier.calls[0], contact_id=job.contact_ids[0], dial=3, is_new=True)

    assert await carrier.store.add(TWILIO, found)

    assert (await job.contact()).dials == 3
    assert await job.is_held(dial=3) is NotNowReason.CONTACT


async def test_a_marked_database_grants_no_claim_until_the_account_is_reconciled(calling: Calling) -> None:
    job, _ = await calling.a_call(2)
    recovery, since = Recovery(calling.engine), (await calling.now()) - 60 * MINUTE

    await recovery.mark(since)

    held = await job.claim(1)
    assert held.reason is NotNowReason.ACCOUNT
    assert "restored" in (held.detail or "")
    [gap] = await recovery.list_gaps()
    assert (gap.account, gap.since, gap.numbers) == (TWILIO, since, [job.given.number.number])
    await recovery.lift(gap)
    await job.call(1)


async def test_marked_again_the_earlier_moment_counts(calling: Calling) -> None:
    await calling.a_call()
    recovery, now = Recovery(calling.engine), await calling.now()

    await recovery.mark(now - 60 * MINUTE)
    [gap] = await recovery.list_gaps()
    await recovery.mark(now - 90 * MINUTE)
    await recovery.mark(now - 30 * MINUTE)

    [later] = await recovery.list_gaps()
    assert later.since == now - 90 * MINUTE
    await recovery.lift(gap)
    assert await calling.count(carrier_accounts, carrier_accounts.c.unreconciled_since.is_not(None)) == 1


async def test_jobs_of_an_account_that_cannot_tell_are_paused_with_the_reason(calling: Calling) -> None:
    running, _ = await calling.a_call()
    waiting = await calling.a_waiting_job(running.given)
    await running.change(status="running")

    assert await Recovery(calling.engine).pause_jobs(TWILIO, "Look who was called.") == 2

    for job in (running, waiting):
        row = await calling.one(batch_jobs, batch_jobs.c.id == job.id)
        assert (row.status, row.dialling, row.status_reason) == ("paused", False, "Look who was called.")
    assert await calling.count(contacts, contacts.c.status == "pending") > 0
