"""What a run came to, by the carrier's own record."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Calls = Sequence[Mapping[str, Any]]


def most_live(calls: Calls) -> int:
    """The most calls that were up at once; one that ends in the instant in which another begins made room for it."""
    steps = sorted([(call["asked"], 1) for call in calls] + [(call["ended"], -1) for call in calls if call["ended"]])
    live = most = 0
    for _, step in steps:
        live += step
        most = max(most, live)
    return most


def live_at(calls: Calls, at: float) -> int:
    return sum(1 for call in calls if call["asked"] <= at and (call["ended"] is None or call["ended"] > at))


def called_twice(calls: Calls) -> int:
    """How many numbers were dialed more than once."""
    return len(calls) - len({call["to"] for call in calls})


def ideal_seconds(count: int, seconds: float, lines: int) -> float:
    """How long so many calls take if no line is ever free."""
    return math.ceil(count / lines) * seconds


def after(calls: Calls, killed: float) -> dict[str, float]:
    """What followed a kill: seconds to the first dial, the longest time without one, calls that were up."""
    later = sorted(call["asked"] for call in calls if call["asked"] > killed)
    gaps = [following - earlier for earlier, following in pairwise([killed, *later])]
    return {
        "live_at_kill": live_at(calls, killed),
        "first_dial": later[0] - killed if later else math.inf,
        "longest_gap": max(gaps, default=math.inf),
    }
