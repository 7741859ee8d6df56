"""Which refusal closes which gate, for how long, and what opens it again: one table, one place.

A destination that refuses a call speaks for itself: its own rules, or its network's for it. Whoever refuses a caller id
as such does so whomever it calls, which shows in several destinations at once.
"""

from datetime import timedelta
from enum import StrEnum

from domain.calls.models import CallState, Outcome
from domain.calls.outcomes import explain_outcome
from domain.calls.retries import ACCOUNT_RETRY_DELAY
from domain.model import Model

OUTAGE_DELAY = timedelta(seconds=5)  # the first probe of a carrier that could not be reached; then twice as long
MAX_OUTAGE_DOUBLINGS = 4  # 5, 10, 20, 40, 80 s: a carrier that is back is noticed within that
REFUSING_DESTINATIONS = 5  # so many different ones, and none between them rang: then it is the number they refuse
REFUSAL_WINDOW = timedelta(minutes=10)  # within which they were called
ESCALATION_ORGANIZATIONS = 3  # refused one by one: it is the account, not one of them
ESCALATION_WINDOW = timedelta(minutes=10)  # within which they were refused
ESCALATION_SILENCE = timedelta(minutes=1)  # before the first of them, and since: nobody's call rang


class GateScope(StrEnum):
    """Whose calls are held."""

    ACCOUNT = "account"  # every organization's on the carrier account
    NUMBER = "number"  # those from one number, which one organization has


class GateClosing(Model):
    """How a gate is closed. `opens_on`: the state that a call which goes first must reach."""

    scope: GateScope
    reason: str
    delay: timedelta
    doubles: bool = False
    opens_on: CallState = CallState.QUEUED


_SCOPES: dict[Outcome, GateScope] = {
    Outcome.ACCOUNT_REJECTED: GateScope.ACCOUNT,
    Outcome.NOT_SET_UP: GateScope.ACCOUNT,
    Outcome.UNREACHABLE: GateScope.ACCOUNT,
    Outcome.CALLER_REJECTED: GateScope.NUMBER,
    Outcome.NOT_PLACED: GateScope.NUMBER,
}
_OUTAGES = frozenset({Outcome.UNREACHABLE, Outcome.NOT_PLACED})
NO_ANSWER_REASON = "The carrier was asked for a call and did not answer."


def find_closing(outcome: Outcome, *, was_accepted: bool, retry_after: timedelta | None = None) -> GateClosing | None:
    """What an outcome closes; None: nothing.

    `was_accepted`: the carrier had taken the call and refused it afterwards, so that a call which it takes proves
    nothing yet: one must ring. `retry_after` lengthens the delay of an outage.
    """
    if outcome not in _SCOPES:
        return None
    outage = outcome in _OUTAGES
    return GateClosing(
        scope=_SCOPES[outcome],
        reason=explain_outcome(outcome) or "",
        delay=_outage_delay(retry_after) if outage else ACCOUNT_RETRY_DELAY,
        doubles=outage and retry_after is None,
        opens_on=CallState.RINGING if was_accepted else CallState.QUEUED,
    )


def is_refused_everywhere(destinations: int, on_their_way: int) -> bool:
    """Whether refusals speak of the number: of so many different destinations in a row, none of which rang between.

    `on_their_way`: the calls of the same time that may ring yet. A far end refuses at once, a telephone takes seconds.
    """
    return destinations >= max(REFUSING_DESTINATIONS, on_their_way + 1)


def _outage_delay(retry_after: timedelta | None) -> timedelta:
    return OUTAGE_DELAY if retry_after is None else min(retry_after, ACCOUNT_RETRY_DELAY)


def closing_without_answer() -> GateClosing:
    """What a request closes that was sent and got no answer."""
    return GateClosing(scope=GateScope.NUMBER, reason=NO_ANSWER_REASON, delay=OUTAGE_DELAY, doubles=True)
