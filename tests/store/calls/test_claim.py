"""The claim: whatever must hold at the moment of dialing, also when many claim at once."""

import asyncio
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import update

from domain.calls.dispatch import NotNow, NotNowReason
from domain.calls.models import Audio
from domain.statuses import Architecture, ContactStatus
from store.calls.claim import Claimed
from store.calls.dial_rows import DialRow
from store.organizations.organizations import Organizations
from store.organizations.phone_numbers import TWILIO, PhoneNumbers
from store.tables import contacts, dials, organizations, phone_numbers
from tests.builders import AUDIO_URL, Given, a_contact, a_number
from tests.builders import contacts as some_contacts
from tests.store.calling import Calling, Job, a_caller

TWO_MINUTES = Decimal("0.035")  # at the rate of a pipeline


async def test_a_claim_returns_all_that_a_call_needs(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    job = await shared.a_job(given, [a_contact(2, a_number(5), city="Zoë")], ring_seconds=30, max_call_seconds=600)

    claimed = await job.claim()

    assert isinstance(claimed, Claimed)
    read = await shared.dials.get(job.contact_ids[0], 1)
    assert read is not None
    as_read = read.model_dump(include=set(DialRow.model_fields))
    assert claimed.model_dump(include=set(as_read)) | {"age_seconds": read.age_seconds} == as_read
    assert (claimed.account, claimed.to, claimed.from_) == ("twilio", a_number(5), given.number.number)
    assert (claimed.audio, claimed.audio_url) == (Audio.WEBSOCKET, AUDIO_URL)
    assert claimed.data == {"phone": a_number(5), "name": "Person 2", "city": "Zoë"}
    assert (claimed.ring_seconds, claimed.max_call_seconds) == (30, 600)


async def test_a_claim_writes_the_dial_before_anybody_is_asked(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine))

    call = await job.call(1)

    row, contact = await call.row(), await call.contact()
    assert (row.number_of_dial, row.state, row.call_id, row.ended_at) == (1, "asked", None, None)
    assert (contact.status, contact.dials, contact.attempts) == ("dialing", 1, 0)
    assert contact.last_attempt_at is not None


async def test_who_is_on_the_phone_is_not_dialed_again(shared: Calling) -> None:
    job, _ = await shared.a_call()

    assert [await job.is_held(dial=dial) for dial in (1, 2)] == [NotNowReason.CONTACT] * 2
    assert await job.dials() == 1


async def test_of_many_claims_of_one_dial_one_passes(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine))

    claims = await asyncio.gather(*(job.claim() for _ in range(12)))

    assert [type(claim) for claim in claims].count(Claimed) == 1
    assert {claim.reason for claim in claims if isinstance(claim, NotNow)} == {NotNowReason.CONTACT}
    assert await job.dials() == 1


@pytest.mark.parametrize("status", [status for status in ContactStatus if status.final])
async def test_a_final_contact_is_not_dialed(shared: Calling, status: ContactStatus) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    await shared.change(contacts, contacts.c.job_id == job.id, status=status.value)

    assert await job.is_held() is NotNowReason.CONTACT
    assert await job.dials() == 0


@pytest.mark.parametrize("dial", [0, 1, 3])
async def test_dials_are_made_in_turn(shared: Calling, dial: int) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 1)
    await (await job.call()).is_busy()

    assert await job.is_held(dial=dial) is NotNowReason.CONTACT
    await job.call(dial=2)


async def test_behind_a_closed_gate_nothing_changes(shared: Calling) -> None:
    job = await shared.a_waiting_job(await a_caller(shared.engine))
    before = (await job.row(), await job.contact(), await job.audit())

    assert await job.is_held() is NotNowReason.GATE
    assert (await job.row(), await job.contact(), await job.audit()) == before
    assert await job.dials() == 0


async def test_what_belongs_to_somebody_else_is_not_dialed(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine))
    other = await shared.a_job(await a_caller(shared.engine))

    claims = [
        await shared.claims.claim(other.given.id, job.id, job.contact_ids[0], 1),
        await shared.claims.claim(job.given.id, other.id, job.contact_ids[0], 1),
        await shared.claims.claim("org_none", job.id, job.contact_ids[0], 1),
    ]

    assert claims == [NotNow(reason=NotNowReason.CONTACT)] * 3
    assert await job.dials() == 0


# --- lines


