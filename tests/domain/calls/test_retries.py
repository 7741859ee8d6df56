"""Whether a contact is called again, and when."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.calls.models import AnsweredBy, Outcome
from domain.calls.retries import NextStep, OnDeclined, OnVoicemail, RetryPolicy, decide_next_step
from domain.statuses import ContactStatus

MIDDLE = 0.5  # no jitter
USUAL = RetryPolicy()


def after(
    outcome: Outcome,
    policy: RetryPolicy = USUAL,
    *,
    attempts: int = 1,
    most: int = 3,
    carrier_errors: int = 0,
    no_further_calls: bool = False,
    spread: float = MIDDLE,
    answered_by: AnsweredBy | None = None,
    retry_after: timedelta | None = None,
) -> NextStep:
    return decide_next_step(
        outcome,
        policy,
        attempts=attempts,
        max_attempts=most,
        carrier_errors=carrier_errors,
        no_further_calls=no_further_calls,
        spread=spread,
        answered_by=answered_by,
        retry_after=retry_after,
    )


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.ANSWERED, ContactStatus.COMPLETED),
        (Outcome.INVALID_NUMBER, ContactStatus.INVALID_NUMBER),
        (Outcome.DECLINED, ContactStatus.FAILED),
        (Outcome.BLOCKED, ContactStatus.BLOCKED),
        (Outcome.UNWANTED, ContactStatus.BLOCKED),
        (Outcome.UNKNOWN, ContactStatus.FAILED),
    ],
)
def test_these_are_never_called_again(outcome: Outcome, status: ContactStatus) -> None:
    assert after(outcome, attempts=1, most=10) == NextStep(status=status)


@pytest.mark.parametrize(
    ("outcome", "last"),
    [
        (Outcome.BUSY, ContactStatus.BUSY),
        (Outcome.NO_ANSWER, ContactStatus.NO_ANSWER),
        (Outcome.TIMEOUT, ContactStatus.TIMEOUT),
    ],
)
def test_a_line_not_reached_is_called_again_until_the_attempts_are_used_up(
    outcome: Outcome, last: ContactStatus
) -> None:
    assert after(outcome, attempts=2).status is ContactStatus.QUEUED
    assert after(outcome, attempts=3) == NextStep(status=last)
    assert after(outcome, attempts=1, most=1) == NextStep(status=last)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 5), (2, 30), (3, 120), (4, 120), (9, 120)])
def test_it_waits_5_then_30_then_120_minutes(attempts: int, minutes: int) -> None:
    assert after(Outcome.BUSY, attempts=attempts, most=10).delay == timedelta(minutes=minutes)


def test_jitter_moves_a_retry_by_a_tenth_either_way() -> None:
    assert after(Outcome.BUSY, spread=0.0).delay == timedelta(seconds=270)
    assert after(Outcome.BUSY, spread=1.0).delay == timedelta(seconds=330)


@pytest.mark.parametrize(("carrier_errors", "seconds"), [(1, 30), (2, 120)])
def test_trouble_is_dialed_again_soon_even_without_attempts_left(carrier_errors: int, seconds: int) -> None:
    step = after(Outcome.CARRIER_ERROR, attempts=0, most=1, carrier_errors=carrier_errors)
    assert step == NextStep(status=ContactStatus.QUEUED, delay=timedelta(seconds=seconds))


def test_the_third_trouble_in_a_row_is_a_carrier_error() -> None:
    assert after(Outcome.CARRIER_ERROR, carrier_errors=3) == NextStep(status=ContactStatus.CARRIER_ERROR)


@pytest.mark.parametrize(("wished", "granted"), [(47, 47), (2, 30)])
def test_the_carriers_own_wish_lengthens_the_delay_after_trouble(wished: int, granted: int) -> None:
    step = after(Outcome.CARRIER_ERROR, carrier_errors=1, retry_after=timedelta(seconds=wished))
    assert step.delay == timedelta(seconds=granted)


def test_a_refused_account_ends_no_contact() -> None:
    assert after(Outcome.ACCOUNT_REJECTED, attempts=0).status is ContactStatus.QUEUED


def test_a_call_that_was_hung_up_when_everything_stopped_is_made_again() -> None:
    step = after(Outcome.CALLED_OFF, attempts=0)
    assert step == NextStep(status=ContactStatus.QUEUED, delay=timedelta(seconds=30))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_nobody_is_called_again_once_the_job_has_ended(outcome: Outcome) -> None:
    step = after(outcome, RetryPolicy(on_voicemail=OnVoicemail.RETRY), carrier_errors=1, no_further_calls=True)
    assert step.status.final
    assert step.delay is None


# --- a job's own policy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 10), (2, 60), (3, 60), (9, 60)])
def test_a_job_may_have_delays_of_its_own_of_which_the_last_repeats(attempts: int, minutes: int) -> None:
    policy = RetryPolicy(delays_minutes=(10, 60))
    assert after(Outcome.NO_ANSWER, policy, attempts=attempts, most=10).delay == timedelta(minutes=minutes)


def test_only_the_statuses_of_the_policy_are_called_again() -> None:
    policy = RetryPolicy(retryable_statuses=(ContactStatus.BUSY,))
    assert after(Outcome.BUSY, policy).status is ContactStatus.QUEUED
    assert after(Outcome.NO_ANSWER, policy) == NextStep(status=ContactStatus.NO_ANSWER)
    assert after(Outcome.TIMEOUT, policy) == NextStep(status=ContactStatus.TIMEOUT)
    assert after(Outcome.CARRIER_ERROR, policy, carrier_errors=1).status is ContactStatus.QUEUED  # no attempt at all


def test_a_policy_without_statuses_calls_nobody_again() -> None:
    policy = RetryPolicy(retryable_statuses=())
    assert after(Outcome.BUSY, policy) == NextStep(status=ContactStatus.BUSY)


@pytest.mark.parametrize(
    ("answered_by", "status"),
    [
        (AnsweredBy.MACHINE, ContactStatus.QUEUED),
        (AnsweredBy.HUMAN, ContactStatus.COMPLETED),
        (AnsweredBy.UNKNOWN, ContactStatus.COMPLETED),
        (None, ContactStatus.COMPLETED),
    ],
)
def test_a_machine_that_answered_is_called_again_where_the_job_says_so(
    answered_by: AnsweredBy | None, status: ContactStatus
) -> None:
    policy = RetryPolicy(on_voicemail=OnVoicemail.RETRY)
    assert after(Outcome.ANSWERED, policy, answered_by=answered_by).status is status
    assert after(Outcome.ANSWERED, USUAL, answered_by=answered_by).status is ContactStatus.COMPLETED


def test_the_last_call_that_a_machine_answers_completes_the_contact() -> None:
    policy = RetryPolicy(on_voicemail=OnVoicemail.RETRY)
    assert after(Outcome.ANSWERED, policy, attempts=3, answered_by=AnsweredBy.MACHINE) == NextStep(
        status=ContactStatus.COMPLETED
    )


def test_somebody_who_declined_is_called_again_only_where_the_job_says_so() -> None:
    policy = RetryPolicy(on_declined=OnDeclined.RETRY)
    assert after(Outcome.DECLINED, policy).status is ContactStatus.QUEUED
    assert after(Outcome.DECLINED, policy, attempts=3) == NextStep(status=ContactStatus.FAILED)
    assert after(Outcome.DECLINED) == NextStep(status=ContactStatus.FAILED)


@pytest.mark.parametrize(
    ("outcome", "answered_by"),
    [
        (Outcome.BUSY, None),
        (Outcome.NO_ANSWER, None),
        (Outcome.TIMEOUT, None),
        (Outcome.DECLINED, None),
        (Outcome.ANSWERED, AnsweredBy.MACHINE),
    ],
)
def test_one_cap_holds_whatever_the_outcomes(outcome: Outcome, answered_by: AnsweredBy | None) -> None:
    policy = RetryPolicy(on_voicemail=OnVoicemail.RETRY, on_declined=OnDeclined.RETRY)
    assert after(outcome, policy, attempts=4, most=5, answered_by=answered_by).status is ContactStatus.QUEUED
    assert after(outcome, policy, attempts=5, most=5, answered_by=answered_by).status.final


@pytest.mark.parametrize("delays", [(), tuple(range(1, 12))])
def test_a_policy_has_one_to_ten_delays(delays: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        RetryPolicy(delays_minutes=delays)
