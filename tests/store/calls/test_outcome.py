"""What each outcome of a dial does to its contact: status, reason, attempts, and when it is called again.

Which report has which outcome is in tests/domain/calls/test_outcomes.py, what follows it in test_retries.py.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calls.dispatch import NotNowReason
from domain.calls.models import AnsweredBy, CallState, Ending, HangUpReason, Outcome
from domain.calls.retries import OnVoicemail, RetryPolicy
from store.db.engine import Database
from store.tables import carrier_accounts
from tests.store.calling import Call, Calling, Job, a_caller

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
JITTER = 0.1
ONE_AFTER_ANOTHER = timedelta(seconds=1)  # two readings of the clock in one statement

BUSY = "The line was busy."
NO_ANSWER = "Nobody answered."
TIMEOUT = "It rang past its time without a final answer; we hung up."
NO_NUMBER = "The number does not exist or cannot be reached."
DECLINED = "The call was declined."
BLOCKED = "The network blocked the caller id."
OBJECTED = "The person called objects to such calls."
TROUBLE = "The carrier could not put the call through."
REFUSED = "The call was refused at its destination, or by a network on the way."
CALLED_OFF = "We hung up before anyone answered."


@pytest.fixture
async def store(shared: Calling) -> AsyncIterator[Calling]:
    """The shared store; refusals close the account for nobody else."""
    yield shared
    await shared.change(carrier_accounts, closed_until=None, closed_reason=None, probe_dial_id=None)


# --- called again


@pytest.mark.parametrize(
    ("report", "attempts", "troubles", "reason", "delay", "jitter"),
    [
        ({"ending": Ending.BUSY, "sip": 486}, 1, 0, BUSY, 5 * MINUTE, JITTER),
        ({"ending": Ending.BUSY}, 1, 0, BUSY, 5 * MINUTE, JITTER),
        ({"ending": Ending.NO_ANSWER, "sip": 480}, 1, 0, NO_ANSWER, 5 * MINUTE, JITTER),
        ({"sip": 503}, 0, 1, TROUBLE, 30 * SECOND, 0),
        ({"sip": 999}, 0, 1, TROUBLE, 30 * SECOND, 0),
        ({}, 0, 1, TROUBLE, 30 * SECOND, 0),
        ({"sip": 488}, 0, 0, REFUSED, 5 * MINUTE, JITTER),
    ],
)
async def test_a_contact_that_was_not_reached_waits_for_its_next_dial_and_costs_nothing(
    store: Calling,
    report: dict[str, Any],
    attempts: int,
    troubles: int,
    reason: str,
    delay: timedelta,
    jitter: float,
) -> None:
    job, call = await store.a_call()
    await call.rings()

    await call.ends(**report)

    contact = await call.contact()
    sip = report.get("sip")
    assert (contact.status, contact.attempts, contact.dials, contact.troubles) == ("queued", attempts, 1, troubles)
    assert (contact.error_code, contact.failure_reason) == (None if sip is None else str(sip), reason)
    assert contact.completed_at is None
    await _is_due_after(call, delay, jitter)
    assert await _paid(job) == 0
    await job.call(dial=2)


@pytest.mark.parametrize(
    ("state", "attempts", "reason"), [(CallState.RINGING, 1, TIMEOUT), (CallState.QUEUED, 0, TROUBLE)]
)
async def test_a_call_that_we_ended_timed_out_if_it_rang_and_never_left_the_queue_if_not(
    store: Calling, state: CallState, attempts: int, reason: str
) -> None:
    _, call = await store.a_call()
    await call.reports(state)
    await store.dials.request_hang_up(await call.id(), HangUpReason.RING_TIMER)

    await call.ends(Ending.CANCELED)

    contact = await call.contact()
    assert (contact.status, contact.attempts, contact.failure_reason) == ("queued", attempts, reason)


async def test_an_answer_in_the_moment_of_hanging_up_is_a_completed_call(store: Calling) -> None:
    _, call = await store.a_call()
    await store.dials.request_hang_up(await call.id(), HangUpReason.RING_TIMER)

    await call.completes(seconds=1)

    contact = await call.contact()
    assert (contact.status, contact.failure_reason) == ("completed", None)


@pytest.mark.parametrize("reported", ["with the answer", "with the end"])
async def test_a_job_may_call_again_after_voicemail_whenever_that_is_reported(store: Calling, reported: str) -> None:
    policy = RetryPolicy(on_voicemail=OnVoicemail.RETRY)
    job = await store.a_job(await a_caller(store.engine), 1, retry_policy=policy, max_attempts=2)

    for dial, status in ((1, "queued"), (2, "completed")):
        call = await job.call(dial=dial)
        await call.answers(by=AnsweredBy.MACHINE if reported == "with the answer" else None)
        await call.completes(by=AnsweredBy.MACHINE if reported == "with the end" else None)
        contact = await call.contact()
        assert (contact.status, contact.attempts, contact.answered_by) == (status, dial, "machine")


async def test_retries_come_later_each_time_until_the_last_attempt_which_is_final(store: Calling) -> None:
    job = await store.a_job(await a_caller(store.engine), 1, max_attempts=4)

    for dial, minutes in enumerate((5, 30, 120), start=1):
        call = await job.call(dial=dial)
        await call.is_busy()
        contact = await call.contact()
        assert (contact.status, contact.attempts) == ("queued", dial)
        await _is_due_after(call, minutes * MINUTE, JITTER)
    await (await job.call(dial=4)).is_busy()

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.dials, contact.next_retry_at) == ("busy", 4, 4, None)
    assert contact.completed_at is not None
    assert await job.is_held(dial=5) is NotNowReason.CONTACT


async def test_retries_do_not_come_in_waves(store: Calling) -> None:
    job = await store.a_job(await a_caller(store.engine), 20)
    for which in range(20):
        await (await job.call(which)).is_busy()

    delays = [await _delay(job.call_of(which)) for which in range(20)]

    assert max(delays) - min(delays) > timedelta(seconds=20)


# --- trouble


async def test_five_troubles_in_a_row_are_a_carrier_error_whatever_the_carrier_asks_for(store: Calling) -> None:
    job = await store.a_job(await a_caller(store.engine), 1)

    for dial, seconds in enumerate((30, 120, 600, 1800), start=1):
        call = await job.call(dial=dial)
        await call.is_not_placed()
        await _is_due_after(call, timedelta(seconds=seconds))
    await (await job.call(dial=5)).is_not_placed(retry_after=timedelta(milliseconds=1))

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.dials, contact.troubles) == ("carrier_error", 0, 5, 5)
    assert (contact.error_code, contact.failure_reason, contact.next_retry_at) == (None, TROUBLE, None)
    assert contact.completed_at is not None


async def test_another_outcome_ends_a_row_of_troubles(store: Calling) -> None:
    job = await store.a_job(await a_caller(store.engine), 1)
    endings = [503, 503, 503, 503, 486, 503, 503, 503, 503]
    for dial, sip in enumerate(endings, start=1):
        await (await job.call(dial=dial)).ends(sip=sip)

    contact = await job.contact()
    assert (contact.status, contact.attempts, contact.dials, contact.troubles) == ("queued", 1, 9, 4)
    await (await job.call(dial=10)).ends(sip=503)
    assert (await job.contact()).status == "carrier_error"


@pytest.mark.parametrize("speed", [1, 60])
async def test_a_carriers_own_wish_when_to_try_again_is_granted(store: Calling, speed: int) -> None:
    _, call = await Calling(store.engine, speed).a_call()

    await call.is_not_placed(retry_after=timedelta(seconds=47))

    await _is_due_after(call, timedelta(seconds=47))  # real seconds at any speed


async def test_the_speed_divides_delays_between_dials(engine: Database) -> None:
    job, busy = await Calling(engine, speed=60).a_call(2)
    troubled = await job.call(1)
    await busy.is_busy()
    await troubled.ends(sip=503)

    await _is_due_after(busy, timedelta(seconds=5), JITTER)
    await _is_due_after(troubled, timedelta(seconds=0.5))


# --- not called again


async def test_a_conversation_completes_its_contact_and_wipes_out_what_went_wrong_before(store: Calling) -> None:
    job, busy = await store.a_call()
    await busy.is_busy()
    call = await job.call(dial=2)
    await call.rings()
    await call.answers()

    await call.completes(seconds=61)

    contact, row = await call.contact(), await call.row()
    assert (contact.status, contact.attempts, contact.dials, contact.call_seconds) == ("completed", 2, 2, 61)
    assert (contact.error_code, contact.failure_reason, contact.next_retry_at) == (None, None, None)
    assert contact.completed_at is not None
    assert row.cost == await _paid(job) == Decimal("0.017792")


@pytest.mark.parametrize(("seconds", "reason"), [(599, None), (600, "Maximum call duration reached.")])
async def test_the_longest_call_has_that_reason(store: Calling, seconds: int, reason: str | None) -> None:
    _, call = await store.a_call(max_call_seconds=600)

    await call.completes(seconds)

    contact = await call.contact()
    assert (contact.status, contact.failure_reason) == ("completed", reason)


@pytest.mark.parametrize(
    ("sip", "phrase", "status", "reason"),
    [
        (404, None, "invalid_number", NO_NUMBER),
        (603, "Decline", "failed", DECLINED),
        (603, "Network Blocked", "blocked", BLOCKED),
        (607, None, "blocked", OBJECTED),
        (None, None, "invalid_number", NO_NUMBER),  # the carrier would not dial it
    ],
)
async def test_what_is_no_use_calling_again_is_final(
    store: Calling, sip: int | None, phrase: str | None, status: str, reason: str
) -> None:
    job, call = await store.a_call()

    if sip is None:
        await call.is_not_placed(Outcome.INVALID_NUMBER)
    else:
        await call.ends(Ending.FAILED, sip, sip_reason=phrase)

    contact = await call.contact()
    assert (contact.status, contact.attempts, contact.dials) == (status, 1, 1)
    assert (contact.error_code, contact.failure_reason) == (None if sip is None else str(sip), reason)
    assert (contact.next_retry_at, contact.call_seconds) == (None, None)
    assert contact.completed_at is not None
    assert await _paid(job) == 0
    assert await job.is_held(dial=2) is NotNowReason.CONTACT


# --- of a job that has ended


@pytest.mark.parametrize(
    ("report", "status", "reason"),
    [
        ({"ending": Ending.COMPLETED, "duration_seconds": 3}, "completed", None),
        ({"sip": 486}, "busy", BUSY),
        ({"sip": 503}, "carrier_error", TROUBLE),
        ({"sip": 403}, "carrier_error", REFUSED),
    ],
)
async def test_calls_of_an_ended_job_keep_their_outcome_and_are_final(
    store: Calling, report: dict[str, Any], status: str, reason: str | None
) -> None:
    job, call = await store.a_call()
    await job.cancel()

    await call.ends(**report)

    contact = await call.contact()
    assert (contact.status, contact.failure_reason, contact.next_retry_at) == (status, reason, None)
    assert contact.completed_at is not None


@pytest.mark.parametrize("answered", [False, True])
async def test_a_call_hung_up_with_its_job_counts_only_where_it_was_answered(store: Calling, answered: bool) -> None:
    job, call = await store.a_call()
    if answered:
        await call.answers()
    await job.cancel(hang_up=True)

    await call.ends(Ending.COMPLETED if answered else Ending.CANCELED, duration_seconds=30 if answered else None)

    contact = await call.contact()
    expected = ("completed", 1, None) if answered else ("cancelled", 0, CALLED_OFF)
    assert (contact.status, contact.attempts, contact.failure_reason) == expected
    assert await _paid(job) == (Decimal("0.00875") if answered else 0)


async def _paid(job: Job) -> Decimal:
    """Dollars; everything else is given back or still held for the job."""
    audit = await job.audit()
    assert audit.exact
    assert audit.reserved_by_dials == 0
    return 1000 - audit.balance


async def _delay(call: Call) -> timedelta:
    contact, row = await call.contact(), await call.row()
    assert abs(contact.next_retry_at - contact.due_at) < ONE_AFTER_ANOTHER
    delay: timedelta = contact.due_at - row.ended_at
    return delay


async def _is_due_after(call: Call, delay: timedelta, jitter: float = 0.0) -> None:
    low, high = delay * (1 - jitter) - ONE_AFTER_ANOTHER, delay * (1 + jitter) + ONE_AFTER_ANOTHER
    assert low <= await _delay(call) <= high


async def test_a_carrier_that_asks_for_a_year_is_given_an_hour(shared: Calling) -> None:
    _, call = await shared.a_call()

    await call.is_not_placed(retry_after=timedelta(days=399))

    due_in = (await call.contact()).due_at - datetime.now(UTC)
    assert timedelta(minutes=59) < due_in <= timedelta(hours=1)
