"""When a job pauses itself: its last calls show that going on does harm."""

from collections.abc import Sequence, Set

from domain.calls.models import Outcome

SAMPLE_SIZE = 50  # of the job's latest ended calls
MIN_SAMPLE_SIZE = 20  # fewer are no evidence
MAX_CARRIER_ERROR_SHARE = 0.5  # a share of them: died on the way
MAX_BLOCKED_SHARE = 0.3  # came back because the network blocks the caller id
MAX_AGENT_FAILURE_SHARE = 0.3  # were answered, and their agent was not there or said nothing

REFUSAL_REASONS = {  # a single one is enough: a person must act
    Outcome.ACCOUNT_REJECTED: "The carrier refused the account or its configuration. Mend that, then resume.",
    Outcome.CALLER_REJECTED: "Calls from this number were refused: its caller id, its agent's address or its rights."
    " Mend that, then resume.",
    Outcome.NOT_SET_UP: "The carrier is not set up where calls are placed. Set it up, then resume.",
}
AGENT_FAILURES = frozenset({Outcome.AGENT_UNREACHABLE, Outcome.NO_SPEECH})
TRIPPING_OUTCOMES = frozenset({*REFUSAL_REASONS, *AGENT_FAILURES, Outcome.CARRIER_ERROR, Outcome.BLOCKED})


def count_destinations_once(latest: Sequence[tuple[str, Outcome]]) -> list[Outcome]:
    """The outcomes of calls, each with its contact, by which a job is judged.

    The same failure of one contact is one: a few of them, called again and again, must not pause it for all others. Not
    so where the agent was not there: that lies with none of them.
    """
    seen: set[tuple[str, Outcome]] = set()
    judged = []
    for call in latest:
        if call[1] in AGENT_FAILURES or call not in seen:
            judged.append(call[1])
        seen.add(call)
    return judged


def find_pause_reason(latest: Sequence[Outcome]) -> str | None:
    """Judge the outcomes of a job's latest calls, at most SAMPLE_SIZE: why it must pause, None where it need not.

    A single one of REFUSAL_REASONS pauses it too.
    """
    if len(latest) < MIN_SAMPLE_SIZE:
        return None
    return (
        _explain_share(latest, {Outcome.CARRIER_ERROR}, MAX_CARRIER_ERROR_SHARE, "died on the way: ask the carrier")
        or _explain_share(
            latest,
            {Outcome.BLOCKED},
            MAX_BLOCKED_SHARE,
            "were blocked by the network: the caller id may be marked as spam",
        )
        or _explain_share(
            latest, AGENT_FAILURES, MAX_AGENT_FAILURE_SHARE, "had no agent: look whether it is up at its address"
        )
    )


def _explain_share(latest: Sequence[Outcome], outcomes: Set[Outcome], share: float, what: str) -> str | None:
    count = sum(outcome in outcomes for outcome in latest)
    if count < share * len(latest):
        return None
    return f"The circuit breaker paused the job: {count} of its last {len(latest)} calls {what}, then resume."
