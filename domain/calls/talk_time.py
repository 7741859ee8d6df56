"""How long a call is believed to have lasted: the carrier's word, within what can be true."""

from domain.calls.deadlines import TALK_MARGIN_SECONDS

CLOCK_SLACK_SECONDS = 5.0  # between the carrier's clock and ours, and for the way of a report


def bound_talk_seconds(
    reported: int | None,
    *,
    max_call_seconds: int,
    since_asked: float | None,
    since_answered: float | None,
    speed: float,
) -> int:
    """The carrier's seconds to charge for an answered call.

    Not longer than the longest call, nor than since the carrier was asked (None: its clock is taken as it is); where no
    length is `reported`, since the answer by our clock. `speed` as in the local stack: carrier seconds in one of ours.
    """
    if reported is None:
        reported = int((since_answered or 0.0) * speed)
    longest = max_call_seconds + TALK_MARGIN_SECONDS
    if since_asked is not None:
        longest = min(longest, (since_asked + CLOCK_SLACK_SECONDS) * speed)
    return max(0, min(reported, int(longest)))
