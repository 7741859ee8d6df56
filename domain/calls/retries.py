"""Whether a contact is called again, and when: one rule, one place."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.calls.models import WAITING_OUTCOMES, AnsweredBy, Outcome
from domain.calls.outcome_table import OUTCOMES, FaultOf, Redial
from domain.model import Model
from domain.requests.field_types import Boolean, Choice, Choices, Integer, Integers
from domain.requests.request_model import RequestModel
from domain.statuses import ContactStatus

DELAYS_MINUTES = (5, 30, 120)
MAX_DELAYS = 10
MAX_DELAY_MINUTES = 10_080  # a week
# After a carrier error, not charged: soon, and still after an outage of half an hour.
REDIAL_DELAYS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
MAX_CARRIER_ERRORS = len(REDIAL_DELAYS) + 1  # in a row; then the contact ends as carrier_error
MAX_RETRY_AFTER = timedelta(hours=1)  # what a carrier may ask for; one header asked for 399 days
ACCOUNT_RETRY_DELAY = timedelta(minutes=5)  # how long a gate stays closed after a refusal, before a probe call
REFUSALS = frozenset({Outcome.ACCOUNT_REJECTED, Outcome.CALLER_REJECTED, Outcome.NOT_SET_UP})  # a person must act
JITTER = 0.1  # a share of the delay, either way, so that retries do not come in waves
NEVER_RANG = frozenset({Outcome.NEVER_RANG, Outcome.DESTINATION_REJECTED})
MAX_NEVER_RANG = 3  # of a contact's dials, by the delays of its job; then it ends as carrier_error
# After a call whose agent was not there. Somebody has answered to silence: not at once again, and not often.
AGENT_REDIAL_DELAYS = (timedelta(minutes=5), timedelta(minutes=30))
MAX_AGENT_FAILURES = len(AGENT_REDIAL_DELAYS) + 1  # of a contact's dials; then it ends as failed

# Nobody is given up in an outage. But what lasts longer than a weekend, and so many dials, does not end by itself.
MAX_WAITING = timedelta(days=3)
MIN_WAITING_DIALS = 10
_GIVEN_UP: dict[FaultOf | None, ContactStatus] = {
    FaultOf.CARRIER: ContactStatus.CARRIER_ERROR,
    FaultOf.PLATFORM: ContactStatus.FAILED,
}

RETRYABLE = (ContactStatus.NO_ANSWER, ContactStatus.BUSY, ContactStatus.TIMEOUT)


class OnVoicemail(StrEnum):
    COMPLETE = "complete"
    RETRY = "retry"


class OnDeclined(StrEnum):
    FAIL = "fail"
    RETRY = "retry"


class OnScreened(StrEnum):
    COMPLETE = "complete"
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
    on_screened: Annotated[OnScreened, Choice(OnScreened)] = Field(
        default=OnScreened.COMPLETE,
        description="Where the telephone asked who is calling, and the person did not take the call.",
    )
    retries_first: Annotated[bool, Boolean()] = Field(
        default=False, description="Those to be called again go before those not called yet."
    )

    def calls_again_after(self, outcome: Outcome, answered_by: AnsweredBy | None) -> bool:
        """Whether this outcome alone would bring another attempt."""
        if outcome is Outcome.ANSWERED:
            return self.on_voicemail is OnVoicemail.RETRY and answered_by is AnsweredBy.MACHINE
        if outcome is Outcome.DECLINED:
            return self.on_declined is OnDeclined.RETRY
        if outcome is Outcome.SCREENED:
            return self.on_screened is OnScreened.RETRY
        rule = OUTCOMES[outcome]
        return rule.retried is Redial.POLICY and rule.status in self.retryable_statuses

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
    repeats: int = 1,
    waits: int = 1,
    waited: timedelta = timedelta(),
    answered_by: AnsweredBy | None = None,
    retry_after: timedelta | None = None,
) -> NextStep:
    """Decide what follows a dial.

    `attempts`, `carrier_errors` (in a row) and `repeats` count this dial; `repeats`: the contact's dials that never
    rang, or whose agent was not there, whichever this one is. `waits`: its dials in a row, with this one, that say
    nothing of the contact (WAITING_OUTCOMES); `waited`: since the first of them was asked. `no_further_calls`: the job
    has ended, or the contact was removed; `spread` in [0, 1) places the jitter; `retry_after`, which the carrier asked
    for after an error, may lengthen a delay and not shorten it: refusals within seconds would give the contact up.
    """
    if no_further_calls:
        return NextStep(status=OUTCOMES[outcome].status)
    if attempts < max_attempts and policy.calls_again_after(outcome, answered_by):
        return _queue_after(_add_jitter(policy.delay(attempts), spread))
    if outcome in WAITING_OUTCOMES and waits >= MIN_WAITING_DIALS and waited >= MAX_WAITING:
        return NextStep(status=_GIVEN_UP[OUTCOMES[outcome].fault_of])
    free = _uncharged_redial(outcome, policy, carrier_errors, repeats, waits, spread)
    if free is not None:
        return _queue_after(max(free, retry_after or timedelta()))
    return NextStep(status=OUTCOMES[outcome].status)


def _uncharged_redial(
    outcome: Outcome, policy: RetryPolicy, carrier_errors: int, repeats: int, waits: int, spread: float
) -> timedelta | None:
    """The delay of a dial that follows whatever the attempts; None: no such dial follows (any more)."""
    match outcome:
        case Outcome.CARRIER_ERROR if carrier_errors < MAX_CARRIER_ERRORS:
            return REDIAL_DELAYS[carrier_errors - 1]
        case Outcome.NEVER_RANG | Outcome.DESTINATION_REJECTED if repeats < MAX_NEVER_RANG:
            return _add_jitter(policy.delay(repeats), spread)
        case Outcome.AGENT_UNREACHABLE | Outcome.NO_SPEECH if repeats < MAX_AGENT_FAILURES:
            return AGENT_REDIAL_DELAYS[repeats - 1]
    if outcome not in WAITING_OUTCOMES:
        return None
    return ACCOUNT_RETRY_DELAY if outcome in REFUSALS or waits >= MIN_WAITING_DIALS else REDIAL_DELAYS[0]


def _queue_after(delay: timedelta) -> NextStep:
    return NextStep(status=ContactStatus.QUEUED, delay=delay)


def _add_jitter(delay: timedelta, spread: float) -> timedelta:
    return delay * (1 - JITTER + 2 * JITTER * spread)
