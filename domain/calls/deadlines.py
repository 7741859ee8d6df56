"""How long each step of a call may take, and when it must be ended by us."""

from domain.calls.models import CallState, HangUpReason
from domain.model import Model

SEND_TIMEOUT_SECONDS = 5.0  # of the claim; a request that could not leave by then is held back
PLACE_TIMEOUT_SECONDS = 20.0  # after the claim nothing is on its way any more: to leave 5, to be answered 10, margin 5
RING_MARGIN_SECONDS = 30.0  # beyond `ringSeconds`: the carrier's own timer comes first; real seconds at any speed
TALK_MARGIN_SECONDS = 30.0  # beyond `maxCallSeconds`, likewise
QUEUE_TIMEOUT_SECONDS = 300.0  # for a call that the carrier took and does not begin to ring


class Deadline(Model):
    """In how many seconds (negative: overdue) a call is to be hung up, and why."""

    reason: HangUpReason
    seconds_left: float


def compute_deadline(
    state: CallState,
    *,
    age_seconds: float,
    state_seconds: float,
    ring_seconds: int,
    max_call_seconds: int,
    speed: float,
) -> Deadline:
    """Judge an open call. `age_seconds` since it was asked for, `state_seconds` since it rang or was answered."""
    match state:
        case CallState.ANSWERED:
            longest = max_call_seconds / speed + TALK_MARGIN_SECONDS
            return Deadline(reason=HangUpReason.MAX_CALL_DURATION, seconds_left=longest - state_seconds)
        case CallState.RINGING:
            longest = ring_seconds / speed + RING_MARGIN_SECONDS
            return Deadline(reason=HangUpReason.RING_TIMER, seconds_left=longest - state_seconds)
        case _:
            return Deadline(reason=HangUpReason.RING_TIMER, seconds_left=QUEUE_TIMEOUT_SECONDS - age_seconds)
