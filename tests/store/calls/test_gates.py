"""Whose calls a refusal holds: one number's, unless it speaks of the account that organizations share."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.gates import GateScope
from domain.calls.models import Ending, Outcome
from store.calls.gates import Gates
from store.errors import NotFound
from store.organizations.phone_numbers import TWILIO
from store.tables import carrier_accounts, phone_numbers
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller, ago

REFUSED = "Calls from this number were refused: its caller id, its agent's address or its rights."


async def test_a_refused_caller_id_holds_its_number_and_nobody_elses(calling: Calling) -> None:
    hostile, honest = await _jobs(calling, 2)

    await (await hostile.call()).is_not_placed(Outcome.CALLER_REJECTED)

    held = await hostile.claim(1)
    assert isinstance(held, NotNow)
    assert (held.reason, held.detail) == (NotNowReason.NUMBER, REFUSED)
    number = await calling.number(hostile.given)
    assert (held.until, number.closed_reason) == (number.closed_until, REFUSED)
    assert (await calling.account()).closed_until is None
    await honest.call()


@pytest.mark.parametrize("sip", [401, 402, 403, 407, 488])
async def test_many_far_ends_in_a_row_that_refuse_hold_the_number_that_called_them(calling: Calling, sip: int) -> None:
    hostile, honest = await _jobs(calling, 2)

    await _is_refused_everywhere(hostile, sip)

    assert await hostile.is_held(5) is NotNowReason.NUMBER
    assert [(await hostile.call_of(which).row()).outcome for which in (3, 4)] == [
        Outcome.DESTINATION_REJECTED,
        Outcome.CALLER_REJECTED,
    ]
    await honest.call()


async def test_one_far_end_that_refuses_holds_nobody_however_often_and_its_contact_ends(calling: Calling) -> None:
    given = await a_caller(calling.engine)
    job = await calling.a_job(given, 8, circuit_breaker=True)
    for dial in range(1, 4):
        await (await job.call(0, dial)).ends(Ending.FAILED, sip=403)
        await job.call(dial)
    again = await calling.a_job(given, some_contacts(1))
    for dial in range(1, 4):
        await (await again.call(0, dial)).ends(Ending.FAILED, sip=403)

    assert (await calling.number(given)).closed_until is None
    assert (await job.row()).status == "running"
    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.dials, contact.error_code) == ("carrier_error", 0, 3, "403")


async def test_far_ends_that_refuse_while_others_ring_hold_nobody(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 12)
    for which in range(12):
        if which % 4 == 3:
            await (await job.call(which)).rings()
        else:
            await (await job.call(which)).ends(Ending.FAILED, sip=403)

    assert (await calling.number(job.given)).closed_until is None


async def test_refusals_of_a_wave_wait_for_the_calls_that_may_ring_yet(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 14)
    wave = [await job.call(which) for which in range(14)]

    for call in wave[:7]:
        await call.ends(Ending.FAILED, sip=403)
    assert (await calling.number(job.given)).closed_until is None
    await wave[7].ends(Ending.FAILED, sip=403)

    assert (await calling.number(job.given)).closed_until is not None


async def test_refusals_of_long_ago_are_no_row(calling: Calling) -> None:
    job = await calling.a_job(await a_caller(calling.engine), 8)
    for which in range(4):
        call = await job.call(which)
        await call.ends(Ending.FAILED, sip=403)
        await call.change(asked_at=ago(minutes=11))

    await (await job.call(4)).ends(Ending.FAILED, sip=403)

    await job.call(5)


async def test_after_a_row_of_refusals_a_far_end_that_refuses_lets_another_go_first(calling: Calling) -> None:
    """Whoever resumes a job must not find it stopped again by the first contact that would refuse any call."""
    (job,) = await _jobs(calling, 1)
    await _is_refused_everywhere(job)
    await calling.open_the_gates_by_time()

    await (await job.call(5)).ends(Ending.FAILED, sip=403)
    probe = await job.call(6)
    assert await job.is_held(7) is NotNowReason.NUMBER
    await probe.rings()

    await job.call(7)
    assert (await calling.number(job.given)).closed_until is None


async def test_calls_that_were_on_their_way_when_the_number_was_closed_wait_with_the_others(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    late = await job.call(7)
    await _is_refused_everywhere(job)

    await late.ends(Ending.FAILED, sip=403)

    assert ((await late.row()).outcome, (await late.contact()).status) == (Outcome.CALLER_REJECTED, "queued")


async def test_another_number_of_the_organization_goes_on(calling: Calling) -> None:
    given = await a_caller(calling.engine)
    other = await calling.another_number(given)
    refused, well = await calling.a_job(given, 2), await calling.a_job(other, some_contacts(2, start=50))

    await (await refused.call()).is_not_placed(Outcome.CALLER_REJECTED)

    assert await refused.is_held(1) is NotNowReason.NUMBER
    await well.call()


async def test_a_number_that_was_refused_at_the_request_opens_with_the_next_call_that_is_taken(
    calling: Calling,
) -> None:
    (job,) = await _jobs(calling, 1)
    await (await job.call()).is_not_placed(Outcome.CALLER_REJECTED)
    await calling.open_the_gates_by_time()

    probe = await job.call(1)
    assert await job.is_held(2) is NotNowReason.NUMBER
    await probe.queues()

    await job.call(2)
    assert (await calling.number(job.given)).closed_until is None


async def test_a_number_whose_calls_were_taken_and_then_refused_opens_when_one_rings(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    await _is_refused_everywhere(job)
    await calling.open_the_gates_by_time()

    probe = await job.call(5)
    await probe.queues()
    assert await job.is_held(6) is NotNowReason.NUMBER
    await probe.rings()

    await job.call(6)


async def test_refusals_of_several_organizations_are_the_accounts(calling: Calling) -> None:
    *refused, bystander = await _jobs(calling, 4)
    for job in refused[:2]:
        await _is_refused_everywhere(job)
    await bystander.call()

    await _is_refused_everywhere(refused[2])

    assert await bystander.is_held(1) is NotNowReason.ACCOUNT
    assert (await calling.account()).closed_reason == REFUSED


async def test_one_organization_is_one_however_many_numbers_it_has(calling: Calling) -> None:
    given = await a_caller(calling.engine)
    numbers = [given, *[await calling.another_number(given) for _ in range(3)]]
    (bystander,) = await _jobs(calling, 1)
    for index, number in enumerate(numbers):
        await _is_refused_everywhere(await calling.a_job(number, some_contacts(5, start=500 + 5 * index)))

    await bystander.call()


async def test_an_account_on_which_somebodys_calls_ring_is_not_refused(calling: Calling) -> None:
    *refused, honest = await _jobs(calling, 6)
    await (await honest.call()).rings()

    for job in refused:
        await _is_refused_everywhere(job)

    assert (await calling.account()).closed_until is None
    await honest.call(1)


@pytest.mark.parametrize("outcome", [Outcome.ACCOUNT_REJECTED, Outcome.NOT_SET_UP, Outcome.UNREACHABLE])
async def test_what_speaks_of_the_account_holds_everybody(calling: Calling, outcome: Outcome) -> None:
    one, other = await _jobs(calling, 2)

    await (await one.call()).is_not_placed(outcome)

    assert await other.is_held() is NotNowReason.ACCOUNT


async def test_an_outage_is_probed_soon_then_less_often_and_a_wave_counts_once(calling: Calling) -> None:
    one, other = await _jobs(calling, 2)
    wave = [await one.call(which) for which in range(3)]
    for call in wave:
        await call.is_not_placed(Outcome.UNREACHABLE)
    waits = [await _seconds_closed(calling)]

    for dial in range(5):
        await calling.open_the_gates_by_time()
        await (await other.call(dial)).is_not_placed(Outcome.UNREACHABLE)
        waits.append(await _seconds_closed(calling))

    assert waits == pytest.approx([5, 10, 20, 40, 80, 80], abs=2)


async def test_a_carrier_that_is_back_is_probed_soon_at_its_next_outage(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    for which in range(3):
        await (await job.call(which)).is_not_placed(Outcome.UNREACHABLE)
        await calling.open_the_gates_by_time()
    await (await job.call(3)).queues()

    await (await job.call(4)).is_not_placed(Outcome.UNREACHABLE)

    assert await _seconds_closed(calling) == pytest.approx(5, abs=2)


async def test_an_outage_ends_no_contact_and_charges_none(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    for dial in range(1, 11):
        await (await job.call(0, dial)).is_not_placed(Outcome.UNREACHABLE if dial % 2 else Outcome.NOT_PLACED)
        await calling.open_the_gates_by_time()

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.troubles, contact.dials) == ("queued", 0, 0, 10)


async def test_a_request_that_is_not_taken_while_others_ring_is_its_contacts_own(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    for dial in range(1, 6):
        await (await job.call(dial)).rings()
        await (await job.call(0, dial)).is_not_placed(Outcome.NOT_PLACED)
        assert (await calling.number(job.given)).closed_until is None

    assert (await job.contact()).status == "carrier_error"


async def test_a_limit_of_the_carrier_is_no_contacts_fault_and_holds_as_long_as_it_asks(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    await (await job.call(1)).rings()

    await (await job.call()).is_not_placed(Outcome.NOT_PLACED, timedelta(seconds=60))

    assert (await job.contact()).troubles == 0
    held = await job.claim(2)
    assert isinstance(held, NotNow)
    assert held.until is not None
    assert (held.until - await calling.now()).total_seconds() == pytest.approx(60, abs=2)


async def test_a_request_without_an_answer_holds_the_numbers_next_ones(calling: Calling) -> None:
    job, other = await _jobs(calling, 2)
    call = await job.call()

    await calling.dials.note_no_answer(await call.id())

    assert await job.is_held(1) is NotNowReason.NUMBER
    assert (await call.row()).ended_at is None
    await other.call()


async def test_our_own_lateness_closes_nothing(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)

    await (await job.call()).is_not_placed(Outcome.HELD_BACK)

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.troubles) == ("queued", 0, 0)
    await job.call(1)


async def test_that_a_number_rings_is_written_now_and_then_only(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    await (await job.call()).rings()
    first = (await calling.number(job.given)).reached_at
    await (await job.call(1)).rings()
    assert (await calling.number(job.given)).reached_at == first

    await calling.change(phone_numbers, sa.true(), reached_at=ago(seconds=11))
    await (await job.call(2)).rings()

    assert (await calling.number(job.given)).reached_at > first


async def _jobs(calling: Calling, count: int) -> list[Job]:
    """Jobs of as many organizations, on one account."""
    return [
        await calling.a_job(await a_caller(calling.engine), some_contacts(8, start=100 * index))
        for index in range(count)
    ]


async def _is_refused_everywhere(job: Job, sip: int = 403) -> None:
    """Its first five contacts' far ends refuse, one after another."""
    for which in range(5):
        await (await job.call(which)).ends(Ending.FAILED, sip=sip)