async def test_the_limits_hold_under_parallel_claims(shared: Calling) -> None:
    given = await a_caller(shared.engine, limit=7)
    limits = (2, 4, 50)
    jobs = [
        await shared.a_job(given, some_contacts(20, start=100 * i), concurrent_call_limit=limit)
        for i, limit in enumerate(limits)
    ]

    await asyncio.gather(*(_called_once(job, which) for job in jobs for which in range(20)))

    spans = {job.id: await _spans(shared, job) for job in jobs}
    together = [span for spans_of_job in spans.values() for span in spans_of_job]
    assert len(together) == 60
    assert _most_live(together) == 7
    assert _most_live(spans[jobs[0].id]) == 2
    assert _most_live(spans[jobs[1].id]) <= 4


async def test_a_jobs_own_limit_leaves_lines_to_others(shared: Calling) -> None:
    given = await a_caller(shared.engine, limit=5)
    narrow = await shared.a_job(given, 3, concurrent_call_limit=2)
    other = await shared.a_job(given, some_contacts(3, start=10))
    await narrow.call(0)
    await narrow.call(1)

    assert await narrow.is_held(2) is NotNowReason.LINE
    await other.call(0)


async def test_a_lowered_limit_ends_no_call_and_lets_none_start(shared: Calling) -> None:
    given = await a_caller(shared.engine, limit=3)
    job = await shared.a_job(given, 4)
    calls = [await job.call(which) for which in range(3)]

    await Organizations(shared.engine).set_concurrent_call_limit(given.id, 1)

    assert await job.live() == 3
    for call in calls:
        assert await job.is_held(3) is NotNowReason.LINE
        await call.completes()
    await job.call(3)


# --- the pair of numbers


async def test_a_number_that_is_being_called_from_this_caller_id_waits(shared: Calling) -> None:
    given = await a_caller(shared.engine)
    first, second = [await shared.a_job(given, 1) for _ in range(2)]
    call = await first.call()
    due_at = (await second.contact()).due_at

    held = await second.claim()

    assert isinstance(held, NotNow)
    assert held.reason is NotNowReason.PAIR
    assert held.until is not None
    assert held.until == (await second.contact()).due_at > due_at
    assert held.seconds == pytest.approx(30)
    assert (await second.contact()).status == ContactStatus.PENDING
    await call.completes()
    await second.call()


async def test_whom_another_organization_calls_is_neither_seen_nor_held_up(shared: Calling) -> None:
    """An account of one's own takes any caller id for its own, also another organization's."""
    victim, nosy = await a_caller(shared.engine), await a_caller(shared.engine)
    await PhoneNumbers(shared.engine).change_carrier_settings(nosy.id, nosy.number.id, TWILIO, "sealed")
    async with shared.engine.begin() as connection:
        same = update(phone_numbers).where(phone_numbers.c.id == nosy.number.id).values(number=victim.number.number)
        await connection.execute(same)
    number = await PhoneNumbers(shared.engine).find(nosy.id, nosy.number.id)
    assert number is not None
    await (await shared.a_job(victim, 1)).call()

    seen = await (await shared.a_job(nosy.model_copy(update={"number": number}), 1)).claim()

    assert isinstance(seen, Claimed)


# --- credits


async def test_a_call_reserves_from_its_jobs_hold_first(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine), 3)

    call = await job.call()

    row, audit = await call.row(), await job.audit()
    assert (row.reserved_from_hold, row.reserved_from_free) == (TWO_MINUTES, 0)
    assert (await job.row()).hold == 2 * TWO_MINUTES
    assert audit.held == 3 * TWO_MINUTES
    assert audit.exact


async def test_what_the_hold_lacks_comes_from_the_free_credits(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=Decimal("0.09"))
    job = await shared.a_job(given, 2)
    await (await job.call(0)).completes(seconds=172)  # 0.050167 dollars: 0.019833 of the hold are left

    row, audit = await (await job.call(1)).row(), await job.audit()

    assert (row.reserved_from_hold, row.reserved_from_free) == (Decimal("0.019833"), Decimal("0.015167"))
    assert audit.balance == Decimal("0.039833")
    assert audit.held == TWO_MINUTES
    assert audit.exact


async def test_without_credits_a_call_waits_for_a_top_up_that_covers_it(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=2 * TWO_MINUTES)
    job = await shared.a_job(given, 2)
    await (await job.call(0)).completes(seconds=930)

    held = await job.claim(1)

    assert isinstance(held, NotNow)
    assert (held.reason, held.seconds) == (NotNowReason.CREDITS, 30)
    assert (await job.contact(1)).status == ContactStatus.PENDING
    await shared.ledger.top_up(given.id, Decimal("0.20125") + TWO_MINUTES - Decimal("0.000001"))  # it was below zero
    assert await job.is_held(1) is NotNowReason.CREDITS
    await shared.ledger.top_up(given.id, Decimal("0.000001"))
    await job.call(1)
    assert (await job.audit()).exact


