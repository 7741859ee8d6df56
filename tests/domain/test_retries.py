"""Whether a contact is called again, and when."""

from datetime import timedelta

import pytest

from domain.calls import Outcome
from domain.retries import NextStep, next_step
from domain.statuses import ContactStatus

MIDDLE = 0.5  # no jitter


def after(
    outcome: Outcome,
    *,
    attempts: int = 1,
    most: int = 3,
    troubles: int = 0,
    job_ended: bool = False,
    spread: float = MIDDLE,
    retry_after: timedelta | None = None,
) -> NextStep:
    return next_step(
        outcome,
        attempts=attempts,
        max_attempts=most,
        troubles=troubles,
        job_ended=job_ended,
        spread=spread,
        retry_after=retry_after,
    )


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.ANSWERED, ContactStatus.COMPLETED),
        (Outcome.INVALID_NUMBER, ContactStatus.INVALID_NUMBER),
        (Outcome.DECLINED, ContactStatus.FAILED),
        (Outcome.BLOCKED, ContactStatus.BLOCKED),
        (Outcome.OBJECTED, ContactStatus.BLOCKED),
        (Outcome.UNKNOWN, ContactStatus.FAILED),
        (Outcome.CALLED_OFF, ContactStatus.CANCELLED),
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


@pytest.mark.parametrize(("troubles", "seconds"), [(1, 30), (2, 120)])
def test_trouble_is_dialled_again_soon_even_without_attempts_left(troubles: int, seconds: int) -> None:
    step = after(Outcome.TROUBLE, attempts=0, most=1, troubles=troubles)
    assert step == NextStep(status=ContactStatus.QUEUED, delay=timedelta(seconds=seconds))


def test_the_third_trouble_in_a_row_is_a_carrier_error() -> None:
    assert after(Outcome.TROUBLE, troubles=3) == NextStep(status=ContactStatus.CARRIER_ERROR)


def test_the_carriers_own_wish_is_followed() -> None:
    assert after(Outcome.TROUBLE, troubles=1, retry_after=timedelta(seconds=7)).delay == timedelta(seconds=7)


def test_a_refused_account_ends_no_contact() -> None:
    assert after(Outcome.REFUSED, attempts=0).status is ContactStatus.QUEUED


@pytest.mark.parametrize("outcome", list(Outcome))
def test_nobody_is_called_again_once_the_job_has_ended(outcome: Outcome) -> None:
    step = after(outcome, troubles=1, job_ended=True)
    assert step.status.final
    assert step.delay is None
