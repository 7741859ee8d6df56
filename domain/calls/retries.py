"""Whether a contact is called again, and when: one rule, one place."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.calls.models import AnsweredBy, Outcome
from domain.model import Model
from domain.requests.field_types import Boolean, Choice, Choices, Integer, Integers
from domain.requests.request_model import RequestModel
from domain.statuses import ContactStatus

DELAYS_MINUTES = (5, 30, 120)
MAX_DELAYS = 10
MAX_DELAY_MINUTES = 10_080  # a week
REDIAL_DELAYS = (timedelta(seconds=30), timedelta(minutes=2))  # after a carrier error, not charged
MAX_CARRIER_ERRORS = 3  # then the contact ends as carrier_error
ACCOUNT_RETRY_DELAY = timedelta(minutes=5)  # how long an account's gate stays closed before a probe call
JITTER = 0.1  # a share of the delay, either way, so that retries do not come in waves

FINAL_STATUSES: dict[Outcome, ContactStatus] = {
    Outcome.ANSWERED: ContactStatus.COMPLETED,
    Outcome.BUSY: ContactStatus.BUSY,
    Outcome.NO_ANSWER: ContactStatus.NO_ANSWER,
    Outcome.TIMEOUT: ContactStatus.TIMEOUT,
    Outcome.INVALID_NUMBER: ContactStatus.INVALID_NUMBER,
    Outcome.DECLINED: ContactStatus.FAILED,
    Outcome.BLOCKED: ContactStatus.BLOCKED,
    Outcome.UNWANTED: ContactStatus.BLOCKED,
    Outcome.CARRIER_ERROR: ContactStatus.CARRIER_ERROR,
    Outcome.ACCOUNT_REJECTED: ContactStatus.CANCELLED,  # only once the job has ended; until then the contact waits
    Outcome.CALLED_OFF: ContactStatus.CANCELLED,  # likewise
    Outcome.UNKNOWN: ContactStatus.FAILED,
}
RETRYABLE = (ContactStatus.NO_ANSWER, ContactStatus.BUSY, ContactStatus.TIMEOUT)


class OnVoicemail(StrEnum):
    COMPLETE = "complete"
    RETRY = "retry"


class OnDeclined(StrEnum):
    FAIL = "fail"
    RETRY = "retry"


class RetryPolicy(RequestModel):
    """How a job calls again; how often is its `maxAttempts`, whatever the outcomes."""

    delays_minutes: Annotated[
        tuple[int, ...],
        Field(min_length=1, max_length=MAX_DELAYS),
        Integers(MAX_DELAYS, Integer(1, MAX_DELAY_MINUTES)),
    ] = Field(default=DELAYS_MINUTES, description="After the first attempt, after the second …; the last one repeats.")
    retryable_statuses: Annotated[tuple[ContactStatus, ...], Choices(RETRYABLE)] = RETRYABLE
    on_voicemail: Annotated[OnVoicemail, Choice(OnVoicemail)] = OnVoicemail.COMPLETE
    on_declined: Annotated[OnDeclined, Choice(OnDeclined)] = OnDeclined.FAIL
    retries_first: Annotated[bool, Boolean()] = Field(
        default=False, description="Those to be called again go before those not called yet."
    )

    def calls_again_after(self, outcome: Outcome, answered_by: AnsweredBy | None) -> bool:
        """Whether this outcome alone would bring another attempt."""
        if outcome is Outcome.ANSWERED:
            return self.on_voicemail is OnVoicemail.RETRY and answered_by is AnsweredBy.MACHINE
        if outcome is Outcome.DECLINED:
            return self.on_declined is OnDeclined.RETRY
        return FINAL_STATUSES[outcome] in self.retryable_statuses

    def delay(self, attempts: int) -> timedelta:
        """After so many attempts, without jitter."""
        return timedelta(minutes=self.delays_minutes[min(attempts, len(self.delays_minutes)) - 1])


class NextStep(Model):
    """What follows a dial: a status, and where that is `queued` the delay until the next dial is due."""

    status: ContactStatus
    delay: timedelta | None = None


def decide_next_step(
    outcome: Outcome,
    policy: RetryPolicy,
    *,
    attempts: int,
    max_attempts: int,
    carrier_errors: int,
    no_further_calls: bool,
    spread: float,
    answered_by: AnsweredBy | None = None,
    retry_after: timedelta | None = None,
) -> NextStep:
    """Decide what follows a dial.

    `attempts` and `carrier_errors` (in a row) count this dial; `no_further_calls`: the job has ended, or the contact
    was removed; `spread` in [0, 1) places the jitter; `retry_after`, which the carrier asked for after an error, may
    lengthen a delay and not shorten it: three refusals within seconds would give the contact up.
    """
    if no_further_calls:
        return NextStep(status=FINAL_STATUSES[outcome])
    if attempts < max_attempts and policy.calls_again_after(outcome, answered_by):
        return _queue_after(_add_jitter(policy.delay(attempts), spread))
    if outcome is Outcome.CARRIER_ERROR and carrier_errors < MAX_CARRIER_ERRORS:
        return _queue_after(max(REDIAL_DELAYS[carrier_errors - 1], retry_after or timedelta()))
    if outcome is Outcome.CALLED_OFF:  # while everything was stopped
        return _queue_after(REDIAL_DELAYS[0])
    if outcome is Outcome.ACCOUNT_REJECTED:
        return _queue_after(ACCOUNT_RETRY_DELAY)
    return NextStep(status=FINAL_STATUSES[outcome])


def _queue_after(delay: timedelta) -> NextStep:
    return NextStep(status=ContactStatus.QUEUED, delay=delay)


def _add_jitter(delay: timedelta, spread: float) -> timedelta:
    return delay * (1 - JITTER + 2 * JITTER * spread)