async def test_parallel_claims_never_reserve_the_same_credits(shared: Calling) -> None:
    given = await a_caller(shared.engine, credits=20 * TWO_MINUTES)
    job = await shared.a_job(given, 20)
    await job.change(hold=0)  # used up by longer calls, and free credits for 13 calls more
    await shared.change(organizations, organizations.c.id == given.id, balance=13 * TWO_MINUTES, held=0)

    claims = await asyncio.gather(*(job.claim(which) for which in range(20)))

    assert [type(claim) for claim in claims].count(Claimed) == 13
    assert {claim.reason for claim in claims if isinstance(claim, NotNow)} == {NotNowReason.CREDITS}
    audit = await job.audit()
    assert audit.held == audit.reserved_by_dials == audit.balance


async def test_a_realtime_call_reserves_at_its_own_rate_and_an_unlimited_one_nothing(shared: Calling) -> None:
    job = await shared.a_job(await a_caller(shared.engine, architecture=Architecture.REALTIME))
    assert (await (await job.call()).row()).reserved_from_hold == Decimal("0.07")

    unlimited = await shared.a_job(await a_caller(shared.engine, credits=None))
    row = await (await unlimited.call()).row()
    assert (row.reserved_from_hold, row.reserved_from_free, (await unlimited.audit()).held) == (0, 0, 0)


# --- pacing


async def test_calls_from_one_number_are_spaced_also_under_parallel_claims(shared: Calling) -> None:
    given = await a_caller(shared.engine, calls_per_second=Decimal("25"))
    jobs = [await shared.a_job(given, some_contacts(5, start=100 * i)) for i in range(2)]

    await asyncio.gather(*(_claimed(job, which) for job in jobs for which in range(5)))

    asked = await _asked(shared, given)
    assert len(asked) == 10
    assert all((later - earlier).total_seconds() >= 0.04 for earlier, later in pairwise(asked))


async def test_a_number_waits_no_longer_than_its_pace_and_another_has_its_own(shared: Calling) -> None:
    jobs = [await shared.a_job(await a_caller(shared.engine, calls_per_second=Decimal("0.5"))) for _ in range(2)]
    for job in jobs:
        await job.call(0)

    held = await jobs[0].claim(1)

    assert isinstance(held, NotNow)
    assert held.reason is NotNowReason.PACING
    assert 1.5 < held.seconds <= 2


async def test_the_speed_divides_the_spacing(shared: Calling) -> None:
    fast = Calling(shared.engine, speed=60)
    job = await fast.a_job(await a_caller(shared.engine, calls_per_second=Decimal("1")))
    await job.call(0)

    held = await job.claim(1)

    assert isinstance(held, Claimed) or held.seconds <= 1 / 60


async def test_a_held_claim_takes_no_slot(shared: Calling) -> None:
    given = await a_caller(shared.engine, limit=1, calls_per_second=Decimal("1"))
    job = await shared.a_job(given)
    await job.call(0)
    before = await shared.one(phone_numbers, phone_numbers.c.id == given.number.id)

    assert await job.is_held(1) is NotNowReason.LINE
    assert await shared.one(phone_numbers, phone_numbers.c.id == given.number.id) == before


async def _claimed(job: Job, which: int) -> None:
    """Claim until it passes, as a worker does."""
    while isinstance(held := await job.claim(which), NotNow):
        assert held.reason.is_transient
        await asyncio.sleep(held.seconds)


async def _called_once(job: Job, which: int) -> None:
    while isinstance(held := await job.claim(which), NotNow):
        assert (held.reason, 0 < held.seconds < 1) == (NotNowReason.LINE, True)
        await asyncio.sleep(0.03)
    await job.call_of(which).completes()


async def _asked(calling: Calling, given: Given) -> list[datetime]:
    return sorted(row.asked_at for row in await calling.all(dials, dials.c.organization_id == given.id))


async def _spans(calling: Calling, job: Job) -> list[tuple[datetime, datetime]]:
    return [(row.asked_at, row.ended_at) for row in await calling.all(dials, dials.c.job_id == job.id)]


def _most_live(spans: list[tuple[datetime, datetime]]) -> int:
    moments = sorted([(asked, 1) for asked, _ in spans] + [(ended, -1) for _, ended in spans])
    live = most = 0
    for _, change in moments:
        live += change
        most = max(most, live)
    return most
