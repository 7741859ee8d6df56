"""What must be reached. The page and the failure of `make bench` are both made of this table.

A `bound` is of the whole suite, on two quiet cores; None: not judged there. `small` is of `make bench-small`: so loose
that noise cannot reach it, and only where both sides of a ratio are measured in the same run, or the number is a count.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    AT_LEAST = "≥"
    AT_MOST = "≤"


class Of(StrEnum):
    """Which of the runs is judged."""

    MEDIAN = "median"
    WORST = "worst run"


@dataclass(frozen=True)
class Target:
    """`figure` measures it; `name` is the key of its readings."""

    name: str
    figure: str
    title: str
    way: Way
    bound: float | None
    unit: str = ""
    small: float | None = None
    of: Of = Of.MEDIAN

    def reading(self, values: Sequence[float]) -> float:
        """Of several runs. Raises StatisticsError or ValueError where there are none."""
        if self.of is Of.MEDIAN:
            return statistics.median(values)
        return min(values) if self.way is Way.AT_LEAST else max(values)

    def is_met(self, value: float, bound: float) -> bool:
        return value >= bound if self.way is Way.AT_LEAST else value <= bound


@dataclass(frozen=True)
class Verdict:
    """A target in the light of the runs; `value` is None where nothing was measured."""

    target: Target
    bound: float
    values: tuple[float, ...]

    @property
    def value(self) -> float | None:
        return self.target.reading(self.values) if self.values else None

    @property
    def met(self) -> bool:
        return self.value is not None and self.target.is_met(self.value, self.bound)


def judge(readings: Mapping[str, Sequence[float]], figures: Sequence[str], *, small: bool = False) -> list[Verdict]:
    """A verdict for each target of these figures; one without readings is missed."""
    verdicts = []
    for target in TARGETS:
        bound = target.small if small else target.bound
        if target.figure in figures and bound is not None:
            verdicts.append(Verdict(target, bound, tuple(readings.get(target.name, ()))))
    return verdicts


LEAST, MOST = Way.AT_LEAST, Way.AT_MOST
TARGETS = (
    Target("rate", "no-length", "contacts/s of no length ÷ no-op activities/s", LEAST, 0.40, small=0.02),
    Target("cpu_0", "no-length", "CPU a contact, no length", MOST, 13, "ms"),
    Target("cpu_ratio", "no-length", "CPU a contact ÷ CPU a no-op activity", MOST, 2.5, small=50),
    Target("rate_dbos", "peers", "contacts/s ÷ DBOS", LEAST, 1.8),
    Target("cpu_dbos", "peers", "CPU a contact ÷ DBOS", MOST, 0.65),
    Target("cpu_2", "two-seconds", "CPU a contact, 2-s calls", MOST, 20, "ms"),
    Target("lines_2", "two-seconds", "lines in use, 2-s calls", LEAST, 0.955, small=0.1),
    Target("lines_2_worst", "two-seconds", "the same, no run below", LEAST, 0.93, of=Of.WORST),
    Target("makespan", "two-seconds", "makespan of 2-s calls ÷ the best peer", MOST, 1.02),
    Target("cpu_20", "twenty-seconds", "CPU a contact, 20-s calls", MOST, 35, "ms"),
    Target("lines_20", "twenty-seconds", "lines in use, 20-s calls", LEAST, 0.99),
    Target("lines_20_worst", "twenty-seconds", "the same, no run below", LEAST, 0.93, of=Of.WORST),
    Target("first_dial_2", "crash", "first dial after the only worker's `kill -9`, 2-s calls", MOST, 3, "s", small=60),
    Target("first_dial_20", "crash", "the same, 20-s calls, from the first free line", MOST, 3, "s"),
    Target("lost", "crash", "contacts lost", MOST, 0, small=0, of=Of.WORST),
    Target("twice", "crash", "contacts called twice", MOST, 0, small=0, of=Of.WORST),
    Target("over", "crash", "calls over the limit", MOST, 0, small=0, of=Of.WORST),
    Target("statements", "work", "statements a dial", MOST, 14, small=200),
    Target("commits", "work", "transactions a dial", MOST, 4, small=120),
    Target("events", "work", "Temporal events a dial", MOST, 5, small=15),
    Target("workflow_tasks", "work", "workflow tasks a dial", MOST, 0.3, small=4),
    Target("intake", "intake", "10,000 rows accepted ÷ `phonenumbers` alone", MOST, 1.5),
    Target("intake_cpu", "intake", "CPU for 10,000 rows ÷ `phonenumbers` alone", MOST, None, small=15),
    Target("intake_p99", "intake", "`/healthz` p99 meanwhile", MOST, 20, "ms"),
    Target("intake_max", "intake", "`/healthz` slowest meanwhile", MOST, 50, "ms"),
    Target("list", "reading", "list of 100: 5,000 jobs ÷ 10 jobs", MOST, 1.3, small=12),
    Target("detail_p99", "reading", "detail of a job p99, 5,000 jobs", MOST, 15, "ms"),
    Target("claims_1", "claims", "claims/s, 1 organization", LEAST, 600),
    Target("claims_20", "claims", "claims/s, 20 organizations", LEAST, 1000),
    Target("claims_200", "claims", "claims/s, 200 organizations", LEAST, 1000),
    Target("due_first_dials", "due", "1,000 jobs due at once: all first dials", MOST, 30, "s"),
    Target("due_lateness", "due", "lateness p99 of another job meanwhile", MOST, 300, "ms"),
    Target("memory", "memory", "memory a live call on a worker, 2,000 live", MOST, 40, "kB"),
    Target("idle", "idle", "idle stack, of a core", MOST, 1.2, "%", small=25),
    Target("growth_contacts", "growth", "CPU a contact: 100,000 contacts open ÷ 100", MOST, 1.25),
    Target("growth_jobs", "growth", "CPU a contact: 10,000 jobs in the database ÷ none", MOST, 1.25),
    Target("uploads", "uploads", "20 uploads of 10,000 rows at once ÷ one after another, a core each", MOST, 1.25),
    Target("uploads_p99", "uploads", "`/healthz` p99 meanwhile", MOST, 50, "ms"),
    Target("size_few_least", "sizes", "CPU of 5-s calls on 50 lines ÷ the model's", LEAST, 0.8),
    Target("size_few_most", "sizes", "the same, at most", MOST, 1.2),
    Target("size_many_least", "sizes", "CPU of 10-s calls on 200 lines ÷ the model's", LEAST, 0.8),
    Target("size_many_most", "sizes", "the same, at most", MOST, 1.2),
)
