"""Whether a contact is called again, and when."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.calls.models import WAITING_OUTCOMES, AnsweredBy, Outcome
from domain.calls.retries import NextStep, OnDeclined, OnScreened, OnVoicemail, RetryPolicy, decide_next_step
from domain.statuses import ContactStatus

USUAL = RetryPolicy()
RETRY_ALL = RetryPolicy(on_voicemail=OnVoicemail.RETRY, on_declined=OnDeclined.RETRY, on_screened=OnScreened.RETRY)
MACHINE, QUEUED = AnsweredBy.MACHINE, ContactStatus.QUEUED


def after(outcome: Outcome, policy: RetryPolicy = USUAL, *, attempts: int = 1, most: int = 3, **facts: Any) -> NextStep:
    given = {"carrier_errors": 0, "no_further_calls": False, "spread": 0.5} | facts  # no jitter
    return decide_next_step(outcome, policy, attempts=attempts, max_attempts=most, **given)


def queued(**delay: float) -> NextStep:
    return NextStep(status=QUEUED, delay=timedelta(**delay))


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.ANSWERED, ContactStatus.COMPLETED),
        (Outcome.INVALID_NUMBER, ContactStatus.INVALID_NUMBER),
        (Outcome.DECLINED, ContactStatus.FAILED),
        (Outcome.BLOCKED, ContactStatus.BLOCKED),
        (Outcome.UNWANTED, ContactStatus.BLOCKED),
        (Outcome.UNKNOWN, ContactStatus.FAILED),
        (Outcome.FAX, ContactStatus.COMPLETED),
        (Outcome.SCREENED, ContactStatus.COMPLETED),
    ],
)
def test_these_are_never_called_again(outcome: Outcome, status: ContactStatus) -> None:
    assert after(outcome, most=10) == NextStep(status=status)


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
    assert after(outcome, attempts=2).status is QUEUED
    assert after(outcome, attempts=3) == after(outcome, attempts=1, most=1) == NextStep(status=last)


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 5), (2, 30), (3, 120), (4, 120), (9, 120)])
def test_it_waits_5_then_30_then_120_minutes(attempts: int, minutes: int) -> None:
    assert after(Outcome.BUSY, attempts=attempts, most=10) == queued(minutes=minutes)


def test_jitter_moves_a_retry_by_a_tenth_either_way() -> None:
    assert [after(Outcome.BUSY, spread=spread) for spread in (0.0, 1.0)] == [queued(seconds=270), queued(seconds=330)]


@pytest.mark.parametrize(("errors", "seconds"), [(1, 30), (2, 120), (3, 600), (4, 1800)])
def test_a_carrier_error_is_dialed_again_soon_even_without_attempts_left(errors: int, seconds: int) -> None:
    step = after(Outcome.CARRIER_ERROR, attempts=0, most=1, carrier_errors=errors)
    assert step == queued(seconds=seconds)


def test_the_fifth_carrier_error_in_a_row_is_final() -> None:
    assert after(Outcome.CARRIER_ERROR, carrier_errors=5) == NextStep(status=ContactStatus.CARRIER_ERROR)


@pytest.mark.parametrize(("asked", "granted"), [(47, 47), (2, 30)])
def test_a_carrier_may_lengthen_the_delay_after_its_error(asked: int, granted: int) -> None:
    step = after(Outcome.CARRIER_ERROR, carrier_errors=1, retry_after=timedelta(seconds=asked))
    assert step == queued(seconds=granted)


@pytest.mark.parametrize("outcome", [Outcome.NEVER_RANG, Outcome.DESTINATION_REJECTED])
@pytest.mark.parametrize(("repeats", "minutes"), [(1, 5), (2, 30)])
def test_a_call_that_reached_no_telephone_is_dialed_again_by_the_delays_of_the_job_as_no_attempt(
    repeats: int, minutes: int, outcome: Outcome
) -> None:
    assert after(outcome, attempts=0, most=1, repeats=repeats) == queued(minutes=minutes)
    assert after(outcome, attempts=0, repeats=3) == NextStep(status=ContactStatus.CARRIER_ERROR)


@pytest.mark.parametrize("outcome", sorted(WAITING_OUTCOMES))
def test_who_waits_for_the_carrier_is_given_up_after_three_days_and_ten_dials_only(outcome: Outcome) -> None:
    days = timedelta(days=3)
    assert after(outcome, waits=9, waited=timedelta(days=30)).status is QUEUED
    assert after(outcome, waits=9999, waited=days - timedelta(seconds=1)).status is QUEUED
    step = after(outcome, waits=10, waited=days)
    carriers = outcome in {Outcome.UNREACHABLE, Outcome.NOT_PLACED}
    assert step == NextStep(status=ContactStatus.CARRIER_ERROR if carriers else ContactStatus.FAILED)


@pytest.mark.parametrize("outcome", [Outcome.AGENT_UNREACHABLE, Outcome.NO_SPEECH])
def test_whoever_answered_to_silence_is_called_again_twice_and_not_at_once(outcome: Outcome) -> None:
    assert after(outcome, attempts=0, most=1, repeats=1) == queued(minutes=5)
    assert after(outcome, attempts=0, most=1, repeats=2) == queued(minutes=30)
    assert after(outcome, attempts=0, most=9, repeats=3) == NextStep(status=ContactStatus.FAILED)


def test_a_fax_machine_is_no_voicemail_and_never_called_again() -> None:
    assert after(Outcome.FAX, RETRY_ALL, answered_by=MACHINE).status is ContactStatus.COMPLETED


def test_a_screened_call_has_a_rule_of_its_own() -> None:
    assert after(Outcome.SCREENED, RetryPolicy(on_voicemail=OnVoicemail.RETRY), answered_by=MACHINE).status.final
    assert after(Outcome.SCREENED, RetryPolicy(on_screened=OnScreened.RETRY)) == queued(minutes=5)


def test_a_rejected_account_ends_no_contact() -> None:
    assert after(Outcome.ACCOUNT_REJECTED, attempts=0).status is QUEUED


def test_a_call_that_was_hung_up_when_everything_stopped_is_made_again() -> None:
    assert after(Outcome.CALLED_OFF, attempts=0) == queued(seconds=30)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_nobody_is_called_again_once_the_job_has_ended(outcome: Outcome) -> None:
    step = after(outcome, RETRY_ALL, carrier_errors=1, no_further_calls=True)
    assert step.status.final
    assert step.delay is None


# --- a job's own policy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 10), (2, 60), (3, 60), (9, 60)])
def test_a_job_may_have_delays_of_its_own_of_which_the_last_repeats(attempts: int, minutes: int) -> None:
    policy = RetryPolicy(delays_minutes=(10, 60))
    assert after(Outcome.NO_ANSWER, policy, attempts=attempts, most=10) == queued(minutes=minutes)


def test_only_the_statuses_of_the_policy_are_called_again() -> None:
    policy = RetryPolicy(retryable_statuses=(ContactStatus.BUSY,))
    assert after(Outcome.BUSY, policy).status is QUEUED
    assert after(Outcome.NO_ANSWER, policy) == NextStep(status=ContactStatus.NO_ANSWER)
    assert after(Outcome.CARRIER_ERROR, policy, carrier_errors=1).status is QUEUED  # no attempt at all
    assert after(Outcome.BUSY, RetryPolicy(retryable_statuses=())) == NextStep(status=ContactStatus.BUSY)


@pytest.mark.parametrize("answered_by", [*AnsweredBy, None])
def test_a_machine_that_answered_is_called_again_where_the_job_says_so(answered_by: AnsweredBy | None) -> None:
    again = QUEUED if answered_by is MACHINE else ContactStatus.COMPLETED
    assert after(Outcome.ANSWERED, RETRY_ALL, answered_by=answered_by).status is again
    assert after(Outcome.ANSWERED, USUAL, answered_by=answered_by).status is ContactStatus.COMPLETED


@pytest.mark.parametrize(
    ("outcome", "last"),
    [
        (Outcome.BUSY, ContactStatus.BUSY),
        (Outcome.NO_ANSWER, ContactStatus.NO_ANSWER),
        (Outcome.TIMEOUT, ContactStatus.TIMEOUT),
        (Outcome.DECLINED, ContactStatus.FAILED),
        (Outcome.ANSWERED, ContactStatus.COMPLETED),  # by a machine
    ],
)
def test_one_cap_holds_whatever_the_outcomes(outcome: Outcome, last: ContactStatus) -> None:
    assert after(outcome, RETRY_ALL, attempts=4, most=5, answered_by=MACHINE).status is QUEUED
    assert after(outcome, RETRY_ALL, attempts=5, most=5, answered_by=MACHINE) == NextStep(status=last)


@pytest.mark.parametrize("delays", [(), tuple(range(1, 12))])
def test_a_policy_has_one_to_ten_delays(delays: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        RetryPolicy(delays_minutes=delays)
