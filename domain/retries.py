"""Whether a contact is called again, and when: one rule, one place."""

from datetime import timedelta

from domain.calls import Outcome
from domain.model import Model
from domain.statuses import ContactStatus

RETRY_DELAYS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=120))
REDIAL_DELAYS = (timedelta(seconds=30), timedelta(minutes=2))  # after trouble, not charged
TROUBLES_IN_A_ROW = 3  # then the contact ends as carrier_error
REFUSED_DELAY = timedelta(minutes=5)  # how long an account's gate stays closed before a probe call
JITTER = 0.1  # a share of the delay, either way, so that retries do not come in waves

FINAL: dict[Outcome, ContactStatus] = {
    Outcome.ANSWERED: ContactStatus.COMPLETED,
    Outcome.BUSY: ContactStatus.BUSY,
    Outcome.NO_ANSWER: ContactStatus.NO_ANSWER,
    Outcome.TIMEOUT: ContactStatus.TIMEOUT,
    Outcome.INVALID_NUMBER: ContactStatus.INVALID_NUMBER,
    Outcome.DECLINED: ContactStatus.FAILED,
    Outcome.BLOCKED: ContactStatus.BLOCKED,
    Outcome.OBJECTED: ContactStatus.BLOCKED,
    Outcome.TROUBLE: ContactStatus.CARRIER_ERROR,
    Outcome.REFUSED: ContactStatus.CANCELLED,  # only once the job has ended; until then the contact waits
    Outcome.CALLED_OFF: ContactStatus.CANCELLED,
    Outcome.UNKNOWN: ContactStatus.FAILED,
}
RETRYABLE = frozenset({Outcome.BUSY, Outcome.NO_ANSWER, Outcome.TIMEOUT})


class NextStep(Model):
    """What follows a dial: a status, and where that is `queued` the delay until the next dial is due."""

    status: ContactStatus
    delay: timedelta | None = None


def next_step(
    outcome: Outcome,
    *,
    attempts: int,
    max_attempts: int,
    troubles: int,
    job_ended: bool,
    spread: float,
    retry_after: timedelta | None = None,
) -> NextStep:
    """Decide what follows a dial.

    `attempts` and `troubles` (in a row) count this dial; `spread` in [0, 1) places the jitter; `retry_after` is the
    carrier's own wish after trouble.
    """
    if job_ended:
        return NextStep(status=FINAL[outcome])
    if outcome in RETRYABLE and attempts < max_attempts:
        return _again(_jittered(RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1], spread))
    if outcome is Outcome.TROUBLE and troubles < TROUBLES_IN_A_ROW:
        return _again(retry_after or REDIAL_DELAYS[troubles - 1])
    if outcome is Outcome.REFUSED:
        return _again(REFUSED_DELAY)
    return NextStep(status=FINAL[outcome])


def _again(delay: timedelta) -> NextStep:
    return NextStep(status=ContactStatus.QUEUED, delay=delay)


def _jittered(delay: timedelta, spread: float) -> timedelta:
    return delay * (1 - JITTER + 2 * JITTER * spread)