async def _seconds_closed(calling: Calling) -> float:
    until = (await calling.account()).closed_until
    return float((until - await calling.now()).total_seconds())


async def test_a_stop_holds_jobs_that_are_created_or_resumed_afterwards(calling: Calling) -> None:
    given, other = await a_caller(calling.engine), await a_caller(calling.engine)
    before, theirs = await calling.a_job(given, 2), await calling.a_job(other, some_contacts(2, start=50))
    await calling.lifecycle.stop(given.id, hang_up=False, by="key_0")

    after = await calling.a_job(given, some_contacts(2, start=100))
    await calling.lifecycle.resume(given.id, before.id, by="key_0")

    assert [await job.is_held() for job in (before, after)] == [NotNowReason.STOPPED] * 2
    await theirs.call()
    await calling.lifecycle.resume_all(given.id, by="key_0")
    await before.call()
    await after.call()


async def test_a_job_that_somebody_paused_after_the_stop_stays_paused(calling: Calling) -> None:
    given = await a_caller(calling.engine)
    both, stopped_only = [await calling.a_job(given, some_contacts(1, start=n)) for n in range(2)]
    await calling.lifecycle.stop(given.id, hang_up=False, by="key_0")
    await both.pause()

    assert await calling.lifecycle.resume_all(given.id, by="key_0") == (stopped_only.id,)

    row = await both.row()
    assert (row.status, row.status_reason) == ("paused", None)


