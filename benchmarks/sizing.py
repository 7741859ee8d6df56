"""What so many calls a day take: a model of what one call costs, which the figure `sizes` checks at two other sizes.

`python -m benchmarks.sizing` prints the tables of docs/scaling.md from the costs that were measured last.
"""

import math
from dataclasses import dataclass

SECONDS_OF_AN_HOUR = 3600
DAYS_OF_A_MONTH = 30
USED = 0.6  # of a core, at most: the rest is for bursts, restarts and backups
PEAK = 1.5  # the busiest minute's calls by the average's
CELL_CALLS = 100  # a second, of one database and one Temporal namespace, with room for a peak


@dataclass(frozen=True)
class Costs:
    """Of one call. `cpu_ms`: of all processes, whatever its length; `cpu_ms_a_second`: while it is up."""

    cpu_ms: float
    cpu_ms_a_second: float
    transactions: float
    events: float  # of Temporal's histories
    log_bytes: float  # of PostgreSQL's write-ahead log
    stored_bytes: float  # in the database, contact and indexes included

    def cpu_of(self, seconds: float) -> float:
        """CPU ms of a call that is up for so long."""
        return self.cpu_ms + self.cpu_ms_a_second * seconds


def cpu_by_length(short: float, short_seconds: float, long: float, long_seconds: float) -> tuple[float, float]:
    """`cpu_ms` and `cpu_ms_a_second`, by what calls of two lengths cost in ms each."""
    a_second = max(0.0, (long - short) / (long_seconds - short_seconds))
    return short - a_second * short_seconds, a_second


@dataclass(frozen=True)
class Day:
    """`hours`: in which calls are placed. `seconds`: for which a call holds a line, ringing included."""

    calls: int
    hours: float
    seconds: float

    @property
    def rate(self) -> float:
        """Calls a second, in its busiest minute."""
        return PEAK * self.calls / (self.hours * SECONDS_OF_AN_HOUR)


@dataclass(frozen=True)
class Needs:
    rate: float  # calls a second, as all that follow
    lines: int
    cores: int
    transactions: float
    events: float
    log_megabytes: float
    stored_gigabytes: float  # a month
    cells: int


def needs(costs: Costs, day: Day) -> Needs:
    """What a day's calls take, at its busiest minute."""
    return Needs(
        rate=day.rate,
        lines=math.ceil(day.rate * day.seconds),
        cores=math.ceil(day.rate * costs.cpu_of(day.seconds) / 1000 / USED),
        transactions=day.rate * costs.transactions,
        events=day.rate * costs.events,
        log_megabytes=day.rate * costs.log_bytes / 1e6,
        stored_gigabytes=day.calls * DAYS_OF_A_MONTH * costs.stored_bytes / 1e9,
        cells=math.ceil(day.rate / CELL_CALLS),
    )


# As `python -m benchmarks sizes` found them on two cores, 2026-11-28; events by `python -m benchmarks work`.
MEASURED = Costs(cpu_ms=14.6, cpu_ms_a_second=0.28, transactions=5.0, events=3.46, log_bytes=10_300, stored_bytes=3_600)
DAYS = (
    Day(calls=100_000, hours=10, seconds=45),
    Day(calls=1_000_000, hours=10, seconds=45),
    Day(calls=10_000_000, hours=10, seconds=45),
)


def table(costs: Costs = MEASURED) -> str:
    """The table of docs/scaling.md: a column a day."""
    found = [needs(costs, day) for day in DAYS]
    rows = {
        "calls a second, in the busiest minute": [f"{each.rate:,.0f}" for each in found],
        "lines": [f"{each.lines:,}" for each in found],
        f"cores, at most {USED:.0%} used": [f"{each.cores:,}" for each in found],
        "PostgreSQL: transactions a second": [f"{each.transactions:,.0f}" for each in found],
        "write-ahead log, MB a second": [f"{each.log_megabytes:,.1f}" for each in found],
        "stored in a month, GB": [f"{each.stored_gigabytes:,.0f}" for each in found],
        "Temporal: events a second": [f"{each.events:,.0f}" for each in found],
        "cells": [f"{each.cells:,}" for each in found],
    }
    head = f"| | {' | '.join(f'{day.calls:,} calls a day' for day in DAYS)} |\n|---|{'---|' * len(DAYS)}\n"
    return head + "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in rows.items())


if __name__ == "__main__":
    print(table())
