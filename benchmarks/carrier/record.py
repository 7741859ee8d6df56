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


def after(calls: Calls, killed: float, lines: int) -> dict[str, float]:
    """What followed a kill: seconds to the first dial, also from when one of the `lines` was free for it; the longest
    time without a dial; calls that were up."""
    later = sorted(call["asked"] for call in calls if call["asked"] > killed)
    gaps = [following - earlier for earlier, following in pairwise([killed, *later])]
    live = live_at(calls, killed)
    ends = sorted(call["ended"] for call in calls if call["ended"] and call["ended"] > killed)
    free = killed if live < lines else ends[0] if ends else math.inf
    return {
        "live_at_kill": live,
        "first_dial": later[0] - killed if later else math.inf,
        "first_dial_when_free": later[0] - free if later else math.inf,
        "longest_gap": max(gaps, default=math.inf),
    }
