"""What happens in a run, and in which order: drawn from the seed."""

from dataclasses import dataclass
from random import Random
from typing import Any

PARTS = ("workers", "api", "temporal", "postgres", "carrier")
WORKERS = 2
KILL_WEIGHTS = (6, 4, 3, 3, 3)  # of the parts, in their order
MAX_STOP_SECONDS = {"workers": 25.0, "carrier": 25.0}  # longer than any request may be on its way


@dataclass(frozen=True)
class Kind:
    """What is done to which part, and how often: one for so many kills."""

    part: str
    per_kill: float
    seconds: tuple[float, float] = (0.0, 0.0)  # that it lasts, at least and at most
    amount: tuple[float, float] = (0.0, 0.0)


KINDS = {
    "stop": Kind("", 1 / 5, (1.0, 8.0)),
    "restart": Kind("", 1 / 10),
    "cut": Kind("network", 1 / 10, (2.0, 30.0)),
    "slow": Kind("dns", 1 / 10, (3.0, 12.0), (0.5, 6.0)),  # seconds until the answer
    "step": Kind("clock", 1 / 10, (3.0, 15.0), (-600.0, 600.0)),  # seconds that it is off
    "fill": Kind("disk", 1 / 14, (2.0, 6.0)),
    "swap": Kind("temporal", 1 / 14, (8.0, 15.0)),  # for an empty one, for longer than the housekeeper rests
}


@dataclass(frozen=True)
class Disruption:
    """One thing done to one part."""

    how: str  # "kill", or one of KINDS
    part: str
    number: int = 0  # of several workers
    seconds: float = 0.0  # that it lasts
    amount: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.how} {self.part}"


def draw_disruptions(seed: int, kills: int, max_seconds: float = 60.0, only: str = "") -> list[Disruption]:
    """So many kills, and the other kinds among them; none lasts longer than `max_seconds`.

    `only`: so many of one kind alone, "cut" or, to one part, "stop carrier".
    """
    chance = Random(f"{seed}:disruptions")
    hows = ["kill"] * kills
    for how, kind in KINDS.items():
        hows += [how] * round(kills * kind.per_kill)
    chance.shuffle(hows)
    how, _, part = only.partition(" ")
    return [_draw(chance, one, max_seconds, part) for one in ([how] * kills if only else hows)]


def _draw(chance: Random, how: str, max_seconds: float, part: str = "") -> Disruption:
    kind = KINDS.get(how, Kind("", 1))
    part = part or kind.part or chance.choices(PARTS, KILL_WEIGHTS)[0]
    least, most = kind.seconds
    if how == "stop":
        most = MAX_STOP_SECONDS.get(part, most)
    seconds = min(max_seconds, chance.uniform(least, most))
    return Disruption(how, part, chance.randrange(WORKERS), round(seconds, 1), round(chance.uniform(*kind.amount), 1))


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
