"""When a job pauses itself: its last calls say that going on does harm."""

from collections.abc import Sequence

from domain.calls import Outcome

LOOKED_AT = 50  # of the job's latest ended calls
ENOUGH = 20  # fewer tell nothing
MOST_TROUBLE = 0.5  # a share of them: died on the way
MOST_BLOCKED = 0.3  # came back because the network blocks the caller id

REFUSED = "The carrier refused the account or its configuration. Mend that, then resume."


def tripped(latest: Sequence[Outcome]) -> str | None:
    """Judge a job's latest outcomes, at most LOOKED_AT of them: why it must pause, None where it need not."""
    if Outcome.REFUSED in latest[:1]:
        return REFUSED
    if len(latest) < ENOUGH:
        return None
    return _too_many(latest, Outcome.TROUBLE, MOST_TROUBLE, "died on the way: ask the carrier") or _too_many(
        latest, Outcome.BLOCKED, MOST_BLOCKED, "were blocked by the network: the caller id may be marked as spam"
    )


def _too_many(latest: Sequence[Outcome], outcome: Outcome, most: float, what: str) -> str | None:
    count = latest.count(outcome)
    if count < most * len(latest):
        return None
    return f"The circuit breaker paused the job: {count} of its last {len(latest)} calls {what}, then resume."
