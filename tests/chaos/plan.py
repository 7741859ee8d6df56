"""What happens in a run, and in which order: drawn from the seed."""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

PARTS = ("workers", "api", "temporal", "postgres", "carrier")
WORKERS = 2
KILL_WEIGHTS = (6, 4, 3, 3, 3)  # of the parts, in their order
MIN_STOP_SECONDS, MAX_STOP_SECONDS = 1.0, 8.0
MAX_WORKER_STOP_SECONDS = 25.0  # longer than any request may be on its way; the other worker goes on
STOPS_PER_KILL = 1 / 3
RESTARTS_PER_KILL = 1 / 6
How = Literal["kill", "stop", "restart"]


@dataclass(frozen=True)
class Disruption:
    """One thing done to one part."""

    how: How
    part: str
    number: int = 0  # of several workers
    seconds: float = 0.0  # that it stands still

    @property
    def name(self) -> str:
        return f"{self.how} {self.part}"


def draw_disruptions(seed: int, kills: int, max_stop: float = MAX_WORKER_STOP_SECONDS) -> list[Disruption]:
    """So many kills, and stops and restarts among them."""
    chance = Random(f"{seed}:disruptions")
    hows: list[How] = ["kill"] * kills
    hows += ["stop"] * round(kills * STOPS_PER_KILL) + ["restart"] * round(kills * RESTARTS_PER_KILL)
    chance.shuffle(hows)
    return [_draw(chance, how, max_stop) for how in hows]


def _draw(chance: Random, how: How, max_stop: float) -> Disruption:
    part = chance.choices(PARTS, KILL_WEIGHTS)[0]
    longest = min(max_stop, MAX_WORKER_STOP_SECONDS if part == "workers" else MAX_STOP_SECONDS)
    seconds = chance.uniform(MIN_STOP_SECONDS, longest) if how == "stop" else 0.0
    return Disruption(how, part, chance.randrange(WORKERS) if part == "workers" else 0, round(seconds, 1))


def draw_carrier_faults(seed: int) -> dict[str, Any]:
    """How the carrier misbehaves all the time."""
    chance = Random(f"{seed}:carrier")
    return {
        "callback_lost": 0.01,
        "callback_doubled": 0.1,
        "callback_late": 0.1,
        "callback_late_seconds": round(chance.uniform(0.5, 4.0), 1),
        "callback_out_of_order": 0.1,
        "callback_before_answer": 0.05,
        "answer_lost": 0.02,
        "answer_lost_how": chance.choice(("close", "hang", "error")),
        "hang": 0.003,
        "too_many_requests": 0.02,
        "server_error": 0.01,
        "unavailable": 0.01,
        "list_lag_seconds": round(chance.uniform(0.0, 3.0), 1),
    }