async def test_a_number_or_an_account_that_a_person_closed_is_closed_until_a_person_opens_it(calling: Calling) -> None:
    one, other = await _jobs(calling, 2)
    gates = Gates(calling.engine)

    await gates.close(GateScope.NUMBER, one.given.number.id)
    assert await one.is_held() is NotNowReason.NUMBER
    await calling.lifecycle.pause(one.given.id, one.id)
    await calling.lifecycle.resume(one.given.id, one.id)
    assert await one.is_held() is NotNowReason.NUMBER
    await other.call()

    await gates.close(GateScope.ACCOUNT, TWILIO)
    assert await other.is_held(1) is NotNowReason.ACCOUNT
    assert await gates.count_on_their_way(GateScope.ACCOUNT, TWILIO) == 1

    await gates.open(GateScope.ACCOUNT, TWILIO)
    await gates.open(GateScope.NUMBER, one.given.number.id)
    await one.call()
    with pytest.raises(NotFound):
        await gates.close(GateScope.ACCOUNT, "pigeon")


async def test_a_person_who_mended_it_waits_for_no_gate(calling: Calling) -> None:
    one, other = await _jobs(calling, 2)
    await (await one.call()).is_not_placed(Outcome.ACCOUNT_REJECTED)
    await one.pause()
    await calling.lifecycle.resume(one.given.id, one.id)
    assert await one.is_held(1) is NotNowReason.ACCOUNT  # it was refused a moment ago: not so often

    await calling.change(carrier_accounts, sa.true(), closed_at=ago(seconds=11))
    await one.pause()
    await calling.lifecycle.resume(one.given.id, one.id)

    await (await one.call(1)).queues()
    await other.call()


async def test_an_operator_opens_an_account_that_was_refused(calling: Calling) -> None:
    (job,) = await _jobs(calling, 1)
    await (await job.call()).is_not_placed(Outcome.NOT_SET_UP)

    await Gates(calling.engine).open(GateScope.ACCOUNT, TWILIO)

    await job.call(1)
    await job.call(2)
